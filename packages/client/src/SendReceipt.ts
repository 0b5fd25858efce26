/**
 * The proof that a broker stored a message.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type * as Inspectable from "effect/Inspectable"
import * as Predicate from "effect/Predicate"
import type { SendStatus } from "./Broker.js"
import type { BrokerError, Outcome } from "./BrokerError.js"
import * as internal from "./internal/sendReceipt.js"
import type { FailureClass } from "./RetryPolicy.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: typeof internal.TypeId = internal.TypeId

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = internal.TypeId

/**
 * One try to have a message stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt {
  readonly brokerName: string
  readonly address: string
  readonly queueId: number
  /** Milliseconds until the answer, or until it was given up. */
  readonly duration: number
  /** `Accepted` for the last attempt of a receipt. */
  readonly outcome: "Accepted" | Outcome
  /** What kind of failure it was. Absent when the attempt was accepted, and when its caller gave it up. */
  readonly failure: FailureClass | undefined
  /** Absent when the attempt was accepted, and when its caller gave it up. */
  readonly error: BrokerError | undefined
}

/**
 * What a broker answered to a message that it stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface SendReceipt extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  /** `SEND_OK`, or stored with less certainty than the broker is set to: not flushed, or without a copy, in time. */
  readonly status: SendStatus
  /** The queue that has the message. */
  readonly messageQueue: MessageQueue
  /** Its place in the queue. Of a delayed message: in the queue where it waits. */
  readonly queueOffset: bigint
  /** The id given by this client: the `msgId` that consumers see. */
  readonly uniqueKey: string
  /** The id given by the broker: its address and the offset in its log. */
  readonly offsetId: string
  readonly transactionId: string | undefined
  /** Region of the broker, if it has one. */
  readonly regionId: string | undefined
  /** Takes back a timed message before its time. */
  readonly recallHandle: string | undefined
  /** Every attempt; the last one was accepted. Attempts before it with an unknown outcome may have stored it too. */
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * @since 0.1.0
 * @category refinements
 */
export const isSendReceipt = (u: unknown): u is SendReceipt => Predicate.hasProperty(u, TypeId)
