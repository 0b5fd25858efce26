/**
 * Locks of orderly consumers on queues. A lock belongs to a client and lives 60 s after its last renewal.
 *
 * @since 0.1.0
 */

export const LOCK_LEASE = 60_000

interface Lock {
  clientId: string
  renewedAt: number
}

export interface Locks {
  /** Takes or renews the lock; false while another client holds it. */
  readonly tryLock: (group: string, queue: string, clientId: string, now: number) => boolean
  /** Gives the lock back; no effect when another client holds it. */
  readonly unlock: (group: string, queue: string, clientId: string) => void
  /** Whether a member of the group holds any lock: its members consume in order. */
  readonly anyHeld: (group: string, now: number) => boolean
  readonly clear: () => void
}

export const make = (): Locks => {
  const groups = new Map<string, Map<string, Lock>>()
  return {
    tryLock: (group, queue, clientId, now) => {
      let locks = groups.get(group)
      if (locks === undefined) groups.set(group, locks = new Map())
      const lock = locks.get(queue)
      if (lock === undefined) {
        locks.set(queue, { clientId, renewedAt: now })
        return true
      }
      if (lock.clientId !== clientId && now - lock.renewedAt <= LOCK_LEASE) return false
      lock.clientId = clientId
      lock.renewedAt = now
      return true
    },
    unlock: (group, queue, clientId) => {
      const locks = groups.get(group)
      if (locks?.get(queue)?.clientId !== clientId) return
      locks.delete(queue)
      if (locks.size === 0) groups.delete(group)
    },
    anyHeld: (group, now) => {
      for (const lock of groups.get(group)?.values() ?? []) {
        if (now - lock.renewedAt <= LOCK_LEASE) return true
      }
      return false
    },
    clear: () => groups.clear()
  }
}
