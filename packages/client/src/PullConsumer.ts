/**
 * A consumer that is asked for messages instead of calling a handler: by polls or as a stream, over queues that the group
 * shares out or that are assigned by hand, with the position in the program's hand.
 *
 * @since 0.1.0
 */
import type { MessageExt, UndecodableRecord } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Broker } from "./Broker.js"
import type { BrokerError } from "./BrokerError.js"
import type { Client } from "./Client.js"
import type { GroupAlreadyRegisteredError } from "./ClientError.js"
import type { Compression } from "./Compression.js"
import type * as Consumer from "./Consumer.js"
import type {
  ConsumerConfigError,
  ConsumerShutdownError,
  ConsumerStartError,
  ConsumerStateError,
  ConsumerValidationError,
  OffsetError,
  OffsetFetchError,
  OffsetOutOfRangeError,
  SubscribeError
} from "./ConsumerError.js"
import type { ConsumerEvent } from "./ConsumerEvent.js"
import type { ConsumerStats } from "./ConsumerStats.js"
import * as internal from "./internal/pullConsumer.js"
import { pullOnce } from "./internal/pullConsumer/pullOnce.js"
import type { MessageSelector } from "./MessageSelector.js"
import type { NameServer } from "./NameServer.js"
import type { NameServerError } from "./NameServerError.js"
import type { InvalidSelectorError, InvalidTopicError } from "./SubscriptionError.js"

/**
 * What a consumer is. Only the group has no default; what it consumes is said later, by `subscribe` or `assign`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends
  Pick<
    Consumer.Tuning,
    | "pullBatchSize"
    | "consumeFrom"
    | "pullThresholdCount"
    | "pullThresholdBytes"
    | "maxCachedBytes"
    | "topicThresholdCount"
    | "topicThresholdBytes"
    | "topicBudgets"
    | "offsetSpan"
    | "maxDecompressedSize"
    | "persistInterval"
    | "rebalanceInterval"
    | "shutdownTimeout"
    | "suspendTimeout"
    | "allocationStrategy"
    | "onOffsetRegression"
  >
{
  /** Whose offsets are used and committed. */
  readonly group: string
  /** Most messages of one poll, 1 to 65536. Default 256. */
  readonly pollSize?: number | undefined
  /**
   * Whether positions are committed by themselves: each `persistInterval`, when a queue is given up and when the consumer
   * stops. Default true. Without it only `commit` and `commitOffset` do.
   */
  readonly autoCommit?: boolean | undefined
}

/**
 * A place in a queue: its first message, its end, an offset, or the first message stored at or after a time in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export type Place = "begin" | "end" | bigint | { readonly timestamp: number }

/**
 * What happened in a consumer: which queues it got and lost, where it was moved, and what could not be read.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = Extract<
  ConsumerEvent,
  { readonly _tag: "Assigned" | "Revoked" | "OffsetCorrected" | "OffsetRegressed" | "Undecodable" }
>

/**
 * Why something cannot be subscribed to or assigned.
 *
 * @since 0.1.0
 * @category models
 */
export type AssignError =
  | ConsumerStateError
  | ConsumerShutdownError
  | ConsumerStartError
  | SubscribeError
  | InvalidTopicError
  | InvalidSelectorError
  | GroupAlreadyRegisteredError

/**
 * A consumer, for one fiber that polls it.
 *
 * @since 0.1.0
 * @category services
 */
