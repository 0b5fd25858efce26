/**
 * Sockets of the embedded servers: the only module here that needs Node.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { Cluster } from "../EmbeddedCluster.js"

/** Bytes that a server may hold back of one client before it stops reading from its socket. */
const HIGH_WATER = 1024 * 1024

export const hostAndPort = (host: string | undefined, port: number | undefined): string => {
  const plain = (host ?? "127.0.0.1").replace(/^::ffff:/, "")
  return plain.includes(":") ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`
}

/** A bound port. */
export interface Listener {
  readonly port: number
  /** Gives all connections from now on to the server at `address` of the cluster. */
  readonly serve: (cluster: Cluster, address: string) => void
}

const carry = (cluster: Cluster, address: string, socket: Net.Socket) => {
  const connection = cluster.accept(address, hostAndPort(socket.remoteAddress, socket.remotePort), {
    write: (bytes) => socket.write(bytes),
    end: () => {
      socket.destroySoon()
    },
    ready: () => {
      socket.resume()
    }
  })
  if (connection === undefined) {
    socket.destroy()
    return
  }
  socket.on("data", (chunk) => {
    connection.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    if (connection.backlog() > HIGH_WATER) socket.pause()
  })
  socket.on("drain", connection.drained)
  socket.on("close", connection.lost)
}

/** Listens as long as the Scope lives; its end closes the connections too. */
export const listen = (host: string, port: number): Effect.Effect<Listener, Error, Scope.Scope> =>
  Effect.gen(function*() {
    const sockets = new Set<Net.Socket>()
    let target: ((socket: Net.Socket) => void) | undefined
    const accept = (socket: Net.Socket) => {
      sockets.add(socket)
      socket.on("error", () => socket.destroy())
      socket.on("close", () => sockets.delete(socket))
      if (target === undefined) socket.destroy()
      else target(socket)
    }
    const server = yield* Effect.acquireRelease(
      Effect.async<Net.Server, Error>((resume) => {
        const server = Net.createServer({ noDelay: true }, accept)
        server.on("error", (cause) => resume(Effect.fail(cause)))
        server.listen(port, host, () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = server.address()
    return {
      port: typeof address === "object" && address !== null ? address.port : port,
      serve: (cluster, at) => {
        target = (socket) => carry(cluster, at, socket)
      }
    }
  })
