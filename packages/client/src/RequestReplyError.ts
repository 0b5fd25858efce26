/**
 * What can go wrong between a request and its reply, beside the sending of either.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import type { Outcome } from "./BrokerError.js"
import type { MessageSendError, RetryExhaustedError } from "./ProducerError.js"
import type { SendReceipt } from "./SendReceipt.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/RequestReplyError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * No reply came in time. The request may be handled all the same, now or later: make handlers idempotent, or let them
 * skip what has expired.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReplyTimeoutError extends Data.TaggedError("ReplyTimeoutError")<{
  readonly topic: string
  readonly group: string
  readonly correlationId: string
  /** The id under which the request is stored, if it is. */
  readonly uniqueKey: string
  /** How long a reply was waited for, in milliseconds. */
  readonly timeout: number
  /** `Deadline`: the time is over. `Shutdown`: the producer stopped before. */
  readonly reason: "Deadline" | "Shutdown"
  /** Where the request is stored. Absent when no broker had acknowledged it by then. */
  readonly receipt: SendReceipt | undefined
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.reason === "Deadline"
  }

  /**
   * What became of the request: `Accepted`, it is stored; `Unknown`, it may be.
   *
   * @since 0.1.0
   */
  get outcome(): "Accepted" | "Unknown" {
    return this.receipt === undefined ? "Unknown" : "Accepted"
  }

  override get message(): string {
    const { correlationId, group, receipt, timeout, topic, uniqueKey } = this
    const when = this.reason === "Deadline" ? `within ${timeout} ms` : "before the producer stopped"
    const where = receipt === undefined
      ? "No broker acknowledged it: it may be stored."
      : `It is stored in queue ${receipt.messageQueue.queueId} of ${receipt.messageQueue.brokerName}: ` +
        `see whether a consumer of the topic is online, keeps up, and replies.`
    return `No reply came ${when} to request ${correlationId} (message ${uniqueKey}) of group ${group} to topic ` +
      `${topic}. ${where}`
  }
}

/**
 * The message cannot be replied to: it lacks what a reply needs. It was sent as an ordinary message, or as a member of a
 * batch, to which brokers add less.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotARequestError extends Data.TaggedError("NotARequestError")<{
  readonly topic: string
  readonly msgId: string
  /** The properties that a request has and this message has not. */
  readonly missing: ReadonlyArray<string>
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `Message ${this.msgId} of topic ${this.topic} is no request: it has no ${this.missing.join(", no ")}. ` +
      `Requests are sent with Producer.request, or the request method of a client in another language.`
  }
}

/**
 * No broker knows the client that waits for the reply: its program has ended, or it lost its connections meanwhile.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequesterGoneError extends Data.TaggedError("RequesterGoneError")<{
  /** The topic of the request. */
  readonly topic: string
  readonly group: string
  readonly correlationId: string
  /** The client id of the requester. */
  readonly clientId: string
  /** What each broker said. */
  readonly cause: MessageSendError | RetryExhaustedError
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  /**
   * `Unknown` when an attempt had no answer: the requester may have the reply.
   *
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return this.cause.outcome
  }

  override get message(): string {
    const { cause } = this
    const tried = cause._tag === "MessageSendError" ? [cause] : cause.attempts
    const brokers = Array.from(new Set(tried.map(({ address, brokerName }) => `${brokerName} (${address})`)))
    return `Nobody gets the reply to request ${this.correlationId} of topic ${this.topic}: its requester, client ` +
      `${this.clientId}, is not connected to ${brokers.join(", ")}. It has ended, or lost its connections.`
  }
}

/**
 * What requests and replies fail with, beside the errors of sending.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestReplyError = ReplyTimeoutError | NotARequestError | RequesterGoneError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isRequestReplyError = (u: unknown): u is RequestReplyError => Predicate.hasProperty(u, TypeId)
