/**
 * A message that its handler never manages: it comes again, and after the limit it is a dead letter.
 *
 * @since 0.1.0
 */
import { Consumer, ConsumeResult, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Names } from "@effect-rocketmq/protocol"
import { Deferred, Effect, Queue } from "effect"

const group = "billing"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  yield* producer.send(Message.make({ topic: "orders", body: "good" }))
  yield* producer.send(Message.make({ topic: "orders", body: "bad" }))

  const deliveries = yield* Queue.unbounded<string>()
  const Billing = Consumer.layer({
    group,
    subscriptions: { orders: MessageSelector.all },
    consumeFrom: "first",
    maxReconsumeTimes: 2 // three deliveries in all, then the message is a dead letter
  }, (message) =>
    Effect.gen(function*() {
      const text = MessageExt.text(message)
      yield* Queue.offer(deliveries, `${text}, delivered ${message.reconsumeTimes} times before`)
      // Level 1 of the broker's table is 1 s. Failing, throwing or dying has the same effect, with the delays of the group.
      return text === "bad" ? ConsumeResult.retry(1) : ConsumeResult.consumed
    }))

  // Dead letters of a group are in a topic of their own. Somebody should look at them.
  const deadLetter = yield* Deferred.make<MessageExt.MessageExt>()
  const DeadLetters = Consumer.layer({
    group: "undertaker",
    subscriptions: { [Names.dlqTopic(group)]: MessageSelector.all },
    consumeFrom: "first"
  }, (message) => Effect.asVoid(Deferred.succeed(deadLetter, message)))

  const seen = yield* Queue.takeN(deliveries, 4).pipe(Effect.provide(Billing))
  const dead = yield* Deferred.await(deadLetter).pipe(Effect.provide(DeadLetters))
  return { seen: [...seen], dead: MessageExt.text(dead), topic: dead.topic }
}).pipe(Effect.provide(Producer.layer({ group: "checkout" })))
