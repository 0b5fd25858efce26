import * as Behaviour from "@effect-rocketmq/conformance/Behaviour"
import type { Target } from "@effect-rocketmq/conformance/Cluster"
import { suite } from "@effect-rocketmq/conformance/suite"
import * as VirtualTime from "@effect-rocketmq/embedded/VirtualTime"
import { describe, it, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { Layer } from "effect"

/** What a cluster can do besides what all of them can. */
type Abilities = ReadonlyArray<Behaviour.Behaviour["needs"]>

/** One test for each behaviour, on the live clock, all on one cluster. */
export const runSuite = <E>(name: string, target: Layer.Layer<Target, E>, abilities: Abilities = []): void => {
  const behaviours = suite.filter(({ needs }) => needs === undefined || abilities.includes(needs))
  // behaviours wait more than they compute, and each has its own topics and groups
  describe.concurrent("", () => runAll(name, target, behaviours))
}

/**
 * One test for each behaviour on virtual time, each on a cluster of its own. What `SHUFFLES` says is how often each is
 * shown, every time with another order of what could happen in any.
 */
export const runVirtual = <E>(name: string, target: Layer.Layer<Target, E>, abilities: Abilities = []): void => {
  const shuffles = Number(process.env["SHUFFLES"] ?? 0)
  const behaviours = suite.filter(({ needs }) => needs === undefined || abilities.includes(needs))
  describe(name, () => {
    for (const behaviour of behaviours) {
      const show = Effect.provide(Behaviour.run(behaviour), target)
      it.live(
        `${behaviour.area}: ${behaviour.name}`,
        () =>
          shuffles === 0
            ? VirtualTime.run(show)
            : Effect.forEach(
              Array.from({ length: shuffles }, (_, seed) => seed),
              (seed) =>
                VirtualTime.run(show, { seed, shuffle: true }).pipe(
                  Effect.tapErrorCause(() => Effect.logError(`with the seed ${seed}`))
                ),
              { discard: true }
            ),
        30_000 * Math.max(1, shuffles)
      )
    }
  })
}

/** The behaviours that need an ability, on a cluster that was made for it. */
export const runNeedy = <E>(name: string, target: Layer.Layer<Target, E>, ability: Behaviour.Behaviour["needs"]) =>
  // the cluster is started for it
  runAll(name, target, suite.filter(({ needs }) => needs === ability), "3 minutes")

const runAll = <E>(
  name: string,
  target: Layer.Layer<Target, E>,
  behaviours: ReadonlyArray<Behaviour.Behaviour>,
  timeout: Duration.DurationInput = "30 seconds"
): void => {
  layer(target, { excludeTestServices: true, timeout })(name, (it) => {
    for (const behaviour of behaviours) {
      it.effect(
        `${behaviour.area}: ${behaviour.name}`,
        () => Behaviour.run(behaviour),
        // the behaviour's own limit comes first: it tells more, and counts only the time in which this process was served
        Duration.toMillis(behaviour.within) * 5
      )
    }
  })
}
