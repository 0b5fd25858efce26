/**
 * Sends messages. A send that succeeds was acknowledged by a broker; one that fails says whether the message may be
 * stored all the same.
 *
 * @since 0.1.0
 */
import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Broker } from "./Broker.js"
import type { Client } from "./Client.js"
import type { Compression, CompressionType } from "./Compression.js"
import type * as FaultTolerance from "./FaultTolerance.js"
import * as internal from "./internal/producer.js"
import * as internalConfig from "./internal/producerConfig.js"
import * as internalStream from "./internal/sendStream.js"
import type { MessageQueueSelector } from "./MessageQueueSelector.js"
import type { NameServer } from "./NameServer.js"
import type { BatchError, MessageRecallError, ProducerStartError, SendError } from "./ProducerError.js"
import type { ProducerHealth, ProducerStats } from "./ProducerStats.js"
import type { Reply, ReplyOptions, RequestOptions } from "./RequestReply.js"
import type { NotARequestError, ReplyTimeoutError, RequesterGoneError } from "./RequestReplyError.js"
import type { RetryPolicy } from "./RetryPolicy.js"
import type { Attempt, SendReceipt } from "./SendReceipt.js"

/**
 * Which bodies are compressed, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompressionOptions {
  /** Default `ZLIB`, which every client reads; the others need consumers of 5.x. */
  readonly type?: CompressionType | undefined
  /** Smallest body that is compressed, in bytes. Default 4096. */
  readonly threshold?: number | undefined
  /** 1 (fast) to 9 (small). Default 5. */
  readonly level?: number | undefined
}

/**
 * When single messages travel together. Every caller still gets the receipt, or the error, of its own message.
 *
 * Messages of one topic wait together. Where the queue follows from the message, those of one queue do, so that a key
 * keeps its queue and its order; else the selector is asked once for each batch. Alone go: the first message of a topic,
 * messages that are delayed, timed or compressed, those with a priority or a lite topic, and calls with a `timeout`. While
 * 32 MiB wait or have no answer, callers wait, too; all of that counts towards `sendTimeout`.
 *
 * A caller that is interrupted takes its message out of a batch that has not left. Later the message goes on with the
 * others, and the outbox gets it if it stays unknown whether it is stored. A batch that a broker refuses for what is in
 * it, or for its size, is sent once more, message by message.
 *
 * @since 0.1.0
 * @category models
 */
export interface AutoBatchOptions {
  /** How long a message waits for others at most. Default 5 ms. Not more than half of `sendTimeout`. */
  readonly linger?: Duration.DurationInput | undefined
  /** A batch of this many bytes leaves at once. At most `maxMessageSize`. Default 128 KiB, or that if it is less. */
  readonly maxBytes?: number | undefined
  /** A batch of this many messages leaves at once. Default 64. */
  readonly maxCount?: number | undefined
}

/**
 * A message of which nobody knows whether it is stored: an attempt had no answer, or its caller was interrupted meanwhile.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnknownSend {
  readonly message: Message
  /** The id under which it is stored, if it is. */
  readonly uniqueKey: string
  /** All attempts in their order. */
  readonly attempts: ReadonlyArray<Attempt>
  /** What the caller got. Absent when it was interrupted. */
  readonly error: SendError | undefined
}

/**
 * How a producer ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface StopReceipt {
  readonly group: string
  /** Messages that were acknowledged while the stop waited for them. */
  readonly accepted: number
  /** Messages that were given up and are not stored. */
  readonly refused: number
  /** Messages that were given up and may be stored. */
  readonly unknown: ReadonlyArray<UnknownSend>
}

