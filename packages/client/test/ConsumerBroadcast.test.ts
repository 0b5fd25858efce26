import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Logger, Option, Scope, Stream, TestClock } from "effect"
import * as Consumer from "../src/Consumer.js"
import { OffsetError } from "../src/ConsumerError.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import * as OffsetStore from "../src/OffsetStore.js"
import { Cluster, GROUP, RETRY } from "./consumer/fake.js"

const options = {
  group: GROUP,
  subscriptions: { orders: MessageSelector.all },
  consumeFrom: "first",
  messageModel: "broadcasting"
} as const

const queue = MessageQueue.make("orders", "broker-a", 0)

const make = <E>(
  cluster: Cluster,
  handler: Parameters<typeof Consumer.make<E, never>>[1],
  more?: Partial<Consumer.Options>
) =>
  Effect.gen(function*() {
    const consumer = yield* Consumer.make({ ...options, ...more }, handler).pipe(Effect.provide(cluster.layer))
    yield* TestClock.adjust(0)
    yield* consumer.ready
    return consumer
  })

describe("broadcast", () => {
  it.scoped("a member has all queues, whoever else is there, and tells brokers so and nothing of offsets", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 3 })
      cluster.members = ["another@1", "me@1", "third@1"]
      for (const id of [0, 1, 2]) cluster.fill("orders", id, 40)
      const seen: Array<number> = []
      const consumer = yield* make(
        cluster,
        (message) => Effect.sync(() => seen.push(message.queueId)).pipe(Effect.asVoid)
      )
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* consumer.assignment).length, 3)
      assert.strictEqual(seen.length, 120)
      assert.strictEqual(cluster.member?.messageModel, "BROADCASTING")
      assert.deepStrictEqual(cluster.member?.subscriptions().map(({ topic }) => topic), ["orders"])
      const info = yield* cluster.member!.runningInfo
      assert.strictEqual(info.properties["messageModel"], "BROADCASTING")
      assert.isFalse(cluster.trace.includes("members"))
      assert.isFalse(cluster.trace.some((line) => line.includes(RETRY)))
      assert.deepStrictEqual([cluster.commits.length, cluster.committed.size, cluster.fetches.length], [0, 0, 0])
    }))

  it.scoped("starts at the last message of the moment in which it is ready, and keeps its place in memory", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const seen: Array<bigint> = []
      const consumer = yield* make(
        cluster,
        (message) => Effect.sync(() => void seen.push(message.queueOffset)),
        { consumeFrom: "last" }
      )
      cluster.fill("orders", 0, 2)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, [10n, 11n])
      assert.deepStrictEqual((yield* consumer.stats).queues[0]?.committed, Option.some(12n))
    }))

  it.scoped("a failed message is handled again here, later and later, while others go on, and is passed at last", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 5)
      const attempts: Array<readonly [at: number, times: number]> = []
      let others = 0
      const offsetStore = yield* OffsetStore.memory
      const consumer = yield* make(cluster, (message) => {
        if (message.queueOffset !== 2n) return Effect.sync(() => void others++)
        return Effect.flatMap(Clock.currentTimeMillis, (now) => {
          attempts.push([now, message.reconsumeTimes])
          return Effect.fail("no")
        })
      }, { maxReconsumeTimes: 7, offsetStore })
      const passed: Array<bigint> = []
      yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
        Effect.sync(() => {
          if (event._tag === "Passed") passed.push(event.message.queueOffset)
        })))
      yield* TestClock.adjust("40 seconds")
      assert.strictEqual(others, 4)
      // not beyond what is not finished
      assert.deepStrictEqual(offsetStore.noted(queue), Option.some(2n))
      assert.deepStrictEqual(passed, [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(attempts.map(([at]) => at), [0, 1, 3, 7, 15, 31, 61, 91].map((s) => s * 1000))
      assert.deepStrictEqual(attempts.map(([, times]) => times), [0, 1, 2, 3, 4, 5, 6, 7])
      assert.deepStrictEqual(passed, [2n])
      assert.deepStrictEqual(offsetStore.noted(queue), Option.some(5n))
      assert.deepStrictEqual([cluster.sentBack.length, cluster.sends.length], [0, 0])
      assert.strictEqual((yield* consumer.stats).sentBack, 0)
    }))

  it.scoped("a handler may choose the delay; what is due first comes first", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const second: Array<readonly [offset: bigint, at: number]> = []
      yield* make(cluster, (message) => {
        if (message.reconsumeTimes === 0) {
          return Effect.succeed(ConsumeResult.retry([4, 2, 3][Number(message.queueOffset)]!))
        }
        return Effect.map(Clock.currentTimeMillis, (now) => void second.push([message.queueOffset, now]))
      })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(second, [[1n, 5_000], [2n, 10_000], [0n, 30_000]])
    }))

  it.effect("a message that waits when the member stops comes again to the next one with the same store", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 5)
      const offsetStore = yield* OffsetStore.memory
      const scope = yield* Scope.make()
      const failing = make(cluster, (message) => message.queueOffset === 3n ? Effect.fail("no") : Effect.void, {
        offsetStore
      })
      yield* Scope.extend(failing, scope)
      yield* TestClock.adjust("500 millis")
      yield* Scope.close(scope, Exit.void)
      const seen: Array<bigint> = []
      yield* Effect.scoped(Effect.gen(function*() {
        yield* make(cluster, (message) => Effect.sync(() => void seen.push(message.queueOffset)), { offsetStore })
        yield* TestClock.adjust("1 second")
      }))
      assert.deepStrictEqual(seen, [3n, 4n])
    }))

  it.scoped("goes on, and says so, while its store cannot be written", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const memory = yield* OffsetStore.memory
      const cause = new Error("ENOSPC: no space left on device")
      const offsetStore: OffsetStore.OffsetStore = {
        ...memory,
        persist: (queues) =>
          Effect.sync(() =>
            [...queues].map((queue) =>
              new OffsetError({
                group: GROUP,
                queue,
                offset: 3n,
                address: undefined,
                path: "/full/offsets.json",
                cause
              })
            )
          )
      }
      const lines: Array<string> = []
      let seen = 0
      yield* make(cluster, () => Effect.sync(() => void seen++), { offsetStore }).pipe(
        Effect.zipRight(TestClock.adjust("5 seconds")),
        Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message)))))
      )
      cluster.fill("orders", 0, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen, 5)
      assert.isTrue(lines.some((line) => line.includes("/full/offsets.json") && line.includes("ENOSPC")))
    }))

  it.effect("in order is refused: members that all have a queue cannot lock it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const error = yield* Effect.flip(Effect.scoped(
        Consumer.makeOrderly(options, () => Effect.void).pipe(Effect.provide(cluster.layer))
      ))
      assert.strictEqual(error._tag === "ConsumerConfigError" && error.option, "messageModel")
      assert.deepStrictEqual(cluster.trace, [])
    }))
})
