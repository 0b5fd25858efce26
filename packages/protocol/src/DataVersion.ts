/**
 * The version of a table of a broker: it changes with the table.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { dataVersion as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A version. Two are the same when all three are.
 * @since 0.1.0
 * @category models
 */
export interface DataVersion {
  readonly counter: number
  readonly stateVersion: number
  readonly timestamp: number
}

const self = body("DataVersion", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: DataVersion): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<DataVersion, DeserializationError> => self.decode(bytes)

/**
 * As it travels in header fields: JSON text.
 * @since 0.1.0
 * @category combinators
 */
export const toText = (self: DataVersion): string => new TextDecoder().decode(encode(self))

/**
 * From the text of a header field.
 * @since 0.1.0
 * @category combinators
 */
export const fromText = (text: string): Either.Either<DataVersion, DeserializationError> =>
  decode(new TextEncoder().encode(text))
