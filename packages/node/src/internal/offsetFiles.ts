/**
 * As much of a file system as a store of offsets needs.
 */
import type { PlatformError, SystemErrorReason } from "@effect/platform/Error"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"

const reasons: Readonly<Record<string, SystemErrorReason>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EROFS: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  EBUSY: "Busy"
}

const attempt = <A>(method: string, path: string, work: () => Promise<A>): Effect.Effect<A, PlatformError> =>
  Effect.tryPromise({
    try: work,
    catch: (cause) => {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
      return new SystemError({
        reason: reasons[code] ?? "Unknown",
        module: "FileSystem",
        method,
        pathOrDescriptor: path,
        description: cause instanceof Error ? cause.message : String(cause),
        cause
      })
    }
  })

const fileOf = (path: string, handle: Fs.FileHandle): FileSystem.File => {
  const unused = Effect.dieMessage("a store of offsets does not do this")
  return {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    fd: FileSystem.FileDescriptor(handle.fd),
    stat: unused,
    seek: () => unused,
    read: () => unused,
    readAlloc: () => unused,
    truncate: () => unused,
    write: () => unused,
    writeAll: (bytes) => attempt("writeAll", path, () => handle.writeFile(bytes)),
    sync: attempt("sync", path, () => handle.sync())
  }
}

/** See the module. */
export const offsetFiles: FileSystem.FileSystem = FileSystem.makeNoop({
  readFile: (path) => attempt("readFile", path, () => Fs.readFile(path)),
  makeDirectory: (path, options) => Effect.asVoid(attempt("makeDirectory", path, () => Fs.mkdir(path, options ?? {}))),
  rename: (from, to) => attempt("rename", to, () => Fs.rename(from, to)),
  open: (path, options) =>
    Effect.map(
      Effect.acquireRelease(
        attempt("open", path, () => Fs.open(path, options?.flag ?? "r")),
        (handle) => Effect.promise(() => handle.close())
      ),
      (handle) => fileOf(path, handle)
    )
})
