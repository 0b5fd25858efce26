import type * as AclInfo from "../AclInfo.js"
import type * as BrokerReplicas from "../BrokerReplicas.js"
import type * as BrokerStats from "../BrokerStats.js"
import type * as ConsumeQueue from "../ConsumeQueue.js"
import type * as ConsumerConnection from "../ConsumerConnection.js"
import type * as ConsumerOffsets from "../ConsumerOffsets.js"
import type * as ConsumeStats from "../ConsumeStats.js"
import type * as ConsumeTimeSpan from "../ConsumeTimeSpan.js"
import type * as CorrectionOffsets from "../CorrectionOffsets.js"
import type * as DataVersion from "../DataVersion.js"
import type * as DelayOffsets from "../DelayOffsets.js"
import type * as EpochCache from "../EpochCache.js"
import type * as GroupForbidden from "../GroupForbidden.js"
import type * as GroupList from "../GroupList.js"
import type * as HAStatus from "../HAStatus.js"
import type * as KVTable from "../KVTable.js"
import type * as LiteInfo from "../LiteInfo.js"
import type * as ProducerConnection from "../ProducerConnection.js"
import type * as RegisterBroker from "../RegisterBroker.js"
import type * as StaticTopic from "../StaticTopic.js"
import type * as SubscriptionGroupConfig from "../SubscriptionGroupConfig.js"
import type * as SyncStateSet from "../SyncStateSet.js"
import type * as TimerMetrics from "../TimerMetrics.js"
import type * as TopicConfig from "../TopicConfig.js"
import type * as TopicList from "../TopicList.js"
import type * as TopicStats from "../TopicStats.js"
import type * as UserInfo from "../UserInfo.js"
import { consumeFromWhere, consumeType, messageModel, subscriptionData, topicQueueMappingInfo } from "./bodiesClient.js"
import * as B from "./bodyCodec.js"

export const dataVersion = B.struct<DataVersion.DataVersion>({
  counter: B.zeroCount,
  stateVersion: B.zeroCount,
  timestamp: B.zeroCount
})

export const logicQueueMappingItem = B.struct<StaticTopic.LogicQueueMappingItem>({
  bname: B.string,
  endOffset: B.orElse(B.int64, -1n),
  gen: B.zero,
  logicOffset: B.zeroLong,
  queueId: B.zero,
  startOffset: B.zeroLong,
  timeOfEnd: B.orElse(B.count, -1),
  timeOfStart: B.orElse(B.count, -1)
})

export const topicQueueMappingDetail = B.struct<StaticTopic.TopicQueueMappingDetail>({
  bname: B.optional(B.string),
  currIdMap: B.intTable(B.zero),
  dirty: B.flag,
  epoch: B.zeroCount,
  hostedQueues: B.intTable(B.array(logicQueueMappingItem)),
  scope: B.optional(B.string),
  topic: B.optional(B.string),
  totalQueues: B.zero
})

export const topicConfig = B.struct<TopicConfig.TopicConfig>({
  attributes: B.texts,
  mappingDetail: B.optional(topicQueueMappingDetail),
  order: B.flag,
  perm: B.int32,
  readQueueNums: B.int32,
  topicFilterType: B.orElse(B.names("SINGLE_TAG", "MULTI_TAG"), "SINGLE_TAG"),
  topicName: B.string,
  topicSysFlag: B.zero,
  writeQueueNums: B.int32
})

export const topicConfigList = B.struct<TopicConfig.List>({
  topicConfigList: B.array(topicConfig)
})

export const topicConfigTable = B.struct<TopicConfig.Table>({
  dataVersion: B.optional(dataVersion),
  mappingDataVersion: B.optional(dataVersion),
  topicConfigTable: B.table(topicConfig),
  topicQueueMappingDetailMap: B.optional(B.table(topicQueueMappingDetail)),
  topicQueueMappingInfoMap: B.optional(B.table(topicQueueMappingInfo))
})

export const exponentialRetryPolicy = B.struct<SubscriptionGroupConfig.ExponentialRetryPolicy>({
  initial: B.zeroCount,
  max: B.zeroCount,
  multiplier: B.zeroCount
})

