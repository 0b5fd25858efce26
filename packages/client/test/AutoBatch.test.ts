import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import type * as Producer from "@effect-rocketmq/client/Producer"
import * as ProducerError from "@effect-rocketmq/client/ProducerError"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Either, Exit, FastCheck as fc, Fiber, Option, Scope, TestClock } from "effect"
import { type Arrival, ProducerCluster, SEND } from "./support/ProducerCluster.js"
import { contentsOf, QueueStore } from "./support/QueueStore.js"

const text = (body: string, options?: Partial<Message.Options>) => Message.make({ topic: "orders", body, ...options })

/** A producer with batches whose topic has been opened. */
const make = (
  cluster: ProducerCluster,
  autoBatch: Producer.AutoBatchOptions | true = { linger: 5 },
  options?: Partial<Producer.Options>
) => Effect.tap(cluster.producer({ autoBatch, ...options }), (producer) => producer.queues("orders"))

type Sending = Fiber.RuntimeFiber<SendReceipt, ProducerError.SendError>

/** Lets every fiber come as far as it gets without time. */
const settle = Effect.repeatN(Effect.yieldNow(), 200)

/** Calls `send` for each, and lets all of them come as far as they get without time. */
const sendEach = (
  producer: Producer.Producer["Type"],
  messages: ReadonlyArray<Message.Message>,
  options?: Producer.SendOptions
): Effect.Effect<ReadonlyArray<Sending>> =>
  Effect.zipLeft(Effect.forEach(messages, (message) => Effect.fork(producer.send(message, options))), settle)

const isPending = (fiber: Sending) => Effect.map(Fiber.poll(fiber), Option.isNone)

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  if (Exit.isFailure(exit)) {
    const failure = Cause.failureOrCause(exit.cause)
    if (Either.isLeft(failure)) return failure.left
  }
  throw new Error(`not a failure: ${String(exit)}`)
}

const bodiesOf = (arrival: Arrival): Array<string> => contentsOf(arrival).map(({ body }) => body)

/** What arrived, request by request. */
const requests = (cluster: ProducerCluster): Array<Array<string>> => cluster.arrivals.map(bodiesOf)

const illegal = (cluster: ProducerCluster, isBad: (bodies: ReadonlyArray<string>) => boolean) =>
  cluster.behave("broker-a", (arrival) =>
    isBad(bodiesOf(arrival))
      ? cluster.answer(BrokerError.MessageIllegalError, 13)(arrival)
      : cluster.accept(arrival))

