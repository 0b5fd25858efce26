import * as Producer from "@effect-rocketmq/client/Producer"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"
import { after, now, order, within } from "./support/producing.js"

/** A producer whose stop is told. */
const observed = (cluster: ProducerCluster, options: Partial<Producer.Options> = {}) =>
  Effect.gen(function*() {
    const stops: Array<Producer.StopReceipt> = []
    const producer = yield* cluster.producer({
      sendTimeout: "60 seconds",
      attemptTimeout: "60 seconds",
      shutdownTimeout: "2 seconds",
      ...options,
      onStop: (receipt) => Effect.sync(() => void stops.push(receipt))
    })
    return { producer, stops }
  })

describe("stop", () => {
  it.scoped("of an idle producer takes no time", () =>
    Effect.gen(function*() {
      const { producer, stops } = yield* observed(new ProducerCluster())
      yield* producer.send(order)
      const receipt = yield* within(0, producer.stop)
      assert.deepStrictEqual(receipt, { group: "checkout", accepted: 0, refused: 0, unknown: [] })
      assert.deepStrictEqual(stops, [receipt])
    }))

  it.scoped("waits for what is under way, gives up the rest, and says what became of each", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.route("frozen", { "broker-b": 1 })
      cluster.route("down", { "broker-c": 1 })
      const { producer, stops } = yield* observed(cluster)
      cluster.behave("broker-a", after(cluster, 1500))
      cluster.behave("broker-b", cluster.freeze)
      cluster.behave("broker-c", cluster.refuseConnection)
      const to = (topic: string) => Producer.Producer.of(producer).send({ ...order, topic } as typeof order)
      const sends = yield* Effect.forEach(
        ["orders", "orders", "frozen", "frozen", "frozen", "down"],
        (topic) => Effect.fork(Effect.either(to(topic)))
      )
      yield* TestClock.adjust(100)
      const stopping = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(1999)
      assert.strictEqual((yield* Fiber.poll(stopping))._tag, "None")
      yield* TestClock.adjust(1)
      const receipt = yield* Fiber.join(stopping)
      assert.deepStrictEqual([receipt.accepted, receipt.refused, receipt.unknown.length], [2, 1, 3])
      const results = yield* Effect.forEach(sends, Fiber.join)
      const tags = results.map((result) => result._tag === "Right" ? result.right.status : result.left._tag)
      assert.deepStrictEqual(tags, [
        "SEND_OK",
        "SEND_OK",
        ...Array<string>(4).fill("ProducerShutdownError")
      ])
      for (const [index, outcome] of [[2, "Unknown"], [5, "Refused"]] as const) {
        const result = results[index]!
        assert.isTrue(
          result._tag === "Left" && result.left._tag === "ProducerShutdownError" && result.left.outcome === outcome
        )
      }
      assert.isTrue(
        receipt.unknown.every(({ error, message }) =>
          error?._tag === "ProducerShutdownError" && message.topic === "frozen"
        )
      )
      assert.deepStrictEqual(stops, [receipt])
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }))

  it.scoped("a send to a frozen broker fails at the shutdown timeout, and not later", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { producer } = yield* observed(cluster)
      yield* producer.send(order)
      cluster.behave("broker-a", cluster.freeze)
      const ended = yield* Effect.fork(Effect.zipRight(Effect.flip(producer.send(order)), now))
      yield* TestClock.adjust(500)
      yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(10_000)
      assert.strictEqual(yield* Fiber.join(ended), 2500)
    }))

  it.scoped("twice gives the same receipt, and onStop is called once, by the end of the Scope as well", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const scope = yield* Scope.make()
      const { producer, stops } = yield* Scope.extend(observed(cluster), scope)
      cluster.behave("broker-a", after(cluster, 1000))
      const sending = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(1)
      const both = yield* Effect.fork(Effect.all([producer.stop, producer.stop], { concurrency: 2 }))
      yield* TestClock.adjust(1000)
      const [first, second] = yield* Fiber.join(both)
      yield* Fiber.join(sending)
      assert.strictEqual(first, second)
      assert.strictEqual(first.accepted, 1)
      assert.strictEqual(yield* producer.stop, first)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* producer.stop, first)
      assert.deepStrictEqual(stops, [first])
      assert.isFalse(cluster.groups.has("checkout"))
    }))

  it.scoped("an interrupted stop goes on", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { producer, stops } = yield* observed(cluster)
      cluster.behave("broker-a", after(cluster, 1000))
      const sending = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(1)
      const stopping = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(stopping)
      assert.strictEqual(stops.length, 0)
      yield* TestClock.adjust(1000)
      yield* Fiber.join(sending)
      assert.strictEqual(stops.length, 1)
      assert.strictEqual((yield* producer.stop).accepted, 1)
    }))

  it.scoped("nothing is taken while it waits, nor afterwards", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { producer } = yield* observed(cluster)
      cluster.behave("broker-a", after(cluster, 1000))
      const sending = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(1)
      const stopping = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(1)
      const refused = Effect.gen(function*() {
        const batch = Effect.mapError(
          producer.sendBatch([order]),
          (error) => error._tag === "BatchSendError" ? error.failures[0]![1] : error
        )
        for (const way of [producer.send(order), producer.sendOneway(order), batch]) {
          const error = yield* Effect.flip(Effect.asVoid<unknown, { readonly _tag: string }, never>(way))
          assert.strictEqual(error._tag, "ProducerShutdownError")
        }
      })
      yield* refused
      yield* TestClock.adjust(1000)
      yield* Fiber.join(stopping)
      yield* Fiber.join(sending)
      yield* refused
      assert.deepStrictEqual([cluster.arrivals.length, cluster.oneways.length], [1, 0])
      assert.strictEqual((yield* producer.health).status, "Stopped")
      // what was refused at the door was never taken
      assert.strictEqual((yield* producer.stats).refused, 0)
    }))

  it.scoped("the outbox gets what is left open, and a slow one is waited for", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const written: Array<string> = []
      const { producer } = yield* observed(cluster, {
        outbox: ({ uniqueKey }) => Effect.zipRight(Effect.sleep(500), Effect.sync(() => void written.push(uniqueKey)))
      })
      cluster.behave("broker-a", cluster.freeze)
      yield* Effect.fork(Effect.exit(producer.send(order)))
      yield* TestClock.adjust(1)
      const stopping = yield* Effect.fork(producer.stop)
      yield* TestClock.adjust(2500)
      const receipt = yield* Fiber.join(stopping)
      assert.deepStrictEqual(written, receipt.unknown.map(({ uniqueKey }) => uniqueKey))
      assert.strictEqual(written.length, 1)
    }))

  it.scoped("an onStop that dies does not keep the receipt back", () =>
    Effect.gen(function*() {
      const producer = yield* new ProducerCluster().producer({ onStop: () => Effect.die(new Error("no")) })
      assert.strictEqual((yield* producer.stop).accepted, 0)
    }))
})