export const customizedRetryPolicy = B.struct<SubscriptionGroupConfig.CustomizedRetryPolicy>({
  next: B.array(B.count)
})

export const groupRetryPolicy = B.struct<SubscriptionGroupConfig.GroupRetryPolicy>({
  customizedRetryPolicy: B.optional(customizedRetryPolicy),
  exponentialRetryPolicy: B.optional(exponentialRetryPolicy),
  type: B.orElse(B.names("EXPONENTIAL", "CUSTOMIZED"), "CUSTOMIZED")
})

export const simpleSubscription = B.struct<SubscriptionGroupConfig.SimpleSubscription>({
  expression: B.optional(B.string),
  expressionType: B.optional(B.string),
  topic: B.string,
  version: B.zeroLong
})

export const subscriptionGroupConfig = B.struct<SubscriptionGroupConfig.SubscriptionGroupConfig>({
  attributes: B.texts,
  brokerId: B.zeroCount,
  consumeBroadcastEnable: B.orElse(B.boolean, true),
  consumeEnable: B.orElse(B.boolean, true),
  consumeFromMinEnable: B.orElse(B.boolean, true),
  consumeMessageOrderly: B.flag,
  consumeTimeoutMinute: B.orElse(B.int32, 15),
  groupName: B.string,
  groupRetryPolicy: B.optional(groupRetryPolicy),
  groupSysFlag: B.zero,
  notifyConsumerIdsChangedEnable: B.orElse(B.boolean, true),
  retryMaxTimes: B.orElse(B.int32, 16),
  retryQueueNums: B.orElse(B.int32, 1),
  subscriptionDataSet: B.optional(B.array(simpleSubscription)),
  whichBrokerWhenConsumeSlowly: B.orElse(B.count, 1)
})

export const subscriptionGroupConfigList = B.struct<SubscriptionGroupConfig.List>({
  groupConfigList: B.array(subscriptionGroupConfig)
})

export const subscriptionGroupConfigTable = B.struct<SubscriptionGroupConfig.Table>({
  dataVersion: B.optional(dataVersion),
  forbiddenTable: B.table(B.table(B.zero)),
  subscriptionGroupTable: B.table(subscriptionGroupConfig)
})

export const groupForbidden = B.struct<GroupForbidden.GroupForbidden>({
  group: B.string,
  readable: B.optional(B.boolean),
  topic: B.string
})

export const topicList = B.struct<TopicList.TopicList>({
  brokerAddr: B.optional(B.string),
  topicList: B.array(B.string)
})

export const groupList = B.struct<GroupList.GroupList>({
  groupList: B.array(B.string)
})

export const topicOffset = B.struct<TopicStats.TopicOffset>({
  lastUpdateTimestamp: B.zeroCount,
  maxOffset: B.int64,
  minOffset: B.int64
})

export const topicStats = B.struct<TopicStats.TopicStats>({
  offsetTable: B.byQueue(topicOffset),
  topicPutTps: B.zeroDouble
})

export const queueProgress = B.struct<ConsumeStats.QueueProgress>({
  brokerOffset: B.int64,
  consumerOffset: B.int64,
  lastTimestamp: B.zeroCount,
  pullOffset: B.zeroLong
})

export const consumeStats = B.struct<ConsumeStats.ConsumeStats>({
  consumeTps: B.zeroDouble,
  offsetTable: B.byQueue(queueProgress)
})

export const consumeStatsOfBroker = B.struct<ConsumeStats.OfBroker>({
  brokerAddr: B.optional(B.string),
  consumeStatsList: B.array(B.table(B.array(consumeStats))),
  totalDiff: B.zeroLong,
  totalInflightDiff: B.zeroLong
})

export const connection = B.struct<ConsumerConnection.Connection>({
  clientAddr: B.string,
  clientId: B.string,
  language: B.string,
  version: B.zero
})

export const consumerConnection = B.struct<ConsumerConnection.ConsumerConnection>({
  connectionSet: B.array(connection),
  consumeFromWhere,
  consumeType,
  messageModel,
  subscriptionTable: B.table(subscriptionData)
})

