/**
 * How the members of a group share the queues of a topic. Each member computes the shares by itself, so all must use the
 * same strategy: the names and results are those of the Java client.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"

/**
 * What a strategy decides on. Queues are ordered by topic, broker name and id; members by code units.
 *
 * @since 0.1.0
 * @category models
 */
export interface Allocation {
  readonly group: string
  /** The member that asks; it is among `members`. */
  readonly clientId: string
  readonly queues: ReadonlyArray<MessageQueue>
  readonly members: ReadonlyArray<string>
}

/**
 * A way to share queues, under the name that operators see.
 *
 * @since 0.1.0
 * @category models
 */
export interface AllocationStrategy {
  readonly name: string
  /** The queues of `clientId`. Must be pure, and give each queue to one member. */
  readonly allocate: (allocation: Allocation) => ReadonlyArray<MessageQueue>
}

/**
 * A strategy of one's own. What it returns that is not among the queues is ignored; when it throws, the member keeps
 * what it has.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: string,
  allocate: (allocation: Allocation) => ReadonlyArray<MessageQueue>
): AllocationStrategy => ({ name, allocate })

/**
 * Neighbouring queues to each member, sizes that differ by at most one: `AVG`, the default of all clients.
 *
 * @since 0.1.0
 * @category constructors
 */
export const average: AllocationStrategy = make("AVG", ({ clientId, members, queues }) => {
  const index = members.indexOf(clientId)
  if (index < 0) return []
  const rest = queues.length % members.length
  const share = Math.floor(queues.length / members.length)
  const start = index * share + Math.min(index, rest)
  return queues.slice(start, start + share + (index < rest ? 1 : 0))
})

/**
 * Queues dealt out one by one in turn: `AVG_BY_CIRCLE`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const averageByCircle: AllocationStrategy = make("AVG_BY_CIRCLE", ({ clientId, members, queues }) => {
  const index = members.indexOf(clientId)
  return index < 0 ? [] : queues.filter((_, i) => i % members.length === index)
})
