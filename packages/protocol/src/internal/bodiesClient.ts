import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import type * as BatchAck from "../BatchAck.js"
import type * as BrokerMemberGroup from "../BrokerMemberGroup.js"
import type * as CheckClientConfig from "../CheckClientConfig.js"
import type * as ClusterInfo from "../ClusterInfo.js"
import type * as ConsumeMessageDirectlyResult from "../ConsumeMessageDirectlyResult.js"
import type * as ConsumerList from "../ConsumerList.js"
import type * as ConsumerRunningInfo from "../ConsumerRunningInfo.js"
import type * as ConsumerStatus from "../ConsumerStatus.js"
import type * as HeartbeatData from "../HeartbeatData.js"
import type * as LiteSubscription from "../LiteSubscription.js"
import type * as LockBatch from "../LockBatch.js"
import * as LooseJson from "../LooseJson.js"
import type * as MessageRequestMode from "../MessageRequestMode.js"
import type * as OffsetTable from "../OffsetTable.js"
import type * as QueryAssignment from "../QueryAssignment.js"
import type * as SubscriptionData from "../SubscriptionData.js"
import type * as TopicRouteData from "../TopicRouteData.js"
import * as B from "./bodyCodec.js"

export const consumeType = B.names("CONSUME_ACTIVELY", "CONSUME_PASSIVELY", "CONSUME_POP")
export const messageModel = B.names("BROADCASTING", "CLUSTERING", "LITE_SELECTIVE")
export const consumeFromWhere = B.names(
  "CONSUME_FROM_LAST_OFFSET",
  "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
  "CONSUME_FROM_MIN_OFFSET",
  "CONSUME_FROM_MAX_OFFSET",
  "CONSUME_FROM_FIRST_OFFSET",
  "CONSUME_FROM_TIMESTAMP"
)
const consumeResult = B.names(
  "CR_SUCCESS",
  "CR_LATER",
  "CR_ROLLBACK",
  "CR_COMMIT",
  "CR_THROW_EXCEPTION",
  "CR_RETURN_NULL"
)
const action = B.names("PARTIAL_ADD", "PARTIAL_REMOVE", "COMPLETE_ADD", "COMPLETE_REMOVE")
const offsetOptionType = B.names("POLICY", "OFFSET", "TAIL_N", "TIMESTAMP")

/** Java writes a map; to clients of the language CPP it writes a list with the offset in each queue. */
const offsets: B.Codec<OffsetTable.OffsetTable["offsetTable"]> = (() => {
  const map = B.byQueue(B.int64)
  const list = B.array(B.struct<{ readonly offset: bigint }>({ offset: B.int64 }))
  const queues = B.array(B.queue)
  return {
    write: (value) => map.write(value),
    read: (json, at) => {
      if (!LooseJson.isArray(json)) return map.read(json, at)
      const values = list.read(json, at)
      return queues.read(json, at).map((queue, i) => [queue, values[i]!.offset])
    }
  }
})()

/** Java's BitSet: little-endian bits, bytes in base 64. */
const base64: B.Codec<Uint8Array> = {
  write: (value) => Encoding.encodeBase64(value),
  read: (json, at) =>
    B.parsed(json, at, "bytes in base 64", (text) => Either.getOrUndefined(Encoding.decodeBase64(text)))
}

export const queueData = B.struct<TopicRouteData.QueueData>({
  brokerName: B.string,
  perm: B.int32,
  readQueueNums: B.int32,
  topicSysFlag: B.zero,
  writeQueueNums: B.int32
})

export const brokerData = B.struct<TopicRouteData.BrokerData>({
  brokerAddrs: B.intTable(B.string),
  brokerName: B.string,
  cluster: B.orElse(B.string, ""),
  enableActingMaster: B.flag,
  zoneName: B.optional(B.string)
})

