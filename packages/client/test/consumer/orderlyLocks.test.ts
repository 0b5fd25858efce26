import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, Stream, TestClock } from "effect"
import * as Consumer from "../../src/Consumer.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import type { OrderlyResult } from "../../src/OrderlyResult.js"
import { Cluster, GROUP, refused, RETRY, timedOut } from "./fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

const start = <E>(
  cluster: Cluster,
  handler: (offset: number) => Effect.Effect<void | OrderlyResult, E>,
  options: Partial<Consumer.OrderlyOptions> = {}
) =>
  Effect.provide(
    Consumer.makeOrderly({ ...orders, ...options }, (message) => handler(Number(message.queueOffset))),
    cluster.layer
  )

const OTHER = "other@2"

/** What the lock on the queue of the tests is at, in the eyes of a program. */
const lockOf = (consumer: Consumer.Consumer["Type"]) =>
  Effect.map(consumer.stats, ({ locks }) => {
    const lock = locks.find(({ queue }) => queue.topic === "orders")!
    return [lock.locked, lock.since]
  })

describe("the locks of a consumer in order", () => {
  it.scoped("are asked for before anything else of a queue, with one request to a broker", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4 })
      const consumer = yield* start(cluster, () => Effect.void)
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const [request, ...more] = cluster.lockRequests
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(
        [...request!.keys].sort(),
        [cluster.key(RETRY), ...[0, 1, 2, 3].map((id) => cluster.key("orders", id))].sort()
      )
      for (const id of [0, 1, 2, 3]) {
        const order = ["lock", "fetch", "pull"].map((what) => cluster.trace.indexOf(`${what} orders@${id}`))
        assert.notInclude(order, -1)
        assert.deepStrictEqual(order, [...order].sort((a, b) => a - b))
      }
    }))

  it.scoped("are renewed every 20 s", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      yield* start(cluster, () => Effect.void)
      yield* TestClock.adjust("65 seconds")
      assert.deepStrictEqual(cluster.lockRequests.map(({ at }) => at), [0, 20_000, 40_000, 60_000])
    }))

  it.scoped("of another member are waited for, visibly: the queue is neither asked about nor pulled", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      cluster.locks.set(cluster.key("orders"), OTHER)
      let handled = 0
      const consumer = yield* start(cluster, () => Effect.sync(() => void handled++))
      yield* TestClock.adjust("9500 millis")
      assert.deepStrictEqual(yield* lockOf(consumer), [false, 0])
      assert.notInclude(cluster.trace, "fetch orders@0")
      assert.notInclude(cluster.trace, "pull orders@0")
      assert.strictEqual(handled, 0)
      cluster.locks.delete(cluster.key("orders"))
      yield* TestClock.adjust("1 second")
      yield* consumer.ready
      assert.deepStrictEqual(yield* lockOf(consumer), [true, 10_000])
      assert.strictEqual(handled, 1)
    }))

  it.scoped("that are not renewed interrupt their handlers before they lapse, and the queue begins anew", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const starts: Array<number> = []
      const ends: Array<number> = []
      const clock = yield* Effect.clock
      const consumer = yield* start(cluster, (offset) =>
        Effect.suspend(() => {
          starts.push(offset)
          if (offset !== 1 || ends.length > 0) return Effect.void
          return Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              ends.push(clock.unsafeCurrentTimeMillis())
            }))
        }))
      const events = yield* Effect.fork(Stream.runCollect(Stream.take(
        Stream.filter(consumer.events, ({ _tag }) => _tag === "LockLost"),
        1
      )))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(starts, [0, 1])
      cluster.onLock = () => Effect.fail(timedOut(41))
      yield* TestClock.adjust("17 seconds")
      assert.deepStrictEqual(ends, [])
      yield* TestClock.adjust("2 seconds")
      // 28 s after the last request that was granted
      assert.deepStrictEqual(ends, [28_000])
      const [event] = yield* Fiber.join(events)
      assert.strictEqual(event?._tag === "LockLost" && event.reason, "Lapsed")
      assert.deepStrictEqual(yield* lockOf(consumer), [false, 28_000])
      const pulls = cluster.pulls.filter(({ topic }) => topic === "orders").length
      const commits = cluster.commits.length
      // meanwhile another member did the second one
      cluster.committed.set(cluster.key("orders"), 2n)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(cluster.pulls.filter(({ topic }) => topic === "orders").length, pulls)
      assert.strictEqual(cluster.commits.length, commits)
      cluster.onLock = () => Effect.void
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(starts, [0, 1, 2])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
    }))

  it.scoped("that went to another member end the handling: its result is refused, and nothing is committed", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const starts: Array<number> = []
      const consumer = yield* start(cluster, (offset) =>
        Effect.suspend(() => {
          starts.push(offset)
          // takes its time, and succeeds whatever happens
          return offset === 1 && starts.length === 2 ? Effect.uninterruptible(Effect.sleep("25 seconds")) : Effect.void
        }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(starts, [0, 1])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
      cluster.locks.set(cluster.key("orders"), OTHER)
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(yield* lockOf(consumer), [false, 20_000])
      cluster.locks.delete(cluster.key("orders"))
      // locked again or not, nothing comes beside the one that is still at it
      yield* TestClock.adjust("3900 millis")
      assert.deepStrictEqual(starts, [0, 1])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(starts, [0, 1, 1, 2])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
    }))

  it.scoped("survive a renewal that fails, when the next one comes in time", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      let interrupted = false
      yield* start(cluster, () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            interrupted = true
          })), { shutdownTimeout: 0 })
      yield* TestClock.adjust("10 seconds")
      let failures = 5
      cluster.onLock = () => failures-- > 0 ? Effect.fail(refused(1)) : Effect.void
      yield* TestClock.adjust("60 seconds")
      assert.isFalse(interrupted)
      assert.isBelow(failures, 0)
    }))

  it.scoped("are not relied on when the broker keeps the answer for itself", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      let interrupted = false
      yield* start(cluster, () =>
        Effect.onInterrupt(Effect.never, () =>
          Effect.sync(() => {
            interrupted = true
          })), { shutdownTimeout: 0 })
      yield* TestClock.adjust("10 seconds")
      cluster.onLock = () => Effect.never
      yield* TestClock.adjust("18500 millis")
      assert.isTrue(interrupted)
      cluster.onLock = () => Effect.void
      yield* TestClock.adjust("10 seconds")
    }))

  it.scoped("are not relied on for longer when their answer is read late, as by a process that stood still", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      const testClock = yield* Effect.clock
      let stoodStill = 0
      const now = () => testClock.unsafeCurrentTimeMillis() + stoodStill
      const clock: typeof testClock = Object.create(testClock, {
        unsafeCurrentTimeMillis: { value: now },
        currentTimeMillis: { get: () => Effect.sync(now) }
      })
      cluster.onLock = () =>
        Effect.sync(() => {
          stoodStill = 25_000
          cluster.onLock = () => Effect.never
        })
      let began: number | undefined
      let interrupted: number | undefined
      const handler = () =>
        Effect.onInterrupt(
          Effect.zipRight(Effect.sync(() => void (began = now())), Effect.never),
          () => Effect.sync(() => void (interrupted = now()))
        )
      yield* Effect.withClock(start(cluster, handler, { shutdownTimeout: 0 }), clock)
      yield* TestClock.adjust("5 seconds")
      const seen = [began, interrupted]
      cluster.onLock = () => Effect.void
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(seen, [25_000, 28_000])
    }))

  it.scoped("are given back when a queue goes to another member, after its handler has ended and all is committed", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const gate = yield* Deferred.make<void>()
      const consumer = yield* start(cluster, (offset) => offset === 1 ? Deferred.await(gate) : Effect.void)
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      // the first in the alphabet gets the only queue
      cluster.members = ["a@1", cluster.clientId]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(cluster.locks.has(cluster.key("orders")))
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("1 second")
      assert.isFalse(cluster.locks.has(cluster.key("orders")))
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 2n)
      assert.isBelow(cluster.trace.lastIndexOf("commit orders@0"), cluster.trace.indexOf("unlock orders@0"))
      assert.deepStrictEqual(
        yield* Effect.map(consumer.stats, ({ locks }) => locks.map(({ queue }) => queue.topic)),
        []
      )
    }))

  it.scoped("are kept while a handler of a queue that went away does not end", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      const consumer = yield* start(
        cluster,
        () => Effect.uninterruptible(Effect.sleep("100 seconds")),
        { shutdownTimeout: "2 seconds" }
      )
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      cluster.members = ["a@1", cluster.clientId]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("90 seconds")
      assert.deepStrictEqual(yield* consumer.assignment, [])
      assert.strictEqual(cluster.locks.get(cluster.key("orders")), cluster.clientId)
      assert.isAbove(cluster.lockRequests.at(-1)!.at, 75_000)
      yield* TestClock.adjust("15 seconds")
      assert.isFalse(cluster.locks.has(cluster.key("orders")))
    }))

  it.effect("are given back at the stop, after the drain and the commit, before the group is left", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 2)
      const scope = yield* Scope.make()
      const consumer = yield* Scope.extend(
        start(cluster, (offset) => offset === 0 ? Effect.sleep("25 seconds") : Effect.void, {
          shutdownTimeout: "1 minute"
        }),
        scope
      )
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("23 seconds")
      // renewed while the last handler runs
      assert.deepStrictEqual(cluster.lockRequests.map(({ at }) => at), [0, 20_000])
      assert.notInclude(cluster.trace, "unlock orders@0")
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      const order = ["commit orders@0", "unlock orders@0", "unregister"].map((what) => cluster.trace.lastIndexOf(what))
      assert.notInclude(order, -1)
      assert.deepStrictEqual(order, [...order].sort((a, b) => a - b))
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
      assert.strictEqual(cluster.locks.size, 0)
    }))

  it.effect("stay with the broker when a handler does not end at the stop", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 1)
      const scope = yield* Scope.make()
      const consumer = yield* Scope.extend(
        start(cluster, () => Effect.uninterruptible(Effect.sleep("1 hour")), { shutdownTimeout: "1 second" }),
        scope
      )
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      assert.deepStrictEqual([...cluster.locks.keys()], [cluster.key("orders", 0)])
    }))
})
