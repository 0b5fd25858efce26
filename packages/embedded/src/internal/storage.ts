/**
 * Where journals come from: what a `Storage` is inside.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { MemoryOptions, Storage } from "../Storage.js"
import type { Journal } from "./journal.js"
import * as Journals from "./journal.js"

export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/embedded/Storage")

/** The journal of a server, which writes as long as the Scope lives. */
export type JournalOf = (server: string) => Effect.Effect<Journal, never, Scope.Scope>

const journals = new WeakMap<Storage, JournalOf>()

export const make = (flush: Storage["flush"], journalOf: JournalOf): Storage => {
  const storage: Storage = { [TypeId]: TypeId, flush }
  journals.set(storage, journalOf)
  return storage
}

export const journalOf = (storage: Storage): JournalOf => {
  const found = journals.get(storage)
  if (found === undefined) throw new Error("a storage is made by Storage.memory or Storage.files")
  return found
}

export const DEFAULT_FLUSH_INTERVAL = 500

export const memory = (options: MemoryOptions = {}): Storage => {
  const { flush = "async", flushInterval = DEFAULT_FLUSH_INTERVAL } = options
  const interval = flush === "sync" ? 0 : Duration.toMillis(flushInterval)
  return make(
    flush,
    () =>
      Effect.map(
        Effect.clock,
        (clock) => Journals.memory({ flushInterval: interval, now: () => clock.unsafeCurrentTimeMillis() })
      )
  )
}
