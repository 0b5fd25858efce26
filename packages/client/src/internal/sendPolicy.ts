import type { BrokerError } from "../BrokerError.js"
import * as BrokerErrors from "../BrokerError.js"
import type { FailureClass } from "../RetryPolicy.js"

/** @internal `Elsewhere`: another broker may take it, this one will not. `Later`: the same one may take it, too. */
export type Reaction = "Fail" | "Elsewhere" | "Later"

/** @internal What to do with a message after this failure. */
export const reactionTo = (error: BrokerError): Reaction => {
  switch (error._tag) {
    // also when the client itself dropped the connection to a broker
    case "ConnectionClosedError":
      return "Later"
    case "PermissionDeniedError":
      return error.retryable ? "Elsewhere" : "Fail"
    case "ClientNotOnlineError":
    case "RequestNotSupportedError":
      return "Elsewhere"
    default:
      return error.retryable ? "Later" : "Fail"
  }
}

/** @internal See RetryPolicy.classOf. */
export const classOf = (error: BrokerError): FailureClass => {
  switch (error._tag) {
    case "BrokerBusyError":
      return "Busy"
    case "FlushTimeoutError":
    case "SlaveNotAvailableError":
      return "Weak"
    case "BrokerNotAvailableError":
    case "TopicNotFoundError":
      return "Unavailable"
    case "PermissionDeniedError":
      return error.retryable ? "Unavailable" : "Rejected"
    case "RequestTimeoutError":
    case "ConnectionClosedError":
      return BrokerErrors.outcome(error) === "Unknown" ? "Unanswered" : "Unreachable"
    case "ConnectionFailedError":
    case "ConnectTimeoutError":
    case "TooManyRequestsError":
    case "RemotingClosedError":
      return "Unreachable"
    default:
      return BrokerErrors.outcome(error) === "Unknown" ? "Failed" : "Rejected"
  }
}

/** @internal Whether other messages would fail at this broker in the same way. */
export const blames = (error: BrokerError): boolean => {
  switch (error._tag) {
    case "ConnectionFailedError":
    case "ConnectTimeoutError":
    case "ConnectionClosedError":
    case "RequestTimeoutError":
    case "BrokerBusyError":
      return true
    case "BrokerNotAvailableError":
      return error.reason !== "NotLeader"
    default:
      return false
  }
}

/** @internal Refreshes of one topic's route because of failed sends are this far apart, in milliseconds. */
export const refreshInterval = 1000

/** @internal An attempt's own timeout has the better error: what bounds it from outside comes this much later. */
export const grace = 50

/** @internal The longest time between two looks at the messages that wait for a broker, in milliseconds. */
export const lookInterval = 200
