import * as Behaviour from "@effect-rocketmq/conformance/Behaviour"
import type { Target } from "@effect-rocketmq/conformance/Cluster"
import { suite } from "@effect-rocketmq/conformance/suite"
import { describe, layer } from "@effect/vitest"
import { Duration } from "effect"
import type { Layer } from "effect"

/** One test for each behaviour, on the live clock, all on one cluster. */
export const runSuite = <E>(name: string, target: Layer.Layer<Target, E>): void => {
  // behaviours wait more than they compute, and each has its own topics and groups
  describe.concurrent("", () => runAll(name, target))
}

const runAll = <E>(name: string, target: Layer.Layer<Target, E>): void => {
  layer(target, { excludeTestServices: true, timeout: "30 seconds" })(name, (it) => {
    for (const behaviour of suite) {
      it.effect(
        `${behaviour.area}: ${behaviour.name}`,
        () => Behaviour.run(behaviour),
        // the behaviour's own limit comes first: it tells more, and counts only the time in which this process was served
        Duration.toMillis(behaviour.within) * 5
      )
    }
  })
}
