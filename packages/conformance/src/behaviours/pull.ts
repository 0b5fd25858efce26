/**
 * Consumers that are polled, with their positions in the program's hand.
 *
 * @since 0.1.0
 */
import * as Broker from "@effect-rocketmq/client/Broker"
import * as Compression from "@effect-rocketmq/client/Compression"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import * as PullConsumer from "@effect-rocketmq/client/PullConsumer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("pull")

type Consumer = PullConsumer.PullConsumer["Type"]

const texts = (messages: Iterable<MessageExt.MessageExt>): ReadonlyArray<string> =>
  Array.from(messages, MessageExt.text)

const numbered = (topic: string, from: number, to: number): ReadonlyArray<Message.Message> =>
  Array.from({ length: to - from }, (_, i) => Message.make({ topic, body: `${from + i}` }))

const bodies = (from: number, to: number): ReadonlyArray<string> =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`)

/** On a client of its own, starting at the first message. */
const make = (options: PullConsumer.Options) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const running = yield* Member.start(
      PullConsumer.layer({ consumeFrom: "first", rebalanceInterval: "2 seconds", ...options }).pipe(
        Layer.provide(cluster.client())
      )
    )
    return { ...running, service: Context.get(running.service, PullConsumer.PullConsumer) }
  })

const ready = (consumer: Consumer) =>
  Effect.timeoutFail(consumer.ready, {
    duration: "20 seconds",
    onTimeout: () =>
      new Expect.ClaimFailedError({ claim: "the consumer has its queues within 20 s", seen: "not ready" })
  })

/** Polls until so many messages came. */
const polled = (consumer: Consumer, count: number) =>
  Effect.gen(function*() {
    const all: Array<MessageExt.MessageExt> = []
    while (all.length < count) {
      const some = yield* consumer.poll("3 seconds")
      if (some.length === 0) yield* Expect.broken(`${count} messages are polled`, texts(all))
      for (const message of some) all.push(message)
    }
    yield* Expect.held(`${count} messages are polled`)
    return all
  })

const nothingMore = (consumer: Consumer) =>
  Effect.flatMap(consumer.poll("500 millis"), (some) => Expect.equal("and no more", texts(some), []))

/** One queue with so many messages, and its place. */
const oneQueue = (count: number) =>
  Effect.gen(function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { address, queue } = yield* Stored.queueOf(name)
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbered(name, 0, count), (message) => producer.send(message, { queue }))
    yield* Stored.dispatched
    return { name, address, queue, producer }
  })

/** A group that uses a queue of its own, without others. */
const assigned = (queue: MessageQueue.MessageQueue, options?: Partial<PullConsumer.Options>) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const group = options?.group ?? cluster.group()
    const running = yield* make({ ...options, group })
    yield* running.service.assign([queue])
    yield* ready(running.service)
    return { ...running, group }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const pull: ReadonlyArray<Behaviour> = [
  behaviour("a consumer that subscribes polls the backlog and what comes, each once", function*() {
    const { group, topic } = yield* Cluster
    const name = yield* topic({ queues: 3 })
    const producer = yield* Member.sender()
    yield* producer.sendBatch(numbered(name, 0, 30))
    const { service } = yield* make({ group: group(), pollSize: 7 })
    yield* service.subscribe(name)
    yield* ready(service)
    yield* Effect.forEach(numbered(name, 30, 50), (message) => producer.send(message))
    const all = yield* polled(service, 50)
    yield* nothingMore(service)
    yield* Expect.equal("each once", texts(all).slice().sort(), [...bodies(0, 50)].sort())
    for (const queue of yield* service.assignment) {
      const offsets = all.filter(({ brokerName, queueId }) =>
        brokerName === queue.brokerName && queueId === queue.queueId
      ).map(({ queueOffset }) => queueOffset)
      yield* Expect.equal("in the order of the queue", offsets, offsets.map((_, i) => BigInt(i)))
    }
  }),

  behaviour("a selector of tags holds for polls", function*() {
    const { group, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    for (const tags of ["a", "b", "c", "a"]) yield* producer.send(Message.make({ topic: name, tags, body: tags }))
    const { service } = yield* make({ group: group() })
    yield* service.subscribe(name, MessageSelector.tags("a", "c"))
    yield* ready(service)
    yield* Expect.equal("those are polled", texts(yield* polled(service, 3)).slice().sort(), ["a", "a", "c"])
    yield* nothingMore(service)
    const queue = yield* Stored.queueOf(name)
    const other = yield* make({ group: group() })
    yield* other.service.assign(yield* other.service.queuesOf(name), MessageSelector.tags("b"))
    yield* ready(other.service)
    yield* Expect.equal("and of assigned queues", texts(yield* polled(other.service, 1)), ["b"])
    yield* Expect.that(
      "which have no members",
      Option.isNone(
        yield* (yield* Cluster).broker.consumerList(queue.address, other.service.group)
      ),
      "members"
    )
  }),

  behaviour(
    "members of a group share the queues, and one that stops leaves them to the other, without repeats",
    function*() {
      const cluster = yield* Cluster
      const name = yield* cluster.topic({ queues: 4 })
      const producer = yield* Member.sender()
      const group = cluster.group()
      const first = yield* make({ group, persistInterval: "500 millis" })
      yield* first.service.subscribe(name)
      yield* ready(first.service)
      const second = yield* make({ group, persistInterval: "500 millis" })
      yield* second.service.subscribe(name)
      const queues = (yield* first.service.queuesOf(name)).length
      const got = Inbox.make<string>()
      const poll = (consumer: Consumer) =>
        Effect.map(consumer.poll("100 millis"), (some) => {
          for (const message of some) got.add(MessageExt.text(message))
        })
      yield* Await.until(
        "both have a share",
        Effect.zipRight(
          Effect.zip(poll(first.service), poll(second.service)),
          Effect.zip(first.service.assignment, second.service.assignment)
        ),
        ([one, other]) => one.length === queues / 2 && other.length === queues / 2,
        { within: "20 seconds" }
      )
      yield* producer.sendBatch(numbered(name, 0, 40))
      yield* producer.sendBatch(numbered(name, 40, 80))
      yield* Await.until(
        "all are polled",
        Effect.zipRight(Effect.zip(poll(first.service), poll(second.service)), Effect.sync(got.all)),
        (all) => all.length >= 80
      )
      yield* second.service.commit
      yield* second.stop
      yield* producer.sendBatch(numbered(name, 80, 120))
      yield* producer.sendBatch(numbered(name, 120, 160))
      yield* Await.until(
        "one polls all that comes",
        Effect.zipRight(poll(first.service), Effect.sync(got.all)),
        (all) => all.length >= 160,
        { within: "20 seconds" }
      )
      yield* nothingMore(first.service)
      yield* Expect.equal("each once", [...got.all()].sort(), [...bodies(0, 160)].sort())
    },
    "60 seconds"
  ),

  behaviour("what was polled counts as processed with the next poll, and is committed at the end", function*() {
    const { queue } = yield* oneQueue(20)
    const first = yield* assigned(queue, { pollSize: 5, persistInterval: "100 millis" })
    yield* polled(first.service, 5)
    yield* Effect.sleep("400 millis")
    yield* Expect.equal(
      "nothing is processed yet",
      yield* first.service.committed(queue),
      Option.some(0n)
    )
    yield* polled(first.service, 5)
    yield* Await.until(
      "the first poll is committed",
      first.service.committed(queue),
      (offset) => Option.isSome(offset) && offset.value === 5n,
      { within: "3 seconds" }
    )
    yield* first.stop
    const second = yield* assigned(queue, { group: first.group })
    yield* Expect.equal("it goes on there", texts(yield* polled(second.service, 15)), bodies(5, 20))
    yield* second.service.commit
    yield* Expect.equal("all are committed by hand", yield* second.service.committed(queue), Option.some(20n))
  }),

  behaviour("without autoCommit only what is committed by hand is committed", function*() {
    const { queue } = yield* oneQueue(10)
    const first = yield* assigned(queue, { autoCommit: false, pollSize: 4, persistInterval: "100 millis" })
    yield* polled(first.service, 4)
    yield* polled(first.service, 4)
    yield* Effect.sleep("500 millis")
    yield* Expect.equal("nothing by itself", yield* first.service.committed(queue), Option.none())
    yield* first.service.commitOffset(queue, 3n)
    yield* first.stop
    const second = yield* assigned(queue, { group: first.group, autoCommit: false })
    yield* Expect.equal("it goes on there", texts(yield* polled(second.service, 7)), bodies(3, 10))
    yield* second.service.commit
    yield* Expect.equal("then at the end", yield* second.service.committed(queue), Option.some(10n))
  }),

  behaviour("a consumer seeks to the begin, the end, an offset and a time", function*() {
    const { name, producer, queue } = yield* oneQueue(10)
    yield* Effect.sleep("200 millis")
    const timestamp = yield* Clock.currentTimeMillis
    yield* Effect.sleep("200 millis")
    yield* Effect.forEach(numbered(name, 10, 15), (message) => producer.send(message, { queue }))
    yield* Stored.dispatched
    const { service } = yield* assigned(queue)
    yield* Expect.equal("all are polled", texts(yield* polled(service, 15)), bodies(0, 15))
    yield* service.seek(queue, "begin")
    yield* Expect.equal("from the begin", texts(yield* polled(service, 15)), bodies(0, 15))
    yield* service.seek(queue, 12n)
    yield* Expect.equal("from an offset", texts(yield* polled(service, 3)), bodies(12, 15))
    yield* service.seek(queue, { timestamp })
    yield* Expect.equal("from a time", texts(yield* polled(service, 5)), bodies(10, 15))
    yield* service.seek(queue, "begin")
    yield* service.seek(queue, "end")
    yield* nothingMore(service)
    yield* producer.send(Message.make({ topic: name, body: "new" }), { queue })
    yield* Expect.equal("from the end", texts(yield* polled(service, 1)), ["new"])
    const error = yield* Expect.fails("an offset that is not there", service.seek(queue, 99n), "OffsetOutOfRangeError")
    yield* Expect.equal("with those that are", [error.min, error.max], [0n, 16n])
  }),

  behaviour("paused queues give nothing until they are resumed", function*() {
    const { name, producer, queue } = yield* oneQueue(3)
    const { service } = yield* assigned(queue)
    yield* polled(service, 3)
    yield* service.pause([queue])
    yield* Effect.forEach(numbered(name, 3, 6), (message) => producer.send(message, { queue }))
    yield* nothingMore(service)
    yield* service.resume([queue])
    yield* Expect.equal("then they come", texts(yield* polled(service, 3)), bodies(3, 6))
  }),

  behaviour("a stream gives a message when it is asked for, and goes on where an earlier one ended", function*() {
    const { queue } = yield* oneQueue(40)
    const { service } = yield* assigned(queue)
    const first = yield* Stream.runCollect(Stream.take(service.stream, 15))
    const second = yield* Stream.runCollect(Stream.take(service.stream, 25))
    yield* Expect.equal("in order", texts([...first, ...second]), bodies(0, 40))
    yield* service.commit
    yield* Expect.equal("all are committed", yield* service.committed(queue), Option.some(40n))
  }),

  behaviour("one pull without a group gives messages from an offset, and commits nothing", function*() {
    const { address, queue } = yield* oneQueue(10)
    const cluster = yield* Cluster
    const services = yield* Effect.map(
      Member.start(cluster.client()),
      ({ service }) => Context.pick(Broker.Broker, NameServer.NameServer, Compression.Compression)(service)
    )
    const first = yield* PullConsumer.pull(queue, 4n, { max: 3 }).pipe(Effect.provide(services))
    yield* Expect.equal("three of them", texts(first.messages), bodies(4, 7))
    yield* Expect.equal("where to go on", [first.nextOffset, first.minOffset, first.maxOffset], [7n, 0n, 10n])
    const rest = yield* PullConsumer.pull(queue, first.nextOffset).pipe(Effect.provide(services))
    yield* Expect.equal("the rest", texts(rest.messages), bodies(7, 10))
    const none = yield* PullConsumer.pull(queue, 10n).pipe(Effect.provide(services))
    yield* Expect.equal("none at the end", [none.messages.length, none.nextOffset], [0, 10n])
    yield* Expect.fails(
      "an offset that is not there",
      PullConsumer.pull(queue, 50n).pipe(Effect.provide(services)),
      "OffsetOutOfRangeError"
    )
    yield* Expect.equal(
      "nothing is committed",
      yield* cluster.broker.queryConsumerOffset(address, "TOOLS_CONSUMER", queue),
      Option.none()
    )
  })
]
