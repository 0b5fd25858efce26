/**
 * What a consumer knows of itself: queues that are not pulled and why, how far it is behind, and whether it is well.
 *
 * @since 0.1.0
 */
import * as Consumer from "@effect-rocketmq/client/Consumer"
import type { StallCause } from "@effect-rocketmq/client/ConsumerHealth"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Links from "../Links.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("watching")

/** Looks often, and takes little for a stall. */
const impatient = {
  stallAfter: "2 seconds",
  watchInterval: "100 millis",
  suspendTimeout: "1 second",
  persistInterval: "300 millis"
} as const

/** A topic of one queue on each broker; the messages are all in that of the first one. */
const oneQueue = (count: number) =>
  Effect.gen(function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* Effect.forEach(Array.from({ length: count }, (_, i) => `${i}`), (body) => Stored.put({ topic: name, body }))
    return { name, ...(yield* Stored.queueOf(name)) }
  })

const same = (a: MessageQueue.MessageQueue, b: MessageQueue.MessageQueue): boolean =>
  a.topic === b.topic && a.brokerName === b.brokerName && a.queueId === b.queueId

/** Why a queue is not pulled, now. */
const causeOf = (consumer: Consumer.Consumer["Type"], queue: MessageQueue.MessageQueue) =>
  Effect.map(
    consumer.stats,
    ({ stalled }): StallCause | undefined => stalled.find((stall) => same(stall.queue, queue))?.cause
  )

const isWell = (consumer: Consumer.Consumer["Type"]) =>
  Await.until("the consumer is well", consumer.health, ({ status }) => status === "Up", { within: "30 seconds" })

/** What is told of the stalls of a queue from now on. */
const told = (consumer: Consumer.Consumer["Type"], queue: MessageQueue.MessageQueue) =>
  Effect.gen(function*() {
    const events = Inbox.make<string>()
    yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
      Effect.sync(() => {
        if ((event._tag === "QueueStalled" || event._tag === "QueueResumed") && same(event.queue, queue)) {
          events.add(event._tag)
        }
      })))
    // the subscription
    yield* Effect.sleep("50 millis")
    return events
  })

