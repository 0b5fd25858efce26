/**
 * The members of a group: the answer to GET_CONSUMER_LIST_BY_GROUP.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { consumerList as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Client ids of a group.
 * @since 0.1.0
 * @category models
 */
export interface ConsumerList {
  readonly consumerIdList: ReadonlyArray<string>
}

const self = body("ConsumerList", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ConsumerList): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ConsumerList, DeserializationError> => self.decode(bytes)
