/**
 * How the members of a group share the queues of a topic. Each member computes the shares by itself, so all must use the
 * same strategy: the names and results are those of the Java client.
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as ConsistentHash from "./internal/consistentHash.js"

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

/**
 * Each queue to the member that comes next on a ring of hashes: few queues change hands when a member comes or goes, and
 * the shares are less even than those of {@link average}. `CONSISTENT_HASH`, as the Java client does it; Go hashes
 * differently. `virtualNodes` is how often each member stands on the ring, 10 in Java.
 *
 * @since 0.1.0
 * @category constructors
 */
export const consistentHash = (options?: { readonly virtualNodes?: number | undefined }): AllocationStrategy => {
  const virtualNodes = Math.max(1, options?.virtualNodes ?? 10)
  return make("CONSISTENT_HASH", ({ clientId, members, queues }) => {
    if (!members.includes(clientId)) return []
    const ring = ConsistentHash.ring(members, virtualNodes)
    return queues.filter((queue) => ConsistentHash.ownerOf(ring, queue) === clientId)
  })
}

/**
 * The queues that are named here, whoever else is in the group: `CONFIG`. Whoever writes the configuration sees to it that
 * each queue has one member; those that the topic does not have are ignored.
 *
 * @since 0.1.0
 * @category constructors
 */
export const byConfig = (queues: ReadonlyArray<MessageQueue>): AllocationStrategy => make("CONFIG", () => queues)

/**
 * Only the queues of brokers in some rooms, dealt out in even blocks: `MACHINE_ROOM`. A broker says its room in its name:
 * `room@name`. Queues of other rooms have no owner.
 *
 * @since 0.1.0
 * @category constructors
 */
export const machineRoom = (rooms: ReadonlySet<string>): AllocationStrategy =>
  make("MACHINE_ROOM", ({ clientId, members, queues }) => {
    const index = members.indexOf(clientId)
    if (index < 0) return []
    const inRooms = queues.filter(({ brokerName }) => {
      const parts = brokerName.split("@")
      return parts.length === 2 && rooms.has(parts[0]!)
    })
    const share = Math.floor(inRooms.length / members.length)
    const rest = inRooms.slice(share * members.length)
    return [...inRooms.slice(index * share, (index + 1) * share), ...rest.slice(index, index + 1)]
  })

/**
 * Where brokers and members are.
 *
 * @since 0.1.0
 * @category models
 */
export interface MachineRooms {
  readonly ofBroker: (queue: MessageQueue) => string
  readonly ofMember: (clientId: string) => string
}

/**
 * The queues of a room to the members in it, by another strategy; those of rooms without members to all:
 * `MACHINE_ROOM_NEARBY-` and the name of the other strategy.
 *
 * @since 0.1.0
 * @category constructors
 */
export const machineRoomNearby = (rooms: MachineRooms, within: AllocationStrategy = average): AllocationStrategy =>
  make(`MACHINE_ROOM_NEARBY-${within.name}`, (allocation) => {
    const { clientId, members, queues } = allocation
    if (!members.includes(clientId)) return []
    const room = rooms.ofMember(clientId)
    const taken = new Set(members.map(rooms.ofMember))
    const byRoom = new Map<string, Array<MessageQueue>>()
    for (const queue of queues) {
      const its = rooms.ofBroker(queue)
      const known = byRoom.get(its)
      if (known === undefined) byRoom.set(its, [queue])
      else known.push(queue)
    }
    return Array.from(byRoom).flatMap(([its, queuesOfRoom]) => {
      if (its === room) {
        const neighbours = members.filter((member) => rooms.ofMember(member) === room)
        return within.allocate({ ...allocation, queues: queuesOfRoom, members: neighbours })
      }
      return taken.has(its) ? [] : within.allocate({ ...allocation, queues: queuesOfRoom })
    })
  })
