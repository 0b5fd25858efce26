/**
 * The workers that run a consumer's handler: a fixed number of fibers that take messages from the queues in turn, run the
 * handler in their own fiber, and settle the message in its ledger. Nothing per message is forked, timed or queued.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { MessageConsumeError } from "../../ConsumerError.js"
import type { Batch, Handed, ProcessQueue } from "../../ProcessQueue.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import type { Call, Verdict } from "./handler.js"
import { Unreadable, verdictOf } from "./handler.js"
import type { Report } from "./report.js"
import type { Retry, RetryDelay } from "./retry.js"
import { DEAD_LETTER } from "./retry.js"
import * as Signal from "./signal.js"
import * as Turns from "./turns.js"

/** How long workers may keep the event loop to themselves, in milliseconds. */
const BREATH_AFTER = 12

/** Period in which a busy dispatcher sees that timers run, in milliseconds. */
const PULSE = 4

/** Messages settled in plain code before the worker's loop goes through Effect's scheduler again. */
const RUN_LENGTH = 256

/** What a slot is at. */
const IDLE = 0
const HANDLING = 1
const RETURNING = 2

/** The delay level of messages whose handler took too long. */
const TIMEOUT_LEVEL = 3

/** One of the `concurrency` places. Its fiber may be replaced; what an earlier one says is then of no account. */
interface Slot {
  generation: number
  fiber: Fiber.RuntimeFiber<void> | undefined
  queue: ProcessQueue | undefined
  readonly handed: Handed
  phase: typeof IDLE | typeof HANDLING | typeof RETURNING
  /** When this run began, in milliseconds. */
  began: number
}

const nothing: Batch = {
  epoch: -1,
  messages: [],
  size: 0,
  bytes: 0,
  finished: new Uint8Array(0),
  next: 0,
  head: 0,
  remaining: 0
}

/** See the module. */
export interface Dispatcher {
  /** The queue may have messages to hand out. */
  readonly offer: (queue: ProcessQueue) => void
  /** Starts the workers. */
  readonly start: Effect.Effect<void>
  /** Looks for handlers that take too long; for ever. */
  readonly watch: Effect.Effect<never>
  /** Notes that timers run while workers are busy; for ever. */
  readonly pulse: Effect.Effect<never>
  /**
   * Hands out nothing more, waits until all that was handed out is settled, at most `timeout` milliseconds, then
   * interrupts what still runs. Gives the number of messages that were cut off.
   */
  readonly stop: (timeout: number) => Effect.Effect<number>
  /** Messages in the hands of handlers or on their way back. */
  readonly running: () => number
}

