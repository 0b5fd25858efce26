import * as Broker from "@effect-rocketmq/client/Broker"
import * as Client from "@effect-rocketmq/client/Client"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import * as ConsumeMessageDirectlyResult from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as HeartbeatData from "@effect-rocketmq/protocol/HeartbeatData"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as OffsetTable from "@effect-rocketmq/protocol/OffsetTable"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as TopicRouteData from "@effect-rocketmq/protocol/TopicRouteData"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Exit, Layer, Logger, LogLevel, Random, Scope, TestClock } from "effect"
import * as clientId from "../src/internal/clientId.js"
import * as Fake from "./support/FakeRemoting.js"
import { master, routeData } from "./support/routes.js"

const { GET_ROUTEINFO_BY_TOPIC, HEART_BEAT, UNREGISTER_CLIENT } = RequestCode

const orders = routeData([
  { name: "broker-a", addresses: { 0: "a:0", 1: "a:1" } },
  { name: "broker-b", addresses: { 0: "b:0" } }
])

/** What the cluster says; tests change it. */
interface Cluster {
  readonly routes: Record<string, TopicRouteData.TopicRouteData>
  nameServer: "up" | "down"
  readonly answers: Record<string, (request: RemotingCommand.Request) => Fake.Answer>
}

const fakeOf = (cluster: Cluster) =>
  Fake.make((address, request) => {
    if (address === "ns:1") {
      if (cluster.nameServer === "down") return Fake.down(address)
      if (request.code === RequestCode.GET_BROKER_CLUSTER_INFO) return Fake.refuse(ResponseCode.SYSTEM_ERROR)
      const data = cluster.routes[request.extFields["topic"]!]
      return data === undefined ? Fake.refuse(ResponseCode.TOPIC_NOT_EXIST) : Fake.ok(TopicRouteData.encode(data))
    }
    return cluster.answers[address]?.(request) ?? Fake.ok()
  })

interface Setup {
  readonly client: Client.Client["Type"]
  readonly fake: ReturnType<typeof fakeOf>
  readonly cluster: Cluster
  readonly logs: Array<string>
}

const run = <A, E>(test: (setup: Setup) => Effect.Effect<A, E, Scope.Scope>, options?: Client.Options) => {
  const cluster: Cluster = { routes: { orders }, nameServer: "up", answers: {} }
  const fake = fakeOf(cluster)
  const logs: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    logs.push(`${logLevel.label} ${String(message)}`)
  })
  const layer = Client.layer(options).pipe(
    Layer.provide(Layer.merge(NameServer.layer({ nameServers: ["ns:1"] }), Broker.layer)),
    Layer.provide(fake.layer)
  )
  return Effect.flatMap(Client.Client, (client) => test({ client, fake, cluster, logs })).pipe(
    Effect.provide(layer),
    Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
    Logger.withMinimumLogLevel(LogLevel.Info)
  )
}

const consumerMember = (group: string, extra: Partial<Client.ConsumerMember> = {}): Client.ConsumerMember => ({
  group,
  consumeType: "CONSUME_PASSIVELY",
  messageModel: "CLUSTERING",
  consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
  subscriptions: () => [],
  onGroupChanged: Effect.void,
  onResetOffset: () => Effect.void,
  offsets: () => Effect.succeed([]),
  runningInfo: Effect.die("not asked for"),
  consumeDirectly: () => Effect.die("not asked for"),
  ...extra
})

const beats = (fake: Setup["fake"]) =>
  fake.calls.filter(({ request }) => request.code === HEART_BEAT).map(({ address, request }) => ({
    address,
    data: Either.getOrThrow(HeartbeatData.decode(request.body!))
  }))

