import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope, Stream, TestClock } from "effect"
import * as MessageSelector from "../src/MessageSelector.js"
import { NameServerUnavailableError } from "../src/NameServerError.js"
import * as PullConsumer from "../src/PullConsumer.js"
import { Cluster, GROUP, refused, RETRY, timedOut } from "./consumer/fake.js"

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => BigInt(from + i))

const offsetsOf = (messages: ReadonlyArray<MessageExt>) => messages.map(({ queueOffset }) => queueOffset)

const queueOf = (topic: string, id = 0) => MessageQueue.make(topic, "broker-a", id)

const make = (cluster: Cluster, options?: Partial<PullConsumer.Options>) =>
  PullConsumer.make({ group: GROUP, consumeFrom: "first", ...options }).pipe(Effect.provide(cluster.layer))

/** With all that is there pulled. */
const subscribed = (cluster: Cluster, options?: Partial<PullConsumer.Options>) =>
  Effect.gen(function*() {
    const consumer = yield* make(cluster, options)
    yield* consumer.subscribe("orders")
    yield* TestClock.adjust(0)
    yield* consumer.ready
    return consumer
  })

const filled = (count: number, queues = 1) => {
  const cluster = new Cluster({ orders: queues })
  for (let id = 0; id < queues; id++) cluster.fill("orders", id, count)
  return cluster
}

describe("polls", () => {
  it.scoped("give what is there, up to pollSize, in the order of each queue, and each message once", () =>
    Effect.gen(function*() {
      const consumer = yield* subscribed(filled(50, 2), { pollSize: 30 })
      const all: Array<MessageExt> = []
      for (let n = 0; n < 4; n++) {
        const messages = yield* consumer.poll()
        assert.strictEqual(messages.length, n < 3 ? 30 : 10)
        for (const message of messages) all.push(message)
      }
      for (const id of [0, 1]) {
        assert.deepStrictEqual(offsetsOf(all.filter(({ queueId }) => queueId === id)), range(0, 50))
      }
    }))

  it.scoped("wait for a first message, no longer than they are told", () =>
    Effect.gen(function*() {
      const cluster = filled(0)
      const consumer = yield* subscribed(cluster)
      const first = yield* Effect.fork(consumer.poll("2 seconds"))
      yield* TestClock.adjust("1999 millis")
      assert.isNull(first.unsafePoll())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(first), [])
      const second = yield* Effect.fork(consumer.poll("2 seconds"))
      yield* TestClock.adjust("1 second")
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* Fiber.join(second)), [0n])
    }))

  it.scoped("count what the one before gave as processed, and nothing that was only fetched", () =>
    Effect.gen(function*() {
      const cluster = filled(20)
      const consumer = yield* subscribed(cluster, { pollSize: 5 })
      const position = consumer.position(queueOf("orders"))
      yield* consumer.poll()
      assert.deepStrictEqual(yield* position, Option.some(0n))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 0n)
      yield* consumer.poll()
      assert.deepStrictEqual(yield* position, Option.some(5n))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 5n)
    }))

  it.scoped("are one at a time; one that is interrupted takes nothing", () =>
    Effect.gen(function*() {
      const cluster = filled(0)
      const consumer = yield* subscribed(cluster)
      const first = yield* Effect.fork(consumer.poll("1 minute"))
      yield* TestClock.adjust(0)
      const error = yield* Effect.flip(consumer.poll())
      assert.strictEqual(error._tag === "ConsumerStateError" && error.reason, "PollInProgress")
      yield* Fiber.interrupt(first)
      cluster.fill("orders", 0, 3)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), range(0, 3))
    }))

  it.scoped("give plain bodies, and leave out what cannot be inflated, with an event", () =>
    Effect.gen(function*() {
      const cluster = filled(0)
      const consumer = yield* make(cluster)
      const events = yield* Effect.fork(Stream.runHead(Stream.filter(
        consumer.events,
        (event) => event._tag === "Undecodable"
      )))
      yield* consumer.subscribe("orders")
      cluster.store(
        "orders",
        0,
        { body: Uint8Array.of(0xff), sysFlag: 1 },
        { body: Uint8Array.of(1, 65), sysFlag: 1 }
      )
      yield* TestClock.adjust(0)
      const messages = yield* consumer.poll()
      assert.deepStrictEqual(messages.map(({ body }) => [...body]), [[65]])
      const event = Option.getOrThrow(yield* Fiber.join(events))
      assert.strictEqual(event._tag === "Undecodable" && event.offset, 0n)
      yield* consumer.commit
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 2n)
    }))

  it.scoped("go on with the other queues while one cannot be pulled", () =>
    Effect.gen(function*() {
      const cluster = filled(3, 2)
      cluster.onPull = (pull) => pull.queueId === 0 ? Effect.fail(timedOut(11)) : undefined
      const consumer = yield* subscribed(cluster)
      assert.deepStrictEqual((yield* consumer.poll()).map(({ queueId }) => queueId), [1, 1, 1])
      cluster.onPull = () => undefined
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual((yield* consumer.poll()).map(({ queueId }) => queueId), [0, 0, 0])
    }))
})

