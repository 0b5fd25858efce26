/**
 * Locks of queues: the body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ, and the answer.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { lockBatch as codec, locked } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Queues that a client wants to lock, or to give up. A lock lives 60 seconds on the broker.
 * @since 0.1.0
 * @category models
 */
export interface LockBatch {
  readonly clientId: string
  readonly consumerGroup: string
  readonly mqSet: ReadonlyArray<MessageQueue>
  readonly onlyThisBroker: boolean
}

/**
 * The answer to LOCK_BATCH_MQ: the asked queues that this client holds now.
 * @since 0.1.0
 * @category models
 */
export interface Locked {
  readonly lockOKMQSet: ReadonlyArray<MessageQueue>
}

const self = body("LockBatch", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: LockBatch): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<LockBatch, DeserializationError> => self.decode(bytes)

/**
 * The answer to LOCK_BATCH_MQ: the asked queues that this client holds now.
 * @since 0.1.0
 * @category codecs
 */
export const Locked: Body<Locked> = body("LockBatch.Locked", locked)
