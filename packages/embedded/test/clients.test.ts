import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type { Client } from "./client.js"
import { BROKER, bytes, heartbeat, json, NAME_SERVER, send, sendFields, subscription, withBroker } from "./client.js"

const codes = (client: Client) => client.pushes.map((push) => push.code)

const members = (client: Client, group: string) =>
  Effect.map(
    client.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: group }),
    (answer) => answer.code === 0 ? json(answer) : answer.code
  )

describe("heartbeat", () => {
  it.scoped("makes the group and its retry topic, and tells all members of a change before its answer", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const answer = yield* heartbeat(client, "c1", "G", [subscription("T")])
      assert.deepStrictEqual({ ...answer.extFields }, { IS_SUPPORT_HEART_BEAT_V2: "true", IS_SUB_CHANGE: "true" })
      assert.isAtLeast(answer.version, 232)
      assert.deepStrictEqual(codes(client), [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED])
      assert.isTrue(Remoting.isOneway(client.pushes[0]!))
      assert.strictEqual(client.pushes[0]!.extFields["consumerGroup"], "G")
      const retry = yield* client.call(RequestCode.GET_TOPIC_CONFIG, { topic: "%RETRY%G" })
      assert.deepInclude(json(retry), { readQueueNums: 1, writeQueueNums: 1 })
      yield* heartbeat(client, "c1", "G", [subscription("T")])
      assert.strictEqual(client.pushes.length, 1)
      const second = yield* open(BROKER)
      yield* heartbeat(second, "c2", "G", [subscription("T")])
      assert.strictEqual(client.pushes.length, 2)
      assert.strictEqual(second.pushes.length, 1)
      yield* heartbeat(second, "c2", "G", [subscription("T"), subscription("U")])
      assert.strictEqual(second.pushes.length, 2)
      assert.deepStrictEqual(yield* members(client, "G"), { consumerIdList: ["c1", "c2"] })
      assert.deepStrictEqual(yield* cluster.members("G"), ["c1", "c2"])
      assert.strictEqual(yield* members(client, "Unknown"), 1)
    }))

  it.scoped("keeps a newer subscription, and drops a topic that is not named any more", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* heartbeat(client, "c1", "G", [{ ...subscription("T"), subVersion: 5 }, subscription("U")])
      yield* heartbeat(client, "c1", "G", [{ ...subscription("T", { sub: "old" }), subVersion: 4 }])
      const answer = yield* client.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: "G" })
      const table = json(answer)
      assert.isTrue(LooseJson.isObject(table))
      const topics = LooseJson.isObject(table) ? table["subscriptionTable"] : undefined
      assert.deepStrictEqual(
        LooseJson.entries(topics).map(([topic, data]) => [topic, LooseJson.isObject(data) ? data["subString"] : ""]),
        [["T", "*"]]
      )
    }))

  it.scoped("that stays away for 120 s takes the member out and tells the others", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const second = yield* open(BROKER)
      yield* heartbeat(client, "c1", "G", [subscription("T")])
      yield* heartbeat(second, "c2", "G", [subscription("T")])
      for (let elapsed = 0; elapsed < 130; elapsed += 30) {
        yield* heartbeat(client, "c1", "G", [subscription("T")])
        yield* TestClock.adjust("30 seconds")
      }
      yield* cluster.until(Effect.map(cluster.members("G"), (ids) => ids.length === 1))
      assert.deepStrictEqual(yield* members(client, "G"), { consumerIdList: ["c1"] })
      assert.strictEqual(client.pushes.length, 3)
      assert.isTrue(second.ended())
      assert.isFalse(client.ended())
    }))

  it.scoped("ends with unregister and with the connection", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const second = yield* open(BROKER)
      const third = yield* open(BROKER)
      yield* heartbeat(client, "c1", "G", [subscription("T")])
      yield* heartbeat(second, "c2", "G", [subscription("T")])
      yield* heartbeat(third, "c3", "G", [subscription("T")])
      yield* second.call(RequestCode.UNREGISTER_CLIENT, { clientID: "c2", consumerGroup: "G" })
      assert.deepStrictEqual(yield* members(client, "G"), { consumerIdList: ["c1", "c3"] })
      third.write(bytes("this is no frame, and far too long to be the start of one"))
      yield* cluster.until(Effect.map(cluster.members("G"), (ids) => ids.length === 1))
      yield* members(client, "G")
      assert.strictEqual(client.pushes.length, 5)
    }))

  it.scoped("of version 2 says whether the subscriptions changed", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      const beat = (fingerprint: number, withoutSub: boolean) =>
        Effect.map(
          client.call(
            RequestCode.HEART_BEAT,
            {},
            bytes(LooseJson.stringify({
              clientID: "c",
              producerDataSet: [],
              consumerDataSet: [{
                groupName: "G",
                consumeType: "CONSUME_PASSIVELY",
                messageModel: "CLUSTERING",
                consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
                subscriptionDataSet: withoutSub ? [] : [subscription("T")]
              }],
              heartbeatFingerprint: fingerprint,
              withoutSub
            }))
          ),
          (answer) => answer.extFields["IS_SUB_CHANGE"]
        )
      assert.strictEqual(yield* beat(7, false), "false")
      assert.strictEqual(yield* beat(7, true), "false")
      assert.strictEqual(yield* beat(8, true), "true")
      const answer = yield* client.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: "G" })
      assert.include(new TextDecoder().decode(answer.body), "\"topic\":\"T\"")
    }))
})

