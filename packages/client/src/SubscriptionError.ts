/**
 * What is wrong with what a consumer wants to receive. All of these are found before anything is sent.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/SubscriptionError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * The name of a topic breaks a rule of RocketMQ.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidTopicError extends Data.TaggedError("InvalidTopicError")<{
  readonly group: string
  readonly topic: string
  /** The rule, as a clause: "is empty". */
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
    return `Group "${this.group}" cannot subscribe to topic "${this.topic}": the name ${this.problem}.`
  }
}

/**
 * A selector that could not select what it was meant to: an empty tag, a tag with `|`, empty SQL.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidSelectorError extends Data.TaggedError("InvalidSelectorError")<{
  readonly group: string
  readonly topic: string
  /** The selector as text. */
  readonly selector: string
  /** What is wrong, as a sentence without a full stop. */
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
    return `Group "${this.group}" cannot subscribe to topic "${this.topic}" with ${this.selector}: ${this.problem}.`
  }
}

/**
 * A topic is not among the subscriptions.
 *
 * @since 0.1.0
 * @category errors
 */
export class TopicNotSubscribedError extends Data.TaggedError("TopicNotSubscribedError")<{
  readonly group: string
  readonly topic: string
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
    return `Group "${this.group}" is not subscribed to topic "${this.topic}".`
  }
}

/**
 * A topic is subscribed to with another selector already.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionConflictError extends Data.TaggedError("SubscriptionConflictError")<{
  readonly group: string
  readonly topic: string
  /** The selectors as text. */
  readonly existing: string
  readonly wanted: string
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
    return `Group "${this.group}" is subscribed to topic "${this.topic}" with ${this.existing} already and not with ` +
      `${this.wanted}. Use update to replace the selector.`
  }
}

/**
 * There are as many subscriptions as there may be.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionLimitExceededError extends Data.TaggedError("SubscriptionLimitExceededError")<{
  readonly group: string
  /** The topic that was one too many. */
  readonly topic: string
  readonly limit: number
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
    return `Group "${this.group}" cannot subscribe to topic "${this.topic}": it has ${this.limit} subscriptions, which is the ` +
      `limit. Unsubscribe from others, or raise the limit.`
  }
}

/**
 * Exported subscriptions cannot be read back. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionDataError extends Data.TaggedError("SubscriptionDataError")<{
  readonly group: string
  /** What is wrong, as a sentence without a full stop. */
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
    return `The subscriptions for group "${this.group}" cannot be imported: ${this.problem}.`
  }
}

/**
 * What a subscription is refused for.
 *
 * @since 0.1.0
 * @category errors
 */
export type SubscriptionError =
  | InvalidTopicError
  | InvalidSelectorError
  | TopicNotSubscribedError
  | SubscriptionConflictError
  | SubscriptionLimitExceededError
  | SubscriptionDataError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isSubscriptionError = (u: unknown): u is SubscriptionError => Predicate.hasProperty(u, TypeId)