/**
 * How a producer works. Only the group has no default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How brokers know this producer: letters, digits and `% | _ -`, at most 120 characters. */
  readonly group: string
  /**
   * How long one message may take in all, with every retry and pause. Default 10 seconds. A minute or more carries
   * messages over the restart of a broker.
   */
  readonly sendTimeout?: Duration.DurationInput | undefined
  /** How long one attempt waits for the broker's answer. Default 3 seconds. */
  readonly attemptTimeout?: Duration.DurationInput | undefined
  /** Most attempts after the first. Default: as many as fit into `sendTimeout`. */
  readonly retries?: number | undefined
  /** When a failed attempt is followed by another, by the class of the failure. Default: `RetryPolicy.backoff` for all. */
  readonly retryPolicy?: RetryPolicy | undefined
  /**
   * What a message is that a broker stored with a status other than `SEND_OK`. `"accept"`, the default: it succeeds, and
   * the receipt has the status. `"retry"`: it is sent to another broker, and succeeds with the weaker status when none
   * does better (Java's `retryAnotherBrokerWhenNotStoreOK`); it may be stored several times. `"fail"`: it fails.
   */
  readonly whenNotStoreOk?: "accept" | "retry" | "fail" | undefined
  /** Largest body, or batch, in bytes before compression. Default 4 MiB, as in brokers. */
  readonly maxMessageSize?: number | undefined
  /** Bodies that would not get smaller are sent plain, and so are batches. `false`: nothing is compressed. */
  readonly compression?: CompressionOptions | false | undefined
  /** Who chooses the queue. Default `MessageQueueSelector.roundRobin`. */
  readonly selector?: MessageQueueSelector | undefined
  /** Queues on each broker of a topic that is created by its first message. Default 4. */
  readonly defaultTopicQueueNums?: number | undefined
  /** How failed and slow brokers are treated. `false`: none is avoided, and the retry policy alone decides. */
  readonly faultTolerance?: FaultTolerance.Options | false | undefined
  /** `true`: with the defaults. Default `false`: `send` sends each message by itself. */
  readonly autoBatch?: AutoBatchOptions | boolean | undefined
  /**
   * Most oneway messages to one broker that it has shown no sign of having taken, at least 2. Brokers drop what waits for
   * more than 200 ms in their queue; a window keeps that queue short, at the price of an answer for every half of it. When
   * the answer does not come within `attemptTimeout`, the messages before it count as gone, and the broker as failed.
   * Default 2048, which costs no speed; some hundreds for brokers that are slow. `false`: `sendOneway` never waits.
   */
  readonly onewayWindow?: number | false | undefined
  /**
   * Gets every message of which nobody knows whether it is stored, before its caller gets the error; also those of
   * interrupted callers. A place to write them down. Not for oneway messages.
   */
  readonly outbox?: ((send: UnknownSend) => Effect.Effect<void>) | undefined
  /** How long the stop waits for sends under way. Default 3 seconds. */
  readonly shutdownTimeout?: Duration.DurationInput | undefined
  /** Gets the receipt of the stop. */
  readonly onStop?: ((receipt: StopReceipt) => Effect.Effect<void>) | undefined
}

/**
 * For one call.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendOptions {
  /** The queue to send to, also when it has to be tried again. */
  readonly queue?: MessageQueue | undefined
  /** Who chooses the queue, instead of the producer's own selector. */
  readonly selector?: MessageQueueSelector | undefined
  /** Instead of the producer's `sendTimeout`. */
  readonly timeout?: Duration.DurationInput | undefined
  /** `false`: this message does not wait for others where the producer has `autoBatch`. */
  readonly autoBatch?: boolean | undefined
}

/**
 * What became of one message of {@link sendAll}.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendResult {
  readonly message: Message
  readonly result: Either.Either<SendReceipt, SendError>
}

/**
 * What became of the messages of a {@link sink}.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendSummary {
  readonly accepted: number
  /** Of these, those with a status other than `SEND_OK`. */
  readonly weak: number
}

/**
 * How a stream of messages is sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendAllOptions {
  /** Most messages that are under way, or whose results nobody has taken yet. Default 256. */
  readonly concurrency?: number | undefined
  /** For each of the messages. */
  readonly sendOptions?: SendOptions | undefined
}

/**
 * What a program sends with.
 *
 * @since 0.1.0
 * @category services
 */
