import type * as Fiber from "effect/Fiber"
import type { TransactionCheck } from "../Client.js"
import type { TransactionTimeoutError } from "../TransactionError.js"
import type { TransactionState } from "../TransactionProducer.js"
import type { Outgoing } from "./outgoing.js"
import type { ReceiptImpl } from "./sendReceipt.js"

/** @internal Which stored copy of a half message an end is about: each check of a broker stores it anew. */
export interface Copy {
  readonly address: string
  readonly brokerName: string
  readonly tranStateTableOffset: bigint
  readonly commitLogOffset: bigint
  /** Whether a broker has asked about it: it takes an end at any time then. */
  readonly fromCheck: boolean
}

/** @internal */
export type Phase = "Open" | "Committing" | "Committed" | "RollingBack" | "RolledBack" | "LeftToCheck"

/**
 * A transaction of this process, from its half message to its end.
 *
 * @internal
 */
export class OpenTransaction {
  readonly out: Outgoing
  readonly receipt: ReceiptImpl
  readonly timeout: number | undefined
  copy: Copy
  phase: Phase = "Open"
  /** Its time is over. */
  expired: TransactionTimeoutError["reason"] | undefined = undefined
  /** The local work, where it is ours to run. */
  fiber: Fiber.RuntimeFiber<unknown, unknown> | undefined = undefined

  constructor(out: Outgoing, receipt: ReceiptImpl, copy: Copy, timeout: number | undefined) {
    this.out = out
    this.receipt = receipt
    this.copy = copy
    this.timeout = timeout
  }

  get topic(): string {
    return this.out.message.topic
  }

  get uniqueKey(): string {
    return this.out.uniqueKey
  }

  /**
   * A broker has asked: it holds a newer copy now, and would go on asking about that one when an older one were ended.
   * With an attempt of unknown outcome there may be a second half message of the same key, and nobody can tell of which
   * of them the broker speaks.
   */
  adopt(check: TransactionCheck): void {
    // brokers of 4.x do not say their name
    const isSameBroker = check.brokerName === undefined
      ? check.address === this.copy.address
      : check.brokerName === this.copy.brokerName
    if (this.phase !== "Open" || !isSameBroker) return
    if (this.receipt.attempts.some((attempt) => attempt.outcome === "Unknown")) return
    this.copy = {
      address: check.address,
      brokerName: this.copy.brokerName,
      tranStateTableOffset: check.tranStateTableOffset,
      commitLogOffset: check.commitLogOffset,
      fromCheck: true
    }
  }
}

/** The latest of many: what is put in beyond the limit pushes out what came first. */
class Latest {
  private readonly states = new Map<string, "Commit" | "Rollback">()
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  put(key: string, state: "Commit" | "Rollback"): void {
    this.states.delete(key)
    this.states.set(key, state)
    if (this.states.size <= this.limit) return
    for (const oldest of this.states.keys()) {
      this.states.delete(oldest)
      return
    }
  }

  get(key: string): "Commit" | "Rollback" | undefined {
    return this.states.get(key)
  }
}

/**
 * What this process knows of its transactions, by unique key.
 *
 * @internal
 */
export class Ledger {
  private readonly open = new Map<string, OpenTransaction>()
  /** Half messages under way. */
  private readonly sending = new Set<string>()
  /** Brokers are likely to ask about these. */
  private readonly unconfirmed = new Latest(50_000)
  /** About these a broker asks only when its own note of the end came too late for it. */
  private readonly confirmed = new Latest(10_000)

  /** Transactions whose local work runs. */
  get running(): number {
    return this.open.size
  }

  /** Of these and of half messages under way there are none. */
  get isIdle(): boolean {
    return this.open.size === 0 && this.sending.size === 0
  }

  all(): ReadonlyArray<OpenTransaction> {
    return Array.from(this.open.values())
  }

  begin(key: string): void {
    this.sending.add(key)
  }

  opened(transaction: OpenTransaction): void {
    this.sending.delete(transaction.uniqueKey)
    this.open.set(transaction.uniqueKey, transaction)
  }

  /** Nothing has to be known of it: no broker will ask, or the check shall decide. */
  forget(key: string): void {
    this.sending.delete(key)
    this.open.delete(key)
  }

  ended(key: string, state: "Commit" | "Rollback", isConfirmed: boolean): void {
    this.forget(key)
    const verdicts = isConfirmed ? this.confirmed : this.unconfirmed
    verdicts.put(key, state)
  }

  /** What a broker can be told without asking anybody. */
  answerTo(key: string, check: TransactionCheck): TransactionState | undefined {
    const transaction = this.open.get(key)
    if (transaction !== undefined) {
      transaction.adopt(check)
      return "Unknown"
    }
    return this.sending.has(key) ? "Unknown" : this.unconfirmed.get(key) ?? this.confirmed.get(key)
  }
}
