import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import type * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import { bytes, heartbeat, pull, send, subscription, withBroker } from "./client.js"

const first = (cluster: EmbeddedCluster.Cluster, topic: string) =>
  Effect.map(cluster.messages(topic), (messages) => messages[0]!)

const bodies = (answer: RemotingCommand.RemotingCommand) =>
  MessageExt.decodeAll(answer.body ?? bytes("")).messages.map(MessageExt.text)

describe("what a broker writes into a message that it stores again", () => {
  it.scoped("when the wheel took it and gave it back", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* TestClock.adjust(100_700)
      yield* send(client, "T", { properties: { TIMER_DELAY_MS: "2000" } })
      yield* TestClock.adjust(3000)
      const { properties } = yield* first(cluster, "T")
      assert.strictEqual(properties["TIMER_ENQUEUE_MS"], "100000")
      assert.strictEqual(properties["TIMER_DEQUEUE_MS"], "103000")
    }))

  it.scoped("that nobody waits for a retry", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* heartbeat(client, "c", "G", [subscription("T")])
      yield* send(client, "T", { properties: { WAIT: "true" } })
      const { commitLogOffset } = yield* first(cluster, "T")
      yield* client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
        offset: String(commitLogOffset),
        group: "G",
        delayLevel: "1"
      })
      yield* TestClock.adjust(1000)
      assert.strictEqual((yield* first(cluster, "%RETRY%G")).properties["WAIT"], "false")
    }))

  it.scoped("whose popped message it was", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* send(client, "T")
      yield* client.call(RequestCode.POP_MESSAGE, {
        consumerGroup: "G",
        topic: "T",
        queueId: "-1",
        maxMsgNums: "1",
        invisibleTime: "1000",
        pollTime: "0",
        bornTime: "0",
        initMode: "0"
      })
      yield* TestClock.adjust(1000)
      assert.strictEqual((yield* first(cluster, "%RETRY%G_T")).properties["ORIGIN_GROUP"], "G")
    }))

  it.scoped("nothing of where a transaction had lain", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      const { extFields } = yield* send(client, "T", {
        properties: { PGROUP: "PG", TRAN_MSG: "true", UNIQ_KEY: "U1" },
        fields: { f: String(SysFlag.TRANSACTION_PREPARED_TYPE) }
      })
      const half = yield* first(cluster, "RMQ_SYS_TRANS_HALF_TOPIC")
      assert.strictEqual(half.properties["REAL_TOPIC"], "T")
      yield* client.call(RequestCode.END_TRANSACTION, {
        producerGroup: "PG",
        tranStateTableOffset: extFields["queueOffset"]!,
        commitLogOffset: String(half.commitLogOffset),
        commitOrRollback: String(SysFlag.TRANSACTION_COMMIT_TYPE)
      })
      const { properties } = yield* first(cluster, "T")
      assert.notProperty(properties, "REAL_TOPIC")
      assert.notProperty(properties, "REAL_QID")
    }))
})

describe("hashes of tags that a heartbeat has as text, as Go writes them", () => {
  it.scoped("let the tags through", () =>
    Effect.gen(function*() {
      const { client } = yield* withBroker()
      yield* send(client, "T", { tags: "a", body: "this" })
      yield* send(client, "T", { tags: "b", body: "not this" })
      yield* heartbeat(client, "c", "G", [{ ...subscription("T", { sub: "a" }), codeSet: ["97"] } as never])
      assert.deepStrictEqual(bodies(yield* pull(client, "G", "T")), ["this"])
    }))
})
