import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as AclInfo from "../src/AclInfo.js"
import * as BatchAck from "../src/BatchAck.js"
import * as ClusterInfo from "../src/ClusterInfo.js"
import * as ConsumeMessageDirectlyResult from "../src/ConsumeMessageDirectlyResult.js"
import * as ConsumerRunningInfo from "../src/ConsumerRunningInfo.js"
import * as HeartbeatData from "../src/HeartbeatData.js"
import * as LockBatch from "../src/LockBatch.js"
import * as LooseJson from "../src/LooseJson.js"
import * as MessageQueue from "../src/MessageQueue.js"
import * as OffsetTable from "../src/OffsetTable.js"
import * as QueryAssignment from "../src/QueryAssignment.js"
import * as SubscriptionGroupConfig from "../src/SubscriptionGroupConfig.js"
import * as TopicConfig from "../src/TopicConfig.js"
import * as TopicRouteData from "../src/TopicRouteData.js"
import * as TopicStats from "../src/TopicStats.js"
import * as UserInfo from "../src/UserInfo.js"
import { bodies, bodyOf, frame } from "./vectors.js"

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
/** Java writes whole doubles with a fraction. */
const golden = (name: string): string => text(bodyOf(name)).replaceAll(":0.0", ":0")
const right = <A, E>(either: Either.Either<A, E>): A => Either.getOrThrow(either)

describe("golden bodies", () => {
  it("are written as Java writes them", () => {
    assert.strictEqual(
      text(HeartbeatData.encode(right(HeartbeatData.decode(bodyOf("heartbeat-body"))))),
      text(bodyOf("heartbeat-body"))
    )
    assert.strictEqual(
      text(OffsetTable.encode(right(OffsetTable.decode(bodyOf("json-offset-table"))))),
      text(bodyOf("json-offset-table"))
    )
    assert.strictEqual(
      text(BatchAck.encode(right(BatchAck.decode(bodyOf("batch-ack-body"))))),
      text(bodyOf("batch-ack-body"))
    )
    assert.strictEqual(
      text(ConsumerRunningInfo.encode(right(ConsumerRunningInfo.decode(bodyOf("json-running-info"))))),
      golden("json-running-info")
    )
  })

  it("read and written by LooseJson are the same text", () => {
    for (const vector of bodies) {
      assert.strictEqual(LooseJson.stringify(right(LooseJson.parse(bodyOf(vector.name)))), golden(vector.name))
    }
  })

  it("has the fingerprint of Java", () => {
    assert.strictEqual(HeartbeatData.fingerprint(right(HeartbeatData.decode(bodyOf("heartbeat-body")))), 1272244825)
  })

  it("decode to queues, offsets and bits", () => {
    assert.deepStrictEqual(
      right(OffsetTable.decode(bodyOf("json-offset-table"))).offsetTable.map(([queue, offset]) => [
        MessageQueue.key(queue),
        offset
      ]),
      [["TopicTest@broker-a@0", 7n], ["TopicTest@broker-a@1", 5n]]
    )
    const ack = right(BatchAck.decode(bodyOf("batch-ack-body"))).acks[0]!
    assert.deepStrictEqual(BatchAck.distances(ack.offsets), [0, 3, 9])
    assert.deepStrictEqual(BatchAck.bitSet([9, 0, 3]), ack.offsets)
  })
})

const captured = (name: string): Uint8Array => new TextEncoder().encode(frame(name).decoded.bodyText)

describe("captured bodies", () => {
  it("routes, with and without quotes", () => {
    for (const name of ["live-route-response-loose", "live-route-response-strict"]) {
      const route = right(TopicRouteData.decode(captured(name)))
      assert.deepStrictEqual(route, {
        brokerDatas: [{
          brokerAddrs: new Map([[0, "127.0.0.1:10911"]]),
          brokerName: "broker-a",
          cluster: "DefaultCluster",
          enableActingMaster: false
        }],
        filterServerTable: new Map(),
        queueDatas: [{ brokerName: "broker-a", perm: 6, readQueueNums: 1, topicSysFlag: 0, writeQueueNums: 1 }]
      })
      assert.strictEqual(text(TopicRouteData.encode(route)), text(captured("live-route-response-strict")))
    }
  })

  it("cluster info", () => {
    const info = right(ClusterInfo.decode(captured("live-cluster-info-response")))
    assert.strictEqual(info.brokerAddrTable.get("broker-a")?.brokerAddrs.get(0), "127.0.0.1:10911")
    assert.deepStrictEqual(info.clusterAddrTable, new Map([["DefaultCluster", ["broker-a"]]]))
    assert.deepStrictEqual(right(ClusterInfo.decode(ClusterInfo.encode(info))), info)
  })

  it("heartbeat", () => {
    const beat = right(HeartbeatData.decode(captured("live-heartbeat-request")))
    assert.strictEqual(beat.consumerDataSet[0]?.subscriptionDataSet[0]?.subVersion, 1_700_000_000_000n)
    assert.deepStrictEqual(right(HeartbeatData.decode(HeartbeatData.encode(beat))), beat)
  })

  it("locks", () => {
    const queue = MessageQueue.make("VecTopic", "broker-a", 0)
    const { mqSet } = right(LockBatch.decode(captured("live-lock-request")))
    assert.deepStrictEqual(mqSet.map(MessageQueue.key), [MessageQueue.key(queue)])
    const { lockOKMQSet } = right(LockBatch.Locked.decode(captured("live-lock-response")))
    assert.deepStrictEqual(lockOKMQSet.map(MessageQueue.key), [MessageQueue.key(queue)])
    assert.strictEqual(text(LockBatch.Locked.encode({ lockOKMQSet })), text(captured("live-lock-response")))
  })

  it("topic stats", () => {
    const stats = right(TopicStats.decode(captured("live-topic-stats-response")))
    assert.deepStrictEqual(stats.offsetTable.map(([, offsets]) => offsets), [
      { lastUpdateTimestamp: 1_795_216_495_083, maxOffset: 2n, minOffset: 0n }
    ])
    assert.strictEqual(
      text(TopicStats.encode(stats)),
      text(captured("live-topic-stats-response")).replaceAll(":0.0", ":0")
    )
  })
})

