/**
 * The messages that a consumer holds: popped and not settled. Each is held until a time, and after it it is somebody
 * else's, whatever becomes of it here.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Effect from "effect/Effect"
import type { Receipt } from "../../Broker.js"
import type { Lapsed } from "../../PopConsumer.js"
import type { ReceiptHandle } from "../../ReceiptHandle.js"
import type { PopQueue } from "./queue.js"

/** A message that is held. */
export interface Lease {
  readonly queue: PopQueue
  readonly message: MessageExt
  handle: ReceiptHandle
  /** Waits for a handler, is with one, has its outcome told to the broker, is no longer held. */
  state: "Waiting" | "Handling" | "Settling" | "Over"
  /** While its time is being renewed: what is to be done after that. */
  renewing: Array<() => void> | undefined
}

/** What a broker is told of it by. */
export const receiptOf = (lease: Lease): Receipt => ({ topic: lease.message.topic, handle: lease.handle })

/** Runs with the handle that counts: at once, or when the renewal under way is over. */
export const withHandle = (lease: Lease, run: () => void): void => {
  if (lease.renewing === undefined) run()
  else lease.renewing.push(run)
}

/** See the module. */
export interface Leases {
  readonly all: () => Iterable<Lease>
  readonly count: () => number
  readonly add: (lease: Lease) => void
  /** Not held any more. */
  readonly end: (lease: Lease) => void
  /** Its time is over: not held any more, and told to whoever watches. */
  readonly lapse: (lease: Lease) => void
  /** Waits until there are fewer than the most that may be held; gives how many more may be. */
  readonly room: Effect.Effect<number>
}

/** `told` hears of each message that lapsed. */
export const make = (limit: number, told: (event: Lapsed) => void): Leases => {
  const held = new Set<Lease>()
  let waiting: Array<(effect: Effect.Effect<number>) => void> = []

  const end = (lease: Lease): void => {
    lease.state = "Over"
    if (!held.delete(lease) || held.size >= limit || waiting.length === 0) return
    const resumes = waiting
    waiting = []
    for (const resume of resumes) resume(Effect.succeed(limit - held.size))
  }

  return {
    all: () => held,
    count: () => held.size,
    add: (lease) => {
      held.add(lease)
    },
    end,
    lapse: (lease) => {
      if (lease.state === "Over") return
      const during = lease.state
      end(lease)
      told({ _tag: "Lapsed", message: lease.message, queue: lease.queue.queue, during })
    },
    room: Effect.async((resume) => {
      if (held.size < limit) return resume(Effect.succeed(limit - held.size))
      waiting.push(resume)
      return Effect.sync(() => {
        waiting = waiting.filter((other) => other !== resume)
      })
    })
  }
}
