/**
 * The embedded cluster as a drop-in for a real one: swap the Layer, and the same program runs with no server.
 *
 * @since 0.1.0
 */
import { Compression } from "@effect-rocketmq/client/Compression"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import * as Transport from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cluster } from "./EmbeddedCluster.js"
import * as EmbeddedCluster from "./EmbeddedCluster.js"
import * as MemoryTransport from "./internal/memoryTransport.js"
import * as VirtualTime from "./VirtualTime.js"

/**
 * Connections over memory to the servers of a cluster. An address where none of them is up refuses.
 *
 * @since 0.1.0
 * @category layers
 */
export const transport = (cluster: Cluster): Layer.Layer<Transport.Transport> =>
  Layer.sync(Transport.Transport, () => makeTransport(cluster))

const makeTransport = (cluster: Cluster): Transport.Transport["Type"] => ({ connect: MemoryTransport.make(cluster) })

/**
 * The same, to the cluster of the environment, wherever it is provided: in a program of several clusters to each its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTransport: Layer.Layer<Transport.Transport, never, EmbeddedCluster.EmbeddedCluster> = Layer
  .fresh(Layer.unwrapEffect(Effect.map(EmbeddedCluster.EmbeddedCluster, transport)))

/**
 * The codecs of Node, which work on its threads: on virtual time the clock waits for them.
 *
 * @since 0.1.0
 * @category layers
 */
export const compression: Layer.Layer<Compression> = Layer.sync(Compression, () => makeCompression())

const makeCompression = (): Compression["Type"] => {
  const inner = NodeCompression.make()
  return {
    ...inner,
    compress: (type, bytes, level) => VirtualTime.outside(inner.compress(type, bytes, level)),
    decompress: (type, bytes, maxSize) => VirtualTime.outside(inner.decompress(type, bytes, maxSize))
  }
}

/**
 * What a client stands on, by itself: the services of `transport` and `compression`, for `RocketMQ.make`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const services = (cluster: Cluster): Context.Context<Transport.Transport | Compression> =>
  Context.add(Context.make(Transport.Transport, makeTransport(cluster)), Compression, makeCompression())

/**
 * Options of the cluster, and of the client on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<RocketMQ.Options, "nameServers"> {
  /** Default: one broker, topics made automatically. */
  readonly cluster?: EmbeddedCluster.Options | undefined
}

/**
 * A client on the cluster of the environment. Several of them are several client instances, as on several machines.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (
  options: Omit<Options, "cluster"> = {}
): Layer.Layer<RocketMQ.RocketMQ, TransportConfigError, EmbeddedCluster.EmbeddedCluster> =>
  Layer.scopedContext(
    Effect.flatMap(EmbeddedCluster.EmbeddedCluster, (cluster) =>
      Effect.provide(RocketMQ.make({ ...options, nameServers: cluster.nameServerAddresses }), services(cluster)))
  )

/**
 * All that producers and consumers need, on a cluster of its own that lives as long as the Layer; and the cluster.
 *
 * @example
 * import { Message, Producer } from "@effect-rocketmq/client"
 * import { Embedded, EmbeddedCluster } from "@effect-rocketmq/embedded"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const producer = yield* Producer.Producer
 *   const cluster = yield* EmbeddedCluster.EmbeddedCluster
 *   yield* producer.send(Message.make({ topic: "orders", body: "order 1" }))
 *   return yield* cluster.stored("orders")
 * }).pipe(
 *   Effect.provide(Producer.layer({ group: "checkout" })),
 *   Effect.provide(Embedded.layer())
 * )
 *
 * Effect.runPromise(program).then((stored) => assert.strictEqual(stored, 1))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<RocketMQ.RocketMQ | EmbeddedCluster.EmbeddedCluster, TransportConfigError> => {
  const { cluster, ...client } = options
  return Layer.provideMerge(layerClient(client), EmbeddedCluster.layer(cluster))
}
