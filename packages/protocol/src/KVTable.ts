/**
 * Names and values: the answer to GET_BROKER_RUNTIME_INFO and GET_KVLIST_BY_NAMESPACE.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { kVTable as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Names and values.
 * @since 0.1.0
 * @category models
 */
export interface KVTable {
  readonly table: Readonly<Record<string, string>>
}

const self = body("KVTable", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: KVTable): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<KVTable, DeserializationError> => self.decode(bytes)
