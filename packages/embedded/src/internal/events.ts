/**
 * Who wants to know what happens at the servers. Nothing is made while nobody does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ClusterEvent } from "../ClusterEvent.js"

export interface Events {
  /** Tells those who listen; undefined while there are none. */
  emit: ((event: ClusterEvent) => void) | undefined
  /** From now on. Who is too slow misses the oldest. */
  readonly stream: Stream.Stream<ClusterEvent>
}

const BUFFER = 4096

export const make = (): Events => {
  const listeners = new Set<(event: ClusterEvent) => void>()
  const tell = (event: ClusterEvent) => {
    for (const listener of listeners) listener(event)
  }
  const events: Events = {
    emit: undefined,
    stream: Stream.asyncPush<ClusterEvent>((emit) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = (event: ClusterEvent) => void emit.single(event)
          listeners.add(listener)
          events.emit = tell
          return listener
        }),
        (listener) =>
          Effect.sync(() => {
            listeners.delete(listener)
            if (listeners.size === 0) events.emit = undefined
          })
      ), { bufferSize: BUFFER, strategy: "sliding" })
  }
  return events
}
