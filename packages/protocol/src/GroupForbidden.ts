/**
 * May a group read a topic: the answer to UPDATE_AND_GET_GROUP_FORBIDDEN.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { groupForbidden as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A group and a topic.
 * @since 0.1.0
 * @category models
 */
export interface GroupForbidden {
  readonly group: string
  readonly readable: boolean | undefined
  readonly topic: string
}

const self = body("GroupForbidden", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: GroupForbidden): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<GroupForbidden, DeserializationError> => self.decode(bytes)
