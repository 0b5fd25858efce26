/**
 * What becomes of a message that its handler did not finish when every member gets all messages: brokers have no second
 * delivery for one member, so it is handled again here, later and later, and passed at last.
 */
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import type { Batch, ProcessQueue } from "../../ProcessQueue.js"
import * as DelayLevels from "../delayLevels.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import * as DueQueue from "./dueQueue.js"
import type { Report } from "./report.js"
import type { Retry } from "./retry.js"

/** Before the second attempt, in milliseconds; doubles up to the longest. */
const FIRST_DELAY = 1_000
const LONGEST_DELAY = 30_000

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
}): Effect.Effect<Retry> =>
  Effect.map(Effect.clock, (clock): Retry => {
    const { counters, group, maxReconsumeTimes, report } = options
    const waiting = DueQueue.make<Waiting>(clock, ({ batch, index, queue }) => {
      if (queue.redo(batch, index)) options.onReady(queue)
    })

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
        ? DelayLevels.millisOf(level)
        : Backoff.delay(reconsumeTimes, FIRST_DELAY, LONGEST_DELAY)
      queue.putBack(batch, index, Message.update(message, { reconsumeTimes }))
      waiting.add({ queue, batch, index, due: clock.unsafeCurrentTimeMillis() + delay })
    })

    return { sendBack, deadLetter: (queue, message) => Effect.as(pass(queue, message), true), run: waiting.run }
  })
