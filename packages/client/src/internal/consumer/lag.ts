/**
 * How far a consumer is behind on its queues, asked of their brokers; and the gauges of that.
 */
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { Broker } from "../../Broker.js"
import type { BrokerError } from "../../BrokerError.js"
import { BrokerNotAvailableError } from "../../BrokerError.js"
import { OffsetFetchError } from "../../ConsumerError.js"
import type { ConsumerLag, LagTotal, QueueLag } from "../../ConsumerHealth.js"
import { NameServer } from "../../NameServer.js"
import type { OffsetStore } from "../../OffsetStore.js"
import type { Owned, Queues } from "./queues.js"
import type { Settings } from "./settings.js"

/** Queues that are asked about at the same time. */
const CONCURRENCY = 16

/** Between two updates of the gauges, in milliseconds. */
const PERIOD = 30_000

/** How long a broker may take to give one message, in milliseconds. */
const TIMEOUT = 3_000

/** Asks now. `committed` is where offsets are kept; `undefined`: by the brokers, and they are asked. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly queues: Queues
  readonly committed: OffsetStore | undefined
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { committed: store, queues, settings } = options
  const { group } = settings

  /** When the message at an offset, or the next one, was stored; none when the broker does not give it. */
  const storedAt = (address: string, { brokerName, queueId, topic }: MQ.MessageQueue, offset: bigint) =>
    broker.pull(address, {
      group,
      topic,
      brokerName,
      queueId,
      offset,
      maxMessages: 1,
      commitOffset: Option.none(),
      suspendTimeout: 0,
      subVersion: 0,
      // whatever it is: the group's own filter passes over some
      subscription: { expressionType: "TAG", expression: "*" }
    }, TIMEOUT).pipe(
      Effect.map(({ messages }) =>
        Option.map(Option.fromNullable(messages[0]), ({ storeTimestamp }) => storeTimestamp)
      ),
      Effect.orElseSucceed(() => Option.none<number>())
    )

  const known = Effect.fnUntraced(function*(
    { pulled, queue }: Owned
  ): Effect.fn.Return<QueueLag, BrokerError | OffsetFetchError> {
    const addresses = nameServer.brokerAddresses(queue.brokerName)
    const address = addresses.get(0) ?? addresses.values().next().value
    if (address === undefined) {
      return yield* new BrokerNotAvailableError({ reason: "NotInRoute", brokerName: queue.brokerName, group })
    }
    const committed = store === undefined
      ? yield* broker.queryConsumerOffset(address, group, queue)
      : Option.orElse(store.written(queue), () => store.noted(queue))
    const maxOffset = yield* broker.maxOffset(address, queue)
    // after the answers, which took their time
    const position = Option.map(Option.fromNullable(pulled), ({ ledger }) => ledger.position)
    const from = Option.getOrUndefined(Option.orElse(committed, () => position))
    if (from === undefined) return yield* new OffsetFetchError({ group, queue, address, cause: undefined })
    const cached = pulled?.ledger.oldest()
    const next = Option.getOrElse(position, () => from)
    const oldest = cached !== undefined
      ? Option.some(cached.storeTimestamp)
      : next < maxOffset
      ? yield* storedAt(address, queue, next)
      : Option.none()
    const now = yield* Clock.currentTimeMillis
    return {
      _tag: "Known",
      queue,
      maxOffset,
      committed,
      position,
      behind: maxOffset > from ? maxOffset - from : 0n,
      oldestAge: Option.map(oldest, (stored) => Math.max(0, now - stored))
    }
  })

  const lagOf = (owned: Owned): Effect.Effect<QueueLag> =>
    Effect.catchAll(known(owned), (error) =>
      Effect.succeed({
        _tag: "Unknown",
        queue: owned.queue,
        position: Option.map(Option.fromNullable(owned.pulled), ({ ledger }) => ledger.position),
        error
      }))

  return Effect.map(
    Effect.suspend(() => Effect.forEach(queues.all(), lagOf, { concurrency: CONCURRENCY })),
    (lags): ConsumerLag => {
      const topics = new Map<string, Array<QueueLag>>()
      for (const lag of lags) {
        const of = topics.get(lag.queue.topic)
        if (of === undefined) topics.set(lag.queue.topic, [lag])
        else of.push(lag)
      }
      return {
        ...total(lags),
        queues: lags.sort((a, b) => MQ.order(a.queue, b.queue)),
        topics: new Map([...topics].map(([topic, of]) => [topic, total(of)]))
      }
    }
  )
})

const total = (lags: ReadonlyArray<QueueLag>): LagTotal => {
  let behind = 0n
  let unknown = 0
  let oldest: number | undefined
  for (const lag of lags) {
    if (lag._tag === "Unknown") {
      unknown++
      continue
    }
    behind += lag.behind
    if (Option.isSome(lag.oldestAge)) oldest = Math.max(oldest ?? 0, lag.oldestAge.value)
  }
  return { behind, oldestAge: Option.fromNullable(oldest), unknown }
}

const behindGauge = Metric.gauge("rocketmq_consumer_lag", {
  description: "messages that are not committed, of the queues of this member"
})
const ageGauge = Metric.gauge("rocketmq_consumer_oldest_age_milliseconds", {
  description: "how long ago the oldest message was stored that is not finished"
})

/**
 * Keeps the gauges of a group up to date, by topic; for ever. Topics that are no longer here are 0 from then on. What is
 * not known at all stays as it was.
 */
export const publish = (group: string, lag: Effect.Effect<ConsumerLag>): Effect.Effect<never> => {
  const told = new Set<string>()
  const set = (topic: string, behind: number, age: number): Effect.Effect<void> => {
    const tagged = (gauge: Metric.Metric.Gauge<number>) =>
      gauge.pipe(Metric.tagged("group", group), Metric.tagged("topic", topic))
    return Effect.zipRight(Metric.set(tagged(behindGauge), behind), Metric.set(tagged(ageGauge), age))
  }
  const update = Effect.flatMap(lag, ({ queues, topics }) => {
    const updates: Array<Effect.Effect<void>> = []
    for (const topic of told) if (!topics.has(topic)) updates.push(set(topic, 0, 0))
    told.clear()
    for (const [topic, { behind, oldestAge }] of topics) {
      told.add(topic)
      if (queues.every((queue) => queue.queue.topic !== topic || queue._tag === "Unknown")) continue
      updates.push(set(topic, Number(behind), Option.getOrElse(oldestAge, () => 0)))
    }
    return Effect.all(updates, { discard: true })
  })
  return Effect.forever(Effect.zipRight(Effect.sleep(PERIOD), update))
}
