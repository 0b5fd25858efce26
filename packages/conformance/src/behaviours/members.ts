/**
 * How the members of a group share its messages.
 *
 * @since 0.1.0
 */
import { Client } from "@effect-rocketmq/client/Client"
import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("members")

interface Handled {
  readonly member: string
  readonly body: string
}

/** A member that notes what it handles under its name. */
const member = (name: string, topic: string, inbox: Inbox.Inbox<Handled>, options?: Partial<Member.ConsumerOptions>) =>
  Member.consumer(
    {
      subscriptions: { [topic]: MessageSelector.all },
      rebalanceInterval: "2 seconds",
      persistInterval: "500 millis",
      ...options
    },
    (message) => Effect.sync(() => inbox.add({ member: name, body: MessageExt.text(message) }))
  )

/** The queues of the topic that each member has, as soon as each queue has one owner and the shares are even. */
const shared = (
  topic: string,
  queues: number,
  members: ReadonlyArray<Member.RunningConsumer>
) =>
  Await.until(
    `${members.length} members share ${queues} queues evenly`,
    Effect.forEach(members, ({ service }) =>
      Effect.map(
        service.assignment,
        (own) => own.filter((queue) => queue.topic === topic).map(MessageQueue.key)
      )),
    (shares) =>
      shares.flat().length === queues && new Set(shares.flat()).size === queues &&
      shares.every((share) => Math.abs(share.length - queues / members.length) < 1),
    { within: "20 seconds" }
  )

