/**
 * What can go wrong with a consumer, from its options to the offsets that it keeps.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/ConsumerError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

const describe = (queue: MessageQueue): string =>
  `queue ${queue.queueId} of topic ${queue.topic} on ${queue.brokerName}`

const because = (cause: unknown): string => cause instanceof Error ? ` ${cause.message}` : ""

/**
 * An option of a consumer is out of its range. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerConfigError extends Data.TaggedError("ConsumerConfigError")<{
  readonly group: string
  readonly option: string
  readonly value: unknown
  /** What it must be, as a clause: "must be at least 1". */
  readonly problem: string
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
    return `Option ${this.option} of consumer group "${this.group}" is ${String(this.value)}; it ${this.problem}.`
  }
}

/**
 * What a consumer is asked to be makes no sense: an illegal group name, no subscription. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerValidationError extends Data.TaggedError("ConsumerValidationError")<{
  readonly group: string
  readonly reason: "InvalidGroup" | "NoSubscription"
  /** As a clause: "is empty". */
  readonly problem: string
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
    return this.reason === "InvalidGroup"
      ? `The name of consumer group "${this.group}" ${this.problem}.`
      : `Consumer group "${this.group}" ${this.problem}. Give subscriptions: { topic: MessageSelector.all }.`
  }
}

/**
 * A consumer could not start: the routes of its topics cannot be asked for, or with `strictGroup` another member of the
 * group has other subscriptions or the same client id. A topic that does not exist yet is not the reason: the consumer
 * waits for it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerStartError extends Data.TaggedError("ConsumerStartError")<{
  readonly group: string
  /** The topic that the reason is about, or one of them. */
  readonly topic: string
  /** Absent: `NoRoute`. */
  readonly reason?: "NoRoute" | "SubscriptionsDiffer" | "ClientIdTaken" | undefined
  /** The other member. */
  readonly clientId?: string | undefined
  /** What does not agree, as a sentence without a full stop. */
  readonly problem?: string | undefined
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
    return this.problem === undefined
  }

  override get message(): string {
    return this.problem === undefined
      ? `Consumer group "${this.group}" cannot start: the route of topic ${this.topic} is not known.${
        because(this.cause)
      }`
      : `Consumer group "${this.group}" does not start. ${this.problem}.`
  }
}

/**
 * A broker refused a subscription (for SQL92: the expression does not parse, or the broker's `enablePropertyFilter` is off),
 * or the route of the topic cannot be asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscribeError extends Data.TaggedError("SubscribeError")<{
  readonly group: string
  readonly topic: string
  readonly expression: string
  /** `undefined`: no broker was asked, for no name server said which one to ask. */
  readonly address: string | undefined
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
    return this.address === undefined
  }

  override get message(): string {
    const what = `the subscription of group "${this.group}" to topic ${this.topic} with "${this.expression}"`
    return this.address === undefined
      ? `No name server tells the route for ${what}.${because(this.cause)} Nothing was changed; try again.`
      : `Broker ${this.address} refused ${what}.${because(this.cause)} SQL92 needs enablePropertyFilter=true in the ` +
        `broker's configuration.`
  }
}

/**
 * A consumer is not subscribed to the topic that it is to give up.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnsubscribeError extends Data.TaggedError("UnsubscribeError")<{
  readonly group: string
  readonly topic: string
  /** The topics that it is subscribed to. */
  readonly subscribed: ReadonlyArray<string>
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
    const topics = this.subscribed.length === 0 ? "nothing" : this.subscribed.slice(0, 10).join(", ")
    return `Consumer group "${this.group}" cannot unsubscribe from topic ${this.topic}: it is subscribed to ${topics}.`
  }
}

