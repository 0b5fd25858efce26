import * as Message from "@effect-rocketmq/protocol/Message"
import { assert, describe, it } from "@effect/vitest"

describe("Message", () => {
  it("is made of its options", () => {
    const message = Message.make({
      topic: "orders",
      body: "héllo",
      tags: "paid",
      keys: ["42", "emea"],
      properties: { region: "eu" },
      flag: 7,
      delayLevel: 3,
      waitStoreMsgOk: false
    })
    assert.isTrue(Message.isMessage(message))
    assert.strictEqual(message.body.length, 6)
    assert.strictEqual(message.tags, "paid")
    assert.deepStrictEqual(message.keys, ["42", "emea"])
    assert.strictEqual(message.delayLevel, 3)
    assert.strictEqual(message.flag, 7)
    assert.isFalse(message.waitStoreMsgOk)
    assert.deepStrictEqual({ ...message.properties }, {
      region: "eu",
      TAGS: "paid",
      KEYS: "42 emea",
      DELAY: "3",
      WAIT: "false"
    })
  })

  it("waits for the store and is not delayed unless told otherwise", () => {
    const message = Message.make({ topic: "orders", body: new Uint8Array(1) })
    assert.deepStrictEqual({ ...message.properties }, { WAIT: "true" })
    assert.isTrue(message.waitStoreMsgOk)
    assert.strictEqual(message.delayLevel, 0)
    assert.strictEqual(message.tags, undefined)
    assert.deepStrictEqual(message.keys, [])
  })

  it("is changed by copies", () => {
    const message = Message.make({ topic: "orders", body: "x" })
    const changed = message.pipe(
      Message.withTags("a"),
      Message.withKeys(["k"]),
      Message.withProperty("p", "1"),
      Message.withProperties({ q: "2" }),
      Message.withDelayLevel(5),
      Message.withTopic("other"),
      Message.withBody("yy")
    )
    assert.deepStrictEqual({ ...changed.properties }, {
      WAIT: "true",
      TAGS: "a",
      KEYS: "k",
      p: "1",
      q: "2",
      DELAY: "5"
    })
    assert.strictEqual(changed.topic, "other")
    assert.strictEqual(changed.body.length, 2)
    assert.deepStrictEqual({ ...message.properties }, { WAIT: "true" })
    assert.strictEqual(Message.withTags(message, "a").tags, "a")
  })

  it("prints its fields", () => {
    assert.match(String(Message.make({ topic: "orders", body: "x", tags: "paid" })), /"TAGS": "paid"/)
  })
})
