/**
 * Hands out messages in no order: as many handlers as there are workers, whatever queue a message is of. What is not
 * finished goes back to its broker.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Batch, Handed, ProcessQueue } from "../../ProcessQueue.js"
import type { Counters } from "./counters.js"
import type { Call, Verdict } from "./handler.js"
import { Unreadable, verdictOf } from "./handler.js"
import type { Report } from "./report.js"
import type { Retry, RetryDelay } from "./retry.js"
import { DEAD_LETTER } from "./retry.js"
import type { Dispatcher, Hands, Settling } from "./workers.js"
import * as Workers from "./workers.js"

export type { Dispatcher } from "./workers.js"

/** The delay level of messages whose handler took too long. */
const TIMEOUT_LEVEL = 3

/** See the module. */
export const make = <R>(options: {
  readonly group: string
  readonly concurrency: number
  readonly rate: number
  readonly batchSize: number
  readonly consumeTimeout: number
  readonly retryDelay: RetryDelay
  readonly call: Call<R>
  readonly retry: Retry
  readonly counters: Counters
  readonly report: Report
}): Effect.Effect<Dispatcher, never, R | Scope.Scope> => {
  const { consumeTimeout, counters, report, retry } = options

  const settling = ({ settled }: Hands<ProcessQueue>): Settling<ProcessQueue> => {
    const delayOf = (batch: Batch, index: number, cause: Cause.Cause<unknown>): number => {
      const message = batch.messages[index]
      if (message === undefined) return 0
      try {
        const level = options.retryDelay(message, cause)
        return Number.isInteger(level) && level >= 0 ? level : 0
      } catch {
        return 0
      }
    }

    const sendBack = (queue: ProcessQueue, batch: Batch, index: number, level: number): Effect.Effect<void> =>
      Effect.ensuring(
        Effect.catchAllCause(
          retry.sendBack(queue, batch, index, level),
          (cause) =>
            Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError("Sending a message back died", cause)
        ),
        Effect.sync(() => settled(1))
      )

    const reject = (
      queue: ProcessQueue,
      batch: Batch,
      index: number,
      verdict: Verdict,
      cause: Cause.Cause<unknown>
    ): Effect.Effect<void> => {
      const message = batch.messages[index]
      if (verdict instanceof Unreadable) {
        counters.undecodable++
        const reported = message === undefined ? Effect.void : report.unreadable(queue.queue, message, verdict.reason)
        return Effect.zipRight(reported, sendBack(queue, batch, index, DEAD_LETTER))
      }
      counters.failed++
      queue.totals.failed++
      if (verdict?._tag === "DeadLetter") return sendBack(queue, batch, index, DEAD_LETTER)
      const asked = verdict?._tag === "Retry" ? verdict.delayLevel : undefined
      return sendBack(queue, batch, index, asked ?? delayOf(batch, index, cause))
    }

    const succeeded: Settling<ProcessQueue>["succeeded"] = (queue, handed, value, took) => {
      const { batch, from, to } = handed
      const { totals } = queue
      totals.handling += took
      totals.latencies.add(took)
      let back: Array<Effect.Effect<void>> | undefined
      for (let index = from; index < to; index++) {
        const verdict = value === undefined ? undefined : verdictOf(value, index - from)
        if (verdict === undefined || (!(verdict instanceof Unreadable) && verdict._tag === "Consumed")) {
          counters.consumed++
          totals.consumed++
          queue.finish(batch, index)
          settled(1)
        } else {
          if (back === undefined) back = []
          back.push(reject(queue, batch, index, verdict, Cause.empty))
        }
      }
      return back === undefined ? undefined : Effect.all(back, { discard: true })
    }

    const failed = (queue: ProcessQueue, handed: Handed, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
      const { batch, from, to } = handed
      const error = Cause.squash(cause)
      if (error instanceof Unreadable) return reject(queue, batch, from, error, cause)
      const back: Array<Effect.Effect<void>> = []
      for (let index = from; index < to; index++) {
        const message = batch.messages[index]
        if (message !== undefined) back.push(report.failed(queue.queue, message, error))
        back.push(reject(queue, batch, index, undefined, cause))
      }
      return Effect.all(back, { discard: true })
    }

    const timedOut: Settling<ProcessQueue>["timedOut"] = (queue, { batch, from, to }) => {
      const back: Array<Effect.Effect<void>> = []
      for (let index = from; index < to; index++) {
        const message = batch.messages[index]
        counters.timedOut++
        counters.failed++
        queue.totals.failed++
        if (message !== undefined) back.push(report.timedOut(queue.queue, message, consumeTimeout))
        back.push(sendBack(queue, batch, index, TIMEOUT_LEVEL))
      }
      return Effect.all(back, { discard: true })
    }

    return { succeeded, failed, timedOut }
  }

  return Workers.make<ProcessQueue, R>({ ...options, settling })
}