export const producerConnection = B.struct<ProducerConnection.ProducerConnection>({
  connectionSet: B.array(connection)
})

export const producerInfo = B.struct<ProducerConnection.ProducerInfo>({
  clientId: B.string,
  language: B.string,
  lastUpdateTimestamp: B.zeroCount,
  remoteIP: B.string,
  version: B.zero
})

export const producerConnectionTable = B.struct<ProducerConnection.Table>({
  data: B.table(B.array(producerInfo))
})

export const kVTable = B.struct<KVTable.KVTable>({
  table: B.texts
})

export const queueTimeSpan = B.struct<ConsumeTimeSpan.QueueTimeSpan>({
  consumeTimeStamp: B.zeroCount,
  delayTime: B.zeroCount,
  maxTimeStamp: B.zeroCount,
  messageQueue: B.queue,
  minTimeStamp: B.zeroCount
})

export const consumeTimeSpan = B.struct<ConsumeTimeSpan.ConsumeTimeSpan>({
  consumeTimeSpanSet: B.array(queueTimeSpan)
})

export const correctionOffsets = B.struct<CorrectionOffsets.CorrectionOffsets>({
  correctionOffsets: B.intTable(B.int64)
})

export const item = B.struct<BrokerStats.Item>({
  avgpt: B.zeroDouble,
  sum: B.zeroLong,
  tps: B.zeroDouble
})

export const brokerStats = B.struct<BrokerStats.BrokerStats>({
  statsDay: B.optional(item),
  statsHour: B.optional(item),
  statsMinute: B.optional(item)
})

export const entry = B.struct<ConsumeQueue.Entry>({
  bitMap: B.optional(B.string),
  eval: B.flag,
  extendDataJson: B.optional(B.string),
  msg: B.optional(B.string),
  physicOffset: B.int64,
  physicSize: B.int32,
  tagsCode: B.zeroLong
})

export const consumeQueue = B.struct<ConsumeQueue.ConsumeQueue>({
  filterData: B.optional(B.string),
  maxQueueIndex: B.zeroLong,
  minQueueIndex: B.zeroLong,
  queueData: B.array(entry),
  subscriptionData: B.optional(subscriptionData)
})

export const consumerOffsets = B.struct<ConsumerOffsets.ConsumerOffsets>({
  dataVersion: B.optional(dataVersion),
  offsetTable: B.table(B.intTable(B.int64)),
  pullOffsetTable: B.optional(B.table(B.intTable(B.int64)))
})

export const delayOffsets = B.struct<DelayOffsets.DelayOffsets>({
  dataVersion: B.optional(dataVersion),
  offsetTable: B.intTable(B.int64)
})

export const metric = B.struct<TimerMetrics.Metric>({
  count: B.zeroCount,
  timeStamp: B.zeroCount
})

export const timerMetrics = B.struct<TimerMetrics.TimerMetrics>({
  dataVersion: B.optional(dataVersion),
  timingCount: B.table(metric)
})

export const hAConnection = B.struct<HAStatus.HAConnection>({
  addr: B.string,
  diff: B.zeroLong,
  inSync: B.flag,
  slaveAckOffset: B.zeroLong,
  transferFromWhere: B.zeroLong,
  transferredByteInSecond: B.zeroCount
})

export const hAClient = B.struct<HAStatus.HAClient>({
  activated: B.flag,
  lastReadTimestamp: B.zeroCount,
  lastWriteTimestamp: B.zeroCount,
  masterAddr: B.optional(B.string),
  masterFlushOffset: B.zeroLong,
  maxOffset: B.zeroLong,
  transferredByteInSecond: B.zeroCount
})

export const hAStatus = B.struct<HAStatus.HAStatus>({
  haClientRuntimeInfo: B.optional(hAClient),
  haConnectionInfo: B.array(hAConnection),
  inSyncSlaveNums: B.zero,
  master: B.flag,
  masterCommitLogMaxOffset: B.zeroLong
})

export const userInfo = B.struct<UserInfo.UserInfo>({
  password: B.optional(B.string),
  userStatus: B.optional(B.string),
  userType: B.optional(B.string),
  username: B.optional(B.string)
})

