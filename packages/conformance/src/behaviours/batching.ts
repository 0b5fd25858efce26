/**
 * Single messages that travel together, and streams of messages.
 *
 * @since 0.1.0
 */
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("batching")

const MIB = 1024 * 1024

/** Brokers add properties of their own to single messages, and none to the members of a batch. */
const travelledTogether = (message: MessageExt.MessageExt): boolean =>
  message.properties[MessageProperties.MSG_REGION] === undefined

/** What a machine under load does not answer in time would be sent again. */
const patient = { attemptTimeout: "20 seconds", sendTimeout: "25 seconds", shutdownTimeout: "20 seconds" } as const

/** A producer that lets messages wait for each other, and knows the topic. */
const together = (topic: string, autoBatch: Producer.AutoBatchOptions, options?: Member.ProducerOptions) =>
  Effect.tap(Member.producer({ autoBatch, ...patient, ...options }), ({ service }) => service.queues(topic))

/** For what is larger than brokers take. */
const large = { maxMessageSize: 8 * MIB, compression: false } as const

const bytes = (size: number, fill = 0): Uint8Array => new Uint8Array(size).fill(fill)

/** Which receipts do not point at the message with the body. */
const wrongOnes = (
  stored: ReadonlyArray<MessageExt.MessageExt>,
  receipts: ReadonlyArray<readonly [body: string, receipt: SendReceipt]>
) => {
  const place = (brokerName: string, queueId: number, offset: bigint) => `${brokerName}:${queueId}:${offset}`
  const byPlace = new Map(
    stored.map((it) => [
      place(it.brokerName, it.queueId, it.queueOffset),
      `${MessageExt.text(it)} ${it.msgId} ${it.offsetId}`
    ])
  )
  return receipts.filter(([body, { messageQueue, offsetId, queueOffset, uniqueKey }]) =>
    byPlace.get(place(messageQueue.brokerName, messageQueue.queueId, queueOffset)) !==
      `${body} ${uniqueKey} ${offsetId}`
  )
}

/**
 * @since 0.1.0
 * @category behaviours
 */
