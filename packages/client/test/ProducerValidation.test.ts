import * as Message from "@effect-rocketmq/client/Message"
import type * as Producer from "@effect-rocketmq/client/Producer"
import type * as ProducerError from "@effect-rocketmq/client/ProducerError"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, TestClock } from "effect"
import { ProducerCluster, propertiesOf } from "./support/ProducerCluster.js"

type Sender = Producer.Producer["Type"]

const make = (options: Partial<Message.Options>) => Message.make({ topic: "orders", body: "x", ...options })

/** Every way to send one message; what is wrong with it comes out the same. */
const ways: Record<string, (producer: Sender, message: Message.Message) => Effect.Effect<unknown, unknown>> = {
  send: (producer, message) => producer.send(message),
  sendOneway: (producer, message) => producer.sendOneway(message),
  sendBatch: (producer, message) =>
    Effect.mapError(
      producer.sendBatch([message]),
      (error) => error._tag === "BatchSendError" ? error.failures[0]?.[1] : error
    )
}

const refusals = (message: Message.Message) =>
  Effect.gen(function*() {
    const cluster = new ProducerCluster()
    const producer = yield* cluster.producer({ autoBatch: true })
    const errors = yield* Effect.forEach(Object.values(ways), (way) => Effect.flip(way(producer, message)))
    assert.strictEqual(cluster.arrivals.length + cluster.oneways.length + cluster.watched.length, 0)
    return errors as ReadonlyArray<ProducerError.MessageValidationError>
  })

describe("what is checked before any request", () => {
  const cases: ReadonlyArray<
    readonly [
      what: string,
      message: Message.Message,
      field: ProducerError.MessageValidationError["field"],
      says: string
    ]
  > = [
    ["an empty key", make({ keys: ["a", ""] }), "keys", "an empty one"],
    ["an empty key alone", make({ keys: [""] }), "keys", "an empty one"],
    ["a key that holds a space", make({ keys: ["a", "b c"] }), "keys", "\"b c\""],
    ["a key that is a space", make({ keys: [" "] }), "keys", "\" \""],
    ["a separator in a key", make({ keys: ["a\x01"] }), "properties", "KEYS"],
    ["a level and a duration", make({ delayLevel: 3, delay: 1000 }), "timer", "TIMER_DELAY_MS and DELAY"],
    ["a level and a time", make({ delayLevel: 3, deliverAt: 1000 }), "timer", "TIMER_DELIVER_MS and DELAY"],
    ["a duration and a time", make({ delay: 1000, deliverAt: 1000 }), "timer", "TIMER_DELAY_MS and TIMER_DELIVER_MS"],
    [
      "two durations",
      make({ properties: { TIMER_DELAY_SEC: "1", TIMER_DELAY_MS: "1" } }),
      "timer",
      "TIMER_DELAY_SEC and TIMER_DELAY_MS"
    ],
    ["an endless delay", make({ delay: Duration.infinity }), "timer", "\"Infinity\" (TIMER_DELAY_MS)"],
    ["a date that is none", make({ deliverAt: new Date(NaN) }), "timer", "\"NaN\" (TIMER_DELIVER_MS)"],
    ["a time before all times", make({ deliverAt: -1 }), "timer", "\"-1\""],
    ["a duration that is no number", make({ properties: { TIMER_DELAY_SEC: "soon" } }), "timer", "seconds"],
    ["half a millisecond by its name", make({ properties: { TIMER_DELAY_MS: "1.5" } }), "timer", "whole number"],
    ["a time that is too large to be one", make({ properties: { TIMER_DELIVER_MS: "9".repeat(17) } }), "timer", "9999"],
    ["a level out of range", make({ delayLevel: 19 }), "delayLevel", "19"],
    ["a reserved name", make({ properties: { TRAN_MSG: "true" } }), "properties", "TRAN_MSG"],
    ["a name of the broker alone", make({ properties: { "__RMQ.TRANSIENT.x": "1" } }), "properties", "TRANSIENT"],
    ["a property without a name", make({ properties: { "": "1" } }), "properties", "no name"],
    ["a topic that is none", make({ topic: "my orders" }), "topic", "letters"]
  ]
  for (const [what, message, field, says] of cases) {
    it.scoped(what, () =>
      Effect.gen(function*() {
        for (const error of yield* refusals(message)) {
          assert.strictEqual(error._tag, "MessageValidationError")
          assert.strictEqual(error.field, field)
          assert.strictEqual(error.outcome, "Refused")
          assert.isFalse(error.retryable)
          assert.include(error.message, says)
        }
      }))
  }

  const fine: ReadonlyArray<readonly [what: string, message: Message.Message, sent: Record<string, string>]> = [
    ["no keys", make({ keys: [] }), {}],
    ["keys by the name of their property", make({ properties: { KEYS: " a  b " } }), { KEYS: " a  b " }],
    ["several keys", make({ keys: ["a", "b"] }), { KEYS: "a b" }],
    ["a level of 0 beside a duration", make({ delayLevel: 0, delay: 1000 }), { DELAY: "0", TIMER_DELAY_MS: "1000" }],
    ["no delay at all", make({ delay: 0 }), { TIMER_DELAY_MS: "0" }],
    ["a part of a millisecond", make({ delay: 1.5 }), { TIMER_DELAY_MS: "2" }],
    ["a name that only begins like a reserved one", make({ properties: { __x: "1" } }), { __x: "1" }],
    ["a name of every object", make({ properties: { constructor: "1", toString: "2" } }), {
      constructor: "1",
      toString: "2"
    }],
    ["a reserved name without a value, which is not sent", make({ properties: { TRAN_MSG: "" } }), {}]
  ]
  for (const [what, message, sent] of fine) {
    it.scoped(`${what} is fine`, () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster()
        const producer = yield* cluster.producer()
        const { uniqueKey } = yield* producer.send(message)
        assert.deepStrictEqual(propertiesOf(cluster.arrivals[0]), { ...sent, WAIT: "true", UNIQ_KEY: uniqueKey })
      }))
  }
})