export class Producer extends Context.Tag("@effect-rocketmq/client/Producer")<Producer, {
  readonly group: string
  /**
   * Sends a message and waits until a broker has stored it. What fails for reasons that pass is tried again, at another
   * broker if there is one, under the same unique key, until `sendTimeout`. An attempt without an answer may have stored
   * the message, so that a retry stores it twice; the receipt's `attempts` tell. A status other than `SEND_OK` is a
   * success: it is stored, with less certainty than the broker is set to.
   *
   * The effect may be run many times; each run sends a message of its own. Interruption stops the waiting and further
   * attempts, not a request under way.
   */
  readonly send: (message: Message, options?: SendOptions) => Effect.Effect<SendReceipt, SendError>
  /**
   * Hands a message to the connection and waits for nothing: brokers drop such messages under load, and nobody is told.
   */
  readonly sendOneway: (message: Message, options?: SendOptions) => Effect.Effect<void, SendError>
  /**
   * Stores messages of one topic together, in one queue and one request, and all or none of a request. What does not fit
   * into one of `maxMessageSize` is split into several. Receipts are in the order of the messages; unless all were
   * acknowledged it fails with a BatchSendError, which has a result for each of them. A message that breaks a rule fails
   * by itself, and the others are sent. Batches are neither delayed nor compressed.
   */
  readonly sendBatch: (
    messages: ReadonlyArray<Message>,
    options?: SendOptions
  ) => Effect.Effect<ReadonlyArray<SendReceipt>, BatchError>
  /**
   * Sends a message, never in a batch, and waits for the reply of whoever consumes it. The reply has a plain body, and no
   * place in a queue; a body that cannot be decompressed is as it came, `SysFlag.isCompressed` then. An acknowledgement
   * alone does not end the waiting, and a reply that comes before it does. A send that fails is its SendError, unless a
   * reply comes in time after all. Interruption stops the waiting: a reply is dropped then.
   */
  readonly request: (
    message: Message,
    options?: RequestOptions
  ) => Effect.Effect<MessageExt, SendError | ReplyTimeoutError>
  /**
   * Replies to a request that was consumed. Success means that the requester has the reply. It goes through the broker
   * that the request came from, or another one that knows the requester. One that none of them knows is waited for up to
   * 2 seconds, since it may have just connected, and not again within the next 10.
   */
  readonly reply: (
    request: MessageExt,
    reply: string | Uint8Array | Reply | Message,
    options?: ReplyOptions
  ) => Effect.Effect<SendReceipt, SendError | NotARequestError | RequesterGoneError>
  /** The queues of a topic that a message may be sent to, by broker name and queue id. */
  readonly queues: (topic: string) => Effect.Effect<ReadonlyArray<MessageQueue>, SendError>
  /**
   * Takes a timed message back before its time: it is not delivered. Takes the `recallHandle` of its receipt, and returns
   * its unique key. Brokers do not tell whether the message was there: recalling it twice succeeds twice. It fails when its
   * time has come, for handles that are none, and on brokers that have no recall (5.3.2 and later have it, with
   * `recallMessageEnable=true`).
   */
  readonly recall: (recallHandle: string) => Effect.Effect<string, MessageRecallError>
  /** The numbers of this moment. */
  readonly stats: Effect.Effect<ProducerStats>
  /** Whether messages get through, as far as the last ones tell. Asks no broker. */
  readonly health: Effect.Effect<ProducerHealth>
  /**
   * Takes no more messages, sends what waits in batches, waits up to `shutdownTimeout` for what is under way and gives up
   * the rest. The closing of the Scope does the same. Once it has run, its receipt is returned again.
   */
  readonly stop: Effect.Effect<StopReceipt>
}>() {}

/**
 * Sends the messages of a stream, many at a time, and emits a result for each in their order. A message that fails does
 * not end the stream. Messages are read no faster than their results are taken, `concurrency` ahead. Interruption of the
 * stream interrupts the sends.
 *
 * With `autoBatch` messages of a stream travel together; give it a `concurrency` of several batches.
 *
 * @example
 * import { Message, Producer } from "@effect-rocketmq/client"
 * import { Either, Stream } from "effect"
 *
 * export const failed = Stream.range(1, 1000).pipe(
 *   Stream.map((i) => Message.make({ topic: "orders", body: `order ${i}` })),
 *   Producer.sendAll({ concurrency: 64 }),
 *   Stream.filter(({ result }) => Either.isLeft(result)),
 *   Stream.runCount
 * )
 *
 * @since 0.1.0
 * @category streams
 */
export const sendAll: {
  (
    options?: SendAllOptions
  ): <E, R>(messages: Stream.Stream<Message, E, R>) => Stream.Stream<SendResult, E, R | Producer>
  <E, R>(messages: Stream.Stream<Message, E, R>, options?: SendAllOptions): Stream.Stream<SendResult, E, R | Producer>
} = dual(
  (args) => Predicate.hasProperty(args[0], Stream.StreamTypeId),
  <E, R>(
    messages: Stream.Stream<Message, E, R>,
    options?: SendAllOptions
  ): Stream.Stream<SendResult, E, R | Producer> =>
    Stream.unwrap(Effect.map(Producer, (producer) => internalStream.sendAll(producer, messages, options)))
)

