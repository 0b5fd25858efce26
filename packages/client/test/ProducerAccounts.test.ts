import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import type * as Producer from "@effect-rocketmq/client/Producer"
import * as RetryPolicy from "@effect-rocketmq/client/RetryPolicy"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Either, Fiber, Logger, Metric, MetricState, Ref, TestClock } from "effect"
import { ProducerCluster, systemError } from "./support/ProducerCluster.js"
import { after, firstQueue, order, weakly, within } from "./support/producing.js"

/** A producer whose outbox writes everything down. */
const withOutbox = (cluster: ProducerCluster, options: Partial<Producer.Options> = {}) =>
  Effect.gen(function*() {
    const outbox: Array<Producer.UnknownSend> = []
    const producer = yield* cluster.producer({
      ...options,
      outbox: (send) => Effect.sync(() => void outbox.push(send))
    })
    return { outbox, producer }
  })

describe("the outbox", () => {
  it.scoped("gets what had no answer, with the id, the attempts and the caller's error", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.freeze)
      const { outbox, producer } = yield* withOutbox(cluster, { sendTimeout: "3 seconds" })
      const error = yield* Effect.flip(within(3000, producer.send(order)))
      assert.strictEqual(outbox.length, 1)
      const [send] = outbox
      assert.strictEqual(send!.message, order)
      assert.strictEqual(send!.error, error)
      assert.strictEqual(error._tag === "RetryExhaustedError" && error.uniqueKey, send!.uniqueKey)
      assert.deepStrictEqual(send!.attempts.map(({ failure, outcome }) => [failure, outcome]), [[
        "Unanswered",
        "Unknown"
      ]])
    }))

  it.scoped("gets what a lost connection leaves open, and what a broker failed at", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { outbox, producer } = yield* withOutbox(cluster, { retries: 0 })
      for (const behaviour of [cluster.loseConnection, systemError(cluster), weakly(cluster, "SLAVE_NOT_AVAILABLE")]) {
        cluster.behave("broker-a", behaviour)
        yield* TestClock.adjust("1 second")
        yield* Effect.either(producer.send(order))
      }
      // the last one is a success
      assert.deepStrictEqual(outbox.map(({ attempts }) => attempts[0]?.failure), ["Unanswered", "Failed"])
    }))

  it.scoped("gets what an interrupted caller left under way, by the short way, the long way, and between two attempts", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { outbox, producer } = yield* withOutbox(cluster)
      yield* producer.send(order)
      cluster.behave("broker-a", cluster.freeze)
      const give = Effect.gen(function*() {
        const sending = yield* Effect.fork(producer.send(order))
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(sending)
      })
      yield* give
      cluster.behave("broker-a", systemError(cluster))
      yield* give
      cluster.behave("broker-a", cluster.loseConnection)
      yield* give
      cluster.behave("broker-a", cluster.freeze)
      const probing = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(500)
      yield* Fiber.interrupt(probing)
      assert.strictEqual(outbox.length, 4)
      assert.isTrue(outbox.every(({ error }) => error === undefined))
      assert.deepStrictEqual(
        outbox.map(({ attempts }) => attempts.map(({ failure }) => failure)),
        [[undefined], ["Failed"], ["Unanswered"], [undefined]]
      )
      const { cancelled, inFlight, refused, unknown } = yield* producer.stats
      assert.deepStrictEqual([cancelled, inFlight, refused, unknown], [0, 0, 0, 4])
    }))

  it.scoped("gets nothing that is certain: stored, refused, never sent, or sent oneway", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { outbox, producer } = yield* withOutbox(cluster, { sendTimeout: "1 second", onewayWindow: 2 })
      yield* producer.send(order)
      cluster.behave("broker-a", cluster.answer(BrokerError.MessageIllegalError, 13))
      yield* Effect.flip(producer.send(order))
      yield* Effect.flip(producer.send(Message.withBody(order, "")))
      yield* Effect.flip(producer.send(Message.withTopic(order, "nowhere")))
      cluster.behave("broker-a", cluster.refuseConnection)
      yield* Effect.flip(within(1000, producer.send(order)))
      const waiting = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(100)
      yield* Fiber.interrupt(waiting)
      cluster.behave("broker-a", cluster.freeze)
      yield* producer.sendOneway(order)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(outbox, [])
    }))

  it.scoped("gets each member of a batch, with the error of that member", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.loseConnection)
      const { outbox, producer } = yield* withOutbox(cluster, { retryPolicy: RetryPolicy.atMostOnce })
      const other = Message.withTags(order, "other")
      const error = yield* Effect.flip(producer.sendBatch([order, other]))
      const failures = error._tag === "BatchSendError" ? error.failures : []
      assert.deepStrictEqual(outbox.map(({ message }) => message.toJSON()), [order.toJSON(), other.toJSON()])
      assert.notStrictEqual(outbox[0]!.uniqueKey, outbox[1]!.uniqueKey)
      for (const [index, own] of failures) {
        assert.strictEqual(own._tag === "RetryExhaustedError" && own.uniqueKey, outbox[index]!.uniqueKey)
        const told = outbox[index]!.error
        assert.strictEqual(told?._tag === "RetryExhaustedError" && told.uniqueKey, outbox[index]!.uniqueKey)
      }
      assert.strictEqual((yield* producer.stats).unknown, 2)
    }))

  it.scoped("has the message before its caller has the error", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.loseConnection)
      const written = yield* Deferred.make<void>()
      const told = yield* Ref.make(false)
      const producer = yield* cluster.producer({
        retryPolicy: RetryPolicy.atMostOnce,
        outbox: () => Deferred.await(written)
      })
      const sending = yield* Effect.fork(Effect.zipRight(Effect.flip(producer.send(order)), Ref.set(told, true)))
      yield* TestClock.adjust("10 seconds")
      assert.isFalse(yield* Ref.get(told))
      assert.strictEqual((yield* producer.stats).inFlight, 1)
      yield* Deferred.succeed(written, undefined)
      yield* Fiber.join(sending)
    }))

  it.scoped("that fails, dies or throws is logged, and hides nothing from the caller", () =>
    Effect.gen(function*() {
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => logged.push(String(message)))
      const outboxes: ReadonlyArray<NonNullable<Producer.Options["outbox"]>> = [
        () => Effect.die(new Error("disk full")),
        () => Effect.fail("disk full") as never,
        () => {
          throw new Error("disk full")
        }
      ]
      for (const outbox of outboxes) {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", cluster.loseConnection)
        const producer = yield* cluster.producer({ retryPolicy: RetryPolicy.atMostOnce, outbox })
        const error = yield* Effect.flip(producer.send(order)).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
        assert.strictEqual(error._tag, "RetryExhaustedError")
        assert.strictEqual((yield* producer.stats).inFlight, 0)
        assert.isTrue(error._tag === "RetryExhaustedError" && logged.at(-1)!.includes(error.uniqueKey))
      }
      assert.strictEqual(logged.length, outboxes.length)
    }))
})

