/**
 * Where the offsets of a group are kept. A read gives an offset, or none, or fails: no number ever means "unknown".
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import type { FileSystem } from "@effect/platform/FileSystem"
import type { Path } from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import { Broker } from "./Broker.js"
import type { OffsetPathError } from "./ConsumerError.js"
import { OffsetError, OffsetFetchError } from "./ConsumerError.js"
import { atOnce } from "./internal/atOnce.js"
import { localStore } from "./internal/offsets/localStore.js"
import { reader } from "./internal/offsets/reader.js"
import { NameServer } from "./NameServer.js"

/**
 * Where to look for an offset: in what is noted, in the store, or in the store when none is noted.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadFrom = "memory" | "store" | "memory-first"

/**
 * The offsets of one group: noted here, written now and then.
 *
 * @since 0.1.0
 * @category models
 */
export interface OffsetStore {
  /** What the store has of a queue: none when the group never committed there. Noted unless an offset is noted already. */
  readonly fetch: (queue: MessageQueue) => Effect.Effect<Option.Option<bigint>, OffsetFetchError>
  /** An offset from where it is wanted. */
  readonly read: (queue: MessageQueue, from: ReadFrom) => Effect.Effect<Option.Option<bigint>, OffsetFetchError>
  /**
   * What was written last from here, also after `remove`: a store that has less has lost something, or was moved by an
   * operator.
   */
  readonly written: (queue: MessageQueue) => Option.Option<bigint>
  /** Notes an offset to be written by the next `persist`. One that is lower than the noted one is ignored. */
  readonly update: (queue: MessageQueue, offset: bigint) => void
  /** Notes an offset, lower or not, to be written whatever was written before: after a reset. */
  readonly reset: (queue: MessageQueue, offset: bigint) => void
  /** The noted offset. */
  readonly noted: (queue: MessageQueue) => Option.Option<bigint>
  /** Writes what changed since it was written last. What could not be written is tried again by the next call. */
  readonly persist: (queues: Iterable<MessageQueue>) => Effect.Effect<ReadonlyArray<OffsetError>>
  /** Forgets what was noted of a queue, where that is kept by a broker: another member writes it from now on. */
  readonly remove: (queue: MessageQueue) => void
}

interface Entry {
  offset: bigint
  /** What the broker acknowledged last. */
  stored: bigint | undefined
  /** One write at a time, so that an older value cannot arrive after a newer one. */
  readonly lock: Effect.Semaphore
}

