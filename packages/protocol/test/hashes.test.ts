import * as Crc32 from "@effect-rocketmq/protocol/Crc32"
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as Zlib from "node:zlib"
import { bytesOf, vector } from "./support.js"

describe("hashes", () => {
  it("tags hash as Java strings do", () => {
    for (const [text, hash] of Object.entries(vector("ids", "tag-hash-codes").decoded)) {
      assert.strictEqual(JavaHash.hashCode(text), hash, text)
    }
  })

  it("bodies have the checksum that brokers store", () => {
    for (const [text, crc] of Object.entries(vector("ids", "body-crc").decoded)) {
      assert.strictEqual(Crc32.body(bytesOf(text)), crc, text)
    }
  })

  it.prop("equal those of zlib", { bytes: fc.uint8Array({ maxLength: 100 }) }, ({ bytes }) => {
    assert.strictEqual(Crc32.hash(bytes), Zlib.crc32(bytes))
  })
})
