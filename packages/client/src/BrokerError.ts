/**
 * What a broker may answer instead of doing what it was asked, as typed errors. One table (`Broker.errorOf`) turns
 * response codes into these; codes that a caller would treat alike share a class and are told apart by `responseCode`
 * or `reason`.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import * as internal from "./internal/brokerRefusal.js"
import type { RemotingError } from "./RemotingError.js"
import { isOutcomeUnknown, isRemotingError } from "./RemotingError.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof internal.TypeId = internal.TypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = internal.TypeId

/**
 * What became of a request that failed. `Refused`: the broker did not act on it, so it may be repeated without harm.
 * `Unknown`: it may have acted; a send that is repeated may store the message twice.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "Refused" | "Unknown"

/**
 * The fields of every error that stands for a broker's answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  /** The broker's address, as it was connected to. */
  readonly address: string
  readonly brokerName?: string | undefined
  readonly topic?: string | undefined
  readonly group?: string | undefined
  readonly queueId?: number | undefined
  /** What was asked for, see RequestCode. */
  readonly requestCode: number
  /** What was answered, see ResponseCode. */
  readonly responseCode: number
  /** What the broker said about it. */
  readonly remark?: string | undefined
  readonly cause?: unknown
}

/**
 * What every error that stands for a broker's answer knows besides its fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Derived {
  /** Java's name of `responseCode`. */
  readonly responseName: string
  /** Whether the same request may succeed later, or at another broker. */
  readonly retryable: boolean
  readonly outcome: Outcome
}

/**
 * The broker cannot serve, or cannot be found: try another one.
 *
 * - `NotInRoute`: no known route has an address for it; it is down, or was never registered
 * - `ServiceNotAvailable`: it says so itself (14): disk full, starting, shutting down, or it is a slave
 * - `NotLeader`: the queue of a static topic has moved to another broker (501)
 * - `GoAway`: a proxy shuts down and wants its clients to connect anew (1500)
 *
 * @since 0.1.0
 * @category errors
 */
export class BrokerNotAvailableError extends Data.TaggedError("BrokerNotAvailableError")<{
  readonly reason: "NotInRoute" | "ServiceNotAvailable" | "NotLeader" | "GoAway"
  /** Unknown when the broker is in no route. */
  readonly address?: string | undefined
  readonly brokerName?: string | undefined
  readonly topic?: string | undefined
  readonly group?: string | undefined
  readonly queueId?: number | undefined
  readonly requestCode?: number | undefined
  readonly responseCode?: number | undefined
  readonly remark?: string | undefined
  readonly cause?: unknown
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  /**
   * @since 0.1.0
   */
  get outcome(): Outcome {
    return "Refused"
  }

  override get message(): string {
    const remark = this.remark === undefined || this.remark === "" ? "" : `: ${this.remark}`
    const topic = this.topic === undefined ? "" : ` for topic ${this.topic}`
    const broker = this.address === undefined
      ? this.brokerName ?? "?"
      : internal.brokerOf({ address: this.address, brokerName: this.brokerName })
    switch (this.reason) {
      case "NotInRoute":
        return `No address of broker ${broker} is known${topic}. It is down, or not registered at the name server; ` +
          `its return is noticed at the next route refresh.`
      case "ServiceNotAvailable":
        return `Broker ${broker} does not serve now${topic}${remark}. Its disk may be full, or it is starting, shutting ` +
          `down, or a slave; use another broker.`
      case "NotLeader":
        return `Broker ${broker} no longer leads queue ${
          this.queueId ?? "?"
        }${topic}${remark}. Ask for the route again.`
      case "GoAway":
        return `${broker} is shutting down and wants its clients to connect again${remark}.`
    }
  }
}

/**
 * Overload: the broker refused the request without acting on it (2 SYSTEM_BUSY, 215 FLOW_CONTROL, 209 POLLING_FULL, and
 * the same said with code 1 by 4.x brokers). Safe to repeat, elsewhere or after a pause.
 *
 * @since 0.1.0
 * @category errors
 */
export class BrokerBusyError extends internal.answer("BrokerBusyError", {
  retryable: true,
  outcome: "Refused",
  advice: "It is overloaded and did nothing: try another broker, or later and slower."
}) {}

/**
 * Something behind the broker did not answer it in time: a consumer that it relayed the request to (207).
 *
 * @since 0.1.0
 * @category errors
 */
