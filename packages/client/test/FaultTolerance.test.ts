import * as FaultTolerance from "@effect-rocketmq/client/FaultTolerance"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"
import { after, countAt, firstQueue, order, within } from "./support/producing.js"

describe("FaultTolerance.make", () => {
  it("one caller tries an avoided broker, until that one says how it went", () => {
    const faults = FaultTolerance.make()
    const broker = faults.broker("broker-a", "a:1")
    assert.strictEqual(broker.state, "Unknown")
    assert.isTrue(broker.tryAcquire(0, 1000) && broker.tryAcquire(0, 1000))
    broker.failed(new Error("down"), 0)
    assert.isFalse(broker.tryAcquire(199, 1000))
    assert.deepStrictEqual([broker.tryAcquire(200, 1000), broker.tryAcquire(200, 1000)], [true, false])
    // the one that tries has gone without a word
    assert.deepStrictEqual([broker.tryAcquire(1199, 1000), broker.tryAcquire(1200, 1000)], [false, true])
    broker.abandoned(1300)
    assert.isTrue(broker.tryAcquire(1300, 1000))
    broker.succeeded(1, 1400)
    assert.deepStrictEqual([broker.state, broker.lastError], ["Available", undefined])
    assert.isTrue(broker.tryAcquire(1400, 1000) && broker.tryAcquire(1400, 1000))
  })

  it("slowness costs as much as Java's table says", () => {
    const faults = FaultTolerance.make()
    const sparedFor = (millis: number) => {
      const broker = faults.broker(`broker-${millis}`, "a:1")
      broker.succeeded(millis, 0)
      return broker.isSlow(0) ? broker.avoidedUntil : 0
    }
    assert.deepStrictEqual(
      [549, 550, 1799, 1800, 3000, 5000, 15_000, 60_000].map(sparedFor),
      [0, 2000, 2000, 5000, 6000, 10_000, 30_000, 30_000]
    )
    assert.strictEqual(faults.slowFrom, 550)
  })

  it("a quick answer does not end the time of a slow broker; a slower one prolongs it", () => {
    const broker = FaultTolerance.make().broker("broker-a", "a:1")
    broker.succeeded(600, 0)
    broker.succeeded(1, 1000)
    assert.isTrue(broker.isSlow(1999))
    broker.succeeded(2000, 1999)
    assert.isTrue(broker.isSlow(6998))
    assert.isFalse(broker.isSlow(6999))
    broker.succeeded(1, 7000)
    assert.strictEqual(broker.state, "Available")
  })

  it("a broker that has moved is a new one", () => {
    const faults = FaultTolerance.make()
    faults.broker("broker-a", "a:1").failed(new Error("down"), 0)
    const moved = faults.broker("broker-a", "b:1")
    assert.deepStrictEqual([moved.state, moved.lastError, moved.address], ["Unknown", undefined, "b:1"])
    assert.strictEqual(faults.brokers().length, 1)
  })

  it("switched off, no failure and no slowness leaves a trace", () => {
    const faults = FaultTolerance.make(false)
    const broker = faults.broker("broker-a", "a:1")
    broker.failed(new Error("down"), 0)
    assert.isTrue(broker.tryAcquire(0, 1000))
    broker.succeeded(60_000, 0)
    assert.isFalse(broker.isSlow(0))
    assert.strictEqual(faults.slowFrom, Infinity)
  })
})

