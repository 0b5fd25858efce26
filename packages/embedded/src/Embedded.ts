/**
 * The embedded cluster as a drop-in for a real one: swap the Layer, and the same program runs with no server.
 *
 * @since 0.1.0
 */
import * as Transport from "@effect-rocketmq/client/Transport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cluster } from "./EmbeddedCluster.js"
import { EmbeddedCluster } from "./EmbeddedCluster.js"
import * as MemoryTransport from "./internal/memoryTransport.js"

/**
 * Connections over memory to the servers of a cluster. An address where none of them is up refuses.
 *
 * @since 0.1.0
 * @category layers
 */
export const transport = (cluster: Cluster): Layer.Layer<Transport.Transport> =>
  Layer.succeed(Transport.Transport, { connect: MemoryTransport.make(cluster) })

/**
 * The same, to the cluster of the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTransport: Layer.Layer<Transport.Transport, never, EmbeddedCluster> = Layer.unwrapEffect(
  Effect.map(EmbeddedCluster, transport)
)
