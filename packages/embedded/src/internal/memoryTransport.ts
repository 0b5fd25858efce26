/**
 * The client's transport over memory: two pipes of bytes between a client and a server of the cluster. Delivery is a task
 * of the cluster, so that no call runs inside another and the order is that of the calls.
 *
 * @since 0.1.0
 */
import type * as Transport from "@effect-rocketmq/client/Transport"
import { parseAddress } from "@effect-rocketmq/client/Transport"
import { ConnectionClosedError, ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import type { TransportError } from "@effect-rocketmq/client/TransportError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Scope from "effect/Scope"
import type { Cluster } from "../EmbeddedCluster.js"

/** Bytes under way to a server above which `write` asks to wait. */
const HIGH_WATER = 1024 * 1024

const FIRST_PORT = 40_000
const PORTS = 20_000

export const make = (
  cluster: Cluster
): (address: string) => Effect.Effect<Transport.Connection, TransportError, Scope.Scope> => {
  let ports = 0

  const open = (address: string): Transport.Connection | undefined => {
    const localAddress = `127.0.0.1:${FIRST_PORT + ports++ % PORTS}`
    let state: Transport.ConnectionState = "Connected"
    let listener: Transport.Listener | undefined
    let ended: ConnectionClosedError | undefined
    let early: Array<Uint8Array> = []
    let underWay = 0
    let waiting = false

    const finish = (error: ConnectionClosedError) => {
      if (ended !== undefined) return
      ended = error
      state = "Closed"
      if (listener !== undefined) listener.onEnd(error)
    }
    const drained = () => {
      if (!waiting || underWay + server!.backlog() > HIGH_WATER / 2) return
      waiting = false
      if (state === "Connected") listener?.onDrain()
    }
    const server = cluster.accept(address, localAddress, {
      write: (bytes) => {
        if (state !== "Connected") return true
        if (listener === undefined) early.push(bytes)
        else listener.onData(bytes)
        return true
      },
      end: () =>
        cluster.defer(() => finish(new ConnectionClosedError({ address, reason: "PeerClosed", pending: false }))),
      ready: () => cluster.defer(drained)
    })
    if (server === undefined) return undefined
    return {
      address,
      localAddress,
      state: () => state,
      write: (bytes) => {
        if (state !== "Connected") return true
        underWay += bytes.length
        cluster.defer(() => {
          underWay -= bytes.length
          server.receive(bytes)
          drained()
        })
        waiting = waiting || underWay + server.backlog() > HIGH_WATER
        return !waiting
      },
      listen: (owner) => {
        listener = owner
        cluster.defer(() => {
          const chunks = early
          early = []
          for (const chunk of chunks) owner.onData(chunk)
          if (ended !== undefined) owner.onEnd(ended)
        })
      },
      destroy: (error) => {
        if (state !== "Connected") return
        state = "Closing"
        cluster.defer(() => {
          server.lost()
          finish(error)
        })
      }
    }
  }

  const close = (connection: Transport.Connection) =>
    Effect.sync(() =>
      connection.destroy(
        new ConnectionClosedError({ address: connection.address, reason: "ScopeClosed", pending: false })
      )
    )

  return (address) => {
    const parsed = parseAddress(address)
    if (Either.isLeft(parsed)) return Effect.fail(parsed.left)
    const connect = Effect.suspend(() => {
      const connection = open(address)
      return connection === undefined
        ? Effect.fail(
          new ConnectionFailedError({ address, cause: new Error("connection refused: no embedded server is up there") })
        )
        : Effect.succeed(connection)
    })
    return Effect.uninterruptible(
      Effect.flatMap(
        Effect.scope,
        (scope) => Effect.tap(connect, (connection) => Scope.addFinalizer(scope, close(connection)))
      )
    )
  }
}
