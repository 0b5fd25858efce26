import * as Broker from "@effect-rocketmq/client/Broker"
import * as DeadLetters from "@effect-rocketmq/client/DeadLetters"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import * as Embedded from "../src/Embedded.js"
import * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Fault from "../src/Fault.js"
import * as Network from "../src/Network.js"
import * as VirtualTime from "../src/VirtualTime.js"
import { connect } from "./client.js"

const decoder = new TextDecoder()

const cluster = (options?: EmbeddedCluster.Options) =>
  Effect.gen(function*() {
    const cluster = yield* EmbeddedCluster.make({ nameServers: 2, brokers: 2, ...options })
    yield* cluster.createTopic("T")
    const names = yield* Effect.forEach(
      cluster.nameServerAddresses,
      (address) => Effect.provide(connect(address), Embedded.transport(cluster))
    )
    /** The addresses of a topic's brokers, as each name server has them. */
    const routes = (topic = "T") =>
      Effect.forEach(names, (name) =>
        Effect.map(name.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic }), ({ body }) =>
          Array.from(decoder.decode(body).matchAll(/127\.0\.0\.1:(\d+)/g), ([, port]) =>
            port)))
    return { cluster, names, routes }
  })

describe("several name servers", () => {
  it.scoped("know the same, and stop and freeze each by itself", () =>
    Effect.gen(function*() {
      const { cluster: running, names, routes } = yield* cluster()
      const { brokers, nameServerAddress, nameServerAddresses, requests, stop } = running
      assert.deepStrictEqual(nameServerAddresses, ["127.0.0.1:9876", "127.0.0.1:9877"])
      assert.strictEqual(nameServerAddress, nameServerAddresses[0])
      assert.deepStrictEqual(yield* routes(), [["10911", "10931"], ["10911", "10931"]])
      assert.deepStrictEqual((yield* requests).map(({ server }) => server), ["namesrv", "namesrv-2"])
      assert.strictEqual(brokers.length, 2)
      yield* stop("namesrv-2")
      const refused = yield* Effect.flip(
        Effect.provide(connect(nameServerAddresses[1]!), Embedded.transport(running))
      )
      assert.deepStrictEqual([refused._tag, names[0]!.ended()], ["ConnectionFailedError", false])
    }))

  it.scoped("may be stale, each by itself", () =>
    Effect.gen(function*() {
      const { cluster: { createTopic, freshRoutes, staleRoutes, start, stop }, routes } = yield* cluster()
      yield* staleRoutes("namesrv-2")
      yield* stop("broker-a")
      yield* createTopic("U", { brokers: ["broker-b"] })
      assert.deepStrictEqual(yield* routes(), [["10931"], ["10911", "10931"]])
      assert.deepStrictEqual(yield* routes("U"), [["10931"], []])
      yield* freshRoutes("namesrv-2")
      assert.deepStrictEqual(yield* routes(), [["10931"], ["10931"]])
      yield* start("broker-a")
      assert.deepStrictEqual(yield* routes(), [["10911", "10931"], ["10911", "10931"]])
    }))

  it.scoped("a broker that forbids to read dead letters is believed, whatever the routes say", () =>
    Effect.gen(function*() {
      const { cluster: running } = yield* cluster({ nameServers: 1, brokers: 1 })
      const client = yield* Layer.build(
        Layer.provide(Embedded.layerClient(), Layer.succeed(EmbeddedCluster.EmbeddedCluster, running))
      )
      const broker = Context.get(client, Broker.Broker)
      const dead = Names.dlqTopic("g")
      yield* running.createTopic(dead, { queues: 1 })
      yield* running.staleRoutes("namesrv")
      const address = running.brokers[0]!.address
      const config = yield* broker.topicConfig(address, dead)
      yield* broker.createTopic(address, { ...config, perm: Permission.WRITE })
      const error = yield* Effect.flip(
        Effect.provide(Stream.runCount(DeadLetters.stream("g", { follow: "1 second" })), client)
      )
      assert.deepStrictEqual([error.reason, error.brokerName], ["NotReadable", "broker-a"])
    }))

  it.scoped("lose the registration of a broker", () =>
    Effect.gen(function*() {
      const { cluster: { register, unregister }, routes } = yield* cluster()
      yield* unregister("broker-b", "namesrv")
      assert.deepStrictEqual(yield* routes(), [["10911"], ["10911", "10931"]])
      yield* unregister("broker-b")
      assert.deepStrictEqual(yield* routes(), [["10911"], ["10911"]])
      yield* register("broker-b", "namesrv-2")
      assert.deepStrictEqual(yield* routes(), [["10911"], ["10911", "10931"]])
    }))

  it.scoped("keep configuration of their own", () =>
    Effect.gen(function*() {
      const { names } = yield* cluster()
      yield* names[0]!.call(RequestCode.PUT_KV_CONFIG, { namespace: "n", key: "k", value: "v" })
      const read = (at: number) => names[at]!.call(RequestCode.GET_KV_CONFIG, { namespace: "n", key: "k" })
      assert.deepStrictEqual([(yield* read(0)).extFields["value"], (yield* read(1)).code], ["v", 22])
    }))

  const outages: ReadonlyArray<
    readonly [string, (cluster: EmbeddedCluster.Cluster, name: string) => Effect.Effect<unknown>]
  > = [
    ["dies", (cluster, name) => cluster.stop(name)],
    ["hangs", (cluster, name) => cluster.freeze(name)],
    ["is unreachable", (cluster, name) => cluster.network(name, Network.blackHole)],
    ["answers nonsense", (cluster, name) => cluster.inject(Fault.corrupt("body").pipe(Fault.onServer(name)))]
  ]
  for (const [what, break_] of outages) {
    it.live(
      `clients find new topics and send when one ${what}, whichever it is`,
      () =>
        VirtualTime.run(
          Effect.gen(function*() {
            const cluster = yield* EmbeddedCluster.EmbeddedCluster
            const producer = yield* Producer.Producer
            for (const name of ["namesrv", "namesrv-2"]) {
              yield* cluster.createTopic(`before-${name}`.replace("-2", "two"))
              const topic = `after-${name}`.replace("-2", "two")
              yield* break_(cluster, name)
              yield* cluster.createTopic(topic)
              const receipt = yield* producer.send(Message.make({ topic, body: "x" }))
              assert.strictEqual(receipt.status, "SEND_OK")
              yield* cluster.start(name)
              yield* cluster.unfreeze(name)
              yield* cluster.network(name, Network.healthy)
              if (what === "answers nonsense") break
              // the client asks again after a while only
              yield* Effect.sleep("1 minute")
            }
          }).pipe(
            Effect.provide(Producer.layer({ group: "PG" })),
            Effect.provide(Embedded.layer({ cluster: { nameServers: 2, brokers: 2 } }))
          )
        ),
      20_000
    )
  }
})
