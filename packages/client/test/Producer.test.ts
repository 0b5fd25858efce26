import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as ProducerError from "@effect-rocketmq/client/ProducerError"
import * as SendReceipt from "@effect-rocketmq/client/SendReceipt"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Deferred, Effect, Either, Exit, Fiber, Layer, Scope, TestClock } from "effect"
import { ProducerCluster, propertiesOf, SEND, systemError } from "./support/ProducerCluster.js"

const order = Message.make({ topic: "orders", tags: "paid", keys: ["42"], body: "hello" })

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  if (Exit.isFailure(exit)) {
    const failure = Cause.failureOrCause(exit.cause)
    if (Either.isLeft(failure)) return failure.left
  }
  throw new Error(`not a failure: ${String(exit)}`)
}

/** Runs an effect on the test clock until it has ended or the time is over. */
const within = <A, E, R>(duration: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(effect))
    yield* TestClock.adjust(duration)
    const result = yield* Fiber.poll(fiber)
    if (result._tag === "None") return yield* Effect.die(new Error(`has not ended within ${duration} ms`))
    return yield* Effect.flatten(result.value)
  })

describe("Producer", () => {
  it.scoped("stores a message and says where", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster()
      const producer = yield* cluster.producer()
      const receipt = yield* producer.send(order)
      assert.isTrue(SendReceipt.isSendReceipt(receipt))
      assert.strictEqual(receipt.status, "SEND_OK")
      assert.strictEqual(receipt.queueOffset, 0n)
      assert.strictEqual(receipt.offsetId, "ID0")
      assert.strictEqual(receipt.regionId, "DefaultRegion")
      assert.strictEqual(receipt.messageQueue.brokerName, "broker-a")
      assert.deepStrictEqual(receipt.attempts.map((attempt) => attempt.outcome), ["Accepted"])
      const [arrival] = cluster.arrivals
      const fields = arrival?.request.extFields
      assert.strictEqual(arrival?.request.code, SEND)
      assert.strictEqual(arrival?.timeout, 3000)
      assert.deepStrictEqual(arrival?.request.body, order.body)
      assert.strictEqual(fields?.["a"], "checkout")
      assert.strictEqual(fields?.["b"], "orders")
      assert.strictEqual(fields?.["c"], "TBW102")
      assert.strictEqual(fields?.["d"], "4")
      assert.strictEqual(fields?.["e"], String(receipt.messageQueue.queueId))
      assert.strictEqual(fields?.["f"], "0")
      assert.strictEqual(fields?.["h"], "0")
      assert.strictEqual(fields?.["n"], "broker-a")
      assert.deepStrictEqual(propertiesOf(arrival), {
        TAGS: "paid",
        KEYS: "42",
        WAIT: "true",
        UNIQ_KEY: receipt.uniqueKey
      })
      assert.deepStrictEqual(cluster.watched, ["orders"])
      assert.isTrue(cluster.groups.has("checkout"))
    }))

  it.scoped("sends from where nothing can be interrupted, such as a finalizer", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const producer = yield* cluster.producer()
      yield* within(1000, Effect.uninterruptible(producer.send(order)))
      cluster.behave(
        "broker-a",
        (arrival) => cluster.arrivals.length < 4 ? systemError(cluster)(arrival) : cluster.accept(arrival)
      )
      const receipt = yield* within(5000, Effect.uninterruptible(producer.send(order)))
      assert.strictEqual(receipt.attempts.length, 3)
    }))

  it.scoped("gives each run of a send its own unique key", () =>
    Effect.gen(function*() {
      const producer = yield* new ProducerCluster().producer()
      const send = producer.send(order)
      const first = yield* send
      const second = yield* send
      assert.notStrictEqual(first.uniqueKey, second.uniqueKey)
    }))

  it.scoped("shares messages evenly among the queues", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 3, "broker-b": 4 })
      const producer = yield* cluster.producer()
      yield* Effect.forEach(Array.from({ length: 70 }), () => producer.send(order), { concurrency: 7 })
      const counts = new Map<string, number>()
      for (const queue of cluster.sequence) counts.set(queue, (counts.get(queue) ?? 0) + 1)
      assert.strictEqual(counts.size, 7)
      for (const count of counts.values()) assert.strictEqual(count, 10)
    }))

  it.scoped("a weak status is a result", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster()
      cluster.behave(
        "broker-a",
        (arrival) =>
          Effect.map(cluster.accept(arrival), (stored) => ({ ...stored, status: "FLUSH_DISK_TIMEOUT" as const }))
      )
      const producer = yield* cluster.producer()
      assert.strictEqual((yield* producer.send(order)).status, "FLUSH_DISK_TIMEOUT")
      assert.strictEqual(cluster.arrivals.length, 1)
    }))

  describe("retry", () => {
    it.scoped("goes to another broker at once and stays away from the one that failed", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 2, "broker-b": 2 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* cluster.producer()
        const receipts = yield* Effect.forEach(Array.from({ length: 20 }), () => producer.send(order))
        assert.isTrue(receipts.every((receipt) => receipt.messageQueue.brokerName === "broker-b"))
        assert.strictEqual(cluster.sequence.filter((queue) => queue.startsWith("broker-a")).length, 1)
        const retried = receipts.filter((receipt) => receipt.attempts.length > 1)
        assert.strictEqual(retried.length, 1)
        assert.deepStrictEqual(
          retried[0]?.attempts.map((attempt) => [attempt.brokerName, attempt.outcome, attempt.error?._tag]),
          [["broker-a", "Refused", "ConnectionFailedError"], ["broker-b", "Accepted", undefined]]
        )
        // both queues of the other broker get their share
        const queues = cluster.sequence.filter((queue) => queue.startsWith("broker-b"))
        assert.strictEqual(queues.filter((queue) => queue.endsWith("/0")).length, 10)
      }))

    it.scoped("one message tries a broker again after a pause, and all follow when it is back", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* cluster.producer()
        const sendTen = Effect.forEach(Array.from({ length: 10 }), () => producer.send(order), { concurrency: 10 })
        const atA = () => cluster.sequence.filter((queue) => queue.startsWith("broker-a")).length
        yield* producer.send(order)
        yield* producer.send(order)
        const failed = atA()
        yield* TestClock.adjust(200)
        yield* sendTen
        assert.strictEqual(atA(), failed + 1)
        cluster.behave("broker-a", cluster.accept)
        yield* TestClock.adjust(200)
        yield* sendTen
        const before = atA()
        yield* sendTen
        assert.strictEqual(atA(), before + 5)
      }))

    it.scoped("a frozen broker costs one attempt timeout, is unknown, and keeps the unique key", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", cluster.freeze)
        cluster.behave("broker-b", cluster.freeze)
        const producer = yield* cluster.producer()
        const fiber = yield* Effect.fork(producer.send(order))
        yield* TestClock.adjust(2999)
        const first = cluster.sequence[0]?.split("/")[0]
        assert.strictEqual(cluster.arrivals.length, 1)
        for (const name of ["broker-a", "broker-b"]) if (name !== first) cluster.behave(name, cluster.accept)
        yield* TestClock.adjust(1)
        const receipt = yield* Fiber.join(fiber)
        assert.deepStrictEqual(receipt.attempts.map((attempt) => attempt.outcome), ["Unknown", "Accepted"])
        assert.strictEqual(receipt.attempts[0]?.duration, 3000)
        assert.deepStrictEqual(
          cluster.arrivals.map((arrival) => propertiesOf(arrival)["UNIQ_KEY"]),
          [receipt.uniqueKey, receipt.uniqueKey]
        )
      }))

    it.scoped("carries a crowd over the restart of the only broker, with few tries", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 4 })
        const producer = yield* cluster.producer({ sendTimeout: "60 seconds" })
        yield* producer.send(order)
        cluster.behave("broker-a", cluster.refuseConnection)
        // name servers drop the route with the last broker
        cluster.changeRoute("orders", undefined)
        const before = cluster.arrivals.length
        const crowd = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 100 }), () => producer.send(order), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust("2 seconds")
        const tries = cluster.arrivals.length - before
        assert.isAtLeast(tries, 8)
        assert.isAtMost(tries, 12)
        let underWay = 0
        let most = 0
        cluster.behave("broker-a", (arrival) =>
          Effect.suspend(() => {
            most = Math.max(most, ++underWay)
            return Effect.zipRight(Effect.yieldNow(), cluster.accept(arrival))
          }).pipe(Effect.ensuring(Effect.sync(() => underWay--))))
        yield* TestClock.adjust(200)
        const receipts = yield* Fiber.join(crowd)
        assert.strictEqual(receipts.length, 100)
        // not all at once on a broker that has just started, and not one by one
        assert.isAtLeast(most, 16)
        assert.isAtMost(most, 64)
        assert.strictEqual(new Set(receipts.map((receipt) => receipt.uniqueKey)).size, 100)
        // after the first success nothing fails any more
        assert.strictEqual(cluster.arrivals.length - before - tries, 100)
      }))

    it.scoped("gives up at the deadline with every attempt", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", systemError(cluster))
        const producer = yield* cluster.producer({ sendTimeout: "2 seconds" })
        const error = failureOf(yield* Effect.exit(within(2000, producer.send(order))))
        assert.isTrue(error instanceof ProducerError.RetryExhaustedError)
        if (!(error instanceof ProducerError.RetryExhaustedError)) return
        assert.strictEqual(error.reason, "Deadline")
        assert.strictEqual(error.duration, 2000)
        assert.strictEqual(error.outcome, "Unknown")
        assert.isTrue(error.retryable)
        // 100, 200, 400, 800 ms and what is left
        assert.deepStrictEqual(cluster.arrivals.map((arrival) => arrival.at), [0, 100, 300, 700, 1500])
        assert.strictEqual(error.attempts.length, 5)
        assert.include(error.message, "broker-a (broker-a:10911)")
        assert.isTrue(ProducerError.isProducerError(error))
      }))

    it.scoped("an attempt gets no more time than the deadline leaves", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", cluster.freeze)
        const producer = yield* cluster.producer({ sendTimeout: "4 seconds" })
        const error = failureOf(yield* Effect.exit(within(4000, producer.send(order))))
        assert.strictEqual(error._tag, "RetryExhaustedError")
        assert.deepStrictEqual(cluster.arrivals.map((arrival) => arrival.timeout), [3000, 800])
      }))

    it.scoped("a broker that cannot even be connected to in time ends at the deadline", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", () => Effect.never)
        const producer = yield* cluster.producer()
        const error = failureOf(yield* Effect.exit(within(1100, producer.send(order, { timeout: "1 second" }))))
        assert.strictEqual(error._tag, "RetryExhaustedError")
        assert.strictEqual(ProducerError.outcome(error), "Unknown")
      }))

    it.scoped("stops at the limit of retries", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* cluster.producer({ retries: 2 })
        const error = failureOf(yield* Effect.exit(within(10000, producer.send(order))))
        assert.isTrue(error instanceof ProducerError.RetryExhaustedError && error.reason === "Retries")
        assert.strictEqual(ProducerError.outcome(error), "Refused")
        assert.strictEqual(cluster.arrivals.length, 3)
      }))

    it.scoped("does not repeat what will never work", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        for (const name of ["broker-a", "broker-b"]) {
          cluster.behave(name, cluster.answer(BrokerError.MessageIllegalError, 13))
        }
        const producer = yield* cluster.producer()
        const error = failureOf(yield* Effect.exit(producer.send(order)))
        assert.isTrue(error instanceof ProducerError.MessageSendError)
        if (!(error instanceof ProducerError.MessageSendError)) return
        assert.strictEqual(error.outcome, "Refused")
        assert.isFalse(error.retryable)
        assert.strictEqual(error.cause._tag, "MessageIllegalError")
        assert.include(error.message, "orders")
        assert.strictEqual(cluster.arrivals.length, 1)
      }))

    it.scoped("a missing permission is looked for at each broker once", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        for (const name of ["broker-a", "broker-b"]) {
          cluster.behave(name, ({ address, request }) =>
            Effect.fail(
              new BrokerError.PermissionDeniedError({
                address,
                requestCode: request.code,
                responseCode: 16,
                reason: "Topic"
              })
            ))
        }
        const producer = yield* cluster.producer()
        const error = failureOf(yield* Effect.exit(producer.send(order)))
        assert.isTrue(error instanceof ProducerError.RetryExhaustedError && error.reason === "Final")
        assert.strictEqual(cluster.arrivals.length, 2)
      }))

    it.scoped("an overloaded broker gets a pause, then the message", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", cluster.answer(BrokerError.BrokerBusyError, 2))
        const producer = yield* cluster.producer()
        const fiber = yield* Effect.fork(producer.send(order))
        yield* TestClock.adjust(150)
        assert.strictEqual(cluster.arrivals.length, 1)
        cluster.behave("broker-a", cluster.accept)
        yield* TestClock.adjust(50)
        assert.strictEqual((yield* Fiber.join(fiber)).attempts.length, 2)
      }))

    it.scoped("keeps the queue that was asked for", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 2, "broker-b": 2 })
        cluster.behave("broker-b", cluster.refuseConnection)
        const producer = yield* cluster.producer()
        const queue = MessageQueue.make("orders", "broker-b", 1)
        const fiber = yield* Effect.fork(producer.send(order, { queue }))
        yield* TestClock.adjust(500)
        cluster.behave("broker-b", cluster.accept)
        yield* TestClock.adjust(500)
        const receipt = yield* Fiber.join(fiber)
        assert.isTrue(receipt.messageQueue === queue || receipt.messageQueue.queueId === 1)
        assert.isTrue(cluster.sequence.every((arrival) => arrival === "broker-b/1"))
      }))

    it.scoped("messages that wait follow their topic to other brokers", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* cluster.producer()
        const crowd = yield* Effect.fork(
          Effect.forEach(Array.from({ length: 50 }), () => producer.send(order), { concurrency: "unbounded" })
        )
        yield* TestClock.adjust(1000)
        cluster.route("orders", { "broker-c": 1 })
        yield* TestClock.adjust(1)
        const receipts = yield* Fiber.join(crowd)
        assert.isTrue(receipts.every((receipt) => receipt.messageQueue.brokerName === "broker-c"))
      }))
  })

  describe("routes", () => {
    it.scoped("an unknown topic is created by its first message, on the queues of TBW102", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.autoCreation = "On"
        cluster.route("TBW102", { "broker-a": 8 }, 7)
        const producer = yield* cluster.producer()
        const fresh = Message.withTopic(order, "fresh")
        const queues = yield* producer.queues("fresh")
        assert.deepStrictEqual(queues.map((queue) => [queue.topic, queue.queueId]), [
          ["fresh", 0],
          ["fresh", 1],
          ["fresh", 2],
          ["fresh", 3]
        ])
        yield* producer.send(fresh)
        assert.strictEqual(cluster.arrivals[0]?.request.extFields["b"], "fresh")
        cluster.route("fresh", { "broker-a": 6 })
        yield* producer.send(fresh)
        assert.strictEqual((yield* producer.queues("fresh")).length, 6)
      }))

    it.scoped("without automatic creation an unknown topic fails before anything is sent", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer()
        const error = failureOf(yield* Effect.exit(producer.send(Message.withTopic(order, "nope"))))
        assert.strictEqual(error._tag, "TopicRouteNotFoundError")
        assert.include(error.message, "nope")
        assert.strictEqual(ProducerError.outcome(error), "Refused")
        assert.isTrue(ProducerError.isProducerError(error))
        assert.strictEqual(cluster.arrivals.length, 0)
        // it is looked for anew
        cluster.route("nope", { "broker-a": 1 })
        yield* producer.send(Message.withTopic(order, "nope"))
      }))

    it.scoped("a broker that does not create the topic after all is the end of it", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.autoCreation = "On"
        cluster.route("TBW102", { "broker-a": 8 }, 7)
        cluster.behave("broker-a", cluster.answer(BrokerError.TopicNotFoundError, 17))
        const producer = yield* cluster.producer()
        const error = failureOf(yield* Effect.exit(producer.send(Message.withTopic(order, "fresh"))))
        assert.isTrue(error._tag === "TopicRouteNotFoundError" && error.autoCreation === "Off")
        assert.strictEqual(cluster.arrivals.length, 1)
      }))

    it.scoped("an old route is asked for again when a broker does not know the topic", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1 })
        cluster.behave("broker-a", (arrival) =>
          Effect.suspend(() => {
            cluster.route("orders", { "broker-b": 1 })
            return cluster.answer(BrokerError.TopicNotFoundError, 17)(arrival)
          }))
        const producer = yield* cluster.producer()
        const receipt = yield* producer.send(order)
        assert.strictEqual(receipt.messageQueue.brokerName, "broker-b")
        assert.deepStrictEqual(cluster.refreshes, ["orders"])
      }))

    it.scoped("a topic without writable queues, and a queue that is not there", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.route("archive", { "broker-a": 4 }, 4)
        const producer = yield* cluster.producer()
        const none = failureOf(yield* Effect.exit(producer.send(Message.withTopic(order, "archive"))))
        assert.strictEqual(none._tag, "QueueNotAvailableError")
        for (
          const options of [
            { queue: MessageQueue.make("orders", "broker-a", 9) },
            { queue: MessageQueue.make("other", "broker-a", 0) },
            { selector: MessageQueueSelector.make(() => 4) }
          ]
        ) {
          const error = failureOf(yield* Effect.exit(producer.send(order, options)))
          assert.strictEqual(error._tag, "QueueNotAvailableError")
        }
        assert.strictEqual(cluster.arrivals.length, 0)
      }))
  })

  describe("validation comes before any I/O", () => {
    const cases: ReadonlyArray<readonly [string, Message.Message, ProducerError.MessageValidationError["field"]]> = [
      ["no topic", Message.make({ topic: "", body: "x" }), "topic"],
      ["a space in the topic", Message.make({ topic: "my orders", body: "x" }), "topic"],
      ["a long topic", Message.make({ topic: "t".repeat(128), body: "x" }), "topic"],
      ["a topic of the broker", Message.make({ topic: "SCHEDULE_TOPIC_XXXX", body: "x" }), "topic"],
      ["no body", Message.make({ topic: "orders", body: "" }), "body"],
      ["a body over 4 MiB", Message.make({ topic: "orders", body: new Uint8Array(4 * 1024 * 1024 + 1) }), "body"],
      ["a reserved name", Message.make({ topic: "orders", body: "x", properties: { UNIQ_KEY: "1" } }), "properties"],
      ["a separator in a value", Message.make({ topic: "orders", body: "x", properties: { a: "\x01" } }), "properties"],
      [
        "a separator in a name",
        Message.make({ topic: "orders", body: "x", properties: { "\x02": "a" } }),
        "properties"
      ],
      ["a separator in the tag", Message.make({ topic: "orders", body: "x", tags: "a\x02b" }), "properties"],
      [
        "too many properties",
        Message.make({ topic: "orders", body: "x", properties: { a: "é".repeat(16_384) } }),
        "properties"
      ],
      ["a delay level over 18", Message.make({ topic: "orders", body: "x", delayLevel: 19 }), "delayLevel"],
      ["half a delay level", Message.make({ topic: "orders", body: "x", delayLevel: 1.5 }), "delayLevel"]
    ]
    for (const [name, message, field] of cases) {
      it.scoped(name, () =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster()
          const producer = yield* cluster.producer()
          const batched = Effect.mapError(
            producer.sendBatch([message]),
            (error) => error._tag === "BatchSendError" ? error.failures[0]?.[1] : error
          )
          for (const send of [producer.send(message), producer.sendOneway(message), batched]) {
            const error = failureOf(yield* Effect.exit(Effect.asVoid<unknown, unknown, never>(send)))
            assert.isTrue(error instanceof ProducerError.MessageValidationError && error.field === field)
            assert.strictEqual(cluster.arrivals.length + cluster.oneways.length + cluster.watched.length, 0)
          }
        }))
    }

    it.scoped("what is just allowed goes through", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer({ compression: false })
        // 32767 less a\x01\x02, WAIT\x01true\x02 and UNIQ_KEY\x01…\x02
        const value = "x".repeat(32767 - 3 - 10 - 42)
        yield* producer.send(Message.make({ topic: "orders", body: "x", properties: { a: value } }))
        yield* producer.send(Message.make({ topic: "orders", body: new Uint8Array(4 * 1024 * 1024) }))
        yield* producer.send(Message.make({ topic: "orders", body: "x", delayLevel: 18 }))
        const more = Message.make({ topic: "orders", body: "x", properties: { a: `${value}x` } })
        assert.strictEqual(failureOf(yield* Effect.exit(producer.send(more)))._tag, "MessageValidationError")
      }))
  })

  describe("compression", () => {
    it.scoped("from the threshold on, if it helps, and never of the caller's message", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer()
        const zeros = Message.make({ topic: "orders", body: new Uint8Array(4096) })
        yield* producer.send(zeros)
        yield* producer.send(Message.make({ topic: "orders", body: new Uint8Array(4096).fill(1) }))
        yield* producer.send(Message.make({ topic: "orders", body: new Uint8Array(4095) }))
        assert.deepStrictEqual(cluster.compressed, [4096, 4096])
        assert.deepStrictEqual(
          cluster.arrivals.map(({ request }) => [request.extFields["f"], request.body?.length]),
          [[String(0x301), 10], ["0", 4096], ["0", 4095]]
        )
        assert.strictEqual(zeros.body.length, 4096)
        yield* producer.send(zeros)
        assert.strictEqual(cluster.arrivals[3]?.request.extFields["f"], String(0x301))
      }))

    it.scoped("is done once, however often the message is tried", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* cluster.producer({ compression: { type: "ZSTD", threshold: 10 } })
        const zeros = Message.make({ topic: "orders", body: new Uint8Array(100) })
        yield* Effect.forEach([1, 2], () => producer.send(zeros))
        assert.deepStrictEqual(cluster.compressed, [100, 100])
        assert.isTrue(cluster.arrivals.every(({ request }) => request.extFields["f"] === String(0x201)))
        assert.strictEqual(cluster.arrivals.length, 3)
      }))
  })

  describe("batches", () => {
    it.scoped("one request, a unique key and a receipt for each member", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", (arrival) =>
          Effect.map(cluster.accept(arrival), (stored) => ({ ...stored, offsetId: "A,B,C", queueOffset: 7n })))
        const producer = yield* cluster.producer()
        const messages = ["1", "2", "3"].map((body) =>
          Message.make({ topic: "orders", body, tags: `t${body}` })
        )
        const receipts = yield* producer.sendBatch(messages)
        assert.deepStrictEqual(receipts.map((receipt) => receipt.offsetId), ["A", "B", "C"])
        assert.deepStrictEqual(receipts.map((receipt) => receipt.queueOffset), [7n, 8n, 9n])
        const [arrival] = cluster.arrivals
        assert.strictEqual(cluster.arrivals.length, 1)
        assert.strictEqual(arrival?.request.code, RequestCode.SEND_BATCH_MESSAGE)
        assert.strictEqual(arrival?.request.extFields["m"], "true")
        const entries = Either.getOrThrow(MessageBatch.decode(arrival?.request.body ?? new Uint8Array()))
        assert.deepStrictEqual(
          entries.map((entry) => entry.properties["UNIQ_KEY"]),
          receipts.map((receipt) => receipt.uniqueKey)
        )
        assert.deepStrictEqual(entries.map((entry) => entry.properties["TAGS"]), ["t1", "t2", "t3"])
      }))

    it.scoped("what cannot be in one batch", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer({ maxMessageSize: 1000 })
        const mixed = failureOf(
          yield* Effect.exit(producer.sendBatch([order, Message.withTopic(order, "others")]))
        )
        assert.isTrue(mixed._tag === "BatchMixedTopicError" && mixed.topics.length === 2)
        const none = failureOf(yield* Effect.exit(producer.sendBatch([])))
        assert.isTrue(none._tag === "MessageValidationError" && none.field === "batch")
        assert.strictEqual(cluster.arrivals.length, 0)
      }))

    const giant = Message.make({ topic: "orders", body: new Uint8Array(1001) })
    const loners = [
      ["a delayed message", Message.withDelayLevel(order, 3), "batch"],
      ["another waitStoreMsgOk", Message.make({ topic: "orders", body: "x", waitStoreMsgOk: false }), "batch"],
      ["a giant", giant, "body"],
      ["a giant by its properties", Message.withProperty(order, "a", "x".repeat(990)), "batch"]
    ] as const
    for (const [name, message, field] of loners) {
      it.scoped(`${name} fails by itself, with its place`, () =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster()
          const producer = yield* cluster.producer({ maxMessageSize: 1000 })
          const error = failureOf(yield* Effect.exit(producer.sendBatch([order, message, order])))
          assert.strictEqual(error._tag, "BatchSendError")
          if (error._tag !== "BatchSendError") return
          assert.deepStrictEqual(error.results.map(Either.isRight), [true, false, true])
          const [index, own] = error.failures[0]!
          assert.strictEqual(index, 1)
          assert.isTrue(own._tag === "MessageValidationError" && own.field === field && own.index === 1)
          assert.strictEqual(error.outcome, "Refused")
          assert.strictEqual(cluster.arrivals.length, 1)
        }))
    }

    it.scoped("what is too large for one request is split, and every member has its own receipt", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer({ maxMessageSize: 1000 })
        const messages = Array.from(
          { length: 50 },
          (_, i) => Message.make({ topic: "orders", body: new Uint8Array(100 + i), properties: { n: `é${i}` } })
        )
        const receipts = yield* producer.sendBatch(messages)
        assert.isTrue(cluster.arrivals.length > 6)
        assert.isTrue(cluster.arrivals.every(({ request }) => request.body!.length <= 1000))
        const stored = cluster.arrivals.flatMap(({ request }) => Either.getOrThrow(MessageBatch.decode(request.body!)))
        assert.deepStrictEqual(stored.map(({ body }) => body.length), messages.map(({ body }) => body.length))
        assert.deepStrictEqual(
          stored.map(({ properties }) => properties["UNIQ_KEY"]),
          receipts.map(({ uniqueKey }) => uniqueKey)
        )
      }))

    it.scoped("a part that fails leaves the others their receipts", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        let calls = 0
        cluster.behave("broker-a", (arrival) =>
          ++calls === 2 ? cluster.answer(BrokerError.MessageIllegalError, 13)(arrival) : cluster.accept(arrival))
        const producer = yield* cluster.producer({ maxMessageSize: 1000 })
        const messages = Array.from({ length: 3 }, () =>
          Message.make({ topic: "orders", body: new Uint8Array(700) }))
        const error = failureOf(yield* Effect.exit(producer.sendBatch(messages)))
        assert.isTrue(error._tag === "BatchSendError")
        if (error._tag !== "BatchSendError") {
          return
        }
        assert.deepStrictEqual(error.results.map(Either.isRight), [true, false, true])
        const own = error.failures[0]![1]
        assert.isTrue(own._tag === "MessageSendError" && own.uniqueKey.length === 32)
      }))
  })

  it.scoped("oneway messages wait for nothing", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster()
      const producer = yield* cluster.producer()
      yield* producer.sendOneway(order)
      yield* producer.sendOneway(order)
      assert.strictEqual(cluster.oneways.length, 2)
      assert.strictEqual(cluster.arrivals.length, 0)
      assert.notStrictEqual(propertiesOf(cluster.oneways[0])["UNIQ_KEY"], propertiesOf(cluster.oneways[1])["UNIQ_KEY"])
    }))

  describe("life", () => {
    it.effect("closing waits for sends under way, then leaves the group", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        const scope = yield* Scope.make()
        const producer = yield* Scope.extend(cluster.producer(), scope)
        yield* producer.send(order)
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answer), cluster.accept(arrival)))
        const sending = yield* Effect.fork(producer.send(order))
        yield* Effect.yieldNow()
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust(1000)
        assert.isTrue((yield* Fiber.poll(closing))._tag === "None")
        assert.isTrue(cluster.groups.has("checkout"))
        const late = failureOf(yield* Effect.exit(producer.send(order)))
        assert.strictEqual(late._tag, "ProducerShutdownError")
        yield* Deferred.succeed(answer, undefined)
        yield* Fiber.join(sending)
        yield* Fiber.join(closing)
        assert.isFalse(cluster.groups.has("checkout"))
      }))

    it.effect("closing gives up what waits for a broker after the shutdown timeout", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", cluster.refuseConnection)
        const scope = yield* Scope.make()
        const producer = yield* Scope.extend(
          cluster.producer({ sendTimeout: "60 seconds", shutdownTimeout: "2 seconds" }),
          scope
        )
        const sending = yield* Effect.fork(Effect.exit(producer.send(order)))
        yield* TestClock.adjust(1000)
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust(1999)
        assert.isTrue((yield* Fiber.poll(closing))._tag === "None")
        yield* TestClock.adjust(1)
        yield* Fiber.join(closing)
        const error = failureOf(yield* Fiber.join(sending))
        assert.isTrue(error._tag === "ProducerShutdownError" && error.attempts.length > 0)
      }))

    it.effect("an interrupted caller is no longer waited for", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const scope = yield* Scope.make()
        const producer = yield* Scope.extend(cluster.producer(), scope)
        yield* producer.send(order)
        cluster.behave("broker-a", () => Effect.never)
        const fast = yield* Effect.fork(producer.send(order))
        yield* Effect.yieldNow()
        cluster.behave("broker-a", cluster.refuseConnection)
        const slow = yield* Effect.fork(producer.send(order))
        yield* TestClock.adjust(300)
        yield* Fiber.interrupt(fast)
        yield* Fiber.interrupt(slow)
        const tries = cluster.arrivals.length
        yield* TestClock.adjust(10000)
        assert.strictEqual(cluster.arrivals.length, tries)
        yield* Scope.close(scope, Exit.void)
      }))

    it.effect("options that make no sense", () =>
      Effect.gen(function*() {
        for (
          const options of [
            { group: "" },
            { group: "my group" },
            { group: "DEFAULT_PRODUCER" },
            { sendTimeout: 0 },
            { retries: -1 },
            { maxMessageSize: 0 },
            { compression: { level: 10 } }
          ]
        ) {
          const cluster = new ProducerCluster()
          const error = failureOf(yield* Effect.exit(Effect.scoped(cluster.producer(options))))
          assert.strictEqual(error._tag, "ProducerStartError")
          assert.strictEqual(cluster.groups.size, 0)
        }
      }))

    it.effect("is configured from the environment", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", cluster.refuseConnection)
        const program = Effect.gen(function*() {
          const producer = yield* Producer.Producer
          assert.strictEqual(producer.group, "from-env")
          const error = failureOf(yield* Effect.exit(within(1000, producer.send(order))))
          assert.isTrue(error._tag === "RetryExhaustedError" && error.reason === "Deadline")
        })
        const environment = ConfigProvider.fromMap(
          new Map([
            ["ROCKETMQ_PRODUCER_GROUP", "from-env"],
            ["ROCKETMQ_SEND_TIMEOUT", "1 seconds"],
            ["ROCKETMQ_COMPRESSION", "none"]
          ]),
          { pathDelim: "_" }
        )
        yield* Effect.provide(program, Producer.layerConfig().pipe(Layer.provide(cluster.layer))).pipe(
          Effect.withConfigProvider(environment)
        )
      }))
  })
})
