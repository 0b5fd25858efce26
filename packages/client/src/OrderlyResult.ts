/**
 * What a handler that gets messages in order may say when plain success or failure is not enough. A failure is the same as
 * `suspend()`: the same message comes first again.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/OrderlyResult")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What becomes of a message, and of those that were handled before it and are not committed.
 *
 * @since 0.1.0
 * @category models
 */
export type OrderlyResult = Handled | Suspend | Commit | Rollback

/**
 * The message is handled, and the next one comes. With `autoCommit`, the default, it is also committed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handled {
  readonly [TypeId]: TypeId
  readonly _tag: "Handled"
}

/**
 * The same message comes first again, after a pause in which nothing is handled that has to come after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Suspend {
  readonly [TypeId]: TypeId
  readonly _tag: "Suspend"
  /** 10 milliseconds to 30 seconds. `undefined`: the consumer's `suspendTime`. */
  readonly duration: Duration.DurationInput | undefined
}

/**
 * The message is handled, and all that was handled since the last commit is committed with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Commit {
  readonly [TypeId]: TypeId
  readonly _tag: "Commit"
}

/**
 * The message and all that was handled since the last commit come again, in order, after a pause.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rollback {
  readonly [TypeId]: TypeId
  readonly _tag: "Rollback"
  /** 10 milliseconds to 30 seconds. `undefined`: the consumer's `suspendTime`. */
  readonly duration: Duration.DurationInput | undefined
}

/**
 * The message is handled. The same as success without a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const handled: OrderlyResult = { [TypeId]: TypeId, _tag: "Handled" }

/**
 * The same message shall come first again, counted as one more attempt. What is shorter than 10 milliseconds or longer than
 * 30 seconds is taken as that; without a duration, the consumer's `suspendTime` decides.
 *
 * @example
 * import { Consumer, MessageExt, MessageSelector, OrderlyResult } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const Ledger = Consumer.layerOrderly(
 *   { group: "ledger", subscriptions: { accounts: MessageSelector.all } },
 *   (message) =>
 *     Effect.succeed(MessageExt.text(message) === "" ? OrderlyResult.suspend("5 seconds") : OrderlyResult.handled)
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const suspend = (duration?: Duration.DurationInput): OrderlyResult => ({
  [TypeId]: TypeId,
  _tag: "Suspend",
  duration
})

/**
 * Commits this message and all that was handled since the last commit; with `orderBy`, of the same key. For `autoCommit:
 * false`; otherwise the same as `handled`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const commit: OrderlyResult = { [TypeId]: TypeId, _tag: "Commit" }

/**
 * Has this message and all that was handled since the last commit come again, in order; with `orderBy`, of the same key.
 * That is not counted as an attempt. For `autoCommit: false`; otherwise only this message comes again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rollback = (duration?: Duration.DurationInput): OrderlyResult => ({
  [TypeId]: TypeId,
  _tag: "Rollback",
  duration
})

/**
 * @since 0.1.0
 * @category refinements
 */
export const isOrderlyResult = (u: unknown): u is OrderlyResult => Predicate.hasProperty(u, TypeId)
