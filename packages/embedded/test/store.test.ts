import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, TestClock } from "effect"
import { bytes, heartbeat, json, pull, send, sendFields, subscription, withBroker } from "./client.js"

const TAG_A = 2598919
const TAG_B = 2598920

const messagesOf = (body: Uint8Array | undefined) => MessageExt.decodeAll(body ?? new Uint8Array(0)).messages

describe("send", () => {
  it.scoped("makes an unknown topic with the queues asked for, and stores what was sent", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* TestClock.adjust(1234)
      const answer = yield* send(client, "Orders", {
        queueId: 2,
        tags: "TagA",
        properties: { KEYS: "k1 k2", UNIQ_KEY: "7F00000104D218B4AAC200000000000A", POP_CK: "gone" },
        body: "paid"
      })
      assert.strictEqual(answer.code, 0)
      assert.deepStrictEqual({ ...answer.extFields }, {
        msgId: "7F00000100002A9F0000000000000000",
        queueId: "2",
        queueOffset: "0",
        transactionId: "7F00000104D218B4AAC200000000000A",
        MSG_REGION: "DefaultRegion",
        TRACE_ON: "true"
      })
      const [message] = yield* cluster.messages("Orders")
      assert.strictEqual(MessageExt.text(message!), "paid")
      assert.strictEqual(message!.storeHost, "127.0.0.1:10911")
      assert.match(message!.bornHost, /^127\.0\.0\.1:4\d{4}$/)
      assert.strictEqual(message!.storeTimestamp, 1234)
      assert.strictEqual(message!.bornTimestamp, 1700000000000)
      assert.deepStrictEqual({ ...message!.properties }, {
        KEYS: "k1 k2",
        UNIQ_KEY: "7F00000104D218B4AAC200000000000A",
        TAGS: "TagA",
        MSG_REGION: "DefaultRegion",
        TRACE_ON: "true",
        CLUSTER: "DefaultCluster"
      })
      const config = yield* client.call(RequestCode.GET_TOPIC_CONFIG, { topic: "Orders" })
      assert.deepInclude(json(config), { readQueueNums: 4, writeQueueNums: 4, perm: 6 })
    }))

  it.scoped("gives a unique id to a message that has none", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      const first = yield* send(client, "T")
      const second = yield* send(client, "T")
      assert.match(first.extFields["transactionId"]!, /^7F000001[0-9A-F]{24}$/)
      assert.notStrictEqual(first.extFields["transactionId"], second.extFields["transactionId"])
    }))

  it.scoped("takes the long field names, and queue -1 as any queue", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const fields = {
        producerGroup: "PG",
        topic: "T",
        defaultTopic: "TBW102",
        defaultTopicQueueNums: "4",
        queueId: "-1",
        sysFlag: "0",
        bornTimestamp: "1",
        flag: "7",
        properties: ""
      }
      const queues = new Set<string>()
      for (let i = 0; i < 64; i++) {
        const answer = yield* client.call(RequestCode.SEND_MESSAGE, fields, bytes("x"))
        assert.strictEqual(answer.code, 0)
        queues.add(answer.extFields["queueId"]!)
      }
      assert.deepStrictEqual(Array.from(queues).sort(), ["0", "1", "2", "3"])
      assert.strictEqual((yield* cluster.messages("T"))[0]!.flag, 7)
    }))

  it.scoped("refuses with RocketMQ's codes", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ maxMessageSize: 1000 })
      const code = (topic: string, fields: Record<string, string> = {}, body = "x") =>
        Effect.map(
          client.call(RequestCode.SEND_MESSAGE_V2, sendFields(topic, { fields }), bytes(body)),
          (answer) => [answer.code, answer.remark] as const
        )
      const [empty, remark] = yield* code("T", {}, "")
      assert.strictEqual(empty, 1)
      assert.include(remark, "NullPointerException")
      assert.strictEqual((yield* code("T", {}, "x".repeat(1001)))[0], 13)
      assert.strictEqual((yield* code("a b"))[0], 29)
      assert.strictEqual((yield* code("T".repeat(128)))[0], 29)
      assert.strictEqual((yield* code("SCHEDULE_TOPIC_XXXX"))[0], 16)
      assert.strictEqual((yield* code("Fresh", { c: "NoDefault" }))[0], 17)
      assert.strictEqual((yield* code("T", { e: "4" }))[0], 29)
      assert.strictEqual((yield* code("T", { e: "four" }))[0], 1)
      assert.strictEqual((yield* code("T", { i: `k\x01${"v".repeat(33000)}\x02` }))[0], 13)
      assert.strictEqual(yield* cluster.stored("T"), 0)
    }))

  it.scoped("does not make topics when that is off", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ autoCreateTopic: false })
      const answer = yield* send(client, "T")
      assert.strictEqual(answer.code, 17)
      assert.include(answer.remark, "topic[T] not exist, apply first please!")
      yield* cluster.createTopic("T", { queues: 1 })
      assert.strictEqual((yield* send(client, "T")).code, 0)
    }))

  it.scoped("stores each message of a batch with its own properties", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const body = Either.getOrThrow(MessageBatch.encode([
        { flag: 1, body: bytes("one"), properties: { UNIQ_KEY: "A" } },
        { flag: 2, body: bytes("two"), properties: { UNIQ_KEY: "B", TAGS: "t" } }
      ]))
      const answer = yield* client.call(
        RequestCode.SEND_BATCH_MESSAGE,
        sendFields("T", { fields: { m: "true" } }),
        body
      )
      assert.strictEqual(answer.extFields["msgId"]!.split(",").length, 2)
      assert.strictEqual(answer.extFields["queueOffset"], "0")
      const messages = yield* cluster.messages("T")
      assert.deepStrictEqual(messages.map((m) => [MessageExt.text(m), m.flag, m.uniqueKey]), [
        ["one", 1, "A"],
        ["two", 2, "B"]
      ])
      assert.isUndefined(messages[0]!.properties["CLUSTER"])
    }))

  it.scoped("answers nothing to a oneway send, and stores it", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      client.oneway(RequestCode.SEND_MESSAGE_V2, sendFields("T"), bytes("x"))
      client.oneway(RequestCode.SEND_MESSAGE_V2, sendFields("bad name"), bytes("x"))
      client.oneway(9999)
      const fence = yield* send(client, "T")
      assert.strictEqual(fence.extFields["queueOffset"], "1")
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("holds no more bytes than the retention, and moves the smallest offset", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ retentionBytes: 256 * 1024 })
      for (let i = 0; i < 1000; i++) yield* send(client, "T", { body: "x".repeat(1000) })
      const [queue] = yield* cluster.queues("T")
      assert.strictEqual(queue!.maxOffset, 1000n)
      const held = (yield* cluster.messages("T")).reduce((sum, message) => sum + message.storeSize, 0)
      assert.isAtMost(held, 256 * 1024)
      assert.isAtLeast(held, 200 * 1024)
      yield* heartbeat(client, "c", "G", [subscription("T")])
      const old = yield* pull(client, "G", "T", { offset: 0 })
      assert.strictEqual(old.code, 21)
      assert.strictEqual(old.remark, "OFFSET_TOO_SMALL")
      assert.strictEqual(old.extFields["nextBeginOffset"], String(queue!.minOffset))
      const first = yield* pull(client, "G", "T", { offset: Number(queue!.minOffset) })
      assert.strictEqual(messagesOf(first.body)[0]!.queueOffset, queue!.minOffset)
    }))
})

