/**
 * Requests to brokers, and what their answers mean.
 */
import * as CheckClientConfig from "@effect-rocketmq/protocol/CheckClientConfig"
import * as ConsumerList from "@effect-rocketmq/protocol/ConsumerList"
import * as ConsumeStats from "@effect-rocketmq/protocol/ConsumeStats"
import type * as Header from "@effect-rocketmq/protocol/Header"
import * as HeartbeatData from "@effect-rocketmq/protocol/HeartbeatData"
import * as LockBatch from "@effect-rocketmq/protocol/LockBatch"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as OffsetTable from "@effect-rocketmq/protocol/OffsetTable"
import { isProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as ResponseHeader from "@effect-rocketmq/protocol/ResponseHeader"
import * as SubscriptionGroupConfig from "@effect-rocketmq/protocol/SubscriptionGroupConfig"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as TopicConfig from "@effect-rocketmq/protocol/TopicConfig"
import * as TopicStats from "@effect-rocketmq/protocol/TopicStats"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Broker, EndTransactionRequest, TransactionEnd } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import { Remoting } from "../Remoting.js"
import type { About, Answer } from "./brokerAnswer.js"
import { bodyOf, read, refused, unreadable } from "./brokerAnswer.js"
import * as BrokerPop from "./brokerPop.js"
import { pulled, pullRequest } from "./brokerPull.js"
import { stored } from "./brokerSend.js"

const aboutQueue = (queue: MessageQueue.MessageQueue, group?: string): About => ({
  brokerName: queue.brokerName,
  topic: queue.topic,
  queueId: queue.queueId,
  group
})

const headerOf = (queue: MessageQueue.MessageQueue) => ({
  topic: queue.topic,
  queueId: queue.queueId,
  bname: queue.brokerName
})

const oneMessage = (address: string, response: RemotingCommand): Answer<MessageExt.MessageExt> => {
  const { messages, undecodable } = MessageExt.decodeAll(bodyOf(response))
  const message = messages[0]
  return message === undefined
    ? unreadable(`the message that ${address} sent`, undecodable[0]?.reason ?? "there is none")
    : Exit.succeed(message)
}

/** Changes of attributes: `+` sets one. */
const attributesText = (attributes: Readonly<Record<string, string>>): string | undefined => {
  const entries = Object.entries(attributes)
  return entries.length === 0
    ? undefined
    : entries.map(([key, value]) => `${key.startsWith("+") ? "" : "+"}${key}=${value}`).join(",")
}

const topicHeader = (config: TopicConfig.TopicConfig) => ({
  topic: config.topicName,
  defaultTopic: Names.DEFAULT_TOPIC,
  readQueueNums: config.readQueueNums,
  writeQueueNums: config.writeQueueNums,
  perm: config.perm,
  topicFilterType: config.topicFilterType,
  topicSysFlag: config.topicSysFlag,
  order: config.order,
  attributes: attributesText(config.attributes)
})

