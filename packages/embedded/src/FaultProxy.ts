/**
 * A proxy before the servers of any RocketMQ, real or embedded, where things go wrong on purpose: with the faults of
 * `Fault`, frame by frame, and the troubles of `Network`, byte by byte. For tests, not for production.
 *
 * A client that is given the proxy's name server goes through it to every broker: the addresses in the answers of the
 * name servers are replaced by ports of the proxy, which are opened as brokers become known. Ids of messages still name
 * the broker's own address, and what is asked for by such an id goes there.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RecordedRequest } from "./EmbeddedCluster.js"
import { ListenError } from "./EmbeddedServer.js"
import type { Fault, Injected } from "./Fault.js"
import * as Proxies from "./internal/proxy.js"
import type { Network } from "./Network.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `host:port` of each name server behind the proxy. */
  readonly nameServers: ReadonlyArray<string>
  /** Interface to listen on, and what clients are told. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Port for the first name server; the others follow. 0 takes any free ports. Default 0. Brokers get any free port. */
  readonly port?: number | undefined
  /** How many of the latest requests are remembered. Default 1000; 0 for none. */
  readonly recordedRequests?: number | undefined
}

/**
 * A running proxy. Servers go by the names `namesrv`, `namesrv-2`, … in the order of the options, `broker-a` for the
 * master of that name, and `broker-a/1` for its slave with the id 1. A name that no server has, or none yet, may be used:
 * it is the name of those that become known later.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proxy {
  /** What clients are told instead of the first name server. */
  readonly nameServerAddress: string
  /** The same for all of them, in the order of the options. */
  readonly nameServerAddresses: ReadonlyArray<string>
  /** The servers that are known so far, and where the proxy listens for each. */
  readonly servers: Effect.Effect<
    ReadonlyArray<{ readonly name: string; readonly address: string; readonly proxyAddress: string }>
  >
  /** Has requests go wrong; what it gives tells how many were hit, and ends it. */
  readonly inject: (fault: Fault) => Effect.Effect<Injected>
  /** What the network to a server is like from now on, on all connections to it. */
  readonly network: (server: string, network: Network) => Effect.Effect<void>
  /** Resets all connections to a server; clients may connect anew at once. */
  readonly disconnect: (server: string) => Effect.Effect<void>
  /** The server's ends of all connections to it close, and their clients are not told. New connections are well. */
  readonly halfOpen: (server: string) => Effect.Effect<void>
  /** Open connections to a server. */
  readonly connections: (server: string) => Effect.Effect<number>
  /** The latest requests of clients, oldest first; how many is bounded by `recordedRequests`. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  readonly clearRequests: Effect.Effect<void>
}

/**
 * Starts a proxy that lives as long as the Scope. Reading stops on one side while the other does not take what was read,
 * so that it holds little more than 1 MiB in each direction of a connection, or one frame.
 *
 * @example
 * import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
 * import * as Fault from "@effect-rocketmq/embedded/Fault"
 * import * as FaultProxy from "@effect-rocketmq/embedded/FaultProxy"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const cluster = yield* EmbeddedServer.serve({ port: 0 })
 *   const proxy = yield* FaultProxy.make({ nameServers: [cluster.nameServerAddress] })
 *   yield* proxy.inject(Fault.dropResponse.pipe(Fault.onTopic("orders"), Fault.once))
 *   yield* proxy.network("broker-a", { latency: "50 millis", bandwidth: 100_000 })
 *   yield* Effect.log(`clients go to ${proxy.nameServerAddress}`)
 * }))
 *
 * Effect.runPromise(program)
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Proxy, ListenError, Scope.Scope> =>
  Proxies.make(options, (address, cause) => new ListenError({ address, cause }))
