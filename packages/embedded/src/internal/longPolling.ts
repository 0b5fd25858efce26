/**
 * Pulls that found nothing and wait for a message or for the end of their time.
 *
 * @since 0.1.0
 */
import type { Properties } from "@effect-rocketmq/protocol/MessageProperties"
import type { Connection } from "./connection.js"
import type { Filter, Stored } from "./store.js"
import type { Tasks } from "./tasks.js"
import type { Timer, Timers } from "./timers.js"

interface Held {
  readonly key: string
  readonly offset: number
  readonly connection: Connection
  readonly filter: Filter
  readonly again: () => void
  timer: Timer | undefined
}

export interface LongPolling {
  /** Holds a pull from `offset`; `again` runs once: when a message came that the filter takes, or after `timeout` ms. */
  readonly hold: (pull: {
    readonly topic: string
    readonly queueId: number
    readonly offset: number
    readonly connection: Connection
    readonly filter: Filter
    readonly timeout: number
    readonly again: () => void
  }) => void
  readonly arrived: (stored: Stored, tagsCode: number, properties: () => Properties) => void
  /** Forgets the pulls of a connection that is gone. */
  readonly drop: (connection: Connection) => void
  readonly size: () => number
}

export const make = (tasks: Tasks, timers: Timers): LongPolling => {
  const held = new Map<string, Set<Held>>()
  const byConnection = new Map<Connection, Set<Held>>()
  let ready: Array<Held> = []

  const forget = (pull: Held) => {
    if (pull.timer !== undefined) timers.cancel(pull.timer)
    pull.timer = undefined
    const ofQueue = held.get(pull.key)
    ofQueue?.delete(pull)
    if (ofQueue?.size === 0) held.delete(pull.key)
    const ofConnection = byConnection.get(pull.connection)
    ofConnection?.delete(pull)
    if (ofConnection?.size === 0) byConnection.delete(pull.connection)
  }
  // woken pulls read after the whole chunk of sends was stored: one answer with many messages instead of one each
  const flush = () => {
    const pulls = ready
    ready = []
    for (const pull of pulls) pull.again()
  }

  return {
    hold: ({ again, connection, filter, offset, queueId, timeout, topic }) => {
      const key = `${topic}@${queueId}`
      const pull: Held = { key, offset, connection, filter, again, timer: undefined }
      pull.timer = timers.at(timers.now() + timeout, () => {
        forget(pull)
        again()
      })
      const add = <K>(table: Map<K, Set<Held>>, of: K) => {
        const set = table.get(of)
        if (set === undefined) table.set(of, new Set([pull]))
        else set.add(pull)
      }
      add(held, key)
      add(byConnection, connection)
    },
    arrived: (stored, tagsCode, properties) => {
      if (held.size === 0) return
      const ofQueue = held.get(`${stored.topic}@${stored.queueId}`)
      if (ofQueue === undefined) return
      for (const pull of Array.from(ofQueue)) {
        if (stored.queueOffset < pull.offset || !pull.filter(tagsCode, properties)) continue
        forget(pull)
        if (ready.length === 0) tasks.defer(flush)
        ready.push(pull)
      }
    },
    drop: (connection) => {
      for (const pull of Array.from(byConnection.get(connection) ?? [])) forget(pull)
    },
    size: () => {
      let count = 0
      for (const pulls of held.values()) count += pulls.size
      return count
    }
  }
}
