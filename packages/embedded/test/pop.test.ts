import * as BatchAck from "@effect-rocketmq/protocol/BatchAck"
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { Client } from "./client.js"
import { bytes, heartbeat, json, send, subscription, withBroker } from "./client.js"

const INVISIBLE = 10_000

interface PopOptions {
  readonly pollTime?: number
  readonly max?: number
  readonly fields?: Record<string, string>
}

const pop = (client: Client, group: string, topic: string, options: PopOptions = {}) =>
  client.call(RequestCode.POP_MESSAGE, {
    consumerGroup: group,
    topic,
    queueId: "-1",
    maxMsgNums: String(options.max ?? 32),
    invisibleTime: String(INVISIBLE),
    pollTime: String(options.pollTime ?? 0),
    bornTime: "0",
    initMode: "0",
    ...options.fields
  })

const messages = (answer: RemotingCommand) => MessageExt.decodeAll(answer.body ?? bytes("")).messages
const texts = (answer: RemotingCommand) => messages(answer).map(MessageExt.text)

interface Handle {
  readonly topic: string
  readonly queueId: number
  readonly offset: number
  readonly extraInfo: string
}

/** Handles of messages of the topic itself, as a client makes them of the answer's header. */
const handles = (answer: RemotingCommand, topic: string): ReadonlyArray<Handle> => {
  const { invisibleTime, popTime, reviveQid, startOffsetInfo } = answer.extFields
  const starts = new Map(
    startOffsetInfo!.split(";").map((entry) => {
      const [, queueId, start] = entry.split(" ")
      return [Number(queueId), start]
    })
  )
  return messages(answer).map(({ queueId, queueOffset }) => ({
    topic,
    queueId,
    offset: Number(queueOffset),
    extraInfo: `${starts.get(queueId)} ${popTime} ${invisibleTime} ${reviveQid} 0 broker-a ${queueId} ${queueOffset}`
  }))
}

const fieldsOf = (group: string, handle: Handle) => ({
  consumerGroup: group,
  topic: handle.topic,
  queueId: String(handle.queueId),
  offset: String(handle.offset),
  extraInfo: handle.extraInfo
})

const ack = (client: Client, group: string, handle: Handle) =>
  client.call(RequestCode.ACK_MESSAGE, fieldsOf(group, handle))

const change = (client: Client, group: string, handle: Handle, invisibleTime: number) =>
  client.call(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, {
    ...fieldsOf(group, handle),
    invisibleTime: String(invisibleTime)
  })

const offset = (client: Client, group: string, topic: string, queueId = 0) =>
  Effect.map(
    client.call(RequestCode.QUERY_CONSUMER_OFFSET, { consumerGroup: group, topic, queueId: String(queueId) }),
    ({ extFields }) => extFields["offset"]
  )

