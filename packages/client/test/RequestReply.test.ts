import * as Message from "@effect-rocketmq/client/Message"
import * as MessageExt from "@effect-rocketmq/client/MessageExt"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as RequestReply from "@effect-rocketmq/client/RequestReply"
import * as RequestReplyError from "@effect-rocketmq/client/RequestReplyError"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Effect, Either, Exit, Fiber, Metric, TestClock } from "effect"
import * as Fake from "./support/FakeRemoting.js"
import { MARK, notFound, received, RequestCluster, stored, wanted } from "./support/RequestCluster.js"

const order = Message.make({ topic: "orders", tags: "price", body: "request" })

const { HEART_BEAT, SEND_MESSAGE_V2, SEND_REPLY_MESSAGE_V2 } = RequestCode

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  if (Exit.isFailure(exit)) {
    const failure = Cause.failureOrCause(exit.cause)
    if (Either.isLeft(failure)) return failure.left
  }
  throw new Error(`not a failure: ${String(exit)}`)
}

/** How many replies nobody waited for, in all tests so far. */
const lateReplies = Effect.map(
  Metric.value(Metric.counter("rocketmq_client_late_replies", {
    description: "replies that no request waited for: those that came too late, and second ones",
    incremental: true
  })),
  ({ count }) => count
)

const isPending = (fiber: Fiber.RuntimeFiber<unknown, unknown>) =>
  Effect.map(Fiber.poll(fiber), ({ _tag }) => _tag === "None")

/** Starts a request and lets it come as far as it gets without time. */
const start = (producer: Producer.Producer["Type"], options?: RequestReply.RequestOptions, message = order) =>
  Effect.tap(Effect.fork(producer.request(message, options)), () => TestClock.adjust(0))

/** A send to `address` that is acknowledged after so many milliseconds. */
const acknowledgeAfter = (cluster: RequestCluster, address: string, millis: number) => {
  cluster.answers[address] = (request) =>
    request.code === SEND_MESSAGE_V2 ? Effect.delay(stored(request), millis) : undefined
}

const run = (
  name: string,
  test: (cluster: RequestCluster, producer: Producer.Producer["Type"]) => Effect.Effect<void, unknown, Scope.Scope>,
  options?: Partial<Producer.Options>,
  brokers?: ReadonlyArray<string>
) =>
  it.scoped(name, () => {
    const cluster = new RequestCluster(brokers)
    return Effect.flatMap(cluster.producer(options), (producer) => test(cluster, producer))
  })

