/**
 * Entries of a consume queue: the answer to QUERY_CONSUME_QUEUE.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumeQueue as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { SubscriptionData } from "./SubscriptionData.js"

/**
 * Where a message lies in the commit log.
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly bitMap?: string | undefined
  /** Does the message match the subscription? */
  readonly eval: boolean
  readonly extendDataJson?: string | undefined
  readonly msg?: string | undefined
  readonly physicOffset: bigint
  readonly physicSize: number
  readonly tagsCode: bigint
}

/**
 * Entries from an index on.
 * @since 0.1.0
 * @category models
 */
export interface ConsumeQueue {
  readonly filterData?: string | undefined
  readonly maxQueueIndex: bigint
  readonly minQueueIndex: bigint
  readonly queueData: ReadonlyArray<Entry>
  readonly subscriptionData?: SubscriptionData | undefined
}

const self = body("ConsumeQueue", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumeQueue): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumeQueue, DeserializationError> => self.decode(bytes)
