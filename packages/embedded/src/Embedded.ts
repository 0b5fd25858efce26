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
  Layer.succeed(Transport.Transport, { connect: MemoryTransport.make(cluster) })

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
export const compression: Layer.Layer<Compression> = Layer.map(NodeCompression.layer, (context) => {
  const inner = Context.get(context, Compression)
  return Context.make(Compression, {
    ...inner,
    compress: (type, bytes, level) => VirtualTime.outside(inner.compress(type, bytes, level)),
    decompress: (type, bytes, maxSize) => VirtualTime.outside(inner.decompress(type, bytes, maxSize))
  })
})

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
  Layer.unwrapEffect(
    Effect.map(EmbeddedCluster.EmbeddedCluster, (cluster) =>
      RocketMQ.layer({ ...options, nameServers: cluster.nameServerAddresses }).pipe(
        Layer.provide(Layer.merge(transport(cluster), compression))
      ))
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
