/**
 * TCP connections over `node:net`.
 *
 * @since 0.1.0
 */
import { parseAddress, Transport } from "@effect-rocketmq/client/Transport"
import { ConnectTimeoutError } from "@effect-rocketmq/client/TransportError"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Net from "node:net"
import * as internal from "./internal/tcpConnection.js"

/**
 * How to connect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long to wait for a connection, the lookup of the host name included. Default 3 seconds. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /**
   * How long a connection may carry nothing in either direction before it is closed, as servers do on their side. Default
   * 120 seconds; 0 or infinity: never.
   */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** Whether small writes leave at once (TCP_NODELAY). Default `true`. */
  readonly noDelay?: boolean | undefined
  /** After how much silence the system probes the peer (SO_KEEPALIVE); 0: never. Default 60 seconds. */
  readonly keepAlive?: Duration.DurationInput | undefined
  /** Resolves host names, at each connect anew. Default: `dns.lookup`, which caches nothing. */
  readonly lookup?: Net.LookupFunction | undefined
}

// beyond this Node's timers overflow to 1 ms
const MAX_TIMER = 0x7fffffff

/**
 * Makes the transport. Names are resolved at each connect, so a broker that moved is found again; a name with several
 * addresses is tried on all of them. IPv6 addresses are written `[::1]:10911`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Transport["Type"] => {
  const connectTimeout = Duration.toMillis(options.connectTimeout ?? Duration.seconds(3))
  const idle = Duration.toMillis(options.idleTimeout ?? Duration.seconds(120))
  const settings: internal.Settings = {
    idleTimeout: idle > MAX_TIMER ? 0 : Math.ceil(idle),
    noDelay: options.noDelay ?? true,
    keepAlive: Duration.toMillis(options.keepAlive ?? Duration.seconds(60)),
    lookup: options.lookup
  }
  return Transport.of({
    connect: (address) =>
      Effect.flatMap(
        parseAddress(address),
        ({ host, port }) =>
          internal.connect(address, host, port, settings, (connected) =>
            Effect.timeoutFail(connected, {
              duration: connectTimeout,
              onTimeout: () => new ConnectTimeoutError({ address, timeout: connectTimeout })
            }))
      )
  })
}

/**
 * The transport of TCP.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Transport> => Layer.sync(Transport, () => make(options))

/**
 * The options from `ROCKETMQ_CONNECT_TIMEOUT`, `ROCKETMQ_IDLE_TIMEOUT`, `ROCKETMQ_NO_DELAY` and `ROCKETMQ_KEEP_ALIVE`;
 * each may be missing.
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
 * The transport of TCP, configured by {@link config} unless told otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<Transport, ConfigError> => Layer.effect(Transport, Effect.map(Config.unwrap(options), make))
