/**
 * Which brokers to stay away from for a while. A broker that failed gets no messages until its pause is over; then one
 * message tries it, and all others follow when that one succeeds.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as internal from "./internal/brokerHealth.js"

/**
 * How failed brokers are tried again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Time between two tries of a broker that failed, for all callers together. Default 200 ms. */
  readonly probeInterval?: Duration.DurationInput | undefined
}

/**
 * `Unknown`: not tried yet, or at a new address. `Available`: the last try succeeded. `Avoided`: the last one failed.
 *
 * @since 0.1.0
 * @category models
 */
export type State = "Unknown" | "Available" | "Avoided"

/**
 * What is known of one broker. All times are milliseconds of the Clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrokerHealth {
  readonly brokerName: string
  readonly state: State
  /** When an avoided broker may be tried again. */
  readonly avoidedUntil: number
  /** Why it is avoided. */
  readonly lastError: unknown
  /**
   * Whether a message may go to the broker now. Of an avoided broker whose pause is over, the first caller gets `true`
   * and all others `false`, until that one called `succeeded`, `failed` or `abandoned`, at most for `probeTimeout`.
   */
  readonly tryAcquire: (now: number, probeTimeout: number) => boolean
  readonly succeeded: () => void
  readonly failed: (error: unknown, now: number) => void
  /** The try ended without a result, such as by interruption: the next caller may try. */
  readonly abandoned: (now: number) => void
}

/**
 * What one producer knows of its brokers.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultTolerance {
  /** The one record of a broker. It begins anew when the broker has moved to another address. */
  readonly broker: (brokerName: string, address: string) => BrokerHealth
}

/**
 * Nothing is known of any broker yet.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options): FaultTolerance =>
  internal.make(Duration.toMillis(options?.probeInterval ?? "200 millis"))
