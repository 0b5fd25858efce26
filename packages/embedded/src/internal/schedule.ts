/**
 * Messages that are to be delivered later: by delay level, or at a time (timer messages of 5.x).
 *
 * They are stored at once under a topic of the broker, as in RocketMQ, and stored again under their own topic when their
 * time has come. The bytes that wait are the ones in the commit log: what retention drops before is lost.
 *
 * @since 0.1.0
 */
import type * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import type { Journal } from "./journal.js"
import { RETRY_WRITE } from "./popTable.js"
import type { Answer } from "./server.js"
import { answer } from "./server.js"
import type { Draft, Store, Stored } from "./store.js"
import { decode, draftOf } from "./store.js"
import { json } from "./table.js"
import type { Timer, Timers } from "./timers.js"
import { TIMER_TOPIC } from "./topicTable.js"

const TIMER_PRECISION = 1000

/** Where a message was stored, and for a timer message the slot of the wheel that it waits in. */
export interface Scheduled extends Stored {
  /** The start of the second after which it is delivered (TIMER_OUT_MS). */
  readonly timerOut?: number | undefined
}

/** Why a timer message is not taken. */
export type Refusal = "TimerIllegal" | "TimerOff"

/** The broker's words about it. */
export const refusal = (reason: Refusal, maxTimerDelay: number): Answer =>
  reason === "TimerOff"
    ? answer(ResponseCode.SYSTEM_ERROR, "accurate timer message is not enabled, timerWheelEnable is false")
    : answer(
      ResponseCode.MESSAGE_ILLEGAL,
      `timer message illegal, the delay time should not be bigger than the max delay ${maxTimerDelay}ms; ` +
        `or if set del msg, the delay time should be bigger than the current time`
    )

export interface Schedule {
  /**
   * Stores a message, under its own topic or as one that waits.
   *
   * @param propertiesText the string form of the draft's properties, where it is known
   */
  readonly put: (draft: Draft, propertiesText?: string) => Scheduled | Refusal | undefined
  readonly maxLevel: number
  /** Messages that wait. */
  readonly waiting: () => number
}

/** A message that waits: until when, and for a timer message its slot of the wheel and its unique key. */
interface Due {
  readonly at: number
  readonly slot?: string | undefined
}

const whole = /^[+-]?\d+$/

const wholeNumber = (text: string): number => whole.test(text) ? Number(text) : Number.NaN

const timerProperties = [
  MessageProperties.TIMER_DELIVER_MS,
  MessageProperties.TIMER_DELAY_SEC,
  MessageProperties.TIMER_DELAY_MS
]

const without = (draft: Draft, names: ReadonlyArray<string>): Draft => {
  const properties: Record<string, string> = { ...draft.properties }
  for (const name of names) delete properties[name]
  return { ...draft, properties }
}

