/**
 * How a consumer is: the answer to GET_CONSUMER_RUNNING_INFO.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumerRunningInfo as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { SubscriptionData } from "./SubscriptionData.js"

/**
 * A queue that is pulled.
 * @since 0.1.0
 * @category models
 */
export interface ProcessQueueInfo {
  readonly cachedMsgCount: number
  readonly cachedMsgMaxOffset: bigint
  readonly cachedMsgMinOffset: bigint
  readonly cachedMsgSizeInMiB: number
  readonly commitOffset: bigint
  readonly dropped: boolean
  readonly lastConsumeTimestamp: number
  readonly lastLockTimestamp: number
  readonly lastPullTimestamp: number
  readonly locked: boolean
  readonly transactionMsgCount: number
  readonly transactionMsgMaxOffset: bigint
  readonly transactionMsgMinOffset: bigint
  readonly tryUnlockTimes: number
}

/**
 * A queue that is popped.
 * @since 0.1.0
 * @category models
 */
export interface PopProcessQueueInfo {
  readonly dropped: boolean
  readonly lastPopTimestamp: number
  readonly waitAckCount: number
}

/**
 * Rates of a topic: messages a second, and mean times in milliseconds.
 * @since 0.1.0
 * @category models
 */
export interface ConsumeStatus {
  readonly consumeFailedMsgs: number
  readonly consumeFailedTPS: number
  readonly consumeOKTPS: number
  readonly consumeRT: number
  readonly pullRT: number
  readonly pullTPS: number
}

/**
 * How a consumer is. mqadmin needs the properties PROP_NAMESERVER_ADDR, PROP_THREADPOOL_CORE_SIZE,
 * PROP_CONSUMEORDERLY, PROP_CONSUME_TYPE, PROP_CLIENT_VERSION and PROP_CONSUMER_START_TIMESTAMP.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerRunningInfo {
  readonly jstack?: string | undefined
  readonly mqPopTable: ReadonlyArray<readonly [queue: MessageQueue, value: PopProcessQueueInfo]>
  readonly mqTable: ReadonlyArray<readonly [queue: MessageQueue, value: ProcessQueueInfo]>
  readonly properties: Readonly<Record<string, string>>
  /** By topic. */
  readonly statusTable: ReadonlyMap<string, ConsumeStatus>
  readonly subscriptionSet: ReadonlyArray<SubscriptionData>
  readonly userConsumerInfo: Readonly<Record<string, string>>
}

const self = body("ConsumerRunningInfo", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumerRunningInfo): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumerRunningInfo, DeserializationError> =>
  self.decode(bytes)
