/**
 * What becomes of a message that its handler did not finish when every member gets all messages: brokers have no second
 * delivery for one member, so it is handled again here, later and later, and passed at last.
 */
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Batch, ProcessQueue } from "../../ProcessQueue.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import type { Report } from "./report.js"
import type { Retry } from "./retry.js"
import * as Signal from "./signal.js"

/** Before the second attempt, in milliseconds; doubles up to the longest. */
const FIRST_DELAY = 1_000
const LONGEST_DELAY = 30_000

const SECOND = 1_000
const MINUTE = 60_000

/** The brokers' table of delay levels, for handlers that ask for one. */
const levels: ReadonlyArray<number> = [
  ...[1, 5, 10, 30].map((n) => n * SECOND),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120].map((n) => n * MINUTE)
]

interface Waiting {
  readonly queue: ProcessQueue
  readonly batch: Batch
  readonly index: number
  readonly due: number
}

/** `onReady` is told of queues that have a message to hand out again. */
export const make = (options: {
  readonly group: string
  readonly maxReconsumeTimes: number
  readonly counters: Counters
  readonly report: Report
  readonly onReady: (queue: ProcessQueue) => void
}): Retry => {
  const { counters, group, maxReconsumeTimes, report } = options
  const signal = Signal.make()
  /** By due time. */
  const waiting: Array<Waiting> = []

  const wait = (entry: Waiting): void => {
    let at = waiting.length
    while (at > 0 && waiting[at - 1]!.due > entry.due) at--
    waiting.splice(at, 0, entry)
    signal.notify()
  }

  const pass = (queue: ProcessQueue, message: Message.MessageExt): Effect.Effect<void> => {
    report.publish({ _tag: "Passed", queue: queue.queue, message })
    return Effect.logError(
      `Group "${group}": message ${message.msgId} (queue ${queue.queue.queueId} of topic ${message.topic} on ` +
        `${queue.queue.brokerName}, offset ${message.queueOffset}) is passed after ${message.reconsumeTimes + 1} ` +
        `attempts: when broadcasting, no broker delivers it again`
    )
  }

  const sendBack: Retry["sendBack"] = Effect.fnUntraced(function*(queue, batch, index, level) {
    const message = batch.messages[index]
    if (!queue.owns(batch) || message === undefined) return queue.finish(batch, index)
    if (level < 0 || message.reconsumeTimes >= maxReconsumeTimes) {
      yield* pass(queue, message)
      return queue.finish(batch, index)
    }
    counters.redelivered++
    const reconsumeTimes = message.reconsumeTimes + 1
    const delay = level > 0
      ? levels[Math.min(level, levels.length) - 1]!
      : Backoff.delay(reconsumeTimes, FIRST_DELAY, LONGEST_DELAY)
    const due = (yield* Clock.currentTimeMillis) + delay
    queue.putBack(batch, index, Message.update(message, { reconsumeTimes }))
    wait({ queue, batch, index, due })
  })

  const run = Effect.gen(function*() {
    while (true) {
      const next = waiting[0]
      if (next === undefined) {
        yield* signal.wait
        continue
      }
      const now = yield* Clock.currentTimeMillis
      if (next.due > now) {
        // one that is due sooner may come meanwhile
        yield* Effect.raceFirst(signal.wait, Effect.sleep(next.due - now))
        continue
      }
      waiting.shift()
      if (next.queue.redo(next.batch, next.index)) options.onReady(next.queue)
    }
  })

  return { sendBack, deadLetter: (queue, message) => Effect.as(pass(queue, message), true), run }
}