describe("stats", () => {
  it.scoped("every message is in one of the counts", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const producer = yield* cluster.producer({ retries: 0, faultTolerance: false })
      yield* producer.send(order)
      yield* producer.sendBatch([order, order, order])
      yield* producer.sendOneway(order)
      const behaviours = [
        cluster.refuseConnection,
        cluster.answer(BrokerError.BrokerBusyError, 2),
        cluster.answer(BrokerError.MessageIllegalError, 13),
        cluster.loseConnection,
        systemError(cluster)
      ]
      for (const behaviour of behaviours) {
        cluster.behave("broker-a", behaviour)
        yield* Effect.flip(producer.send(order))
      }
      yield* Effect.flip(producer.sendBatch([order, order]))
      yield* Effect.flip(producer.send(order, { queue: MessageQueue.make("orders", "broker-a", 9) }))
      cluster.changeRoute("slow", undefined)
      const stats = yield* producer.stats
      assert.strictEqual(stats.group, "checkout")
      assert.deepStrictEqual(
        [stats.accepted, stats.refused, stats.unknown, stats.cancelled, stats.oneway, stats.inFlight, stats.waiting],
        [4, 4, 4, 0, 1, 0, 0]
      )
      assert.deepStrictEqual(stats.failedAttempts, {
        Unreachable: 1,
        Busy: 1,
        Unavailable: 0,
        Rejected: 1,
        Unanswered: 1,
        Failed: 2,
        Weak: 0
      })
      assert.deepStrictEqual(stats.traffic.map(({ brokerName, topic }) => [topic, brokerName]), [[
        "orders",
        "broker-a"
      ]])
    }))

  it.scoped("a caller that is interrupted before anything was sent is cancelled, not refused", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const producer = yield* cluster.producer()
      cluster.behave("broker-a", cluster.refuseConnection)
      const first = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(100)
      // the broker is avoided: this one waits without an attempt
      const second = yield* Effect.fork(producer.send(order))
      yield* Effect.yieldNow()
      assert.deepStrictEqual([(yield* producer.stats).inFlight, (yield* producer.stats).waiting], [2, 2])
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      const { cancelled, inFlight, refused, unknown, waiting } = yield* producer.stats
      assert.deepStrictEqual([cancelled, refused, unknown, inFlight, waiting], [1, 1, 0, 0, 0])
    }))

  it.scoped("rates and latencies of each broker", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", after(cluster, 20))
      cluster.behave("broker-b", after(cluster, 40))
      const producer = yield* cluster.producer()
      const sending = yield* Effect.fork(Effect.forEach(Array.from({ length: 40 }), () => producer.send(order)))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(sending)
      const { traffic } = yield* producer.stats
      assert.deepStrictEqual(traffic.map(({ accepted }) => accepted), [20, 20])
      for (const [index, millis] of [20, 40].entries()) {
        const { latency, rate } = traffic[index]!
        assert.strictEqual(rate, 2)
        assert.strictEqual(latency.max, millis)
        for (const percentile of [latency.p50, latency.p90, latency.p99]) {
          assert.isTrue(percentile >= millis && percentile <= millis * 17 / 16)
        }
      }
      // the minute after that has none
      yield* TestClock.adjust("70 seconds")
      assert.deepStrictEqual((yield* producer.stats).traffic.map(({ rate }) => rate), [0, 0])
    }))
})

