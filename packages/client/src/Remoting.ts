/**
 * Requests and their answers: one connection for each address, shared by everybody, answers matched by opaque.
 *
 * @since 0.1.0
 */
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Acl from "./Acl.js"
import * as OptionRules from "./internal/optionRules.js"
import * as internal from "./internal/remoting.js"
import type { RemotingError } from "./RemotingError.js"
import type { ConnectionState, Transport } from "./Transport.js"

/**
 * What a server asked of this client, such as "the members of your group changed".
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerRequest {
  /** The server's address, as it was connected to. */
  readonly address: string
  readonly command: RemotingCommand
}

/**
 * The answer to a server's request: a response code, and what goes with it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerResponse {
  readonly code: number
  readonly remark?: string | undefined
  readonly extFields?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
}

/**
 * Sees every call. `onRequest` may return another request (a signature is added this way) and runs once a call, before
 * it is encoded. Both are plain functions: they must be quick and must not throw.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hook {
  readonly onRequest?: ((request: Request, address: string) => Request) | undefined
  readonly onResponse?:
    | ((request: Request, response: RemotingCommand, address: string, durationMillis: number) => void)
    | undefined
}

/**
 * How requests are sent and awaited. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long a request waits for its answer when the call does not say. Default 3 seconds. */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /** Requests without an answer on one connection. Default 16384. */
  readonly maxInFlight?: number | undefined
  /** Largest frame that is read or written, in bytes. Default 32 MiB; Java servers refuse more than 16 MiB. */
  readonly maxFrameSize?: number | undefined
  /** Largest header that is read, in bytes. Default 64 KiB. */
  readonly maxHeaderSize?: number | undefined
  /** After a failed connect, how long until the next is tried; doubles with each failure. Default 100 ms. */
  readonly reconnectDelay?: Duration.DurationInput | undefined
  /** The longest wait between connects. Default 500 ms. */
  readonly maxReconnectDelay?: Duration.DurationInput | undefined
  /**
   * How headers are written: `binary` costs less CPU; `json` is readable on the wire. Servers answer in their own way,
   * and both are always read. Default `binary`.
   */
  readonly serialization?: "binary" | "json" | undefined
  /** Hooks around each call, in order. Default none. */
  readonly hooks?: ReadonlyArray<Hook> | undefined
  /** Who this client is: every request is signed with them, after all hooks. Default: nobody, and nothing is signed. */
  readonly credentials?: Acl.Credentials | undefined
}

/**
 * Requests and answers, by the address of the server.
 *
 * @since 0.1.0
 * @category services
 */
export class Remoting extends Context.Tag("@effect-rocketmq/client/Remoting")<Remoting, {
  /**
   * Sends a request and waits for its answer, whatever its code says. `timeout` is for all of it, in milliseconds. Without
   * one, the connection has the transport's connect timeout, and the answer `requestTimeout` from then on.
   */
  readonly request: (
    address: string,
    request: Request,
    timeout?: number
  ) => Effect.Effect<RemotingCommand, RemotingError>
  /** Sends a request that gets no answer. Success means that it was handed to the connection, no more. */
  readonly oneway: (address: string, request: Request) => Effect.Effect<void, RemotingError>
  /**
   * Answers requests of servers with this code, until the Scope closes. The handler runs in a fiber of its own, never in
   * the reader; its answer is ignored for oneway requests. A handler that fails or dies is answered with SYSTEM_ERROR.
   * A code without a handler is answered with REQUEST_CODE_NOT_SUPPORTED.
   */
  readonly handle: (
    code: number,
    handler: (request: ServerRequest) => Effect.Effect<ServerResponse>
  ) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Calls back after a connection to an address was opened, each time, until the Scope closes: brokers forget what a
   * client told them when its connection ends. The listener runs inside the connect and must be quick.
   */
  readonly onConnect: (listener: (address: string) => void) => Effect.Effect<void, never, Scope.Scope>
  /** The state of the connection to an address. */
  readonly state: (address: string) => Effect.Effect<ConnectionState>
  /** Addresses with an open connection. */
  readonly connected: Effect.Effect<ReadonlyArray<string>>
  /** Closes the connection to an address, if there is one; pending requests fail with ConnectionClosedError. */
  readonly disconnect: (address: string) => Effect.Effect<void>
  /**
   * Gives up requests without an answer, at all addresses: they fail with ConnectionClosedError at once, and their
   * answers are dropped. Returns how many these were.
   */
  readonly abandon: (predicate: (request: Request) => boolean) => Effect.Effect<number>
}>() {}

/**
 * Connections are opened when they are first needed, and closed with the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options?: Options
) => Effect.Effect<Remoting["Type"], never, Transport | Scope.Scope> = internal.make

/**
 * The same as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Remoting, never, Transport> =>
  Layer.scoped(Remoting, make(options))

const rules = OptionRules.client
const variable = OptionRules.variables("ROCKETMQ")

/**
 * The options as Config, under the names `ROCKETMQ_REQUEST_TIMEOUT`, `ROCKETMQ_MAX_IN_FLIGHT`, `ROCKETMQ_MAX_FRAME_SIZE`,
 * `ROCKETMQ_MAX_HEADER_SIZE`, `ROCKETMQ_RECONNECT_DELAY`, `ROCKETMQ_MAX_RECONNECT_DELAY` and `ROCKETMQ_SERIALIZATION`, and
 * the credentials under those of `Acl.config`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.all({
  requestTimeout: variable("REQUEST_TIMEOUT", rules.requestTimeout),
  maxInFlight: variable("MAX_IN_FLIGHT", rules.maxInFlight),
  maxFrameSize: variable("MAX_FRAME_SIZE", rules.maxFrameSize),
  maxHeaderSize: variable("MAX_HEADER_SIZE", rules.maxHeaderSize),
  reconnectDelay: variable("RECONNECT_DELAY", rules.reconnectDelay),
  maxReconnectDelay: variable("MAX_RECONNECT_DELAY", rules.maxReconnectDelay),
  serialization: variable("SERIALIZATION", rules.serialization),
  credentials: Acl.config
})

/**
 * The same with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<Remoting, ConfigError, Transport> => Layer.scoped(Remoting, Effect.flatMap(Config.unwrap(options), make))
