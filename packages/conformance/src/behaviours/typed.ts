/**
 * Topics of values: what is sent is what is received, and records that no schema takes.
 *
 * @since 0.1.0
 */
import { Producer } from "@effect-rocketmq/client/Producer"
import * as Topic from "@effect-rocketmq/client/Topic"
import type { TopicDecodeError } from "@effect-rocketmq/client/TopicError"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("typed")

const Order = Schema.Struct({ id: Schema.String, total: Schema.BigInt, placed: Schema.Date })
type Order = typeof Order.Type

const orders = (name: string) =>
  Topic.make(name, Order, { envelope: ({ id }) => ({ keys: [id], tags: "order", shardingKey: id }) })

const order = (id: string): Order => ({ id, total: 2n ** 70n, placed: new Date(1_700_000_000_000) })

/** A record that is no order, and orders around it. */
const sendPoison = (name: string) =>
  Effect.gen(function*() {
    const producer = yield* Member.sender()
    const typed = (id: string) => Effect.provideService(Topic.send(orders(name), order(id)), Producer, producer)
    yield* typed("1")
    const poison = yield* producer.send(Message.make({ topic: name, body: "no order", keys: ["p"], tags: "t" }))
    yield* typed("2")
    return { producer, poison }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const typed: ReadonlyArray<Behaviour> = [
  behaviour("a handler receives the values that were sent, and their messages", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const producer = yield* Member.sender()
    const inbox = Inbox.make<readonly [Order, string | undefined, ReadonlyArray<string>]>()
    yield* Member.consumer(
      { subscriptions: Topic.subscriptions(orders(name)) },
      Topic.handler(orders(name), (value, message) => Effect.sync(() => inbox.add([value, message.tags, message.keys])))
    )
    yield* Effect.provideService(Topic.send(orders(name), order("1")), Producer, producer)
    yield* Effect.provideService(Topic.sendBatch(orders(name), [order("2"), order("3")]), Producer, producer)
    const received = yield* Await.received("the three values", inbox, 3)
    yield* Expect.equal(
      "values, tags and keys",
      [...received].sort(([a], [b]) => a.id.localeCompare(b.id)),
      ["1", "2", "3"].map((id) => [order(id), "order", [id]])
    )
  }),

  behaviour("a record that is no value becomes a dead letter at once, and the others are handled", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { poison } = yield* sendPoison(name)
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: Topic.subscriptions(orders(name)), consumeFrom: "first" },
      Topic.handler(orders(name), ({ id }) => Effect.sync(() => inbox.add(id)))
    )
    yield* Await.received("both orders", inbox, 2)
    const address = (yield* masters).find(({ brokerName }) => brokerName === poison.messageQueue.brokerName)?.address
    const master = yield* Expect.present("the broker of the record is known", address)
    const [dead] = yield* Stored.deadLetters(consumer.group, master, poison.uniqueKey)
    yield* Expect.equal("the record as it was", dead && MessageExt.text(dead), "no order")
    yield* Await.until("all is committed", Stored.committedSum(consumer.group, name), (sum) => sum === 3n)
  }),

  behaviour("a record that is no value is parked with where it came from, or skipped", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const parking = yield* topic({ queues: 1 })
    const { poison, producer } = yield* sendPoison(name)
    const parked = Inbox.make<MessageExt.MessageExt>()
    yield* Member.consumer(
      { subscriptions: Topic.subscriptions(Topic.make(parking, Schema.Unknown)) },
      (message) => Effect.sync(() => parked.add(message))
    )
    const skipped = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: Topic.subscriptions(orders(name)), consumeFrom: "first" },
      Topic.handler(orders(name), ({ id }) => Effect.sync(() => skipped.add(id)), { poison: Topic.skip })
    )
    yield* Member.consumer(
      { subscriptions: Topic.subscriptions(orders(name)), consumeFrom: "first" },
      (message) =>
        Effect.provideService(
          Topic.handler(orders(name), () => Effect.void, { poison: Topic.park(parking) })(message),
          Producer,
          producer
        )
    )
    const [copy] = yield* Await.received("the parked record", parked, 1)
    const message = yield* Expect.present("it is there", copy)
    yield* Expect.equal(
      "body, keys, tag and origin",
      [
        MessageExt.text(message),
        message.keys,
        message.tags,
        message.properties["PARKED_TOPIC"],
        message.properties["PARKED_ID"]
      ],
      ["no order", ["p"], "t", name, poison.uniqueKey]
    )
    yield* Await.received("the other group handled the orders", skipped, 2)
    yield* Await.nothingMore("and nothing else", skipped, "500 millis")
  }),

  behaviour("a record that is no value ends the program that asks for it, and comes again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { poison } = yield* sendPoison(name)
    const signal = yield* Deferred.make<never, TopicDecodeError>()
    const consumer = yield* Member.consumer(
      { subscriptions: Topic.subscriptions(orders(name)), consumeFrom: "first", retryDelayLevel: 1 },
      Topic.handler(orders(name), () => Effect.void, { poison: Topic.stop(signal) })
    )
    const error = yield* Effect.flip(Deferred.await(signal))
    yield* Expect.equal("the error has the record", [error.msgId, error.offset, error.topic], [
      poison.uniqueKey,
      poison.queueOffset,
      name
    ])
    yield* consumer.stop
    const again = Inbox.make<string>()
    yield* Member.consumer(
      { group: consumer.group, subscriptions: Topic.subscriptions(orders(name)) },
      (message) => Effect.sync(() => again.add(MessageExt.text(message)))
    )
    yield* Await.until(
      "the next member gets it",
      Effect.sync(() => again.all().includes("no order")),
      (found) => found,
      {
        within: "20 seconds"
      }
    )
  })
]