export class BrokerTimeoutError extends internal.answer("BrokerTimeoutError", {
  retryable: true,
  outcome: "Unknown",
  advice: "The client that the broker relayed this to did not answer in time; whether it acted is unknown."
}) {}

/**
 * An exception inside the broker (1): how far it got is unknown.
 *
 * @since 0.1.0
 * @category errors
 */
export class BrokerSystemError extends internal.answer("BrokerSystemError", {
  retryable: true,
  outcome: "Unknown",
  advice: "The broker's own log has the stack trace; whether it acted on the request is unknown."
}) {}

const retryableCodes: ReadonlySet<number> = new Set([ResponseCode.NO_BUYER_ID, ResponseCode.NOT_IN_CURRENT_UNIT])

const sends: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2
])

/**
 * Any other answer that is no success; `responseCode` says which.
 *
 * @since 0.1.0
 * @category errors
 */
export class BrokerResponseError extends internal.answer("BrokerResponseError", {
  retryable: false,
  outcome: "Refused",
  advice: "Nothing is known about this answer that would help; the broker's log may say more."
}) {
  /**
   * True for the two codes (204, 205) that a send may be repeated after.
   *
   * @since 0.1.0
   */
  override get retryable(): boolean {
    return retryableCodes.has(this.responseCode)
  }

  /**
   * `Unknown` for a code that this client has never heard of.
   *
   * @since 0.1.0
   */
  override get outcome(): Outcome {
    return ResponseCode.isResponseCode(this.responseCode) && this.responseCode >= 0 ? "Refused" : "Unknown"
  }
}

/**
 * The broker does not know the request (3), or wants a newer client (15).
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestNotSupportedError extends internal.answer("RequestNotSupportedError", {
  retryable: false,
  outcome: "Refused",
  advice: "This broker's version has no such request: upgrade it, or do without the feature."
}) {}

/**
 * The broker does not believe who this client is: no access key, an unknown or disabled user, or a wrong signature.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthenticationError extends internal.answer("AuthenticationError", {
  retryable: false,
  outcome: "Refused",
  advice: "Check access key and secret, and that the user exists and is enabled on this cluster."
}) {}

/**
 * The user of this client may not do this.
 *
 * @since 0.1.0
 * @category errors
 */
export class AuthorizationError extends internal.answer("AuthorizationError", {
  retryable: false,
  outcome: "Refused",
  advice: "Grant the right to this user: Pub on the topic to send, Sub on topic and group to consume."
}) {}

/**
 * Not a matter of users: the broker, topic or group is set so that this is not allowed.
 *
 * @since 0.1.0
 * @category errors
 */
export class PermissionDeniedError extends internal.answer("PermissionDeniedError", {
  retryable: true,
  outcome: "Refused",
  advice: ""
})<{
  /** What forbids it, as far as the broker said. */
  readonly reason:
    | "Broker"
    | "Topic"
    | "SystemTopic"
    | "Group"
    | "Broadcast"
    | "Subscription"
    | "Feature"
    | "Unspecified"
}> {
  /**
   * Permissions of a broker or topic are set on each broker: another one may allow it.
   *
   * @since 0.1.0
   */
  override get retryable(): boolean {
    return this.reason === "Broker" || this.reason === "Topic"
  }

  override get message(): string {
    return internal.describe(this, permissionAdvice[this.reason])
  }
}

const permissionAdvice: Readonly<Record<PermissionDeniedError["reason"], string>> = {
  Broker: "This broker is read-only or write-only (brokerPermission): use another one, or restore its permission.",
  Topic:
    "The topic's permission on this broker (perm) forbids it: change it with updateTopicPerm, or use another topic.",
  SystemTopic: "Brokers keep this topic for themselves: choose another name.",
  Group: "Consumption is switched off for the group (consumeEnable=false).",
  Broadcast: "The group may not consume by broadcasting (consumeBroadcastEnable=false).",
  Subscription: "The group's subscription to this topic is forbidden on the broker.",
  Feature: "The feature is switched off in the broker's configuration.",
  Unspecified: "Check the permissions of broker, topic and group."
}

/**
 * The broker has no such topic and did not create it (17).
 *
 * @since 0.1.0
 * @category errors
 */
export class TopicNotFoundError extends internal.answer("TopicNotFoundError", {
  retryable: false,
  outcome: "Refused",
  advice: "Create the topic, or switch on autoCreateTopicEnable on the broker."
}) {
  /**
   * A send may succeed at another broker, which has the topic; anything else may not.
   *
   * @since 0.1.0
   */
  override get retryable(): boolean {
    return sends.has(this.requestCode)
  }
}

