import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, TestClock } from "effect"
import * as OffsetStore from "../src/OffsetStore.js"
import { Cluster, GROUP, refused, timedOut } from "./consumer/fake.js"

const queue = MessageQueue.make("orders", "broker-a", 0)
const key = MessageQueue.key(queue)

const make = (cluster: Cluster) => Effect.provide(OffsetStore.remote(GROUP), cluster.layer)

describe("OffsetStore.remote", () => {
  it.effect("reads an offset, none, or fails; a failure is never an offset", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const store = yield* make(cluster)
      assert.deepStrictEqual(yield* store.fetch(queue), Option.none())
      cluster.committed.set(key, 0n)
      assert.deepStrictEqual(yield* store.fetch(queue), Option.some(0n))
      for (const error of [timedOut(14), refused(ResponseCode.SYSTEM_ERROR, 14)]) {
        cluster.onFetch = () => error
        const failure = yield* Effect.flip(store.fetch(queue))
        assert.strictEqual(failure._tag, "OffsetFetchError")
        assert.isTrue(failure.retryable)
        assert.include(failure.message, "queue 0 of topic orders on broker-a")
      }
      cluster.addresses.clear()
      const failure = yield* Effect.flip(store.fetch(queue))
      assert.include(failure.message, "no address of the broker is known")
    }))

  it.effect("writes only what changed, only forward, and again what failed", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.committed.set(key, 5n)
      const store = yield* make(cluster)
      yield* store.fetch(queue)
      store.update(queue, 5n)
      yield* store.persist([queue])
      assert.deepStrictEqual(cluster.commits, [])
      store.update(queue, 9n)
      store.update(queue, 7n)
      cluster.onCommit = () => refused(ResponseCode.SYSTEM_ERROR, 15)
      const errors = yield* store.persist([queue])
      assert.deepStrictEqual(errors.map(({ _tag, offset }) => [_tag, offset]), [["OffsetError", 9n]])
      cluster.onCommit = () => undefined
      assert.deepStrictEqual(yield* store.persist([queue]), [])
      yield* store.persist([queue])
      assert.deepStrictEqual(cluster.commits, [[key, 9n]])
    }))

  it.effect("goes back after a reset, and writes that even when the number was written before", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const store = yield* make(cluster)
      store.update(queue, 9n)
      yield* store.persist([queue])
      store.reset(queue, 9n)
      yield* store.persist([queue])
      store.reset(queue, 2n)
      yield* store.persist([queue])
      assert.deepStrictEqual(cluster.commits.map(([, offset]) => offset), [9n, 9n, 2n])
      assert.deepStrictEqual(store.noted(queue), Option.some(2n))
      store.remove(queue)
      assert.deepStrictEqual(store.noted(queue), Option.none())
      yield* store.persist([queue])
      assert.strictEqual(cluster.commits.length, 3)
    }))

  for (const fails of [false, true]) {
    it.effect(`gives a topic its first offset alone${fails ? ", and has the others follow when that fails" : ""}`, () =>
      Effect.gen(function*() {
        const queues = [0, 1, 2, 3].map((id) => MessageQueue.make("orders", "broker-a", id))
        const cluster = new Cluster({ orders: 4 })
        const store = yield* make(cluster)
        cluster.commitTakes = 10
        cluster.onCommit = () => fails ? refused(ResponseCode.SYSTEM_ERROR, 15) : undefined
        const persist = (offset: bigint) => {
          for (const queue of queues) store.update(queue, offset)
          return Effect.tap(Effect.fork(store.persist(queues)), () => TestClock.adjust(0))
        }
        const first = yield* persist(5n)
        // also those of another call: a queue that is revoked
        const other = yield* persist(5n)
        assert.strictEqual(cluster.committing, 1)
        yield* TestClock.adjust(10)
        assert.strictEqual(cluster.committing, fails ? 4 : 3)
        yield* TestClock.adjust(20)
        assert.strictEqual((yield* first).length, fails ? 4 : 0)
        yield* other
        assert.strictEqual(cluster.commits.length, fails ? 0 : 4)
        cluster.onCommit = () => undefined
        const second = yield* persist(6n)
        assert.strictEqual(cluster.committing, fails ? 1 : 4)
        yield* TestClock.adjust(20)
        yield* second
        assert.deepStrictEqual(queues.map((queue) => cluster.committed.get(MessageQueue.key(queue))), [6n, 6n, 6n, 6n])
      }))
  }

  it.effect("reads from memory, from the broker, or from the broker when memory has none", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.committed.set(key, 5n)
      const store = yield* make(cluster)
      assert.deepStrictEqual(yield* store.read(queue, "memory"), Option.none())
      assert.deepStrictEqual(cluster.fetches, [])
      assert.deepStrictEqual(yield* store.read(queue, "memory-first"), Option.some(5n))
      store.update(queue, 9n)
      assert.deepStrictEqual(yield* store.read(queue, "memory-first"), Option.some(9n))
      assert.strictEqual(cluster.fetches.length, 1)
      assert.deepStrictEqual(yield* store.read(queue, "store"), Option.some(5n))
      // what is noted and not written yet outlives a look at the store
      assert.deepStrictEqual(yield* store.read(queue, "memory"), Option.some(9n))
      yield* store.persist([queue])
      assert.deepStrictEqual(cluster.commits, [[key, 9n]])
    }))

  it.effect("remembers what was written, also when the queue is gone", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const store = yield* make(cluster)
      assert.deepStrictEqual(store.written(queue), Option.none())
      store.update(queue, 9n)
      assert.deepStrictEqual(store.written(queue), Option.none())
      yield* store.persist([queue])
      store.remove(queue)
      assert.deepStrictEqual([store.noted(queue), store.written(queue)], [Option.none(), Option.some(9n)])
      // on purpose: an operator
      store.reset(queue, 2n)
      assert.deepStrictEqual(store.written(queue), Option.none())
    }))
})
