/**
 * A byte connection to one address. What is below it (TCP, memory) is the business of the layer that provides it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { ConnectionClosedError, TransportError } from "./TransportError.js"
import { InvalidStateTransitionError, TransportConfigError } from "./TransportError.js"

/**
 * Where a connection is in its life.
 *
 * @since 0.1.0
 * @category models
 */
export type ConnectionState = "Disconnected" | "Connecting" | "Connected" | "Closing" | "Closed"

const successors: Readonly<Record<ConnectionState, ReadonlyArray<ConnectionState>>> = {
  Disconnected: ["Connecting"],
  Connecting: ["Connected", "Closed"],
  Connected: ["Closing", "Closed"],
  Closing: ["Closed"],
  Closed: []
}

/**
 * One step of the state machine, or the error that names the step it refuses.
 *
 * @since 0.1.0
 * @category combinators
 */
export const transition = (
  address: string,
  from: ConnectionState,
  to: ConnectionState
): Either.Either<ConnectionState, InvalidStateTransitionError> =>
  successors[from].includes(to)
    ? Either.right(to)
    : Either.left(new InvalidStateTransitionError({ address, from, to }))

/**
 * What a connection tells its owner. Both are plain callbacks, run inside the transport's event: they must be quick and
 * must not throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** Bytes as they arrive. The chunk is never written to again: views of it may be kept. */
  readonly onData: (chunk: Uint8Array) => void
  /** The connection is over; called once, also when the owner closed it. */
  readonly onEnd: (error: ConnectionClosedError) => void
  /** The write buffer has emptied after `write` had said `false`. */
  readonly onDrain: () => void
}

/**
 * An open connection. It belongs to the Scope it was opened in and closes with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** `host:port` as it was asked for. */
  readonly address: string
  /** The own end, `host:port`. */
  readonly localAddress: string
  /** The present state; `Connected` until the end is known. */
  readonly state: () => ConnectionState
  /**
   * Hands over bytes, which the transport may keep: they must not be rewritten before `isDrained` says so. Returns `false` when the buffer is above its high-water mark: the
   * owner should wait for `onDrain`. Bytes given to a closed connection are dropped; `onEnd` has told or will tell.
   */
  readonly write: (bytes: Uint8Array) => boolean
  /**
   * Whether the system has all bytes that were written, so that their memory may be written again. A transport that keeps
   * bytes for longer has no such method.
   */
  readonly isDrained?: () => boolean
  /** Starts delivery to the listener; called once. What arrived before is delivered first. */
  readonly listen: (listener: Listener) => void
  /** Ends the connection now; `onEnd` follows with this reason. Idempotent. */
  readonly destroy: (error: ConnectionClosedError) => void
}

/**
 * Opens byte connections.
 *
 * @since 0.1.0
 * @category services
 */
export class Transport extends Context.Tag("@effect-rocketmq/client/Transport")<Transport, {
  /**
   * Connects to `host:port`, resolving the host name anew each time. Fails within the transport's connect timeout.
   */
  readonly connect: (address: string) => Effect.Effect<Connection, TransportError, Scope.Scope>
}>() {}

/**
 * Splits `host:port` (`[v6]:port` for IPv6).
 *
 * @since 0.1.0
 * @category combinators
 */
export const parseAddress = (
  address: string
): Either.Either<{ readonly host: string; readonly port: number }, TransportConfigError> => {
  const at = address.lastIndexOf(":")
  const host = address.slice(0, Math.max(at, 0)).replace(/^\[(.*)\]$/, "$1")
  const port = Number(address.slice(at + 1))
  return at > 0 && host.length > 0 && !/[\s/]/.test(host) && Number.isInteger(port) && port > 0 && port < 65536
    ? Either.right({ host, port })
    : Either.left(
      new TransportConfigError({
        option: "address",
        value: address,
        rule: "host:port with a port from 1 to 65535, such as 127.0.0.1:9876 or [::1]:9876"
      })
    )
}
