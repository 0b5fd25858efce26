/**
 * Requests of consumers about messages and offsets: pull (11, 361), committed offsets (14, 15), bounds and times of a
 * queue (29, 30, 31, 32).
 *
 * @since 0.1.0
 */
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Either from "effect/Either"
import { tagSubscription } from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import * as Filters from "./filters.js"
import { FORBIDS_READ } from "./groupTable.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer, ok, suggestion } from "./server.js"
import type { Filter, ReadResult } from "./store.js"
import type { Topic } from "./topicTable.js"

/** Codes of the outcomes of a read. An empty queue is an illegal offset to whoever asks for more than its start. */
const codeOf = (result: ReadResult, offset: number): number => {
  switch (result.status) {
    case "FOUND":
      return ResponseCode.SUCCESS
    case "NO_MATCHED_MESSAGE":
      return ResponseCode.PULL_RETRY_IMMEDIATELY
    case "NO_MESSAGE_IN_QUEUE":
      return offset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED
    case "OFFSET_OVERFLOW_ONE":
      return ResponseCode.PULL_NOT_FOUND
    case "OFFSET_OVERFLOW_BADLY":
    case "OFFSET_TOO_SMALL":
    case "OFFSET_RESET":
      return ResponseCode.PULL_OFFSET_MOVED
  }
}

const concat = (result: ReadResult): Uint8Array | undefined => {
  if (result.records.length < 2) return result.records[0]
  const body = new Uint8Array(result.size)
  let at = 0
  for (const record of result.records) {
    body.set(record, at)
    at += record.length
  }
  return body
}