export const policyEntry = B.struct<AclInfo.PolicyEntry>({
  actions: B.array(B.string),
  decision: B.string,
  resource: B.string,
  sourceIps: B.array(B.string)
})

export const policy = B.struct<AclInfo.Policy>({
  entries: B.array(policyEntry),
  policyType: B.optional(B.string)
})

export const aclInfo = B.struct<AclInfo.AclInfo>({
  policies: B.array(policy),
  subject: B.optional(B.string)
})

export const registerBroker = B.struct<RegisterBroker.RegisterBroker>({
  filterServerList: B.array(B.string),
  topicConfigSerializeWrapper: topicConfigTable
})

export const syncStateSet = B.struct<SyncStateSet.SyncStateSet>({
  syncStateSet: B.array(B.count),
  syncStateSetEpoch: B.zero
})

export const replica = B.struct<BrokerReplicas.Replica>({
  alive: B.flag,
  brokerAddress: B.optional(B.string),
  brokerId: B.zeroCount,
  brokerName: B.optional(B.string)
})

export const replicasInfo = B.struct<BrokerReplicas.ReplicasInfo>({
  inSyncReplicas: B.array(replica),
  masterAddress: B.optional(B.string),
  masterBrokerId: B.optional(B.zeroCount),
  masterEpoch: B.zero,
  notInSyncReplicas: B.array(replica),
  syncStateSetEpoch: B.zero
})

export const brokerReplicas = B.struct<BrokerReplicas.BrokerReplicas>({
  replicasInfoTable: B.table(replicasInfo)
})

export const epoch = B.struct<EpochCache.Epoch>({
  endOffset: B.zeroLong,
  epoch: B.zero,
  startOffset: B.zeroLong
})

export const epochCache = B.struct<EpochCache.EpochCache>({
  brokerId: B.zeroCount,
  brokerName: B.optional(B.string),
  clusterName: B.optional(B.string),
  epochList: B.array(epoch),
  maxOffset: B.zeroLong
})

export const liteInfoOfBroker = B.struct<LiteInfo.OfBroker>({
  cqTableSize: B.zero,
  currentLmqNum: B.zero,
  eventMapSize: B.zero,
  groupMeta: B.table(B.array(B.string)),
  liteSubscriptionCount: B.zero,
  maxLmqNum: B.zero,
  offsetTableSize: B.zero,
  orderInfoCount: B.zero,
  storeType: B.optional(B.string),
  topicMeta: B.table(B.zero)
})

export const ofParentTopic = B.struct<LiteInfo.OfParentTopic>({
  groups: B.array(B.string),
  liteTopicCount: B.zero,
  lmqNum: B.zero,
  topic: B.optional(B.string),
  ttl: B.zero
})

export const subscriber = B.struct<LiteInfo.Subscriber>({
  clientId: B.optional(B.string),
  group: B.optional(B.string)
})

export const ofTopic = B.struct<LiteInfo.OfTopic>({
  liteTopic: B.optional(B.string),
  parentTopic: B.optional(B.string),
  shardingToBroker: B.flag,
  subscriber: B.array(subscriber),
  topicOffset: B.optional(topicOffset)
})

export const ofClient = B.struct<LiteInfo.OfClient>({
  clientId: B.optional(B.string),
  group: B.optional(B.string),
  lastAccessTime: B.zeroCount,
  lastConsumeTime: B.zeroCount,
  liteTopicCount: B.zero,
  liteTopicSet: B.array(B.string),
  parentTopic: B.optional(B.string)
})

export const lag = B.struct<LiteInfo.Lag>({
  earliestUnconsumedTimestamp: B.zeroCount,
  lagCount: B.zeroCount,
  liteTopic: B.optional(B.string)
})

export const liteInfoOfGroup = B.struct<LiteInfo.OfGroup>({
  earliestUnconsumedTimestamp: B.zeroCount,
  group: B.optional(B.string),
  lagCountTopK: B.array(lag),
  lagTimestampTopK: B.array(lag),
  liteTopic: B.optional(B.string),
  liteTopicOffsetWrapper: B.optional(queueProgress),
  parentTopic: B.optional(B.string),
  totalLagCount: B.zeroCount
})
