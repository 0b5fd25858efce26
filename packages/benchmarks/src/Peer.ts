/**
 * This client, as the workloads use it.
 *
 * @since 0.1.0
 */
import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import type { BatchError, SendError } from "@effect-rocketmq/client/ProducerError"
import type { RocketMQ } from "@effect-rocketmq/client/RocketMQ"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import * as NodeRocketMQ from "@effect-rocketmq/node/NodeRocketMQ"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Sending {
  readonly one: (kind: number, i: number, clock?: number) => Effect.Effect<SendReceipt, SendError>
  readonly batch: (
    kind: number,
    i: number,
    n: number
  ) => Effect.Effect<ReadonlyArray<SendReceipt>, BatchError>
  readonly oneway: (kind: number, i: number) => Effect.Effect<void, SendError>
  /** To the queue of a key. */
  readonly keyed: (i: number, key: string) => Effect.Effect<SendReceipt, SendError>
}

/**
 * Runs a program on one client of the cluster.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withClient = (o: Arguments) => <A, E>(program: Effect.Effect<A, E, RocketMQ | Scope.Scope>) =>
  Effect.flatMap(
    Layer.build(NodeRocketMQ.layer({ nameServers: [o.namesrv] })),
    (context) => Effect.provide(program, context)
  )

const options = (o: Arguments): Producer.Options => ({
  group: o.group,
  autoBatch: o.workload === "send-auto-batch",
  onewayWindow: o.onewayWindow > 0 ? o.onewayWindow : undefined
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const producer = (o: Arguments) =>
  Effect.map(Producer.make(options(o)), (producer): Sending => {
    const body = Body.maker(o.size)
    const message = (kind: number, i: number, clock?: number): Message.Message =>
      Message.make({ topic: o.topic, tags: "bench", body: body(kind, i, clock) })
    const selector = MessageQueueSelector.byKey()
    return {
      keyed: (i, shardingKey) =>
        producer.send(
          Message.make({ topic: o.topic, tags: "bench", shardingKey, body: body(Body.MEASURED, i) }),
          { selector }
        ),
      one: (kind, i, clock) => producer.send(message(kind, i, clock)),
      oneway: (kind, i) => producer.sendOneway(message(kind, i)),
      batch: (kind, i, n) => producer.sendBatch(Array.from({ length: n }, (_, k) => message(kind, i + k)))
    }
  })

const consumerOptions = (o: Arguments): Consumer.Options => ({
  group: o.group,
  subscriptions: { [o.topic]: MessageSelector.all },
  consumeFrom: "first"
})

/**
 * A consumer with the defaults; `listener` gets each body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const consumer = (o: Arguments, listener: (body: Uint8Array) => void) =>
  Consumer.make(consumerOptions(o), (message) => Effect.sync(() => listener(message.body)))

/**
 * A consumer in order with the defaults.
 *
 * @since 0.1.0
 * @category constructors
 */
export const orderlyConsumer = (o: Arguments, listener: (body: Uint8Array) => void) =>
  Consumer.makeOrderly(consumerOptions(o), (message) => Effect.sync(() => listener(message.body)))

/**
 * A consumer of batches with larger pulls and buffers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tunedConsumer = (o: Arguments, listener: (body: Uint8Array) => void) =>
  Consumer.makeBatch(
    { ...consumerOptions(o), batchSize: 32, pullBatchSize: 1024, pullThresholdCount: 8192, offsetSpan: 16_384 },
    (messages: ReadonlyArray<MessageExt>) =>
      Effect.sync(() => {
        for (const message of messages) listener(message.body)
      })
  )

/**
 * A consumer with the defaults whose handler is the same effect for each message.
 *
 * @since 0.1.0
 * @category constructors
 */
export const slowConsumer = (o: Arguments, handler: Effect.Effect<void>) =>
  Consumer.make(consumerOptions(o), () => handler)
