import * as NodeTransport from "@effect-rocketmq/node/NodeTransport"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import * as EmbeddedServer from "../src/EmbeddedServer.js"
import * as Fault from "../src/Fault.js"
import * as FaultProxy from "../src/FaultProxy.js"
import * as Network from "../src/Network.js"
import type { Client } from "./client.js"
import { connect, heartbeat, pull, send, subscription } from "./client.js"

const over = (address: string) => Effect.provide(connect(address), NodeTransport.layer())

const proxied = Effect.gen(function*() {
  const cluster = yield* EmbeddedServer.serve({ port: 0, brokers: 2 })
  yield* cluster.createTopic("T")
  const proxy = yield* FaultProxy.make({ nameServers: [cluster.nameServerAddress] })
  const names = yield* over(proxy.nameServerAddress)
  const route = yield* names.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" })
  const servers = yield* proxy.servers
  const address = servers.find(({ name }) => name === "broker-a")!.proxyAddress
  const open = over(address)
  return { cluster, proxy, names, route, servers, address, open, client: yield* open }
})

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

const soon = (check: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.repeat(check, { until: (holds) => holds }).pipe(
    Effect.zipLeft(Effect.yieldNow()),
    Effect.asVoid
  )

const isEnded = (client: Client) => soon(Effect.delay(Effect.sync(client.ended), 5))

describe("FaultProxy", () => {
  it.live("is the only way that a client learns of", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, cluster, names, proxy, route, servers } = yield* proxied
      assert.deepStrictEqual(servers.map(({ name }) => name), ["namesrv", "broker-a", "broker-b"])
      for (const { address, proxyAddress } of servers.slice(1)) {
        assert.include(text(route.body), `"${proxyAddress}"`)
        assert.notInclude(text(route.body), address)
      }
      const info = yield* names.call(RequestCode.GET_BROKER_CLUSTER_INFO)
      assert.include(text(info.body), `"${servers[2]!.proxyAddress}"`)
      assert.notInclude(text(info.body), servers[2]!.address)
      assert.strictEqual((yield* proxy.servers).length, 3)
      assert.strictEqual((yield* send(client, "T", { body: "x".repeat(300_000) })).code, 0)
      assert.strictEqual(yield* cluster.stored("T"), 1)
      assert.deepStrictEqual((yield* proxy.requests).map(({ code, server }) => [code, server]), [
        [RequestCode.GET_ROUTEINFO_BY_TOPIC, "namesrv"],
        [RequestCode.GET_BROKER_CLUSTER_INFO, "namesrv"],
        [RequestCode.SEND_MESSAGE_V2, "broker-a"]
      ])
    })))

  it.live("has requests go wrong as the embedded broker has", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, cluster, open, proxy } = yield* proxied
      const inject = (fault: Fault.Fault) => proxy.inject(fault.pipe(Fault.onTopic("T"), Fault.once))
      yield* inject(Fault.fail(2, "busy"))
      assert.deepStrictEqual([(yield* send(client, "T")).remark, yield* cluster.stored("T")], ["busy", 0])
      yield* inject(Fault.answerWith(10))
      assert.deepStrictEqual([(yield* send(client, "T")).code, yield* cluster.stored("T")], [10, 1])
      yield* inject(Fault.duplicateRequest)
      yield* send(client, "T")
      yield* send(client, "T")
      assert.strictEqual(yield* cluster.stored("T"), 4)
      yield* inject(Fault.duplicateResponse)
      yield* send(client, "T")
      assert.strictEqual((yield* send(client, "T")).extFields["queueOffset"], "5")
      yield* inject(Fault.delay("50 millis"))
      assert.strictEqual((yield* send(client, "T")).code, 0)
      const lost = yield* inject(Fault.dropRequest)
      yield* Effect.fork(send(client, "T"))
      yield* soon(Effect.map(Effect.delay(lost.hits, 5), (hits) => hits === 1))
      yield* inject(Fault.dropResponse)
      yield* Effect.fork(send(client, "T"))
      yield* soon(Effect.map(Effect.delay(cluster.stored("T"), 5), (stored) => stored === 8))
      yield* inject(Fault.cut)
      yield* Effect.fork(send(client, "T"))
      yield* isEnded(client)
      assert.strictEqual(yield* cluster.stored("T"), 9)
      const other = yield* open
      yield* inject(Fault.corrupt("header"))
      yield* Effect.fork(send(other, "T"))
      yield* soon(Effect.delay(Effect.sync(() => other.problem() === "MalformedFrameError"), 5))
      const third = yield* open
      yield* inject(Fault.disconnect)
      yield* Effect.fork(send(third, "T"))
      yield* isEnded(third)
      assert.strictEqual(yield* cluster.stored("T"), 11)
    })))

  it.live("freezes a connection, which goes on in its order", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, cluster, open, proxy } = yield* proxied
      const other = yield* open
      const { hits } = yield* proxy.inject(Fault.freeze("300 millis").pipe(Fault.onTopic("T"), Fault.once))
      const sent = yield* Effect.forkAll([send(client, "T"), send(client, "T"), send(client, "T")])
      yield* soon(Effect.map(Effect.delay(hits, 5), (count) => count === 1))
      assert.strictEqual((yield* send(other, "T")).extFields["queueOffset"], "0")
      assert.strictEqual(yield* cluster.stored("T"), 1)
      const answers = yield* Fiber.join(sent)
      assert.deepStrictEqual(answers.map(({ extFields }) => extFields["queueOffset"]), ["1", "2", "3"])
    })))

  it.live("has what brokers ask of clients go wrong", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, open, proxy } = yield* proxied
      yield* heartbeat(client, "one", "G", [subscription("T")])
      const { hits } = yield* proxy.inject(
        Fault.dropRequest.pipe(Fault.fromServer, Fault.onClient("one"), Fault.times(2))
      )
      const before = client.pushes.length
      yield* heartbeat(yield* open, "two", "G", [subscription("T")])
      yield* soon(Effect.map(Effect.delay(hits, 5), (count) => count > 0))
      assert.strictEqual(client.pushes.length, before)
    })))

  it.live("is slow, narrow and in pieces, and nothing gets lost", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, cluster, proxy } = yield* proxied
      const body = "0123456789".repeat(2000)
      yield* proxy.network("broker-a", { latency: "20 millis", jitter: "5 millis", bandwidth: 200_000, slice: 512 })
      const [took, answer] = yield* Effect.timed(send(client, "T", { body }))
      assert.strictEqual(answer.code, 0)
      assert.isAtLeast(Duration.toMillis(took), 100)
      yield* heartbeat(client, "one", "G", [subscription("T")])
      const pulled = yield* pull(client, "G", "T")
      assert.include(text(pulled.body), body)
      yield* proxy.network("broker-a", {})
      assert.strictEqual((yield* send(client, "T")).code, 0)
      assert.strictEqual(yield* cluster.stored("T"), 2)
    })))

  it.live("is a black hole, refuses, resets, and is open on one side", () =>
    Effect.scoped(Effect.gen(function*() {
      const { client, cluster, open, proxy } = yield* proxied
      yield* proxy.network("broker-a", Network.blackHole)
      const late = yield* Effect.fork(send(client, "T"))
      const other = yield* open
      const later = yield* Effect.fork(send(other, "T"))
      yield* Effect.sleep(100)
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* proxy.network("broker-a", Network.refusing)
      assert.deepStrictEqual([(yield* Fiber.join(late)).code, (yield* Fiber.join(later)).code], [0, 0])
      // a port that is open can only close what it has taken, at once
      const refused = yield* Effect.either(open)
      if (refused._tag === "Right") yield* isEnded(refused.right)
      yield* proxy.network("broker-a", {})
      yield* proxy.disconnect("broker-a")
      yield* isEnded(client)
      const third = yield* open
      yield* send(third, "T")
      yield* proxy.halfOpen("broker-a")
      yield* soon(Effect.map(Effect.delay(cluster.connections("broker-a"), 5), (count) => count === 0))
      yield* Effect.fork(send(third, "T"))
      yield* Effect.sleep(50)
      assert.deepStrictEqual([third.ended(), yield* cluster.stored("T")], [false, 3])
      assert.strictEqual((yield* send(yield* open, "T")).code, 0)
    })))

  it.live("carries what is no frame as it is", () =>
    Effect.scoped(Effect.gen(function*() {
      const { address, cluster } = yield* proxied
      const client = yield* over(address)
      client.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))
      yield* isEnded(client)
      assert.strictEqual(yield* cluster.stored("T"), 0)
    })))

  it.live("says which port it cannot have", () =>
    Effect.scoped(Effect.gen(function*() {
      const cluster = yield* EmbeddedServer.serve({ port: 0 })
      const port = Number(cluster.nameServerAddress.split(":")[1])
      const error = yield* Effect.flip(FaultProxy.make({ nameServers: [cluster.nameServerAddress], port }))
      assert.include(error.message, cluster.nameServerAddress)
    })))
})
