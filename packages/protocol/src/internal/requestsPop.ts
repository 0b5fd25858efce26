import * as Header from "../Header.js"
import * as RequestCode from "../RequestCode.js"
import { request } from "./request.js"

/**
 * Take messages for a while. Client → broker. `queueId` -1: all. `initMode` 0: from the start, 1: from the end.
 * Answer: `ResponseHeader.PopMessage`, body: stored messages.
 * @since 0.1.0
 * @category requests */
export const PopMessage = request(RequestCode.POP_MESSAGE, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  maxMsgNums: Header.int32,
  invisibleTime: Header.millis,
  pollTime: Header.millis,
  bornTime: Header.millis,
  initMode: Header.int32,
  expType: Header.optional(Header.string),
  exp: Header.optional(Header.string),
  order: Header.optional(Header.boolean),
  attemptId: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Acknowledge one popped message. Client → broker. `extraInfo` is the receipt handle.
 * @since 0.1.0
 * @category requests */
export const AckMessage = request(RequestCode.ACK_MESSAGE, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  extraInfo: Header.string,
  offset: Header.int64,
  liteTopic: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Acknowledge many popped messages. Client → broker. Body: `BatchAck`.
 * @since 0.1.0
 * @category requests */
export const BatchAckMessage = request(RequestCode.BATCH_ACK_MESSAGE, {
  bname: Header.optional(Header.string)
})

/**
 * Change how long a popped message stays taken. Client → broker. Answer: `ResponseHeader.ChangeMessageInvisibletime`.
 * @since 0.1.0
 * @category requests */
export const ChangeMessageInvisibletime = request(RequestCode.CHANGE_MESSAGE_INVISIBLETIME, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  extraInfo: Header.string,
  offset: Header.int64,
  invisibleTime: Header.millis,
  liteTopic: Header.optional(Header.string),
  suspend: Header.optional(Header.boolean),
  bname: Header.optional(Header.string)
})

/**
 * Look at messages without taking them. Client → broker. Answer: `ResponseHeader.PeekMessage`, body: stored messages.
 * @since 0.1.0
 * @category requests */
export const PeekMessage = request(RequestCode.PEEK_MESSAGE, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  maxMsgNums: Header.int32,
  bname: Header.optional(Header.string)
})

/**
 * Wait until there is something to pop. Proxy → broker. Answer: `ResponseHeader.Notification`.
 * @since 0.1.0
 * @category requests */
export const Notification = request(RequestCode.NOTIFICATION, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  pollTime: Header.millis,
  bornTime: Header.millis,
  order: Header.optional(Header.boolean),
  attemptId: Header.optional(Header.string),
  expType: Header.optional(Header.string),
  exp: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Read how many pops wait. Admin → broker. Answer: `ResponseHeader.PollingInfo`.
 * @since 0.1.0
 * @category requests */
export const PollingInfo = request(RequestCode.POLLING_INFO, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  bname: Header.optional(Header.string)
})

/**
 * Take messages of lite topics. Client → broker. Answer: `ResponseHeader.PopLiteMessage`, body: stored messages.
 * @since 0.1.0
 * @category requests */
export const PopLiteMessage = request(RequestCode.POP_LITE_MESSAGE, {
  clientId: Header.string,
  consumerGroup: Header.string,
  topic: Header.string,
  maxMsgNum: Header.int32,
  invisibleTime: Header.millis,
  pollTime: Header.millis,
  bornTime: Header.millis,
  attemptId: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Change the lite subscriptions of a client. Client → broker. Body: `LiteSubscription`.
 * @since 0.1.0
 * @category requests */
export const LiteSubscriptionCtl = request(RequestCode.LITE_SUBSCRIPTION_CTL, {})

/**
 * Acknowledge a message of a lite topic; not served by 5.5.0, use ACK_MESSAGE. Client → broker. Fields of
 * `AckMessage`.
 * @since 0.1.0
 * @category requests */
export const AckLiteMessage = request(RequestCode.ACK_LITE_MESSAGE, {
  consumerGroup: Header.string,
  topic: Header.string,
  queueId: Header.int32,
  extraInfo: Header.string,
  offset: Header.int64,
  liteTopic: Header.optional(Header.string),
  bname: Header.optional(Header.string)
})

/**
 * Tell a client that a lite subscription ended; oneway. Broker → client.
 * @since 0.1.0
 * @category requests */
export const NotifyUnsubscribeLite = request(RequestCode.NOTIFY_UNSUBSCRIBE_LITE, {
  liteTopic: Header.string,
  consumerGroup: Header.string,
  clientId: Header.string
})

/**
 * Give popped messages back. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const PopRollback = request(RequestCode.POP_ROLLBACK, {})

/**
 * Read the lite topic figures of a broker. Admin → broker. Answer: `LiteInfo.OfBroker`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerLiteInfo = request(RequestCode.GET_BROKER_LITE_INFO, {})

/**
 * Read the lite topics below a topic. Admin → broker. Answer: `LiteInfo.OfParentTopic`.
 * @since 0.1.0
 * @category requests */
export const GetParentTopicInfo = request(RequestCode.GET_PARENT_TOPIC_INFO, {
  topic: Header.string
})

/**
 * Read one lite topic. Admin → broker. Answer: `LiteInfo.OfTopic`.
 * @since 0.1.0
 * @category requests */
export const GetLiteTopicInfo = request(RequestCode.GET_LITE_TOPIC_INFO, {
  parentTopic: Header.string,
  liteTopic: Header.string
})

/**
 * Read the lite subscriptions of a client. Admin → broker. Answer: `LiteInfo.OfClient`.
 * @since 0.1.0
 * @category requests */
export const GetLiteClientInfo = request(RequestCode.GET_LITE_CLIENT_INFO, {
  parentTopic: Header.string,
  group: Header.string,
  clientId: Header.string,
  maxCount: Header.int32
})

/**
 * Read the lite progress of a group. Admin → broker. Answer: `LiteInfo.OfGroup`.
 * @since 0.1.0
 * @category requests */
export const GetLiteGroupInfo = request(RequestCode.GET_LITE_GROUP_INFO, {
  group: Header.string,
  liteTopic: Header.optional(Header.string),
  topK: Header.int32
})

/**
 * Have the broker dispatch lite messages again. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const TriggerLiteDispatch = request(RequestCode.TRIGGER_LITE_DISPATCH, {
  group: Header.string,
  clientId: Header.optional(Header.string)
})

/**
 * Choose pull or pop for a group in a topic. Admin → broker. Body: `MessageRequestMode`.
 * @since 0.1.0
 * @category requests */
export const SetMessageRequestMode = request(RequestCode.SET_MESSAGE_REQUEST_MODE, {})

/**
 * Read the request modes of all groups. Admin → broker. Answer: `MessageRequestMode.Table`.
 * @since 0.1.0
 * @category requests */
export const GetAllMessageRequestMode = request(RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, {})
