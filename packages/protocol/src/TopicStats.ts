/**
 * The offsets of a topic: the answer to GET_TOPIC_STATS_INFO.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { topicStats as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Start and end of a queue.
 * @since 0.1.0
 * @category models
 */
export interface TopicOffset {
  /** Of the last message, in milliseconds; 0 when there is none. */
  readonly lastUpdateTimestamp: number
  readonly maxOffset: bigint
  readonly minOffset: bigint
}

/**
 * By queue.
 * @since 0.1.0
 * @category models
 */
export interface TopicStats {
  readonly offsetTable: ReadonlyArray<readonly [queue: MessageQueue, value: TopicOffset]>
  readonly topicPutTps: number
}

const self = body("TopicStats", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TopicStats): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TopicStats, DeserializationError> => self.decode(bytes)
