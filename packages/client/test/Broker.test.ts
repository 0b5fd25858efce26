import * as Broker from "@effect-rocketmq/client/Broker"
import * as ConsumerList from "@effect-rocketmq/protocol/ConsumerList"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Option } from "effect"
import * as Fake from "./support/FakeRemoting.js"

const address = "10.0.0.1:10911"
const queue = MessageQueue.make("orders", "broker-a", 3)

const run = <A, E>(
  answer: (request: Request) => Fake.Answer,
  test: (broker: Broker.Broker["Type"], fake: ReturnType<typeof Fake.make>) => Effect.Effect<A, E>
) => {
  const fake = Fake.make((_, request) => answer(request))
  return Effect.flatMap(Broker.make, (broker) => test(broker, fake)).pipe(Effect.provide(fake.layer))
}

const record = (queueOffset: bigint, properties: Record<string, string> = {}, topic = "orders") =>
  Either.getOrThrow(MessageExt.encode({
    topic,
    body: new TextEncoder().encode(`at ${queueOffset}`),
    queueId: 3,
    queueOffset,
    commitLogOffset: queueOffset * 100n,
    bornTimestamp: 1,
    bornHost: "127.0.0.1:1",
    storeTimestamp: 2,
    storeHost: "127.0.0.1:2",
    properties
  }))

const concat = (...parts: ReadonlyArray<Uint8Array>) => Uint8Array.from(parts.flatMap((part) => Array.from(part)))

const send = RequestHeader.SendMessageV2.make({
  producerGroup: "checkout",
  topic: "orders",
  defaultTopic: "TBW102",
  defaultTopicQueueNums: 4,
  queueId: 3,
  sysFlag: 0,
  bornTimestamp: 1,
  flag: 0,
  bname: "broker-a"
}, new Uint8Array(5))

const storedFields = { msgId: "ID", queueId: "3", queueOffset: "9007199254740993", MSG_REGION: "R", TRACE_ON: "false" }

describe("Broker.send", () => {
  for (
    const [code, status] of [[0, "SEND_OK"], [10, "FLUSH_DISK_TIMEOUT"], [11, "SLAVE_NOT_AVAILABLE"], [
      12,
      "FLUSH_SLAVE_TIMEOUT"
    ]] as const
  ) {
    it.effect(`takes code ${code} for a message that is stored`, () =>
      run(
        () => Effect.succeed({ code, extFields: storedFields }),
        (broker) =>
          Effect.map(broker.send(address, "orders", send, 3000), (result) =>
            assert.deepStrictEqual(result, {
              status,
              offsetId: "ID",
              queueId: 3,
              queueOffset: 9007199254740993n,
              transactionId: undefined,
              recallHandle: undefined,
              regionId: "R",
              traceOn: false
            }))
      ))
  }

  it.effect("names everything when it is refused", () =>
    run(
      () => Fake.refuse(ResponseCode.SYSTEM_BUSY, "[OVERLOAD]"),
      (broker) =>
        Effect.map(Effect.flip(broker.send(address, "orders", send, 3000)), (error) => {
          assert.strictEqual(error._tag, "BrokerBusyError")
          assert.deepInclude(error, {
            address,
            brokerName: "broker-a",
            topic: "orders",
            group: "checkout",
            queueId: 3,
            remark: "[OVERLOAD]",
            requestCode: RequestCode.SEND_MESSAGE_V2
          })
        })
    ))

  it.effect("does not take an answer without an offset for a success", () =>
    run(
      () => Fake.ok(undefined, { msgId: "ID", queueId: "3", queueOffset: "-" }),
      (broker) =>
        Effect.map(Effect.flip(broker.send(address, "orders", send, 3000)), (error) =>
          assert.strictEqual(error._tag, "DeserializationError"))
    ))
})

