/**
 * What is refused before anything is sent, with the rule that it breaks.
 *
 * @since 0.1.0
 */
import type { SendError } from "@effect-rocketmq/client/ProducerError"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("validation")

/** A producer, and the codes of all requests that its client has made. */
const observed = Effect.gen(function*() {
  const requests: Array<number> = []
  const producer = yield* Member.sender({
    client: {
      hooks: [{
        onRequest: (request) => {
          requests.push(request.code)
          return request
        }
      }]
    }
  })
  return { producer, requests }
})

type Field = "topic" | "body" | "keys" | "properties" | "delayLevel" | "timer" | "batch"

/** Claims that each of the messages is refused for this field, and that the client made no request. */
const refuses = (
  field: Field,
  cases: (
    topic: string
  ) => ReadonlyArray<readonly [what: string, message: Message.Message, says: ReadonlyArray<string>]>
) =>
  function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const { producer, requests } = yield* observed
    const claim = (what: string, result: Effect.Effect<unknown, SendError>, says: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        const error = yield* Expect.fails(`${what} is refused`, result, "MessageValidationError")
        yield* Expect.equal(`${what}: the field is told`, error.field, field)
        yield* Expect.equal(`${what}: it is not stored`, error.outcome, "Refused")
        yield* Expect.equal(`${what}: it is not worth another try`, error.retryable, false)
        yield* Expect.mentions(`${what}: the message tells what and why`, error.message, says)
      })
    for (const [what, message, says] of cases(name)) {
      yield* claim(what, producer.send(message), says)
      yield* claim(`oneway ${what}`, producer.sendOneway(message), says)
    }
    yield* Expect.equal("the client made no request", requests, [])
    yield* Expect.equal("nothing is stored", (yield* Stored.readAll(name)).length, 0)
  }

/**
 * @since 0.1.0
 * @category behaviours
 */
