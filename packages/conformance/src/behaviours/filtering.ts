/**
 * Which messages a selector lets through.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("filtering")

/** Sends one message for each tag, and claims which of them reach a consumer with this selector. */
const delivers = (
  selector: MessageSelector.MessageSelector,
  sent: ReadonlyArray<string | undefined>,
  expected: ReadonlyArray<string | undefined>
) =>
  function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string | undefined>()
    const before = sent.slice(0, sent.length / 2)
    const send = (tags: string | undefined) => producer.send(Message.make({ topic: name, body: "x", tags }))
    // some as backlog, some while pulls are held
    yield* Effect.forEach(before, send)
    const { service: consumer } = yield* Member.consumer(
      { subscriptions: { [name]: selector } },
      (message) => Effect.sync(() => inbox.add(message.tags))
    )
    yield* Effect.sleep("300 millis")
    yield* Effect.forEach(sent.slice(before.length), send)
    yield* Await.received("all that are wanted come", inbox, expected.length)
    yield* Await.nothingMore("and nothing else", inbox, "700 millis")
    yield* Expect.equal("they are", [...inbox.all()].sort(), [...expected].sort())
    const stats = yield* consumer.stats
    yield* Expect.equal("the handler was run for them only", stats.consumed, expected.length)
  }

/**
 * @since 0.1.0
 * @category behaviours
 */
export const filtering: ReadonlyArray<Behaviour> = [
  behaviour(
    "of several tags only the one asked for is delivered",
    delivers(
      MessageSelector.tags("red"),
      ["red", "green", undefined, "blue", "Red", "red", "redder", "green", undefined, "red"],
      ["red", "red", "red"]
    )
  ),

  behaviour(
    "several tags may be asked for",
    delivers(
      MessageSelector.tags("red", "blue", "日本"),
      ["red", "green", "blue", undefined, "日本", "日", "red", "green", "blue", "日本"],
      ["red", "red", "blue", "blue", "日本", "日本"]
    )
  ),

  behaviour("a tag with the same hash as the one asked for is not delivered", function*() {
    yield* Expect.equal("the hashes are equal", JavaHash.hashCode("Aa"), JavaHash.hashCode("BB"))
    yield* delivers(MessageSelector.tags("Aa"), ["Aa", "BB", "BB", "Aa", "BB", "Aa"], ["Aa", "Aa", "Aa"])()
  }),

  behaviour(
    "without a selector messages with and without tags are delivered",
    delivers(MessageSelector.all, ["a", undefined, "b", undefined], ["a", undefined, "b", undefined])
  ),

  behaviour("messages that are filtered out at the end of a queue move the committed offset", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.tags("wanted") }, persistInterval: "200 millis" },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    const queue = yield* Effect.map(producer.queues(name), (queues) => queues[0])
    const send = (tags: string) => producer.send(Message.make({ topic: name, body: tags, tags }), { queue })
    yield* send("wanted")
    yield* Effect.forEach(Array.from({ length: 20 }, () => "unwanted"), send)
    yield* Await.received("the wanted one comes", inbox, 1)
    // brokers wake a held pull for messages that match only, and look at the others each 5 seconds
    yield* Await.until(
      "the committed offset is behind the unwanted",
      Stored.committedSum(consumer.group, name),
      (sum) => sum === 21n,
      { within: "25 seconds" }
    )
    yield* Expect.equal("the handler saw the wanted one only", inbox.all(), ["wanted"])
  }, "40 seconds"),

  behaviour("selectors and topics that cannot be are refused when the consumer starts", function*() {
    const { topicName } = yield* Cluster
    const name = topicName()
    const start = (subscriptions: Readonly<Record<string, MessageSelector.MessageSelector>>) =>
      Member.consumer({ subscriptions }, () => Effect.void)
    const cases: ReadonlyArray<MessageSelector.MessageSelector> = [
      MessageSelector.tags(""),
      MessageSelector.tags("a|b"),
      MessageSelector.tags("*"),
      MessageSelector.sql(" ")
    ]
    for (const selector of cases) {
      const error = yield* Expect.fails(
        `${Expect.show(selector)} is refused`,
        start({ [name]: selector }),
        "InvalidSelectorError"
      )
      yield* Expect.mentions("the message names the topic", error.message, [name])
    }
    for (const illegal of ["a b", "", "t".repeat(128)]) {
      yield* Expect.fails(
        `topic ${Expect.show(illegal)} is refused`,
        start({ [illegal]: MessageSelector.all }),
        "InvalidTopicError"
      )
    }
    const none = yield* Expect.fails("no subscription is refused", start({}), "ConsumerValidationError")
    yield* Expect.equal("for that reason", none.reason, "NoSubscription")
  })
]
