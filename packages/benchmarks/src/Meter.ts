/**
 * Time, CPU and memory as the bench contract counts them.
 *
 * @since 0.1.0
 */
import * as Fs from "node:fs"

/**
 * What a workload prints: fields of the bench contract.
 *
 * @since 0.1.0
 * @category models
 */
export type Result = Record<string, string | number | boolean>

/**
 * Microseconds of a monotonic clock.
 *
 * @since 0.1.0
 * @category combinators
 */
export const nowUs = (): number => performance.now() * 1000

/**
 * User and system time of this process.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cpuSeconds = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A line of the kernel's account of this process; not getrusage's, which starts from the size of the parent. */
const kilobytes = (line: string): number | undefined => {
  if (!Fs.existsSync("/proc/self/status")) return undefined
  const found = new RegExp(`${line}:\\s*(\\d+)`).exec(Fs.readFileSync("/proc/self/status", "utf8"))
  return found === null ? undefined : Number(found[1])
}

/**
 * Resident memory in KiB: most of it so far.
 *
 * @since 0.1.0
 * @category combinators
 */
export const peakMemory = (): number => kilobytes("VmHWM") ?? process.resourceUsage().maxRSS

/**
 * Resident memory in KiB, now.
 *
 * @since 0.1.0
 * @category combinators
 */
export const memory = (): number => kilobytes("VmRSS") ?? process.memoryUsage.rss() / 1024

/**
 * A measured stretch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Window {
  readonly start: number
  /** Whether there is time left. */
  readonly open: () => boolean
  /** Ends the stretch, in which `units` messages were done. */
  readonly close: (units: number) => Result
}

/**
 * Starts a stretch that ends after some seconds at the latest.
 *
 * @since 0.1.0
 * @category constructors
 */
export const window = (seconds: number): Window => {
  const startedAt = Date.now()
  const start = nowUs()
  const cpu = cpuSeconds()
  const deadline = start + seconds * 1e6
  return {
    start,
    open: () => nowUs() < deadline,
    close: (units) => {
      const elapsed = (nowUs() - start) / 1e6
      return {
        count: units,
        seconds: elapsed,
        rate: units / elapsed,
        cpu_seconds: cpuSeconds() - cpu,
        started_at_ms: startedAt
      }
    }
  }
}

/**
 * Percentiles of the first `n` samples, by nearest rank.
 *
 * @since 0.1.0
 * @category combinators
 */
export const percentiles = (samples: Float64Array, n: number): Result => {
  if (n === 0) return {}
  const sorted = samples.slice(0, n).sort()
  const at = (q: number): number => sorted[Math.max(0, Math.ceil(n * q) - 1)] ?? 0
  return { p50_us: at(0.5), p99_us: at(0.99), p999_us: at(0.999) }
}
