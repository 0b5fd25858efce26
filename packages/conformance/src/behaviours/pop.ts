/**
 * Messages that a broker hands to one member of a group for a while.
 *
 * @since 0.1.0
 */
import type { Receipt } from "@effect-rocketmq/client/Broker"
import type { ConsumeResult } from "@effect-rocketmq/client/ConsumeResult"
import * as Results from "@effect-rocketmq/client/ConsumeResult"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as PopConsumer from "@effect-rocketmq/client/PopConsumer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("pop")

/** RocketMQ looks for what is over only now and then: it gives messages again some seconds late. */
const LATE = 20_000

const noted = (message: MessageExt.MessageExt, at: number) => ({
  at,
  body: MessageExt.text(message),
  id: message.msgId,
  topic: message.topic,
  times: message.reconsumeTimes,
  tags: message.tags
})

type Delivery = ReturnType<typeof noted>

const note = (inbox: Inbox.Inbox<Delivery>, message: MessageExt.MessageExt) =>
  Effect.map(Clock.currentTimeMillis, (at) => inbox.add(noted(message, at)))

/** A member that pops, on a client of its own. */
const member = <E>(
  options: Omit<PopConsumer.Options, "group"> & { readonly group?: string },
  handler: (message: MessageExt.MessageExt) => Effect.Effect<void | ConsumeResult, E>
) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const group = options.group ?? (yield* cluster.knownGroup)
    const running = yield* Member.start(
      PopConsumer.layer({ consumeFrom: "first", ...options, group }, handler).pipe(Layer.provide(cluster.client()))
    )
    const service = Context.get(running.service, PopConsumer.PopConsumer)
    yield* Effect.timeoutFail(service.ready, {
      duration: "20 seconds",
      onTimeout: () => new Expect.ClaimFailedError({ claim: "a member is ready within 20 s", seen: "it is not" })
    })
    return { ...running, service, group }
  })

/** One message on the first master, popped by plain requests. */
const popOne = Effect.fnUntraced(function*(topic: string, group: string, invisibleTime: number) {
  const { broker } = yield* Cluster
  const { address, brokerName } = yield* Stored.firstMaster
  const pop = broker.pop(address, {
    group,
    topic,
    brokerName,
    maxMessages: 1,
    invisibleTime,
    pollTime: 5_000,
    from: "first"
  }, 15_000)
  const result = yield* Await.until("something is popped", pop, ({ messages }) => messages.length > 0, {
    within: LATE
  })
  const popped = yield* Expect.present("it is there", result.messages[0])
  const receipt: Receipt = { topic, handle: popped.handle }
  return { address, receipt, ...popped }
})

/**
 * @since 0.1.0
 * @category behaviours
 */