/** See the module. */
export const make = <R>(options: {
  readonly group: string
  readonly concurrency: number
  readonly batchSize: number
  readonly consumeTimeout: number
  readonly retryDelay: RetryDelay
  readonly call: Call<R>
  readonly retry: Retry
  readonly counters: Counters
  readonly report: Report
}): Effect.Effect<Dispatcher, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const { batchSize, call, consumeTimeout, counters, group, report, retry } = options
    const runtime = yield* Effect.runtime<R>()
    const clock = yield* Effect.clock
    const runFork = Runtime.runFork(runtime)
    // what is still on its way back to the broker ends with the consumer, and tells what it dies of
    const forkInSet = yield* FiberSet.makeRuntime<R>()
    const aside = (effect: Effect.Effect<void, never, R>): void => {
      forkInSet(
        Effect.catchAllCause(effect, (cause) => Effect.logError(`Group "${group}": giving a message back died`, cause))
      )
    }
    const slots: Array<Slot> = []
    const warn = Backoff.limitedWarning(1_000)

    let stopping = false
    let inHand = 0
    let onIdle: (() => void) | undefined

    const turns = Turns.make()

    const take = (slot: Slot, now: number): boolean => {
      const queue = turns.next(batchSize, slot.handed)
      if (queue === undefined) return false
      slot.queue = queue
      slot.phase = HANDLING
      slot.began = queue.lastHandled = now
      inHand += slot.handed.to - slot.handed.from
      return true
    }

    // ---- sleeping and waking

    const parked: Array<(effect: Effect.Effect<void>) => void> = []
    let waking = false
    let breathing = false
    let breathedAt = 0
    let pulsing = false
    const busy = Signal.make()

    // a woken worker wakes the next one when it finds work, so a batch that is done at once wakes few
    const wakeOne = (): void => {
      if (waking || parked.length === 0) return
      waking = true
      parked.pop()!(Effect.void)
    }

    const park: Effect.Effect<void> = Effect.zipRight(
      Effect.async<void>((resume) => {
        parked.push(resume)
        return Effect.sync(() => {
          const index = parked.indexOf(resume)
          if (index >= 0) parked.splice(index, 1)
        })
      }),
      Effect.sync(() => {
        waking = false
      })
    )

    const pulse = Effect.gen(function*() {
      while (true) {
        yield* busy.wait
        yield* Effect.sleep(PULSE)
        breathedAt = clock.unsafeCurrentTimeMillis()
        pulsing = false
      }
    })

    // workers that never wait would keep timers and sockets waiting: all of them pause while one sleeps
    const breathe: Effect.Effect<void> = Effect.map(Effect.sleep(0), () => {
      breathing = false
      breathedAt = clock.unsafeCurrentTimeMillis()
      wakeOne()
    })

    // ---- settling

    const settled = (count: number): void => {
      inHand -= count
      if (inHand === 0 && onIdle !== undefined) {
        const callback = onIdle
        onIdle = undefined
        callback()
      }
    }

    const free = (slot: Slot): void => {
      slot.phase = IDLE
      slot.queue = undefined
      slot.handed.batch = nothing
    }

    const delayOf = (batch: Batch, index: number): number => {
      const message = batch.messages[index]
      if (message === undefined) return 0
      try {
        const level = options.retryDelay(message)
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

    const reject = (queue: ProcessQueue, batch: Batch, index: number, verdict: Verdict): Effect.Effect<void> => {
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
      return sendBack(queue, batch, index, asked ?? delayOf(batch, index))
    }

    /** Settles what was handed out after the handler succeeded; an effect when something has to go back. */
    const succeeded = (slot: Slot, value: unknown): Effect.Effect<void> | undefined => {
      const { batch, from, to } = slot.handed
      const queue = slot.queue!
      const { totals } = queue
      totals.handling += clock.unsafeCurrentTimeMillis() - slot.began
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
          back.push(reject(queue, batch, index, verdict))
        }
      }
      if (back === undefined) {
        free(slot)
        return undefined
      }
      slot.phase = RETURNING
      return Effect.all(back, { discard: true })
    }

    const failed = (queue: ProcessQueue, handed: Handed, cause: Cause.Cause<unknown>): Effect.Effect<void> => {
      const { batch, from, to } = handed
      const error = Cause.squash(cause)
      if (error instanceof Unreadable) return reject(queue, batch, from, error)
      const back: Array<Effect.Effect<void>> = []
      for (let index = from; index < to; index++) {
        const message = batch.messages[index]
        if (message !== undefined) {
          const problem = new MessageConsumeError({
            group,
            topic: message.topic,
            queue: queue.queue,
            offset: message.queueOffset,
            msgId: message.msgId,
            reconsumeTimes: message.reconsumeTimes,
            cause: error
          })
          report.failed(problem)
          back.push(warn(() => problem.message))
        }
        back.push(reject(queue, batch, index, undefined))
      }
      return Effect.all(back, { discard: true })
    }

    // ---- workers

    const worker = (slot: Slot, generation: number): Effect.Effect<void, never, R> => {
      const mine = (): boolean => slot.generation === generation
      const done = Effect.sync(() => {
        if (mine()) free(slot)
      })
      const onExit = {
        onSuccess: (value: unknown): Effect.Effect<void> => {
          if (!mine()) return Effect.void
          const back = succeeded(slot, value)
          return back === undefined ? Effect.void : Effect.uninterruptible(Effect.zipRight(back, done))
        },
        onFailure: (cause: Cause.Cause<unknown>): Effect.Effect<void> => {
          if (!mine()) return Effect.void
          slot.phase = RETURNING
          return Effect.uninterruptible(Effect.zipRight(failed(slot.queue!, slot.handed, cause), done))
        }
      }
      const step = (): Effect.Effect<void, never, R> => {
        for (let n = 0; n < RUN_LENGTH; n++) {
          if (stopping) return Effect.void
          if (breathing) return park
          if (turns.isEmpty()) return park
          const now = clock.unsafeCurrentTimeMillis()
          if (!pulsing) {
            pulsing = true
            breathedAt = now
            busy.notify()
          } else if (now - breathedAt > BREATH_AFTER) {
            breathing = true
            return breathe
          }
          if (!take(slot, now)) return park
          if (!turns.isEmpty()) wakeOne()
          const { batch, from, to } = slot.handed
          let effect: Effect.Effect<unknown, unknown, R>
          try {
            effect = call(batch.messages, from, to)
          } catch (error) {
            return onExit.onFailure(Cause.die(error))
          }
          if (!Exit.isExit(effect)) return Effect.matchCauseEffect(effect, onExit)
          if (Exit.isFailure(effect)) return onExit.onFailure(effect.cause)
          const back = succeeded(slot, effect.value)
          if (back !== undefined) return Effect.uninterruptible(Effect.zipRight(back, done))
        }
        return Effect.yieldNow()
      }
      return Effect.interruptible(Effect.whileLoop({
        while: () => !stopping && mine(),
        body: step,
        step: () => {}
      }))
    }

    const launch = (slot: Slot): void => {
      const generation = ++slot.generation
      const fiber = runFork(worker(slot, generation))
      slot.fiber = fiber
      fiber.addObserver((exit) => {
        if (slot.generation !== generation) return
        const interrupted = slot.phase !== IDLE ? { queue: slot.queue!, handed: { ...slot.handed } } : undefined
        const wasHandling = slot.phase === HANDLING
        if (stopping) return
        // a handler that ends its own fiber ends no place: what it had in hand comes again
        free(slot)
        waking = false
        launch(slot)
        if (interrupted !== undefined && wasHandling) {
          aside(failed(interrupted.queue, interrupted.handed, Exit.isFailure(exit) ? exit.cause : Cause.empty))
        }
      })
    }

    const cutOff = (slot: Slot): Effect.Effect<void> => {
      const queue = slot.queue!
      const { batch, from, to } = slot.handed
      const old = slot.fiber
      free(slot)
      launch(slot)
      if (old !== undefined) old.unsafeInterruptAsFork(FiberId.none)
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

    const period = Math.min(1_000, Math.max(10, consumeTimeout / 20))
    const watch = Effect.gen(function*() {
      while (true) {
        yield* Effect.sleep(period)
        const now = clock.unsafeCurrentTimeMillis()
        for (const slot of slots) {
          if (slot.phase !== HANDLING) continue
          if (now - slot.began >= consumeTimeout) aside(cutOff(slot))
        }
      }
    })

    const idle = Effect.async<void>((resume) => {
      if (inHand === 0) return resume(Effect.void)
      const callback = () => resume(Effect.void)
      onIdle = callback
      return Effect.sync(() => {
        if (onIdle === callback) onIdle = undefined
      })
    })

    const stop = Effect.fnUntraced(function*(timeout: number) {
      stopping = true
      while (parked.length > 0) parked.pop()!(Effect.void)
      yield* Effect.timeoutOption(Effect.interruptible(idle), timeout)
      const left = inHand
      const fibers: Array<Fiber.RuntimeFiber<void>> = []
      for (const slot of slots) {
        slot.generation++
        if (slot.fiber === undefined) continue
        slot.fiber.unsafeInterruptAsFork(FiberId.none)
        fibers.push(slot.fiber)
      }
      // their finalizers get a moment; one that never ends holds nobody up
      yield* Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(fibers)), FAREWELL)
      return left
    })

    return {
      offer: (queue) => {
        turns.enter(queue)
        if (!turns.isEmpty()) wakeOne()
      },
      start: Effect.sync(() => {
        for (let i = 0; i < options.concurrency; i++) {
          const slot: Slot = {
            generation: 0,
            fiber: undefined,
            queue: undefined,
            handed: { batch: nothing, from: 0, to: 0 },
            phase: IDLE,
            began: 0
          }
          slots.push(slot)
          launch(slot)
        }
      }),
      watch,
      pulse,
      stop,
      running: () => inHand
    }
  })

/** How long interrupted handlers may take to clean up when the consumer stops, in milliseconds. */
const FAREWELL = 1_000
