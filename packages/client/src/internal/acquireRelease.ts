import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

/**
 * `Effect.acquireRelease` for what one fiber acquires and another releases. Effect's own runs the finalizer with the
 * FiberRefs of the fiber that acquired, and leaves their history in the fiber that closes the Scope: a program that starts
 * and stops consumers for ever would keep something of each.
 *
 * @internal
 */
export const acquireRelease = <A, E, R>(
  acquire: Effect.Effect<A, E, R>,
  release: (acquired: A) => Effect.Effect<unknown>
): Effect.Effect<A, E, R | Scope.Scope> =>
  Effect.uninterruptible(
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.tap(acquire, (acquired) => Scope.addFinalizer(scope, Effect.uninterruptible(release(acquired)))))
  )

/**
 * The same for what is noted somewhere in plain code. `end` may run although `begin` has not.
 *
 * @internal
 */
export const registered = (begin: () => unknown, end: () => unknown): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => Effect.map(Scope.addFinalizer(scope, Effect.sync(end)), () => void begin()))
