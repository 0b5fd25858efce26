/**
 * The workloads that send.
 *
 * @since 0.1.0
 */
import { isSendReceipt, type SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import * as Effect from "effect/Effect"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"

/**
 * Counts failures and shows the first ones.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failures {
  /** Succeeds with `false`. */
  readonly add: (error: unknown) => Effect.Effect<false>
  readonly count: () => number
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const failures = (): Failures => {
  let count = 0
  return {
    add: (error) =>
      Effect.sync((): false => {
        if (++count <= 3) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
        return false
      }),
    count: () => count
  }
}

/** What a call of the producer gives; one answer of the broker stands for a whole batch. */
type Sent = SendReceipt | ReadonlyArray<SendReceipt> | void

const weakStatus = (sent: Sent): string | undefined => {
  if (sent === undefined) return undefined
  const receipt = isSendReceipt(sent) ? sent : sent[0]
  return receipt === undefined || receipt.status === "SEND_OK" ? undefined : receipt.status
}

interface Run {
  readonly done: number
  readonly samples: Float64Array
  readonly taken: number
}

/** `count` callers take turns over 0..total-1 in steps, each awaiting its own call. */
const lanes = (
  count: number,
  total: number,
  step: number,
  window: Meter.Window,
  call: (i: number, n: number) => Effect.Effect<Sent, unknown>,
  failed: Failures
): Effect.Effect<Run> =>
  Effect.suspend(() => {
    const samples = new Float64Array(Math.ceil(total / step))
    let next = 0
    let done = 0
    let taken = 0
    const lane = Effect.gen(function*() {
      while (next < total && window.open()) {
        const i = next
        next += step
        const n = Math.min(step, total - i)
        const began = Meter.nowUs()
        const result = yield* Effect.catchAll(call(i, n), failed.add)
        if (result === false) continue
        const weak = weakStatus(result)
        if (weak !== undefined) {
          yield* failed.add(`stored with status ${weak}`)
          continue
        }
        done += n
        samples[taken++] = Meter.nowUs() - began
      }
    })
    return Effect.map(
      Effect.forEach(Array.from({ length: count }), () => lane, { concurrency: "unbounded", discard: true }),
      () => ({ done, samples, taken })
    )
  })

/**
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    const calls = yield* Peer.producer(o)
    const isBatch = o.workload === "send-batch"
    const isOneway = o.workload === "send-oneway"
    const step = isBatch ? o.batch : 1
    const acked = isBatch ? calls.batch : calls.one
    const warmUp = Meter.window(o.timeout / 2)
    const warmed = yield* lanes(o.concurrency, o.warmup, step, warmUp, (i, n) => acked(Body.OTHER, i, n), failed)
    const window = Meter.window(o.timeout)
    const call = isOneway ? calls.oneway : acked
    const sent = yield* lanes(o.concurrency, o.count, step, window, (i, n) => call(Body.MEASURED, i, n), failed)
    // a fence: everything written before it has reached the broker
    if (isOneway) yield* calls.one(Body.OTHER, 0)
    return {
      ...window.close(sent.done),
      warmup: warmed.done + (isOneway ? 1 : 0),
      ...(isBatch ? { batch: o.batch } : {}),
      ...(isOneway ? {} : Meter.percentiles(sent.samples, sent.taken))
    }
  })
