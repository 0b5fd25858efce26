/**
 * The clusters that the suite runs on.
 *
 * @since 0.1.0
 */
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import * as Fault from "@effect-rocketmq/embedded/Fault"
import * as FaultProxy from "@effect-rocketmq/embedded/FaultProxy"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Cluster from "./Cluster.js"
import * as Peer from "./Peer.js"

/** As the behaviours expect it of every cluster. */
const settings: EmbeddedCluster.Options = {
  recallMessage: true,
  transactionCheckInterval: "3 seconds",
  transactionTimeout: "3 seconds"
}

const sends: ReadonlySet<number> = new Set([RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE])

const weakened = (cluster: EmbeddedCluster.Cluster) => (topic: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.asVoid(Effect.acquireRelease(
    cluster.inject(
      Fault.answerWith(ResponseCode.FLUSH_SLAVE_TIMEOUT).pipe(
        Fault.onTopic(topic),
        Fault.when(({ code }) => sends.has(code))
      )
    ),
    ({ remove }) => remove
  ))

/** Of a cluster in memory: its own, because each behaviour has one. */
const within = (cluster: EmbeddedCluster.Cluster): Cluster.Target["Type"]["trouble"] =>
  Effect.succeed({ ...cluster, nameServers: [cluster.nameServerAddress] })

/** Of a cluster behind sockets: a proxy for each behaviour. */
const before = (nameServers: ReadonlyArray<string>): Cluster.Target["Type"]["trouble"] =>
  Effect.map(FaultProxy.make({ nameServers }), (proxy) => ({ ...proxy, nameServers: proxy.nameServerAddresses }))

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
      weaken: weakened(cluster),
      trouble: within(cluster),
      transport: Layer.merge(Embedded.transport(cluster), Embedded.compression)
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
      weaken: weakened(cluster),
      trouble: before([cluster.nameServerAddress]),
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
      trouble: before(nameServers.split(";")),
      transport: Peer.transport
    })
  )

/**
 * The same with brokers that wait for a slave which is not there, so that everything is stored with
 * `FLUSH_SLAVE_TIMEOUT`: `brokerRole=SYNC_MASTER`, `inSyncReplicas=2`.
 *
 * @since 0.1.0
 * @category layers
 */
export const weakRocketmq = (nameServers: string): Layer.Layer<Cluster.Target, TransportConfigError> =>
  Layer.scoped(
    Cluster.Target,
    Cluster.makeTarget({
      kind: "rocketmq",
      nameServers: nameServers.split(";"),
      trouble: before(nameServers.split(";")),
      transport: Peer.transport,
      weaken: () => Effect.void
    })
  )
