/**
 * Replicas by broker: the answer to CONTROLLER_GET_SYNC_STATE_DATA.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { brokerReplicas as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import * as B from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A replica.
 * @since 0.1.0
 * @category models
 */
export interface Replica {
  readonly alive: boolean
  readonly brokerAddress?: string | undefined
  readonly brokerId: number
  readonly brokerName?: string | undefined
}

/**
 * The replicas of a broker.
 * @since 0.1.0
 * @category models
 */
export interface ReplicasInfo {
  readonly inSyncReplicas: ReadonlyArray<Replica>
  readonly masterAddress?: string | undefined
  readonly masterBrokerId?: number | undefined
  readonly masterEpoch: number
  readonly notInSyncReplicas: ReadonlyArray<Replica>
  readonly syncStateSetEpoch: number
}

/**
 * By broker name.
 * @since 0.1.0
 * @category models
 */
export interface BrokerReplicas {
  readonly replicasInfoTable: ReadonlyMap<string, ReplicasInfo>
}

const self = body("BrokerReplicas", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: BrokerReplicas): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<BrokerReplicas, DeserializationError> => self.decode(bytes)

/**
 * The body of CONTROLLER_GET_SYNC_STATE_DATA: names of brokers.
 * @since 0.1.0
 * @category codecs
 */
export const Names: Body<ReadonlyArray<string>> = body("BrokerReplicas.Names", B.array(B.string))
