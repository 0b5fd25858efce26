/**
 * One typed method for each request to a broker. No state, no retry: what a broker answers becomes a value or a typed
 * error here, and nowhere else.
 *
 * @since 0.1.0
 */
import type { ConsumeStats } from "@effect-rocketmq/protocol/ConsumeStats"
import type { HeartbeatData } from "@effect-rocketmq/protocol/HeartbeatData"
import type { MessageExt, UndecodableRecord } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import type { SubscriptionData } from "@effect-rocketmq/protocol/SubscriptionData"
import type { SubscriptionGroupConfig } from "@effect-rocketmq/protocol/SubscriptionGroupConfig"
import type { TopicConfig } from "@effect-rocketmq/protocol/TopicConfig"
import type { TopicStats } from "@effect-rocketmq/protocol/TopicStats"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { Answer, BrokerAnswerError, BrokerError } from "./BrokerError.js"
import * as internal from "./internal/broker.js"
import * as responseTable from "./internal/responseTable.js"
import type { ReceiptExpiredError, ReceiptHandle } from "./ReceiptHandle.js"
import type { Remoting } from "./Remoting.js"
import type { RemotingError } from "./RemotingError.js"

/**
 * How a broker stored a message: `SEND_OK`, or stored with less certainty than asked for.
 *
 * @since 0.1.0
 * @category models
 */
export type SendStatus = "SEND_OK" | "FLUSH_DISK_TIMEOUT" | "FLUSH_SLAVE_TIMEOUT" | "SLAVE_NOT_AVAILABLE"

/**
 * A broker's answer to a stored message.
 *
 * @since 0.1.0
 * @category models
 */
export interface StoreResult {
  readonly status: SendStatus
  /** Offset message id; comma-joined for a batch. */
  readonly offsetId: string
  readonly queueId: number
  readonly queueOffset: bigint
  readonly transactionId: string | undefined
  readonly recallHandle: string | undefined
  readonly regionId: string | undefined
  /** False when the broker asks not to trace this message. */
  readonly traceOn: boolean
}

/**
 * What a pull brought. `NoNewMessage` and `NoMatchedMessage` are no errors: pull again from `nextBeginOffset`, at once
 * for the latter. `OffsetIllegal`: the queue does not have this offset; `nextBeginOffset` is the broker's correction.
 *
 * @since 0.1.0
 * @category models
 */
export interface PullResult {
  readonly status: "Found" | "NoNewMessage" | "NoMatchedMessage" | "OffsetIllegal"
  readonly nextBeginOffset: bigint
  readonly minOffset: bigint
  readonly maxOffset: bigint
  /** The broker id to pull from next; 0 is the master. */
  readonly suggestedBrokerId: number
  readonly messages: ReadonlyArray<MessageExt>
  readonly undecodable: ReadonlyArray<UndecodableRecord>
  /** Bytes of the answer's body: what these messages keep in memory. */
  readonly bytes: number
}

/**
 * What is asked of a queue (PULL_MESSAGE).
 *
 * @since 0.1.0
 * @category models
 */
export interface PullRequest {
  readonly group: string
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly offset: bigint
  /** Most messages wanted; the broker has a cap of its own (32 while in memory). */
  readonly maxMessages: number
  /** An offset to commit on the way. */
  readonly commitOffset: Option.Option<bigint>
  /** Milliseconds that the broker may hold the request while there is nothing; 0 = answer at once. */
  readonly suspendTimeout: number
  /** The subscription's version as the last heartbeat had it. */
  readonly subVersion: number
  /** Travels with the request only when given; else the broker uses what the heartbeat said. */
  readonly subscription?: { readonly expressionType: "TAG" | "SQL92"; readonly expression: string } | undefined
}

/**
 * What is asked of a broker's queues (POP_MESSAGE): messages that nobody else of the group gets for a while.
 *
 * @since 0.1.0
 * @category models
 */
