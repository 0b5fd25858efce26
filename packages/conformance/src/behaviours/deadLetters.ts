/**
 * Reading what a group gave up, and giving it another chance.
 *
 * @since 0.1.0
 */
import * as BrokerService from "@effect-rocketmq/client/Broker"
import * as ConsumeResult from "@effect-rocketmq/client/ConsumeResult"
import * as DeadLetters from "@effect-rocketmq/client/DeadLetters"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as NameServerService from "@effect-rocketmq/client/NameServer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"

const behaviour = area("dead letters")

const texts = (letters: Iterable<DeadLetters.DeadLetter>): ReadonlyArray<string> =>
  Array.from(letters, ({ message }) => MessageExt.text(message)).sort()

/** Services to read with. */
const services = Effect.flatMap(
  Cluster,
  (cluster) =>
    Effect.map(
      Member.start(cluster.client()),
      ({ service }) => Context.pick(BrokerService.Broker, NameServerService.NameServer)(service)
    )
)

/** A group that has given up messages of these bodies, and is gone. */
const givenUp = (bodies: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const producer = yield* Member.sender()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      () => Effect.succeed(ConsumeResult.deadLetter)
    )
    const receipts = yield* Effect.forEach(bodies, (body) =>
      producer.send(Message.make({ topic: name, body, keys: [`key-${body}`], tags: body, properties: { own: body } })))
    const context = yield* services
    yield* Await.until(
      "all of them are dead letters",
      DeadLetters.stream(consumer.group, { makeReadable: true }).pipe(Stream.runCount, Effect.provide(context)),
      (count) =>
        count === bodies.length
    )
    yield* consumer.stop
    return {
      name,
      group: consumer.group,
      context,
      ids: receipts.map(({ uniqueKey }) =>
        uniqueKey
      ),
      producer
    }
  })

interface Again {
  readonly body: string
  readonly id: string
  readonly keys: ReadonlyArray<string>
  readonly own: string | undefined
  readonly times: number
  readonly topic: string
}

const note = (inbox: Inbox.Inbox<Again>) => (message: MessageExt.MessageExt) =>
  Effect.sync(() =>
    inbox.add({
      body: MessageExt.text(message),
      id: message.msgId,
      keys: message.keys,
      own: message.properties["own"],
      times: message.reconsumeTimes,
      topic: message.topic
    })
  )

/**
 * @since 0.1.0
 * @category behaviours
 */
export const deadLetters: ReadonlyArray<Behaviour> = [
  behaviour("a group that gave nothing up has no dead letters", function*() {
    const { group } = yield* Cluster
    const context = yield* services
    const count = yield* DeadLetters.stream(group()).pipe(Stream.runCount, Effect.provide(context))
    yield* Expect.equal("none", count, 0)
  }),

  behaviour("dead letters of a write-only topic are read when it is made readable, and the error says so", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      () => Effect.succeed(ConsumeResult.deadLetter)
    )
    const receipt = yield* producer.send(Message.make({ topic: name, body: "a", keys: ["k"] }))
    const context = yield* services
    const broker = Context.get(context, BrokerService.Broker)
    const dlq = Names.dlqTopic(consumer.group)
    const address = (yield* masters).find(({ brokerName }) => brokerName === receipt.messageQueue.brokerName)?.address
    const master = yield* Expect.present("the broker of the message is known", address)
    const config = yield* Await.until(
      "there is a dead-letter topic",
      Effect.option(broker.topicConfig(master, dlq)),
      Option.isSome
    )
    // as brokers before 5 make it
    yield* broker.createTopic(master, { ...Option.getOrThrow(config), perm: Permission.WRITE })
    const refused = yield* Await.until(
      "it is write-only",
      DeadLetters.stream(consumer.group).pipe(Stream.runCount, Effect.either, Effect.provide(context)),
      (result) => result._tag === "Left"
    )
    yield* Expect.equal("why", refused._tag === "Left" && refused.left.reason, "NotReadable")
    const letters = yield* DeadLetters.stream(consumer.group, { makeReadable: true }).pipe(
      Stream.runCollect,
      Effect.provide(context)
    )
    yield* Expect.equal(
      "the letter, with where it came from",
      Chunk.toReadonlyArray(letters).map(({ group, message, msgId, topic }) => [group, topic, msgId, message.keys]),
      [[consumer.group, name, receipt.uniqueKey, ["k"]]]
    )
  }),

  behaviour(
    "a redrive gives the wanted ones to the group alone, under their ids, with all attempts before them",
    function*() {
      const { context, group, ids, name } = yield* givenUp(["a", "b", "c"])
      const filter = (letter: DeadLetters.DeadLetter) => letter.message.tags !== "b"
      const dry = yield* DeadLetters.redrive(group, { filter, dryRun: true }).pipe(
        Stream.run(DeadLetters.summary),
        Effect.provide(context)
      )
      yield* Expect.equal("the dry run", [dry.wouldSend, dry.filtered, dry.sent], [2, 1, 0])
      const others = Inbox.make<Again>()
      const again = Inbox.make<Again>()
      yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first" }, note(others))
      yield* Await.received("another group has its own three", others, 3)
      yield* Member.consumer({ group, subscriptions: { [name]: MessageSelector.all } }, note(again))
      const summary = yield* DeadLetters.redrive(group, { filter, rate: 100 }).pipe(
        Stream.run(DeadLetters.summary),
        Effect.provide(context)
      )
      yield* Expect.equal("the run", [summary.sent, summary.filtered, summary.failed], [2, 1, 0])
      const received = yield* Await.received("both come again", again, 2, { within: "10 seconds" })
      yield* Expect.equal(
        "as they were",
        [...received].sort((a, b) => a.body.localeCompare(b.body)),
        ([["a", ids[0]!], ["c", ids[2]!]] as const).map(([body, id]) => ({
          body,
          id,
          keys: [`key-${body}`],
          own: body,
          times: 0,
          topic: name
        }))
      )
      const rest = yield* DeadLetters.redrive(group, { from: summary.next }).pipe(
        Stream.runCount,
        Effect.provide(context)
      )
      yield* Expect.equal("nothing is left behind the summary's places", rest, 0)
      yield* Await.nothingMore("the other group got none", others, "500 millis")
    }
  ),

  behaviour("a redrive to the topic gives them to all of its groups", function*() {
    const { context, group, ids, name } = yield* givenUp(["a"])
    const others = Inbox.make<Again>()
    yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all } }, note(others))
    yield* DeadLetters.redrive(group, { to: "topic" }).pipe(Stream.runDrain, Effect.provide(context))
    const [message] = yield* Await.received("the other group gets it", others, 1)
    yield* Expect.equal("as it was", message, {
      body: "a",
      id: ids[0]!,
      keys: ["key-a"],
      own: "a",
      times: 0,
      topic: name
    })
  }),

  behaviour("who follows the dead letters sees later ones", function*() {
    const { context, group, name, producer } = yield* givenUp(["a"])
    const seen = Inbox.make<DeadLetters.DeadLetter>()
    yield* DeadLetters.stream(group, { follow: "100 millis" }).pipe(
      Stream.runForEach((letter) => Effect.sync(() => seen.add(letter))),
      Effect.provide(context),
      Effect.forkScoped
    )
    yield* Await.received("the first", seen, 1)
    yield* Member.consumer(
      { group, subscriptions: { [name]: MessageSelector.all } },
      () => Effect.succeed(ConsumeResult.deadLetter)
    )
    yield* producer.send(Message.make({ topic: name, body: "b" }))
    yield* Expect.equal("both", texts(yield* Await.received("the second", seen, 2)), ["a", "b"])
  })
]
