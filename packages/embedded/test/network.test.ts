import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Network from "../src/Network.js"
import { BROKER, send, withBroker } from "./client.js"

const isDone = (fiber: Fiber.RuntimeFiber<unknown>) => Effect.map(Fiber.poll(fiber), (exit) => exit._tag === "Some")

describe("the network to a server", () => {
  it.scoped("has latency each way", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.network("broker-a", { latency: "100 millis" })
      const sent = yield* Effect.fork(send(client, "T"))
      yield* TestClock.adjust("99 millis")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual([yield* cluster.stored("T"), yield* isDone(sent)], [1, false])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(sent)).code, 0)
    }))

  it.scoped("is narrow: what is large takes long", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.network("broker-a", { bandwidth: 1000 })
      const sent = yield* Effect.fork(send(client, "T", { body: "x".repeat(3000) }))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(sent)).code, 0)
    }))

  it.scoped("keeps the order though jitter would not", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.network("broker-a", { jitter: "1 second", slice: 7 })
      const sent = yield* Effect.forkAll(Array.from({ length: 10 }, () => send(client, "T")))
      yield* TestClock.adjust("2 seconds")
      const answers = yield* Fiber.join(sent)
      assert.deepStrictEqual(answers.map(({ extFields }) => Number(extFields["queueOffset"])), [...answers.keys()])
    }))

  it.scoped("is a black hole, and what went in comes out when it is none", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      yield* cluster.network("broker-a", Network.blackHole)
      const other = yield* open(BROKER)
      const sent = yield* Effect.forkAll([send(client, "T"), send(other, "T")])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* cluster.network("broker-a", Network.healthy)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual((yield* Fiber.join(sent)).map(({ code }) => code), [0, 0])
    }))

  it.scoped("refuses, and lets those who are there be", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      yield* cluster.network("broker-a", Network.refusing)
      assert.strictEqual((yield* Effect.flip(open(BROKER)))._tag, "ConnectionFailedError")
      assert.strictEqual((yield* send(client, "T")).code, 0)
      yield* cluster.network("broker-a", {})
      assert.strictEqual((yield* send(yield* open(BROKER), "T")).code, 0)
    }))

  it.scoped("loses the server's end of a connection, and nobody tells the client", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      yield* send(client, "T")
      yield* cluster.halfOpen("broker-a")
      assert.strictEqual(yield* cluster.connections("broker-a"), 0)
      const sent = yield* Effect.fork(send(client, "T"))
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([client.ended(), yield* isDone(sent), yield* cluster.stored("T")], [false, false, 1])
      assert.strictEqual((yield* send(yield* open(BROKER), "T")).code, 0)
    }))
})