describe("Producer.request", () => {
  run("gives the reply with the same correlation id", (cluster, producer) =>
    Effect.gen(function*() {
      const fiber = yield* start(producer, { timeout: "5 seconds" })
      const [arrival] = cluster.arrivals
      const { CORRELATION_ID, UNIQ_KEY, ...properties } = arrival!.properties
      assert.strictEqual(UNIQ_KEY?.length, 32)
      assert.match(CORRELATION_ID!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.deepStrictEqual({ ...properties }, {
        TAGS: "price",
        WAIT: "true",
        REPLY_TO_CLIENT: cluster.clientId,
        TTL: "5000"
      })
      assert.strictEqual(arrival!.code, SEND_MESSAGE_V2)
      yield* TestClock.adjust(200)
      assert.isTrue(yield* isPending(fiber))
      const answer = yield* cluster.push({ CORRELATION_ID, MSG_TYPE: "reply", own: "x" }, "42", {
        bornHost: "2001:db8:0:0:0:0:0:1:4711"
      })
      assert.strictEqual(answer.code, ResponseCode.SUCCESS)
      const reply = yield* fiber
      assert.strictEqual(MessageExt.text(reply), "42")
      assert.deepStrictEqual({ ...reply.properties }, {
        CORRELATION_ID,
        MSG_TYPE: "reply",
        own: "x",
        ARRIVE_TIME: "200"
      })
      assert.deepStrictEqual(
        [reply.topic, reply.flag, reply.bornHost, reply.storeHost, reply.bornTimestamp, reply.storeTimestamp],
        ["DefaultCluster_REPLY_TOPIC", 7, "[2001:db8::1]:4711", "10.0.0.2:10911", 1, 2]
      )
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }))

  run("comes after a heartbeat at the broker that stores it", (cluster, producer) =>
    Effect.gen(function*() {
      const slow = Effect.delay(Fake.ok(), 100)
      cluster.answers["broker-a:0"] = (request) => request.code === HEART_BEAT ? slow : undefined
      const fiber = yield* start(producer)
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(cluster.beats, [["broker-a:0", 0]])
      assert.strictEqual(cluster.arrivals.length, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(cluster.arrivals.length, 1)
      // the broker knows the client now
      const second = yield* start(producer)
      assert.strictEqual(cluster.arrivals.length, 2)
      assert.strictEqual(cluster.beats.length, 1)
      yield* Fiber.interruptAll([fiber, second])
    }))

  run(
    "is born when it is asked, in each attempt: who replies reads of it when the requester stops waiting",
    (cluster, producer) =>
      Effect.gen(function*() {
        yield* TestClock.adjust(50)
        cluster.answers["broker-a:0"] = ({ code }) => code === HEART_BEAT ? Effect.delay(Fake.ok(), 100) : undefined
        cluster.answers["broker-b:0"] = ({ code }) =>
          code === SEND_MESSAGE_V2 ? Fake.refuse(ResponseCode.SYSTEM_BUSY) : undefined
        const requests = [yield* start(producer), yield* start(producer)]
        yield* TestClock.adjust(1000)
        yield* Fiber.interruptAll(requests)
        assert.deepStrictEqual([...new Set(cluster.arrivals.map(({ address }) => address))].sort(), [
          "broker-a:0",
          "broker-b:0"
        ])
        assert.isAtLeast(cluster.arrivals.length, 3)
        assert.isTrue(cluster.arrivals.some(({ at }) => at > 50))
        for (const { born, properties } of cluster.arrivals) {
          assert.deepStrictEqual([born, properties["TTL"]], [50, "3000"])
        }
      }),
    undefined,
    ["broker-a", "broker-b"]
  )

  run(
    "fails when no reply comes in time, and says where the request is",
    (cluster, producer) =>
      Effect.gen(function*() {
        const fiber = yield* start(producer)
        yield* TestClock.adjust(2999)
        assert.isTrue(yield* isPending(fiber))
        yield* TestClock.adjust(1)
        const error = failureOf(yield* Fiber.await(fiber))
        assert(error._tag === "ReplyTimeoutError")
        assert.isTrue(RequestReplyError.isRequestReplyError(error))
        assert.strictEqual(error.receipt?.queueOffset, 17n)
        assert.deepStrictEqual(
          [error.topic, error.group, error.timeout, error.reason, error.outcome, error.uniqueKey, error.correlationId],
          [
            "orders",
            "checkout",
            3000,
            "Deadline",
            "Accepted",
            error.receipt?.uniqueKey,
            cluster.arrivals[0]?.properties["CORRELATION_ID"]
          ]
        )
        assert.include(error.message, "queue 0 of broker-a")
        assert.strictEqual((yield* producer.stats).inFlight, 0)
      })
  )

  run("ends each at its own deadline", (_, producer) =>
    Effect.gen(function*() {
      const long = yield* start(producer, { timeout: 1000 })
      yield* TestClock.adjust(100)
      const short = yield* start(producer, { timeout: 200 })
      yield* TestClock.adjust(200)
      assert.deepStrictEqual([yield* isPending(short), yield* isPending(long)], [false, true])
      yield* TestClock.adjust(699)
      assert.isTrue(yield* isPending(long))
      yield* TestClock.adjust(1)
      assert.isFalse(yield* isPending(long))
    }))

  run(
    "counts a late reply, and a second one, and tells the broker that all is well",
    (cluster, producer) =>
      Effect.gen(function*() {
        const before = yield* lateReplies
        const late = yield* start(producer)
        yield* TestClock.adjust(3000)
        yield* Fiber.await(late)
        assert.strictEqual((yield* cluster.push(cluster.arrivals[0]!.properties)).code, ResponseCode.SUCCESS)
        assert.strictEqual((yield* lateReplies) - before, 1)
        const answered = yield* start(producer)
        yield* cluster.push(cluster.arrivals[1]!.properties, "first")
        yield* cluster.push(cluster.arrivals[1]!.properties, "second")
        assert.strictEqual(MessageExt.text(yield* answered), "first")
        assert.strictEqual((yield* lateReplies) - before, 2)
      })
  )

  run("does not take the reply of another request", (cluster, producer) =>
    Effect.gen(function*() {
      const fiber = yield* start(producer)
      for (const properties of [{ CORRELATION_ID: "another" }, {}]) {
        assert.strictEqual((yield* cluster.push(properties)).code, ResponseCode.SUCCESS)
      }
      yield* TestClock.adjust(0)
      assert.isTrue(yield* isPending(fiber))
      yield* Fiber.interrupt(fiber)
    }))

  run("gives concurrent requests their own replies", (cluster, producer) =>
    Effect.gen(function*() {
      const messages = Array.from({ length: 20 }, (_, i) => Message.make({ topic: "orders", body: `request ${i}` }))
      const fibers = yield* Effect.forEach(messages, (message) => start(producer, undefined, message))
      for (const { body, properties } of [...cluster.arrivals].reverse()) {
        yield* cluster.push(properties, `re: ${body}`)
      }
      const replies = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(replies.map(MessageExt.text), messages.map((_, i) => `re: request ${i}`))
      assert.strictEqual(new Set(cluster.arrivals.map(({ properties }) => properties["CORRELATION_ID"])).size, 20)
    }))

  it.scoped("takes a reply that comes before the acknowledgement, and sends no more then", () =>
    Effect.gen(function*() {
      const outbox: Array<Producer.UnknownSend> = []
      const cluster = new RequestCluster()
      const producer = yield* cluster.producer({
        attemptTimeout: 500,
        outbox: (send) => Effect.sync(() => outbox.push(send))
      })
      acknowledgeAfter(cluster, "broker-a:0", 60_000)
      const fiber = yield* start(producer, { timeout: "10 seconds" })
      yield* TestClock.adjust(100)
      yield* cluster.push(cluster.arrivals[0]!.properties, "early")
      assert.strictEqual(MessageExt.text(yield* fiber), "early")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(cluster.arrivals.length, 1)
      assert.deepStrictEqual(outbox, [])
      const { inFlight, refused, unknown } = yield* producer.stats
      assert.deepStrictEqual([inFlight, refused, unknown], [0, 0, 0])
    }))

  run(
    "does not end with the acknowledgement that comes after the reply",
    (cluster, producer) =>
      Effect.gen(function*() {
        acknowledgeAfter(cluster, "broker-a:0", 100)
        const fiber = yield* start(producer)
        yield* cluster.push(cluster.arrivals[0]!.properties, "early")
        yield* TestClock.adjust(5000)
        assert.strictEqual(MessageExt.text(yield* fiber), "early")
      })
  )

  run("is forgotten when it is interrupted", (cluster, producer) =>
    Effect.gen(function*() {
      const before = yield* lateReplies
      const fiber = yield* start(producer)
      yield* Fiber.interrupt(fiber)
      yield* cluster.push(cluster.arrivals[0]!.properties)
      assert.strictEqual((yield* lateReplies) - before, 1)
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }))

  run("makes no more attempts when it is interrupted", (cluster, producer) =>
    Effect.gen(function*() {
      acknowledgeAfter(cluster, "broker-a:0", 60_000)
      const fiber = yield* start(producer, { timeout: "1 minute" })
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(cluster.arrivals.length, 1)
      const { inFlight, unknown } = yield* producer.stats
      assert.deepStrictEqual([inFlight, unknown], [0, 1])
    }), { attemptTimeout: 500 })

  run("fails as the send does", (cluster, producer) =>
    Effect.gen(function*() {
      const [nowhere, invalid, reserved] = yield* Effect.forEach([
        Message.make({ topic: "nowhere", body: "x" }),
        Message.make({ topic: "orders", body: "" }),
        Message.make({ topic: "orders", body: "x", properties: { TTL: "1" } })
      ], (message) => Effect.flip(producer.request(message)))
      assert.deepStrictEqual(
        [nowhere?._tag, invalid?._tag, reserved?._tag],
        ["TopicRouteNotFoundError", "MessageValidationError", "MessageValidationError"]
      )
      cluster.answers["broker-a:0"] = () => Fake.refuse(ResponseCode.MESSAGE_ILLEGAL)
      assert.strictEqual((yield* Effect.flip(producer.request(order)))._tag, "MessageSendError")
      cluster.answers["broker-a:0"] = () => Fake.down("broker-a:0")
      const fiber = yield* start(producer)
      yield* TestClock.adjust(3050)
      const error = failureOf(yield* Fiber.await(fiber))
      assert(error._tag === "RetryExhaustedError")
      assert.deepStrictEqual([error.reason, error.outcome], ["Deadline", "Refused"])
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }))

  run("may have a reply though its send failed: it is stored, perhaps", (cluster, producer) =>
    Effect.gen(function*() {
      cluster.answers["broker-a:0"] = ({ code }) =>
        code === SEND_MESSAGE_V2 ? Fake.refuse(ResponseCode.SYSTEM_ERROR, "an exception") : undefined
      const answered = yield* start(producer)
      yield* TestClock.adjust(1000)
      yield* cluster.push(cluster.arrivals[0]!.properties, "after all")
      assert.strictEqual(MessageExt.text(yield* answered), "after all")
      const unanswered = yield* start(producer)
      yield* TestClock.adjust(2999)
      assert.isTrue(yield* isPending(unanswered))
      yield* TestClock.adjust(1)
      const error = failureOf(yield* Fiber.await(unanswered))
      assert(error._tag === "RetryExhaustedError")
      assert.strictEqual(error.outcome, "Unknown")
    }), { retries: 0 })

  run(
    "that no broker acknowledges in time fails with its attempts",
    (cluster, producer) =>
      Effect.gen(function*() {
        cluster.answers["broker-a:0"] = ({ code }) => code === SEND_MESSAGE_V2 ? Fake.down("broker-a:0") : undefined
        cluster.answers["broker-b:0"] = ({ code }) => code === HEART_BEAT ? Effect.delay(Fake.ok(), 4000) : undefined
        const fiber = yield* start(producer, { selector: MessageQueueSelector.make(() => 0, { sticky: false }) })
        yield* TestClock.adjust(3050)
        const error = failureOf(yield* Fiber.await(fiber))
        assert(error._tag === "RetryExhaustedError")
        assert.deepStrictEqual(error.attempts.map(({ brokerName }) => brokerName), ["broker-a", "broker-b"])
        yield* TestClock.adjust(1000)
      }),
    undefined,
    ["broker-a", "broker-b"]
  )

  run("does not wait for a broker longer than for a reply", (cluster, producer) =>
    Effect.gen(function*() {
      cluster.answers["broker-a:0"] = ({ code }) => code === HEART_BEAT ? Effect.delay(Fake.ok(), 4000) : undefined
      yield* producer.send(order)
      const fiber = yield* start(producer)
      yield* TestClock.adjust(3100)
      const error = failureOf(yield* Fiber.await(fiber))
      assert(error._tag === "ReplyTimeoutError")
      assert.deepStrictEqual([error.receipt, error.outcome], [undefined, "Unknown"])
      assert.include(error.message, "may be stored")
      const { inFlight, unknown } = yield* producer.stats
      assert.deepStrictEqual([inFlight, unknown], [0, 1])
      yield* TestClock.adjust(1000)
    }))

  run("leaves alone and at once where others wait for a batch", (cluster, producer) =>
    Effect.gen(function*() {
      yield* producer.queues("orders")
      const other = yield* Effect.fork(producer.send(order))
      const fiber = yield* start(producer)
      assert.deepStrictEqual(cluster.arrivals.map(({ code }) => code), [SEND_MESSAGE_V2])
      yield* cluster.push(cluster.arrivals[0]!.properties)
      yield* fiber
      yield* Fiber.interrupt(other)
    }), { autoBatch: { linger: "1 minute" } })

  run("gives a plain body", (cluster, producer) =>
    Effect.gen(function*() {
      const ask = (body: Uint8Array, sysFlag: number) =>
        Effect.gen(function*() {
          const fiber = yield* start(producer)
          yield* cluster.push(cluster.arrivals.at(-1)!.properties, body, { sysFlag })
          const reply = yield* fiber
          return [Array.from(reply.body), SysFlag.isCompressed(reply.sysFlag)]
        })
      assert.deepStrictEqual(yield* ask(Uint8Array.of(MARK, 1, 2), 0x1), [[1, 2], false])
      assert.deepStrictEqual(yield* ask(Uint8Array.of(1, 2), 0), [[1, 2], false])
      // as Go sends it: flagged, and yet not compressed
      assert.deepStrictEqual(yield* ask(Uint8Array.of(1, 2), 0x1), [[1, 2], false])
      // of a format that nobody knows
      assert.deepStrictEqual(yield* ask(Uint8Array.of(MARK, 1), 0x701), [[MARK, 1], true])
    }))

  it.scoped("is waited for when the producer stops, and given up after its time", () =>
    Effect.gen(function*() {
      const cluster = new RequestCluster()
      const producer = yield* cluster.producer({ shutdownTimeout: 1000 })
      const [first, second] = [
        yield* start(producer, { timeout: "1 minute" }),
        yield* start(producer, { timeout: "1 minute" })
      ]
      const stop = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(999)
      yield* cluster.push(cluster.arrivals[0]!.properties, "in time")
      assert.strictEqual(MessageExt.text(yield* first), "in time")
      assert.isTrue(yield* isPending(stop))
      yield* TestClock.adjust(1)
      const error = failureOf(yield* Fiber.await(second))
      assert(error._tag === "ReplyTimeoutError")
      assert.deepStrictEqual([error.reason, error.retryable, error.outcome], ["Shutdown", false, "Accepted"])
      yield* stop
      assert.strictEqual((yield* Effect.flip(producer.request(order)))._tag, "ProducerShutdownError")
    }))

  it.scoped("that is being sent when the producer gives up fails with what became of the send", () =>
    Effect.gen(function*() {
      const cluster = new RequestCluster()
      const producer = yield* cluster.producer({ shutdownTimeout: 1000, attemptTimeout: 500 })
      acknowledgeAfter(cluster, "broker-a:0", 60_000)
      const fiber = yield* start(producer, { timeout: "1 minute" })
      yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(2000)
      const error = failureOf(yield* Fiber.await(fiber))
      assert.strictEqual(error._tag, "ProducerShutdownError")
    }))
})

describe("Producer.reply", () => {
  const two = ["broker-a", "broker-b"]
  const request = received(wanted)

  run(
    "goes to the requester through the broker that the request came from",
    (cluster, producer) =>
      Effect.gen(function*() {
        yield* Effect.forEach(Array.from({ length: 6 }), () => producer.reply(request, "answer"))
        assert.deepStrictEqual(new Set(cluster.arrivals.map(({ address }) => address)), new Set(["broker-a:0"]))
        const [{ body, code, properties, topic }] = cluster.arrivals as [typeof cluster.arrivals[0]]
        assert.deepStrictEqual([code, topic, body], [SEND_REPLY_MESSAGE_V2, "DefaultCluster_REPLY_TOPIC", "answer"])
        const { UNIQ_KEY, ...rest } = properties
        assert.strictEqual(UNIQ_KEY?.length, 32)
        assert.deepStrictEqual({ ...rest }, {
          WAIT: "true",
          CORRELATION_ID: "42",
          REPLY_TO_CLIENT: "requester",
          TTL: "3000",
          MSG_TYPE: "reply"
        })
      }),
    undefined,
    two
  )

  run("has what it is given", (cluster, producer) =>
    Effect.gen(function*() {
      yield* producer.reply(request, { body: Uint8Array.of(65), tags: "t", keys: ["k"], properties: { own: "x" } })
      yield* producer.reply(request, Message.make({ topic: "anything", tags: "t", keys: ["k"], body: "A" }))
      for (const { body, properties, topic } of cluster.arrivals) {
        assert.deepStrictEqual(
          [body, properties["TAGS"], properties["KEYS"], properties["CORRELATION_ID"], topic],
          ["A", "t", "k", "42", "DefaultCluster_REPLY_TOPIC"]
        )
      }
      assert.strictEqual(cluster.arrivals[0]?.properties["own"], "x")
      assert.strictEqual((yield* Effect.flip(producer.reply(request, "")))._tag, "MessageValidationError")
    }))

  run(
    "tries other brokers when its own does not know the requester, or is down",
    (cluster, producer) =>
      Effect.gen(function*() {
        for (const answer of [notFound, Fake.down("broker-a:0")]) {
          cluster.answers["broker-a:0"] = ({ code }) => code === SEND_REPLY_MESSAGE_V2 ? answer : undefined
          const receipt = yield* producer.reply(request, "answer")
          assert.strictEqual(receipt.messageQueue.brokerName, "broker-b")
        }
      }),
    undefined,
    two
  )

  const nobody = (cluster: RequestCluster, brokers: ReadonlyArray<string>) => {
    for (const name of brokers) {
      cluster.answers[`${name}:0`] = ({ code }) => code === SEND_REPLY_MESSAGE_V2 ? notFound : undefined
    }
  }

  run(
    "waits a moment for a requester that no broker knows yet",
    (cluster, producer) =>
      Effect.gen(function*() {
        nobody(cluster, two)
        const fiber = yield* Effect.fork(producer.reply(request, "answer"))
        yield* TestClock.adjust(700)
        assert.isTrue(yield* isPending(fiber))
        delete cluster.answers["broker-b:0"]
        yield* TestClock.adjust(100)
        const receipt = yield* fiber
        assert.strictEqual(receipt.messageQueue.brokerName, "broker-b")
        assert.strictEqual((yield* producer.stats).refused, 0)
      }),
    undefined,
    two
  )

  run(
    "fails when no broker gets to know the requester, and does not wait for it again",
    (cluster, producer) =>
      Effect.gen(function*() {
        nobody(cluster, two)
        const fiber = yield* Effect.fork(producer.reply(request, "answer"))
        yield* TestClock.adjust(1999)
        assert.isTrue(yield* isPending(fiber))
        yield* TestClock.adjust(1)
        const error = failureOf(yield* Fiber.await(fiber))
        assert(error._tag === "RequesterGoneError")
        assert.deepStrictEqual(cluster.replies.slice(0, 2).map(({ address }) => address), ["broker-a:0", "broker-b:0"])
        assert.deepStrictEqual(
          [error.topic, error.group, error.clientId, error.correlationId, error.outcome, error.retryable],
          ["orders", "checkout", "requester", "42", "Refused", false]
        )
        assert.include(error.message, "broker-a (broker-a:0), broker-b (broker-b:0)")
        assert.strictEqual((yield* producer.stats).refused, 1)
        const before = cluster.replies.length
        assert.strictEqual((yield* Effect.flip(producer.reply(request, "answer")))._tag, "RequesterGoneError")
        assert.strictEqual(cluster.replies.length, before + 2)
      }),
    undefined,
    two
  )

  run("says so when there is one broker only", (cluster, producer) =>
    Effect.gen(function*() {
      nobody(cluster, ["broker-a"])
      const fiber = yield* Effect.fork(producer.reply(request, "answer", { timeout: 300 }))
      yield* TestClock.adjust(300)
      const error = failureOf(yield* Fiber.await(fiber))
      assert.strictEqual(error._tag, "RequesterGoneError")
      assert.include(error.message, "broker-a (broker-a:0)")
    }))

  run("blames no broker for a requester that does not answer it", (cluster, producer) =>
    Effect.gen(function*() {
      yield* producer.send(order)
      cluster.answers["broker-a:0"] = ({ code }) => code === SEND_REPLY_MESSAGE_V2 ? Effect.never : undefined
      const fiber = yield* Effect.fork(producer.reply(request, "answer", { timeout: 1000 }))
      yield* TestClock.adjust(1050)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.strictEqual((yield* producer.health).status, "Up")
      yield* producer.send(order)
    }))

  run("is refused for a message that is no request, with what it lacks", (cluster, producer) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(producer.reply(received({ UNIQ_KEY: "K", CORRELATION_ID: "42" }), "answer"))
      assert(error._tag === "NotARequestError")
      assert.deepStrictEqual(
        [error.topic, error.msgId, error.missing],
        ["orders", "K", ["REPLY_TO_CLIENT", "CLUSTER"]]
      )
      assert.include(error.message, "no REPLY_TO_CLIENT, no CLUSTER")
      assert.strictEqual(cluster.arrivals.length, 0)
    }))
})

