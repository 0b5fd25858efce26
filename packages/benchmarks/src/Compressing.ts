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

/** Sends for `--seconds`, and gives what the event loop had to wait meanwhile, in milliseconds. */
const delays = (o: Arguments, failed: Failures, compression: Producer.Options["compression"]) =>
  Effect.gen(function*() {
    const producer = yield* Producer.make({
      group: `${o.group}-${compression === false ? "plain" : "zlib"}`,
      compression
    })
    const bodies = Array.from({ length: 1000 }, (_, i) => document(i, o.size))
    const send = (i: number) =>
      Effect.catchAll(
        producer.send(Message.make({ topic: o.topic, body: bodies[i % bodies.length] ?? "" })),
        failed.add
      )
    for (let i = 0; i < 2000; i++) yield* send(i)
    const monitor = PerfHooks.monitorEventLoopDelay({ resolution: 1 })
    const total = o.rate * o.seconds
    const window = Meter.window(o.timeout)
    monitor.enable()
    let i = 0
    while (i < total && window.open()) {
      const due = Math.min(total, Math.floor((Meter.nowUs() - window.start) * o.rate / 1e6) + 1)
      for (; i < due; i++) yield* Effect.fork(send(i))
      yield* Effect.sleep(1)
    }
    monitor.disable()
    const { traffic } = yield* producer.stats
    return {
      result: { ...window.close(i), body_bytes: bodies[0]?.length ?? 0, send_p99_ms: traffic[0]?.latency.p99 ?? 0 },
      delay: (percent: number) => monitor.percentile(percent) / 1e6,
      longest: monitor.max / 1e6
    }
  })

/**
 * Sends `--rate` bodies a second for `--seconds`, first as they are and then each compressed by itself, and reports the
 * delays of the event loop. The timer's own period of a millisecond is part of them.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments, failed: Failures) =>
  Effect.gen(function*() {
    const plain = yield* delays(o, failed, false)
    const zlib = yield* delays(o, failed, { threshold: Math.min(4096, o.size - 200) })
    return {
      ...zlib.result,
      loop_delay_p50_ms: zlib.delay(50),
      loop_delay_p99_ms: zlib.delay(99),
      loop_delay_p999_ms: zlib.delay(99.9),
      loop_delay_max_ms: zlib.longest,
      plain_loop_delay_p999_ms: plain.delay(99.9),
      plain_loop_delay_max_ms: plain.longest
    }
  })
