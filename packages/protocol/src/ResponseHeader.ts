/**
 * What answers say in their header, under the name of the request. An answer with an error code may lack every field.
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Header from "./Header.js"
import * as RequestCode from "./RequestCode.js"

/**
 * Answer to SendMessage. Answer to every kind of send, valid for the codes 0, 10, 11 and 12. `msgId` is an offset id.
 * @since 0.1.0
 * @category headers */
export const SendMessage = Header.make("the answer to SEND_MESSAGE", {
  msgId: Header.string,
  queueId: Header.int32,
  queueOffset: Header.int64,
  transactionId: Header.optional(Header.string),
  batchUniqId: Header.optional(Header.string),
  recallHandle: Header.optional(Header.string),
  region: Header.as(Header.optional(Header.string), "MSG_REGION"),
  traceOn: Header.as(Header.optional(Header.boolean), "TRACE_ON")
})

/**
 * Answer to SendMessageV2. The same as SendMessage.
 * @since 0.1.0
 * @category headers */
export const SendMessageV2 = SendMessage

/**
 * Answer to SendBatchMessage. `msgId` is a list joined by commas. The same as SendMessage.
 * @since 0.1.0
 * @category headers */
export const SendBatchMessage = SendMessage

/**
 * Answer to SendReplyMessage. The same as SendMessage.
 * @since 0.1.0
 * @category headers */
export const SendReplyMessage = SendMessage

/**
 * Answer to SendReplyMessageV2. The same as SendMessage.
 * @since 0.1.0
 * @category headers */
export const SendReplyMessageV2 = SendMessage

/**
 * Answer to RecallMessage. `msgId` is the unique id.
 * @since 0.1.0
 * @category headers */
export const RecallMessage = Header.make("the answer to RECALL_MESSAGE", {
  msgId: Header.string,
  region: Header.as(Header.optional(Header.string), "MSG_REGION")
})

/**
 * Answer to PullMessage. `offsetDelta` is to be added to the queue offset of each message (static topics).
 * @since 0.1.0
 * @category headers */
export const PullMessage = Header.make("the answer to PULL_MESSAGE", {
  suggestWhichBrokerId: Header.int64,
  nextBeginOffset: Header.int64,
  minOffset: Header.int64,
  maxOffset: Header.int64,
  offsetDelta: Header.optional(Header.int64),
  topicSysFlag: Header.optional(Header.int32),
  groupSysFlag: Header.optional(Header.int32),
  forbiddenType: Header.optional(Header.int32)
})

/**
 * Answer to LitePullMessage. The same as PullMessage.
 * @since 0.1.0
 * @category headers */
export const LitePullMessage = PullMessage

/**
 * Answer to QueryConsumerOffset.
 * @since 0.1.0
 * @category headers */
export const QueryConsumerOffset = Header.make("the answer to QUERY_CONSUMER_OFFSET", {
  offset: Header.int64
})

/**
 * Answer to GetMaxOffset.
 * @since 0.1.0
 * @category headers */
export const GetMaxOffset = Header.make("the answer to GET_MAX_OFFSET", {
  offset: Header.int64
})

/**
 * Answer to GetMinOffset.
 * @since 0.1.0
 * @category headers */
export const GetMinOffset = Header.make("the answer to GET_MIN_OFFSET", {
  offset: Header.int64
})

/**
 * Answer to SearchOffsetByTimestamp.
 * @since 0.1.0
 * @category headers */
export const SearchOffsetByTimestamp = Header.make("the answer to SEARCH_OFFSET_BY_TIMESTAMP", {
  offset: Header.int64
})

/**
 * Answer to GetEarliestMsgStoretime. -1 when the queue is empty.
 * @since 0.1.0
 * @category headers */
export const GetEarliestMsgStoretime = Header.make("the answer to GET_EARLIEST_MSG_STORETIME", {
  timestamp: Header.millis
})

/**
 * Answer to QueryMessage.
 * @since 0.1.0
 * @category headers */
export const QueryMessage = Header.make("the answer to QUERY_MESSAGE", {
  indexLastUpdateTimestamp: Header.millis,
  indexLastUpdatePhyoffset: Header.int64
})

/**
 * Answer to HeartBeat.
 * @since 0.1.0
 * @category headers */
export const HeartBeat = Header.make("the answer to HEART_BEAT", {
  isSupportHeartBeatV2: Header.as(Header.optional(Header.boolean), "IS_SUPPORT_HEART_BEAT_V2"),
  isSubChange: Header.as(Header.optional(Header.boolean), "IS_SUB_CHANGE")
})

/**
 * Answer to PopMessage. The offset infos are joined by `;`.
 * @since 0.1.0
 * @category headers */
export const PopMessage = Header.make("the answer to POP_MESSAGE", {
  popTime: Header.millis,
  invisibleTime: Header.millis,
  reviveQid: Header.int32,
  restNum: Header.int64,
  startOffsetInfo: Header.optional(Header.string),
  msgOffsetInfo: Header.optional(Header.string),
  orderCountInfo: Header.optional(Header.string)
})

/**
 * Answer to PeekMessage.
 * @since 0.1.0
 * @category headers */