export const make = (options: {
  readonly store: Store
  readonly timers: Timers
  readonly now: () => number
  /** Milliseconds of level 1, 2, … */
  readonly levels: ReadonlyArray<number>
  /** Longest delay of a timer message in milliseconds. */
  readonly maxTimerDelay: () => number
  /** What becomes of timer messages: they wait, are refused, or are taken for ordinary ones (4.x). */
  readonly wheel: "On" | "Off" | "Missing"
  readonly journal: Journal
}): Schedule => {
  const { journal, levels, now, store, timers } = options
  /** What waits, by commit log offset. */
  const waiting = new Map<string, { readonly due: Due; timer: Timer }>()
  /** Of timer messages the same by slot and unique key. */
  const wheel = new Map<string, Set<string>>()

  /** When the wheel took it, and when it gives it back. */
  const timing = ({ storeTimestamp }: MessageExt.MessageExt) => ({
    [MessageProperties.TIMER_ENQUEUE_MS]: String(Math.floor(storeTimestamp / TIMER_PRECISION) * TIMER_PRECISION),
    [MessageProperties.TIMER_DEQUEUE_MS]: String(now())
  })
  const deliver = (commitLogOffset: number) => {
    const record = store.look(commitLogOffset)
    if (record === undefined) return
    const message = decode(record)
    const topic = message.properties[MessageProperties.REAL_TOPIC]
    if (topic === undefined) return
    const queueId = Number(message.properties[MessageProperties.REAL_QID])
    const properties = message.topic === TIMER_TOPIC
      ? { ...message.properties, ...timing(message) }
      : message.properties
    store.append({ ...draftOf(message), topic, queueId, properties })
  }
  const aside = (draft: Draft, topic: string, queueId: number, extra: Record<string, string>) =>
    store.append({
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
  const timerOf = (key: string, due: Due, at: number): Timer =>
    timers.at(at, () => {
      if (!journal.isWritable()) {
        waiting.set(key, { due, timer: timerOf(key, due, now() + RETRY_WRITE) })
        return
      }
      journal.change(table, key, undefined)
      deliver(Number(key))
    })
  const table = journal.table<Due>({
    name: "due",
    ...json<Due>(),
    get: (key) => waiting.get(key)?.due,
    set: (key, due) => {
      const before = waiting.get(key)
      if (before !== undefined) {
        timers.cancel(before.timer)
        waiting.delete(key)
        const others = wheel.get(before.due.slot ?? "")
        others?.delete(key)
        if (others?.size === 0) wheel.delete(before.due.slot!)
      }
      if (due === undefined) return
      waiting.set(key, { due, timer: timerOf(key, due, due.at) })
      if (due.slot === undefined) return
      const others = wheel.get(due.slot)
      if (others === undefined) wheel.set(due.slot, new Set([key]))
      else others.add(key)
    },
    *entries() {
      for (const [key, { due }] of waiting) yield [key, due] as const
    }
  })
  const wait = ({ commitLogOffset }: Stored, due: Due) => journal.change(table, String(commitLogOffset), due)

  const putByLevel = (draft: Draft, level: number): Stored | undefined => {
    const used = Math.min(level, levels.length)
    const stored = aside(
      without(draft, timerProperties),
      Names.SCHEDULE_TOPIC,
      used - 1,
      level === used ? {} : { [MessageProperties.DELAY]: String(used) }
    )
    if (stored !== undefined) wait(stored, { at: now() + levels[used - 1]! })
    return stored
  }

  const recall = (slot: string) => {
    for (const key of Array.from(wheel.get(slot) ?? [])) journal.change(table, key, undefined)
  }
  const putInWheel = (draft: Draft, time: number): Scheduled | undefined => {
    // the wheel ticks once a second: a message waits in the slot before its time and leaves it when the slot is over
    const timerOut = (Math.ceil(time / TIMER_PRECISION) - 1) * TIMER_PRECISION
    const stored = aside(draft, TIMER_TOPIC, 0, { [MessageProperties.TIMER_OUT_MS]: String(timerOut) })
    if (stored === undefined) return undefined
    const recalled = draft.properties[MessageProperties.TIMER_DEL_UNIQKEY]
    if (recalled !== undefined) recall(`${timerOut} ${recalled}`)
    else {
      wait(stored, {
        at: timerOut + TIMER_PRECISION,
        slot: `${timerOut} ${draft.properties[MessageProperties.UNIQ_KEY]}`
      })
    }
    return { ...stored, timerOut }
  }
  const timerTime = (properties: Readonly<Record<string, string>>): number | undefined => {
    const seconds = properties[MessageProperties.TIMER_DELAY_SEC]
    if (seconds !== undefined) return now() + wholeNumber(seconds) * 1000
    const millis = properties[MessageProperties.TIMER_DELAY_MS]
    if (millis !== undefined) return now() + wholeNumber(millis)
    const time = properties[MessageProperties.TIMER_DELIVER_MS]
    return time === undefined ? undefined : wholeNumber(time)
  }

  return {
    maxLevel: levels.length,
    waiting: () => waiting.size,
    put: (draft, propertiesText) => {
      const { properties } = draft
      const type = SysFlag.transactionType(draft.sysFlag)
      if (type !== SysFlag.TRANSACTION_NOT_TYPE && type !== SysFlag.TRANSACTION_COMMIT_TYPE) {
        return store.append(draft, propertiesText)
      }
      const level = Number(properties[MessageProperties.DELAY] ?? 0)
      if (level > 0) return putByLevel(draft, level)
      if (options.wheel === "Missing" || properties[MessageProperties.TIMER_OUT_MS] !== undefined) {
        return store.append(draft, propertiesText)
      }
      const time = timerTime(properties)
      if (time === undefined) return store.append(draft, propertiesText)
      if (options.wheel === "Off") return "TimerOff"
      if (Number.isNaN(time) || time - now() > options.maxTimerDelay()) return "TimerIllegal"
      if (time > now()) return putInWheel(draft, time)
      return properties[MessageProperties.TIMER_DEL_UNIQKEY] === undefined
        ? store.append(draft, propertiesText)
        : "TimerIllegal"
    }
  }
}