/**
 * A pull failed. The queue is pulled again from the same offset, for as long as it is assigned.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessagePullError extends Data.TaggedError("MessagePullError")<{
  readonly group: string
  readonly queue: MessageQueue
  readonly offset: bigint
  /** Failures in a row, this one included. */
  readonly attempt: number
  /** Milliseconds until the next attempt. */
  readonly delay: number
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
    return `Group "${this.group}" cannot pull ${
      describe(this.queue)
    } at offset ${this.offset} (attempt ${this.attempt}, next in ` +
      `${this.delay} ms).${because(this.cause)}`
  }
}

/**
 * A handler did not finish a message: it failed, threw, died or asked for another delivery. The message comes again.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageConsumeError extends Data.TaggedError("MessageConsumeError")<{
  readonly group: string
  readonly topic: string
  readonly queue: MessageQueue
  readonly offset: bigint
  readonly msgId: string
  readonly reconsumeTimes: number
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
    return `The handler of group "${this.group}" failed on message ${this.msgId} (${
      describe(this.queue)
    }, offset ${this.offset}, ` +
      `delivered ${this.reconsumeTimes + 1} times).${because(this.cause)}`
  }
}

/**
 * A handler took longer than `consumeTimeout`. It was interrupted, and the message comes again.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumeTimeoutError extends Data.TaggedError("ConsumeTimeoutError")<{
  readonly group: string
  readonly topic: string
  readonly queue: MessageQueue
  readonly offset: bigint
  readonly msgId: string
  /** Milliseconds. */
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
    return true
  }

  override get message(): string {
    return `The handler of group "${this.group}" did not finish message ${this.msgId} (${
      describe(this.queue)
    }, offset ` +
      `${this.offset}) within ${this.timeout} ms and was interrupted. Raise consumeTimeout if it needs longer.`
  }
}

/**
 * A batch handler gave another number of results than it got messages. The whole batch comes again.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidConsumeResultError extends Data.TaggedError("InvalidConsumeResultError")<{
  readonly group: string
  readonly expected: number
  readonly actual: number
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
    return `The batch handler of group "${this.group}" got ${this.expected} messages and returned ${this.actual} results. Return ` +
      `one result for each message, in order, or nothing when all are consumed.`
  }
}

/**
 * The committed offset of a queue could not be read. Nothing is pulled and nothing committed there until it is known.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetFetchError extends Data.TaggedError("OffsetFetchError")<{
  readonly group: string
  readonly queue: MessageQueue
  /** `undefined`: no address of the broker is known. */
  readonly address: string | undefined
  /** The file that it should come from, for offsets that are kept by this program. */
  readonly path?: string | undefined
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
    if (this.path !== undefined) {
      return `The offset of group "${this.group}" for ${
        describe(this.queue)
      } is not known: neither ${this.path} nor its ` +
        `backup (.bak) can be read.${because(this.cause)} Repair one of them, or delete both to begin by consumeFrom.`
    }
    return `The committed offset of group "${this.group}" for ${describe(this.queue)} is not known` +
      `${this.address === undefined ? ": no address of the broker is known" : ` from ${this.address}`}.${
        because(this.cause)
      }`
  }
}

/**
 * An offset could not be committed. It is tried again with the next commit; without one, its messages come again.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetError extends Data.TaggedError("OffsetError")<{
  readonly group: string
  readonly queue: MessageQueue
  readonly offset: bigint
  /** `undefined`: no address of the broker is known. */
  readonly address: string | undefined
  /** The file that it should be written to, for offsets that are kept by this program. */
  readonly path?: string | undefined
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
    if (this.path !== undefined) {
      return `Group "${this.group}" cannot write offset ${this.offset} of ${describe(this.queue)} to ${this.path}.${
        because(this.cause)
      } See that the directory may be written and the disk has room; until then the offset is in memory alone.`
    }
    return `Group "${this.group}" cannot commit offset ${this.offset} of ${describe(this.queue)}` +
      `${this.address === undefined ? ": no address of the broker is known" : ` to ${this.address}`}.${
        because(this.cause)
      }`
  }
}

