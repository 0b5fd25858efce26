/**
 * How many timer messages wait: the answer to GET_TIMER_METRICS.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { DataVersion } from "./DataVersion.js"
import { timerMetrics as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Messages of a topic.
 * @since 0.1.0
 * @category models
 */
export interface Metric {
  readonly count: number
  readonly timeStamp: number
}

/**
 * By topic.
 * @since 0.1.0
 * @category models
 */
export interface TimerMetrics {
  readonly dataVersion?: DataVersion | undefined
  readonly timingCount: ReadonlyMap<string, Metric>
}

const self = body("TimerMetrics", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TimerMetrics): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TimerMetrics, DeserializationError> => self.decode(bytes)
