import * as Broker from "@effect-rocketmq/client/Broker"
import * as ReceiptHandle from "@effect-rocketmq/client/ReceiptHandle"
import * as BatchAck from "@effect-rocketmq/protocol/BatchAck"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, Option, TestClock } from "effect"
import * as Fake from "./support/FakeRemoting.js"

const address = "10.0.0.1:10911"

const run = <A, E>(
  answer: (request: Request) => Fake.Answer,
  test: (broker: Broker.Broker["Type"], fake: ReturnType<typeof Fake.make>) => Effect.Effect<A, E>
) => {
  const fake = Fake.make((_, request) => answer(request))
  return Effect.flatMap(Broker.make, (broker) => test(broker, fake)).pipe(Effect.provide(fake.layer))
}

const record = (queueId: number, queueOffset: bigint, topic = "orders", properties: Record<string, string> = {}) =>
  Either.getOrThrow(MessageExt.encode({
    topic,
    body: new TextEncoder().encode(`${queueId}@${queueOffset}`),
    queueId,
    queueOffset,
    commitLogOffset: queueOffset * 100n,
    bornTimestamp: 1,
    bornHost: "127.0.0.1:1",
    storeTimestamp: 2,
    storeHost: "127.0.0.1:2",
    properties
  }))

const concat = (...parts: ReadonlyArray<Uint8Array>) => Uint8Array.from(parts.flatMap((part) => Array.from(part)))

const request: Broker.PopRequest = {
  group: "billing",
  topic: "orders",
  brokerName: "broker-a",
  maxMessages: 16,
  invisibleTime: 30_000,
  pollTime: 15_000,
  from: "last",
  subscription: { expressionType: "TAG", expression: "a || b" }
}

const found = {
  popTime: "1700000000000",
  invisibleTime: "30000",
  reviveQid: "3",
  restNum: "7",
  startOffsetInfo: "0 0 5;0 2 11;1 0 4",
  msgOffsetInfo: "0 0 5,6;0 2 12;1 0 4"
}

const handle: ReceiptHandle.ReceiptHandle = {
  checkpointOffset: 5n,
  popTime: 1_700_000_000_000,
  invisibleTime: 30_000,
  reviveQueueId: 3,
  origin: "Topic",
  brokerName: "broker-a",
  queueId: 0,
  queueOffset: 6n,
  expiresAt: 30_000
}

const receipt: Broker.Receipt = { topic: "orders", handle }

describe("Broker.pop", () => {
  it.effect("asks for all queues, and gives each message the handle that the answer has for it", () =>
    run(
      () =>
        Fake.ok(
          concat(
            record(0, 5n),
            record(0, 6n),
            record(2, 12n),
            record(0, 4n, "orders", { POP_CK: "4 1700000000000 30000 3 1 broker-a 0 4" }),
            // a broker that does not hide its retry topic
            record(0, 4n, "%RETRY%billing_orders")
          ),
          found
        ),
      (broker, fake) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(1000)
          const result = yield* broker.pop(address, request, 25_000)
          const { extFields } = fake.calls[0]!.request
          assert.deepStrictEqual(
            [extFields!["queueId"], extFields!["bornTime"], extFields!["initMode"], extFields!["exp"]],
            ["-1", "0", "1", "a || b"]
          )
          assert.deepStrictEqual([result.status, result.rest, result.undecodable], ["Found", 7n, []])
          assert.deepStrictEqual(
            result.messages.map(({ handle, message }) => [message.topic, ReceiptHandle.encode(handle)]),
            [
              ["orders", "5 1700000000000 30000 3 0 broker-a 0 5"],
              ["orders", "5 1700000000000 30000 3 0 broker-a 0 6"],
              ["orders", "11 1700000000000 30000 3 0 broker-a 2 12"],
              ["orders", "4 1700000000000 30000 3 1 broker-a 0 4"],
              ["orders", "4 1700000000000 30000 3 1 broker-a 0 4"]
            ]
          )
          for (const { handle } of result.messages) assert.strictEqual(handle.expiresAt, 31_000)
        })
    ))

  for (const code of [ResponseCode.POLLING_TIMEOUT, ResponseCode.PULL_NOT_FOUND]) {
    it.effect(`takes code ${code} for nothing`, () =>
      run(
        () => Fake.refuse(code, "NO_MESSAGE_IN_QUEUE"),
        (broker) =>
          Effect.map(broker.pop(address, request, 25_000), ({ messages, status }) =>
            assert.deepStrictEqual([status, messages], ["NoNewMessage", []]))
      ))
  }

  it.effect("says that too many wait already, with all names", () =>
    run(
      () => Fake.refuse(ResponseCode.POLLING_FULL),
      (broker) =>
        Effect.map(Effect.flip(broker.pop(address, request, 25_000)), (error) => {
          assert.strictEqual(error._tag, "BrokerBusyError")
          for (const part of [address, "orders", "billing", "broker-a"]) assert.include(error.message, part)
        })
    ))
})

