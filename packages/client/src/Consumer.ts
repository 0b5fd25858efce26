/**
 * A push consumer: a handler that gets the messages of a group's topics, as a Layer. Success of the handler is the
 * acknowledgement; any failure has the message delivered again. Delivery is at least once.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { AllocationStrategy } from "./AllocationStrategy.js"
import type { Broker } from "./Broker.js"
import type { Client } from "./Client.js"
import type { GroupAlreadyRegisteredError } from "./ClientError.js"
import type { Compression } from "./Compression.js"
import type {
  ConsumerConfigError,
  ConsumerShutdownError,
  ConsumerStartError,
  ConsumerStateError,
  ConsumerValidationError,
  SubscribeError,
  UnsubscribeError
} from "./ConsumerError.js"
import type { BatchResult, ConsumeResult } from "./ConsumeResult.js"
import type { ConsumerEvent, GroupProblem, OffsetRegression } from "./ConsumerEvent.js"
import type { ConsumerHealth, ConsumerLag } from "./ConsumerHealth.js"
import type { ConsumerStats } from "./ConsumerStats.js"
import type { Delivery, OrderlyDelivery } from "./Delivery.js"
import * as internal from "./internal/consumer.js"
import * as OptionRules from "./internal/optionRules.js"
import type { MessageSelector } from "./MessageSelector.js"
import type { NameServer } from "./NameServer.js"
import type { OffsetStore } from "./OffsetStore.js"
import type { OrderlyResult } from "./OrderlyResult.js"
import type { StopReceipt } from "./StopReceipt.js"
import type {
  InvalidSelectorError,
  InvalidTopicError,
  SubscriptionLimitExceededError,
  TopicNotSubscribedError
} from "./SubscriptionError.js"
import type { Entry as SubscriptionEntry } from "./SubscriptionManager.js"

/**
 * Where a group starts on a queue that it has no committed offset of: with what is sent from now on (`last`), with the
 * oldest message that the broker still has (`first`, also called `min`), or with the first one stored at or after a time
 * in milliseconds. `max` is the queue's end when it is taken over: unlike `last`, it passes what was stored in a queue that
 * was made after the start.
 *
 * @since 0.1.0
 * @category models
 */
export type StartPosition = "last" | "first" | "max" | "min" | { readonly timestamp: number }

/**
 * Whether the members of a group share its messages, or each of them gets all.
 *
 * @since 0.1.0
 * @category models
 */
export type MessageModel = "clustering" | "broadcasting"

/**
 * What the queues of one topic may keep in memory together.
 *
 * @since 0.1.0
 * @category models
 */
export interface TopicBudget {
  /** Unfinished messages above which nothing of the topic is pulled. */
  readonly count?: number | undefined
  /** Bytes of unfinished messages above which nothing of the topic is pulled. */
  readonly bytes?: number | undefined
}

