/**
 * Pops that found nothing and wait for a message or for the end of their time.
 *
 * They wait for a topic and not for a queue, and each message wakes one of a group: it takes the message from the others.
 *
 * @since 0.1.0
 */
import type { Connection } from "./connection.js"
import { retryTopic } from "./popTable.js"
import type { Filter, Stored } from "./store.js"
import type { Tasks } from "./tasks.js"
import type { Timer, Timers } from "./timers.js"

interface Held {
  readonly group: string
  readonly topic: string
  readonly queueId: number
  readonly filter: Filter
  readonly connection: Connection
  readonly again: (isOver: boolean) => void
  timer: Timer | undefined
}

export interface PopPolling {
  /** Holds a pop; `again` runs once: when a message came that it may want, or at `until`, and then with true. */
  readonly hold: (pop: {
    readonly group: string
    readonly topic: string
    /** Negative: all queues. */
    readonly queueId: number
    readonly filter: Filter
    readonly connection: Connection
    readonly until: number
    readonly again: (isOver: boolean) => void
  }) => void
  readonly arrived: (stored: Stored, tagsCode: number) => void
  /** More is left than the last pop took: the next one of the group gets it. */
  readonly wake: (group: string, topic: string) => void
  /** Forgets the pops of a connection that is gone. */
  readonly drop: (connection: Connection) => void
  /** How many wait. */
  readonly size: (group: string, topic: string) => number
}

export const make = (tasks: Tasks, timers: Timers): PopPolling => {
  /** By topic and by the group's retry topic of it, each in the order of coming. */
  const byTopic = new Map<string, Set<Held>>()
  let ready: Array<Held> = []

  const keysOf = (pop: Held) => [pop.topic, retryTopic(pop.topic, pop.group)]
  const forget = (pop: Held) => {
    if (pop.timer !== undefined) timers.cancel(pop.timer)
    pop.timer = undefined
    for (const key of keysOf(pop)) {
      const held = byTopic.get(key)
      held?.delete(pop)
      if (held?.size === 0) byTopic.delete(key)
    }
  }
  // woken pops look after the whole chunk of sends was stored: one answer with many messages instead of one each
  const flush = () => {
    const pops = ready
    ready = []
    for (const pop of pops) pop.again(false)
  }
  const wakeFirst = (topic: string, wants: (pop: Held) => boolean) => {
    const woken = new Set<string>()
    for (const pop of Array.from(byTopic.get(topic) ?? [])) {
      if (woken.has(pop.group) || !wants(pop)) continue
      woken.add(pop.group)
      forget(pop)
      if (ready.length === 0) tasks.defer(flush)
      ready.push(pop)
    }
  }

  return {
    hold: ({ again, connection, filter, group, queueId, topic, until }) => {
      const pop: Held = { group, topic, queueId, filter, connection, again, timer: undefined }
      pop.timer = timers.at(until, () => {
        forget(pop)
        again(true)
      })
      for (const key of keysOf(pop)) {
        const held = byTopic.get(key)
        if (held === undefined) byTopic.set(key, new Set([pop]))
        else held.add(pop)
      }
    },
    arrived: (stored, tagsCode) => {
      if (byTopic.size === 0) return
      wakeFirst(stored.topic, (pop) =>
        pop.topic !== stored.topic ||
        ((pop.queueId < 0 || pop.queueId === stored.queueId) && pop.filter(tagsCode)))
    },
    wake: (group, topic) => wakeFirst(topic, (pop) => pop.group === group),
    drop: (connection) => {
      const mine = new Set<Held>()
      for (const held of byTopic.values()) for (const pop of held) if (pop.connection === connection) mine.add(pop)
      for (const pop of mine) forget(pop)
    },
    size: (group, topic) => {
      let count = 0
      for (const pop of byTopic.get(topic) ?? []) if (pop.group === group) count++
      return count
    }
  }
}
