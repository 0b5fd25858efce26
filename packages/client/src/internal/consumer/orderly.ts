/**
 * Hands out messages in order. What is not finished stays where it is and comes first again; only what became a dead
 * letter for certain lets the next one pass.
 */
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { handled, isOrderlyResult } from "../../OrderlyResult.js"
import type { ProcessQueue } from "../../ProcessQueue.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import * as DueQueue from "./dueQueue.js"
import type { Call } from "./handler.js"
import { Unreadable, UnreadableParts } from "./handler.js"
import type { Lane, Piece } from "./lanes.js"
import { Lanes } from "./lanes.js"
import type { Locks } from "./locks.js"
import type { Report } from "./report.js"
import type { Retry } from "./retry.js"
import type { Orderly, Settings } from "./settings.js"
import type { Dispatcher, Hands, Settling } from "./workers.js"
import * as Workers from "./workers.js"

/** The shortest and the longest pause, in milliseconds. */
const SHORTEST_PAUSE = 10
const LONGEST_PAUSE = 30_000

/** See the module. */
export interface OrderlyDispatcher extends Dispatcher {
  /** Interrupts the handlers that have messages of a queue: what they say is of no account any more. */
  readonly interrupt: (queue: ProcessQueue) => void
  /** The queues whose handlers have not ended, though they were interrupted: known when the dispatcher has stopped. */
  readonly stuck: () => ReadonlySet<ProcessQueue>
  /** Resumes what was suspended; for ever. */
  readonly resume: Effect.Effect<never>
}

interface Suspension {
  readonly due: number
  readonly lanes: Lanes
  readonly lane: Lane
}

