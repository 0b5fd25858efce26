/**
 * Everything that a program on Node needs, in one Layer: the client's services over TCP, with all codecs.
 *
 * @since 0.1.0
 */
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCompression from "./NodeCompression.js"
import * as NodeHmac from "./NodeHmac.js"
import * as NodeTransport from "./NodeTransport.js"

/**
 * Options of the client and of its TCP connections. Only `nameServers` has no default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends RocketMQ.Options, NodeTransport.Options {}

/**
 * The services that producers and consumers stand on. Only an address that is not `host:port` fails it: servers are
 * connected to when they are first needed.
 *
 * @example
 * import { Producer } from "@effect-rocketmq/client"
 * import { NodeRocketMQ } from "@effect-rocketmq/node"
 * import { Layer } from "effect"
 *
 * export const Main = Producer.layer({ group: "checkout" }).pipe(
 *   Layer.provide(NodeRocketMQ.layer({ nameServers: ["127.0.0.1:9876"] }))
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<RocketMQ.RocketMQ, TransportConfigError> =>
  RocketMQ.layer(options).pipe(
    Layer.provide(Layer.mergeAll(NodeTransport.layer(options), NodeCompression.layer, NodeHmac.layer))
  )

/**
 * All options, from `ROCKETMQ_*` variables; `ROCKETMQ_NAMESRV_ADDR` is the one that must be there.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.map(
  Config.all([RocketMQ.config, NodeTransport.config]),
  ([client, transport]) => ({ ...client, ...transport })
)

/**
 * The same with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<RocketMQ.RocketMQ, ConfigError | TransportConfigError> =>
  Layer.unwrapEffect(Effect.map(Config.unwrap(options), layer))