describe("pop", () => {
  it.scoped("takes messages from the others of the group, and moves its offset past them", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      for (let i = 0; i < 3; i++) yield* send(client, "T", { body: `m${i}` })
      const first = yield* pop(client, "G", "T", { max: 2 })
      assert.deepStrictEqual(texts(first), ["m0", "m1"])
      assert.strictEqual(first.extFields["startOffsetInfo"], "0 0 0")
      assert.strictEqual(first.extFields["msgOffsetInfo"], "0 0 0,1")
      assert.strictEqual(first.extFields["restNum"], "1")
      assert.strictEqual(yield* offset(client, "G", "T"), "2")
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), ["m2"])
      const none = yield* pop(client, "G", "T")
      assert.deepStrictEqual([none.code, none.remark], [ResponseCode.POLLING_TIMEOUT, "NO_MESSAGE_IN_QUEUE"])
      assert.deepStrictEqual(texts(yield* pop(client, "G2", "T")), ["m0", "m1", "m2"])
    }))

  it.scoped("gives a message again when its time is over, counted once more, under its own topic and with its handle", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { body: "again", tags: "t" })
      yield* pop(client, "G", "T")
      yield* TestClock.adjust(INVISIBLE - 1)
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), [])
      yield* TestClock.adjust(1)
      const [message] = messages(yield* pop(client, "G", "T"))
      assert.strictEqual(message!.topic, "T")
      assert.strictEqual(message!.reconsumeTimes, 1)
      assert.strictEqual(message!.tags, "t")
      assert.strictEqual(message!.properties["1ST_POP_TIME"], "0")
      assert.match(message!.properties["POP_CK"]!, /^0 10000 10000 \d 1 broker-a 0 0$/)
      // and it is settled by that handle, at its retry topic
      const again = { topic: "%RETRY%G_T", queueId: 0, offset: 0, extraInfo: message!.properties["POP_CK"]! }
      assert.strictEqual((yield* ack(client, "G", again)).code, ResponseCode.SUCCESS)
      yield* TestClock.adjust(INVISIBLE * 2)
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), [])
    }))

  it.scoped("gives nothing again that was acknowledged, one by one or together", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      for (let i = 0; i < 11; i++) yield* send(client, "T", { body: `m${i}` })
      const answer = yield* pop(client, "G", "T")
      const [first, ...others] = handles(answer, "T")
      yield* ack(client, "G", first!)
      const [start, popTime, invisibleTime, reviveQueueId] = first!.extraInfo.split(" ").map(Number)
      const kept = others.filter((handle) => handle.offset !== 5)
      const answered = yield* client.call(
        RequestCode.BATCH_ACK_MESSAGE,
        {},
        BatchAck.encode({
          brokerName: "broker-a",
          acks: [{
            offsets: BatchAck.bitSet(kept.map((handle) => handle.offset - start!)),
            consumerGroup: "G",
            topic: "T",
            retry: "0",
            startOffset: BigInt(start!),
            queueId: 0,
            reviveQueueId: reviveQueueId!,
            popTime: popTime!,
            invisibleTime: invisibleTime!
          }]
        })
      )
      assert.strictEqual(answered.code, ResponseCode.SUCCESS)
      yield* TestClock.adjust(INVISIBLE)
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), ["m5"])
    }))

  it.scoped("keeps a message invisible for as long as the change says, and no acknowledgement of the old handle counts", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { body: "renewed" })
      const [handle] = handles(yield* pop(client, "G", "T"), "T")
      yield* TestClock.adjust(6000)
      const changed = yield* change(client, "G", handle!, INVISIBLE)
      assert.deepStrictEqual([changed.extFields["popTime"], changed.extFields["invisibleTime"]], ["6000", "10000"])
      assert.strictEqual((yield* ack(client, "G", handle!)).code, ResponseCode.SUCCESS)
      yield* TestClock.adjust(INVISIBLE - 1)
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), ["renewed"])
    }))

  it.scoped("waits for a message that is sent or comes again, of the tags asked for, one of a group for each", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { body: "warm", tags: "a" })
      yield* pop(client, "G", "T")
      const tagged = { pollTime: 15_000, fields: { exp: "a", expType: "TAG" } }
      const waiting = yield* Effect.fork(pop(client, "G", "T", tagged))
      const second = yield* Effect.fork(pop(client, "G", "T", tagged))
      yield* TestClock.adjust(1000)
      yield* send(client, "T", { body: "other", tags: "b" })
      yield* TestClock.adjust(1000)
      yield* send(client, "T", { body: "mine", tags: "a" })
      assert.deepStrictEqual(texts(yield* Fiber.join(waiting)), ["mine"])
      yield* TestClock.adjust(INVISIBLE - 2000)
      // what was popped at the beginning and never acknowledged
      assert.deepStrictEqual(texts(yield* Fiber.join(second)), ["warm"])
    }))

  it.scoped("answers a pop that waited in vain when its time is over, and one from long ago at once", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { body: "warm" })
      yield* pop(client, "G", "T")
      const waiting = yield* Effect.fork(pop(client, "G", "T", { pollTime: 5000 }))
      yield* TestClock.adjust(4999)
      const info = yield* client.call(RequestCode.POLLING_INFO, { consumerGroup: "G", topic: "T", queueId: "-1" })
      assert.strictEqual(info.extFields["pollingNum"], "1")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(waiting)).code, ResponseCode.POLLING_TIMEOUT)
      const late = yield* pop(client, "G", "T", { pollTime: 1000, fields: { bornTime: "1000" } })
      assert.strictEqual(late.code, ResponseCode.POLLING_TIMEOUT)
      assert.include(late.remark, "timeout too much")
    }))

  it.scoped("tells who only wants to know that there is something", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T")
      yield* pop(client, "G", "T")
      const notification = client.call(RequestCode.NOTIFICATION, {
        consumerGroup: "G",
        topic: "T",
        queueId: "-1",
        pollTime: "2000",
        bornTime: "0"
      })
      const idle = yield* Effect.fork(notification)
      yield* TestClock.adjust(2000)
      assert.strictEqual((yield* Fiber.join(idle)).extFields["hasMsg"], "false")
      const woken = yield* Effect.fork(notification)
      yield* TestClock.adjust(500)
      yield* send(client, "T", { body: "here" })
      assert.strictEqual((yield* Fiber.join(woken)).extFields["hasMsg"], "true")
      assert.deepStrictEqual(texts(yield* pop(client, "G", "T")), ["here"])
    }))

  it.scoped("refuses what RocketMQ refuses, in its words", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T")
      const many = yield* pop(client, "G", "T", { max: 33 })
      assert.strictEqual(many.code, ResponseCode.INVALID_PARAMETER)
      assert.strictEqual(many.remark, "the broker[127.0.0.1] pop message's num is greater than 32")
      assert.strictEqual((yield* pop(client, "G", "none")).code, ResponseCode.TOPIC_NOT_EXIST)
      const queue = yield* pop(client, "G", "T", { fields: { queueId: "99" } })
      assert.strictEqual(queue.code, ResponseCode.INVALID_PARAMETER)
      const unparsed = yield* pop(client, "G", "T", { fields: { exp: "||", expType: "TAG" } })
      assert.strictEqual(unparsed.code, ResponseCode.SUBSCRIPTION_PARSE_FAILED)
      const [handle] = handles(yield* pop(client, "G", "T"), "T")
      const beyond = yield* ack(client, "G", { ...handle!, offset: 7 })
      assert.deepStrictEqual(
        [beyond.code, beyond.remark],
        [ResponseCode.NO_MESSAGE, "offset is illegal, key:T@0, commit:7, store:0~1"]
      )
      assert.strictEqual((yield* change(client, "G", { ...handle!, offset: 1 }, 1000)).code, ResponseCode.NO_MESSAGE)
      assert.strictEqual((yield* ack(client, "G", { ...handle!, queueId: 9 })).code, ResponseCode.MESSAGE_ILLEGAL)
      assert.strictEqual((yield* client.call(RequestCode.BATCH_ACK_MESSAGE)).code, ResponseCode.NO_MESSAGE)
    }))
})