/**
 * What may be set beside the group and its subscriptions. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tuning {
  /** How many handlers run at the same time, over all queues. Default 64. */
  readonly concurrency?: number | undefined
  /**
   * Messages per second that are handed to the handler, over all queues, second deliveries included; may be below 1. They
   * are spread evenly: after an idle time, no more than a tenth of a second's worth comes at once. A batch is no larger than
   * a second's worth, and is waited for as long as its messages take. Default: no limit.
   */
  readonly rate?: number | undefined
  /** Most messages of one pull, 1 to 1024. Brokers have a cap of their own, 32 by default. Default 32. */
  readonly pullBatchSize?: number | undefined
  /**
   * Whether the consumer refuses to start (ConsumerStartError) beside members that have other subscriptions or its client
   * id. Without it they are reported by an event and a warning, once, within seconds. Default false.
   */
  readonly strictGroup?: boolean | undefined
  /** Most topics at the same time. Default 1000. */
  readonly maxSubscriptions?: number | undefined
  /** Where the group starts on a queue without a committed offset. Default `"last"`. The retry topic starts at the first. */
  readonly consumeFrom?: StartPosition | undefined
  /** Unfinished messages of one queue above which it is not pulled. Default 1000. */
  readonly pullThresholdCount?: number | undefined
  /** Bytes of unfinished messages of one queue above which it is not pulled. Default 100 MiB. */
  readonly pullThresholdBytes?: number | undefined
  /** Bytes of unfinished messages of all queues together above which nothing is pulled. Default 256 MiB. */
  readonly maxCachedBytes?: number | undefined
  /**
   * Unfinished messages of all queues of a topic together above which none of them is pulled: any may have them all. What
   * brokers already hold back for the other queues may come on top, one pull for each. Default: no limit.
   */
  readonly topicThresholdCount?: number | undefined
  /** Their bytes. Default: no limit. */
  readonly topicThresholdBytes?: number | undefined
  /** What single topics have instead; what one does not say is as for any topic. */
  readonly topicBudgets?: Readonly<Record<string, TopicBudget>> | undefined
  /** Distance from the first unfinished offset of a queue to the last pulled above which it is not pulled. Default 2000. */
  readonly offsetSpan?: number | undefined
  /** Largest body after decompression, in bytes; a message with a larger one becomes a dead letter. Default 32 MiB. */
  readonly maxDecompressedSize?: number | undefined
  /** Deliveries after the first one until a message becomes a dead letter in `%DLQ%group`. Default 16. */
  readonly maxReconsumeTimes?: number | undefined
  /**
   * Delay level of the next delivery of a message that failed: 1 to 18 of the broker's table, or 0 to leave it to the
   * broker, which waits longer with each delivery: 10 s, 30 s, 1 min … 2 h. A function has what the handler failed with,
   * which is empty when a `ConsumeResult` asked for the delivery. Default 0.
   */
  readonly retryDelayLevel?: number | ((message: MessageExt, cause: Cause.Cause<unknown>) => number) | undefined
  /** How long a handler may take. Then it is interrupted and the message comes again after 10 s. Default 15 minutes. */
  readonly consumeTimeout?: Duration.DurationInput | undefined
  /**
   * How long a queue may go without a pull that is answered until it counts as stalled; see `stats.stalled`. A pull that the
   * broker holds, as it may for `suspendTimeout`, is no stall. Default 30 seconds.
   */
  readonly stallAfter?: Duration.DurationInput | undefined
  /** Period in which it is looked for stalled queues. Default 5 seconds. */
  readonly watchInterval?: Duration.DurationInput | undefined
  /**
   * Whether the gauges `rocketmq_consumer_lag` and `rocketmq_consumer_oldest_age_milliseconds` are kept, by group and topic.
   * Costs two or three requests for each queue every 30 seconds. Default false.
   */
  readonly lagMetrics?: boolean | undefined
  /** Period in which offsets are committed. Default 5 seconds. */
  readonly persistInterval?: Duration.DurationInput | undefined
  /** Period in which the queues are shared out again, beside the times when something changed. Default 20 seconds. */
  readonly rebalanceInterval?: Duration.DurationInput | undefined
  /**
   * How long running handlers may go on when the consumer stops, or when a queue goes to another member. Then they are
   * interrupted (at a stop) or ignored, and their messages come again. Default 10 seconds.
   */
  readonly shutdownTimeout?: Duration.DurationInput | undefined
  /** How long a broker may hold a pull while there is nothing. Default 15 seconds. */
  readonly suspendTimeout?: Duration.DurationInput | undefined
  /**
   * Default `"clustering"`. With `"broadcasting"` each member gets all messages and keeps its own offsets in
   * `offsetStore`. Brokers have no second delivery then: a message that failed is handled again by this member, after 1, 2,
   * 4 … at most 30 seconds or the delay that was asked for, and after `maxReconsumeTimes` it is passed: reported as an
   * event and logged.
   */
  readonly messageModel?: MessageModel | undefined
  /**
   * Where offsets are kept. Default: by the brokers; when broadcasting, in memory, so that each start is a first one.
   * See `OffsetStore.local` for a file.
   */
  readonly offsetStore?: OffsetStore | undefined
  /** What to do when a broker has less than this member knows. Default `"follow"`. Always reported as an event. */
  readonly onOffsetRegression?: OffsetRegression | undefined
  /** How members share queues; the same for all of a group. Default `AllocationStrategy.average`. */
  readonly allocationStrategy?: AllocationStrategy | undefined
}

