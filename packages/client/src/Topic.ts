/**
 * Topics with a type: producers publish values, handlers receive values. What a message means is said once, as a Schema.
 *
 * A record that the schema does not take is a poison record: no delivery of it will succeed. What becomes of it is a
 * policy, one of {@link deadLetter}, {@link skip}, {@link park} and {@link stop}, or a function of your own.
 *
 * @since 0.1.0
 */
import * as Message from "@effect-rocketmq/protocol/Message"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import type { ParseError } from "effect/ParseResult"
import type { Pipeable } from "effect/Pipeable"
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as ConsumeResult from "./ConsumeResult.js"
import type { MessageSelector } from "./MessageSelector.js"
import * as MessageSelectors from "./MessageSelector.js"
import type { SendOptions } from "./Producer.js"
import { Producer } from "./Producer.js"
import type { BatchError, SendError } from "./ProducerError.js"
import type { SendReceipt } from "./SendReceipt.js"
import { TopicDecodeError, TopicEncodeError } from "./TopicError.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/Topic")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * The bytes of what a schema encodes. Both functions may throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Codec<I> {
  readonly encode: (encoded: I) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

/**
 * All of a message besides topic and body.
 *
 * @since 0.1.0
 * @category models
 */
export type Envelope = Omit<Message.Options, "topic" | "body">

/**
 * What may be said of a topic beside its name and schema.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<A, I> {
  /** Default {@link json}. */
  readonly codec?: Codec<I> | undefined
  /** Tags, keys, sharding key and properties that follow from the value. */
  readonly envelope?: ((value: A) => Envelope) | undefined
}

/**
 * A topic whose messages are values of `A`, encoded as `I`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Topic<A, I = unknown, R = never> extends Pipeable {
  readonly [TypeId]: TypeId
  readonly name: string
  readonly schema: Schema.Schema<A, I, R>
  readonly codec: Codec<I>
  readonly envelope: (value: A) => Envelope
}

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true })

/**
 * JSON in UTF-8. Bytes that are not UTF-8 are poison, as is what is not JSON.
 *
 * @since 0.1.0
 * @category codecs
 */
export const json: Codec<unknown> = {
  encode: (encoded) => encoder.encode(JSON.stringify(encoded)),
  decode: (bytes): unknown => JSON.parse(decoder.decode(bytes))
}

/**
 * The body as it is, for schemas that encode to bytes, such as those of a binary format.
 *
 * @since 0.1.0
 * @category codecs
 */
export const bytes: Codec<Uint8Array> = { encode: (encoded) => encoded, decode: (body) => body }

/**
 * Says what the messages of a topic are.
 *
 * @example
 * import { Consumer, Producer, Topic } from "@effect-rocketmq/client"
 * import { Effect, Schema } from "effect"
 *
 * const Order = Schema.Struct({ id: Schema.String, total: Schema.Number, placed: Schema.Date })
 *
 * const Orders = Topic.make("orders", Order, {
 *   envelope: ({ id }) => ({ keys: [id], shardingKey: id })
 * })
 *
 * export const place = Topic.send(Orders, { id: "42", total: 9.5, placed: new Date(0) })
 *
 * export const Billing = Consumer.layer(
 *   { group: "billing", subscriptions: Topic.subscriptions(Orders) },
 *   Topic.handler(Orders, (order) => Effect.log(`order ${order.id} of ${order.placed.toISOString()}`))
 * )
 *
 * export const needs = Producer.layer({ group: "shop" })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A, I, R = never>(
  name: string,
  schema: Schema.Schema<A, I, R>,
  options?: Options<A, I>
): Topic<A, I, R> => ({
  [TypeId]: TypeId,
  name,
  schema,
  codec: options?.codec ?? json,
  envelope: options?.envelope ?? (() => ({})),
  pipe() {
    return pipeArguments(this, arguments)
  }
})

const isTopic = (u: unknown): boolean => Predicate.hasProperty(u, TypeId)

/**
 * The message of a value. What `envelope` says wins over what the topic's own makes of the value.
 *
 * @since 0.1.0
 * @category combinators
 */
