/**
 * The progress of the delay levels: the answer to GET_ALL_DELAY_OFFSET.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { DataVersion } from "./DataVersion.js"
import { delayOffsets as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Offsets by delay level.
 * @since 0.1.0
 * @category models
 */
export interface DelayOffsets {
  readonly dataVersion?: DataVersion | undefined
  readonly offsetTable: ReadonlyMap<number, bigint>
}

const self = body("DelayOffsets", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: DelayOffsets): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<DelayOffsets, DeserializationError> => self.decode(bytes)
