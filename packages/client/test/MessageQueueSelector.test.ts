import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import { assert, describe, it } from "@effect/vitest"

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
})
