/**
 * Brokers that wait for a slave which is not there. Runs on a cluster of its own: `npm run test:rocketmq` says so with
 * `ROCKETMQ_CLUSTER_DIR`.
 */
import * as Targets from "@effect-rocketmq/conformance/Targets"
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as ChildProcess from "node:child_process"
import { fileURLToPath } from "node:url"
import { runNeedy } from "./run.js"

const isAllowed = (process.env["ROCKETMQ_CLUSTER_DIR"] ?? "") !== ""
const directory = `${process.env["ROCKETMQ_CLUSTER_DIR"]}-weak`
const base = Number((process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ":0").split(":")[1]) + 300
const script = fileURLToPath(new URL("../../../scripts/rocketmq.mjs", import.meta.url))

const rocketmq = (...args: ReadonlyArray<string>) =>
  Effect.async<void, Error>((resume) => {
    ChildProcess.execFile("node", [script, ...args, "--dir", directory], (error) => {
      resume(error === null ? Effect.void : Effect.fail(error))
    })
  })

const set = (...lines: ReadonlyArray<string>) => lines.flatMap((line) => ["--set", line])

const cluster = Layer.scopedDiscard(Effect.acquireRelease(
  rocketmq(
    ...["up", "--base", String(base), "--heap", "384m"],
    ...set("brokerRole=SYNC_MASTER", "inSyncReplicas=2", "slaveTimeout=200")
  ),
  () => Effect.orDie(rocketmq("down"))
))

if (isAllowed) {
  const target = Targets.weakRocketmq(`127.0.0.1:${base}`).pipe(Layer.provide(cluster))
  runNeedy("on Apache RocketMQ without the slave that it waits for", target, "weak")
} else {
  describe.skip("on Apache RocketMQ without the slave that it waits for", () => {
    it("needs ROCKETMQ_CLUSTER_DIR", () => {})
  })
}
