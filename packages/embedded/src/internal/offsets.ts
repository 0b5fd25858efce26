/**
 * Offsets that consumer groups committed, and resets asked for by an administrator.
 *
 * A reset is a mark: it is what queries answer and it refuses commits until the next pull of the queue took it
 * (protocol: server side reset, `useServerSideResetOffset=true`).
 *
 * @since 0.1.0
 */
import type { Journal } from "./journal.js"
import type { Table } from "./table.js"
import { bigints, keyOf, numbers, partsOf } from "./table.js"

/** All committed offsets at one moment, by key. */
export type Snapshot = ReadonlyMap<string, bigint>

export interface Offsets {
  /** Any 64-bit offset is taken, as from the broker, whether the queue has it or not. */
  readonly commit: (group: string, topic: string, queueId: number, offset: bigint) => void
  readonly query: (group: string, topic: string, queueId: number) => bigint | undefined
  readonly reset: (group: string, topic: string, queueId: number, offset: number) => void
  readonly isReset: (group: string, topic: string, queueId: number) => boolean
  readonly takeReset: (group: string, topic: string, queueId: number) => number | undefined
  readonly groupsOf: (topic: string) => ReadonlyArray<string>
  readonly topicsOf: (group: string) => ReadonlyArray<string>
  readonly removeTopic: (topic: string) => void
  readonly removeGroup: (group: string) => void
  readonly snapshot: () => Snapshot
  /** Makes them what they were. */
  readonly restore: (to: Snapshot) => void
  /** Makes them what they were at a time, as far as the last changes are remembered. */
  readonly rollBack: (time: number) => void
}

/** topic, then group, then queue: tools ask for the groups of a topic as often as for the topics of a group. */
type ByTopic<A> = Map<string, Map<string, Map<number, A>>>

/** How many changes are remembered at least. */
const HISTORY = 10_000

const find = <A>(all: ByTopic<A>, group: string, topic: string) => all.get(topic)?.get(group)

const tableOf = <A>(name: string, codec: Pick<Table<A>, "read" | "write">, all: ByTopic<A>): Table<A> => ({
  name,
  ...codec,
  get: (key) => {
    const [topic = "", group = "", queueId] = partsOf(key)
    return find(all, group, topic)?.get(Number(queueId))
  },
  set: (key, value) => {
    const [topic = "", group = "", queueId] = partsOf(key)
    let groups = all.get(topic)
    if (value !== undefined) {
      if (groups === undefined) all.set(topic, groups = new Map())
      let queues = groups.get(group)
      if (queues === undefined) groups.set(group, queues = new Map())
      queues.set(Number(queueId), value)
      return
    }
    const queues = groups?.get(group)
    queues?.delete(Number(queueId))
    if (queues?.size === 0) groups!.delete(group)
    if (groups?.size === 0) all.delete(topic)
  },
  *entries() {
    for (const [topic, groups] of all) {
      for (const [group, queues] of groups) {
        for (const [queueId, value] of queues) yield [keyOf(topic, group, queueId), value] as const
      }
    }
  }
})

export const make = (journal: Journal, now: () => number): Offsets => {
  const committed: ByTopic<bigint> = new Map()
  const resets: ByTopic<number> = new Map()
  const offsets = journal.table(tableOf("offsets", bigints, committed))
  const marks = journal.table(tableOf("resets", numbers, resets))
  let history: Array<{ readonly at: number; readonly key: string; readonly before: bigint | undefined }> = []

  const change = (key: string, before: bigint | undefined, value: bigint | undefined) => {
    if (before === value) return
    if (history.length >= 2 * HISTORY) history = history.slice(HISTORY)
    history.push({ at: now(), key, before })
    journal.change(offsets, key, value)
  }
  const commit = (group: string, topic: string, queueId: number, offset: bigint) =>
    change(keyOf(topic, group, queueId), find(committed, group, topic)?.get(queueId), offset)
  const removeWhere = (isGone: (topic: string, group: string) => boolean) => {
    const isKeyGone = ([key]: readonly [string, unknown]) => {
      const [topic = "", group = ""] = partsOf(key)
      return isGone(topic, group)
    }
    for (const [key, value] of Array.from(offsets.entries()).filter(isKeyGone)) change(key, value, undefined)
    for (const [key] of Array.from(marks.entries()).filter(isKeyGone)) journal.change(marks, key, undefined)
  }
  const restore = (to: Snapshot) => {
    for (const [key, value] of Array.from(offsets.entries())) if (!to.has(key)) change(key, value, undefined)
    for (const [key, value] of to) change(key, offsets.get(key), value)
  }

  return {
    commit,
    // a reset has written what it resets to
    query: (group, topic, queueId) => find(committed, group, topic)?.get(queueId),
    reset: (group, topic, queueId, offset) => {
      journal.change(marks, keyOf(topic, group, queueId), offset)
      commit(group, topic, queueId, BigInt(offset))
    },
    isReset: (group, topic, queueId) => find(resets, group, topic)?.has(queueId) ?? false,
    takeReset: (group, topic, queueId) => {
      if (resets.size === 0) return undefined
      const offset = find(resets, group, topic)?.get(queueId)
      if (offset !== undefined) journal.change(marks, keyOf(topic, group, queueId), undefined)
      return offset
    },
    groupsOf: (topic) => Array.from(committed.get(topic)?.keys() ?? []),
    topicsOf: (group) => Array.from(committed).filter(([, groups]) => groups.has(group)).map(([topic]) => topic),
    removeTopic: (removed) => removeWhere((topic) => topic === removed),
    removeGroup: (removed) => removeWhere((_, group) => group === removed),
    snapshot: () => new Map(offsets.entries()),
    restore,
    rollBack: (time) => {
      const to = new Map(offsets.entries())
      for (let i = history.length - 1; i >= 0 && history[i]!.at > time; i--) {
        const { before, key } = history[i]!
        if (before === undefined) to.delete(key)
        else to.set(key, before)
      }
      restore(to)
    }
  }
}
