import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import * as Consumer from "../../src/Consumer.js"
import * as Turns from "../../src/internal/consumer/turns.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import * as ProcessQueue from "../../src/ProcessQueue.js"
import { Cluster, GROUP, message } from "./fake.js"

const wide = { count: 1e6, bytes: 1e9, span: 1e6 }

const queueOf = (id: number, count: number): ProcessQueue.ProcessQueue => {
  const ledger = ProcessQueue.make(MessageQueue.make("orders", "broker-a", id), 0n, wide, [])
  store(ledger, count)
  return ledger
}

const store = (ledger: ProcessQueue.ProcessQueue, count: number): void => {
  const from = Number(ledger.position)
  const messages = Array.from({ length: count }, (_, i) => message("orders", ledger.queue.queueId, from + i))
  ledger.append(messages, ledger.position + BigInt(count), count)
}

const emptyHanded = () => ({ from: 0, to: 0 }) as ProcessQueue.Handed

describe("Turns", () => {
  for (const max of [1, 8]) {
    it(`gives a queue that is always full one turn in each round, by ${max}`, () => {
      const turns = Turns.make<ProcessQueue.ProcessQueue>()
      const hot = queueOf(0, 4000)
      const cold = Array.from({ length: 40 }, (_, i) => queueOf(i + 1, 3))
      turns.enter(hot)
      for (const queue of cold) turns.enter(queue)
      const handed = emptyHanded()
      const order: Array<number> = []
      for (let i = 0; i < 41; i++) order.push(turns.next(max, handed, 0)!.queue.queueId)
      assert.deepStrictEqual(order, [0, ...cold.map(({ queue }) => queue.queueId)])
    })
  }

  it("lets nobody wait for longer than a turn of each other, however many come and go", () => {
    const turns = Turns.make<ProcessQueue.ProcessQueue>()
    const hot = queueOf(0, 4000)
    const waiting = queueOf(1, 1)
    turns.enter(hot)
    const handed = emptyHanded()
    assert.strictEqual(turns.next(1, handed, 0), hot)
    // queues with one message each come faster than they are worked off
    let id = 2
    for (let i = 0; i < 20; i++) turns.enter(queueOf(id++, 1))
    turns.enter(waiting)
    const order: Array<number> = []
    for (let i = 0; i < 60; i++) {
      turns.enter(queueOf(id++, 1))
      order.push(turns.next(1, handed, 0)!.queue.queueId)
    }
    assert.strictEqual(order.indexOf(0), 0)
    assert.strictEqual(order.indexOf(1), 21)
    assert.isAbove(order.lastIndexOf(0), 21)
  })

  it("has each queue once, and forgets those that have nothing", () => {
    const turns = Turns.make<ProcessQueue.ProcessQueue>()
    const queues = Array.from({ length: 100 }, (_, i) => queueOf(i, 1))
    for (const queue of [...queues, ...queues]) turns.enter(queue)
    const handed = emptyHanded()
    for (const queue of queues) assert.strictEqual(turns.next(1, handed, 0), queue)
    assert.isUndefined(turns.next(1, handed, 0))
    assert.isTrue(turns.isEmpty())
    store(queues[7]!, 1)
    turns.enter(queues[7]!)
    assert.strictEqual(turns.next(1, handed, 0), queues[7])
  })

  for (const batchSize of [1, 16]) {
    it.scoped(`a queue with a backlog holds up no other, in batches of ${batchSize}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 33 })
        cluster.fill("orders", 0, 3_000)
        const handled = new Map<number, number>()
        const consumer = yield* Consumer.makeBatch({
          group: GROUP,
          subscriptions: { orders: MessageSelector.all },
          consumeFrom: "first",
          concurrency: 1,
          // on the clock of tests no handler ends after the test
          shutdownTimeout: 0,
          batchSize
        }, ([first]) =>
          Effect.delay(
            Effect.sync(() => {
              handled.set(first!.queueId, (handled.get(first!.queueId) ?? 0) + 1)
            }),
            "10 millis"
          )).pipe(Effect.provide(cluster.layer))
        yield* consumer.ready
        yield* TestClock.adjust("1 second")
        assert.strictEqual(handled.size, 1)
        for (let id = 1; id <= 32; id++) cluster.fill("orders", id, 1)
        yield* TestClock.adjust("340 millis")
        assert.strictEqual(handled.size, 33)
      }))
  }
})
