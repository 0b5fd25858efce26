/**
 * How consumers end.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
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

const behaviour = area("stopping")

/**
 * @since 0.1.0
 * @category behaviours
 */
export const stopping: ReadonlyArray<Behaviour> = [
  behaviour("a stop waits for the running handler and commits what it finished", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) =>
        Effect.sync(() => inbox.add(`begin ${MessageExt.text(message)}`)).pipe(
          Effect.zipRight(Effect.sleep("1 second")),
          Effect.zipRight(Effect.sync(() => inbox.add(`end ${MessageExt.text(message)}`)))
        )
    )
    yield* producer.send(Message.make({ topic: name, body: "x" }))
    yield* Await.received("the handler runs", inbox, 1)
    const [took] = yield* Await.timed(consumer.stop)
    yield* Expect.equal("it ended before the stop did", inbox.all(), ["begin x", "end x"])
    yield* Expect.took("the stop took no longer than needed", took, { atMost: 3000 })
    yield* Expect.equal("the message is committed", yield* Stored.committedSum(consumer.group, name), 1n)
  }),

  behaviour("a handler that outlasts the shutdown is interrupted, and its message is not committed", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    let interrupted = 0
    const consumer = yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, shutdownTimeout: "500 millis" },
      (message) =>
        Effect.zipRight(
          Effect.sync(() => inbox.add(MessageExt.text(message))),
          MessageExt.text(message) === "stuck"
            ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
            : Effect.void
        )
    )
    const queue = (yield* producer.queues(name))[0]
    yield* producer.send(Message.make({ topic: name, body: "done" }), { queue })
    yield* producer.send(Message.make({ topic: name, body: "stuck" }), { queue })
    yield* Await.received("both handlers were started", inbox, 2)
    const [took] = yield* Await.timed(consumer.stop)
    yield* Expect.took("the stop ends in time", took, { atLeast: 450, atMost: 3000 })
    yield* Expect.equal("the handler was interrupted", interrupted, 1)
    yield* Expect.equal("only the finished message is committed", yield* Stored.committedSum(consumer.group, name), 1n)
    const again = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, group: consumer.group },
      (message) => Effect.sync(() => again.add(MessageExt.text(message)))
    )
    const all = yield* Await.received("the message comes to the next member", again, 1)
    yield* Expect.equal("it alone", all, ["stuck"])
  }),

  behaviour("the receipt of a stop tells what finished, what is committed, and exactly what comes again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const began = Inbox.make<string>()
    const told: Array<string> = []
    const stopping = yield* Effect.makeLatch()
    const consumer = yield* Member.consumer(
      {
        subscriptions: { [name]: MessageSelector.all },
        concurrency: 2,
        shutdownTimeout: "3 seconds",
        onStop: ({ group }) => Effect.sync(() => void told.push(group))
      },
      (message) =>
        Effect.zipRight(
          Effect.sync(() => began.add(MessageExt.text(message))),
          MessageExt.text(message) === "slow"
            ? Effect.zipRight(stopping.await, Effect.sleep("500 millis"))
            : Effect.never
        )
    )
    const queue = (yield* producer.queues(name))[0]
    for (const body of ["slow", "stuck", "waits 1", "waits 2"]) {
      yield* producer.send(Message.make({ topic: name, body, keys: [body.replaceAll(" ", "-")] }), { queue })
    }
    yield* Await.received("two handlers run", began, 2)
    yield* Await.until(
      "the others are pulled",
      consumer.service.stats,
      ({ cachedCount }) => cachedCount === 4
    )
    yield* stopping.open
    const receipt = yield* consumer.service.stop
    yield* Expect.equal("once stopped it says the same", yield* consumer.service.stop, receipt)
    yield* consumer.stop
    yield* Expect.equal("onStop was told once", told, [consumer.group])
    yield* Expect.equal(
      "what finished",
      receipt.finished.map(({ keys, offset }) => [keys[0], offset]),
      [["slow", 0n]]
    )
    yield* Expect.equal(
      "what is abandoned",
      receipt.abandoned.map(({ isBegun, keys, offset }) => [keys[0], offset, isBegun]),
      [["stuck", 1n, true], ["waits-1", 2n, false], ["waits-2", 3n, false]]
    )
    yield* Expect.equal(
      "where the queue goes on",
      receipt.committed.filter(([of]) => of.topic === name && of.brokerName === queue?.brokerName).map(([, at]) => at),
      [1n]
    )
    yield* Expect.equal("nothing else", [receipt.uncommitted, receipt.repeated], [[], 0])
    const again = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all }, group: consumer.group, concurrency: 1 },
      (message) => Effect.sync(() => again.add(message.msgId))
    )
    yield* Await.received("the abandoned ones come again", again, 3)
    yield* Await.nothingMore("and no others", again, "500 millis")
    yield* Expect.equal("they are those", again.all(), receipt.abandoned.map(({ msgId }) => msgId))
  }),

  behaviour("an idle consumer stops at once, held pulls or not", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const consumer = yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all } }, () => Effect.void)
    yield* Effect.sleep("500 millis")
    const [took] = yield* Await.timed(consumer.stop)
    yield* Expect.took("within 2 seconds", took, { atMost: 2000 })
  }),

  behaviour("a consumer may start and stop many times", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    const group = yield* Effect.map(Cluster, (cluster) => cluster.group())
    for (let round = 0; round < 5; round++) {
      const consumer = yield* Member.consumer(
        { subscriptions: { [name]: MessageSelector.all }, group },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
      yield* producer.send(Message.make({ topic: name, body: `${round}` }))
      yield* Await.received(`the message of round ${round} comes`, inbox, round + 1)
      yield* consumer.stop
    }
    yield* Expect.equal("each message once, in its round", inbox.all(), ["0", "1", "2", "3", "4"])
    yield* Expect.equal("all are committed", yield* Stored.committedSum(group, name), 5n)
  })
]
