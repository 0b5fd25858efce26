import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Stats from "../src/internal/stats.js"
import type { Client } from "./client.js"
import { bytes, NAME_SERVER, send, sendFields, withBroker } from "./client.js"

const json = (answer: { readonly body: Uint8Array | undefined }) => JSON.parse(new TextDecoder().decode(answer.body))
/** A client on the first broker, and one on the name server. */
const connected = <A, E>(
  options: EmbeddedCluster.Options,
  use: (all: {
    readonly cluster: EmbeddedCluster.Cluster
    readonly client: Client
    readonly nameServer: Client
  }) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const { client, cluster, open } = yield* withBroker(options)
    return yield* use({ client, cluster, nameServer: yield* open(NAME_SERVER) })
  })

const configure = (client: Client, text: string) => client.call(RequestCode.UPDATE_BROKER_CONFIG, {}, bytes(text))
const permOf = (client: Client, topic: string) =>
  Effect.map(
    client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic }),
    (answer) => json(answer).queueDatas[0].perm as number
  )

describe("the configuration of a broker", () => {
  it.scoped("takes effect while the broker runs", () =>
    connected({}, ({ client, cluster }) =>
      Effect.gen(function*() {
        yield* cluster.createTopic("T", { queues: 1 })
        yield* configure(client, "maxMessageSize=10")
        const large = yield* client.call(RequestCode.SEND_MESSAGE_V2, sendFields("T"), bytes("x".repeat(11)))
        assert.strictEqual(large.code, 13)
        assert.include(large.remark ?? "", "msg body length limit 10B")
        yield* configure(client, "maxMessageSize=4096")
        assert.strictEqual((yield* client.call(RequestCode.SEND_MESSAGE_V2, sendFields("T"), bytes("x"))).code, 0)
        yield* configure(client, "autoCreateTopicEnable=false")
        assert.strictEqual((yield* client.call(RequestCode.SEND_MESSAGE_V2, sendFields("new"), bytes("x"))).code, 17)
        yield* configure(client, "autoCreateSubscriptionGroup=false")
        assert.strictEqual((yield* client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: "new" })).code, 26)
      })))

  it.scoped("forbids reading, and sending in order, by the permission of the broker", () =>
    connected({}, ({ client, cluster, nameServer }) =>
      Effect.gen(function*() {
        yield* cluster.createTopic("T", { queues: 1 })
        const pull = client.call(RequestCode.PULL_MESSAGE, {
          ...{ consumerGroup: "G", topic: "T", queueId: "0", queueOffset: "0", maxMsgNums: "1", sysFlag: "4" },
          ...{ commitOffset: "0", suspendTimeoutMillis: "0", subscription: "*", subVersion: "0" }
        })
        yield* configure(client, "brokerPermission=2")
        const refused = yield* pull
        assert.deepStrictEqual(
          [refused.code, refused.remark, refused.extFields["forbiddenType"]],
          [16, "the broker[127.0.0.1] pulling message is forbidden", "1"]
        )
        assert.strictEqual(yield* permOf(nameServer, "T"), 2)
        yield* configure(client, "brokerPermission=6")
        assert.notStrictEqual((yield* pull).code, 16)
        assert.strictEqual(yield* permOf(nameServer, "T"), 6)
      })))

  it.scoped("keeps what it is when it is told nonsense", () =>
    connected({}, ({ client }) =>
      Effect.gen(function*() {
        const read = Effect.map(
          client.call(RequestCode.GET_BROKER_CONFIG),
          ({ body }) => new TextDecoder().decode(body).split("\n")
        )
        const before = yield* read
        yield* configure(client, "maxMessageSize=large\n# a comment\nnoSuchName=1\n")
        assert.deepStrictEqual(yield* read, before)
        assert.include(before, "messageDelayLevel=1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h")
      })))
})

