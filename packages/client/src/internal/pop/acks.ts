/**
 * Acknowledgements on their way: those of one broker together, one request at a time, tried again until the message's time
 * is over.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Broker } from "../../Broker.js"
import type { BrokerError } from "../../BrokerError.js"
import { BrokerNotAvailableError } from "../../BrokerError.js"
import { NameServer } from "../../NameServer.js"
import type { AckFailed } from "../../PopConsumer.js"
import { supervised } from "../../Supervised.js"
import * as Backoff from "../consumer/backoff.js"
import * as Signal from "../consumer/signal.js"
import type { Counters } from "./counters.js"
import type { Lease, Leases } from "./leases.js"
import { receiptOf, withHandle } from "./leases.js"

/** How long an acknowledgement waits for others, in milliseconds. */
const LINGER = 5

/** Most messages of one request. */
const MOST = 512

/** Requests at the same time to a broker that takes one message each. */
const SINGLES = 8

/** Pauses after failures, in milliseconds. */
const PAUSE = 100
const LONGEST_PAUSE = 2_000

/** See the module. */
export interface Acks {
  /** Makes the way to a broker, before anything is popped from it. It ends with `scope`. */
  readonly open: (brokerName: string, scope: Scope.Scope) => Effect.Effect<void>
  /** The message is done: its broker will be told. Of no account when it is no longer held. */
  readonly ack: (lease: Lease) => void
  /** Waits until nothing is on its way. */
  readonly idle: Effect.Effect<void>
}

interface Lane {
  readonly pending: Array<Lease>
  readonly signal: Signal.Signal
  /** Until the broker says that it does not know it. */
  batches: boolean
}

/** `told` hears of each request that failed. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  readonly leases: Leases
  readonly counters: Counters
  readonly told: (event: AckFailed) => void
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { counters, group, leases, told } = options
  const warn = Backoff.limitedWarning(10_000)
  const lanes = new Map<string, Lane>()
  let underWay = 0
  let onIdle: Array<() => void> = []

  const leave = (count: number): void => {
    underWay -= count
    if (underWay > 0) return
    const callbacks = onIdle
    onIdle = []
    for (const callback of callbacks) callback()
  }

  const done = (lease: Lease, lapsed: boolean): void => {
    if (lapsed) leases.lapse(lease)
    else {
      counters.acked++
      leases.end(lease)
    }
    leave(1)
  }

  const single = (address: string, lease: Lease) =>
    Effect.matchEffect(broker.ack(address, group, receiptOf(lease)), {
      onSuccess: () => Effect.sync(() => done(lease, false)),
      onFailure: (error) =>
        error._tag === "ReceiptExpiredError" ? Effect.sync(() => done(lease, true)) : Effect.fail(error)
    })

  const together = (address: string, some: ReadonlyArray<Lease>) =>
    Effect.map(broker.batchAck(address, group, some.map(receiptOf)), (expired) => {
      const late = new Set(expired.map(({ expiredAt, offset, queueId }) => `${queueId} ${offset} ${expiredAt}`))
      for (const lease of some) {
        const { expiresAt, queueId, queueOffset } = lease.handle
        done(lease, late.has(`${queueId} ${queueOffset} ${expiresAt}`))
      }
    })

  /** Tells the broker; what it was not told is left in the lane. Gives the failure if there was one. */
  const send = (brokerName: string, lane: Lane, some: Array<Lease>): Effect.Effect<BrokerError | undefined> =>
    Effect.suspend(() => {
      const address = nameServer.brokerAddress(brokerName)
      const sent: Effect.Effect<unknown, BrokerError> = address === undefined
        ? Effect.fail(new BrokerNotAvailableError({ reason: "NotInRoute", brokerName, group }))
        : some.length === 1
        ? single(address, some[0]!)
        : lane.batches
        ? Effect.catchTag(together(address, some), "RequestNotSupportedError", () => {
          lane.batches = false
          return Effect.forEach(some, (lease) => single(address, lease), { concurrency: SINGLES, discard: true })
        })
        : Effect.forEach(some, (lease) => single(address, lease), { concurrency: SINGLES, discard: true })
      return Effect.matchEffect(sent, {
        onSuccess: () => Effect.succeed(undefined),
        onFailure: (error) => {
          const left = some.filter(({ state }) => state !== "Over")
          lane.pending.unshift(...left)
          counters.ackFailures += left.length
          told({ _tag: "AckFailed", brokerName, count: left.length, error })
          return Effect.as(
            warn(() =>
              `Group "${group}" cannot acknowledge ${left.length} messages at ${brokerName}. ${error.message}`
            ),
            error
          )
        }
      })
    })

  const run = (brokerName: string, lane: Lane): Effect.Effect<void> =>
    Effect.gen(function*() {
      let failures = 0
      while (true) {
        if (lane.pending.length === 0) yield* lane.signal.wait
        yield* Effect.sleep(failures === 0 ? LINGER : Backoff.delay(failures, PAUSE, LONGEST_PAUSE))
        const some = lane.pending.splice(0, MOST)
        if (some.length === 0) continue
        const failed = yield* send(brokerName, lane, some)
        failures = failed === undefined ? 0 : failures + 1
      }
    })

  const acks: Acks = {
    open: (brokerName, scope) =>
      Effect.suspend(() => {
        if (lanes.has(brokerName)) return Effect.void
        const lane: Lane = { pending: [], signal: Signal.make(), batches: true }
        lanes.set(brokerName, lane)
        const loop = supervised(`Acknowledging to ${brokerName}`, run(brokerName, lane))
        return Effect.asVoid(Effect.forkIn(Effect.interruptible(loop), scope))
      }),
    ack: (lease) => {
      if (lease.state === "Over") return
      lease.state = "Settling"
      underWay++
      withHandle(lease, () => {
        const lane = lanes.get(lease.handle.brokerName)
        // the renewal that it waited for came too late
        if (lease.state === "Over" as Lease["state"] || lane === undefined) return leave(1)
        lane.pending.push(lease)
        lane.signal.notify()
      })
    },
    idle: Effect.async((resume) => {
      if (underWay === 0) return resume(Effect.void)
      onIdle.push(() => resume(Effect.void))
    })
  }
  return acks
})
