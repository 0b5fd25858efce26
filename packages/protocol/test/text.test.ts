import { assert, describe, it } from "@effect/vitest"
import * as Text from "../src/internal/text.js"

const failing = () => {
  throw new Error("not here")
}

describe("text", () => {
  it.each([
    ["Node", globalThis],
    ["a platform without Buffer", {}],
    ["one whose Buffer does not read text", { Buffer: { prototype: {} } }],
    ["one whose Buffer has something else by the name", { Buffer: { prototype: { utf8Slice: () => "else" } } }],
    ["one whose Buffer fails", { Buffer: { prototype: { utf8Slice: failing } } }]
  ])("is read as UTF-8 on %s", (_, platform) => {
    const slice = Text.sliceOf(platform)
    const bytes = Uint8Array.of(0x7a, 0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0xff, 0xe6, 0xbc, 0xa2, 0x7a)
    assert.strictEqual(slice(bytes, 1, 10), "\ufeffé\ufffd漢")
    assert.strictEqual(slice(bytes, 1, 3), "\ufffd")
    assert.strictEqual(slice(bytes, 4, 4), "")
  })
})
