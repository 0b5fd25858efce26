/**
 * Messages that groups have popped and not settled: each is invisible until its time is over, then it is stored again in
 * the group's retry topic of its topic, counted once more.
 *
 * As in RocketMQ, taking a message moves the group's offset past it, and what is known of it afterwards is this table.
 *
 * @since 0.1.0
 */
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Journal } from "./journal.js"
import type { Store } from "./store.js"
import { decode, draftOf } from "./store.js"
import { json } from "./table.js"
import type { Timer, Timers } from "./timers.js"
import type { TopicTable } from "./topicTable.js"

/** One message in the hands of a group; told from an earlier time that it was taken by `popTime`. */
export interface Taken {
  readonly group: string
  /** Where it is stored: the topic itself or the retry topic. */
  readonly topic: string
  readonly queueId: number
  readonly offset: number
  readonly popTime: number
}

export interface PopTable {
  readonly take: (taken: Taken, invisibleTime: number) => void
  /** Done for good. Nothing happens when it is not taken, or no longer: brokers answer that with success. */
  readonly settle: (taken: Taken) => void
  /** Messages that are invisible. */
  readonly size: () => number
}

/** How long what is due waits while nothing can be written, in milliseconds. */
export const RETRY_WRITE = 1000

/** The topic of a group's messages of a topic that come again. */
export const retryTopic = (topic: string, group: string): string => `${Names.RETRY_PREFIX}${group}_${topic}`

interface Invisible {
  readonly taken: Taken
  readonly invisibleTime: number
}

const keyOf = ({ group, offset, popTime, queueId, topic }: Taken): string =>
  `${topic}@${group}@${queueId}@${offset}@${popTime}`

export const make = (options: {
  readonly store: Store
  readonly topics: TopicTable
  readonly timers: Timers
  readonly storeHost: string
  readonly journal: Journal
}): PopTable => {
  const { journal, store, storeHost, timers, topics } = options
  const invisible = new Map<string, { readonly value: Invisible; timer: Timer }>()

  const revive = (taken: Taken) => {
    const queue = store.queue(taken.topic, taken.queueId)
    const record = queue === undefined ? undefined : store.record(queue, taken.offset)
    if (record === undefined) return
    const message = decode(record)
    const target = Names.isRetryTopic(taken.topic) ? taken.topic : retryTopic(taken.topic, taken.group)
    topics.ensure(target, 1)
    store.append({
      ...draftOf(message),
      topic: target,
      queueId: 0,
      bornHost: storeHost,
      reconsumeTimes: message.reconsumeTimes + 1,
      properties: {
        ...message.properties,
        [MessageProperties.FIRST_POP_TIME]: message.properties[MessageProperties.FIRST_POP_TIME] ??
          String(taken.popTime),
        ORIGIN_GROUP: taken.group
      }
    })
  }

  const wait = (key: string, value: Invisible, until: number): Timer =>
    timers.at(until, () => {
      if (!journal.isWritable()) {
        invisible.set(key, { value, timer: wait(key, value, timers.now() + RETRY_WRITE) })
        return
      }
      journal.change(table, key, undefined)
      revive(value.taken)
    })
  const table = journal.table<Invisible>({
    name: "pops",
    ...json<Invisible>(),
    get: (key) => invisible.get(key)?.value,
    set: (key, value) => {
      const before = invisible.get(key)
      if (before !== undefined) timers.cancel(before.timer)
      if (value === undefined) invisible.delete(key)
      else invisible.set(key, { value, timer: wait(key, value, value.taken.popTime + value.invisibleTime) })
    },
    *entries() {
      for (const [key, { value }] of invisible) yield [key, value] as const
    }
  })

  return {
    take: (taken, invisibleTime) => journal.change(table, keyOf(taken), { taken, invisibleTime }),
    settle: (taken) => journal.change(table, keyOf(taken), undefined),
    size: () => invisible.size
  }
}
