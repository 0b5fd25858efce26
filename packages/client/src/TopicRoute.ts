/**
 * Where a topic lives: an immutable snapshot of what a name server said, with what senders and consumers need of it
 * already computed.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { TopicRouteData } from "@effect-rocketmq/protocol/TopicRouteData"
import * as internal from "./internal/topicRoute.js"

/**
 * Where the queues of a topic are.
 *
 * @since 0.1.0
 * @category models
 */
export interface TopicRoute {
  readonly topic: string
  /**
   * Queues that may be written to: those with the write permission whose broker has a master, ordered by broker name
   * and queue id; or, for a topic with an order configuration, the queues which that names, its brokers in its order,
   * as Java producers have them.
   */
  readonly writeQueues: ReadonlyArray<MessageQueue>
  /** Queues that may be read from, ordered by broker name and queue id. */
  readonly readQueues: ReadonlyArray<MessageQueue>
  /** Addresses by broker name, then by broker id; id 0 is the master. */
  readonly brokers: ReadonlyMap<string, ReadonlyMap<number, string>>
  /** The route as the name server sent it. */
  readonly data: TopicRouteData
}

/**
 * From what a name server answered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (topic: string, data: TopicRouteData) => TopicRoute = internal.make

/**
 * Whether two snapshots say the same.
 *
 * @since 0.1.0
 * @category combinators
 */
export const equals: (self: TopicRoute, that: TopicRoute) => boolean = internal.equals
