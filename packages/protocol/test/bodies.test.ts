import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as BatchAck from "../src/BatchAck.js"
import * as ConsumerRunningInfo from "../src/ConsumerRunningInfo.js"
import * as HeartbeatData from "../src/HeartbeatData.js"
import * as LooseJson from "../src/LooseJson.js"
import * as MessageQueue from "../src/MessageQueue.js"
import * as OffsetTable from "../src/OffsetTable.js"
import { bodies, bodyOf } from "./vectors.js"

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