/** See the module. */
export const make = <R>(options: {
  readonly settings: Settings
  readonly orderly: Orderly
  readonly locks: Locks
  readonly call: Call<R>
  readonly retry: Retry
  readonly counters: Counters
  readonly report: Report
}): Effect.Effect<OrderlyDispatcher, never, R | Scope.Scope> =>
  Effect.gen(function*() {
    const { counters, locks, orderly, report, retry, settings } = options
    const { consumeTimeout, group, maxReconsumeTimes } = settings
    const { autoCommit, suspendTime } = orderly
    const warnFull = Backoff.limitedWarning(30_000)
    const clock = yield* Effect.clock

    // ---- pauses

    const suspensions = DueQueue.make<Suspension>(clock, (suspension) => {
      const { lane, lanes } = suspension
      if (lanes.resume(lane, suspension)) workers.offer(lanes)
    })

    const pauseOf = (duration: Duration.DurationInput | undefined): number => {
      if (duration === undefined) return suspendTime
      const millis = Option.match(Duration.decodeUnknown(duration), {
        onNone: () => suspendTime,
        onSome: Duration.toMillis
      })
      return Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, millis))
    }

    const suspend = (lanes: Lanes, lane: Lane, pause: number): void => {
      const suspension = { due: clock.unsafeCurrentTimeMillis() + pause, lanes, lane }
      lanes.suspend(lane, suspension)
      suspensions.add(suspension)
    }

    // ---- settling

    const settling = ({ enter, offer, settled }: Hands<Lanes>): Settling<Lanes> => {
      /** Nothing more comes of a queue that is full of what was handled and is not committed. */
      const tellFull = ({ ledger: { count, queue } }: Lanes): Effect.Effect<void> =>
        warnFull(() =>
          `Group "${group}": queue ${queue.queueId} of topic ${queue.topic} on ${queue.brokerName} has ${count} messages ` +
          `that are not committed, and is not pulled until some are: return OrderlyResult.commit more often, or raise ` +
          `pullThresholdCount`
        )

      /** The handler had what is no longer of this member, or is to be read again from another place. */
      const refuse = (lanes: Lanes, lane: Lane, { from, to }: Piece): void => {
        lanes.ledger.lay(to - from)
        lanes.done(lane)
        offer(lanes)
        settled(to - from)
      }

      const consumed = (lanes: Lanes, { batch, from, to }: Piece): void => {
        const { ledger } = lanes
        counters.consumed += to - from
        ledger.totals.consumed += to - from
        for (let index = from; index < to; index++) ledger.finish(batch, index)
      }

      const keep = (lanes: Lanes, lane: Lane, { batch, from, to }: Piece): void => {
        counters.consumed += to - from
        lanes.ledger.totals.consumed += to - from
        lanes.ledger.lay(to - from)
        lane.uncommitted.push({ batch, from, to })
      }

      const commit = (lanes: Lanes, lane: Lane, piece: Piece): void => {
        const { ledger } = lanes
        for (const { batch, from, to } of lane.uncommitted) {
          ledger.hold(to - from)
          for (let index = from; index < to; index++) ledger.finish(batch, index)
        }
        lane.uncommitted = []
        consumed(lanes, piece)
      }

      const countFailed = (lanes: Lanes, count: number): void => {
        counters.failed += count
        lanes.ledger.totals.failed += count
      }

      const rollback = (lanes: Lanes, lane: Lane, { batch, from, to }: Piece, pause: number): void => {
        countFailed(lanes, to - from)
        lanes.ledger.lay(to - from)
        lane.pending = [...lane.uncommitted, { batch, from, to }, ...lane.pending]
        lane.uncommitted = []
        suspend(lanes, lane, pause)
        settled(to - from)
      }

      const isOver = (message: Message.MessageExt | undefined): boolean =>
        message !== undefined && message.reconsumeTimes >= maxReconsumeTimes

      /** The message stays cached and comes first again, as one more attempt. */
      const putBack = (lanes: Lanes, { batch }: Piece, index: number): void => {
        const message = batch.messages[index]
        if (message === undefined) return lanes.ledger.lay(1)
        lanes.ledger.putBack(batch, index, Message.update(message, { reconsumeTimes: message.reconsumeTimes + 1 }))
      }

      /** What was handed out, without those of it that became dead letters; `pause` of 0: the rest may come at once. */
      const divide = (
        lanes: Lanes,
        lane: Lane,
        piece: Piece,
        dead: ReadonlySet<number>,
        attempted: boolean,
        pause: number
      ): void => {
        const { batch, from, to } = piece
        const pieces: Array<Piece> = []
        for (let index = from; index < to; index++) {
          if (dead.has(index)) {
            lanes.ledger.finish(batch, index)
            continue
          }
          if (attempted) putBack(lanes, piece, index)
          else lanes.ledger.lay(1)
          const last = pieces.at(-1)
          if (last?.to === index) pieces[pieces.length - 1] = { batch, from: last.from, to: index + 1 }
          else pieces.push({ batch, from: index, to: index + 1 })
        }
        lane.pending = [...pieces, ...lane.pending]
        if (pieces.length > 0 && pause > 0) suspend(lanes, lane, pause)
        else {
          lanes.done(lane)
          offer(lanes)
        }
        settled(to - from)
      }

      /** Makes dead letters of those that `isDead` says; those of which that is certain. */
      const bury = Effect.fnUntraced(function*(lanes: Lanes, piece: Piece, isDead: (index: number) => boolean) {
        const dead = new Set<number>()
        for (let index = piece.from; index < piece.to; index++) {
          const message = piece.batch.messages[index]
          if (message === undefined || !isDead(index)) continue
          // a member that has lost the queue does not settle its messages
          if (!lanes.owns(piece, clock.unsafeCurrentTimeMillis())) break
          const taken = yield* Effect.catchAllCause(
            retry.deadLetter(lanes.ledger, message),
            (cause) => Effect.as(Effect.logError("Making a dead letter died", cause), false)
          )
          if (taken) dead.add(index)
        }
        return dead
      })

      const buryAttempted = (lanes: Lanes, lane: Lane, piece: Piece, pause: number): Effect.Effect<void> =>
        Effect.map(bury(lanes, piece, (index) => isOver(piece.batch.messages[index])), (dead) => {
          if (lanes.owns(piece, clock.unsafeCurrentTimeMillis())) divide(lanes, lane, piece, dead, true, pause)
          else refuse(lanes, lane, piece)
        })

      /** The same messages first again; an effect when some of them had their last attempt. */
      const again = (lanes: Lanes, lane: Lane, piece: Piece, pause: number): Effect.Effect<void> | undefined => {
        const { batch, from, to } = piece
        for (let index = from; index < to; index++) {
          if (isOver(batch.messages[index])) return buryAttempted(lanes, lane, { batch, from, to }, pause)
        }
        for (let index = from; index < to; index++) putBack(lanes, piece, index)
        lane.pending.unshift({ batch, from, to })
        suspend(lanes, lane, pause)
        settled(to - from)
        return undefined
      }

      /** No handler has seen them: those that cannot be read become dead letters, the others come again. */
      const unreadable = (
        lanes: Lanes,
        lane: Lane,
        piece: Piece,
        reasons: ReadonlyMap<number, Unreadable>
      ): Effect.Effect<void> => {
        const told: Array<Effect.Effect<void>> = []
        for (const [offset, { reason }] of reasons) {
          const message = piece.batch.messages[piece.from + offset]
          counters.undecodable++
          if (message !== undefined) told.push(report.unreadable(lanes.ledger.queue, message, reason))
        }
        return Effect.zipRight(
          Effect.all(told, { discard: true }),
          Effect.map(bury(lanes, piece, (index) => reasons.has(index - piece.from)), (dead) => {
            if (!lanes.owns(piece, clock.unsafeCurrentTimeMillis())) refuse(lanes, lane, piece)
            else divide(lanes, lane, piece, dead, false, dead.size === reasons.size ? 0 : suspendTime)
          })
        )
      }

      const succeeded: Settling<Lanes>["succeeded"] = (lanes, handed, value, took, now) => {
        const lane = handed.lane as Lane
        lanes.ledger.totals.handling += took
        lanes.ledger.totals.latencies.add(took)
        if (!lanes.owns(handed, now)) {
          refuse(lanes, lane, handed)
          return undefined
        }
        const result = isOrderlyResult(value) ? value : handled
        switch (result._tag) {
          case "Suspend": {
            countFailed(lanes, handed.to - handed.from)
            return again(lanes, lane, handed, pauseOf(result.duration))
          }
          case "Rollback": {
            rollback(lanes, lane, handed, pauseOf(result.duration))
            return undefined
          }
          case "Commit": {
            commit(lanes, lane, handed)
            break
          }
          case "Handled": {
            if (autoCommit) consumed(lanes, handed)
            else keep(lanes, lane, handed)
          }
        }
        lanes.done(lane)
        enter(lanes)
        settled(handed.to - handed.from)
        return autoCommit || lanes.ledger.hasRoom() || lanes.ledger.hasReady() ? undefined : tellFull(lanes)
      }

      const failed: Settling<Lanes>["failed"] = (lanes, handed, cause) =>
        Effect.suspend(() => {
          const lane = handed.lane as Lane
          const piece: Piece = { batch: handed.batch, from: handed.from, to: handed.to }
          if (!lanes.owns(piece, clock.unsafeCurrentTimeMillis())) {
            refuse(lanes, lane, piece)
            return Effect.void
          }
          const error = Cause.squash(cause)
          if (error instanceof Unreadable) return unreadable(lanes, lane, piece, new Map([[0, error]]))
          if (error instanceof UnreadableParts) return unreadable(lanes, lane, piece, error.reasons)
          const told: Array<Effect.Effect<void>> = []
          for (let index = piece.from; index < piece.to; index++) {
            const message = piece.batch.messages[index]
            if (message === undefined) continue
            told.push(report.failed(lanes.ledger.queue, message, error))
          }
          countFailed(lanes, piece.to - piece.from)
          const rest = again(lanes, lane, piece, suspendTime) ?? Effect.void
          return Effect.zipRight(Effect.all(told, { discard: true }), rest)
        })

      const timedOut: Settling<Lanes>["timedOut"] = (lanes, handed, ended) => {
        const lane = handed.lane as Lane
        const told: Array<Effect.Effect<void>> = []
        for (let index = handed.from; index < handed.to; index++) {
          const message = handed.batch.messages[index]
          counters.timedOut++
          if (message !== undefined) told.push(report.timedOut(lanes.ledger.queue, message, consumeTimeout))
        }
        countFailed(lanes, handed.to - handed.from)
        return Effect.all(told, { discard: true }).pipe(
          // one that does not let itself be interrupted is still at it: nothing may come beside it
          Effect.zipRight(ended),
          Effect.zipRight(Effect.suspend(() => {
            if (lanes.owns(handed, clock.unsafeCurrentTimeMillis())) {
              return again(lanes, lane, handed, suspendTime) ?? Effect.void
            }
            refuse(lanes, lane, handed)
            return Effect.void
          }))
        )
      }

      const interrupted: Settling<Lanes>["timedOut"] = (lanes, handed, ended) =>
        Effect.map(ended, () => refuse(lanes, handed.lane as Lane, handed))

      return { succeeded, failed, timedOut, interrupted }
    }

    const workers: Workers.Workers<Lanes> = yield* Workers.make<Lanes, R>({
      group,
      concurrency: settings.concurrency,
      rate: settings.rate,
      batchSize: settings.batchSize,
      consumeTimeout,
      call: options.call,
      settling
    })

    // ---- queues

    const keyOf = orderly.orderBy === undefined ? undefined : keyWith(orderly.orderBy)
    const opened = new WeakMap<ProcessQueue, Lanes>()
    const lanesOf = (ledger: ProcessQueue): Lanes => {
      let lanes = opened.get(ledger)
      if (lanes === undefined) opened.set(ledger, lanes = new Lanes(ledger, locks.of(ledger.queue), keyOf))
      return lanes
    }

    return {
      ...workers,
      offer: (ledger) => workers.offer(lanesOf(ledger)),
      interrupt: (ledger) => {
        workers.interrupt(lanesOf(ledger))
      },
      // one that was interrupted and does not end holds its queue up all the same
      busy: (ledger) => workers.busy(lanesOf(ledger), true),
      stuck: () => new Set([...workers.stuck()].map(({ ledger }) => ledger)),
      resume: suspensions.run
    }
  })

/** Messages whose key throws have one order. */
const keyWith = (orderBy: (message: Message.MessageExt) => string) => (message: Message.MessageExt): string => {
  try {
    return String(orderBy(message))
  } catch {
    return ""
  }
}
