/**
 * Consumers as Streams.
 *
 * @since 0.1.0
 */
import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as Delivery from "@effect-rocketmq/client/Delivery"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("streams")

const textOf = ({ message }: { readonly message: MessageExt.MessageExt }): string => MessageExt.text(message)

/** A topic of one queue a broker, all messages in one queue, and what a consumer of it needs. */
const filled = (count: number) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const producer = yield* Member.sender()
    const queue = (yield* producer.queues(name))[0]
    const bodies = Array.from({ length: count }, (_, i) => String(i))
    for (const body of bodies) yield* producer.send(Message.make({ topic: name, body }), { queue })
    const options = {
      group: cluster.group(),
      subscriptions: { [name]: MessageSelector.all },
      consumeFrom: "first",
      persistInterval: "1 second"
    } as const
    return { name, producer, queue, bodies, options, client: cluster.client() }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const streams: ReadonlyArray<Behaviour> = [
  behaviour("a stream has the messages of a queue in order, and what is acknowledged is committed", function*() {
    const { bodies, client, name, options } = yield* filled(40)
    const texts = yield* Consumer.stream(options).pipe(
      Stream.tap(({ ack }) => ack),
      Stream.map(textOf),
      Stream.take(40),
      Stream.runCollect,
      Effect.provide(client)
    )
    yield* Expect.equal("in order", [...texts], bodies)
    yield* Expect.equal("all are committed", yield* Stored.committedSum(options.group, name), 40n)
  }),

  behaviour("a stream gives out no more than concurrency allows until something is settled", function*() {
    const { client, options } = yield* filled(20)
    const held = Inbox.make<Delivery.Delivery>()
    yield* Consumer.stream({ ...options, concurrency: 3 }).pipe(
      Stream.runForEach((delivery) => Effect.sync(() => held.add(delivery))),
      Effect.provide(client),
      Effect.forkScoped
    )
    yield* Await.received("three come", held, 3)
    yield* Await.nothingMore("and no more", held, "500 millis")
    yield* Expect.equal("it settles once", [yield* held.all()[0]!.ack, yield* held.all()[0]!.ack], [true, false])
    yield* Await.received("then the next one comes", held, 4)
    yield* Await.nothingMore("and that is all", held, "300 millis")
  }),

  behaviour("what a stream does not acknowledge comes again, and so does what is in hand when it ends", function*() {
    const { client, name, options } = yield* filled(3)
    const fates = Inbox.make<string>()
    const seen = yield* Deferred.make<void>()
    const fiber = yield* Consumer.stream(options).pipe(
      Stream.runForEach((delivery) => {
        const text = textOf(delivery)
        const { message: { reconsumeTimes } } = delivery
        fates.add(`${text}:${reconsumeTimes}`)
        if (text === "0") return delivery.ack
        if (text === "1") return reconsumeTimes === 0 ? delivery.nack(1) : Deferred.succeed(seen, undefined)
        return Effect.void
      }),
      Effect.provide(client),
      Effect.fork
    )
    yield* Deferred.await(seen)
    yield* Expect.equal("each came", [...fates.all()].sort(), ["0:0", "1:0", "1:1", "2:0"])
    const [took] = yield* Await.timed(Fiber.interrupt(fiber))
    yield* Expect.took("the end waits for nobody", took, { atMost: 5000 })
    const again = Inbox.make<string>()
    yield* Member.consumer(
      { group: options.group, subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.sync(() => again.add(MessageExt.text(message)))
    )
    yield* Await.received("the two that were in hand come again", again, 2, { within: "20 seconds" })
    yield* Expect.equal("they alone", [...again.all()].sort(), ["1", "2"])
  }),

  behaviour("sub-streams by queue and by key work side by side, each in its order", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 2 })
    const producer = yield* Member.sender()
    const queues = yield* producer.queues(name)
    for (let i = 0; i < 24; i++) {
      const queue = queues[i % queues.length]
      yield* producer.send(Message.make({ topic: name, body: String(i), keys: [`k${i % 3}`] }), { queue })
    }
    const options = { subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first" } as const
    const byQueue = yield* Consumer.stream({ ...options, group: cluster.group() }).pipe(
      Delivery.perQueue((queue, deliveries) =>
        Stream.mapEffect(
          deliveries,
          (delivery) =>
            Effect.as(delivery.ack, [`${queue.brokerName}:${queue.queueId}`, Number(textOf(delivery))] as const)
        )
      ),
      Stream.take(24),
      Stream.runCollect,
      Effect.provide(cluster.client())
    )
    const byKey = yield* Consumer.stream({ ...options, group: cluster.group() }).pipe(
      Delivery.perKey(
        { key: ({ keys }) => keys[0] ?? "", lanes: 4 },
        (deliveries) =>
          Stream.mapEffect(
            deliveries,
            (delivery) => Effect.as(delivery.ack, [delivery.message.keys[0]!, Number(textOf(delivery))] as const)
          )
      ),
      Stream.take(24),
      Stream.runCollect,
      Effect.provide(cluster.client())
    )
    const parts = (all: Iterable<readonly [string, number]>): ReadonlyMap<string, ReadonlyArray<number>> => {
      const found = new Map<string, Array<number>>()
      for (const [key, i] of all) found.set(key, [...found.get(key) ?? [], i])
      return found
    }
    yield* Expect.equal("each queue has its own", parts(byQueue).size, queues.length)
    for (const numbers of parts(byQueue).values()) {
      yield* Expect.equal("in order", numbers, [...numbers].sort((a, b) => a - b))
    }
    yield* Expect.equal("three keys", [...parts(byKey).keys()].sort(), ["k0", "k1", "k2"])
    yield* Expect.equal("nothing is missing", [...byKey].map(([, i]) => i).sort((a, b) => a - b), [...Array(24).keys()])
  }),

  behaviour("a stream in order has the next message of a queue when the one before is acknowledged", function*() {
    const { client, options } = yield* filled(3)
    const held = Inbox.make<Delivery.OrderlyDelivery>()
    yield* Consumer.streamOrderly({ ...options, suspendTime: "100 millis" }).pipe(
      Stream.runForEach((delivery) => Effect.sync(() => held.add(delivery))),
      Effect.provide(client),
      Effect.forkScoped
    )
    yield* Await.received("the first comes", held, 1, { within: "30 seconds" })
    yield* Await.nothingMore("alone", held, "300 millis")
    yield* held.all()[0]!.nack()
    yield* Await.received("it comes again", held, 2)
    yield* held.all()[1]!.ack
    yield* Await.received("then the next", held, 3)
    yield* Expect.equal("in order", held.all().map(textOf), ["0", "0", "1"])
  })
]
