/**
 * Popped messages of one queue that wait for a handler.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { Batch, Handed } from "../../ProcessQueue.js"
import type { Source } from "../consumer/turns.js"
import type { Lease, Leases } from "./leases.js"

/** What came of one queue with one pop. */
export interface PopBatch extends Batch {
  readonly leases: ReadonlyArray<Lease>
}

/** The leases of what was handed out. Only this module hands out, and all of its batches have them. */
export const leasesOf = (handed: Handed): ReadonlyArray<Lease> =>
  (handed.batch as PopBatch).leases.slice(handed.from, handed.to)

/** See the module. */
export interface PopQueue extends Source {
  readonly queue: MessageQueue
  readonly add: (leases: ReadonlyArray<Lease>) => void
}

/** A queue that nothing waits in. */
export const make = (queue: MessageQueue, held: Leases): PopQueue => {
  const batches: Array<PopBatch> = []

  const isReady = (lease: Lease, now: number): boolean => {
    if (lease.state !== "Waiting") return false
    if (now < lease.handle.expiresAt) return true
    held.lapse(lease)
    return false
  }

  return {
    queue,
    listed: false,
    lastHandled: 0,
    add: (leases) => {
      batches.push({
        epoch: 0,
        messages: leases.map(({ message }) => message),
        leases,
        size: leases.length,
        bytes: 0,
        finished: new Uint8Array(0),
        next: 0,
        head: 0,
        remaining: leases.length
      })
    },
    hasReady: () => batches.length > 0,
    take: (max, into, now) => {
      for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
        const { leases, size } = batch
        while (batch.next < size && !isReady(leases[batch.next]!, now)) batch.next++
        const from = batch.next
        while (batch.next < size && batch.next - from < max && isReady(leases[batch.next]!, now)) {
          leases[batch.next++]!.state = "Handling"
        }
        if (batch.next === size) batches.shift()
        if (batch.next === from) continue
        into.batch = batch
        into.from = from
        into.to = batch.next
        return true
      }
      return false
    }
  }
}
