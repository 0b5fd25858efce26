/**
 * Messages that are to be delivered later: by delay level, or at a time (timer messages of 5.x).
 *
 * They are stored at once under a topic of the broker, as in RocketMQ, and stored again under their own topic when their
 * time has come. The bytes that wait are the ones in the commit log: what retention drops before is lost.
 *
 * @since 0.1.0
 */
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import type { Draft, Store, Stored } from "./store.js"
import { decode, draftOf } from "./store.js"
import type { Timers } from "./timers.js"
import { TIMER_TOPIC } from "./topicTable.js"

const TIMER_PRECISION = 1000

export interface Schedule {
  /** Stores a message, under its own topic or as one that waits. */
  readonly put: (draft: Draft) => Stored | "TimerIllegal" | undefined
  readonly maxLevel: number
  /** Messages that wait. */
  readonly waiting: () => number
}

export const make = (options: {
  readonly store: Store
  readonly timers: Timers
  readonly now: () => number
  /** Milliseconds of level 1, 2, … */
  readonly levels: ReadonlyArray<number>
  /** Longest delay of a timer message in milliseconds. */
  readonly maxTimerDelay: number
}): Schedule => {
  const { levels, now, store, timers } = options
  let waiting = 0

  const deliver = (commitLogOffset: number) => {
    waiting--
    const record = store.look(commitLogOffset)
    if (record === undefined) return
    const draft = draftOf(decode(record))
    const topic = draft.properties[MessageProperties.REAL_TOPIC]
    const queueId = Number(draft.properties[MessageProperties.REAL_QID])
    if (topic !== undefined) store.append({ ...draft, topic, queueId })
  }
  const wait = (draft: Draft, topic: string, queueId: number, at: number, extra: Record<string, string>) => {
    const stored = store.append({
      ...draft,
      topic,
      queueId,
      properties: {
        ...draft.properties,
        ...extra,
        [MessageProperties.REAL_TOPIC]: draft.topic,
        [MessageProperties.REAL_QID]: String(draft.queueId)
      }
    })
    if (stored !== undefined) {
      waiting++
      timers.at(at, () => deliver(stored.commitLogOffset))
    }
    return stored
  }
  const without = (draft: Draft, ...names: ReadonlyArray<string>): Draft => {
    const properties: Record<string, string> = { ...draft.properties }
    for (const name of names) delete properties[name]
    return { ...draft, properties }
  }

  const timerTime = (properties: Readonly<Record<string, string>>): number | undefined => {
    const seconds = properties[MessageProperties.TIMER_DELAY_SEC]
    if (seconds !== undefined) return now() + Number(seconds) * 1000
    const millis = properties[MessageProperties.TIMER_DELAY_MS]
    if (millis !== undefined) return now() + Number(millis)
    const time = properties[MessageProperties.TIMER_DELIVER_MS]
    return time === undefined ? undefined : Number(time)
  }

  return {
    maxLevel: levels.length,
    waiting: () => waiting,
    put: (draft) => {
      const { properties } = draft
      const type = SysFlag.transactionType(draft.sysFlag)
      if (type !== SysFlag.TRANSACTION_NOT_TYPE && type !== SysFlag.TRANSACTION_COMMIT_TYPE) return store.append(draft)
      const level = Number(properties[MessageProperties.DELAY] ?? 0)
      if (level > 0) {
        const used = Math.min(level, levels.length)
        return wait(
          without(
            draft,
            MessageProperties.TIMER_DELIVER_MS,
            MessageProperties.TIMER_DELAY_SEC,
            MessageProperties.TIMER_DELAY_MS
          ),
          Names.SCHEDULE_TOPIC,
          used - 1,
          now() + levels[used - 1]!,
          level === used ? {} : { [MessageProperties.DELAY]: String(used) }
        )
      }
      if (properties[MessageProperties.TIMER_OUT_MS] !== undefined) return store.append(draft)
      const time = timerTime(properties)
      if (time === undefined) return store.append(draft)
      if (!Number.isSafeInteger(time) || time - now() > options.maxTimerDelay) return "TimerIllegal"
      if (time <= now()) return store.append(draft)
      // the wheel ticks once a second: a message waits in the slot before its time and leaves it when the slot is over
      const slot = (Math.ceil(time / TIMER_PRECISION) - 1) * TIMER_PRECISION
      return wait(draft, TIMER_TOPIC, 0, slot + TIMER_PRECISION, { [MessageProperties.TIMER_OUT_MS]: String(slot) })
    }
  }
}
