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
 * What a subscription is refused for.
 *
 * @since 0.1.0
 * @category errors
 */
export type SubscriptionError = InvalidTopicError | InvalidSelectorError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isSubscriptionError = (u: unknown): u is SubscriptionError => Predicate.hasProperty(u, TypeId)
