/**
 * Requests of administrators about the offsets of groups: reset, copy, compare, list.
 *
 * @since 0.1.0
 */
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import type { Handler } from "./server.js"
import { answer, ok } from "./server.js"

/** What stands for "no offset is common". */
const LONG_MAX = 9_223_372_036_854_775_807n

const byQueue = (offsets: Iterable<readonly [number, bigint]>): LooseJson.Json =>
  new LooseJson.Entries(Array.from(offsets, ([queueId, offset]) => [queueId, offset] as const))

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  /** What a group has committed for a topic. */
  const committed = (group: string, name: string): Map<number, bigint> => {
    const topic = broker.topics.get(name)
    const found = new Map<number, bigint>()
    for (let queueId = 0; topic && queueId < Math.max(topic.readQueues, topic.writeQueues); queueId++) {
      const offset = broker.offsets.query(group, name, queueId)
      if (offset !== undefined) found.set(queueId, offset)
    }
    return found
  }

  const resetOffset: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const group = Fields.string(extFields, "group")
    const timestamp = Fields.long(extFields, "timestamp")
    const queueId = Fields.optionalInt(extFields, "queueId") ?? -1
    const offset = Fields.optionalInt(extFields, "offset") ?? -1
    const topic = broker.topics.get(name)
    if (topic === undefined) return answer(ResponseCode.TOPIC_NOT_EXIST, `Topic ${name} does not exist`)
    if (broker.groups.get(group) === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`)
    }
    const byTime = (id: number) =>
      timestamp < 0 ? broker.store.maxOffset(name, id) : broker.offsetAt(name, id, timestamp, false)
    if (queueId >= 0 && offset !== -1) {
      const min = broker.store.minOffset(name, queueId)
      const max = broker.store.maxOffset(name, queueId)
      if (offset < min || offset > max + 1) {
        return answer(
          ResponseCode.SYSTEM_ERROR,
          `Target offset ${offset} not in consume queue range [${min}-${max}]`
        )
      }
    }
    const ids = queueId >= 0 ? [queueId] : Array.from({ length: topic.readQueues }, (_, id) => id)
    const targets = ids.map((id) => [id, queueId >= 0 && offset !== -1 ? offset : byTime(id)] as const)
    for (const [id, target] of targets) broker.offsets.reset(group, name, id, target)
    return bodyAnswer({
      offsetTable: Bodies.writeByQueue(
        targets.map(([id, target]) => [{ topic: name, brokerName: broker.name, queueId: id }, target])
      )
    })
  }

  /** Without a topic nothing is copied, which is a fault of RocketMQ. */
  const clone: Handler = ({ request: { extFields } }) => {
    const source = Fields.string(extFields, "srcGroup")
    const target = Fields.string(extFields, "destGroup")
    const topic = extFields["topic"] ?? ""
    const subscriptions = broker.consumers.group(source)?.subscriptions
    const isOnline = subscriptions !== undefined && subscriptions.size > 0
    if (!Fields.boolean(extFields, "offline") && isOnline && !subscriptions.has(topic)) return ok
    for (const [queueId, offset] of committed(source, topic)) broker.offsets.commit(target, topic, queueId, offset)
    return ok
  }

  /**
   * The least that any group has committed for each queue, or the greatest number there is where the compared group is
   * behind that. Groups to be left out lose their offsets, which is how RocketMQ leaves them out.
   */
  const corrections: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    for (const group of (extFields["filterGroups"] ?? "").split(",").filter((name) => name.trim() !== "")) {
      broker.offsets.removeGroup(group)
    }
    const least = new Map<number, bigint>()
    for (const group of broker.offsets.groupsOf(topic)) {
      for (const [queueId, offset] of committed(group, topic)) {
        if (offset < broker.store.minOffset(topic, queueId)) continue
        const known = least.get(queueId)
        if (known === undefined || offset < known) least.set(queueId, offset)
      }
    }
    for (const [queueId, offset] of committed(Fields.string(extFields, "compareGroup"), topic)) {
      if ((least.get(queueId) ?? 0n) > offset) least.set(queueId, LONG_MAX)
    }
    return bodyAnswer({ correctionOffsets: byQueue(least) })
  }

  const allOffsets: Handler = () => {
    const table: Record<string, LooseJson.Json> = {}
    const topicsOf: Record<string, Array<string>> = {}
    for (const { name } of broker.topics.all()) {
      for (const group of broker.offsets.groupsOf(name)) {
        table[`${name}@${group}`] = byQueue(committed(group, name))
        const topics = topicsOf[group] ??= []
        topics.push(name)
      }
    }
    return bodyAnswer({
      dataVersion: Bodies.writeVersion(0, broker.bootTimestamp),
      groupTopicMap: topicsOf,
      offsetTable: table,
      pullOffsetTable: {}
    })
  }

  /** How far each delay level has been delivered: everything that is not waiting. */
  const delayOffsets: Handler = () =>
    bodyAnswer({ dataVersion: Bodies.writeVersion(0, broker.bootTimestamp), offsetTable: {} })

  return [
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, resetOffset],
    [RequestCode.CLONE_GROUP_OFFSET, clone],
    [RequestCode.QUERY_CORRECTION_OFFSET, corrections],
    [RequestCode.GET_ALL_CONSUMER_OFFSET, allOffsets],
    [RequestCode.GET_ALL_DELAY_OFFSET, delayOffsets]
  ]
}
