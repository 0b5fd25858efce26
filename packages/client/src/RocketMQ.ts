/**
 * Everything that producers and consumers stand on, in one Layer: remoting, name server, broker and client instance over
 * a transport.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Broker from "./Broker.js"
import * as Client from "./Client.js"
import { Compression } from "./Compression.js"
import * as NameServer from "./NameServer.js"
import * as Remoting from "./Remoting.js"
import type { Transport } from "./Transport.js"
import type { TransportConfigError } from "./TransportError.js"

/**
 * The services that a producer or consumer needs.
 *
 * @since 0.1.0
 * @category models
 */
export type RocketMQ = Client.Client | NameServer.NameServer | Broker.Broker | Remoting.Remoting | Compression

/**
 * Options of all layers below. Only `nameServers` has no default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends NameServer.Options, Client.Options, Remoting.Options {}

/**
 * All services over a transport, each for this client alone. They end in the reverse of the order in which they stand on one
 * another. Fails on an address that is not `host:port`; connects to nothing yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<Context.Context<RocketMQ>, TransportConfigError, Transport | Compression | Scope.Scope> =>
  Effect.gen(function*() {
    const remoting = Context.make(Remoting.Remoting, yield* Remoting.make(options))
    const servers = remoting.pipe(
      Context.add(NameServer.NameServer, yield* Effect.provide(NameServer.make(options), remoting)),
      Context.add(Broker.Broker, yield* Effect.provide(Broker.make, remoting))
    )
    return servers.pipe(
      Context.add(Client.Client, yield* Effect.provide(Client.make(options), servers)),
      Context.add(Compression, yield* Compression)
    )
  })

/**
 * The same as services. A program may be composed of several clients, of one cluster or of many: each call makes another.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<RocketMQ, TransportConfigError, Transport | Compression> => Layer.scopedContext(make(options))

/**
 * All options of the layers below, from `ROCKETMQ_*` variables.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.all([NameServer.config, Client.config, Remoting.config]).pipe(
  Config.map(([nameServer, client, remoting]) => ({ ...nameServer, ...client, ...remoting }))
)

/**
 * The same with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<RocketMQ, ConfigError | TransportConfigError, Transport | Compression> =>
  Layer.scopedContext(Effect.flatMap(Config.unwrap(options), make))