/**
 * The broker has no such group and does not create it (26).
 *
 * @since 0.1.0
 * @category errors
 */
export class GroupNotFoundError extends internal.answer("GroupNotFoundError", {
  retryable: false,
  outcome: "Refused",
  advice: "Create the group, or switch on autoCreateSubscriptionGroup on the broker."
}) {}

/**
 * No member of the group is connected to the broker (206).
 *
 * @since 0.1.0
 * @category errors
 */
export class ConsumerNotOnlineError extends internal.answer("ConsumerNotOnlineError", {
  retryable: true,
  outcome: "Refused",
  advice: "Start a consumer of the group, or use a form of this request that needs none."
}) {}

/**
 * The client that a reply is for is not connected to this broker (1): it has gone, or it is known to other brokers.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClientNotOnlineError extends internal.answer("ClientNotOnlineError", {
  retryable: true,
  outcome: "Refused",
  advice: "Another broker may know that client; if none does, nobody waits for the reply any more."
}) {}

/**
 * The broker does not take this message, now or later (13): a bad timer, a property out of bounds, a batch where none is
 * allowed or over its `maxMessageSize` (1), or a queue that cannot be acknowledged.
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageIllegalError extends internal.answer("MessageIllegalError", {
  retryable: false,
  outcome: "Refused",
  advice: "Change the message; no broker with these settings takes it."
}) {}

/**
 * The message's body or properties are over the broker's limits (13).
 *
 * @since 0.1.0
 * @category errors
 */
export class MessageTooLargeError extends internal.answer("MessageTooLargeError", {
  retryable: false,
  outcome: "Refused",
  advice: ""
})<{
  /** Bytes of the body as it was sent. */
  readonly size: number
  /** The broker's maxMessageSize in bytes. */
  readonly limit: number
}> {
  override get message(): string {
    return internal.describe(
      this,
      `The body has ${this.size} bytes and the broker takes ${this.limit} (maxMessageSize): send less, or compress it.`
    )
  }
}

/**
 * A value in the request that the broker does not accept (29, 604): a queue id that the topic does not have, a bad
 * name, a bad or outdated recall handle.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidParameterError extends internal.answer("InvalidParameterError", {
  retryable: false,
  outcome: "Refused",
  advice: "The topic may have fewer queues than the route said: ask for the route again."
}) {
  override get message(): string {
    return internal.describe(
      this,
      this.responseCode === 604
        ? "What it refers to is over or not of this broker."
        : "A queue id that the topic does not have means that the route is old: ask for it again."
    )
  }
}

/**
 * An offset that the queue does not have (21, or 208 for an acknowledgement).
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetIllegalError extends internal.answer("OffsetIllegalError", {
  retryable: false,
  outcome: "Refused",
  advice: "Ask for the queue's first and last offset and go on from there."
}) {}

/**
 * Nothing is stored under what was asked for (22): no offset of this group, no message of this key or id.
 *
 * @since 0.1.0
 * @category errors
 */
export class OffsetNotFoundError extends internal.answer("OffsetNotFoundError", {
  retryable: false,
  outcome: "Refused",
  advice: "Nothing is stored there: the group has not committed yet, or the message has expired."
}) {}

/**
 * A pull was answered with something that is no result of a pull.
 *
 * @since 0.1.0
 * @category errors
 */
export class PullError extends internal.answer("PullError", {
  retryable: true,
  outcome: "Refused",
  advice: "Pull again from the same offset after a pause."
}) {}

/**
 * The broker cannot parse the subscription's expression (23).
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionParseError extends internal.answer("SubscriptionParseError", {
  retryable: false,
  outcome: "Refused",
  advice: "Correct the SQL92 expression."
}) {}

/**
 * The broker does not have this client's subscription, or an older one (24, 25): send it a heartbeat, then repeat.
 *
 * @since 0.1.0
 * @category errors
 */
export class SubscriptionNotLatestError extends internal.answer("SubscriptionNotLatestError", {
  retryable: true,
  outcome: "Refused",
  advice:
    "A heartbeat to this broker brings it up to date. If it comes again, members of the group subscribe differently."
}) {}

/**
 * The broker does not have the SQL92 filter of this subscription, or an older one (27, 28): send it a heartbeat, then
 * repeat.
 *
 * @since 0.1.0
 * @category errors
 */
