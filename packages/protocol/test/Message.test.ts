import * as Message from "@effect-rocketmq/protocol/Message"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

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

  it("keeps its keys as they were given, while their property joins them by a space", () => {
    const keys = ["a b", "", "c"]
    const message = Message.make({ topic: "orders", body: "x", keys })
    assert.strictEqual(message.properties["KEYS"], "a b  c")
    assert.deepStrictEqual(message.keys, ["a b", "", "c"])
    keys.push("later")
    assert.deepStrictEqual(message.keys, ["a b", "", "c"])
    const changed = message.pipe(
      Message.withTopic("other"),
      Message.withBody("y"),
      Message.withTags("t"),
      Message.withProperties({ p: "1" }),
      Message.withDelay("1 second")
    )
    assert.deepStrictEqual(changed.keys, ["a b", "", "c"])
    assert.deepStrictEqual(Message.withKeys(message, ["d e"]).keys, ["d e"])
  })

  it("has the words of the property for keys that were set by its name", () => {
    const message = Message.make({ topic: "orders", body: "x", keys: ["a b"] })
    assert.deepStrictEqual(Message.withProperty(message, "KEYS", "a b").keys, ["a", "b"])
    assert.deepStrictEqual(Message.withProperties(message, { KEYS: "c  d" }).keys, ["c", "d"])
    assert.deepStrictEqual(
      Message.make({ topic: "orders", body: "x", properties: { KEYS: "e f" } }).keys,
      ["e", "f"]
    )
  })

  it("says when it is wanted, where it belongs and what comes first", () => {
    const message = Message.make({
      topic: "orders",
      body: "x",
      shardingKey: "customer-1",
      priority: 3,
      delay: "1.5 seconds"
    })
    assert.deepStrictEqual({ ...message.properties }, {
      WAIT: "true",
      __SHARDINGKEY: "customer-1",
      _SYS_MSG_PRIORITY_: "3",
      TIMER_DELAY_MS: "1500"
    })
    assert.deepStrictEqual(
      [message.shardingKey, message.priority, message.delay, message.deliverAt],
      ["customer-1", 3, Duration.millis(1500), undefined]
    )
    const none = Message.make({ topic: "orders", body: "x" })
    assert.deepStrictEqual([none.shardingKey, none.priority, none.delay, none.deliverAt], Array(4).fill(undefined))
    assert.deepStrictEqual(Message.withProperty(none, "TIMER_DELAY_SEC", "2").delay, Duration.seconds(2))
  })

  it("takes a time as a number or a Date, and never an earlier millisecond than asked for", () => {
    const at = (deliverAt: number | Date) =>
      Message.make({ topic: "orders", body: "x", deliverAt }).properties["TIMER_DELIVER_MS"]
    assert.strictEqual(at(1_700_000_000_123), "1700000000123")
    assert.strictEqual(at(new Date(1_700_000_000_123)), "1700000000123")
    assert.strictEqual(at(1_700_000_000_123.25), "1700000000124")
    assert.strictEqual(
      Message.make({ topic: "orders", body: "x", delay: Duration.nanos(1n) }).properties["TIMER_DELAY_MS"],
      "1"
    )
  })

  it("has one delay: the last that was set", () => {
    const message = Message.make({ topic: "orders", body: "x", keys: ["k"], properties: { TIMER_DELAY_SEC: "9" } })
    const names = (self: Message.Message) =>
      Object.fromEntries(Object.entries(self.properties).filter(([name]) => /DELAY|TIMER/.test(name)))
    const level = message.pipe(Message.withDelayLevel(3))
    assert.deepStrictEqual(names(level), { DELAY: "3" })
    const delay = level.pipe(Message.withDelay(250))
    assert.deepStrictEqual(names(delay), { TIMER_DELAY_MS: "250" })
    const time = delay.pipe(Message.withDeliverAt(1_700_000_000_000))
    assert.deepStrictEqual(names(time), { TIMER_DELIVER_MS: "1700000000000" })
    assert.deepStrictEqual(names(Message.withDelayLevel(time, 1)), { DELAY: "1" })
    assert.deepStrictEqual(time.keys, ["k"])
    assert.strictEqual(Message.withShardingKey(time, "s").pipe(Message.withPriority(1)).deliverAt, 1_700_000_000_000)
    assert.strictEqual(Message.withDelay(message, "1 minute").properties["TIMER_DELAY_MS"], "60000")
    assert.strictEqual(message.pipe(Message.withShardingKey("s")).shardingKey, "s")
    assert.strictEqual(message.pipe(Message.withDeliverAt(new Date(5))).deliverAt, 5)
  })

  it("prints its fields", () => {
    assert.match(String(Message.make({ topic: "orders", body: "x", tags: "paid" })), /"TAGS": "paid"/)
  })
})
