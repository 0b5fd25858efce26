/**
 * Keeps the messages that are held: one loop looks over all of them, has the time of those prolonged of which half is
 * over, and lets go of those whose time has passed.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Broker } from "../../Broker.js"
import { NameServer } from "../../NameServer.js"
import * as Backoff from "../consumer/backoff.js"
import type { Counters } from "./counters.js"
import type { Lease, Leases } from "./leases.js"
import { receiptOf } from "./leases.js"

/** Looks in each invisible time, and the bounds of their period in milliseconds. */
const LOOKS = 20
const SHORTEST = 10
const LONGEST = 1_000

/** Requests at the same time. */
const CONCURRENCY = 16

/** How long a broker may take, in milliseconds. */
const TIMEOUT = 3_000

/** The loop; for ever. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  readonly invisibleTime: number
  readonly renew: boolean
  readonly leases: Leases
  readonly counters: Counters
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { counters, group, invisibleTime, leases } = options
  const warn = Backoff.limitedWarning(10_000)
  const period = Math.max(SHORTEST, Math.min(LONGEST, invisibleTime / LOOKS))
  const timeout = Math.min(TIMEOUT, invisibleTime / 4)

  const over = (lease: Lease): void => {
    const waiting = lease.renewing ?? []
    lease.renewing = undefined
    for (const run of waiting) run()
  }

  const renew = (lease: Lease): Effect.Effect<void> =>
    Effect.suspend(() => {
      const address = nameServer.brokerAddress(lease.handle.brokerName)
      if (address === undefined || lease.state === "Over" || lease.state === "Settling") return Effect.void
      lease.renewing = []
      return broker.changeInvisibility(address, group, receiptOf(lease), invisibleTime, timeout).pipe(
        Effect.matchEffect({
          onSuccess: (handle) =>
            Effect.sync(() => {
              counters.renewed++
              lease.handle = handle
            }),
          onFailure: (error) => {
            if (error._tag === "ReceiptExpiredError") return Effect.sync(() => leases.lapse(lease))
            counters.renewFailures++
            return warn(() => `Group "${group}" cannot keep message ${lease.message.msgId} longer. ${error.message}`)
          }
        }),
        Effect.ensuring(Effect.sync(() => over(lease)))
      )
    })

  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const due: Array<Lease> = []
    for (const lease of leases.all()) {
      if (lease.state === "Settling") continue
      const left = lease.handle.expiresAt - now
      if (left <= 0) leases.lapse(lease)
      else if (options.renew && left <= invisibleTime / 2) due.push(lease)
    }
    yield* Effect.forEach(due, renew, { concurrency: CONCURRENCY, discard: true })
  })

  return Effect.forever(Effect.zipRight(Effect.sleep(period), look))
})
