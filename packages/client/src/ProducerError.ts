/**
 * What can go wrong with a producer. The errors of one send say what became of the message: `Refused`, it was not
 * stored; `Unknown`, it may have been.
 *
 * @since 0.1.0
 */
import type { DeserializationError } from "@effect-rocketmq/protocol/ProtocolError"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import type { BrokerError, Outcome } from "./BrokerError.js"
import { isBrokerError, outcome as brokerOutcome } from "./BrokerError.js"
import { CompressionError } from "./Compression.js"
import { TopicRouteNotFoundError } from "./NameServerError.js"
import type { NameServerError } from "./NameServerError.js"
import type { Attempt, SendReceipt } from "./SendReceipt.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/ProducerError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const outcomeOf = (attempts: ReadonlyArray<Attempt>): Outcome =>
  attempts.some((attempt) => attempt.outcome === "Unknown") ? "Unknown" : "Refused"

const outcomeText: Readonly<Record<Outcome, string>> = {
  Refused: "The message was not stored.",
  Unknown: "The message may have been stored."
}

const listed = (attempts: ReadonlyArray<Attempt>): string =>
  attempts.map((attempt, i) =>
    `\n  ${i + 1}. ${attempt.brokerName} (${attempt.address}), queue ${attempt.queueId}, ${attempt.duration} ms, ` +
    `${attempt.outcome}: ${attempt.error === undefined ? "no answer before the deadline" : attempt.error.message}`
  ).join("")

/**
 * The producer did not start: an option that makes no sense, or a group that this client already has.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProducerStartError extends Data.TaggedError("ProducerStartError")<{
  readonly group: string
  /** The option at fault. */
  readonly option: string
  /** What is wrong with its value, as a clause: `is empty`. */
  readonly problem: string
  readonly cause?: unknown
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
    return `Producer of group ${JSON.stringify(this.group)} did not start: ${this.option} ${this.problem}.`
  }
}

/**
 * The producer's Scope is closing: it takes no new messages, and gave up what did not end within `shutdownTimeout`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProducerShutdownError extends Data.TaggedError("ProducerShutdownError")<{
  readonly group: string
  readonly topic: string
  /** What was tried before; empty for a message that came after the end. */
  readonly attempts: ReadonlyArray<Attempt>
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
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return outcomeOf(this.attempts)
  }

  override get message(): string {
    return `Producer of group ${this.group} is shut down and sends nothing more to topic ${this.topic}. ` +
      outcomeText[this.outcome] + listed(this.attempts)
  }
}

/**
 * The message breaks a rule of the broker or of this client. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageValidationError extends Data.TaggedError("MessageValidationError")<{
  readonly topic: string
  /** What is at fault. `timer`: the time of delivery. */
  readonly field: "topic" | "body" | "keys" | "properties" | "delayLevel" | "timer" | "batch" | "transaction"
  /** What is wrong with it, as a clause: `is empty`. */
  readonly problem: string
  /** What is allowed. */
  readonly rule: string
  /** Which message of a batch, from 0. */
  readonly index?: number | undefined
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
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return "Refused"
  }

  override get message(): string {
    const which = this.index === undefined ? "Message" : `Message ${this.index} of the batch`
    return `${which} for topic ${JSON.stringify(this.topic)}: ${this.field} ${this.problem}. Rule: ${this.rule}.`
  }
}

/**
 * Messages of different topics in one batch: `topics` has all of them. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class BatchMixedTopicError extends Data.TaggedError("BatchMixedTopicError")<{
  readonly topics: ReadonlyArray<string>
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
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return "Refused"
  }

  override get message(): string {
    return `A batch goes to one queue, so all its messages have one topic; this one has ${this.topics.join(", ")}. ` +
      `Send a batch for each topic.`
  }
}

/**
 * Not every message of a batch was acknowledged. `results` has, in the order of the messages, the receipt or the error of
 * each: an error's `outcome` says whether its message may be stored all the same.
 *
 * @since 0.1.0
 * @category errors
 */