describe("the stream", () => {
  it.scoped("asks for one message at a time: what is taken of it is given, and no more", () =>
    Effect.gen(function*() {
      const cluster = filled(40)
      const consumer = yield* subscribed(cluster)
      const first = yield* Stream.runCollect(Stream.take(consumer.stream, 10))
      assert.deepStrictEqual(offsetsOf([...first]), range(0, 10))
      // the last one is not known to be processed
      assert.deepStrictEqual(yield* consumer.position(queueOf("orders")), Option.some(9n))
      const second = yield* Stream.runCollect(Stream.take(consumer.stream, 30))
      assert.deepStrictEqual(offsetsOf([...second]), range(10, 40))
    }))

  it.scoped("holds pulling back while nobody asks", () =>
    Effect.gen(function*() {
      const cluster = filled(500)
      const consumer = yield* subscribed(cluster, { pullThresholdCount: 64 })
      yield* TestClock.adjust("1 minute")
      assert.isAtMost((yield* consumer.stats).cachedCount, 96)
      const all = yield* Effect.fork(Stream.runCollect(Stream.take(consumer.stream, 500)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(offsetsOf([...yield* Fiber.join(all)]), range(0, 500))
    }))

  it.effect("ends when the consumer is closed", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const consumer = yield* Scope.extend(subscribed(filled(0)), scope)
      const running = yield* Effect.fork(Stream.runCollect(consumer.stream))
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(running)).length, 0)
    }))
})

describe("commits", () => {
  it.scoped("by hand: none that was not asked for, also not with pulls, corrections or seeks", () =>
    Effect.gen(function*() {
      const cluster = filled(40)
      const consumer = yield* subscribed(cluster, { autoCommit: false, pollSize: 10 })
      yield* consumer.poll()
      yield* consumer.poll()
      yield* consumer.seek(queueOf("orders"), 5n)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([cluster.committed.size, cluster.commits.length], [0, 0])
      yield* consumer.poll()
      yield* consumer.commit
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 15n)
      yield* consumer.commitOffset(queueOf("orders"), 7n)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 7n)
      assert.deepStrictEqual(yield* consumer.committed(queueOf("orders")), Option.some(7n))
      assert.deepStrictEqual(yield* consumer.position(queueOf("orders")), Option.some(15n))
    }))

  it.scoped("that fail are told at the call", () =>
    Effect.gen(function*() {
      const cluster = filled(5)
      const consumer = yield* subscribed(cluster)
      yield* consumer.poll()
      cluster.onCommit = () => timedOut(15)
      const error = yield* Effect.flip(consumer.commit)
      assert.strictEqual(error._tag === "OffsetError" && error.offset, 5n)
      cluster.onFetch = () => timedOut(14)
      assert.strictEqual((yield* Effect.flip(consumer.committed(queueOf("orders"))))._tag, "OffsetFetchError")
    }))

  it.effect("at the end: what was processed, not what the last poll gave, before the group is left", () =>
    Effect.gen(function*() {
      const cluster = filled(20)
      const scope = yield* Scope.make()
      const consumer = yield* Scope.extend(subscribed(cluster, { pollSize: 5 }), scope)
      yield* consumer.poll()
      yield* consumer.poll()
      cluster.onCommit = () => {
        cluster.trace.push("asked to commit")
        return undefined
      }
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 5n)
      assert.strictEqual(cluster.trace.at(-1), "unregister")
      assert.include(cluster.trace, "asked to commit")
      for (const call of [consumer.poll(), consumer.commit, consumer.subscribe("others"), consumer.assign([])]) {
        assert.strictEqual(
          (yield* Effect.flip(call as Effect.Effect<unknown, { _tag: string }>))._tag,
          "ConsumerShutdownError"
        )
      }
    }))
})

