import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Frame from "../src/Frame.js"
import * as Header from "../src/Header.js"
import type { ExtFields, RemotingCommand } from "../src/RemotingCommand.js"
import * as RequestCode from "../src/RequestCode.js"
import * as RequestHeader from "../src/RequestHeader.js"
import * as ResponseHeader from "../src/ResponseHeader.js"
import { bytesOf, frame } from "./vectors.js"

const extOf = (name: string): ExtFields => {
  const commands: Array<RemotingCommand> = []
  Frame.makeDecoder().push(bytesOf(frame(name).hex), (command) => commands.push(command))
  return commands[0]!.extFields
}
const right = <A, E>(either: Either.Either<A, E>): A => Either.getOrThrow(either)

describe("Header", () => {
  const header = Header.make("Test", {
    text: Header.string,
    small: Header.int32,
    big: Header.int64,
    time: Header.optional(Header.millis),
    flag: Header.as(Header.optional(Header.boolean), "FLAG_NAME")
  })

  it.prop("round trip", [FastCheck.record({
    text: FastCheck.string(),
    small: FastCheck.integer({ min: -0x80000000, max: 0x7fffffff }),
    big: FastCheck.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    time: FastCheck.maxSafeInteger(),
    flag: FastCheck.boolean()
  }, { requiredKeys: ["text", "small", "big"] })], ([value]) => {
    assert.deepStrictEqual(right(header.decode(header.encode(value))), value)
  })

  it("leaves out what is undefined, and ignores what it does not know", () => {
    const ext = header.encode({ text: "", small: -1, big: 2n ** 62n, time: undefined })
    assert.deepStrictEqual({ ...ext }, { text: "", small: "-1", big: "4611686018427387904" })
    assert.deepStrictEqual(right(header.decode({ ...ext, other: "x", FLAG_NAME: "TRUE", time: "" })), {
      text: "",
      small: -1,
      big: 2n ** 62n,
      flag: true
    })
  })

  it("names header and field in errors", () => {
    const problem = (change: Record<string, string>) =>
      Either.getOrThrow(Either.flip(header.decode({ text: "a", small: "1", big: "2", ...change }))).message
    assert.strictEqual(
      Either.getOrThrow(Either.flip(header.decode({ text: "a", big: "2" }))).message,
      "Cannot read Test, field small: it is missing"
    )
    for (const small of ["2147483648", "-2147483649", "1.5", "", "x", "1e3", " 1"]) {
      assert.include(problem({ small }), "field small: it must be a 32-bit integer")
    }
    for (const big of ["9223372036854775808", "-9223372036854775809", "", "0x10", "9".repeat(400)]) {
      assert.include(problem({ big }), "field big: it must be a 64-bit integer")
    }
    assert.include(problem({ time: "9007199254740992" }), "field time")
    assert.include(problem({ FLAG_NAME: "yes" }), "field FLAG_NAME")
  })

  it("does not write what is no value of the field", () => {
    assert.throws(() => header.encode({ text: "a", small: 1.5, big: 1n }), "small must be a 32-bit integer")
    assert.throws(() => header.encode({ text: "a", small: 1, big: 2n ** 63n }), "big must be a 64-bit integer")
    assert.throws(() => header.encode({ text: "a", small: 1, big: 1n, time: NaN }), "time")
  })

  it.prop("never throws on received fields", [
    FastCheck.constantFrom(...RequestHeader.all.keys()),
    FastCheck.string(),
    FastCheck.boolean()
  ], ([code, value, number]) => {
    const ext = new Proxy({}, { get: () => number ? "7" : value }) as ExtFields
    const result = right(RequestHeader.byCode(code)).decode(ext)
    if (Either.isLeft(result)) assert.strictEqual(result.left._tag, "DeserializationError")
  })
})