describe("the name server", () => {
  it.scoped("takes the permission to write from the topics of a broker, and gives it back", () =>
    connected({ brokers: 2 }, ({ cluster, nameServer }) =>
      Effect.gen(function*() {
        yield* cluster.createTopic("T", { queues: 1, brokers: ["broker-a"] })
        const wiped = yield* nameServer.call(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: "broker-a" })
        assert.isAbove(Number(wiped.extFields["wipeTopicCount"]), 1)
        assert.strictEqual(yield* permOf(nameServer, "T"), 4)
        // what is made afterwards may be written
        yield* cluster.createTopic("U", { queues: 1, brokers: ["broker-a"] })
        assert.strictEqual(yield* permOf(nameServer, "U"), 6)
        yield* nameServer.call(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: "broker-a" })
        assert.strictEqual(yield* permOf(nameServer, "T"), 6)
      })))

  it.scoped("lists topics only while its configuration allows it", () =>
    connected({}, ({ nameServer }) =>
      Effect.gen(function*() {
        yield* nameServer.call(RequestCode.UPDATE_NAMESRV_CONFIG, {}, bytes("enableAllTopicList=false"))
        const list = yield* nameServer.call(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
        assert.deepStrictEqual([list.code, list.remark], [1, "disable"])
      })))
})

describe("figures", () => {
  it.scoped("are told of the last minute, by the topic", () =>
    connected({}, ({ client, cluster }) =>
      Effect.gen(function*() {
        yield* cluster.createTopic("T", { queues: 1 })
        yield* send(client, "T")
        yield* TestClock.adjust("10 seconds")
        for (let i = 0; i < 20; i++) yield* send(client, "T")
        yield* TestClock.adjust("10 seconds")
        const figures = yield* client.call(RequestCode.VIEW_BROKER_STATS_DATA, {
          statsName: "TOPIC_PUT_NUMS",
          statsKey: "T"
        })
        assert.deepStrictEqual(json(figures).statsMinute, { avgpt: 1, sum: 20, tps: 2 })
        yield* TestClock.adjust("2 minutes")
        const later = yield* client.call(RequestCode.GET_TOPIC_STATS_INFO, { topic: "T" })
        assert.include(new TextDecoder().decode(later.body), "\"topicPutTps\":0")
      })))

  it("of a long silence cost no more than those that are kept", () => {
    let now = 0
    const stats = Stats.make(() => now)
    stats.add("TOPIC_PUT_NUMS", "T", 5)
    now = 15_000
    stats.add("TOPIC_PUT_NUMS", "T", 7)
    now = 365 * 24 * 3600 * 1000
    const figure = stats.get("TOPIC_PUT_NUMS", "T")!
    assert.deepStrictEqual([figure.total, figure.minute.sum, figure.day.sum], [12, 0, 0])
    assert.isUndefined(stats.get("TOPIC_PUT_NUMS", "U"))
  })
})

describe("a broker", () => {
  it.scoped("answers every request of an administrator that RocketMQ's tools send", () =>
    connected({}, ({ client, nameServer }) =>
      Effect.gen(function*() {
        const all = Object.entries(RequestCode.all).filter(([name]) => !unsupported.some((part) => name.includes(part)))
        for (const [name, code] of all) {
          if (toClient.has(name) || name === "END_TRANSACTION") continue
          const answers = [yield* client.call(code, {}), yield* nameServer.call(code, {})]
          assert.isTrue(answers.some((answer) => answer.code !== 3), name)
        }
      })))
})

/** Requests that brokers and name servers make of clients. */
const toClient = new Set([
  ...["CHECK_TRANSACTION_STATE", "NOTIFY_CONSUMER_IDS_CHANGED", "RESET_CONSUMER_CLIENT_OFFSET"],
  ...["GET_CONSUMER_STATUS_FROM_CLIENT", "PUSH_REPLY_MESSAGE_TO_CLIENT", "NOTIFY_UNSUBSCRIBE_LITE"]
])
/** What the README says that there is not: controllers, containers, brokers among themselves, lite and static topics. */
const unsupported = [
  ...["CONTROLLER", "LITE", "PARENT_TOPIC", "STATIC_TOPIC", "ADD_BROKER", "REMOVE_BROKER", "REGISTER_BROKER"],
  ...["QUERY_DATA_VERSION", "CLEAN_BROKER_DATA", "PEEK_MESSAGE", "NOTIFY_MIN", "NOTIFY_BROKER_ROLE", "EXCHANGE_BROKER"]
]
