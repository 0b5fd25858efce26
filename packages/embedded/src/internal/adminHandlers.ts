/**
 * Requests of administrators: topics, groups, figures, connections, and calls relayed to a consumer.
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import type { Channel } from "./clients.js"
import * as Fields from "./fields.js"
import { offsetOf } from "./messageIds.js"
import * as Relay from "./relay.js"
import type { Answer, Handler } from "./server.js"
import { answer, ok } from "./server.js"
import type { Topic } from "./topicTable.js"
import { groupProblem, topicProblem } from "./topicTable.js"

const topicJson = (topic: Topic): LooseJson.JsonObject => ({
  attributes: topic.attributes,
  order: topic.order,
  perm: topic.perm,
  readQueueNums: topic.readQueues,
  topicFilterType: topic.multiTag ? "MULTI_TAG" : "SINGLE_TAG",
  topicName: topic.name,
  topicSysFlag: topic.sysFlag,
  writeQueueNums: topic.writeQueues
})

const connectionJson = (channel: Channel): LooseJson.JsonObject => ({
  clientAddr: channel.connection.remoteAddress,
  clientId: channel.clientId,
  language: languages[channel.language] ?? "OTHER",
  version: channel.version
})

const languages = [
  "JAVA",
  "CPP",
  "DOTNET",
  "PYTHON",
  "DELPHI",
  "ERLANG",
  "RUBY",
  "OTHER",
  "HTTP",
  "GO",
  "PHP",
  "OMS",
  "RUST",
  "NODE_JS"
]

const body = (value: LooseJson.Json, extFields?: ExtFields): Answer => ({
  code: ResponseCode.SUCCESS,
  extFields,
  body: Bodies.write(value)
})

/** `+key=value,-key`: what the attributes become. Undefined when a name has no sign. */
const changeAttributes = (
  before: Readonly<Record<string, string>>,
  changes: string
): Readonly<Record<string, string>> | undefined => {
  const after: Record<string, string> = { ...before }
  for (const change of changes.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const [name = "", value = ""] = change.slice(1).split("=")
    if (change.startsWith("+")) after[name] = value
    else if (change.startsWith("-")) delete after[name]
    else return undefined
  }
  return after
}

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const config = new Map<string, string>([
    ["brokerName", broker.name],
    ["brokerClusterName", broker.clusterName],
    ["brokerId", "0"],
    ["brokerIP1", broker.address.slice(0, broker.address.lastIndexOf(":"))],
    ["listenPort", broker.address.slice(broker.address.lastIndexOf(":") + 1)],
    ["autoCreateTopicEnable", String(broker.settings.autoCreateTopic)],
    ["autoCreateSubscriptionGroup", String(broker.settings.autoCreateGroup)],
    ["maxMessageSize", String(broker.settings.maxMessageSize)],
    ["longPollingEnable", String(broker.settings.longPolling)],
    ["enablePropertyFilter", String(broker.settings.propertyFilter)],
    ["timerWheelEnable", String(broker.settings.timerWheel)],
    ["timerMaxDelaySec", String(Math.floor(broker.settings.maxTimerDelay / 1000))],
    ["recallMessageEnable", String(broker.settings.recallMessage)],
    ["transactionTimeOut", String(broker.settings.transactionTimeout)],
    ["transactionCheckMax", String(broker.settings.transactionCheckMax)],
    ["transactionCheckInterval", String(broker.settings.transactionCheckInterval)]
  ])
  let configVersion = 0
  const version = (counter: number): LooseJson.JsonObject => ({
    counter,
    stateVersion: 0,
    timestamp: broker.bootTimestamp
  })
  const queueOf = (topic: string, queueId: number): Bodies.Queue => ({ topic, brokerName: broker.name, queueId })

  const createTopic: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const problem = topicProblem(name)
    if (problem !== undefined) return answer(ResponseCode.INVALID_PARAMETER, problem)
    if (Names.isSystemTopic(name)) {
      return answer(ResponseCode.INVALID_PARAMETER, `The topic[${name}] is conflict with system topic.`)
    }
    const known = broker.topics.get(name)
    const attributes = changeAttributes(known?.attributes ?? {}, extFields["attributes"] ?? "")
    if (attributes === undefined) {
      return answer(ResponseCode.SYSTEM_ERROR, `add/alter attribute format is wrong: ${extFields["attributes"]}`)
    }
    broker.topics.put({
      name,
      readQueues: Fields.int(extFields, "readQueueNums"),
      writeQueues: Fields.int(extFields, "writeQueueNums"),
      perm: Fields.int(extFields, "perm"),
      sysFlag: Fields.optionalInt(extFields, "topicSysFlag") ?? 0,
      order: Fields.boolean(extFields, "order"),
      multiTag: extFields["topicFilterType"] === "MULTI_TAG",
      attributes
    })
    return answer(ResponseCode.SUCCESS, "not set any response code")
  }

  const deleteTopic: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    if (name.trim() === "") return answer(ResponseCode.INVALID_PARAMETER, "The specified topic is blank.")
    if (Names.isSystemTopic(name)) {
      return answer(ResponseCode.INVALID_PARAMETER, `The topic[${name}] is conflict with system topic.`)
    }
    broker.topics.remove(name)
    broker.offsets.removeTopic(name)
    broker.store.removeTopic(name)
    return ok
  }

  const topicConfig: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const topic = broker.topics.get(name)
    return topic === undefined
      ? answer(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${name}`)
      : body(topicJson(topic))
  }

  /** One page of a table: from `seq` on, at most `max`. */
  const page = <A>(all: ReadonlyArray<A>, seq: number | undefined, max: number | undefined): ReadonlyArray<A> =>
    all.slice(seq ?? 0, max === undefined ? undefined : (seq ?? 0) + max)

  const allTopics: Handler = ({ request: { extFields } }) => {
    const all = Array.from(broker.topics.all())
    const topics = page(all, Fields.optionalInt(extFields, "topicSeq"), Fields.optionalInt(extFields, "maxTopicNum"))
    return body({
      dataVersion: version(broker.topics.version()),
      mappingDataVersion: version(0),
      topicConfigTable: Object.fromEntries(topics.map((topic) => [topic.name, topicJson(topic)])),
      topicQueueMappingDetailMap: {}
    }, { totalTopicNum: String(all.length) })
  }

  const putGroup: Handler = ({ request }) => {
    const group = Bodies.readGroupConfig(request.body)
    const problem = groupProblem(group.groupName)
    if (problem !== undefined) return answer(ResponseCode.INVALID_PARAMETER, problem)
    broker.groups.put(group)
    return ok
  }

  const allGroups: Handler = ({ request: { extFields } }) => {
    const all = Array.from(broker.groups.all())
    const groups = page(all, Fields.optionalInt(extFields, "groupSeq"), Fields.optionalInt(extFields, "maxGroupNum"))
    return body({
      dataVersion: version(broker.groups.version()),
      forbiddenTable: {},
      subscriptionGroupTable: Object.fromEntries(groups.map((group) => [group.groupName, group]))
    }, { totalGroupNum: String(all.length) })
  }

  const deleteGroup: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "groupName")
    broker.groups.remove(name)
    if (Fields.boolean(extFields, "cleanOffset")) broker.offsets.removeGroup(name)
    return ok
  }

  const groupConfig: Handler = ({ request: { extFields } }) => {
    const group = broker.groups.find(Fields.string(extFields, "group"))
    return group === undefined
      ? answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, "No group in this broker")
      : body(group)
  }

  const topicStats: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "topic")
    const topic = broker.topics.get(name)
    if (topic === undefined) return answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist`)
    const queues = Array.from({ length: Math.max(topic.readQueues, topic.writeQueues) }, (_, queueId) => {
      const queue = broker.store.queue(name, queueId)
      const max = queue?.maxOffset() ?? 0
      const min = queue?.minOffset() ?? 0
      const offsets = {
        lastUpdateTimestamp: queue !== undefined && max > min ? queue.storeTimestamp(max - 1) : 0,
        maxOffset: max,
        minOffset: min
      }
      return [queueOf(name, queueId), offsets] as const
    })
    return body({ offsetTable: Bodies.writeByQueue(queues), topicPutTps: 0 })
  }

  const consumeStats: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "consumerGroup")
    const asked = extFields["topicList"]?.split(";").filter((name) => name !== "") ?? []
    const one = extFields["topic"]
    const names = asked.length > 0 ? asked : one !== undefined && one !== "" ? [one] : broker.offsets.topicsOf(group)
    const queues = names.flatMap((name) =>
      Array.from({ length: broker.topics.get(name)?.readQueues ?? 0 }, (_, queueId) => {
        const queue = broker.store.queue(name, queueId)
        const consumerOffset = broker.offsets.query(group, name, queueId) ?? 0n
        const last = Number(consumerOffset) - 1
        const held = queue !== undefined && last >= queue.minOffset() && last < queue.maxOffset()
        const offsets = {
          brokerOffset: queue?.maxOffset() ?? 0,
          consumerOffset,
          lastTimestamp: held ? queue.storeTimestamp(last) : 0,
          pullOffset: consumerOffset
        }
        return [queueOf(name, queueId), offsets] as const
      })
    )
    return body({ consumeTps: 0, offsetTable: Bodies.writeByQueue(queues) })
  }

  const consumerConnections: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "consumerGroup")
    const group = broker.consumers.group(name)
    if (group === undefined) {
      return answer(ResponseCode.CONSUMER_NOT_ONLINE, `the consumer group[${name}] not online`)
    }
    return body({
      connectionSet: Array.from(group.channels.values(), connectionJson),
      consumeFromWhere: group.consumeFromWhere,
      consumeType: group.consumeType,
      messageModel: group.messageModel,
      subscriptionTable: Object.fromEntries(
        Array.from(group.subscriptions, ([topic, subscription]) => [topic, Bodies.writeSubscription(subscription)])
      )
    })
  }

  const producerConnections: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "producerGroup")
    const channels = broker.producers.channels(name)
    return channels === undefined
      ? answer(ResponseCode.SYSTEM_ERROR, `the producer group[${name}] not exist`)
      : body({ connectionSet: channels.map(connectionJson) })
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
    const targets = ids.map((id) => [queueOf(name, id), queueId >= 0 && offset !== -1 ? offset : byTime(id)] as const)
    for (const [queue, target] of targets) broker.offsets.reset(group, name, queue.queueId, target)
    return body({ offsetTable: Bodies.writeByQueue(targets) })
  }

  const groupsOfTopic: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const groups = new Set([...broker.consumers.subscribersOf(topic), ...broker.offsets.groupsOf(topic)])
    return body({ groupList: Array.from(groups) })
  }

  const consumeDirectly: Handler = (call) => {
    const { extFields } = call.request
    const offset = offsetOf(extFields["msgId"] ?? "")
    const record = offset === undefined ? undefined : broker.store.look(offset)
    if (record === undefined) {
      return answer(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${extFields["msgId"]}`)
    }
    return Relay.toMember(broker, call, {
      code: call.request.code,
      extFields: {
        ...extFields,
        brokerName: broker.name,
        topicSysFlag: String(broker.topics.get(extFields["topic"] ?? "")?.sysFlag ?? 0),
        groupSysFlag: String(broker.groups.get(extFields["consumerGroup"] ?? "")?.groupSysFlag ?? 0)
      },
      body: record
    })
  }

  const runtimeInfo: Handler = () => {
    const stored = broker.store.log
    const table: Record<string, string> = {
      brokerVersionDesc: `V${MqVersion.nameOf(broker.settings.version).replace(/[.-]/g, "_")}`,
      brokerVersion: String(broker.settings.version),
      bootTimestamp: String(broker.bootTimestamp),
      commitLogMinOffset: String(stored.minOffset()),
      commitLogMaxOffset: String(stored.maxOffset()),
      commitLogDiskRatio: String(stored.size() / broker.settings.retentionBytes),
      putTps: "0.0 0.0 0.0",
      getTransferredTps: "0.0 0.0 0.0",
      msgPutTotalTodayNow: "0"
    }
    return body({ table })
  }

  const brokerConfig: Handler = () => {
    const text = Array.from(config, ([name, value]) => `${name}=${value}`).join("\n")
    return {
      code: ResponseCode.SUCCESS,
      extFields: { version: new TextDecoder().decode(Bodies.write(version(configVersion))) },
      body: new TextEncoder().encode(text)
    }
  }

  const fixed = new Set(["brokerConfigPath", "rocketmqHome", "configBlackList"])
  const updateConfig: Handler = ({ request }) => {
    const text = new TextDecoder().decode(request.body)
    const changes = text.split("\n").map((line) => line.split("=", 2)).filter((pair) => pair.length === 2)
    if (changes.some(([name = ""]) => fixed.has(name.trim()))) {
      return answer(ResponseCode.NO_PERMISSION, "Can not update config in black list.")
    }
    for (const [name = "", value = ""] of changes) config.set(name.trim(), value.trim())
    configVersion++
    return ok
  }

  return [
    [RequestCode.UPDATE_AND_CREATE_TOPIC, createTopic],
    [RequestCode.DELETE_TOPIC_IN_BROKER, deleteTopic],
    [RequestCode.GET_TOPIC_CONFIG, topicConfig],
    [RequestCode.GET_ALL_TOPIC_CONFIG, allTopics],
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, putGroup],
    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, allGroups],
    [RequestCode.DELETE_SUBSCRIPTIONGROUP, deleteGroup],
    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, groupConfig],
    [RequestCode.GET_TOPIC_STATS_INFO, topicStats],
    [RequestCode.GET_CONSUME_STATS, consumeStats],
    [RequestCode.GET_CONSUMER_CONNECTION_LIST, consumerConnections],
    [RequestCode.GET_PRODUCER_CONNECTION_LIST, producerConnections],
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, resetOffset],
    [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, (call) => Relay.consumerStatus(broker, call)],
    [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, groupsOfTopic],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (call) => Relay.toMember(broker, call, call.request)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, consumeDirectly],
    [RequestCode.GET_BROKER_RUNTIME_INFO, runtimeInfo],
    [RequestCode.GET_BROKER_CONFIG, brokerConfig],
    [RequestCode.UPDATE_BROKER_CONFIG, updateConfig]
  ]
}
