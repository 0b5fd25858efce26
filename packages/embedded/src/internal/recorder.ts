/**
 * The latest requests of all servers, in a ring.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import { withoutSecrets } from "./secrets.js"

export interface Recorder {
  readonly add: (server: string, request: RemotingCommand, connection: { readonly id: number }) => void
  readonly all: () => ReadonlyArray<Entry>
  readonly clear: () => void
}

interface Entry {
  readonly server: string
  readonly code: number
  readonly extFields: Remoting.ExtFields
  readonly oneway: boolean
  readonly bodySize: number
  readonly receivedAt: number
  readonly connectionId: number
}

export const make = (capacity: number, now: () => number): Recorder => {
  let ring: Array<Entry> = []
  let next = 0
  return {
    add: (server, request, connection) => {
      if (capacity <= 0) return
      ring[next % capacity] = {
        server,
        code: request.code,
        extFields: withoutSecrets(request.extFields),
        oneway: Remoting.isOneway(request),
        bodySize: request.body?.length ?? 0,
        receivedAt: now(),
        connectionId: connection.id
      }
      next++
    },
    all: () => next <= capacity ? ring.slice() : [...ring.slice(next % capacity), ...ring.slice(0, next % capacity)],
    clear: () => {
      ring = []
      next = 0
    }
  }
}
