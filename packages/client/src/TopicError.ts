/**
 * What fails between a value and the bytes of its message.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Data from "effect/Data"
import type { ParseError } from "effect/ParseResult"
import * as ParseResult from "effect/ParseResult"

const reasonOf = (cause: ParseError | undefined, thrown: unknown): string =>
  cause === undefined ? String(thrown) : ParseResult.TreeFormatter.formatErrorSync(cause)

/**
 * A value is not what the schema of its topic encodes. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class TopicEncodeError extends Data.TaggedError("TopicEncodeError")<{
  readonly topic: string
  /** What the schema found; undefined when the codec threw. */
  readonly issue: ParseError | undefined
  /** What the codec threw. */
  readonly cause?: unknown
}> {
  /**
   * The same value fails again.
   *
   * @since 0.1.0
   */
  readonly retryable = false
  /**
   * Nothing was sent.
   *
   * @since 0.1.0
   */
  readonly outcome = "Refused"

  override get message(): string {
    return `A value for topic ${this.topic} cannot be encoded, nothing was sent: ${reasonOf(this.issue, this.cause)}`
  }
}

/**
 * A message is not what the schema of its topic decodes: a poison record. It is in the error, to be looked at or put aside.
 *
 * @since 0.1.0
 * @category errors
 */
export class TopicDecodeError extends Data.TaggedError("TopicDecodeError")<{
  readonly topic: string
  readonly queue: MessageQueue
  readonly offset: bigint
  readonly msgId: string
  /** The record as it was received. */
  readonly record: MessageExt
  /** What the schema found; undefined when the codec threw. */
  readonly issue: ParseError | undefined
  /** What the codec threw. */
  readonly cause?: unknown
}> {
  /**
   * The same bytes fail again, unless the schema changes.
   *
   * @since 0.1.0
   */
  readonly retryable = false

  override get message(): string {
    const { msgId, offset, queue } = this
    return `Message ${msgId} of topic ${this.topic} (offset ${offset} of queue ${queue.queueId} on ${queue.brokerName}) ` +
      `cannot be decoded: ${reasonOf(this.issue, this.cause)}`
  }
}

/**
 * @since 0.1.0
 * @category errors
 */
export type TopicError = TopicEncodeError | TopicDecodeError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isTopicError = (u: unknown): u is TopicError =>
  u instanceof TopicEncodeError || u instanceof TopicDecodeError
