/**
 * Compressed bodies at a steady rate: how long they hold up the event loop. Not part of the bench contract.
 *
 * @since 0.1.0
 */
import * as Message from "@effect-rocketmq/client/Message"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Effect from "effect/Effect"
import * as PerfHooks from "node:perf_hooks"
import type { Arguments } from "./Arguments.js"
import * as Meter from "./Meter.js"
import type { Failures } from "./Sends.js"

const cities = ["Lyon", "Porto", "Graz", "Turku", "Cork", "Gdynia", "Basel", "Bergen"]

/** Orders as JSON, of about `size` bytes. */
const document = (number: number, size: number): string => {
  const lines: Array<unknown> = []
  let length = 0
  for (let i = 0; length < size - 100; i++) {
    const x = Math.imul(number * 31 + i, 0x9e3779b1) >>> 0
    const line = { sku: x.toString(36), amount: x % 97, price: (x % 100_000) / 100, city: cities[x % 8], note: null }
    length += JSON.stringify(line).length + 1
    lines.push(line)
  }
  return JSON.stringify({ order: number, lines })
}

/**
 * Sends `--rate` bodies a second for `--seconds`, each compressed by itself, and reports the delays of the event loop.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    const producer = yield* Producer.make({ group: o.group, compression: { threshold: Math.min(4096, o.size - 200) } })
    const bodies = Array.from({ length: 1000 }, (_, i) => document(i, o.size))
    const send = (i: number) =>
      Effect.catchAll(
        producer.send(Message.make({ topic: o.topic, body: bodies[i % bodies.length] ?? "" })),
        failed.add
      )
    for (let i = 0; i < 2000; i++) yield* send(i)
    const delays = PerfHooks.monitorEventLoopDelay({ resolution: 1 })
    const total = o.rate * o.seconds
    const window = Meter.window(o.timeout)
    delays.enable()
    let i = 0
    while (i < total && window.open()) {
      const due = Math.min(total, Math.floor((Meter.nowUs() - window.start) * o.rate / 1e6) + 1)
      for (; i < due; i++) yield* Effect.fork(send(i))
      yield* Effect.sleep(1)
    }
    delays.disable()
    const { traffic } = yield* producer.stats
    return {
      ...window.close(i),
      body_bytes: bodies[0]?.length ?? 0,
      // the timer's own period of a millisecond is part of what is measured
      loop_delay_p50_ms: delays.percentile(50) / 1e6,
      loop_delay_p99_ms: delays.percentile(99) / 1e6,
      loop_delay_p999_ms: delays.percentile(99.9) / 1e6,
      loop_delay_max_ms: delays.max / 1e6,
      send_p99_ms: traffic[0]?.latency.p99 ?? 0
    }
  })
