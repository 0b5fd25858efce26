/**
 * The embedded cluster on TCP, for clients of any language. For tests, demos and development, not for production.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as EmbeddedCluster from "./EmbeddedCluster.js"
import * as Tcp from "./internal/tcp.js"

/**
 * Where to listen, and what the cluster is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends
  Omit<
    EmbeddedCluster.Options,
    "nameServerAddress" | "nameServerAddresses" | "brokerAddresses" | "slaveAddresses"
  >
{
  /** Interface to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * Port of the name server, further ones follow; brokers listen on the port 1035 above it, and 20 more for each further
   * broker, their slaves from 10 above that on. 0 takes any free ports. Default 9876, hence 10911 for the first broker.
   */
  readonly port?: number | undefined
  /**
   * Host name in the routes and in messages: what clients connect to. Default: `host`, or `127.0.0.1` when that is
   * `0.0.0.0`.
   */
  readonly advertisedHost?: string | undefined
}

/**
 * A port that cannot be listened on: mostly one that another process has.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly address: string
  readonly cause: unknown
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `Cannot listen on ${this.address}: ${cause}. Choose another port, or port 0 for any free one.`
  }
}

/**
 * Serves a cluster on TCP as long as the Scope lives. `nameServerAddress` of the cluster is what clients are told.
 *
 * @example
 * import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const cluster = yield* EmbeddedServer.serve({ port: 0 })
 *   yield* Effect.log(`ROCKETMQ_NAMESRV_ADDR=${cluster.nameServerAddress}`)
 * }))
 *
 * Effect.runPromise(program)
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = (
  options: Options = {}
): Effect.Effect<EmbeddedCluster.Cluster, ListenError, Scope.Scope> =>
  Effect.gen(function*() {
    const { advertisedHost, host = "127.0.0.1", port = 9876, ...rest } = options
    const advertised = advertisedHost ?? (host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host)
    const count = Math.max(1, Math.min(26, rest.brokers ?? 1))
    const bind = (at: number) =>
      Effect.mapError(Tcp.listen(host, at), (cause) => new ListenError({ address: Tcp.hostAndPort(host, at), cause }))
    const bindAll = (ports: ReadonlyArray<number>) => Effect.forEach(ports, (at) => bind(port === 0 ? 0 : at))
    const numbered = (count: number, first: number, step: number) =>
      Array.from({ length: count }, (_, index) => first + step * index)
    const advertise = (listener: Tcp.Listener) => Tcp.hostAndPort(advertised, listener.port)
    const nameServers = yield* bindAll(numbered(Math.max(1, Math.min(9, rest.nameServers ?? 1)), port, 1))
    const brokers = yield* bindAll(numbered(count, port + 1035, 20))
    const slaves = yield* Effect.forEach(brokers, (_, index) =>
      bindAll(numbered(Math.max(0, Math.min(9, rest.slaves ?? 0)), port + 1045 + 20 * index, 1)))
    const cluster = yield* EmbeddedCluster.make({
      ...rest,
      brokers: count,
      nameServerAddresses: nameServers.map(advertise),
      brokerAddresses: brokers.map(advertise),
      slaveAddresses: slaves.map((of) =>
        of.map(advertise)
      )
    })
    for (const listener of [...nameServers, ...brokers, ...slaves.flat()]) listener.serve(cluster, advertise(listener))
    return cluster
  })

/**
 * The cluster on TCP, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<EmbeddedCluster.EmbeddedCluster, ListenError> =>
  Layer.scoped(EmbeddedCluster.EmbeddedCluster, serve(options))
