import * as Message from "@effect-rocketmq/client/Message"
import * as ProducerPreset from "@effect-rocketmq/client/ProducerPreset"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"

const order = Message.make({ topic: "orders", tags: "paid", keys: ["42"], body: "hello" })

const { development, highThroughput, lowLatency, production } = ProducerPreset

/** After how long a send fails whose only broker is frozen, in milliseconds. */
const patience = (preset: ProducerPreset.ProducerPreset, within: number) =>
  Effect.gen(function*() {
    const cluster = new ProducerCluster({ "broker-a": 1 })
    cluster.behave("broker-a", cluster.freeze)
    const producer = yield* cluster.producer(preset)
    const sending = yield* Effect.fork(Effect.flip(producer.send(order)))
    yield* TestClock.adjust(within)
    const error = yield* Fiber.join(sending)
    return error._tag === "RetryExhaustedError" ? error.duration : -1
  })

/** How long a message takes whose first broker is frozen, in milliseconds. */
const detour = (preset: ProducerPreset.ProducerPreset) =>
  Effect.gen(function*() {
    const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
    for (const name of ["broker-a", "broker-b"]) {
      cluster.behave(
        name,
        (arrival) => cluster.arrivals.length === 1 ? cluster.freeze(arrival) : cluster.accept(arrival)
      )
    }
    const producer = yield* cluster.producer(preset)
    const sending = yield* Effect.fork(producer.send(order))
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(sending)
    return cluster.arrivals[1]!.at - cluster.arrivals[0]!.at
  })

/** How long a stop waits for a broker that never answers, in milliseconds. */
const farewell = (preset: ProducerPreset.ProducerPreset) =>
  Effect.gen(function*() {
    const cluster = new ProducerCluster({ "broker-a": 1 })
    const scope = yield* Scope.make()
    // answers do not end by themselves before the stop gives up
    const producer = yield* Scope.extend(
      cluster.producer({ ...preset, attemptTimeout: "5 minutes", autoBatch: false }),
      scope
    )
    cluster.behave("broker-a", cluster.freeze)
    yield* Effect.fork(Effect.exit(producer.send(order, { timeout: "5 minutes" })))
    yield* Effect.yieldNow()
    const began = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const closing = yield* Effect.fork(Effect.zipRight(
      Scope.close(scope, Exit.void),
      Effect.clockWith((clock) => clock.currentTimeMillis)
    ))
    yield* TestClock.adjust("1 minute")
    return (yield* Fiber.join(closing)) - began
  })

describe("ProducerPreset", () => {
  const patient = [
    ["development", development, 3_000],
    ["production", production, 60_000],
    ["highThroughput", { ...highThroughput, autoBatch: false }, 30_000],
    ["lowLatency", lowLatency, 2_000]
  ] as const
  for (const [name, preset, millis] of patient) {
    it.scoped(`${name}: a message waits ${millis} ms for its only broker`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* patience(preset, millis + 1000), millis)
      }))
  }

  it.scoped("what a frozen broker costs", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* detour(development), 1_000)
      assert.strictEqual(yield* detour(production), 3_000)
      assert.strictEqual(yield* detour({ ...highThroughput, autoBatch: false }), 10_000)
      assert.strictEqual(yield* detour(lowLatency), 500)
    }))

  it.effect("how long the stop waits", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* farewell(development), 500)
      assert.strictEqual(yield* farewell(production), 20_000)
      assert.strictEqual(yield* farewell(highThroughput), 20_000)
      assert.strictEqual(yield* farewell(lowLatency), 2_000)
    }))

  it.scoped("which bodies are compressed", () =>
    Effect.gen(function*() {
      const large = Message.make({ topic: "orders", body: new Uint8Array(10_000) })
      const compressed = (preset: ProducerPreset.ProducerPreset) =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster()
          const producer = yield* cluster.producer(preset)
          const sending = yield* Effect.fork(producer.send(large))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(sending)
          return cluster.compressed.length
        })
      assert.strictEqual(yield* compressed(development), 0)
      assert.strictEqual(yield* compressed(production), 1)
      assert.strictEqual(yield* compressed(highThroughput), 1)
      assert.strictEqual(yield* compressed(lowLatency), 0)
    }))

  it.scoped("a weak status is a failure in development only", () =>
    Effect.gen(function*() {
      const statusOf = (preset: ProducerPreset.ProducerPreset) =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster({ "broker-a": 1 })
          cluster.behave(
            "broker-a",
            (arrival) =>
              Effect.map(cluster.accept(arrival), (stored) => ({ ...stored, status: "FLUSH_DISK_TIMEOUT" as const }))
          )
          const producer = yield* cluster.producer(preset)
          const sending = yield* Effect.fork(Effect.either(producer.send(order)))
          yield* TestClock.adjust("1 second")
          const result = yield* Fiber.join(sending)
          return result._tag === "Right" ? result.right.status : result.left._tag
        })
      assert.strictEqual(yield* statusOf(development), "MessageSendError")
      for (const preset of [production, highThroughput, lowLatency]) {
        assert.strictEqual(yield* statusOf(preset), "FLUSH_DISK_TIMEOUT")
      }
    }))

  it.scoped("which brokers are slow", () =>
    Effect.gen(function*() {
      /** How many of ten messages go to a broker that takes so many milliseconds, after it did so once. */
      const share = (preset: ProducerPreset.ProducerPreset, millis: number) =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
          cluster.behave("broker-a", (arrival) => Effect.zipRight(Effect.sleep(millis), cluster.accept(arrival)))
          const producer = yield* cluster.producer({ ...preset, autoBatch: false })
          const send = (count: number) =>
            Effect.gen(function*() {
              const sending = yield* Effect.fork(
                Effect.forEach(Array.from({ length: count }), () => producer.send(order))
              )
              yield* TestClock.adjust(millis * count)
              yield* Fiber.join(sending)
            })
          yield* send(2)
          const before = cluster.arrivals.length
          yield* send(10)
          return cluster.sequence.slice(before).filter((queue) => queue.startsWith("broker-a")).length
        })
      assert.strictEqual(yield* share(production, 60), 5)
      assert.strictEqual(yield* share(lowLatency, 60), 0)
      assert.strictEqual(yield* share(highThroughput, 600), 5)
    }))

  it.scoped("single messages travel together for throughput", () =>
    Effect.gen(function*() {
      const requests = (preset: ProducerPreset.ProducerPreset) =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster({ "broker-a": 1 })
          const producer = yield* cluster.producer(preset)
          yield* producer.queues("orders")
          const sending = yield* Effect.fork(
            Effect.forEach(Array.from({ length: 101 }), () => producer.send(order), { concurrency: "unbounded" })
          )
          yield* TestClock.adjust("1 second")
          assert.strictEqual((yield* Fiber.join(sending)).length, 101)
          return cluster.arrivals.length
        })
      assert.isAtMost(yield* requests(highThroughput), 10)
      for (const preset of [development, production, lowLatency]) assert.strictEqual(yield* requests(preset), 101)
    }))
})
