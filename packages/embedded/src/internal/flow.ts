/**
 * One direction of a connection: bytes go in and come out as the network wants it, in their order.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type { Network } from "../Network.js"
import type { Timer, Timers } from "./timers.js"

/** A network, its times in milliseconds. */
export interface Conditions {
  readonly latency: number
  readonly jitter: number
  /** Bytes a millisecond. */
  readonly bandwidth: number
  readonly slice: number
  readonly blackHole: boolean
  readonly refuse: boolean
}

/** Undefined of a network that does nothing. */
export const conditionsOf = (network: Network): Conditions | undefined => {
  const conditions: Conditions = {
    latency: Duration.toMillis(network.latency ?? 0),
    jitter: Duration.toMillis(network.jitter ?? 0),
    bandwidth: network.bandwidth === undefined ? Number.POSITIVE_INFINITY : Math.max(1, network.bandwidth) / 1000,
    slice: network.slice === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(network.slice)),
    blackHole: network.blackHole ?? false,
    refuse: network.refuse ?? false
  }
  const { bandwidth, blackHole, jitter, latency, refuse, slice } = conditions
  const isUnlimited = bandwidth === Number.POSITIVE_INFINITY && slice === Number.POSITIVE_INFINITY
  return latency + jitter === 0 && isUnlimited && !blackHole && !refuse ? undefined : conditions
}

export interface Flow {
  /** Takes bytes that are not rewritten afterwards. */
  readonly push: (chunk: Uint8Array) => void
  /** Bytes that are on their way. */
  readonly held: () => number
  /** Runs when all that is on its way has come out. */
  readonly whenEmpty: (run: () => void) => void
  /** The network is another. */
  readonly changed: () => void
  /** Nothing comes out any more. */
  readonly stop: () => void
}

interface Piece {
  readonly bytes: Uint8Array
  readonly due: number
}

export const make = (options: {
  readonly timers: Timers
  /** A number from 0 to below 1. */
  readonly random: () => number
  readonly conditions: () => Conditions | undefined
  /** Milliseconds between the pieces of a chunk, for those who would put them together again. */
  readonly spacing: number
  readonly deliver: (bytes: Uint8Array) => void
  /** Some bytes came out. */
  readonly moved: () => void
}): Flow => {
  const { deliver, moved, random, timers } = options
  let pieces: Array<Piece> = []
  let first = 0
  let held = 0
  let last = 0
  let free = 0
  let timer: Timer | undefined
  let stopped = false
  let waiting: Array<() => void> = []

  const isEmpty = () => first === pieces.length
  const enqueue = (bytes: Uint8Array, conditions: Conditions, wait: number) => {
    const now = timers.now()
    free = Math.max(now, free) + bytes.length / conditions.bandwidth
    last = Math.max(last + wait, Math.ceil(free + conditions.latency + random() * conditions.jitter))
    pieces.push({ bytes, due: last })
    held += bytes.length
  }
  const slice = (chunk: Uint8Array, conditions: Conditions) => {
    for (let at = 0; at < chunk.length; at += conditions.slice) {
      enqueue(chunk.subarray(at, at + conditions.slice), conditions, at === 0 ? 0 : options.spacing)
    }
  }
  const arm = () => {
    if (timer !== undefined || isEmpty() || options.conditions()?.blackHole) return
    timer = timers.at(pieces[first]!.due, () => {
      timer = undefined
      drain()
    })
  }
  const drain = () => {
    while (!isEmpty() && !stopped && !options.conditions()?.blackHole && pieces[first]!.due <= timers.now()) {
      const { bytes } = pieces[first++]!
      held -= bytes.length
      deliver(bytes)
    }
    if (isEmpty()) {
      pieces = []
      first = 0
    }
    if (stopped) return
    arm()
    moved()
    if (!isEmpty()) return
    const runs = waiting
    waiting = []
    for (const run of runs) run()
  }

  return {
    push: (chunk) => {
      if (stopped || chunk.length === 0) return
      const conditions = options.conditions()
      if (conditions === undefined && isEmpty()) return deliver(chunk)
      if (conditions === undefined) {
        pieces.push({ bytes: chunk, due: last })
        held += chunk.length
      } else slice(chunk, conditions)
      arm()
    },
    held: () => held,
    whenEmpty: (run) => {
      if (isEmpty()) run()
      else waiting.push(run)
    },
    changed: () => {
      if (timer !== undefined) timers.cancel(timer)
      timer = undefined
      // what was on its way under the old conditions comes at the latest when the new ones would have it come
      const conditions = options.conditions()
      if (!isEmpty() && conditions?.blackHole !== true) {
        const bytes = pieces.slice(first)
        pieces = []
        first = 0
        held = 0
        last = 0
        free = 0
        if (conditions === undefined) {
          for (const piece of bytes) pieces.push({ bytes: piece.bytes, due: 0 })
          held = bytes.reduce((sum, piece) => sum + piece.bytes.length, 0)
        } else for (const piece of bytes) slice(piece.bytes, conditions)
      }
      arm()
    },
    stop: () => {
      stopped = true
      if (timer !== undefined) timers.cancel(timer)
      pieces = []
      waiting = []
      first = 0
      held = 0
    }
  }
}
