/**
 * What becomes of a message that its handler did not finish: it stays invisible for a delay and comes again, or, when it
 * was tried often enough, it becomes a dead letter. Brokers do not count attempts of messages that are popped.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Broker } from "../../Broker.js"
import { NameServer } from "../../NameServer.js"
import * as Backoff from "../consumer/backoff.js"
import { DEAD_LETTER } from "../consumer/retry.js"
import type { Acks } from "./acks.js"
import type { Counters } from "./counters.js"
import type { Lease, Leases } from "./leases.js"
import { receiptOf, withHandle } from "./leases.js"

/**
 * Until a message comes again that nobody handled, in milliseconds. Pops of a member that stops are held by the broker as
 * long as its connection is there: they must not get what it has just given back.
 */
const UNHANDLED = 1_000

/** See the module. */
export interface GiveBack {
  /** Has the message come again after so many milliseconds, unless it was tried often enough. Never fails. */
  readonly later: (lease: Lease, delay: number) => Effect.Effect<void>
  /** Has it come again soon, however often it was tried: nobody handled it. True when the broker knows. */
  readonly unhandled: (lease: Lease) => Effect.Effect<boolean>
  /** Into the group's dead letters; after `otherwise` milliseconds it comes again if that does not succeed. */
  readonly dead: (lease: Lease, otherwise: number) => Effect.Effect<void>
}

const settled = (lease: Lease): Effect.Effect<void> =>
  Effect.async((resume) => withHandle(lease, () => resume(Effect.void)))

/** See the module. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  readonly maxReconsumeTimes: number
  readonly leases: Leases
  readonly acks: Acks
  readonly counters: Counters
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { acks, counters, group, leases, maxReconsumeTimes } = options
  const warn = Backoff.limitedWarning(10_000)

  /** Tells the broker when to hand it out again. Whatever it answers, the message is no longer held. */
  const change = Effect.fnUntraced(function*(lease: Lease, delay: number) {
    lease.state = "Settling"
    yield* settled(lease)
    if (lease.state === "Over" as Lease["state"]) return false
    const { brokerName } = lease.handle
    const address = nameServer.brokerAddress(brokerName)
    if (address !== undefined) {
      const changed = yield* Effect.either(broker.changeInvisibility(address, group, receiptOf(lease), delay))
      if (Either.isRight(changed)) {
        counters.returned++
        leases.end(lease)
        return true
      }
      const error = changed.left
      if (error._tag === "ReceiptExpiredError") {
        leases.lapse(lease)
        return false
      }
      yield* warn(() => `Group "${group}": ${brokerName} was not told when to give a message again. ${error.message}`)
    }
    counters.returnFailures++
    leases.end(lease)
    return false
  })

  const dead: GiveBack["dead"] = Effect.fnUntraced(function*(lease, otherwise) {
    if (lease.state === "Over") return
    lease.state = "Settling"
    const { message } = lease
    const { brokerName } = lease.handle
    const address = nameServer.brokerAddress(brokerName)
    if (address !== undefined) {
      const sent = yield* Effect.either(broker.sendMessageBack(address, {
        group,
        brokerName,
        commitLogOffset: message.commitLogOffset,
        originTopic: message.topic,
        originMsgId: message.msgId,
        delayLevel: DEAD_LETTER,
        maxReconsumeTimes
      }))
      if (Either.isRight(sent)) {
        counters.deadLettered++
        return acks.ack(lease)
      }
      yield* warn(() =>
        `Group "${group}": ${brokerName} did not take message ${message.msgId} as a dead letter. ${sent.left.message}`
      )
    }
    yield* change(lease, otherwise)
  })

  const giveBack: GiveBack = {
    later: (lease, delay) =>
      Effect.suspend(() =>
        lease.state === "Over"
          ? Effect.void
          : lease.message.reconsumeTimes >= maxReconsumeTimes
          ? dead(lease, delay)
          : Effect.asVoid(change(lease, delay))
      ),
    unhandled: (lease) =>
      Effect.suspend(() => lease.state === "Over" ? Effect.succeed(false) : change(lease, UNHANDLED)),
    dead
  }
  return giveBack
})
