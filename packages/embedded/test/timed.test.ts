import * as Message from "@effect-rocketmq/client/Message"
import * as MessageExt from "@effect-rocketmq/client/MessageExt"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as ProducerError from "@effect-rocketmq/client/ProducerError"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Either, Exit, TestClock } from "effect"
import * as Embedded from "../src/Embedded.js"
import * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import type { Client } from "./client.js"
import { heartbeat, json, NAME_SERVER, send, withBroker } from "./client.js"

const recall = (client: Client, recallHandle: string | undefined, topic = "T") =>
  client.call(RequestCode.RECALL_MESSAGE, { producerGroup: "PG", topic, recallHandle: recallHandle ?? "none" })

const told = ({ code, remark }: RemotingCommand) => [code, remark]

const handleOf = (timestamp: number, changes: Partial<MessageId.RecallHandle> = {}) =>
  Either.getOrThrow(
    MessageId.encodeRecallHandle({ topic: "T", brokerName: "broker-a", timestamp, messageId: "U1", ...changes })
  )

describe("the handle of a timer message", () => {
  it.scoped("names topic, broker, key, and the second after which it is delivered", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* TestClock.adjust(100_500)
      const handle = (properties: Record<string, string>) =>
        Effect.map(
          send(client, "T", { properties: { UNIQ_KEY: "U1", ...properties } }),
          ({ extFields }) => extFields["recallHandle"]
        )
      assert.strictEqual(yield* handle({ TIMER_DELAY_MS: "2000" }), handleOf(102_001))
      assert.strictEqual(yield* handle({ TIMER_DELIVER_MS: "103000" }), handleOf(102_001))
      assert.isUndefined(yield* handle({ TIMER_DELIVER_MS: "100500" }), "its time is past")
      assert.isUndefined(yield* handle({ DELAY: "3", TIMER_DELAY_MS: "2000" }), "delayed by level")
      assert.isUndefined(yield* handle({}))
    }))
})

describe("a recall", () => {
  it.scoped("takes exactly the message with the key out of the wheel, and may be repeated", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ recallMessage: true })
      const put = (key: string) => send(client, "T", { properties: { UNIQ_KEY: key, TIMER_DELAY_MS: "5000" } })
      const { extFields } = yield* put("U1")
      yield* put("U2")
      assert.strictEqual(yield* cluster.scheduled, 2)
      yield* TestClock.adjust(3999)
      for (let time = 0; time < 2; time++) {
        const answer = yield* recall(client, extFields["recallHandle"])
        assert.deepStrictEqual([answer.code, answer.extFields["msgId"], answer.extFields["MSG_REGION"]], [
          0,
          "U1",
          "DefaultRegion"
        ])
      }
      assert.strictEqual(yield* cluster.scheduled, 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* cluster.messages("T")).map(({ uniqueKey }) => uniqueKey), ["U2"])
      assert.strictEqual(yield* cluster.scheduled, 0)
    }))

  it.scoped("is refused in the last second before the time, and after it", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ recallMessage: true })
      const { extFields } = yield* send(client, "T", { properties: { UNIQ_KEY: "U1", TIMER_DELAY_MS: "5000" } })
      const late = [604, "recall failed, timestamp invalid"]
      yield* TestClock.adjust(4001)
      assert.deepStrictEqual(told(yield* recall(client, extFields["recallHandle"])), late)
      yield* TestClock.adjust(999)
      assert.strictEqual(yield* cluster.stored("T"), 1)
      assert.deepStrictEqual(told(yield* recall(client, extFields["recallHandle"])), late)
    }))

  it.scoped("is refused in the broker's words when the handle is not for it", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ recallMessage: true })
      yield* cluster.createTopic("T")
      yield* cluster.createTopic("S")
      const refusal = (handle: string, topic?: string) => Effect.map(recall(client, handle, topic), told)
      assert.deepStrictEqual(yield* refusal("abc"), [604, "recall handle is invalid"])
      assert.deepStrictEqual(yield* refusal(handleOf(5001), "S"), [604, "recall failed, topic not match"])
      assert.deepStrictEqual(
        yield* refusal(handleOf(5001, { brokerName: "broker-z" })),
        [604, "recall failed, broker service not available"]
      )
      assert.deepStrictEqual(
        yield* refusal(handleOf(3 * 86_400_000)),
        [604, "recall failed, timestamp invalid"]
      )
      assert.deepStrictEqual(
        yield* refusal(handleOf(5001), "nowhere"),
        [17, "recall failed, the topic[nowhere] not exist"]
      )
      // whether there is such a message is not looked at
      assert.deepStrictEqual(yield* refusal(handleOf(5001)), [0, undefined])
    }))

  it.scoped("is forbidden unless switched on", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const { extFields } = yield* send(client, "T", { properties: { TIMER_DELAY_MS: "5000" } })
      const answer = yield* recall(client, extFields["recallHandle"])
      assert.deepStrictEqual(told(answer), [16, "recall failed, operation is forbidden"])
      assert.strictEqual(answer.extFields["MSG_REGION"], "DefaultRegion")
      yield* TestClock.adjust(5000)
      assert.strictEqual(yield* cluster.stored("T"), 1)
    }))
})