describe("assignment by the broker", () => {
  const query = (client: Client, clientId: string) =>
    Effect.map(
      client.call(
        RequestCode.QUERY_ASSIGNMENT,
        {},
        bytes(LooseJson.stringify({
          clientId,
          consumerGroup: "G",
          messageModel: "CLUSTERING",
          strategyName: "AVG",
          topic: "T"
        }))
      ),
      (answer) => {
        const list = (json(answer) as any).messageQueueAssignments as ReadonlyArray<any> | undefined
        return list?.map(({ messageQueue, mode }) => `${mode} ${messageQueue.queueId}`)
      }
    )

  const setMode = (client: Client, topic: string, popShareQueueNum: number) =>
    client.call(
      RequestCode.SET_MESSAGE_REQUEST_MODE,
      {},
      bytes(LooseJson.stringify({ topic, consumerGroup: "G", mode: "POP", popShareQueueNum }))
    )

  it.scoped("shares queues to pull among members, and lets all pop all queues once the mode is so", () =>
    Effect.gen(function*() {
      const { client, open } = yield* withBroker()
      const other = yield* open("127.0.0.1:10911")
      yield* send(client, "T", { queueId: 0 })
      assert.isUndefined(yield* query(client, "c1"))
      yield* heartbeat(client, "c1", "G", [subscription("T")])
      yield* heartbeat(other, "c2", "G", [subscription("T")])
      assert.deepStrictEqual(yield* query(client, "c1"), ["PULL 0", "PULL 1"])
      assert.deepStrictEqual(yield* query(client, "c2"), ["PULL 2", "PULL 3"])
      assert.strictEqual((yield* setMode(client, "%RETRY%G", 0)).code, ResponseCode.NO_PERMISSION)
      assert.strictEqual((yield* setMode(client, "none", 0)).code, ResponseCode.TOPIC_NOT_EXIST)
      assert.strictEqual((yield* setMode(client, "T", 0)).code, ResponseCode.SUCCESS)
      assert.deepStrictEqual(yield* query(client, "c1"), ["POP -1"])
      const all = yield* client.call(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE)
      assert.deepStrictEqual(json(all), {
        messageRequestModeMap: { T: { G: { topic: "T", consumerGroup: "G", mode: "POP", popShareQueueNum: 0 } } }
      })
    }))
})