export const encode: {
  <A>(
    value: A,
    envelope?: Envelope
  ): <I, R>(self: Topic<A, I, R>) => Effect.Effect<Message.Message, TopicEncodeError, R>
  <A, I, R>(
    self: Topic<A, I, R>,
    value: A,
    envelope?: Envelope
  ): Effect.Effect<Message.Message, TopicEncodeError, R>
} = dual(
  (args) => isTopic(args[0]),
  <A, I, R>(
    self: Topic<A, I, R>,
    value: A,
    envelope?: Envelope
  ): Effect.Effect<Message.Message, TopicEncodeError, R> => {
    const failure = (issue: ParseError | undefined, cause?: unknown) =>
      new TopicEncodeError({ topic: self.name, issue, cause })
    return Schema.encode(self.schema)(value).pipe(
      Effect.mapError((issue) => failure(issue)),
      Effect.flatMap((encoded) =>
        Effect.try({
          try: () =>
            Message.make({
              ...self.envelope(value),
              ...envelope,
              topic: self.name,
              body: self.codec.encode(encoded)
            }),
          catch: (cause) => failure(undefined, cause)
        })
      )
    )
  }
)

/**
 * The value of a message that was received.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decode: {
  (record: MessageExt): <A, I, R>(self: Topic<A, I, R>) => Effect.Effect<A, TopicDecodeError, R>
  <A, I, R>(self: Topic<A, I, R>, record: MessageExt): Effect.Effect<A, TopicDecodeError, R>
} = dual(2, <A, I, R>(self: Topic<A, I, R>, record: MessageExt): Effect.Effect<A, TopicDecodeError, R> => {
  const failure = (issue: ParseError | undefined, cause?: unknown) =>
    new TopicDecodeError({
      topic: self.name,
      queue: MessageQueue.make(record.topic, record.brokerName, record.queueId),
      offset: record.queueOffset,
      msgId: record.msgId,
      record,
      issue,
      cause
    })
  return Effect.flatMap(
    Effect.try({ try: () => self.codec.decode(record.body), catch: (cause) => failure(undefined, cause) }),
    (encoded) => Effect.mapError(Schema.decodeUnknown(self.schema)(encoded), (issue) => failure(issue))
  )
})

/**
 * Sends a value. See `Producer.send` for receipts and errors.
 *
 * @since 0.1.0
 * @category sending
 */
export const send = <A, I, R>(
  self: Topic<A, I, R>,
  value: A,
  options?: SendOptions & { readonly envelope?: Envelope | undefined }
): Effect.Effect<SendReceipt, SendError | TopicEncodeError, Producer | R> =>
  Effect.flatMap(
    encode(self, value, options?.envelope),
    (message) => Effect.flatMap(Producer, (producer) => producer.send(message, options))
  )

/**
 * Sends values as one batch: nothing is sent unless all of them can be encoded. See `Producer.sendBatch`.
 *
 * @since 0.1.0
 * @category sending
 */
export const sendBatch = <A, I, R>(
  self: Topic<A, I, R>,
  values: ReadonlyArray<A>,
  options?: SendOptions
): Effect.Effect<ReadonlyArray<SendReceipt>, BatchError | TopicEncodeError, Producer | R> =>
  Effect.flatMap(
    Effect.forEach(values, (value) => encode(self, value)),
    (messages) => Effect.flatMap(Producer, (producer) => producer.sendBatch(messages, options))
  )

/**
 * What becomes of a poison record. Its result is the handler's; when it fails, the record is delivered again.
 *
 * @since 0.1.0
 * @category poison
 */
export type Poison<E = never, R = never> = (
  error: TopicDecodeError
) => Effect.Effect<void | ConsumeResult.ConsumeResult, E, R>

/**
 * Has the record put aside in the group's dead-letter topic at once, and logged. The default.
 *
 * @since 0.1.0
 * @category poison
 */
export const deadLetter: Poison = (error) =>
  Effect.as(Effect.logWarning(`${error.message}\nIt becomes a dead letter`), ConsumeResult.deadLetter)

/**
 * Leaves the record behind, and logs it.
 *
 * @since 0.1.0
 * @category poison
 */
export const skip: Poison = (error) => Effect.logWarning(`${error.message}\nIt is skipped`)

/** Where a parked record came from, among its properties. */
const PARKED = { topic: "PARKED_TOPIC", id: "PARKED_ID", queue: "PARKED_QUEUE" } as const

/** The record as a message of another topic: its body, keys, tag and own properties, and where it came from. */
const copyTo = (topic: string, { msgId, offset, queue, record }: TopicDecodeError): Message.Message => {
  const properties: Record<string, string> = {}
  for (const [name, value] of Object.entries(record.properties)) {
    if (!MessageProperties.isReserved(name) && name !== MessageProperties.DELAY) properties[name] = value
  }
  properties[PARKED.topic] = record.topic
  properties[PARKED.id] = msgId
  properties[PARKED.queue] = `${queue.brokerName}:${queue.queueId}:${offset}`
  return Message.make({ topic, body: record.body, flag: record.flag, properties })
}

