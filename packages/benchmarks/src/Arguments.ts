/**
 * The command line of the bench contract: `--name value` pairs, unknown ones ignored.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Arguments {
  readonly namesrv: string
  readonly topic: string
  readonly group: string
  readonly workload: string
  /** Messages to measure. */
  readonly count: number
  /** Bytes of a body, at least 16. */
  readonly size: number
  /** Senders. */
  readonly concurrency: number
  /** Messages of a batch. */
  readonly batch: number
  /** Messages before the measured ones. */
  readonly warmup: number
  /** Messages per second of `end-to-end`. */
  readonly rate: number
  /** Length of `idle`. */
  readonly seconds: number
  /** Seconds after which the measured stretch ends whatever was reached. */
  readonly timeout: number
  /** Most oneway messages that the broker has shown no sign of having taken; 0: any number. */
  readonly onewayWindow: number
}

const texts = { namesrv: "127.0.0.1:9876", topic: "", group: "", workload: "" }

const numbers = {
  count: 1000,
  size: 1024,
  concurrency: 1,
  batch: 32,
  warmup: 0,
  rate: 1000,
  seconds: 10,
  timeout: 60,
  onewayWindow: 0
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const parse = (argv: ReadonlyArray<string>): Arguments => {
  const given = new Map<string, string>()
  for (let i = 0; i + 1 < argv.length; i += 2) given.set((argv[i] ?? "").replace(/^--/, ""), argv[i + 1] ?? "")
  const text = (name: keyof typeof texts): string => given.get(name) ?? texts[name]
  const number = (name: keyof typeof numbers): number => Number(given.get(name) ?? numbers[name])
  const workload = text("workload")
  return {
    namesrv: text("namesrv"),
    topic: text("topic"),
    group: text("group"),
    workload,
    count: number("count"),
    size: Math.max(16, number("size")),
    concurrency: workload === "send-latency" ? 1 : number("concurrency"),
    batch: number("batch"),
    warmup: number("warmup"),
    rate: number("rate"),
    seconds: number("seconds"),
    timeout: number("timeout"),
    onewayWindow: number("onewayWindow")
  }
}
