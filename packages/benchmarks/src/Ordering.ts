/**
 * The workload of messages in order.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"
import { Tracker } from "./Consuming.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"
import type { Failures } from "./Sends.js"

const KEYS = 64

/**
 * Senders that own disjoint keys await each message; then a consumer in order gets all of them.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    const total = o.count + o.warmup
    const calls = yield* Peer.producer(o)
    const window = Meter.window(o.timeout)
    let acked = 0
    const owner = Effect.fnUntraced(function*(lane: number) {
      for (let i = 0; i < total && window.open(); i++) {
        if (i % KEYS % o.concurrency !== lane) continue
        const sent = yield* Effect.catchAll(calls.keyed(i, `key-${i % KEYS}`), failed.add)
        if (sent !== false) acked++
      }
    })
    yield* Effect.forEach(Array.from({ length: o.concurrency }, (_, lane) => lane), owner, {
      concurrency: "unbounded",
      discard: true
    })
    const sendRate = acked / ((Meter.nowUs() - window.start) / 1e6)

    const tracker = new Tracker(total, Math.min(o.warmup, Math.ceil(acked / 10)), o.timeout, acked)
    const latest = Array.from({ length: KEYS }, (_, key) => key - KEYS)
    let disorder = 0
    yield* Peer.orderlyConsumer(o, (bytes) => {
      if (!tracker.on(bytes)) return
      const number = Body.numberOf(bytes)
      const key = number % KEYS
      const last = latest[key] ?? 0
      if (number !== last + KEYS) disorder++
      latest[key] = Math.max(last, number)
    })
    return { ...yield* tracker.report, send_rate: sendRate, out_of_order: disorder, warmup: acked - o.count }
  })
