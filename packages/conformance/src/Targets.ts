/**
 * The clusters that the suite runs on.
 *
 * @since 0.1.0
 */
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Cluster from "./Cluster.js"
import * as Peer from "./Peer.js"

/**
 * The embedded cluster in memory, with two brokers.
 *
 * @since 0.1.0
 * @category layers
 */
export const embedded: Layer.Layer<Cluster.Target, TransportConfigError> = Layer.scoped(
  Cluster.Target,
  Effect.flatMap(EmbeddedCluster.make({ brokers: 2, recallMessage: true }), (cluster) =>
    Cluster.makeTarget({
      kind: "embedded",
      nameServers: [cluster.nameServerAddress],
      transport: Layer.merge(Embedded.transport(cluster), NodeCompression.layer)
    }))
)

/**
 * The embedded cluster behind sockets, on ports of its own, with one broker.
 *
 * @since 0.1.0
 * @category layers
 */
export const embeddedTcp: Layer.Layer<Cluster.Target, TransportConfigError | EmbeddedServer.ListenError> = Layer.scoped(
  Cluster.Target,
  Effect.flatMap(EmbeddedServer.serve({ port: 0, recallMessage: true }), (cluster) =>
    Cluster.makeTarget({
      kind: "embedded-tcp",
      nameServers: [cluster.nameServerAddress],
      transport: Peer.transport
    }))
)

/**
 * Apache RocketMQ at these name servers (`host:port`, separated by `;`). Its brokers have `recallMessageEnable=true`.
 *
 * @since 0.1.0
 * @category layers
 */
export const rocketmq = (nameServers: string): Layer.Layer<Cluster.Target, TransportConfigError> =>
  Layer.scoped(
    Cluster.Target,
    Cluster.makeTarget({
      kind: "rocketmq",
      nameServers: nameServers.split(";"),
      transport: Peer.transport
    })
  )
