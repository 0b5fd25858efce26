/**
 * What a consumer did with a message given to it: the answer to CONSUME_MESSAGE_DIRECTLY.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumeMessageDirectlyResult as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * What became of the message. Received as a name or, from Go, as the ordinal.
 * @since 0.1.0
 * @category models
 */
export type ConsumeResult =
  | "CR_SUCCESS"
  | "CR_LATER"
  | "CR_ROLLBACK"
  | "CR_COMMIT"
  | "CR_THROW_EXCEPTION"
  | "CR_RETURN_NULL"

/**
 * The outcome.
 * @since 0.1.0
 * @category models
 */
export interface ConsumeMessageDirectlyResult {
  readonly autoCommit: boolean
  readonly consumeResult: ConsumeResult
  readonly order: boolean
  readonly remark?: string | undefined
  readonly spentTimeMills: number
}

const self = body("ConsumeMessageDirectlyResult", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumeMessageDirectlyResult): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumeMessageDirectlyResult, DeserializationError> =>
  self.decode(bytes)
