/**
 * Which brokers to stay away from for a while. A broker that failed gets no messages until its pause is over; then one
 * message tries it, and all others follow when that one succeeds. A broker that was slow gets none while others are
 * quicker, for a time that grows with its slowness.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as internal from "./internal/brokerHealth.js"

/**
 * From which latency on a broker counts as slow, and for how long it is spared then.
 *
 * @since 0.1.0
 * @category models
 */
export interface Slowness {
  readonly atLeast: Duration.DurationInput
  readonly avoidFor: Duration.DurationInput
}

/**
 * How failed and slow brokers are treated.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Time between two tries of a broker that failed, for all callers together. Default 200 ms. */
  readonly probeInterval?: Duration.DurationInput | undefined
  /** In rising order. Default {@link javaLatencies}. `false`: slow brokers are not avoided. */
  readonly latencies?: ReadonlyArray<Slowness> | false | undefined
}

/**
 * The table of the Java client: 550 ms or more costs a broker 2 s, 1.8 s costs 5 s, 3 s costs 6 s, 5 s costs 10 s and
 * 15 s costs 30 s.
 *
 * @since 0.1.0
 * @category models
 */
export const javaLatencies: ReadonlyArray<Slowness> = [
  { atLeast: "550 millis", avoidFor: "2 seconds" },
  { atLeast: "1800 millis", avoidFor: "5 seconds" },
  { atLeast: "3 seconds", avoidFor: "6 seconds" },
  { atLeast: "5 seconds", avoidFor: "10 seconds" },
  { atLeast: "15 seconds", avoidFor: "30 seconds" }
]

/**
 * `Unknown`: not tried yet, or at a new address. `Available`: the last try succeeded. `Slow`: it succeeded, and took so
 * long that other brokers come first for a while. `Avoided`: the last one failed.
 *
 * @since 0.1.0
 * @category models
 */
export type State = "Unknown" | "Available" | "Slow" | "Avoided"

/**
 * What is known of one broker. All times are milliseconds of the Clock.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrokerHealth {
  readonly brokerName: string
  readonly address: string
  readonly state: State
  /** When an avoided broker may be tried again, or a slow one comes back. */
  readonly avoidedUntil: number
  /** Why it is avoided. */
  readonly lastError: unknown
  /**
   * Whether a message may go to the broker now. Of an avoided broker whose pause is over, the first caller gets `true`
   * and all others `false`, until that one called `succeeded`, `failed` or `abandoned`, at most for `probeTimeout`.
   */
  readonly tryAcquire: (now: number, probeTimeout: number) => boolean
  /** Whether quicker brokers come first now. */
  readonly isSlow: (now: number) => boolean
  /** The broker answered after `duration` milliseconds. */
  readonly succeeded: (duration: number, now: number) => void
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
  /** All records, for a report. */
  readonly brokers: () => ReadonlyArray<BrokerHealth>
  /** Answers that took this long make a broker slow, in milliseconds. */
  readonly slowFrom: number
}

/**
 * Nothing is known of any broker yet. `false`: no broker is ever avoided, and every failure is for the retry policy.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options?: Options | false): FaultTolerance => {
  if (options === false) return internal.make({ probeInterval: undefined, latencies: [] })
  const latencies = options?.latencies === false ? [] : options?.latencies ?? javaLatencies
  return internal.make({
    probeInterval: Duration.toMillis(options?.probeInterval ?? "200 millis"),
    latencies: latencies.map(({ atLeast, avoidFor }) => [Duration.toMillis(atLeast), Duration.toMillis(avoidFor)])
  })
}
