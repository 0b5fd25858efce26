import * as TopicRoute from "@effect-rocketmq/client/TopicRoute"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { routeData } from "./support/routes.js"

const names = (queues: ReadonlyArray<MessageQueue>) =>
  queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`)

describe("TopicRoute", () => {
  it("orders queues by broker and number, not by text or by the order of the answer", () => {
    const route = TopicRoute.make(
      "T",
      routeData([
        { name: "b", addresses: { 0: "b:1" }, read: 1, write: 11 },
        { name: "a", addresses: { 0: "a:1" }, read: 2, write: 1 }
      ])
    )
    assert.deepStrictEqual(names(route.writeQueues), ["a:0", ...Array.from({ length: 11 }, (_, i) => `b:${i}`)])
    assert.deepStrictEqual(names(route.readQueues), ["a:0", "a:1", "b:0"])
    assert.strictEqual(route.writeQueues[0]?.topic, "T")
  })

  it("writes only where it is allowed and a master is, reads where it is allowed", () => {
    const route = TopicRoute.make(
      "T",
      routeData([
        { name: "both", addresses: { 0: "1:1", 1: "1:2" }, read: 1, write: 1, perm: 6 },
        { name: "slaves", addresses: { 1: "2:1" }, read: 1, write: 1, perm: 6 },
        { name: "readonly", addresses: { 0: "3:1" }, read: 1, write: 1, perm: 4 },
        { name: "writeonly", addresses: { 0: "4:1" }, read: 1, write: 1, perm: 2 }
      ])
    )
    assert.deepStrictEqual(names(route.writeQueues), ["both:0", "writeonly:0"])
    assert.deepStrictEqual(names(route.readQueues), ["both:0", "readonly:0", "slaves:0"])
    assert.strictEqual(route.brokers.get("both")?.get(1), "1:2")
  })

  it("takes the write queues of an order configuration alone, in its order", () => {
    const route = TopicRoute.make(
      "T",
      routeData([{ name: "a", addresses: { 0: "a:1" }, read: 4, write: 4 }], "b:1;a:2;broken;c:x")
    )
    assert.deepStrictEqual(names(route.writeQueues), ["b:0", "a:0", "a:1"])
    assert.strictEqual(route.readQueues.length, 4)
  })

  it("compares what it says", () => {
    const one = (port: number, queues = 2, order?: string) =>
      TopicRoute.make(
        "T",
        routeData([{ name: "a", addresses: { 0: `a:${port}` }, read: queues, write: queues }], order)
      )
    assert.isTrue(TopicRoute.equals(one(1), one(1)))
    assert.isFalse(TopicRoute.equals(one(1), one(2)))
    assert.isFalse(TopicRoute.equals(one(1), one(1, 3)))
    assert.isFalse(TopicRoute.equals(one(1), one(1, 2, "a:1")))
    assert.isFalse(TopicRoute.equals(one(1), TopicRoute.make("U", one(1).data)))
  })
})
