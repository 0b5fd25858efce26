/**
 * A clock that moves only when it is told to: a binary heap of sleepers, nearest first, first come first of one moment.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

interface Sleeper {
  readonly at: number
  readonly order: number
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly wake: (effect: Effect.Effect<void>) => void
}

export interface VirtualClock extends Clock.Clock {
  /** When the nearest sleeper wakes. */
  readonly next: () => number | undefined
  /** Moves to the nearest sleeper and wakes all that sleep until the same moment. */
  readonly advance: () => void
  /** Whether it must stand still for now. */
  readonly isHeld: () => boolean
  readonly held: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

const clocks = new WeakSet<Clock.Clock>()

export const isVirtual = (clock: Clock.Clock): clock is VirtualClock => clocks.has(clock)

const before = (left: Sleeper, right: Sleeper): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order)

export const make = (start: number): VirtualClock => {
  const heap: Array<Sleeper> = []
  let now = start
  let order = 0
  let holds = 0

  const push = (sleeper: Sleeper) => {
    let index = heap.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(sleeper, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = sleeper
  }
  const pop = () => {
    const last = heap.pop()!
    if (heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
  /** The nearest one whose fiber has not ended meanwhile. */
  const first = (): Sleeper | undefined => {
    while (heap.length > 0 && heap[0]!.fiber.unsafePoll() !== null) pop()
    return heap[0]
  }
  // an interruption leaves the sleeper where it is: to wake it does nothing then, and a finalizer of each sleep would cost
  // more than the sleep
  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.withFiberRuntime((fiber) =>
      Effect.async<void>((resume) => {
        const millis = Duration.toMillis(duration)
        // for good, as long as nobody interrupts it
        if (!Number.isFinite(millis)) return
        push({ at: now + millis, order: order++, fiber, wake: resume })
      })
    )

  const clock: VirtualClock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => Math.floor(now),
    unsafeCurrentTimeNanos: () => BigInt(Math.round(now * 1000)) * 1000n,
    currentTimeMillis: Effect.sync(() => clock.unsafeCurrentTimeMillis()),
    currentTimeNanos: Effect.sync(() => clock.unsafeCurrentTimeNanos()),
    sleep,
    next: () => first()?.at,
    advance: () => {
      const nearest = first()
      if (nearest === undefined) return
      now = nearest.at
      for (let sleeper = first(); sleeper !== undefined && sleeper.at === now; sleeper = first()) {
        pop()
        sleeper.wake(Effect.void)
      }
    },
    isHeld: () => holds > 0,
    held: (self) => Effect.acquireUseRelease(Effect.sync(() => holds++), () => self, () => Effect.sync(() => holds--))
  }
  clocks.add(clock)
  return clock
}