const memberIds = (group: string) =>
  Effect.gen(function*() {
    const { broker } = yield* Cluster
    const { address } = yield* Stored.firstMaster
    return Option.getOrElse(yield* broker.consumerList(address, group), (): ReadonlyArray<string> => [])
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const members: ReadonlyArray<Behaviour> = [
  behaviour("a consumer is listed as a member while it runs, and not after it stopped", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const inbox = Inbox.make<Handled>()
    const ids = [`conf-a-${name}`, `conf-b-${name}`] as const
    const first = yield* member("a", name, inbox, { client: { clientId: ids[0] } })
    const second = yield* member("b", name, inbox, { client: { clientId: ids[1] }, group: first.group })
    yield* Await.until(
      "both are listed",
      memberIds(first.group),
      (list) => list.length === 2
    )
    yield* Expect.equal("under their client ids", [...yield* memberIds(first.group)].sort(), [...ids])
    yield* second.stop
    yield* Expect.equal("the one that stopped is gone at once", yield* memberIds(first.group), [ids[0]])
    yield* first.stop
    yield* Expect.equal("then nobody is left", yield* memberIds(first.group), [])
  }),

  behaviour("members are told when another one comes and goes", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const inbox = Inbox.make<string>()
    const group = cluster.group()
    yield* Effect.gen(function*() {
      const client = yield* Client
      yield* client.watchTopic(name)
      yield* client.registerConsumer({
        group,
        consumeType: "CONSUME_PASSIVELY",
        messageModel: "CLUSTERING",
        consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
        subscriptions: () => [],
        onGroupChanged: Effect.sync(() => inbox.add("changed")),
        onResetOffset: () => Effect.void,
        offsets: () => Effect.succeed([]),
        runningInfo: Effect.dieMessage("nobody asks"),
        consumeDirectly: () => Effect.dieMessage("nobody asks")
      })
      yield* Effect.sleep("500 millis")
      const before = inbox.all().length
      const other = yield* Member.consumer(
        { subscriptions: { [name]: MessageSelector.all }, group, ready: false },
        () => Effect.void
      )
      yield* Await.received("told that one came", inbox, before + 1, { within: "5 seconds" })
      yield* Effect.sleep("500 millis")
      const between = inbox.all().length
      yield* other.stop
      yield* Await.received("told that it went", inbox, between + 1, { within: "5 seconds" })
    }).pipe(Effect.scoped, Effect.provide(cluster.client()))
  }),

  behaviour("two members share the queues, and no message reaches both", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const queues = 4 * (yield* masters).length
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const first = yield* member("a", name, inbox)
    const second = yield* member("b", name, inbox, { group: first.group })
    yield* shared(name, queues, [first, second])
    yield* Effect.forEach(
      Array.from({ length: 200 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` })),
      { concurrency: 16 }
    )
    const all = yield* Await.received("200 are handled", inbox, 200)
    yield* Await.nothingMore("and no more", inbox, "700 millis")
    yield* Expect.equal("each once", new Set(all.map(({ body }) => body)).size, 200)
    yield* Expect.that(
      "each member handled some",
      all.some((entry) => entry.member === "a") && all.some((entry) => entry.member === "b"),
      all.map((entry) => entry.member).join("")
    )
  }, "45 seconds"),

  behaviour("members join and leave while messages flow: none is lost, none comes twice", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 6 })
    const queues = 6 * (yield* masters).length
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const first = yield* member("a", name, inbox)
    const second = yield* member("b", name, inbox, { group: first.group })
    yield* shared(name, queues, [first, second])
    let sent = 0
    let flowing = true
    const flow = yield* Effect.fork(Effect.whileLoop({
      while: () => flowing,
      body: () =>
        Effect.zipRight(
          producer.send(Message.make({ topic: name, body: `${sent++}` })),
          Effect.sleep("5 millis")
        ),
      step: () => undefined
    }))
    yield* Effect.sleep("500 millis")
    const third = yield* member("c", name, inbox, { group: first.group })
    yield* shared(name, queues, [first, second, third])
    yield* Effect.sleep("500 millis")
    yield* second.stop
    yield* shared(name, queues, [first, third])
    yield* Effect.sleep("500 millis")
    flowing = false
    yield* Fiber.join(flow)
    yield* Await.until(
      "every message is handled",
      Effect.sync(() => new Set(inbox.all().map(({ body }) => body)).size),
      (count) => count === sent
    )
    yield* Await.nothingMore("and no more come", inbox, "700 millis")
    const counts = new Map<string, Array<string>>()
    for (const { body, member } of inbox.all()) counts.set(body, [...counts.get(body) ?? [], member])
    const twice = [...counts].filter(([, by]) => by.length > 1)
    const { stalled } = yield* FiberRef.get(Expect.claims)
    // the next owner waits a second for the last one to commit, which a stalled process cannot keep to
    yield* Expect.that("none came twice", twice.length === 0 || stalled > 500, { twice, stalled })
    yield* Expect.equal("the third took part", inbox.all().some((entry) => entry.member === "c"), true)
  }, "75 seconds"),

  behaviour("more members than queues: those without a queue wait, and take over when one leaves", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const count = (yield* masters).length
    const producer = yield* Member.sender()
    const inbox = Inbox.make<Handled>()
    const group = yield* Effect.map(Cluster, (cluster) => cluster.group())
    // ids in order, so that the members with queues are known
    const start = (i: number) => member(`${i}`, name, inbox, { group, client: { clientId: `m-${i}-${name}` } })
    const running = yield* Effect.forEach(Array.from({ length: count + 1 }, (_, i) => i), start)
    const own = (consumer: Member.RunningConsumer) =>
      Effect.map(consumer.service.assignment, (all) => all.filter((queue) => queue.topic === name).length)
    yield* Await.until(
      "each queue has one owner, and one member has none",
      Effect.forEach(running, own),
      (shares) => shares.join("") === "1".repeat(count) + "0",
      { within: "20 seconds" }
    )
    yield* running[0]!.stop
    yield* Await.until(
      "the idle member has a queue",
      own(running[count]!),
      (queues) => queues === 1,
      { within: "20 seconds" }
    )
    yield* Effect.forEach(
      Array.from({ length: 4 * count }, (_, i) => `${i}`),
      (body) => producer.send(Message.make({ topic: name, body }))
    )
    const all = yield* Await.received("the messages come", inbox, 4 * count)
    yield* Expect.that("it handles some", all.some((entry) => entry.member === `${count}`), all)
  }, "60 seconds"),

  behaviour("a group is a member once for each client: a second one is refused", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const group = cluster.group()
    yield* Effect.gen(function*() {
      const consume = Consumer.make({ group, subscriptions: { [name]: MessageSelector.all } }, () => Effect.void)
      yield* consume
      const error = yield* Expect.fails("the second consumer is refused", consume, "GroupAlreadyRegisteredError")
      yield* Expect.equal("the error tells which", [error.kind, error.group], ["Consumer", group])
      yield* Producer.make({ group })
      const second = yield* Effect.either(Producer.make({ group }))
      yield* Expect.that("a second producer of a group is refused too", second._tag === "Left", second)
    }).pipe(Effect.scoped, Effect.provide(cluster.client()))
  })
]
