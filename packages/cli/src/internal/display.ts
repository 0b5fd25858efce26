import type { Snapshot } from "./ledger.js"

const count = (value: number): string => Math.round(value).toLocaleString("en-US")
const millis = (value: number): string => value < 10 ? `${value.toFixed(1)} ms` : `${count(value)} ms`

const bar = (part: number, whole: number, width: number): string => {
  const full = Math.round(width * Math.min(1, whole === 0 ? 1 : part / whole))
  return "█".repeat(full) + "░".repeat(width - full)
}

const style = (code: number, text: string, colors: boolean): string => colors ? `\x1b[${code}m${text}\x1b[0m` : text

/** The live picture: one bar for each direction, and what went wrong and was mended on the way. */
export const frame = (
  now: Snapshot,
  rates: { readonly sent: number; readonly consumed: number },
  expected: number,
  colors: boolean
): ReadonlyArray<string> => [
  `  sent      ${style(36, bar(now.acknowledged, expected, 28), colors)} ${count(now.acknowledged).padStart(7)}` +
  `  ${count(rates.sent).padStart(6)}/s   p50 ${millis(now.sendLatency.p50)}   p99 ${millis(now.sendLatency.p99)}`,
  `  consumed  ${style(32, bar(now.consumed, expected, 28), colors)} ${count(now.consumed).padStart(7)}` +
  `  ${count(rates.consumed).padStart(6)}/s   p50 ${millis(now.deliveryLatency.p50)}   p99 ${
    millis(now.deliveryLatency.p99)
  }`,
  `  handler failures ${count(now.handlerFailures)}, redelivered ${count(now.redelivered)}, ` +
  `waiting for redelivery ${count(Math.max(0, now.handlerFailures - now.redelivered))}`
]

/** One line for logs and pipes, where nothing can be redrawn. */
export const line = (now: Snapshot, rates: { readonly sent: number; readonly consumed: number }): string =>
  `sent ${count(now.acknowledged)} (${count(rates.sent)}/s)  consumed ${count(now.consumed)} (${
    count(rates.consumed)
  }/s)  redelivered ${count(now.redelivered)}`

/** What the run proved. */
export const summary = (now: Snapshot, seconds: number, colors: boolean): ReadonlyArray<string> => {
  const passed = isPassed(now)
  const row = (name: string, value: string, note = "") => `  ${name.padEnd(22)}${value.padStart(9)}   ${note}`
  return [
    row("sent", count(now.sent), `in ${seconds.toFixed(1)} s`),
    row(
      "acknowledged",
      count(now.acknowledged),
      `p50 ${millis(now.sendLatency.p50)}, p99 ${millis(now.sendLatency.p99)}`
    ),
    ...(now.sendFailures > 0 ? [row("failed sends", count(now.sendFailures), now.lastSendFailure ?? "")] : []),
    row(
      "consumed",
      count(now.consumed),
      `send to handler p50 ${millis(now.deliveryLatency.p50)}, p99 ${millis(now.deliveryLatency.p99)}`
    ),
    row("handler failures", count(now.handlerFailures), "on purpose: failed, threw or died"),
    row("redelivered", count(now.redelivered), "after 1 s, by the retry topic"),
    row("consumed twice", count(now.duplicates)),
    style(passed ? 32 : 31, row("lost", count(now.lost), passed ? "nothing was lost" : "MESSAGES WERE LOST"), colors)
  ]
}

/** Whether every acknowledged message was consumed, and every message was acknowledged. */
export const isPassed = (now: Snapshot): boolean => now.lost === 0 && now.sendFailures === 0 && now.sent > 0
