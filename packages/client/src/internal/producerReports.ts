import * as Effect from "effect/Effect"
import type { ProducerHealth, ProducerStats } from "../ProducerStats.js"
import type { Engine } from "./producerEngine.js"

/** @internal See Producer.stats. */
export const stats = (engine: Engine): Effect.Effect<ProducerStats> =>
  Effect.sync(() => {
    const { clock, meters, sender, settings } = engine
    return {
      group: settings.group,
      ...meters.outcomes,
      ...meters.totals(),
      inFlight: sender.inFlight(),
      waiting: sender.waiting(),
      traffic: meters.traffic(clock.unsafeCurrentTimeMillis())
    }
  })

/** @internal See Producer.health. */
export const health = (engine: Engine): Effect.Effect<ProducerHealth> =>
  Effect.sync(() => {
    const { clock, sender, topics } = engine
    const now = clock.unsafeCurrentTimeMillis()
    const used = topics.all()
    const inUse = new Set(used.flatMap((topic) => topic.brokers))
    const downTopics = used
      .filter(({ brokers }) => brokers.every((broker) => broker.state === "Avoided"))
      .map(({ name }) => name)
    const isImpaired = Array.from(inUse).some((broker) => broker.state === "Avoided" || broker.isSlow(now))
    return {
      status: sender.isStopping() ? "Stopped" : downTopics.length > 0 ? "Down" : isImpaired ? "Degraded" : "Up",
      downTopics,
      brokers: Array.from(inUse, ({ address, avoidedUntil, brokerName, lastError, state }) => ({
        brokerName,
        address,
        state,
        avoidedUntil: state === "Avoided" || state === "Slow" ? avoidedUntil : 0,
        lastError
      })),
      waiting: sender.waiting()
    }
  })
