import * as Transport from "@effect-rocketmq/client/Transport"
import type { TransportError } from "@effect-rocketmq/client/TransportError"
import {
  ConnectionClosedError,
  ConnectionFailedError,
  ConnectTimeoutError
} from "@effect-rocketmq/client/TransportError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { Options } from "../NodeTransport.js"

const hostAndPort = (host: string | undefined, port: number | undefined): string =>
  host === undefined ? "" : `${host.includes(":") ? `[${host}]` : host}:${port}`

export const make = (options: Options = {}): Transport.Transport["Type"] => {
  const connectTimeout = Duration.toMillis(options.connectTimeout ?? "3 seconds")
  const idleTimeout = Duration.toMillis(options.idleTimeout ?? "120 seconds")
  const keepAlive = Duration.toMillis(options.keepAlive ?? "60 seconds")

  const open = (address: string, host: string, port: number): Effect.Effect<Net.Socket, ConnectionFailedError> =>
    Effect.async((resume) => {
      const socket = Net.connect({
        host,
        port,
        noDelay: options.noDelay ?? true,
        keepAlive: keepAlive > 0,
        keepAliveInitialDelay: keepAlive,
        ...(options.lookup === undefined ? {} : { lookup: options.lookup })
      })
      const failed = (cause: Error) => resume(Effect.fail(new ConnectionFailedError({ address, cause })))
      socket.once("error", failed)
      socket.once("connect", () => {
        socket.off("error", failed)
        resume(Effect.succeed(socket))
      })
      return Effect.sync(() => {
        // the attempt may still fail: nobody is to hear of it
        socket.off("error", failed)
        socket.on("error", () => {})
        socket.destroy()
      })
    })

  return {
    connect: (address) =>
      Effect.gen(function*() {
        const { host, port } = yield* Transport.parseAddress(address)
        const scope = yield* Effect.scope
        // uninterruptible from the socket's opening to the finalizer that closes it
        return yield* Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            restore(Effect.timeoutFail(open(address, host, port), {
              duration: connectTimeout,
              onTimeout: (): TransportError => new ConnectTimeoutError({ address, timeout: connectTimeout })
            })),
            (socket) => {
              const connection = new TcpConnection(address, socket, idleTimeout)
              return Effect.as(
                Scope.addFinalizer(
                  scope,
                  Effect.sync(() =>
                    connection.destroy(new ConnectionClosedError({ address, reason: "ScopeClosed", pending: false }))
                  )
                ),
                connection
              )
            }
          )
        )
      })
  }
}

class TcpConnection implements Transport.Connection {
  readonly address: string
  readonly localAddress: string
  private readonly socket: Net.Socket
  private listener: Transport.Listener | undefined = undefined
  private current: Transport.ConnectionState = "Connected"
  private ended: ConnectionClosedError | undefined = undefined

  constructor(address: string, socket: Net.Socket, idleTimeout: number) {
    this.address = address
    this.socket = socket
    this.localAddress = hostAndPort(socket.localAddress, socket.localPort)
    socket.on("error", (cause) => this.finish("SocketError", cause))
    // a server that has sent its end will not answer any more: half-open connections are of no use here
    socket.on("end", () => this.finish("PeerClosed"))
    socket.on("close", () => this.finish("PeerClosed"))
    socket.on("drain", () => this.listener?.onDrain())
    if (idleTimeout > 0) socket.setTimeout(idleTimeout, () => this.finish("IdleTimeout"))
  }

  readonly state = (): Transport.ConnectionState => this.current

  readonly write = (bytes: Uint8Array): boolean => this.current !== "Connected" || this.socket.write(bytes)

  readonly listen = (listener: Transport.Listener): void => {
    this.listener = listener
    // until here nothing flows: what has arrived waits in the socket
    this.socket.on("data", listener.onData)
    if (this.ended !== undefined) listener.onEnd(this.ended)
  }

  readonly destroy = (error: ConnectionClosedError): void => {
    if (this.ended !== undefined) return
    this.advance("Closing")
    this.end(error)
  }

  private finish(reason: ConnectionClosedError["reason"], cause?: unknown): void {
    if (this.ended !== undefined) return
    this.end(new ConnectionClosedError({ address: this.address, reason, pending: false, cause }))
  }

  private end(error: ConnectionClosedError): void {
    this.ended = error
    // what was written before leaves, unless the connection is broken
    if (error.reason === "ScopeClosed") this.socket.destroySoon()
    else this.socket.destroy()
    this.advance("Closed")
    this.listener?.onEnd(error)
  }

  private advance(to: Transport.ConnectionState): void {
    this.current = Either.getOrThrow(Transport.transition(this.address, this.current, to))
  }
}
