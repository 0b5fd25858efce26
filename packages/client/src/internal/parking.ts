import * as Effect from "effect/Effect"
import type { BrokerHealth } from "../FaultTolerance.js"

interface Parked {
  readonly brokers: ReadonlyArray<BrokerHealth>
  readonly deadline: number
  readonly resume: (effect: Effect.Effect<void>) => void
}

/** How many messages one look sends to brokers that are well, and how many may be under way after a failure. */
const burst = 64

/**
 * Where messages wait while all brokers of their topic are avoided, so that a broker that is down is tried by one
 * message at a time. Each success then lets two more go, or one when a window is full that opens slowly: a broker that
 * has just started gets the crowd no faster than it answers, and what times out there and is stored twice stays little.
 *
 * @internal
 */
export class Parking {
  private readonly entries = new Set<Parked>()
  private readonly onFirst: () => void
  private window = burst

  constructor(onFirst: () => void) {
    this.onFirst = onFirst
  }

  get size(): number {
    return this.entries.size
  }

  /** Ends when it is this message's turn to try again, or its deadline. */
  park(brokers: ReadonlyArray<BrokerHealth>, deadline: number): Effect.Effect<void> {
    return Effect.async((resume) => {
      const entry = { brokers, deadline, resume }
      this.entries.add(entry)
      if (this.entries.size === 1) this.onFirst()
      return Effect.sync(() => {
        this.entries.delete(entry)
      })
    })
  }

  /** A broker has failed. */
  failed(): void {
    this.window = burst
  }

  /** The broker has just stored a message; `underWay` others are on their way. */
  succeeded(broker: BrokerHealth, underWay: number): void {
    this.window += 0.25
    let left = underWay < this.window ? 2 : 1
    for (const entry of this.entries) {
      if (!entry.brokers.includes(broker)) continue
      this.release(entry)
      if (--left === 0) return
    }
  }

  /** Lets go what is overdue, and one message for each broker whose pause is over. */
  look(now: number): void {
    const probed = new Set<BrokerHealth>()
    let left = burst
    for (const entry of this.entries) {
      if (entry.deadline <= now) {
        this.release(entry)
        continue
      }
      for (const broker of entry.brokers) {
        const free = broker.state === "Avoided"
          ? now >= broker.avoidedUntil && !probed.has(broker) && probed.add(broker).size > 0
          : left-- > 0
        if (free) {
          this.release(entry)
          break
        }
      }
    }
  }

  /** When to look again, `limit` at the latest. */
  nextLook(limit: number): number {
    let next = limit
    for (const entry of this.entries) {
      next = Math.min(next, entry.deadline)
      for (const broker of entry.brokers) {
        if (broker.state === "Avoided") next = Math.min(next, broker.avoidedUntil)
      }
    }
    return next
  }

  releaseAll(): void {
    for (const entry of Array.from(this.entries)) this.release(entry)
  }

  private release(entry: Parked): void {
    this.entries.delete(entry)
    entry.resume(Effect.void)
  }
}