describe("Broker.pull", () => {
  const pull: Broker.PullRequest = {
    group: "billing",
    topic: "orders",
    brokerName: "broker-a",
    queueId: 3,
    offset: 1001n,
    maxMessages: 32,
    commitOffset: Option.none(),
    suspendTimeout: 0,
    subVersion: 7
  }

  const fields = { suggestWhichBrokerId: "1", nextBeginOffset: "1004", minOffset: "1000", maxOffset: "2000" }

  it.effect("decodes messages, names their broker, adds the offset of a static topic's queue", () =>
    run(
      () => Fake.ok(concat(record(1n), record(2n), new Uint8Array([0, 0, 0, 9])), { ...fields, offsetDelta: "1000" }),
      (broker) =>
        Effect.map(broker.pull(address, pull, 30_000), (result) => {
          assert.strictEqual(result.status, "Found")
          assert.deepStrictEqual(
            result.messages.map((message) => [message.queueOffset, message.brokerName, MessageExt.text(message)]),
            [[1001n, "broker-a", "at 1"], [1002n, "broker-a", "at 2"]]
          )
          assert.strictEqual(result.undecodable.length, 1)
          assert.strictEqual(result.nextBeginOffset, 1004n)
          assert.strictEqual(result.suggestedBrokerId, 1)
          assert.isAbove(result.bytes, 100)
        })
    ))

  for (const [code, status] of [[19, "NoNewMessage"], [20, "NoMatchedMessage"], [21, "OffsetIllegal"]] as const) {
    it.effect(`takes code ${code} for a result`, () =>
      run(
        () => Effect.succeed({ code, extFields: fields }),
        (broker) =>
          Effect.map(broker.pull(address, pull, 30_000), (result) => {
            assert.strictEqual(result.status, status)
            assert.strictEqual(result.nextBeginOffset, 1004n)
            assert.deepStrictEqual(result.messages, [])
          })
      ))
  }

  it.effect("says in its flags what it brings", () =>
    run(() => Effect.succeed({ code: 19, extFields: fields }), (broker, fake) =>
      Effect.gen(function*() {
        yield* broker.pull(address, pull, 30_000)
        yield* broker.pull(address, {
          ...pull,
          commitOffset: Option.some(900n),
          suspendTimeout: 15_000,
          subscription: { expressionType: "SQL92", expression: "a > 1" }
        }, 30_000)
        const [plain, full] = fake.calls.map(({ request }) => request.extFields)
        assert.deepInclude({ ...plain }, {
          sysFlag: "0",
          commitOffset: "0",
          suspendTimeoutMillis: "0",
          queueOffset: "1001"
        })
        assert.deepInclude({ ...full }, {
          sysFlag: "7",
          commitOffset: "900",
          suspendTimeoutMillis: "15000",
          subscription: "a > 1",
          expressionType: "SQL92",
          subVersion: "7"
        })
      })))

  it.effect("fails with what the broker refuses", () =>
    run(
      () => Fake.refuse(ResponseCode.SUBSCRIPTION_NOT_LATEST, "older"),
      (broker) =>
        Effect.map(Effect.flip(broker.pull(address, pull, 30_000)), (error) => {
          assert.strictEqual(error._tag, "SubscriptionNotLatestError")
          assert.deepInclude(error, { group: "billing", topic: "orders", queueId: 3, brokerName: "broker-a" })
        })
    ))

  it.effect("fails when the numbers are missing", () =>
    run(
      () => Fake.ok(),
      (broker) =>
        Effect.map(Effect.flip(broker.pull(address, pull, 30_000)), (error) =>
          assert.strictEqual(error._tag, "DeserializationError"))
    ))
})

