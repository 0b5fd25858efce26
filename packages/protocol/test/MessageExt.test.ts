import * as Crc32 from "@effect-rocketmq/protocol/Crc32"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { bytesOf, concat, vector } from "./support.js"

const fields: MessageExt.Fields = {
  topic: "TopicTest",
  body: bytesOf("hello"),
  queueId: 3,
  queueOffset: 42n,
  commitLogOffset: 4660n,
  bornTimestamp: 1700000000000,
  bornHost: "127.0.0.1:40000",
  storeTimestamp: 1700000000005,
  storeHost: "127.0.0.1:10911",
  properties: { TAGS: "TagA", KEYS: "k1 k2", UNIQ_KEY: "7F00000104D218B4AAC200000000000A" }
}

const encode = (changes: Partial<MessageExt.Fields> = {}): Uint8Array =>
  Either.getOrThrow(MessageExt.encode({ ...fields, ...changes }))

const only = (bytes: Uint8Array, options?: MessageExt.DecodeOptions): MessageExt.MessageExt => {
  const { messages, undecodable } = MessageExt.decodeAll(bytes, options)
  assert.deepStrictEqual(undecodable, [])
  assert.strictEqual(messages.length, 1)
  return messages[0]!
}

const plain = (message: MessageExt.MessageExt) => ({
  topic: message.topic,
  body: [...message.body],
  queueId: message.queueId,
  queueOffset: message.queueOffset,
  commitLogOffset: message.commitLogOffset,
  bornTimestamp: message.bornTimestamp,
  bornHost: message.bornHost,
  storeTimestamp: message.storeTimestamp,
  storeHost: message.storeHost,
  properties: { ...message.properties },
  flag: message.flag,
  sysFlag: message.sysFlag,
  bodyCrc: message.bodyCrc,
  reconsumeTimes: message.reconsumeTimes,
  preparedTransactionOffset: message.preparedTransactionOffset,
  storeSize: message.storeSize
})

const host = fc.oneof(
  fc.constantFrom("127.0.0.1:10911", "255.0.1.254:0", "10.1.2.3:65535"),
  fc.constantFrom("[::1]:10911", "[2001:db8::1:0:0:1]:1", "[fe80::]:9", "[1:2:3:4:5:6:7:8]:80")
)

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

const arbitrary = fc.record({
  topic: fc.oneof(fc.stringMatching(/^[%|a-zA-Z0-9_-]{1,127}$/), fc.constant("%RETRY%" + "g".repeat(200))),
  body: fc.uint8Array({ maxLength: 64 }),
  queueId: fc.integer(),
  queueOffset: int64,
  commitLogOffset: int64,
  bornTimestamp: fc.integer({ min: -5, max: Number.MAX_SAFE_INTEGER }),
  bornHost: host,
  storeTimestamp: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  storeHost: host,
  properties: fc.dictionary(
    fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("\x01") && !text.includes("\x02")),
    fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("\x01") && !text.includes("\x02")),
    { maxKeys: 5 }
  ),
  flag: fc.integer(),
  reconsumeTimes: fc.nat(),
  preparedTransactionOffset: int64
})

