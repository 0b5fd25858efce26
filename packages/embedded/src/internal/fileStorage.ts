/**
 * A directory with a journal for each server.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileOptions, Storage } from "../Storage.js"
import type { StorageError } from "../StorageError.js"
import { StorageUnavailableError } from "../StorageError.js"
import * as FileJournal from "./fileJournal.js"
import type { Recovered } from "./journalFiles.js"
import * as JournalFiles from "./journalFiles.js"
import * as Lock from "./lock.js"
import * as Storages from "./storage.js"

const MIN_SEGMENT = 4096
/** Positions in a file are 32-bit numbers. */
const MAX_SEGMENT = 1024 * 1024 * 1024

export const make = (
  options: FileOptions
): Effect.Effect<Storage, StorageError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const { directory, flush = "async", segmentBytes = 64 * 1024 * 1024 } = options
    const fs = yield* FileSystem.FileSystem
    const unavailable = (cause: unknown) => new StorageUnavailableError({ path: directory, cause })
    yield* Effect.mapError(fs.makeDirectory(directory, { recursive: true }), unavailable)
    yield* Lock.acquire(fs, directory)
    const found = new Map<string, Recovered>()
    for (const name of yield* Effect.mapError(fs.readDirectory(directory), unavailable)) {
      const path = `${directory}/${name}`
      const info = yield* Effect.mapError(fs.stat(path), unavailable)
      if (info.type === "Directory") found.set(name, yield* JournalFiles.recover(fs, path))
    }
    const taken = new Set<string>()
    return Storages.make(flush, (server) =>
      Effect.suspend(() => {
        if (taken.has(server)) return Effect.dieMessage(`${directory} is the storage of another cluster already`)
        taken.add(server)
        const recovered = found.get(server) ?? JournalFiles.nothing()
        // the entries are of no use a second time, and may be many
        found.delete(server)
        return FileJournal.make({
          fs,
          directory: `${directory}/${server}`,
          server,
          recovered,
          isSync: flush === "sync",
          flushInterval: Duration.toMillis(options.flushInterval ?? Storages.DEFAULT_FLUSH_INTERVAL),
          segmentBytes: Math.max(MIN_SEGMENT, Math.min(MAX_SEGMENT, segmentBytes))
        })
      }))
  })
