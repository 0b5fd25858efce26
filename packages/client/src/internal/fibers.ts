/**
 * Fibers that end with a Scope. Clients come and go by the thousand in tests, so each of these costs one finalizer, not one
 * for each fiber, and none with a history of FiberRefs.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { RuntimeFiber } from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"

type AnyFiber = RuntimeFiber<unknown, unknown>

/** @internal Goes on when all of them have ended. */
export const awaitAll = (fibers: ReadonlyArray<AnyFiber>): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    let running = fibers.length
    if (running === 0) return resume(Effect.void)
    for (const fiber of fibers) {
      fiber.addObserver(() => {
        if (--running === 0) resume(Effect.void)
      })
    }
  })

/** Waits for them, too; but the caller does not wait for itself. */
const interruptAll = (fibers: Iterable<AnyFiber>): Effect.Effect<void> =>
  Effect.withFiberRuntime((caller) => {
    const others = Array.from(fibers).filter((fiber) => fiber !== caller)
    for (const fiber of others) fiber.unsafeInterruptAsFork(caller.id())
    return awaitAll(others)
  })

/** @internal What plain code starts fibers with. `soon`: not within this call. */
export type Run<R = never> = <A, E>(effect: Effect.Effect<A, E, R>, soon?: "soon") => RuntimeFiber<A, E>

/** @internal Fibers started with this are interrupted and awaited when the Scope closes; later ones do not begin. */
export const runner = <R = never>(): Effect.Effect<Run<R>, never, R | Scope.Scope> =>
  Effect.flatMap(Effect.runtime<R | Scope.Scope>(), (runtime) => {
    // also where it is made in a region that is not
    const fork = Runtime.runFork(Runtime.enableRuntimeFlag(runtime, RuntimeFlags.Interruption))
    const fibers = new Set<AnyFiber>()
    let closed = false
    const run: Run<R> = (effect, soon) => {
      const fiber = fork(closed ? Effect.interrupt : effect, soon && { immediate: false })
      fibers.add(fiber)
      fiber.addObserver(() => fibers.delete(fiber))
      return fiber
    }
    const end = Effect.suspend(() => {
      closed = true
      return interruptAll(fibers)
    })
    return Effect.flatMap(
      Effect.scope,
      (scope) => Effect.as(Scope.addFinalizer(scope, Effect.uninterruptible(end)), run)
    )
  })

/** @internal Runs all of them until the Scope closes, which interrupts and awaits them together. */
export const forkAll = <R>(
  loops: ReadonlyArray<Effect.Effect<unknown, never, R>>
): Effect.Effect<void, never, R | Scope.Scope> =>
  Effect.map(runner<R>(), (run) => {
    for (const loop of loops) run(loop, "soon")
  })

/** @internal Runs an effect once, to its end, in a fiber of its own, and gives what it gave to all who ask. */
export const once = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<A, E>, never, R | Scope.Scope> =>
  Effect.map(runner<R>(), (run) => {
    let running: RuntimeFiber<A, E> | undefined
    return Effect.suspend(() => Effect.flatten(Fiber.await(running ??= run(effect))))
  })
