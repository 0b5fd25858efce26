/**
 * The brokers' locks on the queues of a member that consumes in order. A broker gives a queue to one client at a time and
 * takes it back 60 s after it was asked for last; this member relies on it for less than half of that.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { Broker } from "../../Broker.js"
import { Client } from "../../Client.js"
import { NameServer } from "../../NameServer.js"
import { atOnce } from "../atOnce.js"
import * as Backoff from "./backoff.js"
import * as Signal from "./signal.js"

/** How long a lock counts after the last request that the broker granted, in milliseconds. */
const VALID = 30_000

/** Handlers are interrupted so long before their lock lapses, in milliseconds. */
const MARGIN = 2_000

/** Period in which held locks are asked for again, in milliseconds. */
const RENEWAL = 20_000

/** How soon after a refusal or a failure it is asked again, in milliseconds. */
const RETRY = 1_000

/** How long a broker may take to answer, in milliseconds. */
const PATIENCE = 5_000

/** A queue that another member holds for longer than this is told about, in milliseconds. */
const LONG = 10_000

/** The lock of one queue. */
export interface Lock {
  readonly queue: MessageQueue
  /** In milliseconds: nothing of the queue is handled from then on; 0 while it is not held. */
  validUntil: number
  /** Since when it is held or waited for, in milliseconds. */
  since: number
  /** When the broker granted it last, in milliseconds; 0 before the first time. */
  grantedAt: number
  /** Requests in a row that were not answered, and what came of the last one. */
  failures: number
  lastError: unknown
  /** Who waits for it. */
  readonly waiting: Set<() => void>
}

/** Whether handlers may run. */
export const isHeld = (lock: Lock): boolean => lock.validUntil > 0

/** Why a lock that was held is no more. */
export type LossReason = "Refused" | "Lapsed"

/** See the module. */
export interface Locks {
  /** From now on the queues are asked for. */
  readonly want: (queues: Iterable<MessageQueue>) => Effect.Effect<void>
  /** Waits until the queue is locked. */
  readonly acquire: (queue: MessageQueue) => Effect.Effect<Lock>
  /** Lets queues go: tells their brokers, and asks for them no more. */
  readonly release: (queues: ReadonlyArray<MessageQueue>) => Effect.Effect<void>
  /** The lock of a queue that is wanted. */
  readonly of: (queue: MessageQueue) => Lock | undefined
  readonly all: () => ReadonlyArray<Lock>
  /** Asks for locks and renews them; for ever. */
  readonly run: Effect.Effect<never>
  /** Sees that no lock is relied on for too long; for ever. */
  readonly watch: Effect.Effect<never>
}

