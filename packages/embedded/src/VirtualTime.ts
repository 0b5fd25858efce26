/**
 * Programs on virtual time: whenever nothing is left to do at a moment, the clock moves to the next one at which there is.
 *
 * An hour of waiting costs as much as the work in it. Nothing has to move the clock by hand, as a `TestClock` wants it:
 * a test says `Effect.sleep("30 seconds")`, or awaits what it wants to see, and the cluster, its clients and the test live
 * through that time together. The scheduler, the clock and chance are the run's own, so that the same seed does the same
 * thing every time, as long as all of it is Effect's.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Utils from "effect/Utils"
import * as Driver from "./internal/driver.js"
import * as VirtualClock from "./internal/virtualClock.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What chance begins with. Default 1. */
  readonly seed?: number | string | undefined
  /**
   * Whether fibers that could go on at the same moment do so in an order by chance, from the seed, instead of first come,
   * first served. With many seeds it finds races. They still begin in the order in which they were forked. Default false.
   */
  readonly shuffle?: boolean | undefined
  /** The moment at which it begins, in milliseconds since 1970. Default: the start of 2026, UTC. */
  readonly start?: number | undefined
  /**
   * How much virtual time there is. A program that is not done by then waits for something that never comes, and dies with
   * a text that says so. Default 1 hour.
   */
  readonly within?: Duration.DurationInput | undefined
}

/** 2026-01-01T00:00:00Z */
const start = 1_767_225_600_000

/**
 * Runs an effect on virtual time, with a Scope of its own. Services that it is to share that time with, a cluster above
 * all, are made inside of it: provide their layers before `run`, not after.
 *
 * Work that leaves Effect's fibers, such as a promise of the platform, takes no virtual time: the clock may move on before
 * it is done. Wrap it into `outside`.
 *
 * @example
 * import { VirtualTime } from "@effect-rocketmq/embedded"
 * import { Clock, Effect } from "effect"
 *
 * const program = VirtualTime.run(Effect.gen(function*() {
 *   const before = yield* Clock.currentTimeMillis
 *   yield* Effect.sleep("30 minutes")
 *   return (yield* Clock.currentTimeMillis) - before
 * }))
 *
 * Effect.runPromise(program).then((millis) => assert.strictEqual(millis, 1_800_000))
 *
 * @since 0.1.0
 * @category combinators
 */
export const run = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  options: Options = {}
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.flatMap(Effect.runtime<Exclude<R, Scope.Scope>>(), (runtime) => {
    const clock = VirtualClock.make(options.start ?? start)
    const seed = options.seed ?? 1
    const order = options.shuffle === true ? new Utils.PCGRandom(Hash.hash(seed)) : undefined
    const driver = Driver.make(clock, Duration.toMillis(options.within ?? "1 hour"), order)
    const program = Effect.scoped(self).pipe(
      Effect.withClock(clock),
      Effect.withRandom(Random.make(seed))
    ) as Effect.Effect<A, E, Exclude<R, Scope.Scope>>
    return driver.drive(() => Runtime.runFork(runtime)(program, { scheduler: driver.scheduler }))
  })

/**
 * Has the virtual clock stand still while an effect runs that waits for something outside of Effect: the thread pool, a
 * file, a socket. On any other clock it is the effect itself.
 *
 * @since 0.1.0
 * @category combinators
 */
export const outside = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => VirtualClock.isVirtual(clock) ? clock.held(self) : self)
