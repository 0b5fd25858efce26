/**
 * A directory that one process has to itself, told by a file in it. The file of a process that died is taken over.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { StorageLockedError, StorageUnavailableError } from "../StorageError.js"

/** Lock files of this process: another process may have had its number before. */
const held = new Set<string>()

/** When a process began, where the system tells: numbers of processes are given again. */
const beganAt = (fs: FileSystem, pid: number): Effect.Effect<string> =>
  Effect.match(fs.readFileString(`/proc/${pid}/stat`), {
    onFailure: () => "",
    // the name is in brackets and may have spaces; the time is the 20th word behind it
    onSuccess: (text) => text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? ""
  })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Has the lock file as long as the Scope lives. */
export const acquire = (
  fs: FileSystem,
  directory: string
): Effect.Effect<void, StorageLockedError | StorageUnavailableError, Scope.Scope> => {
  const file = `${directory}/lock`
  const unavailable = (cause: PlatformError) => new StorageUnavailableError({ path: file, cause })
  const lockedBy = (pid: number) => new StorageLockedError({ directory, file, pid })
  const create = Effect.flatMap(
    beganAt(fs, process.pid),
    (began) => fs.writeFileString(file, `${process.pid} ${began}\n`, { flag: "wx" })
  )
  /** The process that has the lock, if it lives. An empty file was made this very moment. */
  const owner = Effect.gen(function*() {
    const text = yield* Effect.orElseSucceed(fs.readFileString(file), () => "")
    const [word = "", began = ""] = text.trim().split(" ")
    const pid = Number(word)
    if (!Number.isSafeInteger(pid) || pid <= 0) return { text, pid: undefined }
    if (pid === process.pid) return { text, pid: held.has(file) ? pid : undefined }
    const lives = isAlive(pid) && (began === "" || began === (yield* beganAt(fs, pid)))
    return { text, pid: lives ? pid : undefined }
  })
  /** Of two that take over, one moves the file away; who finds that he moved a newer one puts it back. */
  const takeOver = (stale: string) =>
    Effect.gen(function*() {
      const aside = `${file}.${process.pid}`
      yield* fs.rename(file, aside)
      const text = yield* fs.readFileString(aside)
      if (text !== stale) return yield* fs.rename(aside, file)
      yield* fs.remove(aside)
      yield* Effect.logWarning(`${file} is left from a process that died: taken over`)
    }).pipe(Effect.ignore)
  const take = (left: number): Effect.Effect<void, StorageLockedError | StorageUnavailableError> =>
    Effect.catchAll(create, (error) => {
      const exists = error._tag === "SystemError" && error.reason === "AlreadyExists"
      if (!exists) return Effect.fail(unavailable(error))
      return Effect.flatMap(owner, ({ pid, text }) => {
        if (pid !== undefined || left === 0) return Effect.fail(lockedBy(pid ?? 0))
        return Effect.zipRight(takeOver(text), take(left - 1))
      })
    })
  return Effect.acquireRelease(
    Effect.suspend(() => held.has(file) ? Effect.fail(lockedBy(process.pid)) : take(3)).pipe(
      Effect.tap(() => Effect.sync(() => held.add(file))),
      Effect.annotateLogs("module", "Storage")
    ),
    () => Effect.zipRight(Effect.sync(() => held.delete(file)), Effect.ignore(fs.remove(file)))
  ).pipe(Effect.asVoid)
}
