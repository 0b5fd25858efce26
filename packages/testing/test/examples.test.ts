/**
 * Tests as a user writes them: whole clusters, minutes of retries and timeouts, and none of it takes real time. Each is the
 * same on a real cluster: `ROCKETMQ_TEST_CLUSTER=rocketmq npx vitest run examples`.
 */
import {
  Consumer,
  ConsumeResult,
  Message,
  MessageExt,
  MessageSelector,
  OrderlyResult,
  Producer,
  Topic,
  TransactionProducer
} from "@effect-rocketmq/client"
import type { RocketMQ } from "@effect-rocketmq/client"
import { Fault } from "@effect-rocketmq/embedded"
import { MessageQueue, RequestCode } from "@effect-rocketmq/protocol"
import { Inbox, TestCluster } from "@effect-rocketmq/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Option, Ref, Schema, Scope, Stream } from "effect"

/** A test of this file: where it runs is said in one place. */
const test = <E>(
  name: string,
  body: () => Effect.Effect<void, E, TestCluster.TestCluster | RocketMQ.RocketMQ | Scope.Scope>,
  source: TestCluster.Source = TestCluster.embedded()
) =>
  it.live(name, () => Effect.flatMap(TestCluster.fromEnv(source), (source) => TestCluster.run(source, body())), 120_000)

const Order = Topic.make("orders", Schema.Struct({ id: Schema.String, total: Schema.Number }))

