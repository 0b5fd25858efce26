/**
 * The queues of a static topic on one broker: the body of UPDATE_AND_CREATE_STATIC_TOPIC.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { topicQueueMappingDetail as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A part of a logical queue that lies in one physical queue. -1 is open.
 * @since 0.1.0
 * @category models
 */
export interface LogicQueueMappingItem {
  readonly bname: string
  readonly endOffset: bigint
  readonly gen: number
  readonly logicOffset: bigint
  readonly queueId: number
  readonly startOffset: bigint
  readonly timeOfEnd: number
  readonly timeOfStart: number
}

/**
 * The mapping of a static topic.
 * @since 0.1.0
 * @category models
 */
export interface TopicQueueMappingDetail {
  readonly bname?: string | undefined
  readonly currIdMap: ReadonlyMap<number, number>
  readonly dirty: boolean
  readonly epoch: number
  /** By id of the logical queue. */
  readonly hostedQueues: ReadonlyMap<number, ReadonlyArray<LogicQueueMappingItem>>
  readonly scope?: string | undefined
  readonly topic?: string | undefined
  readonly totalQueues: number
}

const self = body("StaticTopic", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TopicQueueMappingDetail): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TopicQueueMappingDetail, DeserializationError> =>
  self.decode(bytes)
