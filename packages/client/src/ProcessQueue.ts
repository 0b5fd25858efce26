/**
 * The ledger of one queue: which messages were pulled and are not finished, how much they keep in memory, and which
 * offset may be committed. It never says an offset beyond a message that is not finished.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import { Latencies } from "./internal/latencies.js"

/**
 * What came with one pull. Messages are told apart by their index here; those of a finished batch are let go at once,
 * and with them the bytes of the answer that they are views of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Batch {
  /** The assignment that it was pulled for: what is said about another one is ignored. */
  readonly epoch: number
  /** By index. Empty once all are finished. */
  messages: Array<MessageExt>
  readonly size: number
  readonly bytes: number
  /** 1: finished. */
  readonly finished: Uint8Array
  /** Index of the next message to hand out. */
  next: number
  /** Index below which all messages are finished. */
  head: number
  /** How many messages are not finished. */
  remaining: number
}

/**
 * How much may be cached of one queue before pulling pauses.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /** Messages. */
  readonly count: number
  /** Bytes. */
  readonly bytes: number
  /** From the first unfinished offset to the position. */
  readonly span: number
}

/**
 * What several queues may keep together: those of a topic, or all of a consumer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  /** Messages and bytes above which none of the queues is pulled; Infinity: any. */
  readonly limits: { readonly count: number; readonly bytes: number }
  /** Messages that are cached; not counted when there is no limit. */
  count: number
  /** Bytes that they keep. */
  bytes: number
  /** Queues that wait for others to let go, first come first served. */
  readonly waiting: Set<ProcessQueue>
}

/**
 * One of the limits: those of the queue, of all queues of its topic, or of all queues of the consumer.
 *
 * @since 0.1.0
 * @category models
 */
export type Limit = keyof Limits | "topic" | "consumer"

/**
 * How long things took, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Durations {
  readonly count: number
  readonly max: number
  readonly add: (millis: number) => void
  /** What so much of them, 0 to 1, did not exceed; 0 when there are none. */
  readonly quantile: (quantile: number) => number
}

/**
 * What happened to the messages of a topic since the start, over all of its queues.
 *
 * @since 0.1.0
 * @category models
 */
export interface Totals {
  consumed: number
  failed: number
  /** Milliseconds that handlers took. */
  handling: number
  /** The same, one by one: of runs that succeeded. */
  readonly latencies: Durations
  pulls: number
  pulled: number
  /** Milliseconds that pulls took, held by the broker or not. */
  pulling: number
}

/**
 * All zero.
 *
 * @since 0.1.0
 * @category constructors
 */
export const totals = (): Totals => ({
  consumed: 0,
  failed: 0,
  handling: 0,
  latencies: new Latencies(),
  pulls: 0,
  pulled: 0,
  pulling: 0
})

/**
 * A budget of so many messages and bytes, shared by the queues that are given it. Default: no limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const budget = (limits: {
  readonly count?: number | undefined
  readonly bytes?: number | undefined
}): Budget => ({
  limits: { count: limits.count ?? Infinity, bytes: limits.bytes ?? Infinity },
  count: 0,
  bytes: 0,
  waiting: new Set()
})

/**
 * The ledger of one queue.
 *
 * @since 0.1.0
 * @category models
 */
export class ProcessQueue {
  /** @since 0.1.0 */
  readonly queue: MessageQueue
  /**
   * The offset to pull next.
   * @since 0.1.0
   */
  position: bigint
  /**
   * Raised by each reset: what was handed out before is then of no account.
   * @since 0.1.0
   */
  epoch = 0
  /**
   * Messages that are cached: not finished.
   * @since 0.1.0
   */
  count = 0
  /**
   * Bytes that the cached messages keep in memory.
   * @since 0.1.0
   */
  bytes = 0
  /**
   * Messages in the hands of handlers, or on their way back to the broker.
   * @since 0.1.0
   */
  running = 0
  /**
   * The queue is lost: nothing is handed out any more, while running handlers may still finish.
   * @since 0.1.0
   */
  closing = false
  /**
   * Nothing is handed out or pulled until it is resumed.
   * @since 0.1.0
   */
  paused = false
  /**
   * It is closing or paused: nothing is handed out.
   * @since 0.1.0
   */
  silent = false
  /**
   * Kept by the dispatcher: whether the queue is in its ring of queues with messages to hand out.
   * @since 0.1.0
   */
  listed = false
  /**
   * When a message was handed out last, in milliseconds; 0 before the first.
   * @since 0.1.0
   */
  lastHandled = 0
  /** @since 0.1.0 */
  readonly totals: Totals

