/**
 * Who consumes in a group: the answer to GET_CONSUMER_CONNECTION_LIST.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type * as HeartbeatData from "./HeartbeatData.js"
import { consumerConnection as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { SubscriptionData } from "./SubscriptionData.js"

/**
 * A client.
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  readonly clientAddr: string
  readonly clientId: string
  /** Java's name, see `LanguageCode`. */
  readonly language: string
  /** See `MqVersion`. */
  readonly version: number
}

/**
 * The clients of a consumer group.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerConnection {
  readonly connectionSet: ReadonlyArray<Connection>
  readonly consumeFromWhere: HeartbeatData.ConsumeFromWhere
  readonly consumeType: HeartbeatData.ConsumeType
  readonly messageModel: HeartbeatData.MessageModel
  /** By topic. */
  readonly subscriptionTable: ReadonlyMap<string, SubscriptionData>
}

const self = body("ConsumerConnection", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumerConnection): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumerConnection, DeserializationError> => self.decode(bytes)
