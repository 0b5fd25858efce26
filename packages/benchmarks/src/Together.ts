/**
 * The workloads of a producer and a consumer on one topic.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"
import type { Failures } from "./Sends.js"

/** Sends a message now and then until one has come through; the number of them. */
const probe = (send: (i: number) => Effect.Effect<unknown>, seen: () => boolean) =>
  Effect.gen(function*() {
    let probes = 0
    do {
      yield* Effect.fork(send(probes++))
      for (let i = 0; i < 25 && !seen(); i++) yield* Effect.sleep(10)
    } while (!seen() && probes < 120)
    yield* Effect.sleep(500)
    return probes
  })

/**
 * `--rate` messages a second, latency from the call of send to the handler.
 *
 * @since 0.1.0
 * @category workloads
 */
export const endToEnd = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    const samples = new Float64Array(o.count)
    const seen = new Uint8Array(o.count)
    const acked = new Uint8Array(o.count)
    let unique = 0
    let duplicates = 0
    let probed = false
    yield* Peer.consumer(o, (bytes) => {
      const now = Meter.nowUs()
      if (!Body.isMeasured(bytes)) {
        probed = true
        return
      }
      const number = Body.numberOf(bytes)
      if (seen[number] !== 0) {
        duplicates++
        return
      }
      seen[number] = 1
      samples[unique++] = now - Body.clockOf(bytes)
    })
    const calls = yield* Peer.producer(o)
    const send = (kind: number, number: number) =>
      Effect.matchEffect(calls.one(kind, number, Meter.nowUs()), {
        onSuccess: () =>
          Effect.sync(() => {
            if (kind === Body.MEASURED) acked[number] = 1
          }),
        onFailure: failed.add
      })
    const probes = yield* probe((i) => send(Body.OTHER, i), () => probed)
    const window = Meter.window(o.timeout)
    let i = 0
    while (i < o.count && window.open()) {
      const due = Math.min(o.count, Math.floor((Meter.nowUs() - window.start) * o.rate / 1e6) + 1)
      for (; i < due; i++) yield* Effect.fork(send(Body.MEASURED, i))
      yield* Effect.sleep(1)
    }
    const pacing = (Meter.nowUs() - window.start) / 1e6
    for (let k = 0; k < 500 && unique < o.count; k++) yield* Effect.sleep(10)
    yield* Effect.sleep(200)
    return {
      ...window.close(unique),
      rate: unique / pacing,
      lost: acked.reduce((lost, sent, number) => lost + (sent !== 0 && seen[number] === 0 ? 1 : 0), 0),
      duplicates,
      warmup: probes,
      ...Meter.percentiles(samples, unique)
    }
  })

/**
 * One message has passed; then nothing for `--seconds`.
 *
 * @since 0.1.0
 * @category workloads
 */
export const idle = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    let probed = false
    yield* Peer.consumer(o, () => {
      probed = true
    })
    const calls = yield* Peer.producer(o)
    const probes = yield* probe((i) => Effect.catchAll(calls.one(Body.OTHER, i), failed.add), () => probed)
    const window = Meter.window(o.timeout)
    yield* Effect.sleep(o.seconds * 1000)
    return { ...window.close(0), warmup: probes, rss_kb: Meter.memory() }
  })
