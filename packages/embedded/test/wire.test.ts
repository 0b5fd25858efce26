import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock, Utils } from "effect"
import * as Fault from "../src/Fault.js"
import { BROKER, bytes, heartbeat, NAME_SERVER, pull, send, sendFields, subscription, withBroker } from "./client.js"

const word = (value: number) => {
  const buffer = new Uint8Array(4)
  new DataView(buffer.buffer).setInt32(0, value)
  return buffer
}

const concat = (...parts: Array<Uint8Array>) => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

describe("bytes", () => {
  it.scoped("may come one at a time and in either header format", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const request = (opaque: number, serializeType: Remoting.SerializeType) =>
        Remoting.encode(Remoting.make({
          code: RequestCode.SEND_MESSAGE_V2,
          extFields: sendFields("T"),
          body: bytes("x"),
          opaque,
          serializeType
        }))
      for (const byte of concat(request(1, Remoting.JSON), request(2, Remoting.ROCKETMQ))) {
        client.write(Uint8Array.of(byte))
      }
      yield* cluster.until(Effect.map(cluster.stored("T"), (count) => count === 2))
      const binary = yield* client.call(RequestCode.GET_MAX_OFFSET, { topic: "T", queueId: "0" }, undefined, {
        serializeType: Remoting.ROCKETMQ
      })
      assert.strictEqual(binary.serializeType, Remoting.JSON)
      assert.strictEqual(binary.extFields["offset"], "2")
    }))

  it.scoped("that are no frame close their connection and no other", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const broken = [
        bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        word(0x7fffffff),
        word(-1),
        concat(word(8), word(100), word(0)),
        concat(word(8), word(0x05000004), word(0)),
        concat(word(8), word(4), bytes("{{{{"))
      ]
      for (const chunk of broken) {
        const other = yield* open(BROKER)
        other.write(chunk)
        yield* cluster.until(Effect.sync(other.ended))
      }
      assert.strictEqual(yield* cluster.connections("broker-a"), 1)
      assert.strictEqual((yield* send(client, "T")).code, 0)
    }))

  it.scoped("of 20,000 random frames and random requests harm nothing", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker({ retentionBytes: 1024 * 1024 })
      const random = new Utils.PCGRandom(42)
      const known = [10, 11, 12, 14, 15, 17, 21, 25, 26, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 41, 42, 46]
      const codes = [...known, 105, 106, 100, 101, 102, 200, 201, 202, 203, 204, 206, 207, 208, 215, 216, 219, 221]
      const more = [222, 223, 300, 304, 307, 309, 310, 320, 324, 325, 351, 352, 361, 39, 326, 200050]
      const names = [
        "topic",
        "consumerGroup",
        "queueId",
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h",
        "i",
        "offset",
        "group"
      ]
      const values = [
        "",
        "T",
        "G",
        "-1",
        "0",
        "1",
        "TBW102",
        "99999999999999999999",
        "1e9",
        "\x01\x02",
        "%RETRY%G",
        "true"
      ]
      const pick = <A>(from: ReadonlyArray<A>): A => from[random.integer(from.length)]!
      let other = yield* open(BROKER)
      let names2 = yield* open(NAME_SERVER)
      for (let i = 0; i < 20_000; i++) {
        const kind = random.integer(10)
        let frame: Uint8Array
        if (kind < 7) {
          const extFields: Record<string, string> = {}
          for (let n = random.integer(15); n > 0; n--) extFields[pick(names)] = pick(values)
          const body = Uint8Array.from({ length: random.integer(3) * random.integer(60) }, () => random.integer(256))
          frame = Remoting.encode(Remoting.make({
            code: pick(pick([codes, more])),
            extFields,
            body: kind < 3
              ? bytes("{\"clientID\":1,\"mqSet\":[{}],\"consumerDataSet\":[{\"groupName\":\"G\"}]}")
              : body,
            opaque: i,
            flag: pick([0, 0, 1, 2, 3, -1]),
            serializeType: pick([0, 1] as const)
          }))
        } else {
          const length = random.integer(64)
          frame = concat(
            word(kind === 7 ? length : random.integer(0x7fffffff)),
            Uint8Array.from({ length }, () => random.integer(256))
          )
        }
        other.write(frame)
        names2.write(frame)
        if (i % 50 === 0) {
          yield* Effect.yieldNow()
          if (other.ended()) other = yield* open(BROKER)
          if (names2.ended()) names2 = yield* open(NAME_SERVER)
        }
      }
      assert.strictEqual((yield* send(client, "After")).code, 0)
      assert.strictEqual(yield* cluster.stored("After"), 1)
    }))
})