export const PeekMessage = Header.make("the answer to PEEK_MESSAGE", {
  popTime: Header.millis,
  invisibleTime: Header.millis,
  reviveQid: Header.optional(Header.int32),
  restNum: Header.int64,
  startOffsetInfo: Header.optional(Header.string),
  msgOffsetInfo: Header.optional(Header.string),
  orderCountInfo: Header.optional(Header.string)
})

/**
 * Answer to PopLiteMessage. `orderCountInfo` has one number a message.
 * @since 0.1.0
 * @category headers */
export const PopLiteMessage = Header.make("the answer to POP_LITE_MESSAGE", {
  popTime: Header.millis,
  invisibleTime: Header.millis,
  reviveQid: Header.int32,
  restNum: Header.optional(Header.int64),
  startOffsetInfo: Header.optional(Header.string),
  msgOffsetInfo: Header.optional(Header.string),
  orderCountInfo: Header.optional(Header.string)
})

/**
 * Answer to ChangeMessageInvisibletime. Parts of the new receipt handle.
 * @since 0.1.0
 * @category headers */
export const ChangeMessageInvisibletime = Header.make("the answer to CHANGE_MESSAGE_INVISIBLETIME", {
  popTime: Header.millis,
  invisibleTime: Header.millis,
  reviveQid: Header.int32
})

/**
 * Answer to Notification.
 * @since 0.1.0
 * @category headers */
export const Notification = Header.make("the answer to NOTIFICATION", {
  hasMsg: Header.boolean,
  pollingFull: Header.optional(Header.boolean)
})

/**
 * Answer to PollingInfo.
 * @since 0.1.0
 * @category headers */
export const PollingInfo = Header.make("the answer to POLLING_INFO", {
  pollingNum: Header.int32
})

/**
 * Answer to GetAllTopicConfig. Without it everything came at once.
 * @since 0.1.0
 * @category headers */
export const GetAllTopicConfig = Header.make("the answer to GET_ALL_TOPIC_CONFIG", {
  totalTopicNum: Header.optional(Header.int32)
})

/**
 * Answer to GetAllSubscriptiongroupConfig. Without it everything came at once.
 * @since 0.1.0
 * @category headers */
export const GetAllSubscriptiongroupConfig = Header.make("the answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG", {
  totalGroupNum: Header.optional(Header.int32)
})

/**
 * Answer to GetBrokerConfig. `version` is a `DataVersion` as text.
 * @since 0.1.0
 * @category headers */
export const GetBrokerConfig = Header.make("the answer to GET_BROKER_CONFIG", {
  version: Header.optional(Header.string)
})

/**
 * Answer to GetKvConfig.
 * @since 0.1.0
 * @category headers */
export const GetKvConfig = Header.make("the answer to GET_KV_CONFIG", {
  value: Header.optional(Header.string)
})

/**
 * Answer to WipeWritePermOfBroker.
 * @since 0.1.0
 * @category headers */
export const WipeWritePermOfBroker = Header.make("the answer to WIPE_WRITE_PERM_OF_BROKER", {
  wipeTopicCount: Header.int32
})

/**
 * Answer to AddWritePermOfBroker.
 * @since 0.1.0
 * @category headers */
export const AddWritePermOfBroker = Header.make("the answer to ADD_WRITE_PERM_OF_BROKER", {
  addTopicCount: Header.int32
})

/**
 * Answer to RegisterBroker.
 * @since 0.1.0
 * @category headers */
export const RegisterBroker = Header.make("the answer to REGISTER_BROKER", {
  haServerAddr: Header.optional(Header.string),
  masterAddr: Header.optional(Header.string)
})

/**
 * Answer to QueryDataVersion.
 * @since 0.1.0
 * @category headers */
export const QueryDataVersion = Header.make("the answer to QUERY_DATA_VERSION", {
  changed: Header.boolean
})

/**
 * Answer to ExchangeBrokerHaInfo.
 * @since 0.1.0
 * @category headers */
export const ExchangeBrokerHaInfo = Header.make("the answer to EXCHANGE_BROKER_HA_INFO", {
  masterHaAddress: Header.optional(Header.string),
  masterFlushOffset: Header.optional(Header.int64),
  masterAddress: Header.optional(Header.string)
})

/**
 * Answer to ControllerAlterSyncStateSet.
 * @since 0.1.0
 * @category headers */
export const ControllerAlterSyncStateSet = Header.make("the answer to CONTROLLER_ALTER_SYNC_STATE_SET", {
  newSyncStateSetEpoch: Header.int32
})

/**
 * Answer to ControllerElectMaster.
 * @since 0.1.0
 * @category headers */
export const ControllerElectMaster = Header.make("the answer to CONTROLLER_ELECT_MASTER", {
  masterBrokerId: Header.optional(Header.millis),
  masterAddress: Header.optional(Header.string),
  masterEpoch: Header.optional(Header.int32),
  syncStateSetEpoch: Header.optional(Header.int32)
})

/**
 * Answer to ControllerRegisterBroker.
 * @since 0.1.0
 * @category headers */
