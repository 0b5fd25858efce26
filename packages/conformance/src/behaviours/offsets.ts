/**
 * Where a group starts, what it commits, and where it goes on.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("offsets")

const into = (inbox: Inbox.Inbox<string>) => (message: MessageExt.MessageExt): Effect.Effect<void> =>
  Effect.sync(() => inbox.add(MessageExt.text(message)))

const numbered = (topic: string, from: number, to: number): ReadonlyArray<Message.Message> =>
  Array.from({ length: to - from }, (_, i) => Message.make({ topic, body: `${from + i}` }))

const bodies = (from: number, to: number): ReadonlyArray<string> =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`)

/**
 * @since 0.1.0
 * @category behaviours
 */
export const offsets: ReadonlyArray<Behaviour> = [
  behaviour("a new group that starts at the first message gets what was there before", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 3 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbered(name, 0, 30), (message) => producer.send(message))
    const inbox = Inbox.make<string>()
    yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first" }, into(inbox))
    yield* Effect.forEach(numbered(name, 30, 40), (message) => producer.send(message))
    yield* Await.received("the backlog and the new ones come", inbox, 40)
    yield* Expect.equal("each once", [...inbox.all()].sort(), [...bodies(0, 40)].sort())
  }),

  behaviour(
    "a new group that starts at the last message gets what is sent once it is ready, and nothing before",
    function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 3 })
      const producer = yield* Member.sender()
      yield* Effect.forEach(numbered(name, 0, 30), (message) => producer.send(message))
      const inbox = Inbox.make<string>()
      yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all }, consumeFrom: "last" }, into(inbox))
      yield* Effect.forEach(numbered(name, 30, 45), (message) => producer.send(message))
      yield* Await.received("the new ones come", inbox, 15)
      yield* Await.nothingMore("and no more", inbox, "700 millis")
      yield* Expect.equal("they are the new ones", [...inbox.all()].sort(), [...bodies(30, 45)].sort())
    }
  ),

  behaviour("a new group that starts at a time gets what was stored from then on", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbered(name, 0, 20), (message) => producer.send(message))
    yield* Effect.sleep("200 millis")
    const timestamp = yield* Clock.currentTimeMillis
    yield* Effect.sleep("200 millis")
    yield* Effect.forEach(numbered(name, 20, 40), (message) => producer.send(message))
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, consumeFrom: { timestamp } },
      into(inbox)
    )
    yield* Await.received("those from then on come", inbox, 20)
    yield* Await.nothingMore("and no more", inbox, "700 millis")
    yield* Expect.equal("they are the later ones", [...inbox.all()].sort(), [...bodies(20, 40)].sort())
  }),

  behaviour("a group that stops and starts again misses nothing and repeats nothing", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 3 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const options = { subscriptions: { [name]: MessageSelector.all }, consumeFrom: "last" } as const
    const first = yield* Member.consumer(options, into(inbox))
    yield* Effect.forEach(numbered(name, 0, 50), (message) => producer.send(message), { concurrency: 8 })
    yield* Await.received("50 come", inbox, 50)
    yield* first.stop
    yield* Expect.equal(
      "the committed offsets are exact",
      yield* Stored.committedSum(first.group, name),
      50n
    )
    yield* Effect.forEach(numbered(name, 50, 90), (message) => producer.send(message), { concurrency: 8 })
    yield* Await.nothingMore("nothing comes while it is stopped", inbox, "300 millis")
    const second = yield* Member.consumer({ ...options, group: first.group }, into(inbox))
    yield* Await.received("the others come after the start", inbox, 90)
    yield* Await.nothingMore("and no more", inbox, "700 millis")
    yield* Expect.equal("each once", [...inbox.all()].sort(), [...bodies(0, 90)].sort())
    yield* second.stop
    yield* Expect.equal("the committed offsets are exact", yield* Stored.committedSum(first.group, name), 90n)
  }),

  behaviour("a group that stops in the middle of a backlog goes on where it was", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    yield* producer.sendBatch(numbered(name, 0, 150))
    yield* producer.sendBatch(numbered(name, 150, 300))
    const inbox = Inbox.make<string>()
    const slow = (message: MessageExt.MessageExt) => Effect.zipRight(Effect.sleep("10 millis"), into(inbox)(message))
    const options = { subscriptions: { [name]: MessageSelector.all }, concurrency: 4 }
    const first = yield* Member.consumer(options, slow)
    yield* Await.received("some come", inbox, 40)
    yield* first.stop
    const done = inbox.all().length
    yield* Expect.that("the rest does not", done < 300, done)
    yield* Expect.equal(
      "what was handled is committed, no more and no less",
      yield* Stored.committedSum(first.group, name),
      BigInt(done)
    )
    yield* Member.consumer({ ...options, group: first.group, concurrency: 64 }, slow)
    yield* Await.received("the rest comes after the start", inbox, 300)
    yield* Await.nothingMore("and no more", inbox, "500 millis")
    yield* Expect.equal("each once", [...inbox.all()].sort(), [...bodies(0, 300)].sort())
  }),

  behaviour("offsets are committed periodically while the consumer runs", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, persistInterval: "200 millis" },
      into(inbox)
    )
    for (const [from, to] of [[0, 10], [10, 25]] as const) {
      yield* Effect.forEach(numbered(name, from, to), (message) => producer.send(message))
      yield* Await.until(
        `${to} are committed`,
        Stored.committedSum(consumer.group, name),
        (sum) => sum === BigInt(to),
        { within: "5 seconds" }
      )
    }
    yield* Expect.equal("each was handled once", [...inbox.all()].sort(), [...bodies(0, 25)].sort())
  }),

  behaviour("the committed offset never passes a message that is not finished", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    yield* producer.sendBatch(numbered(name, 0, 40))
    const gate = yield* Effect.makeLatch(false)
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, concurrency: 8, persistInterval: "100 millis" },
      (message) => Effect.zipRight(MessageExt.text(message) === "7" ? gate.await : Effect.void, into(inbox)(message))
    )
    yield* Await.received("all but one are handled", inbox, 39)
    yield* consumer.service.commit
    yield* Effect.sleep("500 millis")
    yield* Expect.equal("committed up to the unfinished one", yield* Stored.committedSum(consumer.group, name), 7n)
    yield* gate.open
    yield* Await.received("the last one is handled", inbox, 40)
    yield* Await.until(
      "all are committed",
      Stored.committedSum(consumer.group, name),
      (sum) => sum === 40n
    )
  }),

  behaviour("a stored offset beyond the queue's end is corrected, and new messages come", function*() {
    const { broker, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const { address, queue } = yield* Stored.queueOf(name)
    yield* Effect.forEach(numbered(name, 0, 3), (message) => producer.send(message, { queue }))
    const cluster = yield* Cluster
    const group = yield* cluster.knownGroup
    yield* broker.updateConsumerOffset(address, group, queue, 1000n)
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all }, group }, into(inbox))
    yield* Await.until(
      "the position is the queue's end",
      Effect.map(
        consumer.service.stats,
        (stats) =>
          stats.queues.find((own) => own.queue.topic === name && own.queue.brokerName === queue.brokerName)?.position
      ),
      (position) => position === 3n,
      { within: "10 seconds" }
    )
    yield* producer.send(Message.make({ topic: name, body: "new" }), { queue })
    yield* Await.received("the new message comes", inbox, 1)
    yield* Expect.equal("and it alone", inbox.all(), ["new"])
  })
]
