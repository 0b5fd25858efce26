/**
 * The latest requests of all servers, in a ring.
 *
 * Their fields are kept as bytes in memory that is written again and again: kept as objects, a thousand requests would be
 * what the garbage collector of a busy cluster is busy with.
 *
 * @since 0.1.0
 */
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import { holdsSecrets, withoutSecrets } from "./secrets.js"

export interface Recorder {
  readonly add: (server: string, request: RemotingCommand, connectionId: number, receivedAt: number) => void
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

/** A request, written over one that was before it. */
interface Slot {
  server: string
  code: number
  /** The fields, where they are not in the bytes. */
  extFields: Remoting.ExtFields | undefined
  bytes: Uint8Array
  /** How many of the bytes are of this request. */
  size: number
  serializeType: Remoting.SerializeType
  oneway: boolean
  bodySize: number
  receivedAt: number
  connectionId: number
}

const noBytes = new Uint8Array(0)

const emptySlot = (): Slot => ({
  server: "",
  code: 0,
  extFields: undefined,
  bytes: noBytes,
  size: 0,
  serializeType: Remoting.JSON,
  oneway: false,
  bodySize: 0,
  receivedAt: 0,
  connectionId: 0
})

const entryOf = (slot: Slot): Entry => ({
  server: slot.server,
  code: slot.code,
  extFields: slot.extFields ?? Remoting.extFieldsOf(slot.bytes.slice(0, slot.size), slot.serializeType),
  oneway: slot.oneway,
  bodySize: slot.bodySize,
  receivedAt: slot.receivedAt,
  connectionId: slot.connectionId
})

/** Room beyond what the first request of a slot takes, so that the slot need not grow for one with longer numbers. */
const ROOM = 64

export const make = (capacity: number): Recorder => {
  const ring: Array<Slot> = []
  let next = 0

  const keepFields = (slot: Slot, request: RemotingCommand) => {
    const bytes = holdsSecrets(request.extFields) ? undefined : Remoting.extFieldBytes(request)
    slot.extFields = bytes === undefined ? withoutSecrets(request.extFields) : undefined
    if (bytes === undefined) return
    if (slot.bytes.length < bytes.length) slot.bytes = new Uint8Array(bytes.length + ROOM)
    slot.bytes.set(bytes)
    slot.size = bytes.length
    slot.serializeType = request.serializeType
  }

  return {
    add: (server, request, connectionId, receivedAt) => {
      if (capacity <= 0) return
      const slot = ring[next % capacity] ??= emptySlot()
      next++
      keepFields(slot, request)
      slot.server = server
      slot.code = request.code
      slot.oneway = Remoting.isOneway(request)
      slot.bodySize = request.body?.length ?? 0
      slot.receivedAt = receivedAt
      slot.connectionId = connectionId
    },
    all: () => {
      const from = Math.max(0, next - capacity)
      return Array.from({ length: next - from }, (_, i) => entryOf(ring[(from + i) % capacity]!))
    },
    clear: () => {
      next = 0
    }
  }
}
