/**
 * Sends three orders and consumes the two that carry a wanted tag.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Effect, Queue } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer

  // A send that succeeds was acknowledged by a broker. The first one creates the topic, where brokers allow it.
  const receipt = yield* producer.send(
    Message.make({ topic: "orders", tags: "paid", keys: ["order-1"], body: "order 1 is paid" })
  )
  yield* producer.send(Message.make({ topic: "orders", tags: "shipped", body: "order 1 is on its way" }))
  yield* producer.send(Message.make({ topic: "orders", tags: "refunded", body: "order 2 is paid back" }))
  yield* Effect.log(`${receipt.uniqueKey} is in queue ${receipt.messageQueue.queueId} at ${receipt.queueOffset}`)

  // The handler's success is the acknowledgement; a message whose handler fails comes again.
  const settled = yield* Queue.unbounded<string>()
  const Billing = Consumer.layer({
    group: "billing",
    subscriptions: { orders: MessageSelector.tags("paid", "refunded") },
    // A new group begins with what is sent from now on; this one shall also get what is there already.
    consumeFrom: "first"
  }, (message) => Effect.asVoid(Queue.offer(settled, MessageExt.text(message))))

  // The consumer runs as long as its Layer lives: here, until two messages are settled.
  return [...yield* Queue.takeN(settled, 2).pipe(Effect.provide(Billing))]
}).pipe(Effect.provide(Producer.layer({ group: "checkout" })))