export class BatchSendError extends Data.TaggedError("BatchSendError")<{
  readonly results: ReadonlyArray<Either.Either<SendReceipt, SendError>>
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * The errors with the places of their messages, from 0.
   *
   * @since 0.1.0
   */
  get failures(): ReadonlyArray<readonly [index: number, error: SendError]> {
    return this.results.flatMap((result, index) => Either.isLeft(result) ? [[index, result.left] as const] : [])
  }

  /**
   * Whether at least one of the messages that failed may be sent again with success.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.failures.some(([, error]) => error.retryable)
  }

  /**
   * `Unknown` when at least one of the messages that failed may be stored.
   *
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return this.failures.some(([, error]) => outcome(error) === "Unknown") ? "Unknown" : "Refused"
  }

  override get message(): string {
    const failures = this.failures
    const [index, error] = failures[0] ?? [0, undefined]
    const others = failures.length > 1 ? ` (${failures.length - 1} more have errors of their own, see results)` : ""
    return `${failures.length} of the ${this.results.length} messages of the batch were not acknowledged. ` +
      `Message ${index}${others}: ${error?.message ?? ""}`
  }
}

/**
 * The topic has no queue that could take the message: none may be written to, the queue that was asked for is not one of
 * the topic's, or the selector chose none. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class QueueNotAvailableError extends Data.TaggedError("QueueNotAvailableError")<{
  readonly topic: string
  /** The queue that was asked for, if one was. */
  readonly brokerName?: string | undefined
  readonly queueId?: number | undefined
  /** How many queues of the topic may be written to. */
  readonly writeQueues: number
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * The route may have changed when asked again.
   *
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  /**
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return "Refused"
  }

  override get message(): string {
    if (this.writeQueues === 0) {
      return `Topic ${this.topic} has a route, but no queue in it may be written to: its permission forbids it, or the ` +
        `masters of its brokers are down.`
    }
    return this.queueId === undefined
      ? `The selector chose none of the ${this.writeQueues} queues of topic ${this.topic}: it must return an index of ` +
        `the list it is given.`
      : `Queue ${this.queueId} of ${this.brokerName} is none of the ${this.writeQueues} writable queues of topic ` +
        `${this.topic}.`
  }
}

/**
 * The route of the topic is not known and could not be asked for. Nothing was sent; `cause` has each name server with
 * its own answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class RouteUpdateError extends Data.TaggedError("RouteUpdateError")<{
  readonly topic: string
  readonly cause: NameServerError
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.cause.retryable
  }

  /**
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return "Refused"
  }

  override get message(): string {
    return `The route of topic ${this.topic} is not known. ${this.cause.message}`
  }
}

/**
 * One attempt was made and its failure is of a kind that another attempt would not mend; `cause` is that failure.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageSendError extends Data.TaggedError("MessageSendError")<{
  readonly topic: string
  readonly group: string
  readonly brokerName: string
  readonly address: string
  readonly queueId: number
  /** The id under which the message is stored, if it is. */
  readonly uniqueKey: string
  readonly outcome: Outcome
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
    return this.cause.retryable
  }

  override get message(): string {
    return `Sending to topic ${this.topic}, queue ${this.queueId} of ${this.brokerName} (${this.address}), group ` +
      `${this.group} failed: ${this.cause._tag}: ${this.cause.message} ${outcomeText[this.outcome]}`
  }
}

/**
 * The message was not acknowledged before its deadline, or within the allowed number of retries.
 *
 * @example
 * import { Message, Producer } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const program = Effect.gen(function*() {
 *   const producer = yield* Producer.Producer
 *   return yield* producer.send(Message.make({ topic: "orders", body: "{}" }))
 * }).pipe(
 *   Effect.catchTag("RetryExhaustedError", (error) =>
 *     error.outcome === "Refused"
 *       ? Effect.fail("not stored: it may be sent again" as const)
 *       // an attempt may have stored it: look for its key before sending it again
 *       : Effect.fail(`unknown after ${error.attempts.length} attempts: ${error.uniqueKey}` as const))
 * )
 *
 * @since 0.1.0
 * @category errors
 */
