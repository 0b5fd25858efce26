/**
 * The config of a consumer group: the answer to GET_SUBSCRIPTIONGROUP_CONFIG.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import type { DataVersion } from "./DataVersion.js"
import {
  subscriptionGroupConfig as codec,
  subscriptionGroupConfigList,
  subscriptionGroupConfigTable
} from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Delays that grow: `initial` times `multiplier` to the number of the retry, at most `max`; in milliseconds.
 * @since 0.1.0
 * @category models
 */
export interface ExponentialRetryPolicy {
  readonly initial: number
  readonly max: number
  readonly multiplier: number
}

/**
 * Delays of the retries in milliseconds.
 * @since 0.1.0
 * @category models
 */
export interface CustomizedRetryPolicy {
  readonly next: ReadonlyArray<number>
}

/**
 * When a message is delivered again.
 * @since 0.1.0
 * @category models
 */
export interface GroupRetryPolicy {
  readonly customizedRetryPolicy?: CustomizedRetryPolicy | undefined
  readonly exponentialRetryPolicy?: ExponentialRetryPolicy | undefined
  readonly type: "CUSTOMIZED" | "EXPONENTIAL"
}

/**
 * A subscription that is fixed in the config.
 * @since 0.1.0
 * @category models
 */
export interface SimpleSubscription {
  readonly expression?: string | undefined
  readonly expressionType?: string | undefined
  readonly topic: string
  readonly version: bigint
}

/**
 * The config of a group.
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionGroupConfig {
  readonly attributes: Readonly<Record<string, string>>
  readonly brokerId: number
  readonly consumeBroadcastEnable: boolean
  readonly consumeEnable: boolean
  readonly consumeFromMinEnable: boolean
  readonly consumeMessageOrderly: boolean
  readonly consumeTimeoutMinute: number
  readonly groupName: string
  readonly groupRetryPolicy?: GroupRetryPolicy | undefined
  readonly groupSysFlag: number
  readonly notifyConsumerIdsChangedEnable: boolean
  /** Deliveries after the first, before a message goes to the dead letters. */
  readonly retryMaxTimes: number
  readonly retryQueueNums: number
  readonly subscriptionDataSet?: ReadonlyArray<SimpleSubscription> | undefined
  readonly whichBrokerWhenConsumeSlowly: number
}

/**
 * The body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST.
 * @since 0.1.0
 * @category models
 */
export interface List {
  readonly groupConfigList: ReadonlyArray<SubscriptionGroupConfig>
}

/**
 * The answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG: configs by group.
 * @since 0.1.0
 * @category models
 */
export interface Table {
  readonly dataVersion?: DataVersion | undefined
  /** Permission by group and topic. */
  readonly forbiddenTable: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>
}

const self = body("SubscriptionGroupConfig", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: SubscriptionGroupConfig): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<SubscriptionGroupConfig, DeserializationError> =>
  self.decode(bytes)

/**
 * The body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST.
 * @since 0.1.0
 * @category codecs
 */
export const List: Body<List> = body("SubscriptionGroupConfig.List", subscriptionGroupConfigList)

/**
 * The answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG: configs by group.
 * @since 0.1.0
 * @category codecs
 */
export const Table: Body<Table> = body("SubscriptionGroupConfig.Table", subscriptionGroupConfigTable)
