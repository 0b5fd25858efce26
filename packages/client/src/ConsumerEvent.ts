/**
 * What happens in a consumer while it runs.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { ConsumeTimeoutError, MessageConsumeError } from "./ConsumerError.js"
import type { StallCause } from "./ConsumerHealth.js"

/**
 * What to do when a broker has less than this member knows, as after a fail-over to a copy that was behind: the group's
 * committed offset is lower than the one that was committed from here, or the queue ends below the position. `follow`:
 * begin where the broker says, and get messages twice. `hold`: stay at the higher offset, and wait for the queue to reach it.
 *
 * @since 0.1.0
 * @category models
 */
export type OffsetRegression = "follow" | "hold"

/**
 * A topic that two members of a group do not want the same of. Selectors are text as brokers read it, tags in order;
 * `undefined`: not subscribed.
 *
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionDifference {
  readonly topic: string
  readonly own: string | undefined
  readonly theirs: string | undefined
}

/**
 * What the members of a group do not agree on: another member has other subscriptions, or there is more than one with the
 * client id of this one. Either loses messages or brings them twice.
 *
 * @since 0.1.0
 * @category models
 */
export type GroupProblem =
  | {
    readonly _tag: "SubscriptionsDiffer"
    /** The other member. */
    readonly clientId: string
    readonly differences: ReadonlyArray<SubscriptionDifference>
  }
  | {
    readonly _tag: "ClientIdTaken"
    readonly clientId: string
    /** Where brokers see members of that id, `host:port`; without `strictGroup` this one is among them. */
    readonly addresses: ReadonlyArray<string>
  }

/**
 * What happened in a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export type ConsumerEvent =
  | GroupProblem
  | { readonly _tag: "Assigned"; readonly queue: MessageQueue; readonly position: bigint }
  | { readonly _tag: "Revoked"; readonly queue: MessageQueue; readonly committed: bigint; readonly abandoned: number }
  /**
   * A consumer in order may no longer handle the queue until it is locked again. `Refused`: another member has it.
   * `Lapsed`: the broker did not renew the lock in time. What was in hand comes again.
   */
  | { readonly _tag: "LockLost"; readonly queue: MessageQueue; readonly reason: "Refused" | "Lapsed" }
  /** The queue has not been pulled for `stallAfter`. Told once for each stall. */
  | {
    readonly _tag: "QueueStalled"
    readonly queue: MessageQueue
    /** When the last answer came, or the queue was taken over, in milliseconds. */
    readonly since: number
    readonly cause: StallCause
  }
  /** The stall is over: the queue is pulled, paused, or no longer of this member. */
  | {
    readonly _tag: "QueueResumed"
    readonly queue: MessageQueue
    /** The last that was known. */
    readonly cause: StallCause
    /** How long it was not pulled, in milliseconds. */
    readonly duration: number
  }
  | { readonly _tag: "OffsetCorrected"; readonly queue: MessageQueue; readonly from: bigint; readonly to: bigint }
  | {
    /** The broker has less than this member knows; see `onOffsetRegression`. */
    readonly _tag: "OffsetRegressed"
    readonly queue: MessageQueue
    readonly ours: bigint
    /** The group's committed offset, or the end of the queue. */
    readonly theirs: bigint
    readonly what: "Committed" | "Max"
    readonly policy: OffsetRegression
  }
  | {
    /** When broadcasting: a message that is not handled again, after `maxReconsumeTimes` or because it cannot be read. */
    readonly _tag: "Passed"
    readonly queue: MessageQueue
    readonly message: MessageExt
  }
  | { readonly _tag: "HandlerFailed"; readonly error: MessageConsumeError }
  | { readonly _tag: "HandlerTimedOut"; readonly error: ConsumeTimeoutError }
  | {
    readonly _tag: "Undecodable"
    readonly queue: MessageQueue
    readonly offset: bigint | undefined
    readonly reason: string
    /** The record, or the body that cannot be inflated. */
    readonly bytes: Uint8Array
  }
