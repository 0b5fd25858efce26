/**
 * Waiting, always bounded: what does not come in time is a failure that says what was awaited and what was seen.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import type { ClaimFailedError } from "./Expect.js"
import * as Expect from "./Expect.js"
import type { Inbox } from "./Inbox.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Default 15 seconds. */
  readonly within?: Duration.DurationInput | undefined
  /** Pause between two looks. Default 50 milliseconds. */
  readonly every?: Duration.DurationInput | undefined
}

/**
 * Looks again and again until what is seen satisfies the predicate, and gives it. A failed look counts as not yet.
 *
 * @since 0.1.0
 * @category combinators
 */
export const until = Effect.fnUntraced(function*<A, E, R>(
  claim: string,
  look: Effect.Effect<A, E, R>,
  predicate: (seen: A) => boolean,
  options?: Options
): Effect.fn.Return<A, ClaimFailedError, R> {
  const within = Duration.toMillis(options?.within ?? "15 seconds")
  const state = yield* FiberRef.get(Expect.claims)
  const deadline = (yield* Clock.currentTimeMillis) + within - state.stalled
  while (true) {
    const seen = yield* Effect.either(look)
    if (seen._tag === "Right" && predicate(seen.right)) {
      yield* Expect.held(claim)
      return seen.right
    }
    if ((yield* Clock.currentTimeMillis) >= deadline + state.stalled) {
      const what = seen._tag === "Right" ? Expect.show(seen.right) : `failure ${Expect.show(seen.left)}`
      return yield* Expect.broken(`within ${within} ms: ${claim}`, `${what} at the last look`)
    }
    yield* Effect.sleep(options?.every ?? "50 millis")
  }
})

/**
 * Waits until an inbox holds this many deliveries, and gives all that it holds.
 *
 * @since 0.1.0
 * @category combinators
 */
export const received = <A>(
  claim: string,
  inbox: Inbox<A>,
  count: number,
  options?: Options
): Effect.Effect<ReadonlyArray<A>, ClaimFailedError> =>
  until(claim, Effect.sync(inbox.all), (all) => all.length >= count, {
    every: "10 millis",
    ...options
  }).pipe(
    Effect.catchAll((error) =>
      Expect.broken(error.claim, `${inbox.all().length} of ${count} deliveries: ${Expect.show(inbox.all())}`)
    )
  )

/**
 * Claims that an inbox gets nothing more for a while.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nothingMore = <A>(
  claim: string,
  inbox: Inbox<A>,
  during: Duration.DurationInput
): Effect.Effect<void, ClaimFailedError> =>
  Effect.suspend(() => {
    const before = inbox.all().length
    return Effect.sleep(during).pipe(
      Effect.zipRight(Effect.suspend(() =>
        Expect.that(
          `${claim} (for ${Duration.toMillis(during)} ms)`,
          inbox.all().length === before,
          inbox.all().slice(before)
        )
      ))
    )
  })

/**
 * How long an effect takes, in milliseconds, and what it gives.
 *
 * @since 0.1.0
 * @category combinators
 */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [number, A], E, R> =>
  Effect.map(Effect.timed(effect), ([duration, value]) => [Duration.toMillis(duration), value] as const)
