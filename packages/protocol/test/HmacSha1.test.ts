import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { createHmac } from "node:crypto"
import * as HmacSha1 from "../src/HmacSha1.js"

const bytes = (text: string) => new TextEncoder().encode(text)
const hex = (value: Uint8Array) => Buffer.from(value).toString("hex")

describe("HmacSha1", () => {
  it("gives the results of RFC 2202", () => {
    const sign = (key: Uint8Array, content: Uint8Array) => hex(HmacSha1.sign(key, [content]))
    assert.strictEqual(
      sign(new Uint8Array(20).fill(0x0b), bytes("Hi There")),
      "b617318655057264e28bc0b6fb378c8ef146be00"
    )
    assert.strictEqual(
      sign(bytes("Jefe"), bytes("what do ya want for nothing?")),
      "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    )
    assert.strictEqual(
      sign(new Uint8Array(80).fill(0xaa), bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
      "aa4ae5e15272d00e95705637ce8a3b55ed402112"
    )
  })

  it.prop(
    "is what Node computes, however the content is cut",
    { key: fc.uint8Array({ maxLength: 100 }), content: fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 5 }) },
    ({ content, key }) => {
      const hmac = createHmac("sha1", key)
      for (const part of content) hmac.update(part)
      assert.strictEqual(hex(HmacSha1.sign(key, content)), hmac.digest("hex"))
    }
  )
})
