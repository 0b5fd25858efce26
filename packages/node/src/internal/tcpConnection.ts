import type { Connection, ConnectionState, Listener } from "@effect-rocketmq/client/Transport"
import { transition } from "@effect-rocketmq/client/Transport"
import type { TransportError } from "@effect-rocketmq/client/TransportError"
import { ConnectionClosedError, ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Net from "node:net"

export interface Settings {
  /** Milliseconds; 0: none. */
  readonly idleTimeout: number
  readonly noDelay: boolean
  /** Milliseconds of silence before the first probe; 0: none. */
  readonly keepAlive: number
  readonly lookup: Net.LookupFunction | undefined
}

/** How long a closing connection may take to hand over what was written before. */
const LINGER = 1000

/** Several addresses were tried: Node's error for that has an empty message. */
const causeOf = (error: Error): Error =>
  error instanceof AggregateError && error.message === ""
    ? new Error(error.errors.map((one) => one instanceof Error ? one.message : String(one)).join("; "), {
      cause: error
    })
    : error

const format = (host: string | undefined, port: number | undefined): string =>
  host === undefined ? "" : host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

class TcpConnection implements Connection {
  readonly address: string
  localAddress = ""
  readonly socket: Net.Socket
  private now: ConnectionState = "Disconnected"
  private listener: Listener | undefined = undefined
  /** Why the connection ended, once that is known. */
  private reason: ConnectionClosedError | undefined = undefined
  private isOver = false

  constructor(address: string, socket: Net.Socket) {
    this.address = address
    this.socket = socket
    this.step("Connecting")
    socket.on("error", (error) => this.because("SocketError", causeOf(error)))
    socket.on("timeout", () => this.destroy(this.closed("IdleTimeout")))
    // a server that half-closes answers nothing more
    socket.on("end", () => this.destroy(this.closed("PeerClosed")))
    socket.on("close", () => this.end())
  }

  state(): ConnectionState {
    return this.now
  }

  connected(idleTimeout: number): void {
    this.step("Connected")
    this.localAddress = format(this.socket.localAddress, this.socket.localPort)
    this.socket.setTimeout(idleTimeout)
  }

  write(bytes: Uint8Array): boolean {
    // nothing to wait for when nothing is sent
    return this.now !== "Connected" || this.socket.write(bytes)
  }

  isDrained(): boolean {
    // a socket that could hand over all of it at once has nothing left
    return this.socket.writableLength === 0
  }

  listen(listener: Listener): void {
    this.listener = listener
    if (this.isOver) {
      const reason = this.reason ?? this.closed("PeerClosed")
      process.nextTick(() => listener.onEnd(reason))
      return
    }
    this.socket.on("drain", () => listener.onDrain())
    // reading starts here; until then the socket holds back what arrives
    this.socket.on("data", (chunk: Uint8Array) => {
      if (this.now === "Connected") listener.onData(chunk)
    })
  }

  destroy(error: ConnectionClosedError): void {
    this.reason ??= error
    this.socket.destroy()
    this.end()
  }

  /** Closes with the scope: what was written before still leaves, within a second. */
  close(): void {
    if (this.now !== "Connected") return
    this.reason ??= this.closed("ScopeClosed")
    this.step("Closing")
    this.socket.destroySoon()
    const { socket } = this
    const linger = setTimeout(() => socket.destroy(), LINGER)
    linger.unref()
    socket.once("close", () => {
      clearTimeout(linger)
      this.step("Closed")
    })
    this.tell()
  }

  private end(): void {
    this.step("Closed")
    this.tell()
  }

  private tell(): void {
    if (this.isOver) return
    this.isOver = true
    this.listener?.onEnd(this.reason ?? this.closed("PeerClosed"))
  }

  private because(reason: ConnectionClosedError["reason"], cause: unknown): void {
    this.reason ??= this.closed(reason, cause)
  }

  private closed(reason: ConnectionClosedError["reason"], cause?: unknown): ConnectionClosedError {
    return new ConnectionClosedError({ address: this.address, reason, pending: false, cause })
  }

  /** Steps that the machine refuses are repetitions (closing what is closed): they change nothing. */
  private step(to: ConnectionState): void {
    this.now = Either.getOrElse(transition(this.address, this.now, to), () => this.now)
  }
}

/**
 * Opens a connection into the scope at hand. The socket is there before anything waits, so that no interruption or timeout
 * can leave one behind.
 */
export const connect = (
  address: string,
  host: string,
  port: number,
  settings: Settings,
  within: (connected: Effect.Effect<void, TransportError>) => Effect.Effect<void, TransportError>
): Effect.Effect<Connection, TransportError, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.suspend(() => {
        const socket = Net.connect({
          host,
          port,
          noDelay: settings.noDelay,
          keepAlive: settings.keepAlive > 0,
          keepAliveInitialDelay: settings.keepAlive,
          ...(settings.lookup === undefined ? {} : { lookup: settings.lookup })
        })
        const connection = new TcpConnection(address, socket)
        const connected = Effect.async<void, TransportError>((resume) => {
          const onError = (error: Error) =>
            resume(Effect.fail(new ConnectionFailedError({ address, cause: causeOf(error) })))
          socket.once("error", onError)
          socket.once("connect", () => {
            socket.off("error", onError)
            connection.connected(settings.idleTimeout)
            resume(Effect.void)
          })
        })
        return restore(within(connected)).pipe(
          Effect.onExit((exit) =>
            Exit.isSuccess(exit)
              ? Scope.addFinalizer(scope, Effect.sync(() => connection.close()))
              : Effect.sync(() => socket.destroy())
          ),
          Effect.as(connection)
        )
      }))
  )
