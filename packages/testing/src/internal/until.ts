/**
 * Looking again and again, always bounded.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ExpectationError } from "../ExpectationError.js"
import { show } from "./show.js"

/** Milliseconds between the first looks, and between later ones: what is soon there is soon seen, and time is cheap. */
const FIRST_PAUSE = 10
const LAST_PAUSE = 1_000

/** Gives what is seen when it fits. A look that fails counts as not yet. */
export const until = Effect.fnUntraced(function*<A, E, R>(
  expected: string,
  look: Effect.Effect<A, E, R>,
  fits: (seen: A) => boolean,
  within: Duration.DurationInput = "30 seconds"
): Effect.fn.Return<A, ExpectationError, R> {
  const deadline = (yield* Clock.currentTimeMillis) + Duration.toMillis(within)
  for (let pause = FIRST_PAUSE;; pause = Math.min(2 * pause, LAST_PAUSE)) {
    const seen = yield* Effect.either(look)
    if (Either.isRight(seen) && fits(seen.right)) return seen.right
    if ((yield* Clock.currentTimeMillis) >= deadline) {
      return yield* new ExpectationError({
        expected: `${expected} within ${Duration.format(Duration.decode(within))}`,
        seen: `${Either.isRight(seen) ? show(seen.right) : show(seen.left)} at the last look`
      })
    }
    yield* Effect.sleep(pause)
  }
})
