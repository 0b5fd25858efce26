/**
 * A consumer that pops: the broker hands each message to one member of the group for a while, and again to anyone when it
 * is not acknowledged by then. No queue belongs to a member, so that nothing is rebalanced, members may be more than
 * queues, and a slow message holds up no others. Messages come in no order.
 *
 * The handler is that of {@link Consumer}. Success acknowledges the message. After a failure it stays invisible for the
 * retry delay and comes again. While a message waits here or its handler runs, its invisible time is renewed; when that
 * cannot be done in time the message comes again elsewhere, which is told as a `Lapsed` event. Delivery is at least once.
 *
 * Each member pops every broker of a topic, all of its queues at once, which needs no change of the group's request mode.
 * Brokers of 5.x and their `timerWheelEnable` are needed.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Broker } from "./Broker.js"
import type { BrokerError } from "./BrokerError.js"
import type { Client } from "./Client.js"
import type { GroupAlreadyRegisteredError } from "./ClientError.js"
import type { Compression } from "./Compression.js"
import type { ConsumerConfigError, ConsumerStartError, ConsumerValidationError } from "./ConsumerError.js"
import type { BatchResult, ConsumeResult } from "./ConsumeResult.js"
import type { ConsumerEvent } from "./ConsumerEvent.js"
import * as OptionRules from "./internal/optionRules.js"
import * as internal from "./internal/popConsumer.js"
import type { MessageSelector } from "./MessageSelector.js"
import type { NameServer } from "./NameServer.js"
import type { InvalidSelectorError, InvalidTopicError } from "./SubscriptionError.js"

/**
 * What may be set beside the group and its subscriptions. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tuning {
  /** How many handlers run at the same time. Default 64. */
  readonly concurrency?: number | undefined
  /** Most messages of one pop, 1 to 32. Default 32. */
  readonly popBatchSize?: number | undefined
  /**
   * Where a group starts that has no progress on a queue. Default `"last"`; a broker that still has the queue's first
   * message in memory starts there all the same.
   */
  readonly consumeFrom?: "last" | "first" | undefined
  /** How long nobody else gets a popped message, at least 1 second. Default 60 seconds. */
  readonly invisibleTime?: Duration.DurationInput | undefined
  /** How long a broker may hold a pop while there is nothing. Default 15 seconds. */
  readonly pollTime?: Duration.DurationInput | undefined
  /** Messages held here, waiting ones included, from which on nothing is popped. Default 256. */
  readonly maxCached?: number | undefined
  /**
   * Whether the invisible time of what is held is renewed when half of it is over. Default true. Without it a message
   * whose turn does not come, or whose handler does not end, within `invisibleTime` comes again elsewhere.
   */
  readonly renew?: boolean | undefined
  /** Largest body after decompression, in bytes; a message with a larger one becomes a dead letter. Default 32 MiB. */
  readonly maxDecompressedSize?: number | undefined
  /**
   * Deliveries after the first one until a message becomes a dead letter in `%DLQ%group`. Default 16. Brokers do not count
   * what is popped: this consumer sends the message there itself and acknowledges it then.
   */
  readonly maxReconsumeTimes?: number | undefined
  /**
   * How long a message that failed stays invisible. Default: longer with each delivery, 10 s, 30 s, 1 min … 2 h. What a
   * handler asks for with a delay level is the time of brokers' default table.
   */
  readonly retryDelay?: Duration.DurationInput | ((message: MessageExt) => Duration.DurationInput) | undefined
  /** How long a handler may take. Then it is interrupted and the message comes again after 10 s. Default 15 minutes. */
  readonly consumeTimeout?: Duration.DurationInput | undefined
  /** How long running handlers may go on when the consumer stops; then they are interrupted. Default 10 seconds. */
  readonly shutdownTimeout?: Duration.DurationInput | undefined
}

/**
 * What a consumer is: its group, what it wants, and how it is tuned.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Tuning {
  /** Members of a group share the messages. All of them must pop, and have the same subscriptions. */
  readonly group: string
  /** What is wanted of which topic. */
  readonly subscriptions: Readonly<Record<string, MessageSelector>>
}

/**
 * The same for a handler of several messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchOptions extends Options {
  /** Most messages that the handler gets at once, 1 to 32; it gets what came of one queue with one pop. */
  readonly batchSize: number
}

/**
 * Counts of messages since the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stats {
  readonly popped: number
  /** Handled with success. */
  readonly consumed: number
  /** Failures, timeouts and asked-for retries of the handler. */
  readonly failed: number
  readonly timedOut: number
  /** Acknowledged, and the broker knows. */
  readonly acked: number
  /** Acknowledgements that failed; they are tried again. */
  readonly ackFailures: number
  /** Times that the invisible time of a message was prolonged. */
  readonly renewed: number
  readonly renewFailures: number
  /** Held for longer than the broker was told: they come again. */
  readonly lapsed: number
  /** Given back: the broker knows when they shall come again. */
  readonly returned: number
  /** Not given back: they come again when their invisible time is over. */
  readonly returnFailures: number
  readonly deadLettered: number
  /** Let through by a broker's filter and not wanted by the exact check of tags. */
  readonly filtered: number
  readonly undecodable: number
  /** Requests to pop that failed. */
  readonly popFailures: number
  /** Held now. */
  readonly cachedCount: number
  /** In the hands of handlers now. */
  readonly running: number
}

/**
 * The time of a message was over before its outcome was told to the broker: it comes again, whatever its handler made of
 * it. `during` is what it was at here.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lapsed {
  readonly _tag: "Lapsed"
  readonly message: MessageExt
  readonly queue: MessageQueue
  readonly during: "Waiting" | "Handling" | "Settling"
}

/**
 * A broker did not take acknowledgements. They are tried again until the time of the messages is over.
 *
 * @since 0.1.0
 * @category models
 */