describe("RequestReply.responder", () => {
  const provided = <A, E>(effect: Effect.Effect<A, E, Producer.Producer>, producer: Producer.Producer["Type"]) =>
    Effect.provideService(effect, Producer.Producer, producer)

  run("replies with what the handler gives", (cluster, producer) =>
    Effect.gen(function*() {
      const handler = RequestReply.responder((request) => Effect.succeed(`re: ${MessageExt.text(request)}`))
      yield* provided(handler(received(wanted)), producer)
      assert.deepStrictEqual(cluster.replies.map(({ body }) => body), ["re: request"])
    }))

  run("fails as the handler does, and replies nothing", (cluster, producer) =>
    Effect.gen(function*() {
      const handler = RequestReply.responder(() => Effect.fail("no price" as const))
      assert.strictEqual(yield* Effect.flip(provided(handler(received(wanted)), producer)), "no price")
      assert.strictEqual(cluster.replies.length, 0)
    }))

  run(
    "is done when the requester is gone, and not when the reply was not sent",
    (cluster, producer) =>
      Effect.gen(function*() {
        const handler = RequestReply.responder(() => Effect.succeed("answer"))
        cluster.answers["broker-a:0"] = ({ code }) => code === SEND_REPLY_MESSAGE_V2 ? notFound : undefined
        const fiber = yield* Effect.fork(provided(handler(received(wanted)), producer))
        yield* TestClock.adjust("2 seconds")
        yield* fiber
        cluster.answers["broker-a:0"] = ({ code }) =>
          code === SEND_REPLY_MESSAGE_V2 ? Fake.refuse(ResponseCode.MESSAGE_ILLEGAL) : undefined
        const error = yield* Effect.flip(provided(handler(received(wanted)), producer))
        assert.strictEqual(error._tag, "MessageSendError")
      })
  )

  run(
    "refuses messages that are no requests, or leaves them to another handler",
    (cluster, producer) =>
      Effect.gen(function*() {
        const plain = received({ UNIQ_KEY: "K" })
        const handled: Array<string> = []
        const answer = (request: MessageExt.MessageExt) => Effect.sync(() => String(handled.push(request.msgId)))
        const error = yield* Effect.flip(provided(RequestReply.responder(answer)(plain), producer))
        assert.strictEqual((error as { readonly _tag: string })._tag, "NotARequestError")
        assert.deepStrictEqual(handled, [])
        const otherwise = (message: MessageExt.MessageExt) =>
          Effect.sync(() => void handled.push(`other ${message.msgId}`))
        yield* provided(RequestReply.responder(answer, { otherwise })(plain), producer)
        assert.deepStrictEqual(handled, ["other K"])
        assert.deepStrictEqual([RequestReply.isRequest(plain), RequestReply.isRequest(received(wanted))], [false, true])
        assert.strictEqual(cluster.arrivals.length, 0)
      })
  )

  run("answers a request whose time is over, unless told to skip it", (cluster, producer) =>
    Effect.gen(function*() {
      const old = received(wanted, 1000)
      assert.strictEqual(RequestReply.expiresAt(old), 4000)
      assert.strictEqual(RequestReply.expiresAt(received({ TTL: "soon" })), undefined)
      const answer = () => Effect.succeed("answer")
      const skipping = RequestReply.responder(answer, { expired: "skip" })
      yield* TestClock.adjust(3999)
      yield* provided(skipping(old), producer)
      assert.strictEqual(cluster.replies.length, 1)
      yield* TestClock.adjust(1)
      yield* provided(skipping(old), producer)
      assert.strictEqual(cluster.replies.length, 1)
      yield* provided(RequestReply.responder(answer)(old), producer)
      assert.strictEqual(cluster.replies.length, 2)
    }))
})