describe("AutoBatch", () => {
  describe("a batch leaves", () => {
    it.scoped("when its oldest message has waited for the linger", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, true)
        yield* sendEach(producer, [text("a")])
        yield* TestClock.adjust(3)
        const [b] = yield* sendEach(producer, [text("b")])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(requests(cluster), [])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(requests(cluster), [["a", "b"]])
        assert.isFalse(yield* isPending(b!))
        // and the next one waits for as long
        yield* sendEach(producer, [text("c")])
        yield* TestClock.adjust(4)
        assert.strictEqual(cluster.arrivals.length, 1)
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(requests(cluster)[1], ["c"])
      }))

    it.scoped("each at its own time", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.route("refunds", { "broker-a": 4 })
        const producer = yield* make(cluster)
        yield* producer.queues("refunds")
        yield* sendEach(producer, [text("a")])
        yield* TestClock.adjust(2)
        yield* sendEach(producer, [text("b", { topic: "refunds" })])
        yield* TestClock.adjust(3)
        assert.deepStrictEqual(requests(cluster), [["a"]])
        yield* TestClock.adjust(2)
        assert.deepStrictEqual(requests(cluster), [["a"], ["b"]])
      }))

    it.scoped("at once with maxCount messages", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, { maxCount: 3 })
        const sent = yield* sendEach(producer, ["a", "b", "c", "d"].map((body) => text(body)))
        assert.deepStrictEqual(requests(cluster), [["a", "b", "c"]])
        assert.isTrue(yield* isPending(sent[3]!))
      }))

    it.scoped("at once with maxBytes bytes, and before a message that would make it larger", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const body = "x".repeat(300)
        const producer = yield* make(cluster, { maxBytes: 1000 })
        // with its properties each takes some 370 bytes
        yield* sendEach(producer, [text(`a${body}`), text(`b${body}`), text(`c${body}`)])
        assert.deepStrictEqual(requests(cluster).map((bodies) => bodies.map((it) => it[0])), [["a", "b"]])
        assert.isTrue(cluster.arrivals.every(({ request }) => request.body!.length <= 1000))
        yield* TestClock.adjust(5)
        assert.strictEqual(cluster.arrivals.length, 2)
      }))

    it.scoped("as a plain message when it has one only", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        const [only] = yield* sendEach(producer, [text("only", { tags: "t" })])
        yield* TestClock.adjust(5)
        const receipt = yield* Fiber.join(only!)
        const [arrival] = cluster.arrivals
        assert.strictEqual(arrival?.request.code, SEND)
        assert.deepStrictEqual(contentsOf(arrival!).map(({ uniqueKey }) => uniqueKey), [receipt.uniqueKey])
        assert.strictEqual(receipt.offsetId, "ID0")
      }))

    it.scoped("with what is left of the time of its oldest message", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, { linger: 600 }, { sendTimeout: 2000 })
        yield* sendEach(producer, [text("a"), text("b")])
        yield* TestClock.adjust(600)
        assert.deepStrictEqual(cluster.arrivals.map(({ timeout }) => timeout), [1400])
      }))

    it.scoped("after half of the time of a message at the latest", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, { linger: 5000 }, { sendTimeout: 2000 })
        yield* sendEach(producer, [text("a")])
        yield* TestClock.adjust(1000)
        assert.deepStrictEqual(requests(cluster), [["a"]])
      }))
  })

  describe("the result", () => {
    it.scoped("is each caller's own receipt", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const store = new QueueStore(cluster, "broker-a")
        const producer = yield* make(cluster, { maxCount: 10 })
        const bodies = Array.from({ length: 100 }, (_, i) => `body-${i}`)
        const sent = yield* sendEach(producer, bodies.map((body) => text(body)))
        const receipts = yield* Effect.forEach(sent, Fiber.join)
        assert.strictEqual(cluster.arrivals.length, 10)
        receipts.forEach((receipt, i) => {
          const stored = store.at(receipt.messageQueue.queueId, receipt.queueOffset)
          assert.deepStrictEqual(
            [stored?.body, stored?.uniqueKey, stored?.offsetId],
            [bodies[i], receipt.uniqueKey, receipt.offsetId]
          )
          assert.deepStrictEqual(receipt.attempts.map(({ outcome }) => outcome), ["Accepted"])
        })
        assert.strictEqual(new Set(receipts.map(({ uniqueKey }) => uniqueKey)).size, 100)
        const stats = yield* producer.stats
        assert.deepStrictEqual([stats.accepted, stats.inFlight], [100, 0])
      }))

    it.scoped("is each caller's own error, and the outbox has each message", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", cluster.freeze)
        const kept: Array<Producer.UnknownSend> = []
        const producer = yield* make(cluster, true, {
          sendTimeout: 2000,
          outbox: (send) => Effect.sync(() => void kept.push(send))
        })
        const sent = yield* sendEach(producer, [text("a"), text("b")])
        yield* TestClock.adjust(2100)
        const errors = (yield* Effect.forEach(sent, Fiber.await)).map(failureOf)
        assert.deepStrictEqual(errors.map(ProducerError.outcome), ["Unknown", "Unknown"])
        const keys = errors.map((error) => "uniqueKey" in error ? error.uniqueKey : "")
        assert.deepStrictEqual(keys.map((key) => key.length), [32, 32])
        assert.deepStrictEqual(
          kept.map(({ error, message, uniqueKey }) => [new TextDecoder().decode(message.body), uniqueKey, error]),
          [["a", keys[0]!, errors[0]], ["b", keys[1]!, errors[1]]]
        )
        assert.strictEqual((yield* producer.stats).unknown, 2)
      }))

    it.scoped("is the same as without batches when the broker has to be tried again", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", cluster.refuseConnection)
        const producer = yield* make(cluster, { maxCount: 2 })
        const sent = yield* sendEach(producer, ["a", "b", "c", "d"].map((body) => text(body)))
        const receipts = yield* Effect.forEach(sent, Fiber.join)
        assert.isTrue(receipts.every(({ messageQueue }) => messageQueue.brokerName === "broker-b"))
        const [first] = cluster.arrivals.filter(({ address }) => address.startsWith("broker-a")).map(contentsOf)
        const again = cluster.arrivals.filter(({ address }) => address.startsWith("broker-b")).map(contentsOf)
        assert.isTrue(again.some((contents) => contents[0]?.uniqueKey === first?.[0]?.uniqueKey))
      }))

    it.scoped("of a selector that throws is that, for each caller, and nothing stays behind", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const selector = MessageQueueSelector.make(() => {
          throw new Error("a bug")
        }, { sticky: false })
        const producer = yield* make(cluster)
        const sent = yield* sendEach(producer, [text("a"), text("b")], { selector })
        yield* TestClock.adjust(5)
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.deepStrictEqual(
          exits.map((exit) => Exit.isFailure(exit) && Option.isSome(Cause.dieOption(exit.cause))),
          [true, true]
        )
        assert.strictEqual((yield* producer.stats).inFlight, 0)
        // and the next ones go as ever
        const next = yield* sendEach(producer, [text("c")])
        yield* TestClock.adjust(5)
        assert.strictEqual((yield* Fiber.join(next[0]!)).status, "SEND_OK")
      }))
  })

  describe("who travels together", () => {
    it.scoped("messages of one topic that all wait for the flush policy, or none", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.route("refunds", { "broker-a": 4 })
        const producer = yield* make(cluster)
        yield* producer.queues("refunds")
        yield* sendEach(producer, [
          text("a"),
          text("b", { topic: "refunds" }),
          text("c", { waitStoreMsgOk: false }),
          text("d"),
          text("e", { waitStoreMsgOk: false })
        ])
        yield* TestClock.adjust(5)
        assert.deepStrictEqual(requests(cluster), [["a", "d"], ["b"], ["c", "e"]])
        assert.deepStrictEqual(
          cluster.arrivals.map(({ request }) => request.extFields["i"]?.includes("WAIT\x01true")),
          [true, true, false]
        )
      }))

    it.scoped("messages of one queue where it follows from the message, in their order", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const store = new QueueStore(cluster, "broker-a")
        const byKey = MessageQueueSelector.byKey()
        const producer = yield* make(cluster, true, { selector: byKey })
        const hash = MessageQueueSelector.hash("java")
        const messages = Array.from(
          { length: 40 },
          (_, i) => text(`${i}`, i % 5 === 0 ? {} : { shardingKey: `key-${i % 7}` })
        )
        const sent = yield* sendEach(producer, messages)
        yield* TestClock.adjust(5)
        const receipts = yield* Effect.forEach(sent, Fiber.join)
        receipts.forEach((receipt, i) => {
          const key = messages[i]?.shardingKey
          if (key !== undefined) assert.strictEqual(receipt.messageQueue.queueId, hash(key, 4))
        })
        for (const queue of store.queues()) {
          const keyed = queue.map(({ body }) => Number(body)).filter((i) => i % 5 !== 0)
          assert.deepStrictEqual(keyed, [...keyed].sort((a, b) => a - b))
        }
        // one for each queue that a key has, and one for those without
        const queues = new Set(messages.flatMap(({ shardingKey }) => shardingKey ? [hash(shardingKey, 4)] : []))
        assert.strictEqual(cluster.arrivals.length, queues.size + 1)
      }))

    it.scoped("messages for one given queue", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        const to = (queueId: number) => ({ queue: MessageQueue.make("orders", "broker-a", queueId) })
        yield* sendEach(producer, [text("a"), text("b")], to(2))
        yield* sendEach(producer, [text("c"), text("d")], to(3))
        yield* sendEach(producer, [text("e")], to(2))
        yield* TestClock.adjust(5)
        assert.deepStrictEqual(requests(cluster), [["a", "b", "e"], ["c", "d"]])
        assert.deepStrictEqual(cluster.sequence, ["broker-a/2", "broker-a/3"])
      }))

    it.scoped("messages of one selector, which is asked once for each batch", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        let asked = 0
        const selector = MessageQueueSelector.make(() => {
          asked++
          return 1
        }, { sticky: false })
        yield* sendEach(producer, [text("a"), text("b"), text("c")], { selector })
        yield* sendEach(producer, [text("d")])
        yield* TestClock.adjust(5)
        assert.deepStrictEqual(requests(cluster), [["a", "b", "c"], ["d"]])
        assert.strictEqual(cluster.sequence[0], "broker-a/1")
        assert.strictEqual(asked, 1)
      }))

    it.scoped("batches share the queues evenly", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, { maxCount: 2 })
        yield* sendEach(producer, Array.from({ length: 16 }, (_, i) => text(String(i))))
        assert.deepStrictEqual(
          cluster.sequence.slice().sort(),
          [0, 0, 1, 1, 2, 2, 3, 3].map((id) => `broker-a/${id}`)
        )
      }))

    it.scoped("a queue that is gone when its batch leaves is chosen again", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 8 })
        const producer = yield* make(cluster, true, { selector: MessageQueueSelector.make((_, all) => all.length - 1) })
        const sent = yield* sendEach(producer, [text("a"), text("b")])
        cluster.route("orders", { "broker-a": 2 })
        yield* TestClock.adjust(5)
        const receipts = yield* Effect.forEach(sent, Fiber.join)
        assert.deepStrictEqual(receipts.map(({ messageQueue }) => messageQueue.queueId), [1, 1])
        assert.strictEqual((yield* producer.stats).refused, 0)
      }))

    it.scoped("not a queue that was asked for and is gone", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 8 })
        const producer = yield* make(cluster)
        const sent = yield* sendEach(producer, [text("a"), text("b")], {
          queue: MessageQueue.make("orders", "broker-a", 7)
        })
        cluster.route("orders", { "broker-a": 2 })
        yield* TestClock.adjust(5)
        const errors = (yield* Effect.forEach(sent, Fiber.await)).map(failureOf)
        assert.deepStrictEqual(errors.map(({ _tag }) => _tag), ["QueueNotAvailableError", "QueueNotAvailableError"])
        assert.strictEqual((yield* producer.stats).refused, 2)
        assert.strictEqual(cluster.arrivals.length, 0)
      }))
  })

  describe("goes alone and at once", () => {
    const alone: ReadonlyArray<readonly [string, Message.Message, Producer.SendOptions?]> = [
      ["a message delayed by level", text("x", { delayLevel: 3 })],
      ["a timed message", text("x", { delay: "10 seconds" })],
      ["a message with a priority", text("x", { priority: 3 })],
      ["a message of a lite topic", text("x", { properties: { __LITE_TOPIC: "lite" } })],
      ["a body that is compressed", text("x".repeat(4096))],
      ["what is larger than a batch may be", text("x".repeat(3000))],
      ["what says so", text("x"), { autoBatch: false }],
      ["what has a time of its own", text("x"), { timeout: 500 }]
    ]
    for (const [name, message, options] of alone) {
      it.scoped(name, () =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster()
          const producer = yield* make(cluster, { maxBytes: 2000 })
          const [sending] = yield* sendEach(producer, [message], options)
          assert.strictEqual((yield* Fiber.join(sending!)).status, "SEND_OK")
          assert.deepStrictEqual(cluster.arrivals.map(({ request }) => request.code), [SEND])
        }))
    }

    it.scoped("the first message of a topic, and of one that nobody has made yet", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.autoCreation = "On"
        cluster.route("TBW102", { "broker-a": 4 })
        const producer = yield* cluster.producer({ autoBatch: true })
        yield* producer.send(text("a"))
        yield* producer.send(text("b", { topic: "new" }))
        yield* producer.send(text("c", { topic: "new" }))
        assert.deepStrictEqual(requests(cluster), [["a"], ["b"], ["c"]])
        // from now on there is a route
        cluster.route("new", { "broker-a": 4 })
        const sent = yield* sendEach(producer, [text("d", { topic: "new" }), text("e", { topic: "new" })])
        assert.isTrue(yield* isPending(sent[0]!))
        yield* TestClock.adjust(5)
        assert.deepStrictEqual(requests(cluster)[3], ["d", "e"])
      }))

    it.scoped("an invalid message, which fails", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        const error = failureOf(yield* Effect.exit(producer.send(text(""))))
        assert.strictEqual(error._tag, "MessageValidationError")
      }))

    it.scoped("a message for a queue that does not exist, which fails", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        const queue = MessageQueue.make("orders", "broker-z", 0)
        const error = failureOf(yield* Effect.exit(producer.send(text("x"), { queue })))
        assert.strictEqual(error._tag, "QueueNotAvailableError")
      }))
  })

  describe("a batch that is refused for what is in it", () => {
    it.scoped("is sent message by message, and only the bad one fails", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        illegal(cluster, (bodies) => bodies.includes("bad"))
        const kept: Array<Producer.UnknownSend> = []
        const producer = yield* make(cluster, true, { outbox: (send) => Effect.sync(() => void kept.push(send)) })
        const sent = yield* sendEach(producer, [text("a"), text("bad"), text("c")])
        yield* TestClock.adjust(5)
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
        assert.deepStrictEqual(requests(cluster), [["a", "bad", "c"], ["a"], ["bad"], ["c"]])
        const error = failureOf(exits[1]!)
        assert.isTrue(error._tag === "MessageSendError" && error.cause._tag === "MessageIllegalError")
        const stats = yield* producer.stats
        assert.deepStrictEqual([stats.accepted, stats.refused, stats.unknown, stats.inFlight], [2, 1, 0, 0])
        assert.strictEqual(kept.length, 0)
      }))

    it.scoped("keeps the queue that the messages had", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        illegal(cluster, (bodies) => bodies.length > 1)
        const producer = yield* make(cluster, true, { selector: MessageQueueSelector.byKey() })
        const keyed = ["1", "2", "3"].map((body) => text(body, { shardingKey: "k" }))
        const sent = yield* sendEach(producer, keyed)
        yield* TestClock.adjust(5)
        yield* Effect.forEach(sent, Fiber.join)
        assert.deepStrictEqual(requests(cluster), [["1", "2", "3"], ["1"], ["2"], ["3"]])
        assert.strictEqual(new Set(cluster.sequence).size, 1)
      }))

    it.scoped("does not send what nobody waits for any more", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) =>
          bodiesOf(arrival).length > 1
            ? Effect.zipRight(Deferred.await(answer), cluster.answer(BrokerError.MessageIllegalError, 13)(arrival))
            : cluster.accept(arrival))
        const producer = yield* make(cluster, { maxCount: 3 })
        const sent = yield* sendEach(producer, [text("a"), text("b"), text("c")])
        yield* Fiber.interrupt(sent[1]!)
        yield* Deferred.succeed(answer, undefined)
        yield* Fiber.join(sent[2]!)
        assert.deepStrictEqual(requests(cluster).slice(1), [["a"], ["c"]])
        const stats = yield* producer.stats
        assert.deepStrictEqual([stats.accepted, stats.refused, stats.unknown, stats.cancelled], [2, 1, 0, 0])
      }))

    it.scoped("but one that is refused for other reasons fails as a whole", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", ({ address, request }) =>
          Effect.fail(
            new BrokerError.PermissionDeniedError({
              address,
              requestCode: request.code,
              responseCode: 16,
              reason: "Topic"
            })
          ))
        const producer = yield* make(cluster, { maxCount: 3 })
        const sent = yield* sendEach(producer, [text("a"), text("b"), text("c")])
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.deepStrictEqual(exits.map((exit) => failureOf(exit)._tag), Array(3).fill("MessageSendError"))
        assert.strictEqual(cluster.arrivals.length, 1)
        assert.strictEqual((yield* producer.stats).refused, 3)
      }))
  })

  describe("a caller that is interrupted", () => {
    it.scoped("before its batch has left takes its message out", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster, { maxCount: 3 })
        const sent = yield* sendEach(producer, [text("a"), text("b")])
        yield* Fiber.interrupt(sent[0]!)
        yield* sendEach(producer, [text("c")])
        assert.strictEqual(cluster.arrivals.length, 0)
        yield* TestClock.adjust(5)
        assert.deepStrictEqual(requests(cluster), [["b", "c"]])
        const stats = yield* producer.stats
        assert.deepStrictEqual([stats.accepted, stats.cancelled, stats.refused, stats.inFlight], [2, 1, 0, 0])
      }))

    it.scoped("leaves nothing behind when it was the only one", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* make(cluster)
        const [only] = yield* sendEach(producer, [text("a")])
        yield* Fiber.interrupt(only!)
        yield* TestClock.adjust(1)
        const [next] = yield* sendEach(producer, [text("b")])
        yield* TestClock.adjust(4)
        assert.isTrue(yield* isPending(next!))
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(requests(cluster), [["b"]])
      }))

    /** Three messages leave together, and the caller of the second is interrupted meanwhile. */
    const afterwards = (end: ProducerCluster["accept"]) =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answer), end(arrival)))
        const kept: Array<Producer.UnknownSend> = []
        const producer = yield* make(cluster, { maxCount: 3 }, {
          retries: 0,
          outbox: (send) => Effect.sync(() => void kept.push(send))
        })
        const sent = yield* sendEach(producer, [text("a"), text("b"), text("c")])
        yield* Fiber.interrupt(sent[1]!)
        assert.strictEqual(kept.length, 0)
        yield* Deferred.succeed(answer, undefined)
        yield* settle
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.isTrue(Exit.isInterrupted(exits[1]!))
        const { accepted, cancelled, refused, unknown } = yield* producer.stats
        return { exits, kept, counts: { accepted, cancelled, refused, unknown } }
      })

    it.scoped("later is no loss when the batch is accepted", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const { counts, exits, kept } = yield* afterwards(cluster.accept)
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
        assert.deepStrictEqual(kept, [])
        assert.deepStrictEqual(counts, { accepted: 3, cancelled: 0, refused: 0, unknown: 0 })
      }))

    it.scoped("later is in the outbox when it stays unknown", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const { counts, exits, kept } = yield* afterwards(cluster.loseConnection)
        assert.deepStrictEqual(exits.map(Exit.isFailure), [true, true, true])
        assert.deepStrictEqual(
          kept.map(({ error, message }) => [new TextDecoder().decode(message.body), error?._tag]),
          [["a", "RetryExhaustedError"], ["b", undefined], ["c", "RetryExhaustedError"]]
        )
        assert.deepStrictEqual(kept[1]?.attempts.map(({ outcome }) => outcome), ["Unknown"])
        assert.deepStrictEqual(counts, { accepted: 0, cancelled: 0, refused: 0, unknown: 3 })
      }))

    it.scoped("later is not in the outbox when the batch is refused", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const { counts, kept } = yield* afterwards(cluster.refuseConnection)
        assert.deepStrictEqual(kept, [])
        assert.deepStrictEqual(counts, { accepted: 0, cancelled: 0, refused: 3, unknown: 0 })
      }))
  })

  describe("the stop", () => {
    it.scoped("sends what waits, and waits for it", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answer), cluster.accept(arrival)))
        const producer = yield* make(cluster, { linger: "1 minute", maxCount: 3 }, { sendTimeout: "10 minutes" })
        const sent = yield* sendEach(producer, ["a", "b", "c", "d", "e"].map((body) => text(body)))
        assert.deepStrictEqual(requests(cluster), [["a", "b", "c"]])
        const stopping = yield* Effect.fork(producer.stop)
        yield* settle
        assert.deepStrictEqual(requests(cluster), [["a", "b", "c"], ["d", "e"]])
        assert.isTrue(Option.isNone(yield* Fiber.poll(stopping)))
        const late = failureOf(yield* Effect.exit(producer.send(text("late"))))
        assert.strictEqual(late._tag, "ProducerShutdownError")
        yield* Deferred.succeed(answer, undefined)
        const receipt = yield* Fiber.join(stopping)
        assert.deepStrictEqual([receipt.accepted, receipt.refused, receipt.unknown.length], [5, 0, 0])
        assert.strictEqual((yield* Effect.forEach(sent, Fiber.join)).length, 5)
      }))

    it.effect("is the same when the Scope closes", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const scope = yield* Scope.make()
        const producer = yield* Scope.extend(make(cluster), scope)
        const sent = yield* sendEach(producer, [text("a"), text("b")])
        yield* Scope.close(scope, Exit.void)
        yield* Effect.forEach(sent, Fiber.join)
        assert.deepStrictEqual(requests(cluster), [["a", "b"]])
      }))

    it.scoped("names each message that nobody answered for", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", cluster.freeze)
        const producer = yield* make(cluster)
        const sent = yield* sendEach(producer, [text("a"), text("b"), text("c")])
        yield* Fiber.interrupt(sent[2]!)
        const stopping = yield* Effect.fork(producer.stop)
        yield* TestClock.adjust("3 seconds")
        const receipt = yield* Fiber.join(stopping)
        assert.deepStrictEqual(
          receipt.unknown.map(({ error, message }) => [new TextDecoder().decode(message.body), error?._tag]),
          [["a", "ProducerShutdownError"], ["b", "ProducerShutdownError"]]
        )
        const errors = (yield* Effect.forEach(sent.slice(0, 2), Fiber.await)).map(failureOf)
        assert.deepStrictEqual(errors.map(ProducerError.outcome), ["Unknown", "Unknown"])
      }))

    it.scoped("sends the members of a batch that is refused meanwhile", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        illegal(cluster, (bodies) => bodies.includes("bad"))
        const producer = yield* make(cluster)
        const sent = yield* sendEach(producer, [text("a"), text("bad"), text("c")])
        const receipt = yield* producer.stop
        assert.deepStrictEqual([receipt.accepted, receipt.refused], [2, 1])
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
      }))
  })

  describe("back-pressure", () => {
    const mib = 1024 * 1024
    /** Each is a batch of its own. */
    const large = (name: number) => Message.make({ topic: "orders", body: new Uint8Array(mib).fill(name) })
    const options = [{ maxBytes: mib + 1000 }, { compression: false }] as const

    it.scoped("callers wait while 32 MiB have no answer, in their order", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answers: Array<Deferred.Deferred<void>> = []
        cluster.behave("broker-a", (arrival) =>
          Effect.gen(function*() {
            const answer = yield* Deferred.make<void>()
            answers.push(answer)
            yield* Deferred.await(answer)
            return yield* cluster.accept(arrival)
          }))
        const producer = yield* make(cluster, ...options)
        const sent = yield* sendEach(producer, Array.from({ length: 40 }, (_, i) => large(i)))
        yield* TestClock.adjust(50)
        assert.strictEqual(cluster.arrivals.length, 32)
        // who waits for room may go
        yield* Fiber.interrupt(sent[33]!)
        assert.strictEqual((yield* producer.stats).cancelled, 1)
        yield* Deferred.succeed(answers[0]!, undefined)
        yield* Deferred.succeed(answers[1]!, undefined)
        yield* TestClock.adjust(5)
        const arrived = () => cluster.arrivals.map(({ request }) => request.body?.[0])
        assert.deepStrictEqual(arrived().slice(32), [32, 34])
        let answered = 2
        while (answered < answers.length) {
          yield* Deferred.succeed(answers[answered++]!, undefined)
          yield* TestClock.adjust(5)
        }
        const exits = yield* Effect.forEach(sent, Fiber.await)
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 39)
        assert.strictEqual((yield* producer.stats).inFlight, 0)
      }))

    it.scoped("who waits for room until its time is over has sent nothing", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        cluster.behave("broker-a", cluster.freeze)
        const producer = yield* make(cluster, options[0], { ...options[1], sendTimeout: 2000, attemptTimeout: 2000 })
        const sent = yield* sendEach(producer, Array.from({ length: 34 }, (_, i) => large(i)))
        yield* TestClock.adjust(2100)
        const errors = (yield* Effect.forEach(sent, Fiber.await)).map(failureOf)
        assert.deepStrictEqual(
          errors.slice(31).map((error) => [error._tag, ProducerError.outcome(error)]),
          [
            ["RetryExhaustedError", "Unknown"],
            ["RetryExhaustedError", "Refused"],
            ["RetryExhaustedError", "Refused"]
          ]
        )
        assert.strictEqual(cluster.arrivals.length, 32)
        const stats = yield* producer.stats
        assert.deepStrictEqual([stats.unknown, stats.refused, stats.inFlight], [32, 2, 0])
      }))

    it.scoped("who has waited long for room does not shorten the time of others", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answer), cluster.accept(arrival)))
        const producer = yield* make(cluster, options[0], { ...options[1], sendTimeout: 2000 })
        yield* sendEach(producer, Array.from({ length: 32 }, (_, i) => large(i)))
        const old = yield* sendEach(producer, [text("a"), text("b")])
        yield* TestClock.adjust(1500)
        const young = yield* sendEach(producer, [text("c"), text("d")])
        yield* Deferred.succeed(answer, undefined)
        yield* TestClock.adjust(5)
        yield* Effect.forEach([...old, ...young], Fiber.join)
        assert.deepStrictEqual(requests(cluster).slice(32), [["a", "b"], ["c", "d"]])
        assert.deepStrictEqual(cluster.arrivals.slice(32).map(({ timeout }) => timeout), [500, 1995])
      }))

    it.scoped("a stop sends them too", () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const answer = yield* Deferred.make<void>()
        cluster.behave("broker-a", (arrival) => Effect.zipRight(Deferred.await(answer), cluster.accept(arrival)))
        const producer = yield* make(cluster, ...options)
        yield* sendEach(producer, Array.from({ length: 40 }, (_, i) => large(i)))
        const stopping = yield* Effect.fork(producer.stop)
        yield* settle
        assert.strictEqual(cluster.arrivals.length, 40)
        yield* Deferred.succeed(answer, undefined)
        assert.strictEqual((yield* Fiber.join(stopping)).accepted, 40)
      }))
  })

  const step = fc.record({
    pause: fc.nat(4),
    size: fc.constantFrom(1, 1, 1, 50, 300),
    key: fc.option(fc.constantFrom("k1", "k2", "k3"), { nil: undefined }),
    waits: fc.constantFrom(true, true, false),
    isBad: fc.constantFrom(false, false, false, false, true),
    interruptAfter: fc.option(fc.nat(12), { nil: undefined })
  })
  const answers = fc.array(
    fc.record({
      delay: fc.nat(10),
      end: fc.constantFrom("accept", "accept", "accept", "lose", "store and lose", "refuse", "busy")
    }),
    { maxLength: 12 }
  )

  it.effect.prop(
    "each caller gets one result, and it is true",
    { steps: fc.array(step, { maxLength: 24 }), answers, stopAt: fc.option(fc.nat(60), { nil: undefined }) },
    ({ answers, steps, stopAt }) =>
      Effect.scoped(Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 3 })
        const store = new QueueStore(cluster, "broker-a")
        let turn = 0
        const busy = cluster.answer(BrokerError.BrokerBusyError, 2)
        cluster.behave("broker-a", (arrival) => {
          const { delay, end } = answers[turn++] ?? { delay: 0, end: "accept" }
          const behaviour = bodiesOf(arrival).some((body) => body.startsWith("bad"))
            ? cluster.answer(BrokerError.MessageIllegalError, 13)
            : end === "lose"
            ? cluster.loseConnection
            : end === "store and lose"
            ? (it: Arrival) => Effect.zipRight(store.put(it), cluster.loseConnection(it))
            : end === "refuse"
            ? cluster.refuseConnection
            : end === "busy"
            ? busy
            : store.put
          return Effect.zipRight(Effect.sleep(delay), behaviour(arrival))
        })
        const kept: Array<string> = []
        const producer = yield* make(cluster, { linger: 5, maxCount: 4, maxBytes: 900 }, {
          selector: MessageQueueSelector.byKey(),
          retries: 2,
          sendTimeout: 500,
          outbox: ({ uniqueKey }) => Effect.sync(() => void kept.push(uniqueKey))
        })
        const sent: Array<Sending> = []
        let time = 0
        let stopped: Fiber.Fiber<Producer.StopReceipt> | undefined
        for (const [i, { interruptAfter, isBad, key, pause, size, waits }] of steps.entries()) {
          const body = `${isBad ? "bad" : "good"}-${i}-${"x".repeat(size)}`
          const sending = yield* Effect.fork(
            producer.send(text(body, { shardingKey: key, waitStoreMsgOk: waits }))
          )
          sent.push(sending)
          if (interruptAfter !== undefined) {
            yield* Effect.fork(Effect.delay(Fiber.interrupt(sending), interruptAfter))
          }
          if (stopAt !== undefined && stopped === undefined && (time += pause) >= stopAt) {
            stopped = yield* Effect.fork(producer.stop)
          }
          if (pause > 0) yield* TestClock.adjust(pause)
        }
        yield* TestClock.adjust(4000)
        const exits = yield* Effect.forEach(sent, Fiber.poll)
        const stats = yield* producer.stats
        assert.isTrue(exits.every(Option.isSome))
        assert.strictEqual(stats.inFlight, 0)
        const stored = new Set(store.queues().flatMap((queue) => queue.map(({ uniqueKey }) => uniqueKey)))
        let accepted = 0
        let lateOnes = 0
        for (const [i, exit] of exits.entries()) {
          if (Option.isNone(exit)) continue
          if (Exit.isSuccess(exit.value)) {
            accepted++
            const { messageQueue, queueOffset, uniqueKey } = exit.value.value
            const found = store.at(messageQueue.queueId, queueOffset)
            assert.strictEqual(found?.uniqueKey, uniqueKey)
            assert.isTrue(found?.body.startsWith(`good-${i}-`))
            assert.strictEqual(kept.includes(uniqueKey), false)
          } else if (!Exit.isInterrupted(exit.value)) {
            const error = failureOf(exit.value)
            const key = "uniqueKey" in error ? error.uniqueKey : undefined
            if (ProducerError.outcome(error) === "Unknown") assert.isTrue(key === undefined || kept.includes(key))
            else if (key !== undefined) assert.isFalse(stored.has(key))
            if (error._tag === "ProducerShutdownError" && error.attempts.length === 0) lateOnes++
          }
        }
        assert.isAtLeast(stats.accepted, accepted)
        // what is stored was accepted, or is in the outbox; and what was accepted is stored
        assert.isAtMost(stats.accepted, stored.size)
        assert.isAtMost(stored.size, stats.accepted + kept.length)
        assert.strictEqual(stats.unknown, kept.length)
        if (stopped !== undefined) yield* Fiber.join(stopped)
        // late ones were never taken, and an interrupted fiber may not even have begun
        const booked = stats.accepted + stats.refused + stats.unknown + stats.cancelled
        assert.isAtMost(booked, sent.length)
        if (stopAt === undefined && steps.every(({ interruptAfter }) => interruptAfter === undefined)) {
          assert.strictEqual(booked + lateOnes, sent.length)
        }
      })),
    { fastCheck: { numRuns: 30 }, timeout: 120_000 }
  )
})
