/**
 * Loops that cannot die in silence: those of this client and of the embedded broker, and yours if you like.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** How long a loop that died stays down: long enough that a bug does not spin. */
const pause = "1 second"

/**
 * A loop that ends with its fiber only. When it dies, which is a bug, or ends, it begins again a second later; a death is
 * logged with `what` it was.
 *
 * @example
 * import { Supervised } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * export const refreshing = Effect.forkScoped(
 *   Supervised.supervised("the refresh of prices", Effect.forever(Effect.sleep("1 minute")))
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const supervised = (what: string, loop: Effect.Effect<unknown>): Effect.Effect<never> =>
  loop.pipe(
    Effect.catchAllCause((cause: Cause.Cause<never>) => Effect.logError(`${what} died; it begins again`, cause)),
    Effect.zipRight(Effect.sleep(pause)),
    Effect.forever
  )
