import * as NameServer from "@effect-rocketmq/client/NameServer"
import type { NameServerUnavailableError, TopicRouteNotFoundError } from "@effect-rocketmq/client/NameServerError"
import { RequestTimeoutError } from "@effect-rocketmq/client/RemotingError"
import * as ClusterInfo from "@effect-rocketmq/protocol/ClusterInfo"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as TopicRouteData from "@effect-rocketmq/protocol/TopicRouteData"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Fiber, Option, TestClock } from "effect"
import type { Scope } from "effect"
import * as Fake from "./support/FakeRemoting.js"
import { master, routeData } from "./support/routes.js"

const ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC

const orders = routeData([master("broker-a", "a:10911"), master("broker-b", "b:10911")])
const fewer = routeData([master("broker-a", "a:10911")])
const defaults = (perm: number) => routeData([{ name: "broker-a", addresses: { 0: "a:10911" }, perm }])

/** Name servers by address; each answers for itself. */
type Servers = Record<string, (topic: string) => Fake.Answer>

const routes = (table: Record<string, TopicRouteData.TopicRouteData>) => (topic: string): Fake.Answer => {
  const data = table[topic]
  return data === undefined
    ? Fake.refuse(ResponseCode.TOPIC_NOT_EXIST, `No topic route info in name server for the topic: ${topic}`)
    : Fake.ok(TopicRouteData.encode(data))
}

const cluster = (...brokers: ReadonlyArray<string>): Fake.Answer =>
  Fake.ok(ClusterInfo.encode({
    brokerAddrTable: new Map(brokers.map((brokerName) => [
      brokerName,
      { cluster: "c", brokerName, brokerAddrs: new Map([[0, "a:10911"]]), enableActingMaster: false }
    ])),
    clusterAddrTable: new Map([["c", brokers]])
  }))

const run = <A, E>(
  servers: Servers,
  test: (
    nameServer: NameServer.NameServer["Type"],
    fake: ReturnType<typeof Fake.make>,
    servers: Servers
  ) => Effect.Effect<A, E, Scope.Scope>,
  clusterInfo: Fake.Answer = cluster("broker-a", "broker-b")
) =>
  Effect.gen(function*() {
    const fake = Fake.make((address, request) =>
      request.code === ROUTE
        ? servers[address]!(request.extFields["topic"]!)
        : request.code === RequestCode.GET_BROKER_CLUSTER_INFO
        ? clusterInfo
        : servers[address]!("")
    )
    const nameServer = yield* NameServer.make({ nameServers: Object.keys(servers) }).pipe(Effect.provide(fake.layer))
    return yield* test(nameServer, fake, servers)
  })

const silent = (): Fake.Answer => Effect.never

