/**
 * Offsets by queue id: the answer to QUERY_CORRECTION_OFFSET.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { correctionOffsets as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Offsets by queue id.
 * @since 0.1.0
 * @category models
 */
export interface CorrectionOffsets {
  readonly correctionOffsets: ReadonlyMap<number, bigint>
}

const self = body("CorrectionOffsets", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: CorrectionOffsets): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<CorrectionOffsets, DeserializationError> => self.decode(bytes)
