/**
 * How messages reach the handlers of a consumer.
 *
 * @since 0.1.0
 */
import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import { Remoting } from "@effect-rocketmq/client/Remoting"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("consuming")

/** What an inbox keeps of a message. */
const noted = (message: MessageExt.MessageExt) => ({
  body: MessageExt.text(message),
  id: message.msgId,
  queue: `${message.brokerName}:${message.queueId}`,
  offset: message.queueOffset,
  at: message.topic
})

/**
 * @since 0.1.0
 * @category behaviours
 */
export const consuming: ReadonlyArray<Behaviour> = [
  behaviour("many handlers in parallel get each message once", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    let running = 0
    let most = 0
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, concurrency: 32 },
      (message) =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep(yield* Random.nextIntBetween(1, 20))
          running--
          inbox.add(message.msgId)
        })
    )
    const receipts = yield* Effect.forEach(
      Array.from({ length: 600 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` })),
      { concurrency: 64 }
    )
    yield* Await.received("600 messages are handled", inbox, 600)
    yield* Await.nothingMore("and no more", inbox, "500 millis")
    yield* Expect.equal(
      "they are the ones that were sent",
      [...inbox.all()].sort(),
      receipts.map((receipt) => receipt.uniqueKey).sort()
    )
    yield* Expect.that("handlers ran in parallel, within the bound", most > 4 && most <= 32, most)
    yield* consumer.service.commit
    yield* Await.until(
      "all are committed",
      Stored.committedSum(consumer.group, name),
      (sum) => sum === 600n
    )
  }),

  behaviour("a handler gets what was sent, from the topic, queue and offset of the receipt", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<MessageExt.MessageExt>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(message))
    )
    const receipt = yield* producer.send(
      Message.make({ topic: name, body: "ünï 🚀", tags: "t", keys: ["k1", "k2"], flag: 3, properties: { a: "b" } })
    )
    const [message] = yield* Await.received("the message comes", inbox, 1)
    const got = yield* Expect.present("it is there", message)
    yield* Expect.equal(
      "content",
      [MessageExt.text(got), got.tags, got.keys, got.flag, got.properties["a"]],
      ["ünï 🚀", "t", ["k1", "k2"], 3, "b"]
    )
    yield* Expect.equal(
      "place",
      [got.topic, got.brokerName, got.queueId, got.queueOffset],
      [name, receipt.messageQueue.brokerName, receipt.messageQueue.queueId, receipt.queueOffset]
    )
    yield* Expect.equal("ids", [got.msgId, got.offsetId], [receipt.uniqueKey, receipt.offsetId])
    yield* Expect.equal("it is the first delivery", got.reconsumeTimes, 0)
  }),

  behaviour("an idle consumer gets a new message within a second", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<number>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      () => Effect.map(Clock.currentTimeMillis, inbox.add)
    )
    yield* producer.send(Message.make({ topic: name, body: "warm" }))
    yield* Await.received("the first message comes", inbox, 1)
    yield* Effect.sleep("1500 millis")
    const sent = yield* Clock.currentTimeMillis
    yield* producer.send(Message.make({ topic: name, body: "now" }))
    const all = yield* Await.received("the second message comes", inbox, 2)
    const took = (all[1] ?? Infinity) - sent
    yield* Expect.took("within a second", took, { atMost: 1000 })
  }),

  ...(["ZLIB", "LZ4", "ZSTD"] as const).map((type) =>
    behaviour(`a body compressed with ${type} reaches the handler plain`, function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const producer = yield* Member.sender({ compression: { type, threshold: 1000 } })
      const inbox = Inbox.make<string>()
      yield* Member.consumer(
        { subscriptions: { [name]: MessageSelector.all } },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
      const body = "all work and no play ".repeat(500)
      yield* producer.send(Message.make({ topic: name, body }))
      const all = yield* Await.received("the message comes", inbox, 1)
      yield* Expect.equal("as it was", all, [body])
      const [stored] = yield* Stored.readAll(name)
      yield* Expect.that("it is stored in fewer bytes", (stored?.body.length ?? Infinity) < body.length / 4, stored)
    })
  ),

  behaviour("the members of a batch are handled one by one, each with its own id", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(`${message.msgId} ${MessageExt.text(message)}`))
    )
    const receipts = yield* producer.sendBatch(
      Array.from({ length: 40 }, (_, i) => Message.make({ topic: name, body: `${i}` }))
    )
    const all = yield* Await.received("40 messages come", inbox, 40)
    yield* Expect.equal(
      "each with the id of its receipt",
      [...all].sort(),
      receipts.map((receipt, i) => `${receipt.uniqueKey} ${i}`).sort()
    )
  }),

  behaviour("each of two groups gets everything", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 3 })
    const producer = yield* Member.sender()
    const inboxes = [Inbox.make<string>(), Inbox.make<string>()]
    for (const inbox of inboxes) {
      yield* Member.consumer(
        { subscriptions: { [name]: MessageSelector.all } },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
    }
    const bodies = Array.from({ length: 60 }, (_, i) => `m${i}`)
    yield* Effect.forEach(bodies, (body) => producer.send(Message.make({ topic: name, body })), { concurrency: 8 })
    for (const [i, inbox] of inboxes.entries()) {
      yield* Await.received(`group ${i} gets 60`, inbox, 60)
      yield* Expect.equal(`group ${i} gets each once`, [...inbox.all()].sort(), [...bodies].sort())
    }
  }),

  behaviour("with one handler at a time, the messages of a queue come in order", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<ReturnType<typeof noted>>()
    yield* Effect.forEach(
      Array.from({ length: 100 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` }))
    )
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, concurrency: 1 },
      (message) => Effect.sync(() => inbox.add(noted(message)))
    )
    const all = yield* Await.received("100 messages come", inbox, 100)
    const queues = new Set(all.map(({ queue }) => queue))
    for (const queue of queues) {
      const offsets = all.filter((entry) => entry.queue === queue).map(({ offset }) => offset)
      yield* Expect.equal(`queue ${queue}`, offsets, offsets.map((_, i) => BigInt(i)))
    }
  }),

  behaviour("a handler of batches gets several messages of one queue, in order", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(
      Array.from({ length: 120 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` })),
      { concurrency: 16 }
    )
    const inbox = Inbox.make<ReadonlyArray<ReturnType<typeof noted>>>()
    yield* Member.batchConsumer(
      { subscriptions: { [name]: MessageSelector.all }, batchSize: 10 },
      (messages) => Effect.sync(() => inbox.add(messages.map(noted)))
    )
    const count = () => inbox.all().reduce((sum, batch) => sum + batch.length, 0)
    yield* Await.until("120 messages come", Effect.sync(count), (sum) => sum >= 120)
    const batches = inbox.all()
    yield* Expect.equal("each once", new Set(batches.flat().map(({ id }) => id)).size, count())
    yield* Expect.that(
      "more than one at a time, at most 10",
      batches.some((batch) => batch.length > 1) && batches.every((batch) => batch.length <= 10),
      batches.map((batch) => batch.length)
    )
    const broken = batches.filter((batch) =>
      batch.some((entry, i) =>
        i > 0 && (entry.queue !== batch[0]?.queue || entry.offset <= (batch[i - 1]?.offset ?? 0n))
      )
    )
    yield* Expect.equal("all of one queue, in order", broken, [])
  }),

  behaviour("a delayed message reaches the handler after its delay", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<readonly [number, string, string]>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) =>
        Effect.map(Clock.currentTimeMillis, (now) => inbox.add([now, MessageExt.text(message), message.msgId]))
    )
    const sent = yield* Clock.currentTimeMillis
    const receipt = yield* producer.send(Message.make({ topic: name, body: "later", delayLevel: 2 }))
    yield* producer.send(Message.make({ topic: name, body: "now" }))
    const all = yield* Await.received("both come", inbox, 2)
    yield* Expect.equal("the other one first", all.map(([, body]) => body), ["now", "later"])
    const took = (all[1]?.[0] ?? 0) - sent
    yield* Expect.took("the delayed one after about 5 s", took, { atLeast: 4900, atMost: 8000 })
    yield* Expect.equal("with the id of its receipt", all[1]?.[2], receipt.uniqueKey)
  }),

  behaviour("a topic that gets a route after the consumer started is picked up", function*() {
    const { createTopic, topicName } = yield* Cluster
    const name = topicName()
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      {
        subscriptions: { [name]: MessageSelector.all },
        client: { routeRefreshInterval: "1 second", heartbeatInterval: "1 second" },
        rebalanceInterval: "1 second",
        ready: false
      },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    yield* Effect.sleep("500 millis")
    yield* createTopic(name, { queues: 2 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(["a", "b", "c", "d"], (body) => producer.send(Message.make({ topic: name, body })))
    yield* Await.received("four messages come", inbox, 4)
    yield* Expect.equal("each once", [...inbox.all()].sort(), ["a", "b", "c", "d"])
  }),

  behaviour("a slow handler stops the pulling at the threshold, plus one pull", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    yield* producer.sendBatch(Array.from({ length: 300 }, (_, i) => Message.make({ topic: name, body: `${i}` })))
    const gate = yield* Effect.makeLatch(false)
    const inbox = Inbox.make<string>()
    const { service: consumer } = yield* Member.consumer(
      {
        subscriptions: { [name]: MessageSelector.all },
        concurrency: 2,
        pullThresholdCount: 20,
        pullBatchSize: 8
      },
      (message) => Effect.zipRight(gate.await, Effect.sync(() => inbox.add(MessageExt.text(message))))
    )
    const most = (): Effect.Effect<number> =>
      Effect.map(consumer.stats, (stats) => Math.max(0, ...stats.queues.map((queue) => queue.cachedCount)))
    yield* Await.until("pulling has begun", most(), (count) => count > 8)
    let peak = 0
    for (let i = 0; i < 25; i++) {
      peak = Math.max(peak, yield* most())
      yield* Effect.sleep("40 millis")
    }
    yield* Expect.that("at most 20 and one pull of 8 are cached", peak > 8 && peak <= 28, peak)
    yield* gate.open
    yield* Await.received("all come once the handler goes on", inbox, 300)
    yield* Expect.equal("each once", new Set(inbox.all()).size, 300)
    yield* Expect.equal("and no more", inbox.all().length, 300)
  }),

  behaviour("producers and consumers of one program share one client and its connections", function*() {
    const cluster = yield* Cluster
    const names = [yield* cluster.topic({ queues: 2 }), yield* cluster.topic({ queues: 2 })] as const
    const inbox = Inbox.make<string>()
    const consume = (topic: string) =>
      Consumer.make(
        { group: cluster.group(), subscriptions: { [topic]: MessageSelector.all }, consumeFrom: "first" },
        (message) => Effect.sync(() => inbox.add(`${message.topic} ${MessageExt.text(message)}`))
      )
    yield* Effect.gen(function*() {
      const consumers = [yield* consume(names[0]), yield* consume(names[1])]
      yield* Effect.forEach(consumers, (consumer) => consumer.ready)
      const producers = [
        yield* Producer.make({ group: cluster.group() }),
        yield* Producer.make({ group: cluster.group() })
      ]
      for (const producer of producers) {
        for (const topic of names) yield* producer.send(Message.make({ topic, body: producer.group }))
      }
      yield* Await.received("both consumers get both producers' messages", inbox, 4)
      yield* Expect.equal(
        "each once",
        [...inbox.all()].sort(),
        names.flatMap((topic) => producers.map((producer) => `${topic} ${producer.group}`)).sort()
      )
      const remoting = yield* Remoting
      const servers = 1 + (yield* cluster.masters).length
      yield* Expect.equal("one connection to each server", (yield* remoting.connected).length, servers)
    }).pipe(Effect.scoped, Effect.provide(cluster.client()))
  }),

  behaviour("a consumer whose connections are cut goes on, and loses nothing", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    yield* Effect.gen(function*() {
      const consumer = yield* Consumer.make(
        { group: cluster.group(), subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first" },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
      yield* consumer.ready
      const remoting = yield* Remoting
      for (let round = 0; round < 3; round++) {
        for (const { address } of yield* cluster.masters) yield* remoting.disconnect(address)
        yield* Effect.forEach(
          Array.from({ length: 10 }, (_, i) => `${round}-${i}`),
          (body) => producer.send(Message.make({ topic: name, body }))
        )
        yield* Await.until(
          `round ${round} comes`,
          Effect.sync(() => new Set(inbox.all()).size),
          (count) => count === (round + 1) * 10
        )
      }
    }).pipe(Effect.scoped, Effect.provide(cluster.client()))
  })
]
