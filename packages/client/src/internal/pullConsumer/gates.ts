/**
 * Which queues are paused: their pull loops wait, and polls pass them by.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"

/** See the module. */
export interface Gates {
  readonly isPaused: (queue: MessageQueue) => boolean
  /** Queues that are paused already, or run already, stay as they are. */
  readonly pause: (queue: MessageQueue) => void
  readonly resume: (queue: MessageQueue) => void
  /** Runs a loop while the queue is not paused. A pull that is under way when it is paused is given up. */
  readonly guard: (queue: MessageQueue, loop: Effect.Effect<never>) => Effect.Effect<never>
}

/** One of the two is open. */
interface Gate {
  readonly running: Effect.Latch
  readonly paused: Effect.Latch
}

/** Nothing is paused. */
export const make = (): Gates => {
  const gates = new Map<string, Gate>()
  const paused = new Set<string>()

  const gateOf = (key: string): Gate => {
    const known = gates.get(key)
    if (known !== undefined) return known
    const gate = { running: Effect.unsafeMakeLatch(true), paused: Effect.unsafeMakeLatch(false) }
    gates.set(key, gate)
    return gate
  }

  return {
    isPaused: (queue) => paused.size > 0 && paused.has(MQ.key(queue)),
    pause: (queue) => {
      const key = MQ.key(queue)
      const gate = gateOf(key)
      paused.add(key)
      gate.running.unsafeClose()
      gate.paused.unsafeOpen()
    },
    resume: (queue) => {
      const key = MQ.key(queue)
      const gate = gateOf(key)
      paused.delete(key)
      gate.paused.unsafeClose()
      gate.running.unsafeOpen()
    },
    guard: (queue, loop) =>
      Effect.suspend(() => {
        const gate = gateOf(MQ.key(queue))
        return Effect.forever(Effect.zipRight(gate.running.await, Effect.raceFirst(loop, gate.paused.await)))
      })
  }
}