describe("pull", () => {
  it.scoped("answers what was stored, in the codes of each case", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T", { queues: 2 })
      yield* heartbeat(client, "c", "G", [subscription("T")])
      const status = (offset: number, queueId = 0) =>
        Effect.map(pull(client, "G", "T", { offset, queueId }), (answer) => [
          answer.code,
          answer.remark,
          answer.extFields["nextBeginOffset"]
        ])
      assert.deepStrictEqual(yield* status(0), [19, "NO_MESSAGE_IN_QUEUE", "0"])
      assert.deepStrictEqual(yield* status(5), [21, "NO_MESSAGE_IN_QUEUE", "0"])
      for (let i = 0; i < 40; i++) yield* send(client, "T", { body: `m${i}` })
      assert.deepStrictEqual(yield* status(0), [0, "FOUND", "32"])
      assert.deepStrictEqual(yield* status(32), [0, "FOUND", "40"])
      assert.deepStrictEqual(yield* status(40), [19, "OFFSET_OVERFLOW_ONE", "40"])
      assert.deepStrictEqual(yield* status(41), [21, "OFFSET_OVERFLOW_BADLY", "40"])
      const found = yield* pull(client, "G", "T", { offset: 3, max: 2 })
      assert.deepStrictEqual(messagesOf(found.body).map(MessageExt.text), ["m3", "m4"])
      assert.deepStrictEqual({ ...found.extFields }, {
        suggestWhichBrokerId: "0",
        nextBeginOffset: "5",
        minOffset: "0",
        maxOffset: "40",
        topicSysFlag: "0",
        groupSysFlag: "0"
      })
    }))

  it.scoped("stops at 256 KiB", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      for (let i = 0; i < 4; i++) yield* send(client, "T", { body: "x".repeat(100 * 1024) })
      yield* heartbeat(client, "c", "G", [subscription("T")])
      const answer = yield* pull(client, "G", "T")
      assert.strictEqual(messagesOf(answer.body).length, 2)
      assert.strictEqual(answer.extFields["nextBeginOffset"], "2")
    }))

  it.scoped("filters by the hashes of the heartbeat, not by its text", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      for (const tags of ["TagA", "TagB", "TagA", "TagB"]) yield* send(client, "T", { tags })
      yield* send(client, "T")
      yield* heartbeat(client, "c", "G", [subscription("T", { sub: "TagB", codes: [TAG_B] })])
      const found = yield* pull(client, "G", "T")
      assert.deepStrictEqual(messagesOf(found.body).map((m) => [m.tags, m.queueOffset]), [["TagB", 1n], ["TagB", 3n]])
      assert.strictEqual(found.extFields["nextBeginOffset"], "5")
      const none = yield* pull(client, "G", "T", { offset: 4 })
      assert.deepStrictEqual([none.code, none.remark, none.extFields["nextBeginOffset"]], [
        20,
        "NO_MATCHED_MESSAGE",
        "5"
      ])
      yield* heartbeat(client, "c", "H", [subscription("T", { sub: "TagA", codes: [] })])
      assert.strictEqual((yield* pull(client, "H", "T")).code, 20)
    }))

  it.scoped("needs a subscription of at least the version named, unless the request brings its own", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      for (const tags of ["TagA", "TagB"]) yield* send(client, "T", { tags })
      assert.strictEqual((yield* pull(client, "G", "T")).code, 24)
      yield* heartbeat(client, "c", "G", [subscription("Other")])
      assert.strictEqual((yield* pull(client, "G", "T")).code, 24)
      yield* heartbeat(client, "c", "G", [subscription("T")])
      assert.strictEqual((yield* pull(client, "G", "T", { subVersion: "1795216000000000001" })).code, 25)
      assert.strictEqual((yield* pull(client, "G", "T", { subVersion: "1" })).code, 0)
      const own = yield* pull(client, "Nobody", "T", { fields: { sysFlag: "4", subscription: "TagA || TagC" } })
      assert.deepStrictEqual(messagesOf(own.body).map((m) => m.tags), ["TagA"])
      const sql = yield* pull(client, "Nobody", "T", {
        fields: { sysFlag: "4", subscription: "a > 1", expressionType: "SQL92" }
      })
      assert.deepStrictEqual([sql.code, sql.extFields["nextBeginOffset"]], [20, "2"])
      assert.strictEqual((yield* pull(client, "G", "Missing")).code, 17)
      assert.strictEqual((yield* pull(client, "G", "T", { queueId: 4 })).code, 29)
    }))

  it.scoped("is held until a message comes whose tag is wanted", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T")
      yield* heartbeat(client, "c", "G", [subscription("T", { sub: "TagA", codes: [TAG_A] })])
      const fiber = yield* Effect.fork(pull(client, "G", "T", { suspend: 15000 }))
      yield* cluster.until(Effect.map(cluster.heldPulls, (count) => count === 1))
      yield* TestClock.adjust("5 seconds")
      yield* send(client, "T", { tags: "TagB" })
      yield* send(client, "T", { tags: "TagA", queueId: 1 })
      assert.strictEqual(yield* cluster.heldPulls, 1)
      yield* send(client, "T", { tags: "TagA" })
      const answer = yield* Fiber.join(fiber)
      assert.deepStrictEqual(messagesOf(answer.body).map((m) => m.queueOffset), [1n])
      assert.strictEqual(yield* cluster.heldPulls, 0)
    }))

  it.scoped("is held no longer than it asked for", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T")
      yield* heartbeat(client, "c", "G", [subscription("T")])
      const fiber = yield* Effect.fork(pull(client, "G", "T", { suspend: 15000 }))
      yield* cluster.until(Effect.map(cluster.heldPulls, (count) => count === 1))
      yield* TestClock.adjust("14999 millis")
      assert.strictEqual(yield* cluster.heldPulls, 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).code, 19)
    }))

  it.scoped("is forgotten with its connection", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T")
      yield* heartbeat(client, "c", "G", [subscription("T")])
      yield* Effect.fork(pull(client, "G", "T", { suspend: 15000 }))
      yield* cluster.until(Effect.map(cluster.heldPulls, (count) => count === 1))
      yield* cluster.disconnect("broker-a")
      yield* cluster.until(Effect.map(cluster.heldPulls, (count) => count === 0))
      assert.deepStrictEqual(yield* cluster.members("G"), [])
    }))
})

