import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Embedded from "../src/Embedded.js"
import * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Storage from "../src/Storage.js"
import * as VirtualTime from "../src/VirtualTime.js"

const TOPIC = "orders"

/** A consumer that notes what it gets, as long as the Scope lives. */
const consume = (received: Array<string>) =>
  Layer.build(Consumer.layer(
    { group: "billing", subscriptions: { [TOPIC]: MessageSelector.all }, consumeFrom: "first" },
    (message) => Effect.sync(() => void received.push(MessageExt.text(message)))
  ))

const send = (body: string) =>
  Effect.flatMap(Producer.Producer, (producer) => producer.send(Message.make({ topic: TOPIC, body })))

const sendAll = (from: number, to: number) =>
  Effect.forEach(Array.from({ length: to - from }, (_, i) => `m${from + i}`), (body) => Effect.as(send(body), body))

const onCluster = <A, E>(
  options: EmbeddedCluster.Options,
  test: (
    cluster: EmbeddedCluster.Cluster
  ) => Effect.Effect<A, E, Effect.Effect.Context<ReturnType<typeof consume> | ReturnType<typeof send>>>
) =>
  VirtualTime.run(
    Effect.provide(
      Effect.flatMap(EmbeddedCluster.EmbeddedCluster, test),
      Producer.layer({ group: "checkout", sendTimeout: "60 seconds" }).pipe(
        Layer.provideMerge(Embedded.layer({ cluster: options }))
      )
    )
  )

describe("a consumer", () => {
  it.live(
    "gets what was kept, again where its offsets were lost, when the broker's process dies",
    () =>
      onCluster({}, (cluster) =>
        Effect.gen(function*() {
          const received: Array<string> = []
          yield* consume(received)
          yield* sendAll(0, 10)
          yield* Effect.sleep("20 seconds")
          assert.strictEqual(received.length, 10)
          yield* sendAll(10, 20)
          yield* cluster.crash("broker-a")
          yield* Effect.sleep("5 seconds")
          yield* cluster.start("broker-a")
          const left = (yield* cluster.messages(TOPIC)).map(MessageExt.text)
          // the last flush was before some of them: they were acknowledged and are gone
          assert.isBelow(left.length, 20)
          // it had read beyond what is left, and goes back to the end; what is stored sooner it takes for read
          yield* Effect.sleep("30 seconds")
          const later = yield* sendAll(20, 25)
          yield* Effect.sleep("1 minute")
          for (const body of [...left, ...later]) assert.include(received, body)
          assert.deepStrictEqual(
            (yield* cluster.messages(TOPIC)).map(MessageExt.text).sort(),
            [...left, ...later].sort()
          )
        })),
    60_000
  )

  it.live(
    "loses nothing when the broker flushes before it answers",
    () =>
      onCluster({ storage: Storage.memory({ flush: "sync" }) }, (cluster) =>
        Effect.gen(function*() {
          const received: Array<string> = []
          yield* consume(received)
          const sent = yield* sendAll(0, 10)
          for (let i = 1; i <= 5; i++) {
            yield* cluster.crash("broker-a")
            yield* Effect.sleep("2 seconds")
            yield* cluster.start("broker-a")
            for (const body of yield* sendAll(i * 10, i * 10 + 10)) sent.push(body)
          }
          yield* Effect.sleep("1 minute")
          assert.deepStrictEqual(Array.from(new Set(received)).sort(), sent.sort())
        })),
    60_000
  )

  it.live(
    "gets again what was behind the offsets that went back",
    () =>
      onCluster({}, (cluster) =>
        Effect.gen(function*() {
          const first: Array<string> = []
          yield* Effect.scoped(Effect.gen(function*() {
            yield* consume(first)
            yield* sendAll(0, 10)
            yield* Effect.sleep("20 seconds")
            yield* sendAll(10, 20)
            yield* Effect.sleep("20 seconds")
          }))
          assert.strictEqual(first.length, 20)
          yield* cluster.rollbackOffsets("broker-a", "21 seconds")
          const second: Array<string> = []
          yield* consume(second)
          yield* Effect.sleep("20 seconds")
          assert.deepStrictEqual(second.sort(), first.slice(10).sort())
        })),
    60_000
  )
})
