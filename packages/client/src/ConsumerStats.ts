/**
 * What a consumer counts, and where each of its queues is.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type * as Option from "effect/Option"
import type { StalledQueue } from "./ConsumerHealth.js"

/**
 * One queue of this member.
 *
 * @since 0.1.0
 * @category models
 */
export interface QueueProgress {
  readonly queue: MessageQueue
  /** The offset that is pulled next. */
  readonly position: bigint
  /** The offset that may be committed: all before it is finished. */
  readonly committable: bigint
  /** What was noted for the broker last; none before the first commit. */
  readonly committed: Option.Option<bigint>
  /** Messages that are not finished. */
  readonly cachedCount: number
  /** Bytes that they keep in memory. */
  readonly cachedBytes: number
  /** Those of them that are in the hands of handlers. */
  readonly running: number
  /** When the last answer came, in milliseconds; 0 before the first. */
  readonly lastPull: number
  /** Whether it, its topic or its consumer is paused. */
  readonly paused: boolean
}

/**
 * What of a consumer is paused. Each is paused and resumed by itself: a queue is pulled when neither it, nor its topic, nor
 * the consumer is paused.
 *
 * @since 0.1.0
 * @category models
 */
export interface Paused {
  readonly consumer: boolean
  readonly topics: ReadonlyArray<string>
  readonly queues: ReadonlyArray<MessageQueue>
}

/**
 * The lock of a queue that is consumed in order: only who holds it handles its messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface QueueLock {
  readonly queue: MessageQueue
  /** False while another member holds it, or its broker does not answer. */
  readonly locked: boolean
  /** Since when it has been locked, or waited for, in milliseconds. */
  readonly since: number
}

/**
 * Counts since the start, and where each queue is.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerStats {
  readonly pulled: number
  readonly consumed: number
  /** Failures, timeouts and asked-for retries of the handler, by message. */
  readonly failed: number
  readonly timedOut: number
  /** Messages that brokers took for another delivery or as dead letters. */
  readonly sentBack: number
  /** Messages that no broker took, handled again by this member. */
  readonly redelivered: number
  readonly undecodable: number
  /** Messages that a broker's filter let through and the exact check of tags did not. */
  readonly filtered: number
  readonly pullFailures: number
  /** Times that a queue was found stalled. */
  readonly stalls: number
  /** Hanging pulls, and questions for an offset, that were interrupted and begun again. */
  readonly restarts: number
  readonly cachedCount: number
  readonly cachedBytes: number
  readonly running: number
  readonly queues: ReadonlyArray<QueueProgress>
  /** What was paused and not resumed. */
  readonly paused: Paused
  /** The queues of this member that are not pulled, and why. A consumer that is polled is not watched. */
  readonly stalled: ReadonlyArray<StalledQueue>
  /** Of each queue of a consumer in order; empty for others. A queue that waits for its lock is not among `queues`. */
  readonly locks: ReadonlyArray<QueueLock>
}
