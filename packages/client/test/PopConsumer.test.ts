import * as ConsumeResult from "@effect-rocketmq/client/ConsumeResult"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as PopConsumer from "@effect-rocketmq/client/PopConsumer"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Clock, Effect, Exit, Fiber, Scope as Scopes, Stream, TestClock } from "effect"
import * as BrokerError from "../src/BrokerError.js"
import { GROUP, timedOut } from "./consumer/fake.js"
import * as PopBroker from "./support/PopBroker.js"

const TOPIC = "orders"

/** Lets time pass in steps, so that what answers each other keeps pace. */
const pass = (millis: number, step = 10) =>
  Effect.repeatN(Effect.zipRight(TestClock.adjust(step), Effect.yieldNow()), Math.ceil(millis / step) - 1)

type Handler = (message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, unknown>

const started = (broker: ReturnType<typeof PopBroker.make>, options: Partial<PopConsumer.Options>, handler: Handler) =>
  Effect.gen(function*() {
    const consumer = yield* PopConsumer.make(
      { group: GROUP, subscriptions: { [TOPIC]: MessageSelector.all }, ...options },
      handler
    )
    const events: Array<PopConsumer.Event> = []
    yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) => Effect.sync(() => events.push(event))))
    yield* pass(10)
    return { consumer, events }
  }).pipe(Effect.provide(broker.layer))

const notSupported = new BrokerError.RequestNotSupportedError({
  address: "a",
  requestCode: RequestCode.BATCH_ACK_MESSAGE,
  responseCode: 3
})

const scenario = (
  name: string,
  body: (broker: ReturnType<typeof PopBroker.make>) => Effect.Effect<void, unknown, Scope.Scope>
) => it.scoped(name, () => Effect.suspend(() => body(PopBroker.make(TOPIC))))

describe("acknowledgements", () => {
  scenario("of a broker travel together", (broker) =>
    Effect.gen(function*() {
      const { consumer } = yield* started(broker, {}, () => Effect.void)
      broker.store({}, {}, {})
      yield* pass(30)
      assert.deepStrictEqual(broker.log.acks, [[0, 1, 2]])
      broker.store({})
      yield* pass(30)
      assert.deepStrictEqual(broker.log.acks, [[0, 1, 2], [3]])
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.popped, stats.consumed, stats.acked, stats.cachedCount], [4, 4, 4, 0])
    }))

  scenario("go one by one to a broker that does not know it otherwise", (broker) =>
    Effect.gen(function*() {
      let asked = 0
      broker.hooks.ack = (isBatch) => {
        if (isBatch) asked++
        return isBatch ? notSupported : undefined
      }
      yield* started(broker, {}, () => Effect.void)
      broker.store({}, {})
      yield* pass(30)
      broker.store({}, {})
      yield* pass(30)
      assert.deepStrictEqual(broker.log.acks, [[0], [1], [2], [3]])
      assert.strictEqual(asked, 1)
    }))

  scenario("are tried again, and told, until the broker takes them", (broker) =>
    Effect.gen(function*() {
      let failures = 2
      broker.hooks.ack = () => failures-- > 0 ? timedOut(RequestCode.BATCH_ACK_MESSAGE) : undefined
      const { consumer, events } = yield* started(broker, {}, () => Effect.void)
      broker.store({}, {})
      yield* pass(1000, 20)
      assert.deepStrictEqual(broker.log.acks, [[0, 1]])
      assert.deepStrictEqual(events.map((event) => event._tag === "AckFailed" ? event.count : event._tag), [2, 2])
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.acked, stats.ackFailures, stats.lapsed], [2, 4, 0])
    }))

  scenario("that come too late are lapses, not successes", (broker) =>
    Effect.gen(function*() {
      broker.hooks.ack = () => timedOut(RequestCode.ACK_MESSAGE)
      const { consumer, events } = yield* started(broker, { invisibleTime: 5000 }, () => Effect.void)
      broker.store({})
      yield* pass(4900, 50)
      broker.hooks.ack = () => undefined
      yield* pass(4000, 50)
      assert.deepStrictEqual(broker.log.acks, [])
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag === "Lapsed").map((event) => (event as PopConsumer.Lapsed).during),
        ["Settling"]
      )
      const stats = yield* consumer.stats
      assert.deepStrictEqual([stats.consumed, stats.acked, stats.lapsed, stats.cachedCount], [1, 0, 1, 0])
    }))

  scenario("are sent for messages whose tag only looks like the wanted one", (broker) =>
    Effect.gen(function*() {
      const seen: Array<string | undefined> = []
      yield* started(
        broker,
        { subscriptions: { [TOPIC]: MessageSelector.tags("Aa") } },
        (message) => Effect.sync(() => void seen.push(message.tags))
      )
      // the same hash in Java
      broker.store({ tags: "BB" }, { tags: "Aa" })
      yield* pass(30)
      assert.deepStrictEqual(seen, ["Aa"])
      assert.deepStrictEqual(broker.log.acks, [[0, 1]])
    }))
})