export class PullConsumer extends Context.Tag("@effect-rocketmq/client/PullConsumer")<PullConsumer, {
  readonly group: string
  /**
   * Takes part in the group: its members share the queues of the topic, as those of `Consumer` do. Default: all messages.
   * Another selector for a topic that is subscribed to replaces the old one. A topic that does not exist yet is waited for.
   */
  readonly subscribe: (topic: string, selector?: MessageSelector) => Effect.Effect<void, AssignError>
  /**
   * Gives the queues of a topic up: what the last poll gave is waited for, at most `shutdownTimeout`, and positions are
   * committed. In the fiber that polls, call `commit` before.
   */
  readonly unsubscribe: (topic: string) => Effect.Effect<void, ConsumerShutdownError>
  /**
   * Has exactly these queues from now on, whoever else has them: the consumer is no member of the group, and only uses its
   * offsets. Queues that it had and that are missing are given up as by `unsubscribe`. The selector is for all of them.
   */
  readonly assign: (queues: Iterable<MessageQueue>, selector?: MessageSelector) => Effect.Effect<void, AssignError>
  /** The queues that can be read of a topic. */
  readonly queuesOf: (topic: string) => Effect.Effect<ReadonlyArray<MessageQueue>, NameServerError>
  /** Waits until there is a subscription or assignment, its queues are shared out, and the position of each is known. */
  readonly ready: Effect.Effect<void>
  /** The queues that this consumer has now. */
  readonly assignment: Effect.Effect<ReadonlyArray<MessageQueue>>
  /**
   * What is there, up to `pollSize` messages; waits for the first one, at most `timeout` (default 5 seconds), and gives
   * none then. What the poll before gave counts as processed from now on. Prefer `timeout` to interrupting a poll: an
   * interrupted one takes nothing, but a result that is thrown away counts as given.
   */
  readonly poll: (
    timeout?: Duration.DurationInput
  ) => Effect.Effect<ReadonlyArray<MessageExt>, ConsumerStateError | ConsumerShutdownError>
  /**
   * Messages one by one, as they are asked for: each counts as processed when the next one is asked for. A stage that asks
   * ahead (`buffer`, `mapEffect` with concurrency) needs `autoCommit: false` and `commitOffset`. Ends when the consumer is
   * closed.
   */
  readonly stream: Stream.Stream<MessageExt, ConsumerStateError>
  /**
   * Goes on at another place; what was pulled from there on is dropped. With `autoCommit` the new position is committed. An
   * offset must be one that the queue has.
   */
  readonly seek: (
    queue: MessageQueue,
    place: Place
  ) => Effect.Effect<
    void,
    ConsumerStateError | ConsumerShutdownError | OffsetFetchError | OffsetOutOfRangeError
  >
  /** The offset up to which messages are processed; none while it is being asked for. */
  readonly position: (queue: MessageQueue) => Effect.Effect<Option.Option<bigint>, ConsumerStateError>
  /** The offset that the group has committed, asked of the broker; none when it never did. */
  readonly committed: (queue: MessageQueue) => Effect.Effect<Option.Option<bigint>, OffsetFetchError>
  /** Commits now, with all that polls gave so far as processed: call it when that is so. The first failure is told. */
  readonly commit: Effect.Effect<void, OffsetError | ConsumerShutdownError>
  /** Commits an offset, lower or not, of a queue that this consumer has. The position stays. */
  readonly commitOffset: (
    queue: MessageQueue,
    offset: bigint
  ) => Effect.Effect<void, OffsetError | ConsumerStateError | ConsumerShutdownError>
  /** Pulls and polls nothing more of these queues. What is buffered stays. Lasts until `resume`, or until a queue is lost. */
  readonly pause: (queues: Iterable<MessageQueue>) => Effect.Effect<void, ConsumerStateError>
  /** Takes a pause back. */
  readonly resume: (queues: Iterable<MessageQueue>) => Effect.Effect<void, ConsumerStateError>
  /** What happens from the subscription on. Who is too slow misses the oldest. */
  readonly events: Stream.Stream<Event>
  /** Counts since the start, and where each queue is; `consumed` is what was processed. */
  readonly stats: Effect.Effect<ConsumerStats>
}>() {}

/**
 * Starts a consumer that has nothing yet. It stops with its Scope: no more pulls, positions are committed (with
 * `autoCommit`), and the group is left. What the last poll gave comes again unless `commit` was called after it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<
  PullConsumer["Type"],
  ConsumerConfigError | ConsumerValidationError,
  Client | NameServer | Broker | Compression | Scope.Scope
> = internal.make

/**
 * A consumer for as long as the Layer lives. See {@link make}.
 *
 * @example
 * import { MessageSelector, PullConsumer } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const consumer = yield* PullConsumer.PullConsumer
 *   yield* consumer.subscribe("orders", MessageSelector.tags("paid"))
 *   const messages = yield* consumer.poll("2 seconds")
 *   yield* Effect.forEach(messages, (message) => Effect.log("settling", message.keys))
 *   yield* consumer.commit
 * }).pipe(Effect.provide(PullConsumer.layer({ group: "billing", autoCommit: false })))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<
  PullConsumer,
  ConsumerConfigError | ConsumerValidationError,
  Client | NameServer | Broker | Compression
> => Layer.scoped(PullConsumer, make(options))

/**
 * What one pull brought, and where to go on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pulled {
  /** With plain bodies. */
  readonly messages: ReadonlyArray<MessageExt>
  /** The offset to pull next. */
  readonly nextOffset: bigint
  /** The queue's first offset. */
  readonly minOffset: bigint
  /** The queue's end. */
  readonly maxOffset: bigint
  /** Records that are no messages, and messages whose bodies cannot be inflated. */
  readonly undecodable: ReadonlyArray<UndecodableRecord>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface PullOptions {
  /** Most messages, 1 to 1024; brokers have a cap of their own, 32 by default. Default 32. */
  readonly max?: number | undefined
  /** What is wanted. Default: all messages. */
  readonly selector?: MessageSelector | undefined
  /** How long the broker may wait for a first message. Default: not at all. */
  readonly wait?: Duration.DurationInput | undefined
  /** In whose name; nothing is committed. Default `TOOLS_CONSUMER`, which all brokers know. */
  readonly group?: string | undefined
  /** Largest body after decompression, in bytes. Default 32 MiB. */
  readonly maxDecompressedSize?: number | undefined
}

/**
 * One pull from an offset of a queue, beside any group and any consumer. No messages is no failure; an offset that the
 * queue does not have is an OffsetOutOfRangeError.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pull: (
  queue: MessageQueue,
  offset: bigint,
  options?: PullOptions
) => Effect.Effect<
  Pulled,
  BrokerError | NameServerError | OffsetOutOfRangeError | InvalidSelectorError,
  Broker | NameServer | Compression
> = pullOnce