/** A consumer that notes bodies and goes its own way to the cluster. */
const linked = (name: string) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const links = yield* Links.make
    const inbox = Inbox.make<string>()
    const running = yield* Member.start(
      Consumer.layer(
        { group: cluster.group(), subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first", ...impatient },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      ).pipe(Layer.provide(links.client))
    )
    const consumer = Context.get(running.service, Consumer.Consumer)
    yield* isWell(consumer)
    return { consumer, inbox, links }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const watching: ReadonlyArray<Behaviour> = [
  behaviour("an idle consumer has no stalls, however short the limit", function*() {
    const { name } = yield* oneQueue(0)
    const { service } = yield* Member.consumer({
      ...impatient,
      subscriptions: { [name]: MessageSelector.all },
      suspendTimeout: "4 seconds",
      stallAfter: "500 millis"
    }, () => Effect.void)
    yield* Effect.sleep("10 seconds")
    const { queues, restarts, stalls } = yield* service.stats
    yield* Expect.equal("none was found", [stalls, restarts], [0, 0])
    yield* Expect.that("and all were pulled", queues.every(({ lastPull }) => lastPull > 0), queues)
  }),

  behaviour("a frozen broker is found silent; its pulls begin anew and go on when it is back", function*() {
    const { address, name, queue } = yield* oneQueue(1)
    const { consumer, inbox, links } = yield* linked(name)
    yield* Await.received("the first message comes", inbox, 1)
    const events = yield* told(consumer, queue)
    yield* links.freeze(address)
    const cause = yield* Await.until(
      "the queue is found not to be pulled",
      causeOf(consumer, queue),
      (cause) => cause !== undefined,
      { within: "20 seconds" }
    )
    yield* Expect.that("for its broker is silent", cause?._tag === "BrokerSilent" && cause.address === address, cause)
    const { status } = yield* consumer.health
    yield* Expect.that("the consumer is not well", status === "Down" || status === "Degraded", status)
    yield* Await.until("the hanging pull is begun again", consumer.stats, ({ restarts }) => restarts > 0)
    yield* links.mend(address)
    yield* Stored.put({ topic: name, body: "after", address })
    yield* Await.until(
      "what was sent meanwhile comes",
      Effect.sync(inbox.all),
      (all) => all.includes("after"),
      { within: "40 seconds" }
    )
    yield* isWell(consumer)
    yield* Expect.equal("told once each", events.all(), ["QueueStalled", "QueueResumed"])
    yield* Expect.equal("nothing came twice", inbox.all(), ["0", "after"])
  }, "110 seconds"),

  behaviour("a broker that is gone is found silent, with the error, and comes back", function*() {
    const { address, name, queue } = yield* oneQueue(1)
    const { consumer, inbox, links } = yield* linked(name)
    yield* Await.received("the first message comes", inbox, 1)
    yield* links.cut(address)
    const cause = yield* Await.until(
      "the queue is found not to be pulled",
      causeOf(consumer, queue),
      (cause) => cause?._tag === "BrokerSilent" && cause.failures > 0,
      { within: "20 seconds" }
    )
    yield* Expect.that("the error is told", cause?._tag === "BrokerSilent" && cause.lastError instanceof Error, cause)
    yield* links.mend(address)
    yield* Stored.put({ topic: name, body: "after", address })
    yield* Await.until(
      "what was sent meanwhile comes",
      Effect.sync(inbox.all),
      (all) => all.includes("after"),
      { within: "40 seconds" }
    )
    yield* isWell(consumer)
  }, "110 seconds"),

  behaviour("a handler that hangs is named, with its message, while the queue waits for it", function*() {
    const { name, queue } = yield* oneQueue(20)
    const release = yield* Deferred.make<void>()
    const inbox = Inbox.make<string>()
    const { service } = yield* Member.consumer(
      { ...impatient, subscriptions: { [name]: MessageSelector.all }, offsetSpan: 5 },
      (message) => {
        const body = MessageExt.text(message)
        const begun = body === "3" ? Deferred.await(release) : Effect.void
        return Effect.zipRight(begun, Effect.sync(() => inbox.add(body)))
      }
    )
    const cause = yield* Await.until(
      "the queue is found not to be pulled",
      causeOf(service, queue),
      (cause) => cause?._tag === "HandlerBusy"
    )
    yield* Expect.equal("for a handler is at it", cause?._tag === "HandlerBusy" && cause.message.offset, 3n)
    yield* Deferred.succeed(release, undefined)
    yield* Await.received("then all come", inbox, 20)
    const { handlers } = yield* isWell(service)
    const own = yield* Expect.present("handlers are measured", handlers.find(({ topic }) => topic === name))
    yield* Expect.equal("each run", own.count, 20)
    yield* Expect.that("the longest is that one", own.max >= 1_500 && own.p50 < own.max, own)
  }),

  behaviour("a full buffer is told as flow control, with the limit and the oldest message", function*() {
    const { name, queue } = yield* oneQueue(24)
    const inbox = Inbox.make<bigint>()
    const { service } = yield* Member.consumer(
      {
        ...impatient,
        // longer than a busy broker takes to say where to begin
        stallAfter: "4 seconds",
        subscriptions: { [name]: MessageSelector.all },
        concurrency: 1,
        pullThresholdCount: 2
      },
      (message) => Effect.zipRight(Effect.sleep("300 millis"), Effect.sync(() => inbox.add(message.queueOffset)))
    )
    const cause = yield* Await.until(
      "the queue is found not to be pulled",
      causeOf(service, queue),
      (cause) => cause !== undefined
    )
    if (cause?._tag !== "FlowControl") return yield* Expect.broken("for it is full", cause)
    const oldest = yield* Expect.present("its oldest message is told", Option.getOrUndefined(cause.oldest))
    const done = inbox.all().length
    yield* Expect.equal("the limit", cause.limit, "count")
    yield* Expect.that("which is about in hand", oldest.offset > 0n && oldest.offset <= BigInt(done), [oldest, done])
    const { status } = yield* service.health
    yield* Expect.equal("that is not well, and not down", status, "Degraded")
    yield* Await.received("all come", inbox, 24)
    yield* isWell(service)
  }, "60 seconds"),

  behaviour("a lock that another member has is named, to the program and to operators", function*() {
    const { broker, group: groupOf } = yield* Cluster
    const { address, name, queue } = yield* oneQueue(1)
    const group = groupOf()
    const clientId = `conf-${name}`
    yield* broker.lockQueues(address, "c-stranger", group, [queue])
    const inbox = Inbox.make<string>()
    const { service } = yield* Member.orderlyConsumer(
      { ...impatient, group, subscriptions: { [name]: MessageSelector.all }, client: { clientId }, ready: false },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    yield* Await.until("the queue waits for its lock", causeOf(service, queue), (cause) => cause?._tag === "NoLock")
    const answer = yield* broker.request(
      address,
      RequestHeader.GetConsumerRunningInfo.make({ consumerGroup: group, clientId, jstackEnable: false }),
      12_000
    )
    const info = yield* ConsumerRunningInfo.decode(yield* Expect.present("the broker asks the member", answer.body))
    const entry = info.mqTable.find(([own]) => same(own, queue))?.[1]
    yield* Expect.equal("an operator sees that it is not locked", entry?.locked, false)
    const why = info.userConsumerInfo[`stalled ${name} ${queue.brokerName} ${queue.queueId}`]
    yield* Expect.that("and why it is not pulled", why?.includes("another member has had its lock") === true, why)
    yield* broker.unlockQueues(address, "c-stranger", group, [queue])
    yield* Await.received("the message comes when the lock is free", inbox, 1)
    yield* isWell(service)
  }, "60 seconds"),

  behaviour("the lag is what the broker says, and the age that of the first message that is not finished", function*() {
    const { broker } = yield* Cluster
    const { address, name, queue } = yield* oneQueue(4)
    const before = yield* Clock.currentTimeMillis
    yield* Stored.put({ topic: name, body: "4" })
    const after = yield* Clock.currentTimeMillis
    yield* Effect.sleep("1 second")
    yield* Effect.forEach(["5", "6"], (body) => Stored.put({ topic: name, body }))
    const release = yield* Deferred.make<void>()
    const { group, service } = yield* Member.consumer(
      { ...impatient, subscriptions: { [name]: MessageSelector.all } },
      (message) => Number(MessageExt.text(message)) < 4 ? Effect.void : Deferred.await(release)
    )
    const own = Effect.map(service.lag, ({ queues }) => queues.find((lag) => same(lag.queue, queue)))
    yield* Await.until(
      "four are committed",
      own,
      (lag) => lag?._tag === "Known" && Option.contains(lag.committed, 4n)
    )
    const asked = yield* Clock.currentTimeMillis
    const lag = yield* own
    const answered = yield* Clock.currentTimeMillis
    if (lag?._tag !== "Known") return yield* Expect.broken("the lag is known", lag)
    yield* Expect.equal("three are left", [lag.maxOffset, lag.behind], [7n, 3n])
    const age = Option.getOrElse(lag.oldestAge, () => -1)
    yield* Expect.that(
      "the first of them was stored when it was sent",
      age >= asked - after - 1 && age <= answered - before + 1,
      { age, least: asked - after, most: answered - before }
    )
    const { offsetTable } = yield* broker.consumeStats(address, group, name)
    const progress = offsetTable.find(([entry]) => same(entry, queue))?.[1]
    yield* Expect.equal(
      "operators are told the same",
      progress && progress.brokerOffset - progress.consumerOffset,
      lag.behind
    )
    yield* Deferred.succeed(release, undefined)
    yield* Await.until(
      "when all is done there is none",
      service.lag,
      ({ behind, oldestAge, unknown }) => behind === 0n && Option.isNone(oldestAge) && unknown === 0
    )
  }),

  behaviour("the age of a message that is not pulled is asked of its broker", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const { address, queue } = yield* Stored.queueOf(name, 1)
    const release = yield* Deferred.make<void>()
    const inbox = Inbox.make<string>()
    const { service } = yield* Member.consumer(
      { ...impatient, subscriptions: { [name]: MessageSelector.all }, maxCachedBytes: 1 },
      (message) => Effect.zipRight(Deferred.await(release), Effect.sync(() => inbox.add(MessageExt.text(message))))
    )
    yield* Stored.put({ topic: name, body: "first", queueId: 0, address })
    const cause = yield* Await.until(
      "the other queue is no longer pulled",
      causeOf(service, queue),
      (cause) => cause !== undefined,
      { within: "20 seconds" }
    )
    yield* Expect.that("for the first one uses up the memory", cause?._tag === "FlowControl", cause)
    yield* Expect.equal("of the consumer", cause?._tag === "FlowControl" && cause.limit, "consumer")
    const before = yield* Clock.currentTimeMillis
    yield* Stored.put({ topic: name, body: "second", queueId: 1, address })
    const after = yield* Clock.currentTimeMillis
    yield* Effect.sleep("500 millis")
    const asked = yield* Clock.currentTimeMillis
    const lag = (yield* service.lag).queues.find((entry) => same(entry.queue, queue))
    const answered = yield* Clock.currentTimeMillis
    if (lag?._tag !== "Known") return yield* Expect.broken("the lag is known", lag)
    yield* Expect.equal("it is one behind", lag.behind, 1n)
    const age = Option.getOrElse(lag.oldestAge, () => -1)
    yield* Expect.that(
      "since it was sent",
      age >= asked - after - 1 && age <= answered - before + 1,
      { age, least: asked - after, most: answered - before }
    )
    yield* Deferred.succeed(release, undefined)
    yield* Await.received("both come", inbox, 2)
    yield* isWell(service)
  }, "60 seconds"),

  behaviour("the lag of a queue whose broker does not answer is an error, and no number", function*() {
    const { address, name, queue } = yield* oneQueue(1)
    const { consumer, inbox, links } = yield* linked(name)
    yield* Await.received("the first message comes", inbox, 1)
    yield* links.cut(address)
    const lag = yield* consumer.lag
    const own = lag.queues.find((entry) => same(entry.queue, queue))
    yield* Expect.that("there is an error", own?._tag === "Unknown" && own.error instanceof Error, own)
    const total = lag.topics.get(name)
    yield* Expect.that("and counted", total !== undefined && total.unknown >= 1 && total.behind === 0n, total)
    yield* links.mend(address)
    yield* Await.until("then there is a number", consumer.lag, ({ unknown }) => unknown === 0, { within: "30 seconds" })
  }, "60 seconds")
]
