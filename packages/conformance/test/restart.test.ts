/**
 * The only broker is killed with -9 and started again while messages are sent and consumed. Runs on a cluster whose
 * processes may be killed: `npm run test:rocketmq` names the folder of the one that it starts in
 * `ROCKETMQ_CLUSTER_DIR`.
 */
import { Consumer, Message, MessageSelector, Producer } from "@effect-rocketmq/client"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FiberSet, Layer, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import { fileURLToPath } from "node:url"

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const directory = process.env["ROCKETMQ_CLUSTER_DIR"] ?? ""
const script = fileURLToPath(new URL("../../../scripts/rocketmq.mjs", import.meta.url))

const rocketmq = (...args: ReadonlyArray<string>) =>
  Effect.async<void, Error>((resume) => {
    ChildProcess.execFile("node", [script, ...args, "--dir", directory], (error) => {
      resume(error === null ? Effect.void : Effect.fail(error))
    })
  })

const rate = 500
const seconds = 25
const total = rate * seconds

describe.skipIf(directory === "")("while the only broker is killed with -9 and started again", () => {
  it.scopedLive(
    "no send with a deadline of 60 s fails, and nothing that was acknowledged is lost",
    () =>
      Effect.gen(function*() {
        const topic = `restart-${(yield* Clock.currentTimeNanos).toString(36)}`
        const services = yield* Layer.build(NodeRocketMQ.layer({ nameServers: [address] }))
        const producer = yield* Effect.provide(
          Producer.make({ group: `${topic}-p`, sendTimeout: "60 seconds" }),
          services
        )
        const message = (i: number) => Message.make({ topic, keys: [String(i)], body: new Uint8Array(256).fill(1) })
        yield* producer.send(message(total))

        const deliveries = new Uint16Array(total + 1)
        let distinct = 0
        yield* Effect.provide(
          Consumer.make(
            { group: `${topic}-c`, subscriptions: { [topic]: MessageSelector.all }, consumeFrom: "first" },
            (received) =>
              Effect.sync(() => {
                const number = Number(received.keys[0])
                if (deliveries[number]!++ === 0) distinct++
              })
          ),
          services
        )

        const errors: Array<string> = []
        let acknowledged = 0
        let lastAck = yield* Clock.currentTimeMillis
        let gap = 0
        const send = (i: number) =>
          Effect.matchEffect(producer.send(message(i)), {
            onFailure: (error) => Effect.sync(() => void errors.push(error.message)),
            onSuccess: () =>
              Effect.map(Clock.currentTimeMillis, (now) => {
                acknowledged++
                gap = Math.max(gap, now - lastAck)
                lastAck = now
              })
          })
        const sending = yield* FiberSet.make<void>()
        yield* Effect.forkScoped(
          Effect.sleep("5 seconds").pipe(
            Effect.zipRight(rocketmq("kill", "broker-a")),
            Effect.zipRight(rocketmq("start", "broker-a"))
          )
        )
        const began = yield* Clock.currentTimeMillis
        let next = 0
        yield* Effect.gen(function*() {
          const due = Math.min(total, Math.floor(((yield* Clock.currentTimeMillis) - began) * rate / 1000) + 1)
          while (next < due) yield* FiberSet.run(sending, send(next++))
        }).pipe(Effect.repeat({ while: () => next < total, schedule: Schedule.spaced("5 millis") }))
        yield* FiberSet.awaitEmpty(sending)
        yield* Effect.repeat(Effect.sync(() => distinct), {
          until: (count) => count === total + 1,
          schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo("60 seconds"))
        })
        const duplicates = deliveries.reduce((sum, count) => sum + Math.max(0, count - 1), 0)
        yield* Effect.logInfo(
          `sent ${total}, acknowledged ${acknowledged}, failed ${errors.length}, lost ${total + 1 - distinct}, ` +
            `duplicates ${duplicates}, longest gap between acknowledgements ${gap} ms`
        )
        assert.deepStrictEqual(errors, [])
        assert.strictEqual(acknowledged, total)
        assert.strictEqual(distinct, total + 1, "messages that were acknowledged and never delivered")
        // the broker was away while messages were sent: without a gap it was not killed
        assert.isAbove(gap, 500)
      }),
    180_000
  )
})
