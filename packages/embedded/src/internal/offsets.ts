/**
 * Offsets that consumer groups committed, and resets asked for by an administrator.
 *
 * A reset is a mark: it is what queries answer and it refuses commits until the next pull of the queue took it
 * (protocol: server side reset, `useServerSideResetOffset=true`).
 *
 * @since 0.1.0
 */

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
}

/** topic, then group, then queue: tools ask for the groups of a topic as often as for the topics of a group. */
type Table<A> = Map<string, Map<string, Map<number, A>>>

export const make = (): Offsets => {
  const committed: Table<bigint> = new Map()
  const resets: Table<number> = new Map()

  const find = <A>(table: Table<A>, group: string, topic: string) => table.get(topic)?.get(group)
  const put = <A>(table: Table<A>, group: string, topic: string, queueId: number, offset: A) => {
    let groups = table.get(topic)
    if (groups === undefined) table.set(topic, groups = new Map())
    let queues = groups.get(group)
    if (queues === undefined) groups.set(group, queues = new Map())
    queues.set(queueId, offset)
  }
  return {
    commit: (group, topic, queueId, offset) => put(committed, group, topic, queueId, offset),
    // a reset has written what it resets to
    query: (group, topic, queueId) => find(committed, group, topic)?.get(queueId),
    reset: (group, topic, queueId, offset) => {
      put(resets, group, topic, queueId, offset)
      put(committed, group, topic, queueId, BigInt(offset))
    },
    isReset: (group, topic, queueId) => find(resets, group, topic)?.has(queueId) ?? false,
    takeReset: (group, topic, queueId) => {
      if (resets.size === 0) return undefined
      const queues = find(resets, group, topic)
      const offset = queues?.get(queueId)
      if (offset !== undefined) queues!.delete(queueId)
      return offset
    },
    groupsOf: (topic) => Array.from(committed.get(topic)?.keys() ?? []),
    topicsOf: (group) => Array.from(committed).filter(([, groups]) => groups.has(group)).map(([topic]) => topic),
    removeTopic: (topic) => {
      committed.delete(topic)
      resets.delete(topic)
    },
    removeGroup: (group) => {
      for (const groups of committed.values()) groups.delete(group)
      for (const groups of resets.values()) groups.delete(group)
    }
  }
}
