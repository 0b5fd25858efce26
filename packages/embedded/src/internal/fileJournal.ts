/**
 * A journal in files. Changes are made in memory at once and gathered; one fiber writes what has been gathered, as one
 * frame, and only then lets the answers go that waited for it. What cannot be written is undone: who was refused has
 * changed nothing.
 *
 * @since 0.1.0
 */
import { supervised } from "@effect-rocketmq/client/Supervised"
import type { PlatformError } from "@effect/platform/Error"
import type { File, FileSystem } from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Journal, Store } from "./journal.js"
import { noStore } from "./journal.js"
import type { Recovered, Segment } from "./journalFiles.js"
import { segmentPath, syncDirectory } from "./journalFiles.js"
import * as Format from "./journalFormat.js"
import { replay } from "./replay.js"
import type { Table } from "./table.js"
import * as Undo from "./undo.js"

/** How long nothing is taken after a write failed, in milliseconds; then it is tried again. */
const PAUSE = 1000

/** The file that is written to. */
interface Open {
  readonly file: File
  readonly path: string
  readonly number: number
  /** Commit log offset of its first message. */
  readonly start: number
  readonly close: Effect.Effect<void>
  /** Bytes written, and of them flushed. */
  written: number
  flushed: number
}

/** A state, and up to where messages had been dropped in it. */
interface Point extends Undo.Mark {
  readonly dropped: number
}

interface Waiter {
  readonly at: number
  readonly kept: () => void
  readonly lost: () => void
}