/**
 * What a consumer is: its group, what it wants, and how it is tuned.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Tuning {
  /** Members of a group share the messages. All of them must have the same subscriptions. */
  readonly group: string
  /** What is wanted of which topic. */
  readonly subscriptions: Readonly<Record<string, MessageSelector>>
  /** Gets the receipt of the stop. */
  readonly onStop?: ((receipt: StopReceipt) => Effect.Effect<void>) | undefined
}

/**
 * The same for a handler of several messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchOptions extends Options {
  /** Most messages that the handler gets at once; it gets what is there, all of one queue. 1 to 1024, default 1. */
  readonly batchSize: number
}

/**
 * What a consumer in order may be told besides. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface OrderlyTuning {
  /**
   * How long a message that was not handled waits before it comes again, 10 milliseconds to 30 seconds; what has to come
   * after it waits with it. Default 1 second.
   */
  readonly suspendTime?: Duration.DurationInput | undefined
  /**
   * Whether a handled message is committed. Default true. With `false`, `OrderlyResult.commit` does it for all that was
   * handled since the last commit; what is not committed counts as unfinished, so that commits have to come before
   * `pullThresholdCount` messages.
   */
  readonly autoCommit?: boolean | undefined
  /**
   * Keeps the order among messages of the same key only: others of the same queue are handled beside them, up to
   * `concurrency`, and a message that comes again holds back its key alone. Messages for which it throws have one key.
   * Default: the order of the whole queue.
   */
  readonly orderBy?: ((message: MessageExt) => string) | undefined
}

/**
 * What a consumer in order is. Its members share the messages, and nothing is sent back for a later delivery.
 *
 * @since 0.1.0
 * @category models
 */
export interface OrderlyOptions
  extends Omit<Options, "retryDelayLevel" | "messageModel" | "maxReconsumeTimes">, OrderlyTuning
{
  /**
   * Attempts after the first one until a message becomes a dead letter in `%DLQ%group`, and the next one comes. They are
   * counted by the member that has the queue, and from 0 by the next one. Default: no limit.
   */
  readonly maxReconsumeTimes?: number | undefined
}

/**
 * The same for a handler of several messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface OrderlyBatchOptions extends Omit<OrderlyOptions, "orderBy"> {
  /** Most messages that the handler gets at once; it gets what is there, all of one queue. 1 to 1024, default 1. */
  readonly batchSize: number
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
  | SubscribeError
  | InvalidTopicError
  | InvalidSelectorError
  | SubscriptionLimitExceededError
  | GroupAlreadyRegisteredError

/**
 * Why a running consumer could not subscribe to a topic. Nothing was changed then.
 *
 * @since 0.1.0
 * @category models
 */
export type SubscribeFailure =
  | SubscribeError
  | ConsumerShutdownError
  | InvalidTopicError
  | InvalidSelectorError
  | SubscriptionLimitExceededError

/**
 * What a program sees of its consumer.
 *
 * @since 0.1.0
 * @category services
 */
