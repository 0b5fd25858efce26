import { SystemError } from "@effect/platform/Error"
import type { PlatformError, SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { Effect, Option } from "effect"

interface Content {
  bytes: Uint8Array
  /** What a power cut leaves. */
  flushed: Uint8Array
}

/** A disk in memory: what was flushed is told from what was only written, and writes can be made to fail. */
export interface Disk {
  readonly fs: FileSystem.FileSystem
  readonly paths: () => ReadonlyArray<string>
  readonly read: (path: string) => Uint8Array
  readonly replace: (path: string, bytes: Uint8Array) => void
  readonly remove: (path: string) => void
  /** How many bytes more can be written; what does not fit is written in part. */
  space: number
  /** Whether flushes fail. */
  flushFails: boolean
  /** How often something was flushed. */
  flushes: number
  /** All files as they are after a power cut. */
  readonly powerCut: () => void
  /** A copy of all of it as it is now. */
  readonly copy: () => Disk
}

const failure = (method: string, path: string, reason: SystemErrorReason, description: string): PlatformError =>
  new SystemError({ module: "FileSystem", method, reason, pathOrDescriptor: path, description })

export const make = (from: ReadonlyMap<string, Content> = new Map()): Disk => {
  const files = new Map(from)
  const directories = new Set<string>()

  const contentOf = (method: string, path: string) =>
    Effect.suspend(() => {
      const content = files.get(path)
      return content === undefined
        ? Effect.fail(failure(method, path, "NotFound", "no such file"))
        : Effect.succeed(content)
    })

  const write = (path: string, content: Content, at: number, bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
    Effect.suspend(() => {
      const room = Math.min(bytes.length, disk.space)
      disk.space -= room
      const size = Math.max(content.bytes.length, at + room)
      const next = new Uint8Array(size)
      next.set(content.bytes)
      next.set(bytes.subarray(0, room), at)
      content.bytes = next
      return room < bytes.length
        ? Effect.fail(failure("write", path, "Unknown", "ENOSPC: no space left on device"))
        : Effect.void
    })

  const open = (path: string, flag: string): Effect.Effect<FileSystem.File, PlatformError> =>
    Effect.suspend(() => {
      if (directories.has(path)) {
        return Effect.succeed(fileOf(path, { bytes: new Uint8Array(), flushed: new Uint8Array() }))
      }
      if (flag.startsWith("wx")) {
        if (files.has(path)) return Effect.fail(failure("open", path, "AlreadyExists", "file exists"))
        files.set(path, { bytes: new Uint8Array(), flushed: new Uint8Array() })
      }
      return Effect.map(contentOf("open", path), (content) => fileOf(path, content))
    })

  const fileOf = (path: string, content: Content): FileSystem.File => {
    let position = 0
    const unused = Effect.dieMessage("not used")
    return {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      fd: FileSystem.FileDescriptor(0),
      stat: unused,
      read: () => unused,
      readAlloc: () => unused,
      write: () => unused,
      seek: (offset) =>
        Effect.sync(() => {
          position = Number(offset)
        }),
      writeAll: (bytes) =>
        Effect.tap(Effect.suspend(() => write(path, content, position, bytes)), () => {
          position += bytes.length
        }),
      truncate: (size) =>
        Effect.sync(() => {
          content.bytes = content.bytes.slice(0, Number(size ?? 0))
        }),
      sync: Effect.suspend(() => {
        if (disk.flushFails) return Effect.fail(failure("sync", path, "Unknown", "EIO: i/o error"))
        disk.flushes++
        content.flushed = content.bytes.slice()
        return Effect.void
      })
    }
  }

  const fs = FileSystem.makeNoop({
    makeDirectory: (path) => Effect.sync(() => void directories.add(path)),
    readDirectory: (path) =>
      Effect.sync(() => {
        const names = [...files.keys(), ...directories]
          .filter((name) => name.startsWith(`${path}/`))
          .map((name) => name.slice(path.length + 1).split("/")[0]!)
        return Array.from(new Set(names))
      }),
    stat: (path) =>
      Effect.sync(() => ({
        type: files.has(path) ? "File" : "Directory",
        mtime: Option.none(),
        atime: Option.none(),
        birthtime: Option.none(),
        dev: 0,
        ino: Option.none(),
        mode: 0,
        nlink: Option.none(),
        uid: Option.none(),
        gid: Option.none(),
        rdev: Option.none(),
        size: FileSystem.Size(files.get(path)?.bytes.length ?? 0),
        blksize: Option.none(),
        blocks: Option.none()
      })),
    readFile: (path) => Effect.map(contentOf("readFile", path), ({ bytes }) => bytes.slice()),
    readFileString: (path) => Effect.map(contentOf("readFile", path), ({ bytes }) => new TextDecoder().decode(bytes)),
    writeFileString: (path, text, options) =>
      Effect.flatMap(open(path, options?.flag ?? "wx"), (file) => file.writeAll(new TextEncoder().encode(text))),
    open: (path, options) => open(path, options?.flag ?? "r"),
    remove: (path) =>
      Effect.suspend(() =>
        files.delete(path) ? Effect.void : Effect.fail(failure("remove", path, "NotFound", "no such file"))
      ),
    rename: (from, to) =>
      Effect.map(contentOf("rename", from), (content) => {
        files.delete(from)
        files.set(to, content)
      })
  })

  const disk: Disk = {
    fs,
    paths: () => Array.from(files.keys()).sort(),
    read: (path) => files.get(path)!.bytes,
    replace: (path, bytes) => void files.set(path, { bytes, flushed: bytes }),
    remove: (path) => void files.delete(path),
    space: Number.POSITIVE_INFINITY,
    flushFails: false,
    flushes: 0,
    powerCut: () => {
      for (const content of files.values()) content.bytes = content.flushed.slice()
    },
    copy: () =>
      make(new Map(Array.from(files, ([path, content]) => [path, { ...content, bytes: content.bytes.slice() }])))
  }
  return disk
}