describe("RequestHeader", () => {
  it("has every request code", () => {
    assert.deepStrictEqual(
      [...RequestHeader.all.keys()].sort((a, b) => a - b),
      // 322 of brokers among themselves included
      Object.values(RequestCode.all).sort((a, b) => a - b)
    )
    for (const [code, header] of RequestHeader.all) assert.strictEqual(header.name, RequestCode.nameOf(code))
  })

  it("fails for a code that is not known", () => {
    assert.strictEqual(
      Either.getOrThrow(Either.flip(RequestHeader.byCode(99_999))).message,
      "Request code 99999 is not known"
    )
  })

  it("reads golden requests, and writes the same fields", () => {
    const send = right(RequestHeader.SendMessageV2.decode(extOf("java-req-rocketmq-send-v2")))
    assert.deepStrictEqual(send, {
      producerGroup: "PG",
      topic: "TopicTest",
      defaultTopic: "TBW102",
      defaultTopicQueueNums: 4,
      queueId: 2,
      sysFlag: 0,
      bornTimestamp: 1_700_000_000_000,
      flag: 0,
      properties: "UNIQ_KEY\u00017F00000104D218B4AAC200000000000A\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002",
      reconsumeTimes: 0,
      unitMode: false,
      batch: false,
      bname: "broker-a"
    })
    assert.deepStrictEqual(
      { ...RequestHeader.SendMessageV2.make(send).extFields },
      { ...extOf("java-req-rocketmq-send-v2") }
    )
    const pull = right(RequestHeader.PullMessage.decode(extOf("live-pull-request")))
    assert.strictEqual(pull.queueOffset, 0n)
    assert.strictEqual(pull.maxMsgNums, 32)
    assert.deepStrictEqual({ ...RequestHeader.PullMessage.make(pull).extFields }, { ...extOf("live-pull-request") })
    assert.deepStrictEqual(
      right(RequestHeader.NotifyConsumerIdsChanged.decode(extOf("live-notify-consumer-ids-changed"))),
      { consumerGroup: "VecCG2" }
    )
    for (
      const [name, header] of [
        ["java-req-json-send-v1-oneway", RequestHeader.SendMessage],
        ["live-end-transaction-request", RequestHeader.EndTransaction],
        ["live-check-transaction-state", RequestHeader.CheckTransactionState],
        ["java-req-json-route", RequestHeader.GetRouteinfoByTopic]
      ] as const
    ) {
      const read = right<object, unknown>(header.decode(extOf(name)))
      assert.deepStrictEqual({ ...(header as Header.Header<any>).encode(read) }, { ...extOf(name) }, name)
    }
  })

  it("makes requests", () => {
    const body = new Uint8Array([1])
    assert.deepStrictEqual({ ...RequestHeader.HeartBeat.make({}, body) }, {
      code: 34,
      extFields: RequestHeader.HeartBeat.encode({}),
      body
    })
    assert.strictEqual(RequestHeader.GetBrokerClusterInfo.make().body, undefined)
    const subVersion = 1_700_000_000_000_000_001n // nanoseconds, as Go writes them
    const pull = right(RequestHeader.PullMessage.decode({ ...extOf("live-pull-request"), subVersion: `${subVersion}` }))
    assert.strictEqual(pull.subVersion, subVersion)
  })
})

describe("ResponseHeader", () => {
  it("reads golden answers", () => {
    assert.deepStrictEqual(right(ResponseHeader.SendMessage.decode(extOf("live-send-v2-response"))), {
      msgId: "7F00000100002A9F000000012937B942",
      queueId: 0,
      queueOffset: 0n,
      transactionId: "7F00000100012A2B3C4D00000AB10001",
      region: "DefaultRegion",
      traceOn: true
    })
    assert.deepStrictEqual(right(ResponseHeader.PullMessage.decode(extOf("live-pull-response"))), {
      suggestWhichBrokerId: 0n,
      nextBeginOffset: 2n,
      minOffset: 0n,
      maxOffset: 2n,
      topicSysFlag: 0,
      groupSysFlag: 0
    })
    assert.deepStrictEqual(right(ResponseHeader.PopMessage.decode(extOf("live-pop-response"))), {
      popTime: 1_795_216_495_229,
      invisibleTime: 60_000,
      reviveQid: 6,
      restNum: 0n,
      startOffsetInfo: "0 0 0",
      msgOffsetInfo: "0 0 0,1"
    })
    assert.deepStrictEqual(right(ResponseHeader.HeartBeat.decode(extOf("live-heartbeat-response"))), {
      isSupportHeartBeatV2: true,
      isSubChange: true
    })
  })

  it("is found by request code", () => {
    assert.deepStrictEqual(
      Option.map(ResponseHeader.byCode(RequestCode.PULL_MESSAGE), (header) => header.name),
      Option.some("the answer to PULL_MESSAGE")
    )
    assert.isTrue(Option.isNone(ResponseHeader.byCode(RequestCode.LOCK_BATCH_MQ)))
  })
})
