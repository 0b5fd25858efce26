import type * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Clock, ConfigProvider, Effect, Either, Option, TestClock } from "effect"
import type * as Broker from "../../src/Broker.js"
import type * as Client from "../../src/Client.js"
import type * as Compression from "../../src/Compression.js"
import * as Consumer from "../../src/Consumer.js"
import * as ConsumeResult from "../../src/ConsumeResult.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import type * as NameServer from "../../src/NameServer.js"
import * as PullConsumer from "../../src/PullConsumer.js"
import { BROKER, Cluster, GROUP, RETRY } from "./fake.js"

const orders = {
  group: GROUP,
  subscriptions: { orders: MessageSelector.all },
  consumeFrom: "first",
  // on the clock of tests no handler ends after the test
  shutdownTimeout: 0
} as const

const queue = (id: number, topic = "orders") => MessageQueue.make(topic, BROKER, id)

/** A handler that takes a while, and notes how many of it run. */
const slow = (millis: number) => {
  const state = { running: 0, most: 0, ended: 0, interrupted: 0 }
  const handler = () =>
    Effect.sync(() => {
      state.most = Math.max(state.most, ++state.running)
    }).pipe(
      Effect.zipRight(Effect.sleep(millis)),
      Effect.zipRight(Effect.sync(() => state.ended++)),
      Effect.onInterrupt(() => Effect.sync(() => state.interrupted++)),
      Effect.ensuring(Effect.sync(() => state.running--)),
      Effect.asVoid
    )
  return { state, handler }
}

/** A handler that notes when it gets what. */
const noting = () => {
  const at: Array<number> = []
  const seen: Array<string> = []
  const note = (messages: ReadonlyArray<MessageExt.MessageExt>) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const message of messages) {
        at.push(now)
        seen.push(`${message.topic}@${message.queueId}`)
      }
    })
  return { at, seen, note, handler: (message: MessageExt.MessageExt) => note([message]) }
}

const pulls = (cluster: Cluster, topic: string) => cluster.pulls.filter((pull) => pull.topic === topic).length

const start = <E>(
  cluster: Cluster,
  consumer: Effect.Effect<
    Consumer.Consumer["Type"],
    E,
    Broker.Broker | Client.Client | Compression.Compression | NameServer.NameServer | Scope.Scope
  >
) =>
  consumer.pipe(
    Effect.provide(cluster.layer),
    Effect.tap(({ ready }) => ready),
    Effect.tap(() => TestClock.adjust(0))
  )

describe("Consumer.setConcurrency", () => {
  for (const kind of ["concurrent", "in order"] as const) {
    const make = kind === "concurrent" ? Consumer.make : Consumer.makeOrderly

    it.scoped(`has more handlers at once, ${kind}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 8 })
        for (let id = 0; id < 8; id++) cluster.fill("orders", id, 5)
        const { handler, state } = slow(10_000)
        const consumer = yield* start(cluster, make({ ...orders, concurrency: 2 }, handler))
        assert.strictEqual(state.running, 2)
        yield* consumer.setConcurrency(6)
        yield* TestClock.adjust(0)
        assert.strictEqual(state.running, 6)
        assert.strictEqual(yield* consumer.concurrency, 6)
      }))

    it.scoped(`has fewer after the messages in hand, and interrupts none, ${kind}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 8 })
        for (let id = 0; id < 8; id++) cluster.fill("orders", id, 5)
        const { handler, state } = slow(1_000)
        const consumer = yield* start(cluster, make({ ...orders, concurrency: 6 }, handler))
        yield* consumer.setConcurrency(2)
        yield* TestClock.adjust("999 millis")
        assert.strictEqual(state.running, 6)
        state.most = 0
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(state.running, 2)
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(state, { running: 2, most: 2, ended: 12, interrupted: 0 })
      }))
  }

  it.scoped("takes handlers that were to end when there may be more again", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 100)
      const { handler, state } = slow(1_000)
      const consumer = yield* start(cluster, Consumer.make({ ...orders, concurrency: 4 }, handler))
      yield* consumer.setConcurrency(1)
      yield* consumer.setConcurrency(3)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(state.running, 3)
      assert.strictEqual(state.most, 4)
    }))

  it.scoped("ends handlers that wait for messages, and those that took too long", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const { handler, state } = slow(5_000)
      const consumer = yield* start(
        cluster,
        Consumer.make({ ...orders, concurrency: 16, consumeTimeout: "1 second" }, handler)
      )
      yield* consumer.setConcurrency(3)
      cluster.fill("orders", 0, 20)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(state.running, 3)
      yield* consumer.setConcurrency(1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([state.interrupted, state.running], [3, 1])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual([state.interrupted, state.running], [6, 1])
    }))

  it.scoped("refuses what is no number of handlers, and changes nothing", () =>
    Effect.gen(function*() {
      const consumer = yield* start(new Cluster({ orders: 1 }), Consumer.make(orders, () => Effect.void))
      for (const wrong of [0, -1, 1.5, NaN, 65_537]) {
        const error = yield* Effect.flip(consumer.setConcurrency(wrong))
        assert.strictEqual(error._tag, "ConsumerConfigError")
        assert.include(error.message, "concurrency")
      }
      assert.strictEqual(yield* consumer.concurrency, 64)
    }))
})