describe("Client heartbeats", { timeout: 30_000 }, () => {
  it.scoped("says nothing while there is no group", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.heartbeat
        yield* TestClock.adjust("2 minutes")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), [])
      })
    ))

  it.scoped("goes to masters for producers, and to slaves too for consumers, at once", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.registerProducer({ group: "checkout" })
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0", "b:0"])
        const { data } = beats(fake)[0]!
        assert.strictEqual(data.clientID, client.clientId)
        assert.deepStrictEqual(data.producerDataSet.map(({ groupName }) => groupName), [
          "checkout",
          "CLIENT_INNER_PRODUCER"
        ])
        assert.deepStrictEqual(data.consumerDataSet, [])
        fake.clear()
        yield* client.registerConsumer(consumerMember("billing"))
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0", "a:1", "b:0"])
        assert.deepStrictEqual(beats(fake)[0]?.data.consumerDataSet.map(({ groupName }) => groupName), ["billing"])
      })
    ))

  it.scoped("comes each 30 seconds, with what is subscribed to by then", () => {
    let topic = "orders"
    return run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.registerConsumer(consumerMember("billing", {
          subscriptions: () => [{
            topic,
            subString: "*",
            tagsSet: [],
            codeSet: [],
            subVersion: 1n,
            expressionType: "TAG",
            classFilterMode: false
          }]
        }))
        fake.clear()
        topic = "payments"
        yield* TestClock.adjust("29 seconds")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), [])
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0", "a:1", "b:0"])
        assert.strictEqual(beats(fake)[0]?.data.consumerDataSet[0]?.subscriptionDataSet[0]?.topic, "payments")
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(fake.asked(HEART_BEAT).length, 9)
      })
    )
  })

  it.scoped("goes to a broker as soon as a route brings it", () =>
    run(({ client, cluster, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.registerProducer({ group: "checkout" })
        fake.clear()
        cluster.routes["orders"] = routeData([master("broker-a", "a:0"), master("broker-c", "c:0")])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["c:0"])
        yield* TestClock.adjust("20 seconds")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["c:0"])
        // broker-b has left all routes
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["c:0", "a:0", "c:0"])
      }), { routeRefreshInterval: "5 seconds" }))

  it.scoped("is repeated at once on a new connection, and not doubled on the first", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.registerProducer({ group: "checkout" })
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0", "b:0"])
        fake.clear()
        fake.reconnect("b:0")
        fake.reconnect("a:1")
        fake.reconnect("ns:1")
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["b:0"])
      })
    ))

  it.scoped("goes on after failures, which are told once", () =>
    run(({ client, cluster, fake, logs }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        cluster.answers["b:0"] = () => Fake.down("b:0")
        yield* client.registerProducer({ group: "checkout" })
        yield* TestClock.adjust("90 seconds")
        const warnings = () => logs.filter((line) => line.startsWith("WARN"))
        assert.strictEqual(warnings().length, 1)
        assert.include(warnings()[0], "b:0")
        assert.strictEqual(fake.asked(HEART_BEAT).filter((address) => address === "a:0").length, 4)
        cluster.answers["b:0"] = () => Effect.die("a bug")
        yield* TestClock.adjust("30 seconds")
        delete cluster.answers["b:0"]
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(warnings().length, 1)
        assert.isTrue(logs.some((line) => line.startsWith("INFO") && line.includes("b:0")))
      })
    ))

  it.scoped("introduces the client to a broker, once on each connection", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.registerProducer({ group: "checkout" })
        yield* client.introduce("a:0")
        yield* client.introduce("a:0")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0"])
        fake.reconnect("a:0")
        yield* client.introduce("a:0")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["a:0", "a:0"])
      })
    ))

  it.scoped("goes to one broker when asked", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.registerProducer({ group: "checkout" })
        yield* client.heartbeatTo("z:0")
        assert.deepStrictEqual(fake.asked(HEART_BEAT), ["z:0"])
      })
    ))
})