/**
 * Sends all messages that it is given, and has ended when all are acknowledged. Fails with the error of the first message
 * that failed; what is under way then is interrupted.
 *
 * @since 0.1.0
 * @category streams
 */
export const sink = (options?: SendAllOptions): Sink.Sink<SendSummary, Message, never, SendError, Producer> =>
  Sink.unwrap(Effect.map(Producer, (producer) => internalStream.sink(producer, options)))

/**
 * A producer that lives until the Scope closes: then it takes nothing new, waits up to `shutdownTimeout` for sends under
 * way, and leaves its group. Fails on options out of range and on a group that this client already has. No broker needs
 * to be up.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<
  Producer["Type"],
  ProducerStartError,
  Client | NameServer | Broker | Compression | Scope.Scope
> = internal.make

/**
 * A producer for as long as the Layer lives. See {@link make}.
 *
 * @example
 * import { Message, Producer } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * const place = Effect.gen(function*() {
 *   const producer = yield* Producer.Producer
 *   const receipt = yield* producer.send(Message.make({ topic: "orders", tags: "paid", keys: ["42"], body: "{}" }))
 *   return `${receipt.status} at ${receipt.queueOffset}`
 * })
 *
 * // needs the services of `RocketMQ` yet: NodeRocketMQ.layer or Embedded.layer
 * export const program = place.pipe(Effect.provide(Producer.layer({ group: "checkout" })))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Producer, ProducerStartError, Client | NameServer | Broker | Compression> =>
  Layer.scoped(Producer, make(options))

/**
 * Every option that a text can say, as variables. What is missing comes from `ROCKETMQ_PRODUCER_PRESET` (`development`,
 * `production`, `high-throughput`, `low-latency`), or has its default; only `ROCKETMQ_PRODUCER_GROUP` has to be there. A
 * value that is malformed or out of range fails with a ConfigError that has the variable and what it must be.
 *
 * - the whole: `ROCKETMQ_PRODUCER_GROUP`, `ROCKETMQ_PRODUCER_PRESET`, `ROCKETMQ_PRODUCER_SHUTDOWN_TIMEOUT`
 * - sending: `ROCKETMQ_SEND_TIMEOUT`, `ROCKETMQ_SEND_ATTEMPT_TIMEOUT`, `ROCKETMQ_SEND_RETRIES`, `ROCKETMQ_SEND_RETRY_POLICY`
 *   (`backoff`, `at-most-once`), `ROCKETMQ_SEND_WHEN_NOT_STORE_OK` (`accept`, `retry`, `fail`), `ROCKETMQ_SEND_SELECTOR`
 *   (`round-robin`, `random`, `by-key`, and `by-key:` with a dialect), `ROCKETMQ_DEFAULT_TOPIC_QUEUE_NUMS`,
 *   `ROCKETMQ_ONEWAY_WINDOW`
 * - bodies: `ROCKETMQ_MAX_MESSAGE_SIZE`, `ROCKETMQ_COMPRESSION` (`ZLIB`, `LZ4`, `ZSTD` or `none`),
 *   `ROCKETMQ_COMPRESSION_THRESHOLD`, `ROCKETMQ_COMPRESSION_LEVEL`
 * - batches: `ROCKETMQ_AUTO_BATCH` (`true`, `false`), and `ROCKETMQ_AUTO_BATCH_LINGER`, `ROCKETMQ_AUTO_BATCH_MAX_BYTES`,
 *   `ROCKETMQ_AUTO_BATCH_MAX_COUNT`, each of which switches it on unless the first is `false`
 * - brokers: `ROCKETMQ_FAULT_TOLERANCE` (`on`, `off`), `ROCKETMQ_FAULT_PROBE_INTERVAL`, `ROCKETMQ_FAULT_LATENCIES` (`java`,
 *   `off`, or a table such as `550 millis = 2 seconds, 3 seconds = 6 seconds`)
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = internalConfig.config

/**
 * A producer with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<Producer, ConfigError | ProducerStartError, Client | NameServer | Broker | Compression> =>
  Layer.scoped(Producer, Effect.flatMap(Config.unwrap(options), make))
