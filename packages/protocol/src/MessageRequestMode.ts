/**
 * Pull or pop: the body of SET_MESSAGE_REQUEST_MODE.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import { messageRequestMode as codec, messageRequestModeTable } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Pull or pop.
 * @since 0.1.0
 * @category models
 */
export type Mode = "PULL" | "POP"

/**
 * How a group consumes a topic.
 * @since 0.1.0
 * @category models
 */
export interface MessageRequestMode {
  readonly consumerGroup: string
  readonly mode: Mode
  /** Queues of its neighbours that a client pops as well; -1 is all. */
  readonly popShareQueueNum: number
  readonly topic: string
}

/**
 * The answer to GET_ALL_MESSAGE_REQUEST_MODE: by topic and group.
 * @since 0.1.0
 * @category models
 */
export interface Table {
  readonly messageRequestModeMap: ReadonlyMap<string, ReadonlyMap<string, MessageRequestMode>>
}

const self = body("MessageRequestMode", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: MessageRequestMode): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<MessageRequestMode, DeserializationError> => self.decode(bytes)

/**
 * The answer to GET_ALL_MESSAGE_REQUEST_MODE: by topic and group.
 * @since 0.1.0
 * @category codecs
 */
export const Table: Body<Table> = body("MessageRequestMode.Table", messageRequestModeTable)
