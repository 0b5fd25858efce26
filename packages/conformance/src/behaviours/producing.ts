/**
 * What becomes of messages that are sent.
 *
 * @since 0.1.0
 */
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("producing")

const MIB = 1024 * 1024

const randomBytes = (size: number): Effect.Effect<Uint8Array> =>
  Effect.map(Random.nextIntBetween(1, 0x7fffffff), (seed) => {
    const bytes = new Uint8Array(size)
    let x = seed
    for (let i = 0; i < size; i++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      bytes[i] = x
    }
    return bytes
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const producing: ReadonlyArray<Behaviour> = [
  behaviour("a receipt tells the truth: status, queue, offset and both ids", function*() {
    const { broker, topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const before = yield* Clock.currentTimeMillis
    const receipt = yield* producer.send(Message.make({ topic: name, body: "hello", tags: "t", keys: ["k"], flag: 7 }))
    yield* Expect.equal("it is stored for good", receipt.status, "SEND_OK")
    const [stored, ...others] = yield* Stored.readAll(name)
    const message = yield* Expect.present("the topic holds the message", stored)
    yield* Expect.equal("and no other", others, [])
    yield* Expect.equal(
      "queue and offset are where it is",
      [receipt.messageQueue.topic, receipt.messageQueue.brokerName, receipt.messageQueue.queueId, receipt.queueOffset],
      [name, message.brokerName, message.queueId, message.queueOffset]
    )
    yield* Expect.equal("the unique key is the id that consumers see", receipt.uniqueKey, message.msgId)
    yield* Expect.equal("the broker's id is the message's", receipt.offsetId, message.offsetId)
    const id = yield* MessageId.decodeOffsetId(receipt.offsetId)
    const viewed = yield* broker.viewMessage(id.host, id.offset)
    yield* Expect.equal("the broker's id views the very message", MessageExt.text(viewed), "hello")
    yield* Expect.equal(
      "all that was given is stored",
      [MessageExt.text(message), message.tags, message.keys, message.flag, message.reconsumeTimes],
      ["hello", "t", ["k"], 7, 0]
    )
    yield* Expect.that(
      "times are of now",
      Math.abs(message.bornTimestamp - before) < 5000 && Math.abs(message.storeTimestamp - before) < 5000,
      [before, message.bornTimestamp, message.storeTimestamp]
    )
    yield* Expect.equal("one attempt was enough", receipt.attempts.map(({ outcome }) => outcome), ["Accepted"])
  }),

  behaviour("a body may hold every byte", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const body = Uint8Array.from({ length: 512 }, (_, i) => i)
    yield* producer.send(Message.make({ topic: name, body }))
    yield* producer.send(Message.make({ topic: name, body: Uint8Array.of(0) }))
    const stored = yield* Stored.readAll(name)
    const bodies = stored.map((message) => Array.from(message.body)).sort((a, b) => b.length - a.length)
    yield* Expect.equal("each comes back as it was", bodies, [Array.from(body), [0]])
  }),

  behaviour("tags, keys and properties may hold any script, and values what they like", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const properties = {
      "grüße": "żółć 日本語 🚀",
      json: "{\"a\": [1, 2], \"b\": \"x=y;z\"}",
      lines: "one\ntwo\r\n\ttab",
      long: "ä".repeat(3000)
    }
    yield* producer.send(
      Message.make({ topic: name, body: "ünïcödé", tags: "標籤", keys: ["ключ", "clé-é"], properties })
    )
    const [stored] = yield* Stored.readAll(name)
    const message = yield* Expect.present("the message is stored", stored)
    yield* Expect.equal("text", MessageExt.text(message), "ünïcödé")
    yield* Expect.equal("tag", message.tags, "標籤")
    yield* Expect.equal("keys", message.keys, ["ключ", "clé-é"])
    for (const [key, value] of Object.entries(properties)) {
      yield* Expect.equal(`property ${key}`, message.properties[key], value)
    }
  }),

  behaviour("of a thousand concurrent sends each is stored once, at the offset of its receipt", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const receipts = yield* Effect.forEach(
      Array.from({ length: 1000 }, (_, i) => `body-${i}`),
      (body) => Effect.map(producer.send(Message.make({ topic: name, body })), (receipt) => ({ body, receipt })),
      { concurrency: 64 }
    )
    const stored = yield* Stored.readAll(name)
    const place = (brokerName: string, queueId: number, offset: bigint) => `${brokerName}:${queueId}:${offset}`
    yield* Expect.equal("a thousand are stored", stored.length, 1000)
    const byPlace = new Map(
      stored.map((message) => [
        place(message.brokerName, message.queueId, message.queueOffset),
        `${MessageExt.text(message)} ${message.msgId}`
      ])
    )
    const wrong = receipts.filter(({ body, receipt }) =>
      byPlace.get(place(receipt.messageQueue.brokerName, receipt.messageQueue.queueId, receipt.queueOffset)) !==
        `${body} ${receipt.uniqueKey}`
    )
    yield* Expect.equal("each where its receipt says", wrong, [])
    yield* Expect.equal(
      "under a unique key of its own",
      new Set(receipts.map(({ receipt }) => receipt.uniqueKey)).size,
      1000
    )
    const offsets = new Map<string, Array<bigint>>()
    for (const message of stored) {
      const key = `${message.brokerName}:${message.queueId}`
      const known = offsets.get(key)
      if (known === undefined) offsets.set(key, [message.queueOffset])
      else known.push(message.queueOffset)
    }
    const gaps = [...offsets].filter(([, all]) => all.some((offset, i) => offset !== BigInt(i)))
    yield* Expect.equal("offsets are dense in each queue", gaps, [])
  }),

  behaviour("a message value may be sent again: each time under a new unique key, itself unchanged", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const message = Message.make({ topic: name, body: "twice", keys: ["k"], properties: { a: "b" } })
    const before = { ...message.properties }
    const first = yield* producer.send(message)
    const second = yield* producer.send(message)
    yield* Expect.that("the unique keys differ", first.uniqueKey !== second.uniqueKey, [first, second])
    yield* Expect.equal("the message is as it was", [message.topic, { ...message.properties }], [name, before])
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal(
      "both are stored",
      stored.map((found) => found.msgId).sort(),
      [first.uniqueKey, second.uniqueKey].sort()
    )
  }),

  behaviour("a body of 4 MiB is stored whole", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender({ attemptTimeout: "20 seconds", sendTimeout: "20 seconds" })
    const body = yield* randomBytes(4 * MIB)
    const receipt = yield* producer.send(Message.make({ topic: name, body }))
    yield* Expect.equal("it is stored", receipt.status, "SEND_OK")
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("once", stored.length, 1)
    yield* Expect.that(
      "byte by byte",
      stored[0] !== undefined && stored[0].body.length === body.length &&
        stored[0].body.every((byte, i) => byte === body[i]),
      stored[0]?.body.length
    )
  }),

  behaviour("a body of 4 KiB and more is stored compressed, a smaller one plain", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const { brokerName } = yield* Stored.firstMaster
    const queue = yield* Effect.map(
      producer.queues(name),
      (queues) => queues.find((candidate) => candidate.brokerName === brokerName)
    )
    const sizes = [4095, 4096, 100_000]
    for (const size of sizes) {
      yield* producer.send(Message.make({ topic: name, body: new Uint8Array(size).fill(65) }), { queue })
    }
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal(
      "from 4096 bytes on",
      stored.map((message) => SysFlag.isCompressed(message.sysFlag)),
      [false, true, true]
    )
    yield* Expect.that(
      "what is compressed is smaller",
      stored.every((message, i) => !SysFlag.isCompressed(message.sysFlag) || message.body.length < (sizes[i] ?? 0) / 4),
      stored.map((message) => message.body.length)
    )
  }),

  behaviour("a body that does not get smaller is stored plain", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const body = yield* randomBytes(20_000)
    yield* producer.send(Message.make({ topic: name, body }))
    const [stored] = yield* Stored.readAll(name)
    const message = yield* Expect.present("the message is stored", stored)
    yield* Expect.that("it is not marked as compressed", !SysFlag.isCompressed(message.sysFlag), message.sysFlag)
    yield* Expect.equal("its bytes are its own", Array.from(message.body), Array.from(body))
  }),

  behaviour("a batch keeps its order, and each member has a unique key and an offset of its own", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const bodies = Array.from({ length: 50 }, (_, i) => `member-${i}`)
    const receipts = yield* producer.sendBatch(
      bodies.map((body, i) => Message.make({ topic: name, body, tags: `t${i % 3}`, keys: [`key-${i}`] }))
    )
    yield* Expect.equal("a receipt for each", receipts.length, 50)
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal("stored in order", stored.map(MessageExt.text), bodies)
    yield* Expect.equal("in one queue", new Set(stored.map((message) => message.queueId)).size, 1)
    yield* Expect.equal(
      "offsets and ids are those of the receipts, in order",
      stored.map((message) => [message.queueOffset, message.msgId, message.offsetId]),
      receipts.map((receipt) => [receipt.queueOffset, receipt.uniqueKey, receipt.offsetId])
    )
    yield* Expect.equal("50 unique keys", new Set(stored.map((message) => message.uniqueKey)).size, 50)
    yield* Expect.equal(
      "tags and keys are the member's own",
      stored.map((message) => [message.tags, message.keys]),
      bodies.map((_, i) => [`t${i % 3}`, [`key-${i}`]])
    )
  }),

  behaviour("a batch of different topics is refused", function*() {
    const { topic } = yield* Cluster
    const [a, b] = [yield* topic({ queues: 1 }), yield* topic({ queues: 1 })]
    const producer = yield* Member.sender()
    const error = yield* Expect.fails(
      "it names no single queue",
      producer.sendBatch([Message.make({ topic: a, body: "a" }), Message.make({ topic: b, body: "b" })]),
      "BatchMixedTopicError"
    )
    yield* Expect.equal("the topics are named", [...error.topics].sort(), [a, b].sort())
    const stored = yield* Effect.zipWith(Stored.readAll(a), Stored.readAll(b), (first, second) => [...first, ...second])
    yield* Expect.equal("nothing is stored", stored, [])
  }),

  behaviour("a oneway message arrives", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    yield* Effect.forEach(["a", "b", "c"], (body) => producer.sendOneway(Message.make({ topic: name, body })))
    const stored = yield* Await.until(
      "three messages are stored",
      Stored.readAll(name),
      (messages) => messages.length >= 3
    )
    yield* Expect.equal("each once", stored.map(MessageExt.text).sort(), ["a", "b", "c"])
  }),

  behaviour("the first message to a topic that nobody made makes it", function*() {
    const { broker, topicName } = yield* Cluster
    const name = topicName()
    const producer = yield* Member.sender()
    const receipt = yield* producer.send(Message.make({ topic: name, body: "first" }))
    yield* Expect.equal("it is stored", receipt.status, "SEND_OK")
    const stored = yield* Await.until("the topic holds it", Stored.readAll(name), (messages) => messages.length > 0)
    yield* Expect.equal("once", stored.map(MessageExt.text), ["first"])
    const { address } = yield* Stored.firstMaster
    const config = yield* Effect.option(broker.topicConfig(address, name))
    yield* Expect.that(
      "with 4 queues to read and write, where it was made",
      config._tag === "None" || (config.value.readQueueNums === 4 && config.value.writeQueueNums === 4),
      config
    )
  }),

  behaviour("a delayed message is not there before its time, and soon after", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const [waited, stored] = yield* Await.timed(Effect.gen(function*() {
      const receipt = yield* producer.send(Message.make({ topic: name, body: "later", delayLevel: 1 }))
      yield* Expect.equal("it is accepted", receipt.status, "SEND_OK")
      return yield* Await.until("it comes", Stored.readAll(name), (all) => all.length > 0)
    }))
    yield* Expect.took("soon after its time", waited, { atMost: 4000 })
    yield* Expect.equal("once, with its body", stored.map(MessageExt.text), ["later"])
    const delay = stored.map((message) => message.storeTimestamp - message.bornTimestamp)
    yield* Expect.that("it was put into its topic not before a second had passed", (delay[0] ?? 0) >= 950, delay)
  }),

  behaviour("a stored message is found by its key and by its unique key", function*() {
    const { broker, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const receipts = yield* Effect.forEach(
      ["order-1", "order-2"],
      (key) => producer.send(Message.make({ topic: name, body: `of ${key}`, keys: [key, "common"] }))
    )
    const { masters } = yield* Cluster
    const query = (key: string, unique: boolean) =>
      Effect.flatMap(masters, (all) =>
        Effect.map(
          Effect.forEach(all, ({ address }) =>
            Effect.orElseSucceed(
              broker.queryMessage(address, {
                topic: name,
                key,
                unique,
                maxCount: 32,
                begin: 0,
                end: Number.MAX_SAFE_INTEGER
              }),
              (): ReadonlyArray<MessageExt.MessageExt> => []
            )),
          (found) => found.flat().map(MessageExt.text).sort()
        ))
    const find = (key: string, unique: boolean, expected: Array<string>) =>
      Effect.flatMap(
        Await.until(`${key} is found`, query(key, unique), (found) => found.length >= expected.length),
        (found) => Expect.equal(`${key} finds what has it`, found, expected)
      )
    yield* find("order-2", false, ["of order-2"])
    yield* find("common", false, ["of order-1", "of order-2"])
    yield* find(receipts[0]?.uniqueKey ?? "", true, ["of order-1"])
  }),

  behaviour("a producer that is stopped lets sends under way end, and refuses later ones", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const { service: producer, stop } = yield* Member.producer()
    yield* producer.send(Message.make({ topic: name, body: "warm" }))
    const running = yield* Effect.fork(
      Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) => Effect.either(producer.send(Message.make({ topic: name, body: `body-${i}` }))),
        { concurrency: "unbounded" }
      )
    )
    yield* Effect.yieldNow()
    yield* stop
    const error = yield* Expect.fails(
      "a later send is refused",
      producer.send(Message.make({ topic: name, body: "late" })),
      "ProducerShutdownError"
    )
    yield* Expect.equal("as not stored", error.outcome, "Refused")
    const results = yield* running
    const accepted = results.flatMap((result) => result._tag === "Right" ? [result.right.uniqueKey] : [])
    const stored = new Set((yield* Stored.readAll(name)).map((message) => message.msgId))
    yield* Expect.equal("all that were accepted are stored", accepted.filter((key) => !stored.has(key)), [])
    yield* Expect.that("none is stored that was refused", stored.size === accepted.length + 1, {
      stored: stored.size,
      accepted: accepted.length
    })
  })
]
