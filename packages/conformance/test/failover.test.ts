/**
 * One of two brokers dies, or freezes, and comes back, while messages are sent to both. Runs on a cluster of its own, where
 * processes may be killed: `npm run test:rocketmq` says so with `ROCKETMQ_CLUSTER_DIR`.
 */
import { Message, Producer } from "@effect-rocketmq/client"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FiberSet, Layer, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import { fileURLToPath } from "node:url"

const isAllowed = (process.env["ROCKETMQ_CLUSTER_DIR"] ?? "") !== ""
const directory = `${process.env["ROCKETMQ_CLUSTER_DIR"]}-two`
const base = Number((process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ":0").split(":")[1]) + 200
const script = fileURLToPath(new URL("../../../scripts/rocketmq.mjs", import.meta.url))

const rocketmq = (...args: ReadonlyArray<string>) =>
  Effect.async<void, Error>((resume) => {
    ChildProcess.execFile("node", [script, ...args, "--dir", directory], (error) => {
      resume(error === null ? Effect.void : Effect.fail(error))
    })
  })

const cluster = Effect.acquireRelease(
  rocketmq("up", "--base", String(base), "--brokers", "2", "--heap", "384m", "--set", "autoCreateTopicEnable=true"),
  () => Effect.orDie(rocketmq("down"))
)

const rate = 500
const attemptTimeout = 3000

/** Sends at the rate for so long; what went where and how long it took. */
const sendFor = (producer: Producer.Producer["Type"], topic: string, seconds: number) =>
  Effect.gen(function*() {
    const total = rate * seconds
    const durations: Array<number> = []
    const failures: Array<string> = []
    /** The last second in which a broker took a message, counted from the begin. */
    const seconds_: Array<Set<string>> = Array.from({ length: seconds + 60 }, () => new Set())
    const began = yield* Clock.currentTimeMillis
    const send = (i: number) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const result = yield* Effect.either(
          producer.send(Message.make({ topic, keys: [String(i)], body: new Uint8Array(256).fill(1) }))
        )
        const now = yield* Clock.currentTimeMillis
        durations.push(now - at)
        if (result._tag === "Left") failures.push(result.left.message)
        else seconds_[Math.floor((now - began) / 1000)]?.add(result.right.messageQueue.brokerName)
      })
    const sending = yield* FiberSet.make<void>()
    let next = 0
    yield* Effect.gen(function*() {
      const due = Math.min(total, Math.floor(((yield* Clock.currentTimeMillis) - began) * rate / 1000) + 1)
      while (next < due) yield* FiberSet.run(sending, send(next++))
    }).pipe(Effect.repeat({ while: () => next < total, schedule: Schedule.spaced("5 millis") }))
    yield* FiberSet.awaitEmpty(sending)
    durations.sort((a, b) => a - b)
    return {
      total,
      failures,
      p99: durations[Math.floor(total * 0.99)] ?? 0,
      /** The seconds in which both brokers took messages. */
      both: seconds_.flatMap((brokers, second) => brokers.size === 2 ? [second] : [])
    }
  })

describe.skipIf(!isAllowed)("while one of two brokers is away", () => {
  for (
    const [how, away, back] of [
      ["dead", "kill", "start"],
      ["frozen", "pause", "resume"]
    ] as const
  ) {
    it.scopedLive(
      `${how}: at least 99.9 % of 500 sends a second are accepted, and traffic returns to it`,
      () =>
        Effect.gen(function*() {
          yield* cluster
          const services = yield* Layer.build(NodeRocketMQ.layer({ nameServers: [`127.0.0.1:${base}`] }))
          const producer = yield* Effect.provide(Producer.make({ group: "failover", attemptTimeout }), services)
          const topic = `failover-${how}`
          yield* producer.send(Message.make({ topic, body: "x" }))
          // the topic is created where its first message goes, and by the others as they get theirs
          yield* Effect.repeat(producer.queues(topic), {
            until: (queues) => new Set(queues.map(({ brokerName }) => brokerName)).size === 2,
            schedule: Schedule.spaced("1 second")
          })
          // brokers that have just started answer their first messages slowly: what is measured comes after that
          yield* sendFor(producer, topic, 10)
          yield* Effect.forkScoped(
            Effect.sleep("5 seconds").pipe(
              Effect.zipRight(rocketmq(away, "broker-a")),
              Effect.zipRight(Effect.sleep("10 seconds")),
              Effect.zipRight(rocketmq(back, "broker-a"))
            )
          )
          const { both, failures, p99, total } = yield* sendFor(producer, topic, 40)
          const accepted = total - failures.length
          const gap = both.findIndex((second, i) => i > 0 && second - both[i - 1]! > 5)
          yield* Effect.logInfo(
            `${how}: sent ${total}, accepted ${accepted} (${(100 * accepted / total).toFixed(3)} %), ` +
              `p99 ${p99} ms (attempt timeout ${attemptTimeout} ms), both brokers again in second ${both[gap]} ` +
              `(away from second 5 to 15)`
          )
          assert.isAtLeast(accepted / total, 0.999, failures.slice(0, 3).join("\n"))
          assert.isAtLeast(gap, 1, "the broker was not away")
        }),
      180_000
    )
  }
})
