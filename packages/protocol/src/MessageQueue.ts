/**
 * A queue: one of the logs that a topic is made of, on one broker.
 * @since 0.1.0
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Inspectable from "effect/Inspectable"
import * as Order from "effect/Order"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/protocol/MessageQueue")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A queue. Two of the same topic, broker name and id are equal.
 * @since 0.1.0
 * @category models
 */
export interface MessageQueue extends Equal.Equal, Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
}

class Queue extends Inspectable.Class implements MessageQueue {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  constructor(topic: string, brokerName: string, queueId: number) {
    super()
    this.topic = topic
    this.brokerName = brokerName
    this.queueId = queueId
  }
  get [TypeId](): TypeId {
    return TypeId
  }
  [Hash.symbol](): number {
    return Hash.cached(this, Hash.string(key(this)))
  }
  [Equal.symbol](that: unknown): boolean {
    return isMessageQueue(that) && this.queueId === that.queueId && this.topic === that.topic &&
      this.brokerName === that.brokerName
  }
  toJSON(): unknown {
    return { _id: "MessageQueue", topic: this.topic, brokerName: this.brokerName, queueId: this.queueId }
  }
}

/**
 * A queue by its topic, the name of its broker and its id there.
 * @example
 * import { strictEqual } from "node:assert"
 * import { Equal } from "effect"
 * import { MessageQueue } from "@effect-rocketmq/protocol"
 *
 * const queue = MessageQueue.make("orders", "broker-a", 3)
 * strictEqual(Equal.equals(queue, MessageQueue.make("orders", "broker-a", 3)), true)
 * strictEqual(MessageQueue.key(queue), "orders@broker-a@3")
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (topic: string, brokerName: string, queueId: number): MessageQueue =>
  new Queue(topic, brokerName, queueId)

/**
 * Is it a queue?
 * @since 0.1.0
 * @category refinements
 */
export const isMessageQueue = (u: unknown): u is MessageQueue => Predicate.hasProperty(u, TypeId)

/**
 * A string that is the same for equal queues only: for keys of a `Map`.
 * @since 0.1.0
 * @category combinators
 */
export const key = (self: MessageQueue): string => `${self.topic}@${self.brokerName}@${self.queueId}`

/**
 * By topic, then broker name, then id: the order in which all clients of a group share the queues out. Names compare by
 * UTF-16 code units, as in Java.
 * @since 0.1.0
 * @category combinators
 */
export const order: Order.Order<MessageQueue> = Order.make((self, that) =>
  Order.string(self.topic, that.topic) || Order.string(self.brokerName, that.brokerName) ||
  Order.number(self.queueId, that.queueId)
)