export const batching: ReadonlyArray<Behaviour> = [
  behaviour("of single sends that travel together each has a receipt that points at its own message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const { service: producer } = yield* together(name, { linger: "10 millis", maxCount: 32 })
    const receipts = yield* Effect.forEach(
      Array.from({ length: 500 }, (_, i) => `body-${i}`),
      (body, i) =>
        Effect.map(
          producer.send(Message.make({ topic: name, body, tags: `t${i % 3}`, keys: [`k${i}`], flag: i })),
          (receipt) => [body, receipt] as const
        ),
      { concurrency: 100 }
    )
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("all are stored once", stored.length, 500)
    yield* Expect.equal("each where its receipt says, under both of its ids", wrongOnes(stored, receipts), [])
    yield* Expect.that(
      "most of them came together with others",
      stored.filter(travelledTogether).length > 250,
      stored.filter(travelledTogether).length
    )
    const numberOf = (message: MessageExt.MessageExt) => Number(MessageExt.text(message).slice("body-".length))
    yield* Expect.equal(
      "tags, keys and flags are each message's own",
      stored.map((message) => [message.tags, message.keys, message.flag]),
      stored.map(numberOf).map((i) => [`t${i % 3}`, [`k${i}`], i])
    )
    yield* Expect.equal("nothing is under way any more", (yield* producer.stats).inFlight, 0)
  }),

  behaviour("messages with a key travel together in the queue of their key, in their order", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const selector = MessageQueueSelector.byKey()
    const { service: producer } = yield* together(name, { linger: "50 millis", maxCount: 1000 }, { selector })
    const messages = Array.from(
      { length: 90 },
      (_, i) => Message.make({ topic: name, body: String(i), shardingKey: `key-${i % 9}` })
    )
    const sent = yield* Effect.forEach(messages, (message) => Effect.fork(producer.send(message)))
    yield* Effect.forEach(sent, Fiber.join)
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("all are stored", stored.length, 90)
    const byKey = new Map<string, Array<MessageExt.MessageExt>>()
    for (const message of stored) {
      const key = message.properties[MessageProperties.SHARDING_KEY] ?? ""
      const known = byKey.get(key)
      if (known === undefined) byKey.set(key, [message])
      else known.push(message)
    }
    for (const [key, all] of byKey) {
      yield* Expect.equal(
        `${key} is in one queue`,
        new Set(all.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)).size,
        1
      )
      const numbers = all.map((message) => Number(MessageExt.text(message)))
      yield* Expect.equal(`${key} is in order`, numbers, [...numbers].sort((a, b) => a - b))
    }
  }),

  behaviour("a giant among messages that travel together fails alone", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const { service: producer } = yield* together(name, { linger: "100 millis", maxBytes: 7 * MIB }, large)
    const bodies = [bytes(10, 1), bytes(5 * MIB, 2), bytes(10, 3), bytes(MIB, 4)]
    const results = yield* Effect.forEach(
      bodies,
      (body) => Effect.either(producer.send(Message.make({ topic: name, body }))),
      { concurrency: "unbounded" }
    )
    yield* Expect.equal("the others are stored", results.map(Either.isRight), [true, false, true, true])
    const error = yield* Effect.flip(results[1]!)
    yield* Expect.equal(
      "the giant is refused for its size",
      error._tag === "MessageSendError" ? [error.outcome, error.cause._tag] : error._tag,
      ["Refused", "MessageTooLargeError"]
    )
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("once each", stored.map(({ body }) => body[0]).sort(), [1, 3, 4])
    const stats = yield* producer.stats
    yield* Expect.equal("and counted once", [stats.accepted, stats.refused, stats.unknown], [3, 1, 0])
  }),

  behaviour("messages that are too large together are stored each by itself", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const { service: producer } = yield* together(name, { linger: "100 millis", maxBytes: 7 * MIB }, large)
    const receipts = yield* Effect.forEach(
      [1, 2, 3],
      (fill) => producer.send(Message.make({ topic: name, body: bytes(2 * MIB, fill) })),
      { concurrency: "unbounded" }
    )
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal(
      "under the keys of the receipts",
      stored.map(({ msgId }) => msgId).sort(),
      receipts.map(({ uniqueKey }) => uniqueKey).sort()
    )
  }),

  behaviour("a batch that is too large for the broker is refused, and not tried again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender({ ...patient, ...large })
    const error = yield* Expect.fails(
      "three times 2 MiB in one request",
      producer.sendBatch([1, 2, 3].map((fill) => Message.make({ topic: name, body: bytes(2 * MIB, fill) }))),
      "BatchSendError"
    )
    yield* Expect.equal(
      "each is refused after one attempt",
      error.failures.map(([, failure]) => [failure._tag, failure._tag === "MessageSendError" && failure.outcome]),
      Array(3).fill(["MessageSendError", "Refused"])
    )
    yield* Expect.equal("nothing is stored", yield* Stored.readAll(name), [])
  }),

  behaviour("a caller that is interrupted before its batch has left sends nothing", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { service: producer } = yield* together(name, { linger: "200 millis" })
    const [first, second, third] = yield* Effect.forEach(
      ["first", "second", "third"],
      (body) => Effect.fork(producer.send(Message.make({ topic: name, body })))
    )
    yield* Effect.yieldNow()
    yield* Fiber.interrupt(second!)
    const receipts = [yield* Fiber.join(first!), yield* Fiber.join(third!)]
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("the others are stored", stored.map(MessageExt.text), ["first", "third"])
    yield* Expect.equal(
      "at the offsets of their receipts",
      stored.map(({ queueOffset }) => queueOffset),
      receipts.map(({ queueOffset }) => queueOffset)
    )
  }),

  behaviour("a stop sends what waits for others, and waits for it", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const { service: producer, stop } = yield* together(name, { linger: "1 minute" }, { sendTimeout: "5 minutes" })
    const sent = yield* Effect.forEach(
      Array.from({ length: 100 }, (_, i) => String(i)),
      (body) =>
        Effect.fork(
          Effect.map(producer.send(Message.make({ topic: name, body })), (receipt) => [body, receipt] as const)
        )
    )
    yield* Effect.yieldNow()
    yield* stop
    const receipts = yield* Effect.forEach(sent, Fiber.join)
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("all are stored", stored.length, 100)
    yield* Expect.equal("where the receipts say", wrongOnes(stored, receipts), [])
  }),

  ...[false, true].map((autoBatch) =>
    behaviour(
      `a stream of messages has a result for each, in order${autoBatch ? ", when they travel together" : ""}`,
      function*() {
        const { topic } = yield* Cluster
        const name = yield* topic({ queues: 4 })
        const producer = yield* Member.sender({ ...patient, autoBatch })
        const messages = Stream.range(0, 499).pipe(
          // brokers refuse messages without a body
          Stream.map((i) => Message.make({ topic: name, body: i % 100 === 99 ? "" : String(i) }))
        )
        const results = yield* messages.pipe(
          Producer.sendAll({ concurrency: 64 }),
          Stream.runCollect,
          Effect.map(Chunk.toReadonlyArray),
          Effect.provideService(Producer.Producer, producer)
        )
        const text = ({ body }: Message.Message) => new TextDecoder().decode(body)
        yield* Expect.equal(
          "in the order of the messages",
          results.map(({ message }) => text(message)),
          Array.from({ length: 500 }, (_, i) => i % 100 === 99 ? "" : String(i))
        )
        const receipts = results.flatMap(({ message, result }) =>
          Either.isRight(result) ? [[text(message), result.right] as const] : []
        )
        yield* Expect.equal("the five bad ones failed alone", receipts.length, 495)
        const stored = yield* Stored.readAll(name)
        yield* Expect.equal("the others are stored once", stored.length, 495)
        yield* Expect.equal("where their receipts say", wrongOnes(stored, receipts), [])
      }
    )
  ),

  behaviour("a sink has ended when all its messages are stored", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender({ ...patient, autoBatch: true })
    const summary = yield* Stream.range(0, 999).pipe(
      Stream.map((i) => Message.make({ topic: name, body: String(i) })),
      Stream.run(Producer.sink()),
      Effect.provideService(Producer.Producer, producer)
    )
    yield* Expect.equal("it counts them", summary, { accepted: 1000, weak: 0 })
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("a thousand are stored", new Set(stored.map(MessageExt.text)).size, 1000)
  }),

  behaviour("a sink fails with the error of the message that failed", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender(patient)
    const messages = ["a", "b", "", "c"].map((body) => Message.make({ topic: name, body }))
    yield* Expect.fails(
      "a message without a body",
      Effect.provideService(
        Stream.run(Stream.concat(Stream.fromIterable(messages), Stream.never), Producer.sink()),
        Producer.Producer,
        producer
      ),
      "MessageValidationError"
    )
  })
]
