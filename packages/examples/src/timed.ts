/**
 * Messages for a time of their own, one of which is taken back before it comes. Needs a broker that allows recalls.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Clock, Effect, Queue } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  const now = yield* Clock.currentTimeMillis

  // after a while, or at a time
  yield* producer.send(Message.make({ topic: "offers", body: "come back", delay: "5 seconds" }))
  const { recallHandle } = yield* producer.send(
    Message.make({ topic: "offers", body: "last chance", deliverAt: now + 6000 })
  )

  const received = yield* Queue.unbounded<string>()
  const Mailing = Consumer.layer({
    group: "mailing",
    subscriptions: { offers: MessageSelector.all },
    consumeFrom: "first"
  }, (message) => Effect.asVoid(received.offer(MessageExt.text(message))))

  // the customer has bought: no last chance for them
  const takenBack = yield* Effect.option(producer.recall(recallHandle ?? ""))

  const mailed = yield* Effect.sleep("10 seconds").pipe(
    Effect.zipRight(Queue.takeAll(received)),
    Effect.provide(Mailing)
  )
  return { takenBack: takenBack._tag === "Some", mailed: Array.from(mailed) }
}).pipe(Effect.provide(Producer.layer({ group: "checkout" })))
