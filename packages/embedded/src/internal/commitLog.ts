/**
 * The bytes of all messages of a broker, in the order of their arrival, within a budget of memory: when it is used up the
 * oldest segment goes, whatever is in it.
 *
 * A commit log offset is the number of bytes stored before a record, so offsets grow by record size and are never used
 * twice.
 *
 * @since 0.1.0
 */

interface Segment {
  /** Commit log offset of its first byte. */
  readonly start: number
  bytes: Uint8Array
  used: number
  /** When its first and its last record were appended. */
  readonly firstAt: number
  lastAt: number
}

export interface CommitLog {
  /** Commit log offset of the next record. */
  readonly maxOffset: () => number
  /** Commit log offset of the oldest byte still held. */
  readonly minOffset: () => number
  /** Bytes held, never above the budget by more than one record. */
  readonly size: () => number
  /** Where the next record goes, for as long as none is appended. */
  readonly reserve: (size: number, now?: number) => Uint8Array
  /** Takes a record as the next one: a copy, unless it was written to where it goes. */
  readonly append: (record: Uint8Array, now?: number) => void
  /** Forgets what is stored from here on; views of it stay what they are. */
  readonly truncate: (end: number) => void
  /** The next record is at `end`, when none is held. */
  readonly startAt: (end: number) => void
  /** When the latest record of the oldest segment was appended; undefined when nothing is held. */
  readonly oldestAt: () => number | undefined
  /** Drops the segments with records of before `time` alone. */
  readonly expire: (time: number) => void
  /** The record that starts at this offset: a view, valid for good. Undefined when it is not there or no longer. */
  readonly read: (offset: number, size: number) => Uint8Array | undefined
  /** The record that starts at this offset, its size taken from its first word. */
  readonly readOne: (offset: number) => Uint8Array | undefined
}

const MIN_SEGMENT = 16 * 1024
const MAX_SEGMENT = 1024 * 1024
/** Smallest record there can be: the fixed fields of a stored message. */
const MIN_RECORD = 91

/**
 * @param budget bytes to hold
 * @param dropped called after the oldest segment went, with the new `minOffset`
 * @param options.span longest time, in milliseconds, between two records of a segment. Default: any
 * @param options.droppable what starts at this offset or later stays, whatever the budget says. Default: nothing
 */
export const make = (budget: number, dropped: (minOffset: number) => void, options: {
  readonly span?: number | undefined
  readonly droppable?: (() => number) | undefined
} = {}): CommitLog => {
  const { droppable = () => Number.POSITIVE_INFINITY, span = Number.POSITIVE_INFINITY } = options
  const segmentSize = Math.max(MIN_SEGMENT, Math.min(MAX_SEGMENT, Math.floor(budget / 16)))
  const segments: Array<Segment> = []
  let held = 0
  let end = 0

  const segmentOf = (offset: number): Segment | undefined => {
    let low = 0
    let high = segments.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const segment = segments[middle]!
      if (offset < segment.start) high = middle - 1
      else if (offset >= segment.start + segment.used) low = middle + 1
      else return segment
    }
    return undefined
  }
  const read = (offset: number, size: number): Uint8Array | undefined => {
    const segment = segmentOf(offset)
    if (segment === undefined) return undefined
    const at = offset - segment.start
    return at + size <= segment.used ? segment.bytes.subarray(at, at + size) : undefined
  }
  /** The last segment, if it has room, or a new one. */
  const segmentFor = (size: number, now: number): Segment => {
    const last = segments[segments.length - 1]
    if (last !== undefined && last.used + size <= last.bytes.length && now - last.firstAt <= span) return last
    const bytes = new Uint8Array(Math.max(segmentSize, size))
    const segment = { start: end, bytes, used: 0, firstAt: now, lastAt: now }
    segments.push(segment)
    return segment
  }
  const minOffset = () => segments[0]?.start ?? end
  const dropWhile = (goesOn: (oldest: Segment) => boolean) => {
    const limit = droppable()
    let some = false
    for (let oldest = segments[0]; oldest !== undefined && goesOn(oldest); oldest = segments[0]) {
      if (oldest.start + oldest.used > limit) break
      held -= oldest.used
      segments.shift()
      some = true
    }
    if (some) dropped(minOffset())
  }

  return {
    maxOffset: () => end,
    minOffset,
    size: () => held,
    reserve: (size, now = 0) => {
      const { bytes, used } = segmentFor(size, now)
      // as `subarray`, which costs twice as much
      return new Uint8Array(bytes.buffer, bytes.byteOffset + used, size)
    },
    append: (record, now = 0) => {
      const last = segmentFor(record.length, now)
      const { bytes } = last
      if (record.buffer !== bytes.buffer || record.byteOffset !== bytes.byteOffset + last.used) {
        bytes.set(record, last.used)
      }
      last.used += record.length
      last.lastAt = now
      held += record.length
      end += record.length
      if (held > budget && segments.length > 1) dropWhile(() => held > budget && segments.length > 1)
    },
    truncate: (to) => {
      if (to >= end) return
      end = to
      while (segments.length > 0 && segments[segments.length - 1]!.start >= to) held -= segments.pop()!.used
      const last = segments[segments.length - 1]
      if (last === undefined) return
      held -= last.start + last.used - to
      last.used = to - last.start
      last.bytes = last.bytes.slice()
    },
    startAt: (at) => {
      if (segments.length === 0) end = at
    },
    oldestAt: () => segments[0]?.lastAt,
    expire: (time) => dropWhile((oldest) => oldest.lastAt < time),
    read,
    readOne: (offset) => {
      const head = read(offset, MIN_RECORD)
      if (head === undefined) return undefined
      const size = new DataView(head.buffer, head.byteOffset, 4).getInt32(0)
      const record = size < MIN_RECORD ? undefined : read(offset, size)
      // an offset inside a record reads other fields as size and magic: what is not its own position is no record
      if (record === undefined) return undefined
      const view = new DataView(record.buffer, record.byteOffset, record.length)
      return view.getBigInt64(28) === BigInt(offset) ? record : undefined
    }
  }
}