  private readonly limits: Limits
  private readonly budgets: ReadonlyArray<Budget>
  /** Those of them that limit the number of messages; mostly none. */
  private readonly counted: ReadonlyArray<Budget> | undefined
  /** Batches with unfinished messages, by offset. */
  private batches: Array<Batch> = []
  /** Batches with messages that were not handed out. */
  private ready: Array<Batch> = []
  private again: Array<Handed> = []
  private onRoom: (() => void) | undefined
  private readonly onIdle = new Set<() => void>()

  constructor(
    queue: MessageQueue,
    position: bigint,
    limits: Limits,
    budgets: ReadonlyArray<Budget>,
    totals: Totals
  ) {
    this.queue = queue
    this.position = position
    this.limits = limits
    this.budgets = budgets
    const counted = budgets.filter((budget) => budget.limits.count < Infinity)
    this.counted = counted.length === 0 ? undefined : counted
    this.totals = totals
  }

  /**
   * The offset that may be committed: that of the first unfinished message, or the position when there is none.
   *
   * @since 0.1.0
   */
  committable(): bigint {
    return this.oldest()?.queueOffset ?? this.position
  }

  /**
   * The first message that is not finished.
   *
   * @since 0.1.0
   */
  oldest(): MessageExt | undefined {
    const batch = this.batches[0]
    if (batch === undefined) return undefined
    while (batch.finished[batch.head] === 1) batch.head++
    return batch.messages[batch.head]
  }

  /**
   * Takes in what a pull brought, in order of offsets, and moves the position to `next`. Messages below the position are
   * dropped: they are known already. `bytes` is what the messages keep in memory.
   *
   * @since 0.1.0
   */
  append(messages: Array<MessageExt>, next: bigint, bytes: number): void {
    let fresh = messages
    const first = messages[0]
    if (first !== undefined && first.queueOffset < this.position) {
      fresh = messages.filter((message) => message.queueOffset >= this.position)
    }
    const last = fresh[fresh.length - 1]
    this.moveTo(last !== undefined && last.queueOffset >= next ? last.queueOffset + 1n : next)
    if (last === undefined) return
    const batch: Batch = {
      epoch: this.epoch,
      messages: fresh,
      size: fresh.length,
      bytes,
      finished: new Uint8Array(fresh.length),
      next: 0,
      head: 0,
      remaining: fresh.length
    }
    this.batches.push(batch)
    this.ready.push(batch)
    this.count += fresh.length
    this.bytes += bytes
    for (const budget of this.budgets) budget.bytes += bytes
    if (this.counted !== undefined) { for (const budget of this.counted) budget.count += fresh.length }
  }

  /**
   * Moves the position forward; what is cached stays. Never moves it back.
   *
   * @since 0.1.0
   */
  moveTo(next: bigint): void {
    if (next > this.position) this.position = next
  }

  /**
   * Whether a message waits to be handed out.
   *
   * @since 0.1.0
   */
  hasReady(): boolean {
    return !this.silent && (this.ready.length > 0 || this.again.length > 0)
  }

  /**
   * Hands out up to `max` neighbouring messages of one batch, into `into`. False when there is none.
   *
   * @since 0.1.0
   */
  take(max: number, into: Handed): boolean {
    if (this.silent) return false
    const redo = this.again.shift()
    if (redo !== undefined) {
      into.batch = redo.batch
      into.from = redo.from
      into.to = redo.to
      this.running += redo.to - redo.from
      return true
    }
    const batch = this.ready[0]
    if (batch === undefined) return false
    into.batch = batch
    into.from = batch.next
    into.to = batch.next = Math.min(batch.next + max, batch.size)
    if (batch.next === batch.size) this.ready.shift()
    this.running += into.to - into.from
    return true
  }

