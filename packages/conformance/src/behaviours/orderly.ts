/**
 * Messages in order: one after the other, by one member at a time.
 *
 * @since 0.1.0
 */
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as OrderlyResult from "@effect-rocketmq/client/OrderlyResult"
import type * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Links from "../Links.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("orderly")

interface Handled {
  readonly queue: string
  readonly key: string
  readonly body: string
  readonly times: number
  readonly at: number
}

const keyOf = (message: MessageExt.MessageExt): string => message.properties[MessageProperties.SHARDING_KEY] ?? ""

const note = (inbox: Inbox.Inbox<Handled>, message: MessageExt.MessageExt): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (at) =>
    inbox.add({
      queue: `${message.brokerName}:${message.queueId}`,
      key: keyOf(message),
      body: MessageExt.text(message),
      times: message.reconsumeTimes,
      at
    }))

const numbers = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from }, (_, i) => from + i)

/** Sends the numbers one after the other, each with a key, to the queue of its key. */
const send = (
  producer: Producer.Producer["Type"],
  topic: string,
  all: ReadonlyArray<number>,
  key: (i: number) => string = () => "one"
) =>
  Effect.forEach(all, (i) =>
    producer.send(Message.make({ topic, body: `${i}`, shardingKey: key(i) }), {
      selector: MessageQueueSelector.byKey()
    }))

const bodies = (all: ReadonlyArray<Handled>) => all.map(({ body }) => Number(body))

const rises = (all: ReadonlyArray<number>): boolean => all.every((value, i) => i === 0 || all[i - 1]! < value)

/** The first time that each message was handled. */
const firsts = (all: ReadonlyArray<Handled>): ReadonlyArray<Handled> => {
  const seen = new Set<string>()
  return all.filter(({ body }) => !seen.has(body) && seen.add(body))
}

const by = (all: ReadonlyArray<Handled>, property: "queue" | "key"): ReadonlyArray<ReadonlyArray<Handled>> => {
  const found = new Map<string, Array<Handled>>()
  for (const entry of all) found.set(entry[property], [...found.get(entry[property]) ?? [], entry])
  return [...found.values()]
}

/**
 * @since 0.1.0
 * @category behaviours
 */