describe("Client groups", { timeout: 30_000 }, () => {
  it.scoped("unregisters a group where it was announced, when its Scope closes", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        const scope = yield* Scope.make()
        yield* client.registerConsumer(consumerMember("billing")).pipe(Scope.extend(scope))
        yield* client.registerProducer({ group: "checkout" })
        fake.clear()
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(fake.asked(UNREGISTER_CLIENT), ["a:0", "a:1", "b:0"])
        assert.deepStrictEqual({ ...fake.calls[0]!.request.extFields }, {
          clientID: client.clientId,
          consumerGroup: "billing"
        })
        // it is not announced any more, and slaves are of no interest any more
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(beats(fake).map(({ address, data }) => [address, data.consumerDataSet.length]), [
          ["a:0", 0],
          ["b:0", 0]
        ])
        // and may be registered again
        yield* client.registerConsumer(consumerMember("billing"))
      })
    ))

  it.scoped("tells brokers anew where it is when one of its producers leaves: they forget it then", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        const scope = yield* Scope.make()
        yield* client.registerProducer({ group: "checkout" }).pipe(Scope.extend(scope))
        yield* client.registerProducer({ group: "returns" })
        fake.clear()
        yield* Scope.close(scope, Exit.void)
        const atA = fake.calls.filter(({ address }) => address === "a:0").map(({ request }) => request)
        assert.deepStrictEqual(
          atA.map(({ code, extFields }) => [code, extFields["producerGroup"]]),
          [
            [UNREGISTER_CLIENT, "checkout"],
            [UNREGISTER_CLIENT, "CLIENT_INNER_PRODUCER"],
            [HEART_BEAT, undefined]
          ]
        )
        assert.deepStrictEqual(
          beats(fake)[0]?.data.producerDataSet.map(({ groupName }) => groupName),
          ["returns", "CLIENT_INNER_PRODUCER"]
        )
      })
    ))

  it.scoped("does not wait for ever for a broker that does not answer, nor connect to one that is gone", () =>
    run(({ client, cluster, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        const scope = yield* Scope.make()
        yield* client.registerProducer({ group: "checkout" }).pipe(Scope.extend(scope))
        cluster.answers["a:0"] = (request) => request.code === UNREGISTER_CLIENT ? Effect.never : Fake.ok()
        cluster.answers["b:0"] = () => Fake.down("b:0")
        yield* TestClock.adjust("30 seconds")
        fake.clear()
        const fiber = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("3 seconds")
        yield* fiber.await
        assert.deepStrictEqual(fake.asked(UNREGISTER_CLIENT), ["a:0"])
      })
    ))

  it.scoped("unregisters also when the program is interrupted", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        const fiber = yield* Effect.fork(
          Effect.scoped(Effect.zipRight(client.registerProducer({ group: "checkout" }), Effect.never))
        )
        yield* TestClock.adjust(0)
        yield* fiber.interruptAsFork(fiber.id())
        yield* fiber.await
        assert.deepStrictEqual(fake.asked(UNREGISTER_CLIENT), ["a:0", "b:0"])
      })
    ))

  it.scoped("refuses a second member of a group, and keeps the first", () =>
    run(({ client }) =>
      Effect.gen(function*() {
        yield* client.registerProducer({ group: "g" })
        yield* client.registerConsumer(consumerMember("g"))
        const error = yield* Effect.flip(Effect.scoped(client.registerConsumer(consumerMember("g"))))
        assert.strictEqual(error._tag, "GroupAlreadyRegisteredError")
        assert.strictEqual(error.kind, "Consumer")
        assert.include(error.message, client.clientId)
        yield* Effect.flip(Effect.scoped(client.registerConsumer(consumerMember("g"))))
        yield* Effect.flip(client.registerProducer({ group: "g" }))
      })
    ))
})

describe("Client routes", { timeout: 30_000 }, () => {
  it.scoped("are asked for each 30 seconds while watched", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* client.watchTopic("orders").pipe(Scope.extend(scope))
        yield* client.watchTopic("orders").pipe(Effect.scoped)
        assert.strictEqual(fake.asked(GET_ROUTEINFO_BY_TOPIC).length, 1)
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(fake.asked(GET_ROUTEINFO_BY_TOPIC).length, 3)
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(fake.asked(GET_ROUTEINFO_BY_TOPIC).length, 3)
      })
    ))

  it.scoped("stay the last good ones while no name server answers", () =>
    run(({ client, cluster, fake, logs }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("orders")
        yield* client.registerProducer({ group: "checkout" })
        cluster.nameServer = "down"
        yield* TestClock.adjust("60 seconds")
        assert.strictEqual(fake.asked(HEART_BEAT).length, 6)
        assert.isTrue(logs.some((line) => line.startsWith("WARN") && line.includes("could not be refreshed")))
        cluster.nameServer = "up"
        cluster.routes["orders"] = routeData([master("broker-c", "c:0")])
        yield* TestClock.adjust("30 seconds")
        assert.isTrue(fake.asked(HEART_BEAT).includes("c:0"))
      })
    ))

  it.scoped("of topics that do not exist yet are no failure", () =>
    run(({ client, cluster, fake, logs }) =>
      Effect.gen(function*() {
        yield* client.watchTopic("%RETRY%billing")
        yield* client.registerProducer({ group: "checkout" })
        cluster.routes["%RETRY%billing"] = routeData([master("broker-a", "a:0")])
        yield* TestClock.adjust("30 seconds")
        assert.isTrue(fake.asked(HEART_BEAT).includes("a:0"))
        assert.deepStrictEqual(logs, [])
      })
    ))
})

