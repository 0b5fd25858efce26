/**
 * Groups in which each member gets all messages.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as OffsetStore from "@effect-rocketmq/client/OffsetStore"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("broadcast")

const into = (inbox: Inbox.Inbox<string>) => (message: MessageExt.MessageExt): Effect.Effect<void> =>
  Effect.sync(() => inbox.add(MessageExt.text(message)))

const numbered = (topic: string, from: number, to: number): ReadonlyArray<Message.Message> =>
  Array.from({ length: to - from }, (_, i) => Message.make({ topic, body: `${from + i}` }))

const bodies = (from: number, to: number): Array<string> =>
  Array.from({ length: to - from }, (_, i) => `${from + i}`).sort()

const options = (topic: string, group: string): Member.ConsumerOptions => ({
  group,
  subscriptions: { [topic]: MessageSelector.all },
  messageModel: "broadcasting",
  rebalanceInterval: "2 seconds",
  persistInterval: "200 millis"
})

/**
 * @since 0.1.0
 * @category behaviours
 */
export const broadcast: ReadonlyArray<Behaviour> = [
  behaviour("each member gets each message, from the moment it is ready, and brokers keep no offsets", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 3 })
    const group = cluster.group()
    const producer = yield* Member.sender()
    yield* producer.sendBatch(numbered(name, 0, 10))
    yield* Stored.dispatched
    const inboxes = [Inbox.make<string>(), Inbox.make<string>(), Inbox.make<string>()]
    for (const inbox of inboxes) yield* Member.consumer({ ...options(name, group), consumeFrom: "last" }, into(inbox))
    yield* Effect.forEach(numbered(name, 10, 40), (message) => producer.send(message))
    for (const inbox of inboxes) {
      yield* Await.received("all that was sent since comes", inbox, 30)
      yield* Await.nothingMore("and no more", inbox, "300 millis")
      yield* Expect.equal("each once", [...inbox.all()].sort(), bodies(10, 40))
    }
    yield* Expect.equal("no broker has an offset", [...yield* Stored.committed(group, name)], [])
    const { address } = yield* Stored.firstMaster
    const members = yield* cluster.broker.consumerList(address, group)
    yield* Expect.equal("all are members", Option.map(members, (list) => list.length), Option.some(3))
  }),

  behaviour("a member that comes back with its own store misses nothing and repeats nothing", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 2 })
    const group = cluster.group()
    const producer = yield* Member.sender()
    const offsetStore = yield* OffsetStore.memory
    const inbox = Inbox.make<string>()
    const first = yield* Member.consumer({ ...options(name, group), offsetStore }, into(inbox))
    yield* producer.sendBatch(numbered(name, 0, 20))
    yield* Await.received("20 come", inbox, 20)
    yield* first.stop
    yield* producer.sendBatch(numbered(name, 20, 40))
    yield* Stored.dispatched
    yield* Member.consumer({ ...options(name, group), offsetStore, consumeFrom: "last" }, into(inbox))
    yield* Await.received("those that came meanwhile come", inbox, 40)
    yield* Await.nothingMore("and no more", inbox, "500 millis")
    yield* Expect.equal("each once", [...inbox.all()].sort(), bodies(0, 40))
  }),

  behaviour(
    "a message that fails is handled again by that member alone, and passed in the end with an event",
    function*() {
      const cluster = yield* Cluster
      const name = yield* cluster.topic({ queues: 1 })
      const group = cluster.group()
      const producer = yield* Member.sender()
      const offsetStore = yield* OffsetStore.memory
      const attempts = Inbox.make<number>()
      const good = Inbox.make<string>()
      const failing = yield* Member.consumer(
        { ...options(name, group), maxReconsumeTimes: 2, offsetStore },
        (message) => {
          if (MessageExt.text(message) !== "1") return Effect.void
          attempts.add(message.reconsumeTimes)
          return Effect.fail("no")
        }
      )
      yield* Member.consumer(options(name, group), into(good))
      const passed = yield* Effect.fork(Stream.runCollect(Stream.take(
        Stream.filterMap(
          failing.service.events,
          (event) => event._tag === "Passed" ? Option.some(MessageExt.text(event.message)) : Option.none()
        ),
        1
      )))
      const { queue } = yield* Stored.queueOf(name)
      yield* Effect.forEach(numbered(name, 0, 4), (message) => producer.send(message, { queue }))
      yield* Await.received("it is handled three times", attempts, 3)
      yield* Expect.equal("counted", attempts.all(), [0, 1, 2])
      yield* Expect.equal("then it is passed", Chunk.toReadonlyArray(yield* Fiber.join(passed)), ["1"])
      yield* Await.until(
        "its offset is noted as done",
        Effect.sync(() => offsetStore.noted(queue)),
        (offset) => Option.isSome(offset) && offset.value === 4n
      )
      yield* Await.nothingMore("it does not come again", attempts, "500 millis")
      yield* Expect.equal("the other member had each once", [...good.all()].sort(), bodies(0, 4))
    }
  )
]
