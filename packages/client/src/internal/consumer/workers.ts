/**
 * The workers that run a consumer's handler: some number of fibers that take messages from the queues in turn, run the
 * handler in their own fiber, and have its outcome settled. Nothing per message is forked, timed or queued.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { Batch, Handed, ProcessQueue } from "../../ProcessQueue.js"
import { awaitAll, runner } from "../fibers.js"
import type { Call } from "./handler.js"
import * as Pace from "./pace.js"
import * as Signal from "./signal.js"
import * as Turns from "./turns.js"

/** How long workers may keep the event loop to themselves, in milliseconds. */
const BREATH_AFTER = 12

/** Period in which a busy dispatcher sees that timers run, in milliseconds. */
const PULSE = 4

/** Least and most time between two looks for handlers that take too long, in milliseconds: timers end at 24.8 days. */
const LOOK = 10
const LONGEST_LOOK = 24 * 60 * 60_000

/** Messages settled in plain code before the worker's loop goes through Effect's scheduler again. */
const RUN_LENGTH = 256

/** What a slot is at. */
const IDLE = 0
const HANDLING = 1
const RETURNING = 2

/** How long interrupted handlers may take to clean up when the consumer stops, in milliseconds. */
const FAREWELL = 1_000

/** One of the `concurrency` places. Its fiber may be replaced; what an earlier one says is then of no account. */
interface Slot<Q> {
  generation: number
  fiber: Fiber.RuntimeFiber<void> | undefined
  queue: Q | undefined
  readonly handed: Handed
  phase: typeof IDLE | typeof HANDLING | typeof RETURNING
  /** When this run began, in milliseconds. */
  began: number
  /** It is given up after the messages in hand. */
  ends: boolean
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

/** What becomes of messages after the handler. Each says `settled` once for each message, when it is done with it. */
export interface Settling<Q> {
  /**
   * The handler succeeded, after so many milliseconds. An effect when something is left to do; `handed` is of account only
   * until this returns.
   */
  readonly succeeded: (queue: Q, handed: Handed, value: unknown, took: number, now: number) =>
    | Effect.Effect<void>
    | undefined
  readonly failed: (queue: Q, handed: Handed, cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** The handler took too long and is interrupted; `ended` waits until it is at an end, which may be never. */
  readonly timedOut: (queue: Q, handed: Handed, ended: Effect.Effect<void>) => Effect.Effect<void>
  /** The same for a handler that is interrupted by `interrupt`. Default: as when it took too long. */
  readonly interrupted?: (queue: Q, handed: Handed, ended: Effect.Effect<void>) => Effect.Effect<void>
}

/** What the workers tell those who settle. */
export interface Hands<Q> {
  /** So many messages are out of hand. */
  readonly settled: (count: number) => void
  /** The queue may have messages to hand out. */
  readonly offer: (queue: Q) => void
  /** The same, for a worker that goes on itself. */
  readonly enter: (queue: Q) => void
}

/** What is the same for every way of handing out. */
export interface Dispatcher {
  /** The queue may have messages to hand out. */
  readonly offer: (queue: ProcessQueue) => void
  /** Starts the workers. */
  readonly start: Effect.Effect<void>
  /** Looks for handlers that take too long; for ever. */
  readonly watch: Effect.Effect<never>
  /** How many handlers run at the same time. */
  readonly concurrency: () => number
  /** Takes effect at once; handlers that are too many end with the messages that they have. */
  readonly setConcurrency: (concurrency: number) => void
  /** Messages per second; Infinity: any. */
  readonly rate: () => number
  readonly setRate: (rate: number, now: number) => void
  /** Goes on when the next message is due; for ever. */
  readonly pacing: Effect.Effect<never>
  /** Notes that timers run while workers are busy; for ever. */
  readonly pulse: Effect.Effect<never>
  /**
   * Hands out nothing more, waits until all that was handed out is settled, at most `timeout` milliseconds, then
   * interrupts what still runs. Gives the number of messages that were cut off.
   */
  readonly stop: (timeout: number) => Effect.Effect<number>
  /** Messages in the hands of handlers or on their way back. */
  readonly running: () => number
  /** The handler that has been at messages of the queue for the longest. */
  readonly busy: (queue: ProcessQueue) => Busy | undefined
}

/** A handler at work. */
export interface Busy {
  /** In milliseconds. */
  readonly since: number
  /** The first of those that it has. */
  readonly message: MessageExt
}

/** See the module. */
export interface Workers<Q> extends Omit<Dispatcher, "offer" | "busy"> {
  readonly offer: (queue: Q) => void
  /** `lingering`: also one that was interrupted and has not ended. */
  readonly busy: (queue: Q, lingering?: boolean) => Busy | undefined
  /** Interrupts the handlers that have messages of the queue. */
  readonly interrupt: (queue: Q) => void
  /** Queues of which a handler was interrupted and has not ended. Of account when the workers have stopped. */
  readonly stuck: () => ReadonlySet<Q>
}

/** `settling` is made with what it needs of the workers. */
export const make = <Q extends Turns.Source, R>(options: {
  readonly group: string
  readonly concurrency: number
  /** Messages per second. Default: any. */
  readonly rate?: number | undefined
  readonly batchSize: number
  readonly consumeTimeout: number
  readonly call: Call<R>
  readonly settling: (hands: Hands<Q>) => Settling<Q>
}): Effect.Effect<Workers<Q>, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const { batchSize, call, consumeTimeout, group } = options
    const runtime = yield* Effect.runtime<R>()
    const clock = yield* Effect.clock
    const runFork = Runtime.runFork(runtime)
    // what is still on its way back to the broker ends with the consumer, and tells what it dies of
    const forkAside = yield* runner<R>()
    const aside = (effect: Effect.Effect<void, never, R>): void => {
      forkAside(
        Effect.catchAllCause(effect, (cause) => Effect.logError(`Group "${group}": giving a message back died`, cause))
      )
    }
    const slots: Array<Slot<Q>> = []
    /** Interrupted handlers that have not ended. */
    const ending = new Map<Fiber.RuntimeFiber<void>, Readonly<Pick<Slot<Q>, "queue" | "handed" | "began">>>()

