/**
 * What goes over the wire, and what the client makes of bytes that are no RocketMQ.
 *
 * @since 0.1.0
 */
import { Broker } from "@effect-rocketmq/client/Broker"
import { Remoting } from "@effect-rocketmq/client/Remoting"
import * as RemotingLayer from "@effect-rocketmq/client/Remoting"
import type { RemotingError } from "@effect-rocketmq/client/RemotingError"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { isProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Peer from "../Peer.js"
import * as Stored from "../Stored.js"

const behaviour = area("wire")

const frame = (words: ReadonlyArray<number>, rest: ReadonlyArray<number> = []): Uint8Array => {
  const bytes = new Uint8Array(words.length * 4 + rest.length)
  const view = new DataView(bytes.buffer)
  words.forEach((word, i) => view.setInt32(i * 4, word))
  bytes.set(rest, words.length * 4)
  return bytes
}

const strangers: ReadonlyArray<readonly [what: string, bytes: Uint8Array, says: ReadonlyArray<string>]> = [
  ["a length of 0x7fffffff", frame([0x7fffffff]), ["2147483651"]],
  ["a negative length", frame([-1]), ["-1"]],
  ["a length too short for a header", frame([3, 0]), ["3"]],
  ["a header longer than its frame", frame([16, 100], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ["100"]],
  ["an unknown way to write headers", frame([8, 0x07000004], [0, 0, 0, 0]), ["7"]],
  ["an HTTP answer", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), [
    "HTTP",
    "10911"
  ]],
  ["a TLS alert", Uint8Array.of(0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46), ["TLS"]],
  ["an SSH greeting", new TextEncoder().encode("SSH-2.0-OpenSSH_9.6\r\n"), ["SSH"]]
]

/**
 * @since 0.1.0
 * @category behaviours
 */
export const wire: ReadonlyArray<Behaviour> = [
  ...(["binary", "json"] as const).map((serialization) =>
    behaviour(`headers written as ${serialization} are understood`, function*() {
      const cluster = yield* Cluster
      const { address, queue } = yield* Stored.queueOf(yield* cluster.topic({ queues: 1 }))
      yield* Stored.put({ topic: queue.topic, body: "a", properties: { TAGS: "日本", KEYS: "k" } })
      yield* Effect.gen(function*() {
        const broker = yield* Broker
        yield* Expect.equal("the queue ends at 1", yield* broker.maxOffset(address, queue), 1n)
        const name = yield* cluster.knownGroup
        yield* broker.updateConsumerOffset(address, name, queue, 1n << 60n)
        const back = yield* broker.queryConsumerOffset(address, name, queue)
        yield* Expect.equal(
          "large numbers survive",
          back.pipe((found) => found._tag === "Some" && found.value),
          1n << 60n
        )
        const remoting = yield* Remoting
        const answer = yield* remoting.request(
          address,
          RequestHeader.GetTopicConfig.make({ topic: queue.topic, lo: true })
        )
        yield* Expect.equal("an answer with a body is read", answer.code, ResponseCode.SUCCESS)
        yield* Expect.that("the body is there", (answer.body?.length ?? 0) > 0, answer)
      }).pipe(Effect.provide(cluster.client({ serialization })))
    })
  ),

  behaviour("of many requests on one connection each gets its own answer", function*() {
    const { client, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 8 }))
    for (let queueId = 0; queueId < 8; queueId++) {
      for (let i = 0; i < queueId; i++) yield* Stored.put({ topic: queue.topic, queueId, body: "x" })
    }
    yield* Effect.gen(function*() {
      const broker = yield* Broker
      const remoting = yield* Remoting
      const ends = yield* Effect.forEach(
        Array.from({ length: 800 }, (_, i) => i % 8),
        (queueId) => broker.maxOffset(address, MessageQueue.make(queue.topic, queue.brokerName, queueId)),
        { concurrency: "unbounded" }
      )
      const wrong = ends.flatMap((end, i) => end === BigInt(i % 8) ? [] : [[i % 8, end]])
      yield* Expect.equal("800 answers belong to their requests", wrong, [])
      yield* Expect.equal("they share one connection", yield* remoting.connected, [address])
    }).pipe(Effect.provide(client()))
  }),

  behaviour("a held pull does not hold other requests on its connection", function*() {
    const cluster = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* cluster.topic({ queues: 1 }))
    yield* Stored.put({ topic: queue.topic, body: "a" })
    yield* Effect.gen(function*() {
      const broker = yield* Broker
      const held = yield* Stored.pull(queue.topic, 1n, { suspendTimeout: 10_000 }).pipe(
        Effect.provideService(Cluster, { ...cluster, broker }),
        Effect.fork
      )
      yield* Effect.sleep("300 millis")
      const [took] = yield* Await.timed(broker.maxOffset(address, queue))
      yield* Expect.took("another answer comes at once", took, { atMost: 1000 })
      yield* Expect.that("while the pull is held", held.unsafePoll() === null, "the pull was answered")
    }).pipe(Effect.provide(cluster.client()))
  }),

  behaviour("a closed connection is opened again by the next request", function*() {
    const { client, topic } = yield* Cluster
    const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
    yield* Effect.gen(function*() {
      const broker = yield* Broker
      const remoting = yield* Remoting
      yield* Expect.equal("it works at first", yield* broker.maxOffset(address, queue), 0n)
      yield* remoting.disconnect(address)
      yield* Await.until("the connection is gone", remoting.connected, (connected) => connected.length === 0)
      yield* Expect.equal("the next request connects", yield* broker.maxOffset(address, queue), 0n)
      yield* Expect.equal("and is connected", yield* remoting.state(address), "Connected")
    }).pipe(Effect.provide(client()))
  }),

  ...strangers.map(([what, bytes, says]) =>
    behaviour(`${what} ends the connection with a typed error, and the next connection works`, function*() {
      const { topic } = yield* Cluster
      const stranger = yield* Peer.answering(bytes)
      const { address, queue } = yield* Stored.queueOf(yield* topic({ queues: 1 }))
      yield* Effect.gen(function*() {
        const remoting = yield* Remoting
        const request = RequestHeader.GetMaxOffset.make({ topic: queue.topic, queueId: 0 })
        const result = yield* Effect.either(remoting.request(stranger.address, request, 20_000))
        const error: RemotingError | undefined = result._tag === "Left" ? result.left : undefined
        yield* Expect.that("the request fails, and not by its timeout", isProtocolError(error), result)
        yield* Expect.mentions("the message says what came", error?.message ?? "", says)
        yield* Await.until(
          "the connection is closed",
          remoting.connected,
          (connected) => !connected.includes(stranger.address)
        )
        const second = yield* Effect.either(remoting.request(stranger.address, request))
        yield* Expect.that("the same peer fails the same way", second._tag === "Left", second)
      }).pipe(
        Effect.provide(RemotingLayer.layer().pipe(Layer.provide(Peer.transport), Layer.fresh))
      )
      const broker = yield* Effect.map(Cluster, (cluster) => cluster.broker)
      yield* Expect.equal("a real broker answers meanwhile", yield* broker.maxOffset(address, queue), 0n)
    })
  ),

  behaviour("an answer that comes byte by byte is read", function*() {
    const { kind } = yield* Cluster
    const dribbling = yield* Peer.dribbling(
      RemotingCommand.make({ code: 0, flag: 1, extFields: { kind }, body: new Uint8Array(300).fill(7) })
    )
    yield* Effect.gen(function*() {
      const remoting = yield* Remoting
      const response = yield* remoting.request(dribbling.address, { code: 105, extFields: {}, body: undefined }, 20_000)
      yield* Expect.equal("its fields are whole", response.extFields["kind"], kind)
      yield* Expect.equal("its body is whole", response.body, new Uint8Array(300).fill(7))
    }).pipe(Effect.provide(RemotingLayer.layer().pipe(Layer.provide(Peer.transport), Layer.fresh)))
  })
]
