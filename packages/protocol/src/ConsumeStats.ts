/**
 * The progress of a group: the answer to GET_CONSUME_STATS. An unknown group has an empty table.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { consumeStats as codec, consumeStatsOfBroker } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * How far a group is in a queue.
 * @since 0.1.0
 * @category models
 */
export interface QueueProgress {
  /** The end of the queue. */
  readonly brokerOffset: bigint
  /** What is committed. The lag is the difference. */
  readonly consumerOffset: bigint
  /** Store time of the last consumed message. */
  readonly lastTimestamp: number
  readonly pullOffset: bigint
}

/**
 * By queue.
 * @since 0.1.0
 * @category models
 */
export interface ConsumeStats {
  readonly consumeTps: number
  readonly offsetTable: ReadonlyArray<readonly [queue: MessageQueue, value: QueueProgress]>
}

/**
 * The answer to GET_BROKER_CONSUME_STATS: for each group the progress by topic.
 * @since 0.1.0
 * @category models
 */
export interface OfBroker {
  readonly brokerAddr?: string | undefined
  readonly consumeStatsList: ReadonlyArray<ReadonlyMap<string, ReadonlyArray<ConsumeStats>>>
  readonly totalDiff: bigint
  readonly totalInflightDiff: bigint
}

const self = body("ConsumeStats", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumeStats): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumeStats, DeserializationError> => self.decode(bytes)

/**
 * The answer to GET_BROKER_CONSUME_STATS: for each group the progress by topic.
 * @since 0.1.0
 * @category codecs
 */
export const OfBroker: Body<OfBroker> = body("ConsumeStats.OfBroker", consumeStatsOfBroker)