describe("Consumer.pause", () => {
  it.scoped("hands out and pulls nothing more, finishes and commits what runs, and goes on where it was", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const { handler, state } = slow(1_000)
      const consumer = yield* start(cluster, Consumer.make({ ...orders, concurrency: 2 }, handler))
      yield* consumer.pause()
      const before = cluster.pulls.length
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual([state.ended, state.running], [2, 0])
      assert.strictEqual(cluster.pulls.length, before)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 2n)
      const stats = yield* consumer.stats
      assert.deepStrictEqual(stats.paused, { consumer: true, topics: [], queues: [] })
      assert.isTrue(stats.queues.every(({ paused }) => paused))
      assert.deepStrictEqual([stats.cachedCount, stats.stalled.length], [8, 0])
      yield* consumer.resume()
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(state.ended, 10)
      assert.isFalse((yield* consumer.stats).paused.consumer)
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(state.ended, 11)
    }))

  it.scoped("gives up a pull that the broker holds, so that nothing comes by it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const { handler, seen } = noting()
      const consumer = yield* start(cluster, Consumer.make(orders, handler))
      yield* consumer.pause()
      cluster.fill("orders", 0, 3)
      yield* TestClock.adjust("20 seconds")
      const stats = yield* consumer.stats
      assert.deepStrictEqual([seen.length, stats.cachedCount, stats.pulled], [0, 0, 0])
      yield* consumer.resume()
      yield* TestClock.adjust(0)
      assert.strictEqual(seen.length, 3)
    }))

  it.scoped("pauses one topic through a loss of its queues, and resumes topics and the consumer apart", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2, parts: 2 })
      const { handler, seen } = noting()
      const subscriptions = { orders: MessageSelector.all, parts: MessageSelector.all }
      const consumer = yield* start(cluster, Consumer.make({ ...orders, subscriptions }, handler))
      yield* consumer.pause("orders")
      yield* consumer.pause()
      yield* consumer.resume()
      cluster.fill("orders", 0, 3)
      cluster.fill("parts", 1, 3)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["parts@1", "parts@1", "parts@1"])
      cluster.members = ["aaa", "me@1"]
      yield* TestClock.adjust("20 seconds")
      assert.lengthOf(yield* consumer.assignment, 2)
      cluster.members = ["me@1"]
      yield* TestClock.adjust("20 seconds")
      assert.lengthOf(yield* consumer.assignment, 5)
      assert.lengthOf(seen, 3)
      assert.deepStrictEqual((yield* consumer.stats).paused.topics, ["orders"])
      yield* consumer.resume("orders")
      yield* TestClock.adjust(0)
      assert.lengthOf(seen, 6)
    }))

  it.scoped("pauses one queue, until this member loses it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const { handler, seen } = noting()
      const consumer = yield* start(cluster, Consumer.make(orders, handler))
      yield* consumer.pause(queue(0))
      yield* consumer.pause(queue(1))
      yield* consumer.resume(queue(1))
      cluster.fill("orders", 0, 1)
      cluster.fill("orders", 1, 1)
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(seen, ["orders@1"])
      assert.deepStrictEqual((yield* consumer.stats).paused.queues, [queue(0)])
      cluster.members = ["aaa", "me@1"]
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual((yield* consumer.stats).paused.queues, [])
      cluster.members = ["me@1"]
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(seen, ["orders@1", "orders@0"])
    }))

  it.scoped("renews the locks of a consumer in order, and has the same message first afterwards", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 4)
      const seen: Array<bigint> = []
      const consumer = yield* start(
        cluster,
        Consumer.makeOrderly(orders, (message) =>
          Effect.suspend(() => {
            seen.push(message.queueOffset)
            return seen.length === 2 ? Effect.fail("not yet") : Effect.void
          }))
      )
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(seen, [0n, 1n])
      yield* consumer.pause()
      const asked = cluster.lockRequests.length
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(seen, [0n, 1n])
      assert.isAtLeast(cluster.lockRequests.length - asked, 5)
      assert.isTrue((yield* consumer.stats).locks.every(({ locked }) => locked))
      yield* consumer.resume()
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(seen, [0n, 1n, 1n, 2n, 3n])
    }))

  it.scoped("is not pulled after an operator moved its offset, but begins there", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const { handler, seen } = noting()
      const consumer = yield* start(cluster, Consumer.make(orders, handler))
      assert.lengthOf(seen, 10)
      yield* consumer.pause("orders")
      const before = pulls(cluster, "orders")
      yield* cluster.member!.onResetOffset("orders", [[queue(0), 4n]])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([seen.length, pulls(cluster, "orders")], [10, before])
      yield* consumer.resume("orders")
      yield* TestClock.adjust(0)
      assert.lengthOf(seen, 16)
    }))

  it.scoped("refuses a topic and a queue that it does not have", () =>
    Effect.gen(function*() {
      const consumer = yield* start(new Cluster({ orders: 1 }), Consumer.make(orders, () => Effect.void))
      assert.strictEqual((yield* Effect.flip(consumer.pause("oders")))._tag, "TopicNotSubscribedError")
      assert.strictEqual((yield* Effect.flip(consumer.pause(queue(7))))._tag, "ConsumerStateError")
      assert.isTrue(Either.isRight(yield* Effect.either(consumer.pause(RETRY))))
      yield* consumer.resume("oders")
      assert.deepStrictEqual((yield* consumer.stats).paused, { consumer: false, topics: [RETRY], queues: [] })
    }))
})