describe("timer messages", () => {
  it.scoped("are refused in the broker's words: too far, no number, switched off", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker({ maxTimerDelay: "1 hour" })
      const answer = (properties: Record<string, string>) => Effect.map(send(client, "T", { properties }), told)
      const illegal = [
        13,
        "timer message illegal, the delay time should not be bigger than the max delay 3600000ms; or if set del msg, " +
        "the delay time should be bigger than the current time"
      ]
      assert.deepStrictEqual(yield* answer({ TIMER_DELAY_MS: "3600000" }), [0, undefined])
      assert.deepStrictEqual(yield* answer({ TIMER_DELAY_MS: "3600001" }), illegal)
      assert.deepStrictEqual(yield* answer({ TIMER_DELAY_MS: "1.5" }), illegal)
      assert.deepStrictEqual(yield* answer({ TIMER_DELAY_MS: "-1" }), [0, undefined])
    }))

  it.scoped("are refused when the wheel is off, and delays by level are not", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ timerWheel: false, recallMessage: true })
      const answer = (properties: Record<string, string>) => Effect.map(send(client, "T", { properties }), told)
      const off = [1, "accurate timer message is not enabled, timerWheelEnable is false"]
      assert.deepStrictEqual(yield* answer({ TIMER_DELAY_MS: "1000" }), off)
      assert.deepStrictEqual(yield* answer({ TIMER_DELIVER_MS: "0" }), off)
      assert.deepStrictEqual(yield* answer({ DELAY: "1", TIMER_DELAY_MS: "9" }), [0, undefined])
      assert.deepStrictEqual(told(yield* recall(client, handleOf(5001))), [1, "recall failed, execute error"])
      assert.strictEqual(yield* cluster.stored("rmq_sys_wheel_timer"), 0)
    }))
})

