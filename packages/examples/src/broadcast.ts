/**
 * Every member of a group gets every message, as caches want it.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Effect, Ref } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  const cache = yield* Ref.make<ReadonlyArray<string>>([])

  // offsets are this member's own. Without an `offsetStore` they are in memory: a start begins with what is sent from
  // then on. NodeOffsetStore.local({ group, clientId }) keeps them in a file.
  const consumer = yield* Consumer.make({
    group: "price-caches",
    subscriptions: { prices: MessageSelector.all },
    messageModel: "broadcasting"
  }, (message) => Ref.update(cache, (known) => [...known, MessageExt.text(message)]))
  yield* consumer.ready

  yield* producer.send(Message.make({ topic: "prices", body: "tea: 3" }))
  yield* producer.send(Message.make({ topic: "prices", body: "coffee: 4" }))
  return yield* Effect.repeat(Effect.delay(Ref.get(cache), "100 millis"), { until: (known) => known.length === 2 })
}).pipe(
  Effect.scoped,
  Effect.provide(Producer.layer({ group: "shop" }))
)