describe("rate", () => {
  const steps = (rate: number, count: number, every: number) =>
    it.scoped(`hands out ${rate} messages per second at even distances`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 2 })
        cluster.fill("orders", 0, 20)
        cluster.fill("orders", 1, 20)
        const { at, handler } = noting()
        yield* start(cluster, Consumer.make({ ...orders, rate }, handler))
        yield* TestClock.adjust(Math.ceil((count - 1) * every))
        assert.deepStrictEqual(at, Array.from({ length: count }, (_, i) => Math.ceil(i * every - 1e-6) + 0))
      }))
  steps(10, 21, 100)
  steps(3, 13, 1000 / 3)
  steps(0.5, 4, 2000)

  it.scoped("is that of all handlers together, of second attempts too, in order or not", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4 })
      for (let id = 0; id < 4; id++) cluster.fill("orders", id, 50)
      const { at, handler } = noting()
      yield* start(
        cluster,
        Consumer.makeOrderly({ ...orders, rate: 100, suspendTime: "10 millis" }, (message) =>
          Effect.zipRight(
            handler(message),
            message.reconsumeTimes === 0 ? Effect.fail("again") : Effect.sleep("15 millis")
          ))
      )
      yield* TestClock.adjust("990 millis")
      assert.deepStrictEqual(at, Array.from({ length: 100 }, (_, i) => i * 10))
    }))

  it.scoped("lets no more than a tenth of a second's worth come at once after an idle time", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const { at, handler } = noting()
      yield* start(cluster, Consumer.make({ ...orders, rate: 100 }, handler))
      yield* TestClock.adjust("10 seconds")
      cluster.fill("orders", 0, 200)
      yield* TestClock.adjust(0)
      assert.lengthOf(at, 11)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(at, 111)
    }))

  it.scoped("counts batches by their messages, and has none larger than a second's worth", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 200)
      const batches: Array<readonly [number, number]> = []
      yield* start(
        cluster,
        Consumer.makeBatch(
          { ...orders, rate: 20, batchSize: 32 },
          (messages) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              batches.push([now, messages.length])
            })
        )
      )
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(Math.max(...batches.map(([, count]) => count)), 20)
      for (const [i, [at]] of batches.entries()) {
        const before = batches.slice(0, i).reduce((sum, [, count]) => sum + count, 0)
        assert.strictEqual(at, before * 50)
      }
      assert.isAtLeast(batches.length, 4)
    }))

  it.scoped("may be changed, set and taken away, at once and without a burst", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 500)
      const { at, handler } = noting()
      const consumer = yield* start(cluster, Consumer.make({ ...orders, rate: 0.01 }, handler))
      assert.lengthOf(at, 1)
      // half of the 100 s have passed, so half of the new distance is left
      yield* TestClock.adjust("50 seconds")
      yield* consumer.setRate(10)
      yield* TestClock.adjust("49 millis")
      assert.lengthOf(at, 1)
      yield* TestClock.adjust("1 millis")
      assert.lengthOf(at, 2)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(at, 12)
      yield* consumer.setRate(Infinity)
      yield* TestClock.adjust(0)
      assert.lengthOf(at, 500)
      assert.strictEqual(yield* consumer.rate, Infinity)
      yield* consumer.setRate(5)
      cluster.fill("orders", 0, 50)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(at, 506)
      for (const wrong of [0, -1, NaN]) {
        assert.strictEqual((yield* Effect.flip(consumer.setRate(wrong)))._tag, "ConsumerConfigError")
      }
    }))
})

