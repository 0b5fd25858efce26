/**
 * All committed offsets of a broker: the answer to GET_ALL_CONSUMER_OFFSET.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { DataVersion } from "./DataVersion.js"
import { consumerOffsets as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Offsets by `topic@group` and queue id.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerOffsets {
  readonly dataVersion?: DataVersion | undefined
  readonly offsetTable: ReadonlyMap<string, ReadonlyMap<number, bigint>>
  readonly pullOffsetTable?: ReadonlyMap<string, ReadonlyMap<number, bigint>> | undefined
}

const self = body("ConsumerOffsets", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumerOffsets): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumerOffsets, DeserializationError> => self.decode(bytes)
