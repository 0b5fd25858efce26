/**
 * Names of groups: the answer to QUERY_TOPIC_CONSUME_BY_WHO.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { groupList as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Names of groups.
 * @since 0.1.0
 * @category models
 */
export interface GroupList {
  readonly groupList: ReadonlyArray<string>
}

const self = body("GroupList", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: GroupList): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<GroupList, DeserializationError> => self.decode(bytes)