export interface PopRequest {
  readonly group: string
  readonly topic: string
  readonly brokerName: string
  /** Default: all queues that the broker has of the topic. */
  readonly queueId?: number | undefined
  /** Most messages wanted, 1 to 32. */
  readonly maxMessages: number
  /** Milliseconds in which nobody else gets them. */
  readonly invisibleTime: number
  /** Milliseconds that the broker may hold the request while there is nothing; 0 = answer at once. */
  readonly pollTime: number
  /** Where a group starts that has no progress on a queue yet. */
  readonly from: "first" | "last"
  /** What is wanted; everything when absent. */
  readonly subscription?: { readonly expressionType: "TAG" | "SQL92"; readonly expression: string } | undefined
}

/**
 * A popped message with the right to settle it. One that comes again bears its own topic, not the retry topic's name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Popped {
  readonly message: MessageExt
  readonly handle: ReceiptHandle
}

/**
 * What a pop brought.
 *
 * @since 0.1.0
 * @category models
 */
export interface PopResult {
  readonly status: "Found" | "NoNewMessage"
  /** How many more there are, as far as the broker counts them. */
  readonly rest: bigint
  readonly messages: ReadonlyArray<Popped>
  /** Records that are no messages. They were taken as well, and come again. */
  readonly undecodable: ReadonlyArray<UndecodableRecord>
  /** Bytes of the answer's body: what these messages keep in memory. */
  readonly bytes: number
}

/**
 * Which popped message to settle.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receipt {
  /** The topic that was popped, never a retry topic. */
  readonly topic: string
  readonly handle: ReceiptHandle
}

/**
 * How a transaction ends: its half message becomes visible, or is gone. `Unknown`: the broker shall ask again.
 *
 * @since 0.1.0
 * @category models
 */
export type TransactionEnd = "Commit" | "Rollback" | "Unknown"

/**
 * The end of a transaction (END_TRANSACTION): which half message, and what becomes of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface EndTransactionRequest {
  readonly group: string
  readonly topic: string
  readonly brokerName: string
  readonly transactionId: string
  /** The unique key of the half message. */
  readonly msgId: string
  /** The queue offset in the answer to the half message, or in the broker's question. */
  readonly tranStateTableOffset: bigint
  /** Out of the offset message id in the answer to the half message, or in the broker's question. */
  readonly commitLogOffset: bigint
  readonly state: TransactionEnd
  /** Whether this answers a question of the broker: it is taken then, however late it is. */
  readonly fromCheck: boolean
}

/**
 * Requests to brokers, by the address of the broker.
 *
 * @since 0.1.0
 * @category services
 */
