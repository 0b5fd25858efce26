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
import * as Option from "effect/Option"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("filtering")

/** Properties of the messages that SQL expressions are tried on, by their body. */
const stored: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  p: { a: "1", b: "2", name: "red", flag: "true" },
  q: { a: "5", b: "1", name: "O'Reilly", d: "1.5" },
  r: { a: "x", name: "日本", d: "2" },
  s: {}
}

/** Expressions, and the messages that they pick. */
const picks: ReadonlyArray<readonly [expression: string, bodies: string]> = [
  ["TRUE", "pqrs"],
  ["FALSE", ""],
  ["NULL", ""],
  ["a = 1", "p"],
  ["a <> 1", "q"],
  ["a = '1'", "p"],
  ["a > 1", "q"],
  ["a >= 1", "pq"],
  ["a < 5 AND a > -1", "p"],
  ["NOT (a = 1)", "q"],
  ["NOT a = 1", ""],
  ["a = 1 OR name = 'red'", "p"],
  ["name = 'red' OR a = 5", "pq"],
  ["a = 5 OR TRUE", "pqs"],
  ["TRUE OR a = 5", "pqrs"],
  ["a BETWEEN 1 AND 4", "p"],
  ["a NOT BETWEEN 1 AND 4", "q"],
  ["name IN ('red', '日本')", "pr"],
  ["name NOT IN ('red', '日本')", "q"],
  ["name IS NULL", "s"],
  ["name IS NOT NULL", "pqr"],
  ["d IS NULL AND a IS NOT NULL", "p"],
  ["flag = TRUE", "p"],
  ["flag", ""],
  ["NOT flag", "p"],
  ["name = 'O''Reilly'", "q"],
  ["name CONTAINS 'e'", "pq"],
  ["name NOT CONTAINS 'e'", "r"],
  ["name CONTAINS ''", ""],
  ["name STARTSWITH 're'", "p"],
  ["name NOT STARTSWITH 're'", "qr"],
  ["name ENDSWITH '本'", "r"],
  ["d > 1.0", "qr"],
  ["d > 1", "r"],
  ["a > b", "q"],
  ["missing = other", "pqrs"],
  ["missing = 1", ""],
  ["-a < 0", ""],
  ["TAGS = 'tag'", "pqrs"],
  ["a /* one */ = -- two\n 1", "p"],
  ["a = 1 and (b = 2 or b = 3)", "p"],
  ["a = 007", ""],
  // there is no LIKE, and what stands behind an expression is not looked at
  ["name LIKE 'r%'", ""],
  ["a = 1 LIKE 'r%'", "p"]
]

/** Expressions that no broker takes. */
const broken: ReadonlyArray<string> = [
  "a =",
  "a == 1",
  "a = NULL",
  "a > 'x'",
  "a > 0.0",
  "(a = 1",
  "a BETWEEN 2 AND 1",
  "name IN ()",
  "name IN (1)",
  "'x'",
  "1",
  "a = 1 #",
  "name = 'open"
]

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
  }),

  behaviour("SQL expressions pick messages by their properties as Apache RocketMQ's parser has it", function*() {
    const { broker, group, masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const queue = (yield* producer.queues(name))[0]
    const { brokerName, queueId } = yield* Expect.present("the topic has a queue", queue)
    yield* Effect.forEach(
      Object.entries(stored),
      ([body, properties]) => producer.send(Message.make({ topic: name, body, tags: "tag", properties }), { queue })
    )
    const master = (yield* masters).find((master) => master.brokerName === brokerName)
    const { address } = yield* Expect.present("its broker is known", master)
    const puller = group()
    const pull = (expression: string) =>
      broker.pull(address, {
        group: puller,
        topic: name,
        brokerName,
        queueId,
        offset: 0n,
        maxMessages: 32,
        commitOffset: Option.none(),
        suspendTimeout: 0,
        subVersion: 1,
        subscription: { expressionType: "SQL92", expression }
      }, 5_000)
    for (const [expression, expected] of picks) {
      const result = yield* pull(expression)
      yield* Expect.equal(
        `${expression} picks`,
        result.messages.map((message) => MessageExt.text(message)).join(""),
        expected
      )
      yield* Expect.equal("and the whole stretch is behind", result.nextBeginOffset, 4n)
    }
  }),

  behaviour("SQL expressions that do not parse are refused with what the broker says of them", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    for (const expression of broken) {
      const error = yield* Expect.fails(
        `${expression} is refused`,
        Member.consumer({ subscriptions: { [name]: MessageSelector.sql(expression) } }, () => Effect.void),
        "SubscribeError"
      )
      yield* Expect.mentions("the message names topic and switch", error.message, [name, "enablePropertyFilter"])
      yield* Expect.that(
        "and what the parser says",
        /java\.lang|org\.apache\.rocketmq\.filter\.parser/.test(error.message),
        error.message
      )
    }
  }, "60 seconds"),

  behaviour(
    "a consumer with an SQL expression gets what it picks, as backlog and while its pulls are held",
    function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const producer = yield* Member.sender()
      const inbox = Inbox.make<string>()
      const queue = yield* Effect.map(producer.queues(name), (queues) => queues[0])
      const send = (amount: number) =>
        producer.send(
          Message.make({ topic: name, body: String(amount), properties: { amount: String(amount), region: "eu" } }),
          { queue }
        )
      yield* Effect.forEach([1, 100, 2, 200], send)
      const consumer = yield* Member.consumer(
        {
          subscriptions: { [name]: MessageSelector.sql("amount >= 100 AND region = 'eu'") },
          persistInterval: "200 millis"
        },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
      yield* Await.received("the backlog comes", inbox, 2)
      yield* Effect.sleep("300 millis")
      yield* Effect.forEach([300, 3, 400, 4, 5, 6], send)
      yield* Await.received("what is sent later comes", inbox, 4)
      yield* Expect.equal("and nothing else", inbox.all(), ["100", "200", "300", "400"])
      yield* Await.until(
        "the committed offset is behind what was filtered out",
        Stored.committedSum(consumer.group, name),
        (sum) => sum === 10n,
        { within: "25 seconds" }
      )
    },
    "40 seconds"
  )
]
