/**
 * The config of a topic: the answer to GET_TOPIC_CONFIG.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import type { DataVersion } from "./DataVersion.js"
import { topicConfig as codec, topicConfigList, topicConfigTable } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type * as StaticTopic from "./StaticTopic.js"
import type * as TopicRouteData from "./TopicRouteData.js"

/**
 * The config of a topic.
 * @since 0.1.0
 * @category models
 */
export interface TopicConfig {
  /** Without the `+` that changes carry. */
  readonly attributes: Readonly<Record<string, string>>
  /** Static topics only. */
  readonly mappingDetail?: StaticTopic.TopicQueueMappingDetail | undefined
  readonly order: boolean
  /** Bits of `Permission`. */
  readonly perm: number
  readonly readQueueNums: number
  readonly topicFilterType: "SINGLE_TAG" | "MULTI_TAG"
  readonly topicName: string
  readonly topicSysFlag: number
  readonly writeQueueNums: number
}

/**
 * The body of UPDATE_AND_CREATE_TOPIC_LIST.
 * @since 0.1.0
 * @category models
 */
export interface List {
  readonly topicConfigList: ReadonlyArray<TopicConfig>
}

/**
 * The answer to GET_ALL_TOPIC_CONFIG: configs by topic.
 * @since 0.1.0
 * @category models
 */
export interface Table {
  readonly dataVersion?: DataVersion | undefined
  readonly mappingDataVersion?: DataVersion | undefined
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>
  readonly topicQueueMappingDetailMap?: ReadonlyMap<string, StaticTopic.TopicQueueMappingDetail> | undefined
  readonly topicQueueMappingInfoMap?: ReadonlyMap<string, TopicRouteData.TopicQueueMappingInfo> | undefined
}

const self = body("TopicConfig", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TopicConfig): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TopicConfig, DeserializationError> => self.decode(bytes)

/**
 * The body of UPDATE_AND_CREATE_TOPIC_LIST.
 * @since 0.1.0
 * @category codecs
 */
export const List: Body<List> = body("TopicConfig.List", topicConfigList)

/**
 * The answer to GET_ALL_TOPIC_CONFIG: configs by topic.
 * @since 0.1.0
 * @category codecs
 */
export const Table: Body<Table> = body("TopicConfig.Table", topicConfigTable)
