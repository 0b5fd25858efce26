/**
 * How long to wait after failures in a row, and how often to talk about them.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds before the next attempt after `failures` failures in a row: doubles from `base` up to `cap`. */
export const delay = (failures: number, base: number, cap: number): number =>
  Math.min(cap, base * 2 ** Math.min(failures - 1, 16))

/** Logs a warning at most once in `period` milliseconds, and says how many it kept back. */
export const limitedWarning = (period: number): (message: () => unknown) => Effect.Effect<void> => {
  let last = -Infinity
  let suppressed = 0
  return (message) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now - last < period) {
        suppressed++
        return Effect.void
      }
      const kept = suppressed
      last = now
      suppressed = 0
      return kept === 0 ? Effect.logWarning(message()) : Effect.logWarning(message(), `(and ${kept} more like it)`)
    })
}