describe("the invisible time", () => {
  scenario(
    "is renewed while a handler runs or a message waits for one, and the last handle is acknowledged",
    (broker) =>
      Effect.gen(function*() {
        const { consumer } = yield* started(
          broker,
          { invisibleTime: 10_000, concurrency: 1 },
          (message) => message.queueOffset === 0n ? Effect.sleep(22_000) : Effect.void
        )
        broker.store({}, {})
        yield* pass(21_000, 50)
        assert.deepStrictEqual(broker.log.changes.map(({ offset }) => offset), [0, 1, 0, 1, 0, 1, 0, 1])
        for (const { invisibleTime } of broker.log.changes) assert.strictEqual(invisibleTime, 10_000)
        yield* pass(2000, 50)
        const last = broker.log.changes.at(-1)!.at
        assert.deepStrictEqual(broker.log.handles, [[0, last], [1, last]])
        const stats = yield* consumer.stats
        assert.deepStrictEqual([stats.renewed, stats.lapsed, stats.acked], [8, 0, 2])
      })
  )

  scenario("is waited for when a handler ends while it is being renewed", (broker) =>
    Effect.gen(function*() {
      broker.hooks.change = () => Effect.sleep(1000)
      yield* started(broker, { invisibleTime: 10_000 }, () => Effect.sleep(5600))
      broker.store({})
      yield* pass(5800, 50)
      assert.deepStrictEqual(broker.log.changes.length, 1)
      assert.deepStrictEqual(broker.log.acks, [])
      yield* pass(1000, 50)
      const [[, popTime]] = broker.log.handles as [readonly [number, number]]
      assert.strictEqual(popTime, broker.log.changes[0]!.at)
    }))

  scenario("that runs out is told, and the handler's outcome is of no account", (broker) =>
    Effect.gen(function*() {
      broker.hooks.change = () => Effect.fail(timedOut(RequestCode.CHANGE_MESSAGE_INVISIBLETIME))
      const { consumer, events } = yield* started(
        broker,
        { invisibleTime: 10_000, concurrency: 1 },
        () => Effect.sleep(11_000)
      )
      broker.store({}, {})
      yield* pass(12_000, 50)
      assert.deepStrictEqual(
        events.map((event) => event._tag === "Lapsed" ? `${event.during} ${event.message.queueOffset}` : event._tag),
        ["Handling 0", "Waiting 1"]
      )
      assert.deepStrictEqual(broker.log.acks, [])
      const stats = yield* consumer.stats
      // the second one is not handled: it is somebody else's
      assert.deepStrictEqual([stats.consumed, stats.lapsed, stats.acked, stats.running], [1, 2, 0, 0])
      assert.isAbove(stats.renewFailures, 0)
    }))

  scenario("is left alone when it shall not be renewed", (broker) =>
    Effect.gen(function*() {
      const { consumer } = yield* started(broker, { invisibleTime: 2000, renew: false }, () => Effect.sleep(2500))
      broker.store({})
      yield* pass(3000, 50)
      assert.deepStrictEqual(broker.log.changes, [])
      assert.strictEqual((yield* consumer.stats).lapsed, 1)
    }))
})

