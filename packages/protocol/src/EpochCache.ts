/**
 * The epochs of a broker: the answer to GET_BROKER_EPOCH_CACHE.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { epochCache as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A time of one master, from one offset to another.
 * @since 0.1.0
 * @category models
 */
export interface Epoch {
  readonly endOffset: bigint
  readonly epoch: number
  readonly startOffset: bigint
}

/**
 * The epochs of a broker.
 * @since 0.1.0
 * @category models
 */
export interface EpochCache {
  readonly brokerId: number
  readonly brokerName?: string | undefined
  readonly clusterName?: string | undefined
  readonly epochList: ReadonlyArray<Epoch>
  readonly maxOffset: bigint
}

const self = body("EpochCache", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: EpochCache): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<EpochCache, DeserializationError> => self.decode(bytes)