export const topicQueueMappingInfo = B.struct<TopicRouteData.TopicQueueMappingInfo>({
  bname: B.optional(B.string),
  currIdMap: B.intTable(B.zero),
  dirty: B.flag,
  epoch: B.zeroCount,
  scope: B.optional(B.string),
  topic: B.optional(B.string),
  totalQueues: B.zero
})

export const topicRouteData = B.struct<TopicRouteData.TopicRouteData>({
  brokerDatas: B.array(brokerData),
  filterServerTable: B.table(B.array(B.string)),
  orderTopicConf: B.optional(B.string),
  queueDatas: B.array(queueData),
  topicQueueMappingByBroker: B.optional(B.table(topicQueueMappingInfo))
})

export const clusterInfo = B.struct<ClusterInfo.ClusterInfo>({
  brokerAddrTable: B.table(brokerData),
  clusterAddrTable: B.table(B.array(B.string))
})

export const members = B.struct<BrokerMemberGroup.Members>({
  brokerAddrs: B.intTable(B.string),
  brokerName: B.string,
  cluster: B.orElse(B.string, "")
})

export const brokerMemberGroup = B.struct<BrokerMemberGroup.BrokerMemberGroup>({
  brokerMemberGroup: B.optional(members)
})

export const elected = B.struct<BrokerMemberGroup.Elected>({
  brokerMemberGroup: B.optional(members),
  syncStateSet: B.array(B.count)
})

export const subscriptionData = B.struct<SubscriptionData.SubscriptionData>({
  classFilterMode: B.flag,
  codeSet: B.array(B.int32),
  expressionType: B.orElse(B.string, "TAG"),
  filterClassSource: B.optional(B.string),
  subString: B.string,
  subVersion: B.zeroLong,
  tagsSet: B.array(B.string),
  topic: B.string
})

export const subscriptionDataOfGroup = B.struct<SubscriptionData.OfGroup>({
  group: B.optional(B.string),
  subscriptionData: B.optional(subscriptionData),
  topic: B.optional(B.string)
})

export const producerData = B.struct<HeartbeatData.ProducerData>({
  groupName: B.string
})

export const consumerData = B.struct<HeartbeatData.ConsumerData>({
  consumeFromWhere,
  consumeType,
  groupName: B.string,
  messageModel,
  subscriptionDataSet: B.array(subscriptionData),
  unitMode: B.flag
})

export const heartbeatData = B.struct<HeartbeatData.HeartbeatData>({
  clientID: B.string,
  consumerDataSet: B.array(consumerData),
  heartbeatFingerprint: B.zero,
  producerDataSet: B.array(producerData),
  withoutSub: B.flag
})

export const consumerList = B.struct<ConsumerList.ConsumerList>({
  consumerIdList: B.array(B.string)
})

export const checkClientConfig = B.struct<CheckClientConfig.CheckClientConfig>({
  clientId: B.string,
  group: B.string,
  namespace: B.optional(B.string),
  subscriptionData
})

export const lockBatch = B.struct<LockBatch.LockBatch>({
  clientId: B.string,
  consumerGroup: B.string,
  mqSet: B.array(B.queue),
  onlyThisBroker: B.flag
})

export const locked = B.struct<LockBatch.Locked>({
  lockOKMQSet: B.array(B.queue)
})

export const offsetTable = B.struct<OffsetTable.OffsetTable>({
  offsetTable: offsets
})

export const consumerStatus = B.struct<ConsumerStatus.ConsumerStatus>({
  consumerTable: B.table(B.byQueue(B.int64)),
  messageQueueTable: B.byQueue(B.int64)
})

export const queryAssignment = B.struct<QueryAssignment.QueryAssignment>({
  clientId: B.string,
  consumerGroup: B.string,
  messageModel,
  strategyName: B.string,
  topic: B.string
})

export const queueAssignment = B.struct<QueryAssignment.QueueAssignment>({
  attachments: B.optional(B.texts),
  messageQueue: B.queue,
  mode: B.orElse(B.names("PULL", "POP"), "PULL")
})