interface Pull {
  readonly call: Call
  readonly group: string
  readonly topic: Topic
  readonly queueId: number
  readonly offset: number
  readonly maxMessages: number
  readonly groupSysFlag: number
  readonly filter: Filter
}

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const supported = (type: string, filter: Filter): Filter | Answer =>
    Filters.isTag(type) || broker.settings.propertyFilter ? filter : Filters.unsupported(type)

  /** Of a pull that brings its own subscription. As in RocketMQ, an expression that does not parse filters nothing. */
  const ownFilter = (fields: ExtFields, topic: string): Filter | Answer => {
    const type = fields["expressionType"] || "TAG"
    const expression = fields["subscription"] ?? ""
    const unparsed = answer(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
    if (type !== "TAG") {
      return expression === ""
        ? unparsed
        : supported(type, Either.getOrElse(Filters.bySql(type, expression), () => Filters.everything))
    }
    const subscription = tagSubscription(topic, expression)
    return subscription === undefined ? unparsed : Filters.byTag(subscription)
  }

  const filterOf = (fields: ExtFields, group: string, topic: string, sysFlag: number): Filter | Answer => {
    if ((sysFlag & SysFlag.PULL_SUBSCRIPTION) !== 0) return ownFilter(fields, topic)
    const members = broker.consumers.group(group)
    if (members === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's group info not exist${suggestion}`)
    }
    if (members.messageModel === "BROADCASTING" && broker.groups.find(group)?.consumeBroadcastEnable === false) {
      return forbidden(4, `the consumer group[${group}] can not consume by broadcast way`)
    }
    if ((broker.groups.forbidden(group, topic) & FORBIDS_READ) !== 0) {
      return forbidden(5, `the consumer group[${group}] is forbidden for topic[${topic}]`)
    }
    const subscription = members.subscriptions.get(topic)
    if (subscription === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_NOT_EXIST, `the consumer's subscription not exist${suggestion}`)
    }
    const version = Fields.big(fields, "subVersion")
    if (subscription.subVersion < version) {
      return answer(ResponseCode.SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest")
    }
    if (Filters.isTag(subscription.expressionType)) return Filters.byTag(subscription)
    const data = broker.filters.get(group, topic)
    if (data === undefined) {
      return answer(
        ResponseCode.FILTER_DATA_NOT_EXIST,
        "The broker's consumer filter data is not exist!Your expression may be wrong!"
      )
    }
    return data.version < version
      ? answer(ResponseCode.FILTER_DATA_NOT_LATEST, "the consumer's consumer filter data not latest")
      : supported(subscription.expressionType, data.filter)
  }

  const forbidden = (type: number, remark: string): Answer => ({
    code: ResponseCode.NO_PERMISSION,
    remark,
    extFields: { forbiddenType: String(type) }
  })

  const count = ({ group, queueId, topic }: Pull, result: ReadResult) => {
    broker.pullOffsets.set(group, topic.name, queueId, result.nextBeginOffset)
    if (result.records.length === 0) return
    broker.stats.add("GROUP_GET_NUMS", `${topic.name}@${group}`, result.records.length)
    broker.stats.add("GROUP_GET_SIZE", `${topic.name}@${group}`, result.size)
    broker.stats.add("BROKER_GET_NUMS", broker.clusterName, result.records.length)
  }

  const respond = (pull: Pull, result: ReadResult): Answer => ({
    code: codeOf(result, pull.offset),
    remark: result.status,
    extFields: {
      suggestWhichBrokerId: String(broker.suggested()),
      nextBeginOffset: String(result.nextBeginOffset),
      minOffset: String(result.minOffset),
      maxOffset: String(result.maxOffset),
      topicSysFlag: String(pull.topic.sysFlag),
      groupSysFlag: String(pull.groupSysFlag)
    },
    body: concat(result)
  })

  const read = (pull: Pull): ReadResult => {
    const { group, offset, queueId, topic } = pull
    const reset = broker.offsets.takeReset(group, topic.name, queueId)
    return reset === undefined
      ? broker.store.read(topic.name, queueId, offset, pull.maxMessages, pull.filter)
      : {
        status: "OFFSET_RESET",
        nextBeginOffset: reset,
        minOffset: broker.store.minOffset(topic.name, queueId),
        maxOffset: broker.store.maxOffset(topic.name, queueId),
        records: [],
        size: 0
      }
  }

  const pullMessage: Handler = (call) => {
    const fields = call.request.extFields
    const group = Fields.string(fields, "consumerGroup")
    const name = Fields.string(fields, "topic")
    const queueId = Fields.int(fields, "queueId")
    const sysFlag = Fields.int(fields, "sysFlag")
    if (!Permission.isReadable(broker.config.permission())) {
      return forbidden(1, `the broker[${broker.config.get("brokerIP1")}] pulling message is forbidden`)
    }
    const config = broker.groups.find(group)
    if (config === undefined) {
      return answer(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group [${group}] does not exist, ${suggestion}`
      )
    }
    if (!config.consumeEnable) {
      return forbidden(2, `subscription group no permission, ${group}`)
    }
    const topic = broker.topics.get(name)
    if (topic === undefined) {
      return answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist, apply first please! ${suggestion}`)
    }
    if (!Permission.isReadable(topic.perm)) {
      return forbidden(3, `the topic[${name}] pulling message is forbidden`)
    }
    if (queueId < 0 || queueId >= topic.readQueues) {
      return answer(
        ResponseCode.INVALID_PARAMETER,
        `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${topic.readQueues}] ` +
          `consumer:[/${call.connection.remoteAddress}]`
      )
    }
    const filter = filterOf(fields, group, name, sysFlag)
    if (typeof filter === "object") return filter
    const offset = Fields.long(fields, "queueOffset")
    const maxMessages = Fields.int(fields, "maxMsgNums")
    const pull: Pull = {
      call,
      group,
      topic,
      queueId,
      offset,
      maxMessages,
      groupSysFlag: config.groupSysFlag,
      filter
    }
    const result = read(pull)
    count(pull, result)
    // nobody is told that it is kept: while nothing can be, the pull goes on
    if ((sysFlag & SysFlag.PULL_COMMIT_OFFSET) !== 0 && broker.journal.isWritable()) {
      broker.offsets.commit(group, name, queueId, Fields.big(fields, "commitOffset"))
    }
    const timeout = (sysFlag & SysFlag.PULL_SUSPEND) === 0 ? 0 : Fields.long(fields, "suspendTimeoutMillis")
    if (codeOf(result, offset) !== ResponseCode.PULL_NOT_FOUND || timeout <= 0) return respond(pull, result)
    broker.longPolling.hold({
      topic: name,
      queueId,
      offset,
      connection: call.connection,
      filter,
      timeout: broker.settings.longPolling ? timeout : Math.min(timeout, 1000),
      again: () => {
        const later = read(pull)
        count(pull, later)
        broker.server.reply(call, respond(pull, later))
      }
    })
    return undefined
  }

  const queryOffset: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "consumerGroup")
    const topic = Fields.string(extFields, "topic")
    const queueId = Fields.int(extFields, "queueId")
    const offset = broker.offsets.query(group, topic, queueId)
    if (offset !== undefined) return numbers({ offset })
    if (extFields["setZeroIfNotFound"] === "false") {
      return answer(ResponseCode.QUERY_NOT_FOUND, "Not found, do not set to zero, maybe this group boot first")
    }
    // a new group on a queue that still has its first message starts at 0, whatever the client wished for
    return broker.store.minOffset(topic, queueId) === 0 && broker.store.maxOffset(topic, queueId) > 0
      ? numbers({ offset: 0 })
      : answer(ResponseCode.QUERY_NOT_FOUND, "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
  }

  const updateOffset: Handler = ({ request: { extFields } }) => {
    const group = Fields.string(extFields, "consumerGroup")
    const topic = Fields.string(extFields, "topic")
    const queueId = Fields.int(extFields, "queueId")
    const offset = Fields.big(extFields, "commitOffset")
    if (broker.groups.get(group) === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} not exist!`)
    }
    if (broker.topics.get(topic) === undefined) {
      return answer(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`)
    }
    if (broker.offsets.isReset(group, topic, queueId)) {
      return answer(ResponseCode.SUCCESS, "Offset has been previously reset")
    }
    broker.offsets.commit(group, topic, queueId, offset)
    return ok
  }

  const bound = (of: "minOffset" | "maxOffset"): Handler => ({ request: { extFields } }) =>
    numbers({ offset: broker.store[of](Fields.string(extFields, "topic"), Fields.int(extFields, "queueId")) })

  const search: Handler = ({ request: { extFields } }) =>
    numbers({
      offset: broker.offsetAt(
        Fields.string(extFields, "topic"),
        Fields.int(extFields, "queueId"),
        Fields.long(extFields, "timestamp"),
        extFields["boundaryType"]?.toLowerCase() === "upper"
      )
    })

  const earliest: Handler = ({ request: { extFields } }) => {
    const queue = broker.store.queue(Fields.string(extFields, "topic"), Fields.int(extFields, "queueId"))
    const empty = queue === undefined || queue.minOffset() === queue.maxOffset()
    return numbers({ timestamp: empty ? -1 : queue.storeTimestamp(queue.minOffset()) })
  }

  return [
    [RequestCode.PULL_MESSAGE, pullMessage],
    [RequestCode.LITE_PULL_MESSAGE, pullMessage],
    [RequestCode.QUERY_CONSUMER_OFFSET, queryOffset],
    [RequestCode.UPDATE_CONSUMER_OFFSET, updateOffset],
    [RequestCode.GET_MAX_OFFSET, bound("maxOffset")],
    [RequestCode.GET_MIN_OFFSET, bound("minOffset")],
    [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, search],
    [RequestCode.GET_EARLIEST_MSG_STORETIME, earliest]
  ]
}

const numbers = (values: Record<string, number | bigint>): Answer => {
  const extFields: Record<string, string> = {}
  for (const name in values) extFields[name] = String(values[name])
  return { code: ResponseCode.SUCCESS, extFields }
}