export class FilterDataNotFoundError extends internal.answer("FilterDataNotFoundError", {
  retryable: true,
  outcome: "Refused",
  advice:
    "A heartbeat to this broker brings it up to date. Brokers filter by SQL92 only with enablePropertyFilter=true."
}) {}

/**
 * The end of a transaction was refused (4, 200 to 203; 604 when it came too late; 1 when the broker has no such half
 * message of this group).
 *
 * @since 0.1.0
 * @category errors
 */
export class TransactionFailedError extends internal.answer("TransactionFailedError", {
  retryable: false,
  outcome: "Refused",
  advice: "The broker asks again by a transaction check if the transaction is still open."
}) {}

/**
 * The broker acted, and no slave could take a copy (11). For END_TRANSACTION and RECALL_MESSAGE it means that the
 * address is that of a slave, which cannot do this.
 *
 * @since 0.1.0
 * @category errors
 */
export class SlaveNotAvailableError extends internal.answer("SlaveNotAvailableError", {
  retryable: true,
  outcome: "Unknown",
  advice: ""
}) {
  /**
   * `Refused` by a slave that was asked to end a transaction or recall a message.
   *
   * @since 0.1.0
   */
  override get outcome(): Outcome {
    return isForMaster(this.requestCode) ? "Refused" : "Unknown"
  }

  override get message(): string {
    return isForMaster(this.requestCode)
      ? internal.describe(this, "It is a slave, which cannot do this: ask the broker's master.")
      : internal.describe(this, "What was stored has no copy on a slave yet; repeating it stores it again.")
  }
}

const isForMaster = (requestCode: number): boolean =>
  requestCode === RequestCode.END_TRANSACTION || requestCode === RequestCode.RECALL_MESSAGE

/**
 * The broker acted, and could not make it safe in time: not on its disk (10), or not on its slave (12).
 *
 * @since 0.1.0
 * @category errors
 */
export class FlushTimeoutError extends internal.answer("FlushTimeoutError", {
  retryable: true,
  outcome: "Unknown",
  advice: "It is stored, but not yet safe; repeating it stores it again."
}) {}

/**
 * More lite topics or lite subscriptions than the broker allows (2017, 2018).
 *
 * @since 0.1.0
 * @category errors
 */
export class QuotaExceededError extends internal.answer("QuotaExceededError", {
  retryable: false,
  outcome: "Refused",
  advice: "Use fewer, or raise the broker's quota."
}) {}

/**
 * What a broker answered.
 *
 * @since 0.1.0
 * @category errors
 */
export type BrokerAnswerError =
  | BrokerNotAvailableError
  | BrokerBusyError
  | BrokerTimeoutError
  | BrokerSystemError
  | BrokerResponseError
  | RequestNotSupportedError
  | AuthenticationError
  | AuthorizationError
  | PermissionDeniedError
  | TopicNotFoundError
  | GroupNotFoundError
  | ConsumerNotOnlineError
  | ClientNotOnlineError
  | MessageIllegalError
  | MessageTooLargeError
  | InvalidParameterError
  | OffsetIllegalError
  | OffsetNotFoundError
  | PullError
  | SubscriptionParseError
  | SubscriptionNotLatestError
  | FilterDataNotFoundError
  | TransactionFailedError
  | SlaveNotAvailableError
  | FlushTimeoutError
  | QuotaExceededError

/**
 * Everything that a request to a broker fails with: what the broker answered, or why there is no answer.
 *
 * @since 0.1.0
 * @category errors
 */
export type BrokerError = BrokerAnswerError | RemotingError

/**
 * Is it an answer of a broker (not a failure to reach it)?
 *
 * @since 0.1.0
 * @category refinements
 */
export const isBrokerAnswerError = (u: unknown): u is BrokerAnswerError => Predicate.hasProperty(u, TypeId)

/**
 * @since 0.1.0
 * @category refinements
 */
export const isBrokerError = (u: unknown): u is BrokerError => isBrokerAnswerError(u) || isRemotingError(u)

/**
 * What became of the request that failed so; for failures to reach the broker as `RemotingError.isOutcomeUnknown` says.
 *
 * @since 0.1.0
 * @category combinators
 */
export const outcome = (error: BrokerError): Outcome =>
  isBrokerAnswerError(error) ? error.outcome : isOutcomeUnknown(error) ? "Unknown" : "Refused"