/** `onLost` is told of a lock that was held, after `validUntil` says so. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  readonly onLost: (queue: MessageQueue, reason: LossReason) => Effect.Effect<void>
}) {
  const broker = yield* Broker
  const client = yield* Client
  const nameServer = yield* NameServer
  const { group, onLost } = options
  const table = new Map<string, Lock>()
  const signal = Signal.make()
  /** A lock lapses before the watch wakes, at `wakesAt`, in milliseconds. */
  const sooner = Signal.make()
  let wakesAt = 0
  const warnFailure = Backoff.limitedWarning(30_000)
  const warnWaiting = Backoff.limitedWarning(30_000)
  /** One request at a time to each broker: a lock that is granted late must not come after it was given up. */
  const turns = new Map<string, Effect.Semaphore>()
  const inTurn = (brokerName: string) => {
    let turn = turns.get(brokerName)
    if (turn === undefined) turns.set(brokerName, turn = Effect.unsafeMakeSemaphore(1))
    return turn.withPermits(1)
  }

  const byBroker = <A>(values: Iterable<A>, queueOf: (value: A) => MessageQueue): Map<string, Array<A>> => {
    const found = new Map<string, Array<A>>()
    for (const value of values) {
      const { brokerName } = queueOf(value)
      const known = found.get(brokerName)
      if (known === undefined) found.set(brokerName, [value])
      else known.push(value)
    }
    return found
  }

  const answered = (lock: Lock): void => {
    lock.failures = 0
    lock.lastError = undefined
  }

  const granted = (lock: Lock, askedAt: number): void => {
    if (!isHeld(lock)) lock.since = askedAt
    lock.grantedAt = askedAt
    answered(lock)
    // the broker counts from when it got the request: not before this
    lock.validUntil = askedAt + VALID - MARGIN
    if (lock.validUntil < wakesAt) sooner.notify()
    for (const wake of lock.waiting) wake()
    lock.waiting.clear()
  }

  const lost = (lock: Lock, reason: LossReason, now: number): Effect.Effect<void> => {
    lock.validUntil = 0
    lock.since = now
    signal.notify()
    return onLost(lock.queue, reason)
  }

  const refused = (lock: Lock, now: number): Effect.Effect<void> => {
    answered(lock)
    if (isHeld(lock)) return lost(lock, "Refused", now)
    if (now - lock.since < LONG) return Effect.void
    const { brokerName, queueId, topic } = lock.queue
    return warnWaiting(() =>
      `Group "${group}": queue ${queueId} of topic ${topic} on ${brokerName} has been locked by another member for ` +
      `${
        Math.round((now - lock.since) / 1000)
      } s; it is not consumed here until that lets it go or its lock of 60 s lapses`
    )
  }

  /** A lock that was not renewed in time is lost even if the broker grants it again: others may have had it meanwhile. */
  const lapsed = (lock: Lock, now: number): Effect.Effect<void> =>
    isHeld(lock) && now >= lock.validUntil ? lost(lock, "Lapsed", now) : Effect.void

  /** One request for all queues of a broker. */
  const ask = Effect.fnUntraced(function*(brokerName: string, locks: ReadonlyArray<Lock>) {
    const wanted = locks.filter((lock) => table.get(MQ.key(lock.queue)) === lock)
    if (wanted.length === 0) return
    const askedAt = yield* Clock.currentTimeMillis
    for (const lock of wanted) yield* lapsed(lock, askedAt)
    const address = nameServer.brokerAddress(brokerName)
    if (address === undefined) {
      for (const lock of wanted) lock.failures++
      return yield* warnFailure(() =>
        `Group "${group}" cannot lock its queues on ${brokerName}: no address of its master is known`
      )
    }
    const answer = yield* Effect.timeoutOption(
      Effect.either(broker.lockQueues(address, client.clientId, group, wanted.map(({ queue }) => queue))),
      PATIENCE
    )
    const result = Option.getOrUndefined(answer)
    if (result === undefined || Either.isLeft(result)) {
      for (const lock of wanted) {
        lock.failures++
        lock.lastError = result?.left
      }
      const problem = result === undefined ? `no answer within ${PATIENCE} ms` : result.left.message
      return yield* warnFailure(() => `Group "${group}" cannot lock its queues on ${brokerName}: ${problem}`)
    }
    const now = yield* Clock.currentTimeMillis
    const held = new Set(result.right.map(MQ.key))
    for (const lock of wanted) {
      // let go meanwhile
      if (table.get(MQ.key(lock.queue)) !== lock) continue
      yield* lapsed(lock, now)
      if (held.has(MQ.key(lock.queue))) {
        // an answer that took so long says nothing any more
        if (now < askedAt + VALID - MARGIN) granted(lock, askedAt)
      } else yield* refused(lock, now)
    }
  })

  const isDue = (lock: Lock, now: number): boolean => !isHeld(lock) || now >= lock.grantedAt + RENEWAL

  const run = Effect.gen(function*() {
    while (true) {
      const began = yield* Clock.currentTimeMillis
      yield* atOnce(
        byBroker(table.values(), ({ queue }) => queue),
        ([brokerName, locks]) =>
          locks.some((lock) => isDue(lock, began)) ? inTurn(brokerName)(ask(brokerName, locks)) : Effect.void
      )
      const now = yield* Clock.currentTimeMillis
      let pause = RENEWAL
      for (const lock of table.values()) {
        const due = isHeld(lock) ? lock.grantedAt + RENEWAL - now : RETRY
        // one that was due and was not renewed is asked for again soon
        pause = Math.min(pause, due > 0 ? due : RETRY)
      }
      yield* signal.waitAtMost(pause)
    }
  })

  const watch = Effect.gen(function*() {
    while (true) {
      const now = yield* Clock.currentTimeMillis
      wakesAt = now + VALID
      for (const lock of [...table.values()]) {
        yield* lapsed(lock, now)
        if (isHeld(lock)) wakesAt = Math.min(wakesAt, lock.validUntil)
      }
      yield* sooner.waitAtMost(wakesAt - now)
    }
  })

  const want: Locks["want"] = (queues) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      for (const queue of queues) {
        const key = MQ.key(queue)
        if (table.has(key)) continue
        table.set(key, {
          queue,
          validUntil: 0,
          since: now,
          grantedAt: 0,
          failures: 0,
          lastError: undefined,
          waiting: new Set()
        })
        signal.notify()
      }
    })

  const acquire: Locks["acquire"] = (queue) =>
    Effect.zipRight(
      want([queue]),
      Effect.async<Lock>((resume) => {
        const lock = table.get(MQ.key(queue))!
        if (isHeld(lock)) return resume(Effect.succeed(lock))
        const wake = () => resume(Effect.succeed(lock))
        lock.waiting.add(wake)
        return Effect.sync(() => {
          lock.waiting.delete(wake)
        })
      })
    )

  const letGo = Effect.fnUntraced(function*(brokerName: string, queues: ReadonlyArray<MessageQueue>) {
    const address = nameServer.brokerAddress(brokerName)
    if (address === undefined) return
    const answer = yield* Effect.either(broker.unlockQueues(address, client.clientId, group, queues))
    if (Either.isRight(answer)) return
    yield* warnFailure(() =>
      `Group "${group}" could not unlock ${queues.length} queues on ${brokerName}, which wait up to 60 s for their next ` +
      `member: ${answer.left.message}`
    )
  })

  const release: Locks["release"] = (queues) =>
    Effect.suspend(() => {
      const own: Array<MessageQueue> = []
      for (const queue of queues) {
        const lock = table.get(MQ.key(queue))
        if (lock === undefined) continue
        lock.validUntil = 0
        table.delete(MQ.key(queue))
        own.push(queue)
      }
      return atOnce(
        byBroker(own, (queue) => queue),
        ([brokerName, some]) =>
          Effect.timeoutOption(Effect.interruptible(inTurn(brokerName)(letGo(brokerName, some))), PATIENCE)
      )
    })

  const locks: Locks = {
    want,
    acquire,
    release,
    of: (queue) => table.get(MQ.key(queue)),
    all: () => [...table.values()],
    run,
    watch
  }
  return locks
})
