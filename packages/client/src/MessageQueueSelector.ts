/**
 * How a producer chooses the queue of a message.
 *
 * @since 0.1.0
 */
import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Predicate from "effect/Predicate"
import * as KeyHasher from "./internal/keyHash.js"

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
 * A way to choose queues. The queues of a topic are always in the same order, by broker name and queue id or as the
 * topic's order configuration names them, so that producers with the same selector agree.
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

/**
 * Whose way to make a queue index of a key, so that producers of a mixed fleet choose the same queue:
 *
 * - `java`: the Java client's `SelectMessageQueueByHash` with the key as a `String`: `String.hashCode`, remainder without
 *   its sign. The default.
 * - `java-consistent`: RocketMQ's proxy, for the message groups of gRPC clients: Guava's consistent hash of
 *   `String.hashCode`. When queues are added, only the keys that these take over move.
 * - `go`: the hash selector of rocketmq-client-go on 64-bit machines: FNV-1a over UTF-8. Of a topic on several brokers
 *   Go's producers do not agree with each other: they keep brokers in no fixed order.
 * - `ali-ons`: the sharding key of npm's ali-ons: the first four bytes of MD5 over UTF-8. It chooses among queue ids and
 *   leaves the broker open: the id is the same if every broker has as many queues.
 *
 * All but `java` take an empty key for none.
 *
 * @since 0.1.0
 * @category models
 */
export type Dialect = "java" | "java-consistent" | "go" | "ali-ons"

/**
 * The index of the queue of a key, among a number of queues that is at least 1.
 *
 * @since 0.1.0
 * @category models
 */
export type KeyHash = (key: string, queues: number) => number

/**
 * @since 0.1.0
 * @category models
 */
export interface KeyOptions {
  /** Which client to agree with. Default `"java"`. */
  readonly dialect?: Dialect | undefined
}

/**
 * The hash of a dialect: for selectors of one's own, or to find the queue that a key's messages are in. It allocates
 * nothing; its buffers are its own, so keep it rather than make one for each key.
 *
 * @example
 * import { hash } from "@effect-rocketmq/client/MessageQueueSelector"
 * import { strictEqual } from "node:assert"
 *
 * const queueOf = hash("go")
 * strictEqual(queueOf("order-1", 8), 5)
 *
 * @since 0.1.0
 * @category combinators
 */
export const hash = (dialect: Dialect): KeyHash => {
  const { digest, index } = KeyHasher.make(dialect)
  return (key, queues) => index(digest(key), queues)
}

/** The sharding key of a message, else its first index key. */
const keyOf = (message: Message): string | undefined => message.shardingKey ?? message.keys[0]

/**
 * The same queue for the same key, as long as the number of queues stays. It is the one that Java producers with
 * `SelectMessageQueueByHash` choose, or those of another `dialect`. `key` defaults to the sharding key of the message,
 * else its first index key. Messages without a key go round robin.
 *
 * @since 0.1.0
 * @category constructors
 */
export const byKey = (
  key: (message: Message) => string | undefined = keyOf,
  options?: KeyOptions
): MessageQueueSelector => {
  const { digest, index, takesEmpty } = KeyHasher.make(options?.dialect ?? "java")
  const isKey = (value: string | undefined): value is string => value !== undefined && (takesEmpty || value !== "")
  return {
    [TypeId]: TypeId,
    isSticky: (message) => isKey(key(message)),
    chooser: (seed) => {
      const others = roundRobinChooser(seed)
      return (message, queues) => {
        const value = key(message)
        return isKey(value) ? index(digest(value), queues.length) : others(message, queues)
      }
    }
  }
}

/**
 * The queue of one key, for a single call of `send`, or for many: the key is hashed once. An empty key goes round robin
 * where the `dialect` takes it for none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const forKey = (key: string, options?: KeyOptions): MessageQueueSelector => {
  const { digest, index, takesEmpty } = KeyHasher.make(options?.dialect ?? "java")
  if (key === "" && !takesEmpty) return roundRobin
  const hashed = digest(key)
  return { [TypeId]: TypeId, isSticky: always, chooser: () => (_, queues) => index(hashed, queues.length) }
}

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
