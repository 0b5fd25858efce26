/**
 * TCP connections by `node:net`.
 *
 * @since 0.1.0
 */
import * as Transport from "@effect-rocketmq/client/Transport"
import type { TransportError } from "@effect-rocketmq/client/TransportError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Net from "node:net"
import * as internal from "./internal/tcp.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long opening a connection may take, the host name's resolution included. Default 3 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /**
   * A connection without a byte in either direction for so long is closed, as servers do on their side. Default 120
   * seconds; 0 never closes.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** Whether small writes leave at once (TCP_NODELAY). Default true. */
  readonly noDelay?: boolean | undefined
  /** First TCP keep-alive probe after so much silence; 0 turns probes off. Default 60 seconds. */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** Resolves host names, at each connect anew. Default: the system's resolver. */
  readonly lookup?: Net.LookupFunction | undefined
}

/**
 * Opens connections of this kind.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options?: Options
) => {
  readonly connect: (
    address: string
  ) => Effect.Effect<Transport.Connection, TransportError, Scope.Scope>
} = internal.make

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Transport.Transport> =>
  Layer.succeed(Transport.Transport, make(options))

/**
 * `ROCKETMQ_CONNECT_TIMEOUT`, `ROCKETMQ_IDLE_TIMEOUT`, `ROCKETMQ_NO_DELAY` and `ROCKETMQ_KEEP_ALIVE`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.all({
  connectTimeout: Config.duration("CONNECT_TIMEOUT").pipe(Config.withDefault(undefined)),
  idleTimeout: Config.duration("IDLE_TIMEOUT").pipe(Config.withDefault(undefined)),
  noDelay: Config.boolean("NO_DELAY").pipe(Config.withDefault(undefined)),
  keepAlive: Config.duration("KEEP_ALIVE").pipe(Config.withDefault(undefined))
}).pipe(Config.nested("ROCKETMQ"))

/**
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<Transport.Transport, ConfigError> =>
  Layer.effect(Transport.Transport, Effect.map(Config.unwrap(options), make))
