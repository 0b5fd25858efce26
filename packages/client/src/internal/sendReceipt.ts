import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MessageQueues from "@effect-rocketmq/protocol/MessageQueue"
import * as Inspectable from "effect/Inspectable"
import type { SendStatus, StoreResult } from "../Broker.js"
import type { Attempt, SendReceipt } from "../SendReceipt.js"
import type { Target } from "./producerTopic.js"

/** @internal */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/SendReceipt")

/** @internal */
export type TypeId = typeof TypeId

const none: ReadonlyArray<Attempt> = []

/**
 * A view of the broker's answer: one small object per message, the rest is made when somebody looks.
 *
 * @internal
 */
export class ReceiptImpl extends Inspectable.Class implements SendReceipt {
  readonly uniqueKey: string
  /** Where it is stored; an ended transaction has to know. */
  readonly target: Target
  private readonly stored: StoreResult
  private readonly duration: number
  private readonly earlier: ReadonlyArray<Attempt>
  /** Place in a batch; 0 for a single message. */
  private readonly index: number

  constructor(
    stored: StoreResult,
    target: Target,
    uniqueKey: string,
    duration: number,
    earlier: ReadonlyArray<Attempt> = none,
    index = 0
  ) {
    super()
    this.stored = stored
    this.target = target
    this.uniqueKey = uniqueKey
    this.duration = duration
    this.earlier = earlier
    this.index = index
  }

  get [TypeId](): TypeId {
    return TypeId
  }

  get status(): SendStatus {
    return this.stored.status
  }

  get messageQueue(): MessageQueue {
    const asked = this.target.queue
    return this.stored.queueId === asked.queueId
      ? asked
      : MessageQueues.make(asked.topic, asked.brokerName, this.stored.queueId)
  }

  get queueOffset(): bigint {
    return this.stored.queueOffset + BigInt(this.index)
  }

  get offsetId(): string {
    // brokers answer a batch with the ids of its members, joined by commas
    const ids = this.stored.offsetId
    return ids.includes(",") ? ids.split(",")[this.index] ?? ids : ids
  }

  get transactionId(): string | undefined {
    return this.stored.transactionId
  }

  get regionId(): string | undefined {
    return this.stored.regionId
  }

  get recallHandle(): string | undefined {
    return this.stored.recallHandle
  }

  get attempts(): ReadonlyArray<Attempt> {
    const { address, brokerName, queue } = this.target
    return [
      ...this.earlier,
      {
        brokerName,
        address,
        queueId: queue.queueId,
        duration: this.duration,
        outcome: "Accepted",
        failure: undefined,
        error: undefined
      }
    ]
  }

  /** The receipt of one member of the batch that this is the receipt of. */
  member(uniqueKey: string, index: number): SendReceipt {
    return new ReceiptImpl(this.stored, this.target, uniqueKey, this.duration, this.earlier, index)
  }

  override toJSON(): unknown {
    return {
      _id: "SendReceipt",
      status: this.status,
      messageQueue: this.messageQueue.toJSON(),
      queueOffset: String(this.queueOffset),
      uniqueKey: this.uniqueKey,
      offsetId: this.offsetId,
      transactionId: this.transactionId,
      regionId: this.regionId,
      recallHandle: this.recallHandle,
      attempts: this.attempts.length
    }
  }
}
