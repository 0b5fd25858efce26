/**
 * Deadlines of the whole cluster on Effect's clock: a binary heap and one fiber that sleeps until the nearest of them.
 *
 * The broker's work is plain synchronous code; whatever it wants to happen later (the end of a held pull, a delayed
 * message, a scan) is a callback here, so that time is Effect's alone and a test with `TestClock` replays exactly.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A callback that is due at `at`; `index` is its place in the heap, -1 when it is not in it. */
export interface Timer {
  at: number
  readonly order: number
  readonly run: () => void
  index: number
}

export interface Timers {
  /** The present, in milliseconds of Effect's clock. */
  readonly now: () => number
  /** Runs `run` once at the given time, never before it. Callbacks of one time run in the order of their making. */
  readonly at: (time: number, run: () => void) => Timer
  readonly cancel: (timer: Timer) => void
  readonly size: () => number
}

const before = (left: Timer, right: Timer): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order)

/** Timers that live in the present scope. A callback that throws is logged and costs no other callback anything. */
export const make: Effect.Effect<Timers, never, Scope.Scope> = Effect.gen(function*() {
  const clock = yield* Effect.clock
  const heap: Array<Timer> = []
  const failures: Array<unknown> = []
  let order = 0
  let sleepingUntil = Number.POSITIVE_INFINITY
  let wake: (() => void) | undefined
  /** A nearer deadline came between the look at the heap and the sleep. */
  let missed = false

  const place = (timer: Timer, index: number) => {
    heap[index] = timer
    timer.index = index
  }
  const up = (timer: Timer, from: number) => {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]!
      if (!before(timer, above)) break
      place(above, index)
      index = parent
    }
    place(timer, index)
  }
  const down = (timer: Timer, from: number) => {
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      const below = heap[child]!
      if (!before(below, timer)) break
      place(below, index)
      index = child
    }
    place(timer, index)
  }
  const remove = (timer: Timer) => {
    const index = timer.index
    if (index < 0) return
    timer.index = -1
    const last = heap.pop()!
    if (last === timer) return
    if (index > 0 && before(last, heap[(index - 1) >> 1]!)) up(last, index)
    else down(last, index)
  }
  const add = (time: number, run: () => void): Timer => {
    const timer: Timer = { at: time, order: order++, run, index: heap.length }
    heap.push(timer)
    up(timer, heap.length - 1)
    if (time < sleepingUntil) {
      if (wake === undefined) missed = true
      else wake()
    }
    return timer
  }
  const runDue = () => {
    for (;;) {
      const first = heap[0]
      if (first === undefined || first.at > clock.unsafeCurrentTimeMillis()) return
      remove(first)
      try {
        first.run()
      } catch (error) {
        failures.push(error)
      }
    }
  }

  const woken = Effect.async<void>((resume) => {
    if (missed) {
      resume(Effect.void)
      return undefined
    }
    wake = () => {
      wake = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      wake = undefined
    })
  })

  const step: Effect.Effect<void> = Effect.suspend(() => {
    runDue()
    missed = false
    if (failures.length > 0) {
      const causes = failures.splice(0)
      return Effect.logError("a timer of the embedded broker failed", ...causes)
    }
    const next = heap[0]
    if (next === undefined) {
      sleepingUntil = Number.POSITIVE_INFINITY
      return woken
    }
    sleepingUntil = next.at
    return Effect.raceFirst(Clock.sleep(next.at - clock.unsafeCurrentTimeMillis()), woken)
  })

  yield* Effect.forever(step).pipe(
    Effect.annotateLogs("module", "EmbeddedCluster"),
    Effect.interruptible,
    Effect.forkScoped
  )

  return {
    now: () => clock.unsafeCurrentTimeMillis(),
    at: add,
    cancel: remove,
    size: () => heap.length
  }
})
