import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type { Client } from "./client.js"
import { bytes, heartbeat, send, sendFields, withBroker } from "./client.js"

const offsetOf = (msgId: string | undefined) => String(parseInt(msgId!.slice(-16), 16))

describe("delay", () => {
  it.scoped("by level: kept until the time of the level, then under its own topic with its properties", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* send(client, "T", { queueId: 3, properties: { DELAY: "3", KEYS: "k" } })
      assert.strictEqual(yield* cluster.stored("T"), 0)
      assert.strictEqual(yield* cluster.stored("SCHEDULE_TOPIC_XXXX"), 1)
      assert.strictEqual(yield* cluster.scheduled, 1)
      yield* TestClock.adjust("9999 millis")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* TestClock.adjust("1 millis")
      const [message] = yield* cluster.messages("T")
      assert.strictEqual(message!.queueId, 3)
      assert.strictEqual(message!.storeTimestamp, 10000)
      assert.include({ ...message!.properties }, { DELAY: "3", KEYS: "k", REAL_TOPIC: "T", REAL_QID: "3" })
      assert.strictEqual(yield* cluster.scheduled, 0)
    }))

  it.scoped("has 18 levels; a higher one is the last", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      for (let level = 1; level <= 19; level++) yield* send(client, "T", { properties: { DELAY: String(level) } })
      const counts: Array<number> = []
      for (const seconds of [29, 1, 1769, 1, 5399, 1]) {
        yield* TestClock.adjust(seconds * 1000)
        counts.push(yield* cluster.stored("T"))
      }
      assert.deepStrictEqual(counts, [3, 4, 15, 16, 17, 19])
      const times = (yield* cluster.messages("T")).map((message) => message.storeTimestamp / 1000)
      const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120, 120].map((minute) => minute * 60)
      assert.deepStrictEqual(times, [1, 5, 10, 30, ...minutes])
    }))

  it.scoped("of a timer message: never early, at most a second late; in the past at once; too far not at all", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* TestClock.adjust(100_500)
      const answer = (properties: Record<string, string>) =>
        Effect.map(send(client, "T", { properties }), ({ code }) => code)
      assert.strictEqual(yield* answer({ TIMER_DELAY_MS: "2000" }), 0)
      assert.strictEqual(yield* answer({ TIMER_DELAY_SEC: "5" }), 0)
      assert.strictEqual(yield* answer({ TIMER_DELIVER_MS: "100000" }), 0)
      assert.strictEqual(yield* answer({ TIMER_DELAY_SEC: "259201" }), 13)
      assert.strictEqual(yield* answer({ TIMER_DELAY_SEC: "soon" }), 13)
      assert.strictEqual(yield* cluster.stored("T"), 1)
      yield* TestClock.adjust(1999)
      assert.strictEqual(yield* cluster.stored("T"), 1)
      yield* TestClock.adjust(1001)
      assert.strictEqual(yield* cluster.stored("T"), 2)
      yield* TestClock.adjust(3000)
      assert.strictEqual(yield* cluster.stored("T"), 3)
    }))
})

describe("send-back", () => {
  const sendBack = (client: Client, message: MessageExt.MessageExt, fields: Record<string, string> = {}) =>
    client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
      offset: String(message.commitLogOffset),
      group: "G",
      delayLevel: "0",
      originMsgId: message.msgId,
      originTopic: message.topic,
      unitMode: "false",
      maxReconsumeTimes: "2",
      ...fields
    })

  it.scoped("delays by the number of deliveries, then ends in the dead letters", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const sent = yield* send(client, "T", { tags: "TagA", properties: { UNIQ_KEY: "U" }, body: "again" })
      const [original] = yield* cluster.messages("T")
      assert.strictEqual((yield* sendBack(client, original!)).code, 0)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* cluster.stored("%RETRY%G"), 0)
      yield* TestClock.adjust("1 seconds")
      const [first] = yield* cluster.messages("%RETRY%G")
      assert.strictEqual(first!.reconsumeTimes, 1)
      assert.strictEqual(MessageExt.text(first!), "again")
      assert.include({ ...first!.properties }, {
        RETRY_TOPIC: "T",
        ORIGIN_MESSAGE_ID: sent.extFields["msgId"]!,
        DELAY: "3",
        TAGS: "TagA",
        UNIQ_KEY: "U"
      })
      yield* sendBack(client, first!)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* cluster.stored("%RETRY%G"), 1)
      yield* TestClock.adjust("1 seconds")
      const second = (yield* cluster.messages("%RETRY%G"))[1]!
      assert.strictEqual(second.reconsumeTimes, 2)
      assert.include({ ...second.properties }, { RETRY_TOPIC: "T", ORIGIN_MESSAGE_ID: sent.extFields["msgId"]! })
      yield* sendBack(client, second)
      const [dead] = yield* cluster.messages("%DLQ%G")
      assert.strictEqual(dead!.reconsumeTimes, 3)
      assert.strictEqual(yield* cluster.scheduled, 0)
    }))

  it.scoped("takes a level of its own, and a negative one straight to the dead letters", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* send(client, "T")
      const [message] = yield* cluster.messages("T")
      yield* sendBack(client, message!, { delayLevel: "1" })
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* cluster.stored("%RETRY%G"), 1)
      yield* sendBack(client, message!, { delayLevel: "-1" })
      assert.strictEqual(yield* cluster.stored("%DLQ%G"), 1)
      const lost = yield* sendBack(client, message!, { offset: "12345" })
      assert.deepStrictEqual([lost.code, lost.remark], [1, "look message by offset failed, 12345"])
    }))

  it.scoped("by an ordinary send follows the same limit", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const retry = (times: string) =>
        send(client, "%RETRY%G", { properties: { DELAY: "1" }, fields: { j: times, l: "2" } })
      yield* retry("2")
      yield* retry("3")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* cluster.stored("%RETRY%G"), 1)
      assert.strictEqual(yield* cluster.stored("%DLQ%G"), 1)
    }))
})

