import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Scope, TestClock } from "effect"
import * as Consumer from "../../src/Consumer.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import * as OrderlyResult from "../../src/OrderlyResult.js"
import { Cluster, GROUP, message, refused } from "./fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

interface Seen {
  readonly queue: number
  readonly offset: number
  readonly times: number
  readonly at: number
}

const seen = (message: MessageExt.MessageExt, at: number): Seen => ({
  queue: message.queueId,
  offset: Number(message.queueOffset),
  times: message.reconsumeTimes,
  at
})

/** Starts a consumer that notes what it gets before the handler does its work. */
const started = <E>(
  cluster: Cluster,
  options: Partial<Consumer.OrderlyOptions>,
  handler: (message: MessageExt.MessageExt) => Effect.Effect<void | OrderlyResult.OrderlyResult, E>
) =>
  Effect.gen(function*() {
    const inbox: Array<Seen> = []
    const consumer = yield* Consumer.makeOrderly({ ...orders, ...options }, (message) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        inbox.push(seen(message, now))
        return handler(message)
      })).pipe(Effect.provide(cluster.layer))
    yield* consumer.ready
    yield* TestClock.adjust(0)
    return { consumer, inbox }
  })

const offsets = (inbox: ReadonlyArray<Seen>) => inbox.map(({ offset }) => offset)

const committed = (cluster: Cluster, id = 0) => cluster.committed.get(cluster.key("orders", id))

