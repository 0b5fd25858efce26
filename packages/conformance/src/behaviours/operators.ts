/**
 * What operators ask of running consumers, through the broker.
 *
 * @since 0.1.0
 */
import * as ConsumeResult from "@effect-rocketmq/client/ConsumeResult"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as ConsumeMessageDirectlyResult from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import * as ConsumerConnection from "@effect-rocketmq/protocol/ConsumerConnection"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as ConsumerStatus from "@effect-rocketmq/protocol/ConsumerStatus"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("operators")

/** Asks the first master, claims success, and reads the body. */
const ask = <A, E>(request: Request, decode: (bytes: Uint8Array) => Either.Either<A, E>) =>
  Effect.gen(function*() {
    const { broker } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    const answer = yield* broker.request(address, request, 12_000)
    yield* Expect.equal(
      `${request.code} is answered (${answer.remark ?? "no remark"})`,
      answer.code,
      ResponseCode.SUCCESS
    )
    const body = yield* Expect.present("the answer has a body", answer.body)
    return yield* decode(body)
  })

/** A consumer that notes bodies, under a known client id. */
const watched = Effect.gen(function*() {
  const { topic } = yield* Cluster
  const name = yield* topic({ queues: 2 })
  const clientId = `conf-${name}`
  const inbox = Inbox.make<string>()
  const consumer = yield* Member.consumer(
    {
      subscriptions: { [name]: MessageSelector.all },
      client: { clientId },
      persistInterval: "300 millis",
      // an idle consumer learns of a reset when its held pull ends
      suspendTimeout: "2 seconds"
    },
    (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
  )
  return { name, clientId, inbox, consumer }
})

/**
 * @since 0.1.0
 * @category behaviours
 */
export const operators: ReadonlyArray<Behaviour> = [
  behaviour("a running consumer tells its queues, subscriptions and settings", function*() {
    const { clientId, consumer, inbox, name } = yield* watched
    const producer = yield* Member.sender()
    yield* producer.send(Message.make({ topic: name, body: "x" }))
    yield* Await.received("it has handled a message", inbox, 1)
    const info = yield* ask(
      RequestHeader.GetConsumerRunningInfo.make({ consumerGroup: consumer.group, clientId, jstackEnable: false }),
      ConsumerRunningInfo.decode
    )
    const own = (yield* consumer.service.assignment).filter((queue) => queue.topic === name)
    yield* Expect.equal(
      "its queues",
      info.mqTable.filter(([queue]) => queue.topic === name).map(([queue]) => `${queue.brokerName}:${queue.queueId}`)
        .sort(),
      own.map((queue) => `${queue.brokerName}:${queue.queueId}`).sort()
    )
    yield* Expect.equal(
      "its subscriptions, that to the retry topic included",
      info.subscriptionSet.map((subscription) => [subscription.topic, subscription.subString]).sort(),
      [[name, "*"], [Names.retryTopic(consumer.group), "*"]].sort()
    )
    yield* Expect.equal(
      "what the Java tools look for is there",
      ["PROP_CONSUME_TYPE", "PROP_CONSUMEORDERLY", "PROP_THREADPOOL_CORE_SIZE", "PROP_CONSUMER_START_TIMESTAMP"]
        .filter((property) => info.properties[property] === undefined),
      []
    )
  }),

  behaviour("a message given to one consumer directly is handled, and the result is told", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const clientId = `conf-${name}`
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, client: { clientId }, retryDelayLevel: 18 },
      (message) => {
        inbox.add(MessageExt.text(message))
        switch (MessageExt.text(message)) {
          case "good":
            return Effect.void
          case "later":
            return Effect.succeed(ConsumeResult.retry(18))
          default:
            return Effect.fail(new Error("the handler says no"))
        }
      }
    )
    const all = yield* masters
    for (
      const [body, result] of [
        ["good", "CR_SUCCESS"],
        ["later", "CR_LATER"],
        ["bad", "CR_THROW_EXCEPTION"]
      ] as const
    ) {
      const receipt = yield* producer.send(Message.make({ topic: name, body }))
      const before = yield* Await.until(
        `${body} was handled in its course`,
        Effect.sync(() => inbox.all().filter((handled) => handled === body).length),
        (count) => count === 1
      )
      const { broker } = yield* Cluster
      const address = yield* Expect.present(
        "the message's broker is known",
        all.find(({ brokerName }) => brokerName === receipt.messageQueue.brokerName)?.address
      )
      const answer = yield* broker.request(
        address,
        RequestHeader.ConsumeMessageDirectly.make({
          consumerGroup: consumer.group,
          clientId,
          msgId: receipt.offsetId,
          brokerName: receipt.messageQueue.brokerName
        }),
        12_000
      )
      yield* Expect.equal(`${body} is answered (${answer.remark ?? ""})`, answer.code, ResponseCode.SUCCESS)
      const decoded = yield* ConsumeMessageDirectlyResult.decode(
        yield* Expect.present("the answer has a body", answer.body)
      )
      yield* Expect.equal(`${body} ends as`, [decoded.consumeResult, decoded.order], [result, false])
      yield* Expect.equal(
        `the handler saw ${body} once more`,
        inbox.all().filter((handled) => handled === body).length,
        before + 1
      )
      if (body === "bad") {
        yield* Expect.mentions("the failure is told", decoded.remark ?? "", ["the handler says no"])
      }
    }
  }),

  behaviour("the broker tells who is connected, and how they consume", function*() {
    const { clientId, consumer, name } = yield* watched
    const connection = yield* ask(
      RequestHeader.GetConsumerConnectionList.make({ consumerGroup: consumer.group }),
      ConsumerConnection.decode
    )
    yield* Expect.equal("the member", connection.connectionSet.map((entry) => entry.clientId), [clientId])
    yield* Expect.equal(
      "how it consumes",
      [connection.consumeType, connection.messageModel, connection.consumeFromWhere],
      ["CONSUME_PASSIVELY", "CLUSTERING", "CONSUME_FROM_FIRST_OFFSET"]
    )
    yield* Expect.equal(
      "what it is subscribed to",
      [...connection.subscriptionTable.keys()].sort(),
      [name, Names.retryTopic(consumer.group)].sort()
    )
  }),

  behaviour("a consumer tells its offsets", function*() {
    const { clientId, consumer, inbox, name } = yield* watched
    const producer = yield* Member.sender()
    const { address, queue } = yield* Stored.queueOf(name)
    for (const body of ["a", "b", "c"]) yield* producer.send(Message.make({ topic: name, body }), { queue })
    yield* Await.received("it has handled three", inbox, 3)
    yield* consumer.service.commit
    const { broker } = yield* Cluster
    const answer = yield* broker.request(
      address,
      RequestHeader.InvokeBrokerToGetConsumerStatus.make({ topic: name, group: consumer.group, clientAddr: clientId }),
      12_000
    )
    yield* Expect.equal(`it is answered (${answer.remark ?? ""})`, answer.code, ResponseCode.SUCCESS)
    const status = yield* ConsumerStatus.decode(yield* Expect.present("the answer has a body", answer.body))
    const own = status.consumerTable.get(clientId) ?? []
    yield* Expect.equal(
      "three are done in queue 0 of the first broker",
      own.find(([at]) => at.brokerName === queue.brokerName && at.queueId === 0)?.[1],
      3n
    )
  }),

  behaviour("a running consumer follows when its offsets are moved back", function*() {
    const { broker, masters } = yield* Cluster
    const { consumer, inbox, name } = yield* watched
    const producer = yield* Member.sender()
    const bodies = Array.from({ length: 20 }, (_, i) => `${i}`)
    yield* Effect.forEach(bodies, (body) => producer.send(Message.make({ topic: name, body })))
    yield* Await.received("20 come", inbox, 20)
    yield* Await.until("they are committed", Stored.committedSum(consumer.group, name), (sum) => sum === 20n)
    for (const { address } of yield* masters) {
      yield* broker.resetOffset(address, { group: consumer.group, topic: name, to: { timestamp: 0 }, force: true })
    }
    yield* Await.received("all 20 come again", inbox, 40, { within: "25 seconds" })
    yield* Await.nothingMore("and no more", inbox, "1 second")
    yield* Expect.equal("each twice", [...inbox.all()].sort(), [...bodies, ...bodies].sort())
    yield* Await.until("they are committed again", Stored.committedSum(consumer.group, name), (sum) => sum === 20n)
  }, "60 seconds"),

  behaviour("a running consumer follows when its offsets are moved to the end", function*() {
    const { broker, masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const queue = (yield* producer.queues(name))[0]
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      {
        subscriptions: { [name]: MessageSelector.all },
        concurrency: 1,
        pullThresholdCount: 5,
        pullBatchSize: 5,
        persistInterval: "300 millis"
      },
      (message) => Effect.zipRight(Effect.sleep("400 millis"), Effect.sync(() => inbox.add(MessageExt.text(message))))
    )
    for (let i = 0; i < 200; i++) yield* producer.send(Message.make({ topic: name, body: `old-${i}` }), { queue })
    yield* Await.received("some are handled", inbox, 2)
    for (const { address } of yield* masters) {
      yield* broker.resetOffset(address, { group: consumer.group, topic: name, to: { timestamp: -1 }, force: true })
    }
    yield* Effect.sleep("500 millis")
    yield* producer.send(Message.make({ topic: name, body: "new" }), { queue })
    yield* Await.until(
      "the new message is handled soon",
      Effect.sync(() => inbox.all().includes("new")),
      (seen) => seen,
      { within: "12 seconds" }
    )
    yield* Expect.that("most of the old ones were skipped", inbox.all().length < 100, inbox.all().length)
  })
]
