import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as LanguageCode from "../src/LanguageCode.js"
import * as MessageQueue from "../src/MessageQueue.js"
import * as MqVersion from "../src/MqVersion.js"
import * as PropertiesText from "../src/PropertiesText.js"
import { isProtocolError, UnsupportedRequestCodeError } from "../src/ProtocolError.js"
import * as RequestCode from "../src/RequestCode.js"
import * as ResponseCode from "../src/ResponseCode.js"

describe("codes", () => {
  it("have Java's names", () => {
    assert.strictEqual(RequestCode.nameOf(310), "SEND_MESSAGE_V2")
    assert.strictEqual(RequestCode.nameOf(200_050), "POP_MESSAGE")
    assert.strictEqual(RequestCode.nameOf(4711), "4711")
    assert.strictEqual(ResponseCode.nameOf(25), "SUBSCRIPTION_NOT_LATEST")
    assert.strictEqual(ResponseCode.nameOf(-1006), "RPC_TIME_OUT")
    assert.isFalse(ResponseCode.isResponseCode(5))
    assert.isTrue(RequestCode.isRequestCode(34))
  })
  it("are unique", () => {
    for (const all of [RequestCode.all, ResponseCode.all, LanguageCode.all]) {
      assert.strictEqual(new Set(Object.values(all)).size, Object.keys(all).length)
    }
  })
  it("of languages by name", () => {
    assert.deepStrictEqual(LanguageCode.fromName("GO"), Either.right(LanguageCode.GO))
    const unknown = LanguageCode.fromName("COBOL")
    assert.isTrue(Either.isLeft(unknown) && unknown.left._tag === "UnsupportedLanguageError")
    assert.strictEqual(LanguageCode.lenient("COBOL"), LanguageCode.OTHER)
    assert.strictEqual(LanguageCode.nameOf(99), "OTHER")
  })
})

describe("MqVersion", () => {
  it("names ordinals as Java does", () => {
    const names = {
      0: "3.0.0-SNAPSHOT",
      15: "3.0.0-FINAL",
      28: "3.0.7-SNAPSHOT",
      62: "3.1.8-SNAPSHOT",
      85: "3.2.9",
      86: "3.3.1-SNAPSHOT",
      121: "3.4.9",
      232: "4.1.0-SNAPSHOT",
      317: "4.5.2",
      333: "4.6.0",
      399: "4.9.3",
      401: "4.9.4",
      413: "5.0.0",
      433: "5.1.0",
      475: "5.3.1",
      479: "5.3.3",
      513: "5.5.0",
      612: "HIGHER_VERSION",
      9999: "HIGHER_VERSION"
    }
    for (const [version, name] of Object.entries(names)) assert.strictEqual(MqVersion.nameOf(Number(version)), name)
  })
  it("finds versions by their names", () => {
    for (const name of ["3.4.9", "4.9.8", "5.0.0", "5.5.0", "HIGHER_VERSION"]) {
      assert.strictEqual(MqVersion.nameOf(MqVersion.fromName(name)!), name)
    }
    assert.strictEqual(MqVersion.fromName("5.3.2"), MqVersion.V5_3_2)
    assert.isUndefined(MqVersion.fromName("five"))
  })
  it("refuses what is too old", () => {
    assert.isTrue(Either.isRight(MqVersion.require(232, MqVersion.V4_1_0_SNAPSHOT, "SQL92")))
    const old = MqVersion.require(231, MqVersion.V4_1_0_SNAPSHOT, "SQL92")
    assert.strictEqual(
      Either.getOrThrow(Either.flip(old)).message,
      "SQL92 needs a peer of version 232 or newer, but it has 231"
    )
  })
})

describe("MessageQueue", () => {
  it("is equal by value, in order by topic, broker and id", () => {
    const queue = MessageQueue.make("t", "b", 1)
    assert.isTrue(Equal.equals(queue, MessageQueue.make("t", "b", 1)))
    assert.strictEqual(Hash.hash(queue), Hash.hash(MessageQueue.make("t", "b", 1)))
    assert.isFalse(Equal.equals(queue, MessageQueue.make("t", "b", 2)))
    assert.isTrue(MessageQueue.isMessageQueue(queue))
    assert.isFalse(MessageQueue.isMessageQueue({ topic: "t", brokerName: "b", queueId: 1 }))
    const queues = [["t", "b", 10], ["t", "b", 2], ["t", "a", 3], ["s", "z", 9]] as const
    assert.deepStrictEqual(
      queues.map(([topic, broker, id]) => MessageQueue.make(topic, broker, id)).sort(MessageQueue.order).map(
        MessageQueue.key
      ),
      ["s@z@9", "t@a@3", "t@b@2", "t@b@10"]
    )
  })
})

describe("ProtocolError", () => {
  it("is known by its guard", () => {
    assert.isTrue(isProtocolError(new UnsupportedRequestCodeError({ code: 1 })))
    assert.isFalse(isProtocolError(new Error("other")))
  })
})

describe("PropertiesText", () => {
  it("reads what it writes, and what Java writes", () => {
    const settings: Record<string, string> = { brokerName: "a", "a b:c": " x=y\\z\nü", empty: "" }
    assert.deepStrictEqual({ ...PropertiesText.decode(PropertiesText.encode(settings)) }, settings)
    const text = "#comment\n\n brokerId=0\r\nname : broker\\u002da\nlong=one\\\n   two\nbare\nbrokerId=1\n"
    assert.deepStrictEqual({ ...PropertiesText.decode(new TextEncoder().encode(text)) }, {
      brokerId: "1",
      name: "broker-a",
      long: "onetwo",
      bare: ""
    })
  })
})
