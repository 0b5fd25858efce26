/**
 * Whose turn it is: the queues that have messages to hand out stand in a line. Who has had its turn goes to the end, so that
 * none waits for longer than one turn of each other.
 */
import type { Handed } from "../../ProcessQueue.js"

/** What messages are handed out of: the ledger of a queue, or the order of one. */
export interface Source {
  /** Kept here: whether it is in the line. */
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

/** A line without queues. */
export const make = <Q extends Source>(): Turns<Q> => {
  /** Of a length that is a power of two; the line begins at `head` and goes round. */
  let places: Array<Q | undefined> = Array.from({ length: 16 }, () => undefined)
  let head = 0
  let size = 0

  const push = (queue: Q): void => {
    if (size === places.length) {
      places = [...places.slice(head), ...places.slice(0, head), ...places.map(() => undefined)]
      head = 0
    }
    places[(head + size++) & (places.length - 1)] = queue
  }

  const shift = (): Q => {
    const queue = places[head]!
    places[head] = undefined
    head = (head + 1) & (places.length - 1)
    size--
    return queue
  }

  return {
    enter: (queue) => {
      if (queue.listed || !queue.hasReady()) return
      queue.listed = true
      push(queue)
    },
    next: (max, into, now) => {
      while (size > 0) {
        const queue = shift()
        const handed = queue.take(max, into, now)
        if (handed && queue.hasReady()) push(queue)
        else queue.listed = false
        if (handed) return queue
      }
      return undefined
    },
    isEmpty: () => size === 0
  }
}