describe("offsets", () => {
  it.scoped("are kept by group, topic and queue; a pull may bring one", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T")
      const query = (fields: Record<string, string> = {}) =>
        Effect.map(
          client.call(RequestCode.QUERY_CONSUMER_OFFSET, { consumerGroup: "G", topic: "T", queueId: "0", ...fields }),
          (answer) => [answer.code, answer.extFields["offset"]]
        )
      const commit = (offset: string, fields: Record<string, string> = {}) =>
        Effect.map(
          client.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
            consumerGroup: "G",
            topic: "T",
            queueId: "0",
            commitOffset: offset,
            ...fields
          }),
          (answer) => answer.code
        )
      assert.deepStrictEqual(yield* query(), [22, undefined])
      assert.strictEqual(yield* commit("3"), 26)
      yield* heartbeat(client, "c", "G", [subscription("T")])
      assert.strictEqual(yield* commit("3", { topic: "Missing" }), 17)
      assert.strictEqual(yield* commit("3"), 0)
      assert.deepStrictEqual(yield* query(), [0, "3"])
      assert.deepStrictEqual(yield* query({ queueId: "1" }), [22, undefined])
      yield* send(client, "T")
      yield* pull(client, "G", "T", { fields: { sysFlag: "1", commitOffset: "9" } })
      assert.deepStrictEqual(yield* query(), [0, "9"])
    }))

  it.scoped("start at 0 for a new group on a young queue, unless it says no to that", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T")
      const fields = { consumerGroup: "New", topic: "T", queueId: "0" }
      const trap = yield* client.call(RequestCode.QUERY_CONSUMER_OFFSET, fields)
      assert.deepStrictEqual([trap.code, trap.extFields["offset"]], [0, "0"])
      const honest = yield* client.call(RequestCode.QUERY_CONSUMER_OFFSET, { ...fields, setZeroIfNotFound: "false" })
      assert.strictEqual(honest.code, 22)
    }))

  it.scoped("can be found by bounds and by time", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* TestClock.adjust(1000)
      for (let i = 0; i < 3; i++) {
        yield* send(client, "T")
        yield* send(client, "T")
        yield* TestClock.adjust(1000)
      }
      const ask = (code: number, fields: Record<string, string> = {}) =>
        Effect.map(client.call(code, { topic: "T", queueId: "0", ...fields }), (answer) => answer.extFields["offset"])
      assert.strictEqual(yield* ask(RequestCode.GET_MAX_OFFSET), "6")
      assert.strictEqual(yield* ask(RequestCode.GET_MIN_OFFSET), "0")
      assert.strictEqual(yield* ask(RequestCode.GET_MAX_OFFSET, { topic: "Missing" }), "0")
      const at = (timestamp: string, boundaryType = "lower") =>
        ask(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, { timestamp, boundaryType })
      assert.strictEqual(yield* at("2000"), "2")
      assert.strictEqual(yield* at("2000", "UPPER"), "3")
      assert.strictEqual(yield* at("2500"), "4")
      assert.strictEqual(yield* at("2500", "upper"), "3")
      assert.strictEqual(yield* at("99999"), "6")
      assert.strictEqual(yield* at("99999", "upper"), "5")
      const first = yield* client.call(RequestCode.GET_EARLIEST_MSG_STORETIME, { topic: "T", queueId: "0" })
      assert.strictEqual(first.extFields["timestamp"], "1000")
      const none = yield* client.call(RequestCode.GET_EARLIEST_MSG_STORETIME, { topic: "T", queueId: "1" })
      assert.strictEqual(none.extFields["timestamp"], "-1")
    }))

  it.scoped("are reset on the server: the next pull is told, commits before it are refused", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.createTopic("T", { queues: 1 })
      for (let i = 0; i < 5; i++) yield* send(client, "T")
      yield* heartbeat(client, "c", "G", [subscription("T")])
      const reset = yield* client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
        topic: "T",
        group: "G",
        timestamp: "-1",
        isForce: "true",
        offset: "2",
        queueId: "0"
      })
      assert.strictEqual(
        new TextDecoder().decode(reset.body),
        "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"T\"}:2}}"
      )
      const fields = { consumerGroup: "G", topic: "T", queueId: "0" }
      const commit = yield* client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...fields, commitOffset: "4" })
      assert.deepStrictEqual([commit.code, commit.remark], [0, "Offset has been previously reset"])
      const offset = yield* client.call(RequestCode.QUERY_CONSUMER_OFFSET, fields)
      assert.strictEqual(offset.extFields["offset"], "2")
      const moved = yield* pull(client, "G", "T", { offset: 4 })
      assert.deepStrictEqual([moved.code, moved.remark, moved.extFields["nextBeginOffset"]], [21, "OFFSET_RESET", "2"])
      assert.strictEqual((yield* pull(client, "G", "T", { offset: 2 })).code, 0)
    }))
})

