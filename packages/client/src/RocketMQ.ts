/**
 * Everything that producers and consumers stand on, in one Layer: remoting, name server, broker and client instance over
 * a transport.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
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
 * All services over a transport. Fails on an address that is not `host:port`; connects to nothing yet.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<RocketMQ, TransportConfigError, Transport | Compression> => {
  const remoting = Remoting.layer(options)
  return Client.layer(options).pipe(
    Layer.provideMerge(Layer.merge(NameServer.layer(options), Broker.layer)),
    Layer.provideMerge(remoting),
    // not Layer.context: that would let services of an outer client win over the new ones
    Layer.merge(Layer.effect(Compression, Compression))
  )
}

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
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))
