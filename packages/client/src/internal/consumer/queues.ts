/**
 * The queues of one consumer: each with its ledger and a fiber that pulls it, from the moment it is won until it is lost.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type { OffsetError } from "../../ConsumerError.js"
import type { OffsetStore } from "../../OffsetStore.js"
import type { ProcessQueue } from "../../ProcessQueue.js"
import * as Ledger from "../../ProcessQueue.js"
import type { StopReceipt } from "../../StopReceipt.js"
import { atOnce } from "../atOnce.js"
import { runner } from "../fibers.js"
import type { Lock, Locks, LossReason } from "./locks.js"
import type { Pauses } from "./pauses.js"
import type { Pulled } from "./pullLoop.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"
import type { Seeking } from "./startPosition.js"
import { seeking } from "./startPosition.js"

/** After a defect, in milliseconds. */
const RESTART_DELAY = 3_000

/** How long interrupted handlers of a queue that goes to another member may take to clean up, in milliseconds. */
const FAREWELL = 1_000

/** A queue of this member; `pulled` is absent until its position is known. */
export interface Owned {
  readonly queue: MessageQueue
  pulled: Pulled | undefined
  /** Since when it is to be pulled, and is not known how: in milliseconds. */
  since: number
  seeking: Seeking
  /** It goes to another member. */
  leaving: boolean
}

/** See the module. */
export interface Queues {
  /** Takes the queues that are new and lets those go that are missing, topic by topic. Waits for those that go. */
  readonly assign: (assignment: ReadonlyMap<string, ReadonlyArray<MessageQueue>>) => Effect.Effect<void>
  /** Has the queues of a topic pulled by its new subscription: pulls that brokers hold go by the old one. */
  readonly resubscribe: (topic: string) => Effect.Effect<void>
  /** Moves owned queues to other offsets, as an operator said. */
  readonly reset: (offsets: ReadonlyArray<readonly [MessageQueue, bigint]>) => Effect.Effect<void>
  /** Pauses and resumes each queue as it is to be. */
  readonly heedPauses: Effect.Effect<void>
  /** Commits what may be committed. */
  readonly persist: Effect.Effect<void>
  /** The lock of a queue is lost: it begins anew once it is locked again. */
  readonly lost: (queue: MessageQueue, reason: LossReason) => Effect.Effect<void>
  /** Ends the pulling of all queues; their ledgers stay. */
  readonly halt: Effect.Effect<void>
  /** Commits, then forgets everything. Gives what is committed, and what could not be. */
  readonly close: Effect.Effect<Pick<StopReceipt, "committed" | "uncommitted">>
  readonly owned: () => ReadonlyArray<MessageQueue>
  readonly pulled: () => ReadonlyArray<Pulled>
  readonly all: () => ReadonlyArray<Owned>
  /** The ledger that a queue had before its lock was lost, while a handler is at its messages. */
  readonly earlier: (queue: MessageQueue) => ProcessQueue | undefined
  /** Interrupts what a queue is waiting for, and begins again where it was: another attempt after a failure. */
  readonly restart: (owned: Owned) => Effect.Effect<void>
  /** The queues whose last commit failed. */
  readonly uncommitted: () => ReadonlyArray<OffsetError>
  /** Whether the position of each owned queue, or each one of a topic, is known. */
  readonly isResolved: (topic?: string) => boolean
}