describe("MessageExt", () => {
  it("reads a message that a broker of 5.5 stored", () => {
    const { bytes, decoded } = vector("messages", "live-stored-message-v1")
    const message = only(bytes, { crc32: Crc32.hash, brokerName: "broker-a" })
    assert.strictEqual(message.storeSize, decoded.storeSize)
    assert.strictEqual(message.bodyCrc, decoded.bodyCRC)
    assert.strictEqual(message.queueId, decoded.queueId)
    assert.strictEqual(message.flag, decoded.flag)
    assert.strictEqual(message.queueOffset, BigInt(decoded.queueOffset))
    assert.strictEqual(message.commitLogOffset, BigInt(decoded.commitLogOffset))
    assert.strictEqual(message.sysFlag, decoded.sysFlag)
    assert.strictEqual(message.bornTimestamp, decoded.bornTimestamp)
    assert.strictEqual(message.bornHost, `${decoded.bornHost}:${decoded.bornPort}`)
    assert.strictEqual(message.storeTimestamp, decoded.storeTimestamp)
    assert.strictEqual(message.storeHost, `${decoded.storeHost}:${decoded.storePort}`)
    assert.strictEqual(message.reconsumeTimes, decoded.reconsumeTimes)
    assert.strictEqual(message.preparedTransactionOffset, 0n)
    assert.strictEqual(MessageExt.text(message), decoded.bodyText)
    assert.strictEqual(message.topic, decoded.topic)
    assert.strictEqual(message.tags, "TagA")
    assert.deepStrictEqual(message.keys, ["key1", "key2"])
    assert.strictEqual(message.uniqueKey, decoded.properties.UNIQ_KEY)
    assert.deepStrictEqual({ ...message.properties }, decoded.properties)
    assert.strictEqual(message.offsetId, "7F00000100002A9F0000000129" + "37B942")
    assert.strictEqual(message.brokerName, "broker-a")
  })

  it("writes that message byte for byte", () => {
    const { bytes } = vector("messages", "live-stored-message-v1")
    const message = only(bytes)
    assert.deepStrictEqual(
      encode({
        ...plain(message),
        body: message.body,
        bodyCrc: undefined
      }),
      bytes
    )
  })

  it("reads and writes a message of IPv6 hosts", () => {
    const { bytes, decoded } = vector("messages", "stored-message-v1-ipv6")
    const message = only(bytes, { crc32: Crc32.hash })
    assert.strictEqual(message.bornHost, decoded.bornHost)
    assert.strictEqual(message.storeHost, decoded.storeHost)
    assert.strictEqual(message.storeTimestamp, decoded.storeTimestamp)
    assert.strictEqual(message.reconsumeTimes, decoded.reconsumeTimes)
    assert.strictEqual(message.flag, decoded.flag)
    assert.strictEqual(message.offsetId, decoded.offsetMsgId)
    assert.strictEqual(message.msgId, decoded.msgId)
    assert.strictEqual(MessageExt.text(message), decoded.body)
    assert.deepStrictEqual({ ...message.properties }, decoded.properties)
    // the order of the properties in the bytes is that of a hash map
    assert.strictEqual(encode({ ...plain(message), body: message.body }).length, bytes.length)
  })

  it.prop("survives a round trip, both versions and address families", { fields: arbitrary }, ({ fields }) => {
    const bytes = encode(fields)
    const message = only(bytes, { crc32: Crc32.hash })
    const born6 = fields.bornHost.startsWith("[") ? SysFlag.BORNHOST_V6_FLAG : 0
    const store6 = fields.storeHost.startsWith("[") ? SysFlag.STOREHOSTADDRESS_V6_FLAG : 0
    assert.deepStrictEqual(plain(message), {
      ...fields,
      body: [...fields.body],
      properties: { ...fields.properties },
      sysFlag: born6 | store6,
      bodyCrc: Crc32.body(fields.body),
      storeSize: bytes.length
    })
    assert.strictEqual(new DataView(bytes.buffer).getUint32(4), fields.topic.length > 127 ? 0xdaa320ab : 0xdaa320a7)
  })

  it.prop("never throws, whatever the bytes are", {
    fields: fc.array(arbitrary, { minLength: 1, maxLength: 3 }),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    cut: fc.nat(30),
    batch: fc.boolean()
  }, ({ batch, changes, cut, fields }) => {
    const bytes = concat(fields.map((one) => encode(batch ? { ...one, sysFlag: 0xc0 } : one)))
    for (const [at, value] of changes) bytes[at % bytes.length] = value
    const cutBytes = bytes.slice(0, bytes.length - cut)
    const { messages, undecodable } = MessageExt.decodeAll(cutBytes, { crc32: Crc32.hash })
    for (const message of messages) plain(message)
    for (const record of undecodable) assert.isAbove(record.reason.length, 0)
  })

  it.prop("keeps the neighbours of a corrupt record", {
    fields: arbitrary,
    at: fc.nat(),
    value: fc.nat(255)
  }, ({ at, fields, value }) => {
    const middle = encode(fields)
    middle[4 + (at % (middle.length - 4))] = value
    const { messages, undecodable } = MessageExt.decodeAll(
      concat([encode({ queueOffset: 1n }), middle, encode({ queueOffset: 3n })]),
      { unwrap: false }
    )
    // a change of the magic into the end-of-file mark takes four bytes, so it cannot happen here
    assert.strictEqual(messages.length + undecodable.length, 3)
    assert.strictEqual(messages[0]!.queueOffset, 1n)
    assert.strictEqual(messages[messages.length - 1]!.queueOffset, 3n)
  })

  it("reports a record of an unknown format, and goes on", () => {
    const broken = encode()
    new DataView(broken.buffer).setUint32(4, 0xdeadbeef)
    const { messages, undecodable } = MessageExt.decodeAll(concat([broken, encode({ queueOffset: 43n })]))
    assert.deepStrictEqual(messages.map((message) => message.queueOffset), [43n])
    assert.strictEqual(undecodable[0]!.queueOffset, undefined)
    assert.match(undecodable[0]!.reason, /deadbeef/)
    assert.deepStrictEqual(undecodable[0]!.bytes, broken)
  })

  it("says where a record with a broken inside was", () => {
    const broken = encode({ queueOffset: 7n, queueId: 2 })
    new DataView(broken.buffer).setInt32(84, 1 << 30)
    const { messages, undecodable } = MessageExt.decodeAll(concat([encode(), broken, encode()]))
    assert.strictEqual(messages.length, 2)
    assert.strictEqual(undecodable.length, 1)
    assert.strictEqual(undecodable[0]!.queueOffset, 7n)
    assert.strictEqual(undecodable[0]!.queueId, 2)
  })

  it("keeps what came before a truncated record", () => {
    const bytes = concat([encode(), encode({ queueOffset: 43n })])
    for (let cut = 1; cut < encode().length; cut++) {
      const { messages, undecodable } = MessageExt.decodeAll(bytes.subarray(0, bytes.length - cut))
      assert.deepStrictEqual(messages.map((message) => message.queueOffset), [42n])
      assert.strictEqual(undecodable.length, 1)
      assert.strictEqual(undecodable[0]!.queueOffset, encode().length - cut >= 28 ? 43n : undefined)
    }
  })

  it("does not step by a size that cannot be", () => {
    for (const size of [-1, 0, 7]) {
      const broken = encode()
      new DataView(broken.buffer).setInt32(0, size)
      const { messages, undecodable } = MessageExt.decodeAll(concat([encode(), broken, encode()]))
      assert.strictEqual(messages.length, 1)
      assert.strictEqual(undecodable.length, 1)
    }
  })

  it("skips what a later version put behind the fields", () => {
    const known = encode()
    const longer = concat([known, new Uint8Array(9).fill(7)])
    new DataView(longer.buffer).setInt32(0, longer.length)
    const { messages, undecodable } = MessageExt.decodeAll(concat([longer, encode({ queueOffset: 43n })]))
    assert.deepStrictEqual(undecodable, [])
    assert.deepStrictEqual(messages.map((message) => message.queueOffset), [42n, 43n])
    assert.strictEqual(messages[0]!.tags, "TagA")
  })

  it("stops at the end-of-file mark", () => {
    const blank = new Uint8Array(64)
    new DataView(blank.buffer).setInt32(0, 64)
    new DataView(blank.buffer).setUint32(4, 0xcbd43194)
    const { messages, undecodable } = MessageExt.decodeAll(concat([encode(), blank, encode()]))
    assert.strictEqual(messages.length, 1)
    assert.deepStrictEqual(undecodable, [])
  })

  it("verifies bodies only when asked, and only where a checksum is", () => {
    const broken = encode({ bodyCrc: 1 })
    assert.strictEqual(MessageExt.decodeAll(broken).messages.length, 1)
    const { messages, undecodable } = MessageExt.decodeAll(concat([broken, encode({ bodyCrc: 0 })]), {
      crc32: Crc32.hash
    })
    assert.strictEqual(messages.length, 1)
    assert.match(undecodable[0]!.reason, /checksum/)
    assert.strictEqual(undecodable[0]!.queueOffset, 42n)
  })

  it("reads text that is no UTF-8, and keeps a byte order mark", () => {
    const message = only(
      encode({ body: Uint8Array.of(0xef, 0xbb, 0xbf, 0x61, 0xff), properties: "TAGS\x01\ud800\x02" })
    )
    assert.strictEqual(MessageExt.text(message), "\ufeffa\ufffd")
    assert.strictEqual(message.tags, "\ufffd")
  })

  it.prop("reads text as the standard's decoder does", [fc.uint8Array({ maxLength: 40 })], ([body]) => {
    const standard = new TextDecoder("utf-8", { ignoreBOM: true }).decode(body)
    assert.strictEqual(MessageExt.text(only(encode({ body }))), standard)
  })

  it.prop("takes offsets as numbers too", [fc.nat({ max: Number.MAX_SAFE_INTEGER })], ([offset]) => {
    const places = ["queueOffset", "commitLogOffset", "preparedTransactionOffset"]
    const all = (value: bigint | number) => encode(Object.fromEntries(places.map((name) => [name, value])))
    assert.deepStrictEqual(all(offset), all(BigInt(offset)))
  })

  it("reads single properties as it reads all", () => {
    for (
      const properties of [
        "TAGS\x01a\x02TAGS\x01b\x02",
        "TAGS\x01a\x02TAGS\x01\x02",
        "XTAGS\x01a\x02TAGSX\x01b\x02TAGS\x01c",
        "TAGS\x01a\x01b\x02",
        "TAGS",
        "",
        "\x02\x02TAGS\x01x\x02\x02",
        "A\x01b\x02TAGS\x02"
      ]
    ) {
      const scanned = only(encode({ properties }))
      const parsed = only(encode({ properties }))
      assert.strictEqual(scanned.tags, parsed.properties["TAGS"], JSON.stringify(properties))
      const renamed = only(encode({ properties: properties.replaceAll("TAGS", "UNIQ_KEY") }))
      assert.strictEqual(renamed.uniqueKey, parsed.properties["TAGS"], JSON.stringify(properties))
    }
  })

  describe("inner batches", () => {
    const entries = Either.getOrThrow(MessageBatch.encode([
      { flag: 1, body: bytesOf("one"), properties: { TAGS: "a", UNIQ_KEY: "u1" } },
      { flag: 2, body: bytesOf("two"), properties: { TAGS: "b", UNIQ_KEY: "u2" } },
      { flag: 3, body: bytesOf("three"), properties: {} }
    ]))
    const batch = encode({
      body: entries,
      sysFlag: 0xc0,
      queueOffset: 100n,
      reconsumeTimes: 4,
      properties: { INNER_NUM: "3", INNER_BASE: "100", UNIQ_KEY: "batch" }
    })

    it("are taken apart", () => {
      const { messages, undecodable } = MessageExt.decodeAll(concat([batch, encode({ queueOffset: 103n })]))
      assert.deepStrictEqual(undecodable, [])
      assert.deepStrictEqual(messages.map((message) => message.queueOffset), [100n, 101n, 102n, 103n])
      assert.deepStrictEqual(messages.map(MessageExt.text), ["one", "two", "three", "hello"])
      assert.deepStrictEqual(messages.map((message) => message.tags), ["a", "b", undefined, "TagA"])
      assert.deepStrictEqual(messages.map((message) => message.flag), [1, 2, 3, 0])
      assert.deepStrictEqual(messages.map((message) => message.reconsumeTimes), [0, 0, 0, 0])
      assert.strictEqual(messages[1]!.uniqueKey, "u2")
      assert.strictEqual(messages[2]!.msgId, messages[0]!.offsetId)
      assert.strictEqual(messages[1]!.storeHost, fields.storeHost)
      assert.strictEqual(messages[1]!.topic, fields.topic)
    })

    it("lose the entries below the offset that was asked for", () => {
      const { messages } = MessageExt.decodeAll(batch, { fromOffset: 102n })
      assert.deepStrictEqual(messages.map((message) => message.queueOffset), [102n])
    })

    it("stay whole on request, and can be taken apart later", () => {
      const whole = only(batch, { unwrap: false })
      assert.strictEqual(whole.uniqueKey, "batch")
      assert.strictEqual(MessageExt.unwrap(whole, 101n).messages.length, 2)
      const compressed = only(encode({ body: entries, sysFlag: 0xc1 }))
      const inflated = MessageExt.update(compressed, { sysFlag: SysFlag.withoutCompressed(compressed.sysFlag) })
      assert.strictEqual(MessageExt.unwrap(inflated).messages.length, 3)
    })

    it("report a broken entry and keep the others", () => {
      const broken = entries.slice()
      const second = new DataView(broken.buffer).getInt32(0)
      new DataView(broken.buffer).setInt32(second + 16, -1)
      const { messages, undecodable } = MessageExt.decodeAll(
        encode({ body: broken, sysFlag: 0xc0, queueOffset: 100n })
      )
      assert.deepStrictEqual(messages.map((message) => message.queueOffset), [100n, 102n])
      assert.strictEqual(undecodable[0]!.queueOffset, 101n)
    })
  })

  it("changes fields without touching the original", () => {
    const message = only(encode())
    const changed = MessageExt.update(message, {
      topic: "other",
      body: bytesOf("new"),
      sysFlag: 0x30,
      brokerName: "b",
      queueId: 9,
      queueOffset: 5n,
      reconsumeTimes: 2,
      properties: { TAGS: "x" }
    })
    assert.strictEqual(changed.topic, "other")
    assert.strictEqual(MessageExt.text(changed), "new")
    assert.strictEqual(changed.tags, "x")
    assert.strictEqual(changed.queueId, 9)
    assert.strictEqual(changed.queueOffset, 5n)
    assert.strictEqual(changed.reconsumeTimes, 2)
    assert.strictEqual(changed.storeHost, fields.storeHost)
    assert.deepStrictEqual(plain(message), plain(only(encode())))
  })

  it("writes into the memory that it is given", () => {
    const expected = encode()
    const memory = new Uint8Array(expected.length + 20).fill(7)
    const written = Either.getOrThrow(
      MessageExt.encode(fields, (size) => memory.subarray(10, 10 + size))
    )
    assert.deepStrictEqual(written, expected)
    assert.strictEqual(written.buffer, memory.buffer)
    assert.deepStrictEqual([memory[9], memory[expected.length + 10]], [7, 7])
  })

  it.each(["é", "漢字", "😀", "\ud83d", "\ude00x", "a😀é漢".repeat(40)])(
    "counts the bytes of %j as UTF-8 has them",
    (text) => {
      const message = only(encode({ topic: "t", properties: { name: text } }))
      assert.strictEqual(message.properties["name"], new TextDecoder().decode(new TextEncoder().encode(text)))
      assert.strictEqual(
        message.storeSize,
        encode({ topic: "t", properties: { name: "" } }).length + 4 + 2 +
          new TextEncoder().encode(text).length
      )
    }
  )

  it.each([
    "1.2.3.4:99999999999",
    "1.2.3:1",
    "1.2.3.4.5:1",
    "256.2.3.4:1",
    "1..3.4:1",
    "1.2.3.4:",
    "1.2.3.4:1x",
    ":1",
    "1.2.3.0444:1"
  ])(
    "takes %s for no host",
    (bornHost) => {
      assert.isTrue(Either.isLeft(MessageExt.encode({ ...fields, bornHost })))
    }
  )

  it("refuses what cannot be stored", () => {
    const reason = (changes: Partial<MessageExt.Fields>) =>
      Either.getOrThrow(Either.flip(MessageExt.encode({ ...fields, ...changes }))).message
    assert.match(reason({ properties: { a: "b\x01" } }), /"a" has a value that holds/)
    assert.match(reason({ bornHost: "localhost:1" }), /bornHost "localhost:1"/)
    assert.match(reason({ storeHost: "1.2.3.4" }), /storeHost/)
    assert.match(reason({ topic: "t".repeat(128), version: 1 }), /128 bytes/)
    assert.match(reason({ properties: "x".repeat(32768) }), /32768 bytes/)
  })

  it("prints its fields", () => {
    const text = String(only(encode()))
    assert.match(text, /7F00000104D218B4AAC200000000000A/)
    assert.match(text, /"queueOffset": "42"/)
  })
})
