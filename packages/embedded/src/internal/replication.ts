/**
 * What a master changes, told to its slaves: the entries of its journal, as soon as the lag of each slave lets it.
 *
 * @since 0.1.0
 */
import type { Journal, Store } from "./journal.js"
import { noStore } from "./journal.js"
import type { Entry } from "./journalFormat.js"
import { replay } from "./replay.js"
import type { Store as Messages } from "./store.js"
import type { Table } from "./table.js"
import type { Timer, Timers } from "./timers.js"

/** A journal whose changes others follow, and that can begin with the state of another one. */
export interface Replicated extends Journal {
  /** All that is there now. */
  readonly state: () => ReadonlyArray<Entry>
  /** Takes a change of the master. */
  readonly follow: (entry: Entry) => void
}

/** Tables that a slave has in use. The others wait until it is a master: due messages, half messages, what is popped. */
const live: ReadonlySet<string> = new Set(["topics", "groups", "offsets", "resets", "modes"])

/**
 * @param options.begin the state to begin with
 * @param options.isSlave whether tables that only a master uses are kept aside
 * @param options.store the store that is bound to it
 * @param options.publish told of each change
 */
export const journal = (inner: Journal, options: {
  readonly begin: ReadonlyArray<Entry> | undefined
  readonly isSlave: boolean
  readonly store: () => Messages
  readonly publish: (entry: Entry) => void
  readonly now: () => number
}): Replicated => {
  const tables = new Map<string, Table<any>>()
  const aside = new Map<string, Map<string, string>>()
  let store: Store = noStore
  const asideOf = (name: string) => {
    let found = aside.get(name)
    if (found === undefined) aside.set(name, found = new Map())
    return found
  }
  const isAside = (name: string) => options.isSlave && !live.has(name)
  const put = (name: string, key: string, text: string | undefined) => {
    if (isAside(name)) {
      if (text === undefined) asideOf(name).delete(key)
      else asideOf(name).set(key, text)
      return
    }
    const table = tables.get(name)
    if (table !== undefined) inner.change(table, key, text === undefined ? undefined : table.read(text))
  }

  return {
    ...inner,
    table: (table) => {
      tables.set(table.name, table)
      return inner.table(table)
    },
    bind: (of) => {
      store = of
      inner.bind(of)
    },
    change: (table, key, value) => {
      inner.change(table, key, value)
      options.publish(
        value === undefined
          ? { _tag: "Remove", table: table.name, key }
          : { _tag: "Put", table: table.name, key, value: table.write(value) }
      )
    },
    append: (record, now) => {
      inner.append(record, now)
      options.publish({ _tag: "Message", record })
    },
    removeTopic: (topic, back) => {
      inner.removeTopic(topic, back)
      options.publish({ _tag: "RemoveTopic", topic })
    },
    recover: () => {
      inner.recover()
      if (options.begin === undefined) return
      const mine = options.isSlave ? new Map(Array.from(tables).filter(([name]) => live.has(name))) : tables
      for (const [name, values] of replay(options.begin, store, mine)) {
        for (const [key, text] of values) asideOf(name).set(key, text)
      }
      store.restored()
    },
    follow: (entry) => {
      switch (entry._tag) {
        case "Message":
          inner.append(entry.record, options.now())
          return store.restore(entry.record)
        case "Put":
          return put(entry.table, entry.key, entry.value)
        case "Remove":
          return put(entry.table, entry.key, undefined)
        case "RemoveTopic":
          return store.removeTopic(entry.topic)
      }
    },
    state: () => {
      const { log, starts } = options.store()
      const entries: Array<Entry> = [
        { _tag: "Snapshot", positions: { start: log.minOffset(), end: log.minOffset(), queues: starts() } }
      ]
      for (let at = log.minOffset(); at < log.maxOffset();) {
        const record = log.readOne(at)
        if (record === undefined) break
        entries.push({ _tag: "Message", record })
        at += record.length
      }
      for (const [name, table] of tables) {
        if (isAside(name)) continue
        for (const [key, value] of table.entries()) {
          entries.push({ _tag: "Put", table: name, key, value: table.write(value) })
        }
      }
      for (const [name, values] of aside) {
        for (const [key, value] of values) entries.push({ _tag: "Put", table: name, key, value })
      }
      return entries
    }
  }
}

/** What is on its way from a master to one slave. */
export interface Copying {
  readonly push: (entry: Entry) => void
  /** How long changes take, in milliseconds. */
  readonly setLag: (millis: number) => void
  readonly pause: (paused: boolean) => void
  /** Goes on, if the slave is up again. */
  readonly goOn: () => void
  /** Changes that the slave lacks. */
  readonly behind: () => number
  readonly stop: () => void
}

export const copying = (options: {
  readonly timers: Timers
  readonly isUp: () => boolean
  readonly follow: (entry: Entry) => void
  /** Some came. */
  readonly copied: () => void
}): Copying => {
  const { timers } = options
  let waiting: Array<{ readonly at: number; readonly entry: Entry }> = []
  let first = 0
  let lag = 0
  let paused = false
  let stopped = false
  let timer: Timer | undefined

  const behind = () => waiting.length - first
  const goOn = () => {
    if (timer !== undefined) timers.cancel(timer)
    timer = undefined
    let any = false
    while (!stopped && !paused && options.isUp() && behind() > 0 && waiting[first]!.at + lag <= timers.now()) {
      options.follow(waiting[first++]!.entry)
      any = true
    }
    if (first > 1024 || behind() === 0) {
      waiting = waiting.slice(first)
      first = 0
    }
    if (!stopped && !paused && options.isUp() && behind() > 0) timer = timers.at(waiting[first]!.at + lag, goOn)
    if (any) options.copied()
  }
  return {
    push: (entry) => {
      waiting.push({ at: timers.now(), entry })
      if (timer === undefined) goOn()
    },
    setLag: (millis) => {
      lag = millis
      goOn()
    },
    pause: (value) => {
      paused = value
      goOn()
    },
    goOn,
    behind,
    stop: () => {
      stopped = true
      if (timer !== undefined) timers.cancel(timer)
    }
  }
}