describe("what a test can say", () => {
  test("timeout: when the answer to a send is lost, it is not known whether the message is stored", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const producer = yield* Producer.make({ group: cluster.group(), sendTimeout: "2 seconds", retries: 0 })
      const lost = yield* cluster.inject(Fault.dropResponse.pipe(Fault.onTopic(orders), Fault.once))
      const error = yield* Effect.flip(producer.send(Message.make({ topic: orders, body: "order 1" })))
      assert.strictEqual("outcome" in error ? error.outcome : error._tag, "Unknown")
      assert.strictEqual(yield* lost.hits, 1)
      assert.lengthOf(yield* cluster.stored(orders), 1)
    }))

  test("typed: a test expects values, and that nothing else comes", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.typed(Order)
      const inbox = yield* cluster.collectTyped(orders)
      const producer = yield* Producer.make({ group: cluster.group() })
      yield* Effect.provideService(Topic.send(orders, { id: "42", total: 9.5 }), Producer.Producer, producer)
      const order = yield* inbox.first("an order of less than 10", ({ total }) => total < 10)
      assert.deepStrictEqual(order, { id: "42", total: 9.5 })
      yield* inbox.none("5 seconds")
    }))

  test("retry: a message that fails comes again 10 seconds later, as the same message", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const handled = Inbox.make<{ readonly id: string; readonly at: number }>()
      const consumer = yield* Consumer.make(
        { group: cluster.group("billing"), subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" },
        (message) =>
          Effect.gen(function*() {
            handled.add({ id: message.msgId, at: yield* Clock.currentTimeMillis })
            if (message.reconsumeTimes === 0) return yield* Effect.fail("the bank is down")
          })
      )
      const producer = yield* Producer.make({ group: cluster.group() })
      yield* producer.send(Message.make({ topic: orders, body: "order 1" }))
      const [first, second] = yield* handled.count(2, { within: "1 minute" })
      assert.strictEqual(second!.id, first!.id)
      assert.isAtLeast(second!.at - first!.at, 9_900)
      assert.isAtMost(second!.at - first!.at, 20_000)
      yield* cluster.consumed(consumer.group, orders)
    }))

  test("dead letter: a message that never succeeds ends where an operator finds it", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const group = cluster.group("billing")
      yield* Consumer.make(
        { group, subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first", maxReconsumeTimes: 2 },
        () => Effect.succeed(ConsumeResult.retry(1))
      )
      const producer = yield* Producer.make({ group: cluster.group() })
      const { uniqueKey } = yield* producer.send(Message.make({ topic: orders, body: "poison", keys: ["42"] }))
      yield* cluster.consumed(group, orders)
      const letters = yield* Effect.repeat(
        Effect.delay(cluster.deadLetters(group), "1 second"),
        { until: (letters) => letters.length > 0, times: 60 }
      )
      assert.deepStrictEqual(letters.map((letter) => [letter.msgId, MessageExt.text(letter)]), [[uniqueKey, "poison"]])
    }))

  test("order: what fails holds back its queue, and nothing overtakes it", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const handled = Inbox.make<string>()
      yield* Consumer.makeOrderly(
        { group: cluster.group(), subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" },
        (message) =>
          Effect.sync(() => {
            const text = MessageExt.text(message)
            handled.add(`${text}/${message.reconsumeTimes}`)
            return text === "2" && message.reconsumeTimes < 2 ? OrderlyResult.suspend("5 seconds") : undefined
          })
      )
      const producer = yield* Producer.make({ group: cluster.group() })
      for (const body of ["1", "2", "3"]) yield* producer.send(Message.make({ topic: orders, body }))
      assert.deepStrictEqual(yield* handled.count(5), ["1/0", "2/0", "2/1", "2/2", "3/0"])
    }))

  test("transaction check: the broker asks about work whose end it was not told", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const payments = yield* cluster.topic()
      const paid = yield* Ref.make(new Set<string>())
      const transactions = yield* TransactionProducer.make({
        group: cluster.group("payments"),
        check: ({ msgId }) => Effect.map(Ref.get(paid), (ids) => ids.has(msgId) ? "Commit" : "Rollback")
      })
      const inbox = yield* cluster.collect(payments)
      // the process dies between the work and its commit
      yield* Effect.scoped(Effect.gen(function*() {
        const { leaveToCheck, receipt } = yield* transactions.begin(Message.make({ topic: payments, body: "42 €" }))
        yield* Ref.update(paid, (ids) => ids.add(receipt.uniqueKey))
        yield* leaveToCheck
      }))
      const message = yield* inbox.first("the payment", () => true, { within: "2 minutes" })
      assert.strictEqual(MessageExt.text(message), "42 €")
    }))

  test("lock lost: a member in order that cannot renew its lock stops before another one may begin", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const [broker] = yield* cluster.brokers
      const consumer = yield* Consumer.makeOrderly(
        { group: cluster.group(), subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" },
        () => Effect.void
      )
      yield* consumer.ready
      const lost = yield* Effect.fork(
        Stream.runHead(Stream.filter(consumer.events, ({ _tag }) => _tag === "LockLost"))
      )
      yield* Effect.sleep("1 second")
      yield* cluster.inject(Fault.dropRequest.pipe(Fault.onServer(broker!), Fault.onCode(RequestCode.LOCK_BATCH_MQ)))
      const event = yield* lost
      assert.strictEqual(Option.getOrThrow(event)._tag, "LockLost")
    }))

  test("rebalance: a second member takes half of the queues of a busy one, and nothing comes twice", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 4 })
      const group = cluster.group("billing")
      const handled = Inbox.make<{ readonly by: string; readonly queue: number; readonly order: string }>()
      const member = (by: string) =>
        Consumer.layer(
          { group, subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first", concurrency: 4 },
          (message) =>
            Effect.delay(handled.offer({ by, queue: message.queueId, order: MessageExt.text(message) }), "200 millis")
        )
      const producer = yield* Producer.make({ group: cluster.group() })
      for (let i = 0; i < 24; i++) yield* producer.send(Message.make({ topic: orders, body: `${i}` }))
      yield* Layer.build(member("first"))
      yield* handled.count(8)
      // on a client of its own, as on another machine, while the first one has messages in hand
      yield* Layer.build(Layer.provide(member("second"), cluster.client()))
      yield* cluster.consumed(group, orders, "1 minute")
      const all = yield* handled.all
      assert.lengthOf(all, 24)
      assert.strictEqual(new Set(all.map(({ order }) => order)).size, 24)
      const queuesOf = (member: string) => new Set(all.filter(({ by }) => by === member).map(({ queue }) => queue))
      assert.strictEqual(queuesOf("first").size, 4)
      assert.strictEqual(queuesOf("second").size, 2)
    }))

  test("graceful stop: the running handler ends, and what was not begun is there for the next member", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const group = cluster.group("billing")
      const begun = Inbox.make<string>()
      const options = { group, subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" } as const
      const scope = yield* Scope.make()
      yield* Effect.provideService(
        Consumer.make(
          { ...options, concurrency: 1 },
          (message) => Effect.zipRight(begun.offer(MessageExt.text(message)), Effect.sleep("3 seconds"))
        ),
        Scope.Scope,
        scope
      )
      const producer = yield* Producer.make({ group: cluster.group() })
      for (const body of ["1", "2", "3"]) yield* producer.send(Message.make({ topic: orders, body }))
      yield* begun.count(1)
      yield* Scope.close(scope, Exit.void)
      const before = yield* begun.all
      const next = Inbox.make<string>()
      yield* Consumer.make(options, (message) => next.offer(MessageExt.text(message)))
      yield* cluster.consumed(group, orders)
      assert.deepStrictEqual([...before, ...(yield* next.all)].sort(), ["1", "2", "3"])
    }))

  test("a frozen queue: nothing comes out of it, and its lag grows", () =>
    Effect.gen(function*() {
      const cluster = yield* TestCluster.TestCluster
      const orders = yield* cluster.topic({ queues: 1 })
      const [broker] = yield* cluster.brokers
      const group = cluster.group("billing")
      const handled = Inbox.make<string>()
      const thaw = yield* cluster.freezeQueue(MessageQueue.make(orders, broker!, 0))
      yield* Consumer.make(
        { group, subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" },
        (message) => handled.offer(MessageExt.text(message))
      )
      const producer = yield* Producer.make({ group: cluster.group() })
      yield* producer.send(Message.make({ topic: orders, body: "1" }), {
        queue: MessageQueue.make(orders, broker!, 0)
      })
      yield* handled.none("10 seconds")
      assert.strictEqual(yield* cluster.lag(group, orders), 1n)
      yield* thaw
      yield* cluster.consumed(group, orders, "2 minutes")
      assert.deepStrictEqual(yield* handled.all, ["1"])
    }))
})
