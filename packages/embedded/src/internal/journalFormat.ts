/**
 * The bytes of a journal. A file begins with eight bytes that say what it is; frames follow, each with all that changed
 * between two moments at which nothing was half done. The first frame of a file is a snapshot: the state that the files
 * before it led to, but for messages.
 *
 * ```
 * frame:   mark 4 | crc 4 | length 4 | flushed 4 | entries …      crc: of all behind it
 * entry:   kind 1 | length 4 | …
 * ```
 *
 * `flushed` is up to where the file was flushed when the frame was made: damage before it is no torn end.
 *
 * @since 0.1.0
 */
import * as Crc32 from "@effect-rocketmq/protocol/Crc32"

export const HEADER = Uint8Array.from("RMQJRNL1", (letter) => letter.charCodeAt(0))

export const FRAME_HEAD = 16
const ENTRY_HEAD = 5
const MARK = 0xf19ea5c3

const MESSAGE = 1
const PUT = 2
const REMOVE = 3
const REMOVE_TOPIC = 4
const DROPPED = 5
const SNAPSHOT = 6

/** Where the messages end, and the queues with the offsets that their next messages get. */
export interface Positions {
  /** Commit log offset of the oldest message held. */
  readonly start: number
  readonly end: number
  readonly queues: ReadonlyArray<readonly [topic: string, queueId: number, next: number]>
}

export type Entry =
  | { readonly _tag: "Message"; readonly record: Uint8Array }
  | { readonly _tag: "Put"; readonly table: string; readonly key: string; readonly value: string }
  | { readonly _tag: "Remove"; readonly table: string; readonly key: string }
  | { readonly _tag: "RemoveTopic"; readonly topic: string }
  | { readonly _tag: "Dropped"; readonly start: number }
  | { readonly _tag: "Snapshot"; readonly positions: Positions }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Parts with their lengths before them: names and keys may have any letter. */
const join = (parts: ReadonlyArray<string>): Uint8Array => encoder.encode(JSON.stringify(parts))

const split = (bytes: Uint8Array): ReadonlyArray<string> => JSON.parse(decoder.decode(bytes))

/** Entries on their way into a file. */
export interface Writer {
  readonly message: (record: Uint8Array) => void
  readonly put: (table: string, key: string, value: string) => void
  readonly remove: (table: string, key: string) => void
  readonly removeTopic: (topic: string) => void
  readonly dropped: (start: number) => void
  readonly snapshot: (positions: Positions) => void
  readonly isEmpty: () => boolean
  /** All entries as one frame, behind `before`. The bytes are not written again before the next but one `take`. */
  readonly take: (flushed: number, before?: Uint8Array) => Uint8Array
  readonly clear: () => void
}

const INITIAL = 16 * 1024
/** A buffer larger than this is not kept for the next frame. */
const KEPT = 4 * 1024 * 1024

export const makeWriter = (): Writer => {
  let buffer = new Uint8Array(INITIAL)
  let spare = new Uint8Array(INITIAL)
  /** Room for the file's own header and the frame's. */
  const first = HEADER.length + FRAME_HEAD
  let at = first

  const add = (kind: number, bytes: Uint8Array) => {
    const end = at + ENTRY_HEAD + bytes.length
    if (end > buffer.length) {
      const larger = new Uint8Array(Math.max(end, buffer.length * 2))
      larger.set(buffer.subarray(0, at))
      buffer = larger
    }
    buffer[at] = kind
    buffer[at + 1] = bytes.length >>> 24
    buffer[at + 2] = bytes.length >>> 16
    buffer[at + 3] = bytes.length >>> 8
    buffer[at + 4] = bytes.length
    buffer.set(bytes, at + ENTRY_HEAD)
    at = end
  }

  return {
    message: (record) => add(MESSAGE, record),
    put: (table, key, value) => add(PUT, join([table, key, value])),
    remove: (table, key) => add(REMOVE, join([table, key])),
    removeTopic: (topic) => add(REMOVE_TOPIC, join([topic])),
    dropped: (start) => add(DROPPED, join([String(start)])),
    snapshot: (positions) => add(SNAPSHOT, encoder.encode(JSON.stringify(positions))),
    isEmpty: () => at === first,
    take: (flushed, before) => {
      const frame = buffer.subarray(HEADER.length, at)
      const view = new DataView(buffer.buffer, HEADER.length)
      view.setUint32(0, MARK)
      view.setUint32(8, frame.length - FRAME_HEAD)
      view.setUint32(12, flushed)
      view.setUint32(4, Crc32.hash(frame.subarray(8)))
      if (before !== undefined) buffer.set(before, 0)
      const taken = before === undefined ? frame : buffer.subarray(0, at)
      const next = spare.length > KEPT ? new Uint8Array(INITIAL) : spare
      spare = buffer
      buffer = next
      at = first
      return taken
    },
    clear: () => {
      at = first
    }
  }
}