describe("Broker", () => {
  const offset = (answer: Fake.Answer) =>
    run(() => answer, (broker, fake) =>
      Effect.map(broker.queryConsumerOffset(address, "billing", queue), (found) => {
        assert.strictEqual(fake.calls[0]?.request.extFields["setZeroIfNotFound"], "false")
        return found
      }))

  it.effect("tells no offset from an offset, and both from a failure", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* offset(Fake.ok(undefined, { offset: "0" })), Option.some(0n))
      assert.deepStrictEqual(yield* offset(Fake.refuse(ResponseCode.QUERY_NOT_FOUND)), Option.none())
      assert.deepStrictEqual(yield* offset(Fake.ok(undefined, { offset: "-1" })), Option.none())
      assert.strictEqual((yield* Effect.flip(offset(Fake.refuse(ResponseCode.SYSTEM_ERROR))))._tag, "BrokerSystemError")
      assert.strictEqual((yield* Effect.flip(offset(Fake.ok())))._tag, "DeserializationError")
    }))

  it.effect("tells a group without members from a failure", () =>
    Effect.gen(function*() {
      const list = (answer: Fake.Answer) => run(() => answer, (broker) => broker.consumerList(address, "billing"))
      assert.deepStrictEqual(
        yield* list(Fake.ok(ConsumerList.encode({ consumerIdList: ["one", "two"] }))),
        Option.some(["one", "two"])
      )
      assert.deepStrictEqual(
        yield* list(Fake.refuse(ResponseCode.SYSTEM_ERROR, "no consumer for this group, billing")),
        Option.none()
      )
      assert.strictEqual(
        (yield* Effect.flip(list(Fake.refuse(ResponseCode.SYSTEM_ERROR, "AclException: signature validate failed"))))
          ._tag,
        "AuthenticationError"
      )
    }))

  it.effect("checks again what the broker's index of hashes found", () =>
    run(
      () =>
        Fake.ok(concat(
          record(1n, { KEYS: "k1 k2", UNIQ_KEY: "U1" }),
          record(2n, { KEYS: "k12", UNIQ_KEY: "U2" }),
          record(3n, { KEYS: "k1" }, "other")
        )),
      (broker) =>
        Effect.gen(function*() {
          const query = { topic: "orders", maxCount: 32, begin: 0, end: 1 }
          const byKey = yield* broker.queryMessage(address, { ...query, key: "k1", unique: false })
          assert.deepStrictEqual(byKey.map((message) => message.queueOffset), [1n])
          const unique = yield* broker.queryMessage(address, { ...query, key: "U2", unique: true })
          assert.deepStrictEqual(unique.map((message) => message.queueOffset), [2n])
        })
    ))

  it.effect("finds nothing without failing", () =>
    run(() => Fake.refuse(ResponseCode.QUERY_NOT_FOUND), (broker) =>
      Effect.map(
        broker.queryMessage(address, { topic: "orders", key: "k", unique: false, maxCount: 1, begin: 0, end: 1 }),
        (found) => assert.deepStrictEqual(found, [])
      )))

  it.effect("fails before it sends what no header can say", () =>
    run(
      () => Fake.ok(),
      (broker, fake) =>
        Effect.map(Effect.flip(broker.maxOffset(address, MessageQueue.make("orders", "broker-a", 0.5))), (error) => {
          assert.strictEqual(error._tag, "SerializationError")
          assert.deepStrictEqual(fake.calls, [])
        })
    ))

  it.effect("writes a topic's attributes as changes", () =>
    run(() => Fake.ok(), (broker, fake) =>
      Effect.map(
        broker.createTopic(address, {
          topicName: "orders",
          readQueueNums: 4,
          writeQueueNums: 8,
          perm: 6,
          topicFilterType: "SINGLE_TAG",
          topicSysFlag: 0,
          order: false,
          attributes: { "message.type": "FIFO", "+queue.type": "BatchCQ" }
        }),
        () =>
          assert.strictEqual(fake.calls[0]?.request.extFields["attributes"], "+message.type=FIFO,+queue.type=BatchCQ")
      )))

  const end: Broker.EndTransactionRequest = {
    group: "checkout",
    topic: "orders",
    brokerName: "broker-a",
    transactionId: "T1",
    msgId: "U1",
    tranStateTableOffset: 9007199254740993n,
    commitLogOffset: 1234n,
    state: "Commit",
    fromCheck: false
  }

  for (const [state, commitOrRollback] of [["Commit", "8"], ["Rollback", "12"], ["Unknown", "0"]] as const) {
    it.effect(`ends a transaction with ${state}`, () =>
      run(
        () => Fake.ok(),
        (broker, fake) =>
          Effect.map(broker.endTransaction(address, { ...end, state, fromCheck: state === "Unknown" }), () => {
            assert.strictEqual(fake.calls[0]?.request.code, RequestCode.END_TRANSACTION)
            assert.deepStrictEqual({ ...fake.calls[0]?.request.extFields }, {
              producerGroup: "checkout",
              topic: "orders",
              bname: "broker-a",
              transactionId: "T1",
              msgId: "U1",
              tranStateTableOffset: "9007199254740993",
              commitLogOffset: "1234",
              commitOrRollback,
              fromTransactionCheck: String(state === "Unknown")
            })
          })
      ))
  }

  it.effect("fails when the broker refuses the end of a transaction, and waits for no answer to Unknown", () =>
    run(
      () => Fake.refuse(ResponseCode.SYSTEM_ERROR, "The producer group wrong"),
      (broker, fake) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(broker.endTransaction(address, end))
          assert.strictEqual(error._tag, "TransactionFailedError")
          assert.deepInclude(error, { address, brokerName: "broker-a", group: "checkout", topic: "orders" })
          yield* broker.endTransaction(address, { ...end, state: "Unknown" })
          assert.strictEqual(fake.calls.length, 2)
        })
    ))

  const recall = { group: "checkout", topic: "orders", brokerName: "broker-a", recallHandle: "djEg" }

  it.effect("recalls a message and gives its unique key", () =>
    run(
      () => Fake.ok(undefined, { msgId: "U1", MSG_REGION: "R" }),
      (broker, fake) =>
        Effect.map(broker.recallMessage(address, recall), (uniqueKey) => {
          assert.strictEqual(uniqueKey, "U1")
          assert.strictEqual(fake.calls[0]?.request.code, RequestCode.RECALL_MESSAGE)
          assert.deepStrictEqual({ ...fake.calls[0]?.request.extFields }, {
            producerGroup: "checkout",
            topic: "orders",
            bname: "broker-a",
            recallHandle: "djEg"
          })
        })
    ))

  it.effect("fails when a recall is refused, or answered without the key", () =>
    Effect.gen(function*() {
      const failure = (answer: Fake.Answer) =>
        run(() => answer, (broker) => Effect.flip(broker.recallMessage(address, recall)))
      const off = yield* failure(Fake.refuse(ResponseCode.NO_PERMISSION, "recall failed, operation is forbidden"))
      assert.strictEqual(off._tag, "PermissionDeniedError")
      assert.deepInclude(off, { reason: "Feature", brokerName: "broker-a", group: "checkout", topic: "orders" })
      const late = yield* failure(Fake.refuse(ResponseCode.ILLEGAL_OPERATION, "recall failed, timestamp invalid"))
      assert.strictEqual(late._tag, "InvalidParameterError")
      assert.strictEqual((yield* failure(Fake.ok()))._tag, "DeserializationError")
    }))

  it.effect("knows the version of a broker, also when that refuses", () =>
    Effect.gen(function*() {
      const versionOf = (answer: Fake.Answer) => run(() => answer, (broker) => broker.version(address))
      assert.strictEqual(yield* versionOf(Fake.ok()), MqVersion.CURRENT)
      assert.strictEqual(yield* versionOf(Fake.refuse(ResponseCode.NO_PERMISSION)), MqVersion.CURRENT)
      assert.strictEqual((yield* Effect.flip(versionOf(Fake.down(address))))._tag, "ConnectionFailedError")
    }))
})