describe("a slow broker", () => {
  /** A producer that has just got an answer of broker-a after 600 ms. */
  const slowed = (options: Parameters<ProducerCluster["producer"]>[0] = {}) =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 2, "broker-b": 2 })
      const producer = yield* cluster.producer(options)
      // known to be well, so that the short way is taken
      yield* Effect.forEach([0, 1, 2, 3], () => producer.send(order))
      cluster.behave("broker-a", after(cluster, 600))
      yield* within(600, producer.send(order, { queue: MessageQueue.make("orders", "broker-a", 0) }))
      cluster.behave("broker-a", cluster.accept)
      const share = (count: number) =>
        Effect.gen(function*() {
          const before = countAt(cluster, "broker-a")
          yield* Effect.forEach(Array.from({ length: count }), () => producer.send(order))
          return countAt(cluster, "broker-a") - before
        })
      return { cluster, producer, share }
    })

  it.scoped("is spared for 2 seconds, and then gets its share again", () =>
    Effect.gen(function*() {
      const { producer, share } = yield* slowed()
      assert.strictEqual(yield* share(8), 0)
      assert.strictEqual((yield* producer.health).status, "Degraded")
      yield* TestClock.adjust(1999)
      assert.strictEqual(yield* share(8), 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* share(8), 4)
      assert.strictEqual((yield* producer.health).status, "Up")
    }))

  it.scoped("takes what may go nowhere else", () =>
    Effect.gen(function*() {
      const { cluster, producer } = yield* slowed()
      const before = countAt(cluster, "broker-a")
      const queue = MessageQueue.make("orders", "broker-a", 1)
      assert.strictEqual((yield* producer.send(order, { queue })).messageQueue.brokerName, "broker-a")
      yield* producer.sendBatch([order], { queue })
      const toFirst = MessageQueueSelector.make(() => 0)
      assert.strictEqual((yield* producer.send(order, { selector: toFirst })).messageQueue.brokerName, "broker-a")
      assert.strictEqual(countAt(cluster, "broker-a"), before + 3)
    }))

  it.scoped("takes messages when no other broker is there for them", () =>
    Effect.gen(function*() {
      const { cluster, producer, share } = yield* slowed()
      cluster.behave("broker-b", cluster.refuseConnection)
      assert.strictEqual(yield* share(4), 4)
      assert.strictEqual((yield* producer.stats).waiting, 0)
    }))

  it.scoped("shares evenly with the others when all are slow", () =>
    Effect.gen(function*() {
      const { cluster, producer } = yield* slowed()
      cluster.behave("broker-b", after(cluster, 600))
      yield* within(600, producer.send(order, { queue: MessageQueue.make("orders", "broker-b", 0) }))
      cluster.behave("broker-b", cluster.accept)
      const before = cluster.arrivals.length
      yield* Effect.forEach(Array.from({ length: 12 }), () => producer.send(order))
      const counts = new Map<string, number>()
      for (const queue of cluster.sequence.slice(before)) counts.set(queue, (counts.get(queue) ?? 0) + 1)
      assert.deepStrictEqual(Array.from(counts.values()), [3, 3, 3, 3])
    }))

  it.scoped("is not spared when latencies are off, nor when all of it is", () =>
    Effect.gen(function*() {
      for (const faultTolerance of [{ latencies: false }, false] as const) {
        const { share } = yield* slowed({ faultTolerance })
        assert.strictEqual(yield* share(8), 4)
      }
    }))
})

describe("a broker that failed", () => {
  it.scoped("gets every message that is meant for it when faultTolerance is off", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.refuseConnection)
      const producer = yield* cluster.producer({ faultTolerance: false, selector: firstQueue })
      for (let i = 0; i < 5; i++) {
        assert.strictEqual((yield* producer.send(order)).messageQueue.brokerName, "broker-b")
      }
      assert.strictEqual(countAt(cluster, "broker-a"), 5)
      assert.strictEqual((yield* producer.health).status, "Up")
    }))

  it.scoped("is tried by one message for each pause, and has its even share when it is back", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 2, "broker-b": 2 })
      cluster.behave("broker-a", cluster.refuseConnection)
      const producer = yield* cluster.producer()
      const sendMany = Effect.forEach(Array.from({ length: 20 }), () => producer.send(order), { concurrency: 20 })
      // one turn of all queues, wherever it starts, meets the broker
      yield* Effect.forEach(Array.from({ length: 4 }), () => producer.send(order))
      for (let i = 0; i < 3; i++) {
        const before = countAt(cluster, "broker-a")
        yield* TestClock.adjust(200)
        yield* sendMany
        assert.strictEqual(countAt(cluster, "broker-a"), before + 1)
      }
      cluster.behave("broker-a", cluster.accept)
      yield* TestClock.adjust(200)
      yield* sendMany
      const before = countAt(cluster, "broker-a")
      yield* sendMany
      assert.strictEqual(countAt(cluster, "broker-a"), before + 10)
    }))

  it.scoped("a message that tries it and is interrupted leaves the try to the next one", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.refuseConnection)
      const producer = yield* cluster.producer({ selector: firstQueue })
      yield* producer.send(order)
      yield* TestClock.adjust(200)
      cluster.behave("broker-a", cluster.freeze)
      const probing = yield* Effect.fork(producer.send(order))
      yield* TestClock.adjust(10)
      yield* Fiber.interrupt(probing)
      cluster.behave("broker-a", cluster.accept)
      assert.strictEqual((yield* producer.send(order)).messageQueue.brokerName, "broker-a")
    }))
})
