/**
 * The Java and the Go client as the other side: what they send we consume, what we send Java consumes, and they work
 * among themselves on the embedded broker. What Java and Go get of everything that we can send is in formats.test.ts.
 * Runs where the clients are (see peers.ts); on Apache RocketMQ when `ROCKETMQ_NAMESRV_ADDR` is set, else on the embedded
 * broker over TCP.
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Cluster, Targets } from "@effect-rocketmq/conformance"
import { EmbeddedServer } from "@effect-rocketmq/embedded"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schedule } from "effect"
import { digestOf, digests, given, go, java, outcomes, replies } from "./peers.js"
import type { Digest } from "./peers.js"

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const bodyOf = (number: number) => number % 5 === 0 ? "compressible ".repeat(800) : `ours ${number}`

/** The lines `number reconsumeTimes bodyLength tag` of a consumer, by number. */
const consumedBy = (lines: ReadonlyArray<string>) =>
  new Map(
    lines.filter((line) => /^\d+ \d+ \d+ \w+$/.test(line)).map((line) => {
      const [number, times, length, tag] = line.split(" ")
      return [number!, { times: Number(times), length: Number(length), tag }] as const
    })
  )

const rocketmq = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const target = rocketmq === "" ? Targets.embeddedTcp : Targets.rocketmq(rocketmq)

const nameServer = Effect.suspend(() =>
  rocketmq === ""
    ? Effect.map(EmbeddedServer.serve({ port: 0 }), (cluster) => cluster.nameServerAddress)
    : Effect.succeed(rocketmq)
)

const unique = Effect.map(Clock.currentTimeNanos, (nanos) => `interop-${nanos.toString(36)}`)

describe.skipIf(!java.isReady)("with the Java client", () => {
  it.scopedLive("what Java sends, Java consumes, with a redelivery", () =>
    Effect.gen(function*() {
      const [address, name] = [yield* nameServer, yield* unique]
      const sent = yield* java.run("produce", address, name, `${name}-p`, "40")
      assert.strictEqual(sent.filter((line) => line.includes("SEND_OK")).length, 31, sent.join("\n"))
      const lines = yield* java.run("consume", address, name, `${name}-c`, "40")
      assert.strictEqual(lines.at(-1), "done 40", lines.join("\n"))
      const consumed = consumedBy(lines)
      assert.deepStrictEqual([...consumed.keys()].sort(), numbers(40).sort())
      assert.strictEqual(consumed.get("3")?.times, 1)
      assert.isAbove(consumed.get("5")!.length, 9_999)
    }), 240_000)

  it.scopedLive(
    "what Java sends, we consume: compressed bodies, batches, keys, tags, properties",
    () =>
      Effect.gen(function*() {
        const [address, name] = [yield* nameServer, yield* unique]
        yield* java.run("produce", address, name, `${name}-p`, "40")
        const received = new Map<string, MessageExt.MessageExt>()
        yield* Layer.build(
          Consumer.layer(
            {
              group: `${name}-c`,
              subscriptions: { [name]: MessageSelector.tags("even", "odd") },
              consumeFrom: "first"
            },
            (message) => Effect.sync(() => void received.set(message.properties["number"]!, message))
          ).pipe(Layer.provide(NodeRocketMQ.layer({ nameServers: [address] })))
        )
        yield* Effect.repeat(Effect.sync(() => received.size), {
          until: (size) => size === 40,
          schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))
        })
        assert.deepStrictEqual([...received.keys()].sort(), numbers(40).sort())
        for (const [number, message] of received) {
          assert.match(MessageExt.text(message), new RegExp(`^java ${number} `))
          assert.deepStrictEqual(message.keys, [`k${number}`])
          assert.strictEqual(message.tags, Number(number) % 2 === 0 ? "even" : "odd")
        }
        assert.isAbove(received.get("5")!.body.length, 9_999)
      }),
    90_000
  )

  it.scopedLive("what we send, Java consumes: plain, compressed and in a batch", () =>
    Effect.gen(function*() {
      const [address, name] = [yield* nameServer, yield* unique]
      const message = (number: number) =>
        Message.make({
          topic: name,
          tags: number % 2 === 0 ? "even" : "odd",
          keys: [`k${number}`],
          properties: { number: String(number) },
          body: bodyOf(number)
        })
      yield* Effect.gen(function*() {
        const producer = yield* Producer.Producer
        yield* Effect.forEach(Array.from({ length: 30 }, (_, i) => i), (i) => producer.send(message(i)), {
          concurrency: 8
        })
        yield* producer.sendBatch(Array.from({ length: 10 }, (_, i) => message(30 + i)))
      }).pipe(
        Effect.provide(Producer.layer({ group: `${name}-p` })),
        Effect.provide(NodeRocketMQ.layer({ nameServers: [address] }))
      )
      const lines = yield* java.run("consume", address, name, `${name}-c`, "40")
      assert.strictEqual(lines.at(-1), "done 40", lines.join("\n"))
      for (const [number, { length, tag }] of consumedBy(lines)) {
        assert.strictEqual(length, bodyOf(Number(number)).length, `body of ${number}`)
        assert.strictEqual(tag, Number(number) % 2 === 0 ? "even" : "odd")
      }
    }), 240_000)
})