/**
 * A call does not fit the state of a consumer. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerStateError extends Data.TaggedError("ConsumerStateError")<{
  readonly group: string
  /**
   * `MixedModes`: a consumer either subscribes to topics or has queues assigned. `NotAssigned`: the consumer does not have
   * the queue (any more). `PollInProgress`: somebody else waits in a poll.
   */
  readonly reason: "MixedModes" | "NotAssigned" | "PollInProgress"
  /** What was asked for, as a clause: "assign queues". */
  readonly attempted: string
  readonly queue?: MessageQueue | undefined
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return this.reason === "PollInProgress"
  }

  override get message(): string {
    const about = this.queue === undefined ? "" : ` ${describe(this.queue)}`
    return `Consumer group "${this.group}" cannot ${this.attempted}${about}: ${states[this.reason]}.`
  }
}

const states: Readonly<Record<ConsumerStateError["reason"], string>> = {
  MixedModes: "a consumer either subscribes or has queues assigned; make another one for the other",
  NotAssigned: "it does not have the queue",
  PollInProgress: "another poll of this consumer has not ended; one fiber polls at a time"
}

/**
 * The Scope of a consumer was closed: it does nothing any more.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerShutdownError extends Data.TaggedError("ConsumerShutdownError")<{
  readonly group: string
  /** What was asked for, as a clause: "poll". */
  readonly attempted: string
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
    return `The consumer of group "${this.group}" is closed and cannot ${this.attempted}.`
  }
}

/**
 * The name of a member or a group cannot be that of a directory for its offsets. Nothing was read or written.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetPathError extends Data.TaggedError("OffsetPathError")<{
  readonly group: string
  readonly name: string
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
    return `The offsets of group "${this.group}" cannot be kept under the name ${
      JSON.stringify(this.name)
    }: give a name ` +
      `that is no path, without / and \\, and neither empty nor of dots alone.`
  }
}

/**
 * A queue does not have the offset that was asked for. Nothing was moved.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetOutOfRangeError extends Data.TaggedError("OffsetOutOfRangeError")<{
  readonly group: string
  readonly queue: MessageQueue
  readonly offset: bigint
  /** Of the first message. */
  readonly min: bigint
  /** Of the next message that will be stored. */
  readonly max: bigint
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
    return `${describe(this.queue)} has no offset ${this.offset}: it has ${this.min} to ${this.max}. ` +
      `Take one of these, or "begin" or "end".`
  }
}

/**
 * The queues of a topic could not be shared out. The member keeps what it has.
 *
 * @since 0.1.0
 * @category errors
 */
export class RebalanceError extends Data.TaggedError("RebalanceError")<{
  readonly group: string
  readonly topic: string
  readonly reason: "NoRoute" | "NoMembers" | "NotAMember" | "StrategyFailed"
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
    return true
  }

  override get message(): string {
    return `Group "${this.group}" keeps its queues of topic ${this.topic}: ${reasons[this.reason]}.${
      because(this.cause)
    }`
  }
}

const reasons: Readonly<Record<RebalanceError["reason"], string>> = {
  NoRoute: "the topic has no route",
  NoMembers: "no broker says who the members of the group are",
  NotAMember: "the broker does not count this client among the members yet",
  StrategyFailed: "the allocation strategy threw"
}

/**
 * All that can go wrong with a consumer. Who makes one sees the part in `Consumer.StartError`.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConsumerError =
  | ConsumerConfigError
  | ConsumerValidationError
  | ConsumerStartError
  | SubscribeError
  | UnsubscribeError
  | MessagePullError
  | MessageConsumeError
  | ConsumeTimeoutError
  | InvalidConsumeResultError
  | OffsetFetchError
  | OffsetError
  | OffsetOutOfRangeError
  | OffsetPathError
  | ConsumerStateError
  | ConsumerShutdownError
  | RebalanceError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isConsumerError = (u: unknown): u is ConsumerError => Predicate.hasProperty(u, TypeId)
