/**
 * What came in during a test, in the order in which it came, and what may be expected of it.
 *
 * A handler under test puts what it was given into an inbox, or `TestCluster.collect` fills one with all that is sent to a
 * topic.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ExpectationError } from "./ExpectationError.js"
import { show } from "./internal/show.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Inbox<A> {
  /** Adds a value, now. */
  readonly add: (value: A) => void
  /** Adds a value. */
  readonly offer: (value: A) => Effect.Effect<void>
  /** A copy of all that came so far. */
  readonly all: Effect.Effect<ReadonlyArray<A>>
  /** Waits until so many are there, and gives all that are. */
  readonly count: (count: number, options?: Options) => Effect.Effect<ReadonlyArray<A>, ExpectationError>
  /** Waits for the first value that fits, of those that came and those that come. */
  readonly first: (
    expected: string,
    predicate: (value: A) => boolean,
    options?: Options
  ) => Effect.Effect<A, ExpectationError>
  /** Fails when a value comes within this time that fits; without a predicate any does. What came before does not count. */
  readonly none: (
    during: Duration.DurationInput,
    predicate?: (value: A) => boolean
  ) => Effect.Effect<void, ExpectationError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How long is waited. Default 30 seconds: nothing on virtual time, and enough for a real cluster on a busy machine. */
  readonly within?: Duration.DurationInput | undefined
}

/**
 * An empty inbox.
 *
 * @example
 * import { Inbox } from "@effect-rocketmq/testing"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const inbox = Inbox.make<number>()
 *   yield* Effect.fork(Effect.delay(inbox.offer(42), "10 millis"))
 *   return yield* inbox.first("the answer", (value) => value === 42)
 * })
 *
 * Effect.runPromise(program).then((value) => assert.strictEqual(value, 42))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <A>(): Inbox<A> => {
  const values: Array<A> = []
  const looks = new Set<() => void>()

  /** Waits until a look at the values gives something. */
  const until = <B>(look: () => Option.Option<B>): Effect.Effect<B> =>
    Effect.async<B>((resume) => {
      const again = () => {
        const found = look()
        if (Option.isNone(found)) return false
        looks.delete(again)
        resume(Effect.succeed(found.value))
        return true
      }
      if (!again()) looks.add(again)
      return Effect.sync(() => looks.delete(again))
    })
  const expect = <B>(expected: () => string, options: Options | undefined, look: () => Option.Option<B>) => {
    const within = options?.within ?? "30 seconds"
    return Effect.timeoutFail(until(look), {
      duration: within,
      onTimeout: () =>
        new ExpectationError({
          expected: `${expected()} within ${Duration.format(Duration.decode(within))}`,
          seen: `${values.length} values: ${show(values)}`
        })
    })
  }
  const add = (value: A) => {
    values.push(value)
    for (const look of Array.from(looks)) look()
  }

  return {
    add,
    offer: (value) => Effect.sync(() => add(value)),
    all: Effect.sync(() => values.slice()),
    count: (count, options) =>
      expect(
        () => `${count} values`,
        options,
        () => values.length >= count ? Option.some(values.slice()) : Option.none()
      ),
    first: (expected, predicate, options) =>
      expect(() => expected, options, () => {
        const index = values.findIndex(predicate)
        return index < 0 ? Option.none() : Option.some(values[index]!)
      }),
    none: (during, predicate = () => true) =>
      Effect.suspend(() => {
        const before = values.length
        const later = until(() => {
          const index = values.findIndex((value, index) => index >= before && predicate(value))
          return index < 0 ? Option.none() : Option.some({ value: values[index]! })
        })
        return Effect.flatMap(
          Effect.timeoutOption(later, during),
          Option.match({
            onNone: () => Effect.void,
            onSome: ({ value }) =>
              Effect.fail(
                new ExpectationError({
                  expected: `nothing for ${Duration.format(Duration.decode(during))}`,
                  seen: show(value)
                })
              )
          })
        )
      })
  }
}