describe.skipIf(!go.isReady)("with the Go client", () => {
  it.scopedLive(
    "what Go sends, we consume as it was given: plain, compressed and in a batch",
    () =>
      Effect.gen(function*() {
        const [address, name] = [yield* nameServer, yield* unique]
        const sent = digests(yield* go.run("produce", address, name, `${name}-p`, "40"))
        assert.strictEqual(sent.length, 40)
        const received = new Map<string, Digest>()
        yield* Layer.build(
          Consumer.layer(
            { group: `${name}-c`, subscriptions: { [name]: MessageSelector.all }, consumeFrom: "first" },
            (message) => Effect.sync(() => void received.set(message.msgId, digestOf(message)))
          ).pipe(Layer.provide(NodeRocketMQ.layer({ nameServers: [address] })))
        )
        yield* Effect.repeat(Effect.sync(() => received.size), {
          until: (size) => size === 40,
          schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))
        })
        assert.isAbove(sent[5]!.bodyLength, 9_999)
        assert.strictEqual(received.size, 40)
        for (const digest of sent) assert.deepStrictEqual(given(received.get(digest.msgId)!), given(digest))
      }),
    240_000
  )
})

const pairs = [[java, java], [java, go], [go, java], [go, go]] as const

describe("requests and replies of other clients", () => {
  for (const [asking, replying] of pairs) {
    const test = asking.isReady && replying.isReady ? it.scopedLive : it.scopedLive.skip
    test(
      `${asking.language} asks and ${replying.language} replies, in few bytes and in many`,
      () =>
        Effect.gen(function*() {
          const { group, nameServers, topic } = yield* Cluster.Cluster
          const [address, name] = [nameServers.join(";"), yield* topic()]
          const replier = yield* replying.start("reply", address, name, group(), "6")
          yield* replier.line("ready")
          const answers = replies(yield* asking.run("request", address, name, group(), "6"))
          assert.deepStrictEqual(outcomes(answers), [0, 1, 2, 3, 4, 5])
          const requests = new Map(
            digests(yield* replier.end).map((request) => [request.properties["number"], request])
          )
          for (const { bodyLength, number, properties } of answers) {
            const request = requests.get(String(number))!
            assert.strictEqual(properties["CORRELATION_ID"], request.properties["CORRELATION_ID"])
            assert.strictEqual(bodyLength, "re: ".length + request.bodyLength)
          }
          assert.isAbove(answers[5]!.bodyLength, 9_999)
        }).pipe(Effect.provide(Cluster.layer("interop").pipe(Layer.provide(target)))),
      240_000
    )
  }
})
