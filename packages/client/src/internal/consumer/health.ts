/**
 * Whether a consumer is well, put together from what its parts know.
 */
import type { RebalanceError } from "../../ConsumerError.js"
import type { ConsumerHealth, HandlerLatency } from "../../ConsumerHealth.js"
import type { Totals } from "../../ProcessQueue.js"
import type { Queues } from "./queues.js"
import type { Settings } from "./settings.js"
import type { Watchdog } from "./watchdog.js"

const latencyOf = ([topic, { latencies }]: readonly [string, Totals]): HandlerLatency => ({
  topic,
  count: latencies.count,
  p50: latencies.quantile(0.5),
  p90: latencies.quantile(0.9),
  p99: latencies.quantile(0.99),
  max: latencies.max
})

/** The state of this moment. */
export const healthOf = (parts: {
  readonly settings: Settings
  readonly queues: Queues
  readonly watchdog: Watchdog
  readonly totals: ReadonlyMap<string, Totals>
  /** What could not be shared out in the last round. */
  readonly undecided: ReadonlyArray<RebalanceError>
  readonly isReady: boolean
  readonly isStopping: boolean
}): ConsumerHealth => {
  const { isReady, isStopping, queues, settings: { retryTopic }, totals, watchdog } = parts
  const stalled = watchdog.stalled()
  const unresolved: Array<ConsumerHealth["unresolved"][number]> = []
  for (const { pulled, queue, seeking: { failures, lastError }, since } of queues.all()) {
    if (pulled === undefined && failures > 0) unresolved.push({ queue, since, failures, lastError })
  }
  const uncommitted = queues.uncommitted()
  // there is none until there is something to retry
  const undecided = parts.undecided.filter(({ reason, topic }) => reason !== "NoRoute" || topic !== retryTopic)

  const status = (): ConsumerHealth["status"] => {
    if (isStopping) return "Stopped"
    const wanted = queues.owned().filter(({ topic }) => topic !== retryTopic)
    const dead = stalled.filter(({ cause, queue }) => queue.topic !== retryTopic && cause._tag !== "FlowControl")
    if (wanted.length > 0 && dead.length >= wanted.length) return "Down"
    if (stalled.length > 0 || uncommitted.length > 0) return "Degraded"
    // the first rounds of a new member decide nothing
    if (!isReady) return "Starting"
    return unresolved.length > 0 || undecided.length > 0 ? "Degraded" : "Up"
  }

  return {
    status: status(),
    stalled,
    unresolved,
    uncommitted,
    undecided,
    handlers: [...totals].map(latencyOf)
  }
}
