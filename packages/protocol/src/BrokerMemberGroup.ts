/**
 * The replicas of one broker: the answer to GET_BROKER_MEMBER_GROUP.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { brokerMemberGroup as codec, elected } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Addresses of a broker by broker id.
 * @since 0.1.0
 * @category models
 */
export interface Members {
  readonly brokerAddrs: ReadonlyMap<number, string>
  readonly brokerName: string
  readonly cluster: string
}

/**
 * The replicas that the name server knows.
 * @since 0.1.0
 * @category models
 */
export interface BrokerMemberGroup {
  readonly brokerMemberGroup?: Members | undefined
}

/**
 * The answer to CONTROLLER_ELECT_MASTER: the replicas, and the ids of those in sync.
 * @since 0.1.0
 * @category models
 */
export interface Elected {
  readonly brokerMemberGroup?: Members | undefined
  readonly syncStateSet: ReadonlyArray<number>
}

const self = body("BrokerMemberGroup", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: BrokerMemberGroup): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<BrokerMemberGroup, DeserializationError> => self.decode(bytes)

/**
 * The answer to CONTROLLER_ELECT_MASTER: the replicas, and the ids of those in sync.
 * @since 0.1.0
 * @category codecs
 */
export const Elected: Body<Elected> = body("BrokerMemberGroup.Elected", elected)