describe("the version of a cluster", () => {
  it.scoped("is in every answer", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker({ version: "4.9.8" })
      const nameServer = yield* open(NAME_SERVER)
      assert.strictEqual((yield* send(client, "T")).version, 409)
      assert.strictEqual((yield* client.call(4242)).version, 409)
      assert.strictEqual((yield* nameServer.call(RequestCode.GET_BROKER_CLUSTER_INFO)).version, 409)
      yield* heartbeat(client, "C", "G", [{ topic: "T", subString: "*" }])
      yield* cluster.until(Effect.sync(() => client.pushes.length > 0))
      assert.strictEqual(client.pushes[0]!.version, 409)
      const info = json(yield* client.call(RequestCode.GET_BROKER_RUNTIME_INFO)) as { readonly table: unknown }
      assert.include(info.table as object, { brokerVersionDesc: "V4_9_8" })
      const { client: current } = yield* withBroker()
      assert.strictEqual((yield* send(current, "T")).version, 513)
    }))

  it.scoped("of 4.x delivers timer messages at once and knows no recall; delays by level stay", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ version: "4.9.8", recallMessage: true })
      const sent = yield* send(client, "T", { properties: { TIMER_DELAY_MS: "60000" } })
      assert.strictEqual(sent.code, 0)
      assert.isUndefined(sent.extFields["recallHandle"])
      assert.strictEqual((yield* send(client, "T", { properties: { TIMER_DELAY_SEC: "999999" } })).code, 0)
      assert.strictEqual(yield* cluster.stored("T"), 2)
      assert.deepStrictEqual(told(yield* recall(client, handleOf(5001))), [3, " request type 370 not supported"])
      yield* send(client, "T", { properties: { DELAY: "1" } })
      assert.strictEqual(yield* cluster.stored("T"), 2)
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* cluster.stored("T"), 3)
    }))

  it.scoped("of 5.0 has timers and no recall", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker({ version: 413, recallMessage: true })
      const { extFields } = yield* send(client, "T", { properties: { TIMER_DELAY_MS: "5000" } })
      assert.isUndefined(extFields["recallHandle"])
      assert.strictEqual(yield* cluster.stored("T"), 0)
      assert.strictEqual((yield* recall(client, handleOf(5001))).code, 3)
    }))

  it.scoped("has a name of RocketMQ's", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(EmbeddedCluster.make({ version: "five" }))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))
})

describe("a producer", () => {
  const wanted = Message.make({ topic: "T", body: "later", delay: "5 seconds" })

  it.effect("sends nothing timed to a broker that would deliver it at once", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.EmbeddedCluster
      const producer = yield* Producer.Producer
      yield* producer.send(Message.make({ topic: "T", body: "now" }))
      for (const send of [producer.send(wanted), producer.sendOneway(wanted)]) {
        const error = yield* Effect.flip(Effect.asVoid(send))
        assert.isTrue(error._tag === "MessageSendError" && error.cause._tag === "RequestNotSupportedError")
        assert.include(error.message, "4.9.8")
        assert.strictEqual(ProducerError.outcome(error), "Refused")
      }
      assert.deepStrictEqual((yield* cluster.messages("T")).map(MessageExt.text), ["now"])
    }).pipe(
      Effect.provide(Producer.layer({ group: "P" })),
      Effect.provide(Embedded.layer({ cluster: { version: "4.9.8" } })),
      Effect.scoped
    ))

  it.effect("sends it to one that has timers", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.EmbeddedCluster
      const producer = yield* Producer.Producer
      const { recallHandle } = yield* producer.send(wanted)
      assert.strictEqual(yield* cluster.scheduled, 1)
      const refusal = yield* Effect.flip(producer.recall(recallHandle ?? ""))
      // recall is off unless the cluster has it on
      assert.strictEqual(refusal.cause._tag, "PermissionDeniedError")
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual((yield* cluster.messages("T")).map(MessageExt.text), ["later"])
    }).pipe(
      Effect.provide(Producer.layer({ group: "P" })),
      Effect.provide(Embedded.layer()),
      Effect.scoped
    ))
})

describe("the properties of a timed message", () => {
  it.effect("leave room for those of the broker's timer, which drops what does not fit", () =>
    Effect.gen(function*() {
      const producer = yield* Producer.Producer
      // all that a message may have, less WAIT, UNIQ_KEY and the name
      const full = (spare: number) => ({ a: "x".repeat(32767 - 3 - 10 - 42 - spare) })
      yield* producer.send(Message.make({ topic: "T", body: "x", properties: full(100) }))
      const timer = "TIMER_DELAY_MS".length + 6
      const timed = (spare: number) =>
        producer.send(Message.make({ topic: "T", body: "x", delay: "5 seconds", properties: full(timer + spare) }))
      const refused = yield* Effect.flip(timed(100))
      assert.isTrue(refused._tag === "MessageValidationError" && refused.field === "properties")
      yield* timed(300)
    }).pipe(
      Effect.provide(Producer.layer({ group: "P" })),
      Effect.provide(Embedded.layer()),
      Effect.scoped
    ))
})