export class RetryExhaustedError extends Data.TaggedError("RetryExhaustedError")<{
  readonly topic: string
  readonly group: string
  /** `Deadline`: sendTimeout is over. `Retries`: the limit is reached. `Final`: the last failure is not retryable. */
  readonly reason: "Deadline" | "Retries" | "Final"
  /** All attempts in their order. Empty when every broker of the topic was known to be down all the time. */
  readonly attempts: ReadonlyArray<Attempt>
  /** Milliseconds since the call. */
  readonly duration: number
  /** The id under which the message is stored, if it is. */
  readonly uniqueKey: string
  /** The last failure, of this message or of another one at the same brokers. */
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.reason !== "Final"
  }

  /**
   * `Unknown` when at least one attempt may have stored the message.
   *
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return outcomeOf(this.attempts)
  }

  override get message(): string {
    const count = this.attempts.length
    const tried = count === 0
      ? `no broker could be tried${this.cause === undefined ? "" : ` (${reasonOf(this.cause)})`}`
      : `${count} ${count === 1 ? "attempt" : "attempts"}`
    return `Sending to topic ${this.topic}, group ${this.group} gave up after ${this.duration} ms and ${tried} ` +
      `(${this.reason}). ${outcomeText[this.outcome]}${listed(this.attempts)}`
  }
}

/**
 * A timed message was not taken back; `cause` says why: no handle at all, no way to the broker, or the broker's answer.
 * Unless the outcome is `Unknown`, it will be delivered.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageRecallError extends Data.TaggedError("MessageRecallError")<{
  readonly group: string
  readonly recallHandle: string
  /** Absent when the handle cannot be read. */
  readonly topic?: string | undefined
  readonly brokerName?: string | undefined
  readonly cause:
    | BrokerError
    | DeserializationError
    | TopicRouteNotFoundError
    | RouteUpdateError
    | QueueNotAvailableError
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.cause.retryable
  }

  /**
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return isBrokerError(this.cause) && this.brokerName !== undefined ? brokerOutcome(this.cause) : "Refused"
  }

  override get message(): string {
    const where = this.topic === undefined ? "" : ` of topic ${this.topic} at ${this.brokerName}`
    const what = this.outcome === "Unknown" ? "may have been taken back or not" : "was not taken back"
    return `The timed message${where} ${what}: ${this.cause._tag}: ${this.cause.message}`
  }
}

/**
 * What `send` fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type SendError =
  | MessageValidationError
  | TopicRouteNotFoundError
  | RouteUpdateError
  | QueueNotAvailableError
  | CompressionError
  | MessageSendError
  | RetryExhaustedError
  | ProducerShutdownError

/**
 * What `sendBatch` fails with. MessageValidationError: the batch is empty.
 *
 * @since 0.1.0
 * @category errors
 */
export type BatchError = MessageValidationError | BatchMixedTopicError | BatchSendError

/**
 * All that can go wrong with a producer.
 *
 * @since 0.1.0
 * @category errors
 */
export type ProducerError = ProducerStartError | BatchError | SendError | MessageRecallError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isProducerError = (u: unknown): u is ProducerError =>
  Predicate.hasProperty(u, TypeId) || u instanceof TopicRouteNotFoundError || u instanceof CompressionError

/**
 * What became of the message of a send that failed so: `Refused`, it was not stored; `Unknown`, it may have been.
 *
 * @since 0.1.0
 * @category combinators
 */
export const outcome = (error: SendError | BatchError): Outcome =>
  error._tag === "TopicRouteNotFoundError" || error._tag === "CompressionError" ? "Refused" : error.outcome