export const ControllerRegisterBroker = Header.make("the answer to CONTROLLER_REGISTER_BROKER", {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string),
  masterBrokerId: Header.optional(Header.millis),
  masterAddress: Header.optional(Header.string),
  masterEpoch: Header.optional(Header.int32),
  syncStateSetEpoch: Header.optional(Header.int32)
})

/**
 * Answer to ControllerGetReplicaInfo.
 * @since 0.1.0
 * @category headers */
export const ControllerGetReplicaInfo = Header.make("the answer to CONTROLLER_GET_REPLICA_INFO", {
  masterBrokerId: Header.optional(Header.millis),
  masterAddress: Header.optional(Header.string),
  masterEpoch: Header.optional(Header.int32)
})

/**
 * Answer to ControllerGetMetadataInfo.
 * @since 0.1.0
 * @category headers */
export const ControllerGetMetadataInfo = Header.make("the answer to CONTROLLER_GET_METADATA_INFO", {
  group: Header.optional(Header.string),
  controllerLeaderId: Header.optional(Header.string),
  controllerLeaderAddress: Header.optional(Header.string),
  isLeader: Header.optional(Header.boolean),
  peers: Header.optional(Header.string)
})

/**
 * Answer to ControllerGetNextBrokerId.
 * @since 0.1.0
 * @category headers */
export const ControllerGetNextBrokerId = Header.make("the answer to CONTROLLER_GET_NEXT_BROKER_ID", {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string),
  nextBrokerId: Header.optional(Header.millis)
})

/**
 * Answer to ControllerApplyBrokerId.
 * @since 0.1.0
 * @category headers */
export const ControllerApplyBrokerId = Header.make("the answer to CONTROLLER_APPLY_BROKER_ID", {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string)
})

/**
 * The headers of all answers that have one, by request code.
 * @since 0.1.0
 * @category headers
 */
export const all: ReadonlyMap<number, Header.Decoder<unknown>> = new Map<number, Header.Decoder<unknown>>([
  [RequestCode.SEND_MESSAGE, SendMessage],
  [RequestCode.SEND_MESSAGE_V2, SendMessageV2],
  [RequestCode.SEND_BATCH_MESSAGE, SendBatchMessage],
  [RequestCode.SEND_REPLY_MESSAGE, SendReplyMessage],
  [RequestCode.SEND_REPLY_MESSAGE_V2, SendReplyMessageV2],
  [RequestCode.RECALL_MESSAGE, RecallMessage],
  [RequestCode.PULL_MESSAGE, PullMessage],
  [RequestCode.LITE_PULL_MESSAGE, LitePullMessage],
  [RequestCode.QUERY_CONSUMER_OFFSET, QueryConsumerOffset],
  [RequestCode.GET_MAX_OFFSET, GetMaxOffset],
  [RequestCode.GET_MIN_OFFSET, GetMinOffset],
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, SearchOffsetByTimestamp],
  [RequestCode.GET_EARLIEST_MSG_STORETIME, GetEarliestMsgStoretime],
  [RequestCode.QUERY_MESSAGE, QueryMessage],
  [RequestCode.HEART_BEAT, HeartBeat],
  [RequestCode.POP_MESSAGE, PopMessage],
  [RequestCode.PEEK_MESSAGE, PeekMessage],
  [RequestCode.POP_LITE_MESSAGE, PopLiteMessage],
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME, ChangeMessageInvisibletime],
  [RequestCode.NOTIFICATION, Notification],
  [RequestCode.POLLING_INFO, PollingInfo],
  [RequestCode.GET_ALL_TOPIC_CONFIG, GetAllTopicConfig],
  [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, GetAllSubscriptiongroupConfig],
  [RequestCode.GET_BROKER_CONFIG, GetBrokerConfig],
  [RequestCode.GET_KV_CONFIG, GetKvConfig],
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER, WipeWritePermOfBroker],
  [RequestCode.ADD_WRITE_PERM_OF_BROKER, AddWritePermOfBroker],
  [RequestCode.REGISTER_BROKER, RegisterBroker],
  [RequestCode.QUERY_DATA_VERSION, QueryDataVersion],
  [RequestCode.EXCHANGE_BROKER_HA_INFO, ExchangeBrokerHaInfo],
  [RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, ControllerAlterSyncStateSet],
  [RequestCode.CONTROLLER_ELECT_MASTER, ControllerElectMaster],
  [RequestCode.CONTROLLER_REGISTER_BROKER, ControllerRegisterBroker],
  [RequestCode.CONTROLLER_GET_REPLICA_INFO, ControllerGetReplicaInfo],
  [RequestCode.CONTROLLER_GET_METADATA_INFO, ControllerGetMetadataInfo],
  [RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, ControllerGetNextBrokerId],
  [RequestCode.CONTROLLER_APPLY_BROKER_ID, ControllerApplyBrokerId]
])

/**
 * The header of the answer to a request; none when its answer has no header.
 * @since 0.1.0
 * @category combinators
 */
export const byCode = (code: number): Option.Option<Header.Decoder<unknown>> => Option.fromNullable(all.get(code))
