import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { bytesOf, vector } from "./support.js"

const text = new TextDecoder()

describe("MessageBatch", () => {
  it("reads and writes a batch of the Java client", () => {
    const { bytes, decoded } = vector("messages", "batch-body")
    const entries = Either.getOrThrow(MessageBatch.decode(bytes))
    assert.deepStrictEqual(
      entries.map((entry) => ({
        flag: entry.flag,
        body: text.decode(entry.body),
        properties: { ...entry.properties }
      })),
      decoded
    )
    assert.deepStrictEqual(Either.getOrThrow(MessageBatch.encode(entries)), bytes)
  })

  it("takes messages as they are", () => {
    const { bytes, decoded } = vector("messages", "batch-body")
    const [one, two] = decoded
    const messages = [
      Message.make({ topic: "t", body: "one", flag: 3, tags: "TagA", keys: ["k1"] }),
      Message.make({ topic: "t", body: "two!" })
    ]
    assert.deepStrictEqual(
      Either.getOrThrow(MessageBatch.encode([
        Message.withProperty(messages[0]!, "UNIQ_KEY", one.properties.UNIQ_KEY),
        messages[1]!.pipe(Message.withProperty("UNIQ_KEY", two.properties.UNIQ_KEY))
      ])),
      bytes
    )
  })

  it("takes properties that are encoded already", () => {
    const properties = { KEYS: "k1 schlüssel 钥匙", UNIQ_KEY: "1" }
    const entry = { flag: 3, body: bytesOf("one") }
    assert.deepStrictEqual(
      Either.getOrThrow(
        MessageBatch.encode([{ ...entry, properties: "KEYS\x01k1 schlüssel 钥匙\x02UNIQ_KEY\x011\x02" }])
      ),
      Either.getOrThrow(MessageBatch.encode([{ ...entry, properties }]))
    )
  })

  it("refuses a broken batch, wherever it is cut", () => {
    const { bytes } = vector("messages", "batch-body")
    for (let cut = 1; cut < bytes.length; cut++) {
      const whole = cut === 78
      assert.strictEqual(Either.isRight(MessageBatch.decode(bytes.subarray(0, bytes.length - cut))), whole, `${cut}`)
    }
  })

  it("names the property that cannot be written", () => {
    const result = MessageBatch.encode([{ flag: 0, body: bytesOf("x"), properties: { bad: "a\x02" } }])
    assert.match(Either.getOrThrow(Either.flip(result)).message, /"bad"/)
  })

  it.prop("never throws", { bytes: fc.uint8Array({ maxLength: 120 }) }, ({ bytes }) => {
    MessageBatch.decode(bytes)
  })
})
