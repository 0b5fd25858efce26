/**
 * What can go wrong with a byte connection, before any protocol is spoken on it.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/TransportError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/**
 * The peer could not be reached: refused, no route to the host, or a host name that does not resolve.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionFailedError extends Data.TaggedError("ConnectionFailedError")<{
  readonly address: string
  readonly cause: unknown
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
    return `Cannot connect to ${this.address}: ${
      reasonOf(this.cause)
    }. Check the host name and the port (name server 9876, broker 10911), and that the server runs.`
  }
}

/**
 * No connection within the connect timeout.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectTimeoutError extends Data.TaggedError("ConnectTimeoutError")<{
  readonly address: string
  /** Milliseconds that were waited. */
  readonly timeout: number
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
    return `No connection to ${this.address} within ${this.timeout} ms. A firewall that drops packets looks like this, and so ` +
      `does an address that is only reachable inside another network.`
  }
}

/**
 * The connection ended. `Silent`: requests timed out on it for 10 seconds and no byte came, so that it was given up: the
 * other end may be gone without a word. When `pending` is true a request had been handed to it and got no answer: whether the server
 * acted on it is unknown.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConnectionClosedError extends Data.TaggedError("ConnectionClosedError")<{
  readonly address: string
  readonly reason: "PeerClosed" | "SocketError" | "IdleTimeout" | "Silent" | "ProtocolError" | "ScopeClosed"
  readonly pending: boolean
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
    return this.reason !== "ScopeClosed"
  }

  override get message(): string {
    const cause = this.cause === undefined ? "" : `: ${reasonOf(this.cause)}`
    const outcome = this.pending
      ? " while a request waited for its answer; whether the server acted on it is unknown"
      : ""
    return `Connection to ${this.address} closed (${this.reason})${cause}${outcome}.`
  }
}

/**
 * A step that the connection's state machine does not allow: a bug of a transport, not of its user.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidStateTransitionError extends Data.TaggedError("InvalidStateTransitionError")<{
  readonly address: string
  readonly from: string
  readonly to: string
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
    return `Connection to ${this.address} cannot go from ${this.from} to ${this.to}.`
  }
}

/**
 * An address or option that no connection can be made from.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportConfigError extends Data.TaggedError("TransportConfigError")<{
  readonly option: string
  readonly value: string
  readonly rule: string
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
    return `${this.option} is ${JSON.stringify(this.value)}, but must be ${this.rule}.`
  }
}

/**
 * What a connection fails with.
 *
 * @since 0.1.0
 * @category errors
 */
export type TransportError =
  | ConnectionFailedError
  | ConnectTimeoutError
  | ConnectionClosedError
  | InvalidStateTransitionError
  | TransportConfigError

/**
 * @since 0.1.0
 * @category refinements
 */
export const isTransportError = (u: unknown): u is TransportError => Predicate.hasProperty(u, TypeId)
