/**
 * Where the queues of a topic are: the answer to GET_ROUTEINFO_BY_TOPIC.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { topicRouteData as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * The queues of a topic on one broker.
 * @since 0.1.0
 * @category models
 */
export interface QueueData {
  readonly brokerName: string
  /** Bits of `Permission`. */
  readonly perm: number
  readonly readQueueNums: number
  readonly topicSysFlag: number
  readonly writeQueueNums: number
}

/**
 * A broker: its master and slaves.
 * @since 0.1.0
 * @category models
 */
export interface BrokerData {
  /** `host:port` by broker id; 0 is the master. */
  readonly brokerAddrs: ReadonlyMap<number, string>
  readonly brokerName: string
  readonly cluster: string
  readonly enableActingMaster: boolean
  readonly zoneName?: string | undefined
}

/**
 * The logical queues of a static topic on one broker.
 * @since 0.1.0
 * @category models
 */
export interface TopicQueueMappingInfo {
  /** The hosting broker. */
  readonly bname?: string | undefined
  /** Id of the physical queue by id of the logical queue. */
  readonly currIdMap: ReadonlyMap<number, number>
  readonly dirty: boolean
  readonly epoch: number
  readonly scope?: string | undefined
  readonly topic?: string | undefined
  readonly totalQueues: number
}

/**
 * The route of a topic.
 * @since 0.1.0
 * @category models
 */
export interface TopicRouteData {
  readonly brokerDatas: ReadonlyArray<BrokerData>
  readonly filterServerTable: ReadonlyMap<string, ReadonlyArray<string>>
  /** `broker:count;…`; when not empty it alone defines the queues that are written to. */
  readonly orderTopicConf?: string | undefined
  readonly queueDatas: ReadonlyArray<QueueData>
  /** Static topics only. */
  readonly topicQueueMappingByBroker?: ReadonlyMap<string, TopicQueueMappingInfo> | undefined
}

const self = body("TopicRouteData", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TopicRouteData): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TopicRouteData, DeserializationError> => self.decode(bytes)