describe("queues", () => {
  it.scoped("a subscription is that of a member who polls, without a retry topic", () =>
    Effect.gen(function*() {
      const cluster = filled(1)
      yield* subscribed(cluster)
      assert.strictEqual(cluster.member?.consumeType, "CONSUME_ACTIVELY")
      assert.deepStrictEqual(cluster.member?.subscriptions().map(({ topic }) => topic), ["orders"])
      assert.isFalse(cluster.pulls.some(({ topic }) => topic === RETRY))
      // brokers know it from the heartbeat
      assert.isTrue(cluster.pulls.every(({ subscription }) => subscription === undefined))
    }))

  it.scoped("assigned queues are consumed without a membership; the selector travels with the pulls", () =>
    Effect.gen(function*() {
      const cluster = filled(0, 3)
      for (const id of [0, 1, 2]) cluster.store("orders", id, { tags: "a" }, { tags: "b" })
      const consumer = yield* make(cluster)
      yield* consumer.assign([queueOf("orders", 0), queueOf("orders", 2)], MessageSelector.tags("b"))
      yield* TestClock.adjust(0)
      yield* consumer.ready
      const messages = yield* consumer.poll()
      assert.deepStrictEqual(messages.map(({ queueId, queueOffset }) => [queueId, queueOffset]), [[0, 1n], [2, 1n]])
      assert.isUndefined(cluster.member)
      assert.deepStrictEqual(cluster.pulls[0]?.subscription, { expressionType: "TAG", expression: "b" })
      yield* consumer.assign([queueOf("orders", 2)], MessageSelector.tags("b"))
      assert.deepStrictEqual(yield* consumer.assignment, [queueOf("orders", 2)])
    }).pipe(Effect.fork, Effect.flatMap((fiber) => Effect.zipRight(TestClock.adjust("1 minute"), Fiber.join(fiber)))))

  it.scoped("subscribing and assigning do not mix", () =>
    Effect.gen(function*() {
      const cluster = filled(1)
      const one = yield* subscribed(cluster)
      const mixed = yield* Effect.flip(one.assign([queueOf("orders")]))
      assert.strictEqual(mixed._tag === "ConsumerStateError" && mixed.reason, "MixedModes")
      const other = yield* make(cluster)
      yield* other.assign([])
      assert.strictEqual((yield* Effect.flip(other.subscribe("orders")))._tag, "ConsumerStateError")
    }))

  it.scoped("a subscription that fails leaves nothing behind", () =>
    Effect.gen(function*() {
      const cluster = filled(1)
      const consumer = yield* make(cluster)
      assert.strictEqual((yield* Effect.flip(consumer.subscribe("no topic")))._tag, "InvalidTopicError")
      cluster.onRoute = () => new NameServerUnavailableError({ addresses: [], failures: [] } as never)
      assert.strictEqual((yield* Effect.flip(consumer.subscribe("orders")))._tag, "ConsumerStartError")
      cluster.onRoute = () => undefined
      cluster.onCheck = () => refused(ResponseCode.SYSTEM_ERROR, 46)
      const sql = yield* Effect.flip(consumer.subscribe("orders", MessageSelector.sql("a > 1")))
      assert.strictEqual(sql._tag, "SubscribeError")
      assert.isUndefined(cluster.member)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(cluster.pulls.length, 0)
      // not even that it wanted to subscribe
      yield* consumer.assign([queueOf("orders")])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), [0n])
    }))

  it.scoped("another selector for a topic takes the place of the first one", () =>
    Effect.gen(function*() {
      const cluster = filled(0)
      cluster.store("orders", 0, { tags: "a" }, { tags: "b" })
      const consumer = yield* make(cluster)
      yield* consumer.subscribe("orders", MessageSelector.tags("a"))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), [0n])
      yield* consumer.commit
      yield* consumer.subscribe("orders", MessageSelector.tags("b"))
      assert.deepStrictEqual(cluster.member?.subscriptions().map(({ subString }) => subString), ["b"])
      cluster.store("orders", 0, { tags: "b" }, { tags: "a" })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), [2n])
    }))

  it.scoped("a queue that goes to another member is drained first: committed with what was processed meanwhile", () =>
    Effect.gen(function*() {
      const cluster = filled(10, 2)
      const consumer = yield* subscribed(cluster, { shutdownTimeout: "30 seconds" })
      yield* consumer.poll()
      cluster.members = ["another@1", "me@1"]
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* consumer.assignment).length, 2)
      const next = yield* Effect.fork(consumer.poll("1 second"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(next), [])
      assert.deepStrictEqual(yield* consumer.assignment, [queueOf("orders", 1)])
      assert.strictEqual(cluster.committed.get(cluster.key("orders", 0)), 10n)
    }))

  it.scoped("of a topic that is given up are committed and gone", () =>
    Effect.gen(function*() {
      const cluster = filled(10)
      const consumer = yield* subscribed(cluster)
      yield* consumer.poll()
      yield* consumer.commit
      yield* consumer.unsubscribe("orders")
      assert.deepStrictEqual(yield* consumer.assignment, [])
      assert.deepStrictEqual(cluster.member?.subscriptions(), [])
      yield* consumer.subscribe("orders")
      cluster.fill("orders", 0, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), [10n])
    }))

  it.scoped("that come, go and are moved are told of", () =>
    Effect.gen(function*() {
      const cluster = filled(10)
      const consumer = yield* make(cluster)
      const events: Array<readonly [tag: string, offset: bigint | undefined]> = []
      yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
        Effect.sync(() => {
          const offset = event._tag === "Assigned"
            ? event.position
            : event._tag === "Revoked"
            ? event.committed
            : event._tag === "OffsetCorrected"
            ? event.to
            : undefined
          events.push([event._tag, offset])
        })))
      yield* TestClock.adjust(0)
      yield* consumer.subscribe("orders")
      yield* TestClock.adjust(0)
      yield* consumer.ready
      yield* consumer.seek(queueOf("orders"), 4n)
      yield* TestClock.adjust(0)
      yield* consumer.poll()
      yield* consumer.commit
      yield* consumer.unsubscribe("orders")
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(events, [["Assigned", 0n], ["OffsetCorrected", 4n], ["Revoked", 10n]])
    }))

  it.scoped("that are paused are neither pulled nor polled, until they go on", () =>
    Effect.gen(function*() {
      const cluster = filled(10, 2)
      const consumer = yield* subscribed(cluster)
      yield* consumer.pause([queueOf("orders", 0)])
      assert.deepStrictEqual(new Set((yield* consumer.poll()).map(({ queueId }) => queueId)), new Set([1]))
      const before = cluster.pulls.filter(({ queueId }) => queueId === 0).length
      cluster.fill("orders", 0, 5)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(cluster.pulls.filter(({ queueId }) => queueId === 0).length, before)
      yield* consumer.resume([queueOf("orders", 0)])
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), range(0, 15))
      assert.strictEqual((yield* Effect.flip(consumer.pause([queueOf("others")]))).reason, "NotAssigned")
    }))
})

