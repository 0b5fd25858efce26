import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import { assert, describe, it } from "@effect/vitest"
import * as Fs from "node:fs"
import { Md5 } from "../src/internal/keyHashMd5.js"

type Row = { readonly key: string } & { readonly [D in MessageQueueSelector.Dialect]: ReadonlyArray<number | null> }

const chosen: { readonly counts: ReadonlyArray<number>; readonly vectors: ReadonlyArray<Row> } = JSON.parse(
  Fs.readFileSync(new URL("./vectors/keyHash.json", import.meta.url), "utf8")
)

/** Where a client has no one queue for a key, any is right; but ali-ons loses its way for those of queue 0 alone. */
const agrees = (dialect: MessageQueueSelector.Dialect, key: string, theirs: number | null, ours: number): boolean =>
  theirs === null ? dialect !== "ali-ons" || key === "" || ours === 0 : ours === theirs

const queues = Array.from({ length: 8 }, (_, id) => MessageQueue.make("orders", "broker-a", id))
const plain = Message.make({ topic: "orders", body: "x" })

const count = (choose: MessageQueueSelector.Chooser, message: Message.Message, total: number): Array<number> => {
  const counts = queues.map(() => 0)
  for (let i = 0; i < total; i++) {
    const index = choose(message, queues)
    counts[index] = (counts[index] ?? 0) + 1
  }
  return counts
}

describe("MessageQueueSelector", () => {
  it("round robin starts anywhere, is even, and survives another number of queues", () => {
    const choose = MessageQueueSelector.roundRobin.chooser(13)
    assert.strictEqual(choose(plain, queues), 5)
    assert.deepStrictEqual(count(choose, plain, 80), queues.map(() => 10))
    assert.isBelow(choose(plain, queues.slice(0, 3)), 3)
    assert.deepStrictEqual([1, 2, 3].map(() => choose(plain, queues.slice(0, 3))).sort(), [0, 1, 2])
    assert.isFalse(MessageQueueSelector.roundRobin.isSticky(plain))
  })

  it("random reaches every queue about equally", () => {
    for (const n of count(MessageQueueSelector.random.chooser(42), plain, 8000)) assert.approximately(n, 1000, 150)
  })

  it("keys choose as Java's SelectMessageQueueByHash", () => {
    const selector = MessageQueueSelector.byKey()
    const choose = selector.chooser(1)
    // "TagA".hashCode() = 2598919, "order-created".hashCode() = -392709271
    const byShardingKey = Message.make({
      topic: "orders",
      body: "x",
      properties: { __SHARDINGKEY: "TagA" },
      keys: ["9"]
    })
    assert.strictEqual(choose(byShardingKey, queues), 2598919 % 8)
    const byFirstKey = Message.make({ topic: "orders", body: "x", keys: ["order-created", "9"] })
    assert.strictEqual(choose(byFirstKey, queues), 392709271 % 8)
    assert.isTrue(selector.isSticky(byFirstKey))
    assert.strictEqual(MessageQueueSelector.forKey("TagA").chooser(1)(plain, queues), 2598919 % 8)
  })

  it("messages without a key go round robin", () => {
    const selector = MessageQueueSelector.byKey()
    assert.isFalse(selector.isSticky(plain))
    assert.deepStrictEqual(count(selector.chooser(7), plain, 16), queues.map(() => 2))
  })

  for (const dialect of ["java", "java-consistent", "go", "ali-ons"] as const) {
    it(`keys choose as ${dialect} did`, () => {
      const hash = MessageQueueSelector.hash(dialect)
      const selector = MessageQueueSelector.byKey((message) => message.keys[0], { dialect })
      const choose = selector.chooser(1)
      const wrong: Array<unknown> = []
      for (const vector of chosen.vectors) {
        const { key } = vector
        const message = Message.make({ topic: "orders", body: "x", keys: [key] })
        const isKey = key !== "" || dialect === "java"
        assert.strictEqual(selector.isSticky(message), isKey)
        const one = MessageQueueSelector.forKey(key, { dialect })
        assert.strictEqual(one.isSticky(plain), isKey)
        const chooseOne = one.chooser(1)
        chosen.counts.forEach((count, i) => {
          const theirs = vector[dialect][i]!
          const list = Array.from({ length: count }, (_, id) => MessageQueue.make("orders", "broker-a", id))
          const ours = isKey
            ? [hash(key, count), choose(message, list), chooseOne(plain, list)]
            : [hash(key, count)]
          if (ours.some((index) => !agrees(dialect, key, theirs, index))) wrong.push({ key, count, theirs, ours })
        })
      }
      assert.deepStrictEqual(wrong, [])
      assert.isAbove(chosen.vectors.length, 60)
    })
  }

  it("an empty key goes round robin where it is none", () => {
    const empty = Message.make({ topic: "orders", body: "x", properties: { __SHARDINGKEY: "" }, keys: ["9"] })
    for (const dialect of ["java-consistent", "go", "ali-ons"] as const) {
      const choose = MessageQueueSelector.byKey(undefined, { dialect }).chooser(7)
      assert.deepStrictEqual(count(choose, empty, 16), queues.map(() => 2))
    }
    assert.deepStrictEqual(count(MessageQueueSelector.byKey().chooser(7), empty, 16), [16, 0, 0, 0, 0, 0, 0, 0])
  })

  it("a further queue takes keys over and moves no others, in the consistent dialect", () => {
    const hash = MessageQueueSelector.hash("java-consistent")
    let moved = 0
    for (let i = 0; i < 4000; i++) {
      const before = hash(`order-${i}`, 7)
      const after = hash(`order-${i}`, 8)
      if (after !== before) {
        assert.strictEqual(after, 7)
        moved++
      }
    }
    assert.approximately(moved, 500, 100)
  })

  it("MD5 is that of RFC 1321", () => {
    const md5 = new Md5()
    const hex = (text: string): string => {
      md5.digest(text)
      return Buffer.from(md5.words.buffer).toString("hex")
    }
    assert.strictEqual(hex(""), "d41d8cd98f00b204e9800998ecf8427e")
    assert.strictEqual(hex("a"), "0cc175b9c0f1b6a831c399e269772661")
    assert.strictEqual(hex("abc"), "900150983cd24fb0d6963f7d28e17f72")
    assert.strictEqual(hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0")
    assert.strictEqual(hex("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b")
    assert.strictEqual(
      hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
      "d174ab98d277d9f5a5611c2c9f419d9f"
    )
    assert.strictEqual(
      hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
      "57edf4a22be3c955ac49da2e2107b67a"
    )
  })
})
