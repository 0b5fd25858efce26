import * as Header from "../Header.js"
import * as RequestCode from "../RequestCode.js"
import { request } from "./request.js"

const send = {
  producerGroup: Header.string,
  topic: Header.string,
  defaultTopic: Header.string,
  defaultTopicQueueNums: Header.int32,
  queueId: Header.int32,
  sysFlag: Header.int32,
  bornTimestamp: Header.millis,
  flag: Header.int32,
  properties: Header.optional(Header.string),
  reconsumeTimes: Header.optional(Header.int32),
  unitMode: Header.optional(Header.boolean),
  maxReconsumeTimes: Header.optional(Header.int32),
  batch: Header.optional(Header.boolean),
  bname: Header.optional(Header.string)
}

const sendV2 = {
  producerGroup: Header.as(Header.string, "a"),
  topic: Header.as(Header.string, "b"),
  defaultTopic: Header.as(Header.string, "c"),
  defaultTopicQueueNums: Header.as(Header.int32, "d"),
  queueId: Header.as(Header.int32, "e"),
  sysFlag: Header.as(Header.int32, "f"),
  bornTimestamp: Header.as(Header.millis, "g"),
  flag: Header.as(Header.int32, "h"),
  properties: Header.as(Header.optional(Header.string), "i"),
  reconsumeTimes: Header.as(Header.optional(Header.int32), "j"),
  unitMode: Header.as(Header.optional(Header.boolean), "k"),
  maxReconsumeTimes: Header.as(Header.optional(Header.int32), "l"),
  batch: Header.as(Header.optional(Header.boolean), "m"),
  bname: Header.as(Header.optional(Header.string), "n")
}

const pull = {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  queueOffset: Header.int64,
  maxMsgNums: Header.int32,
  sysFlag: Header.int32,
  commitOffset: Header.int64,
  suspendTimeoutMillis: Header.millis,
  subscription: Header.optional(Header.string),
  subVersion: Header.int64,
  expressionType: Header.optional(Header.string),
  maxMsgBytes: Header.optional(Header.int32),
  liteTopic: Header.optional(Header.string),
  requestSource: Header.optional(Header.int32),
  proxyFrowardClientId: Header.optional(Header.string),
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
}

/**
 * Read the route of a topic. Client → name server. Answer: `TopicRouteData`.
 * @since 0.1.0
 * @category requests */
export const GetRouteinfoByTopic = request(RequestCode.GET_ROUTEINFO_BY_TOPIC, {
  topic: Header.string,
  acceptStandardJsonOnly: Header.optional(Header.boolean)
})

/**
 * Send a message under the long field names. Client → broker. Body: the message body. Answer:
 * `ResponseHeader.SendMessage`.
 * @since 0.1.0
 * @category requests */
export const SendMessage = request(RequestCode.SEND_MESSAGE, send)

/**
 * Send a message under the one-letter field names. Client → broker. The names are those of `SendMessage`, one letter
 * each on the wire. Body: the message body. Answer: `ResponseHeader.SendMessage`.
 * @since 0.1.0
 * @category requests */
export const SendMessageV2 = request(RequestCode.SEND_MESSAGE_V2, sendV2)

/**
 * Send several messages of one topic at once. Client → broker. Fields of `SendMessageV2`. Body: `MessageBatch`.
 * Answer: `ResponseHeader.SendMessage`.
 * @since 0.1.0
 * @category requests */
export const SendBatchMessage = request(RequestCode.SEND_BATCH_MESSAGE, sendV2)

/**
 * Answer a request message, long field names. Client → broker. Fields of `SendMessage`. Answer:
 * `ResponseHeader.SendMessage`.
 * @since 0.1.0
 * @category requests */
export const SendReplyMessage = request(RequestCode.SEND_REPLY_MESSAGE, send)

/**
 * Answer a request message, one-letter field names. Client → broker. Fields of `SendMessageV2`. Answer:
 * `ResponseHeader.SendMessage`.
 * @since 0.1.0
 * @category requests */
export const SendReplyMessageV2 = request(RequestCode.SEND_REPLY_MESSAGE_V2, sendV2)

/**
 * Cancel a timer message. Client → broker. Answer: `ResponseHeader.RecallMessage`.
 * @since 0.1.0
 * @category requests */
export const RecallMessage = request(RequestCode.RECALL_MESSAGE, {
  producerGroup: Header.optional(Header.string),
  topic: Header.string,
  recallHandle: Header.string,
  bname: Header.optional(Header.string)
})

/**
 * Commit or roll back a half message. Client → broker. Sent oneway. `commitOrRollback` is 0 (unknown), 8 (commit) or
 * 12 (rollback).
 * @since 0.1.0
 * @category requests */
