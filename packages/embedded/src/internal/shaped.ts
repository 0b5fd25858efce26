/**
 * The network between the carrier of a connection's bytes and an embedded server.
 *
 * @since 0.1.0
 */
import type { ServerConnection } from "../EmbeddedCluster.js"
import type { Network } from "../Network.js"
import type { Connection, Sink } from "./connection.js"
import type { Conditions, Flow } from "./flow.js"
import * as Flows from "./flow.js"
import type { Server } from "./server.js"
import type { Timers } from "./timers.js"

/** Bytes on their way to the client above which the server is asked to wait. */
const HIGH_WATER = 1024 * 1024

export interface Networks {
  readonly set: (server: Server, network: Network) => void
  /** The server's ends of all connections are gone, and the clients are not told. */
  readonly halfOpen: (server: Server) => void
  readonly accept: (server: Server, remoteAddress: string, client: Sink) => ServerConnection | undefined
}

interface Line {
  readonly up: Flow
  readonly down: Flow
  readonly halve: () => void
}

export const make = (timers: Timers, random: () => number): Networks => {
  const conditions = new Map<Server, Conditions>()
  const lines = new Map<Server, Set<Line>>()

  const linesOf = (server: Server): Set<Line> => {
    let found = lines.get(server)
    if (found === undefined) lines.set(server, found = new Set())
    return found
  }
  const flow = (server: Server, deliver: (bytes: Uint8Array) => void, moved: () => void) =>
    Flows.make({ timers, random, conditions: () => conditions.get(server), spacing: 0, deliver, moved })

  const accept = (server: Server, remoteAddress: string, client: Sink): ServerConnection | undefined => {
    if (conditions.get(server)?.refuse) return undefined
    const all = linesOf(server)
    let blocked = false
    let halved = false
    let waiting = false
    const leave = () => {
      up.stop()
      down.stop()
      all.delete(line)
    }
    const drained = () => {
      if (!waiting || blocked || down.held() > HIGH_WATER / 2) return
      waiting = false
      connection.drained()
    }
    const up = flow(server, (bytes) => connection.receive(bytes), () => {
      if (connection.backlog() + up.held() <= HIGH_WATER / 2) client.ready()
    })
    const down = flow(server, (bytes) => {
      if (!client.write(bytes)) blocked = true
    }, drained)
    const accepted = server.accept(remoteAddress, {
      write: (bytes) => {
        down.push(bytes)
        waiting = blocked || down.held() > HIGH_WATER
        return !waiting
      },
      end: () => {
        if (halved) return
        all.delete(line)
        up.stop()
        down.whenEmpty(client.end)
      },
      ready: client.ready
    })
    if (accepted === undefined) return undefined
    const connection: Connection = accepted
    const line: Line = {
      up,
      down,
      halve: () => {
        halved = true
        leave()
        connection.lost()
      }
    }
    all.add(line)
    return {
      receive: up.push,
      drained: () => {
        blocked = false
        drained()
      },
      lost: () => {
        leave()
        connection.lost()
      },
      backlog: () => connection.backlog() + up.held()
    }
  }

  return {
    accept,
    set: (server, network) => {
      const found = Flows.conditionsOf(network)
      if (found === undefined) conditions.delete(server)
      else conditions.set(server, found)
      for (const { down, up } of Array.from(linesOf(server))) {
        up.changed()
        down.changed()
      }
    },
    halfOpen: (server) => {
      for (const line of Array.from(linesOf(server))) line.halve()
    }
  }
}