  /**
   * Whether the batch still belongs to the present assignment.
   *
   * @since 0.1.0
   */
  owns(batch: Batch): boolean {
    return batch.epoch === this.epoch
  }

  /**
   * A handed out message is done for good. Ignored when the batch is of another assignment.
   *
   * @since 0.1.0
   */
  finish(batch: Batch, index: number): void {
    this.release(1)
    if (batch.epoch !== this.epoch || batch.finished[index] !== 0) return
    batch.finished[index] = 1
    this.count--
    if (--batch.remaining === 0) {
      batch.messages = []
      this.bytes -= batch.bytes
      for (const budget of this.budgets) budget.bytes -= batch.bytes
      while (this.batches[0]?.remaining === 0) this.batches.shift()
      if (this.counted !== undefined) { for (const budget of this.counted) budget.count-- }
      for (const budget of this.budgets) if (budget.waiting.size > 0) wakeWaiting(budget)
    } else if (this.counted !== undefined) {
      for (const budget of this.counted) {
        budget.count--
        if (budget.waiting.size > 0) wakeWaiting(budget)
      }
    }
    if (this.onRoom !== undefined && this.hasRoom()) this.wakeRoom()
  }

  /**
   * A handed out message is not done and stays cached; `redo` hands it out again, with the message in its place.
   *
   * @since 0.1.0
   */
  putBack(batch: Batch, index: number, message: MessageExt): void {
    this.release(1)
    if (batch.epoch === this.epoch && batch.finished[index] === 0) batch.messages[index] = message
  }

  /**
   * Handed out messages are not done, and wait with whoever was given them: nobody handles them now.
   *
   * @since 0.1.0
   */
  lay(count: number): void {
    this.release(count)
  }

  /**
   * Messages that were laid down or put back are in hand again.
   *
   * @since 0.1.0
   */
  hold(count: number): void {
    this.running += count
  }

  /**
   * Makes a message that was put back ready again. False when it is no longer of account.
   *
   * @since 0.1.0
   */
  redo(batch: Batch, index: number): boolean {
    if (batch.epoch !== this.epoch || batch.finished[index] !== 0 || this.closing) return false
    this.again.push({ batch, from: index, to: index + 1 })
    return true
  }

  /**
   * Forgets all that is cached and starts again at `offset`; what handlers say about earlier messages is ignored from now on.
   *
   * @since 0.1.0
   */
  reset(offset: bigint): void {
    this.epoch++
    for (const budget of this.budgets) budget.bytes -= this.bytes
    if (this.counted !== undefined) { for (const budget of this.counted) budget.count -= this.count }
    this.batches = []
    this.ready = []
    this.again = []
    this.count = 0
    this.bytes = 0
    this.position = offset
    this.wakeRoom()
    for (const budget of this.budgets) wakeWaiting(budget)
  }

  /**
   * Forgets all that is cached for good: the queue is no longer of this member.
   *
   * @since 0.1.0
   */
  drop(): void {
    this.close()
    this.reset(this.position)
  }

  /**
   * Hands nothing out any more: the queue is lost.
   *
   * @since 0.1.0
   */
  close(): void {
    this.closing = this.silent = true
  }

  /**
   * Hands nothing out and has no room until `resume`. What is cached stays; what was handed out may be finished.
   *
   * @since 0.1.0
   */
  pause(): void {
    this.paused = this.silent = true
  }

  /**
   * Takes a pause back.
   *
   * @since 0.1.0
   */
  resume(): void {
    this.paused = false
    this.silent = this.closing
    this.wakeIfRoom()
  }

  /**
   * Whether more may be pulled.
   *
   * @since 0.1.0
   */
  hasRoom(): boolean {
    if (this.paused) return false
    for (const budget of this.budgets) if (!hasRoomIn(budget)) return false
    return this.count <= this.limits.count && this.bytes <= this.limits.bytes &&
      (this.count === 0 || Number(this.position - this.committable()) <= this.limits.span)
  }