describe("locks", () => {
  const batch = (clientId: string, queues: Array<number>) =>
    bytes(LooseJson.stringify({
      clientId,
      consumerGroup: "G",
      mqSet: queues.map((queueId) => ({ topic: "T", brokerName: "broker-a", queueId })),
      onlyThisBroker: false
    }))
  const lock = (client: Client, clientId: string, queues: Array<number>) =>
    Effect.map(client.call(RequestCode.LOCK_BATCH_MQ, {}, batch(clientId, queues)), (answer) => {
      const body = json(answer)
      const locked = LooseJson.isObject(body) ? body["lockOKMQSet"] : []
      return LooseJson.isArray(locked) ? locked.map((queue) => LooseJson.isObject(queue) ? queue["queueId"] : -1) : []
    })

  it.scoped("belong to one client for 60 s", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      assert.deepStrictEqual(yield* lock(client, "c1", [0, 1]), [0, 1])
      assert.deepStrictEqual(yield* lock(client, "c2", [1, 2]), [2])
      yield* TestClock.adjust("40 seconds")
      assert.deepStrictEqual(yield* lock(client, "c1", [0]), [0])
      yield* TestClock.adjust("21 seconds")
      assert.deepStrictEqual(yield* lock(client, "c2", [0, 1]), [1])
      yield* client.call(RequestCode.UNLOCK_BATCH_MQ, {}, batch("c2", [0, 1]))
      assert.deepStrictEqual(yield* lock(client, "c3", [0, 1]), [1])
    }))

  it.scoped("send what an orderly group gives up to its dead letters at once", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const retry = () => send(client, "%RETRY%G", { properties: { UNIQ_KEY: "U" }, fields: { j: "1", l: "16" } })
      yield* retry()
      yield* lock(client, "c1", [0])
      yield* retry()
      assert.strictEqual(yield* cluster.stored("%RETRY%G"), 1)
      assert.strictEqual(yield* cluster.stored("%DLQ%G"), 1)
    }))
})