describe("seek", () => {
  for (
    const [place, expected] of [["begin", range(2, 10)], ["end", []], [6n, range(6, 10)], [
      { timestamp: 1 },
      range(2, 10)
    ]] as const
  ) {
    it.scoped(`to ${typeof place === "object" ? "a time" : place}`, () =>
      Effect.gen(function*() {
        const cluster = filled(10)
        const consumer = yield* subscribed(cluster)
        yield* consumer.poll()
        cluster.queue("orders").min = 2
        yield* consumer.seek(queueOf("orders"), place)
        yield* TestClock.adjust(0)
        const polled = yield* Effect.fork(consumer.poll("1 second"))
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(offsetsOf(yield* Fiber.join(polled)), [...expected])
      }))
  }

  it.scoped("what was polled before is of no account, and the new place is committed", () =>
    Effect.gen(function*() {
      const cluster = filled(10)
      const consumer = yield* subscribed(cluster)
      yield* consumer.poll()
      yield* consumer.seek(queueOf("orders"), 3n)
      assert.strictEqual(cluster.committed.get(cluster.key("orders")), 3n)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), range(3, 10))
    }))

  it.scoped("to an offset that the queue does not have, or in a queue of others, fails and moves nothing", () =>
    Effect.gen(function*() {
      const cluster = filled(10)
      const consumer = yield* subscribed(cluster)
      for (const offset of [-1n, 11n]) {
        const error = yield* Effect.flip(consumer.seek(queueOf("orders"), offset))
        assert.strictEqual(error._tag, "OffsetOutOfRangeError")
        assert.include(error.message, "it has 0 to 10")
      }
      const error = yield* Effect.flip(consumer.seek(queueOf("orders", 7), "end"))
      assert.strictEqual(error._tag, "ConsumerStateError")
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), range(0, 10))
    }))

  it.scoped("before the position is known: it begins there, also when nothing is committed by itself", () =>
    Effect.gen(function*() {
      const cluster = filled(10)
      cluster.onFetch = () => timedOut(14)
      const consumer = yield* make(cluster, { autoCommit: false })
      yield* consumer.assign([queueOf("orders")])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* consumer.position(queueOf("orders")), Option.none())
      yield* consumer.seek(queueOf("orders"), 8n)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(offsetsOf(yield* consumer.poll()), range(8, 10))
      assert.deepStrictEqual(cluster.commits, [])
    }))
})

