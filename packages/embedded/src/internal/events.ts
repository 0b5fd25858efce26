/**
 * Who wants to know what happens at the servers. Nothing is made while nobody does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ClusterEvent } from "../ClusterEvent.js"

export interface Events {
  /** Tells those who listen; undefined while there are none. */
  emit: ((event: ClusterEvent) => void) | undefined
  /** From now on. Who is too slow misses the oldest. */
  readonly stream: Stream.Stream<ClusterEvent>
  /** Keeps the latest from now on, so many, and gives them each time it is asked. */
  readonly latest: (count: number) => Effect.Effect<Effect.Effect<ReadonlyArray<ClusterEvent>>, never, Scope.Scope>
}

const BUFFER = 4096

export const make = (): Events => {
  const listeners = new Set<(event: ClusterEvent) => void>()
  const tell = (event: ClusterEvent) => {
    for (const listener of listeners) listener(event)
  }
  const forget = (listener: (event: ClusterEvent) => void) =>
    Effect.sync(() => {
      listeners.delete(listener)
      if (listeners.size === 0) events.emit = undefined
    })
  const listen = (listener: (event: ClusterEvent) => void): Effect.Effect<void, never, Scope.Scope> =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.map(Scope.addFinalizer(scope, forget(listener)), () => {
        listeners.add(listener)
        events.emit = tell
      }))
  const events: Events = {
    emit: undefined,
    stream: Stream.asyncPush<ClusterEvent>((emit) => listen((event) => void emit.single(event)), {
      bufferSize: BUFFER,
      strategy: "sliding"
    }),
    latest: (count) =>
      Effect.suspend(() => {
        let last: Array<ClusterEvent> = []
        const kept = (): ReadonlyArray<ClusterEvent> => last.slice(Math.max(0, last.length - count))
        const listening = listen((event) => {
          last.push(event)
          if (last.length > 2 * count) last = last.slice(last.length - count)
        })
        return Effect.as(listening, Effect.sync(kept))
      })
  }
  return events
}
