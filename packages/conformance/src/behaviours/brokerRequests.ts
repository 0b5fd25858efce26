/**
 * What brokers answer to single requests.
 *
 * @since 0.1.0
 */
import type { EndTransactionRequest, TransactionEnd } from "@effect-rocketmq/client/Broker"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Stored from "../Stored.js"

const behaviour = area("broker requests")

/**
 * @since 0.1.0
 * @category behaviours
 */
export const brokerRequests: ReadonlyArray<Behaviour> = [
  behaviour("a queue tells its first offset, its next offset, and the offset of a time", function*() {
    const { broker, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    yield* Expect.equal("an empty queue begins at 0", yield* broker.minOffset(address, queue), 0n)
    yield* Expect.equal("an empty queue ends at 0", yield* broker.maxOffset(address, queue), 0n)
    yield* Stored.put({ topic: queue.topic, body: "a" })
    yield* Stored.put({ topic: queue.topic, body: "b" })
    yield* Effect.sleep("50 millis")
    const between = yield* Clock.currentTimeMillis
    yield* Effect.sleep("50 millis")
    yield* Stored.put({ topic: queue.topic, body: "c" })
    yield* Await.until("the queue ends at 3", broker.maxOffset(address, queue), (offset) => offset === 3n)
    yield* Expect.equal("it still begins at 0", yield* broker.minOffset(address, queue), 0n)
    yield* Expect.equal("a time before all gives the first", yield* broker.searchOffset(address, queue, 0), 0n)
    yield* Expect.equal(
      "a time between b and c gives c",
      yield* broker.searchOffset(address, queue, between),
      2n
    )
    yield* Expect.equal(
      "a time after all gives the end",
      yield* broker.searchOffset(address, queue, (yield* Clock.currentTimeMillis) + 60_000),
      3n
    )
    const earliest = yield* broker.earliestStoreTime(address, queue)
    yield* Expect.that(
      "the earliest store time is that of a",
      Option.isSome(earliest) && earliest.value > 0 && earliest.value <= between,
      earliest
    )
  }),

  behaviour("a message is found by its keys and by its unique key, and no other is", function*() {
    const { broker, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const uniqueKey = "0A0B0C0D0E0F00112233445566778899"
    yield* Stored.put({ topic: queue.topic, body: "other", properties: { KEYS: "k-3" } })
    yield* Stored.put({
      topic: queue.topic,
      body: "wanted",
      properties: { KEYS: "k-1 k-2", UNIQ_KEY: uniqueKey }
    })
    const query = (key: string, unique: boolean) =>
      broker.queryMessage(address, {
        topic: queue.topic,
        key,
        unique,
        maxCount: 32,
        begin: 0,
        end: Number.MAX_SAFE_INTEGER
      })
    const bodies = (messages: ReadonlyArray<MessageExt.MessageExt>) => messages.map(MessageExt.text)
    for (const key of ["k-1", "k-2"]) {
      const found = yield* Await.until(
        `a message with key ${key} is found`,
        query(key, false),
        (messages) => messages.length > 0
      )
      yield* Expect.equal(`key ${key} finds the one that has it`, bodies(found), ["wanted"])
    }
    const byId = yield* Await.until("the unique key finds", query(uniqueKey, true), (all) => all.length > 0)
    yield* Expect.equal("the unique key finds its message", bodies(byId), ["wanted"])
    const none = yield* Effect.either(query("k-4", false))
    yield* Expect.that(
      "a key of no message finds nothing",
      none._tag === "Right" ? none.right.length === 0 : none.left._tag === "OffsetNotFoundError",
      none
    )
  }),

  behaviour("the commit log offset views the very message that was stored there", function*() {
    const { broker, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const receipt = yield* Stored.put({ topic: queue.topic, body: "look at me", properties: { TAGS: "t" } })
    const [stored] = yield* Stored.readAll(queue.topic)
    const message = yield* Expect.present("the message is in the queue", stored)
    yield* Expect.equal("the id of the answer is that of the message", receipt.offsetId, message.offsetId)
    const viewed = yield* broker.viewMessage(address, message.commitLogOffset)
    yield* Expect.equal("the body is the same", MessageExt.text(viewed), "look at me")
    yield* Expect.equal(
      "the place is the same",
      [viewed.topic, viewed.queueId, viewed.queueOffset, viewed.commitLogOffset],
      [queue.topic, 0, 0n, message.commitLogOffset]
    )
  }),

  behaviour("a commit log offset of nothing is refused", function*() {
    const { broker } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    const result = yield* Effect.either(broker.viewMessage(address, 1n << 50n))
    yield* Expect.that("it fails with what the broker said", result._tag === "Left", result)
  }),

  behaviour("a queue is locked by one client of a group until that unlocks it", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 2 }))
    const other = MessageQueue.make(queue.topic, queue.brokerName, 1)
    const name = yield* knownGroup
    const ids = (queues: ReadonlyArray<MessageQueue.MessageQueue>) => queues.map((locked) => locked.queueId).sort()
    yield* Expect.equal("A gets queue 0", ids(yield* broker.lockQueues(address, "client-a", name, [queue])), [0])
    yield* Expect.equal(
      "B asks for both and gets the free one",
      ids(yield* broker.lockQueues(address, "client-b", name, [queue, other])),
      [1]
    )
    yield* Expect.equal(
      "A holds its queue still",
      ids(yield* broker.lockQueues(address, "client-a", name, [queue])),
      [0]
    )
    yield* Expect.equal(
      "another group is not concerned",
      ids(yield* broker.lockQueues(address, "client-c", yield* knownGroup, [queue, other])),
      [0, 1]
    )
    yield* broker.unlockQueues(address, "client-a", name, [queue])
    yield* Await.until(
      "after A unlocked, B gets both",
      Effect.map(broker.lockQueues(address, "client-b", name, [queue, other]), ids),
      (held) => held.length === 2
    )
  }),

  behaviour("an unknown request code is answered with REQUEST_CODE_NOT_SUPPORTED", function*() {
    const { broker, nameServers } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    const request = { code: 32_123, extFields: {}, body: undefined }
    const answer = yield* broker.request(address, request)
    yield* Expect.equal("the broker answers with 3", answer.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)
    const nameServer = yield* Expect.present("there is a name server", nameServers[0])
    const second = yield* broker.request(nameServer, request)
    yield* Expect.equal("so does the name server", second.code, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)
    yield* Expect.equal("the connection goes on to work", (yield* broker.request(address, request)).code, 3)
  }),

  behaviour("a group that committed nothing has no offset, not the offset 0", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const name = yield* knownGroup
    yield* Expect.equal(
      "none on an empty queue",
      yield* broker.queryConsumerOffset(address, name, queue),
      Option.none()
    )
    yield* Stored.put({ topic: queue.topic, body: "a" })
    yield* Expect.equal("none on a young queue", yield* broker.queryConsumerOffset(address, name, queue), Option.none())
  }),

  behaviour("committed offsets are read back exactly, beyond 2^53 too", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 2 }))
    const name = yield* knownGroup
    yield* Stored.put({ topic: queue.topic, body: "a" })
    for (const offset of [0n, 1n, (1n << 53n) + 1n, (1n << 62n) + 12_345n]) {
      yield* broker.updateConsumerOffset(address, name, queue, offset)
      yield* Expect.equal(
        `${offset} is read back`,
        yield* broker.queryConsumerOffset(address, name, queue),
        Option.some(offset)
      )
    }
    yield* Expect.equal(
      "the queue beside has none",
      yield* broker.queryConsumerOffset(address, name, MessageQueue.make(queue.topic, queue.brokerName, 1)),
      Option.none()
    )
  }),

  behaviour("a pull gives messages in order of offsets, and says where to go on", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* Effect.forEach(["a", "b", "c", "d"], (body) => Stored.put({ topic: name, body }))
    const first = yield* Stored.pull(name, 0n, { maxMessages: 3 })
    yield* Expect.equal("messages are found", first.status, "Found")
    yield* Expect.equal("three as asked, in order", first.messages.map(MessageExt.text), ["a", "b", "c"])
    yield* Expect.equal("their offsets are dense", first.messages.map((message) => message.queueOffset), [0n, 1n, 2n])
    yield* Expect.equal("go on at 3", first.nextBeginOffset, 3n)
    yield* Expect.equal("the range of the queue is told", [first.minOffset, first.maxOffset], [0n, 4n])
    yield* Expect.that("each knows its broker", first.messages.every((message) => message.brokerName !== ""), first)
    const second = yield* Stored.pull(name, first.nextBeginOffset)
    yield* Expect.equal("the rest comes", second.messages.map(MessageExt.text), ["d"])
  }),

  behaviour("a pull outside the queue's range is answered with the offset to go on from", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* Stored.put({ topic: name, body: "a" })
    yield* Stored.put({ topic: name, body: "b" })
    const above = yield* Stored.pull(name, 1000n)
    yield* Expect.equal("above: the offset is illegal", above.status, "OffsetIllegal")
    yield* Expect.equal("above: go on at the end", above.nextBeginOffset, 2n)
    const below = yield* Stored.pull(name, -5n)
    yield* Expect.equal("below: the offset is illegal", below.status, "OffsetIllegal")
    yield* Expect.equal("below: go on at the first", below.nextBeginOffset, 0n)
  }),

  behaviour("a pull by tags skips what does not match, and says where to go on behind it", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    for (const tag of ["x", "y", "z", "x"]) {
      yield* Stored.put({ topic: name, body: `body-${tag}`, properties: { TAGS: tag } })
    }
    const matching = yield* Stored.pull(name, 0n, { tags: "x || y" })
    yield* Expect.equal("those with the tags come", matching.messages.map((message) => message.tags), ["x", "y", "x"])
    yield* Expect.equal("go on behind them", matching.nextBeginOffset, 4n)
    const nothing = yield* Stored.pull(name, 0n, { tags: "w" })
    yield* Expect.equal("nothing matches", nothing.status, "NoMatchedMessage")
    yield* Expect.equal("go on behind what was skipped", nothing.nextBeginOffset, 4n)
  }),

  behaviour("a pull at the end is held as long as asked, then told that there is nothing new", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* Stored.put({ topic: name, body: "a" })
    const [atOnce, immediate] = yield* Await.timed(Stored.pull(name, 1n))
    yield* Expect.equal("without a hold there is nothing new", immediate.status, "NoNewMessage")
    yield* Expect.took("and the answer comes at once", atOnce, { atMost: 900 })
    const [held, result] = yield* Await.timed(Stored.pull(name, 1n, { suspendTimeout: 1000 }))
    yield* Expect.equal("after the hold there is nothing new", result.status, "NoNewMessage")
    yield* Expect.equal("go on at the same place", result.nextBeginOffset, 1n)
    // brokers look at held pulls each 5 seconds
    yield* Expect.took("it was held for 1 second, plus at most 6", held, { atLeast: 900, atMost: 7500 })
  }),

  behaviour("a held pull is answered within a second of a send", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* Stored.put({ topic: name, body: "a" })
    const waiting = yield* Effect.fork(Stored.pull(name, 1n, { suspendTimeout: 15_000 }))
    yield* Effect.sleep("500 millis")
    yield* Expect.that("the pull is held", (yield* Fiber.poll(waiting))._tag === "None", "it was answered")
    yield* Stored.put({ topic: name, body: "b" })
    const [waited, result] = yield* Await.timed(Fiber.join(waiting))
    yield* Expect.took("the answer comes within a second", waited, { atMost: 1000 })
    yield* Expect.equal("with the new message", result.messages.map(MessageExt.text), ["b"])
  }),

  behaviour("a topic's settings are told, and a deleted topic is gone", function*() {
    const { broker, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ readQueues: 3, writeQueues: 2 }))
    const config = yield* broker.topicConfig(address, queue.topic)
    yield* Expect.equal(
      "queues and permission are as made",
      [config.topicName, config.readQueueNums, config.writeQueueNums, config.perm],
      [queue.topic, 3, 2, 6]
    )
    yield* broker.deleteTopic(address, queue.topic)
    yield* Expect.fails("it is not found any more", broker.topicConfig(address, queue.topic), "TopicNotFoundError")
  }),

  behaviour("statistics tell the range of each queue, and how far a group is behind", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 2 }))
    const name = yield* knownGroup
    yield* Effect.forEach(["a", "b", "c"], (body) => Stored.put({ topic: queue.topic, body }))
    yield* broker.updateConsumerOffset(address, name, queue, 1n)
    const stats = yield* broker.topicStats(address, queue.topic)
    const ranges = [...stats.offsetTable]
      .map(([at, range]) => [at.queueId, range.minOffset, range.maxOffset] as const)
      .sort((a, b) => a[0] - b[0])
    yield* Expect.equal("each queue's range", ranges, [[0, 0n, 3n], [1, 0n, 0n]])
    const progress = yield* broker.consumeStats(address, name, queue.topic)
    const mine = [...progress.offsetTable].find(([at]) => at.queueId === 0)?.[1]
    yield* Expect.equal("committed 1 of 3", [mine?.consumerOffset, mine?.brokerOffset], [1n, 3n])
  }),

  behaviour("an operator moves the offsets of a group that nobody is a member of", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const name = yield* knownGroup
    yield* Effect.forEach(["a", "b", "c"], (body) => Stored.put({ topic: queue.topic, body }))
    yield* broker.updateConsumerOffset(address, name, queue, 3n)
    const moved = yield* broker.resetOffset(address, {
      group: name,
      topic: queue.topic,
      to: { queueId: 0, offset: 1n },
      force: true
    })
    yield* Expect.equal("the answer tells the new place", moved.map(([at, offset]) => [at.queueId, offset]), [[0, 1n]])
    yield* Await.until(
      "the committed offset is 1",
      broker.queryConsumerOffset(address, name, queue),
      (offset) => Option.contains(offset, 1n)
    )
  }),

  behaviour("a message that is sent back waits for its delay, or goes to the dead letters at once", function*() {
    const { broker, knownGroup, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const name = yield* knownGroup
    yield* Stored.put({
      topic: queue.topic,
      body: "again",
      properties: { UNIQ_KEY: "0123456789ABCDEF0123456789ABCDEF" }
    })
    const [stored] = yield* Stored.readAll(queue.topic)
    const message = yield* Expect.present("the message is in the queue", stored)
    const sendBack = (delayLevel: number) =>
      broker.sendMessageBack(address, {
        group: name,
        brokerName: queue.brokerName,
        commitLogOffset: message.commitLogOffset,
        originTopic: queue.topic,
        originMsgId: message.msgId,
        delayLevel,
        maxReconsumeTimes: 16
      })
    const [waited, retried] = yield* Await.timed(Effect.zipRight(
      sendBack(1),
      Await.until(
        "the message is in the retry topic",
        Stored.readAll(Names.retryTopic(name)),
        (all) => all.length === 1
      )
    ))
    yield* Expect.took("after about a second", waited, { atLeast: 850, atMost: 5000 })
    yield* Expect.equal(
      "it counts one more time and tells the topic it came from",
      retried.map((again) => [again.reconsumeTimes, again.properties["RETRY_TOPIC"], again.msgId]),
      [[1, queue.topic, message.msgId]]
    )
    yield* sendBack(-1)
    const dead = yield* Await.until(
      "the message is in the dead-letter topic",
      Effect.map(broker.maxOffset(address, MessageQueue.make(Names.dlqTopic(name), queue.brokerName, 0)), Number),
      (count) => count === 1
    )
    yield* Expect.equal("once", dead, 1)
  }),

  behaviour("a half message ends as its producer says, and a broker says when it cannot", function*() {
    const { broker, group, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    const name = group()
    const begin = (body: string) =>
      Effect.gen(function*() {
        const half = yield* Stored.put({
          topic: queue.topic,
          body,
          properties: { TRAN_MSG: "true", PGROUP: name, UNIQ_KEY: `0123456789ABCDEF${body}` }
        })
        const { offset } = yield* MessageId.decodeOffsetId(half.offsetId)
        const { brokerName, topic } = queue
        const uniqueKey = yield* Expect.present("the answer names the transaction", half.transactionId)
        return (state: TransactionEnd, changes: Partial<EndTransactionRequest> = {}) =>
          broker.endTransaction(address, {
            group: name,
            topic,
            brokerName,
            transactionId: uniqueKey,
            msgId: uniqueKey,
            tranStateTableOffset: half.queueOffset,
            commitLogOffset: offset,
            state,
            fromCheck: false,
            ...changes
          })
      })
    const visible = Effect.map(Stored.readAll(queue.topic), (all) => all.map(MessageExt.text))
    const first = yield* begin("first")
    const second = yield* begin("second")
    yield* Expect.fails("another group's end", first("Commit", { group: group() }), "TransactionFailedError")
    yield* Expect.fails(
      "another table offset",
      first("Commit", { tranStateTableOffset: 1n << 40n }),
      "TransactionFailedError"
    )
    yield* Expect.fails(
      "a place of nothing",
      first("Rollback", { commitLogOffset: 1n << 50n }),
      "TransactionFailedError"
    )
    yield* first("Unknown")
    yield* Expect.equal("neither is visible", yield* visible, [])
    yield* second("Rollback")
    yield* first("Commit")
    yield* Expect.equal("what was committed is visible as soon as that is acknowledged", yield* visible, ["first"])
  }),

  behaviour("a broker tells its version", function*() {
    const { broker } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    const version = yield* broker.version(address)
    yield* Expect.that("one that can recall messages", version >= MqVersion.V5_3_2, MqVersion.nameOf(version))
  }),

  behaviour("a broker that does not know a topic says so, with topic and address", function*() {
    const { broker, topicName } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    const name = topicName()
    const error = yield* Expect.fails("there are no statistics", broker.topicStats(address, name), "TopicNotFoundError")
    yield* Expect.mentions("the message names topic and address", error.message, [name, address])
    const sent = yield* Expect.fails(
      "nor is there a configuration",
      broker.topicConfig(address, name),
      "TopicNotFoundError"
    )
    yield* Expect.equal("the response code is told", sent.responseCode, ResponseCode.TOPIC_NOT_EXIST)
  })
]
