/**
 * One behaviour that a client and a cluster must show together, as data: written once, run on every kind of cluster.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import type { YieldWrap } from "effect/Utils"
import * as Cluster from "./Cluster.js"
import * as Expect from "./Expect.js"

/**
 * The part of the client that a behaviour is about.
 *
 * @since 0.1.0
 * @category models
 */
export type Area =
  | "producing"
  | "batching"
  | "timed"
  | "transactions"
  | "routing"
  | "typed"
  | "validation"
  | "consuming"
  | "streams"
  | "requests"
  | "filtering"
  | "subscribing"
  | "control"
  | "agreement"
  | "retries"
  | "dead letters"
  | "offsets"
  | "pull"
  | "broadcast"
  | "pop"
  | "orderly"
  | "members"
  | "stopping"
  | "watching"
  | "operators"
  | "administration"
  | "faults"
  | "broker requests"
  | "name server"
  | "wire"

/**
 * @since 0.1.0
 * @category models
 */
export interface Behaviour {
  /** A sentence that is true when the behaviour is shown. */
  readonly name: string
  readonly area: Area
  /** How long one run may take. */
  readonly within: Duration.DurationInput
  /** What not every cluster can do. `weak`: store messages with a status other than SEND_OK, see `Cluster.weaken`. */
  readonly needs?: "weak" | undefined
  readonly run: Effect.Effect<void, unknown, Cluster.Cluster | Scope.Scope>
}

/**
 * Makes the behaviours of one area; each may take 30 seconds unless it says otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const area = (area: Area) =>
(
  name: string,
  run: () => Generator<YieldWrap<Effect.Effect<unknown, unknown, Cluster.Cluster | Scope.Scope>>, void, never>,
  within: Duration.DurationInput = "30 seconds"
): Behaviour => ({ name, area, within, run: Effect.gen(run) })

/**
 * A behaviour was not shown.
 *
 * @since 0.1.0
 * @category errors
 */
export class BehaviourError extends Data.TaggedError("BehaviourError")<{
  readonly behaviour: string
  readonly problem: string
  /** What the clients logged meanwhile. */
  readonly log: ReadonlyArray<string>
}> {
  override get message(): string {
    const log = this.log.length === 0 ? "" : `\n  log:\n    ${this.log.join("\n    ")}`
    return `${this.behaviour}\n  ${this.problem}${log}`
  }
}

/** How often the lateness of timers is looked at, in milliseconds. */
const TICK = 25

/** Waits for so many milliseconds in which this process was served, notes those in which it was not, and gives all. */
const limit = (within: number, state: Expect.Claims): Effect.Effect<number> =>
  Effect.gen(function*() {
    const start = yield* Clock.currentTimeMillis
    let last = start
    while (last - start < within + state.stalled) {
      yield* Effect.sleep(TICK)
      const now = yield* Clock.currentTimeMillis
      const late = now - last - TICK
      if (late > TICK) state.stalled += late
      last = now
    }
    return last - start
  })

/**
 * Runs a behaviour once, with topics and groups of its own, which are removed afterwards. Fails when a claim is broken,
 * when the time is over, when closing hangs, and when nothing was claimed at all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const run = (self: Behaviour): Effect.Effect<void, BehaviourError, Cluster.Target> =>
  Effect.suspend(() => {
    const state: Expect.Claims = { count: 0, last: "none", stalled: 0 }
    const log: Array<string> = []
    const logger = Logger.map(Logger.logfmtLogger, (line) => {
      if (log.length === 60) log.splice(20, 1)
      log.push(line)
    })
    const failure = (problem: string) => new BehaviourError({ behaviour: `${self.area}: ${self.name}`, problem, log })
    return self.run.pipe(
      Effect.provide(Cluster.layer(self.area.replaceAll(" ", "-"))),
      Effect.scoped,
      // the time limit holds for the closing of the scope too
      Effect.disconnect,
      Effect.raceFirst(
        Effect.flatMap(
          limit(Duration.toMillis(self.within), state),
          (millis) => failure(`did not end within ${millis} ms; ${state.count} claims held, the last: ${state.last}`)
        )
      ),
      Effect.exit,
      Effect.flatMap((exit): Effect.Effect<void, BehaviourError> => {
        if (Exit.isSuccess(exit)) {
          return state.count > 0 ? Effect.void : failure("claimed nothing")
        }
        const squashed = Cause.squash(exit.cause)
        return squashed instanceof BehaviourError
          ? squashed
          : failure(`${Cause.pretty(exit.cause)}\n  ${state.count} claims held before, the last: ${state.last}`)
      }),
      Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
      Effect.locally(Expect.claims, state)
    )
  })
