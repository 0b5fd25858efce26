/**
 * How a producer chooses the queue of a message.
 *
 * @since 0.1.0
 */
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Predicate from "effect/Predicate"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/client/MessageQueueSelector")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * Chooses one of `queues`, which is never empty, by its index. Called once for each message, so it must be quick.
 *
 * @since 0.1.0
 * @category models
 */
export type Chooser = (message: Message, queues: ReadonlyArray<MessageQueue>) => number

/**
 * A way to choose queues. The queues of a topic are always in the same order, by broker name and queue id, so that
 * producers with the same selector agree.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageQueueSelector {
  readonly [TypeId]: TypeId
  /** Whether the queue follows from the message: then a retry goes to the same queue again, else to another broker. */
  readonly isSticky: (message: Message) => boolean
  /** A chooser for one topic, with a state of its own. `seed` is a random integer from 1 to 2^31-1. */
  readonly chooser: (seed: number) => Chooser
}

const never = (): boolean => false
const always = (): boolean => true

/**
 * @since 0.1.0
 * @category refinements
 */
export const isMessageQueueSelector = (u: unknown): u is MessageQueueSelector => Predicate.hasProperty(u, TypeId)

const roundRobinChooser = (seed: number): Chooser => {
  let last = -1
  return (_, queues) => {
    const next = last < 0 ? seed % queues.length : last + 1
    last = next < queues.length ? next : 0
    return last
  }
}

/**
 * One queue after the other, from a random one on: an even share for each. The default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const roundRobin: MessageQueueSelector = { [TypeId]: TypeId, isSticky: never, chooser: roundRobinChooser }

/**
 * Any queue, each as likely as the others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const random: MessageQueueSelector = {
  [TypeId]: TypeId,
  isSticky: never,
  chooser: (seed) => {
    let x = seed
    return (_, queues) => {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      return Math.floor((x >>> 0) / 4294967296 * queues.length)
    }
  }
}

/** As Java's SelectMessageQueueByHash does it. */
const byHash = (key: string, count: number): number => Math.abs(JavaHash.hashCode(key) % count)

/** The sharding key of a message, else its first index key. */
const keyOf = (message: Message): string | undefined =>
  message.properties[MessageProperties.SHARDING_KEY] ?? message.keys[0]

/**
 * The same queue for the same key, as long as the number of queues stays: by Java's `String.hashCode`, so that Java
 * producers with `SelectMessageQueueByHash` choose the same. `key` defaults to the sharding key of the message, else its
 * first index key. Messages without a key go round robin.
 *
 * @since 0.1.0
 * @category constructors
 */
export const byKey = (key: (message: Message) => string | undefined = keyOf): MessageQueueSelector => ({
  [TypeId]: TypeId,
  isSticky: (message) => key(message) !== undefined,
  chooser: (seed) => {
    const others = roundRobinChooser(seed)
    return (message, queues) => {
      const value = key(message)
      return value === undefined ? others(message, queues) : byHash(value, queues.length)
    }
  }
})

/**
 * The queue of one key, for a single call of `send`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const forKey = (key: string): MessageQueueSelector => ({
  [TypeId]: TypeId,
  isSticky: always,
  chooser: () => (_, queues) => byHash(key, queues.length)
})

/**
 * A choice of one's own. An index outside the list fails the send with QueueNotAvailableError. `sticky`: whether a retry
 * goes to the same queue again; default `true`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (choose: Chooser, options?: { readonly sticky?: boolean | undefined }): MessageQueueSelector => ({
  [TypeId]: TypeId,
  isSticky: options?.sticky === false ? never : always,
  chooser: () => choose
})
