/**
 * The state of replication: the answer to GET_BROKER_HA_STATUS.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import { hAStatus as codec } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * A slave, as its master sees it.
 * @since 0.1.0
 * @category models
 */
export interface HAConnection {
  readonly addr: string
  readonly diff: bigint
  readonly inSync: boolean
  readonly slaveAckOffset: bigint
  readonly transferFromWhere: bigint
  readonly transferredByteInSecond: number
}

/**
 * A slave, as it sees itself.
 * @since 0.1.0
 * @category models
 */
export interface HAClient {
  readonly activated: boolean
  readonly lastReadTimestamp: number
  readonly lastWriteTimestamp: number
  readonly masterAddr?: string | undefined
  readonly masterFlushOffset: bigint
  readonly maxOffset: bigint
  readonly transferredByteInSecond: number
}

/**
 * The state of replication of a broker.
 * @since 0.1.0
 * @category models
 */
export interface HAStatus {
  readonly haClientRuntimeInfo?: HAClient | undefined
  readonly haConnectionInfo: ReadonlyArray<HAConnection>
  readonly inSyncSlaveNums: number
  readonly master: boolean
  readonly masterCommitLogMaxOffset: bigint
}

const self = body("HAStatus", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: HAStatus): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<HAStatus, DeserializationError> => self.decode(bytes)
