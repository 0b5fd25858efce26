/**
 * A backlog that the handler cannot keep up with: what the consumer keeps in memory meanwhile. Not part of the bench
 * contract.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Arguments } from "./Arguments.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"

/** How long the handler takes for each message. */
const pause = "50 millis"

/**
 * Consumes for `--seconds` with a handler of 50 ms and reports resident memory, and how much of it the consumer accounts
 * for.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments) =>
  Peer.withClient(o)(Effect.gen(function*() {
    let handled = 0
    const consumer = yield* Peer.slowConsumer(
      o,
      Effect.map(Effect.sleep(pause), () => {
        handled++
      })
    )
    const before = Meter.memory()
    const window = Meter.window(o.timeout)
    let cached = 0
    for (let second = 0; second < o.seconds; second++) {
      yield* Effect.sleep("1 second")
      cached = Math.max(cached, (yield* consumer.stats).cachedBytes)
    }
    return { ...window.close(handled), rss_kb: Meter.memory(), rss_start_kb: before, cached_bytes_max: cached }
  }))