describe("topic budgets", () => {
  const two = { orders: MessageSelector.all, parts: MessageSelector.all }

  it.scoped("a topic that is full keeps its own queues from being pulled, and no others", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4, parts: 1 })
      for (let id = 0; id < 4; id++) cluster.fill("orders", id, 200)
      cluster.fill("parts", 0, 100)
      let parts = 0
      let held = 0
      const release = Effect.unsafeMakeLatch(false)
      const consumer = yield* start(
        cluster,
        Consumer.make({ ...orders, subscriptions: two, topicThresholdCount: 50 }, (message) => {
          if (message.topic === "parts") return Effect.sync(() => parts++)
          return held++ < 4 ? release.await : Effect.sleep("10 millis")
        })
      )
      const cached = Effect.map(consumer.stats, ({ queues }) =>
        queues.filter((progress) =>
          progress.queue.topic === "orders"
        )
          .reduce((sum, { cachedCount }) => sum + cachedCount, 0))
      // each queue has one pull under way when the budget is used up
      assert.isAtMost(yield* cached, 50 + 4 * 32)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(parts, 100)
      assert.strictEqual((yield* consumer.stats).consumed, 100 + 800 - 4)
      yield* release.open
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* consumer.stats).consumed, 900)
    }))

  it.scoped("one queue may use the whole budget of its topic; single topics may have another", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4, parts: 4 })
      cluster.fill("orders", 0, 500)
      cluster.fill("parts", 0, 500)
      const consumer = yield* start(
        cluster,
        Consumer.make({
          ...orders,
          subscriptions: two,
          topicThresholdCount: 99,
          topicBudgets: { parts: { bytes: 1 } }
        }, () => Effect.never)
      )
      const { queues } = yield* consumer.stats
      const cached = (topic: string) =>
        queues.filter((progress) => progress.queue.topic === topic).map(({ cachedCount }) => cachedCount)
      assert.deepStrictEqual(cached("orders"), [128, 0, 0, 0])
      assert.deepStrictEqual(cached("parts"), [32, 0, 0, 0])
    }))

  it.effect("refuses a limit that is none, and says where", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      for (
        const [wrong, option] of [
          [{ topicThresholdCount: 0 }, "topicThresholdCount"],
          [{ topicThresholdBytes: 1.5 }, "topicThresholdBytes"],
          [{ topicBudgets: { orders: { count: -1 } } }, "topicBudgets"],
          [{ rate: 0 }, "rate"]
        ] as const
      ) {
        const made = Consumer.make({ ...orders, ...wrong }, () => Effect.void)
        const error = yield* Effect.flip(Effect.scoped(Effect.provide(made, cluster.layer)))
        assert.strictEqual(error._tag === "ConsumerConfigError" ? error.option : error._tag, option)
      }
    }))
})

