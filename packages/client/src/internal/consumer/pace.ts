/**
 * How fast messages are handed out: each takes its share of a second, and who comes too early waits. Nothing but numbers.
 */

/** So long before now the next message may have been due at the most, in milliseconds: what an idle time leaves over. */
const SLACK = 100

/** Below what a clock of whole milliseconds and sums of fractions can tell apart. */
const EPSILON = 1e-6

/** See the module. */
export class Pace {
  readonly rate: number
  /** When the next message is due, in milliseconds with fractions. */
  private due: number

  /** `due`: when the first message may come. */
  constructor(rate: number, due: number) {
    this.rate = rate
    this.due = due
  }

  /** Whole milliseconds until a message may come; 0: now. */
  wait(now: number): number {
    const left = this.due - now
    return left <= EPSILON ? 0 : Math.ceil(left - EPSILON)
  }

  /** How many may come at once: of a batch, no more than a second's worth. */
  most(batchSize: number): number {
    return Math.min(batchSize, Math.max(1, Math.floor(this.rate)))
  }

  /** So many have come: the next one waits for the time that they take. */
  took(count: number, now: number): void {
    this.due = Math.max(this.due, now - SLACK) + count * 1000 / this.rate
  }

  /** The same with another rate: what has come already counts, at the new rate. */
  at(rate: number, now: number): Pace {
    return new Pace(rate, now + Math.max(0, this.due - now) * this.rate / rate)
  }
}

/** `undefined`: nothing waits. */
export const make = (rate: number, now: number): Pace | undefined => rate === Infinity ? undefined : new Pace(rate, now)
