/**
 * Where the offsets of a group are kept. A read gives an offset, or none, or fails: no number ever means "unknown".
 *
 * @since 0.1.0
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Broker } from "./Broker.js"
import { OffsetError, OffsetFetchError } from "./ConsumerError.js"
import { NameServer } from "./NameServer.js"

/**
 * The offsets of one group: noted here, written now and then.
 *
 * @since 0.1.0
 * @category models
 */
export interface OffsetStore {
  /** What the store has of a queue: none when the group never committed there. */
  readonly fetch: (queue: MessageQueue) => Effect.Effect<Option.Option<bigint>, OffsetFetchError>
  /** Notes an offset to be written by the next `persist`. One that is lower than the noted one is ignored. */
  readonly update: (queue: MessageQueue, offset: bigint) => void
  /** Notes an offset, lower or not, to be written whatever was written before: after a reset. */
  readonly reset: (queue: MessageQueue, offset: bigint) => void
  /** The noted offset. */
  readonly noted: (queue: MessageQueue) => Option.Option<bigint>
  /** Writes what changed since it was written last. What could not be written is tried again by the next call. */
  readonly persist: (queues: Iterable<MessageQueue>) => Effect.Effect<ReadonlyArray<OffsetError>>
  /** Forgets what was noted of a queue. */
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
            if (Option.isSome(offset)) note(queue, offset.value, offset.value)
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
            return Option.none()
          }
        })
      }))

    return {
      fetch,
      update: (queue, offset) => {
        const entry = entries.get(MQ.key(queue))
        if (entry === undefined || entry.offset < offset) note(queue, offset)
      },
      reset: (queue, offset) => {
        entries.delete(MQ.key(queue))
        note(queue, offset)
      },
      noted: (queue) => Option.map(Option.fromNullable(entries.get(MQ.key(queue))), (entry) => entry.offset),
      persist: (queues) =>
        Effect.suspend(() => {
          const writes: Array<Effect.Effect<Option.Option<OffsetError>>> = []
          for (const queue of queues) {
            const entry = entries.get(MQ.key(queue))
            if (entry !== undefined && entry.stored !== entry.offset) writes.push(write(queue, entry))
          }
          return Effect.map(
            Effect.all(writes, { concurrency: 16 }),
            (results) => results.flatMap((result) => Option.isSome(result) ? [result.value] : [])
          )
        }),
      remove: (queue) => {
        entries.delete(MQ.key(queue))
      }
    }
  })
