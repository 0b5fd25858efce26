/**
 * Asks for prices by message: one consumer replies, and a request that nobody replies to fails at its deadline.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer, RequestReply } from "@effect-rocketmq/client"
import { Effect, Layer } from "effect"

/** Replies to each request with what the handler gives. The replies need a producer. */
const Prices = Consumer.layer(
  { group: "prices", subscriptions: { "price-requests": MessageSelector.all }, consumeFrom: "first" },
  RequestReply.responder(
    (request) => Effect.succeed({ body: `${MessageExt.text(request)} costs 42`, properties: { currency: "EUR" } }),
    // ordinary messages cannot be replied to; without this they would fail, and become dead letters in the end
    { otherwise: (message) => Effect.log(`not a request: ${MessageExt.text(message)}`) }
  )
).pipe(Layer.provide(Producer.layer({ group: "price-replies" })))

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer

  // The first message creates the topic, where brokers allow it.
  yield* producer.send(Message.make({ topic: "price-requests", body: "hello" }))

  const ask = (product: string) =>
    producer.request(Message.make({ topic: "price-requests", body: product }), { timeout: "10 seconds" }).pipe(
      Effect.map((reply) => `${MessageExt.text(reply)} ${reply.properties["currency"]}`),
      // The request is stored all the same: a consumer that comes later handles it, and its reply is dropped.
      Effect.catchTag("ReplyTimeoutError", (error) => Effect.succeed(`no reply; the request is ${error.outcome}`))
    )

  // Each request gets its own reply, however many are under way.
  const answered = yield* Effect.all([ask("tea"), ask("coffee")], { concurrency: "unbounded" }).pipe(
    Effect.provide(Prices)
  )
  const unanswered = yield* ask("milk")

  return { answered, unanswered }
}).pipe(Effect.provide(Producer.layer({ group: "shop" })))