describe("the caller's message", () => {
  /** All but the bytes, which cannot be frozen. */
  const deeplyFrozen = (message: Message.Message): Message.Message => {
    for (const value of Object.values(message)) {
      if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) Object.freeze(value)
    }
    return Object.freeze(message)
  }

  const picture = (message: Message.Message) => ({
    topic: message.topic,
    body: Array.from(message.body),
    flag: message.flag,
    properties: { ...message.properties },
    keys: Array.from(message.keys),
    tags: message.tags
  })

  for (const size of [10, 5000]) {
    it.scoped(`of ${size} bytes can be sent again in every way, and stays as it was`, () =>
      Effect.gen(function*() {
        const message = deeplyFrozen(Message.make({
          topic: "orders",
          body: new Uint8Array(size),
          tags: "paid",
          keys: ["a", "b"],
          flag: 7,
          properties: { own: "1" }
        }))
        const before = picture(message)
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        const plain = yield* cluster.producer()
        const batching = yield* cluster.producer({ group: "batching", autoBatch: true })
        // the second of each two is tried twice
        let count = 0
        for (const name of ["broker-a", "broker-b"]) {
          cluster.behave(
            name,
            (arrival) => ++count % 3 === 0 ? cluster.loseConnection(arrival) : cluster.accept(arrival)
          )
        }
        const keys = new Set<string>()
        for (const producer of [plain, batching]) {
          const receipts = Effect.gen(function*() {
            const single = [yield* producer.send(message), yield* producer.send(message)]
            yield* producer.sendOneway(message)
            yield* producer.sendOneway(message)
            return [...single, ...yield* producer.sendBatch([message, message])]
          })
          const sending = yield* Effect.fork(receipts)
          yield* TestClock.adjust("1 second")
          for (const { uniqueKey } of yield* Fiber.join(sending)) keys.add(uniqueKey)
        }
        assert.strictEqual(keys.size, 8)
        assert.deepStrictEqual(picture(message), before)
        assert.strictEqual(cluster.compressed.length > 0, size === 5000)
        for (const arrival of [...cluster.arrivals, ...cluster.oneways]) {
          if (arrival.request.extFields["m"] === "true") continue
          const { UNIQ_KEY: _, ...own } = propertiesOf(arrival)
          assert.deepStrictEqual(own, { TAGS: "paid", KEYS: "a b", own: "1", WAIT: "true" })
        }
      }))
  }
})
