/**
 * Acknowledgement of many popped messages: the body of BATCH_ACK_MESSAGE.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { batchAck as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Messages of one queue, popped at once.
 * @since 0.1.0
 * @category models
 */
export interface Ack {
  /** Bit i set: the message at `startOffset` + i. See `bitSet`. */
  readonly offsets: Uint8Array
  readonly consumerGroup: string
  readonly invisibleTime: number
  readonly popTime: number
  readonly queueId: number
  /** `0` normal topic, `1` or `2` retry topic. */
  readonly retry: string
  readonly reviveQueueId: number
  readonly startOffset: bigint
  readonly topic: string
}

/**
 * Acknowledgements for one broker.
 * @since 0.1.0
 * @category models
 */
export interface BatchAck {
  readonly acks: ReadonlyArray<Ack>
  readonly brokerName?: string | undefined
}

const self = body("BatchAck", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: BatchAck): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<BatchAck, DeserializationError> => self.decode(bytes)

/**
 * The bits of these distances from `startOffset`, as `offsets` wants them.
 * @since 0.1.0
 * @category combinators
 */
export const bitSet = (distances: Iterable<number>): Uint8Array => {
  const all = Array.from(distances)
  const bits = new Uint8Array(all.reduce((size, one) => Math.max(size, (one >> 3) + 1), 0))
  for (const one of all) bits[one >> 3]! |= 1 << (one & 7)
  return bits
}

/**
 * The distances from `startOffset` whose bits are set, ascending.
 * @since 0.1.0
 * @category combinators
 */
export const distances = (bits: Uint8Array): ReadonlyArray<number> => {
  const out: Array<number> = []
  for (let i = 0; i < bits.length * 8; i++) if ((bits[i >> 3]! & 1 << (i & 7)) !== 0) out.push(i)
  return out
}