/** The entries of a frame. Throws where they are no entries. */
export const entriesOf = (payload: Uint8Array): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  for (let at = 0; at < payload.length;) {
    const end = at + ENTRY_HEAD + view.getUint32(at + 1)
    if (end > payload.length) throw new Error("an entry is longer than its frame")
    entries.push(entryOf(payload[at]!, payload.subarray(at + ENTRY_HEAD, end)))
    at = end
  }
  return entries
}

const entryOf = (kind: number, bytes: Uint8Array): Entry => {
  if (kind === MESSAGE) return { _tag: "Message", record: bytes }
  if (kind === SNAPSHOT) return { _tag: "Snapshot", positions: JSON.parse(decoder.decode(bytes)) }
  const [first = "", key = "", value = ""] = split(bytes)
  switch (kind) {
    case PUT:
      return { _tag: "Put", table: first, key, value }
    case REMOVE:
      return { _tag: "Remove", table: first, key }
    case REMOVE_TOPIC:
      return { _tag: "RemoveTopic", topic: first }
    case DROPPED:
      return { _tag: "Dropped", start: Number(first) }
    default:
      throw new Error(`an entry is of the unknown kind ${kind}`)
  }
}

/** A place from which a file cannot be read on. */
export interface Damage {
  readonly position: number
  readonly reason: string
  /** Whether this may be all that a power cut or a killed process left of the last writes: nothing flushed is behind it. */
  readonly isTorn: boolean
}

export interface Scanned {
  /** The frames up to the damage, without their heads. */
  readonly frames: ReadonlyArray<{ readonly position: number; readonly payload: Uint8Array }>
  /** Where the last of them ends. */
  readonly end: number
  readonly damage: Damage | undefined
}

const isHeader = (bytes: Uint8Array): boolean => HEADER.every((byte, index) => bytes[index] === byte)

/** The frame at a position: where it ends and what it says was flushed; or why there is none. */
const frameAt = (
  bytes: Uint8Array,
  view: DataView,
  at: number
): { readonly end: number; readonly flushed: number } | string => {
  if (at + FRAME_HEAD > bytes.length) return "the head of a frame is cut off"
  if (view.getUint32(at) !== MARK) return "there is no frame"
  const end = at + FRAME_HEAD + view.getUint32(at + 8)
  if (end > bytes.length) return "a frame is cut off"
  return view.getUint32(at + 4) === Crc32.hash(bytes.subarray(at + 8, end))
    ? { end, flushed: view.getUint32(at + 12) }
    : "the checksum of a frame does not match"
}

/** Up to where the file had been flushed, by what whole frames behind a position say. */
const flushedBehind = (bytes: Uint8Array, view: DataView, from: number): number => {
  let flushed = 0
  for (let at = from; at + FRAME_HEAD <= bytes.length;) {
    if (bytes[at] !== MARK >>> 24 || view.getUint32(at) !== MARK) {
      at++
      continue
    }
    const frame = frameAt(bytes, view, at)
    if (typeof frame === "string") {
      at++
      continue
    }
    flushed = Math.max(flushed, frame.flushed)
    at = frame.end
  }
  return flushed
}

/** Reads a whole file. */
export const scan = (bytes: Uint8Array): Scanned => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const frames: Array<{ readonly position: number; readonly payload: Uint8Array }> = []
  const damaged = (position: number, reason: string): Scanned => ({
    frames,
    end: position,
    damage: { position, reason, isTorn: flushedBehind(bytes, view, position) <= position }
  })
  if (bytes.length < HEADER.length) return damaged(0, "the file is shorter than its head")
  if (!isHeader(bytes)) return damaged(0, "the file does not begin as a journal does")
  let at = HEADER.length
  while (at < bytes.length) {
    const frame = frameAt(bytes, view, at)
    if (typeof frame === "string") return damaged(at, frame)
    frames.push({ position: at, payload: bytes.subarray(at + FRAME_HEAD, frame.end) })
    at = frame.end
  }
  return { frames, end: at, damage: undefined }
}
