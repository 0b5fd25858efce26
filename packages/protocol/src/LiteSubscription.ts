/**
 * Changes of lite subscriptions: the body of LITE_SUBSCRIPTION_CTL.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { liteSubscription as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Add or remove some lite topics, or replace or drop them all.
 * @since 0.1.0
 * @category models
 */
export type Action = "PARTIAL_ADD" | "PARTIAL_REMOVE" | "COMPLETE_ADD" | "COMPLETE_REMOVE"

/**
 * What the value of an `OffsetOption` means.
 * @since 0.1.0
 * @category models
 */
export type OffsetOptionType = "POLICY" | "OFFSET" | "TAIL_N" | "TIMESTAMP"

/**
 * Where a new lite subscription starts.
 * @since 0.1.0
 * @category models
 */
export interface OffsetOption {
  readonly type: OffsetOptionType
  readonly value: number
}

/**
 * One change of a client.
 * @since 0.1.0
 * @category models
 */
export interface Change {
  readonly action: Action
  readonly clientId: string
  readonly group: string
  readonly liteTopicSet: ReadonlyArray<string>
  readonly offsetOption?: OffsetOption | undefined
  readonly topic: string
  readonly version: number
}

/**
 * Changes, made together.
 * @since 0.1.0
 * @category models
 */
export interface LiteSubscription {
  readonly subscriptionSet: ReadonlyArray<Change>
}

const self = body("LiteSubscription", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: LiteSubscription): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<LiteSubscription, DeserializationError> => self.decode(bytes)