export interface AckFailed {
  readonly _tag: "AckFailed"
  readonly brokerName: string
  readonly count: number
  readonly error: BrokerError
}

/**
 * What happened in a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export type Event =
  | Extract<ConsumerEvent, { readonly _tag: "HandlerFailed" | "HandlerTimedOut" | "Undecodable" }>
  | Lapsed
  | AckFailed

/**
 * What became of the messages when a consumer stopped.
 *
 * @since 0.1.0
 * @category models
 */
export interface StopReceipt {
  readonly group: string
  /** Acknowledged while it stopped. */
  readonly acked: number
  /** Their handlers were interrupted. */
  readonly cutOff: number
  /** Given back while it stopped, to come again. */
  readonly returned: number
  /** Neither: they come again when their invisible time is over. */
  readonly left: number
}

/**
 * Why a consumer could not be made.
 *
 * @since 0.1.0
 * @category models
 */
export type StartError =
  | ConsumerConfigError
  | ConsumerValidationError
  | ConsumerStartError
  | InvalidTopicError
  | InvalidSelectorError
  | GroupAlreadyRegisteredError

/**
 * What a program sees of its consumer.
 *
 * @since 0.1.0
 * @category services
 */
export class PopConsumer extends Context.Tag("@effect-rocketmq/client/PopConsumer")<PopConsumer, {
  readonly group: string
  /** Waits until all brokers of the topics have answered a pop: what is sent from then on is received. */
  readonly ready: Effect.Effect<void>
  readonly stats: Effect.Effect<Stats>
  /** What happens from the subscription on. Who is too slow misses the oldest. */
  readonly events: Stream.Stream<Event>
  /**
   * Stops as the closing of the Scope would, once, and says what became of the messages. Until the Scope closes, pops that
   * brokers hold may still bring some, which are given back.
   */
  readonly stop: Effect.Effect<StopReceipt>
}>() {}

/**
 * Starts a consumer; it stops with its Scope: nothing more is popped, running handlers finish within `shutdownTimeout`, what
 * they finished is acknowledged, and what nobody handled is given back and comes again after a second. When its client
 * stays connected after the Scope has closed, a broker may still answer a pop that it holds: messages that come so come
 * again after `invisibleTime`.
 *
 * The handler's success means consumed, or what its `ConsumeResult` says. Failing, throwing, dying and taking longer than
 * `consumeTimeout` concern only the message in hand. Options are checked before anything is sent. A topic that does not
 * exist yet is waited for; name servers that cannot be reached are a ConsumerStartError.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
) => Effect.Effect<
  PopConsumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.make

/**
 * The same with a handler that gets several messages at once, all of one queue. Its failure concerns all of them; with a
 * `BatchResult` it says for each one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBatch: <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
) => Effect.Effect<
  PopConsumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.makeBatch

/**
 * A consumer for as long as the Layer lives. See {@link make}.
 *
 * @example
 * import { MessageSelector, PopConsumer } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const Billing = PopConsumer.layer({
 *   group: "billing",
 *   subscriptions: { orders: MessageSelector.tags("paid", "refunded") },
 *   invisibleTime: "30 seconds"
 * }, (message) => Effect.log("settling", message.keys))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Layer.Layer<PopConsumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(PopConsumer, make(options, handler))

/**
 * A consumer of batches for as long as the Layer lives. See {@link makeBatch}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBatch = <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
): Layer.Layer<PopConsumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(PopConsumer, makeBatch(options, handler))

const rules = { ...OptionRules.consumer, ...OptionRules.popConsumer }
const variable = OptionRules.variables("ROCKETMQ", "POP_CONSUMER")

/**
 * What of the options a plain value can say, under the names `ROCKETMQ_POP_CONSUMER_CONCURRENCY`, `_POP_BATCH_SIZE`,
 * `_CONSUME_FROM` (`last` or `first`), `_INVISIBLE_TIME`, `_POLL_TIME`, `_MAX_CACHED`, `_RENEW`, `_MAX_DECOMPRESSED_SIZE`,
 * `_MAX_RECONSUME_TIMES`, `_RETRY_DELAY`, `_CONSUME_TIMEOUT` and `_SHUTDOWN_TIMEOUT`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Tuning> = Config.all({
  concurrency: variable("CONCURRENCY", rules.concurrency),
  popBatchSize: variable("POP_BATCH_SIZE", rules.popBatchSize),
  consumeFrom: variable("CONSUME_FROM", rules.consumeFromPop),
  invisibleTime: variable("INVISIBLE_TIME", rules.invisibleTime),
  pollTime: variable("POLL_TIME", rules.pollTime),
  maxCached: variable("MAX_CACHED", rules.maxCached),
  renew: variable("RENEW", rules.renew),
  maxDecompressedSize: variable("MAX_DECOMPRESSED_SIZE", rules.maxDecompressedSize),
  maxReconsumeTimes: variable("MAX_RECONSUME_TIMES", rules.maxReconsumeTimes),
  retryDelay: variable("RETRY_DELAY", rules.retryDelay),
  consumeTimeout: variable("CONSUME_TIMEOUT", rules.consumeTimeout),
  shutdownTimeout: variable("SHUTDOWN_TIMEOUT", rules.shutdownTimeout)
})

/**
 * A consumer whose tuning comes from `ROCKETMQ_POP_CONSUMER_*` variables; what is in the options wins over them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Layer.Layer<
  PopConsumer,
  StartError | ConfigError,
  Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression
> => Layer.scoped(PopConsumer, Effect.flatMap(config, (tuning) => make({ ...tuning, ...options }, handler)))
