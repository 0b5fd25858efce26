/**
 * One of two brokers dies, or freezes, and comes back, while messages are sent to both. Runs on a cluster of its own, where
 * processes may be killed: `npm run test:rocketmq` says so with `ROCKETMQ_CLUSTER_DIR`.
 */
import { Broker, Message, NameServer, Producer } from "@effect-rocketmq/client"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FiberSet, Layer, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import { fileURLToPath } from "node:url"

const isAllowed = (process.env["ROCKETMQ_CLUSTER_DIR"] ?? "") !== ""
const directory = `${process.env["ROCKETMQ_CLUSTER_DIR"]}-two`
const first = Number((process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ":0").split(":")[1]) + 200
const script = fileURLToPath(new URL("../../../scripts/rocketmq.mjs", import.meta.url))

const rocketmq = (...args: ReadonlyArray<string>) =>
  Effect.async<void, Error>((resume) => {
    ChildProcess.execFile("node", [script, ...args, "--dir", directory], (error) => {
      resume(error === null ? Effect.void : Effect.fail(error))
    })
  })

/** Each on ports of its own: those of a cluster that has just ended may not be free yet. */
const cluster = (base: number) =>
  Effect.acquireRelease(
    rocketmq("up", "--base", String(base), "--brokers", "2", "--heap", "384m", "--set", "autoCreateTopicEnable=true"),
    () => Effect.orDie(rocketmq("down"))
  )

const rate = 500
const attemptTimeout = 3000

const createTopic = (topicName: string) =>
  Effect.gen(function*() {
    const nameServer = yield* NameServer.NameServer
    const broker = yield* Broker.Broker
    const { brokerAddrTable } = yield* nameServer.clusterInfo
    yield* Effect.forEach(Object.values(brokerAddrTable), ({ brokerAddrs }) =>
      broker.createTopic(brokerAddrs["0"]!, {
        topicName,
        readQueueNums: 4,
        writeQueueNums: 4,
        perm: 6,
        topicFilterType: "SINGLE_TAG",
        topicSysFlag: 0,
        order: false,
        attributes: {}
      }))
  })

interface Traffic {
  /** When each broker took a message last, in milliseconds. */
  readonly last: Map<string, number>
  readonly durations: Array<number>
  readonly failures: Array<string>
}

/** Sends at the rate until it is told that it is enough, and waits for what is under way. */
const sendUntil = (producer: Producer.Producer["Type"], topic: string, isEnough: (traffic: Traffic) => boolean) =>
  Effect.gen(function*() {
    const traffic: Traffic = { last: new Map(), durations: [], failures: [] }
    const began = yield* Clock.currentTimeMillis
    const send = (i: number) =>
      Effect.gen(function*() {
        const at = yield* Clock.currentTimeMillis
        const result = yield* Effect.either(
          producer.send(Message.make({ topic, keys: [String(i)], body: new Uint8Array(256).fill(1) }))
        )
        const now = yield* Clock.currentTimeMillis
        traffic.durations.push(now - at)
        if (result._tag === "Left") traffic.failures.push(result.left.message)
        else traffic.last.set(result.right.messageQueue.brokerName, now)
      })
    const sending = yield* FiberSet.make<void>()
    let next = 0
    yield* Effect.gen(function*() {
      const due = Math.floor(((yield* Clock.currentTimeMillis) - began) * rate / 1000) + 1
      while (next < due) yield* FiberSet.run(sending, send(next++))
    }).pipe(Effect.repeat({ until: () => isEnough(traffic), schedule: Schedule.spaced("5 millis") }))
    yield* FiberSet.awaitEmpty(sending)
    return traffic
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
          const base = first + (how === "dead" ? 0 : 200)
          yield* cluster(base)
          const services = yield* Layer.build(NodeRocketMQ.layer({ nameServers: [`127.0.0.1:${base}`] }))
          const producer = yield* Effect.provide(Producer.make({ group: "failover", attemptTimeout }), services)
          const topic = `failover-${how}`
          // a topic that its first message creates is on one broker only
          yield* Effect.provide(createTopic(topic), services)
          yield* Effect.repeat(producer.queues(topic), {
            until: (queues) => new Set(queues.map(({ brokerName }) => brokerName)).size === 2,
            schedule: Schedule.spaced("1 second")
          })
          const clock = yield* Effect.clock
          const after = (seconds: number) => {
            const end = clock.unsafeCurrentTimeMillis() + seconds * 1000
            return () => clock.unsafeCurrentTimeMillis() >= end
          }
          // brokers that have just started answer their first messages slowly: what is measured comes after that
          yield* sendUntil(producer, topic, after(10))

          let returned = Infinity
          yield* Effect.forkScoped(
            Effect.sleep("5 seconds").pipe(
              Effect.zipRight(rocketmq(away, "broker-a")),
              Effect.zipRight(Effect.sleep("10 seconds")),
              Effect.zipRight(rocketmq(back, "broker-a")),
              Effect.zipRight(Effect.sync(() => {
                returned = clock.unsafeCurrentTimeMillis()
              }))
            )
          )
          const isTooLate = after(110)
          let again = Infinity
          const { durations, failures } = yield* sendUntil(producer, topic, ({ last }) => {
            const taken = last.get("broker-a") ?? 0
            if (again === Infinity && taken >= returned) again = taken
            return isTooLate() || clock.unsafeCurrentTimeMillis() >= again + 5000
          })
          const total = durations.length
          const accepted = total - failures.length
          durations.sort((a, b) => a - b)
          yield* Effect.logInfo(
            `${how}: sent ${total}, accepted ${accepted} (${(100 * accepted / total).toFixed(3)} %), ` +
              `p99 ${durations[Math.floor(total * 0.99)]} ms (attempt timeout ${attemptTimeout} ms), ` +
              `traffic back ${again - returned} ms after the broker`
          )
          assert.isAtLeast(accepted / total, 0.999, failures.slice(0, 3).join("\n"))
          assert.isAtMost(again - returned, 60_000, "the broker gets its share again")
        }),
      180_000
    )
  }
})