describe("a consumer in order", () => {
  it.scoped("handles a queue's messages one after the other, and queues beside each other", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 40)
      cluster.fill("orders", 1, 40)
      const running = [0, 0]
      let most = 0
      let both = false
      const { consumer, inbox } = yield* started(cluster, {}, ({ queueId }) =>
        Effect.gen(function*() {
          most = Math.max(most, ++running[queueId]!)
          both ||= running[0] === 1 && running[1] === 1
          yield* Effect.sleep("10 millis")
          running[queueId]!--
        }))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(most, 1)
      assert.isTrue(both)
      for (const id of [0, 1]) {
        assert.deepStrictEqual(
          offsets(inbox.filter(({ queue }) => queue === id)),
          Array.from({ length: 40 }, (_, i) => i)
        )
        assert.strictEqual(committed(cluster, id), 40n)
      }
      assert.strictEqual((yield* consumer.stats).consumed, 80)
    }))

  it.scoped("gets the same message first again after suspendTime when it fails, dies or throws", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const { consumer, inbox } = yield* started(cluster, { suspendTime: "2 seconds" }, (message) => {
        if (message.queueOffset !== 1n) return Effect.void
        if (message.reconsumeTimes === 0) return Effect.fail("later")
        if (message.reconsumeTimes === 1) return Effect.die("bug")
        if (message.reconsumeTimes === 2) throw new Error("thrown")
        return Effect.void
      })
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(inbox.map(({ at, offset, times }) => [offset, times, at]), [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 2_000],
        [1, 2, 4_000],
        [1, 3, 6_000],
        [2, 0, 6_000]
      ])
      assert.strictEqual(committed(cluster), 3n)
      assert.deepStrictEqual(cluster.sentBack, [])
      assert.strictEqual((yield* consumer.stats).failed, 3)
    }))

  it.scoped("waits as long as a Suspend says, within 10 ms and 30 s", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 1)
      const pauses = ["5 seconds", "1 millis", "2 minutes", undefined] as const
      const { inbox } = yield* started(cluster, {}, ({ reconsumeTimes }) =>
        Effect.succeed(
          reconsumeTimes < pauses.length ? OrderlyResult.suspend(pauses[reconsumeTimes]) : OrderlyResult.handled
        ))
      yield* TestClock.adjust("50 seconds")
      assert.deepStrictEqual(inbox.map(({ at }) => at), [0, 5_000, 5_010, 35_010, 36_010])
    }))

  it.scoped("commits nothing beyond a suspended message", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const { inbox } = yield* started(
        cluster,
        {},
        ({ queueOffset }) => queueOffset === 4n ? Effect.fail("never") : Effect.void
      )
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(committed(cluster), 4n)
      assert.isTrue(inbox.every(({ offset }) => offset <= 4))
    }))

  it.scoped("makes a dead letter after maxReconsumeTimes, and goes on only when that is certain", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      let refusals = 2
      cluster.onSendBack = () => refusals-- > 0 ? refused(1) : undefined
      cluster.onSend = () => refused(1)
      const { consumer, inbox } = yield* started(
        cluster,
        { maxReconsumeTimes: 1 },
        ({ queueOffset }) => queueOffset === 1n ? Effect.fail("never") : Effect.void
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(inbox.map(({ at, offset, times }) => [offset, times, at]), [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 1_000],
        [1, 2, 2_000],
        [1, 3, 3_000],
        [2, 0, 3_000]
      ])
      assert.deepStrictEqual(cluster.sentBack.map(({ delayLevel }) => delayLevel), [-1, -1, -1])
      assert.strictEqual((yield* consumer.stats).sentBack, 1)
      assert.strictEqual(committed(cluster), 3n)
    }))

  it.scoped("interrupts at consumeTimeout, and begins again only when the handler has ended", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 2)
      let running = 0
      let most = 0
      const { consumer, inbox } = yield* started(
        cluster,
        { consumeTimeout: "10 seconds" },
        ({ reconsumeTimes }) =>
          Effect.suspend(() => {
            most = Math.max(most, ++running)
            // takes 3 s to clean up
            return reconsumeTimes > 0 ? Effect.void : Effect.onInterrupt(Effect.never, () => Effect.sleep("3 seconds"))
          }).pipe(Effect.ensuring(Effect.sync(() => {
            running--
          })))
      )
      yield* TestClock.adjust("40 seconds")
      assert.strictEqual(most, 1)
      const [first, second] = inbox
      assert.deepStrictEqual([first?.offset, first?.at, second?.offset, second?.times], [0, 0, 0, 1])
      assert.isAtLeast(second!.at, 14_000)
      assert.isAtLeast((yield* consumer.stats).timedOut, 1)
    }))

  it.scoped("hands batches to a batch handler, and the same batch again when it fails", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const inbox: Array<ReadonlyArray<number>> = []
      const consumer = yield* Consumer.makeOrderlyBatch({ ...orders, batchSize: 4 }, (messages) => {
        inbox.push(messages.map(({ queueOffset }) => Number(queueOffset)))
        return inbox.length === 2 ? Effect.fail("later") : Effect.void
      }).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(inbox, [[0, 1, 2, 3], [4, 5, 6, 7], [4, 5, 6, 7], [8, 9]])
      assert.strictEqual(committed(cluster), 10n)
    }))

  it.scoped("makes a dead letter of a body that cannot be inflated, and keeps the order of its neighbours", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, {}, { sysFlag: 1, body: Uint8Array.of(0xff, 1) }, {})
      const inbox: Array<ReadonlyArray<number>> = []
      const consumer = yield* Consumer.makeOrderlyBatch({ ...orders, batchSize: 4 }, (messages) =>
        Effect.sync(() => {
          inbox.push(messages.map(({ queueOffset, reconsumeTimes }) => Number(queueOffset) + 10 * reconsumeTimes))
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(inbox.flat(), [0, 2])
      assert.deepStrictEqual(cluster.sentBack.map(({ delayLevel }) => delayLevel), [-1])
      assert.strictEqual(committed(cluster), 3n)
    }))

  it.scoped("starts anew where an operator moved it, after the handler at work has ended", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const gate = yield* Deferred.make<void>()
      let running = 0
      let most = 0
      let handled = 0
      const { inbox } = yield* started(cluster, {}, (message) =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          if (message.queueOffset === 5n && ++handled === 1) yield* Deferred.await(gate)
          running--
        }))
      assert.deepStrictEqual(offsets(inbox), [0, 1, 2, 3, 4, 5])
      yield* cluster.member!.onResetOffset("orders", [[MessageQueue.make("orders", "broker-a", 0), 2n]])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(inbox.length, 6)
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(offsets(inbox).slice(6), [2, 3, 4, 5, 6, 7, 8, 9])
      assert.strictEqual(most, 1)
      assert.strictEqual(committed(cluster), 10n)
    }))

  it.effect("refuses a suspendTime out of range", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const error = yield* Effect.flip(
        Effect.scoped(Consumer.makeOrderly({ ...orders, suspendTime: "1 minute" }, () => Effect.void))
      ).pipe(Effect.provide(cluster.layer))
      assert.strictEqual(error._tag, "ConsumerConfigError")
      assert.include(error.message, "suspendTime")
      assert.deepStrictEqual(cluster.trace, [])
    }))

  it.scoped("tells an operator that it is in order and what its handler said", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const { consumer: _ } = yield* started(cluster, { autoCommit: false }, () => Effect.succeed(OrderlyResult.commit))
      const info = yield* cluster.member!.runningInfo
      assert.strictEqual(info.properties["PROP_CONSUMEORDERLY"], "true")
      assert.isTrue(info.mqTable.every(([, queue]) => queue.locked))
      const result = yield* cluster.member!.consumeDirectly(message("orders", 0, 0))
      assert.deepStrictEqual([result.order, result.autoCommit, result.consumeResult], [true, false, "CR_COMMIT"])
    }))
})

