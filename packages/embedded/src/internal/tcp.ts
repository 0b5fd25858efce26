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

/** One end of a connection, for who carries bytes from one connection to another. */
export interface Socket {
  readonly remoteAddress: string
  readonly write: (bytes: Uint8Array) => void
  /** Bytes that were written and are still in this process. */
  readonly unsent: () => number
  readonly pause: () => void
  readonly resume: () => void
  /** Closes when all that was written has gone out. */
  readonly end: () => void
  readonly destroy: () => void
  /** Closes with a reset. */
  readonly reset: () => void
}

/** What happens to a socket. Nothing comes after `onClose`. */
export interface SocketEvents {
  readonly onData: (bytes: Uint8Array) => void
  readonly onDrain: () => void
  readonly onClose: () => void
}

/** Ports and connections that end with a Scope. */
export interface Sockets {
  /** Listens on any free port; `ready` gets that port, or what went wrong. */
  readonly open: (
    host: string,
    port: number,
    take: (socket: Socket) => SocketEvents,
    ready: (result: number | Error) => void
  ) => void
  readonly connect: (address: string, opened: () => void, events: SocketEvents) => Socket
}

const wrap = (socket: Net.Socket): Socket => ({
  remoteAddress: hostAndPort(socket.remoteAddress, socket.remotePort),
  write: (bytes) => {
    if (socket.writable) socket.write(bytes)
  },
  unsent: () => socket.writableLength,
  pause: () => {
    socket.pause()
  },
  resume: () => {
    socket.resume()
  },
  end: () => {
    socket.destroySoon()
  },
  destroy: () => {
    socket.destroy()
  },
  reset: () => {
    socket.resetAndDestroy()
  }
})

const attach = (socket: Net.Socket, events: SocketEvents) => {
  socket.on("data", (chunk) => events.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)))
  socket.on("drain", events.onDrain)
  socket.on("close", events.onClose)
}

export const sockets: Effect.Effect<Sockets, never, Scope.Scope> = Effect.gen(function*() {
  const servers = new Set<Net.Server>()
  const open = new Set<Net.Socket>()
  const keep = (socket: Net.Socket) => {
    open.add(socket)
    socket.on("error", () => socket.destroy())
    socket.on("close", () => open.delete(socket))
  }
  const close = (server: Net.Server) =>
    Effect.async<void>((resume) => {
      server.close(() => resume(Effect.void))
    })
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const closing = Effect.forEach(servers, close, { concurrency: "unbounded", discard: true })
      for (const socket of open) socket.destroy()
      return closing
    })
  )
  return {
    open: (host, port, take, ready) => {
      const server = Net.createServer({ noDelay: true }, (socket) => {
        keep(socket)
        attach(socket, take(wrap(socket)))
      })
      server.on("error", ready)
      server.listen(port, host, () => {
        servers.add(server)
        const address = server.address()
        ready(typeof address === "object" && address !== null ? address.port : port)
      })
    },
    connect: (address, opened, events) => {
      const colon = address.lastIndexOf(":")
      const socket = Net.connect({
        host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
        port: Number(address.slice(colon + 1)),
        noDelay: true
      })
      keep(socket)
      socket.on("connect", opened)
      attach(socket, events)
      return wrap(socket)
    }
  }
})
