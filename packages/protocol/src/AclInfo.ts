/**
 * What a user may do: body and answer of the AUTH_*_ACL requests.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { aclInfo as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import * as B from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A rule.
 * @since 0.1.0
 * @category models
 */
export interface PolicyEntry {
  /** `Pub`, `Sub`, `Create`, `Update`, `Delete`, `Get`, `List`, `All`. */
  readonly actions: ReadonlyArray<string>
  /** `Allow` or `Deny`. */
  readonly decision: string
  /** `Topic:name`, `Topic:prefix*`, `Group:*`, `Cluster:name` or `*`. */
  readonly resource: string
  readonly sourceIps: ReadonlyArray<string>
}

/**
 * Rules; those of `Custom` come before those of `Default`.
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  readonly entries: ReadonlyArray<PolicyEntry>
  readonly policyType?: string | undefined
}

/**
 * The policies of a subject.
 * @since 0.1.0
 * @category models
 */
export interface AclInfo {
  readonly policies: ReadonlyArray<Policy>
  /** `User:name`. */
  readonly subject?: string | undefined
}

const self = body("AclInfo", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: AclInfo): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<AclInfo, DeserializationError> => self.decode(bytes)

/**
 * The answer to AUTH_LIST_ACL.
 * @since 0.1.0
 * @category codecs
 */
export const List: Body<ReadonlyArray<AclInfo>> = body("AclInfo.List", B.array(codec))