describe("NameServer", { timeout: 30_000 }, () => {
  it.scoped("takes the next name server when one fails, and stays with the one that answers", () =>
    run(
      { "ns1:1": () => Fake.down("ns1:1"), "ns2:1": routes({ orders, more: orders }) },
      (nameServer, fake) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* nameServer.route("orders")).writeQueues.length, 4)
          assert.strictEqual((yield* nameServer.route("more")).topic, "more")
          assert.deepStrictEqual(fake.asked(ROUTE), ["ns1:1", "ns2:1", "ns2:1"])
        })
    ))

  it.scoped("does not wait long for a silent name server", () =>
    run(
      { "ns1:1": silent, "ns2:1": routes({ orders }) },
      (nameServer, fake) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.fork(nameServer.route("orders"))
          yield* TestClock.adjust("499 millis")
          assert.deepStrictEqual(fake.asked(ROUTE), ["ns1:1"])
          yield* TestClock.adjust("1 millis")
          yield* Fiber.join(fiber)
          assert.deepStrictEqual(fake.asked(ROUTE), ["ns1:1", "ns2:1"])
        })
    ))

  it.scoped("fails with what came of each address", () =>
    run(
      {
        "ns1:1": () => Fake.down("ns1:1"),
        "ns2:1": () => Fake.refuse(ResponseCode.SYSTEM_ERROR, "name server not ready"),
        "ns3:1": () => Fake.ok(new TextEncoder().encode("<html>")),
        "ns4:1": (): Fake.Answer =>
          Effect.fail(new RequestTimeoutError({ address: "ns4:1", code: ROUTE, timeout: 3000, written: true })).pipe(
            Effect.delay(3000)
          )
      },
      (nameServer) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.fork(Effect.flip(nameServer.route("orders")))
          yield* TestClock.adjust("3 seconds")
          const error = (yield* Fiber.join(fiber)) as NameServerUnavailableError
          assert.strictEqual(error._tag, "NameServerUnavailableError")
          assert.deepStrictEqual(
            error.failures.map(({ address, error }) => [address, error._tag]),
            [
              ["ns1:1", "ConnectionFailedError"],
              ["ns2:1", "NameServerResponseError"],
              ["ns3:1", "RouteDataParseError"],
              ["ns4:1", "NameServerTimeoutError"]
            ]
          )
          for (const part of ["ns1:1", "name server not ready", "ns3:1", "3000 ms", "orders"]) {
            assert.include(error.message, part)
          }
          assert.isTrue(error.retryable)
        })
    ))

  it.scoped("asks the others before it believes that there is no route", () =>
    run(
      { "ns1:1": routes({}), "ns2:1": routes({ orders }) },
      (nameServer) => Effect.map(nameServer.route("orders"), (route) => assert.strictEqual(route.topic, "orders"))
    ))

  const notFound = (autoCreation: string, servers: Servers) =>
    run(servers, (nameServer) =>
      Effect.gen(function*() {
        const error = (yield* Effect.flip(nameServer.route("orders"))) as TopicRouteNotFoundError
        assert.strictEqual(error._tag, "TopicRouteNotFoundError")
        assert.strictEqual(error.autoCreation, autoCreation)
        assert.include(error.message, "No name server has a route of topic orders")
        assert.isUndefined(nameServer.cached("orders"))
        return error
      }))

  it.scoped("says when a topic without a route would be created on demand", () =>
    notFound("On", { "ns1:1": routes({ TBW102: defaults(7) }) }))

  it.scoped("says when it would not", () =>
    Effect.all([
      notFound("Off", { "ns1:1": routes({}) }),
      notFound("Off", { "ns1:1": routes({ TBW102: defaults(6) }) })
    ]))

  it.scoped("says when it does not know", () =>
    Effect.map(
      notFound("Unknown", {
        "ns1:1": (topic) => topic === "TBW102" ? Fake.down("ns1:1") : routes({})(topic),
        "ns2:1": () => Fake.down("ns2:1")
      }),
      (error) => {
        assert.deepStrictEqual(error.addresses, ["ns1:1"])
        assert.include(error.message, "ns2:1 could not be asked")
      }
    ))

  it.scoped("joins lookups of one topic, which do not end with one of their callers", () =>
    run(
      { "ns1:1": (topic) => Effect.delay(routes({ orders, other: orders })(topic), "1 second") },
      (nameServer, fake) =>
        Effect.gen(function*() {
          const first = yield* Effect.fork(nameServer.route("orders"))
          yield* TestClock.adjust("400 millis")
          const others = yield* Effect.forEach(
            ["orders", "orders", "other"],
            (topic) => Effect.fork(nameServer.refresh(topic))
          )
          yield* TestClock.adjust(0)
          yield* Fiber.interrupt(first)
          yield* TestClock.adjust("600 millis")
          const [one, two] = yield* Effect.forEach(others.slice(0, 2), Fiber.join)
          assert.strictEqual(one, two)
          assert.strictEqual(fake.asked(ROUTE).length, 2)
          // the next one asks again
          const again = yield* Effect.fork(nameServer.refresh("orders"))
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* Fiber.join(again), one)
          assert.strictEqual(fake.asked(ROUTE).length, 3)
        })
    ))

  it.scoped("keeps the last good route when nobody answers", () =>
    run({ "ns1:1": routes({ orders }) }, (nameServer, _, servers) =>
      Effect.gen(function*() {
        const changes: Array<NameServer.RouteChange> = []
        const route = yield* nameServer.route("orders")
        yield* nameServer.onChange((change) => changes.push(change))
        servers["ns1:1"] = () => Fake.down("ns1:1")
        assert.strictEqual((yield* Effect.flip(nameServer.refresh("orders")))._tag, "NameServerUnavailableError")
        assert.strictEqual(nameServer.cached("orders"), route)
        // also when it is so old that it would be asked for again
        yield* TestClock.adjust("10 minutes")
        assert.strictEqual(yield* nameServer.route("orders"), route)
        assert.deepStrictEqual(changes, [])
      })))

  it.scoped("forgets a topic when the name server says that it is gone", () =>
    run({ "ns1:1": routes({ orders }) }, (nameServer, _, servers) =>
      Effect.gen(function*() {
        const changes: Array<NameServer.RouteChange> = []
        yield* nameServer.route("orders")
        yield* nameServer.onChange((change) => changes.push(change))
        servers["ns1:1"] = routes({})
        assert.strictEqual((yield* Effect.flip(nameServer.refresh("orders")))._tag, "TopicRouteNotFoundError")
        assert.isUndefined(nameServer.cached("orders"))
        assert.deepStrictEqual(changes, [{ topic: "orders", route: Option.none() }])
        assert.strictEqual(nameServer.brokers().size, 0)
      })))

  it.scoped("does not believe a name server that does not know the brokers either", () =>
    run(
      { "ns1:1": routes({ orders }) },
      (nameServer, _, servers) =>
        Effect.gen(function*() {
          const route = yield* nameServer.route("orders")
          servers["ns1:1"] = routes({})
          yield* Effect.flip(nameServer.refresh("orders"))
          assert.strictEqual(nameServer.cached("orders"), route)
        }),
      cluster()
    ))

  it.scoped("tells of changes only, and keeps the snapshot that says the same", () =>
    run({ "ns1:1": routes({ orders }) }, (nameServer, _, servers) =>
      Effect.gen(function*() {
        const changes: Array<NameServer.RouteChange> = []
        yield* nameServer.onChange((change) => changes.push(change))
        const first = yield* nameServer.route("orders")
        assert.strictEqual(yield* nameServer.refresh("orders"), first)
        assert.strictEqual(changes.length, 1)
        servers["ns1:1"] = routes({ orders: fewer })
        const second = yield* nameServer.refresh("orders")
        assert.strictEqual(changes.length, 2)
        assert.strictEqual(changes[1]?.route.pipe(Option.getOrUndefined), second)
        assert.strictEqual(first.writeQueues.length, 4)
        assert.strictEqual(second.writeQueues.length, 2)
        assert.strictEqual(nameServer.brokerAddress("broker-b"), undefined)
      })))

  it.scoped("asks again for a route that nobody has confirmed for a minute", () =>
    run({ "ns1:1": routes({ orders }) }, (nameServer, fake, servers) =>
      Effect.gen(function*() {
        yield* nameServer.route("orders")
        servers["ns1:1"] = routes({ orders: fewer })
        yield* TestClock.adjust("59 seconds")
        assert.strictEqual((yield* nameServer.route("orders")).writeQueues.length, 4)
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual((yield* nameServer.route("orders")).writeQueues.length, 2)
        assert.strictEqual(fake.asked(ROUTE).length, 2)
      })))

  it.scoped("knows the addresses of brokers", () =>
    run(
      {
        "ns1:1": routes({
          orders,
          moved: routeData([{ name: "broker-a", addresses: { 0: "a:20911", 1: "a:20921" } }])
        })
      },
      (nameServer) =>
        Effect.gen(function*() {
          yield* nameServer.route("orders")
          assert.strictEqual(nameServer.brokerAddress("broker-a"), "a:10911")
          yield* nameServer.route("moved")
          // the freshest route is right about a broker
          assert.strictEqual(nameServer.brokerAddress("broker-a"), "a:20911")
          assert.strictEqual(nameServer.brokerAddress("broker-a", 1), "a:20921")
          assert.strictEqual(nameServer.brokerAddress("broker-z"), undefined)
          assert.deepStrictEqual(Array.from(nameServer.brokers().keys()).sort(), ["broker-a", "broker-b"])
          yield* nameServer.forget("moved")
          assert.strictEqual(nameServer.brokerAddresses("broker-a").size, 1)
          assert.deepStrictEqual(yield* nameServer.topics, ["orders"])
        })
    ))

  it.scoped("asks all name servers where all must know, and fails if one does not", () =>
    run({ "ns1:1": () => Fake.ok(), "ns2:1": () => Fake.ok() }, (nameServer, _, servers) =>
      Effect.gen(function*() {
        const request = RequestHeader.DeleteTopicInNamesrv.make({ topic: "orders" })
        assert.strictEqual((yield* nameServer.requestAll(request)).length, 2)
        servers["ns2:1"] = () => Fake.down("ns2:1")
        const error = (yield* Effect.flip(nameServer.requestAll(request))) as NameServerUnavailableError
        assert.deepStrictEqual(error.failures.map(({ address }) => address), ["ns2:1"])
        assert.include(error.message, "1 of 2 name servers")
      })))

  it.scoped("lookups end with the name server's Scope", () =>
    Effect.gen(function*() {
      const fake = Fake.make(silent)
      const fiber = yield* Effect.scoped(Effect.gen(function*() {
        const nameServer = yield* NameServer.make({ nameServers: ["ns1:1"] }).pipe(Effect.provide(fake.layer))
        const fiber = yield* Effect.forkDaemon(nameServer.route("orders"))
        yield* TestClock.adjust(0)
        return fiber
      }))
      assert.strictEqual((yield* Fiber.await(fiber))._tag, "Failure")
    }))

  it.scoped("refuses addresses that it cannot use, cleans those that it can", () =>
    Effect.gen(function*() {
      const fake = Fake.make(() => Fake.down(""))
      const make = (...nameServers: ReadonlyArray<string>) =>
        Effect.either(NameServer.make({ nameServers }).pipe(Effect.provide(fake.layer)))
      for (const bad of [[], [" ; "], ["localhost"], ["localhost:0"], ["a:1", "b"]]) {
        const result = yield* make(...bad)
        assert.strictEqual(Either.isLeft(result) && result.left._tag, "TransportConfigError", bad.join())
      }
      const good = yield* make(" ns1:1/ ;ns2:1", "ns1:1")
      assert.isTrue(Either.isRight(good))
      if (Either.isRight(good)) {
        yield* Effect.flip(good.right.route("orders"))
        assert.deepStrictEqual(fake.asked(ROUTE), ["ns1:1", "ns2:1"])
      }
    }))
})
