import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Option, Stream, TestClock } from "effect"
import type { BrokerError } from "../../src/BrokerError.js"
import * as Consumer from "../../src/Consumer.js"
import type { StallCause } from "../../src/ConsumerHealth.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import * as OffsetStore from "../../src/OffsetStore.js"
import { ADDRESS, BROKER, Cluster, GROUP, refused, RETRY, timedOut } from "./fake.js"

const orders = {
  group: GROUP,
  subscriptions: { orders: MessageSelector.all },
  consumeFrom: "first",
  // the clock of the tests stands still at the end
  shutdownTimeout: 0
} as const

const start = <E>(
  cluster: Cluster,
  handler: (offset: number, queueId: number) => Effect.Effect<void, E>,
  options: Partial<Consumer.Options> = {}
) =>
  Effect.provide(
    Consumer.make({ ...orders, ...options }, (message) => handler(Number(message.queueOffset), message.queueId)),
    cluster.layer
  )

/** What is told of stalls from now on. */
const told = (consumer: Consumer.Consumer["Type"]) =>
  Effect.gen(function*() {
    const events: Array<string> = []
    yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
      Effect.sync(() => {
        if (event._tag === "QueueStalled" || event._tag === "QueueResumed") {
          events.push(`${event._tag} ${event.queue.topic}@${event.queue.queueId} ${event.cause._tag}`)
        }
      })))
    yield* TestClock.adjust(0)
    return events
  })

/** What is found of the queue of the tests. */
const causeOf = (consumer: Consumer.Consumer["Type"], queueId = 0) =>
  Effect.map(
    consumer.stats,
    ({ stalled }): StallCause | undefined =>
      stalled.find(({ queue }) => queue.topic === "orders" && queue.queueId === queueId)?.cause
  )

const status = (consumer: Consumer.Consumer["Type"]) => Effect.map(consumer.health, (health) => health.status)

