/**
 * A message that consumers get later than it was sent.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Clock, Deferred, Effect } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer

  // A level of the broker's table, not a time: 1 = 1 s, 2 = 5 s, 3 = 10 s, 4 = 30 s, 5 = 1 min … 18 = 2 h.
  const sentAt = yield* Clock.currentTimeMillis
  yield* producer.send(Message.make({ topic: "reminders", body: "pay order 1", delayLevel: 3 }))

  const received = yield* Deferred.make<{ readonly at: number; readonly text: string }>()
  const Reminding = Consumer.layer({
    group: "reminding",
    subscriptions: { reminders: MessageSelector.all },
    consumeFrom: "first"
  }, (message) =>
    Effect.gen(function*() {
      const at = yield* Clock.currentTimeMillis
      yield* Deferred.succeed(received, { at, text: MessageExt.text(message) })
    }))

  const { at, text } = yield* Deferred.await(received).pipe(Effect.provide(Reminding))
  return { text, afterSeconds: Math.floor((at - sentAt) / 1000) }
}).pipe(Effect.provide(Producer.layer({ group: "checkout" })))
