/**
 * What brokers tell of lite topics: the answers to GET_BROKER_LITE_INFO and its siblings.
 * @since 0.1.0
 */
import type { Body } from "./Body.js"
import type * as ConsumeStats from "./ConsumeStats.js"
import { liteInfoOfBroker, liteInfoOfGroup, ofClient, ofParentTopic, ofTopic } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type * as TopicStats from "./TopicStats.js"

/**
 * The answer to GET_BROKER_LITE_INFO.
 * @since 0.1.0
 * @category models
 */
export interface OfBroker {
  readonly cqTableSize: number
  readonly currentLmqNum: number
  readonly eventMapSize: number
  /** Topics by group. */
  readonly groupMeta: ReadonlyMap<string, ReadonlyArray<string>>
  readonly liteSubscriptionCount: number
  readonly maxLmqNum: number
  readonly offsetTableSize: number
  readonly orderInfoCount: number
  readonly storeType?: string | undefined
  /** Time to live in minutes by topic. */
  readonly topicMeta: ReadonlyMap<string, number>
}

/**
 * The answer to GET_PARENT_TOPIC_INFO.
 * @since 0.1.0
 * @category models
 */
export interface OfParentTopic {
  readonly groups: ReadonlyArray<string>
  readonly liteTopicCount: number
  readonly lmqNum: number
  readonly topic?: string | undefined
  /** In minutes. */
  readonly ttl: number
}

/**
 * A client that is subscribed to a lite topic.
 * @since 0.1.0
 * @category models
 */
export interface Subscriber {
  readonly clientId?: string | undefined
  readonly group?: string | undefined
}

/**
 * The answer to GET_LITE_TOPIC_INFO.
 * @since 0.1.0
 * @category models
 */
export interface OfTopic {
  readonly liteTopic?: string | undefined
  readonly parentTopic?: string | undefined
  readonly shardingToBroker: boolean
  readonly subscriber: ReadonlyArray<Subscriber>
  readonly topicOffset?: TopicStats.TopicOffset | undefined
}

/**
 * The answer to GET_LITE_CLIENT_INFO.
 * @since 0.1.0
 * @category models
 */
export interface OfClient {
  readonly clientId?: string | undefined
  readonly group?: string | undefined
  readonly lastAccessTime: number
  readonly lastConsumeTime: number
  readonly liteTopicCount: number
  readonly liteTopicSet: ReadonlyArray<string>
  readonly parentTopic?: string | undefined
}

/**
 * How far a lite topic is behind.
 * @since 0.1.0
 * @category models
 */
export interface Lag {
  readonly earliestUnconsumedTimestamp: number
  readonly lagCount: number
  readonly liteTopic?: string | undefined
}

/**
 * The answer to GET_LITE_GROUP_INFO.
 * @since 0.1.0
 * @category models
 */
export interface OfGroup {
  readonly earliestUnconsumedTimestamp: number
  readonly group?: string | undefined
  readonly lagCountTopK: ReadonlyArray<Lag>
  readonly lagTimestampTopK: ReadonlyArray<Lag>
  readonly liteTopic?: string | undefined
  readonly liteTopicOffsetWrapper?: ConsumeStats.QueueProgress | undefined
  readonly parentTopic?: string | undefined
  readonly totalLagCount: number
}

/**
 * The answer to GET_BROKER_LITE_INFO.
 * @since 0.1.0
 * @category codecs
 */
export const OfBroker: Body<OfBroker> = body("LiteInfo.OfBroker", liteInfoOfBroker)

/**
 * The answer to GET_PARENT_TOPIC_INFO.
 * @since 0.1.0
 * @category codecs
 */
export const OfParentTopic: Body<OfParentTopic> = body("LiteInfo.OfParentTopic", ofParentTopic)

/**
 * The answer to GET_LITE_TOPIC_INFO.
 * @since 0.1.0
 * @category codecs
 */
export const OfTopic: Body<OfTopic> = body("LiteInfo.OfTopic", ofTopic)

/**
 * The answer to GET_LITE_CLIENT_INFO.
 * @since 0.1.0
 * @category codecs
 */
export const OfClient: Body<OfClient> = body("LiteInfo.OfClient", ofClient)

/**
 * The answer to GET_LITE_GROUP_INFO.
 * @since 0.1.0
 * @category codecs
 */
export const OfGroup: Body<OfGroup> = body("LiteInfo.OfGroup", liteInfoOfGroup)