describe("Client requests of brokers", { timeout: 30_000 }, () => {
  const queue = MessageQueue.make("orders", "broker-a", 1)

  const stored = (properties: Record<string, string>) =>
    Either.getOrThrow(MessageExt.encode({
      topic: "orders",
      body: new TextEncoder().encode("hello"),
      queueId: 1,
      queueOffset: 7n,
      commitLogOffset: 700n,
      bornTimestamp: 1,
      bornHost: "127.0.0.1:1",
      storeTimestamp: 2,
      storeHost: "127.0.0.1:2",
      properties
    }))

  const ask = (fake: Setup["fake"], request: RemotingCommand.Request) =>
    fake.serve("a:0", RemotingCommand.make({ ...request, opaque: 1 }))

  it.scoped("reach the group that they name", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const member = (group: string) =>
          consumerMember(group, {
            onGroupChanged: Effect.sync(() => seen.push([group, "changed"])),
            onResetOffset: (topic, offsets) => Effect.sync(() => seen.push([group, topic, offsets])),
            offsets: (topic) => Effect.succeed(topic === "orders" ? [[queue, 2n ** 60n]] : []),
            runningInfo: Effect.succeed(Either.getOrThrow(ConsumerRunningInfo.decode(new TextEncoder().encode("{}")))),
            consumeDirectly: (message) =>
              Effect.succeed({
                order: false,
                autoCommit: true,
                consumeResult: "CR_SUCCESS",
                remark: `${message.brokerName} ${MessageExt.text(message)}`,
                spentTimeMills: 3
              })
          })
        yield* client.registerConsumer(member("billing"))
        yield* client.registerConsumer(member("audit"))

        yield* ask(fake, RequestHeader.NotifyConsumerIdsChanged.make({ consumerGroup: "audit" }))
        assert.deepStrictEqual(seen, [["audit", "changed"]])

        const table = OffsetTable.encode({ offsetTable: [[queue, 42n]] })
        yield* ask(
          fake,
          RequestHeader.ResetConsumerClientOffset.make({ group: "billing", topic: "orders", timestamp: 1 }, table)
        )
        assert.deepStrictEqual(seen[1], ["billing", "orders", [[queue, 42n]]])

        const status = yield* ask(
          fake,
          RequestHeader.GetConsumerStatusFromClient.make({ group: "billing", topic: "orders" })
        )
        assert.strictEqual(
          new TextDecoder().decode(status.body),
          `{"consumerTable":{},"messageQueueTable":{{"brokerName":"broker-a","queueId":1,"topic":"orders"}:1152921504606846976}}`
        )

        const info = yield* ask(
          fake,
          RequestHeader.GetConsumerRunningInfo.make({ consumerGroup: "billing", clientId: client.clientId })
        )
        assert.strictEqual(info.code, 0)
        assert.isTrue(Either.isRight(ConsumerRunningInfo.decode(info.body!)))

        const direct = yield* ask(
          fake,
          RequestHeader.ConsumeMessageDirectly.make({ consumerGroup: "billing", brokerName: "broker-a" }, stored({}))
        )
        const result = Either.getOrThrow(ConsumeMessageDirectlyResult.decode(direct.body!))
        assert.strictEqual(result.consumeResult, "CR_SUCCESS")
        assert.strictEqual(result.remark, "broker-a hello")
      })
    ))

  it.scoped("for transactions reach the producer group of the half message, with the offsets of the request", () =>
    run(({ client, fake }) =>
      Effect.gen(function*() {
        const checks: Array<Client.TransactionCheck> = []
        yield* client.registerProducer({
          group: "checkout",
          checkTransaction: (check) => Effect.sync(() => checks.push(check))
        })
        yield* client.registerProducer({ group: "plain" })
        const check = (group: string) =>
          ask(
            fake,
            RequestHeader.CheckTransactionState.make(
              { tranStateTableOffset: 9n, commitLogOffset: 900n, msgId: "M", transactionId: "X", bname: "broker-a" },
              stored({ PGROUP: group, UNIQ_KEY: "K" })
            )
          )
        assert.strictEqual((yield* check("checkout")).code, ResponseCode.SUCCESS)
        assert.strictEqual(checks.length, 1)
        const { message, ...rest } = checks[0]!
        assert.strictEqual(message.uniqueKey, "K")
        assert.deepStrictEqual(rest, {
          address: "a:0",
          brokerName: "broker-a",
          tranStateTableOffset: 9n,
          commitLogOffset: 900n,
          msgId: "M",
          transactionId: "X"
        })
        assert.include((yield* check("plain")).remark, "has no transactions")
        assert.include((yield* check("nobody")).remark, "no producer of group nobody")
        assert.strictEqual(checks.length, 1)
      })
    ))

  it.scoped("for unknown groups, and broken ones, are answered with the reason", () =>
    run(({ client, fake, logs }) =>
      Effect.gen(function*() {
        const status = (group: string) =>
          ask(fake, RequestHeader.GetConsumerStatusFromClient.make({ group, topic: "orders" }))
        const refused = yield* status("nobody")
        assert.strictEqual(refused.code, ResponseCode.SYSTEM_ERROR)
        assert.strictEqual(refused.remark, `client ${client.clientId} has no consumer of group nobody`)
        const requests = [
          RequestHeader.GetConsumerRunningInfo.make({ consumerGroup: "nobody", clientId: client.clientId }),
          RequestHeader.ConsumeMessageDirectly.make({ consumerGroup: "nobody" }),
          RequestHeader.NotifyConsumerIdsChanged.make({ consumerGroup: "nobody" }),
          RequestHeader.ResetConsumerClientOffset.make({ group: "nobody", topic: "orders" }),
          RequestHeader.CheckTransactionState.make({ tranStateTableOffset: 1n, commitLogOffset: 1n }),
          { code: RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, extFields: {}, body: undefined },
          { code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, extFields: {}, body: undefined }
        ]
        for (const request of requests) {
          const answer = yield* ask(fake, request)
          assert.strictEqual(answer.code, ResponseCode.SYSTEM_ERROR, RequestCode.nameOf(request.code))
          assert.isAbove(answer.remark?.length ?? 0, 10)
        }
        // nobody sees the answer to a oneway request: it is logged
        assert.deepStrictEqual(logs, [])
        const change = RequestHeader.NotifyConsumerIdsChanged.make({ consumerGroup: "nobody" })
        yield* fake.serve("a:0", RemotingCommand.make({ ...change, flag: RemotingCommand.FLAG_ONEWAY }))
        assert.include(logs[0], "nobody")
      })
    ))
})

