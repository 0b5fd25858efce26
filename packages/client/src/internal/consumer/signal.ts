/**
 * "Something happened", said from plain code to one waiting fiber. Said twice before it is heard, it is heard once.
 */
import * as Effect from "effect/Effect"

/** See the module. */
export interface Signal {
  readonly notify: () => void
  /** Waits for the next notice; at once when there was one since the last wait. */
  readonly wait: Effect.Effect<void>
}

/** A signal that was not given yet. */
export const make = (): Signal => {
  let raised = false
  let waiter: ((effect: Effect.Effect<void>) => void) | undefined
  return {
    notify: () => {
      const resume = waiter
      waiter = undefined
      if (resume === undefined) raised = true
      else resume(Effect.void)
    },
    wait: Effect.async<void>((resume) => {
      if (raised) {
        raised = false
        resume(Effect.void)
        return
      }
      waiter = resume
      return Effect.sync(() => {
        if (waiter === resume) waiter = undefined
      })
    })
  }
}
