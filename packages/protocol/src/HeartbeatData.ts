/**
 * What a client tells brokers of itself: the body of HEART_BEAT.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { heartbeatData as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import { hashCode } from "./JavaHash.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { SubscriptionData } from "./SubscriptionData.js"

/**
 * How a group gets its messages: by pulling when it likes, by a push consumer's loop, or by pop.
 * @since 0.1.0
 * @category models
 */
export type ConsumeType = "CONSUME_ACTIVELY" | "CONSUME_PASSIVELY" | "CONSUME_POP"

/**
 * Who gets a message: each member, one member of the group, or by lite subscription.
 * @since 0.1.0
 * @category models
 */
export type MessageModel = "BROADCASTING" | "CLUSTERING" | "LITE_SELECTIVE"

/**
 * Where a group starts in a queue in which it has no offset. Three of the names are deprecated, but may be received.
 * @since 0.1.0
 * @category models
 */
export type ConsumeFromWhere =
  | "CONSUME_FROM_LAST_OFFSET"
  | "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST"
  | "CONSUME_FROM_MIN_OFFSET"
  | "CONSUME_FROM_MAX_OFFSET"
  | "CONSUME_FROM_FIRST_OFFSET"
  | "CONSUME_FROM_TIMESTAMP"

/**
 * A producer group of the client.
 * @since 0.1.0
 * @category models
 */
export interface ProducerData {
  readonly groupName: string
}

/**
 * A consumer group of the client.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerData {
  readonly consumeFromWhere: ConsumeFromWhere
  readonly consumeType: ConsumeType
  readonly groupName: string
  readonly messageModel: MessageModel
  readonly subscriptionDataSet: ReadonlyArray<SubscriptionData>
  readonly unitMode: boolean
}

/**
 * A heartbeat.
 * @since 0.1.0
 * @category models
 */
export interface HeartbeatData {
  readonly clientID: string
  readonly consumerDataSet: ReadonlyArray<ConsumerData>
  /** Not 0: heartbeat version 2, see `fingerprint`. */
  readonly heartbeatFingerprint: number
  readonly producerDataSet: ReadonlyArray<ProducerData>
  /** The subscriptions are left out, since the broker knows the fingerprint. */
  readonly withoutSub: boolean
}

const self = body("HeartbeatData", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: HeartbeatData): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<HeartbeatData, DeserializationError> => self.decode(bytes)

/**
 * The fingerprint by which a broker recognises a heartbeat that says what the one before said (heartbeat version 2).
 * @since 0.1.0
 * @category combinators
 */
export const fingerprint = (self: HeartbeatData): number =>
  hashCode(new TextDecoder().decode(encode({
    ...self,
    clientID: "",
    heartbeatFingerprint: 0,
    withoutSub: false,
    consumerDataSet: self.consumerDataSet.map((group) => ({
      ...group,
      subscriptionDataSet: group.subscriptionDataSet.map((one) => ({ ...one, subVersion: 0n }))
    }))
  })))
