import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import {
  ConfigProvider,
  Context,
  Deferred,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Ref,
  Scope,
  Stream,
  TestClock
} from "effect"
import * as Consumer from "../src/Consumer.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import type { NameServerUnavailableError } from "../src/NameServerError.js"
import { Cluster, GROUP, refused, RETRY } from "./consumer/fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.all }, consumeFrom: "first" } as const

const texts = (seen: ReadonlyArray<MessageExt.MessageExt>) => seen.map((message) => MessageExt.text(message))

describe("Consumer", () => {
  it.scoped("consumes a backlog at once, and commits what is finished", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 50)
      cluster.fill("orders", 1, 3)
      const seen: Array<MessageExt.MessageExt> = []
      const consumer = yield* Consumer.make(orders, (message) =>
        Effect.sync(() => {
          seen.push(message)
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      assert.strictEqual(seen.length, 53)
      assert.strictEqual(new Set(texts(seen)).size, 53)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 0)), 50n)
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 1)), 3n)
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.pulled, stats.failed, stats.cachedCount, stats.running], [
        53,
        53,
        0,
        0,
        0
      ])
    }))

  it.scoped("watches topics, asks for routes and registers before it shares queues and pulls", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const consumer = yield* Consumer.make(orders, () => Effect.void).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const at = (what: string) => cluster.trace.indexOf(what)
      const order = ["watch orders", "route orders", "register", "members", "fetch orders@0", "pull orders@0"].map(at)
      assert.notInclude(order, -1)
      assert.deepStrictEqual(order, [...order].sort((a, b) => a - b))
      assert.include(cluster.trace, `watch ${RETRY}`)
      assert.include(cluster.trace, `pull ${RETRY}@0`)
      const [pull] = cluster.pulls
      assert.strictEqual(pull?.suspendTimeout, 15_000)
      assert.strictEqual(pull?.timeout, 30_000)
      assert.strictEqual(pull?.maxMessages, 32)
    }))

  it.scoped("delivers messages that arrive while it waits", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const seen: Array<MessageExt.MessageExt> = []
      const consumer = yield* Consumer.make({ ...orders, consumeFrom: "last" }, (message) =>
        Effect.sync(() => {
          seen.push(message)
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("40 seconds")
      cluster.fill("orders", 0, 2)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(texts(seen), ["orders-0-0", "orders-0-1"])
    }))

  it.scoped("gives the handler its own topic, brokers and the services of its own", () =>
    Effect.gen(function*() {
      class Till extends Context.Tag("Till")<Till, Ref.Ref<number>>() {}
      const till = yield* Ref.make(0)
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 4)
      const layer = Consumer.layer(orders, () => Effect.flatMap(Till, Ref.update((n) => n + 1)))
      const context = yield* Layer.build(layer).pipe(Effect.provide(cluster.layer), Effect.provideService(Till, till))
      yield* Context.get(context, Consumer.Consumer).ready
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* Ref.get(till), 4)
    }))

  it.scoped("runs at most `concurrency` handlers, over all queues", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4 })
      for (let id = 0; id < 4; id++) cluster.fill("orders", id, 10)
      let running = 0
      let most = 0
      const queues = new Set<number>()
      const consumer = yield* Consumer.make({ ...orders, concurrency: 4 }, (message) =>
        Effect.gen(function*() {
          queues.add(message.queueId)
          most = Math.max(most, ++running)
          yield* Effect.sleep("1 second")
          running--
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      // turns are fair: none of the four queues waits for another
      assert.strictEqual(queues.size, 4)
      assert.strictEqual(running, 4)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual((yield* consumer.stats).consumed, 40)
      assert.strictEqual(most, 4)
    }))

  it.scoped("never commits past a message that is not finished", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const gate = yield* Deferred.make<void>()
      const consumer = yield* Consumer.make(orders, (message) =>
        message.queueOffset === 3n ? Deferred.await(gate) : Effect.void).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
      yield* Deferred.succeed(gate, undefined)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 10n)
      const offsets = cluster.commits.filter(([key]) =>
        key === cluster.key("orders")
      ).map(([, offset]) => offset)
      assert.deepStrictEqual(offsets, [3n, 10n])
    }))

  it.scoped("pauses pulling when too much is unfinished, and goes on at once when there is room", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 200)
      const gate = yield* Effect.makeLatch(false)
      const consumer = yield* Consumer.make(
        { ...orders, concurrency: 8, pullThresholdCount: 50 },
        () => gate.await
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("1 minute")
      const { cachedCount, running } = yield* consumer.stats
      assert.strictEqual(running, 8)
      assert.strictEqual(cachedCount, 64)
      const before = cluster.pulls.filter((pull) => pull.topic === "orders").length
      assert.strictEqual(before, 2)
      yield* gate.open
      yield* TestClock.adjust(0)
      assert.strictEqual((yield* consumer.stats).consumed, 200)
    }))

  it.scoped("keeps one budget of bytes for all queues", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 4 })
      const body = new Uint8Array(1000)
      for (let id = 0; id < 4; id++) cluster.store("orders", id, ...Array.from({ length: 320 }, () => ({ body })))
      const gate = yield* Effect.makeLatch(false)
      const consumer = yield* Consumer.make(
        { ...orders, concurrency: 4, maxCachedBytes: 100_000 },
        () => gate.await
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("1 minute")
      const full = yield* consumer.stats
      assert.isAbove(full.cachedBytes, 100_000)
      // every queue may be one pull over, no more
      assert.isBelow(full.cachedBytes, 100_000 + 4 * 32 * 1200)
      yield* gate.open
      yield* TestClock.adjust(0)
      const done = yield* consumer.stats
      assert.deepStrictEqual([done.consumed, done.cachedBytes], [1280, 0])
    }))

  it.scoped("checks tags exactly and moves on over what is not wanted", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.store("orders", 0, { tags: "Aa" }, { tags: "BB" }, {}, undefined, undefined, { tags: "BB" })
      cluster.maxPull = 3
      const seen: Array<MessageExt.MessageExt> = []
      const consumer = yield* Consumer.make(
        { ...orders, subscriptions: { orders: MessageSelector.tags("Aa") } },
        (message) =>
          Effect.sync(() => {
            seen.push(message)
          })
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(texts(seen), ["orders-0-0"])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 6n)
      assert.strictEqual((yield* consumer.stats).filtered, 3)
    }))

  it.scoped("hands batches to a batch handler, and settles each message as it says", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 10)
      const sizes: Array<number> = []
      const consumer = yield* Consumer.makeBatch({ ...orders, batchSize: 4, concurrency: 1 }, (messages) =>
        Effect.sync(() => {
          sizes.push(messages.length)
          return messages.map((message) =>
            message.queueOffset === 5n ? ConsumeResult.retry(7) : ConsumeResult.consumed
          )
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(sizes, [4, 4, 2])
      assert.deepStrictEqual(cluster.sentBack.map((it) => [it.commitLogOffset, it.delayLevel]), [[500n, 7]])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 10n)
    }))

  it.scoped("redelivers a whole batch when its handler fails or gives a wrong number of results", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 6)
      let runs = 0
      const consumer = yield* Consumer.makeBatch(
        { ...orders, batchSize: 3, concurrency: 1 },
        () => runs++ === 0 ? Effect.fail("no") : Effect.succeed([ConsumeResult.consumed])
      ).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.sentBack.length, 6)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 6n)
    }))

  it.scoped("inflates bodies, and makes a dead letter of one that cannot be inflated", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const flagged = (first: number) => ({ sysFlag: 1, body: new Uint8Array([first, 104, 105]) })
      cluster.store("orders", 0, flagged(1), flagged(0xff), {})
      const seen: Array<string> = []
      const consumer = yield* Consumer.make(orders, (message) =>
        Effect.sync(() => {
          seen.push(`${MessageExt.text(message)} ${message.sysFlag}`)
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(seen, ["hi 0", "orders-0-2 0"])
      assert.deepStrictEqual(cluster.sentBack.map((it) => [it.commitLogOffset, it.delayLevel]), [[100n, -1]])
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
      assert.strictEqual((yield* consumer.stats).undecodable, 1)
    }))

  for (
    const { damaged, delivered, name, told } of [
      { name: "in the log", damaged: Infinity, delivered: [0n, 2n], told: 1 },
      { name: "on the way", damaged: 2, delivered: [0n, 1n, 2n], told: 0 }
    ]
  ) {
    it.scoped(`pulls a record that was damaged ${name} again, and then ${told === 0 ? "has it" : "leaves it out"}`, () =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        cluster.fill("orders", 0, 3)
        let left = damaged
        cluster.onPull = (pull) => {
          if (pull.topic !== "orders" || pull.offset !== 0n || left === 0) return undefined
          left--
          const answer = cluster.answer(pull)
          return Effect.succeed({
            ...answer,
            messages: [answer.messages[0]!, answer.messages[2]!],
            undecodable: [{ queueId: 0, queueOffset: 1n, bytes: new Uint8Array(3), reason: "its magic is 0" }]
          })
        }
        const seen: Array<bigint> = []
        const consumer = yield* Consumer.make(orders, (message) =>
          Effect.sync(() => {
            seen.push(message.queueOffset)
          })).pipe(Effect.provide(cluster.layer))
        yield* consumer.ready
        yield* TestClock.adjust("6 seconds")
        assert.deepStrictEqual(seen, delivered)
        assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
        assert.strictEqual((yield* consumer.stats).undecodable, told)
      }))
  }

  it.effect("stops in order: no more pulls, handlers finish, offsets are committed, the group is unregistered", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 3)
      const scope = yield* Scope.make()
      let finished = 0
      const consumer = yield* Consumer.make(
        { ...orders, concurrency: 2 },
        () =>
          Effect.map(Effect.sleep("3 seconds"), () => {
            finished++
          })
      ).pipe(Effect.provide(cluster.layer), Scope.extend(scope))
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      assert.isNull(closing.unsafePoll())
      const pulls = cluster.pulls.length
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.strictEqual(finished, 2)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 2n)
      assert.strictEqual(cluster.trace.at(-1), "unregister")
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(cluster.pulls.length, pulls)
      assert.strictEqual(finished, 2)
    }))

  it.effect("stops within shutdownTimeout when a handler never ends", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.fill("orders", 0, 4)
      const scope = yield* Scope.make()
      let interrupted = false
      const consumer = yield* Consumer.make({ ...orders, shutdownTimeout: "2 seconds" }, (message) =>
        message.queueOffset === 1n
          ? Effect.onInterrupt(Effect.never, () =>
            Effect.sync(() => {
              interrupted = true
            }))
          : message.queueOffset === 2n
          ? Effect.uninterruptible(Effect.never)
          : Effect.void).pipe(Effect.provide(cluster.layer), Scope.extend(scope))
      yield* consumer.ready
      yield* TestClock.adjust("1 second")
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(closing)
      assert.isTrue(interrupted)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 1n)
    }))

  describe("refuses before any request", () => {
    const refusal = (options: Consumer.Options) =>
      Effect.gen(function*() {
        const cluster = new Cluster({ orders: 1 })
        const result = yield* Effect.either(
          Effect.scoped(Consumer.make(options, () => Effect.void).pipe(Effect.provide(cluster.layer)))
        )
        assert.deepStrictEqual(cluster.trace, [])
        assert.isTrue(Either.isLeft(result))
        return Either.isLeft(result) ? result.left : undefined
      })

    it.effect("illegal group names", () =>
      Effect.gen(function*() {
        for (const group of ["", "a b", "x".repeat(121), "DEFAULT_CONSUMER"]) {
          const error = yield* refusal({ ...orders, group })
          assert.strictEqual(error?._tag, "ConsumerValidationError")
        }
      }))

    it.effect("no subscription, illegal topics, bad selectors", () =>
      Effect.gen(function*() {
        assert.strictEqual((yield* refusal({ ...orders, subscriptions: {} }))?._tag, "ConsumerValidationError")
        for (const topic of ["", "a b", "x".repeat(128)]) {
          const error = yield* refusal({ ...orders, subscriptions: { [topic]: MessageSelector.all } })
          assert.strictEqual(error?._tag, "InvalidTopicError")
        }
        for (const selector of [MessageSelector.tags(""), MessageSelector.tags("a|b"), MessageSelector.sql("")]) {
          const error = yield* refusal({ ...orders, subscriptions: { orders: selector } })
          assert.strictEqual(error?._tag, "InvalidSelectorError")
        }
      }))

    it.effect("options out of range, by name", () =>
      Effect.gen(function*() {
        const bad: ReadonlyArray<Partial<Consumer.Options>> = [
          { concurrency: 0 },
          { concurrency: 1.5 },
          { pullBatchSize: 2000 },
          { pullThresholdCount: 0 },
          { pullThresholdBytes: 0 },
          { maxCachedBytes: -1 },
          { offsetSpan: 0 },
          { maxDecompressedSize: 0 },
          { maxReconsumeTimes: -1 },
          { retryDelayLevel: 19 },
          { consumeTimeout: 0 },
          { persistInterval: 0 },
          { rebalanceInterval: 0 },
          { shutdownTimeout: Infinity },
          { consumeFrom: { timestamp: -1 } }
        ]
        for (const option of bad) {
          const error = yield* refusal({ ...orders, ...option })
          assert.strictEqual(error?._tag, "ConsumerConfigError")
          assert.include(error?.message, Object.keys(option)[0]!)
        }
      }))
  })

  it.scoped("waits for a topic that does not exist, and gets all that is sent to it from its first message", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({})
      const seen: Array<bigint> = []
      const consumer = yield* Consumer.make({ ...orders, consumeFrom: "last" }, (message) =>
        Effect.sync(() => {
          seen.push(message.queueOffset)
        })).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust("1 minute")
      cluster.addTopic("orders", 1)
      cluster.fill("orders", 0, 2)
      yield* TestClock.adjust("20 seconds")
      assert.deepStrictEqual(seen, [0n, 1n])
    }))

  it.scoped("says why it cannot start when no name server answers", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const cause = { _tag: "NameServerUnavailableError", message: "127.0.0.1:1: connection refused" }
      cluster.onRoute = () => cause as unknown as NameServerUnavailableError
      const error = yield* Effect.flip(Consumer.make(orders, () => Effect.void).pipe(Effect.provide(cluster.layer)))
      assert.strictEqual(error._tag, "ConsumerStartError")
      assert.isFalse(cluster.trace.includes("register"))
    }))

  it.effect("does not start with SQL that a broker refuses, and leaves the group again", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      cluster.onCheck = () => refused(ResponseCode.SUBSCRIPTION_PARSE_FAILED, 46, "Encountered: BETWIXT")
      const error = yield* Effect.flip(Effect.scoped(
        Consumer.make({ ...orders, subscriptions: { orders: MessageSelector.sql("a BETWIXT 1") } }, () => Effect.void)
      )).pipe(Effect.provide(cluster.layer))
      assert.strictEqual(error._tag, "SubscribeError")
      assert.include(error.message, "a BETWIXT 1")
      assert.include(error.message, "enablePropertyFilter")
      assert.strictEqual(cluster.trace.at(-1), "unregister")
      assert.deepStrictEqual(cluster.pulls, [])
    }))

  it.scoped("commits when asked, and tells what it gets and loses", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 2 })
      cluster.fill("orders", 0, 3)
      const consumer = yield* Consumer.make(orders, () => Effect.void).pipe(Effect.provide(cluster.layer))
      const events: Array<string> = []
      yield* Effect.fork(Stream.runForEach(consumer.events, (event) =>
        Effect.sync(() => {
          if (event._tag === "Assigned") events.push(`+${event.queue.topic}@${event.queue.queueId} ${event.position}`)
          if (event._tag === "Revoked") events.push(`-${event.queue.topic}@${event.queue.queueId} ${event.committed}`)
        })))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      yield* consumer.commit
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
      cluster.members = ["a@0", "me@1"]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust(0)
      cluster.members = ["me@1"]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(events.filter((event) => event.includes("orders@0")).slice(-2), [
        "-orders@0 3",
        "+orders@0 3"
      ])
    }))

  it.effect("takes its tuning from the configuration; options win", () =>
    Effect.gen(function*() {
      const provider = ConfigProvider.fromMap(
        new Map([
          ["ROCKETMQ_CONSUMER_PULL_BATCH_SIZE", "7"],
          ["ROCKETMQ_CONSUMER_CONSUME_FROM", "first"],
          ["ROCKETMQ_CONSUMER_CONCURRENCY", "5"]
        ]),
        { pathDelim: "_" }
      )
      const tuning = yield* Effect.withConfigProvider(Consumer.config, provider)
      assert.deepStrictEqual([tuning.pullBatchSize, tuning.consumeFrom, tuning.concurrency], [7, "first", 5])
      const cluster = new Cluster({ orders: 1 })
      const layer = Consumer.layerConfig(
        { group: GROUP, subscriptions: { orders: MessageSelector.all }, pullBatchSize: 9 },
        () => Effect.void
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(layer)
        yield* Context.get(context, Consumer.Consumer).ready
        yield* TestClock.adjust(0)
      })).pipe(Effect.provide(cluster.layer), Effect.withConfigProvider(provider))
      assert.strictEqual(cluster.pulls[0]?.maxMessages, 9)
    }))
})