/** `onResolved` is called when the position of a queue becomes known. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly store: OffsetStore
  readonly report: Report
  /** By topic. */
  readonly totals: ReadonlyMap<string, Ledger.Totals>
  readonly resolve: (queue: MessageQueue, seeking: Seeking) => Effect.Effect<bigint>
  readonly pull: (pulled: Pulled) => Effect.Effect<never>
  readonly onResolved: () => void
  /** What is to be paused; the pause of a queue ends when it goes. Default: nothing. */
  readonly pauses?: Pauses | undefined
  /** A queue is no longer paused. */
  readonly onResumed?: ((ledger: ProcessQueue) => void) | undefined
  /** Of a consumer in order: the locks, without which no queue is touched, and the way to interrupt its handlers. */
  readonly ordered?: {
    readonly locks: Locks
    readonly interrupt: (ledger: ProcessQueue) => void
  } | undefined
}) {
  const { onResolved, onResumed, ordered, pauses, pull, report, resolve, settings, store, totals } = options
  const table = new Map<string, Owned>()
  const fibers = yield* FiberMap.make<string, never>()
  const linger = yield* runner()
  const budget = Ledger.budget({ bytes: settings.maxCachedBytes })
  const topicBudgets = new Map<string, Ledger.Budget>()

  /** Those of all queues, and of the topic if it has one. */
  const budgetsOf = (topic: string): ReadonlyArray<Ledger.Budget> => {
    const limits = settings.topicLimits(topic)
    if (limits?.count === undefined && limits?.bytes === undefined) return [budget]
    let own = topicBudgets.get(topic)
    if (own === undefined) topicBudgets.set(topic, own = Ledger.budget(limits))
    return [own, budget]
  }
  let halted = false

  const pulled = (): Array<Pulled> => {
    const all: Array<Pulled> = []
    for (const owned of table.values()) {
      if (owned.pulled !== undefined) all.push(owned.pulled)
    }
    return all
  }

  /** Ledgers of queues that were lost, some of whose handlers may not have ended yet. */
  const before = new Map<string, ProcessQueue>()

  /** The last commit of each queue that failed. */
  const failing = new Map<string, OffsetError>()

  /** Gives what could not be written, which is logged. */
  const persistOf = (owned: ReadonlyArray<Pulled>): Effect.Effect<ReadonlyArray<OffsetError>> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      // somebody else may be further by now
      const all = owned.filter(({ lock }) => lock === undefined || now < lock.validUntil)
      for (const { ledger } of all) store.update(ledger.queue, ledger.committable())
      return Effect.tap(
        store.persist(all.map(({ ledger }) => ledger.queue)),
        (errors) => {
          for (const { ledger } of all) failing.delete(MQ.key(ledger.queue))
          for (const error of errors) failing.set(MQ.key(error.queue), error)
          return Effect.forEach(errors, (error) => Effect.logWarning(error.message), { discard: true })
        }
      )
    })

  /** Holds the lock, after the last handler of an earlier time has ended. */
  const locked = (queue: MessageQueue): Effect.Effect<Lock | undefined> =>
    Effect.suspend(() => {
      if (ordered === undefined) return Effect.succeed(undefined)
      const key = MQ.key(queue)
      const ledger = before.get(key)
      const ended = ledger === undefined ? Effect.void : Effect.map(idle(ledger), () => before.delete(key))
      return Effect.zipRight(ended, ordered.locks.acquire(queue))
    })

  const open = (owned: Owned): Effect.Effect<never> =>
    Effect.flatMap(locked(owned.queue), (lock) => openWith(owned, lock))

  const openWith = (owned: Owned, lock: Lock | undefined): Effect.Effect<never> =>
    Effect.flatMap(Effect.zip(resolve(owned.queue, owned.seeking), Clock.currentTimeMillis), ([position, now]) => {
      const self: Pulled = {
        ledger: Ledger.make(
          owned.queue,
          position,
          settings.limits,
          budgetsOf(owned.queue.topic),
          totals.get(owned.queue.topic)
        ),
        subscription: settings.subscriptions.get(owned.queue.topic)!,
        suggestedBrokerId: 0,
        lastPull: 0,
        since: now,
        asked: undefined,
        address: undefined,
        failures: 0,
        lastError: undefined,
        lock
      }
      if (pauses?.isPaused(owned.queue) === true) self.ledger.pause()
      owned.pulled = self
      report.publish({ _tag: "Assigned", queue: owned.queue, position })
      onResolved()
      return pull(self)
    })

  const start = (owned: Owned): Effect.Effect<never> =>
    Effect.suspend(() => owned.pulled === undefined ? open(owned) : pull(owned.pulled)).pipe(
      Effect.catchAllDefect((defect) =>
        Effect.zipRight(
          Effect.logError(
            `Group "${settings.group}": a queue of topic ${owned.queue.topic} could not be started`,
            defect
          ),
          Effect.sleep(RESTART_DELAY)
        )
      ),
      Effect.forever
    )

  const idle = (ledger: ProcessQueue): Effect.Effect<void> =>
    Effect.async((resume) => {
      if (ledger.running === 0) return resume(Effect.void)
      return Effect.sync(ledger.whenIdle(() => resume(Effect.void)))
    })

  const unlock = (queue: MessageQueue): Effect.Effect<void> =>
    ordered === undefined ? Effect.void : ordered.locks.release([queue])

  /** Unlocks a queue as soon as no handler has any of it: until then the lock is renewed. */
  const letGo = (key: string, ledger: ProcessQueue): Effect.Effect<void> => {
    if (ordered === undefined) return Effect.void
    if (ledger.running === 0) return unlock(ledger.queue)
    before.set(key, ledger)
    const later = Effect.zipRight(
      idle(ledger),
      Effect.suspend(() => {
        // it may have come back meanwhile
        if (before.get(key) !== ledger || table.has(key)) return Effect.void
        before.delete(key)
        return unlock(ledger.queue)
      })
    )
    return Effect.sync(() => void linger(later))
  }

  /** Stop pulling, let running handlers finish, commit, and only then forget. */
  const revoke = Effect.fnUntraced(function*(key: string, owned: Owned) {
    owned.leaving = true
    yield* FiberMap.remove(fibers, key)
    const self = owned.pulled
    pauses?.resume(owned.queue)
    if (self === undefined) {
      table.delete(key)
      const ledger = before.get(key)
      return ledger === undefined ? yield* unlock(owned.queue) : yield* letGo(key, ledger)
    }
    const { ledger } = self
    ledger.close()
    // the new owner reads the offset about now: what is finished should not come twice
    yield* persistOf([self])
    if (ledger.running > 0) yield* Effect.timeoutOption(idle(ledger), settings.shutdownTimeout)
    yield* persistOf([self])
    const waiting = ledger.running
    if (ordered !== undefined && waiting > 0) {
      // the next member begins when this one has ended for certain
      ordered.interrupt(ledger)
      yield* Effect.timeoutOption(idle(ledger), FAREWELL)
    }
    const abandoned = ordered === undefined ? ledger.running : waiting
    const committed = ledger.committable()
    ledger.drop()
    store.remove(owned.queue)
    table.delete(key)
    failing.delete(key)
    yield* letGo(key, ledger)
    report.publish({ _tag: "Revoked", queue: owned.queue, committed, abandoned })
    if (abandoned > 0) {
      yield* Effect.logWarning(
        `Group "${settings.group}": ${abandoned} messages of queue ${owned.queue.queueId} of topic ${owned.queue.topic} on ` +
          `${owned.queue.brokerName} were still being handled when the queue went to another member; they come again there`
      )
    }
  })

  const assign: Queues["assign"] = Effect.fnUntraced(function*(assignment) {
    const wanted = new Map<string, MessageQueue>()
    for (const queues of assignment.values()) {
      for (const queue of queues) wanted.set(MQ.key(queue), queue)
    }
    const lost = [...table].filter(([key, { queue }]) => assignment.has(queue.topic) && !wanted.has(key))
    // all at once: one request to each broker
    if (ordered !== undefined) yield* ordered.locks.want([...wanted.values()])
    const now = yield* Clock.currentTimeMillis
    for (const [key, queue] of wanted) {
      const owned = table.get(key) ?? { queue, pulled: undefined, since: now, seeking: seeking(), leaving: false }
      table.set(key, owned)
      // a queue that is owned and not pulled is the one thing that must not be
      yield* FiberMap.run(fibers, key, start(owned), { onlyIfMissing: true })
    }
    yield* atOnce(lost, ([key, owned]) => revoke(key, owned))
  })

  const lost: Queues["lost"] = Effect.fnUntraced(function*(queue, reason) {
    const key = MQ.key(queue)
    const owned = table.get(key)
    if (owned === undefined) return
    const self = owned.pulled
    report.publish({ _tag: "LockLost", queue, reason })
    yield* Effect.logWarning(
      `Group "${settings.group}": the lock on queue ${queue.queueId} of topic ${queue.topic} on ${queue.brokerName} ` +
        (reason === "Refused" ? "went to another member" : "was not renewed in time") +
        `; nothing of it is handled here until it is locked again`
    )
    if (self !== undefined) {
      const { ledger } = self
      const revoked = ledger.closing
      ordered?.interrupt(ledger)
      ledger.drop()
      // it is on its way to another member already
      if (revoked) return
      store.remove(queue)
      owned.pulled = undefined
      owned.since = yield* Clock.currentTimeMillis
      owned.seeking = seeking()
      if (ledger.running > 0) before.set(key, ledger)
    }
    if (!halted) yield* FiberMap.run(fibers, key, start(owned))
  })

  const resubscribe: Queues["resubscribe"] = Effect.fnUntraced(function*(topic) {
    const subscription = settings.subscriptions.get(topic)
    if (subscription === undefined) return
    for (const [key, owned] of [...table]) {
      const { pulled, queue } = owned
      if (queue.topic !== topic || pulled === undefined) continue
      pulled.subscription = subscription
      if (!pulled.ledger.closing && table.get(key) === owned) yield* FiberMap.run(fibers, key, start(owned))
    }
  })

  const reset: Queues["reset"] = Effect.fnUntraced(function*(offsets) {
    const moved: Array<Owned> = []
    for (const [queue, offset] of offsets) {
      const owned = table.get(MQ.key(queue))
      if (owned === undefined || owned.pulled?.ledger.closing === true) continue
      if (owned.pulled !== undefined) {
        const { ledger } = owned.pulled
        report.publish({ _tag: "OffsetCorrected", queue, from: ledger.position, to: offset })
        ledger.reset(offset)
      }
      store.reset(queue, offset)
      moved.push(owned)
    }
    for (const error of yield* store.persist(moved.map(({ queue }) => queue))) yield* Effect.logWarning(error.message)
    for (const owned of moved) {
      const key = MQ.key(owned.queue)
      // a pull that the broker holds, or a position that is being asked for, is about the old place
      if (table.get(key) === owned) yield* FiberMap.run(fibers, key, start(owned))
    }
  })

  const restart: Queues["restart"] = (owned) =>
    Effect.suspend(() => {
      const key = MQ.key(owned.queue)
      if (halted || owned.leaving || table.get(key) !== owned) return Effect.void
      const state = owned.pulled ?? owned.seeking
      state.asked = undefined
      state.failures++
      return FiberMap.run(fibers, key, start(owned))
    })

  const heedPauses = Effect.suspend(() =>
    Effect.forEach([...table], ([key, owned]) => {
      const { pulled, queue } = owned
      const wanted = pauses?.isPaused(queue) === true
      if (pulled === undefined || pulled.ledger.paused === wanted) return Effect.void
      const { ledger } = pulled
      if (!wanted) {
        ledger.resume()
        onResumed?.(ledger)
        return Effect.void
      }
      ledger.pause()
      pulled.asked = 0
      // the broker may hold a pull for long: what it brings would be more than there is now
      return halted || owned.leaving || ledger.closing ? Effect.void : FiberMap.run(fibers, key, start(owned))
    }, { discard: true })
  )

  const queues: Queues = {
    assign,
    heedPauses,
    lost,
    resubscribe,
    reset,
    persist: Effect.suspend(() => Effect.asVoid(persistOf(pulled()))),
    halt: Effect.suspend(() => {
      halted = true
      return FiberMap.clear(fibers)
    }),
    close: Effect.suspend(() => {
      const all = pulled()
      const written = Effect.map(persistOf(all), (uncommitted) => {
        const failed = new Set(uncommitted.map(({ queue }) => MQ.key(queue)))
        return {
          committed: all.filter(({ ledger }) => !failed.has(MQ.key(ledger.queue)))
            .map(({ ledger }): readonly [MessageQueue, bigint] => [ledger.queue, ledger.committable()]),
          uncommitted
        }
      })
      return Effect.ensuring(
        written,
        Effect.sync(() => {
          for (const { ledger } of all) {
            ledger.drop()
            store.remove(ledger.queue)
          }
          table.clear()
        })
      )
    }),
    owned: () => [...table.values()].map(({ queue }) => queue).sort(MQ.order),
    pulled,
    all: () => halted ? [] : [...table.values()].filter(({ leaving }) => !leaving),
    earlier: (queue) => before.get(MQ.key(queue)),
    restart,
    uncommitted: () => [...failing.values()],
    isResolved: (topic) => {
      for (const { pulled, queue } of table.values()) {
        if (pulled === undefined && (topic === undefined || queue.topic === topic)) return false
      }
      return true
    }
  }
  return queues
})