describe("metrics", () => {
  /** The values of a group's metrics, by name and further tags. */
  const published = (group: string) =>
    Effect.map(Metric.snapshot, (pairs) => {
      const values: Record<string, unknown> = {}
      for (const { metricKey: { name, tags }, metricState } of pairs) {
        if (
          !name.startsWith("rocketmq_producer_") || !tags.some(({ key, value }) => key === "group" && value === group)
        ) {
          continue
        }
        const others = tags.filter(({ key }) => key !== "group").map(({ key, value }) => `${key}=${value}`).sort()
        const value = MetricState.isCounterState(metricState)
          ? metricState.count
          : MetricState.isGaugeState(metricState)
          ? metricState.value
          : undefined
        values[[name.slice("rocketmq_producer_".length), ...others].join(" ")] = value
      }
      return values
    })

  it.scoped("are published with group, topic and broker every five seconds, and at the end", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", after(cluster, 100))
      const group = "metrics"
      const values = yield* Effect.scoped(Effect.gen(function*() {
        const producer = yield* cluster.producer({ group, selector: firstQueue, faultTolerance: false, retries: 1 })
        yield* within(300, Effect.forEach([1, 2, 3], () => producer.send(order)))
        yield* producer.sendOneway(order)
        cluster.behave("broker-a", weakly(cluster, "FLUSH_DISK_TIMEOUT"))
        yield* producer.send(order)
        cluster.behave("broker-a", cluster.loseConnection)
        yield* producer.send(order)
        cluster.behave("broker-b", cluster.refuseConnection)
        yield* Effect.flip(producer.send(order))
        cluster.behave("broker-a", cluster.refuseConnection)
        yield* Effect.flip(producer.send(order))
        assert.deepStrictEqual(yield* published(group), {})
        yield* TestClock.adjust(4700)
        const values = yield* published(group)
        cluster.behave("broker-a", cluster.accept)
        yield* producer.send(order)
        return values
      }))
      const { "latency_milliseconds broker=broker-a quantile=0.5 topic=orders": p50, ...counts } = values
      assert.isTrue(typeof p50 === "number" && p50 >= 100 && p50 <= 107)
      const expected = {
        "accepted broker=broker-a topic=orders": 4,
        "accepted broker=broker-b topic=orders": 1,
        "weak broker=broker-a topic=orders": 1,
        "oneway broker=broker-a topic=orders": 1,
        "failed_attempts broker=broker-a class=Unanswered topic=orders": 2,
        "failed_attempts broker=broker-a class=Unreachable topic=orders": 1,
        "failed_attempts broker=broker-b class=Unreachable topic=orders": 2,
        "rate broker=broker-a topic=orders": 0.8,
        "rate broker=broker-b topic=orders": 0.2,
        refused: 1,
        unknown: 1
      }
      for (const [name, value] of Object.entries(expected)) assert.strictEqual(counts[name], value, name)
      assert.isUndefined(counts["cancelled"])
      const end = yield* published(group)
      assert.strictEqual(end["accepted broker=broker-a topic=orders"], 5)
    }))
})

describe("health", () => {
  it.scoped("Up, Degraded, Down, and up again", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.route("audit", { "broker-b": 1 })
      const producer = yield* cluster.producer({ selector: firstQueue, retries: 1 })
      const status = Effect.map(producer.health, (health) => [health.status, ...health.downTopics, health.waiting])
      assert.deepStrictEqual(yield* status, ["Up", 0])
      yield* producer.send(order)
      yield* producer.send(Message.withTopic(order, "audit"))
      assert.deepStrictEqual(yield* status, ["Up", 0])
      cluster.behave("broker-a", cluster.refuseConnection)
      yield* producer.send(order)
      assert.deepStrictEqual(yield* status, ["Degraded", 0])
      const [broker] = (yield* producer.health).brokers
      assert.deepStrictEqual(
        [broker?.brokerName, broker?.address, broker?.state, broker?.avoidedUntil],
        ["broker-a", "broker-a:10911", "Avoided", 200]
      )
      assert.strictEqual((broker?.lastError as { readonly _tag?: string })._tag, "ConnectionFailedError")
      cluster.behave("broker-b", cluster.refuseConnection)
      const waiting = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* status, ["Down", "orders", "audit", 1])
      cluster.behave("broker-a", cluster.accept)
      cluster.behave("broker-b", cluster.accept)
      yield* TestClock.adjust(500)
      assert.isTrue(Either.isRight(yield* Effect.either(Fiber.join(waiting))))
      yield* producer.send(order)
      yield* producer.send(Message.withTopic(order, "audit"))
      assert.deepStrictEqual(yield* status, ["Up", 0])
      yield* producer.stop
      assert.deepStrictEqual(yield* status, ["Stopped", 0])
    }))
})