export const orderly: ReadonlyArray<Behaviour> = [
  behaviour("the order of each queue is kept while handlers fail now and then", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const consumer = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, suspendTime: "50 millis" },
      (message) =>
        Effect.zipRight(
          note(inbox, message),
          Number(MessageExt.text(message)) % 10 === 7 && message.reconsumeTimes < 2
            ? Effect.fail("not yet")
            : Effect.void
        )
    )
    yield* Effect.forEach(
      ["a", "b", "c", "d"],
      (key, k) => send(producer, name, numbers(k * 40, (k + 1) * 40), () => key),
      { concurrency: 4 }
    )
    const all = yield* Await.received("160 messages, and 16 of them twice more", inbox, 192)
    yield* Await.nothingMore("and no more", inbox, "500 millis")
    for (const queue of by(all, "queue")) {
      const handled = queue.map(({ body, times }) => [body, times] as const)
      const inPlace = handled.every(([body, times], i) =>
        times === 0 ?
          i === 0 || handled[i - 1]![1] === (Number(handled[i - 1]![0]) % 10 === 7 ? 2 : 0)
          : handled[i - 1]![0] === body && handled[i - 1]![1] === times - 1
      )
      yield* Expect.that("a message that failed comes again before any other of its queue", inPlace, handled)
    }
    for (const key of by(firsts(all), "key")) {
      yield* Expect.that("messages of one key come in the order of sending", rises(bodies(key)), bodies(key))
    }
    yield* Await.until(
      "all are committed",
      Stored.committedSum(consumer.group, name),
      (sum) => sum === 160n
    )
  }),

  behaviour("a suspended message comes first again after its pause, and nothing is committed beyond it", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const consumer = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, persistInterval: "200 millis" },
      (message) =>
        Effect.as(
          note(inbox, message),
          MessageExt.text(message) === "2" && message.reconsumeTimes === 0
            ? OrderlyResult.suspend("3 seconds")
            : OrderlyResult.handled
        )
    )
    yield* send(producer, name, numbers(0, 5))
    yield* Await.received("two pass, and the third is suspended", inbox, 3)
    yield* Await.nothingMore("nothing comes meanwhile", inbox, "1500 millis")
    yield* Expect.equal("two are committed", yield* Stored.committedSum(consumer.group, name), 2n)
    const all = yield* Await.received("then all come", inbox, 6)
    yield* Expect.equal("the same one first", all.map(({ body, times }) => `${body}:${times}`), [
      "0:0",
      "1:0",
      "2:0",
      "2:1",
      "3:0",
      "4:0"
    ])
    yield* Expect.took("after 3 s", all[3]!.at - all[2]!.at, { atLeast: 2900, atMost: 7000 })
  }),

  behaviour("no two members handle a queue at the same time while members come and go, and order holds", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 3 })
    const masters = yield* cluster.masters
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const running = new Map<string, number>()
    let most = 0
    const member = (group?: string) =>
      Member.orderlyConsumer({
        subscriptions: { [name]: MessageSelector.all },
        rebalanceInterval: "1 second",
        group
      }, (message) =>
        Effect.gen(function*() {
          const queue = `${message.brokerName}:${message.queueId}`
          running.set(queue, (running.get(queue) ?? 0) + 1)
          most = Math.max(most, running.get(queue)!)
          yield* note(inbox, message)
          yield* Effect.sleep("5 millis")
          running.set(queue, running.get(queue)! - 1)
        }))
    const first = yield* member()
    let flowing = true
    let sent = 0
    const flow = yield* Effect.fork(Effect.whileLoop({
      while: () => flowing,
      body: () =>
        Effect.zipRight(
          Effect.suspend(() => send(producer, name, [sent], (i) => `${i % 12}`)),
          Effect.sleep("10 millis")
        ),
      step: () => {
        sent++
      }
    }))
    const group = first.group
    yield* Effect.sleep("1 second")
    const second = yield* member(group)
    yield* Effect.sleep("2 seconds")
    const third = yield* member(group)
    yield* Effect.sleep("2 seconds")
    yield* second.stop
    yield* Effect.sleep("2 seconds")
    yield* first.stop
    flowing = false
    yield* Fiber.join(flow)
    yield* Await.until(
      "the last member handles the rest",
      Effect.sync(() => new Set(inbox.all().map(({ body }) => body)).size),
      (count) => count === sent,
      { within: "40 seconds" }
    )
    yield* Expect.equal("a queue has one handler at a time", most, 1)
    const all = inbox.all()
    for (const key of by(firsts(all), "key")) {
      yield* Expect.that("messages of one key come in the order of sending", rises(bodies(key)), bodies(key))
    }
    yield* Expect.equal("none comes twice: members end what they have in hand", all.length, sent)
    yield* Await.until(
      "the last member gets all locks",
      third.service.stats,
      ({ locks }) =>
        locks.filter(({ locked, queue }) => locked && queue.topic === name).length === 3 * (masters.length),
      { within: "5 seconds" }
    )
  }, "90 seconds"),

  behaviour("a queue of a dead member is taken over when its lock has lapsed, and not before", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const group = cluster.group()
    const links = yield* Links.make
    const masters = yield* cluster.masters
    const producer = yield* Member.sender()
    const steps = Inbox.make<string>()
    const subscriptions = { [name]: MessageSelector.all }
    yield* Member.orderlyConsumer({ subscriptions, group, link: links.client }, () =>
      Effect.onInterrupt(
        Effect.zipRight(Effect.sync(() => steps.add("a begins")), Effect.never),
        () => Effect.sync(() => steps.add("a is interrupted"))
      ))
    yield* send(producer, name, [0])
    yield* Await.received("the first member is at it", steps, 1)
    yield* Effect.forEach(masters, ({ address }) => links.cut(address))
    const cut = yield* Clock.currentTimeMillis
    const second = yield* Member.orderlyConsumer(
      { subscriptions, group, rebalanceInterval: "1 second", ready: false },
      () => Effect.sync(() => steps.add("b begins"))
    )
    yield* Await.until(
      "the second member says that it waits for the locks",
      second.service.stats,
      ({ locks }) => locks.some(({ locked, queue }) => queue.topic === name && !locked)
    )
    yield* Await.until(
      "it gets the message",
      Effect.sync(steps.all),
      (all) => all.includes("b begins"),
      { within: "90 seconds" }
    )
    const waited = (yield* Clock.currentTimeMillis) - cut
    yield* Expect.equal("after the other was interrupted", steps.all(), ["a begins", "a is interrupted", "b begins"])
    yield* Expect.that(
      "when the broker's 60 s were over, counted from a renewal before the death",
      waited > 35_000,
      waited
    )
  }, "110 seconds"),

  behaviour("a member that stops unlocks its queues: the next one has them at once", function*() {
    const { broker, group: groupOf, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const group = groupOf()
    const subscriptions = { [name]: MessageSelector.all }
    const consumer = yield* Member.orderlyConsumer({ subscriptions, group }, () => Effect.void)
    const { address, queue } = yield* Stored.queueOf(name)
    const tryLock = broker.lockQueues(address, "c-stranger", group, [queue])
    yield* Expect.equal("a stranger cannot lock its queue", (yield* tryLock).length, 0)
    yield* consumer.stop
    const locked = yield* tryLock
    yield* Expect.equal("afterwards it can", locked.map(MessageQueue.key), [MessageQueue.key(queue)])
    yield* broker.unlockQueues(address, "c-stranger", group, [queue])
  }),

  behaviour("commits by hand: what was not committed comes again, in order", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    let rolled = false
    const first = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, autoCommit: false },
      (message) =>
        Effect.map(note(inbox, message), () => {
          const body = MessageExt.text(message)
          if (body === "2") return OrderlyResult.commit
          if (body !== "5" || rolled) return OrderlyResult.handled
          rolled = true
          return OrderlyResult.rollback("500 millis")
        })
    )
    yield* send(producer, name, numbers(0, 8))
    const all = yield* Await.received("three come twice", inbox, 11)
    yield* Expect.equal("those since the commit", bodies(all), [0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7])
    yield* first.stop
    yield* Expect.equal("three are committed", yield* Stored.committedSum(first.group, name), 3n)
    const again = Inbox.make<Handled>()
    yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, group: first.group },
      (message) => note(again, message)
    )
    const rest = yield* Await.received("the next member gets the rest", again, 5)
    yield* Expect.equal("in order", bodies(rest), [3, 4, 5, 6, 7])
  }),

  behaviour("with an order by key, one key that waits holds back no other", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const running = new Map<string, number>()
    let together = 0
    let most = 0
    const consumer = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, orderBy: keyOf, suspendTime: "3 seconds" },
      (message) =>
        Effect.gen(function*() {
          const key = keyOf(message)
          running.set(key, (running.get(key) ?? 0) + 1)
          most = Math.max(most, running.get(key)!)
          together = Math.max(together, [...running.values()].reduce((a, b) => a + b, 0))
          yield* note(inbox, message)
          yield* Effect.sleep("5 millis")
          running.set(key, running.get(key)! - 1)
          if (MessageExt.text(message) === "0" && message.reconsumeTimes === 0) return OrderlyResult.suspend()
          return OrderlyResult.handled
        })
    )
    // all in one queue
    const selector = MessageQueueSelector.forKey("one")
    yield* producer.sendBatch(
      numbers(0, 40).map((i) => Message.make({ topic: name, body: `${i}`, shardingKey: `${i % 4}` })),
      { selector }
    )
    const all = yield* Await.received("40, and the first of them again", inbox, 41)
    const late = all.findIndex(({ times }) => times === 1)
    yield* Expect.equal("all of the other keys came before it", new Set(bodies(all.slice(0, late))).size, 31)
    yield* Expect.that("keys were handled beside each other", together > 1, together)
    yield* Expect.equal("and one message of a key at a time", most, 1)
    for (const key of by(firsts(all), "key")) yield* Expect.that("each in order", rises(bodies(key)), bodies(key))
    yield* Await.until("all are committed", Stored.committedSum(consumer.group, name), (sum) => sum === 40n)
  }),

  behaviour("after maxReconsumeTimes a message is a dead letter, and the next one comes", function*() {
    const { broker, masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const consumer = yield* Member.orderlyConsumer(
      { subscriptions: { [name]: MessageSelector.all }, maxReconsumeTimes: 2, suspendTime: "100 millis" },
      (message) =>
        Effect.zipRight(note(inbox, message), MessageExt.text(message) === "1" ? Effect.fail("never") : Effect.void)
    )
    const receipts = yield* send(producer, name, numbers(0, 3))
    const all = yield* Await.received("the last one comes", inbox, 5)
    yield* Expect.equal("after three attempts", all.map(({ body, times }) => `${body}:${times}`), [
      "0:0",
      "1:0",
      "1:1",
      "1:2",
      "2:0"
    ])
    const dead = receipts[1]!
    const master = yield* Expect.present(
      "the broker of the message is known",
      (yield* masters).find(({ brokerName }) => brokerName === dead.messageQueue.brokerName)
    )
    yield* Await.until(
      "the dead-letter topic holds one message",
      broker.maxOffset(master.address, MessageQueue.make(Names.dlqTopic(consumer.group), master.brokerName, 0)),
      (end) => end === 1n
    )
    const [letter] = yield* Stored.deadLetters(consumer.group, master.address, dead.uniqueKey)
    yield* Expect.equal("it is that one", letter && MessageExt.text(letter), "1")
    yield* Await.until("all are committed", Stored.committedSum(consumer.group, name), (sum) => sum === 3n)
    yield* Await.nothingMore("and it does not come again", inbox, "1 second")
  })
]