export const EndTransaction = request(RequestCode.END_TRANSACTION, {
  producerGroup: Header.string,
  tranStateTableOffset: Header.int64,
  commitLogOffset: Header.int64,
  commitOrRollback: Header.int32,
  fromTransactionCheck: Header.optional(Header.boolean),
  msgId: Header.string,
  transactionId: Header.optional(Header.string),
  topic: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Pull messages of one queue, held by the broker when there are none. Client → broker. Answer:
 * `ResponseHeader.PullMessage`, body: stored messages.
 * @since 0.1.0
 * @category requests */
export const PullMessage = request(RequestCode.PULL_MESSAGE, pull)

/**
 * Pull messages for a lite pull consumer. Client → broker. Fields of `PullMessage`.
 * @since 0.1.0
 * @category requests */
export const LitePullMessage = request(RequestCode.LITE_PULL_MESSAGE, pull)

/**
 * Read the committed offset of a group in a queue. Client → broker. Say `setZeroIfNotFound: false`, or a new group on
 * a young queue starts at 0. Answer: `ResponseHeader.QueryConsumerOffset`.
 * @since 0.1.0
 * @category requests */
export const QueryConsumerOffset = request(RequestCode.QUERY_CONSUMER_OFFSET, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  setZeroIfNotFound: Header.optional(Header.boolean),
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Commit the offset of a group in a queue. Client → broker.
 * @since 0.1.0
 * @category requests */
export const UpdateConsumerOffset = request(RequestCode.UPDATE_CONSUMER_OFFSET, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  commitOffset: Header.int64,
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Read the end of a queue. Client → broker. Answer: `ResponseHeader.GetMaxOffset`.
 * @since 0.1.0
 * @category requests */
export const GetMaxOffset = request(RequestCode.GET_MAX_OFFSET, {
  topic: Header.string,
  queueId: Header.int32,
  committed: Header.optional(Header.boolean),
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Read the start of a queue. Client → broker. Answer: `ResponseHeader.GetMinOffset`.
 * @since 0.1.0
 * @category requests */
export const GetMinOffset = request(RequestCode.GET_MIN_OFFSET, {
  topic: Header.string,
  queueId: Header.int32,
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Find the offset of a store time. Client → broker. `boundaryType` is `lower` or `upper`. Answer:
 * `ResponseHeader.SearchOffsetByTimestamp`.
 * @since 0.1.0
 * @category requests */
export const SearchOffsetByTimestamp = request(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, {
  topic: Header.string,
  queueId: Header.int32,
  timestamp: Header.millis,
  boundaryType: Header.optional(Header.string),
  liteTopic: Header.optional(Header.string),
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Read the store time of the first message of a queue. Client → broker. Answer:
 * `ResponseHeader.GetEarliestMsgStoretime`.
 * @since 0.1.0
 * @category requests */
export const GetEarliestMsgStoretime = request(RequestCode.GET_EARLIEST_MSG_STORETIME, {
  topic: Header.string,
  queueId: Header.int32,
  bname: Header.optional(Header.string),
  lo: Header.optional(Header.boolean)
})

/**
 * Read one message by its commit log offset. Client → broker. `offset` is that of the commit log. Answer: a stored
 * message.
 * @since 0.1.0
 * @category requests */
export const ViewMessageById = request(RequestCode.VIEW_MESSAGE_BY_ID, {
  offset: Header.int64,
  topic: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Find messages by key, unique key or tag. Client → broker. Answer: `ResponseHeader.QueryMessage`, body: stored
 * messages. The index is a hash: check the keys again.
 * @since 0.1.0
 * @category requests */
export const QueryMessage = request(RequestCode.QUERY_MESSAGE, {
  topic: Header.string,
  key: Header.string,
  maxNum: Header.int32,
  beginTimestamp: Header.millis,
  endTimestamp: Header.millis,
  indexType: Header.optional(Header.string),
  lastKey: Header.optional(Header.string),
  uniqueKeyQuery: Header.as(Header.optional(Header.boolean), "_UNIQUE_KEY_QUERY"),
  bname: Header.optional(Header.string)
})

/**
 * Register groups and subscriptions of a client. Client → broker. Body: `HeartbeatData`. Answer:
 * `ResponseHeader.HeartBeat`.
 * @since 0.1.0
 * @category requests */
export const HeartBeat = request(RequestCode.HEART_BEAT, {})

/**
 * Take a client out of its groups. Client → broker.
 * @since 0.1.0
 * @category requests */
export const UnregisterClient = request(RequestCode.UNREGISTER_CLIENT, {
  clientID: Header.string,
  producerGroup: Header.optional(Header.string),
  consumerGroup: Header.optional(Header.string)
})

/**
 * Read the client ids of a consumer group. Client → broker. Answer: `ConsumerList`.
 * @since 0.1.0
 * @category requests */
export const GetConsumerListByGroup = request(RequestCode.GET_CONSUMER_LIST_BY_GROUP, {
  consumerGroup: Header.string,
  bname: Header.optional(Header.string)
})

/**
 * Have the broker check an SQL92 expression. Client → broker. Body: `CheckClientConfig`.
 * @since 0.1.0
 * @category requests */
export const CheckClientConfig = request(RequestCode.CHECK_CLIENT_CONFIG, {})

/**
 * Hand a message back for a later delivery. Client → broker. `offset` is that of the commit log. `delayLevel` 0 leaves
 * it to the broker, below 0 is straight to the dead letters.
 * @since 0.1.0
 * @category requests */
export const ConsumerSendMsgBack = request(RequestCode.CONSUMER_SEND_MSG_BACK, {
  offset: Header.int64,
  group: Header.string,
  delayLevel: Header.int32,
  originMsgId: Header.optional(Header.string),
  originTopic: Header.optional(Header.string),
  unitMode: Header.optional(Header.boolean),
  maxReconsumeTimes: Header.optional(Header.int32),
  bname: Header.optional(Header.string)
})

/**
 * Lock queues for orderly consumption. Client → broker. Body: `LockBatch`. Answer: `LockBatch.Locked`.
 * @since 0.1.0
 * @category requests */
export const LockBatchMq = request(RequestCode.LOCK_BATCH_MQ, {
  bname: Header.optional(Header.string)
})

/**
 * Give up orderly locks. Client → broker. Body: `LockBatch`.
 * @since 0.1.0
 * @category requests */
export const UnlockBatchMq = request(RequestCode.UNLOCK_BATCH_MQ, {
  bname: Header.optional(Header.string)
})

/**
 * Ask the broker which queues to consume. Client → broker. Body: `QueryAssignment`. Answer:
 * `QueryAssignment.Assignment`.
 * @since 0.1.0
 * @category requests */
export const QueryAssignment = request(RequestCode.QUERY_ASSIGNMENT, {})

/**
 * Ask for the outcome of a transaction; oneway. Broker → client. Body: the half message. Answer with `EndTransaction`
 * and the offsets of this header.
 * @since 0.1.0
 * @category requests */
export const CheckTransactionState = request(RequestCode.CHECK_TRANSACTION_STATE, {
  topic: Header.optional(Header.string),
  tranStateTableOffset: Header.int64,
  commitLogOffset: Header.int64,
  msgId: Header.optional(Header.string),
  transactionId: Header.optional(Header.string),
  offsetMsgId: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Tell that the members of a group changed; oneway. Broker → client.
 * @since 0.1.0
 * @category requests */
export const NotifyConsumerIdsChanged = request(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, {
  consumerGroup: Header.string
})

/**
 * Tell a consumer to go on from other offsets; oneway. Broker → client. Body: `OffsetTable`.
 * @since 0.1.0
 * @category requests */
export const ResetConsumerClientOffset = request(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, {
  topic: Header.string,
  group: Header.string,
  timestamp: Header.optional(Header.millis),
  isForce: Header.optional(Header.boolean)
})

/**
 * Ask a consumer for its offset table. Broker → client. Answer: `ConsumerStatus`.
 * @since 0.1.0
 * @category requests */
export const GetConsumerStatusFromClient = request(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, {
  topic: Header.string,
  group: Header.string,
  clientAddr: Header.optional(Header.string)
})

/**
 * Ask a consumer how it is; relayed by the broker. Admin → broker → client. Answer: `ConsumerRunningInfo`.
 * @since 0.1.0
 * @category requests */
export const GetConsumerRunningInfo = request(RequestCode.GET_CONSUMER_RUNNING_INFO, {
  consumerGroup: Header.string,
  clientId: Header.string,
  jstackEnable: Header.optional(Header.boolean),
  bname: Header.optional(Header.string)
})

/**
 * Have a consumer consume one given message; relayed by the broker. Admin → broker → client. Body, as it reaches the
 * client: a stored message. Answer: `ConsumeMessageDirectlyResult`.
 * @since 0.1.0
 * @category requests */
export const ConsumeMessageDirectly = request(RequestCode.CONSUME_MESSAGE_DIRECTLY, {
  consumerGroup: Header.string,
  clientId: Header.optional(Header.string),
  msgId: Header.optional(Header.string),
  topic: Header.optional(Header.string),
  brokerName: Header.optional(Header.string),
  topicSysFlag: Header.optional(Header.int32),
  groupSysFlag: Header.optional(Header.int32)
})

/**
 * Hand the answer of a request message to its requester. Broker → client. Body: the reply. Must be answered, or the
 * replier sees an error.
 * @since 0.1.0
 * @category requests */
export const PushReplyMessageToClient = request(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, {
  producerGroup: Header.string,
  topic: Header.string,
  defaultTopic: Header.optional(Header.string),
  defaultTopicQueueNums: Header.optional(Header.int32),
  queueId: Header.int32,
  sysFlag: Header.int32,
  bornTimestamp: Header.millis,
  flag: Header.int32,
  properties: Header.optional(Header.string),
  reconsumeTimes: Header.optional(Header.int32),
  unitMode: Header.optional(Header.boolean),
  bornHost: Header.string,
  storeHost: Header.string,
  storeTimestamp: Header.millis,
  bname: Header.optional(Header.string)
})
