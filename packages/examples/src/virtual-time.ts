/**
 * A test of a consumer: the second delivery comes after 10 s, and nobody waits for it. The whole cluster runs in this
 * process, and all of its time is Effect's Clock, which a test moves.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Embedded, EmbeddedCluster } from "@effect-rocketmq/embedded"
import { Clock, Effect, Layer, Queue, TestClock, TestContext } from "effect"

class PaymentDown extends Error {}

/**
 * With `@effect/vitest` this is the body of an `it.scoped`, which brings the TestContext itself.
 *
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const cluster = yield* EmbeddedCluster.EmbeddedCluster
  yield* cluster.createTopic("orders", { queues: 1 })

  // The consumer under test: its handler fails on the first delivery. `times` are milliseconds of the virtual clock.
  const times = yield* Queue.unbounded<number>()
  const Billing = Consumer.layer(
    { group: "billing", subscriptions: { orders: MessageSelector.all } },
    (message) =>
      Effect.gen(function*() {
        yield* Queue.offer(times, yield* Clock.currentTimeMillis)
        if (message.reconsumeTimes === 0) return yield* Effect.fail(new PaymentDown())
      })
  )

  return yield* Effect.gen(function*() {
    const consumer = yield* Consumer.Consumer
    const producer = yield* Producer.Producer
    yield* consumer.ready // from here on, whatever is sent is received
    yield* producer.send(Message.make({ topic: "orders", body: "order 1" }))
    const first = yield* Queue.take(times)

    // The broker has the message back and will deliver it in 10 s. Move the clock to just before that, then past it.
    yield* cluster.until(Effect.map(cluster.scheduled, (count) => count === 1))
    yield* TestClock.adjust("9 seconds")
    const early = yield* Queue.size(times)
    yield* TestClock.adjust("1 seconds")
    return { early, delay: (yield* Queue.take(times)) - first }
  }).pipe(Effect.provide(Layer.merge(Billing, Producer.layer({ group: "checkout" }))))
}).pipe(Effect.provide(Embedded.layer()), Effect.provide(TestContext.TestContext))
