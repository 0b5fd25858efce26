import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Scope, Stream, TestClock } from "effect"
import * as Consumer from "../src/Consumer.js"
import type { ConsumerEvent } from "../src/ConsumerEvent.js"
import * as MessageSelector from "../src/MessageSelector.js"
import { Cluster, GROUP } from "./consumer/fake.js"

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))

type Regressed = Extract<ConsumerEvent, { readonly _tag: "OffsetRegressed" }>

/** A consumer with what it handled and the regressions that it told of. */
const make = (cluster: Cluster, options: Partial<Consumer.Options>) =>
  Effect.gen(function*() {
    const seen: Array<bigint> = []
    const regressed: Array<Regressed> = []
    const consumer = yield* Consumer.make(
      { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first", ...options },
      (message: MessageExt) => Effect.sync(() => void seen.push(message.queueOffset))
    ).pipe(Effect.provide(cluster.layer))
    yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
      Effect.sync(() => {
        if (event._tag === "OffsetRegressed") regressed.push(event)
      })))
    yield* TestClock.adjust(0)
    yield* consumer.ready
    return { consumer, seen, regressed }
  })

/** The broker is replaced by a copy that has only so many messages. */
const failOver = (cluster: Cluster, count: number) => {
  cluster.queue("orders").log.length = count
}

describe("a queue that ends below the position", () => {
  it.scoped("follow: goes back to the end that is there, and tells", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 20)
      const { regressed, seen } = yield* make(cluster, {})
      yield* TestClock.adjust("1 second")
      failOver(cluster, 12)
      yield* TestClock.adjust("15 seconds")
      assert.deepStrictEqual(regressed.map(({ ours, policy, theirs, what }) => [what, ours, theirs, policy]), [
        ["Max", 20n, 12n, "follow"]
      ])
      cluster.fill("orders", 0, 3)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, [...range(0, 20), ...range(12, 15)])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 15n)
    }))

  it.scoped("hold: stays, tells once, commits nothing lower, and goes on when the queue has reached it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 20)
      const { regressed, seen } = yield* make(cluster, { onOffsetRegression: "hold" })
      yield* TestClock.adjust("5 seconds")
      failOver(cluster, 12)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(regressed.map(({ policy, what }) => [what, policy]), [["Max", "hold"]])
      assert.isBelow(cluster.pulls.filter(({ offset, topic }) => topic === "orders" && offset === 20n).length, 40)
      cluster.fill("orders", 0, 10)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, range(0, 22))
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 22n)
      // a second time is told again
      failOver(cluster, 5)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(regressed.length, 2)
    }))
})

describe("a pull that carries an offset", () => {
  for (const next of ["commit", "pull"] as const) {
    it.scoped(`does not undo the commit that came after it, when a busy broker stores it with the next ${next}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.carriesLate = next
        cluster.fill("orders", 0, 4)
        const scope = yield* Scope.make()
        const { seen } = yield* Scope.extend(make(cluster, {}), scope)
        yield* TestClock.adjust("1 second")
        cluster.fill("orders", 0, 4)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(seen, range(0, 8))
        const last = cluster.pulls.filter(({ topic }) => topic === "orders").at(-1)
        assert.deepStrictEqual(last?.commitOffset, Option.some(4n))
        yield* Scope.close(scope, Exit.void)
        cluster.comeToPull(cluster.key("orders"))
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 8n)
      }))
  }
})

describe("a committed offset that is lower than what this member committed", () => {
  for (const policy of ["follow", "hold"] as const) {
    it.scoped(policy, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 2 })
        cluster.fill("orders", 0, 20)
        const { consumer, regressed, seen } = yield* make(cluster, { onOffsetRegression: policy })
        yield* TestClock.adjust("5 seconds")
        // the other member has the first of two queues for a while
        cluster.members = ["another@1", "me@1"]
        yield* cluster.member!.onGroupChanged
        yield* TestClock.adjust("3 seconds")
        assert.isFalse((yield* consumer.assignment).some(({ queueId, topic }) => topic === "orders" && queueId === 0))
        cluster.committed.set(cluster.key("orders"), 7n)
        cluster.members = ["me@1"]
        yield* cluster.member!.onGroupChanged
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(regressed.map(({ ours, theirs, what }) => [what, ours, theirs]), [[
          "Committed",
          20n,
          7n
        ]])
        assert.deepStrictEqual(seen, policy === "follow" ? [...range(0, 20), ...range(7, 20)] : range(0, 20))
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 20n)
      }))
  }

  it.scoped("one that others moved on is none", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 20)
      const { regressed, seen } = yield* make(cluster, { onOffsetRegression: "hold" })
      yield* TestClock.adjust("5 seconds")
      cluster.members = ["another@1", "me@1"]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("3 seconds")
      cluster.fill("orders", 0, 10)
      cluster.committed.set(cluster.key("orders"), 28n)
      cluster.members = ["me@1"]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(regressed, [])
      assert.deepStrictEqual(seen, [...range(0, 20), ...range(28, 30)])
    }))
})

describe("where a group starts", () => {
  for (const [from, expected] of [["min", range(2, 9)], ["max", range(7, 9)]] as const) {
    it.scoped(`${from}, on a queue of the start`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 7)
        cluster.queue("orders").min = 2
        const { seen } = yield* make(cluster, { consumeFrom: from })
        cluster.fill("orders", 0, 2)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(seen, [...expected])
      }))
  }

  it.scoped("max, on a queue that was made later: its end", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const { consumer, seen } = yield* make(cluster, { consumeFrom: "max", rebalanceInterval: "1 second" })
      cluster.addTopic("orders", 2)
      cluster.fill("orders", 1, 4)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* consumer.assignment).filter(({ topic }) => topic === "orders").length, 2)
      cluster.fill("orders", 1, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, [4n])
    }))
})
