/**
 * Finds the queues of a consumer that are not pulled, says why, and begins their pulling again where that helps.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Place, StallCause, StalledQueue } from "../../ConsumerHealth.js"
import { NameServer } from "../../NameServer.js"
import type { Counters } from "./counters.js"
import type { Locks } from "./locks.js"
import { isHeld } from "./locks.js"
import type { Pulled } from "./pullLoop.js"
import type { Owned, Queues } from "./queues.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"
import type { Dispatcher } from "./workers.js"

/** Brokers look at the pulls that they hold only so often, in milliseconds. */
const HOLD_SLACK = 6_000

/** See the module. */
export interface Watchdog {
  /** What the last look found. */
  readonly stalled: () => ReadonlyArray<StalledQueue>
  /** Looks for ever. */
  readonly run: Effect.Effect<never>
}

const place = ({ msgId, queueOffset }: MessageExt): Place => ({ offset: queueOffset, msgId })

const seconds = (millis: number): string => `${Math.round(millis / 1000)} s`

const because = (error: unknown): string => error instanceof Error ? error.message : "no answer at all"

/** Which limit it is, and how to raise it. */
const limits = {
  count: "pullThresholdCount messages",
  bytes: "pullThresholdBytes",
  span: "offsetSpan",
  topic: "what the queues of its topic may keep together",
  consumer: "maxCachedBytes"
} as const

/** What is the matter, and what to do. */
export const describe = (cause: StallCause, now: number): string => {
  switch (cause._tag) {
    case "NoRoute":
      return `no address of broker ${cause.brokerName} is known; it is down, or not registered at the name server`
    case "NoLock":
      return `another member has had its lock for ${seconds(now - cause.since)} or more`
    case "FlowControl": {
      const oldest = Option.match(cause.oldest, {
        onNone: () => "; none of its own is cached",
        onSome: ({ msgId, offset }) => `; the oldest is ${msgId} at offset ${offset}`
      })
      return `what is not finished is beyond ${limits[cause.limit]}${oldest}. Handlers are slower than what is sent`
    }
    case "HandlerBusy":
      return `a handler has been at message ${cause.message.msgId} at offset ${cause.message.offset} for ` +
        `${seconds(now - cause.since)}, and no more can be cached before it ends`
    case "BrokerSilent":
      return `broker ${cause.address ?? "?"} does not answer (${cause.failures} failures in a row): ${
        because(cause.lastError)
      }`
    case "PositionUnknown":
      return `it is not known where to begin (${cause.failures} failures): ${because(cause.lastError)}`
  }
}

