/**
 * The times that a group has consumed: the answer to QUERY_CONSUME_TIME_SPAN.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumeTimeSpan as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Store times of a queue, in milliseconds.
 * @since 0.1.0
 * @category models
 */
export interface QueueTimeSpan {
  readonly consumeTimeStamp: number
  readonly delayTime: number
  readonly maxTimeStamp: number
  readonly messageQueue: MessageQueue
  readonly minTimeStamp: number
}

/**
 * For each queue.
 * @since 0.1.0
 * @category models
 */
export interface ConsumeTimeSpan {
  readonly consumeTimeSpanSet: ReadonlyArray<QueueTimeSpan>
}

const self = body("ConsumeTimeSpan", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumeTimeSpan): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumeTimeSpan, DeserializationError> => self.decode(bytes)
