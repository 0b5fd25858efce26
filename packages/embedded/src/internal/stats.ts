/**
 * Figures of a broker: how much was put and taken, by name and key, over the last minute, hour and day.
 *
 * As in RocketMQ a figure is a counter of which samples are taken: every 10 seconds, 10 minutes and hour. What lies between
 * the oldest and the latest sample is what is told; before there are two, it is nothing. No timer runs for it: the samples
 * that are due are taken when the counter is next moved or looked at, which gives the same numbers.
 *
 * @since 0.1.0
 */

/** What happened between two samples. */
export interface Snapshot {
  readonly sum: number
  /** Of the sum, for each second. */
  readonly tps: number
  /** Of the sum, for each time that it was added to. */
  readonly average: number
}

export interface Figure {
  /** All that was counted. */
  readonly total: number
  readonly minute: Snapshot
  readonly hour: Snapshot
  readonly day: Snapshot
}

export type StatsName =
  | "TOPIC_PUT_NUMS"
  | "TOPIC_PUT_SIZE"
  | "GROUP_GET_NUMS"
  | "GROUP_GET_SIZE"
  | "BROKER_PUT_NUMS"
  | "BROKER_GET_NUMS"
  | "SNDBCK_PUT_NUMS"

export interface Stats {
  /** Counts `value`; the key is a topic, `topic@group` or the cluster. `at`: the present time, where it is known. */
  readonly add: (name: StatsName, key: string, value: number, at?: number) => void
  /** A figure that something was counted for. */
  readonly get: (name: string, key: string) => Figure | undefined
  /** Figures of a topic, and of groups on it, are forgotten. */
  readonly removeTopic: (topic: string) => void
  readonly removeGroup: (group: string) => void
}

interface Sample {
  readonly at: number
  readonly value: number
  readonly times: number
}

interface Row {
  readonly period: number
  /** Samples that are kept, the oldest go. */
  readonly length: number
  next: number
  readonly samples: Array<Sample>
}

interface Item {
  value: number
  times: number
  readonly rows: readonly [minute: Row, hour: Row, day: Row]
}

const SECOND = 1000
const MINUTE = 60 * SECOND

const nothing: Snapshot = { sum: 0, tps: 0, average: 0 }

const snapshot = ({ samples }: Row): Snapshot => {
  const first = samples[0]
  const last = samples[samples.length - 1]
  if (first === undefined || last === undefined || last.at === first.at) return nothing
  const sum = last.value - first.value
  const times = last.times - first.times
  return { sum, tps: sum * 1000 / (last.at - first.at), average: times > 0 ? sum / times : 0 }
}

export const make = (now: () => number): Stats => {
  const items = new Map<string, Map<string, Item>>()
  const start = now()

  const row = (period: number, length: number): Row => {
    const next = start + (Math.floor((now() - start) / period) + 1) * period
    return { period, length, next, samples: [] }
  }
  const sample = (item: Item, time: number): void => {
    for (const row of item.rows) {
      if (time < row.next) continue
      const behind = Math.floor((time - row.next) / row.period)
      // of a long silence only the samples are taken that are still kept
      if (behind >= row.length) row.next += (behind - row.length + 1) * row.period
      for (; row.next <= time; row.next += row.period) {
        row.samples.push({ at: row.next, value: item.value, times: item.times })
        if (row.samples.length > row.length) row.samples.shift()
      }
    }
  }
  const find = (name: string, key: string): Item | undefined => items.get(name)?.get(key)
  const create = (name: string, key: string): Item => {
    let table = items.get(name)
    if (table === undefined) items.set(name, table = new Map())
    const item: Item = { value: 0, times: 0, rows: [row(10 * SECOND, 7), row(10 * MINUTE, 7), row(60 * MINUTE, 25)] }
    table.set(key, item)
    return item
  }
  const remove = (matches: (key: string) => boolean): void => {
    for (const table of items.values()) for (const key of Array.from(table.keys())) if (matches(key)) table.delete(key)
  }

  return {
    add: (name, key, value, at = now()) => {
      const item = find(name, key) ?? create(name, key)
      sample(item, at)
      item.value += value
      item.times++
    },
    get: (name, key) => {
      const item = find(name, key)
      if (item === undefined) return undefined
      sample(item, now())
      const [minute, hour, day] = item.rows
      return { total: item.value, minute: snapshot(minute), hour: snapshot(hour), day: snapshot(day) }
    },
    removeTopic: (topic) => remove((key) => key === topic || key.startsWith(`${topic}@`)),
    removeGroup: (group) => remove((key) => key.endsWith(`@${group}`))
  }
}