export const make = (options: {
  readonly fs: FileSystem
  readonly directory: string
  readonly server: string
  readonly recovered: Recovered
  /** Whether answers wait for the disk, and not only for the operating system. */
  readonly isSync: boolean
  /** Milliseconds. */
  readonly flushInterval: number
  readonly segmentBytes: number
}): Effect.Effect<Journal, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { directory, flushInterval, fs, isSync, segmentBytes, server } = options
    const clock = yield* Effect.clock
    const tables = new Map<string, Table<any>>()
    /** What an earlier run had in tables that there are no more: kept for a later one that has them. */
    let strangers: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map()
    const pending = Format.makeWriter()
    const snapshots = Format.makeWriter()
    let store: Store = noStore
    const undo = Undo.make(() => store)
    /** Up to where messages have been dropped. */
    let dropped = 0
    const point = (): Point => ({ ...undo.mark(), dropped })
    let written = point()
    let flushed = written
    /** Changes and messages of this run; those up to `kept` are as safe as an answer says. */
    let made = 0
    let kept = 0
    let waiters: Array<Waiter> = []
    let recovered = false
    let writable = true
    let closed: Array<Segment> = []
    let lastNumber = 0
    let open: Open | undefined
    let flushedAt = clock.unsafeCurrentTimeMillis()
    let wake: (() => void) | undefined

    const poke = () => {
      made++
      wake?.()
    }

    // ---- who waits

    const release = () => {
      if (waiters.length === 0) return
      const all = waiters
      let count = 0
      while (count < all.length && all[count]!.at <= kept) count++
      waiters = all.slice(count)
      for (let i = 0; i < count; i++) all[i]!.kept()
    }
    /** Goes back to what is written, or flushed, and refuses whoever waits. */
    const giveUp = (mark: Undo.Mark) => {
      pending.clear()
      undo.back(mark)
      made = kept
      const all = waiters
      waiters = []
      for (const waiter of all) waiter.lost()
    }

    // ---- files

    const openFile = (path: string, flag: "r+" | "wx+", number: number, start: number) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const file = yield* fs.open(path, { flag }).pipe(
          Scope.extend(scope),
          Effect.tapError(() => Scope.close(scope, Exit.void))
        )
        const opened: Open = { file, path, number, start, close: Scope.close(scope, Exit.void), written: 0, flushed: 0 }
        return opened
      })

    /** Writes at the end of a file. A write that fails leaves the end where it was. */
    const append = (to: Open, bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
      to.file.seek(to.written, "start").pipe(
        Effect.zipRight(to.file.writeAll(bytes)),
        Effect.tap(() => {
          to.written += bytes.length
        })
      )
    const sync = (file: Open): Effect.Effect<void, PlatformError> =>
      Effect.suspend(() => {
        const size = file.written
        return Effect.tap(file.file.sync, () => {
          file.flushed = size
        })
      })

    /** A new file that begins with these bytes, flushed. */
    const begin = (bytes: Uint8Array, start: number): Effect.Effect<Open, PlatformError> =>
      Effect.gen(function*() {
        if (lastNumber === 0) yield* fs.makeDirectory(directory, { recursive: true })
        const number = ++lastNumber
        const path = segmentPath(directory, number)
        const opened = yield* openFile(path, "wx+", number, start)
        yield* append(opened, bytes).pipe(
          Effect.zipRight(sync(opened)),
          Effect.tapError(() => Effect.zipRight(opened.close, Effect.ignore(fs.remove(path))))
        )
        yield* syncDirectory(fs, directory)
        return opened
      })

    const ready: Effect.Effect<Open, PlatformError> = Effect.suspend(() => {
      if (open !== undefined) return Effect.succeed(open)
      const last = closed.pop()
      return Effect.tap(
        last === undefined
          ? begin(snapshot({ start: 0, end: 0, queues: [] }, false), 0)
          : Effect.tap(openFile(last.path, "r+", last.number, last.start), (opened) => {
            opened.written = opened.flushed = options.recovered.size
          }).pipe(Effect.tapError(() => Effect.sync(() => closed.push(last)))),
        (opened) => {
          open = opened
        }
      )
    })

    const snapshot = (positions: Format.Positions, withTables: boolean): Uint8Array => {
      snapshots.snapshot(positions)
      if (withTables) {
        for (const table of tables.values()) {
          for (const [key, value] of table.entries()) snapshots.put(table.name, key, table.write(value))
        }
        for (const [name, values] of strangers) for (const [key, value] of values) snapshots.put(name, key, value)
      }
      return snapshots.take(0, Format.HEADER)
    }

    /** Goes on in a new file. When that fails, the old one just grows on. */
    const rotate = (old: Open, bytes: Uint8Array, end: number) =>
      Effect.zipRight(sync(old), begin(bytes, end)).pipe(
        Effect.flatMap((opened) => {
          open = opened
          closed.push({ path: old.path, number: old.number, start: old.start, end })
          flushed = written
          undo.forget(flushed)
          return old.close
        }),
        Effect.catchAll((error) => Effect.logWarning(`${server} goes on in ${old.path}: no new file`, error))
      )

    /** Deletes the files whose messages have all been dropped; those without any, too. */
    const clean = Effect.suspend(() => {
      if (closed.length === 0) return Effect.void
      // only when it is on the disk that they were dropped: else they would be missed
      const gone = closed.filter((segment) => segment.end <= flushed.dropped || segment.start === segment.end)
      if (gone.length === 0) return Effect.void
      closed = closed.filter((segment) => !gone.includes(segment))
      return Effect.forEach(gone, ({ path }) =>
        Effect.catchAll(fs.remove(path), (error) =>
          Effect.logWarning(`${path} could not be deleted`, error)), {
        discard: true
      })
    })

    // ---- the writer

    const fail = (error: PlatformError) =>
      Effect.suspend(() => {
        writable = false
        giveUp(written)
        return Effect.logError(
          `${server} refuses whatever changes something: ${open?.path ?? directory} cannot be written`,
          error
        )
      })

    /** Writes all that is pending, as one frame. */
    const write = (file: Open): Effect.Effect<void, PlatformError> =>
      Effect.suspend(() => {
        const mark = point()
        const upTo = made
        const bytes = pending.take(file.flushed)
        const isFull = file.written + bytes.length >= segmentBytes
        // of this very moment, because changes go on while the bytes are written
        const next = isFull
          ? snapshot({ start: store.start(), end: store.end(), queues: Array.from(store.positions()) }, true)
          : undefined
        const end = mark.end
        const before = file.written
        return append(file, bytes).pipe(
          Effect.zipRight(isSync ? sync(file) : Effect.void),
          Effect.tapError(() => {
            // written, and yet refused: it is cut off again
            file.written = before
            return Effect.void
          }),
          Effect.zipRight(Effect.suspend(() => {
            written = mark
            if (isSync) {
              flushed = mark
              undo.forget(mark)
            }
            kept = upTo
            release()
            return next === undefined ? clean : Effect.zipRight(rotate(file, next, end), clean)
          }))
        )
      })

    const flush = Effect.suspend(() => {
      const file = open
      if (file === undefined || file.flushed === file.written) {
        return Effect.void
      }
      const mark = written
      flushedAt = clock.unsafeCurrentTimeMillis()
      return sync(file).pipe(
        // a frame of nothing says how far: damage before it is no torn end
        Effect.zipRight(Effect.suspend(() => {
          flushed = mark
          undo.forget(mark)
          return append(file, snapshots.take(file.flushed))
        })),
        Effect.tap(() => {
          file.flushed = file.written
        }),
        Effect.zipRight(clean),
        Effect.catchAll((error) =>
          Effect.logError(`${file.path} could not be flushed; it is tried again`, error)
        )
      )
    })

    const one = Effect.unsafeMakeSemaphore(1)
    const step = one.withPermits(1)(Effect.suspend(() => {
      if (!writable) {
        if (made !== kept) giveUp(written)
        return repair
      }
      return Effect.catchAll(
        pending.isEmpty() ? Effect.void : Effect.flatMap(ready, write),
        fail
      ).pipe(Effect.zipRight(Effect.suspend(() => isFlushDue() ? flush : Effect.void)))
    })).pipe(Effect.uninterruptible)

    /** Cuts off what a write that failed has left, and then takes changes again. */
    const repair = Effect.suspend(() => {
      const file = open
      return file === undefined ? Effect.void : file.file.truncate(file.written)
    }).pipe(
      Effect.flatMap(() => {
        if (made !== kept) giveUp(written)
        writable = true
        return Effect.logInfo(`${server} takes changes again`)
      }),
      Effect.catchAll(() => Effect.void)
    )

    const isDirty = () => open !== undefined && open.written !== open.flushed
    const isFlushDue = () => !isSync && isDirty() && clock.unsafeCurrentTimeMillis() - flushedAt >= flushInterval

    const woken = Effect.async<void>((resume) => {
      if (!pending.isEmpty()) {
        resume(Effect.void)
        return undefined
      }
      wake = () => {
        wake = undefined
        resume(Effect.void)
      }
      return Effect.sync(() => {
        wake = undefined
      })
    })
    const pause = Effect.suspend(() => {
      if (!writable) return Clock.sleep(PAUSE)
      if (isSync || !isDirty()) return woken
      const rest = flushedAt + flushInterval - clock.unsafeCurrentTimeMillis()
      return Effect.raceFirst(woken, Clock.sleep(Math.max(1, rest)))
    })

    yield* Effect.addFinalizer(() =>
      one.withPermits(1)(
        Effect.suspend(() => {
          const end = writable && !pending.isEmpty() ? Effect.catchAll(Effect.flatMap(ready, write), fail) : Effect.void
          return end.pipe(
            Effect.zipRight(flush),
            Effect.zipRight(Effect.suspend(() => open?.close ?? Effect.void))
          )
        })
      ).pipe(Effect.annotateLogs("module", "Storage"))
    )
    yield* supervised(`the journal of ${server}`, Effect.forever(Effect.zipRight(pause, step))).pipe(
      Effect.annotateLogs("module", "Storage"),
      Effect.interruptible,
      Effect.forkScoped
    )

    return {
      table: (table) => {
        tables.set(table.name, table)
        return table
      },
      change: (table, key, value) => {
        const before = table.get(key)
        if (before === undefined && value === undefined) return
        if (recovered) {
          undo.note(() => table.set(key, before))
          if (value === undefined) pending.remove(table.name, key)
          else pending.put(table.name, key, table.write(value))
          poke()
        }
        table.set(key, value)
      },
      bind: (of) => {
        store = of
      },
      append: (record) => {
        pending.message(record)
        poke()
      },
      removeTopic: (topic, back) => {
        undo.note(back)
        pending.removeTopic(topic)
        poke()
      },
      droppable: () => recovered ? flushed.end : Number.POSITIVE_INFINITY,
      dropped: (start) => {
        dropped = start
        if (!recovered) return
        pending.dropped(start)
        poke()
      },
      isWritable: () => writable,
      whenKept: (onKept, onLost) => {
        if (made === kept) return onKept()
        if (writable) return void waiters.push({ at: made, kept: onKept, lost: onLost })
        giveUp(written)
        onLost()
      },
      recover: () => {
        const { entries, segments } = options.recovered
        closed = Array.from(segments)
        lastNumber = segments[segments.length - 1]?.number ?? 0
        strangers = replay(entries, store, tables)
        recovered = true
        dropped = store.start()
        // what is read is read: it may be much
        entries.length = 0
        written = flushed = { ...undo.mark(), dropped: 0 }
        store.restored()
        if (dropped > 0) pending.dropped(dropped)
      },
      crash: one.withPermits(1)(Effect.suspend(() => {
        const file = open
        written = flushed
        kept = made
        giveUp(flushed)
        if (file === undefined) return Effect.void
        file.written = file.flushed
        return Effect.catchAll(file.file.truncate(file.written), fail)
      })).pipe(Effect.uninterruptible, Effect.annotateLogs("module", "Storage"))
    }
  })
