/**
 * Requests that store messages: send (10, 310), batch (320), send-back of consumers (36).
 *
 * @since 0.1.0
 */
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { ExtFields, RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Either from "effect/Either"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import { offsetId } from "./messageIds.js"
import * as Schedule from "./schedule.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer, ok, suggestion } from "./server.js"
import type { Draft, Stored } from "./store.js"
import { decode, draftOf } from "./store.js"
import type { Topic } from "./topicTable.js"
import { topicProblem } from "./topicTable.js"

/** Client versions from here on may set the limit of redeliveries themselves: 3.4.9. */
const VERSION_MAX_RECONSUME = 121

/** The header of a send, from either form. */
export interface SendHeader {
  readonly producerGroup: string
  readonly topic: string
  readonly defaultTopic: string
  readonly defaultTopicQueueNums: number
  readonly queueId: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly flag: number
  readonly properties: string
  readonly reconsumeTimes: number | undefined
  readonly maxReconsumeTimes: number | undefined
  readonly batch: boolean
}

export const readV1 = (fields: ExtFields): SendHeader => ({
  producerGroup: Fields.string(fields, "producerGroup"),
  topic: Fields.string(fields, "topic"),
  defaultTopic: Fields.string(fields, "defaultTopic"),
  defaultTopicQueueNums: Fields.int(fields, "defaultTopicQueueNums"),
  queueId: Fields.int(fields, "queueId"),
  sysFlag: Fields.int(fields, "sysFlag"),
  bornTimestamp: Fields.long(fields, "bornTimestamp"),
  flag: Fields.int(fields, "flag"),
  properties: fields["properties"] ?? "",
  reconsumeTimes: Fields.optionalInt(fields, "reconsumeTimes"),
  maxReconsumeTimes: Fields.optionalInt(fields, "maxReconsumeTimes"),
  batch: Fields.boolean(fields, "batch")
})

/** One letter for each field. The group may be missing: RocketMQ stores such a message. */
export const readV2 = (fields: ExtFields): SendHeader => ({
  producerGroup: fields["a"] ?? "",
  topic: Fields.string(fields, "b"),
  defaultTopic: Fields.string(fields, "c"),
  defaultTopicQueueNums: Fields.int(fields, "d"),
  queueId: Fields.int(fields, "e"),
  sysFlag: Fields.int(fields, "f"),
  bornTimestamp: Fields.long(fields, "g"),
  flag: Fields.int(fields, "h"),
  properties: fields["i"] ?? "",
  reconsumeTimes: Fields.optionalInt(fields, "j"),
  maxReconsumeTimes: Fields.optionalInt(fields, "l"),
  batch: Fields.boolean(fields, "m")
})

/** What Java says when it takes the length of a body that is not there. */
export const emptyBody = answer(
  ResponseCode.SYSTEM_ERROR,
  "java.lang.NullPointerException: Cannot read the array length because the return value of " +
    "\"org.apache.rocketmq.remoting.protocol.RemotingCommand.getBody()\" is null"
)

const unwriteable = (broker: Broker): Answer =>
  answer(ResponseCode.NO_PERMISSION, `the broker[${broker.config.get("brokerIP1")}] sending message is forbidden`)

/** Checks of every send: name, permission, existence (or automatic creation), queue. Gives the topic or the refusal. */
export const checkTopic = (broker: Broker, header: SendHeader, call: Call): Topic | Answer => {
  // only topics whose order counts: others go where the routes allow
  if (!Permission.isWriteable(broker.config.permission()) && broker.topics.get(header.topic)?.order === true) {
    return unwriteable(broker)
  }
  const problem = topicProblem(header.topic)
  if (problem !== undefined) return answer(ResponseCode.INVALID_PARAMETER, problem)
  if (!Names.isSendable(header.topic)) {
    return answer(ResponseCode.NO_PERMISSION, `Sending message to topic[${header.topic}] is forbidden.`)
  }
  const topic = broker.topics.get(header.topic) ??
    broker.topics.createFor(header.topic, header.defaultTopic, header.defaultTopicQueueNums) ??
    (Names.isRetryTopic(header.topic) ? broker.topics.ensure(header.topic, 1) : undefined)
  if (topic === undefined) {
    return answer(
      ResponseCode.TOPIC_NOT_EXIST,
      `topic[${header.topic}] not exist, apply first please!${suggestion}`
    )
  }
  if (header.queueId >= Math.max(topic.writeQueues, topic.readQueues)) {
    return answer(
      ResponseCode.INVALID_PARAMETER,
      `request queueId[${header.queueId}] is illegal, TopicConfig [topicName=${topic.name}, readQueueNums=` +
        `${topic.readQueues}, writeQueueNums=${topic.writeQueues}, perm=${Permission.format(topic.perm)}, ` +
        `topicFilterType=${topic.multiTag ? "MULTI_TAG" : "SINGLE_TAG"}, topicSysFlag=${topic.sysFlag}, ` +
        `order=${topic.order}, attributes={}] Producer: ${call.connection.remoteAddress}`
    )
  }
  return topic
}

const isAnswer = (value: Topic | Answer): value is Answer => "code" in value

/** A send to a retry topic of a group that consumes in order, or that gave up, ends in the group's dead letters. */
const retryTarget = (
  broker: Broker,
  header: SendHeader,
  request: RemotingCommand
): { readonly topic: string; readonly queueId: number } | Answer | undefined => {
  const group = header.topic.slice(Names.RETRY_PREFIX.length)
  const config = broker.groups.find(group)
  if (config === undefined) {
    return answer(
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      `subscription group not exist, ${group} ${suggestion}`
    )
  }
  const limit = request.version >= VERSION_MAX_RECONSUME && header.maxReconsumeTimes !== undefined
    ? header.maxReconsumeTimes
    : config.retryMaxTimes
  if ((header.reconsumeTimes ?? 0) <= limit && !broker.locks.anyHeld(group, broker.now())) return undefined
  const dead = broker.topics.ensure(Names.dlqTopic(group), 1)
  return { topic: dead.name, queueId: 0 }
}

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const illegal = () =>
    answer(
      ResponseCode.MESSAGE_ILLEGAL,
      `the message is illegal, maybe msg body or properties length not matched. msg body length limit ` +
        `${broker.settings.maxMessageSize}B, msg properties length limit 32KB.`
    )
  /** What becomes of a batch: an exception that nobody catches. */
  const tooLarge = answer(
    ResponseCode.SYSTEM_ERROR,
    "java.lang.RuntimeException: message body size exceeded, " +
      "org.apache.rocketmq.store.MessageExtEncoder.encode(MessageExtEncoder.java:290)"
  )
  const region = { MSG_REGION: broker.settings.region, TRACE_ON: "true" }
  const withRegion = (refused: Answer): Answer => ({ ...refused, extFields: region })

  const success = (
    ids: string,
    queueId: number,
    queueOffset: number,
    uniqueKey: string | undefined,
    recallHandle?: string
  ): Answer => {
    const extFields: Record<string, string> = {
      msgId: ids,
      queueId: String(queueId),
      queueOffset: String(queueOffset),
      MSG_REGION: broker.settings.region,
      TRACE_ON: "true"
    }
    if (uniqueKey !== undefined) extFields["transactionId"] = uniqueKey
    if (recallHandle !== undefined) extFields["recallHandle"] = recallHandle
    return { code: ResponseCode.SUCCESS, extFields }
  }
  const chooseQueue = (header: SendHeader, topic: Topic): number =>
    header.queueId >= 0 ? header.queueId : broker.random(Math.max(1, topic.writeQueues))

  /** What a timer message is recalled by, which leaves the wheel after `outAt`. */
  const handleOf = (topic: string, outAt: number | undefined, uniqueKey: string): string | undefined =>
    outAt === undefined || Names.isRetryTopic(topic) || broker.settings.version < MqVersion.V5_3_2
      ? undefined
      : Either.getOrUndefined(
        MessageId.encodeRecallHandle({ topic, brokerName: broker.name, timestamp: outAt + 1, messageId: uniqueKey })
      )

  const marks = { ...region, [MessageProperties.CLUSTER]: broker.clusterName }
  const marksText = Either.getOrThrow(MessageProperties.encode(marks))

  /** The properties as they came, with the marks behind them, when there is no more to it than that. */
  const marked = (text: string, properties: MessageProperties.Properties): string | undefined => {
    if (properties[MessageProperties.UNIQ_KEY] === undefined || properties[MessageProperties.POP_CK] !== undefined) {
      return undefined
    }
    for (const name in marks) if (properties[name] !== undefined) return undefined
    return text.endsWith("\x02") ? text + marksText : undefined
  }

  const single = (header: SendHeader, topic: Topic, body: Uint8Array, call: Call): Answer => {
    const properties: Record<string, string> = MessageProperties.decode(header.properties)
    let text = marked(header.properties, properties)
    delete properties[MessageProperties.POP_CK]
    let target = topic.name
    let queueId = chooseQueue(header, topic)
    if (Names.isRetryTopic(target)) {
      const elsewhere = retryTarget(broker, header, call.request)
      if (elsewhere !== undefined) {
        if ("code" in elsewhere) return withRegion(elsewhere)
        properties[MessageProperties.DELAY] = "-1"
        text = undefined
        target = elsewhere.topic
        queueId = elsewhere.queueId
      }
    }
    const uniqueKey = properties[MessageProperties.UNIQ_KEY] ??= broker.uniqueId()
    Object.assign(properties, marks)
    const draft: Draft = {
      topic: target,
      queueId,
      flag: header.flag,
      sysFlag: topic.multiTag ? header.sysFlag | SysFlag.MULTI_TAGS_FLAG : header.sysFlag,
      bornTimestamp: header.bornTimestamp,
      bornHost: call.connection.remoteAddress,
      reconsumeTimes: header.reconsumeTimes ?? 0,
      preparedTransactionOffset: 0,
      body,
      properties
    }
    const rejected = properties[MessageProperties.TRAN_MSG] === "true" && broker.config.is("rejectTransactionMessage")
    if (rejected) {
      const host = broker.config.get("brokerIP1")
      return withRegion(
        answer(ResponseCode.NO_PERMISSION, `the broker[${host}] sending transaction message is forbidden`)
      )
    }
    const isHalf = properties[MessageProperties.TRAN_MSG] === "true" &&
      !(draft.reconsumeTimes > 0 && Number(properties[MessageProperties.DELAY] ?? 0) > 0)
    const stored: Schedule.Scheduled | Schedule.Refusal | undefined = isHalf
      ? broker.transactions.prepare(draft)
      : broker.schedule.put(draft, text)
    if (stored === undefined) return withRegion(illegal())
    if (typeof stored === "string") return withRegion(Schedule.refusal(stored, broker.settings.maxTimerDelay))
    return success(
      offsetId(broker.hostPrefix, stored.commitLogOffset),
      queueId,
      stored.queueOffset,
      uniqueKey,
      handleOf(target, stored.timerOut, uniqueKey)
    )
  }

  const batch = (header: SendHeader, topic: Topic, body: Uint8Array, call: Call): Answer => {
    if (Names.isRetryTopic(topic.name)) {
      return withRegion(
        answer(ResponseCode.MESSAGE_ILLEGAL, `batch request does not support retry group ${topic.name}`)
      )
    }
    if (body.length > broker.settings.maxMessageSize) return tooLarge
    const entries = MessageBatch.decode(body)
    if (Either.isLeft(entries) || entries.right.length === 0) return withRegion(illegal())
    const queueId = chooseQueue(header, topic)
    const ids: Array<string> = []
    let first: Stored | undefined
    for (const entry of entries.right) {
      const stored = broker.store.append({
        topic: topic.name,
        queueId,
        flag: entry.flag,
        sysFlag: header.sysFlag,
        bornTimestamp: header.bornTimestamp,
        bornHost: call.connection.remoteAddress,
        reconsumeTimes: header.reconsumeTimes ?? 0,
        preparedTransactionOffset: 0,
        body: entry.body,
        properties: entry.properties
      })
      if (stored === undefined) return withRegion(illegal())
      first ??= stored
      ids.push(offsetId(broker.hostPrefix, stored.commitLogOffset))
    }
    const uniqueKey = MessageProperties.decode(header.properties)[MessageProperties.UNIQ_KEY]
    return success(ids.join(","), queueId, first!.queueOffset, uniqueKey)
  }

  const send = (read: (fields: ExtFields) => SendHeader, isBatch: boolean): Handler => (call) => {
    const header = read(call.request.extFields)
    const body = call.request.body
    if (body === undefined) return emptyBody
    const topic = checkTopic(broker, header, call)
    if (isAnswer(topic)) return withRegion(topic)
    if (isBatch || header.batch) return batch(header, topic, body, call)
    return body.length > broker.settings.maxMessageSize
      ? withRegion(illegal())
      : single(header, topic, body, call)
  }

  const sendBack: Handler = ({ request }) => {
    const fields = request.extFields
    const group = Fields.string(fields, "group")
    const offset = Fields.long(fields, "offset")
    const config = broker.groups.find(group)
    if (config === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${group} ${suggestion}`)
    }
    if (!Permission.isWriteable(broker.config.permission())) return unwriteable(broker)
    if (config.retryQueueNums <= 0) return ok
    const record = broker.store.look(offset)
    if (record === undefined) {
      return answer(ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${offset}`)
    }
    const message = decode(record)
    const properties: Record<string, string> = { ...message.properties }
    properties[MessageProperties.RETRY_TOPIC] ??= message.topic
    properties[MessageProperties.ORIGIN_MESSAGE_ID] ??= message.offsetId
    properties[MessageProperties.WAIT] = "false"
    const level = Fields.int(fields, "delayLevel")
    const limit = request.version >= VERSION_MAX_RECONSUME
      ? Fields.optionalInt(fields, "maxReconsumeTimes") ?? config.retryMaxTimes
      : config.retryMaxTimes
    const dead = message.reconsumeTimes >= limit || level < 0
    const topic = dead
      ? broker.topics.ensure(Names.dlqTopic(group), 1)
      : broker.topics.ensure(Names.retryTopic(group), config.retryQueueNums)
    properties[MessageProperties.DELAY] = dead ? "0" : String(level === 0 ? 3 + message.reconsumeTimes : level)
    const stored = broker.schedule.put({
      ...draftOf(message),
      topic: topic.name,
      queueId: dead ? 0 : broker.random(config.retryQueueNums),
      reconsumeTimes: message.reconsumeTimes + 1,
      preparedTransactionOffset: 0,
      properties
    })
    if (typeof stored !== "object") return answer(ResponseCode.SYSTEM_ERROR, "MESSAGE_ILLEGAL")
    broker.stats.add("SNDBCK_PUT_NUMS", `${topic.name}@${group}`, 1)
    return ok
  }

  return [
    [RequestCode.SEND_MESSAGE, send(readV1, false)],
    [RequestCode.SEND_MESSAGE_V2, send(readV2, false)],
    [RequestCode.SEND_BATCH_MESSAGE, send(readV2, true)],
    [RequestCode.CONSUMER_SEND_MSG_BACK, sendBack]
  ]
}
