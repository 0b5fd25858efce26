/**
 * The clients of others on the embedded broker over TCP, when `ROCKETMQ_FOREIGN=1` asks for it: each case works, and the
 * client observes what was recorded of Apache RocketMQ. With `ROCKETMQ_NAMESRV_ADDR` both are run, and compared with each
 * other too. The cases are in ../foreign; what this machine lacks for one shows as skipped. `npm run foreign` records anew
 * and writes the table.
 */
import { Targets } from "@effect-rocketmq/conformance"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as Fs from "node:fs"
import { isDeepStrictEqual } from "node:util"
import { cases, differences, missingFor, observe, recorded, tableFile } from "./foreign.js"
import type { Results } from "./foreign.js"

class Runs extends Context.Tag("foreign/Runs")<Runs, {
  readonly embedded: Results
  /** Empty without a cluster. */
  readonly rocketmq: Results
}>() {}

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const runs = Layer.effect(
  Runs,
  Effect.map(
    Effect.all([
      observe(Targets.embeddedTcp, { isEmbedded: true }),
      address === ""
        ? Effect.succeed<Results>(new Map())
        : observe(Targets.rocketmq(address), { isEmbedded: false })
    ], { concurrency: 2 }),
    ([embedded, rocketmq]) => ({ embedded, rocketmq })
  )
)

const record = recorded()

const claim = (results: Results, id: string) => {
  const result = results.get(id)
  assert(result !== undefined, "the program said nothing of it")
  assert.isTrue(result.ok, result.why)
  return result.observed
}

if (process.env["ROCKETMQ_FOREIGN"] !== "1") {
  describe.skip("clients of others", () => {
    it("need ROCKETMQ_FOREIGN=1: they take minutes", () => {})
  })
} else {
  layer(runs, { excludeTestServices: true, timeout: "15 minutes" })("clients of others", (it) => {
    for (const one of cases) {
      const { id, title } = one
      const why = missingFor(one)
      const show = why === undefined ? it.effect : it.effect.skip
      show(`${id}: ${title}${why === undefined ? "" : `, ${why}`}`, () =>
        Effect.gen(function*() {
          const { embedded, rocketmq } = yield* Runs
          const here = claim(embedded, id)
          if (address !== "") assert.deepStrictEqual(claim(rocketmq, id), record[id])
          if (differences[id] === undefined) return assert.deepStrictEqual(here, record[id])
          assert.isFalse(isDeepStrictEqual(here, record[id]), "it does not differ any more: it needs no explanation")
        }))
    }

    it.effect("no program has a case that the table does not know", () =>
      Effect.gen(function*() {
        const known = new Set(cases.map(({ id }) => id))
        const { embedded, rocketmq } = yield* Runs
        assert.deepStrictEqual([...embedded.keys(), ...rocketmq.keys()].filter((id) => !known.has(id)), [])
      }))
  })
}

it("the record, the differences and the table have the cases of the programs, each once", () => {
  const ids = cases.map(({ id }) => id)
  assert.strictEqual(new Set(ids).size, ids.length)
  assert.deepStrictEqual(Object.keys(record).sort(), [...ids].sort())
  assert.deepStrictEqual(Object.keys(differences).filter((id) => !ids.includes(id)), [])
  const rows = Array.from(Fs.readFileSync(tableFile, "utf8").matchAll(/^\| `([\w.-]+)` \|/gm), ([, id]) => id)
  assert.deepStrictEqual(rows, ids)
})
