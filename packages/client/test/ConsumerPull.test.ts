import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, TestClock } from "effect"
import * as Consumer from "../src/Consumer.js"
import * as MessageSelector from "../src/MessageSelector.js"
import { ADDRESS, Cluster, GROUP, refused, RETRY, timedOut } from "./consumer/fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

const recording = (seen: Array<bigint>) => (message: { readonly queueOffset: bigint }) =>
  Effect.sync(() => {
    seen.push(message.queueOffset)
  })

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))

describe("start position", () => {
  it.scoped("a failed read of the committed offset is no offset: nothing is pulled or committed until it is known", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      cluster.committed.set(cluster.key("orders"), 4n)
      cluster.onFetch = () => refused(ResponseCode.SYSTEM_ERROR, 14)
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([cluster.pulls.length, cluster.commits.length], [0, 0])
      assert.isAbove(cluster.fetches.length, 5)
      assert.isBelow(cluster.fetches.length, 30)
      cluster.onFetch = () => undefined
      yield* TestClock.adjust("3 seconds")
      yield* consumer.ready
      assert.deepStrictEqual(seen, range(4, 10))
    }))

  it.scoped("a queue whose offset is not known when the consumer stops is not committed", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onFetch = () => timedOut(14)
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Consumer.make(orders, () => Effect.void)
        yield* TestClock.adjust("1 second")
      })).pipe(Effect.provide(cluster.layer))
      assert.deepStrictEqual(cluster.commits, [])
    }))

  for (
    const [from, expected] of [["last", 7n], ["first", 2n], [{ timestamp: 1234 }, 0n]] as const
  ) {
    it.scoped(`without a committed offset: ${JSON.stringify(from)}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 7)
        cluster.fill(RETRY, 0, 3)
        cluster.queue("orders").min = 2
        const consumer = yield* Consumer.make({ ...orders, consumeFrom: from }, () => Effect.void).pipe(
          Effect.provide(cluster.layer)
        )
        yield* consumer.ready
        yield* TestClock.adjust(0)
        assert.strictEqual(cluster.pulls.find((pull) => pull.topic === "orders")?.offset, expected)
        assert.strictEqual(cluster.pulls.find((pull) => pull.topic === RETRY)?.offset, 0n)
        if (typeof from === "object") assert.include(cluster.trace, "search orders@0 1234")
      }))
  }

  it.scoped("is committed even when nothing was consumed, so that a restart does not skip", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 7)
      const consumer = yield* Consumer.make({ ...orders, consumeFrom: "last" }, () => Effect.void).pipe(
        Effect.provide(cluster.layer)
      )
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 7n)
    }))
})

describe("pull loop", () => {
  it.scoped("goes on from the same offset after any failure, more slowly each time", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 40)
      const seen: Array<bigint> = []
      cluster.onPull = (pull) => pull.topic === "orders" && pull.offset === 32n ? Effect.fail(timedOut(11)) : undefined
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(seen, range(0, 32))
      const times = cluster.pulls.filter((pull) => pull.offset === 32n).map((pull) => pull.at)
      assert.deepStrictEqual(times.slice(0, 6), [0, 100, 300, 700, 1500, 3100])
      assert.strictEqual(times.at(-1)! - times.at(-2)!, 3000)
      cluster.onPull = () => undefined
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(seen, range(0, 40))
    }))

  it.scoped("survives a defect in what it calls", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      let broken = true
      cluster.onPull = (pull) => pull.topic === "orders" && broken ? Effect.dieMessage("a bug") : undefined
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("10 seconds")
      broken = false
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(seen, [0n])
    }))

  it.scoped("heartbeats and tries again soon when the broker has an older subscription", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      cluster.onPull = (pull) =>
        pull.topic === "orders" && cluster.heartbeats.length === 0
          ? Effect.fail(refused(ResponseCode.SUBSCRIPTION_NOT_LATEST, 11))
          : undefined
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(cluster.heartbeats, [ADDRESS])
      assert.deepStrictEqual(seen, [0n])
    }))

  it.scoped("follows the suggested broker; a slave is asked to commit nothing", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.addresses.set(1, "10.0.0.2:10911")
      cluster.fill("orders", 0, 100)
      cluster.onPull = (pull) =>
        pull.topic === "orders" && pull.offset < 64n
          ? Effect.succeed({ ...cluster.answer(pull), suggestedBrokerId: 1 })
          : undefined
      const consumer = yield* Consumer.make(orders, () => Effect.void).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const pulls = cluster.pulls.filter((pull) => pull.topic === "orders").slice(0, 4)
      assert.deepStrictEqual(pulls.map((pull) => pull.address), [ADDRESS, "10.0.0.2:10911", "10.0.0.2:10911", ADDRESS])
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust(0)
      const asked = cluster.pulls.filter((pull) => pull.topic === "orders")
      assert.isTrue(asked.every((pull) => pull.address === ADDRESS || Option.isNone(pull.commitOffset)))
      assert.deepStrictEqual(asked.at(-1)?.commitOffset, Option.some(100n))
    }))

  it.scoped("goes to a slave while the master fails", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.addresses.set(1, "10.0.0.2:10911")
      cluster.fill("orders", 0, 1)
      cluster.onPull = (pull) => pull.address === ADDRESS ? Effect.fail(timedOut(11)) : undefined
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(seen, [0n])
    }))

  it.scoped("does not ask in a tight loop when the broker does not hold pulls", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onPull = (pull) => Effect.succeed(cluster.answer(pull, "NoNewMessage"))
      const consumer = yield* Consumer.make(orders, () => Effect.void).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("2 seconds")
      assert.isBelow(cluster.pulls.length, 60)
      assert.isAbove(cluster.pulls.length, 20)
    }))

  it.scoped("takes the broker's correction of an illegal offset, lower or higher, and commits it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      cluster.committed.set(cluster.key("orders"), 500n)
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(cluster.commits, [[cluster.key("orders"), 10n]])
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, [10n])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 11n)
    }))

  it.scoped("works off what it has of a queue whose start expired meanwhile", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 100)
      const gate = yield* Deferred.make<void>()
      const seen: Array<bigint> = []
      let expired = false
      cluster.onPull = (pull) => {
        if (pull.topic === "orders" && pull.offset === 32n && !expired) {
          expired = true
          cluster.queue("orders").min = 90
        }
        return undefined
      }
      const consumer = yield* Consumer.make({ ...orders, concurrency: 1 }, (message) =>
        Effect.zipRight(Deferred.await(gate), recording(seen)(message))).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 0n)
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, [...range(0, 32), ...range(90, 100)])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 100n)
    }))
})

describe("an operator moves the offsets", () => {
  for (const how of ["by the answer to a pull", "by a request to the client"] as const) {
    it.scoped(`${how}: the cache is dropped, late results are ignored, the new place is exact`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 60)
        const gate = yield* Deferred.make<void>()
        const seen: Array<bigint> = []
        let reset = false
        cluster.onPull = (pull) => {
          if (how !== "by the answer to a pull" || pull.topic !== "orders" || !reset) return undefined
          reset = false
          return Effect.succeed({ ...cluster.answer(pull, "OffsetIllegal"), messages: [], nextBeginOffset: 10n })
        }
        let blocked = 0
        const consumer = yield* Consumer.make({ ...orders, concurrency: 3 }, (message) => {
          if (blocked < 3) {
            blocked++
            return Deferred.await(gate)
          }
          return recording(seen)(message)
        }).pipe(Effect.provide(cluster.layer))
        yield* consumer.ready
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual([blocked, seen.length], [3, 0])
        if (how === "by the answer to a pull") {
          reset = true
          cluster.fill("orders", 0, 1)
          yield* TestClock.adjust("15 seconds")
        } else {
          yield* cluster.member!.onResetOffset("orders", [[MessageQueue.make("orders", "broker-a", 0), 10n]])
          yield* TestClock.adjust(0)
        }
        assert.include(cluster.commits.map(([, offset]) => offset), 10n)
        yield* TestClock.adjust("5 seconds")
        // the three from before still run; they count for nothing any more
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 10n)
        yield* Deferred.succeed(gate, undefined)
        yield* TestClock.adjust("5 seconds")
        const end = cluster.queue("orders").log.length
        assert.deepStrictEqual(seen, range(10, end))
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), BigInt(end))
        assert.deepStrictEqual(cluster.sentBack, [])
      }))
  }

  it.scoped("while the offset of the queue is still being asked for: the new place is exact", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 20)
      cluster.committed.set(cluster.key("orders"), 3n)
      cluster.onFetch = () => timedOut(14)
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make(orders, recording(seen)).pipe(Effect.provide(cluster.layer))
      yield* TestClock.adjust("50 millis")
      yield* cluster.member!.onResetOffset("orders", [[MessageQueue.make("orders", "broker-a", 0), 15n]])
      cluster.onFetch = () => undefined
      yield* TestClock.adjust("3 seconds")
      yield* consumer.ready
      assert.deepStrictEqual(seen, range(15, 20))
    }))
})