/**
 * Offsets kept by the brokers: clustering. Written to the master of a queue, or to a slave while there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const remote = (group: string): Effect.Effect<OffsetStore, never, Broker | NameServer> =>
  Effect.map(Effect.all([Broker, NameServer]), ([broker, nameServer]): OffsetStore => {
    const entries = new Map<string, Entry>()
    const written = new Map<string, bigint>()

    /** Topics on brokers that have taken an offset of the group from here, and those that are given their first one now. */
    const opened = new Set<string>()
    const opening = new Map<string, Effect.Latch>()

    const addressOf = (queue: MessageQueue): string | undefined => {
      const addresses = nameServer.brokerAddresses(queue.brokerName)
      return addresses.get(0) ?? addresses.values().next().value
    }

    const note = (queue: MessageQueue, offset: bigint, stored?: bigint): void => {
      const key = MQ.key(queue)
      const entry = entries.get(key)
      if (entry === undefined) entries.set(key, { offset, stored, lock: Effect.unsafeMakeSemaphore(1) })
      else {
        entry.offset = offset
        if (stored !== undefined) entry.stored = stored
      }
    }

    const fetch: OffsetStore["fetch"] = (queue) =>
      Effect.suspend(() => {
        const address = addressOf(queue)
        if (address === undefined) {
          return Effect.fail(new OffsetFetchError({ group, queue, address, cause: undefined }))
        }
        return Effect.mapBoth(broker.queryConsumerOffset(address, group, queue), {
          onFailure: (cause) => new OffsetFetchError({ group, queue, address, cause }),
          onSuccess: (offset) => {
            if (Option.isSome(offset)) {
              const entry = entries.get(MQ.key(queue))
              if (entry === undefined) note(queue, offset.value, offset.value)
              else entry.stored = offset.value
            }
            return offset
          }
        })
      })

    const write = (queue: MessageQueue, entry: Entry): Effect.Effect<Option.Option<OffsetError>> =>
      entry.lock.withPermits(1)(Effect.suspend(() => {
        const offset = entry.offset
        if (entry.stored === offset) return Effect.succeedNone
        const address = addressOf(queue)
        if (address === undefined) {
          return Effect.succeedSome(new OffsetError({ group, queue, offset, address, cause: undefined }))
        }
        return Effect.match(broker.updateConsumerOffset(address, group, queue, offset), {
          onFailure: (cause) => Option.some(new OffsetError({ group, queue, offset, address, cause })),
          onSuccess: () => {
            entry.stored = offset
            written.set(MQ.key(queue), offset)
            return Option.none()
          }
        })
      }))

    /**
     * The first offset of a topic goes alone: of two that a broker serves side by side, 5.5 keeps one and acknowledges both,
     * because each makes a new table of its own.
     */
    const writeInTurn = (queue: MessageQueue, entry: Entry): Effect.Effect<Option.Option<OffsetError>> =>
      Effect.suspend(() => {
        const table = `${queue.topic}@${queue.brokerName}`
        const first = opening.get(table)
        if (first !== undefined) return Effect.zipRight(first.await, write(queue, entry))
        if (opened.has(table)) return write(queue, entry)
        return Effect.acquireUseRelease(
          Effect.sync(() => {
            const latch = Effect.unsafeMakeLatch(false)
            opening.set(table, latch)
            return latch
          }),
          () => Effect.tap(write(queue, entry), (error) => Option.isNone(error) && opened.add(table)),
          // the others do not wait for one another, even when it has failed: that may take a timeout
          (latch) => {
            opening.delete(table)
            return latch.open
          }
        )
      })

    const noted = (queue: MessageQueue): Option.Option<bigint> =>
      Option.map(Option.fromNullable(entries.get(MQ.key(queue))), (entry) => entry.offset)

    return {
      fetch,
      read: reader(noted, fetch),
      written: (queue) => Option.fromNullable(written.get(MQ.key(queue))),
      update: (queue, offset) => {
        const entry = entries.get(MQ.key(queue))
        if (entry === undefined || entry.offset < offset) note(queue, offset)
      },
      reset: (queue, offset) => {
        written.delete(MQ.key(queue))
        entries.delete(MQ.key(queue))
        note(queue, offset)
      },
      noted,
      persist: (queues) =>
        Effect.suspend(() => {
          const writes: Array<Effect.Effect<Option.Option<OffsetError>>> = []
          for (const queue of queues) {
            const entry = entries.get(MQ.key(queue))
            if (entry !== undefined && entry.stored !== entry.offset) writes.push(writeInTurn(queue, entry))
          }
          return Effect.map(
            atOnce(writes, identity),
            (results) => results.flatMap((result) => Option.isSome(result) ? [result.value] : [])
          )
        }),
      remove: (queue) => {
        entries.delete(MQ.key(queue))
      }
    }
  })

/**
 * Offsets kept by nobody: for broadcasting, each start is a first one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const memory: Effect.Effect<OffsetStore> = Effect.sync(() => {
  const offsets = new Map<string, bigint>()
  const noted = (queue: MessageQueue) => Option.fromNullable(offsets.get(MQ.key(queue)))
  const fetch: OffsetStore["fetch"] = (queue) => Effect.sync(() => noted(queue))
  return {
    fetch,
    read: reader(noted, fetch),
    written: () => Option.none(),
    update: (queue, offset) => {
      const known = offsets.get(MQ.key(queue))
      if (known === undefined || known < offset) offsets.set(MQ.key(queue), offset)
    },
    reset: (queue, offset) => {
      offsets.set(MQ.key(queue), offset)
    },
    noted,
    persist: () => Effect.succeed([]),
    // a queue that comes back goes on where it was
    remove: () => {}
  }
})

/**
 * Whose file, and where.
 *
 * @since 0.1.0
 * @category models
 */
export interface LocalOptions {
  /** The consumer group. */
  readonly group: string
  /**
   * What tells this member from others on the same machine, over restarts: names a directory. Two members that run at the
   * same time must not have the same.
   */
  readonly clientId: string
  /** Default: the directory `.rocketmq_offsets` in the present one. Java has it in the home directory. */
  readonly directory?: string | undefined
}

/**
 * Offsets in a file of this machine, for broadcasting: `directory/clientId/group/offsets.json`, as the Java client has it,
 * and readable by it. It is replaced as a whole, and the last good one is kept as `offsets.json.bak`. A file that is damaged
 * is told of and read from that; when both are, reading fails until somebody has seen to it. What cannot be written is an
 * OffsetError, and is kept in memory and tried again.
 *
 * Fails with OffsetPathError when a name is no name of a directory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const local: (
  options: LocalOptions
) => Effect.Effect<OffsetStore, OffsetPathError, FileSystem | Path> = localStore