export class Consumer extends Context.Tag("@effect-rocketmq/client/Consumer")<Consumer, {
  readonly group: string
  /**
   * Waits until the queues were shared out for the first time and the position of each own queue is known: what is sent
   * from then on is received.
   */
  readonly ready: Effect.Effect<void>
  /** The queues that this member has now. */
  readonly assignment: Effect.Effect<ReadonlyArray<MessageQueue>>
  readonly stats: Effect.Effect<ConsumerStats>
  /**
   * How far this member is behind on its queues, asked of their brokers now. Does not fail: a queue whose broker does not
   * answer has its error.
   */
  readonly lag: Effect.Effect<ConsumerLag>
  /** Whether all is well, and what is wrong when it is not: for a probe. Asks nobody. */
  readonly health: Effect.Effect<ConsumerHealth>
  /** What happens from the subscription on. Who is too slow misses the oldest. */
  readonly events: Stream.Stream<ConsumerEvent>
  /** Commits now what may be committed, beside the periodic commits. */
  readonly commit: Effect.Effect<void>
  /** What the members did not agree on when it was looked at last: after the start, when the group changes, and rarely. */
  readonly groupProblems: Effect.Effect<ReadonlyArray<GroupProblem>>
  /** What this member is subscribed to, the retry topic apart. */
  readonly subscriptions: Effect.Effect<ReadonlyArray<SubscriptionEntry>>
  /**
   * Subscribes to one more topic, or to a topic that it has with another selector, while it runs: brokers are told, and the
   * queues are shared out, at once. Returns when this member's queues of a new topic can be pulled, or after 10 seconds. What
   * was pulled by the old selector is still handled. All members of a group have to do the same.
   */
  readonly subscribe: (topic: string, selector: MessageSelector) => Effect.Effect<void, SubscribeFailure>
  /**
   * Gives up a topic: nothing more of it is pulled, running handlers finish within `shutdownTimeout`, its offsets are
   * committed, and brokers are told. Retries of its messages still come: they are in the group's own retry topic.
   */
  readonly unsubscribe: (topic: string) => Effect.Effect<void, UnsubscribeError | ConsumerShutdownError>
  /** How many handlers may run at the same time. */
  readonly concurrency: Effect.Effect<number>
  /**
   * Changes how many handlers may run at the same time, 1 to 65536. More of them begin at once; those that are too many end
   * with the messages that they have.
   */
  readonly setConcurrency: (concurrency: number) => Effect.Effect<void, ConsumerConfigError>
  /** Messages per second that are handed to the handler; Infinity: no limit. */
  readonly rate: Effect.Effect<number>
  /** Changes the rate, above 0; Infinity takes the limit away. What was handed out before counts. */
  readonly setRate: (rate: number) => Effect.Effect<void, ConsumerConfigError>
  /**
   * Hands out and pulls nothing more: of the consumer, of a topic or of a queue that it has. What is cached stays, running
   * handlers finish, offsets are committed, and the member keeps its queues. Returns at once. Lasts until `resume`; that of
   * a topic until `unsubscribe`, that of a queue until this member loses it. Retries of a topic's messages are in the group's
   * retry topic, `%RETRY%group`, which may be paused, too.
   */
  readonly pause: (what?: string | MessageQueue) => Effect.Effect<void, TopicNotSubscribedError | ConsumerStateError>
  /** Takes a pause of the same back; the others stay. */
  readonly resume: (what?: string | MessageQueue) => Effect.Effect<void>
  /**
   * Pulls no more, lets running handlers finish within `shutdownTimeout`, commits, and leaves its queues. The closing of the
   * Scope does the same. Once it has run, its receipt is returned again.
   */
  readonly stop: Effect.Effect<StopReceipt>
}>() {}

