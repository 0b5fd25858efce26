/**
 * What becomes of messages that are wanted at a time of their own: by timers of the broker, and by recalls.
 *
 * @since 0.1.0
 */
import type { BrokerError } from "@effect-rocketmq/client/BrokerError"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
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

const behaviour = area("timed")

/** What the broker's wheel may add to a delay: it turns once a second, and gives out a moment later. */
const LATE = 2500

/** Has the first master store a message as it is, without a producer. */
const put = (options: Omit<Message.Options, "topic" | "body">, topic: string, body: string) =>
  Stored.put({ topic, body, properties: Message.make({ ...options, topic, body }).properties })

/** When the topic got its only message, by the broker's clock; 0 before. */
const arrival = (topic: string) => Effect.map(Stored.readAll(topic), (all) => all[0]?.storeTimestamp ?? 0)

const arrives = (topic: string) => Await.until("the message is there", arrival(topic), (time) => time > 0)

/** Claims that a message which is due at `from` (or until `to`, for all that is known) was stored when it should. */
const inTime = (claim: string, stored: number, from: number, to = from) =>
  Expect.took(claim, stored - from, { atLeast: 0, atMost: to - from + LATE })

/** Recalls from the first master by a handle. */
const recall = (topic: string, recallHandle: string) =>
  Effect.gen(function*() {
    const { broker } = yield* Cluster
    const { address, brokerName } = yield* Stored.firstMaster
    return yield* Effect.either(broker.recallMessage(address, { group: "c-recall", topic, brokerName, recallHandle }))
  })

const recalled = (claim: string, topic: string, handle: string | undefined, uniqueKey: string | undefined) =>
  Effect.gen(function*() {
    const answer = yield* recall(topic, yield* Expect.present("the answer to the send has a handle", handle))
    yield* Expect.equal(claim, answer, Either.right(uniqueKey ?? "a unique key"))
  })

