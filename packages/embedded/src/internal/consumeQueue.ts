/**
 * One queue of a topic: where its messages are in the commit log, by queue offset. Columns instead of objects, because a
 * queue of a million messages is ordinary.
 *
 * @since 0.1.0
 */

export interface ConsumeQueue {
  readonly topic: string
  readonly queueId: number
  /** The offset of the oldest message still held; equals `maxOffset` when there is none. */
  readonly minOffset: () => number
  /** The offset that the next message gets. */
  readonly maxOffset: () => number
  /** Makes the next offset point to a record and returns that offset. */
  readonly append: (commitLogOffset: number, size: number, tagsCode: number, storeTimestamp: number) => number
  readonly commitLogOffset: (offset: number) => number
  readonly size: (offset: number) => number
  readonly tagsCode: (offset: number) => number
  readonly storeTimestamp: (offset: number) => number
  /** Forgets the messages that the commit log dropped: those that start before `minCommitLogOffset`. */
  readonly trim: (minCommitLogOffset: number) => void
  /** Forgets the messages from `end` on, an offset of the commit log: their offsets are given again. */
  readonly truncate: (end: number) => void
  /** The first offset that was stored at or after `timestamp`; `maxOffset` when there is none. */
  readonly search: (timestamp: number) => number
}

const INITIAL = 64

/** @param start the offset of its first message */
export const make = (topic: string, queueId: number, start = 0): ConsumeQueue => {
  let positions = new Float64Array(INITIAL)
  let sizes = new Int32Array(INITIAL)
  let tags = new Int32Array(INITIAL)
  let times = new Float64Array(INITIAL)
  /** Queue offset of the column's first cell; cells before `min - base` are of dropped messages. */
  let base = start
  let min = start
  let max = start

  const move = (capacity: number) => {
    const from = min - base
    const to = max - base
    const copy = <A extends Float64Array | Int32Array>(source: A, target: A): A => {
      target.set(source.subarray(from, to))
      return target
    }
    positions = copy(positions, new Float64Array(capacity))
    sizes = copy(sizes, new Int32Array(capacity))
    tags = copy(tags, new Int32Array(capacity))
    times = copy(times, new Float64Array(capacity))
    base = min
  }

  return {
    topic,
    queueId,
    minOffset: () => min,
    maxOffset: () => max,
    append: (commitLogOffset, size, tagsCode, storeTimestamp) => {
      if (max - base === positions.length) move(Math.max(INITIAL, (max - min) * 2))
      const cell = max - base
      positions[cell] = commitLogOffset
      sizes[cell] = size
      tags[cell] = tagsCode
      times[cell] = storeTimestamp
      return max++
    },
    commitLogOffset: (offset) => positions[offset - base]!,
    size: (offset) => sizes[offset - base]!,
    tagsCode: (offset) => tags[offset - base]!,
    storeTimestamp: (offset) => times[offset - base]!,
    trim: (minCommitLogOffset) => {
      while (min < max && positions[min - base]! < minCommitLogOffset) min++
      if (positions.length > INITIAL && max - min < positions.length / 4) move(Math.max(INITIAL, (max - min) * 2))
    },
    truncate: (end) => {
      while (max > min && positions[max - 1 - base]! >= end) max--
    },
    search: (timestamp) => {
      let low = min
      let high = max
      while (low < high) {
        const middle = Math.floor((low + high) / 2)
        if (times[middle - base]! < timestamp) low = middle + 1
        else high = middle
      }
      return low
    }
  }
}
