/**
 * What a producer knows of itself: counts, rates, latencies, and the health of its brokers.
 *
 * @since 0.1.0
 */
import type { State } from "./FaultTolerance.js"
import type { FailureClass } from "./RetryPolicy.js"

/**
 * How long accepted attempts took, in milliseconds, since the start of the producer. Percentiles are exact to a sixteenth,
 * and of the first send of each millisecond when there are more; all are 0 when there were none.
 *
 * @since 0.1.0
 * @category models
 */
export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/**
 * How many attempts failed, by the class of the failure.
 *
 * @since 0.1.0
 * @category models
 */
export type Failures = Readonly<Record<FailureClass, number>>

/**
 * What went to one broker for one topic. Messages are counted, not batches; latencies are those of requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Traffic {
  readonly topic: string
  readonly brokerName: string
  /** Messages that the broker acknowledged. */
  readonly accepted: number
  /** Of these, those with a status other than `SEND_OK`. */
  readonly weak: number
  /** Messages sent oneway. */
  readonly oneway: number
  /** Messages acknowledged per second, over the last minute. */
  readonly rate: number
  readonly failedAttempts: Failures
  readonly latency: Latency
}

/**
 * A producer's numbers since its start.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProducerStats {
  readonly group: string
  /** Messages that a broker acknowledged. */
  readonly accepted: number
  /** Messages that failed and are not stored; not those that broke a rule and were never taken. */
  readonly refused: number
  /** Messages that failed, or whose caller was interrupted, and that may be stored. */
  readonly unknown: number
  /** Messages whose caller was interrupted before anything was sent. Not in `refused`. */
  readonly cancelled: number
  /** Messages sent oneway: nobody knows what became of them. */
  readonly oneway: number
  /** Requests under way, and what waits for a broker, or to travel with others. */
  readonly inFlight: number
  /** Of these, sends that wait for a broker to come back. */
  readonly waiting: number
  readonly failedAttempts: Failures
  readonly traffic: ReadonlyArray<Traffic>
}

/**
 * What a producer knows of one of its brokers.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrokerReport {
  readonly brokerName: string
  readonly address: string
  readonly state: State
  /** When it may be used again, in milliseconds of the Clock; 0 while it is not avoided. */
  readonly avoidedUntil: number
  /** Why it is avoided. */
  readonly lastError: unknown
}

/**
 * `Up`: no broker of the topics in use is avoided or slow. `Degraded`: some are. `Down`: all are avoided, for at least one
 * topic: sends to it wait. `Stopped`: the producer takes nothing more.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProducerHealth {
  readonly status: "Up" | "Degraded" | "Down" | "Stopped"
  /** Topics none of whose brokers is usable now. */
  readonly downTopics: ReadonlyArray<string>
  readonly brokers: ReadonlyArray<BrokerReport>
  /** Sends that wait for a broker to come back. */
  readonly waiting: number
}