/**
 * Starts a consumer; it stops with its Scope: no more pulls, running handlers finish within `shutdownTimeout`, offsets are
 * committed, and the group is unregistered. What was cut off is logged with counts, and comes again.
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
  Consumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.make

/**
 * The same with a handler that gets several messages at once, all of one queue, in order. Its failure concerns all of
 * them; with a `BatchResult` it says for each one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBatch: <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
) => Effect.Effect<
  Consumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.makeBatch

/**
 * A consumer for as long as the Layer lives. See {@link make}.
 *
 * @example
 * import { Consumer, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const Billing = Consumer.layer({
 *   group: "billing",
 *   subscriptions: { orders: MessageSelector.tags("paid", "refunded") },
 *   concurrency: 16
 * }, (message) => Effect.log("settling", message.keys))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Layer.Layer<Consumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(Consumer, make(options, handler))

/**
 * A consumer of batches for as long as the Layer lives. See {@link makeBatch}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBatch = <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
): Layer.Layer<Consumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(Consumer, makeBatch(options, handler))

/**
 * Starts a consumer whose handler gets the messages of a queue one after the other, in the order of their offsets, or of
 * each key: see `orderBy`. Only one member at a time handles a queue: the one that holds the broker's lock on it. It
 * starts, stops and needs what {@link make} does.
 *
 * A handler that fails, throws, dies or takes longer than `consumeTimeout` gets the same message first again after
 * `suspendTime`, and what has to come after it waits. Delivery is at least once: when a queue goes to another member, that
 * begins at the first message that was not committed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOrderly: <E, R>(
  options: OrderlyOptions,
  handler: (message: MessageExt) => Effect.Effect<void | OrderlyResult, E, R>
) => Effect.Effect<
  Consumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.makeOrderly

/**
 * The same with a handler that gets several messages at once, all of one queue, in order. Its result concerns all of them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOrderlyBatch: <E, R>(
  options: OrderlyBatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | OrderlyResult, E, R>
) => Effect.Effect<
  Consumer["Type"],
  StartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.makeOrderlyBatch

/**
 * A consumer in order for as long as the Layer lives. See {@link makeOrderly}.
 *
 * @example
 * import { Consumer, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const Accounts = Consumer.layerOrderly({
 *   group: "accounts",
 *   subscriptions: { bookings: MessageSelector.all },
 *   orderBy: (message) => message.keys[0] ?? ""
 * }, (message) => Effect.log("booking", message.keys))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOrderly = <E, R>(
  options: OrderlyOptions,
  handler: (message: MessageExt) => Effect.Effect<void | OrderlyResult, E, R>
): Layer.Layer<Consumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(Consumer, makeOrderly(options, handler))

/**
 * A consumer of batches in order for as long as the Layer lives. See {@link makeOrderlyBatch}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOrderlyBatch = <E, R>(
  options: OrderlyBatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | OrderlyResult, E, R>
): Layer.Layer<Consumer, StartError, Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression> =>
  Layer.scoped(Consumer, makeOrderlyBatch(options, handler))

/**
 * A consumer as a Stream. Each delivery waits until it is acknowledged or not; at most `concurrency` of them wait, and
 * nothing more is pulled than the limits of the options allow: who takes slowly is sent slowly. Those of one queue come in
 * its order. What takes longer than `consumeTimeout` comes again.
 *
 * The consumer starts with the Stream and stops with it: what is not settled by then comes again.
 *
 * @example
 * import { Consumer, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect, Stream } from "effect"
 *
 * export const program = Consumer.stream({
 *   group: "billing",
 *   subscriptions: { orders: MessageSelector.tags("paid") },
 *   concurrency: 16
 * }).pipe(
 *   Stream.mapEffect(({ ack, message }) => Effect.zipRight(Effect.log(message.keys), ack), { concurrency: 16 }),
 *   Stream.runDrain
 * )
 *
 * @since 0.1.0
 * @category streams
 */
export const stream: (
  options: Options
) => Stream.Stream<Delivery, StartError, Client | NameServer | Broker | Compression> = internal.stream

/**
 * The same in order: of a queue, or of a key with `orderBy`, the next message comes when the one before is acknowledged. See
 * {@link makeOrderly}.
 *
 * @since 0.1.0
 * @category streams
 */
export const streamOrderly: (
  options: OrderlyOptions
) => Stream.Stream<OrderlyDelivery, StartError, Client | NameServer | Broker | Compression> = internal.streamOrderly

const rules = OptionRules.consumer
const variable = OptionRules.variables("ROCKETMQ", "CONSUMER")

