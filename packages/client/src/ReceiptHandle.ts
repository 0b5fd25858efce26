/**
 * The right to settle one popped message: to acknowledge it, or to change how long it stays invisible. It holds until the
 * message's invisible time is over; then the broker hands the message out again, and the handle is worth nothing.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Option from "effect/Option"
import * as internal from "./internal/receiptHandle.js"

/**
 * Where a popped message was taken from: the topic itself, or one of the two forms of the group's retry topic of it,
 * `%RETRY%group_topic` and `%RETRY%group+topic`.
 *
 * @since 0.1.0
 * @category models
 */
export type Origin = "Topic" | "RetryV1" | "RetryV2"

/**
 * See the module. Each change of the invisible time makes a new handle, and the old one void.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceiptHandle {
  /** Where the broker's note of what was taken begins. */
  readonly checkpointOffset: bigint
  /** When it was taken, in milliseconds of the broker's clock. */
  readonly popTime: number
  /** Milliseconds from then on. */
  readonly invisibleTime: number
  /** The queue of the broker's notes; 999 for messages popped in order. */
  readonly reviveQueueId: number
  readonly origin: Origin
  readonly brokerName: string
  /** Of the topic that `origin` names. */
  readonly queueId: number
  readonly queueOffset: bigint
  /** Until when it holds, in milliseconds of this client's clock. */
  readonly expiresAt: number
}

/**
 * The form in which it travels: eight words.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode: (self: ReceiptHandle) => string = internal.encode

/**
 * Reads that form, which brokers put into the property `POP_CK`. It does not tell when the handle was given; `expiresAt`
 * is in milliseconds of this client's clock. None when the text is no handle.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (text: string, expiresAt: number): Option.Option<ReceiptHandle> =>
  Option.fromNullable(internal.decode(text, expiresAt))

/**
 * The topic that the message was taken from: `topic`, or the retry topic that the group has for it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const topicOf: (self: ReceiptHandle, group: string, topic: string) => string = internal.topicOf

/**
 * The message cannot be settled any more. `Lapsed`: its invisible time is over by this client's clock. Nothing was sent: a
 * broker answers the acknowledgement of a message that it has handed out again with success. `Gone`: the broker no longer
 * has the message. In the first case it comes again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReceiptExpiredError extends Data.TaggedError("ReceiptExpiredError")<{
  readonly reason: "Lapsed" | "Gone"
  readonly address: string
  readonly group: string
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly offset: bigint
  /** Milliseconds of this client's clock. */
  readonly expiredAt: number
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    const which = `Message ${this.offset} of queue ${this.queueId} of topic ${this.topic} on ${this.brokerName} ` +
      `(${this.address}) can no longer be settled by group "${this.group}": `
    return this.reason === "Lapsed"
      ? `${which}its invisible time is over, and it comes again. Renew it earlier, or pop with a longer invisibleTime.`
      : `${which}the broker no longer has it.`
  }
}
