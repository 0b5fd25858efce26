import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import type { Failures, Latency, Traffic } from "../ProducerStats.js"
import type { FailureClass } from "../RetryPolicy.js"
import { Latencies } from "./latencies.js"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

const noFailures = (): Mutable<Failures> => ({
  Unreachable: 0,
  Busy: 0,
  Unavailable: 0,
  Rejected: 0,
  Unanswered: 0,
  Failed: 0,
  Weak: 0
})

/** @internal What went to one broker for one topic: plain numbers, which cost a message next to nothing. */
export class SendMeter {
  readonly topic: string
  readonly brokerName: string
  accepted = 0
  weak = 0
  oneway = 0
  readonly failures = noFailures()
  readonly latencies = new Latencies()

  constructor(topic: string, brokerName: string) {
    this.topic = topic
    this.brokerName = brokerName
  }
}

/** @internal What became of messages, whatever broker had them. */
export interface Outcomes {
  refused: number
  unknown: number
  cancelled: number
}

/** @internal What a producer counts. */
export interface SendMeters {
  readonly outcomes: Outcomes
  readonly meter: (topic: string, brokerName: string) => SendMeter
  readonly traffic: (now: number) => ReadonlyArray<Traffic>
  readonly totals: () => { readonly accepted: number; readonly oneway: number; readonly failedAttempts: Failures }
  /** Remembers the counts for the rates, and hands what is new to the metrics. */
  readonly publish: (now: number) => Effect.Effect<void>
}

/** Samples further back than this are dropped, in milliseconds. */
const WINDOW = 60_000

const classes = Object.keys(noFailures()) as ReadonlyArray<FailureClass>

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true })
const accepted = counter("rocketmq_producer_accepted", "messages acknowledged by a broker")
const weak = counter("rocketmq_producer_weak", "of these, those with a status other than SEND_OK")
const oneway = counter("rocketmq_producer_oneway", "messages sent oneway")
const failed = counter("rocketmq_producer_failed_attempts", "attempts to send that failed, by class")
const refused = counter("rocketmq_producer_refused", "messages that failed and are not stored")
const unknown = counter("rocketmq_producer_unknown", "messages that failed and may be stored")
const cancelled = counter("rocketmq_producer_cancelled", "messages given up by their caller before anything was sent")
const latency = Metric.gauge("rocketmq_producer_latency_milliseconds", {
  description: "how long accepted attempts took since the start, by quantile"
})
const rate = Metric.gauge("rocketmq_producer_rate", {
  description: "messages acknowledged per second in the last minute"
})

interface Sample {
  readonly at: number
  readonly accepted: ReadonlyMap<SendMeter, number>
}

const latencyOf = ({ latencies }: SendMeter): Latency => ({
  p50: latencies.quantile(0.5),
  p90: latencies.quantile(0.9),
  p99: latencies.quantile(0.99),
  max: latencies.max
})

const labelsOf = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([name, tag]) => MetricLabel.make(name, tag))

/** Adds to counters what a number has grown by. */
const growth = () => {
  const told = new Map<string, number>()
  return (
    key: string,
    metric: Metric.Metric.Counter<number>,
    value: number,
    tags: Readonly<Record<string, string>>
  ) => {
    const grown = value - (told.get(key) ?? 0)
    if (grown === 0) return
    told.set(key, value)
    Metric.taggedWithLabels(metric, labelsOf(tags)).unsafeUpdate(grown, [])
  }
}

/** @internal */
export const make = (group: string, startedAt: number): SendMeters => {
  const meters = new Map<string, SendMeter>()
  const outcomes: Outcomes = { refused: 0, unknown: 0, cancelled: 0 }
  const samples: Array<Sample> = [{ at: startedAt, accepted: new Map() }]
  const tell = growth()

  const rateOf = (meter: SendMeter, now: number): number => {
    const since = samples[0]!
    const seconds = (now - since.at) / 1000
    return seconds > 0 ? (meter.accepted - (since.accepted.get(meter) ?? 0)) / seconds : 0
  }

  const publishMeter = (meter: SendMeter, now: number): void => {
    const tags = { group, topic: meter.topic, broker: meter.brokerName }
    const key = `${meter.topic}@${meter.brokerName}`
    tell(`accepted ${key}`, accepted, meter.accepted, tags)
    tell(`weak ${key}`, weak, meter.weak, tags)
    tell(`oneway ${key}`, oneway, meter.oneway, tags)
    for (const name of classes) tell(`${name} ${key}`, failed, meter.failures[name], { ...tags, class: name })
    const gauge = (metric: Metric.Metric.Gauge<number>, value: number, quantile?: string): void =>
      Metric.taggedWithLabels(metric, labelsOf(quantile === undefined ? tags : { ...tags, quantile }))
        .unsafeUpdate(value, [])
    gauge(rate, rateOf(meter, now))
    if (meter.latencies.count === 0) return
    const { max, p50, p90, p99 } = latencyOf(meter)
    for (const [quantile, value] of [["0.5", p50], ["0.9", p90], ["0.99", p99], ["1", max]] as const) {
      gauge(latency, value, quantile)
    }
  }

  return {
    outcomes,
    meter: (topic, brokerName) => {
      const key = `${topic}@${brokerName}`
      let meter = meters.get(key)
      if (meter === undefined) meters.set(key, meter = new SendMeter(topic, brokerName))
      return meter
    },
    traffic: (now) =>
      Array.from(meters.values(), (meter) => ({
        topic: meter.topic,
        brokerName: meter.brokerName,
        accepted: meter.accepted,
        weak: meter.weak,
        oneway: meter.oneway,
        rate: rateOf(meter, now),
        failedAttempts: { ...meter.failures },
        latency: latencyOf(meter)
      })),
    totals: () => {
      const failedAttempts = noFailures()
      let acceptedInAll = 0
      let onewayInAll = 0
      for (const meter of meters.values()) {
        acceptedInAll += meter.accepted
        onewayInAll += meter.oneway
        for (const name of classes) failedAttempts[name] += meter.failures[name]
      }
      return { accepted: acceptedInAll, oneway: onewayInAll, failedAttempts }
    },
    publish: (now) =>
      Effect.sync(() => {
        for (const meter of meters.values()) publishMeter(meter, now)
        tell("refused", refused, outcomes.refused, { group })
        tell("unknown", unknown, outcomes.unknown, { group })
        tell("cancelled", cancelled, outcomes.cancelled, { group })
        samples.push({ at: now, accepted: new Map(Array.from(meters.values(), (meter) => [meter, meter.accepted])) })
        while (samples.length > 2 && now - samples[1]!.at >= WINDOW) samples.shift()
      })
  }
}
