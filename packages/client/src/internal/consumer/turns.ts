/**
 * Whose turn it is: the queues that have messages to hand out, one after the other in a ring.
 */
import type { Handed, ProcessQueue } from "../../ProcessQueue.js"

/** See the module. */
export interface Turns {
  /** Lets a queue take part, if it has something to hand out. */
  readonly enter: (queue: ProcessQueue) => void
  /** Hands out up to `max` messages of the queue whose turn it is. `undefined` when no queue has any. */
  readonly next: (max: number, into: Handed) => ProcessQueue | undefined
  readonly isEmpty: () => boolean
}

/** A ring without queues. */
export const make = (): Turns => {
  const ring: Array<ProcessQueue> = []
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
    next: (max, into) => {
      while (ring.length > 0) {
        if (at >= ring.length) at = 0
        const queue = ring[at]!
        if (!queue.take(max, into)) {
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
