/**
 * What a broker registers at a name server: the body of REGISTER_BROKER, when it is not compressed.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { registerBroker as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type * as TopicConfig from "./TopicConfig.js"

/**
 * The topics of a broker.
 * @since 0.1.0
 * @category models
 */
export interface RegisterBroker {
  readonly filterServerList: ReadonlyArray<string>
  readonly topicConfigSerializeWrapper: TopicConfig.Table
}

const self = body("RegisterBroker", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: RegisterBroker): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<RegisterBroker, DeserializationError> => self.decode(bytes)