describe("transactions", () => {
  const half = (client: Client, properties: Record<string, string> = {}) =>
    Effect.gen(function*() {
      // born now: the age of a half message is counted by the producer's clock
      const born = String(yield* TestClock.currentTimeMillis)
      return yield* client.call(
        RequestCode.SEND_MESSAGE_V2,
        sendFields("T", {
          queueId: 2,
          properties: { TRAN_MSG: "true", PGROUP: "PG", UNIQ_KEY: "U", ...properties },
          fields: { f: "4", g: born }
        }),
        bytes("half")
      )
    })
  const end = (client: Client, sent: { readonly msgId: string; readonly queueOffset: string }, fields = {}) =>
    client.call(RequestCode.END_TRANSACTION, {
      producerGroup: "PG",
      tranStateTableOffset: sent.queueOffset,
      commitLogOffset: offsetOf(sent.msgId),
      commitOrRollback: "8",
      fromTransactionCheck: "false",
      msgId: "U",
      ...fields
    })
  const place = (fields: Readonly<Record<string, string>>) => ({
    msgId: fields["msgId"]!,
    queueOffset: fields["queueOffset"]!
  })

  it.scoped("show a message when it is committed, and never when it is rolled back", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const first = yield* half(client)
      const second = yield* half(client)
      assert.strictEqual(first.extFields["queueId"], "2")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      assert.strictEqual((yield* end(client, place(first.extFields))).code, 0)
      const [message] = yield* cluster.messages("T")
      assert.strictEqual(message!.queueId, 2)
      assert.strictEqual(message!.sysFlag & 0xc, 8)
      assert.strictEqual(String(message!.preparedTransactionOffset), offsetOf(first.extFields["msgId"]))
      assert.strictEqual(message!.properties["TRAN_MSG"], "true")
      assert.strictEqual((yield* end(client, place(second.extFields), { commitOrRollback: "12" })).code, 0)
      yield* heartbeat(client, "p", "", [], ["PG"])
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(yield* cluster.stored("T"), 1)
      assert.strictEqual(client.pushes.length, 0)
      const wrong = yield* end(client, place(first.extFields), { producerGroup: "Other" })
      assert.deepStrictEqual([wrong.code, wrong.remark], [1, "The producer group wrong"])
    }))

  it.scoped("without an end are asked about; the answer uses the offsets of the question", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* heartbeat(client, "p", "", [], ["PG"])
      const sent = yield* half(client)
      yield* TestClock.adjust("30 seconds")
      yield* cluster.until(Effect.sync(() => client.pushes.length === 1))
      const check = client.pushes[0]!
      assert.strictEqual(check.code, RequestCode.CHECK_TRANSACTION_STATE)
      assert.strictEqual(check.flag, 2)
      assert.strictEqual(check.extFields["msgId"], "U")
      assert.strictEqual(check.extFields["topic"], "RMQ_SYS_TRANS_HALF_TOPIC")
      assert.notStrictEqual(check.extFields["commitLogOffset"], offsetOf(sent.extFields["msgId"]))
      const [asked] = MessageExt.decodeAll(check.body!).messages
      assert.strictEqual(asked!.topic, "T")
      assert.strictEqual(asked!.queueId, 2)
      assert.strictEqual(asked!.properties["TRANSACTION_CHECK_TIMES"], "1")
      yield* end(client, place(sent.extFields), {
        tranStateTableOffset: check.extFields["tranStateTableOffset"],
        commitLogOffset: check.extFields["commitLogOffset"],
        fromTransactionCheck: "true"
      })
      assert.strictEqual(yield* cluster.stored("T"), 1)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(client.pushes.length, 1)
    }))

  it.scoped("are asked about so often, and then given up", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ transactionCheckMax: 2, transactionCheckInterval: "10 seconds" })
      yield* heartbeat(client, "p", "", [], ["PG"])
      yield* half(client)
      yield* TestClock.adjust("50 seconds")
      yield* cluster.until(Effect.map(cluster.stored("TRANS_CHECK_MAX_TIME_TOPIC"), (count) => count === 1))
      assert.strictEqual(client.pushes.length, 2)
    }))

  it.scoped("with a time before which nobody is asked are counted as asked about all the same", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ transactionCheckMax: 2, transactionCheckInterval: "10 seconds" })
      yield* heartbeat(client, "p", "", [], ["PG"])
      const sent = yield* half(client, { CHECK_IMMUNITY_TIME_IN_SECONDS: "15" })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(client.pushes.length, 0)
      yield* TestClock.adjust("40 seconds")
      yield* cluster.until(Effect.map(cluster.stored("TRANS_CHECK_MAX_TIME_TOPIC"), (count) => count === 1))
      assert.strictEqual(client.pushes.length, 1)
      // and an end that was not asked for comes too late
      assert.strictEqual((yield* end(client, place(sent.extFields))).code, ResponseCode.ILLEGAL_OPERATION)
      assert.strictEqual((yield* end(client, place(sent.extFields), { fromTransactionCheck: "true" })).code, 0)
    }))

  it.scoped("with such a time are asked about though they ended, when a check had stored them again before", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ transactionCheckInterval: "10 seconds" })
      yield* heartbeat(client, "p", "", [], ["PG"])
      const sent = yield* half(client, { CHECK_IMMUNITY_TIME_IN_SECONDS: "15" })
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual((yield* end(client, place(sent.extFields))).code, 0)
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual(client.pushes.length, 0)
      yield* TestClock.adjust("1 second")
      yield* cluster.until(Effect.sync(() => client.pushes.length === 1))
      assert.strictEqual(client.pushes[0]!.extFields["msgId"], "U")
      assert.strictEqual(yield* cluster.stored("T"), 1)
    }))

  it.scoped("are asked about once more when their end came just before", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ transactionCheckInterval: "10 seconds" })
      yield* heartbeat(client, "p", "", [], ["PG"])
      const sent = yield* half(client)
      yield* TestClock.adjust("9500 millis")
      assert.strictEqual((yield* end(client, place(sent.extFields))).code, 0)
      yield* TestClock.adjust("500 millis")
      yield* cluster.until(Effect.sync(() => client.pushes.length === 1))
      // told to commit twice, a broker delivers twice
      yield* end(client, place(sent.extFields), {
        tranStateTableOffset: client.pushes[0]!.extFields["tranStateTableOffset"],
        commitLogOffset: client.pushes[0]!.extFields["commitLogOffset"],
        fromTransactionCheck: "true"
      })
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("that are young hold up those behind them; those of the future are asked about at once", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ transactionCheckInterval: "10 seconds" })
      yield* heartbeat(client, "p", "", [], ["PG"])
      const born = (uniqueKey: string, g: number) =>
        client.call(
          RequestCode.SEND_MESSAGE_V2,
          sendFields("T", {
            properties: { TRAN_MSG: "true", PGROUP: "PG", UNIQ_KEY: uniqueKey },
            fields: { f: "4", g: String(g), h: "7" }
          }),
          bytes("half")
        )
      yield* born("future", 60_000)
      yield* born("young", 5_000)
      yield* born("old", 0)
      const asked = Effect.sync(() => client.pushes.map((push) => push.extFields["msgId"]))
      yield* TestClock.adjust("10 seconds")
      yield* cluster.until(Effect.map(asked, (keys) => keys.length === 1))
      assert.deepStrictEqual(yield* asked, ["future"])
      yield* TestClock.adjust("10 seconds")
      yield* cluster.until(Effect.map(asked, (keys) => keys.length === 4))
      assert.deepStrictEqual(yield* asked, ["future", "young", "old", "future"])
      // a half message that is stored again loses the application's number
      const flags = client.pushes.map((push) => MessageExt.decodeAll(push.body!).messages[0]?.flag)
      assert.deepStrictEqual(flags, [7, 7, 7, 0])
    }))
})