export const assignment = B.struct<QueryAssignment.Assignment>({
  messageQueueAssignments: B.optional(B.array(queueAssignment))
})

export const processQueueInfo = B.struct<ConsumerRunningInfo.ProcessQueueInfo>({
  cachedMsgCount: B.zero,
  cachedMsgMaxOffset: B.zeroLong,
  cachedMsgMinOffset: B.zeroLong,
  cachedMsgSizeInMiB: B.zero,
  commitOffset: B.zeroLong,
  dropped: B.flag,
  lastConsumeTimestamp: B.zeroCount,
  lastLockTimestamp: B.zeroCount,
  lastPullTimestamp: B.zeroCount,
  locked: B.flag,
  transactionMsgCount: B.zero,
  transactionMsgMaxOffset: B.zeroLong,
  transactionMsgMinOffset: B.zeroLong,
  tryUnlockTimes: B.zeroCount
}, { dropped: ["droped", "dropped"] })

export const popProcessQueueInfo = B.struct<ConsumerRunningInfo.PopProcessQueueInfo>({
  dropped: B.flag,
  lastPopTimestamp: B.zeroCount,
  waitAckCount: B.zero
}, { dropped: ["droped", "dropped"] })

export const consumeStatus = B.struct<ConsumerRunningInfo.ConsumeStatus>({
  consumeFailedMsgs: B.zeroCount,
  consumeFailedTPS: B.zeroDouble,
  consumeOKTPS: B.zeroDouble,
  consumeRT: B.zeroDouble,
  pullRT: B.zeroDouble,
  pullTPS: B.zeroDouble
})

export const consumerRunningInfo = B.struct<ConsumerRunningInfo.ConsumerRunningInfo>({
  jstack: B.optional(B.string),
  mqPopTable: B.byQueue(popProcessQueueInfo),
  mqTable: B.byQueue(processQueueInfo),
  properties: B.texts,
  statusTable: B.table(consumeStatus),
  subscriptionSet: B.array(subscriptionData),
  userConsumerInfo: B.texts
})

export const consumeMessageDirectlyResult = B.struct<ConsumeMessageDirectlyResult.ConsumeMessageDirectlyResult>({
  autoCommit: B.orElse(B.boolean, true),
  consumeResult,
  order: B.flag,
  remark: B.optional(B.string),
  spentTimeMills: B.zeroCount
})

export const ack = B.struct<BatchAck.Ack>({
  offsets: base64,
  consumerGroup: B.string,
  invisibleTime: B.count,
  popTime: B.count,
  queueId: B.int32,
  retry: B.string,
  reviveQueueId: B.int32,
  startOffset: B.int64,
  topic: B.string
}, {
  offsets: "b",
  consumerGroup: "c",
  invisibleTime: "it",
  popTime: "pt",
  queueId: "q",
  retry: "r",
  reviveQueueId: "rq",
  startOffset: "so",
  topic: "t"
})

export const batchAck = B.struct<BatchAck.BatchAck>({
  acks: B.array(ack),
  brokerName: B.optional(B.string)
})

export const messageRequestMode = B.struct<MessageRequestMode.MessageRequestMode>({
  consumerGroup: B.string,
  mode: B.orElse(B.names("PULL", "POP"), "PULL"),
  popShareQueueNum: B.zero,
  topic: B.string
})

export const messageRequestModeTable = B.struct<MessageRequestMode.Table>({
  messageRequestModeMap: B.table(B.table(messageRequestMode))
})

export const offsetOption = B.struct<LiteSubscription.OffsetOption>({
  type: offsetOptionType,
  value: B.zeroCount
})

export const change = B.struct<LiteSubscription.Change>({
  action,
  clientId: B.string,
  group: B.string,
  liteTopicSet: B.array(B.string),
  offsetOption: B.optional(offsetOption),
  topic: B.string,
  version: B.zeroCount
})

export const liteSubscription = B.struct<LiteSubscription.LiteSubscription>({
  subscriptionSet: B.array(change)
})
