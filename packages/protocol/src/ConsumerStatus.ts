/**
 * The offsets that consumers hold: the answer to GET_CONSUMER_STATUS_FROM_CLIENT and
 * INVOKE_BROKER_TO_GET_CONSUMER_STATUS.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumerStatus as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Offsets by queue; a client fills `messageQueueTable`, a broker `consumerTable`.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerStatus {
  /** By client id. */
  readonly consumerTable: ReadonlyMap<string, ReadonlyArray<readonly [queue: MessageQueue, value: bigint]>>
  readonly messageQueueTable: ReadonlyArray<readonly [queue: MessageQueue, value: bigint]>
}

const self = body("ConsumerStatus", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumerStatus): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumerStatus, DeserializationError> => self.decode(bytes)