/** See Broker.make. */
export const make: Effect.Effect<Broker["Type"], never, Remoting> = Effect.map(Remoting, (remoting) => {
  /** One request. `judge` sees the answers that are successes, and those whose code `accepts` names. */
  const ask = <A>(
    address: string,
    about: About,
    makeRequest: () => Request,
    judge: (response: RemotingCommand) => Answer<A>,
    options: { readonly timeout?: number | undefined; readonly accepts?: (response: RemotingCommand) => boolean } = {}
  ): Effect.Effect<A, BrokerError> =>
    Effect.suspend(() => {
      const request = attempt(makeRequest)
      if (Exit.isExit(request)) return request
      return Effect.flatMap(
        remoting.request(address, request, options.timeout),
        (response) =>
          response.code === ResponseCode.SUCCESS || options.accepts?.(response) === true
            ? judge(response)
            : refused(address, about, request, response)
      )
    })

  const done = (): Answer<void> => Exit.void

  const offsetAnswer = (
    header: Header.Decoder<{ readonly offset: bigint }>
  ) =>
  (response: RemotingCommand): Answer<bigint> => read(header.decode(response.extFields), ({ offset }) => offset)

  const sendOneway: Broker["Type"]["sendOneway"] = (address, request) => remoting.oneway(address, request)

  return {
    request: remoting.request,
    send: (address, topic, request, timeout) =>
      Effect.flatMap(
        remoting.request(address, request, timeout),
        (response) => stored(address, topic, request, response)
      ),
    sendOneway,
    abandon: remoting.abandon,
    pull: (address, pull, timeout) =>
      Effect.suspend(() => {
        const request = attempt(() => pullRequest(pull))
        if (Exit.isExit(request)) return request
        return Effect.flatMap(
          remoting.request(address, request, timeout),
          (response) => pulled(address, pull, request, response)
        )
      }),
    ...BrokerPop.methods(ask),
    queryConsumerOffset: (address, group, queue) =>
      ask(
        address,
        aboutQueue(queue, group),
        () =>
          RequestHeader.QueryConsumerOffset.make({
            ...headerOf(queue),
            consumerGroup: group,
            setZeroIfNotFound: false
          }),
        (response) =>
          response.code === ResponseCode.QUERY_NOT_FOUND
            ? Exit.succeed(Option.none())
            : read(
              ResponseHeader.QueryConsumerOffset.decode(response.extFields),
              // brokers of 4.x answer -1 where later ones say that there is none
              ({ offset }) => offset < 0n ? Option.none() : Option.some(offset)
            ),
        { accepts: (response) => response.code === ResponseCode.QUERY_NOT_FOUND, timeout: OFFSET_TIMEOUT }
      ),
    updateConsumerOffset: (address, group, queue, offset) =>
      ask(
        address,
        aboutQueue(queue, group),
        () =>
          RequestHeader.UpdateConsumerOffset.make({
            ...headerOf(queue),
            consumerGroup: group,
            commitOffset: offset
          }),
        done,
        { timeout: OFFSET_TIMEOUT }
      ),
    maxOffset: (address, queue) =>
      ask(
        address,
        aboutQueue(queue),
        () => RequestHeader.GetMaxOffset.make(headerOf(queue)),
        offsetAnswer(ResponseHeader.GetMaxOffset)
      ),
    minOffset: (address, queue) =>
      ask(
        address,
        aboutQueue(queue),
        () => RequestHeader.GetMinOffset.make(headerOf(queue)),
        offsetAnswer(ResponseHeader.GetMinOffset)
      ),
    searchOffset: (address, queue, timestamp) =>
      ask(
        address,
        aboutQueue(queue),
        () => RequestHeader.SearchOffsetByTimestamp.make({ ...headerOf(queue), timestamp, boundaryType: "lower" }),
        offsetAnswer(ResponseHeader.SearchOffsetByTimestamp)
      ),
    earliestStoreTime: (address, queue) =>
      ask(
        address,
        aboutQueue(queue),
        () => RequestHeader.GetEarliestMsgStoretime.make(headerOf(queue)),
        (response) =>
          read(
            ResponseHeader.GetEarliestMsgStoretime.decode(response.extFields),
            ({ timestamp }) => timestamp < 0 ? Option.none() : Option.some(timestamp)
          )
      ),
    viewMessage: (address, commitLogOffset) =>
      ask(
        address,
        {},
        () => RequestHeader.ViewMessageById.make({ offset: commitLogOffset }),
        (response) => oneMessage(address, response)
      ),
    queryMessage: (address, query) =>
      ask(
        address,
        { topic: query.topic },
        () =>
          RequestHeader.QueryMessage.make({
            topic: query.topic,
            key: query.key,
            maxNum: query.maxCount,
            beginTimestamp: query.begin,
            endTimestamp: query.end,
            uniqueKeyQuery: query.unique
          }),
        (response) => {
          const { messages } = MessageExt.decodeAll(bodyOf(response))
          return Exit.succeed(
            messages.filter((message) =>
              message.topic === query.topic &&
              (query.unique ? message.uniqueKey === query.key : message.keys.includes(query.key))
            )
          )
        },
        { accepts: (response) => response.code === ResponseCode.QUERY_NOT_FOUND }
      ),
    heartbeat: (address, data) =>
      ask(
        address,
        {},
        () => RequestHeader.HeartBeat.make({}, HeartbeatData.encode(data)),
        ({ version }) => Exit.succeed({ version })
      ),
    unregister: (address, client) =>
      ask(
        address,
        { group: client.consumerGroup ?? client.producerGroup },
        () =>
          RequestHeader.UnregisterClient.make({
            clientID: client.clientId,
            producerGroup: client.producerGroup,
            consumerGroup: client.consumerGroup
          }),
        done
      ),
    consumerList: (address, group) =>
      ask(
        address,
        { group },
        () => RequestHeader.GetConsumerListByGroup.make({ consumerGroup: group }),
        (response) =>
          response.code === ResponseCode.SUCCESS
            ? read(ConsumerList.decode(bodyOf(response)), ({ consumerIdList }) => Option.some(consumerIdList))
            : Exit.succeed(Option.none()),
        { accepts: saysNoConsumer }
      ),
    checkSubscription: (address, clientId, group, subscriptionData) =>
      ask(
        address,
        { group, topic: subscriptionData.topic },
        () => RequestHeader.CheckClientConfig.make({}, CheckClientConfig.encode({ clientId, group, subscriptionData })),
        done
      ),
    sendMessageBack: (address, back) =>
      ask(
        address,
        { brokerName: back.brokerName, group: back.group, topic: back.originTopic },
        () =>
          RequestHeader.ConsumerSendMsgBack.make({
            offset: back.commitLogOffset,
            group: back.group,
            delayLevel: back.delayLevel,
            originMsgId: back.originMsgId,
            originTopic: back.originTopic,
            unitMode: false,
            maxReconsumeTimes: back.maxReconsumeTimes,
            bname: back.brokerName
          }),
        done,
        { timeout: SEND_BACK_TIMEOUT }
      ),
    endTransaction: (address, end, timeout) =>
      end.state === "Unknown"
        ? Effect.suspend(() => {
          const request = attempt(() => endTransaction(end))
          return Exit.isExit(request) ? request : remoting.oneway(address, request)
        })
        : ask(
          address,
          { brokerName: end.brokerName, group: end.group, topic: end.topic },
          () => endTransaction(end),
          done,
          { timeout }
        ),
    recallMessage: (address, { brokerName, group, recallHandle, topic }, timeout) =>
      ask(
        address,
        { brokerName, group, topic },
        () => RequestHeader.RecallMessage.make({ producerGroup: group, topic, recallHandle, bname: brokerName }),
        (response) => read(ResponseHeader.RecallMessage.decode(response.extFields), ({ msgId }) => msgId),
        { timeout }
      ),
    version: (address) =>
      ask(
        address,
        {},
        () => RequestHeader.HeartBeat.make({}, emptyHeartbeat),
        ({ version }) => Exit.succeed(version),
        // a refusal names the version, too
        { accepts: () => true }
      ),
    lockQueues: (address, clientId, group, queues) =>
      ask(
        address,
        { brokerName: queues[0]?.brokerName, group },
        () => RequestHeader.LockBatchMq.make({}, lockBody(clientId, group, queues)),
        (response) => read(LockBatch.Locked.decode(bodyOf(response)), ({ lockOKMQSet }) => lockOKMQSet)
      ),
    unlockQueues: (address, clientId, group, queues) =>
      ask(
        address,
        { brokerName: queues[0]?.brokerName, group },
        () => RequestHeader.UnlockBatchMq.make({}, lockBody(clientId, group, queues)),
        done
      ),
    createTopic: (address, config) =>
      ask(
        address,
        { topic: config.topicName },
        () => RequestHeader.UpdateAndCreateTopic.make(topicHeader(config)),
        done
      ),
    deleteTopic: (address, topic) =>
      ask(address, { topic }, () => RequestHeader.DeleteTopicInBroker.make({ topic }), done),
    topicConfig: (address, topic) =>
      ask(
        address,
        { topic },
        () => RequestHeader.GetTopicConfig.make({ topic }),
        (response) => read(TopicConfig.decode(bodyOf(response)), (config) => config)
      ),
    topicStats: (address, topic) =>
      ask(
        address,
        { topic },
        () => RequestHeader.GetTopicStatsInfo.make({ topic }),
        (response) => read(TopicStats.decode(bodyOf(response)), (stats) => stats)
      ),
    createGroup: (address, config) =>
      ask(
        address,
        { group: config.groupName },
        () => RequestHeader.UpdateAndCreateSubscriptiongroup.make({}, SubscriptionGroupConfig.encode(config)),
        done
      ),
    deleteGroup: (address, group, cleanOffset) =>
      ask(
        address,
        { group },
        () => RequestHeader.DeleteSubscriptiongroup.make({ groupName: group, cleanOffset }),
        done
      ),
    consumeStats: (address, group, topic) =>
      ask(
        address,
        { group, topic },
        () => RequestHeader.GetConsumeStats.make({ consumerGroup: group, topic }),
        (response) => read(ConsumeStats.decode(bodyOf(response)), (stats) => stats)
      ),
    resetOffset: (address, { force, group, to, topic }) =>
      ask(
        address,
        { group, topic, queueId: "queueId" in to ? to.queueId : undefined },
        () =>
          RequestHeader.InvokeBrokerToResetOffset.make({
            topic,
            group,
            isForce: force,
            ...("queueId" in to
              ? { timestamp: 0, queueId: to.queueId, offset: to.offset }
              : { timestamp: to.timestamp })
          }),
        (response) => read(OffsetTable.decode(bodyOf(response)), ({ offsetTable }) => offsetTable)
      )
  }
})

