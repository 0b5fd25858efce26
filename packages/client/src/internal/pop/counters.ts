/**
 * What a consumer that pops counts since its start.
 */
import type { Stats } from "../../PopConsumer.js"

/** Plain numbers. */
export type Counters = { -readonly [K in keyof Omit<Stats, "cachedCount" | "running">]: number }

/** All zero. */
export const make = (): Counters => ({
  popped: 0,
  consumed: 0,
  failed: 0,
  timedOut: 0,
  acked: 0,
  ackFailures: 0,
  renewed: 0,
  renewFailures: 0,
  lapsed: 0,
  returned: 0,
  returnFailures: 0,
  deadLettered: 0,
  filtered: 0,
  undecodable: 0,
  popFailures: 0
})
