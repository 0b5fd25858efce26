/**
 * Work that must not run inside the call that asks for it: delivery of bytes, flushing of answers, waking of held pulls.
 *
 * First in, first out, on Effect's scheduler, so that nothing here needs a timer or a fiber of its own and a test that
 * controls the scheduler controls the cluster.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"

export interface Tasks {
  /** Runs `task` soon, after everything that was asked for before. */
  readonly defer: (task: () => void) => void
}

/** How much runs before others get their turn. */
const SLICE = 256

export const make: Effect.Effect<Tasks> = Effect.map(FiberRef.get(FiberRef.currentScheduler), (scheduler) => {
  let queue: Array<() => void> = []
  let at = 0
  let scheduled = false
  const drain = () => {
    let left = SLICE
    while (at < queue.length && left > 0) {
      left--
      queue[at++]!()
    }
    if (at < queue.length) {
      scheduler.scheduleTask(drain, 0)
      return
    }
    queue = []
    at = 0
    scheduled = false
  }
  return {
    defer: (task) => {
      queue.push(task)
      if (scheduled) return
      scheduled = true
      scheduler.scheduleTask(drain, 0)
    }
  }
})
