import * as Metric from "effect/Metric"
import type { TransactionState, TransactionStats } from "../TransactionProducer.js"

const counter = (name: string, description: string) =>
  Metric.counter(`rocketmq_transaction_${name}`, { description, incremental: true })

const counters = {
  begun: counter("begun", "half messages acknowledged by a broker"),
  notBegun: counter("not_begun", "half messages that were not, and whose local work did not run"),
  committed: counter("committed", "commits that a broker has confirmed"),
  rolledBack: counter("rolled_back", "rollbacks that a broker has confirmed"),
  unknownEnds: counter("unknown_ends", "ends that were not confirmed, to be settled by a check"),
  refusedEnds: counter("refused_ends", "ends that a broker refused"),
  leftToCheck: counter("left_to_check", "transactions whose end was left to the check"),
  timedOut: counter("timed_out", "transactions rolled back because their time was over"),
  alreadyDelivered: counter("already_delivered", "checks about messages that were delivered already"),
  checkFailures: counter("check_failures", "checks that failed, died or took too long"),
  checksDropped: counter("checks_dropped", "checks left to the broker's next question because too many waited")
}

const answers = counter("checks", "answers to brokers that asked, by what they were told")

/** @internal */
export type Event = keyof typeof counters

/** @internal What a producer with transactions counts: its own numbers, and the metrics. */
export interface TransactionMeter {
  readonly count: (event: Event) => void
  readonly answered: (state: TransactionState) => void
  readonly stats: (running: number) => TransactionStats
}

/** @internal */
export const make = (group: string): TransactionMeter => {
  const own: Record<Event, number> = {
    begun: 0,
    notBegun: 0,
    committed: 0,
    rolledBack: 0,
    unknownEnds: 0,
    refusedEnds: 0,
    leftToCheck: 0,
    timedOut: 0,
    alreadyDelivered: 0,
    checkFailures: 0,
    checksDropped: 0
  }
  const checks: Record<TransactionState, number> = { Commit: 0, Rollback: 0, Unknown: 0 }
  const tagged = new Map<string, Metric.Metric.Counter<number>>()

  const tell = (key: string, make: () => Metric.Metric.Counter<number>): void => {
    let metric = tagged.get(key)
    if (metric === undefined) tagged.set(key, metric = make())
    metric.unsafeUpdate(1, [])
  }

  return {
    count: (event) => {
      own[event]++
      tell(event, () => Metric.tagged(counters[event], "group", group))
    },
    answered: (state) => {
      checks[state]++
      tell(`checks ${state}`, () => Metric.tagged(Metric.tagged(answers, "group", group), "answer", state))
    },
    stats: (running) => ({ group, running, ...own, checks: { ...checks } })
  }
}