export class Broker extends Context.Tag("@effect-rocketmq/client/Broker")<Broker, {
  /** Any request; the answer as it is, its code not judged. `timeout` in milliseconds. */
  readonly request: (
    address: string,
    request: Request,
    timeout?: number
  ) => Effect.Effect<RemotingCommand, RemotingError>
  /** SEND_MESSAGE_V2, SEND_BATCH_MESSAGE or SEND_REPLY_MESSAGE, already made into a request. */
  readonly send: (
    address: string,
    topic: string,
    request: Request,
    timeout: number
  ) => Effect.Effect<StoreResult, BrokerError>
  readonly sendOneway: (address: string, request: Request) => Effect.Effect<void, RemotingError>
  /** Gives up requests without an answer, see Remoting. */
  readonly abandon: (predicate: (request: Request) => boolean) => Effect.Effect<number>
  /** PULL_MESSAGE. `timeout` in milliseconds must be longer than `suspendTimeout` plus the broker's scan of 5 s. */
  readonly pull: (address: string, request: PullRequest, timeout: number) => Effect.Effect<PullResult, BrokerError>
  /** POP_MESSAGE. `timeout` in milliseconds must be longer than `pollTime` plus what the broker is late, 10 s in Java. */
  readonly pop: (address: string, request: PopRequest, timeout: number) => Effect.Effect<PopResult, BrokerError>
  /** ACK_MESSAGE: the message is not handed out again. A handle that lapsed is not sent, see ReceiptExpiredError. */
  readonly ack: (
    address: string,
    group: string,
    receipt: Receipt,
    timeout?: number
  ) => Effect.Effect<void, BrokerError | ReceiptExpiredError>
  /**
   * BATCH_ACK_MESSAGE for messages of one broker; known to brokers from 5.1 on (RequestNotSupportedError). Gives those
   * whose handle had lapsed: they were left out.
   */
  readonly batchAck: (
    address: string,
    group: string,
    receipts: ReadonlyArray<Receipt>,
    timeout?: number
  ) => Effect.Effect<ReadonlyArray<ReceiptExpiredError>, BrokerError>
  /**
   * CHANGE_MESSAGE_INVISIBLETIME: the message stays invisible for `invisibleTime` milliseconds from now, or comes again
   * then. Gives the new handle; the old one is void.
   */
  readonly changeInvisibility: (
    address: string,
    group: string,
    receipt: Receipt,
    invisibleTime: number,
    timeout?: number
  ) => Effect.Effect<ReceiptHandle, BrokerError | ReceiptExpiredError>
  /** QUERY_CONSUMER_OFFSET with setZeroIfNotFound=false: none when the broker has no offset of this group. */
  readonly queryConsumerOffset: (
    address: string,
    group: string,
    queue: MessageQueue
  ) => Effect.Effect<Option.Option<bigint>, BrokerError>
  /** UPDATE_CONSUMER_OFFSET, acknowledged by the broker. */
  readonly updateConsumerOffset: (
    address: string,
    group: string,
    queue: MessageQueue,
    offset: bigint
  ) => Effect.Effect<void, BrokerError>
  readonly maxOffset: (address: string, queue: MessageQueue) => Effect.Effect<bigint, BrokerError>
  readonly minOffset: (address: string, queue: MessageQueue) => Effect.Effect<bigint, BrokerError>
  /** SEARCH_OFFSET_BY_TIMESTAMP: the first offset stored at or after `timestamp` (milliseconds). */
  readonly searchOffset: (
    address: string,
    queue: MessageQueue,
    timestamp: number
  ) => Effect.Effect<bigint, BrokerError>
  readonly earliestStoreTime: (
    address: string,
    queue: MessageQueue
  ) => Effect.Effect<Option.Option<number>, BrokerError>
  /** VIEW_MESSAGE_BY_ID by commit log offset. */
  readonly viewMessage: (address: string, commitLogOffset: bigint) => Effect.Effect<MessageExt, BrokerError>
  /** QUERY_MESSAGE; results are re-checked against topic and key, since the broker's index is a hash. */
  readonly queryMessage: (
    address: string,
    query: {
      readonly topic: string
      readonly key: string
      readonly unique: boolean
      readonly maxCount: number
      readonly begin: number
      readonly end: number
    }
  ) => Effect.Effect<ReadonlyArray<MessageExt>, BrokerError>
  readonly heartbeat: (address: string, data: HeartbeatData) => Effect.Effect<{ readonly version: number }, BrokerError>
  readonly unregister: (
    address: string,
    client: { readonly clientId: string; readonly producerGroup?: string; readonly consumerGroup?: string }
  ) => Effect.Effect<void, BrokerError>
  /** GET_CONSUMER_LIST_BY_GROUP: none when the broker knows no consumer of the group. */
  readonly consumerList: (
    address: string,
    group: string
  ) => Effect.Effect<Option.Option<ReadonlyArray<string>>, BrokerError>
  /** CHECK_CLIENT_CONFIG: has the broker judge a subscription (SQL92). */
  readonly checkSubscription: (
    address: string,
    clientId: string,
    group: string,
    subscription: SubscriptionData
  ) => Effect.Effect<void, BrokerError>
  /** CONSUMER_SEND_MSG_BACK: the broker stores the message for a later delivery, or in the dead-letter topic. */
  readonly sendMessageBack: (
    address: string,
    request: {
      readonly group: string
      readonly brokerName: string
      readonly commitLogOffset: bigint
      readonly originTopic: string
      readonly originMsgId: string
      /** 0: by the broker's table; 1 and up: that level; negative: dead letter at once. */
      readonly delayLevel: number
      readonly maxReconsumeTimes: number
    }
  ) => Effect.Effect<void, BrokerError>
  /**
   * END_TRANSACTION to the broker that stored the half message, acknowledged by it: when this succeeds, what was
   * committed is stored. A broker has no answer to `Unknown`, which is therefore only handed to the connection.
   * Committing twice delivers twice.
   */
  readonly endTransaction: (
    address: string,
    request: EndTransactionRequest,
    timeout?: number
  ) => Effect.Effect<void, BrokerError>
  /**
   * RECALL_MESSAGE to the broker that holds a timer message: it will not be delivered. Gives its unique key. The broker
   * checks the handle and not whether it holds the message, so that recalling twice succeeds twice. In the last second
   * before its time a message can no more be recalled (InvalidParameterError). Brokers of 5.3.2 and later refuse all of it
   * unless recallMessageEnable=true (PermissionDeniedError), older ones do not know it (RequestNotSupportedError).
   */
  readonly recallMessage: (
    address: string,
    request: {
      readonly group: string
      readonly topic: string
      readonly brokerName: string
      /** Out of the answer to the send. */
      readonly recallHandle: string
    },
    timeout?: number
  ) => Effect.Effect<string, BrokerError>
  /** The version that a broker gives in all its answers, see MqVersion. Asked for by an empty heartbeat. */
  readonly version: (address: string) => Effect.Effect<number, BrokerError>
  /** LOCK_BATCH_MQ: those of the queues that this client now holds. */
  readonly lockQueues: (
    address: string,
    clientId: string,
    group: string,
    queues: ReadonlyArray<MessageQueue>
  ) => Effect.Effect<ReadonlyArray<MessageQueue>, BrokerError>
  readonly unlockQueues: (
    address: string,
    clientId: string,
    group: string,
    queues: ReadonlyArray<MessageQueue>
  ) => Effect.Effect<void, BrokerError>
  readonly createTopic: (address: string, config: TopicConfig) => Effect.Effect<void, BrokerError>
  readonly deleteTopic: (address: string, topic: string) => Effect.Effect<void, BrokerError>
  readonly topicConfig: (address: string, topic: string) => Effect.Effect<TopicConfig, BrokerError>
  readonly topicStats: (address: string, topic: string) => Effect.Effect<TopicStats, BrokerError>
  readonly createGroup: (address: string, config: SubscriptionGroupConfig) => Effect.Effect<void, BrokerError>
  readonly deleteGroup: (address: string, group: string, cleanOffset: boolean) => Effect.Effect<void, BrokerError>
  readonly consumeStats: (address: string, group: string, topic?: string) => Effect.Effect<ConsumeStats, BrokerError>
  /** INVOKE_BROKER_TO_RESET_OFFSET for one queue (`queueId`) or all, to a time in milliseconds or to an offset. */
  readonly resetOffset: (
    address: string,
    request: {
      readonly group: string
      readonly topic: string
      readonly to: { readonly timestamp: number } | { readonly queueId: number; readonly offset: bigint }
      readonly force: boolean
    }
  ) => Effect.Effect<ReadonlyArray<readonly [MessageQueue, bigint]>, BrokerError>
}>() {}

/**
 * The requests over {@link Remoting}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Broker["Type"], never, Remoting> = internal.make

/**
 * The requests over {@link Remoting}, as a service. Fresh wherever it is provided, so that in a program of several clients
 * each has that over its own connections.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Broker, never, Remoting> = Layer.fresh(Layer.effect(Broker, make))

/**
 * The error that a response code other than SUCCESS stands for: the one place where codes and remarks are judged. For
 * whoever uses `request`, whose answers come as they are.
 *
 * `bodySize` is the number of bytes that the request's body had: it tells a message that is too large from one that is
 * illegal, for which brokers have one code.
 *
 * @since 0.1.0
 * @category combinators
 */
export const errorOf: (answer: Answer, bodySize?: number) => BrokerAnswerError = responseTable.errorOf
