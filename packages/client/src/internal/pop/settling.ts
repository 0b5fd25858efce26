/**
 * From what a handler made of messages to what their brokers are told.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Handed } from "../../ProcessQueue.js"
import type { Verdict } from "../consumer/handler.js"
import { Unreadable, verdictOf } from "../consumer/handler.js"
import type { Report } from "../consumer/report.js"
import type { Hands, Settling } from "../consumer/workers.js"
import type { Acks } from "./acks.js"
import type { Counters } from "./counters.js"
import { ofLevel, TIMED_OUT } from "./delays.js"
import type { GiveBack } from "./giveBack.js"
import type { Lease } from "./leases.js"
import type { PopQueue } from "./queue.js"
import { leasesOf } from "./queue.js"
import type { Settings } from "./settings.js"

/** See the module. */
export const make = (options: {
  readonly settings: Settings
  readonly acks: Acks
  readonly giveBack: GiveBack
  readonly counters: Counters
  readonly report: Report
}) => {
  const { acks, counters, giveBack, report, settings: { consumeTimeout, retryDelay } } = options

  return ({ settled }: Hands<PopQueue>): Settling<PopQueue> => {
    const outOfHand = (effect: Effect.Effect<void>): Effect.Effect<void> =>
      Effect.ensuring(effect, Effect.sync(() => settled(1)))

    const reject = (lease: Lease, verdict: Verdict): Effect.Effect<void> => {
      const { message, queue } = lease
      const delay = retryDelay(message)
      if (verdict instanceof Unreadable) {
        counters.undecodable++
        const told = report.unreadable(queue.queue, message, verdict.reason)
        return outOfHand(Effect.zipRight(told, giveBack.dead(lease, delay)))
      }
      counters.failed++
      if (verdict?._tag === "DeadLetter") return outOfHand(giveBack.dead(lease, delay))
      const level = verdict?._tag === "Retry" ? verdict.delayLevel : undefined
      return outOfHand(giveBack.later(lease, level === undefined ? delay : ofLevel(level, message)))
    }

    const succeeded: Settling<PopQueue>["succeeded"] = (_queue, handed, value) => {
      const back: Array<Effect.Effect<void>> = []
      leasesOf(handed).forEach((lease, index) => {
        const verdict = value === undefined ? undefined : verdictOf(value, index)
        if (verdict === undefined || (!(verdict instanceof Unreadable) && verdict._tag === "Consumed")) {
          counters.consumed++
          acks.ack(lease)
          settled(1)
        } else {
          back.push(reject(lease, verdict))
        }
      })
      return back.length === 0 ? undefined : Effect.all(back, { discard: true })
    }

    const failed = (_queue: PopQueue, handed: Handed, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
      const error = Cause.squash(cause)
      return Effect.forEach(leasesOf(handed), (lease) => {
        if (error instanceof Unreadable) return reject(lease, error)
        return Effect.zipRight(report.failed(lease.queue.queue, lease.message, error), reject(lease, undefined))
      }, { discard: true })
    }

    const timedOut: Settling<PopQueue>["timedOut"] = (_queue, handed) =>
      Effect.forEach(leasesOf(handed), (lease) => {
        counters.timedOut++
        counters.failed++
        const told = report.timedOut(lease.queue.queue, lease.message, consumeTimeout)
        return Effect.zipRight(told, outOfHand(giveBack.later(lease, TIMED_OUT)))
      }, { discard: true })

    return { succeeded, failed, timedOut }
  }
}
