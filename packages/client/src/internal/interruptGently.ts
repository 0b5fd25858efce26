import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as RuntimeFlags from "effect/RuntimeFlags"

/** Until a fiber that cannot be interrupted now is looked at again. */
const pause = "10 millis"

/**
 * Interrupts a fiber where it allows it, and gives its exit. A plain interruption marks a fiber that is in an
 * uninterruptible region, too: it ends as interrupted when it leaves that region, though what it did there succeeded. Here
 * it gets to say so, when that was the last it had to do.
 *
 * @internal
 */
export const interruptGently = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  Effect.flatMap(fiber.status, (status) => {
    if (status._tag === "Done") return Fiber.await(fiber)
    return RuntimeFlags.interruptible(status.runtimeFlags)
      ? Fiber.interrupt(fiber)
      : Effect.zipRight(
        Effect.raceFirst(
          Effect.interruptible(Effect.asVoid(Fiber.await(fiber))),
          Effect.interruptible(Effect.sleep(pause))
        ),
        Effect.suspend(() => interruptGently(fiber))
      )
  })
