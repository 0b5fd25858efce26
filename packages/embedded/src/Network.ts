/**
 * What a network does to bytes on their way to a server and back: latency, little bandwidth, small pieces, silence.
 *
 * On an embedded cluster it is set by `cluster.network`, before any RocketMQ by `FaultProxy`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"

/**
 * The state of the way to one server, for the connections that are there and those to come. Everything may be left out:
 * `{}` is a network without fault.
 *
 * @since 0.1.0
 * @category models
 */
export interface Network {
  /** How much later bytes come, in each direction. Default 0. */
  readonly latency?: Duration.DurationInput | undefined
  /** Up to so much more, at random for each piece; the order is kept. Default 0. */
  readonly jitter?: Duration.DurationInput | undefined
  /** Bytes a second, on each connection and in each direction. Default: no limit. */
  readonly bandwidth?: number | undefined
  /** Bytes come in pieces of at most so many. Over TCP the pieces are about a millisecond apart. Default: as they were sent. */
  readonly slice?: number | undefined
  /** Connections are taken and nothing is carried, until the state is another; then what was on its way arrives. */
  readonly blackHole?: boolean | undefined
  /** New connections are refused; those that are there stay. */
  readonly refuse?: boolean | undefined
}

/**
 * A network without fault.
 *
 * @since 0.1.0
 * @category constructors
 */
export const healthy: Network = {}

/**
 * Takes connections and carries nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const blackHole: Network = { blackHole: true }

/**
 * Refuses new connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refusing: Network = { refuse: true }
