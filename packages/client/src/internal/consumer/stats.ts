/**
 * A consumer's numbers as a program sees them.
 */
import type { StalledQueue } from "../../ConsumerHealth.js"
import type { ConsumerStats, QueueProgress } from "../../ConsumerStats.js"
import type { OffsetStore } from "../../OffsetStore.js"
import type { Counters } from "./counters.js"
import type { Lock } from "./locks.js"
import { isHeld } from "./locks.js"
import type { Pauses } from "./pauses.js"
import * as PausesOf from "./pauses.js"
import type { Queues } from "./queues.js"

const NO_PAUSES = PausesOf.make()

/** The numbers of this moment. */
export const statsOf = (
  counters: Counters,
  queues: Queues,
  store: OffsetStore,
  running: number,
  locks: ReadonlyArray<Lock> = [],
  stalled: ReadonlyArray<StalledQueue> = [],
  pauses: Pick<Pauses, "isPaused" | "view"> = NO_PAUSES
): ConsumerStats => {
  let cachedCount = 0
  let cachedBytes = 0
  const progress = queues.pulled().map(({ lastPull, ledger }): QueueProgress => {
    cachedCount += ledger.count
    cachedBytes += ledger.bytes
    return {
      queue: ledger.queue,
      position: ledger.position,
      committable: ledger.committable(),
      committed: store.noted(ledger.queue),
      cachedCount: ledger.count,
      cachedBytes: ledger.bytes,
      running: ledger.running,
      lastPull,
      paused: pauses.isPaused(ledger.queue)
    }
  })
  return {
    ...counters,
    cachedCount,
    cachedBytes,
    running,
    queues: progress,
    paused: pauses.view(),
    stalled,
    locks: locks.map((lock) => ({ queue: lock.queue, locked: isHeld(lock), since: lock.since }))
  }
}
