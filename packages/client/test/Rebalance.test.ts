import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, TestClock } from "effect"
import * as AllocationStrategy from "../src/AllocationStrategy.js"
import * as Consumer from "../src/Consumer.js"
import * as MessageSelector from "../src/MessageSelector.js"
import { ADDRESS, Cluster, GROUP, refused, RETRY } from "./consumer/fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

const own = (consumer: Consumer.Consumer["Type"]) =>
  Effect.map(
    consumer.assignment,
    (queues) => queues.filter(({ topic }) => topic === "orders").map(({ queueId }) => queueId)
  )

const start = (cluster: Cluster, options?: Partial<Consumer.Options>) =>
  Effect.provide(Consumer.make({ ...orders, ...options }, () => Effect.void), cluster.layer)

const changed = (cluster: Cluster, members: ReadonlyArray<string> | undefined) =>
  Effect.suspend(() => {
    cluster.members = members
    return cluster.member!.onGroupChanged
  })

describe("rebalance", () => {
  it.scoped("shares the queues with the other members, at once on notice and every 20 s", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      assert.deepStrictEqual(yield* own(consumer), [0, 1, 2, 3])
      yield* changed(cluster, ["me@1", "you@2"])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* own(consumer), [0, 1])
      cluster.members = ["me@1", "a@0"]
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(yield* own(consumer), [2, 3])
    }))

  it.scoped("asks where to begin a second after it won a queue from another member, at once when it is alone", () =>
    Effect.gen(function*() {
      const alone = new Cluster({ orders: 1 })
      yield* start(alone)
      yield* TestClock.adjust(0)
      assert.include(alone.trace, "fetch orders@0")
      const cluster = new Cluster({ orders: 1 })
      cluster.members = [cluster.clientId, "you@2"]
      yield* start(cluster, { allocationStrategy: AllocationStrategy.averageByCircle })
      yield* TestClock.adjust("900 millis")
      assert.notInclude(cluster.trace, "fetch orders@0")
      yield* TestClock.adjust("200 millis")
      assert.include(cluster.trace, "fetch orders@0")
    }))

  it.scoped("makes many notices one round", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const before = cluster.trace.filter((what) => what === "members").length
      for (let i = 0; i < 10; i++) yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust(0)
      assert.isAtMost(cluster.trace.filter((what) => what === "members").length, before + 2)
    }))

  it.scoped("keeps the assignment when no broker says who the members are", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* changed(cluster, undefined)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* own(consumer), [0, 1])
    }))

  it.scoped("heartbeats and asks again soon when the broker does not count it among the members", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* changed(cluster, ["you@2"])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* own(consumer), [0, 1])
      assert.include(cluster.heartbeats, ADDRESS)
      cluster.members = ["me@1", "you@2"]
      yield* TestClock.adjust("400 millis")
      assert.deepStrictEqual(yield* own(consumer), [0])
    }))

  it.scoped("notices new queues when the route changes", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* TestClock.adjust(0)
      cluster.addTopic("orders", 3)
      const route = cluster.route("orders")!
      for (const listener of cluster.routeListeners) listener({ topic: "orders", route: Option.some(route) })
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* own(consumer), [0, 1, 2])
    }))

  it.scoped("keeps the queues of a topic whose route is gone", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      const consumer = yield* start(cluster)
      yield* consumer.ready
      cluster.topics.delete("orders")
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* own(consumer), [0, 1])
    }))

  it.scoped("takes a strategy of one's own; one that throws changes nothing, one that invents queues gets none", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 3 })
      let mode: "odd" | "throw" | "invent" = "odd"
      const consumer = yield* start(cluster, {
        allocationStrategy: AllocationStrategy.make("mine", ({ queues }) => {
          if (mode === "throw") throw new Error("no idea")
          if (mode === "invent") return [MessageQueue.make("orders", "nowhere", 9), queues[2] ?? queues[0]!]
          return queues.filter(({ queueId }) => queueId % 2 === 1)
        })
      })
      yield* consumer.ready
      assert.deepStrictEqual(yield* own(consumer), [1])
      mode = "throw"
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* own(consumer), [1])
      mode = "invent"
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* own(consumer), [2])
    }))

  it.scoped("lets a queue go in order: no pulls, handlers finish, commit, release", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 1)
      cluster.fill("orders", 1, 5)
      let finished = 0
      const consumer = yield* Effect.provide(
        Consumer.make({ ...orders, concurrency: 3 }, (message) =>
          message.queueId === 0 ? Effect.void : Effect.map(Effect.sleep("2 seconds"), () => {
            finished++
          })),
        cluster.layer
      )
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      yield* changed(cluster, ["me@1", "you@2"])
      yield* TestClock.adjust("500 millis")
      const pulls = cluster.pulls.filter((pull) =>
        pull.queueId === 1
      ).length
      // still ours while its handlers run
      assert.deepStrictEqual(yield* own(consumer), [0, 1])
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* own(consumer), [0])
      assert.strictEqual(finished, 3)
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 1)), 3n)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(cluster.pulls.filter((pull) => pull.queueId === 1).length, pulls)
      assert.strictEqual(finished, 3)
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 1)), 3n)
    }))

  it.scoped("ignores what handlers say about a queue that was lost before they ended", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 1, 2)
      const gate = yield* Deferred.make<void>()
      const consumer = yield* Effect.provide(
        Consumer.make({ ...orders, shutdownTimeout: "1 second" }, (message) =>
          message.queueOffset === 0n ? Deferred.await(gate) : Effect.zipRight(Deferred.await(gate), Effect.fail("no"))),
        cluster.layer
      )
      yield* consumer.ready
      yield* TestClock.adjust(0)
      yield* changed(cluster, ["me@1", "you@2"])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* own(consumer), [0])
      // the other member is further already
      cluster.committed.set(cluster.key("orders", 1), 1n)
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 1)), 1n)
      assert.deepStrictEqual(cluster.sentBack, [])
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.running, stats.cachedCount, stats.cachedBytes], [0, 0, 0])
    }))

  it.scoped("reads the committed offset anew when a queue comes back", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 1, 3)
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* TestClock.adjust(0)
      yield* changed(cluster, ["me@1", "you@2"])
      yield* TestClock.adjust(0)
      cluster.fill("orders", 1, 5)
      cluster.committed.set(cluster.key("orders", 1), 8n)
      yield* changed(cluster, ["me@1"])
      yield* TestClock.adjust("6 seconds")
      const pulls = cluster.pulls.filter((pull) => pull.topic === "orders" && pull.queueId === 1)
      assert.strictEqual(pulls.at(-1)?.offset, 8n)
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 1)), 8n)
    }))

  it.scoped("commits again what could not be committed", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      cluster.onCommit = () => refused(ResponseCode.SYSTEM_ERROR, 15)
      const consumer = yield* start(cluster)
      yield* consumer.ready
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual(cluster.commits, [])
      cluster.onCommit = () => undefined
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(cluster.commits.filter(([key]) => key === cluster.key("orders")), [[
        cluster.key("orders"),
        3n
      ]])
      // nothing changed: nothing is written
      const { length } = cluster.commits
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(cluster.commits.length, length)
    }))
})