/**
 * Sends the record to another topic, where it waits for a person or for a new schema. It is consumed when the copy is
 * acknowledged, and delivered again when it is not. The properties `PARKED_TOPIC`, `PARKED_ID` and `PARKED_QUEUE`
 * (`broker:queue:offset`) say where it came from.
 *
 * @since 0.1.0
 * @category poison
 */
export const park = (topic: string): Poison<SendError, Producer> => (error) =>
  Effect.flatMap(Producer, (producer) => Effect.asVoid(producer.send(copyTo(topic, error))))

/**
 * Fails the Deferred, which the program waits for to end itself and its consumer: nothing is skipped. The record is
 * delivered again, to the next one who consumes.
 *
 * @since 0.1.0
 * @category poison
 */
export const stop = (signal: Deferred.Deferred<never, TopicDecodeError>): Poison => (error) =>
  Effect.as(Deferred.fail(signal, error), ConsumeResult.retry())

/**
 * A handler for a consumer that gets values.
 *
 * @since 0.1.0
 * @category consuming
 */
export const handler = <A, I, R, E2, R2, E3 = never, R3 = never>(
  self: Topic<A, I, R>,
  handle: (value: A, message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, E2, R2>,
  options?: {
    /** What becomes of a record that cannot be decoded. Default {@link deadLetter}. */
    readonly poison?: Poison<E3, R3> | undefined
  }
): (message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, E2 | E3, R | R2 | R3> => {
  const poison: Poison<E3, R3> = options?.poison ?? deadLetter
  return (message) =>
    Effect.matchEffect(decode(self, message), {
      onFailure: poison,
      onSuccess: (value) => handle(value, message)
    })
}

/**
 * One of several topics of a consumer; see {@link handlers}.
 *
 * @since 0.1.0
 * @category consuming
 */
export interface Route<E = never, R = never> {
  readonly topic: string
  readonly selector: MessageSelector
  readonly handle: (message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, E, R>
}

/**
 * What is wanted of a topic, for the options of a consumer. Default: all messages.
 *
 * @since 0.1.0
 * @category consuming
 */
export const subscriptions = <A, I, R>(
  self: Topic<A, I, R>,
  selector: MessageSelector = MessageSelectors.all
): Readonly<Record<string, MessageSelector>> => ({ [self.name]: selector })

/**
 * A topic with its handler.
 *
 * @since 0.1.0
 * @category consuming
 */
export const on = <A, I, R, E2, R2, E3 = never, R3 = never>(
  self: Topic<A, I, R>,
  handle: (value: A, message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, E2, R2>,
  options?: {
    /** What is wanted of the topic. Default: all messages. */
    readonly selector?: MessageSelector | undefined
    /** What becomes of a record that cannot be decoded. Default {@link deadLetter}. */
    readonly poison?: Poison<E3, R3> | undefined
  }
): Route<E2 | E3, R | R2 | R3> => ({
  topic: self.name,
  selector: options?.selector ?? MessageSelectors.all,
  handle: handler(self, handle, options)
})

/**
 * Several topics as the subscriptions and the handler of one consumer.
 *
 * @example
 * import { Consumer, Topic } from "@effect-rocketmq/client"
 * import { Effect, Schema } from "effect"
 *
 * const Orders = Topic.make("orders", Schema.Struct({ id: Schema.String }))
 * const Payments = Topic.make("payments", Schema.Struct({ order: Schema.String, cents: Schema.Int }))
 *
 * const { handler, subscriptions } = Topic.handlers(
 *   Topic.on(Orders, (order) => Effect.log(order.id)),
 *   Topic.on(Payments, (payment) => Effect.log(payment.cents), { poison: Topic.skip })
 * )
 *
 * export const Ledger = Consumer.layer({ group: "ledger", subscriptions }, handler)
 *
 * @since 0.1.0
 * @category consuming
 */
export const handlers = <Routes extends ReadonlyArray<Route<any, any>>>(...routes: Routes): {
  readonly subscriptions: Readonly<Record<string, MessageSelector>>
  readonly handler: (
    message: MessageExt
  ) => Effect.Effect<
    void | ConsumeResult.ConsumeResult,
    Effect.Effect.Error<ReturnType<Routes[number]["handle"]>>,
    Effect.Effect.Context<ReturnType<Routes[number]["handle"]>>
  >
} => {
  const byTopic = new Map(routes.map((route) => [route.topic, route]))
  return {
    subscriptions: Object.fromEntries(routes.map(({ selector, topic }) => [topic, selector])),
    handler: (message) =>
      byTopic.get(message.topic)?.handle(message) ??
        Effect.dieMessage(`none of the handlers is for topic ${message.topic}`)
  }
}
