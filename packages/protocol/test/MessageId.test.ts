import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { bytesOf, vector } from "./support.js"

describe("MessageId", () => {
  it("writes and reads offset ids", () => {
    const { decoded } = vector("ids", "offset-msgid-ipv4")
    const id = { host: decoded.host, offset: BigInt(decoded.offset) }
    assert.deepStrictEqual(MessageId.encodeOffsetId(id), Either.right(decoded.text))
    assert.deepStrictEqual(MessageId.decodeOffsetId(decoded.text), Either.right(id))
  })

  it("writes and reads offset ids of IPv6", () => {
    const { decoded } = vector("messages", "stored-message-v1-ipv6")
    const id = { host: decoded.storeHost, offset: BigInt(decoded.commitLogOffset) }
    assert.deepStrictEqual(MessageId.encodeOffsetId(id), Either.right(decoded.offsetMsgId))
    assert.deepStrictEqual(MessageId.decodeOffsetId(decoded.offsetMsgId), Either.right(id))
  })

  it.prop("keeps all 64 bits of an offset", { offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) }, ({ offset }) => {
    const id = { host: "10.0.0.1:10911", offset }
    assert.deepStrictEqual(
      Either.flatMap(MessageId.encodeOffsetId(id), MessageId.decodeOffsetId),
      Either.right(id)
    )
  })

  it("writes and reads recall handles", () => {
    const { bytes, decoded } = vector("ids", "recall-handle")
    const handle = {
      topic: decoded.topic,
      brokerName: decoded.brokerName,
      timestamp: Number(decoded.timestamp),
      messageId: decoded.messageId
    }
    assert.deepStrictEqual(MessageId.encodeRecallHandle(handle), Either.right(decoded.text))
    assert.deepStrictEqual(bytesOf(decoded.text), bytes)
    assert.deepStrictEqual(MessageId.decodeRecallHandle(decoded.text), Either.right(handle))
  })

  it("keeps recall handles URL-safe", () => {
    const handle = { topic: "t>?~ÿ", brokerName: "b???>>>", timestamp: 1, messageId: "ÿÿÿ" }
    const text = Either.getOrThrow(MessageId.encodeRecallHandle(handle))
    assert.match(text, /^[A-Za-z0-9_-]+=*$/)
    assert.deepStrictEqual(MessageId.decodeRecallHandle(text), Either.right(handle))
  })

  it("lays unique keys out as Java does", () => {
    const prefix = MessageId.uniqueKeyPrefix({ ip: Uint8Array.of(127, 0, 0, 1), pid: 0x12304d2, hash: 0x18b4aac2 })
    assert.strictEqual(MessageId.uniqueKey(prefix, 0, 10), "7F00000104D218B4AAC200000000000A")
    assert.strictEqual(MessageId.uniqueKey(prefix, 2678399999, 0x1ffff), "7F00000104D218B4AAC29FA523FFFFFF")
    assert.deepStrictEqual(
      MessageId.decodeUniqueKey("7F00000104D218B4AAC20001E240000A"),
      Either.right({ ip: "127.0.0.1", pid: 1234, hash: 0x18b4aac2, millis: 123456, counter: 10 })
    )
    assert.strictEqual(
      Either.getOrThrow(MessageId.decodeUniqueKey("7F00000104D218B4AAC29FA523FFFFFF")).millis,
      2678399999,
      "the last millisecond of a month of 31 days"
    )
    const v6 = MessageId.uniqueKeyPrefix({ ip: new Uint8Array(16), pid: 1, hash: -1 })
    assert.strictEqual(MessageId.uniqueKey(v6, 1, 2).length, 56)
  })

  it("refuses what is no id", () => {
    for (const text of ["", "7F", "x".repeat(32), "0".repeat(33)]) {
      assert.isTrue(Either.isLeft(MessageId.decodeOffsetId(text)))
      assert.isTrue(Either.isLeft(MessageId.decodeUniqueKey(text)))
    }
    for (const text of ["", "!", "djEgYSBi", "djIgYSBiIDEgYw=="]) {
      assert.isTrue(Either.isLeft(MessageId.decodeRecallHandle(text)), text)
    }
    assert.isTrue(Either.isLeft(MessageId.encodeOffsetId({ host: "broker-a:10911", offset: 0n })))
    assert.isTrue(
      Either.isLeft(MessageId.encodeRecallHandle({ topic: "a b", brokerName: "b", timestamp: 1, messageId: "m" }))
    )
  })
})
