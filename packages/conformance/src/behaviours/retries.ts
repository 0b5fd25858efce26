/**
 * What becomes of a message that its handler does not finish.
 *
 * @since 0.1.0
 */
import * as ConsumeResult from "@effect-rocketmq/client/ConsumeResult"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("retries")

interface Delivery {
  readonly at: number
  readonly body: string
  readonly id: string
  readonly topic: string
  readonly times: number
  readonly keys: ReadonlyArray<string>
  readonly tags: string | undefined
}

const delivery = (message: MessageExt.MessageExt, at: number): Delivery => ({
  at,
  body: MessageExt.text(message),
  id: message.msgId,
  topic: message.topic,
  times: message.reconsumeTimes,
  keys: message.keys,
  tags: message.tags
})

const deliver = (inbox: Inbox.Inbox<Delivery>, message: MessageExt.MessageExt): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at) => inbox.add(delivery(message, at)))

class HandlerError extends Error {}

const failures: ReadonlyArray<
  readonly [
    how: string,
    first: (message: MessageExt.MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, Error>
  ]
> = [
  ["fails", () => Effect.fail(new HandlerError("no"))],
  ["throws", () => {
    throw new HandlerError("thrown")
  }],
  ["dies with a defect", () => Effect.die(new HandlerError("defect"))],
  ["interrupts itself", () => Effect.interrupt],
  ["asks for a retry", () => Effect.succeed(ConsumeResult.retry(1))]
]

/**
 * @since 0.1.0
 * @category behaviours
 */
export const retries: ReadonlyArray<Behaviour> = [
  ...failures.map(([how, first]) =>
    behaviour(`a message whose handler ${how} comes again after its delay, as the same message`, function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const producer = yield* Member.sender()
      const inbox = Inbox.make<Delivery>()
      const clock = yield* Effect.clock
      yield* Member.consumer(
        { subscriptions: { [name]: MessageSelector.tags("t") }, retryDelayLevel: 1 },
        (message) => {
          // not within the Effect, so that a handler that throws is one that returns none
          inbox.add(delivery(message, clock.unsafeCurrentTimeMillis()))
          return message.reconsumeTimes === 0 && MessageExt.text(message) === "bad" ? first(message) : Effect.void
        }
      )
      const receipt = yield* producer.send(Message.make({ topic: name, body: "bad", tags: "t", keys: ["k"] }))
      yield* producer.send(Message.make({ topic: name, body: "good", tags: "t" }))
      yield* Await.received("the message comes twice, the other once", inbox, 3)
      yield* Await.nothingMore("and not again", inbox, "1500 millis")
      const bad = inbox.all().filter(({ body }) => body === "bad")
      const place = { body: "bad", id: receipt.uniqueKey, topic: name, keys: ["k"], tags: "t" }
      yield* Expect.equal(
        "same id, topic, keys and tag, counted once more",
        bad.map(({ at: _, ...delivery }) => delivery),
        [{ ...place, times: 0 }, { ...place, times: 1 }]
      )
      const pause = (bad[1]?.at ?? 0) - (bad[0]?.at ?? 0)
      yield* Expect.took("after about 1 s", pause, { atLeast: 900, atMost: 4500 })
    })
  ),

  behaviour("each delivery counts one more, and the delay may depend on the message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* Member.consumer(
      {
        subscriptions: { [name]: MessageSelector.all },
        retryDelayLevel: (message) => message.reconsumeTimes === 0 ? 1 : 2
      },
      (message) =>
        Effect.zipRight(
          deliver(inbox, message),
          message.reconsumeTimes < 2 ? Effect.fail("again") : Effect.void
        )
    )
    yield* producer.send(Message.make({ topic: name, body: "x" }))
    const all = yield* Await.received("three deliveries", inbox, 3)
    yield* Expect.equal("counted", all.map(({ times }) => times), [0, 1, 2])
    yield* Expect.equal("of one message", new Set(all.map(({ id }) => id)).size, 1)
    const pauses = all.slice(1).map(({ at }, i) => at - (all[i]?.at ?? 0))
    yield* Expect.took("after 1 s", pauses[0] ?? 0, { atLeast: 900, atMost: 4500 })
    yield* Expect.took("after 5 s", pauses[1] ?? 0, { atLeast: 4900, atMost: 9000 })
    yield* Await.until(
      "the failed message does not hold the committed offset",
      Stored.committedSum(consumer.group, name),
      (sum) => sum === 1n
    )
  }),

  behaviour("without a wish the broker delays the first redelivery by 10 s", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) =>
        Effect.zipRight(deliver(inbox, message), message.reconsumeTimes === 0 ? Effect.fail("again") : Effect.void)
    )
    yield* producer.send(Message.make({ topic: name, body: "x" }))
    const all = yield* Await.received("two deliveries", inbox, 2, { within: "18 seconds" })
    const pause = (all[1]?.at ?? 0) - (all[0]?.at ?? 0)
    yield* Expect.took("after 10 s", pause, { atLeast: 9900, atMost: 14_000 })
  }),

  behaviour("after the last delivery the message is in the dead-letter topic, with where it came from", function*() {
    const { broker, masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, retryDelayLevel: 1, maxReconsumeTimes: 1 },
      (message) => Effect.zipRight(deliver(inbox, message), Effect.fail("never"))
    )
    const receipt = yield* producer.send(Message.make({ topic: name, body: "dead", keys: ["k"], tags: "t" }))
    const dlq = Names.dlqTopic(consumer.group)
    const address = (yield* masters).find(({ brokerName }) => brokerName === receipt.messageQueue.brokerName)?.address
    const master = yield* Expect.present("the broker of the message is known", address)
    yield* Await.until(
      "the dead-letter topic holds one message",
      broker.maxOffset(master, MessageQueue.make(dlq, receipt.messageQueue.brokerName, 0)),
      (end) => end === 1n
    )
    yield* Expect.equal("it was delivered twice", inbox.all().map(({ times }) => times), [0, 1])
    const [dead] = yield* Stored.deadLetters(consumer.group, master, receipt.uniqueKey)
    const message = yield* Expect.present("it can be read", dead)
    yield* Expect.equal(
      "body, id, keys and tag are kept",
      [MessageExt.text(message), message.msgId, message.keys, message.tags],
      ["dead", receipt.uniqueKey, ["k"], "t"]
    )
    yield* Expect.equal("the topic it came from is told", message.properties["RETRY_TOPIC"], name)
    yield* Await.nothingMore("it is not delivered again", inbox, "1500 millis")
  }),

  behaviour("a message that its handler gives up is in the dead-letter topic at once", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.as(deliver(inbox, message), ConsumeResult.deadLetter)
    )
    const receipt = yield* producer.send(Message.make({ topic: name, body: "poison" }))
    const address = (yield* masters).find(({ brokerName }) => brokerName === receipt.messageQueue.brokerName)?.address
    const master = yield* Expect.present("the broker of the message is known", address)
    const [dead] = yield* Stored.deadLetters(consumer.group, master, receipt.uniqueKey)
    yield* Expect.equal("it can be read there", dead && MessageExt.text(dead), "poison")
    yield* Await.nothingMore("it is delivered once", inbox, "1500 millis")
  }),

  behaviour("one failing message does not hold the others of its queue", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, retryDelayLevel: 2, concurrency: 2 },
      (message) =>
        Effect.zipRight(
          deliver(inbox, message),
          MessageExt.text(message) === "3" && message.reconsumeTimes === 0 ? Effect.fail("later") : Effect.void
        )
    )
    yield* producer.sendBatch(Array.from({ length: 30 }, (_, i) => Message.make({ topic: name, body: `${i}` })))
    yield* Await.received("the 30 come", inbox, 30, { within: "4 seconds" })
    yield* Await.until(
      "all are committed before the failed one comes again",
      Effect.zip(Stored.committedSum(consumer.group, name), Effect.sync(() => inbox.all().length)),
      ([sum, count]) => sum === 30n && count === 30,
      { within: "4 seconds" }
    )
    const all = yield* Await.received("then the failed one comes again", inbox, 31)
    yield* Expect.equal("it is that one", [all[30]?.body, all[30]?.times], ["3", 1])
  }),

  behaviour("a handler that never ends is interrupted in time, and its message comes again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Delivery>()
    let interrupted = 0
    const { service: consumer } = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, consumeTimeout: "1 second", concurrency: 1 },
      (message) =>
        Effect.zipRight(
          deliver(inbox, message),
          MessageExt.text(message) === "stuck" && message.reconsumeTimes === 0
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
            : Effect.void
        )
    )
    yield* producer.send(Message.make({ topic: name, body: "stuck" }))
    yield* producer.send(Message.make({ topic: name, body: "next" }))
    yield* Await.until("the handler is interrupted", Effect.sync(() => interrupted), (count) => count === 1, {
      within: "5 seconds"
    })
    yield* Await.until(
      "its only slot is free for the next message",
      Effect.sync(() => inbox.all().map(({ body }) => body)),
      (bodies) => bodies.includes("next"),
      { within: "5 seconds" }
    )
    const all = yield* Await.received("the message comes again after 10 s", inbox, 3, { within: "18 seconds" })
    yield* Expect.equal("it is that one", [all[2]?.body, all[2]?.times], ["stuck", 1])
    yield* Expect.equal("it is counted", (yield* consumer.stats).timedOut, 1)
  }, "45 seconds"),

  behaviour("of a batch only what its results name comes again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    yield* producer.sendBatch(Array.from({ length: 12 }, (_, i) => Message.make({ topic: name, body: `${i}` })))
    const inbox = Inbox.make<Delivery>()
    yield* Member.batchConsumer(
      { subscriptions: { [name]: MessageSelector.all }, batchSize: 6, retryDelayLevel: 1 },
      (messages) =>
        Effect.as(
          Effect.forEach(messages, (message) => deliver(inbox, message)),
          messages.map((message) =>
            message.reconsumeTimes === 0 && Number(MessageExt.text(message)) % 4 === 0
              ? ConsumeResult.retry()
              : ConsumeResult.consumed
          )
        )
    )
    yield* Await.received("12 and 3 deliveries", inbox, 15)
    yield* Await.nothingMore("and no more", inbox, "1500 millis")
    const again = inbox.all().filter(({ times }) => times === 1).map(({ body }) => body)
    yield* Expect.equal("those that were named", again.sort(), ["0", "4", "8"])
  })
]