const refused = (claim: string, topic: string, handle: string, tag: BrokerError["_tag"], remark: string) =>
  Effect.gen(function*() {
    const answer = yield* recall(topic, handle)
    const seen = Either.isRight(answer) ? "no failure" : answer.left._tag
    yield* Expect.equal(`${claim}: the failure's tag`, seen, tag)
    yield* Expect.mentions(
      `${claim}: the broker's words`,
      Either.isLeft(answer) ? answer.left.message : "",
      [topic, remark]
    )
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const timed: ReadonlyArray<Behaviour> = [
  behaviour("a message with a delay is consumed not before its time, and soon after", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const inbox = Inbox.make<readonly [at: number, message: MessageExt.MessageExt]>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.map(Clock.currentTimeMillis, (at) => inbox.add([at, message]))
    )
    const producer = yield* Member.sender()
    const before = yield* Clock.currentTimeMillis
    const receipt = yield* producer.send(
      Message.make({ topic: name, body: "later", tags: "t", keys: ["k"], flag: 7, delay: "2 seconds" })
    )
    const after = yield* Clock.currentTimeMillis
    const [first] = yield* Await.received("it comes", inbox, 1)
    const [at, message] = yield* Expect.present("it came", first)
    yield* inTime("2 s after it was sent", at, before + 2000, after + 2000)
    yield* Expect.equal(
      "as it was sent",
      [MessageExt.text(message), message.msgId, message.topic, message.tags, message.keys, message.flag],
      ["later", receipt.uniqueKey, name, "t", ["k"], 7]
    )
    yield* Await.nothingMore("and once", inbox, "1500 millis")
  }),

  behaviour(
    "a message for a time is stored in its topic not before it, and within the second that follows",
    function*() {
      const { topic } = yield* Cluster
      const now = yield* Clock.currentTimeMillis
      // on a full second, just after one, and just before one
      const whole = Math.ceil(now / 1000) * 1000 + 2000
      const check = (deliverAt: number) =>
        Effect.gen(function*() {
          const name = yield* topic({ queues: 1 })
          yield* put({ deliverAt }, name, "x")
          yield* inTime(`for ${deliverAt % 1000} ms after a second`, yield* arrives(name), deliverAt)
        })
      yield* Effect.forEach([whole, whole + 1, whole + 999], check, { concurrency: "unbounded" })
    }
  ),

  behaviour("a message for a time that is past is there at once, and cannot be recalled", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const receipt = yield* put({ deliverAt: (yield* Clock.currentTimeMillis) - 5000 }, name, "x")
    yield* Expect.equal("it is in the topic", (yield* Stored.readAll(name)).map(MessageExt.text), ["x"])
    yield* Expect.equal("the answer has no handle", receipt.recallHandle, undefined)
  }),

  behaviour("a delay level wins over a delay", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const [waited, receipt] = yield* Await.timed(
      Effect.zipLeft(put({ delayLevel: 1, delay: "1 minute" }, name, "x"), arrives(name))
    )
    yield* Expect.took("it is there after about a second", waited, { atLeast: 900, atMost: 1000 + LATE })
    yield* Expect.equal("the answer has no handle", receipt.recallHandle, undefined)
  }),

  behaviour("a message may wait for 3 days and no longer", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const days = Duration.days(3)
    const error = yield* Expect.fails(
      "more is refused",
      put({ delay: Duration.sum(days, Duration.seconds(5)) }, name, "x"),
      "MessageIllegalError"
    )
    yield* Expect.mentions("the failure tells the limit in milliseconds", error.message, [name, "259200000"])
    yield* Expect.fails(
      "so is a later time",
      put({ deliverAt: (yield* Clock.currentTimeMillis) + Duration.toMillis(days) + 5000 }, name, "x"),
      "MessageIllegalError"
    )
    yield* Expect.equal("3 days are taken", (yield* put({ delay: days }, name, "x")).status, "SEND_OK")
    yield* Expect.equal("none is in the topic", (yield* Stored.readAll(name)).length, 0)
  }),

  behaviour("the handle of a waiting message tells topic, broker, second and unique key", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const second = Math.ceil((yield* Clock.currentTimeMillis) / 1000) * 1000 + 60_000
    const receipt = yield* put({ deliverAt: second + 500, properties: { UNIQ_KEY: "0123456789ABCDEF" } }, name, "x")
    const handle = yield* Expect.present("the answer has a handle", receipt.recallHandle)
    yield* Expect.equal("it tells all that", yield* MessageId.decodeRecallHandle(handle), {
      topic: name,
      brokerName: (yield* Stored.firstMaster).brokerName,
      timestamp: second + 1,
      messageId: "0123456789ABCDEF"
    })
    yield* recalled("and recalls it", name, handle, "0123456789ABCDEF")
  }),

  behaviour("a recalled message never arrives, and its neighbours do", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    const producer = yield* Member.sender()
    const deliverAt = (yield* Clock.currentTimeMillis) + 5000
    const send = (body: string) => producer.send(Message.make({ topic: name, body, deliverAt }))
    yield* send("before")
    const receipt = yield* send("recalled")
    yield* send("after")
    const handle = yield* Expect.present("the receipt has a handle", receipt.recallHandle)
    const uniqueKey = yield* producer.recall(handle)
    yield* Expect.equal("the answer names it", uniqueKey, receipt.uniqueKey)
    const bodies = yield* Await.received("the others come", inbox, 2)
    yield* Expect.equal("they are the others", [...bodies].sort(), ["after", "before"])
    yield* Await.nothingMore("and it does not", inbox, "3 seconds")
  }),

  behaviour("recalling again succeeds again: brokers look at the handle, not for the message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const receipt = yield* put({ delay: "5 seconds" }, name, "x")
    yield* recalled("once", name, receipt.recallHandle, receipt.transactionId)
    yield* recalled("twice", name, receipt.recallHandle, receipt.transactionId)
    yield* Effect.sleep(5000 + LATE)
    yield* Expect.equal("it is not in the topic", (yield* Stored.readAll(name)).length, 0)
  }),

  behaviour("a recall comes too late when the time has come, and nothing is lost by it", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const receipt = yield* put({ delay: "1 second" }, name, "x")
    const handle = yield* Expect.present("the answer has a handle", receipt.recallHandle)
    yield* arrives(name)
    yield* refused("it is refused", name, handle, "InvalidParameterError", "timestamp invalid")
    yield* Expect.equal("the message is there", (yield* Stored.readAll(name)).map(MessageExt.text), ["x"])
  }),

  behaviour("a handle that is none, or of another topic or broker, is refused", function*() {
    const { topic, topicName } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { brokerName } = yield* Stored.firstMaster
    const timestamp = (yield* Clock.currentTimeMillis) + 60_000
    const handle = (changes: Partial<MessageId.RecallHandle>) =>
      MessageId.encodeRecallHandle({ topic: name, brokerName, timestamp, messageId: "U", ...changes })
    yield* refused("no handle", name, "abc", "InvalidParameterError", "recall handle is invalid")
    yield* refused(
      "another topic's",
      name,
      yield* handle({ topic: `${name}-other` }),
      "InvalidParameterError",
      "topic not match"
    )
    yield* refused(
      "another broker's",
      name,
      yield* handle({ brokerName: "broker-z" }),
      "InvalidParameterError",
      "broker service not available"
    )
    yield* refused(
      "a time beyond the wheel",
      name,
      yield* handle({ timestamp: timestamp + Duration.toMillis("3 days") }),
      "InvalidParameterError",
      "timestamp invalid"
    )
    const unknown = topicName()
    yield* refused("a topic of nobody", unknown, yield* handle({ topic: unknown }), "TopicNotFoundError", "not exist")
  }),

  behaviour("a producer says why it cannot take a message back", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const failure = (recallHandle: string) => Effect.flip(producer.recall(recallHandle))
    const handle = (changes: Partial<MessageId.RecallHandle>) =>
      MessageId.encodeRecallHandle({
        topic: name,
        brokerName: "broker-z",
        timestamp: 1,
        messageId: "U",
        ...changes
      })
    const none = yield* failure("abc")
    yield* Expect.equal("no handle", [none._tag, none.cause._tag, none.outcome], [
      "MessageRecallError",
      "DeserializationError",
      "Refused"
    ])
    const nowhere = yield* failure(yield* handle({}))
    yield* Expect.equal("a broker that is in no route", nowhere.cause._tag, "BrokerNotAvailableError")
    yield* Expect.mentions("names topic and broker", nowhere.message, [name, "broker-z"])
    const { brokerName } = yield* Stored.firstMaster
    const past = yield* failure(yield* handle({ brokerName }))
    yield* Expect.equal("a time that is past", [past.cause._tag, past.outcome], ["InvalidParameterError", "Refused"])
  })
]
