import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RuntimeFiber } from "effect/Fiber"
import { awaitAll } from "./fibers.js"

/**
 * An effect for each item, all at once: a slow broker keeps none of the others waiting. All of them end before this does, and
 * the failure that came first is its own. One alone, which is most often the case, needs no fiber.
 *
 * `Effect.forEach` would do the same, and interrupt the others at a failure, for several times as many operations.
 *
 * @internal
 */
export const atOnce = <A, B, E, R>(
  items: Iterable<A>,
  effect: (item: A) => Effect.Effect<B, E, R>
): Effect.Effect<ReadonlyArray<B>, E, R> => {
  const all = Array.from(items)
  return all.length === 0
    ? Effect.succeed([])
    : all.length === 1
    ? Effect.map(effect(all[0]!), (result) => [result])
    : Effect.flatMap(Effect.forEach(all, (item) => Effect.fork(effect(item))), joinAll)
}

/** The fibers are children of the one that waits: its interruption ends them. */
const joinAll = <B, E>(fibers: ReadonlyArray<RuntimeFiber<B, E>>): Effect.Effect<ReadonlyArray<B>, E> => {
  const results: Array<B> = []
  let failure: Effect.Effect<never, E> | undefined
  fibers.forEach((fiber, index) =>
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) results[index] = exit.value
      else failure ??= Effect.failCause(exit.cause)
    })
  )
  return Effect.flatMap(awaitAll(fibers), () => failure ?? Effect.succeed(results))
}
