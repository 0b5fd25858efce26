/**
 * When to look for clients that fell silent: not before the first of them can be late, and not at all without clients, so
 * that an idle cluster makes no work for the clock.
 *
 * @since 0.1.0
 */
import type { Timers } from "./timers.js"

export interface Expiry {
  /** A client came: look at the latest when it could be late. */
  readonly arm: () => void
}

/**
 * @param sweep takes out what was last heard of before `limit` and gives the oldest time at which one of the rest was
 * heard of; undefined when nobody is left
 */
export const make = (timers: Timers, timeout: number, sweep: (limit: number) => number | undefined): Expiry => {
  let armed = false
  const armAt = (time: number) => {
    armed = true
    timers.at(time, () => {
      armed = false
      const oldest = sweep(timers.now() - timeout)
      if (oldest !== undefined && !armed) armAt(Math.max(oldest + timeout, timers.now()) + 1)
    })
  }
  return {
    arm: () => {
      if (!armed) armAt(timers.now() + timeout + 1)
    }
  }
}
