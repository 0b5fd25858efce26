/**
 * What a handler may say about a message when plain success or failure is not enough.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/ConsumeResult")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What becomes of a message: it is done, it comes again, or nobody is to try it any more.
 *
 * @since 0.1.0
 * @category models
 */
export type ConsumeResult = Consumed | Retry | DeadLetter

/**
 * Done: the message is not delivered to this group again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Consumed {
  readonly [TypeId]: TypeId
  readonly _tag: "Consumed"
}

/**
 * To be delivered again, after a delay.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retry {
  readonly [TypeId]: TypeId
  readonly _tag: "Retry"
  /** `undefined`: as the consumer's `retryDelayLevel` says. */
  readonly delayLevel: number | undefined
}

/**
 * To be put aside in the group's dead-letter topic at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeadLetter {
  readonly [TypeId]: TypeId
  readonly _tag: "DeadLetter"
}

/**
 * The results of a batch, one for each message, in the order of the messages.
 *
 * @since 0.1.0
 * @category models
 */
export type BatchResult = ReadonlyArray<ConsumeResult>

/**
 * The message is done. The same as success without a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const consumed: ConsumeResult = { [TypeId]: TypeId, _tag: "Consumed" }

/**
 * The message shall come again. `delayLevel` is a level of the broker's table: by default 1 = 1 s, 2 = 5 s, 3 = 10 s,
 * 4 = 30 s, 5 = 1 min … 18 = 2 h; 0 lets the broker choose, longer with each attempt. Without one, the consumer's
 * `retryDelayLevel` decides. The attempt counts towards `maxReconsumeTimes`.
 *
 * @example
 * import { Consumer, ConsumeResult, MessageExt, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const Billing = Consumer.layer(
 *   { group: "billing", subscriptions: { orders: MessageSelector.all }, maxReconsumeTimes: 5 },
 *   (message) => Effect.succeed(MessageExt.text(message) === "" ? ConsumeResult.retry(5) : ConsumeResult.consumed)
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const retry = (delayLevel?: number): ConsumeResult => ({ [TypeId]: TypeId, _tag: "Retry", delayLevel })

/**
 * No delivery will succeed: the message goes to the dead-letter topic `%DLQ%group` without further attempts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const deadLetter: ConsumeResult = { [TypeId]: TypeId, _tag: "DeadLetter" }

/**
 * @since 0.1.0
 * @category refinements
 */
export const isConsumeResult = (u: unknown): u is ConsumeResult => Predicate.hasProperty(u, TypeId)