describe("commits by hand", () => {
  it.scoped("commit what was handled since the last one, and nothing else does", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const { consumer, inbox } = yield* started(
        cluster,
        { autoCommit: false },
        ({ queueOffset }) => queueOffset === 5n ? Effect.succeed(OrderlyResult.commit) : Effect.void
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(inbox.length, 10)
      assert.strictEqual(committed(cluster), 6n)
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.cachedCount, stats.running], [10, 4, 0])
    }))

  it.scoped("a rollback brings all of it again in order, uncounted", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 6)
      let rolled = false
      const { inbox } = yield* started(cluster, { autoCommit: false }, ({ queueOffset }) => {
        if (queueOffset === 1n || queueOffset === 5n) return Effect.succeed(OrderlyResult.commit)
        if (queueOffset !== 4n || rolled) return Effect.void
        rolled = true
        return Effect.succeed(OrderlyResult.rollback("3 seconds"))
      })
      yield* TestClock.adjust("2900 millis")
      assert.strictEqual(inbox.length, 5)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(offsets(inbox), [0, 1, 2, 3, 4, 2, 3, 4, 5])
      assert.isTrue(inbox.every(({ times }) => times === 0))
      assert.strictEqual(committed(cluster), 6n)
    }))

  it.effect("what is not committed at the stop comes to the next member", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 5)
      const scope = yield* Scope.make()
      yield* started(
        cluster,
        { autoCommit: false },
        ({ queueOffset }) => Effect.succeed(queueOffset === 1n ? OrderlyResult.commit : OrderlyResult.handled)
      ).pipe(Scope.extend(scope))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(committed(cluster), 2n)
    }))
})

describe("an order by key", () => {
  const keyed = (body: string) => ({ body: new TextEncoder().encode(body) })

  it.scoped("runs keys of a queue beside each other, and messages of a key one after the other", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, ...Array.from({ length: 60 }, (_, i) => keyed(`${i % 3}`)))
      const running = new Map<string, number>()
      let most = 0
      let mostOfKey = 0
      const { inbox } = yield* started(
        cluster,
        { orderBy: MessageExt.text, concurrency: 8 },
        (message) =>
          Effect.gen(function*() {
            const key = MessageExt.text(message)
            running.set(key, (running.get(key) ?? 0) + 1)
            mostOfKey = Math.max(mostOfKey, running.get(key)!)
            most = Math.max(most, [...running.values()].reduce((a, b) => a + b))
            yield* Effect.sleep("10 millis")
            running.set(key, running.get(key)! - 1)
          })
      )
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual([most, mostOfKey], [3, 1])
      assert.strictEqual(inbox.length, 60)
      for (const key of [0, 1, 2]) {
        const own = offsets(inbox).filter((offset) => offset % 3 === key)
        assert.deepStrictEqual(own, [...own].sort((a, b) => a - b))
      }
      assert.strictEqual(committed(cluster), 60n)
    }))

  it.scoped("keeps to the concurrency over all queues", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      for (const id of [0, 1]) cluster.store("orders", id, ...Array.from({ length: 20 }, (_, i) => keyed(`${i}`)))
      let running = 0
      let most = 0
      yield* started(cluster, { orderBy: MessageExt.text, concurrency: 4 }, () =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep("10 millis")
          running--
        }))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(most, 4)
      assert.deepStrictEqual([committed(cluster, 0), committed(cluster, 1)], [20n, 20n])
    }))

  it.scoped("a message that comes again holds back its key alone; the commit waits for it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, ...["a", "b", "a", "b", "c"].map(keyed))
      const { inbox } = yield* started(
        cluster,
        { orderBy: MessageExt.text, suspendTime: "8 seconds" },
        ({ queueOffset, reconsumeTimes }) => queueOffset === 0n && reconsumeTimes === 0 ? Effect.fail("x") : Effect.void
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(offsets(inbox), [0, 1, 3, 4])
      assert.strictEqual(committed(cluster), 0n)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(offsets(inbox), [0, 1, 3, 4, 0, 2])
      assert.strictEqual(committed(cluster), 5n)
    }))

  it.scoped("what a held back key buffers counts against the limits of its queue", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, ...Array.from({ length: 200 }, () => keyed("a")))
      const { consumer, inbox } = yield* started(
        cluster,
        { orderBy: MessageExt.text, pullThresholdCount: 50, suspendTime: "30 seconds" },
        () => Effect.fail("later")
      )
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(inbox.length, 1)
      assert.isAtMost((yield* consumer.stats).cachedCount, 50 + 32)
    }))

  it.scoped("messages whose key throws are in one order", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 5)
      let running = 0
      let most = 0
      const { inbox } = yield* started(cluster, {
        orderBy: () => {
          throw new Error("no key")
        }
      }, () =>
        Effect.gen(function*() {
          most = Math.max(most, ++running)
          yield* Effect.sleep("10 millis")
          running--
        }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(offsets(inbox), [0, 1, 2, 3, 4])
      assert.strictEqual(most, 1)
    }))

  it.scoped("commits and rollbacks concern one key", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, ...["a", "b", "a", "b"].map(keyed))
      let rolled = false
      const { inbox } = yield* started(
        cluster,
        { orderBy: MessageExt.text, autoCommit: false },
        ({ queueOffset }) => {
          if (queueOffset === 2n) return Effect.succeed(OrderlyResult.commit)
          if (queueOffset !== 3n) return Effect.void
          if (rolled) return Effect.succeed(OrderlyResult.commit)
          rolled = true
          return Effect.succeed(OrderlyResult.rollback())
        }
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(offsets(inbox), [0, 1, 2, 3, 1, 3])
      assert.strictEqual(committed(cluster), 4n)
    }))
})