  /**
   * The limit that keeps more from being pulled; `undefined` when there is room.
   *
   * @since 0.1.0
   */
  exceeded(): Limit | undefined {
    if (this.paused || this.hasRoom()) return undefined
    if (this.count > this.limits.count) return "count"
    if (this.bytes > this.limits.bytes) return "bytes"
    if (this.count > 0 && Number(this.position - this.committable()) > this.limits.span) return "span"
    const last = this.budgets.at(-1)
    return last === undefined || !hasRoomIn(last) ? "consumer" : "topic"
  }

  /**
   * Calls back once, as soon as there is room. The result takes the wish back.
   *
   * @since 0.1.0
   */
  whenRoom(callback: () => void): () => void {
    this.onRoom = callback
    for (const budget of this.budgets) budget.waiting.add(this)
    return () => {
      if (this.onRoom !== callback) return
      this.onRoom = undefined
      for (const budget of this.budgets) budget.waiting.delete(this)
    }
  }

  /**
   * What is not finished, in order of offsets, and whether it was ever handed out.
   *
   * @since 0.1.0
   */
  unfinished(): ReadonlyArray<{ readonly message: MessageExt; readonly isBegun: boolean }> {
    const left: Array<{ readonly message: MessageExt; readonly isBegun: boolean }> = []
    for (const { finished, messages, next } of this.batches) {
      messages.forEach((message, index) => {
        if (finished[index] === 0) left.push({ message, isBegun: index < next })
      })
    }
    return left
  }

  /**
   * How many finished messages stand behind the first unfinished one: no commit tells of them.
   *
   * @since 0.1.0
   */
  uncommittable(): number {
    let seen = false
    let count = 0
    for (const { finished, size } of this.batches) {
      for (let index = 0; index < size; index++) {
        if (finished[index] === 0) seen = true
        else if (seen) count++
      }
    }
    return count
  }

  /**
   * Calls back once, as soon as nothing is in the hands of handlers. The result takes the wish back.
   *
   * @since 0.1.0
   */
  whenIdle(callback: () => void): () => void {
    this.onIdle.add(callback)
    return () => {
      this.onIdle.delete(callback)
    }
  }

  /**
   * Wakes who waits for room if there is some.
   *
   * @since 0.1.0
   */
  wakeIfRoom(): boolean {
    if (this.onRoom === undefined || !this.hasRoom()) return false
    this.wakeRoom()
    return true
  }

  /**
   * @since 0.1.0
   */
  private wakeRoom(): void {
    const callback = this.onRoom
    this.onRoom = undefined
    for (const budget of this.budgets) budget.waiting.delete(this)
    if (callback !== undefined) callback()
  }

  /**
   * @since 0.1.0
   */
  private release(count: number): void {
    this.running -= count
    if (this.running === 0 && this.onIdle.size > 0) {
      const callbacks = [...this.onIdle]
      this.onIdle.clear()
      for (const callback of callbacks) callback()
    }
  }
}

const hasRoomIn = ({ bytes, count, limits }: Budget): boolean => bytes <= limits.bytes && count <= limits.count

/** Room in the budget is offered in the order of waiting; those who lack room elsewhere stay. */
const wakeWaiting = (budget: Budget): void => {
  if (!hasRoomIn(budget)) return
  for (const queue of budget.waiting) queue.wakeIfRoom()
}

/**
 * Messages handed out: those of `batch` from index `from` up to but without `to`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handed {
  batch: Batch
  from: number
  to: number
  /** Kept by who hands out in order: whose turn these messages have. */
  lane?: unknown
}

/**
 * An empty ledger that starts at `position`. `budgets` and `totals` may be shared with other queues; of the budgets, that of
 * the consumer comes last.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  queue: MessageQueue,
  position: bigint,
  limits: Limits,
  budgets: ReadonlyArray<Budget>,
  total: Totals = totals()
): ProcessQueue => new ProcessQueue(queue, position, limits, budgets, total)
