/**
 * Runs the clients of others on the embedded broker and on Apache RocketMQ at `ROCKETMQ_NAMESRV_ADDR`, and writes what they
 * have observed there, and the table of both, packages/embedded/CLIENTS.md. `npm run foreign` in packages/conformance.
 */
import { Targets } from "@effect-rocketmq/conformance"
import { Effect } from "effect"
import * as Fs from "node:fs"
import { isDeepStrictEqual } from "node:util"
import { cases, differences, missing, observe, recordFile, tableFile } from "./foreign.js"
import type { Client, Results } from "./foreign.js"

const names: Readonly<Record<Client, string>> = {
  java: "Java client 5.5.0",
  go: "Go client 2.1.2",
  node: "ali-ons 3.12.0 (Node)",
  mqadmin: "mqadmin 5.5.0"
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ")

const verdict = (results: Results, id: string) => {
  const result = results.get(id)
  return result === undefined ? "not run" : result.ok ? "works" : `fails: ${result.why}`
}

const table = (embedded: Results, rocketmq: Results): string => {
  const equal = (id: string) => isDeepStrictEqual(embedded.get(id)?.observed, rocketmq.get(id)?.observed)
  const lines = [
    "# Clients of others on the embedded broker",
    "",
    "Each case was run by the client named, over TCP, on the embedded broker and on Apache RocketMQ 5.5.0, and what the",
    "client observed (receipts, counts, orders, properties, codes) was compared. *equal* says that it was the same but for",
    "times, addresses and chance. The cases are in `packages/conformance/foreign`; this table is made by",
    "`npm run foreign` in `packages/conformance`, not by hand.",
    "",
    `${cases.length} cases, ${cases.filter(({ id }) => equal(id)).length} of them equal.`
  ]
  for (const client of ["java", "go", "node", "mqadmin"] as const) {
    lines.push(
      "",
      `## ${names[client]}`,
      "",
      "| case | | embedded | Apache RocketMQ 5.5 | note |",
      "|---|---|---|---|---|"
    )
    for (const { id, title } of cases.filter((one) => one.client === client)) {
      const note = differences[id] ?? (equal(id) ? "equal" : "**differs**")
      const columns = [`\`${id}\``, title, verdict(embedded, id), verdict(rocketmq, id), note]
      lines.push(`| ${columns.map(cell).join(" | ")} |`)
    }
  }
  return `${lines.join("\n")}\n`
}

const main = Effect.gen(function*() {
  for (const [client, why] of Object.entries(missing)) {
    if (why !== undefined) return yield* Effect.fail(new Error(`${client} cannot run: ${why}`))
  }
  const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
  if (address === "") return yield* Effect.fail(new Error("ROCKETMQ_NAMESRV_ADDR names no cluster"))
  const [embedded, rocketmq] = yield* Effect.all([
    observe(Targets.embeddedTcp, { isEmbedded: true }),
    observe(Targets.rocketmq(address), { isEmbedded: false })
  ], { concurrency: 2 })
  const record = Object.fromEntries(cases.map(({ id }) => [id, rocketmq.get(id)?.observed]))
  Fs.writeFileSync(recordFile, `${JSON.stringify(record, undefined, 1)}\n`)
  Fs.writeFileSync(tableFile, table(embedded, rocketmq))
  const unexplained = cases.filter(({ id }) => {
    const [here, there] = [embedded.get(id), rocketmq.get(id)]
    if (here?.ok !== true || there?.ok !== true) return true
    return differences[id] === undefined && !isDeepStrictEqual(here.observed, there.observed)
  })
  for (const { id } of unexplained) {
    process.stdout.write(`${id}\n`)
    for (const [name, results] of [["embedded", embedded], ["rocketmq", rocketmq]] as const) {
      process.stdout.write(`  ${name}: ${JSON.stringify(results.get(id))}\n`)
    }
  }
  process.stdout.write(`${cases.length} cases, ${unexplained.length} of them failed or not equal\n`)
  if (unexplained.length > 0) process.exitCode = 1
})

await Effect.runPromise(main)
process.exit()
