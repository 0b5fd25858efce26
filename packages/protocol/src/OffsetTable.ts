/**
 * Offsets by queue: the body of RESET_CONSUMER_CLIENT_OFFSET, the answer to INVOKE_BROKER_TO_RESET_OFFSET.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { offsetTable as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Offsets by queue.
 * @since 0.1.0
 * @category models
 */
export interface OffsetTable {
  readonly offsetTable: ReadonlyArray<readonly [queue: MessageQueue, offset: bigint]>
}

const self = body("OffsetTable", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: OffsetTable): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<OffsetTable, DeserializationError> => self.decode(bytes)
