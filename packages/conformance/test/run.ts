import * as Behaviour from "@effect-rocketmq/conformance/Behaviour"
import type { Target } from "@effect-rocketmq/conformance/Cluster"
import { suite } from "@effect-rocketmq/conformance/suite"
import { describe, layer } from "@effect/vitest"
import { Duration } from "effect"
import type { Layer } from "effect"

/** What a cluster can do besides what all of them can. */
type Abilities = ReadonlyArray<Behaviour.Behaviour["needs"]>

/** One test for each behaviour, on the live clock, all on one cluster. */
export const runSuite = <E>(name: string, target: Layer.Layer<Target, E>, abilities: Abilities = []): void => {
  const behaviours = suite.filter(({ needs }) => needs === undefined || abilities.includes(needs))
  // behaviours wait more than they compute, and each has its own topics and groups
  describe.concurrent("", () => runAll(name, target, behaviours))
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
