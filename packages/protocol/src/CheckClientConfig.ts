/**
 * The body of CHECK_CLIENT_CONFIG: a subscription whose SQL92 expression the broker is to check.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { checkClientConfig as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { SubscriptionData } from "./SubscriptionData.js"

/**
 * What is to be checked.
 * @since 0.1.0
 * @category models
 */
export interface CheckClientConfig {
  readonly clientId: string
  readonly group: string
  readonly namespace?: string | undefined
  readonly subscriptionData: SubscriptionData
}

const self = body("CheckClientConfig", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: CheckClientConfig): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<CheckClientConfig, DeserializationError> => self.decode(bytes)
