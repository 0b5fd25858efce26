/**
 * The files of a journal: what they are called, what is in them at the start, and which of them are whole.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { StorageDamagedError, StorageUnavailableError } from "../StorageError.js"
import type { Entry } from "./journalFormat.js"
import * as Format from "./journalFormat.js"

/** A file that is no longer written to, or the last one. */
export interface Segment {
  readonly path: string
  readonly number: number
  /** Commit log offsets of its messages. */
  readonly start: number
  readonly end: number
}

/** What the files of a journal hold. */
export interface Recovered {
  readonly segments: ReadonlyArray<Segment>
  /** Emptied by whoever has used them. */
  readonly entries: Array<Entry>
  /** Bytes of the last file that are whole. */
  readonly size: number
}

export const nothing = (): Recovered => ({ segments: [], entries: [], size: 0 })

const EXTENSION = ".journal"
const name = /^(\d{8})\.journal$/

export const segmentPath = (directory: string, number: number): string =>
  `${directory}/${String(number).padStart(8, "0")}${EXTENSION}`

/** Has the names in a directory survive a power cut, where the platform can. */
export const syncDirectory = (fs: FileSystem.FileSystem, directory: string): Effect.Effect<void> =>
  fs.open(directory, { flag: "r" }).pipe(Effect.flatMap((file) => file.sync), Effect.scoped, Effect.ignore)

const truncate = (fs: FileSystem.FileSystem, path: string, size: number): Effect.Effect<void, PlatformError> =>
  fs.open(path, { flag: "r+" }).pipe(
    Effect.flatMap((file) => Effect.zipRight(file.truncate(size), file.sync)),
    Effect.scoped
  )

/** Where the messages of a record's store begin: the offset that it has in itself. */
const offsetOf = (record: Uint8Array): number =>
  record.length < 36 ? -1 : Number(new DataView(record.buffer, record.byteOffset, record.length).getBigInt64(28))

/** Follows the entries of all files: each begins where the one before it ended. */
const makeFollower = () => {
  let end: number | undefined
  let dropped = 0
  return {
    end: () => end ?? 0,
    dropped: () => dropped,
    /** Why the entries do not fit what was there before; undefined when they do. */
    take: (entries: ReadonlyArray<Entry>, isFirst: boolean): string | undefined => {
      if (isFirst && entries[0]?._tag !== "Snapshot") return "the file does not begin with a snapshot"
      for (const entry of entries) {
        if (entry._tag === "Snapshot") {
          const at = entry.positions.end
          if (end !== undefined && at !== end) {
            return `the messages before it end at ${end} and not at ${at}: a file is missing`
          }
          end = at
          dropped = Math.max(dropped, entry.positions.start)
        } else if (entry._tag === "Message") {
          const at = offsetOf(entry.record)
          if (at !== end) return `a message is at ${at} and the one before it ends at ${end}`
          end = at + entry.record.length
        } else if (entry._tag === "Dropped") {
          dropped = Math.max(dropped, entry.start)
        }
      }
      return undefined
    }
  }
}

/** Reads the files of one server, and cuts off what a dying process left half written. */
export const recover = (
  fs: FileSystem.FileSystem,
  directory: string
): Effect.Effect<Recovered, StorageDamagedError | StorageUnavailableError> =>
  Effect.gen(function*() {
    const unavailable = (path: string) =>
      Effect.mapError((cause: PlatformError) => new StorageUnavailableError({ path, cause }))
    const names = yield* fs.readDirectory(directory).pipe(unavailable(directory))
    const numbers = names.flatMap((file) => {
      const match = name.exec(file)
      return match === null ? [] : [Number(match[1])]
    }).sort((left, right) => left - right)
    const follower = makeFollower()
    const segments: Array<Segment> = []
    const entries: Array<Entry> = []
    let size = 0
    for (const [index, number] of numbers.entries()) {
      const isLast = index === numbers.length - 1
      const path = segmentPath(directory, number)
      const bytes = yield* fs.readFile(path).pipe(unavailable(path))
      const { damage, end, frames } = Format.scan(bytes)
      if (damage !== undefined && !(isLast && damage.isTorn)) {
        return yield* new StorageDamagedError({ file: path, position: damage.position, reason: damage.reason })
      }
      let start: number | undefined
      for (const { payload, position } of frames) {
        const found = yield* Effect.try({
          try: () => Format.entriesOf(payload),
          catch: (error) => new StorageDamagedError({ file: path, position, reason: String(error) })
        })
        const problem = follower.take(found, start === undefined)
        if (problem !== undefined) return yield* new StorageDamagedError({ file: path, position, reason: problem })
        start ??= found[0]!._tag === "Snapshot" ? found[0]!.positions.end : 0
        for (const entry of found) entries.push(entry)
      }
      if (damage !== undefined) {
        yield* Effect.logWarning(
          `${path}: cut off ${bytes.length - end} bytes from ${end} on, of a write that did not end: ${damage.reason}`
        )
        yield* (frames.length === 0 ? fs.remove(path) : truncate(fs, path, end)).pipe(unavailable(path))
      }
      if (start === undefined) continue
      segments.push({ path, number, start, end: follower.end() })
      size = end
    }
    const first = segments[0]
    if (first !== undefined && first.start > follower.dropped()) {
      return yield* new StorageDamagedError({
        file: first.path,
        position: 0,
        reason: `the messages from ${follower.dropped()} to ${first.start} are missing: a file before it is gone`
      })
    }
    return { segments, entries, size }
  }).pipe(Effect.annotateLogs("module", "Storage"))