export const pop: ReadonlyArray<Behaviour> = [
  behaviour("each message goes to one member, and not again once it is acknowledged", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const options = { subscriptions: { [name]: MessageSelector.all }, invisibleTime: "5 seconds" } as const
    const one = yield* member(options, (message) => note(inbox, message))
    // more members than a queue each
    const others = [
      yield* member({ ...options, group: one.group }, (message) => note(inbox, message)),
      yield* member({ ...options, group: one.group }, (message) => note(inbox, message))
    ]
    const receipts = yield* Effect.forEach(
      Array.from({ length: 200 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` })),
      { concurrency: 32 }
    )
    yield* Await.received("200 messages are handled", inbox, 200)
    const acked = Effect.map(
      Effect.forEach([one, ...others], ({ service }) => service.stats),
      (all) => all.reduce((sum, stats) => sum + stats.acked, 0)
    )
    yield* Await.until("all are acknowledged", acked, (count) => count === 200)
    yield* Await.nothingMore("and none comes again", inbox, "9 seconds")
    yield* Expect.equal(
      "they are the ones that were sent",
      inbox.all().map(({ id }) => id).sort(),
      receipts.map(({ uniqueKey }) => uniqueKey).sort()
    )
  }, "60 seconds"),

  behaviour("a message whose handler fails comes again after its delay, as the same message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* member(
      { subscriptions: { [name]: MessageSelector.tags("t") }, retryDelay: "1 second" },
      (message) =>
        Effect.zipRight(
          note(inbox, message),
          message.reconsumeTimes === 0 ? Effect.fail("no") : Effect.succeed(Results.consumed)
        )
    )
    const receipt = yield* producer.send(Message.make({ topic: name, body: "x", tags: "t", keys: ["k"] }))
    const all = yield* Await.received("it comes twice", inbox, 2, { within: LATE })
    const same = { body: "x", id: receipt.uniqueKey, topic: name, tags: "t" }
    yield* Expect.equal(
      "same id, topic and tag, counted once more",
      all.map(({ at: _, ...delivery }) => delivery),
      [{ ...same, times: 0 }, { ...same, times: 1 }]
    )
    yield* Expect.took("after 1 s or more", all[1]!.at - all[0]!.at, { atLeast: 900, atMost: LATE })
    yield* Await.until(
      "it is given back once and acknowledged once",
      consumer.service.stats,
      ({ acked, failed, returned }) => acked === 1 && failed === 1 && returned === 1
    )
  }, "60 seconds"),

  behaviour("a message that is tried too often becomes a dead letter", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* member(
      { subscriptions: { [name]: MessageSelector.all }, retryDelay: "1 second", maxReconsumeTimes: 1 },
      (message) => Effect.zipRight(note(inbox, message), Effect.fail("never"))
    )
    yield* producer.send(Message.make({ topic: name, body: "poison" }))
    yield* Await.received("it is tried twice", inbox, 2, { within: LATE })
    yield* Await.until(
      "it is acknowledged as a dead letter",
      consumer.service.stats,
      ({ acked, deadLettered }) => deadLettered === 1 && acked === 1
    )
    const dead = yield* Await.until(
      "it is in the dead letters",
      Stored.readAll(Names.dlqTopic(consumer.group)),
      (messages) => messages.length === 1
    )
    yield* Expect.equal("it is the one", dead.map(MessageExt.text), ["poison"])
    yield* Await.nothingMore("and comes no more", inbox, "4 seconds")
  }, "60 seconds"),

  behaviour("a handler that needs longer than the invisible time keeps its message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const options = { subscriptions: { [name]: MessageSelector.all }, invisibleTime: "3 seconds" } as const
    const handler = (message: MessageExt.MessageExt) =>
      Effect.zipRight(note(inbox, message), Effect.sleep("10 seconds"))
    const consumer = yield* member(options, handler)
    yield* member({ ...options, group: consumer.group }, handler)
    yield* producer.send(Message.make({ topic: name, body: "slow" }))
    yield* Await.received("it comes", inbox, 1)
    yield* Await.nothingMore("and not again, neither while it is handled nor after", inbox, "18 seconds")
  }, "60 seconds"),

  behaviour("a message that is not renewed comes again, and that is told", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const lapses = Inbox.make<string>()
    const consumer = yield* member(
      { subscriptions: { [name]: MessageSelector.all }, invisibleTime: "2 seconds", renew: false },
      (message) => Effect.zipRight(note(inbox, message), Effect.sleep(message.reconsumeTimes === 0 ? 4_000 : 0))
    )
    yield* Effect.forkScoped(Stream.runForEach(consumer.service.events, (event) =>
      Effect.sync(() => {
        if (event._tag === "Lapsed") lapses.add(`${event.during} ${MessageExt.text(event.message)}`)
      })))
    yield* producer.send(Message.make({ topic: name, body: "late" }))
    const all = yield* Await.received("it comes twice", inbox, 2, { within: LATE })
    yield* Expect.equal("counted", all.map(({ times }) => times), [0, 1])
    const told = yield* Await.received("it is told", lapses, 1)
    yield* Expect.equal("of the first delivery", told, ["Handling late"])
    yield* Await.until(
      "only the second delivery is acknowledged",
      consumer.service.stats,
      ({ acked, consumed, lapsed }) => acked === 1 && consumed === 2 && lapsed === 1
    )
    yield* Expect.equal("and once only", lapses.all().length, 1)
  }, "60 seconds"),

  behaviour("what a member does not handle before it stops goes to another one at once", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const first = Inbox.make<Delivery>()
    const second = Inbox.make<Delivery>()
    const options = {
      subscriptions: { [name]: MessageSelector.all },
      concurrency: 1,
      shutdownTimeout: "1 second"
    } as const
    const consumer = yield* member(
      options,
      (message) =>
        Effect.zipRight(
          note(first, message),
          Effect.suspend(() => first.all().length === 1 ? Effect.void : Effect.never)
        )
    )
    for (let i = 0; i < 10; i++) yield* producer.send(Message.make({ topic: name, body: `${i}` }))
    yield* Await.received("the second handler runs", first, 2)
    yield* Await.until("all are held", consumer.service.stats, ({ cachedCount }) => cachedCount === 9)
    const receipt = yield* consumer.service.stop
    // the acknowledgement of the first may have waited for others, and left with the stop
    const { acked: _, ...rest } = receipt
    yield* Expect.equal("the receipt", rest, { group: consumer.group, cutOff: 1, returned: 9, left: 0 })
    yield* consumer.stop
    yield* member({ ...options, group: consumer.group }, (message) => note(second, message))
    // the invisible time is a minute
    yield* Await.received("all but the first are handled", second, 9, { within: LATE })
    const done = first.all()[0]?.body
    yield* Expect.equal(
      "each once",
      second.all().map(({ body }) => body).sort(),
      Array.from({ length: 10 }, (_, i) => `${i}`).filter((body) => body !== done)
    )
  }, "60 seconds"),

  behaviour("a pop brings what a selector lets through, by tags and by SQL", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const tagged = Inbox.make<Delivery>()
    const rated = Inbox.make<Delivery>()
    yield* member({ subscriptions: { [name]: MessageSelector.tags("a", "b") } }, (message) => note(tagged, message))
    yield* member({ subscriptions: { [name]: MessageSelector.sql("rate > 5") } }, (message) => note(rated, message))
    for (const [tags, rate] of [["a", 1], ["b", 7], ["c", 9]] as const) {
      yield* producer.send(Message.make({ topic: name, body: tags, tags, properties: { rate: `${rate}` } }))
    }
    yield* Await.received("two by tag", tagged, 2)
    yield* Await.received("two by property", rated, 2)
    yield* Await.nothingMore("no more by tag", tagged, "1 second")
    yield* Expect.equal("by tag", tagged.all().map(({ body }) => body).sort(), ["a", "b"])
    yield* Expect.equal("by property", rated.all().map(({ body }) => body).sort(), ["b", "c"])
  }),

  behaviour(
    "a receipt handle settles its message until its time is over, and each renewal makes a new one",
    function*() {
      const { broker, knownGroup, topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const group = yield* knownGroup
      yield* Stored.put({ topic: name, body: "x" })
      const first = yield* popOne(name, group, 4_000)
      yield* Expect.equal("of the topic itself", [first.handle.origin, first.handle.queueOffset], ["Topic", 0n])
      const handle = yield* broker.changeInvisibility(first.address, group, first.receipt, 2_000)
      yield* Expect.that("it is another handle", handle.popTime >= first.handle.popTime, handle)
      yield* Effect.sleep("2100 millis")
      const late = { topic: name, handle }
      const error = yield* Expect.fails(
        "its time is over",
        broker.ack(first.address, group, late),
        "ReceiptExpiredError"
      )
      yield* Expect.equal("and it is said why", error.reason, "Lapsed")
      const left = yield* broker.batchAck(first.address, group, [late])
      yield* Expect.equal("together with others as well", left.map(({ reason }) => reason), ["Lapsed"])
      const second = yield* popOne(name, group, 5_000)
      yield* Expect.equal(
        "it came again from the retry topic, under its own",
        [second.handle.origin, second.message.topic, second.message.reconsumeTimes],
        ["RetryV1", name, 1]
      )
      const none = yield* broker.batchAck(first.address, group, [second.receipt])
      yield* Expect.equal("it is acknowledged", none, [])
      const beyond = { ...second.receipt, handle: { ...second.handle, queueOffset: 99n } }
      const gone = yield* Expect.fails(
        "no such message",
        broker.ack(first.address, group, beyond),
        "ReceiptExpiredError"
      )
      yield* Expect.equal("and it is said so", gone.reason, "Gone")
    },
    "60 seconds"
  )
]
