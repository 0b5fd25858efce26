/**
 * What a consumer counts. Plain numbers on the message path; handed to the metrics now and then.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/** Since the start. */
export interface Counters {
  /** Messages that the handler finished. */
  consumed: number
  /** Handler runs that failed, threw, died, or asked for another delivery; by message. */
  failed: number
  /** Messages that a broker took for another delivery, or for the dead letters. */
  sentBack: number
  /** Messages that no broker took back, to be handled again by this member. */
  redelivered: number
  /** Handlers interrupted for taking too long; by message. */
  timedOut: number
  /** Records or bodies that could not be read. */
  undecodable: number
  /** Messages that a broker let through and that were not wanted. */
  filtered: number
  /** Messages pulled and wanted. */
  pulled: number
  /** Failed pulls. */
  pullFailures: number
  /** Times that a queue was found not to be pulled. */
  stalls: number
  /** Of these, times that its pulling was begun again. */
  restarts: number
}

/** All zero. */
export const make = (): Counters => ({
  consumed: 0,
  failed: 0,
  sentBack: 0,
  redelivered: 0,
  timedOut: 0,
  undecodable: 0,
  filtered: 0,
  pulled: 0,
  pullFailures: 0,
  stalls: 0,
  restarts: 0
})

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })

const metrics: Readonly<Record<keyof Counters, Metric.Metric.Counter<number>>> = {
  consumed: counter("rocketmq_consumer_consumed", "messages finished by the handler"),
  failed: counter("rocketmq_consumer_failed", "messages that the handler did not finish"),
  sentBack: counter("rocketmq_consumer_sent_back", "messages given back to a broker for another delivery"),
  redelivered: counter("rocketmq_consumer_redelivered", "messages that no broker took back, handled again here"),
  timedOut: counter("rocketmq_consumer_timed_out", "messages whose handler took too long"),
  undecodable: counter("rocketmq_consumer_undecodable", "records or bodies that could not be read"),
  filtered: counter("rocketmq_consumer_filtered", "messages dropped by the client's own check of tags"),
  pulled: counter("rocketmq_consumer_pulled", "messages pulled"),
  pullFailures: counter("rocketmq_consumer_pull_failures", "pulls that failed"),
  stalls: counter("rocketmq_consumer_stalls", "queues found not to be pulled"),
  restarts: counter("rocketmq_consumer_restarts", "hanging pulls that were begun again")
}

const names: ReadonlyArray<keyof Counters> = [
  "consumed",
  "failed",
  "sentBack",
  "redelivered",
  "timedOut",
  "undecodable",
  "filtered",
  "pulled",
  "pullFailures",
  "stalls",
  "restarts"
]

/** An effect that adds to the metrics of the group what was counted since it ran last. */
export const publisher = (group: string, counters: Counters): Effect.Effect<void> => {
  const told = make()
  const tagged: { [K in keyof Counters]?: Metric.Metric.Counter<number> } = {}
  return Effect.map(Effect.metricLabels, (labels) => {
    for (const name of names) {
      const change = counters[name] - told[name]
      if (change === 0) continue
      told[name] = counters[name]
      const metric = tagged[name] ??= Metric.tagged(metrics[name], "group", group)
      metric.unsafeUpdate(change, labels)
    }
  })
}
