/**
 * What is refused before anything is sent, with the rule that it breaks.
 *
 * @since 0.1.0
 */
import type { SendError } from "@effect-rocketmq/client/ProducerError"
import * as Message from "@effect-rocketmq/protocol/Message"
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

type Field = "topic" | "body" | "properties" | "delayLevel" | "batch"

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

  behaviour("an empty batch, a delayed member and a member without a body are refused, with the index", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { producer, requests } = yield* observed
    const good = Message.make({ topic: name, body: "good" })
    yield* Expect.fails("an empty batch is refused", producer.sendBatch([]), "MessageValidationError")
    const delayed = yield* Expect.fails(
      "a delayed member is refused",
      producer.sendBatch([good, Message.withDelayLevel(good, 3)]),
      "MessageValidationError"
    )
    yield* Expect.equal("the second one", delayed.index, 1)
    const empty = yield* Expect.fails(
      "a member without a body is refused",
      producer.sendBatch([good, good, Message.withBody(good, "")]),
      "MessageValidationError"
    )
    yield* Expect.equal("the third one", empty.index, 2)
    yield* Expect.equal("the client made no request", requests, [])
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
