/**
 * Who produces in a group: the answer to GET_PRODUCER_CONNECTION_LIST.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import type * as ConsumerConnection from "./ConsumerConnection.js"
import { producerConnection as codec, producerConnectionTable } from "./internal/bodiesAdmin.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * The clients of a producer group.
 * @since 0.1.0
 * @category models
 */
export interface ProducerConnection {
  readonly connectionSet: ReadonlyArray<ConsumerConnection.Connection>
}

/**
 * A producer.
 * @since 0.1.0
 * @category models
 */
export interface ProducerInfo {
  readonly clientId: string
  readonly language: string
  readonly lastUpdateTimestamp: number
  readonly remoteIP: string
  readonly version: number
}

/**
 * The answer to GET_ALL_PRODUCER_INFO: by group.
 * @since 0.1.0
 * @category models
 */
export interface Table {
  readonly data: ReadonlyMap<string, ReadonlyArray<ProducerInfo>>
}

const self = body("ProducerConnection", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: ProducerConnection): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<ProducerConnection, DeserializationError> => self.decode(bytes)

/**
 * The answer to GET_ALL_PRODUCER_INFO: by group.
 * @since 0.1.0
 * @category codecs
 */
export const Table: Body<Table> = body("ProducerConnection.Table", producerConnectionTable)