describe("queries", () => {
  it.scoped("find one message by its offset and several by key", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      const first = yield* send(client, "T", { properties: { KEYS: "a b", UNIQ_KEY: "U1" } })
      yield* send(client, "T", { properties: { KEYS: "b", UNIQ_KEY: "U2" }, queueId: 1 })
      const offset = parseInt(first.extFields["msgId"]!.slice(-16), 16)
      const one = yield* client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(offset) })
      assert.strictEqual(messagesOf(one.body)[0]!.uniqueKey, "U1")
      const inside = yield* client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(offset + 1) })
      assert.strictEqual(inside.code, 1)
      const query = (key: string, fields: Record<string, string> = {}) =>
        Effect.map(
          client.call(RequestCode.QUERY_MESSAGE, {
            topic: "T",
            key,
            maxNum: "10",
            beginTimestamp: "0",
            endTimestamp: "9223372036854775807",
            ...fields
          }),
          (answer) => [answer.code, messagesOf(answer.body).map((message) => message.uniqueKey)]
        )
      assert.deepStrictEqual(yield* query("b"), [0, ["U1", "U2"]])
      assert.deepStrictEqual(yield* query("a"), [0, ["U1"]])
      assert.deepStrictEqual(yield* query("b", { maxNum: "1" }), [0, ["U1"]])
      assert.deepStrictEqual(yield* query("U2", { _UNIQUE_KEY_QUERY: "true" }), [0, ["U2"]])
      assert.deepStrictEqual(yield* query("b", { beginTimestamp: "5" }), [22, []])
    }))
})
