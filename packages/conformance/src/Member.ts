/**
 * Producers and consumers of a behaviour, each on a client of its own, and the end of one before the behaviour ends.
 *
 * @since 0.1.0
 */
import * as Consumer from "@effect-rocketmq/client/Consumer"
import type { BatchResult, ConsumeResult } from "@effect-rocketmq/client/ConsumeResult"
import type { OrderlyResult } from "@effect-rocketmq/client/OrderlyResult"
import * as Producer from "@effect-rocketmq/client/Producer"
import type { ProducerStartError } from "@effect-rocketmq/client/ProducerError"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Cluster from "./Cluster.js"
import * as Expect from "./Expect.js"

/**
 * Something that can be stopped before its Scope closes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Running<A> {
  readonly service: A
  /** Closes its Scope, as the end of a program would. */
  readonly stop: Effect.Effect<void>
}

/**
 * Builds a layer in a Scope of its own within the present one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = <A, E, R>(
  layer: Layer.Layer<A, E, R>
): Effect.Effect<Running<Context.Context<A>>, E, R | Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const service = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
    return { service, stop: Scope.close(scope, Exit.void) }
  })

/**
 * @since 0.1.0
 * @category models
 */
export interface ProducerOptions extends Partial<Producer.Options> {
  readonly client?: Cluster.ClientOptions | undefined
}

/**
 * A producer on a client of its own. It spares no slow brokers unless told otherwise: on a busy machine any is slow now and
 * then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const producer = (
  options?: ProducerOptions
): Effect.Effect<
  Running<Producer.Producer["Type"]>,
  ProducerStartError | TransportConfigError,
  Cluster.Cluster | Scope.Scope
> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const { client, ...rest } = options ?? {}
    const running = yield* start(
      Producer.layer({ group: cluster.group(), faultTolerance: { latencies: false }, ...rest }).pipe(
        Layer.provide(cluster.client(client))
      )
    )
    return { ...running, service: Context.get(running.service, Producer.Producer) }
  })

/**
 * A producer whose end is that of the behaviour.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sender = (options?: ProducerOptions) => Effect.map(producer(options), ({ service }) => service)

/**
 * @since 0.1.0
 * @category models
 */
export interface ConsumerOptions extends Consumer.Tuning {
  /** Default: a group of its own. */
  readonly group?: string | undefined
  /** What is wanted of which topic. */
  readonly subscriptions: Consumer.Options["subscriptions"]
  readonly onStop?: Consumer.Options["onStop"]
  readonly client?: Cluster.ClientOptions | undefined
  /** Whether to wait until the member has its queues. Default true. */
  readonly ready?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface RunningConsumer extends Running<Consumer.Consumer["Type"]> {
  readonly group: string
}

const ready = (
  consumer: Consumer.Consumer["Type"]
): Effect.Effect<void, Expect.ClaimFailedError> =>
  consumer.ready.pipe(
    Effect.timeoutFail({
      duration: "20 seconds",
      onTimeout: () =>
        new Expect.ClaimFailedError({
          claim: `a member of ${consumer.group} has its queues within 20 s`,
          seen: "it is not ready"
        })
    })
  )

/**
 * A consumer on a client of its own. The group starts at the first message unless the options say otherwise, and offsets
 * are committed each second.
 *
 * @since 0.1.0
 * @category constructors
 */
export const consumer = <E>(
  options: ConsumerOptions,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E>
): Effect.Effect<
  RunningConsumer,
  Consumer.StartError | TransportConfigError | Expect.ClaimFailedError,
  Cluster.Cluster | Scope.Scope
> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const { client, ready: wait, ...rest } = options
    const group = options.group ?? cluster.group()
    const running = yield* start(
      Consumer.layer({ consumeFrom: "first", persistInterval: "1 second", ...rest, group }, handler).pipe(
        Layer.provide(cluster.client(client))
      )
    )
    const service = Context.get(running.service, Consumer.Consumer)
    if (wait !== false) yield* ready(service)
    return { ...running, service, group }
  })

/**
 * The same with a handler of batches.
 *
 * @since 0.1.0
 * @category constructors
 */
export const batchConsumer = <E>(
  options: ConsumerOptions & { readonly batchSize: number },
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E>
): Effect.Effect<
  RunningConsumer,
  Consumer.StartError | TransportConfigError | Expect.ClaimFailedError,
  Cluster.Cluster | Scope.Scope
> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const { client, ready: wait, ...rest } = options
    const group = options.group ?? cluster.group()
    const running = yield* start(
      Consumer.layerBatch({ consumeFrom: "first", persistInterval: "1 second", ...rest, group }, handler).pipe(
        Layer.provide(cluster.client(client))
      )
    )
    const service = Context.get(running.service, Consumer.Consumer)
    if (wait !== false) yield* ready(service)
    return { ...running, service, group }
  })

/**
 * @since 0.1.0
 * @category models
 */
export interface OrderlyOptions extends Omit<Consumer.OrderlyOptions, "group"> {
  /** Default: a group of its own. */
  readonly group?: string | undefined
  readonly client?: Cluster.ClientOptions | undefined
  /** How it reaches the cluster. Default: a client of its own with `client`. */
  readonly link?: ReturnType<Cluster.Cluster["Type"]["client"]> | undefined
  /** Whether to wait until the member has its queues. Default true. */
  readonly ready?: boolean | undefined
}

/**
 * A consumer in order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const orderlyConsumer = <E>(
  options: OrderlyOptions,
  handler: (message: MessageExt) => Effect.Effect<void | OrderlyResult, E>
): Effect.Effect<
  RunningConsumer,
  Consumer.StartError | TransportConfigError | Expect.ClaimFailedError,
  Cluster.Cluster | Scope.Scope
> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const { client, link, ready: wait, ...rest } = options
    const group = options.group ?? cluster.group()
    const running = yield* start(
      Consumer.layerOrderly({ consumeFrom: "first", persistInterval: "1 second", ...rest, group }, handler).pipe(
        Layer.provide(link ?? cluster.client(client))
      )
    )
    const service = Context.get(running.service, Consumer.Consumer)
    if (wait !== false) yield* ready(service)
    return { ...running, service, group }
  })