    let started = false
    let stopping = false
    let concurrency = options.concurrency
    /** Slots that are not to end. */
    let active = 0
    let pace = Pace.make(options.rate ?? Infinity, clock.unsafeCurrentTimeMillis())
    let inHand = 0
    let onIdle: (() => void) | undefined

    const turns = Turns.make<Q>()

    const take = (slot: Slot<Q>, now: number): boolean => {
      const queue = turns.next(pace === undefined ? batchSize : pace.most(batchSize), slot.handed, now)
      if (queue === undefined) return false
      slot.queue = queue
      slot.phase = HANDLING
      slot.began = queue.lastHandled = now
      const count = slot.handed.to - slot.handed.from
      inHand += count
      if (pace !== undefined) pace.took(count, now)
      return true
    }

    // ---- sleeping and waking

    /** Workers without work. None of them is interrupted there: a stop wakes all of them first. */
    const parked: Array<(effect: Effect.Effect<void>) => void> = []
    let waking = false
    let breathing = false
    let breathedAt = 0
    let pulsing = false
    const busy = Signal.make()

    // a woken worker wakes the next one when it finds work, so a batch that is done at once wakes few; where none is left
    // to be woken one more begins, so a consumer has no more of them than it once needed at the same time
    const wakeOne = (): void => {
      if (waking) return
      const next = parked.pop()
      if (next === undefined && (active >= concurrency || !started || stopping)) return
      waking = true
      if (next === undefined) add()
      else next(Effect.void)
    }