describe("the watch over queues", () => {
  it.scoped("a pull that is never answered is BrokerSilent, told once, and begun again, which helps", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      let silent = true
      let handled = 0
      cluster.onPull = ({ topic }) => topic === "orders" && silent ? Effect.never : undefined
      const consumer = yield* start(cluster, () => Effect.sync(() => handled++))
      const events = yield* told(consumer)
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(yield* causeOf(consumer))
      assert.strictEqual(yield* status(consumer), "Up")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* causeOf(consumer), {
        _tag: "BrokerSilent",
        address: ADDRESS,
        failures: 0,
        lastError: undefined
      })
      assert.strictEqual(yield* status(consumer), "Down")
      // begun again, and silent again
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual((yield* consumer.stats).restarts, 2)
      assert.strictEqual(cluster.pulls.filter(({ topic }) => topic === "orders").length, 3)
      assert.deepStrictEqual(events, ["QueueStalled orders@0 BrokerSilent"])
      assert.strictEqual(handled, 0)
      silent = false
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(handled, 1)
      assert.deepStrictEqual(events, ["QueueStalled orders@0 BrokerSilent", "QueueResumed orders@0 BrokerSilent"])
      const { restarts, stalls } = yield* consumer.stats
      assert.deepStrictEqual([stalls, restarts], [1, 3])
      assert.strictEqual(yield* status(consumer), "Up")
    }))

  it.scoped("pulls that are held, answered or not, are no stall, however short the limit", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const consumer = yield* start(cluster, () => Effect.void, {
        stallAfter: "100 millis",
        watchInterval: "500 millis"
      })
      yield* TestClock.adjust("1 minute")
      assert.isAbove(cluster.pulls.length, 9)
      const { restarts, stalls } = yield* consumer.stats
      assert.deepStrictEqual([stalls, restarts], [0, 0])
    }))

  it.scoped("pulls that fail are BrokerSilent with the error, and left to themselves", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      let failure: BrokerError | undefined
      cluster.onPull = ({ topic }) => topic === "orders" && failure !== undefined ? Effect.fail(failure) : undefined
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("15 seconds")
      failure = timedOut(11)
      yield* TestClock.adjust("45 seconds")
      const cause = yield* causeOf(consumer)
      assert.strictEqual(cause?._tag, "BrokerSilent")
      if (cause?._tag === "BrokerSilent") {
        assert.strictEqual(cause.lastError, failure)
        assert.isAbove(cause.failures, 5)
      }
      assert.strictEqual((yield* consumer.stats).restarts, 0)
      failure = undefined
      yield* TestClock.adjust("25 seconds")
      assert.isUndefined(yield* causeOf(consumer))
    }))

  it.scoped("a broker without an address is NoRoute", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("15 seconds")
      cluster.addresses.clear()
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(yield* causeOf(consumer), { _tag: "NoRoute", brokerName: BROKER })
      cluster.addresses.set(0, ADDRESS)
      yield* TestClock.adjust("25 seconds")
      assert.isUndefined(yield* causeOf(consumer))
    }))

  it.scoped("handlers that are slow are FlowControl, with the limit and the oldest message", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 64)
      const consumer = yield* start(cluster, () => Effect.sleep("10 seconds"), {
        concurrency: 1,
        pullThresholdCount: 10
      })
      yield* TestClock.adjust("45 seconds")
      assert.deepStrictEqual(yield* causeOf(consumer), {
        _tag: "FlowControl",
        limit: "count",
        oldest: Option.some({ offset: 4n, msgId: "KEY-orders-0-4" })
      })
      // it is slow, and not down
      assert.strictEqual(yield* status(consumer), "Degraded")
      const events = yield* told(consumer)
      yield* TestClock.adjust("200 seconds")
      assert.deepStrictEqual(events, ["QueueResumed orders@0 FlowControl"])
    }))

  for (
    const [limit, options] of [
      ["bytes", { pullThresholdBytes: 10 }],
      ["consumer", { maxCachedBytes: 10 }],
      ["topic", { topicThresholdBytes: 10 }],
      ["span", { offsetSpan: 5 }]
    ] as const
  ) {
    it.scoped(`the limit is named: ${limit}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 32)
        const consumer = yield* start(cluster, () => Effect.sleep("20 seconds"), { concurrency: 1, ...options })
        yield* TestClock.adjust("45 seconds")
        const cause = yield* causeOf(consumer)
        assert.strictEqual(cause?._tag === "FlowControl" ? cause.limit : cause?._tag, limit)
      }))
  }

  it.scoped("a handler that does not end is HandlerBusy; a queue without messages that others crowd out is FlowControl", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const consumer = yield* start(cluster, (offset) => offset === 0 ? Effect.never : Effect.void, {
        maxCachedBytes: 10
      })
      yield* TestClock.adjust("1 second")
      cluster.fill("orders", 0, 5)
      // the held pull of the other one ends within 15 s
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(yield* causeOf(consumer, 0), {
        _tag: "HandlerBusy",
        since: 1_000,
        message: { offset: 0n, msgId: "KEY-orders-0-0" }
      })
      assert.deepStrictEqual(yield* causeOf(consumer, 1), {
        _tag: "FlowControl",
        limit: "consumer",
        oldest: Option.none()
      })
      assert.strictEqual((yield* consumer.stats).restarts, 0)
    }))

  it.scoped("a lock that another member has is NoLock, since when it is waited for", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.locks.set(cluster.key("orders"), "other@2")
      const consumer = yield* Effect.provide(
        Consumer.makeOrderly({ ...orders, stallAfter: "10 seconds" }, () => Effect.void),
        cluster.layer
      )
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(yield* causeOf(consumer, 0), { _tag: "NoLock", since: 0 })
      assert.isUndefined(yield* causeOf(consumer, 1))
      assert.strictEqual(yield* status(consumer), "Degraded")
      cluster.locks.delete(cluster.key("orders"))
      yield* TestClock.adjust("6 seconds")
      assert.isUndefined(yield* causeOf(consumer, 0))
    }))

  it.scoped("a broker that does not answer requests for the lock is BrokerSilent", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const failure = timedOut(41)
      cluster.onLock = () => Effect.fail(failure)
      const consumer = yield* Effect.provide(Consumer.makeOrderly(orders, () => Effect.void), cluster.layer)
      yield* TestClock.adjust("30 seconds")
      const cause = yield* causeOf(consumer)
      assert.deepInclude(cause, { _tag: "BrokerSilent", address: ADDRESS, lastError: failure })
    }))

  it.scoped("a handler in order that holds up the queue is HandlerBusy", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 20)
      const consumer = yield* Effect.provide(
        Consumer.makeOrderly({ ...orders, pullThresholdCount: 10 }, () => Effect.never),
        cluster.layer
      )
      yield* TestClock.adjust("35 seconds")
      assert.deepStrictEqual(yield* causeOf(consumer), {
        _tag: "HandlerBusy",
        since: 0,
        message: { offset: 0n, msgId: "KEY-orders-0-0" }
      })
    }))

  it.scoped("an offset that cannot be read is PositionUnknown with the error", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onFetch = () => timedOut(14)
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("10 seconds")
      const { status: early, unresolved } = yield* consumer.health
      assert.strictEqual(early, "Starting")
      assert.deepStrictEqual(unresolved.map(({ queue }) => queue.topic).sort(), [RETRY, "orders"].sort())
      yield* TestClock.adjust("25 seconds")
      const cause = yield* causeOf(consumer)
      assert.strictEqual(cause?._tag, "PositionUnknown")
      if (cause?._tag === "PositionUnknown") {
        assert.isAbove(cause.failures, 5)
        assert.strictEqual(cause.lastError?._tag, "OffsetFetchError")
      }
      assert.deepStrictEqual([yield* status(consumer), (yield* consumer.stats).restarts], ["Down", 0])
      cluster.onFetch = () => undefined
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* status(consumer), "Up")
    }))

  it.scoped("a store that never answers is PositionUnknown, and is asked anew, which helps", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const memory = yield* OffsetStore.memory
      let asked = 0
      const offsetStore: OffsetStore.OffsetStore = {
        ...memory,
        fetch: (queue) => queue.topic === "orders" && asked++ === 0 ? Effect.never : memory.fetch(queue)
      }
      let handled = 0
      const consumer = yield* start(cluster, () => Effect.sync(() => handled++), { offsetStore })
      const events = yield* told(consumer)
      yield* TestClock.adjust("36 seconds")
      assert.deepStrictEqual(events, [
        "QueueStalled orders@0 PositionUnknown",
        "QueueResumed orders@0 PositionUnknown"
      ])
      assert.deepStrictEqual([asked, handled, (yield* consumer.stats).restarts], [2, 3, 1])
    }))

  it.scoped("a pause is no stall, and ends one; what is due is due from its end on", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onPull = ({ topic }) => topic === "orders" ? Effect.fail(timedOut(11)) : undefined
      const consumer = yield* start(cluster, () => Effect.void)
      const events = yield* told(consumer)
      yield* TestClock.adjust("30 seconds")
      yield* consumer.pause("orders")
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(events, ["QueueStalled orders@0 BrokerSilent", "QueueResumed orders@0 BrokerSilent"])
      assert.deepStrictEqual((yield* consumer.stats).stalled, [])
      yield* consumer.resume("orders")
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual(events.length, 2)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(events.length, 3)
    }))

  it.scoped("a stall ends with the assignment, and with the consumer nothing is begun again", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onPull = ({ topic }) => topic === "orders" ? Effect.never : undefined
      const consumer = yield* start(cluster, () => Effect.void, { shutdownTimeout: 0 })
      const events = yield* told(consumer)
      yield* TestClock.adjust("35 seconds")
      cluster.members = ["aaa@0", cluster.clientId]
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(
        yield* Effect.map(consumer.assignment, (own) => own.filter((q) => q.topic === "orders")),
        []
      )
      assert.strictEqual(events.at(-1), "QueueResumed orders@0 BrokerSilent")
      yield* consumer.stop
      const pulls = cluster.pulls.length
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(cluster.pulls.length, pulls)
      assert.strictEqual(yield* status(consumer), "Stopped")
    }))

  it.scoped("is seen by operators", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.locks.set(cluster.key("orders"), "other@2")
      yield* Effect.provide(Consumer.makeOrderly(orders, () => Effect.void), cluster.layer)
      yield* TestClock.adjust("31 seconds")
      const info = yield* cluster.member!.runningInfo
      const locked = info.mqTable.filter(([queue]) => queue.topic === "orders").map(([queue, { locked }]) =>
        [queue.queueId, locked] as const
      )
      assert.deepStrictEqual(locked.sort(), [[0, false], [1, true]])
      const [[what, why] = []] = Object.entries(info.userConsumerInfo)
      assert.strictEqual(what, `stalled orders ${BROKER} 0`)
      assert.include(why, "another member has had its lock for 31 s")
    }))
})

describe("the lag", () => {
  it.scoped("is from the committed offset to the end, with the age of the first message that is not finished", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 3 })
      cluster.fill("orders", 0, 10)
      cluster.fill("orders", 1, 4)
      const consumer = yield* start(
        cluster,
        (offset, queueId) => queueId === 0 && offset >= 7 ? Effect.never : Effect.void
      )
      yield* TestClock.adjust("6 seconds")
      const lag = yield* consumer.lag
      const seen = lag.queues.filter(({ queue }) => queue.topic === "orders").map((entry) =>
        entry._tag === "Unknown"
          ? entry
          : [entry.maxOffset, entry.committed, entry.position, entry.behind, entry.oldestAge]
      )
      assert.deepStrictEqual(seen, [
        // messages of the tests were stored at 2
        [10n, Option.some(7n), Option.some(10n), 3n, Option.some(5_998)],
        [4n, Option.some(4n), Option.some(4n), 0n, Option.none()],
        [0n, Option.some(0n), Option.some(0n), 0n, Option.none()]
      ])
      assert.deepInclude(lag, { behind: 3n, oldestAge: Option.some(5_998), unknown: 0 })
      assert.deepStrictEqual(lag.topics.get("orders"), { behind: 3n, oldestAge: Option.some(5_998), unknown: 0 })
    }))

  it.scoped("asks the broker for the age of a message that is not here", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onPull = ({ suspendTimeout, topic }) =>
        topic === "orders" && suspendTimeout > 0 ? Effect.never : undefined
      const consumer = yield* start(cluster, () => Effect.void)
      cluster.fill("orders", 0, 5)
      yield* TestClock.adjust("10 seconds")
      assert.deepInclude(yield* consumer.lag, { behind: 5n, oldestAge: Option.some(9_998) })
      // and moves nothing
      assert.strictEqual(cluster.pulls.at(-1)?.commitOffset._tag, "None")
    }))

  it.scoped("has an error where a broker does not answer, and no number", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("1 second")
      const failure = refused(1)
      cluster.onFetch = () => failure
      const lag = yield* consumer.lag
      assert.deepStrictEqual(lag.queues.map((entry) => entry._tag === "Unknown" ? entry.error : entry), [
        failure,
        failure
      ])
      assert.deepStrictEqual(lag.topics.get("orders"), { behind: 0n, oldestAge: Option.none(), unknown: 1 })
      cluster.addresses.clear()
      const [first] = (yield* consumer.lag).queues
      assert.strictEqual(first?._tag === "Unknown" ? first.error._tag : first, "BrokerNotAvailableError")
    }))

  it.scoped("is kept in gauges when asked for, and costs nothing otherwise", () =>
    Effect.gen(function*() {
      const gauge = (group: string, name: string) =>
        Metric.value(
          Metric.gauge(name, {
            description: name.endsWith("lag")
              ? "messages that are not committed, of the queues of this member"
              : "how long ago the oldest message was stored that is not finished"
          }).pipe(Metric.tagged("group", group), Metric.tagged("topic", "orders"))
        ).pipe(Effect.map(({ value }) => value))
      for (const lagMetrics of [true, false]) {
        const group = `lag-${lagMetrics}`
        const cluster = new Cluster({ orders: 1 })
        cluster.addTopic(`%RETRY%${group}`, 1)
        cluster.fill("orders", 0, 5)
        yield* start(cluster, () => Effect.never, { group, lagMetrics })
        yield* TestClock.adjust("1 second")
        const before = cluster.fetches.length
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(
          [
            yield* gauge(group, "rocketmq_consumer_lag"),
            (yield* gauge(group, "rocketmq_consumer_oldest_age_milliseconds")) > 0
          ],
          lagMetrics ? [5, true] : [0, false]
        )
        assert.strictEqual(cluster.fetches.length - before, lagMetrics ? 2 : 0)
      }
    }))
})

describe("the health", () => {
  it.scoped("Starting until the queues are known, then Up, Stopped in the end", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.members = undefined
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("1 second")
      const health = yield* consumer.health
      assert.strictEqual(health.status, "Starting")
      assert.include(health.undecided.map(({ reason }) => reason), "NoMembers")
      cluster.members = [cluster.clientId]
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* status(consumer), "Up")
      yield* consumer.stop
      assert.strictEqual(yield* status(consumer), "Stopped")
    }))

  it.scoped("Degraded while commits fail, with their errors", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const failure = refused(1)
      cluster.onCommit = () => failure
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("6 seconds")
      const { status: now, uncommitted } = yield* consumer.health
      assert.strictEqual(now, "Degraded")
      assert.deepStrictEqual(
        uncommitted.map(({ cause, offset, queue }) => [queue.topic, offset, cause]).sort(),
        [[RETRY, 0n, failure], ["orders", 3n, failure]].sort()
      )
      cluster.onCommit = () => undefined
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* consumer.health, { status: "Up", uncommitted: [] })
    }))

  it.scoped("Degraded while the queues cannot be shared out anew", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* status(consumer), "Up")
      cluster.members = undefined
      yield* TestClock.adjust("20 seconds")
      const health = yield* consumer.health
      assert.strictEqual(health.status, "Degraded")
      assert.deepStrictEqual(health.undecided.map(({ reason, topic }) => `${topic} ${reason}`).sort(), [
        `${RETRY} NoMembers`,
        "orders NoMembers"
      ])
    }))

  it.scoped("tells how long handlers take, by topic", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 100)
      const consumer = yield* start(cluster, (offset) => Effect.sleep(offset < 90 ? 100 : 1_000))
      yield* TestClock.adjust("10 seconds")
      const { handlers } = yield* consumer.health
      const own = handlers.find(({ topic }) => topic === "orders")!
      assert.deepStrictEqual([own.count, own.max], [100, 1_000])
      assert.approximately(own.p50, 100, 7)
      assert.approximately(own.p90, 100, 7)
      assert.approximately(own.p99, 1_000, 63)
      assert.deepInclude(handlers.find(({ topic }) => topic === RETRY), { count: 0, p50: 0, p99: 0 })
    }))
})