describe("faults", () => {
  it.scoped("hit the requests they name, as often as they say", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.inject(
        Fault.fail(2, "[PCBUSY_CLEAN_QUEUE]").pipe(Fault.onCode(310), Fault.after(1), Fault.times(2))
      )
      const codes: Array<number> = []
      for (let i = 0; i < 4; i++) codes.push((yield* send(client, "T")).code)
      assert.deepStrictEqual(codes, [0, 2, 2, 0])
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("lose a request, or only its answer", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.inject(Fault.dropRequest.pipe(Fault.onServer("broker-a"), Fault.onCode(310), Fault.once))
      yield* cluster.inject(Fault.dropResponse.pipe(Fault.onServer("broker-a"), Fault.onCode(310), Fault.once))
      const received = (count: number) => cluster.until(Effect.map(cluster.requests, (all) => all.length === count))
      const lost = yield* Effect.fork(send(client, "T"))
      yield* received(1)
      const stored = yield* Effect.fork(send(client, "T"))
      yield* received(2)
      const third = yield* send(client, "T")
      assert.strictEqual(third.extFields["queueOffset"], "1")
      assert.strictEqual((yield* Fiber.poll(lost))._tag, "None")
      assert.strictEqual((yield* Fiber.poll(stored))._tag, "None")
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("delay an answer, or close the connection instead; and end when removed", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const { hits, remove } = yield* cluster.inject(Fault.delay(500).pipe(Fault.onCode(310)))
      const late = yield* Effect.fork(send(client, "T"))
      yield* cluster.until(Effect.map(cluster.stored("T"), (count) => count === 1))
      yield* TestClock.adjust(499)
      assert.strictEqual((yield* Fiber.poll(late))._tag, "None")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(late)).code, 0)
      yield* remove
      assert.strictEqual(yield* hits, 1)
      assert.strictEqual((yield* send(client, "T")).code, 0)
      yield* cluster.inject(Fault.disconnect.pipe(Fault.onTopic("T")))
      yield* Effect.fork(send(client, "T"))
      yield* cluster.until(Effect.sync(client.ended))
      assert.strictEqual(yield* cluster.stored("T"), 3)
    }))

  it.scoped("freeze a broker: it does later what its client gave up on", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.freeze("broker-a")
      const sent = yield* Effect.fork(send(client, "T"))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* cluster.unfreeze("broker-a")
      assert.strictEqual((yield* Fiber.join(sent)).code, 0)
      assert.strictEqual(yield* cluster.stored("T"), 1)
    }))
})

describe("the record of requests", () => {
  it.scoped("keeps the latest, with their fields", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ recordedRequests: 3 })
      yield* heartbeat(client, "c", "G", [subscription("T")])
      yield* send(client, "T")
      yield* send(client, "T")
      yield* pull(client, "G", "T")
      const requests = yield* cluster.requests
      assert.deepStrictEqual(requests.map((request) => request.code), [310, 310, 11])
      assert.strictEqual(requests[2]!.extFields["consumerGroup"], "G")
      yield* cluster.clearRequests
      assert.deepStrictEqual(yield* cluster.requests, [])
    }))
})