    const park: Effect.Effect<void> = Effect.zipRight(
      Effect.async<void>((resume) => void parked.push(resume)),
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

    /** Somebody waits for the next message to be due. */
    let held = false
    const paced = Signal.make()

    const hold = (): void => {
      if (held) return
      held = true
      paced.notify()
    }

    const pacing = Effect.gen(function*() {
      while (true) {
        if (!held) {
          yield* paced.wait
          continue
        }
        const left = pace === undefined ? 0 : pace.wait(clock.unsafeCurrentTimeMillis())
        if (left > 0) {
          // another rate may be set meanwhile
          yield* paced.waitAtMost(left)
          continue
        }
        held = false
        wakeOne()
      }
    })

    const setRate = (rate: number, now: number): void => {
      pace = pace === undefined || rate === Infinity ? Pace.make(rate, now) : pace.at(rate, now)
      paced.notify()
    }

    // ---- settling

    const settled = (count: number): void => {
      inHand -= count
      if (inHand === 0 && onIdle !== undefined) {
        const callback = onIdle
        onIdle = undefined
        callback()
      }
    }

    const offer = (queue: Q): void => {
      turns.enter(queue)
      if (!turns.isEmpty()) wakeOne()
    }

    const settling = options.settling({ settled, offer, enter: turns.enter })

    const free = (slot: Slot<Q>): void => {
      slot.phase = IDLE
      slot.queue = undefined
      slot.handed.batch = nothing
      slot.handed.lane = undefined
    }

    /** Settles what was handed out after the handler succeeded; an effect when something is left to do. */
    const succeeded = (slot: Slot<Q>, value: unknown): Effect.Effect<void> | undefined => {
      const now = clock.unsafeCurrentTimeMillis()
      const rest = settling.succeeded(slot.queue!, slot.handed, value, now - slot.began, now)
      if (rest === undefined) free(slot)
      else slot.phase = RETURNING
      return rest
    }

    // ---- workers

    const worker = (slot: Slot<Q>, generation: number): Effect.Effect<void, never, R> => {
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
          return Effect.uninterruptible(Effect.zipRight(settling.failed(slot.queue!, slot.handed, cause), done))
        }
      }
      const step = (): Effect.Effect<void, never, R> => {
        for (let n = 0; n < RUN_LENGTH; n++) {
          if (slot.ends) return Effect.void
          if (breathing) return park
          if (turns.isEmpty()) return park
          const now = clock.unsafeCurrentTimeMillis()
          if (pace !== undefined && pace.wait(now) > 0) {
            hold()
            return park
          }
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
      return Effect.interruptible(Effect.suspend(() => {
        waking = false
        return Effect.whileLoop({
          while: () => !slot.ends && mine(),
          body: step,
          step: () => {}
        })
      }))
    }

    const launch = (slot: Slot<Q>): void => {
      const generation = ++slot.generation
      // not within this call, which may be that of another worker
      const fiber = runFork(worker(slot, generation), { immediate: false })
      slot.fiber = fiber
      fiber.addObserver((exit) => {
        if (slot.generation !== generation) return
        const interrupted = slot.phase !== IDLE ? { queue: slot.queue!, handed: { ...slot.handed } } : undefined
        const wasHandling = slot.phase === HANDLING
        if (stopping) return
        // a handler that ends its own fiber ends no place: what it had in hand comes again
        free(slot)
        waking = false
        goOn(slot)
        if (interrupted !== undefined && wasHandling) {
          aside(settling.failed(interrupted.queue, interrupted.handed, Exit.isFailure(exit) ? exit.cause : Cause.empty))
        }
      })
    }

    /** Another fiber takes the place over, unless it is given up. */
    const goOn = (slot: Slot<Q>): void => {
      if (!slot.ends) return launch(slot)
      slot.generation++
      slots.splice(slots.indexOf(slot), 1)
      if (!turns.isEmpty()) wakeOne()
    }

    const add = (): void => {
      const slot: Slot<Q> = {
        generation: 0,
        fiber: undefined,
        queue: undefined,
        handed: { batch: nothing, from: 0, to: 0, lane: undefined },
        phase: IDLE,
        began: 0,
        ends: false
      }
      slots.push(slot)
      active++
      launch(slot)
    }

    const setConcurrency = (wanted: number): void => {
      concurrency = wanted
      if (!started || stopping) return
      for (const slot of slots) {
        if (active >= concurrency) break
        if (!slot.ends) continue
        slot.ends = false
        active++
      }
      if (!turns.isEmpty()) wakeOne()
      if (active <= concurrency) return
      // the idle ones first, then the latest
      const idleFirst = [...slots].reverse().sort((a, b) => Number(a.phase !== IDLE) - Number(b.phase !== IDLE))
      for (const slot of idleFirst) {
        if (active === concurrency) break
        if (slot.ends) continue
        slot.ends = true
        active--
      }
      // the idle ones end when they wake
      while (parked.length > 0) parked.pop()!(Effect.void)
    }

    /** The place is free at once; what the handler still does is of no account. */
    const cutOff = (
      slot: Slot<Q>,
      then: (queue: Q, handed: Handed, ended: Effect.Effect<void>) => Effect.Effect<void>
    ): void => {
      const queue = slot.queue!
      const handed = { ...slot.handed }
      const old = slot.fiber!
      const { began } = slot
      free(slot)
      goOn(slot)
      ending.set(old, { queue, handed, began })
      old.addObserver(() => ending.delete(old))
      old.unsafeInterruptAsFork(FiberId.none)
      aside(then(queue, handed, Effect.asVoid(Fiber.await(old))))
    }

    const watch = Effect.gen(function*() {
      while (true) {
        const now = clock.unsafeCurrentTimeMillis()
        // what begins from now on has its end after this
        let next = now + consumeTimeout
        for (const slot of [...slots]) {
          if (slot.phase !== HANDLING) continue
          const end = slot.began + consumeTimeout
          if (end <= now) cutOff(slot, settling.timedOut)
          else if (end < next) next = end
        }
        yield* Effect.sleep(Math.min(LONGEST_LOOK, Math.max(LOOK, next - now)))
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
      for (const slot of slots) slot.ends = true
      while (parked.length > 0) parked.pop()!(Effect.void)
      if (inHand > 0) yield* Effect.timeoutOption(Effect.interruptible(idle), timeout)
      const left = inHand
      const fibers: Array<Fiber.RuntimeFiber<void>> = []
      for (const slot of slots) {
        slot.generation++
        if (slot.fiber === undefined) continue
        slot.fiber.unsafeInterruptAsFork(FiberId.none)
        fibers.push(slot.fiber)
      }
      // those without work are done by now; finalizers of the others get a moment, and one that never ends holds nobody up
      yield* Effect.yieldNow()
      const alive = fibers.filter((fiber) => fiber.unsafePoll() === null)
      if (alive.length > 0) yield* Effect.timeoutOption(Effect.interruptible(awaitAll(alive)), FAREWELL)
      return left
    })

    return {
      offer,
      start: Effect.sync(() => {
        started = true
        if (!turns.isEmpty()) wakeOne()
      }),
      concurrency: () => concurrency,
      setConcurrency,
      rate: () => pace === undefined ? Infinity : pace.rate,
      setRate,
      pacing,
      watch,
      pulse,
      stop,
      running: () => inHand,
      interrupt: (queue) => {
        for (const slot of [...slots]) {
          if (slot.phase === HANDLING && slot.queue === queue) cutOff(slot, settling.interrupted ?? settling.timedOut)
        }
      },
      busy: (queue, lingering = false) => {
        let found: Busy | undefined
        const candidates = slots.filter(({ phase }) => phase === HANDLING)
        for (const { began, handed, queue: own } of lingering ? [...candidates, ...ending.values()] : candidates) {
          const message = handed.batch.messages[handed.from]
          if (own !== queue || message === undefined || (found !== undefined && found.since <= began)) continue
          found = { since: began, message }
        }
        return found
      },
      stuck: () => {
        const queues = new Set<Q>()
        for (const { queue } of ending.values()) if (queue !== undefined) queues.add(queue)
        for (const { fiber, queue } of slots) {
          if (queue !== undefined && fiber?.unsafePoll() === null) queues.add(queue)
        }
        return queues
      }
    }
  })
