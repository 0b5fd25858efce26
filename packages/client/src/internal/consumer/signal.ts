/**
 * "Something happened", said from plain code to one waiting fiber. Said twice before it is heard, it is heard once.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** See the module. */
export interface Signal {
  readonly notify: () => void
  /** Waits for the next notice; at once when there was one since the last wait. */
  readonly wait: Effect.Effect<void>
  /** The same for so many milliseconds at most. */
  readonly waitAtMost: (millis: number) => Effect.Effect<void>
}

interface Waiter {
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly wake: () => void
}

/** A signal that was not given yet. */
export const make = (): Signal => {
  let raised = false
  let waiter: Waiter | undefined

  /** Whoever is interrupted stays the waiter until it has ended: a finalizer would cost more than the wait. */
  const wait = (timer?: Fiber.RuntimeFiber<void>): Effect.Effect<void> =>
    Effect.withFiberRuntime((fiber) =>
      Effect.async<void>((resume) => {
        const self: Waiter = {
          fiber,
          wake: () => {
            waiter = undefined
            timer?.unsafeInterruptAsFork(fiber.id())
            resume(Effect.void)
          }
        }
        if (raised) {
          raised = false
          return self.wake()
        }
        waiter = self
        timer?.addObserver(() => {
          if (waiter === self) self.wake()
        })
      })
    )

  return {
    notify: () => {
      if (waiter === undefined || waiter.fiber.unsafePoll() !== null) raised = true
      else waiter.wake()
    },
    wait: wait(),
    // one fiber more, where a race would take two
    waitAtMost: (millis) => Effect.flatMap(Effect.fork(Effect.sleep(millis)), wait)
  }
}
