/**
 * Whose turn it is: the queues that have messages to hand out, one after the other in a ring.
 */
import type { Handed } from "../../ProcessQueue.js"

/** What messages are handed out of: the ledger of a queue, or the order of one. */
export interface Source {
  /** Kept here: whether it is in the ring. */
  listed: boolean
  /** When it handed out last, in milliseconds. */
  lastHandled: number
  readonly hasReady: () => boolean
  /** Hands out up to `max` messages into `into`. False when there is nothing to hand out at `now`. */
  readonly take: (max: number, into: Handed, now: number) => boolean
}

/** See the module. */
export interface Turns<Q extends Source> {
  /** Lets a queue take part, if it has something to hand out. */
  readonly enter: (queue: Q) => void
  /** Hands out up to `max` messages of the queue whose turn it is. `undefined` when no queue has any. */
  readonly next: (max: number, into: Handed, now: number) => Q | undefined
  readonly isEmpty: () => boolean
}

/** A ring without queues. */
export const make = <Q extends Source>(): Turns<Q> => {
  const ring: Array<Q> = []
  let at = 0

  const leave = (): void => {
    ring[at]!.listed = false
    const last = ring.pop()!
    if (at < ring.length) ring[at] = last
  }

  return {
    enter: (queue) => {
      if (queue.listed || !queue.hasReady()) return
      queue.listed = true
      ring.push(queue)
    },
    next: (max, into, now) => {
      while (ring.length > 0) {
        if (at >= ring.length) at = 0
        const queue = ring[at]!
        if (!queue.take(max, into, now)) {
          leave()
          continue
        }
        if (queue.hasReady()) at++
        else leave()
        return queue
      }
      return undefined
    },
    isEmpty: () => ring.length === 0
  }
}
