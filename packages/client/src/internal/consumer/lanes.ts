/**
 * The order in which the messages of one queue are handed out: one after the other, or, with keys, those of each key one
 * after the other. A lane is what waits for its turn together; it has one piece in hand at a time.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { Batch, Handed, ProcessQueue } from "../../ProcessQueue.js"
import type { Lock } from "./locks.js"
import type { Source } from "./turns.js"

/** What a lane is at. */
const FREE = 0
const BUSY = 1
const SUSPENDED = 2

/** Neighbouring messages of a batch: `from` up to but without `to`. */
export interface Piece {
  readonly batch: Batch
  readonly from: number
  readonly to: number
}

/** See the module. */
export interface Lane {
  readonly key: string
  state: typeof FREE | typeof BUSY | typeof SUSPENDED
  /** By what it was suspended last. */
  suspension: unknown
  /** What is handed out before anything new, in order. */
  pending: Array<Piece>
  /** Handled and not committed, in order. */
  uncommitted: Array<Piece>
}

const laneOf = (key: string): Lane => ({ key, state: FREE, suspension: undefined, pending: [], uncommitted: [] })

/** The lanes of one ledger, for as long as one lock on its queue lasts. */
export class Lanes implements Source {
  listed = false
  readonly ledger: ProcessQueue
  private readonly lock: Lock | undefined
  private readonly keyOf: ((message: MessageExt) => string) | undefined
  /** All messages of a queue whose order is not by key. */
  private readonly only: Lane = laneOf("")
  /** By key; lanes of which nothing is in hand, waits, or is to be committed are not kept. */
  private readonly keyed = new Map<string, Lane>()
  /** Free lanes that have something pending. */
  private free: Array<Lane> = []
  private epoch: number

  constructor(ledger: ProcessQueue, lock: Lock | undefined, keyOf: ((message: MessageExt) => string) | undefined) {
    this.ledger = ledger
    this.lock = lock
    this.keyOf = keyOf
    this.epoch = ledger.epoch
  }

  get lastHandled(): number {
    return this.ledger.lastHandled
  }

  set lastHandled(now: number) {
    this.ledger.lastHandled = now
  }

  /** Whether the member may rely on the lock of the queue. */
  isLocked(now: number): boolean {
    return this.lock !== undefined && now < this.lock.validUntil
  }

  /** Whether what was handed out is still of account. */
  owns(piece: Piece, now: number): boolean {
    return this.ledger.owns(piece.batch) && this.isLocked(now)
  }

  hasReady(): boolean {
    this.forgetOld()
    if (this.ledger.silent) return false
    if (this.keyOf !== undefined) return this.free.length > 0 || this.ledger.hasReady()
    return this.only.state === FREE && (this.only.pending.length > 0 || this.ledger.hasReady())
  }

  take(max: number, into: Handed, now: number): boolean {
    this.forgetOld()
    // a process that stood still comes here before it learns that its lock has lapsed
    if (this.ledger.silent || !this.isLocked(now)) return false
    return this.keyOf === undefined ? this.takeNext(max, into) : this.takeByKey(this.keyOf, into)
  }

  /** The messages of a lane that was in hand are dealt with: the next ones may come. */
  done(lane: Lane): void {
    lane.state = FREE
    if (this.keyOf === undefined) return
    if (lane.pending.length > 0) this.free.push(lane)
    else if (lane.uncommitted.length === 0) this.keyed.delete(lane.key)
  }

  /** Nothing of a lane is handed out until it is resumed by the same `suspension`. */
  suspend(lane: Lane, suspension: unknown): void {
    lane.state = SUSPENDED
    lane.suspension = suspension
  }

  /** False when it is suspended no longer, or by something else. */
  resume(lane: Lane, suspension: unknown): boolean {
    if (lane.state !== SUSPENDED || lane.suspension !== suspension) return false
    this.done(lane)
    return true
  }

  private takeNext(max: number, into: Handed): boolean {
    const lane = this.only
    if (lane.state !== FREE) return false
    if (lane.pending.length > 0) return this.takePending(lane, into)
    if (!this.ledger.take(max, into)) return false
    lane.state = BUSY
    into.lane = lane
    return true
  }

  private takeByKey(keyOf: (message: MessageExt) => string, into: Handed): boolean {
    const waiting = this.free.shift()
    if (waiting !== undefined) return this.takePending(waiting, into)
    while (this.ledger.take(1, into)) {
      const { batch, from, to } = into
      const key = keyOf(batch.messages[from]!)
      let lane = this.keyed.get(key)
      if (lane === undefined) this.keyed.set(key, lane = laneOf(key))
      // one that is free and has something pending was taken above
      if (lane.state === FREE) {
        lane.state = BUSY
        into.lane = lane
        return true
      }
      lane.pending.push({ batch, from, to })
      this.ledger.lay(1)
    }
    return false
  }

  private takePending(lane: Lane, into: Handed): boolean {
    const { batch, from, to } = lane.pending.shift()!
    this.ledger.hold(to - from)
    into.batch = batch
    into.from = from
    into.to = to
    into.lane = lane
    lane.state = BUSY
    return true
  }

  /** After a reset nothing of before is of account; what is in hand still has to come to its end. */
  private forgetOld(): void {
    if (this.epoch === this.ledger.epoch) return
    this.epoch = this.ledger.epoch
    this.free = []
    for (const lane of this.keyOf === undefined ? [this.only] : [...this.keyed.values()]) {
      lane.pending = []
      lane.uncommitted = []
      if (lane.state === BUSY) continue
      lane.state = FREE
      this.keyed.delete(lane.key)
    }
  }
}
