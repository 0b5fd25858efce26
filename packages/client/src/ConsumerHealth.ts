/**
 * How a consumer is: which of its queues are not pulled and why, how far it is behind, and whether it is well.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type * as Option from "effect/Option"
import type { BrokerError } from "./BrokerError.js"
import type { OffsetError, OffsetFetchError, RebalanceError } from "./ConsumerError.js"
import type { Limit } from "./ProcessQueue.js"

/**
 * A message of a queue.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly offset: bigint
  readonly msgId: string
}

/**
 * Why a queue is not pulled. Times are in milliseconds.
 *
 * - `NoRoute`: no address of its broker is known
 * - `NoLock`: a consumer in order waits for the lock, which another member has, since `since`
 * - `FlowControl`: what is not finished is beyond a limit; `oldest` is the first of it, none when the queue itself has none
 *   and others use up what all may have
 * - `HandlerBusy`: the same, and a handler has been at a message of the queue since `since`
 * - `BrokerSilent`: pulls, or requests for the lock, fail or are not answered; `lastError` is `undefined` when there was
 *   no answer at all
 * - `PositionUnknown`: the store does not say where to begin; `lastError` is `undefined` when it does not answer
 *
 * @since 0.1.0
 * @category models
 */
export type StallCause =
  | { readonly _tag: "NoRoute"; readonly brokerName: string }
  | { readonly _tag: "NoLock"; readonly since: number }
  | { readonly _tag: "FlowControl"; readonly limit: Limit; readonly oldest: Option.Option<Place> }
  | { readonly _tag: "HandlerBusy"; readonly since: number; readonly message: Place }
  | {
    readonly _tag: "BrokerSilent"
    readonly address: string | undefined
    /** In a row. */
    readonly failures: number
    readonly lastError: unknown
  }
  | {
    readonly _tag: "PositionUnknown"
    readonly failures: number
    readonly lastError: OffsetFetchError | undefined
  }

/**
 * A queue of this member that has not been pulled for `stallAfter`. A pull that a broker holds, as it may for
 * `suspendTimeout`, and a queue that is paused are no stalls.
 *
 * @since 0.1.0
 * @category models
 */
export interface StalledQueue {
  readonly queue: MessageQueue
  /** When the last answer came, or the queue was taken over, in milliseconds. */
  readonly since: number
  /** As it was looked at last: it may change during a stall. */
  readonly cause: StallCause
}

/**
 * How far a member is behind on one of its queues; or why that is not known.
 *
 * @since 0.1.0
 * @category models
 */
export type QueueLag =
  | {
    readonly _tag: "Known"
    readonly queue: MessageQueue
    /** The offset after the last message that the broker has. */
    readonly maxOffset: bigint
    /** What the group committed; none before the first commit. */
    readonly committed: Option.Option<bigint>
    /** The offset that is pulled next; none until it is known. */
    readonly position: Option.Option<bigint>
    /** From the committed offset, or the position when nothing is committed, to `maxOffset`. */
    readonly behind: bigint
    /**
     * How long ago the first message that is not finished was stored, in milliseconds, by the broker's clock and this one's.
     * None when all is finished, or when that message could not be asked for.
     */
    readonly oldestAge: Option.Option<number>
  }
  | {
    readonly _tag: "Unknown"
    readonly queue: MessageQueue
    readonly position: Option.Option<bigint>
    readonly error: BrokerError | OffsetFetchError
  }

/**
 * How far a member is behind on several queues.
 *
 * @since 0.1.0
 * @category models
 */
export interface LagTotal {
  /** Over the queues of which it is known. */
  readonly behind: bigint
  /** The largest, in milliseconds. */
  readonly oldestAge: Option.Option<number>
  /** Queues of which it is not known. */
  readonly unknown: number
}

/**
 * How far a member is behind on its queues; the lag of a group is the sum over its members.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerLag extends LagTotal {
  readonly queues: ReadonlyArray<QueueLag>
  /** By topic, the group's retry topic among them. */
  readonly topics: ReadonlyMap<string, LagTotal>
}

/**
 * A queue of which it is not known where to begin, though it was asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnresolvedQueue {
  readonly queue: MessageQueue
  /** In milliseconds. */
  readonly since: number
  readonly failures: number
  readonly lastError: OffsetFetchError | undefined
}

/**
 * How long handlers took that succeeded, in milliseconds, since the start. Percentiles are exact to a sixteenth; all are 0
 * when there were none.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandlerLatency {
  /** Of the queue: messages that come again are under the group's retry topic. */
  readonly topic: string
  /** How many runs. */
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/**
 * Whether a consumer is well, and what is wrong when it is not.
 *
 * - `Starting`: its queues are not shared out yet, or not all of their positions are known
 * - `Up`: nothing is wrong
 * - `Degraded`: something is, one of the lists beside `handlers` is not empty
 * - `Down`: none of its queues is pulled, and not because handlers are slow; the retry topic does not count
 * - `Stopped`: it pulls no more
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerHealth {
  readonly status: "Starting" | "Up" | "Degraded" | "Down" | "Stopped"
  readonly stalled: ReadonlyArray<StalledQueue>
  readonly unresolved: ReadonlyArray<UnresolvedQueue>
  /** The last commit of each queue that could not be written. */
  readonly uncommitted: ReadonlyArray<OffsetError>
  /** The topics whose queues could not be shared out when that was tried last. */
  readonly undecided: ReadonlyArray<RebalanceError>
  readonly handlers: ReadonlyArray<HandlerLatency>
}
