/**
 * Messages of a consumer that is a Stream: each is settled by who takes it, with an acknowledgement or without.
 *
 * The Streams themselves are `Consumer.stream` and `Consumer.streamOrderly`; here are what they are made of, and ways to
 * part them.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as GroupBy from "effect/GroupBy"
import * as Hash from "effect/Hash"
import * as Stream from "effect/Stream"

/**
 * A message that waits to be settled. It is settled once: each of its effects is `true` when that was it, and `false` when
 * the message is no longer in hand: settled before, out of time (`consumeTimeout`), or given up by the stop.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delivery {
  readonly message: MessageExt
  /** Where it was stored. */
  readonly queue: MessageQueue
  /** The message is done. */
  readonly ack: Effect.Effect<boolean>
  /** The message shall come again, as with `ConsumeResult.retry`. */
  readonly nack: (delayLevel?: number) => Effect.Effect<boolean>
  /** The message goes to the dead-letter topic at once. */
  readonly deadLetter: Effect.Effect<boolean>
}

/**
 * A message in its order: the next one of its queue, or of its key, comes when it is settled.
 *
 * @since 0.1.0
 * @category models
 */
export interface OrderlyDelivery {
  readonly message: MessageExt
  /** Where it was stored. */
  readonly queue: MessageQueue
  /** The message is done. */
  readonly ack: Effect.Effect<boolean>
  /** The same message comes first again, after the time given or `suspendTime`. */
  readonly nack: (after?: Duration.DurationInput) => Effect.Effect<boolean>
}

/** When the whole fails, its parts end, and the failure is that of the whole. */
const parted = <D, E>(deliveries: Stream.Stream<D, E>): Stream.Stream<D> =>
  Stream.catchAll(deliveries, () => Stream.empty)

/**
 * Handles the deliveries of each queue in a Stream of its own, all of them at the same time. Their number is that of the
 * queues that this member ever had.
 *
 * @example
 * import { Consumer, Delivery, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect, Stream } from "effect"
 *
 * export const program = Consumer.stream({ group: "audit", subscriptions: { orders: MessageSelector.all } }).pipe(
 *   Delivery.perQueue((queue, deliveries) =>
 *     Stream.mapEffect(deliveries, ({ ack, message }) =>
 *       Effect.zipRight(Effect.log(queue.queueId, message.msgId), ack))
 *   ),
 *   Stream.runDrain
 * )
 *
 * @since 0.1.0
 * @category streams
 */
export const perQueue = <D extends Pick<Delivery, "queue">, A, E, R>(
  f: (queue: MessageQueue, deliveries: Stream.Stream<D>) => Stream.Stream<A, E, R>
) =>
<E0, R0>(self: Stream.Stream<D, E0, R0>): Stream.Stream<A, E0 | E, R0 | R> => {
  const queues = new Map<string, MessageQueue>()
  return Stream.groupByKey(self, ({ queue }) => {
    const key = MQ.key(queue)
    queues.set(key, queue)
    return key
  }).pipe(GroupBy.evaluate((key, deliveries) => f(queues.get(key)!, parted(deliveries))))
}

/**
 * Handles deliveries in `lanes` Streams at the same time; those of one key are in one lane, in the order in which they came.
 *
 * @since 0.1.0
 * @category streams
 */
export const perKey = <D extends Pick<Delivery, "message">, A, E, R>(
  options: {
    readonly key: (message: D["message"]) => string
    /** Default 16. */
    readonly lanes?: number | undefined
  },
  f: (deliveries: Stream.Stream<D>) => Stream.Stream<A, E, R>
) =>
<E0, R0>(self: Stream.Stream<D, E0, R0>): Stream.Stream<A, E0 | E, R0 | R> => {
  const lanes = Math.max(1, options.lanes ?? 16)
  return Stream.groupByKey(self, ({ message }) => Math.abs(Hash.string(options.key(message))) % lanes).pipe(
    GroupBy.evaluate((_lane, deliveries) => f(parted(deliveries)))
  )
}
