/**
 * A user of the broker: body and answer of the AUTH_*_USER requests.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { userInfo as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import * as B from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A user. Brokers give the password back on AUTH_GET_USER.
 * @since 0.1.0
 * @category models
 */
export interface UserInfo {
  readonly password?: string | undefined
  /** `enable` or `disable`. */
  readonly userStatus?: string | undefined
  /** `Super` or `Normal`. */
  readonly userType?: string | undefined
  readonly username?: string | undefined
}

const self = body("UserInfo", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: UserInfo): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<UserInfo, DeserializationError> => self.decode(bytes)

/**
 * The answer to AUTH_LIST_USER.
 * @since 0.1.0
 * @category codecs
 */
export const List: Body<ReadonlyArray<UserInfo>> = body("UserInfo.List", B.array(codec))
