/**
 * When a send that failed is tried again: a Schedule for each class of failure.
 *
 * @since 0.1.0
 */
import * as Schedule from "effect/Schedule"
import type { BrokerError } from "./BrokerError.js"
import * as internal from "./internal/sendPolicy.js"

/**
 * What kind of failure an attempt to send ended with. The first four stored nothing, the last three may have.
 *
 * - `Unreachable`: there is no connection to the broker, and the request was not written
 * - `Busy`: the broker is overloaded and says so (SYSTEM_BUSY, flow control)
 * - `Unavailable`: the broker cannot take the message, another one may: it shuts down, is a slave, may not be written to
 * - `Rejected`: no broker would take the message: it is illegal, or this client has no right to send it
 * - `Unanswered`: the request was written, and there was no answer before the timeout or the end of the connection
 * - `Failed`: the broker tried and failed, or gave an answer that cannot be read
 * - `Weak`: it is stored, with a status other than `SEND_OK`, and `whenNotStoreOk` is not `"accept"`
 *
 * @since 0.1.0
 * @category models
 */
export type FailureClass =
  | "Unreachable"
  | "Busy"
  | "Unavailable"
  | "Rejected"
  | "Unanswered"
  | "Failed"
  | "Weak"

/**
 * A Schedule for each class that is worth another attempt. Each send steps through a schedule of its own, once for each
 * failure of that class: its delay comes before a broker is tried *again*, its end ends the send. Brokers that have not
 * failed this message are tried at once. How long the whole may take is `sendTimeout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface RetryPolicy {
  readonly Unreachable?: Schedule.Schedule<unknown, BrokerError> | undefined
  readonly Busy?: Schedule.Schedule<unknown, BrokerError> | undefined
  readonly Unavailable?: Schedule.Schedule<unknown, BrokerError> | undefined
  readonly Unanswered?: Schedule.Schedule<unknown, BrokerError> | undefined
  readonly Failed?: Schedule.Schedule<unknown, BrokerError> | undefined
  readonly Weak?: Schedule.Schedule<unknown, BrokerError> | undefined
}

/**
 * 100 ms, 200 ms, 400 ms and so on, at most a second: the rule of every class that has none of its own.
 *
 * @since 0.1.0
 * @category schedules
 */
export const backoff: Schedule.Schedule<unknown, BrokerError> = Schedule.union(
  Schedule.exponential("100 millis"),
  Schedule.spaced("1 second")
)

/**
 * No other attempt.
 *
 * @since 0.1.0
 * @category schedules
 */
export const never: Schedule.Schedule<unknown, BrokerError> = Schedule.stop

/**
 * Tries again only what was certainly not stored: nothing is stored twice by a retry, and an unknown outcome is told at
 * once.
 *
 * @example
 * import { Producer, RetryPolicy } from "@effect-rocketmq/client"
 *
 * export const Payments = Producer.layer({ group: "payments", retryPolicy: RetryPolicy.atMostOnce })
 *
 * @since 0.1.0
 * @category policies
 */
export const atMostOnce: RetryPolicy = { Unanswered: never, Failed: never, Weak: never }

/**
 * The class of a failed attempt.
 *
 * @since 0.1.0
 * @category combinators
 */
export const classOf: (error: BrokerError) => FailureClass = internal.classOf
