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
  ],
  CONSISTENT_HASH: [
    ["broker-a-1", "broker-a-2", "broker-b-1", "broker-b-3"],
    ["broker-b-2"],
    ["broker-a-0", "broker-a-3", "broker-b-0"]
  ]
}

const even = [AllocationStrategy.average, AllocationStrategy.averageByCircle]
const strategies = [...even, AllocationStrategy.consistentHash()]

const named = (queues: ReadonlyArray<MessageQueue.MessageQueue>) =>
  queues.map(({ brokerName, queueId }) => `${brokerName}-${queueId}`)

describe("AllocationStrategy", () => {
  for (const strategy of strategies) {
    it(`${strategy.name} agrees with Java`, () => {
      for (let i = 0; i < members.length; i++) {
        const mine = strategy.allocate({ group: "g", clientId: members[i]!, queues, members })
        assert.deepStrictEqual(
          named(mine),
          vectors[strategy.name as keyof typeof vectors][i]
        )
      }
    })

    it.prop(`${strategy.name} gives each queue to one member`, {
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
      if (!even.includes(strategy)) return
      const sizes = shares.map((share) => share.length)
      assert.isAtMost(Math.max(...sizes) - Math.min(...sizes), 1)
    })

    it(`${strategy.name} gives a stranger nothing`, () => {
      assert.deepStrictEqual(strategy.allocate({ group: "g", clientId: "stranger", queues, members }), [])
    })
  }

  it.prop("a member that leaves a ring of hashes moves no queue but its own", {
    memberCount: fc.integer({ min: 2, max: 12 }),
    gone: fc.nat()
  }, ({ gone, memberCount }) => {
    const strategy = AllocationStrategy.consistentHash()
    const all = Array.from({ length: 64 }, (_, id) => MessageQueue.make("t", "b", id))
    const ids = Array.from({ length: memberCount }, (_, i) => `m${i}`)
    const left = ids.filter((_, i) => i !== gone % memberCount)
    for (const clientId of left) {
      const before = strategy.allocate({ group: "g", clientId, queues: all, members: ids })
      const after = strategy.allocate({ group: "g", clientId, queues: all, members: left })
      assert.isTrue(before.every((queue) => after.includes(queue)))
    }
  })

  it("CONFIG is the list that was given", () => {
    const mine = [MessageQueue.make("TopicTest", "broker-b", 3)]
    const strategy = AllocationStrategy.byConfig(mine)
    assert.deepStrictEqual(strategy.allocate({ group: "g", clientId: "anyone", queues, members }), mine)
  })

  it("MACHINE_ROOM deals out the queues of its rooms", () => {
    const inRoom = Array.from({ length: 5 }, (_, id) => MessageQueue.make("t", "here@a", id))
    const elsewhere = [MessageQueue.make("t", "there@a", 0), MessageQueue.make("t", "nowhere", 0)]
    const strategy = AllocationStrategy.machineRoom(new Set(["here"]))
    const shares = ["c0", "c1"].map((clientId) =>
      strategy.allocate({ group: "g", clientId, queues: [...inRoom, ...elsewhere], members: ["c0", "c1"] })
        .map(({ queueId }) => queueId)
    )
    assert.deepStrictEqual(shares, [[0, 1, 4], [2, 3]])
  })

  it("MACHINE_ROOM_NEARBY keeps to the room, and shares the rooms of nobody", () => {
    const rooms = ["r1", "r2"].flatMap((room) => [0, 1].map((id) => MessageQueue.make("t", room, id)))
    const nearby = AllocationStrategy.machineRoomNearby({
      ofBroker: ({ brokerName }) => brokerName,
      ofMember: (clientId) => clientId.split("/")[0] ?? ""
    })
    assert.strictEqual(nearby.name, "MACHINE_ROOM_NEARBY-AVG")
    const shares = (...ids: ReadonlyArray<string>) =>
      ids.map((clientId) => named(nearby.allocate({ group: "g", clientId, queues: rooms, members: ids })))
    assert.deepStrictEqual(shares("r1/A", "r1/B"), [["r1-0", "r2-0"], ["r1-1", "r2-1"]])
    assert.deepStrictEqual(shares("r1/A", "r2/B"), [["r1-0", "r1-1"], ["r2-0", "r2-1"]])
  })
})
