/**
 * Assignment of queues by the broker: the body of QUERY_ASSIGNMENT, and the answer.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type { Body } from "./Body.js"
import type * as HeartbeatData from "./HeartbeatData.js"
import { assignment, queryAssignment as codec } from "./internal/bodiesClient.js"
import { body } from "./internal/bodyCodec.js"
import type { MessageQueue } from "./MessageQueue.js"
import type { DeserializationError } from "./ProtocolError.js"

/**
 * Pull or pop.
 * @since 0.1.0
 * @category models
 */
export type Mode = "PULL" | "POP"

/**
 * Who asks. Brokers know the strategies `AVG` and `AVG_BY_CIRCLE`.
 * @since 0.1.0
 * @category models
 */
export interface QueryAssignment {
  readonly clientId: string
  readonly consumerGroup: string
  readonly messageModel: HeartbeatData.MessageModel
  readonly strategyName: string
  readonly topic: string
}

/**
 * A queue to consume. In mode POP, a queue id of -1 is all queues of the broker.
 * @since 0.1.0
 * @category models
 */
export interface QueueAssignment {
  readonly attachments?: Readonly<Record<string, string>> | undefined
  readonly messageQueue: MessageQueue
  readonly mode: Mode
}

/**
 * The answer. Without a list there is no result: keep the old one.
 * @since 0.1.0
 * @category models
 */
export interface Assignment {
  readonly messageQueueAssignments?: ReadonlyArray<QueueAssignment> | undefined
}

const self = body("QueryAssignment", codec)

/**
 * The bytes of a body.
 * @since 0.1.0
 * @category encoding
 */
export const encode = (value: QueryAssignment): Uint8Array => self.encode(value)

/**
 * Reads a body; unknown fields are ignored, the error names the field at fault.
 * @since 0.1.0
 * @category decoding
 */
export const decode = (bytes: Uint8Array): Either.Either<QueryAssignment, DeserializationError> => self.decode(bytes)

/**
 * The answer.
 * @since 0.1.0
 * @category codecs
 */
export const Assignment: Body<Assignment> = body("QueryAssignment.Assignment", assignment)
