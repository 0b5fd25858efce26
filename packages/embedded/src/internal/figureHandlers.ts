/**
 * Requests of administrators for figures: of topics, of groups on topics, of the broker.
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import * as RuntimeInfo from "./runtimeInfo.js"
import type { Handler } from "./server.js"
import { answer } from "./server.js"
import type { Snapshot } from "./stats.js"
import type { Topic } from "./topicTable.js"

/** `2026-11-21#21:58:48:819`, in UTC. */
const timeText = (millis: number): string =>
  new Date(millis).toISOString().replace("T", "#").replace(/\.(\d+)Z$/, ":$1")

const statsJson = ({ average, sum, tps }: Snapshot): LooseJson.JsonObject => ({ avgpt: average, sum, tps })

interface Progress {
  readonly brokerOffset: number
  readonly consumerOffset: bigint
  readonly lastTimestamp: number
  readonly pullOffset: bigint | number
}

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const queueOf = (topic: string, queueId: number): Bodies.Queue => ({ topic, brokerName: broker.name, queueId })

  /** When the message at an offset was stored; -1 when it is not there. */
  const storedAt = (topic: string, queueId: number, offset: number): number => {
    const queue = broker.store.queue(topic, queueId)
    return queue !== undefined && offset >= queue.minOffset() && offset < queue.maxOffset()
      ? queue.storeTimestamp(offset)
      : -1
  }

  const topicStats: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const topic = broker.topics.get(name)
    if (topic === undefined) return answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist`)
    const queues = Array.from({ length: Math.max(topic.readQueues, topic.writeQueues) }, (_, queueId) => {
      const maxOffset = broker.store.maxOffset(name, queueId)
      const offsets = {
        lastUpdateTimestamp: maxOffset > 0 ? storedAt(name, queueId, maxOffset - 1) : 0,
        maxOffset,
        minOffset: broker.store.minOffset(name, queueId)
      }
      return [queueOf(name, queueId), offsets] as const
    })
    return bodyAnswer({
      offsetTable: Bodies.writeByQueue(queues),
      topicPutTps: broker.stats.get("TOPIC_PUT_NUMS", name)?.minute.tps ?? 0
    })
  }

  const progress = (group: string, topic: string, queueId: number): Progress => {
    const consumerOffset = broker.offsets.query(group, topic, queueId) ?? 0n
    const pulled = BigInt(broker.pullOffsets.get(group, topic, queueId) ?? 0)
    return {
      brokerOffset: broker.store.maxOffset(topic, queueId),
      consumerOffset,
      lastTimestamp: Math.max(0, storedAt(topic, queueId, Number(consumerOffset) - 1)),
      pullOffset: pulled > consumerOffset ? pulled : consumerOffset
    }
  }
  const consumeTps = (group: string, topic: string): number =>
    broker.stats.get("GROUP_GET_NUMS", `${topic}@${group}`)?.minute.tps ?? 0

  /** A group that is online does not tell of topics that it no longer subscribes to. */
  const isSubscribed = (group: string, topic: string): boolean => {
    const subscriptions = broker.consumers.group(group)?.subscriptions
    return subscriptions === undefined || subscriptions.size === 0 || subscriptions.has(topic)
  }

  const consumeStats: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "consumerGroup")
    const asked = extFields["topicList"]?.split(";").filter((name) => name !== "") ?? []
    const one = extFields["topic"] ?? ""
    const names = asked.length > 0
      ? asked
      : (one.trim() === "" ? broker.offsets.topicsOf(group) : [one]).filter((name) => isSubscribed(group, name))
    const known = names.filter((name) => broker.topics.get(name) !== undefined)
    const queues = known.flatMap((name) =>
      Array.from(
        { length: broker.topics.get(name)!.readQueues },
        (_, queueId) => [queueOf(name, queueId), { ...progress(group, name, queueId) }] as const
      )
    )
    return bodyAnswer({
      consumeTps: known.reduce((sum, name) => sum + consumeTps(group, name), 0),
      offsetTable: Bodies.writeByQueue(queues)
    })
  }

  const statsInBroker: Handler = ({ request: { extFields } }) => {
    const onlyOrder = Fields.boolean(extFields, "isOrder")
    let totalDiff = 0n
    let totalInflightDiff = 0n
    const ofTopic = (group: string, topic: Topic): LooseJson.JsonObject => {
      const queues = Array.from({ length: topic.writeQueues }, (_, queueId) => {
        // here RocketMQ forgets how far was pulled
        const offsets = { ...progress(group, topic.name, queueId), pullOffset: 0 }
        totalDiff += BigInt(offsets.brokerOffset) - offsets.consumerOffset
        totalInflightDiff -= offsets.consumerOffset
        return [queueOf(topic.name, queueId), offsets] as const
      })
      return { consumeTps: consumeTps(group, topic.name), offsetTable: Bodies.writeByQueue(queues) }
    }
    const list = Array.from(broker.groups.all(), ({ groupName }) => {
      const topics = broker.offsets.topicsOf(groupName)
        .map((name) => broker.topics.get(name))
        .filter((topic) => topic !== undefined)
        .filter((topic) => (!onlyOrder || topic.order) && isSubscribed(groupName, topic.name))
      return { [groupName]: topics.map((topic) => ofTopic(groupName, topic)) }
    })
    return bodyAnswer({ brokerAddr: broker.address, consumeStatsList: list, totalDiff, totalInflightDiff })
  }

  const timeSpans: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const group = Fields.string(extFields, "group")
    const topic = broker.topics.get(name)
    if (topic === undefined) return answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist`)
    const spans = Array.from({ length: topic.writeQueues }, (_, queueId) => {
      const max = broker.store.maxOffset(name, queueId)
      const committed = broker.offsets.query(group, name, queueId)
      const offset = committed === undefined ? -1 : Number(committed)
      const minTimeStamp = storedAt(name, queueId, broker.store.minOffset(name, queueId))
      const maxTimeStamp = storedAt(name, queueId, max - 1)
      const consumeTimeStamp = offset > 0 ? storedAt(name, queueId, offset - 1) : minTimeStamp
      return {
        consumeTimeStamp,
        consumeTimeStampStr: timeText(consumeTimeStamp),
        delayTime: offset < max ? broker.now() - storedAt(name, queueId, offset) : 0,
        maxTimeStamp,
        maxTimeStampStr: timeText(maxTimeStamp),
        messageQueue: Bodies.writeQueue(queueOf(name, queueId)),
        minTimeStamp,
        minTimeStampStr: timeText(minTimeStamp)
      }
    })
    return bodyAnswer({ consumeTimeSpanSet: spans })
  }

  const statsData: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "statsName")
    const key = Fields.string(extFields, "statsKey")
    const figure = broker.stats.get(name, key)
    return figure === undefined
      ? answer(ResponseCode.SYSTEM_ERROR, `The stats <${name}> <${key}> not exist`)
      : bodyAnswer({
        statsDay: statsJson(figure.day),
        statsHour: statsJson(figure.hour),
        statsMinute: statsJson(figure.minute)
      })
  }

  const runtimeInfo: Handler = () => bodyAnswer({ table: RuntimeInfo.make(broker) })

  return [
    [RequestCode.GET_TOPIC_STATS_INFO, topicStats],
    [RequestCode.GET_CONSUME_STATS, consumeStats],
    [RequestCode.GET_BROKER_CONSUME_STATS, statsInBroker],
    [RequestCode.QUERY_CONSUME_TIME_SPAN, timeSpans],
    [RequestCode.VIEW_BROKER_STATS_DATA, statsData],
    [RequestCode.GET_BROKER_RUNTIME_INFO, runtimeInfo]
  ]
}
