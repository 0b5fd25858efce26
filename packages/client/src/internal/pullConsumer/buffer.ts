/**
 * What was pulled in the background and not polled yet, and what the last poll gave away: that counts as processed when
 * the next poll is called, and not before.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Batch, Handed, ProcessQueue } from "../../ProcessQueue.js"
import type { Counters } from "../consumer/counters.js"
import type { Inflate } from "../consumer/handler.js"
import type { Report } from "../consumer/report.js"
import * as Signal from "../consumer/signal.js"

/** See the module. */
export interface Buffer {
  /** The queue may have messages to hand out. */
  readonly offer: (queue: ProcessQueue) => void
  /** What the last poll gave away is processed. */
  readonly settle: () => void
  /** Up to `max` messages; waits for the first one, at most `timeout` milliseconds. Settles the last poll first. */
  readonly poll: (max: number, timeout: number) => Effect.Effect<ReadonlyArray<MessageExt>>
  /** Ends a poll that waits. */
  readonly close: () => void
  /** Messages that the last poll gave away and that are not settled. */
  readonly outstanding: () => number
}

interface Given {
  readonly queue: ProcessQueue
  readonly batch: Batch
  readonly from: number
  readonly to: number
}

/** Nothing is buffered. */
export const make = (options: {
  readonly inflate: Inflate
  readonly counters: Counters
  readonly report: Report
  readonly isPaused: (queue: ProcessQueue) => boolean
}): Buffer => {
  const { counters, inflate, isPaused, report } = options
  // in the order of their turns: a queue that gave something goes to the end
  const ready = new Set<ProcessQueue>()
  const signal = Signal.make()
  let given: ReadonlyArray<Given> = []
  let closed = false

  const take = (max: number): Array<Given> => {
    const taken: Array<Given> = []
    const handed: Handed = { batch: { messages: [] } as never, from: 0, to: 0 }
    let left = max
    for (const queue of ready) {
      if (left === 0) break
      // a queue that goes on is offered again
      ready.delete(queue)
      if (isPaused(queue)) continue
      while (left > 0 && queue.take(left, handed)) {
        taken.push({ queue, batch: handed.batch, from: handed.from, to: handed.to })
        left -= handed.to - handed.from
      }
      if (queue.hasReady()) ready.add(queue)
    }
    return taken
  }

  const settle = (): void => {
    const done = given
    given = []
    for (const { batch, from, queue, to } of done) {
      for (let index = from; index < to; index++) {
        if (queue.owns(batch)) {
          counters.consumed++
          queue.totals.consumed++
        }
        queue.finish(batch, index)
      }
    }
  }

  const putBack = (taken: ReadonlyArray<Given>): void => {
    for (const { batch, from, queue, to } of taken) {
      for (let index = from; index < to; index++) {
        const message = batch.messages[index]
        if (message !== undefined) queue.putBack(batch, index, message)
        else queue.finish(batch, index)
        queue.redo(batch, index)
      }
      if (queue.hasReady()) ready.add(queue)
    }
  }

  /** With plain bodies; what cannot be inflated is reported and left out. */
  const open = Effect.fnUntraced(function*(taken: ReadonlyArray<Given>) {
    const messages: Array<MessageExt> = []
    for (const { batch, from, queue, to } of taken) {
      for (let index = from; index < to; index++) {
        const message = batch.messages[index]
        if (message === undefined) continue
        if (!SysFlag.isCompressed(message.sysFlag)) {
          messages.push(message)
          continue
        }
        const plain = yield* Effect.either(inflate(message))
        if (Either.isRight(plain)) messages.push(plain.right)
        else {
          counters.undecodable++
          yield* report.unreadable(queue.queue, message, plain.left.reason)
        }
      }
    }
    return messages
  })

  const poll: Buffer["poll"] = Effect.fnUntraced(function*(max, timeout) {
    settle()
    const clock = yield* Effect.clock
    const deadline = clock.unsafeCurrentTimeMillis() + timeout
    while (!closed) {
      const taken = take(max)
      if (taken.length > 0) {
        const now = clock.unsafeCurrentTimeMillis()
        for (const { queue } of taken) queue.lastHandled = now
        const messages = yield* Effect.onInterrupt(open(taken), () => Effect.sync(() => putBack(taken)))
        given = taken
        if (messages.length > 0) return messages
        settle()
        continue
      }
      const left = deadline - (yield* Clock.currentTimeMillis)
      if (left <= 0) return []
      const woken = yield* left === Infinity
        ? Effect.asSome(signal.wait)
        : Effect.timeoutOption(signal.wait, left)
      if (Option.isNone(woken)) return []
    }
    return []
  })

  return {
    offer: (queue) => {
      if (!queue.hasReady() || isPaused(queue)) return
      ready.add(queue)
      signal.notify()
    },
    settle,
    poll,
    close: () => {
      closed = true
      signal.notify()
    },
    outstanding: () => {
      let count = 0
      for (const { batch, from, queue, to } of given) {
        if (queue.owns(batch)) count += to - from
      }
      return count
    }
  }
}