describe("replies", () => {
  const reply = (client: Client, properties: Record<string, string>) =>
    client.call(
      RequestCode.SEND_REPLY_MESSAGE_V2,
      sendFields("DefaultCluster_REPLY_TOPIC", { properties }),
      bytes("answer")
    )

  it.scoped("go to the client that asked, and are answered when it has taken them", () =>
    Effect.gen(function*() {
      const { client, open } = yield* withBroker()
      const asker = yield* open(BROKER)
      yield* heartbeat(asker, "asker", "", [], ["PG"])
      asker.onPush.answer = (push) =>
        push.code === RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT ? { code: 0, extFields: {}, body: undefined } : undefined
      const answer = yield* reply(client, { REPLY_TO_CLIENT: "asker", CORRELATION_ID: "42" })
      assert.strictEqual(answer.code, 0)
      const push = asker.pushes[0]!
      assert.strictEqual(new TextDecoder().decode(push.body), "answer")
      assert.include(push.extFields["properties"], "CORRELATION_ID\x0142\x02")
      assert.strictEqual(push.extFields["storeHost"], "127.0.0.1:10911")
    }))

  it.scoped("fail when nobody is there or nobody answers", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const lost = yield* reply(client, { REPLY_TO_CLIENT: "asker" })
      assert.deepStrictEqual([lost.code, lost.remark], [
        1,
        "push reply message fail, channel of <asker> not found."
      ])
      assert.strictEqual((yield* reply(client, {})).remark, "reply message properties[REPLY_TO_CLIENT] is null")
      const asker = yield* open(BROKER)
      yield* heartbeat(asker, "asker", "", [], ["PG"])
      const fiber = yield* Effect.fork(reply(client, { REPLY_TO_CLIENT: "asker" }))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).code, 1)
      assert.strictEqual(yield* cluster.stored("DefaultCluster_REPLY_TOPIC"), 3)
    }))

  it.scoped("do not find a client that a producer group has left, until it has a group that is new", () =>
    Effect.gen(function*() {
      const { client, open } = yield* withBroker()
      const asker = yield* open(BROKER)
      asker.onPush.answer = () => ({ code: 0, extFields: {}, body: undefined })
      const code = Effect.map(reply(client, { REPLY_TO_CLIENT: "asker" }), (answer) => answer.code)
      yield* heartbeat(asker, "asker", "", [], ["P1", "P2"])
      assert.strictEqual(yield* code, 0)
      yield* asker.call(RequestCode.UNREGISTER_CLIENT, { clientID: "asker", producerGroup: "P1" })
      assert.strictEqual(yield* code, 1)
      yield* heartbeat(asker, "asker", "", [], ["P2"])
      assert.strictEqual(yield* code, 1)
      yield* heartbeat(asker, "asker", "", [], ["P2", "P3"])
      assert.strictEqual(yield* code, 0)
    }))
})

