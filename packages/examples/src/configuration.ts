/**
 * Every option of the client from `ROCKETMQ_*` variables. A ConfigProvider stands for the environment here.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer, RocketMQ } from "@effect-rocketmq/client"
import { Embedded } from "@effect-rocketmq/embedded"
import { NodeCompression } from "@effect-rocketmq/node"
import { ConfigProvider, Deferred, Effect, Layer } from "effect"

const environment = ConfigProvider.fromMap(
  new Map([
    ["ROCKETMQ_NAMESRV_ADDR", "127.0.0.1:9876"],
    ["ROCKETMQ_CLIENT_ID", "checkout@1"],
    ["ROCKETMQ_PRODUCER_GROUP", "checkout"],
    ["ROCKETMQ_SEND_TIMEOUT", "30 seconds"],
    ["ROCKETMQ_CONSUMER_CONSUME_FROM", "first"],
    ["ROCKETMQ_CONSUMER_CONCURRENCY", "8"]
  ]),
  { pathDelim: "_" }
)

// All that producers and consumers stand on. On TCP this is NodeRocketMQ.layerConfig().
const Connection = RocketMQ.layerConfig().pipe(
  Layer.provide(Layer.merge(Embedded.layerTransport, NodeCompression.layer))
)

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  yield* producer.send(Message.make({ topic: "orders", body: "order 1" }))

  // What the code says wins over the variables; group and subscriptions are always the code's.
  const received = yield* Deferred.make<string>()
  const Billing = Consumer.layerConfig(
    { group: "billing", subscriptions: { orders: MessageSelector.all }, concurrency: 2 },
    (message) => Effect.asVoid(Deferred.succeed(received, MessageExt.text(message)))
  )
  return { group: producer.group, received: yield* Deferred.await(received).pipe(Effect.provide(Billing)) }
}).pipe(
  Effect.provide(Producer.layerConfig()),
  Effect.provide(Connection),
  Effect.withConfigProvider(environment)
)
