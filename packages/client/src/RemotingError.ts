/**
 * What can go wrong between asking a server and getting its answer.
 *
 * @since 0.1.0
 */
import type { ProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import { isProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"
import type { TransportError } from "./TransportError.js"
import { isTransportError } from "./TransportError.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/RemotingError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * No answer came in time. When the request was `written`, whether the server acted on it is unknown: a frozen broker
 * stores what its client gave up on. When it was not, the connection took nothing more for all that time.
 *
 * @since 0.1.0
 * @category errors
 */
export class RequestTimeoutError extends Data.TaggedError("RequestTimeoutError")<{
  readonly address: string
  readonly code: number
  /** Milliseconds that were waited. */
  readonly timeout: number
  /** Whether the request was handed to the connection. */
  readonly written: boolean
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

  override get message(): string {
    return `${this.address} did not answer ${RequestCode.nameOf(this.code)} within ${this.timeout} ms. ` +
      (this.written
        ? `Whether it acted on the request is unknown.`
        : `Nothing was sent: the connection took no more bytes. The server may hang.`)
  }
}

/**
 * The connection already has as many requests without an answer as it may have. Nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class TooManyRequestsError extends Data.TaggedError("TooManyRequestsError")<{
  readonly address: string
  readonly limit: number
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

  override get message(): string {
    return `${this.limit} requests to ${this.address} wait for an answer; no more are sent. ` +
      `Send with less concurrency, or raise maxInFlight.`
  }
}

/**
 * The Scope of the remoting layer is closed: nothing can be sent any more.
 *
 * @since 0.1.0
 * @category errors
 */
export class RemotingClosedError extends Data.TaggedError("RemotingClosedError")<{
  readonly address: string
}> {
  /**
   * @since 0.1.0
   */
  readonly [TypeId]: TypeId = TypeId

  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return false
  }

  override get message(): string {
    return `The client is shut down; nothing was sent to ${this.address}.`
  }
}

/**
 * Why a request has no answer.
 *
 * @since 0.1.0
 * @category errors
 */
export type RemotingError =
  | RequestTimeoutError
  | TooManyRequestsError
  | RemotingClosedError
  | TransportError
  | ProtocolError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isRemotingError = (u: unknown): u is RemotingError =>
  Predicate.hasProperty(u, TypeId) || isTransportError(u) || isProtocolError(u)

/**
 * Whether the server may have acted on the request that failed so: `true` for a timeout, for a connection lost with the
 * request pending and for an answer that made no sense; `false` when the request cannot have reached it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const isOutcomeUnknown = (error: RemotingError): boolean =>
  (error._tag === "RequestTimeoutError" && error.written) ||
  (error._tag === "ConnectionClosedError" && error.pending) ||
  (isProtocolError(error) && error._tag !== "SerializationError")
