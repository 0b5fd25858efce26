/** What became of each message of a run: the proof that none was lost. */
export interface Ledger {
  readonly expected: number
  readonly sent: (number: number, at: number) => void
  readonly acknowledged: (number: number, at: number) => void
  readonly sendFailed: (reason: string) => void
  /** One delivery to the handler; true when it is the first of this message. */
  readonly delivered: (number: number, at: number) => boolean
  readonly handlerFailed: () => void
  readonly consumed: (number: number) => void
  readonly complete: () => boolean
  readonly snapshot: () => Snapshot
}

/** Latencies are in milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** `lost` counts acknowledged messages that no handler has finished. */
export interface Snapshot {
  readonly sent: number
  readonly acknowledged: number
  readonly sendFailures: number
  readonly lastSendFailure: string | undefined
  readonly deliveries: number
  readonly redelivered: number
  readonly handlerFailures: number
  readonly consumed: number
  readonly duplicates: number
  readonly lost: number
  readonly sendLatency: Percentiles
  readonly deliveryLatency: Percentiles
}

const percentiles = (samples: Float64Array, count: number): Percentiles => {
  if (count === 0) return { p50: 0, p99: 0, max: 0 }
  const sorted = samples.slice(0, count).sort()
  const at = (quantile: number) => sorted[Math.max(0, Math.ceil(count * quantile) - 1)]!
  return { p50: at(0.5), p99: at(0.99), max: sorted[count - 1]! }
}

export const make = (expected: number): Ledger => {
  const sentAt = new Float64Array(expected)
  const acknowledged = new Uint8Array(expected)
  const deliveries = new Uint16Array(expected)
  const consumed = new Uint8Array(expected)
  const sendSamples = new Float64Array(expected)
  const deliverySamples = new Float64Array(expected)
  let sent = 0
  let acks = 0
  let sendFailures = 0
  let lastSendFailure: string | undefined
  let firsts = 0
  let redelivered = 0
  let handlerFailures = 0
  let done = 0
  let duplicates = 0
  return {
    expected,
    sent: (number, at) => {
      sentAt[number] = at
      sent++
    },
    acknowledged: (number, at) => {
      acknowledged[number] = 1
      sendSamples[acks++] = at - sentAt[number]!
    },
    sendFailed: (reason) => {
      sendFailures++
      lastSendFailure = reason
    },
    delivered: (number, at) => {
      deliveries[number]!++
      if (deliveries[number]! > 1) {
        redelivered++
        return false
      }
      deliverySamples[firsts++] = at - sentAt[number]!
      return true
    },
    handlerFailed: () => {
      handlerFailures++
    },
    consumed: (number) => {
      if (consumed[number] === 1) duplicates++
      else {
        consumed[number] = 1
        done++
      }
    },
    complete: () => acks + sendFailures >= expected && acknowledged.every((ack, i) => ack === 0 || consumed[i] === 1),
    snapshot: () => ({
      sent,
      acknowledged: acks,
      sendFailures,
      lastSendFailure,
      deliveries: firsts + redelivered,
      redelivered,
      handlerFailures,
      consumed: done,
      duplicates,
      lost: acknowledged.reduce((lost, ack, i) => lost + (ack === 1 && consumed[i] === 0 ? 1 : 0), 0),
      sendLatency: percentiles(sendSamples, acks),
      deliveryLatency: percentiles(deliverySamples, firsts)
    })
  }
}
