/**
 * How far groups have pulled, which may be further than what they have committed. Told to administrators, used for nothing
 * else, and gone with the process.
 *
 * @since 0.1.0
 */

export interface PullOffsets {
  readonly set: (group: string, topic: string, queueId: number, offset: number) => void
  readonly get: (group: string, topic: string, queueId: number) => number | undefined
}

export const make = (): PullOffsets => {
  const topics = new Map<string, Map<string, Map<number, number>>>()
  return {
    set: (group, topic, queueId, offset) => {
      let groups = topics.get(topic)
      if (groups === undefined) topics.set(topic, groups = new Map())
      let queues = groups.get(group)
      if (queues === undefined) groups.set(group, queues = new Map())
      queues.set(queueId, offset)
    },
    get: (group, topic, queueId) => topics.get(topic)?.get(group)?.get(queueId)
  }
}
