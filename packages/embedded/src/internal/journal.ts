/**
 * What a server keeps beyond its own death, and how much of it. All that changes goes through its journal, in one order:
 * what is kept at any moment is a state that the server once had, messages, offsets and all.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Table } from "./table.js"
import type { Mark, Messages } from "./undo.js"
import * as Undo from "./undo.js"

/** A store, as its journal sees it. */
export interface Store extends Messages {
  /** Commit log offset of the oldest message held. */
  readonly start: () => number
  /** Every queue that ever had a message, and the offset that its next one gets. */
  readonly positions: () => Iterable<readonly [topic: string, queueId: number, next: number]>
  /** Makes the queues those of the list, and has the next message stored at `end`. Messages that are held stay. */
  readonly restorePositions: (positions: ReadonlyArray<readonly [string, number, number]>, end: number) => void
  /** Takes a message as it was stored. */
  readonly restore: (record: Uint8Array) => void
  readonly removeTopic: (topic: string) => void
  /** What is left is all there: retention may be looked at again. */
  readonly restored: () => void
}

/** Has what changed until now kept. Exactly one of the two runs, at once where there is nothing to wait for. */
export type WhenKept = (kept: () => void, lost: () => void) => void

export interface Journal {
  /** Names a table. What is put into it before `recover` is there at each start, and no change. */
  readonly table: <V>(table: Table<V>) => Table<V>
  readonly change: <V>(table: Table<V>, key: string, value: V | undefined) => void
  readonly bind: (store: Store) => void
  /** Before a message is appended. */
  readonly append: (record: Uint8Array, now: number) => void
  /** Before a topic's messages are forgotten; `back` brings them again. */
  readonly removeTopic: (topic: string, back: () => void) => void
  /** The messages up to here may be dropped: they are kept, or nobody keeps any. */
  readonly droppable: () => number
  /** Messages before this commit log offset were dropped. */
  readonly dropped: (start: number) => void
  /** False while nothing can be kept. What changes then is undone, and requests that change something are refused. */
  readonly isWritable: () => boolean
  /** Undefined when answers need not wait. */
  readonly whenKept: WhenKept | undefined
  /** Fills tables and store with what is left of an earlier run. */
  readonly recover: () => void
  /** The process dies: what was not flushed is gone. */
  readonly crash: Effect.Effect<void>
}

/** An empty store, for a server without messages. */
export const noStore: Store = {
  start: () => 0,
  end: () => 0,
  truncate: () => {},
  positions: () => [],
  restorePositions: () => {},
  restore: () => {},
  removeTopic: () => {},
  restored: () => {}
}

/**
 * Keeps nothing, and yet knows what a file would have kept: what was there at the last of the regular flushes.
 *
 * @param options.flushInterval milliseconds between two flushes; 0: every change is flushed at once
 * @param options.now milliseconds of Effect's clock
 */
export const memory = (options: { readonly flushInterval: number; readonly now: () => number }): Journal => {
  const { flushInterval, now } = options
  const began = now()
  let store = noStore
  const undo = Undo.make(() => store)
  let flushed: Mark | undefined
  let period = 0
  let recovered = false

  const periodOf = (time: number) => Math.floor((time - began) / flushInterval)
  /** Before a change: what changed before the last flush is there for good. */
  const touch = (time: number) => {
    const present = periodOf(time)
    if (flushed !== undefined && present === period) return
    period = present
    flushed = undo.mark()
    undo.forget(flushed)
  }
  const note = (back: () => void) => {
    if (flushInterval <= 0) return
    touch(now())
    undo.note(back)
  }

  return {
    table: (table) => table,
    change: (table, key, value) => {
      const before = table.get(key)
      if (before === undefined && value === undefined) return
      if (recovered) note(() => table.set(key, before))
      table.set(key, value)
    },
    bind: (of) => {
      store = of
    },
    append: (_, time) => {
      if (flushInterval > 0) touch(time)
    },
    removeTopic: (_, back) => note(back),
    droppable: () => Number.POSITIVE_INFINITY,
    dropped: () => {},
    isWritable: () => true,
    whenKept: undefined,
    recover: () => {
      recovered = true
    },
    crash: Effect.sync(() => {
      if (flushed !== undefined && periodOf(now()) === period) undo.back(flushed)
    })
  }
}
