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

/** As the behaviours expect it of every cluster. */
const settings: EmbeddedCluster.Options = {
  recallMessage: true,
  transactionCheckInterval: "3 seconds",
  transactionTimeout: "3 seconds"
}

/**
 * The embedded cluster in memory, with two brokers.
 *
 * @since 0.1.0
 * @category layers
 */
export const embedded: Layer.Layer<Cluster.Target, TransportConfigError> = Layer.scoped(
  Cluster.Target,
  Effect.flatMap(EmbeddedCluster.make({ ...settings, brokers: 2 }), (cluster) =>
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
  Effect.flatMap(EmbeddedServer.serve({ ...settings, port: 0 }), (cluster) =>
    Cluster.makeTarget({
      kind: "embedded-tcp",
      nameServers: [cluster.nameServerAddress],
      transport: Peer.transport
    }))
)

/**
 * Apache RocketMQ at these name servers (`host:port`, separated by `;`). Its brokers have `recallMessageEnable=true`,
 * `transactionCheckInterval=3000` and `transactionTimeOut=3000`.
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
