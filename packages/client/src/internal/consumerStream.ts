/**
 * A consumer whose handler gives each message to a Stream and waits until it is settled there. What waits is bounded by the
 * number of handlers, and so is what is pulled: the Stream's pace is the consumer's.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ConsumeResult from "../ConsumeResult.js"
import type { Delivery, OrderlyDelivery } from "../Delivery.js"
import * as OrderlyResult from "../OrderlyResult.js"

/** A message in hand, and its fate. */
class Held<Result> {
  readonly message: MessageExt
  readonly fate = Deferred.unsafeMake<Result>(FiberId.none)
  private isOpen = true

  constructor(message: MessageExt) {
    this.message = message
  }

  get queue(): MessageQueue {
    return MQ.make(this.message.topic, this.message.brokerName, this.message.queueId)
  }

  settle(result: Result): Effect.Effect<boolean> {
    return Effect.sync(() => {
      if (!this.isOpen) return false
      this.isOpen = false
      Deferred.unsafeDone(this.fate, Effect.succeed(result))
      return true
    })
  }

  /** Nobody waits for its fate any more. */
  readonly close = Effect.sync(() => {
    this.isOpen = false
  })
}

class HeldDelivery extends Held<ConsumeResult.ConsumeResult> implements Delivery {
  readonly ack = this.settle(ConsumeResult.consumed)
  readonly deadLetter = this.settle(ConsumeResult.deadLetter)
  nack(delayLevel?: number): Effect.Effect<boolean> {
    return this.settle(ConsumeResult.retry(delayLevel))
  }
}

class HeldOrderlyDelivery extends Held<OrderlyResult.OrderlyResult> implements OrderlyDelivery {
  readonly ack = this.settle(OrderlyResult.handled)
  nack(...after: Parameters<OrderlyDelivery["nack"]>): Effect.Effect<boolean> {
    return this.settle(OrderlyResult.suspend(...after))
  }
}

/** `start` starts a consumer with the handler that it is given. */
const streamOf = <Result, D extends Held<Result>, E, R>(
  hold: (message: MessageExt) => D,
  start: (handler: (message: MessageExt) => Effect.Effect<Result>) => Effect.Effect<unknown, E, R | Scope.Scope>
): Stream.Stream<D, E, Exclude<R, Scope.Scope>> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const deliveries = yield* Effect.acquireRelease(Queue.unbounded<D>(), Queue.shutdown)
    yield* start((message) =>
      Effect.suspend(() => {
        const held = hold(message)
        return Effect.zipRight(
          Queue.offer(deliveries, held),
          Effect.onInterrupt(Deferred.await(held.fate), () => held.close)
        )
      })
    )
    return Stream.fromQueue(deliveries)
  }))

/** See Consumer.stream. */
export const stream = <E, R>(
  start: (
    handler: (message: MessageExt) => Effect.Effect<ConsumeResult.ConsumeResult>
  ) => Effect.Effect<unknown, E, R | Scope.Scope>
): Stream.Stream<Delivery, E, Exclude<R, Scope.Scope>> => streamOf((message) => new HeldDelivery(message), start)

/** See Consumer.streamOrderly. */
export const streamOrderly = <E, R>(
  start: (
    handler: (message: MessageExt) => Effect.Effect<OrderlyResult.OrderlyResult>
  ) => Effect.Effect<unknown, E, R | Scope.Scope>
): Stream.Stream<OrderlyDelivery, E, Exclude<R, Scope.Scope>> =>
  streamOf((message) => new HeldOrderlyDelivery(message), start)
