/**
 * What waits for its time, the nearest first, and the loop that says when it has come.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Signal from "./signal.js"

/** Something with the time, in milliseconds, until which it waits. */
interface Due {
  readonly due: number
}

/** See the module. */
export interface DueQueue<A extends Due> {
  readonly add: (entry: A) => void
  /** Hands out what is due; for ever. */
  readonly run: Effect.Effect<never>
}

/** `onDue` is plain code: it is called inside the loop, and must not throw. */
export const make = <A extends Due>(clock: Clock.Clock, onDue: (entry: A) => void): DueQueue<A> => {
  const waiting: Array<A> = []
  const signal = Signal.make()
  return {
    add: (entry) => {
      let at = waiting.length
      while (at > 0 && waiting[at - 1]!.due > entry.due) at--
      waiting.splice(at, 0, entry)
      // the loop sleeps until the first one
      if (at === 0) signal.notify()
    },
    run: Effect.gen(function*() {
      while (true) {
        const next = waiting[0]
        if (next === undefined) {
          yield* signal.wait
          continue
        }
        const now = clock.unsafeCurrentTimeMillis()
        if (next.due > now) {
          yield* signal.waitAtMost(next.due - now)
          continue
        }
        waiting.shift()
        onDue(next)
      }
    })
  }
}
