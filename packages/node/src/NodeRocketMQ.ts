/**
 * All that producers and consumers need on Node, in one Layer: the client over TCP, with Node's codecs.
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
import * as NodeTransport from "./NodeTransport.js"

/**
 * The options of the client and of its connections.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends RocketMQ.Options, NodeTransport.Options {}

/**
 * The client over TCP. It connects when it is used first.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<RocketMQ.RocketMQ, TransportConfigError> =>
  RocketMQ.layer(options).pipe(
    Layer.provide(Layer.merge(NodeTransport.layer(options), NodeCompression.layer))
  )

/**
 * All options from `ROCKETMQ_*` variables; only `ROCKETMQ_NAMESRV_ADDR` must be there.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.map(
  Config.all([RocketMQ.config, NodeTransport.config]),
  ([client, transport]) => ({ ...client, ...transport })
)

/**
 * The client over TCP, configured by {@link config} unless told otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config<Options> = config
): Layer.Layer<RocketMQ.RocketMQ, ConfigError | TransportConfigError> => Layer.unwrapEffect(Effect.map(options, layer))
