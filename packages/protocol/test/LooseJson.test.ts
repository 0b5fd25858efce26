import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as LooseJson from "../src/LooseJson.js"

const parse = (text: string): LooseJson.Json => Either.getOrThrow(LooseJson.parse(text))
const plain = (json: LooseJson.Json | undefined): unknown =>
  typeof json === "bigint"
    ? Number(json)
    : LooseJson.isArray(json)
    ? json.map(plain)
    : json instanceof LooseJson.Entries
    ? json.entries.map(([key, value]) => [plain(key), plain(value)])
    : LooseJson.isObject(json)
    ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key, plain(value)]))
    : json

describe("LooseJson", () => {
  it("reads integer keys, with and without quotes", () => {
    assert.deepStrictEqual(plain(parse("{0:\"a\",\"1\":\"b\",-1:\"c\"}")), { 0: "a", 1: "b", "-1": "c" })
  })

  it("reads maps keyed by objects, and writes them again", () => {
    const text = "{\"t\":{{\"q\":0}:1,{\"q\":1}:2},\"e\":{}}"
    assert.deepStrictEqual(plain(parse(text)), { t: [[{ q: 0 }, 1], [{ q: 1 }, 2]], e: {} })
    assert.strictEqual(LooseJson.stringify(parse(text)), text)
    assert.deepStrictEqual(plain(parse("{\"a\":1,[2]:3,null:4,true:5}")), [["a", 1], [[2], 3], [null, 4], [true, 5]])
  })

  it("keeps 64-bit integers exact", () => {
    for (const text of ["9223372036854775807", "-9223372036854775808", "9007199254740993"]) {
      assert.strictEqual(parse(text), BigInt(text))
      assert.strictEqual(LooseJson.stringify(parse(text)), text)
    }
    assert.strictEqual(parse("9007199254740991"), 9007199254740991)
    assert.strictEqual(parse("1.5e3"), 1500)
  })

  it("follows references", () => {
    assert.deepStrictEqual(plain(parse("{\"a\":{\"queueId\":1},\"b\":[{\"$ref\":\"$.a\"}]}")), {
      a: { queueId: 1 },
      b: [{ queueId: 1 }]
    })
    assert.deepStrictEqual(plain(parse("[{\"x\":{\"y\":[5,6]}},{\"$ref\":\"$[0].x.y[1]\"}]")), [
      { x: { y: [5, 6] } },
      6
    ])
    assert.deepStrictEqual(plain(parse("{\"l\":[{\"k\":1}],\"t\":{{\"$ref\":\"$.l[0]\"}:2}}")), {
      l: [{ k: 1 }],
      t: [[{ k: 1 }, 2]]
    })
    assert.deepStrictEqual(plain(parse("{\"r\":{\"$ref\":\"$.none\"}}")), { r: { $ref: "$.none" } })
    const root = parse("{\"a\":{\"$ref\":\"$\"}}")
    assert.isTrue(LooseJson.isObject(root) && root["a"] === root)
    const self = parse("{\"a\":{\"me\":{\"$ref\":\"@\"}}}")
    const inner = LooseJson.isObject(self) ? self["a"] : undefined
    assert.isTrue(LooseJson.isObject(inner) && inner["me"] === inner)
    const up = parse("{\"a\":{\"up\":{\"$ref\":\"..\"}}}")
    const child = LooseJson.isObject(up) ? up["a"] : undefined
    assert.isTrue(LooseJson.isObject(child) && child["up"] === up)
    // a circle ends at the depth limit
    assert.isBelow(LooseJson.stringify(root).length, 1000)
  })

  it("refuses references that multiply", () => {
    const layers = Array.from({ length: 40 }, (_, i) => `"k${i + 1}":[{"$ref":"$.k${i}"},{"$ref":"$.k${i}"}]`)
    for (const text of [`{"k0":[1],${layers.join()}}`, `{${layers.reverse().join()},"k0":[1]}`]) {
      assert.isTrue(Either.isLeft(LooseJson.parse(text)))
    }
    const circle = `[${Array(50).fill("{\"$ref\":\"$\"}").join()}]`
    assert.isTrue(Either.isLeft(LooseJson.parse(circle)))
    const many = `{"q":{"queueId":1,"topic":"t"},"l":[${Array(5000).fill("{\"$ref\":\"$.q\"}").join()}]}`
    assert.isTrue(Either.isRight(LooseJson.parse(many)))
  })

  it("gives the last of duplicate keys, and objects without prototype", () => {
    assert.deepStrictEqual(plain(parse("{\"a\":1,\"a\":2}")), { a: 2 })
    const json = parse("{\"__proto__\":{\"x\":1},\"constructor\":2}")
    assert.isTrue(LooseJson.isObject(json))
    assert.deepStrictEqual(Object.keys(json as object), ["__proto__", "constructor"])
    assert.strictEqual(Object.getPrototypeOf(json), null)
    assert.strictEqual(({} as Record<string, unknown>)["x"], undefined)
  })

  it("is bounded in depth and size", () => {
    const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
    assert.isTrue(Either.isRight(LooseJson.parse(nest(64))))
    assert.isTrue(Either.isLeft(LooseJson.parse(nest(65))))
    assert.isTrue(Either.isLeft(LooseJson.parse("{".repeat(100_000))))
    assert.isTrue(Either.isLeft(LooseJson.parse("[1,2,3]", { maxSize: 6 })))
  })

  it("says what is wrong, and where", () => {
    const error = Either.flip(LooseJson.parse("{\"a\":tru}", { subject: "a route" }))
    assert.strictEqual(Either.getOrThrow(error).message, "Cannot read a route: no value at position 5: \"tru}\"")
  })

  it("does not read broken texts", () => {
    for (
      const text of [
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "\"\\x\"",
        "\"\\u12\"",
        "\"abc",
        "01",
        "1 2",
        "-",
        "nul",
        "{,}"
      ]
    ) {
      assert.isTrue(Either.isLeft(LooseJson.parse(text)), text)
    }
  })

  it.prop("reads what JSON.parse reads", [FastCheck.jsonValue()], ([value]) => {
    const text = JSON.stringify(value)
    if (text.includes("$ref")) return
    const read = LooseJson.parse(text)
    if (Either.isLeft(read)) return assert.include(read.left.message, "nested deeper")
    assert.deepStrictEqual(plain(read.right), JSON.parse(text))
    assert.deepStrictEqual(plain(parse(LooseJson.stringify(read.right))), JSON.parse(text))
  })

  it.prop(
    "never throws",
    [FastCheck.array(
      FastCheck.constantFrom(..."{}[]:,\"\\0-9.eE\u0001 é", "$ref", "\"$ref\":\"$\"", "true", "null", "{\"a\":1}")
    )],
    ([parts]) => {
      const read = LooseJson.parse(parts.join(""))
      if (Either.isRight(read)) assert.isString(LooseJson.stringify(read.right))
      else assert.strictEqual(read.left._tag, "DeserializationError")
    },
    { fastCheck: { numRuns: 2000 } }
  )
})
