/**
 * The workloads that consume a backlog.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"

/**
 * Counts first deliveries of numbers below `total`, of which `expected` come. The first `skip` are warm-up, or those of the
 * first half of the timeout if that is over sooner.
 *
 * @since 0.1.0
 * @category models
 */
export class Tracker {
  private readonly seen: Uint8Array
  private readonly expected: number
  private readonly skip: number
  private readonly timeout: number
  private readonly started = Meter.nowUs()
  private readonly finished = Effect.unsafeMakeLatch(false)
  private unique = 0
  private duplicates = 0
  private first = 0
  private mark = 0
  private marked = 0
  private last = 0
  private cpuMark = 0
  private cpuLast = 0

  constructor(total: number, skip: number, timeout: number, expected = total) {
    this.expected = expected
    this.skip = Math.max(1, skip)
    this.timeout = timeout
    this.seen = new Uint8Array(total)
  }

  /**
   * Notes a delivery. False when it is not the first one.
   *
   * @since 0.1.0
   */
  readonly on = (bytes: Uint8Array): boolean => {
    const number = Body.numberOf(bytes)
    if (this.seen[number] !== 0) {
      this.duplicates++
      return false
    }
    this.seen[number] = 1
    const now = Meter.nowUs()
    this.unique++
    if (this.unique === 1) this.first = now
    if (this.marked === 0 && (this.unique >= this.skip || now - this.first > this.timeout * 500_000)) {
      this.mark = now
      this.marked = this.unique
      this.cpuMark = Meter.cpuSeconds()
    }
    this.last = now
    if (this.unique === this.expected) {
      this.cpuLast = Meter.cpuSeconds()
      this.finished.unsafeOpen()
    }
    return true
  }

  /**
   * Waits for all of them, or for the timeout.
   *
   * @since 0.1.0
   */
  readonly report: Effect.Effect<Meter.Result> = Effect.gen(this, function*() {
    const complete = yield* Effect.timeoutTo(this.finished.await, {
      duration: this.timeout * 1000,
      onTimeout: () => false,
      onSuccess: () => true
    })
    if (!complete) this.cpuLast = Meter.cpuSeconds()
    // time for duplicates to come in
    yield* Effect.sleep(200)
    const counted = this.marked > 0 ? this.unique - this.marked : 0
    const elapsed = (this.last - this.mark) / 1e6
    return {
      count: counted,
      seconds: counted > 0 ? elapsed : 0,
      rate: counted > 0 ? counted / elapsed : 0,
      cpu_seconds: counted > 0 ? this.cpuLast - this.cpuMark : 0,
      startup_ms: this.unique > 0 ? (this.first - this.started) / 1e3 : -1,
      ...(complete ? { lost: 0 } : { timed_out: true, undelivered: this.expected - this.unique }),
      duplicates: this.duplicates
    }
  })
}

const consumers: Readonly<Record<string, typeof Peer.consumer>> = {
  "consume-tuned": Peer.tunedConsumer,
  "consume-orderly": Peer.orderlyConsumer
}

/**
 * The client is made inside the measured start-up.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments) =>
  Effect.suspend(() => {
    const tracker = new Tracker(o.count + o.warmup, o.warmup, o.timeout)
    const consumer = consumers[o.workload] ?? Peer.consumer
    return Peer.withClient(o)(Effect.zipRight(consumer(o, tracker.on), tracker.report))
  })
