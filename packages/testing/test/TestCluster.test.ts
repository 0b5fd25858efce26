import { Message, Producer } from "@effect-rocketmq/client"
import { ExpectationError, Inbox, TestCluster } from "@effect-rocketmq/testing"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Fiber } from "effect"

describe("TestCluster", () => {
  it.live("a failure of any kind tells what the cluster was asked last", () =>
    Effect.gen(function*() {
      const sent = Effect.gen(function*() {
        const cluster = yield* TestCluster.TestCluster
        const orders = yield* cluster.topic()
        const producer = yield* Producer.make({ group: "shop" })
        yield* producer.send(Message.make({ topic: orders, body: "order 1" }))
        return orders
      })
      const expected = yield* Effect.flip(TestCluster.run(
        TestCluster.embedded(),
        Effect.zipRight(sent, Inbox.make().count(1, { within: "1 second" }))
      ))
      assert.instanceOf(expected, ExpectationError.ExpectationError)
      assert.match(expected.message, /Expected 1 values within 1s\n {2}seen: 0 values: \[\]/)
      assert.match(expected.message, /The last \d+ events of the cluster:\n/)
      assert.match(expected.message, / broker-a #\d+ > SEND_MESSAGE_V2 topic-\S+\/\d group shop, \d+ bytes\n/)
      const thrown = yield* Effect.exit(TestCluster.run(
        TestCluster.embedded(),
        Effect.map(sent, () => assert.strictEqual(1, 2))
      ))
      const defect = Exit.isFailure(thrown) && thrown.cause._tag === "Die" ? thrown.cause.defect : undefined
      assert.instanceOf(defect, Error)
      assert.match(String(defect), /expected 1 to equal 2[^]*SEND_MESSAGE_V2/)
    }))

  it.live("each run has a cluster of its own, and the same seed gives the same names", () =>
    Effect.gen(function*() {
      const names = Effect.gen(function*() {
        const cluster = yield* TestCluster.TestCluster
        return [yield* cluster.topic(), cluster.group(), yield* cluster.brokers]
      })
      const [one, same, other] = yield* Effect.all([
        TestCluster.run(TestCluster.embedded(), names),
        TestCluster.run(TestCluster.embedded(), names),
        TestCluster.run(TestCluster.embedded({ seed: 2, brokers: 2 }), names)
      ])
      assert.deepStrictEqual(one, same)
      assert.notDeepEqual(one, other)
      assert.deepStrictEqual(other[2], ["broker-a", "broker-b"])
    }))

  it.effect("the environment says which cluster", () =>
    Effect.gen(function*() {
      const of = (...entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.withConfigProvider(TestCluster.fromEnv(), ConfigProvider.fromMap(new Map(entries)))
      assert.deepStrictEqual(yield* of(), TestCluster.embedded())
      assert.deepStrictEqual(yield* of(["ROCKETMQ_TEST_CLUSTER", "rocketmq"]), TestCluster.rocketmq())
      assert.deepStrictEqual(
        yield* of(["ROCKETMQ_TEST_CLUSTER", "a:9876; b:9876"]),
        TestCluster.external("a:9876", "b:9876")
      )
    }))
})

describe("Inbox", () => {
  it.effect("waits for what comes, and counts what came", () =>
    Effect.gen(function*() {
      const inbox = Inbox.make<number>()
      inbox.add(1)
      const two = yield* Effect.fork(inbox.count(2))
      const even = yield* Effect.fork(inbox.first("an even number", (value) => value % 2 === 0))
      yield* Effect.yieldNow()
      yield* inbox.offer(2)
      assert.deepStrictEqual(yield* Fiber.join(two), [1, 2])
      assert.strictEqual(yield* Fiber.join(even), 2)
      assert.deepStrictEqual(yield* inbox.all, [1, 2])
    }))

  it.live("nothing is nothing that comes from now on and fits", () =>
    Effect.gen(function*() {
      const inbox = Inbox.make<number>()
      inbox.add(1)
      yield* inbox.none("5 millis")
      yield* Effect.fork(Effect.delay(inbox.offer(2), "5 millis"))
      yield* inbox.none("20 millis", (value) => value > 2)
      yield* Effect.fork(Effect.delay(inbox.offer(3), "5 millis"))
      const error = yield* Effect.flip(inbox.none("10 seconds"))
      assert.include(error.message, "Expected nothing for 10s\n  seen: 3")
    }))
})
