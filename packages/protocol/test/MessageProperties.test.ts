import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { vector } from "./support.js"

const decode = (text: string) => ({ ...MessageProperties.decode(text) })

const part = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) =>
  !text.includes("\x01") && !text.includes("\x02")
)

describe("MessageProperties", () => {
  it("reads as the Java decoder does", () => {
    assert.deepStrictEqual(decode("a\x01b\x02c\x01d\x02"), { a: "b", c: "d" })
    assert.deepStrictEqual(decode("a\x01b\x02c\x01d"), { a: "b", c: "d" }, "the last separator is optional")
    assert.deepStrictEqual(decode("a\x01\x02c\x01d\x02"), { c: "d" }, "empty values are dropped")
    assert.deepStrictEqual(decode("\x01b\x02c\x01d\x02"), { c: "d" }, "empty names are dropped")
    assert.deepStrictEqual(decode("abc\x02c\x01d\x02"), { c: "d" }, "entries without a value are dropped")
    assert.deepStrictEqual(decode("a\x01b\x01c\x02"), { a: "b\x01c" }, "the value is all after the first separator")
    assert.deepStrictEqual(decode("a\x01b\x02a\x01c\x02"), { a: "c" }, "the last one wins")
    assert.deepStrictEqual(decode("\x02\x02"), {})
    assert.deepStrictEqual(decode(""), {})
  })

  it("reads those of a signed send request", () => {
    const { decoded } = vector("acl", "acl-signature")
    assert.deepStrictEqual(decode(decoded.extFieldsSorted.i), {
      UNIQ_KEY: "7F00000104D218B4AAC200000000000A",
      WAIT: "true",
      TAGS: "TagA"
    })
    assert.deepStrictEqual(
      MessageProperties.encode(decode(decoded.extFieldsSorted.i)),
      Either.right(decoded.extFieldsSorted.i)
    )
  })

  it.prop("survive a round trip", { properties: fc.dictionary(part, part) }, ({ properties }) => {
    const text = Either.getOrThrow(MessageProperties.encode(properties))
    assert.deepStrictEqual(decode(text), { ...properties })
    for (const name of Object.keys(properties)) {
      assert.strictEqual(MessageProperties.find(text, name), properties[name])
    }
  })

  it("have no inherited names", () => {
    const properties = MessageProperties.decode("__proto__\x01x\x02")
    assert.strictEqual(properties["__proto__"], "x")
    assert.strictEqual(properties["constructor"], undefined)
    assert.strictEqual(properties["toString"], undefined)
  })

  it("leave out empty values and refuse separators", () => {
    assert.deepStrictEqual(MessageProperties.encode({ a: "", b: "c" }), Either.right("b\x01c\x02"))
    for (const properties of [{ "a\x01": "b" }, { a: "b\x02" }, { "": "b" }]) {
      assert.isTrue(Either.isLeft(MessageProperties.encode(properties)))
    }
  })

  it("are limited in bytes, not characters", () => {
    const text = (length: number) => MessageProperties.encode({ a: "é".repeat(length) })
    assert.isTrue(Either.isRight(text(16382)), "32764 + 3")
    assert.isTrue(Either.isLeft(text(16383)))
  })

  it("keep the names of clients and brokers apart from those of applications", () => {
    for (const name of ["UNIQ_KEY", "REAL_TOPIC", "PGROUP", "POP_CK", "__BORNHOST", "__RMQ.TRANSIENT.x"]) {
      assert.isTrue(MessageProperties.isReserved(name), name)
    }
    for (const name of ["KEYS", "TAGS", "WAIT", "DELAY", "TIMER_DELAY_MS", "__SHARDINGKEY", "mine"]) {
      assert.isFalse(MessageProperties.isReserved(name), name)
    }
  })
})