describe("a message that its handler does not finish", () => {
  const delays = (broker: ReturnType<typeof PopBroker.make>) =>
    broker.log.changes.map(({ invisibleTime }) => invisibleTime)

  scenario("comes again later with each delivery, or when the handler says", (broker) =>
    Effect.gen(function*() {
      yield* started(broker, { maxReconsumeTimes: 100 }, (message) =>
        message.reconsumeTimes === 0
          ? Effect.succeed(ConsumeResult.retry(2))
          : message.reconsumeTimes === 1
          ? Effect.succeed(ConsumeResult.retry())
          : Effect.fail("no"))
      for (const reconsumeTimes of [0, 1, 2, 99]) {
        broker.store({ reconsumeTimes })
        yield* pass(30)
      }
      assert.deepStrictEqual(delays(broker), [5000, 30_000, 60_000, 7_200_000])
      assert.deepStrictEqual(broker.log.acks, [])
    }))

  scenario("comes again after the delay of the options", (broker) =>
    Effect.gen(function*() {
      const retryDelay = (message: MessageExt) => {
        if (message.reconsumeTimes === 2) throw new Error("no delay")
        return 1000 * (1 + message.reconsumeTimes)
      }
      yield* started(broker, { retryDelay }, () => Effect.die("bug"))
      for (const reconsumeTimes of [0, 1, 2]) {
        broker.store({ reconsumeTimes })
        yield* pass(30)
      }
      assert.deepStrictEqual(delays(broker), [1000, 2000, 60_000])
    }))

  scenario("is interrupted after consumeTimeout and comes again after 10 s", (broker) =>
    Effect.gen(function*() {
      let interrupted = 0
      const { consumer, events } = yield* started(
        broker,
        { consumeTimeout: 1000 },
        () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      )
      broker.store({})
      yield* pass(1500, 50)
      assert.deepStrictEqual([delays(broker), interrupted], [[10_000], 1])
      assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["HandlerTimedOut"])
      assert.strictEqual((yield* consumer.stats).timedOut, 1)
    }))

  scenario(
    "becomes a dead letter when it was tried often enough, also by members that died over it",
    (broker) =>
      Effect.gen(function*() {
        const handled: Array<bigint> = []
        const { consumer } = yield* started(broker, { maxReconsumeTimes: 2 }, (message) => {
          handled.push(message.queueOffset)
          return message.reconsumeTimes === 0 ? Effect.succeed(ConsumeResult.deadLetter) : Effect.fail("no")
        })
        broker.store({ reconsumeTimes: 1 }, { reconsumeTimes: 2 }, { reconsumeTimes: 3 }, { reconsumeTimes: 0 })
        yield* pass(50)
        assert.deepStrictEqual(handled, [0n, 1n, 3n])
        assert.deepStrictEqual(
          broker.cluster.sentBack.map(({ commitLogOffset, delayLevel }) => [commitLogOffset, delayLevel]).sort(),
          [[100n, -1], [200n, -1], [300n, -1]]
        )
        assert.deepStrictEqual(broker.log.acks.flat().sort(), [1, 2, 3])
        assert.deepStrictEqual(broker.log.changes.map(({ offset }) => offset), [0])
        assert.strictEqual((yield* consumer.stats).deadLettered, 3)
      })
  )

  scenario("is not lost when it cannot become a dead letter", (broker) =>
    Effect.gen(function*() {
      broker.cluster.onSendBack = () => timedOut(RequestCode.CONSUMER_SEND_MSG_BACK)
      yield* started(broker, { maxReconsumeTimes: 0, retryDelay: 3000 }, () => Effect.fail("no"))
      broker.store({})
      yield* pass(50)
      assert.deepStrictEqual([broker.log.acks, delays(broker)], [[], [3000]])
    }))
})

describe("popping", () => {
  scenario("pauses while as many messages are held as may be", (broker) =>
    Effect.gen(function*() {
      const { consumer } = yield* started(broker, { maxCached: 3, popBatchSize: 2, concurrency: 2 }, () =>
        Effect.sleep(1000))
      broker.store({}, {}, {}, {}, {}, {})
      yield* pass(500, 20)
      assert.strictEqual((yield* consumer.stats).cachedCount, 3)
      const pops = broker.log.pops.length
      yield* pass(400)
      assert.strictEqual(broker.log.pops.length, pops)
      yield* pass(3000, 50)
      assert.deepStrictEqual(broker.log.acks.flat().sort(), [0, 1, 2, 3, 4, 5])
      for (const { maxMessages } of broker.log.pops) {
        assert.isAtMost(maxMessages, 2)
      }
    }))

  scenario(
    "is ready with the first answer, which waits for nothing, and asks for all queues of a broker",
    (broker) =>
      Effect.gen(function*() {
        const { consumer } = yield* started(broker, { consumeFrom: "first" }, () => Effect.void)
        yield* consumer.ready
        const [first, second] = broker.log.pops
        assert.deepStrictEqual([first!.pollTime, first!.from, first!.queueId], [0, "first", undefined])
        assert.deepStrictEqual([second!.pollTime, second!.maxMessages, second!.invisibleTime], [15_000, 32, 60_000])
      })
  )

  scenario("goes on after failures, more slowly", (broker) =>
    Effect.gen(function*() {
      broker.hooks.pop = () => timedOut(RequestCode.POP_MESSAGE)
      const { consumer } = yield* started(broker, {}, () => Effect.void)
      yield* pass(20_000, 100)
      const failures = (yield* consumer.stats).popFailures
      assert.isTrue(failures >= 5 && failures <= 9, String(failures))
      broker.hooks.pop = () => undefined
      broker.store({})
      yield* pass(5100, 100)
      assert.deepStrictEqual(broker.log.acks, [[0]])
    }))

  scenario("follows a topic that comes into being", (broker) =>
    Effect.gen(function*() {
      broker.cluster.topics.delete(TOPIC)
      yield* started(broker, {}, () => Effect.void)
      yield* pass(2000, 100)
      assert.deepStrictEqual(broker.log.pops, [])
      broker.cluster.topics.add(TOPIC)
      broker.store({})
      yield* pass(1200, 100)
      assert.deepStrictEqual(broker.log.acks, [[0]])
    }))
})

