import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Either, Fiber, Stream, TestClock } from "effect"
import * as Consumer from "../src/Consumer.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import { Cluster, GROUP, refused, RETRY, timedOut } from "./consumer/fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

describe("a handler that does not finish a message", () => {
  it.scoped("costs nobody else: failures, throws, defects, interruption", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 100)
      const consumer = yield* Consumer.make({ ...orders, concurrency: 2 }, (message) => {
        switch (Number(message.queueOffset) % 5) {
          case 0:
            return Effect.fail("failed")
          case 1:
            throw new Error("thrown")
          case 2:
            return Effect.sync(() => {
              throw new Error("died")
            })
          case 3:
            return Effect.interrupt
          default:
            return Effect.void
        }
      }).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.failed, stats.sentBack, stats.running], [20, 80, 80, 0])
      assert.strictEqual(new Set(cluster.sentBack.map((it) => it.commitLogOffset)).size, 80)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 100n)
    }))

  it.scoped("keeps its place when it interrupts the fiber that it runs in", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const consumer = yield* Consumer.make({ ...orders, concurrency: 1 }, (message) =>
        message.queueOffset === 0n
          ? Effect.withFiberRuntime((fiber) => Effect.zipRight(Fiber.interruptFork(fiber), Effect.never))
          : Effect.void).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.sentBack, stats.running], [2, 1, 0])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
    }))

  it.scoped("is sent back with the broker's address of the message and the limit", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 1, 1)
      const consumer = yield* Consumer.make({ ...orders, maxReconsumeTimes: 5 }, () => Effect.fail("no")).pipe(
        Effect.provide(cluster.layer)
      )
      yield* consumer.ready
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(cluster.sentBack, [{
        group: GROUP,
        brokerName: "broker-a",
        commitLogOffset: 1_000_000n,
        originTopic: "orders",
        originMsgId: "KEY-orders-1-0",
        delayLevel: 0,
        maxReconsumeTimes: 5
      }])
    }))

  it.scoped("comes again after the delay of the result, else of the policy", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const consumer = yield* Consumer.make(
        { ...orders, retryDelayLevel: (message) => 4 + Number(message.queueOffset) },
        (message) =>
          message.queueOffset === 0n
            ? Effect.succeed(ConsumeResult.retry(2))
            : message.queueOffset === 1n
            ? Effect.succeed(ConsumeResult.retry())
            : Effect.fail("no")
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(
        cluster.sentBack.map((it) => [it.commitLogOffset, it.delayLevel]).sort(),
        [[0n, 2], [100n, 5], [200n, 6]]
      )
    }))

  it.scoped("comes back through the retry topic under its own topic", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store(RETRY, 0, { properties: { RETRY_TOPIC: "orders" }, reconsumeTimes: 2 })
      const seen: Array<readonly [string, number]> = []
      // the retry topic starts at its first message, wherever the group starts
      const consumer = yield* Consumer.make(
        { ...orders, consumeFrom: "last", subscriptions: { orders: MessageSelector.tags("a") } },
        (message) =>
          Effect.suspend(() => {
            seen.push([message.topic, message.reconsumeTimes])
            return Effect.fail("again")
          })
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, [["orders", 2]])
      assert.strictEqual(cluster.sentBack[0]?.originTopic, "orders")
      assert.strictEqual(cluster.committed.get(cluster.key(RETRY)), 1n)
    }))

  it.scoped("goes into the retry topic as a copy when the broker refuses to take it back", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, { properties: { TRAN_MSG: "true", color: "red" }, reconsumeTimes: 1 })
      cluster.onSendBack = () => refused(ResponseCode.NO_PERMISSION)
      const consumer = yield* Consumer.make(orders, () => Effect.fail("no")).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.sends.length, 1)
      const { request, topic } = cluster.sends[0]!
      assert.strictEqual(topic, RETRY)
      const header = Either.getOrThrow(RequestHeader.SendMessageV2.decode(request.extFields))
      assert.deepStrictEqual(
        [header.topic, header.producerGroup, header.reconsumeTimes, header.maxReconsumeTimes],
        [RETRY, "CLIENT_INNER_PRODUCER", 2, 16]
      )
      assert.strictEqual(new TextDecoder().decode(request.body), "orders-0-0")
      const properties = MessageProperties.decode(header.properties ?? "")
      const message = cluster.queue("orders").log[0]!
      assert.deepStrictEqual({ ...properties }, {
        UNIQ_KEY: "KEY-orders-0-0",
        color: "red",
        RETRY_TOPIC: "orders",
        RECONSUME_TIME: "2",
        MAX_RECONSUME_TIMES: "16",
        ORIGIN_MESSAGE_ID: message.offsetId,
        DELAY: "4"
      })
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
    }))

  it.scoped("goes into the retry topic when the broker no longer has the message", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      cluster.onSendBack = () => refused(ResponseCode.SYSTEM_ERROR, 36, "look message by offset failed, 0")
      const consumer = yield* Consumer.make(orders, () => Effect.fail("no")).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.sends.length, 1)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
    }))

  for (
    const [what, outcome] of [
      ["its fate is unknown", () => timedOut(36)],
      ["no broker takes it", () => refused(ResponseCode.NO_PERMISSION)]
    ] as const
  ) {
    it.scoped(`stays here, uncommitted, and is handled again after 5 s when ${what}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 3)
        cluster.onSendBack = outcome
        cluster.onSend = () => refused(ResponseCode.NO_PERMISSION)
        const runs: Array<number> = []
        const consumer = yield* Consumer.make(orders, (message) =>
          Effect.suspend(() => {
            if (message.queueOffset !== 1n) return Effect.void
            runs.push(message.reconsumeTimes)
            return runs.length < 3 ? Effect.fail("no") : Effect.void
          })).pipe(Effect.provide(cluster.layer))
        yield* consumer.ready
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(runs, [0])
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(runs, [0, 1])
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(runs, [0, 1, 2])
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
        // a copy is made only where it is certain that there is none
        assert.strictEqual(cluster.sends.length, what === "its fate is unknown" ? 0 : 2)
      }))
  }

  it.scoped("is interrupted at consumeTimeout, sent back with level 3, and its place is free again", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 4)
      let interrupted = 0
      const consumer = yield* Consumer.make(
        { ...orders, concurrency: 2, consumeTimeout: "1 minute" },
        (message) =>
          message.queueOffset === 0n
            ? Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                interrupted++
              }))
            : message.queueOffset === 1n
            // not even interruption ends it: its place is free all the same
            ? Effect.uninterruptible(Effect.never)
            : Effect.void
      ).pipe(Effect.provide(cluster.layer))
      const events = yield* Effect.fork(Stream.runCollect(Stream.take(
        Stream.filter(consumer.events, (event) => event._tag === "HandlerTimedOut"),
        2
      )))
      yield* consumer.ready
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual([(yield* consumer.stats).consumed, interrupted, cluster.sentBack.length], [0, 0, 0])
      yield* TestClock.adjust("5 seconds")
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.timedOut, stats.running, interrupted], [2, 2, 0, 1])
      assert.deepStrictEqual(cluster.sentBack.map((it) => it.delayLevel), [3, 3])
      assert.strictEqual(Chunk.size(yield* Fiber.join(events)), 2)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 4n)
    }))

  it.scoped("is not heard any more once its time is over", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 2)
      const consumer = yield* Consumer.make(
        { ...orders, concurrency: 1, consumeTimeout: "10 seconds" },
        (message) => message.queueOffset === 0n ? Effect.uninterruptible(Effect.sleep("15 seconds")) : Effect.void
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("20 seconds")
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.sentBack, stats.running, stats.cachedCount], [1, 1, 0, 0])
    }))

  it.scoped("is told to the program", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* Consumer.make(orders, () => Effect.fail("out of paper")).pipe(
        Effect.provide(cluster.layer)
      )
      const first = yield* Effect.fork(Stream.runHead(
        Stream.filter(consumer.events, (event) => event._tag === "HandlerFailed")
      ))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust(0)
      const event = yield* Effect.flatten(Fiber.join(first))
      assert.isTrue(event._tag === "HandlerFailed")
      if (event._tag === "HandlerFailed") {
        assert.strictEqual(event.error.cause, "out of paper")
        assert.strictEqual(event.error.msgId, "KEY-orders-0-0")
        assert.include(event.error.message, "queue 0 of topic orders on broker-a, offset 0")
      }
    }))
})

describe("an operator's single message", () => {
  it.scoped("is handled at once, and the outcome is told", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, {}, {}, {}, {})
      const stored = cluster.queue("orders").log.map((it) => MessageExt.update(it!, { topic: RETRY }))
      cluster.queue("orders").log.length = 0
      const topics: Array<string> = []
      const consumer = yield* Consumer.make(orders, (message) => {
        topics.push(message.topic)
        switch (Number(message.queueOffset)) {
          case 0:
            return Effect.void
          case 1:
            return Effect.succeed(ConsumeResult.retry())
          case 2:
            return Effect.fail(new Error("out of paper"))
          default:
            return Effect.never
        }
      }).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      const results: Array<string> = []
      for (const message of stored) {
        const fiber = yield* Effect.fork(cluster.member!.consumeDirectly(message))
        yield* TestClock.adjust("9 seconds")
        const result = yield* Fiber.join(fiber)
        results.push(result.consumeResult)
        if (result.consumeResult === "CR_THROW_EXCEPTION") assert.include(result.remark, "out of paper")
      }
      assert.deepStrictEqual(results, ["CR_SUCCESS", "CR_LATER", "CR_THROW_EXCEPTION", "CR_LATER"])
      assert.deepStrictEqual(cluster.sentBack, [])
    }))
})