/** Offsets matter more than their latency: a timeout here costs duplicates. Milliseconds, as in the Java client. */
const OFFSET_TIMEOUT = 5000

/** As in the Java client, in milliseconds. */
const SEND_BACK_TIMEOUT = 5000

/** Registers nobody, and every broker answers it. */
const emptyHeartbeat = HeartbeatData.encode({
  clientID: "version",
  consumerDataSet: [],
  heartbeatFingerprint: 0,
  producerDataSet: [],
  withoutSub: false
})

const transactionType: Readonly<Record<TransactionEnd, number>> = {
  Commit: SysFlag.TRANSACTION_COMMIT_TYPE,
  Rollback: SysFlag.TRANSACTION_ROLLBACK_TYPE,
  Unknown: SysFlag.TRANSACTION_NOT_TYPE
}

const endTransaction = (end: EndTransactionRequest): Request =>
  RequestHeader.EndTransaction.make({
    producerGroup: end.group,
    topic: end.topic,
    bname: end.brokerName,
    transactionId: end.transactionId,
    msgId: end.msgId,
    tranStateTableOffset: end.tranStateTableOffset,
    commitLogOffset: end.commitLogOffset,
    commitOrRollback: transactionType[end.state],
    fromTransactionCheck: end.fromCheck
  })

const saysNoConsumer = (response: RemotingCommand): boolean =>
  response.code === ResponseCode.SYSTEM_ERROR && /no consumer/i.test(response.remark ?? "")

const lockBody = (clientId: string, group: string, queues: ReadonlyArray<MessageQueue.MessageQueue>): Uint8Array =>
  LockBatch.encode({ clientId, consumerGroup: group, mqSet: queues, onlyThisBroker: false })

/** Header fields that are out of range are thrown by the codec: here they become a failure. */
const attempt = (makeRequest: () => Request): Request | Exit.Exit<never, BrokerError> => {
  try {
    return makeRequest()
  } catch (error) {
    if (isProtocolError(error)) return Exit.fail(error)
    throw error
  }
}