describe("PullConsumer", () => {
  it.scoped("has budgets of topics, and says which of its queues are paused", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 100)
      cluster.fill("orders", 1, 100)
      const consumer = yield* Effect.provide(
        PullConsumer.make({ group: GROUP, consumeFrom: "first", topicThresholdCount: 10 }),
        cluster.layer
      )
      yield* consumer.subscribe("orders")
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const before = yield* consumer.stats
      assert.isAtMost(before.cachedCount, 10 + 2 * 32)
      yield* consumer.pause([queue(1)])
      const { paused, queues } = yield* consumer.stats
      assert.deepStrictEqual(paused, { consumer: false, topics: [], queues: [queue(1)] })
      assert.deepStrictEqual(queues.filter((progress) => progress.paused).map((progress) => progress.queue), [queue(1)])
    }))
})

describe("retryDelayLevel", () => {
  it.scoped("may go by what the handler failed with", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 4)
      yield* start(
        cluster,
        Consumer.make({
          ...orders,
          retryDelayLevel: (_, cause) =>
            Cause.isEmpty(cause)
              ? 2
              : Cause.isDie(cause)
              ? 18
              : Option.contains(Cause.failureOption(cause), "busy")
              ? 4
              : 9
        }, ({ queueOffset }) =>
          [
            Effect.fail("busy"),
            Effect.fail("gone"),
            Effect.die("wrong"),
            Effect.succeed(ConsumeResult.retry())
          ][Number(queueOffset)]!)
      )
      assert.deepStrictEqual(cluster.sentBack.map(({ delayLevel }) => delayLevel), [4, 9, 18, 2])
    }))
})

describe("Consumer.config", () => {
  it.effect("reads the rate and the budgets of topics", () =>
    Effect.gen(function*() {
      const read = (entries: Record<string, string>) =>
        Effect.withConfigProvider(
          Effect.either(Effect.flatMap(Consumer.config, Effect.succeed)),
          ConfigProvider.fromMap(new Map(Object.entries(entries)), { pathDelim: "_" })
        )
      const tuning = Either.getOrThrow(
        yield* read({
          ROCKETMQ_CONSUMER_RATE: "0.5",
          ROCKETMQ_CONSUMER_TOPIC_THRESHOLD_COUNT: "100",
          ROCKETMQ_CONSUMER_TOPIC_THRESHOLD_BYTES: "4096"
        })
      )
      assert.deepInclude(tuning, { rate: 0.5, topicThresholdCount: 100, topicThresholdBytes: 4096 })
      for (const wrong of ["0", "-1", "fast", "1e3", ""]) {
        assert.isTrue(Either.isLeft(yield* read({ ROCKETMQ_CONSUMER_RATE: wrong })), wrong)
      }
    }))
})
