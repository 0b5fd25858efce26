/**
 * Names of topics: the answer to the requests that list topics.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { topicList as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Names of topics.
 * @since 0.1.0
 * @category models
 */
export interface TopicList {
  /** Where to ask for the system topics of a broker. */
  readonly brokerAddr?: string | undefined
  readonly topicList: ReadonlyArray<string>
}

const self = body("TopicList", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: TopicList): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<TopicList, DeserializationError> => self.decode(bytes)
