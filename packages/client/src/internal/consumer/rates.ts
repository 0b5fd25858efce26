/**
 * What happened per second and topic in the last minute, for an operator's view. Sampled with the periodic commits.
 */
import type { ConsumeStatus } from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import type { Totals } from "../../ProcessQueue.js"

/** Samples further back than this are dropped, in milliseconds. */
const WINDOW = 60_000

/** See the module. */
export interface Rates {
  readonly sample: (now: number) => void
  /** By topic: since the oldest sample. Failed messages are those since the start. */
  readonly status: (now: number) => ReadonlyMap<string, ConsumeStatus>
}

interface Sample {
  readonly at: number
  readonly totals: ReadonlyMap<string, Totals>
}

const per = (amount: number, count: number): number => count > 0 ? amount / count : 0

/** The first sample is that of the start. */
export const make = (totals: ReadonlyMap<string, Totals>, startedAt: number): Rates => {
  const take = (at: number): Sample => ({ at, totals: new Map([...totals].map(([topic, it]) => [topic, { ...it }])) })
  const samples: Array<Sample> = [take(startedAt)]
  return {
    sample: (now) => {
      samples.push(take(now))
      while (samples.length > 2 && now - samples[1]!.at >= WINDOW) samples.shift()
    },
    status: (now) => {
      const since = samples[0]!
      const seconds = (now - since.at) / 1000
      return new Map([...totals].map(([topic, it]) => {
        const before = since.totals.get(topic) ?? it
        const consumed = it.consumed - before.consumed
        const pulls = it.pulls - before.pulls
        return [topic, {
          consumeOKTPS: per(consumed, seconds),
          consumeFailedTPS: per(it.failed - before.failed, seconds),
          consumeRT: per(it.handling - before.handling, consumed),
          consumeFailedMsgs: it.failed,
          pullTPS: per(it.pulled - before.pulled, seconds),
          pullRT: per(it.pulling - before.pulling, pulls)
        }]
      }))
    }
  }
}