describe("administration", () => {
  it.scoped("manages topics and routes", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker({ brokers: 2 })
      const names = yield* open(NAME_SERVER)
      const route = (topic: string) =>
        Effect.map(names.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic }), (answer) => ({
          code: answer.code,
          text: new TextDecoder().decode(answer.body)
        }))
      assert.strictEqual((yield* route("Orders")).code, 17)
      assert.include((yield* route("TBW102")).text, "\"perm\":7")
      const created = yield* client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, {
        topic: "Orders",
        defaultTopic: "TBW102",
        readQueueNums: "8",
        writeQueueNums: "6",
        perm: "6",
        topicFilterType: "SINGLE_TAG",
        order: "false",
        attributes: "+message.type=FIFO"
      })
      assert.deepStrictEqual([created.code, created.remark], [0, "not set any response code"])
      assert.deepStrictEqual(JSON.parse((yield* route("Orders")).text), {
        brokerDatas: [{
          cluster: "DefaultCluster",
          brokerName: "broker-a",
          brokerAddrs: { 0: "127.0.0.1:10911" },
          enableActingMaster: false
        }],
        queueDatas: [{ brokerName: "broker-a", readQueueNums: 8, writeQueueNums: 6, perm: 6, topicSysFlag: 0 }],
        filterServerTable: {}
      })
      yield* names.call(RequestCode.PUT_KV_CONFIG, {
        namespace: "ORDER_TOPIC_CONFIG",
        key: "Orders",
        value: "broker-a:4"
      })
      assert.include((yield* route("Orders")).text, "\"orderTopicConf\":\"broker-a:4\"")
      yield* cluster.createTopic("Both")
      assert.strictEqual(JSON.parse((yield* route("Both")).text).brokerDatas.length, 2)
      yield* client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "Orders" })
      yield* names.call(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: "Orders" })
      assert.strictEqual((yield* route("Orders")).code, 17)
      const system = yield* client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "TBW102" })
      assert.strictEqual(system.code, 29)
    }))

  it.scoped("shows a stopped broker to nobody, a killed one to everybody", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker({ brokers: 2 })
      const names = yield* open(NAME_SERVER)
      yield* cluster.createTopic("T")
      const brokersOf = Effect.map(
        names.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" }),
        (answer) => JSON.parse(new TextDecoder().decode(answer.body)).brokerDatas.length
      )
      yield* send(client, "T")
      yield* cluster.kill("broker-a")
      assert.strictEqual(yield* brokersOf, 2)
      const refused = yield* Effect.flip(open(BROKER))
      assert.strictEqual(refused._tag, "ConnectionFailedError")
      assert.isTrue(client.ended())
      yield* cluster.stop("broker-a")
      assert.strictEqual(yield* brokersOf, 1)
      yield* cluster.start("broker-a")
      assert.strictEqual(yield* brokersOf, 2)
      yield* send(yield* open(BROKER), "T")
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("relays calls to a consumer", () =>
    Effect.gen(function*() {
      const { client, open } = yield* withBroker()
      const consumer = yield* open(BROKER)
      yield* heartbeat(consumer, "c1", "G", [subscription("T")])
      const sent = yield* send(client, "T")
      const ask = (code: number, fields: Record<string, string> = {}) =>
        client.call(code, { consumerGroup: "G", group: "G", topic: "T", clientId: "c1", ...fields })
      consumer.onPush.answer = (push) =>
        Remoting.isOneway(push)
          ? undefined
          : { code: 0, extFields: {}, body: bytes(`{"messageQueueTable":{{"queueId":0}:3},"code":${push.code}}`) }
      const info = yield* ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { jstackEnable: "false" })
      assert.include(new TextDecoder().decode(info.body), "\"code\":307")
      const direct = yield* ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, { msgId: sent.extFields["msgId"]! })
      assert.include(new TextDecoder().decode(direct.body), "\"code\":309")
      const relayed = consumer.pushes.find((push) => push.code === RequestCode.CONSUME_MESSAGE_DIRECTLY)!
      assert.strictEqual(relayed.extFields["brokerName"], "broker-a")
      assert.isAbove(relayed.body!.length, 91)
      const status = yield* ask(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS)
      assert.strictEqual(
        new TextDecoder().decode(status.body),
        "{\"consumerTable\":{\"c1\":{{\"queueId\":0}:3}},\"messageQueueTable\":{}}"
      )
      assert.strictEqual((yield* ask(RequestCode.GET_CONSUMER_RUNNING_INFO, { clientId: "c2" })).code, 1)
      consumer.onPush.answer = undefined
      const late = yield* Effect.fork(ask(RequestCode.GET_CONSUMER_RUNNING_INFO))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(late)).code, 207)
    }))

  it.scoped("makes and lists groups, and tells what it does not do", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const config = yield* client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: "G" })
      assert.deepInclude(json(config), { groupName: "G", retryMaxTimes: 16, retryQueueNums: 1 })
      yield* client.call(
        RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
        {},
        bytes("{\"groupName\":\"G\",\"retryMaxTimes\":3}")
      )
      const changed = yield* client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: "G" })
      assert.deepInclude(json(changed), { retryMaxTimes: 3, consumeEnable: true })
      const all = yield* client.call(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, { groupSeq: "0" })
      assert.strictEqual(all.extFields["totalGroupNum"], "9", "one beside those of the system")
      yield* cluster.createTopic("T", { queues: 1 })
      yield* send(client, "T")
      const stats = yield* client.call(RequestCode.GET_TOPIC_STATS_INFO, { topic: "T" })
      assert.strictEqual(
        new TextDecoder().decode(stats.body),
        "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"T\"}:" +
          "{\"lastUpdateTimestamp\":0,\"maxOffset\":1,\"minOffset\":0}},\"topicPutTps\":0}"
      )
      const unknown = yield* client.call(4711)
      assert.deepStrictEqual([unknown.code, unknown.remark], [3, " request type 4711 not supported"])
    }))
})
