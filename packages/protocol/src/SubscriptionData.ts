/**
 * What a group wants of a topic, as it stands in heartbeats.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { subscriptionData as codec, subscriptionDataOfGroup } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A subscription to a topic.
 * @since 0.1.0
 * @category models
 */
export interface SubscriptionData {
  readonly classFilterMode: boolean
  /** Java hash codes of the tags. Brokers filter by these, not by `subString`. */
  readonly codeSet: ReadonlyArray<number>
  /** `TAG` or `SQL92`. */
  readonly expressionType: string
  readonly filterClassSource?: string | undefined
  /** The expression: `*`, `TagA || TagB`, or SQL92. */
  readonly subString: string
  /** Grows with each change: milliseconds from Java, nanoseconds from Go and Python. */
  readonly subVersion: bigint
  readonly tagsSet: ReadonlyArray<string>
  readonly topic: string
}

/**
 * The answer to QUERY_SUBSCRIPTION_BY_CONSUMER.
 * @since 0.1.0
 * @category models
 */
export interface OfGroup {
  readonly group?: string | undefined
  readonly subscriptionData?: SubscriptionData | undefined
  readonly topic?: string | undefined
}

const self = body("SubscriptionData", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: SubscriptionData): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<SubscriptionData, DeserializationError> => self.decode(bytes)

/**
 * The answer to QUERY_SUBSCRIPTION_BY_CONSUMER.
 * @since 0.1.0
 * @category codecs
 */
export const OfGroup: Body<OfGroup> = body("SubscriptionData.OfGroup", subscriptionDataOfGroup)
