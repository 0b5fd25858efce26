/**
 * Routes of topics, from any of several name servers; remembered, joined when asked at once, refreshed by the client.
 *
 * @since 0.1.0
 */
import type { ClusterInfo } from "@effect-rocketmq/protocol/ClusterInfo"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/nameServer.js"
import * as OptionRules from "./internal/optionRules.js"
import type { NameServerError } from "./NameServerError.js"
import type { Remoting } from "./Remoting.js"
import type { TopicRoute } from "./TopicRoute.js"
import type { TransportConfigError } from "./TransportError.js"

/**
 * Which name servers there are. Only the list has no default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Addresses `host:port`, tried in turn: the next when one has failed, or has been silent for half a second. The one that
   * answered is asked first from then on.
   */
  readonly nameServers: ReadonlyArray<string>
  /** How long one name server may take for its answer, once connected. Default 3 seconds. */
  readonly nameServerTimeout?: Duration.DurationInput | undefined
}

/**
 * A route that is not what it was: `route` is none when the topic is gone.
 *
 * @since 0.1.0
 * @category models
 */
export interface RouteChange {
  readonly topic: string
  readonly route: Option.Option<TopicRoute>
}

/**
 * Routes and whatever else name servers answer.
 *
 * @since 0.1.0
 * @category services
 */
export class NameServer extends Context.Tag("@effect-rocketmq/client/NameServer")<NameServer, {
  /**
   * The route of a topic: from memory when known and confirmed within the last minute, else asked for; the last good one
   * when nobody answers. TopicRouteNotFoundError when no name server has one.
   */
  readonly route: (topic: string) => Effect.Effect<TopicRoute, NameServerError>
  /** The remembered route, at once: for the hot path of sending. */
  readonly cached: (topic: string) => TopicRoute | undefined
  /**
   * Asks for the route now; calls for the same topic at the same time share one request. A failure leaves the last good
   * route in place, except that a topic is forgotten when all name servers that answer say that it does not exist, and
   * they know its brokers: one that has just been started knows neither.
   */
  readonly refresh: (topic: string) => Effect.Effect<TopicRoute, NameServerError>
  /** Drops a remembered route, so that the next `route` asks. */
  readonly forget: (topic: string) => Effect.Effect<void>
  /** Topics that are remembered now. */
  readonly topics: Effect.Effect<ReadonlyArray<string>>
  /** Calls back, synchronously, after each change of a remembered route, until the Scope closes. Must not throw. */
  readonly onChange: (listener: (change: RouteChange) => void) => Effect.Effect<void, never, Scope.Scope>
  /** The address of a broker as the remembered routes have it; `brokerId` defaults to 0, the master. */
  readonly brokerAddress: (brokerName: string, brokerId?: number) => string | undefined
  /** All known addresses of a broker by id. Empty when no remembered route names it. */
  readonly brokerAddresses: (brokerName: string) => ReadonlyMap<number, string>
  /** Every broker of the remembered routes: name, then addresses by id. */
  readonly brokers: () => ReadonlyMap<string, ReadonlyMap<number, string>>
  /** Clusters, brokers and their addresses. */
  readonly clusterInfo: Effect.Effect<ClusterInfo, NameServerError>
  /** Any other request, answered by the first name server that can. Codes are not judged. */
  readonly request: (request: Request) => Effect.Effect<RemotingCommand, NameServerError>
  /** The same request to every name server; fails if one fails. For writes such as KV configuration. */
  readonly requestAll: (request: Request) => Effect.Effect<ReadonlyArray<RemotingCommand>, NameServerError>
}>() {}

/**
 * Fails with TransportConfigError when the list is empty or an address is not `host:port`. Nothing is connected to yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options: Options
) => Effect.Effect<NameServer["Type"], TransportConfigError, Remoting | Scope.Scope> = internal.make

/**
 * Name servers for as long as the Layer lives. See {@link make}.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<NameServer, TransportConfigError, Remoting> =>
  Layer.scoped(NameServer, make(options))

/**
 * `ROCKETMQ_NAMESRV_ADDR` (addresses separated by `;` or `,`) and `ROCKETMQ_NAMESRV_TIMEOUT`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.all({
  nameServers: OptionRules.required("ROCKETMQ")("NAMESRV_ADDR", OptionRules.client.nameServers),
  nameServerTimeout: OptionRules.variables("ROCKETMQ")("NAMESRV_TIMEOUT", OptionRules.client.nameServerTimeout)
})

/**
 * The same with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<NameServer, ConfigError | TransportConfigError, Remoting> =>
  Layer.scoped(NameServer, Effect.flatMap(Config.unwrap(options), make))
