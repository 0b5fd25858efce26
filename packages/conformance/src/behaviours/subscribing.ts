/**
 * Subscriptions that change while the consumer runs.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as ConsumerConnection from "@effect-rocketmq/protocol/ConsumerConnection"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("subscribing")

/** A consumer that notes the bodies that it gets. */
const listening = Effect.fnUntraced(function*(
  subscriptions: Readonly<Record<string, MessageSelector.MessageSelector>>,
  options?: Partial<Member.ConsumerOptions>
) {
  const inbox = Inbox.make<string>()
  const member = yield* Member.consumer(
    { subscriptions, ...options },
    (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
  )
  return { ...member, inbox }
})

/** What each broker believes that a group wants, by topic. */
const believed = Effect.fnUntraced(function*(group: string) {
  const { broker, masters } = yield* Cluster
  const tables: Array<ReadonlyMap<string, string>> = []
  for (const { address } of yield* masters) {
    const request = RequestHeader.GetConsumerConnectionList.make({ consumerGroup: group })
    const answer = yield* broker.request(address, request)
    const body = yield* Expect.present(`${address} knows the group`, answer.body)
    const { subscriptionTable } = Either.getOrThrow(ConsumerConnection.decode(body))
    tables.push(new Map([...subscriptionTable].map(([topic, { subString }]) => [topic, subString])))
  }
  return tables
})

/**
 * @since 0.1.0
 * @category behaviours
 */
export const subscribing: ReadonlyArray<Behaviour> = [
  behaviour("a running consumer subscribes to another topic, and gets what is sent from then on", function*() {
    const { topic } = yield* Cluster
    const first = yield* topic({ queues: 1 })
    const second = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const send = (to: string, body: string) => producer.send(Message.make({ topic: to, body }))
    const { group, inbox, service } = yield* listening({ [first]: MessageSelector.all }, { consumeFrom: "last" })
    yield* send(second, "before")
    yield* service.subscribe(second, MessageSelector.all)
    yield* Effect.forEach(["a", "b", "c", "d"], (body) => send(second, body))
    yield* send(first, "e")
    yield* Await.received("the messages of both topics come", inbox, 5)
    yield* Expect.equal("and none from before", [...inbox.all()].sort(), ["a", "b", "c", "d", "e"])
    const entries = yield* service.subscriptions
    yield* Expect.equal("it says what it has", entries.map((entry) => entry.topic).sort(), [first, second].sort())
    for (const table of yield* believed(group)) {
      yield* Expect.equal("brokers know it", table.get(second), "*")
    }
    yield* Await.until("the new topic is committed", Stored.committedSum(group, second), (sum) => sum === 5n)
  }),

  behaviour("a running consumer changes its selector, and pulls that are held go by the new one", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const queue = (yield* producer.queues(name))[0]
    const send = (tags: string) => producer.send(Message.make({ topic: name, body: tags, tags }), { queue })
    const { group, inbox, service } = yield* listening({ [name]: MessageSelector.tags("red") })
    yield* Effect.forEach(["blue", "red"], send)
    yield* Await.received("the wanted one comes", inbox, 1)
    // the pull is held now
    yield* Effect.sleep("300 millis")
    yield* service.subscribe(name, MessageSelector.tags("blue", "green"))
    yield* Effect.forEach(["red", "green", "blue"], send)
    yield* Await.received("what is wanted now comes at once", inbox, 3, { within: "4 seconds" })
    yield* Await.nothingMore("and nothing else", inbox, "500 millis")
    yield* Expect.equal("they are", inbox.all(), ["red", "green", "blue"])
    for (const table of yield* believed(group)) {
      yield* Expect.equal("brokers know it", table.get(name), "blue || green")
    }
    yield* service.subscribe(name, MessageSelector.sql("TAGS = 'sql'"))
    yield* Effect.forEach(["blue", "sql"], send)
    yield* Await.received("SQL takes the place of tags", inbox, 4)
    yield* Expect.equal("alone", inbox.all().slice(3), ["sql"])
  }),

  behaviour("a selector that brokers refuse leaves the subscription as it was", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const other = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const { inbox, service } = yield* listening({ [name]: MessageSelector.tags("red") })
    yield* Expect.fails(
      "SQL that does not parse is refused",
      service.subscribe(name, MessageSelector.sql("a = NULL")),
      "SubscribeError"
    )
    yield* Expect.fails(
      "for a new topic, too",
      service.subscribe(other, MessageSelector.sql("a =")),
      "SubscribeError"
    )
    yield* Expect.fails(
      "an illegal tag is refused",
      service.subscribe(name, MessageSelector.tags("")),
      "InvalidSelectorError"
    )
    yield* Expect.fails(
      "an illegal topic is refused",
      service.subscribe("a b", MessageSelector.all),
      "InvalidTopicError"
    )
    yield* producer.send(Message.make({ topic: name, body: "red", tags: "red" }))
    yield* Await.received("the old subscription goes on", inbox, 1)
    const entries = yield* service.subscriptions
    yield* Expect.equal("nothing was changed", entries.map((entry) => entry.topic), [name])
  }),

  behaviour("a topic that is given up is drained and committed, and comes no more", function*() {
    const { topic } = yield* Cluster
    const kept = yield* topic({ queues: 1 })
    const left = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const send = (to: string, body: string) => producer.send(Message.make({ topic: to, body }))
    const inbox = Inbox.make<string>()
    const { group, service } = yield* Member.consumer(
      // nothing is committed by the way
      { subscriptions: { [kept]: MessageSelector.all, [left]: MessageSelector.all }, persistInterval: "1 minute" },
      (message) => Effect.zipRight(Effect.sleep("400 millis"), Effect.sync(() => inbox.add(MessageExt.text(message))))
    )
    yield* Effect.forEach(["a", "b"], (body) => send(left, body))
    yield* Await.until("they are being handled", service.stats, ({ running }) => running > 0, { every: "10 millis" })
    yield* service.unsubscribe(left)
    const handled = inbox.all().length
    yield* Expect.that("what was running is finished", handled > 0, handled)
    yield* Await.until("and committed", Stored.committedSum(group, left), (sum) => sum === BigInt(handled), {
      within: "2 seconds"
    })
    yield* Expect.equal(
      "it has no queue of it",
      (yield* service.assignment).filter((queue) => queue.topic === left),
      []
    )
    for (const table of yield* believed(group)) {
      yield* Expect.equal("brokers do not count on it", [table.has(left), table.has(kept)], [false, true])
    }
    yield* send(left, "c")
    yield* send(kept, "d")
    yield* Await.until("the other topic comes", Effect.sync(inbox.all), (all) => all.includes("d"))
    yield* Await.nothingMore("and this one does not", inbox, "700 millis")
    yield* Expect.that("not even once", !inbox.all().includes("c"), inbox.all())
    const again = yield* Expect.fails("it cannot be given up twice", service.unsubscribe(left), "UnsubscribeError")
    yield* Expect.mentions("the message says what there is", again.message, [left, kept])
    yield* service.subscribe(left, MessageSelector.all)
    yield* Await.received("subscribed to again, it goes on where it was", inbox, 4)
    yield* Await.nothingMore("with nothing twice", inbox, "700 millis")
    yield* Expect.equal("each message came once", [...inbox.all()].sort(), ["a", "b", "c", "d"])
  })
]
