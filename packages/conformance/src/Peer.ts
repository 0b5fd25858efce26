/**
 * Peers on sockets that are no RocketMQ servers, and the transport to reach them.
 *
 * @since 0.1.0
 */
import type { Compression } from "@effect-rocketmq/client/Compression"
import type { Transport } from "@effect-rocketmq/client/Transport"
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import * as NodeTransport from "@effect-rocketmq/node/NodeTransport"
import * as Frame from "@effect-rocketmq/protocol/Frame"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"

/**
 * Sockets of Node, whatever the cluster is reached by.
 *
 * @since 0.1.0
 * @category layers
 */
export const transport: Layer.Layer<Transport | Compression> = Layer.merge(NodeTransport.layer(), NodeCompression.layer)

/**
 * @since 0.1.0
 * @category models
 */
export interface Peer {
  /** `host:port` on loopback. */
  readonly address: string
}

const listen = (server: Net.Server): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Peer>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(
          typeof address === "object" && address !== null
            ? Effect.succeed({ address: `127.0.0.1:${address.port}` })
            : Effect.dieMessage("a listening server has an address")
        )
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
      })
  )

/**
 * An HTTP server, on a port of its own until the Scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const httpServer: Effect.Effect<Peer, never, Scope.Scope> = Effect.suspend(() => {
  const server = Http.createServer((_, response) => {
    response.end("hello")
  })
  return Effect.tap(
    listen(server),
    () => Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  )
})

const socketServer = (onSocket: (socket: Net.Socket) => void): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.suspend(() => {
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => sockets.delete(socket))
      onSocket(socket)
    })
    return Effect.tap(
      listen(server),
      () =>
        Effect.addFinalizer(() =>
          Effect.sync(() => {
            for (const socket of sockets) socket.destroy()
          })
        )
    )
  })

/**
 * Takes connections and bytes, and never says anything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const silentServer: Effect.Effect<Peer, never, Scope.Scope> = socketServer((socket) => {
  socket.resume()
})

/**
 * Answers the first bytes of each connection with these.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answering = (bytes: Uint8Array): Effect.Effect<Peer, never, Scope.Scope> =>
  socketServer((socket) => {
    socket.once("data", () => socket.write(bytes))
  })

/**
 * Answers each request on a connection with this frame, its opaque replaced by the request's, byte by byte.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dribbling = (command: RemotingCommand.RemotingCommand): Effect.Effect<Peer, never, Scope.Scope> =>
  socketServer((socket) => {
    socket.setNoDelay(true)
    const decoder = Frame.makeDecoder()
    socket.on("data", (chunk) => {
      decoder.push(chunk, (request) => {
        const bytes = RemotingCommand.encode({ ...command, opaque: request.opaque })
        for (const byte of bytes) socket.write(Uint8Array.of(byte))
      })
    })
  })
