/**
 * One statistics item: the answer to VIEW_BROKER_STATS_DATA.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { brokerStats as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * What was counted in a span of time.
 * @since 0.1.0
 * @category models
 */
export interface Item {
  readonly avgpt: number
  readonly sum: bigint
  readonly tps: number
}

/**
 * The last minute, hour and day.
 * @since 0.1.0
 * @category models
 */
export interface BrokerStats {
  readonly statsDay?: Item | undefined
  readonly statsHour?: Item | undefined
  readonly statsMinute?: Item | undefined
}

const self = body("BrokerStats", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: BrokerStats): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<BrokerStats, DeserializationError> => self.decode(bytes)