describe("pull", () => {
  it.effect("one pull, beside any group: messages, where to go on, and nothing committed", () =>
    Effect.gen(function*() {
      const cluster = filled(0)
      cluster.store("orders", 0, { tags: "a" }, { tags: "b" }, { tags: "a" })
      const result = yield* PullConsumer.pull(queueOf("orders"), 1n, { selector: MessageSelector.tags("a") })
        .pipe(Effect.provide(cluster.layer))
      assert.deepStrictEqual(offsetsOf(result.messages), [2n])
      assert.deepStrictEqual([result.nextOffset, result.minOffset, result.maxOffset], [3n, 0n, 3n])
      assert.isUndefined(cluster.member)
      assert.strictEqual(cluster.committed.size, 0)
      const none = yield* PullConsumer.pull(queueOf("orders"), 3n).pipe(Effect.provide(cluster.layer))
      assert.deepStrictEqual([none.messages.length, none.nextOffset], [0, 3n])
      const error = yield* Effect.flip(
        PullConsumer.pull(queueOf("orders"), 9n).pipe(Effect.provide(cluster.layer))
      )
      assert.strictEqual(error._tag, "OffsetOutOfRangeError")
    }).pipe(Effect.scoped))
})

it.effect("options are checked before anything is sent", () =>
  Effect.gen(function*() {
    const cluster = filled(0)
    const size = yield* Effect.flip(Effect.scoped(make(cluster, { pollSize: 0 })))
    assert.strictEqual(size._tag === "ConsumerConfigError" && size.option, "pollSize")
    const name = yield* Effect.flip(Effect.scoped(make(cluster, { group: "no group" })))
    assert.strictEqual(name._tag, "ConsumerValidationError")
    assert.deepStrictEqual(cluster.trace, [])
  }))
