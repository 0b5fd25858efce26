/**
 * Requests about who is connected: heartbeats (34), leaving (35), members (38), locks (41, 42), filter checks (46), and
 * answers of one client to another (324, 325).
 *
 * @since 0.1.0
 */
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import type { Channel } from "./clients.js"
import * as Fields from "./fields.js"
import * as Filters from "./filters.js"
import { offsetId } from "./messageIds.js"
import type { SendHeader } from "./sendHandlers.js"
import { checkTopic, emptyBody, readV1, readV2 } from "./sendHandlers.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer, ok } from "./server.js"

/** How long a client may take to answer a request of the broker. */
const CALL_TIMEOUT = 10_000

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  /** Version 2 heartbeats: the fingerprint of the last one of each group. */
  const fingerprints = new Map<string, number>()

  const heartbeat: Handler = ({ connection, request }) => {
    const data = Bodies.readHeartbeat(request.body)
    const channel: Channel = {
      connection,
      clientId: data.clientId,
      language: request.language,
      version: request.version,
      seenAt: broker.now()
    }
    const isV2 = data.fingerprint !== 0
    let changed = !isV2
    for (const consumer of data.consumers) {
      const known = fingerprints.get(consumer.groupName)
      if (known !== undefined && known !== data.fingerprint) changed = true
      fingerprints.set(consumer.groupName, data.fingerprint)
      const config = broker.groups.find(consumer.groupName)
      if (config === undefined) continue
      broker.topics.ensure(Names.retryTopic(consumer.groupName), config.retryQueueNums)
      if (!isV2 || !data.withoutSub) broker.filters.register(consumer)
      broker.consumers.register(
        consumer,
        channel,
        config.notifyConsumerIdsChangedEnable,
        isV2 && data.withoutSub
      )
    }
    for (const group of data.producerGroups) broker.producers.register(group, channel)
    return {
      code: ResponseCode.SUCCESS,
      extFields: { IS_SUPPORT_HEART_BEAT_V2: "true", IS_SUB_CHANGE: String(changed) }
    }
  }

  const unregister: Handler = ({ connection, request: { extFields } }) => {
    const producerGroup = extFields["producerGroup"]
    const consumerGroup = extFields["consumerGroup"]
    if (producerGroup !== undefined) {
      broker.producers.unregister(producerGroup, connection, extFields["clientID"] ?? "")
    }
    if (consumerGroup !== undefined) {
      const notify = broker.groups.find(consumerGroup)?.notifyConsumerIdsChangedEnable ?? true
      broker.consumers.unregister(consumerGroup, connection, notify)
    }
    return ok
  }

  const members: Handler = ({ request: { extFields } }) => {
    const name = Fields.string(extFields, "consumerGroup")
    const group = broker.consumers.group(name)
    if (group === undefined) return answer(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${name}`)
    const consumerIdList = Array.from(group.channels.values(), (channel) => channel.clientId)
    return { code: ResponseCode.SUCCESS, body: Bodies.write({ consumerIdList }) }
  }

  const lock: Handler = ({ request }) => {
    const batch = Bodies.readLock(request.body)
    const locked = batch.queues.filter((queue) =>
      broker.locks.tryLock(batch.group, `${queue.topic}@${queue.queueId}`, batch.clientId, broker.now())
    )
    return { code: ResponseCode.SUCCESS, body: Bodies.write({ lockOKMQSet: locked.map(Bodies.writeQueue) }) }
  }

  const unlock: Handler = ({ request }) => {
    const batch = Bodies.readLock(request.body)
    for (const queue of batch.queues) {
      broker.locks.unlock(batch.group, `${queue.topic}@${queue.queueId}`, batch.clientId)
    }
    return ok
  }

  const checkClient: Handler = ({ request }) => {
    const subscription = Bodies.readCheck(request.body)
    if (subscription === undefined || Filters.isTag(subscription.expressionType)) return ok
    const { expressionType, subString } = subscription
    if (!broker.settings.propertyFilter) return Filters.unsupported(expressionType)
    return Either.match(Filters.bySql(expressionType, subString), {
      onLeft: (problem) => answer(ResponseCode.SUBSCRIPTION_PARSE_FAILED, problem),
      onRight: () => ok
    })
  }

  const reply = (read: (fields: ExtFields) => SendHeader): Handler => (call) => {
    const header = read(call.request.extFields)
    const body = call.request.body
    if (body === undefined) return emptyBody
    const topic = checkTopic(broker, header, call)
    const region = { MSG_REGION: broker.settings.region, TRACE_ON: "true" }
    if ("code" in topic) return { ...topic, extFields: region }
    const queueId = header.queueId >= 0 ? header.queueId : broker.random(Math.max(1, topic.writeQueues))
    const properties: Record<string, string> = MessageProperties.decode(header.properties)
    properties[MessageProperties.MSG_REGION] = broker.settings.region
    properties[MessageProperties.TRACE_ON] = "true"
    const requester = properties[MessageProperties.REPLY_TO_CLIENT]

    /**
     * The reply is stored whatever became of its delivery, and the answer names where; unless it is too large. It is
     * stored without the flags that say how to read it, which is a fault of RocketMQ.
     */
    const finish = (code: number, remark?: string): Answer => {
      const stored = body.length > broker.settings.maxMessageSize ? undefined : broker.store.append({
        topic: topic.name,
        queueId,
        flag: header.flag,
        sysFlag: 0,
        bornTimestamp: header.bornTimestamp,
        bornHost: call.connection.remoteAddress,
        reconsumeTimes: header.reconsumeTimes ?? 0,
        preparedTransactionOffset: 0,
        body,
        properties
      })
      const place: Record<string, string> = stored === undefined ?
        { msgId: "0", queueId: String(queueId), queueOffset: "0" } :
        {
          msgId: offsetId(broker.hostPrefix, stored.commitLogOffset),
          queueId: String(queueId),
          queueOffset: String(stored.queueOffset)
        }
      return { code, remark, extFields: { ...region, ...place } }
    }
    if (requester === undefined) {
      return finish(ResponseCode.SYSTEM_ERROR, "reply message properties[REPLY_TO_CLIENT] is null")
    }
    const connection = broker.producers.byClientId(requester)
    if (connection === undefined) {
      return finish(ResponseCode.SYSTEM_ERROR, `push reply message fail, channel of <${requester}> not found.`)
    }
    const pushedAt = { [MessageProperties.PUSH_REPLY_TIME]: String(broker.now()) }
    connection.call(
      pushed(header, { ...properties, ...pushedAt }, body, call),
      CALL_TIMEOUT,
      (result) =>
        broker.server.reply(
          call,
          result?.code === ResponseCode.SUCCESS
            ? finish(ResponseCode.SUCCESS)
            : finish(ResponseCode.SYSTEM_ERROR, `push reply message to ${requester}fail.`)
        )
    )
    return undefined
  }

  const pushed = (header: SendHeader, properties: Readonly<Record<string, string>>, body: Uint8Array, call: Call) => ({
    code: RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT,
    extFields: {
      producerGroup: header.producerGroup,
      topic: header.topic,
      defaultTopic: header.defaultTopic,
      defaultTopicQueueNums: String(header.defaultTopicQueueNums),
      queueId: String(header.queueId),
      sysFlag: String(header.sysFlag),
      bornTimestamp: String(header.bornTimestamp),
      flag: String(header.flag),
      properties: Either.getOrElse(MessageProperties.encode(properties), () => header.properties),
      reconsumeTimes: String(header.reconsumeTimes ?? 0),
      unitMode: "false",
      bornHost: call.connection.remoteAddress,
      storeHost: broker.address,
      storeTimestamp: String(broker.now())
    },
    body
  })

  return [
    [RequestCode.HEART_BEAT, heartbeat],
    [RequestCode.UNREGISTER_CLIENT, unregister],
    [RequestCode.GET_CONSUMER_LIST_BY_GROUP, members],
    [RequestCode.LOCK_BATCH_MQ, lock],
    [RequestCode.UNLOCK_BATCH_MQ, unlock],
    [RequestCode.CHECK_CLIENT_CONFIG, checkClient],
    [RequestCode.SEND_REPLY_MESSAGE, reply(readV1)],
    [RequestCode.SEND_REPLY_MESSAGE_V2, reply(readV2)]
  ]
}