describe("what an operator sees", () => {
  it.scoped("is true", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 40)
      const gate = yield* Deferred.make<void>()
      const consumer = yield* Effect.provide(
        Consumer.make({ ...orders, concurrency: 8 }, (message) =>
          message.queueOffset < 10n ? Effect.void : Deferred.await(gate)),
        cluster.layer
      )
      yield* consumer.ready
      yield* TestClock.adjust("10 seconds")
      const member = cluster.member!
      assert.strictEqual(member.consumeType, "CONSUME_PASSIVELY")
      assert.deepStrictEqual(
        member.subscriptions().map(({ topic }) =>
          topic
        ),
        ["orders", RETRY]
      )
      const offsets = yield* member.offsets("orders")
      assert.deepStrictEqual(offsets.map(([queue, offset]) => [queue.queueId, offset]), [[0, 10n], [1, 0n]])
      const info = yield* member.runningInfo
      const [queue, it] = info.mqTable.find(([queue]) => queue.topic === "orders" && queue.queueId === 0)!
      assert.strictEqual(queue.brokerName, "broker-a")
      assert.deepStrictEqual(
        [it.cachedMsgCount, it.cachedMsgMinOffset, it.cachedMsgMaxOffset, it.commitOffset, it.dropped],
        [30, 10n, 39n, 10n, false]
      )
      assert.strictEqual(info.properties["PROP_CONSUME_TYPE"], "CONSUME_PASSIVELY")
      assert.strictEqual(info.properties["PROP_THREADPOOL_CORE_SIZE"], "8")
      const status = info.statusTable.get("orders")!
      assert.deepStrictEqual([status.consumeOKTPS, status.pullTPS, status.consumeFailedMsgs], [1, 4, 0])
      yield* Deferred.succeed(gate, undefined)
    }))
})
