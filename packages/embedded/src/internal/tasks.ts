/**
 * Work that must not run inside the call that asks for it: delivery of bytes, flushing of answers, waking of held pulls.
 *
 * First in, first out, on Effect's scheduler, so that nothing here needs a timer or a fiber of its own and a test that
 * controls the scheduler controls the cluster.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Runtime from "effect/Runtime"
import { turn } from "./turn.js"
import { isVirtual } from "./virtualClock.js"

export interface Tasks {
  /** Runs `task` soon, after everything that was asked for before. */
  readonly defer: (task: () => void) => void
}

/** How much runs before others get their turn. */
const SLICE = 256

/**
 * After so many slices and milliseconds the timers of the process get a turn. Effect's scheduler goes up to 2048 rounds on
 * the microtask queue first, and over memory clients and brokers keep it full: timers and sockets would be late by seconds.
 */
const BREATH_SLICES = 8
const BREATH_MILLIS = 20

export const make: Effect.Effect<Tasks> = Effect.gen(function*() {
  const scheduler = yield* FiberRef.get(FiberRef.currentScheduler)
  const clock = yield* Effect.clock
  const fork = Runtime.runFork(yield* Effect.runtime())
  let queue: Array<() => void> = []
  let at = 0
  let scheduled = false
  let slices = 0
  let breathed = clock.unsafeCurrentTimeMillis()
  const next = () => {
    if (++slices < BREATH_SLICES || clock.unsafeCurrentTimeMillis() - breathed < BREATH_MILLIS) {
      scheduler.scheduleTask(drain, 0)
    } else {
      breathe()
    }
  }
  const drain = () => {
    let left = SLICE
    while (at < queue.length && left > 0) {
      left--
      queue[at++]!()
    }
    if (at < queue.length) {
      next()
      return
    }
    queue = []
    at = 0
    scheduled = false
  }
  const goOn = () => {
    slices = 0
    breathed = clock.unsafeCurrentTimeMillis()
    drain()
  }
  // on virtual time whoever waits for this very moment has a turn; on a real clock such a sleep would take a millisecond
  const breathe = isVirtual(clock)
    ? () => fork(Effect.zipRight(Clock.sleep(0), Effect.sync(goOn)))
    : () => turn(goOn)
  return {
    defer: (task) => {
      queue.push(task)
      if (scheduled) return
      scheduled = true
      next()
    }
  }
})
