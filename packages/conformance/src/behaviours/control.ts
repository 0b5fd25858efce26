/**
 * Consumers that are steered while they run: pauses, how many handlers, how fast, and whose turn it is.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import type * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("control")

interface Seen {
  readonly topic: string
  readonly queueId: number
  readonly body: string
  readonly at: number
}

const into = (inbox: Inbox.Inbox<Seen>) => (message: MessageExt.MessageExt): Effect.Effect<void> =>
  Effect.map(
    Clock.currentTimeMillis,
    (at) => inbox.add({ topic: message.topic, queueId: message.queueId, body: MessageExt.text(message), at })
  )

/** Sends numbered messages, one after the other, to one queue of the topic. */
const send = Effect.fnUntraced(function*(
  producer: Producer.Producer["Type"],
  topic: string,
  from: number,
  to: number,
  queueId = 0
) {
  const queue = (yield* producer.queues(topic)).find((queue) => queue.queueId === queueId)
  for (let i = from; i < to; i++) yield* producer.send(Message.make({ topic, body: `${i}` }), { queue })
})

const bodies = (all: ReadonlyArray<Seen>) => all.map(({ body }) => Number(body))

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

/**
 * @since 0.1.0
 * @category behaviours
 */
export const control: ReadonlyArray<Behaviour> = [
  behaviour("a paused consumer gets nothing and keeps what it has; resumed it goes on at once", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    const { group, service } = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      into(inbox)
    )
    yield* send(producer, name, 0, 3)
    yield* Await.received("messages come", inbox, 3)
    // the broker holds a pull now
    yield* Effect.sleep("300 millis")
    const queues = yield* service.assignment
    yield* service.pause()
    yield* send(producer, name, 3, 6)
    yield* Await.nothingMore("nothing comes while it is paused", inbox, "2 seconds")
    const stats = yield* service.stats
    yield* Expect.equal("nor is anything pulled", [stats.pulled, stats.paused.consumer], [3, true])
    yield* Expect.equal("it has its queues", yield* service.assignment, queues)
    yield* Await.until("what was handled is committed", Stored.committedSum(group, name), (sum) => sum === 3n)
    yield* service.resume()
    yield* Await.received("the others come when it is resumed", inbox, 6, { within: "4 seconds" })
    yield* Expect.equal("each once", bodies(inbox.all()).sort(), numbers(0, 6))
  }),

  behaviour("a paused topic and a paused queue hold up nothing else", function*() {
    const { topic } = yield* Cluster
    const quiet = yield* topic({ queues: 1 })
    const half = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    const { service } = yield* Member.consumer(
      { subscriptions: { [quiet]: MessageSelector.all, [half]: MessageSelector.all } },
      into(inbox)
    )
    yield* service.pause(quiet)
    const queue = (yield* service.assignment).find((queue) => queue.topic === half && queue.queueId === 0)
    yield* service.pause(queue)
    yield* send(producer, quiet, 0, 2)
    yield* send(producer, half, 10, 12, 0)
    yield* send(producer, half, 20, 22, 1)
    yield* Await.received("the other queue gets its messages", inbox, 2)
    yield* Await.nothingMore("and nothing else", inbox, "1 second")
    yield* Expect.equal("they are", bodies(inbox.all()), [20, 21])
    const { paused } = yield* service.stats
    yield* Expect.equal("it says what is paused", [paused.topics, paused.queues.map(MessageQueue.key)], [
      [quiet],
      queue === undefined ? [] : [MessageQueue.key(queue)]
    ])
    yield* service.resume(queue)
    yield* Await.received("the queue goes on", inbox, 4, { within: "4 seconds" })
    yield* service.resume(quiet)
    yield* Await.received("the topic goes on", inbox, 6, { within: "4 seconds" })
    yield* Expect.equal("in their order", bodies(inbox.all()).slice(2), [10, 11, 0, 1])
  }),

  behaviour("a paused topic stays paused when its queues go to another member and come back", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    const subscriptions = { [name]: MessageSelector.all }
    const { group, service } = yield* Member.consumer({ subscriptions, rebalanceInterval: "1 second" }, into(inbox))
    yield* service.pause(name)
    const owned = Effect.map(service.assignment, (queues) => queues.filter((queue) => queue.topic === name).length)
    const all = yield* owned
    const other = yield* Member.consumer({ subscriptions, group, rebalanceInterval: "1 second" }, () => Effect.void)
    yield* Await.until("the other member has queues", owned, (count) => count < all)
    yield* other.stop
    yield* Await.until("they come back", owned, (count) => count === all)
    yield* send(producer, name, 0, 2, 0)
    yield* send(producer, name, 2, 4, 1)
    yield* Await.nothingMore("nothing comes", inbox, "1500 millis")
    yield* service.resume(name)
    yield* Await.received("all come when it is resumed", inbox, 4, { within: "6 seconds" })
  }, "60 seconds"),

  behaviour("a consumer in order keeps its locks and its order through a pause", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    const began = Inbox.make<string>()
    const { service } = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) =>
        Effect.sync(() => began.add(message.msgId)).pipe(
          Effect.zipRight(Effect.sleep("200 millis")),
          Effect.zipRight(into(inbox)(message))
        )
    )
    yield* send(producer, name, 0, 6)
    yield* Await.received("the second begins", began, 2)
    yield* service.pause()
    yield* Await.received("it is finished", inbox, 2)
    yield* Await.nothingMore("and no other begins", began, "1500 millis")
    const { locks } = yield* service.stats
    yield* Expect.that("the queues are locked", locks.every(({ locked }) => locked), locks)
    yield* service.resume()
    yield* Await.received("the others come", inbox, 6)
    yield* Expect.equal("in order", bodies(inbox.all()), numbers(0, 6))
  }),

  behaviour("more and fewer handlers run as soon as it is said", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    let running = 0
    let gate = Effect.unsafeMakeLatch(false)
    const done = Inbox.make<string>()
    const { service } = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, concurrency: 2 },
      (message) =>
        Effect.suspend(() => {
          running++
          return gate.await
        }).pipe(
          Effect.ensuring(Effect.sync(() => running--)),
          Effect.zipRight(Effect.sync(() => done.add(message.msgId)))
        )
    )
    const are = (count: number) =>
      Await.until(`${count} handlers run`, Effect.sync(() => running), (now) => now === count)
    yield* send(producer, name, 0, 10, 0)
    yield* send(producer, name, 10, 20, 1)
    yield* are(2)
    yield* service.setConcurrency(7)
    yield* are(7)
    yield* service.setConcurrency(3)
    yield* Effect.sleep("200 millis")
    yield* Expect.equal("none is interrupted", running, 7)
    const first = gate
    gate = Effect.unsafeMakeLatch(false)
    yield* first.open
    yield* Await.received("they finish", done, 7)
    yield* are(3)
    yield* Effect.sleep("200 millis")
    yield* Expect.equal("and no more than these run then", [running, done.all().length], [3, 7])
    yield* gate.open
    const all = yield* Await.received("all are handled", done, 20)
    yield* Expect.equal("each once", new Set(all).size, 20)
  }),

  behaviour("messages are handed out at the rate that is asked for", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    yield* send(producer, name, 0, 40, 0)
    yield* send(producer, name, 40, 100, 1)
    const { service } = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, rate: 20, concurrency: 8 },
      into(inbox)
    )
    const all = yield* Await.received("messages come", inbox, 40)
    for (const [i, { at }] of all.entries()) {
      const before = all[i - 20]
      // two more than the rate may come after a delay of the clock
      if (before === undefined || i < 22) continue
      const took = at - all[i - 22]!.at
      yield* Expect.that("no second has more of them than the rate and a tenth", took >= 990, { i, took })
    }
    yield* service.setRate(Infinity)
    yield* Await.received("the others come at once without it", inbox, 100, { within: "3 seconds" })
  }),

  behaviour("a queue with a backlog holds up no other, one by one and in batches", function*() {
    const { topic } = yield* Cluster
    const hot = yield* topic({ queues: 1 })
    const cold = yield* topic({ queues: 8 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbers(0, 400), (i) => producer.send(Message.make({ topic: hot, body: `${i}` })), {
      concurrency: 32
    })
    for (const batchSize of [1, 4]) {
      const inbox = Inbox.make<Seen>()
      const { service, stop } = yield* Member.batchConsumer({
        subscriptions: { [hot]: MessageSelector.all, [cold]: MessageSelector.all },
        concurrency: 1,
        batchSize
      }, (messages) => Effect.delay(Effect.forEach(messages, into(inbox), { discard: true }), "20 millis"))
      yield* Await.until("it is at the backlog", Effect.sync(() => inbox.all().length), (count) => count >= 3)
      for (let id = 0; id < 8; id++) yield* send(producer, cold, batchSize, batchSize + 1, id)
      const others = Effect.sync(() =>
        inbox.all().filter(({ body, topic }) => topic === cold && body === `${batchSize}`).length
      )
      yield* Await.until("the others get their turns", others, (count) => count === 8)
      const { queues } = yield* service.stats
      const left = queues.find((progress) => progress.queue.topic === hot)
      yield* Expect.that("while there is a backlog", (left?.cachedCount ?? 0) > 100, left)
      yield* stop
    }
  }),

  behaviour("a topic whose handlers hang takes no more than its budget, and others go on", function*() {
    const { topic } = yield* Cluster
    const stuck = yield* topic({ queues: 2 })
    const fine = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Seen>()
    yield* Effect.forEach(numbers(0, 400), (i) => producer.send(Message.make({ topic: stuck, body: `${i}` })), {
      concurrency: 32
    })
    const { service } = yield* Member.consumer(
      {
        subscriptions: { [stuck]: MessageSelector.all, [fine]: MessageSelector.all },
        concurrency: 8,
        topicBudgets: { [stuck]: { count: 6 } },
        pullBatchSize: 2,
        shutdownTimeout: "10 millis"
      },
      (message) =>
        message.topic === stuck && MessageExt.text(message) !== "0" ? Effect.sleep("1 second") : into(inbox)(message)
    )
    const cached = Effect.map(
      service.stats,
      ({ queues }) =>
        queues.filter((progress) => progress.queue.topic === stuck).reduce(
          (sum, { cachedCount }) => sum + cachedCount,
          0
        )
    )
    yield* Await.until("the budget is used up", cached, (count) => count > 6)
    yield* send(producer, fine, 0, 20)
    yield* Await.until(
      "the other topic is consumed",
      Effect.sync(() => inbox.all().filter((seen) => seen.topic === fine).length),
      (count) => count === 20
    )
    const count = yield* cached
    const { length } = (yield* service.assignment).filter((queue) => queue.topic === stuck)
    yield* Expect.that("no more than a pull of each queue is on top", count <= 6 + 2 * length, count)
  }),

  behaviour("the delay before the next delivery goes by what the handler failed with", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const told = Inbox.make<string>()
    yield* Member.consumer({
      subscriptions: { [name]: MessageSelector.all },
      retryDelayLevel: (message, cause) => {
        told.add(`${MessageExt.text(message)}: ${Option.getOrElse(Cause.failureOption(cause), () => "none")}`)
        return Option.contains(Cause.failureOption(cause), "busy") ? 2 : 1
      }
    }, (message) => {
      if (message.reconsumeTimes === 0) return Effect.fail(MessageExt.text(message) === "a" ? "busy" : "gone")
      return Effect.sync(() => inbox.add(MessageExt.text(message)))
    })
    for (const body of ["a", "b"]) yield* producer.send(Message.make({ topic: name, body }))
    const all = yield* Await.received("both come again", inbox, 2, { within: "25 seconds" })
    yield* Expect.equal("that with the shorter delay first", all, ["b", "a"])
    yield* Expect.equal("the policy had what they failed with", [...told.all()].sort(), ["a: busy", "b: gone"])
  }, "40 seconds")
]
