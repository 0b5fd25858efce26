/**
 * Replicas in sync: body of controller requests.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { syncStateSet as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Broker ids of the replicas in sync.
 * @since 0.1.0
 * @category models
 */
export interface SyncStateSet {
  readonly syncStateSet: ReadonlyArray<number>
  readonly syncStateSetEpoch: number
}

const self = body("SyncStateSet", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: SyncStateSet): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<SyncStateSet, DeserializationError> => self.decode(bytes)
