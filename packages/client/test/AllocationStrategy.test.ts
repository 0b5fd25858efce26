import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as AllocationStrategy from "../src/AllocationStrategy.js"

// what the Java client computes for 8 queues and 3 members
const members = ["10.0.0.1@1", "10.0.0.2@2", "10.0.0.3@3"]
const queues = ["broker-a", "broker-b"].flatMap((name) =>
  [0, 1, 2, 3].map((id) => MessageQueue.make("TopicTest", name, id))
)
const vectors = {
  AVG: [
    ["broker-a-0", "broker-a-1", "broker-a-2"],
    ["broker-a-3", "broker-b-0", "broker-b-1"],
    ["broker-b-2", "broker-b-3"]
  ],
  AVG_BY_CIRCLE: [
    ["broker-a-0", "broker-a-3", "broker-b-2"],
    ["broker-a-1", "broker-b-0", "broker-b-3"],
    ["broker-a-2", "broker-b-1"]
  ]
}

const strategies = [AllocationStrategy.average, AllocationStrategy.averageByCircle]

describe("AllocationStrategy", () => {
  for (const strategy of strategies) {
    it(`${strategy.name} agrees with Java`, () => {
      for (let i = 0; i < members.length; i++) {
        const mine = strategy.allocate({ group: "g", clientId: members[i]!, queues, members })
        assert.deepStrictEqual(
          mine.map((queue) => `${queue.brokerName}-${queue.queueId}`),
          vectors[strategy.name as keyof typeof vectors][i]
        )
      }
    })

    it.prop(`${strategy.name} gives each queue to one member, evenly`, {
      queueCount: fc.nat(40),
      memberCount: fc.integer({ min: 1, max: 20 })
    }, ({ memberCount, queueCount }) => {
      const all = Array.from({ length: queueCount }, (_, id) => MessageQueue.make("t", "b", id))
      const ids = Array.from({ length: memberCount }, (_, i) => `m${i}`)
      const shares = ids.map((clientId) => strategy.allocate({ group: "g", clientId, queues: all, members: ids }))
      assert.deepStrictEqual(
        shares.flat().map((queue) => queue.queueId).sort((a, b) => a - b),
        all.map((queue) => queue.queueId)
      )
      const sizes = shares.map((share) => share.length)
      assert.isAtMost(Math.max(...sizes) - Math.min(...sizes), 1)
    })

    it(`${strategy.name} gives a stranger nothing`, () => {
      assert.deepStrictEqual(strategy.allocate({ group: "g", clientId: "stranger", queues, members }), [])
    })
  }
})