describe("stopping", () => {
  scenario(
    "waits for handlers, acknowledges what they finished, and gives the rest back at once",
    (broker) =>
      Effect.gen(function*() {
        const scope = yield* Scopes.make()
        const { consumer } = yield* Effect.provideService(
          started(
            broker,
            { concurrency: 2, shutdownTimeout: 2000 },
            (message) => Effect.sleep(message.queueOffset === 0n ? 1000 : 60_000)
          ),
          Scopes.Scope,
          scope
        )
        broker.store({}, {}, {}, {})
        yield* pass(100)
        const closing = yield* Effect.fork(Scopes.close(scope, Exit.void))
        const stopping = yield* Effect.fork(consumer.stop)
        yield* pass(2500, 50)
        yield* Fiber.join(closing)
        const receipt = yield* Fiber.join(stopping)
        assert.deepStrictEqual(receipt, { group: GROUP, acked: 1, cutOff: 1, returned: 3, left: 0 })
        assert.deepStrictEqual(broker.log.acks, [[0]])
        assert.deepStrictEqual(
          broker.log.changes.map(({ invisibleTime, offset }) => [offset, invisibleTime]).sort(),
          [[1, 1000], [2, 1000], [3, 1000]]
        )
        const pops = broker.log.pops.length
        broker.store({})
        yield* pass(2000, 100)
        assert.strictEqual(broker.log.pops.length, pops)
        assert.include(broker.cluster.trace, "unregister")
      })
  )

  scenario("gives back what a pop brings that was under way", (broker) =>
    Effect.gen(function*() {
      const handled: Array<bigint> = []
      const { consumer } = yield* started(broker, {}, (message) =>
        Effect.sync(() =>
          void handled.push(message.queueOffset)
        ))
      const stopping = yield* Effect.fork(consumer.stop)
      yield* pass(50)
      yield* Fiber.join(stopping)
      broker.store({}, {})
      yield* pass(50)
      assert.deepStrictEqual(handled, [])
      assert.deepStrictEqual(broker.log.changes.map(({ invisibleTime }) => invisibleTime), [1000, 1000])
      assert.strictEqual((yield* consumer.stats).cachedCount, 0)
    }))

  scenario("takes no longer than it may when a broker says nothing", (broker) =>
    Effect.gen(function*() {
      broker.hooks.change = () => Effect.never
      const { consumer } = yield* started(broker, { concurrency: 1, shutdownTimeout: 1000 }, () => Effect.never)
      broker.store({}, {})
      yield* pass(100)
      const began = yield* Clock.currentTimeMillis
      const stopping = yield* Effect.fork(consumer.stop)
      yield* pass(6000, 100)
      const receipt = yield* Fiber.join(stopping)
      assert.deepStrictEqual([receipt.cutOff, receipt.left], [1, 2])
      assert.isAtMost((yield* Clock.currentTimeMillis) - began, 6000)
    }))
})

describe("options", () => {
  const refused = (options: Partial<PopConsumer.Options>) => {
    const broker = PopBroker.make(TOPIC)
    return Effect.scoped(PopConsumer.make(
      { group: GROUP, subscriptions: { [TOPIC]: MessageSelector.all }, ...options },
      () => Effect.void
    )).pipe(
      Effect.flip,
      Effect.provide(broker.layer),
      Effect.tap(() => assert.deepStrictEqual(broker.cluster.trace, []))
    )
  }

  it.effect("are checked before anything is sent", () =>
    Effect.gen(function*() {
      const batch = yield* refused({ popBatchSize: 33 })
      assert.include(batch.message, "popBatchSize")
      assert.include(batch.message, "a whole number from 1 to 32")
      assert.strictEqual((yield* refused({ invisibleTime: 10 }))._tag, "ConsumerConfigError")
      assert.strictEqual((yield* refused({ retryDelay: Infinity }))._tag, "ConsumerConfigError")
      assert.strictEqual((yield* refused({ subscriptions: {} }))._tag, "ConsumerValidationError")
      assert.strictEqual(
        (yield* refused({ subscriptions: { "%RETRY%g": MessageSelector.all } }))._tag,
        "InvalidTopicError"
      )
    }))
})