describe("Broker.ack", () => {
  it.effect("names the topic that the message was taken from", () =>
    run(
      () => Fake.ok(),
      (broker, fake) =>
        Effect.gen(function*() {
          yield* broker.ack(address, "billing", receipt)
          yield* broker.ack(address, "billing", { topic: "orders", handle: { ...handle, origin: "RetryV1" } })
          yield* broker.ack(address, "billing", { topic: "orders", handle: { ...handle, origin: "RetryV2" } })
          assert.deepStrictEqual(
            fake.calls.map(({ request: { extFields } }) => [extFields!["topic"], extFields!["extraInfo"]]),
            [
              ["orders", "5 1700000000000 30000 3 0 broker-a 0 6"],
              ["%RETRY%billing_orders", "5 1700000000000 30000 3 1 broker-a 0 6"],
              ["%RETRY%billing+orders", "5 1700000000000 30000 3 2 broker-a 0 6"]
            ]
          )
        })
    ))

  it.effect("does not send a handle whose time is over", () =>
    run(
      () => Fake.ok(),
      (broker, fake) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(30_000)
          const change = broker.changeInvisibility(address, "billing", receipt, 1000)
          for (
            const error of [yield* Effect.flip(broker.ack(address, "billing", receipt)), yield* Effect.flip(change)]
          ) {
            assert.strictEqual(error._tag, "ReceiptExpiredError")
            assert.include(error.message, "comes again")
          }
          assert.deepStrictEqual(fake.calls, [])
        })
    ))

  it.effect("says when the broker no longer has the message", () =>
    run(
      () => Fake.refuse(ResponseCode.NO_MESSAGE, "offset is illegal"),
      (broker) =>
        Effect.map(Effect.flip(broker.ack(address, "billing", receipt)), (error) => {
          assert.strictEqual(error._tag === "ReceiptExpiredError" && error.reason, "Gone")
        })
    ))
})

describe("Broker.batchAck", () => {
  it.effect("has one entry for what was popped of a queue at once, and leaves out what lapsed", () =>
    run(
      () => Fake.ok(),
      (broker, fake) =>
        Effect.gen(function*() {
          const other = (changes: Partial<ReceiptHandle.ReceiptHandle>) => ({
            topic: "orders",
            handle: { ...handle, ...changes }
          })
          yield* TestClock.adjust(100)
          const left = yield* broker.batchAck(address, "billing", [
            receipt,
            other({ queueOffset: 5n }),
            other({ queueOffset: 15n }),
            other({ queueId: 2, checkpointOffset: 12n, queueOffset: 12n }),
            other({ origin: "RetryV1" }),
            other({ queueOffset: 7n, expiresAt: 100 })
          ])
          assert.deepStrictEqual(left.map(({ offset }) => offset), [7n])
          assert.strictEqual(fake.calls[0]!.request.code, RequestCode.BATCH_ACK_MESSAGE)
          const { acks, brokerName } = Either.getOrThrow(BatchAck.decode(fake.calls[0]!.request.body!))
          assert.strictEqual(brokerName, "broker-a")
          assert.deepStrictEqual(
            acks.map((ack) => [ack.retry, ack.queueId, ack.startOffset, BatchAck.distances(ack.offsets)]),
            [["0", 0, 5n, [1, 0, 10].sort((a, b) => a - b)], ["0", 2, 12n, [0]], ["1", 0, 5n, [1]]]
          )
          assert.deepStrictEqual([acks[0]!.topic, acks[0]!.consumerGroup, acks[0]!.reviveQueueId], [
            "orders",
            "billing",
            3
          ])
          // and nothing at all when all of them lapsed
          yield* TestClock.adjust(30_000)
          yield* broker.batchAck(address, "billing", [receipt])
          assert.strictEqual(fake.calls.length, 1)
        })
    ))
})

describe("Broker.changeInvisibility", () => {
  it.effect("gives the handle that counts from then on", () =>
    run(
      () => Fake.ok(undefined, { popTime: "1700000009000", invisibleTime: "5000", reviveQid: "6" }),
      (broker) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(9000)
          const changed = yield* broker.changeInvisibility(address, "billing", receipt, 5000)
          assert.strictEqual(ReceiptHandle.encode(changed), "6 1700000009000 5000 6 0 broker-a 0 6")
          assert.strictEqual(changed.expiresAt, 14_000)
        })
    ))
})

describe("ReceiptHandle", () => {
  it("is read as it is written", () => {
    assert.deepStrictEqual(ReceiptHandle.decode(ReceiptHandle.encode(handle), 30_000), Option.some(handle))
  })

  for (
    const text of ["", "5 1 2 3 0 broker-a 0", "5 1 2 3 9 broker-a 0 6", "x 1 2 3 0 broker-a 0 6", "5 1 2 3 0  0 6"]
  ) {
    it(`is not "${text}"`, () => {
      assert.isTrue(Option.isNone(ReceiptHandle.decode(text, 0)))
    })
  }
})