export const validation: ReadonlyArray<Behaviour> = [
  behaviour(
    "an empty body is refused",
    refuses("body", (topic) => [
      ["empty text", Message.make({ topic, body: "" }), [topic, "empty"]],
      ["no bytes", Message.make({ topic, body: new Uint8Array(0) }), [topic, "empty"]]
    ])
  ),

  behaviour(
    "a body over the limit is refused, with both sizes",
    refuses("body", (topic) => [
      [
        "4 MiB and 1 byte",
        Message.make({ topic, body: new Uint8Array(4 * 1024 * 1024 + 1) }),
        [topic, "4194305", "4194304"]
      ]
    ])
  ),

  behaviour(
    "an empty, illegal, too long or internal name of a topic is refused",
    refuses("topic", () => [
      ["no name", Message.make({ topic: "", body: "x" }), ["empty"]],
      ["a space", Message.make({ topic: "a b", body: "x" }), ["a b", "letters"]],
      ["a path", Message.make({ topic: "../etc/passwd", body: "x" }), ["../etc/passwd", "letters"]],
      ["a dot", Message.make({ topic: "a.b", body: "x" }), ["a.b"]],
      ["another script", Message.make({ topic: "топик", body: "x" }), ["топик"]],
      ["128 characters", Message.make({ topic: "t".repeat(128), body: "x" }), ["128", "127"]],
      ["a store of the broker", Message.make({ topic: "SCHEDULE_TOPIC_XXXX", body: "x" }), ["SCHEDULE_TOPIC_XXXX"]]
    ])
  ),

  behaviour(
    "a property under a name of the protocol's own is refused",
    refuses(
      "properties",
      (topic) =>
        ["UNIQ_KEY", "RETRY_TOPIC", "REAL_TOPIC", "TRAN_MSG", "PGROUP", "MAX_RECONSUME_TIMES", "CLUSTER"].map((
          name
        ) => [
          name,
          Message.make({ topic, body: "x", properties: { [name]: "v" } }),
          [topic, name]
        ])
    )
  ),

  behaviour(
    "the separators of properties are refused in names and values",
    refuses("properties", (topic) => [
      ["\\x01 in a value", Message.make({ topic, body: "x", properties: { a: "b\u0001c" } }), [topic, "a"]],
      ["\\x02 in a value", Message.make({ topic, body: "x", properties: { a: "b\u0002c" } }), [topic, "a"]],
      ["\\x01 in a name", Message.make({ topic, body: "x", properties: { "a\u0001b": "c" } }), [topic]],
      ["\\x02 in a tag", Message.make({ topic, body: "x", tags: "a\u0002b" }), [topic, "TAGS"]],
      ["\\x01 in a key", Message.make({ topic, body: "x", keys: ["a\u0001b"] }), [topic, "KEYS"]]
    ])
  ),

  behaviour(
    "properties that are too long together are refused, with the limit",
    refuses("properties", (topic) => [
      ["32 KiB", Message.make({ topic, body: "x", properties: { a: "b".repeat(32 * 1024) } }), [topic, "32767"]],
      ["11,000 characters of 3 bytes", Message.make({ topic, body: "x", tags: "語".repeat(11_000) }), [topic, "32767"]]
    ])
  ),

  behaviour(
    "a delay level out of range is refused",
    refuses("delayLevel", (topic) =>
      [-1, 19, 1.5, Number.NaN].map((delayLevel) => [
        `level ${delayLevel}`,
        Message.make({ topic, body: "x", delayLevel }),
        [topic, "18"]
      ]))
  ),

  behaviour(
    "a key that is empty or holds a space is refused",
    refuses("keys", (topic) => [
      ["an empty key", Message.make({ topic, body: "x", keys: ["a", ""] }), [topic, "empty"]],
      ["two words", Message.make({ topic, body: "x", keys: ["order 1"] }), [topic, "order 1", "space"]]
    ])
  ),

  behaviour(
    "a delay that is said twice, or is none, is refused",
    refuses("timer", (topic) => [
      ["a level and a duration", Message.make({ topic, body: "x", delayLevel: 1, delay: 1000 }), [topic, "DELAY"]],
      ["a duration and a time", Message.make({ topic, body: "x", delay: 1, deliverAt: 1 }), ["TIMER_DELIVER_MS"]],
      ["a time below zero", Message.make({ topic, body: "x", deliverAt: -1 }), [topic, "-1", "TIMER_DELIVER_MS"]],
      ["no date", Message.make({ topic, body: "x", deliverAt: new Date(NaN) }), [topic, "NaN"]],
      [
        "a duration in words",
        Message.make({ topic, body: "x", properties: { TIMER_DELAY_SEC: "a minute" } }),
        [topic, "a minute", "seconds"]
      ]
    ])
  ),

  behaviour("an empty batch is refused", function*() {
    const { producer, requests } = yield* observed
    const error = yield* Expect.fails("it has no topic", producer.sendBatch([]), "MessageValidationError")
    yield* Expect.equal("for being a batch", [error.field, error.outcome], ["batch", "Refused"])
    yield* Expect.equal("the client made no request", requests, [])
  }),

  behaviour("members that break a rule are refused with their places, and the others are stored", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const producer = yield* Member.sender()
    const member = (body: string, options?: Partial<Message.Options>) => Message.make({ topic: name, body, ...options })
    const error = yield* Expect.fails(
      "three of five are wrong",
      producer.sendBatch([
        member("first"),
        member("delayed", { delayLevel: 3 }),
        member(""),
        member("keyed", { keys: ["a b"] }),
        member("last")
      ]),
      "BatchSendError"
    )
    yield* Expect.equal(
      "they are named, with the rule",
      error.failures.map(([index, own]) => [index, own._tag === "MessageValidationError" ? own.field : own._tag]),
      [[1, "batch"], [2, "body"], [3, "keys"]]
    )
    yield* Expect.equal("none of them is stored", error.outcome, "Refused")
    yield* Expect.equal("the others are", (yield* Stored.readAll(name)).map(MessageExt.text), ["first", "last"])
  }),

  behaviour("an illegal group of a producer is refused when it starts", function*() {
    for (const group of ["", "a b", "a/b", "g".repeat(121), "DEFAULT_PRODUCER"]) {
      const error = yield* Expect.fails(
        `${Expect.show(group)} is refused`,
        Member.producer({ group }),
        "ProducerStartError"
      )
      yield* Expect.equal("for its group", error.option, "group")
    }
  })
]
