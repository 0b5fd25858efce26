/**
 * Loops that live as long as their fiber.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** How long a loop that died stays down: long enough that a bug does not spin. */
const pause = "1 second"

/** A loop that ends with its fiber only. When it dies, which is a bug, that is told and it begins again. */
export const supervised = (what: string, loop: Effect.Effect<unknown>): Effect.Effect<never> =>
  loop.pipe(
    Effect.catchAllCause((cause: Cause.Cause<never>) => Effect.logError(`${what} died; it begins again`, cause)),
    Effect.zipRight(Effect.sleep(pause)),
    Effect.forever
  )
