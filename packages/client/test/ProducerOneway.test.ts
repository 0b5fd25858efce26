import { ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, TestClock } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"
import { countAt, firstQueue, order } from "./support/producing.js"

/** How many oneway messages have been written, those that asked for an answer included. */
const written = (cluster: ProducerCluster): number => cluster.oneways.length + cluster.arrivals.length

describe("oneway messages", () => {
  it.scoped("without a window none waits for anything", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.freeze)
      const producer = yield* cluster.producer()
      yield* Effect.forEach(Array.from({ length: 1000 }), () => producer.sendOneway(order))
      assert.deepStrictEqual([cluster.oneways.length, cluster.arrivals.length], [1000, 0])
      assert.strictEqual((yield* producer.stats).oneway, 1000)
    }))

  for (const window of [2, 3, 10, 11]) {
    it.scoped(`no more than a window of ${window} are written to a broker that answers nothing`, () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        const answers = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answers), cluster.accept(arrival)))
        const producer = yield* cluster.producer({ onewayWindow: window })
        const sending = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 100 }), () => producer.sendOneway(order), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(2000)
        assert.isAtMost(written(cluster), window)
        assert.isAtLeast(written(cluster), window - 1)
        assert.strictEqual((yield* Fiber.poll(sending))._tag, "None")
        yield* Deferred.succeed(answers, undefined)
        yield* Fiber.join(sending)
        assert.strictEqual(written(cluster), 100)
        assert.strictEqual((yield* producer.stats).oneway, 100)
      }))
  }

  it.scoped("an answer lets half a window go, while the other half is under way", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const answers: Array<() => void> = []
      cluster.behave("broker-a", (arrival) =>
        Effect.async((resume) => {
          answers.push(() => resume(cluster.accept(arrival)))
        }))
      const producer = yield* cluster.producer({ onewayWindow: 10 })
      const sending = yield* Effect.fork(Effect.forEach(Array.from({ length: 30 }), () => producer.sendOneway(order)))
      yield* TestClock.adjust(1)
      assert.strictEqual(written(cluster), 10)
      for (const expected of [15, 20, 25, 30]) {
        answers.shift()!()
        yield* TestClock.adjust(1)
        assert.strictEqual(written(cluster), expected)
      }
      yield* Fiber.join(sending)
    }))

  it.scoped("a broker that does not answer in time counts as failed, and the others take the messages", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.freeze)
      const producer = yield* cluster.producer({ onewayWindow: 10, faultTolerance: { probeInterval: "1 minute" } })
      const sending = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 100 }), () => producer.sendOneway(order), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(2999)
      assert.strictEqual((yield* Fiber.poll(sending))._tag, "None")
      yield* TestClock.adjust(1)
      yield* Fiber.join(sending)
      const toA = cluster.oneways.filter(({ address }) => address === cluster.addressOf("broker-a")).length
      assert.strictEqual(toA + countAt(cluster, "broker-a"), 10)
      assert.strictEqual(written(cluster), 100)
    }))

  it.scoped("a failed broker is tried again, and takes its share when it is back", () =>
    Effect.gen(function*() {
      for (const onewayWindow of [false, undefined, 4] as const) {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        const address = cluster.addressOf("broker-a")
        const producer = yield* cluster.producer({ onewayWindow })
        const down = new ConnectionFailedError({ address, cause: new Error("connect ECONNREFUSED") })
        cluster.onewayFailure = down
        cluster.behave("broker-a", cluster.refuseConnection)
        const results = yield* Effect.forEach(
          Array.from({ length: 20 }),
          () => Effect.either(producer.sendOneway(order))
        )
        assert.isAtMost(results.filter(Either.isLeft).length, 2)
        assert.strictEqual((yield* producer.health).status, "Degraded")
        cluster.onewayFailure = undefined
        cluster.behave("broker-a", cluster.accept)
        yield* TestClock.adjust(200)
        yield* Effect.forEach([1, 2], () => producer.sendOneway(order))
        yield* TestClock.adjust(1)
        assert.strictEqual((yield* producer.health).status, "Up")
        const before = written(cluster)
        yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.zipRight(producer.sendOneway(order), Effect.yieldNow())
        )
        assert.strictEqual(written(cluster), before + 10)
        const fresh = [...cluster.oneways, ...cluster.arrivals].filter((it) => it.address === address)
        assert.isAtLeast(fresh.length, 5)
      }
    }))

  it.scoped("a message that could not be written is not counted as sent", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.onewayFailure = new ConnectionFailedError({ address: "broker-a:10911", cause: new Error("refused") })
      const producer = yield* cluster.producer()
      const error = yield* Effect.flip(producer.sendOneway(order))
      assert.strictEqual(error._tag, "MessageSendError")
      const { failedAttempts, oneway } = yield* producer.stats
      assert.deepStrictEqual([oneway, failedAttempts.Unreachable], [0, 1])
    }))

  it.scoped("a stop waits for room, and then gives up what still waits", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.freeze)
      const producer = yield* cluster.producer({
        onewayWindow: 2,
        attemptTimeout: "1 minute",
        shutdownTimeout: "1 second",
        selector: firstQueue
      })
      const sends = yield* Effect.forEach([1, 2, 3, 4], () => Effect.fork(Effect.either(producer.sendOneway(order))))
      yield* TestClock.adjust(1)
      const stopping = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(999)
      assert.strictEqual((yield* Fiber.poll(stopping))._tag, "None")
      yield* TestClock.adjust(1)
      const receipt = yield* Fiber.join(stopping)
      const results = yield* Effect.forEach(sends, Fiber.join)
      assert.deepStrictEqual(
        results.map((result) => Either.isRight(result) ? "sent" : result.left._tag),
        ["sent", "sent", "ProducerShutdownError", "ProducerShutdownError"]
      )
      assert.deepStrictEqual([receipt.refused, receipt.unknown.length, written(cluster)], [2, 0, 2])
    }))
})