/**
 * What of the options a plain value can say, under the names `ROCKETMQ_CONSUMER_CONCURRENCY`, `_PULL_BATCH_SIZE`,
 * `_CONSUME_FROM` (`last`, `first`, `max` or `min`), `_PULL_THRESHOLD_COUNT`, `_PULL_THRESHOLD_BYTES`,
 * `_TOPIC_THRESHOLD_COUNT`, `_TOPIC_THRESHOLD_BYTES`, `_RATE`, `_MAX_CACHED_BYTES`, `_OFFSET_SPAN`, `_MAX_DECOMPRESSED_SIZE`,
 * `_MAX_RECONSUME_TIMES`, `_RETRY_DELAY_LEVEL`, `_CONSUME_TIMEOUT`, `_STALL_AFTER`, `_WATCH_INTERVAL`, `_LAG_METRICS`,
 * `_PERSIST_INTERVAL`, `_REBALANCE_INTERVAL`, `_SHUTDOWN_TIMEOUT`, `_SUSPEND_TIMEOUT`, `_MESSAGE_MODEL`,
 * `_MAX_SUBSCRIPTIONS`, `_STRICT_GROUP` and `_ON_OFFSET_REGRESSION`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Tuning> = Config.all({
  concurrency: variable("CONCURRENCY", rules.concurrency),
  pullBatchSize: variable("PULL_BATCH_SIZE", rules.pullBatchSize),
  consumeFrom: variable("CONSUME_FROM", rules.consumeFrom),
  pullThresholdCount: variable("PULL_THRESHOLD_COUNT", rules.pullThresholdCount),
  pullThresholdBytes: variable("PULL_THRESHOLD_BYTES", rules.pullThresholdBytes),
  topicThresholdCount: variable("TOPIC_THRESHOLD_COUNT", rules.topicThresholdCount),
  topicThresholdBytes: variable("TOPIC_THRESHOLD_BYTES", rules.topicThresholdBytes),
  rate: variable("RATE", rules.rate),
  maxCachedBytes: variable("MAX_CACHED_BYTES", rules.maxCachedBytes),
  offsetSpan: variable("OFFSET_SPAN", rules.offsetSpan),
  maxDecompressedSize: variable("MAX_DECOMPRESSED_SIZE", rules.maxDecompressedSize),
  maxReconsumeTimes: variable("MAX_RECONSUME_TIMES", rules.maxReconsumeTimes),
  retryDelayLevel: variable("RETRY_DELAY_LEVEL", rules.retryDelayLevel),
  consumeTimeout: variable("CONSUME_TIMEOUT", rules.consumeTimeout),
  stallAfter: variable("STALL_AFTER", rules.stallAfter),
  watchInterval: variable("WATCH_INTERVAL", rules.watchInterval),
  lagMetrics: variable("LAG_METRICS", rules.lagMetrics),
  persistInterval: variable("PERSIST_INTERVAL", rules.persistInterval),
  rebalanceInterval: variable("REBALANCE_INTERVAL", rules.rebalanceInterval),
  shutdownTimeout: variable("SHUTDOWN_TIMEOUT", rules.shutdownTimeout),
  suspendTimeout: variable("SUSPEND_TIMEOUT", rules.suspendTimeout),
  messageModel: variable("MESSAGE_MODEL", rules.messageModel),
  maxSubscriptions: variable("MAX_SUBSCRIPTIONS", rules.maxSubscriptions),
  strictGroup: variable("STRICT_GROUP", rules.strictGroup),
  onOffsetRegression: variable("ON_OFFSET_REGRESSION", rules.onOffsetRegression)
})

/**
 * A consumer whose tuning comes from `ROCKETMQ_CONSUMER_*` variables; what is in the options wins over them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Layer.Layer<
  Consumer,
  StartError | ConfigError,
  Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression
> => Layer.scoped(Consumer, Effect.flatMap(config, (tuning) => make({ ...tuning, ...options }, handler)))