const decoded = <A>(body: { readonly decode: (bytes: Uint8Array) => Either.Either<A, unknown> }, json: string): A =>
  right(body.decode(new TextEncoder().encode(json)))

describe("bodies of other peers", () => {
  it("Go: ordinals for names, `dropped`", () => {
    assert.deepStrictEqual(decoded(ConsumeMessageDirectlyResult, "{\"consumeResult\":1}"), {
      autoCommit: true,
      consumeResult: "CR_LATER",
      order: false,
      spentTimeMills: 0
    })
    const info = decoded(
      ConsumerRunningInfo,
      "{\"mqTable\":{{\"brokerName\":\"b\",\"queueId\":0,\"topic\":\"t\"}:{\"dropped\":true}}}"
    )
    assert.isTrue(info.mqTable[0]?.[1].dropped)
    assert.include(text(ConsumerRunningInfo.encode(info)), "\"droped\":true")
  })

  it("brokers that know C++ clients: offsets in a list", () => {
    const { offsetTable } = decoded(
      OffsetTable,
      "{\"offsetTable\":[{\"brokerName\":\"b\",\"queueId\":2,\"topic\":\"t\",\"offset\":9223372036854775807}]}"
    )
    assert.deepStrictEqual(offsetTable.map(([queue, offset]) => [MessageQueue.key(queue), offset]), [
      ["t@b@2", 9223372036854775807n]
    ])
  })

  it("no assignment is not an empty one", () => {
    assert.strictEqual(decoded(QueryAssignment.Assignment, "{}").messageQueueAssignments, undefined)
    assert.deepStrictEqual(decoded(QueryAssignment.Assignment, "{\"messageQueueAssignments\":[]}"), {
      messageQueueAssignments: []
    })
  })

  it("configs with defaults", () => {
    const group = decoded(SubscriptionGroupConfig, "{\"groupName\":\"G\"}")
    assert.strictEqual(group.retryMaxTimes, 16)
    assert.isTrue(group.consumeEnable)
    assert.deepStrictEqual(right(SubscriptionGroupConfig.decode(SubscriptionGroupConfig.encode(group))), group)
    const topic = decoded(
      TopicConfig,
      "{\"perm\":6,\"readQueueNums\":4,\"topicName\":\"T\",\"writeQueueNums\":4,\"attributes\":{\"message.type\":\"FIFO\"}}"
    )
    assert.deepStrictEqual(topic.attributes, { "message.type": "FIFO" })
    assert.deepStrictEqual(right(TopicConfig.decode(TopicConfig.encode(topic))), topic)
  })

  it("users and policies", () => {
    const users = [{ username: "bob", userType: "Normal", userStatus: "enable" }]
    assert.deepStrictEqual(right(UserInfo.List.decode(UserInfo.List.encode(users))), users)
    const acl = {
      subject: "User:bob",
      policies: [{
        policyType: "Custom",
        entries: [{ resource: "Topic:PX", actions: ["Pub"], sourceIps: [], decision: "Allow" }]
      }]
    }
    assert.deepStrictEqual(right(AclInfo.decode(AclInfo.encode(acl))), acl)
  })

  it("errors name body and field", () => {
    const error = Either.flip(
      TopicRouteData.decode(new TextEncoder().encode("{\"queueDatas\":[{\"brokerName\":\"b\"}]}"))
    )
    assert.strictEqual(
      right(error).message,
      "Cannot read TopicRouteData, field queueDatas[0].perm: it is missing"
    )
  })

  it.prop("anything gives a value or a typed error", [FastCheck.json(), FastCheck.nat(300)], ([json, cut]) => {
    const beat = text(bodyOf("json-running-info"))
    for (
      const input of [json, `{"mqTable":${json}}`, beat.slice(0, cut), beat.slice(0, cut) + json + beat.slice(cut)]
    ) {
      const bytes = new TextEncoder().encode(input)
      for (const body of [ConsumerRunningInfo, HeartbeatData, TopicRouteData, OffsetTable, BatchAck, UserInfo.List]) {
        const result: Either.Either<unknown, { readonly _tag: string }> = body.decode(bytes)
        if (Either.isLeft(result)) assert.strictEqual(result.left._tag, "DeserializationError")
      }
    }
  })
})