/** See the module. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly queues: Queues
  /** Of a consumer in order. */
  readonly locks: Locks | undefined
  readonly busy: Dispatcher["busy"]
  readonly isPaused: (queue: MessageQueue) => boolean
  readonly counters: Counters
  readonly report: Report
}) {
  const { busy, counters, isPaused, locks, queues, report, settings } = options
  const { group, stallAfter, suspendTimeout, watchInterval } = settings
  const nameServer = yield* NameServer
  const stalls = new Map<string, StalledQueue>()

  const noRoute = ({ brokerName }: MessageQueue): StallCause | undefined =>
    nameServer.brokerAddresses(brokerName).size === 0 ? { _tag: "NoRoute", brokerName } : undefined

  const atWork = (ledger: Pulled["ledger"]): StallCause | undefined => {
    const handler = busy(ledger)
    return handler && { _tag: "HandlerBusy", since: handler.since, message: place(handler.message) }
  }

  /** Why a queue without a position has none. */
  const beforePulling = ({ queue, seeking: { failures, lastError } }: Owned): StallCause => {
    const earlier = queues.earlier(queue)
    const held = earlier === undefined || earlier.running === 0 ? undefined : atWork(earlier)
    if (held !== undefined) return held
    const unreachable = noRoute(queue)
    if (unreachable !== undefined) return unreachable
    const lock = locks?.of(queue)
    if (lock === undefined || isHeld(lock)) return { _tag: "PositionUnknown", failures, lastError }
    if (lock.failures === 0) return { _tag: "NoLock", since: lock.since }
    const address = nameServer.brokerAddress(queue.brokerName)
    return { _tag: "BrokerSilent", address, failures: lock.failures, lastError: lock.lastError }
  }

  const isHeldByBroker = ({ asked }: Pulled, now: number): boolean =>
    asked !== undefined && now - asked < suspendTimeout + HOLD_SLACK

  const whilePulled = (pulled: Pulled, now: number): StallCause | undefined => {
    const { address, failures, lastError, ledger } = pulled
    if (ledger.paused) return undefined
    const limit = ledger.exceeded()
    if (limit !== undefined) {
      const handler = busy(ledger)
      if (handler !== undefined && now - handler.since >= stallAfter) return atWork(ledger)
      return { _tag: "FlowControl", limit, oldest: Option.map(Option.fromNullable(ledger.oldest()), place) }
    }
    if (failures === 0 && isHeldByBroker(pulled, now)) return undefined
    return noRoute(ledger.queue) ?? { _tag: "BrokerSilent", address, failures, lastError }
  }

  const stallOf = (owned: Owned, now: number): StalledQueue | undefined => {
    const { pulled, queue } = owned
    const state = pulled ?? owned
    if (isPaused(queue)) {
      // an answer is due from the end of the pause on
      state.since = now
      return undefined
    }
    const { since } = state
    if (now - since < stallAfter) return undefined
    const cause = pulled === undefined ? beforePulling(owned) : whilePulled(pulled, now)
    return cause && { queue, since, cause }
  }

  /** Whether the fiber waits for an answer that will not come: after a failure it tries again by itself. */
  const hangs = ({ pulled, seeking }: Owned, { cause }: StalledQueue, now: number): boolean => {
    if (cause._tag === "PositionUnknown") return seeking.asked !== undefined && now - seeking.asked >= stallAfter
    if (cause._tag !== "BrokerSilent" || pulled === undefined) return false
    return pulled.asked === undefined ? pulled.failures === 0 : !isHeldByBroker(pulled, now)
  }

  const name = ({ brokerName, queueId, topic }: MessageQueue): string =>
    `Group "${group}": queue ${queueId} of topic ${topic} on ${brokerName}`

  const begin = (key: string, stall: StalledQueue, now: number): Effect.Effect<void> => {
    const { cause, queue, since } = stall
    const isNew = !stalls.has(key)
    stalls.set(key, stall)
    if (!isNew) return Effect.void
    counters.stalls++
    report.publish({ _tag: "QueueStalled", queue, since, cause })
    return Effect.logWarning(`${name(queue)} has not been pulled for ${seconds(now - since)}: ${describe(cause, now)}`)
  }

  const end = (key: string, isPulled: boolean, now: number): Effect.Effect<void> => {
    const stall = stalls.get(key)
    if (stall === undefined) return Effect.void
    stalls.delete(key)
    const { cause, queue, since } = stall
    report.publish({ _tag: "QueueResumed", queue, cause, duration: now - since })
    return isPulled ? Effect.logInfo(`${name(queue)} is pulled again, after ${seconds(now - since)}`) : Effect.void
  }

  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const gone = new Set(stalls.keys())
    for (const owned of queues.all()) {
      const { pulled, queue } = owned
      const key = MQ.key(queue)
      gone.delete(key)
      const stall = stallOf(owned, now)
      if (stall === undefined) {
        yield* end(key, !isPaused(queue), now)
        continue
      }
      yield* begin(key, stall, now)
      if (!hangs(owned, stall, now)) continue
      counters.restarts++
      yield* Effect.logDebug(
        `${name(queue)}: ${pulled === undefined ? "its offset is asked for" : "it is pulled"} anew`
      )
      yield* queues.restart(owned)
    }
    for (const key of gone) yield* end(key, false, now)
  })

  const watchdog: Watchdog = {
    stalled: () => [...stalls.values()],
    run: Effect.forever(Effect.zipRight(Effect.sleep(watchInterval), look))
  }
  return watchdog
})
