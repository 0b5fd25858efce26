/**
 * What a behaviour claims. Each claim is counted, so that a behaviour which claims nothing cannot pass.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as GlobalValue from "effect/GlobalValue"
import { inspect, isDeepStrictEqual } from "node:util"

/**
 * A claim that does not hold: what was claimed, and what was seen instead.
 *
 * @since 0.1.0
 * @category errors
 */
export class ClaimFailedError extends Data.TaggedError("ClaimFailedError")<{
  readonly claim: string
  readonly seen: string
}> {
  override get message(): string {
    return `${this.claim}\n  seen: ${this.seen}`
  }
}

/**
 * One run of one behaviour: the claims that held so far, and how much of the time this process was not served.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claims {
  count: number
  last: string
  /**
   * Milliseconds that timers came late, in all: other programs had the processor. Upper bounds are later by as much, so
   * that a busy machine breaks no claim.
   */
  stalled: number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const claims: FiberRef.FiberRef<Claims> = GlobalValue.globalValue(
  "@effect-rocketmq/conformance/Expect/claims",
  () => FiberRef.unsafeMake<Claims>({ count: 0, last: "none", stalled: 0 })
)

/**
 * A value as a person reads it in a failure.
 *
 * @since 0.1.0
 * @category combinators
 */
export const show = (value: unknown): string => {
  const text = inspect(value, { depth: 6, maxArrayLength: 40, maxStringLength: 400, breakLength: 110 })
  return text.length > 4000 ? `${text.slice(0, 4000)} … (${text.length} characters)` : text
}

/**
 * Notes a claim that held.
 *
 * @since 0.1.0
 * @category combinators
 */
export const held = (claim: string): Effect.Effect<void> =>
  FiberRef.get(claims).pipe(Effect.map((state) => {
    state.count++
    state.last = claim
  }))

/**
 * Fails, with the claim and what was seen instead.
 *
 * @since 0.1.0
 * @category constructors
 */
export const broken = (claim: string, seen: unknown): Effect.Effect<never, ClaimFailedError> =>
  Effect.fail(new ClaimFailedError({ claim, seen: typeof seen === "string" ? seen : show(seen) }))

/**
 * Claims that a condition holds.
 *
 * @since 0.1.0
 * @category combinators
 */
export const that = (claim: string, condition: boolean, seen: unknown): Effect.Effect<void, ClaimFailedError> =>
  condition ? held(claim) : broken(claim, seen)

/**
 * Claims that something took so many milliseconds; the upper bound is later by the time that the process was stalled.
 *
 * @since 0.1.0
 * @category combinators
 */
export const took = (
  claim: string,
  millis: number,
  bounds: { readonly atLeast?: number; readonly atMost: number }
): Effect.Effect<void, ClaimFailedError> =>
  Effect.flatMap(FiberRef.get(claims), ({ stalled }) =>
    that(
      claim,
      millis >= (bounds.atLeast ?? 0) && millis <= bounds.atMost + stalled,
      `${millis} ms, not from ${bounds.atLeast ?? 0} to ${bounds.atMost} ms (stalled for ${stalled} ms)`
    ))

/**
 * Claims that two values are equal, deeply.
 *
 * @since 0.1.0
 * @category combinators
 */
export const equal = <A>(claim: string, actual: A, expected: NoInfer<A>): Effect.Effect<void, ClaimFailedError> =>
  isDeepStrictEqual(actual, expected) ? held(claim) : broken(claim, `${show(actual)}\n  expected: ${show(expected)}`)

/**
 * Claims that something is there, and gives it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const present = <A>(claim: string, value: A | undefined): Effect.Effect<A, ClaimFailedError> =>
  value === undefined ? broken(claim, "nothing") : Effect.as(held(claim), value)

/**
 * Claims that an effect fails with this tag, and gives the error.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fails = <A, E extends { readonly _tag: string }, R, const Tag extends E["_tag"]>(
  claim: string,
  effect: Effect.Effect<A, E, R>,
  tag: Tag
): Effect.Effect<Extract<E, { readonly _tag: Tag }>, ClaimFailedError, R> =>
  Effect.flatMap(
    Effect.either(effect),
    (result): Effect.Effect<Extract<E, { readonly _tag: Tag }>, ClaimFailedError> =>
      Either.isRight(result)
        ? broken(claim, `no failure, but ${show(result.right)}`)
        : isTagged(result.left, tag)
        ? Effect.as(held(claim), result.left)
        : broken(claim, result.left)
  )

const isTagged = <E extends { readonly _tag: string }, Tag extends E["_tag"]>(
  error: E,
  tag: Tag
): error is Extract<E, { readonly _tag: Tag }> => error._tag === tag

/**
 * Claims that a text holds each of these parts.
 *
 * @since 0.1.0
 * @category combinators
 */
export const mentions = (
  claim: string,
  text: string,
  parts: ReadonlyArray<string>
): Effect.Effect<void, ClaimFailedError> => {
  const missing = parts.filter((part) => !text.includes(part))
  return missing.length === 0 ? held(claim) : broken(claim, `${show(missing)} missing in: ${text}`)
}
