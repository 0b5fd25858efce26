/**
 * What can go wrong with a transaction: its half message, its local work, its end, or the answer to a broker that asks
 * about it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import type { BrokerError, Outcome } from "./BrokerError.js"
import type { MessageValidationError, SendError } from "./ProducerError.js"
import { outcome } from "./ProducerError.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/TransactionError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/**
 * The half message was not acknowledged, or stored with less certainty than `SEND_OK`; the local work did not run.
 * Nobody will see the message: copies that a broker may have are rolled back when it asks about them.
 *
 * @since 0.1.0
 * @category errors
 */
export class HalfMessageSendError extends Data.TaggedError("HalfMessageSendError")<{
  readonly group: string
  readonly topic: string
  readonly cause: Exclude<SendError, MessageValidationError>
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * Whether a transaction of the same message may succeed later. Beginning it again does no harm.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.cause.retryable
  }

  /**
   * `Unknown`: a broker may have a copy of the half message.
   *
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return outcome(this.cause)
  }

  override get message(): string {
    return `The half message to topic ${this.topic}, group ${this.group} was not accepted, so its local work did not run ` +
      `and nobody will see the message. ${this.cause._tag}: ${this.cause.message}`
  }
}

/**
 * The local work is done, and the broker refuses to commit: consumers do not see the message. When `isAskedAgain`, the
 * broker still has the half message, asks about it later and gets the commit again. Otherwise (it knows no such half
 * message, or not of this group) the message is lost unless it is sent by other means.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionCommitError extends Data.TaggedError("TransactionCommitError")<{
  readonly group: string
  readonly topic: string
  readonly uniqueKey: string
  readonly brokerName: string
  readonly address: string
  readonly cause: BrokerError
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * The local work must not be done twice.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  /**
   * @since 0.1.0
   */
  get isAskedAgain(): boolean {
    return this.cause._tag !== "TransactionFailedError"
  }

  override get message(): string {
    const next = this.isAskedAgain
      ? "The broker asks again about its half message and gets the commit then."
      : "The broker will not ask again: send the message by other means."
    return `The local work of transaction ${this.uniqueKey} (topic ${this.topic}, group ${this.group}) is done, but ` +
      `${this.brokerName} (${this.address}) refused its commit. ${next} ${this.cause._tag}: ${this.cause.message}`
  }
}

/**
 * The broker refuses to roll back. Nobody sees the message: at worst the broker asks again.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionRollbackError extends Data.TaggedError("TransactionRollbackError")<{
  readonly group: string
  readonly topic: string
  readonly uniqueKey: string
  readonly brokerName: string
  readonly address: string
  readonly cause: BrokerError
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
    return `${this.brokerName} (${this.address}) refused to roll back transaction ${this.uniqueKey} (topic ${this.topic}, ` +
      `group ${this.group}). Nobody sees the message; if the broker asks about it, it is told again. ` +
      `${this.cause._tag}: ${this.cause.message}`
  }
}

/**
 * A broker asked about a transaction, and there is no answer but "unknown": the check failed (`Failed`), died (`Died`),
 * took longer than `checkTimeout` (`TimedOut`), or the message's body could not be inflated (`Unreadable`). The broker
 * asks again.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionCheckError extends Data.TaggedError("TransactionCheckError")<{
  readonly group: string
  readonly topic: string
  readonly uniqueKey: string
  /** The broker that asked. */
  readonly address: string
  readonly reason: "Failed" | "Died" | "TimedOut" | "Unreadable"
  /** What the check failed or died with, or milliseconds that it had. */
  readonly cause: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    const what = this.reason === "TimedOut"
      ? `did not end within ${String(this.cause)} ms (checkTimeout)`
      : this.reason === "Unreadable"
      ? `was not run, since the body cannot be read: ${reasonOf(this.cause)}`
      : `${this.reason === "Failed" ? "failed" : "died"}: ${reasonOf(this.cause)}`
    return `The check of transaction ${this.uniqueKey} (topic ${this.topic}, group ${this.group}), which ${this.address} ` +
      `asked for, ${what}. The answer is "unknown"; the broker asks again, and gives the message up after 15 times ` +
      `(transactionCheckMax).`
  }
}

/**
 * The transaction has an end already, or is about to: nothing was done.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionStateError extends Data.TaggedError("TransactionStateError")<{
  readonly group: string
  readonly topic: string
  readonly uniqueKey: string
  readonly state: "Committing" | "Committed" | "RollingBack" | "RolledBack" | "LeftToCheck"
  /** What was asked for. */
  readonly wanted: "commit" | "rollback" | "leaveToCheck"
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
    return `Transaction ${this.uniqueKey} (topic ${this.topic}, group ${this.group}) is ${this.state}: ${this.wanted} does ` +
      `nothing any more. A transaction ends once.`
  }
}

/**
 * The local work took too long and was interrupted: `transactionTimeout` was over, or the producer stopped and
 * `shutdownTimeout` was over (`Shutdown`). The transaction was rolled back, or left to the check where `onFailure` says so.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionTimeoutError extends Data.TaggedError("TransactionTimeoutError")<{
  readonly group: string
  readonly topic: string
  readonly uniqueKey: string
  readonly reason: "TransactionTimeout" | "Shutdown"
  readonly end: "RolledBack" | "LeftToCheck"
  /** Milliseconds that it had. */
  readonly timeout: number
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.reason === "TransactionTimeout" && this.end === "RolledBack"
  }

  override get message(): string {
    const why = this.reason === "Shutdown"
      ? `The producer stopped, and the transaction did not end within ${this.timeout} ms (shutdownTimeout)`
      : `The local work did not end within ${this.timeout} ms (transactionTimeout)`
    const end = this.end === "RolledBack" ? "was rolled back" : "is left to the check, which the broker asks for"
    return `${why}: transaction ${this.uniqueKey} (topic ${this.topic}, group ${this.group}) ${end}.`
  }
}

/**
 * All that can go wrong with a transaction.
 *
 * @since 0.1.0
 * @category errors
 */
export type TransactionError =
  | HalfMessageSendError
  | TransactionCommitError
  | TransactionRollbackError
  | TransactionCheckError
  | TransactionStateError
  | TransactionTimeoutError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isTransactionError = (u: unknown): u is TransactionError => Predicate.hasProperty(u, TypeId)