describe("Client identity", { timeout: 30_000 }, () => {
  it.scoped("differs from client to client, and is short", () =>
    Effect.gen(function*() {
      const one = yield* run(({ client }) => Effect.succeed(client.clientId))
      const two = yield* run(({ client }) => Effect.succeed(client.clientId)).pipe(
        Effect.withRandom(Random.make("two"))
      )
      const named = yield* run(({ client }) => Effect.succeed(client.clientId), { clientId: "mine" })
      assert.notStrictEqual(one, two)
      assert.match(one, /^effect-[0-9a-z]+@[0-9a-z]+$/)
      assert.isAtMost(one.length, 60)
      assert.strictEqual(named, "mine")
    }))

  it.scoped("makes keys of 32 hex digits that do not repeat, in any month", () =>
    Effect.gen(function*() {
      const { nextUniqueKey } = yield* clientId.make()
      const keys = new Set<string>()
      for (let i = 0; i < 20_000; i++) keys.add(nextUniqueKey())
      yield* TestClock.adjust("1 millis")
      for (let i = 0; i < 20_000; i++) keys.add(nextUniqueKey())
      const time = (key: string) => parseInt(key.slice(20, 28), 16)
      yield* TestClock.setTime(new Date(2026, 1, 28, 23, 59, 59, 999).getTime())
      const last = nextUniqueKey()
      assert.strictEqual(time(last), 28 * 86_400_000 - 1)
      yield* TestClock.adjust("2 millis")
      const first = nextUniqueKey()
      assert.strictEqual(time(first), 1)
      keys.add(last).add(first)
      assert.strictEqual(keys.size, 40_002)
      for (const key of keys) assert.match(key, /^[0-9A-F]{32}$/)
    }))
})
