/**
 * The embedded cluster on TCP, for clients of any language. For tests, demos and development, not for production.
 *
 * The only module here that needs Node.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import * as EmbeddedCluster from "./EmbeddedCluster.js"

/**
 * Where to listen, and what the cluster is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<EmbeddedCluster.Options, "nameServerAddress" | "brokerAddresses"> {
  /** Interface to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /**
   * Port of the name server; brokers listen on the port 1035 above it, and 20 more for each further broker. 0 takes any
   * free ports. Default 9876, hence 10911 for the first broker.
   */
  readonly port?: number | undefined
  /**
   * Host name in the routes and in messages: what clients connect to. Default: `host`, or `127.0.0.1` when that is
   * `0.0.0.0`.
   */
  readonly advertisedHost?: string | undefined
}

/**
 * A port that cannot be listened on: mostly one that another process has.
 *
 * @since 0.1.0
 * @category errors
 */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly address: string
  readonly cause: unknown
}> {
  /**
   * @since 0.1.0
   */
  get retryable(): boolean {
    return true
  }

  override get message(): string {
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `Cannot listen on ${this.address}: ${cause}. Choose another port, or port 0 for any free one.`
  }
}

/** Bytes that a server may hold back of one client before it stops reading from its socket. */
const HIGH_WATER = 1024 * 1024

const hostAndPort = (host: string | undefined, port: number | undefined): string => {
  const plain = (host ?? "127.0.0.1").replace(/^::ffff:/, "")
  return plain.includes(":") ? `[${plain}]:${port ?? 0}` : `${plain}:${port ?? 0}`
}

const listen = (host: string, port: number): Effect.Effect<Net.Server, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Net.Server, ListenError>((resume) => {
      const server = Net.createServer({ noDelay: true })
      server.on("error", (cause) => {
        resume(Effect.fail(new ListenError({ address: hostAndPort(host, port), cause })))
      })
      server.listen(port, host, () => {
        resume(Effect.succeed(server))
      })
    }),
    (server) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
      })
  )

const portOf = (server: Net.Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

const carry = (cluster: EmbeddedCluster.Cluster, address: string, sockets: Set<Net.Socket>) => (socket: Net.Socket) => {
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
  sockets.add(socket)
  socket.on("data", (chunk) => {
    connection.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    if (connection.backlog() > HIGH_WATER) socket.pause()
  })
  socket.on("drain", connection.drained)
  socket.on("error", () => socket.destroy())
  socket.on("close", () => {
    sockets.delete(socket)
    connection.lost()
  })
}

/**
 * Serves a cluster on TCP as long as the Scope lives. `nameServerAddress` of the cluster is what clients are told.
 *
 * @example
 * import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const cluster = yield* EmbeddedServer.serve({ port: 0 })
 *   yield* Effect.log(`ROCKETMQ_NAMESRV_ADDR=${cluster.nameServerAddress}`)
 * }))
 *
 * Effect.runPromise(program)
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve = (
  options: Options = {}
): Effect.Effect<EmbeddedCluster.Cluster, ListenError, Scope.Scope> =>
  Effect.gen(function*() {
    const { advertisedHost, host = "127.0.0.1", port = 9876, ...rest } = options
    const advertised = advertisedHost ?? (host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host)
    const count = Math.max(1, Math.min(26, rest.brokers ?? 1))
    const sockets = new Set<Net.Socket>()
    const nameServer = yield* listen(host, port)
    const brokers = yield* Effect.forEach(
      Array.from({ length: count }, (_, index) => port === 0 ? 0 : port + 1035 + 20 * index),
      (brokerPort) => listen(host, brokerPort)
    )
    // closing a listening socket waits for its connections: those go first
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
    )
    const cluster = yield* EmbeddedCluster.make({
      ...rest,
      brokers: count,
      nameServerAddress: hostAndPort(advertised, portOf(nameServer)),
      brokerAddresses: brokers.map((server) => hostAndPort(advertised, portOf(server)))
    })
    nameServer.on("connection", carry(cluster, cluster.nameServerAddress, sockets))
    brokers.forEach((server, index) => {
      server.on("connection", carry(cluster, cluster.brokers[index]!.address, sockets))
    })
    return cluster
  })

/**
 * The cluster on TCP, as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options = {}
): Layer.Layer<EmbeddedCluster.EmbeddedCluster, ListenError> =>
  Layer.scoped(EmbeddedCluster.EmbeddedCluster, serve(options))
