import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Runtime from "effect/Runtime"
import type { MessageQueueSelector } from "../MessageQueueSelector.js"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { RetryExhaustedError } from "../ProducerError.js"
import type { Attempt, SendReceipt } from "../SendReceipt.js"
import { supervised } from "../Supervised.js"
import * as Batches from "./batches.js"
import type { Outgoing } from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import type { SendAccounts } from "./sendAccounts.js"
import type { Restore } from "./sender.js"
import type { ReceiptImpl } from "./sendReceipt.js"

/**
 * Where single messages wait for others, to travel together.
 *
 * A caller that is interrupted before its batch has left takes its message out again: it is `cancelled`. Later its message
 * goes on with the others. When the batch is accepted the message is, and when it is refused it is too: nobody has to be
 * told. Only when the end of the batch leaves open whether it is stored does the outbox get the message, then and not
 * before, and without an error, since its caller got none.
 *
 * A batch that a broker refuses because of what is in it or how large it is tells nothing about the single message: its
 * members are sent once more, one after the other, each by itself and with an end of its own.
 *
 * @internal
 */
export interface Accumulator {
  /** Sends the message with others; interrupted before they left, it is not sent. `undefined`: it has to go alone. */
  readonly send: (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined
  ) => Effect.Effect<SendReceipt, SendError> | undefined
  /** Everything that waits leaves now. */
  readonly flush: () => void
}

/** While so many bytes wait or have no answer, further callers wait for room. */
const ROOM = 32 * 1024 * 1024

/** Messages that may be in one batch, one batch after the other. */
class Lane {
  readonly queue: MessageQueue | undefined
  /** Who chooses the queue when the batch leaves. */
  readonly selector: MessageQueueSelector | undefined
  open: Batch | undefined = undefined

  constructor(queue: MessageQueue | undefined, selector: MessageQueueSelector | undefined) {
    this.queue = queue
    this.selector = selector
  }
}

class Batch {
  readonly lane: Lane
  /** When its oldest message was given to the producer. */
  readonly at: number
  readonly entries: Array<Entry> = []
  bytes = 0
  /** The attempts that failed for what is in the batch. Set when its members travel alone from then on. */
  dissolved: ReadonlyArray<Attempt> | undefined = undefined

  constructor(lane: Lane, at: number) {
    this.lane = lane
    this.at = at
  }
}

const ignore = (): void => {}

/** A message and the caller that waits for its receipt. */
class Entry {
  readonly out: Outgoing
  readonly options: SendOptions | undefined
  readonly size: number
  readonly lane: Lane
  readonly at: number
  /** Absent until it has been put into a batch. */
  batch: Batch | undefined = undefined
  resume: (result: Effect.Effect<SendReceipt, SendError>) => void = ignore
  /** `false` once the caller was interrupted. */
  isAwaited = true

  constructor(
    out: Outgoing,
    options: SendOptions | undefined,
    size: number,
    lane: Lane,
    at: number
  ) {
    this.out = out
    this.options = options
    this.size = size
    this.lane = lane
    this.at = at
  }
}

/** Brokers heed these properties in single messages only. */
const aloneOnly = [
  MessageProperties.PRIORITY,
  MessageProperties.LITE_TOPIC,
  MessageProperties.INNER_MULTI_DISPATCH
]

const goesAlone = (message: Message): boolean =>
  Batches.problemOf(message) !== undefined || aloneOnly.some((name) => message.properties[name] !== undefined)

/** Whether members may fare better than their batch. */
const dissolves = (
  { entries }: Batch,
  attempts: ReadonlyArray<Attempt>,
  cause: Cause.Cause<SendError>
): boolean => {
  const failure = Cause.failureOrCause(cause)
  if (Either.isRight(failure)) return false
  const error = failure.left
  switch (error._tag) {
    // the route has changed since the queue was chosen, and a selector chooses among the new ones
    case "QueueNotAvailableError":
      return attempts.length === 0
    case "MessageSendError":
    case "RetryExhaustedError": {
      const last = attempts.at(-1)?.error
      return entries.length > 1 && attempts.every((attempt) => attempt.outcome === "Refused") &&
        (last?._tag === "MessageTooLargeError" || last?._tag === "MessageIllegalError")
    }
    default:
      return false
  }
}

const ownCause = (cause: Cause.Cause<SendError>, { out }: Entry): Cause.Cause<SendError> =>
  Cause.map(cause, (error) => Batches.memberError(error, out.uniqueKey))

const interrupted = Cause.interrupt(FiberId.none)

/** @internal */
export const make = (
  engine: Engine,
  options: NonNullable<Engine["settings"]["autoBatch"]>
): Effect.Effect<Accumulator> =>
  Effect.gen(function*() {
    const { accounts, background, clock, meters, sender, settings, threshold, topics } = engine
    const { group, sendTimeout } = settings
    const { maxBytes, maxCount } = options
    // the other half is for the broker
    const linger = Math.min(options.linger, sendTimeout / 2)
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const lanes = {
      waitStoreMsgOk: new WeakMap<ProducerTopic, WeakMap<Target | MessageQueueSelector, Lane>>(),
      others: new WeakMap<ProducerTopic, WeakMap<Target | MessageQueueSelector, Lane>>()
    }
    /** Batches that have not left, the oldest first. */
    const opened = new Set<Batch>()
    /** Messages that wait for room, the oldest first. */
    const queued = new Set<Entry>()
    /** Bytes in batches that have not ended. */
    let held = 0
    const hasOpened = Effect.unsafeMakeLatch(false)

    const now = (): number => clock.unsafeCurrentTimeMillis()
    const timeLeft = (at: number): number => sendTimeout - Math.max(0, now() - at)

    const laneOf = (
      topic: ProducerTopic,
      message: Message,
      target: Target | undefined,
      selector: MessageQueueSelector
    ) => {
      const kind = message.waitStoreMsgOk ? lanes.waitStoreMsgOk : lanes.others
      let known = kind.get(topic)
      if (known === undefined) kind.set(topic, known = new WeakMap())
      const key = target ?? selector
      let lane = known.get(key)
      if (lane === undefined) known.set(key, lane = new Lane(target?.queue, selector))
      return lane
    }

    // ---------------------------------------------------------------------------------------------------------------
    // waiting
    // ---------------------------------------------------------------------------------------------------------------

    const join = (entry: Entry): void => {
      const { at, lane, size } = entry
      let batch = lane.open
      // a batch has the time of its oldest message, which is not to be much less than that of the others
      if (batch !== undefined && (batch.bytes + size > maxBytes || at - batch.at > linger)) {
        leave(batch)
        batch = undefined
      }
      if (batch === undefined) {
        lane.open = batch = new Batch(lane, at)
        opened.add(batch)
        if (opened.size === 1) hasOpened.unsafeOpen()
      }
      entry.batch = batch
      batch.entries.push(entry)
      batch.bytes += size
      held += size
      if (batch.entries.length >= maxCount || batch.bytes >= maxBytes) leave(batch)
    }

    const leave = (batch: Batch): void => {
      opened.delete(batch)
      batch.lane.open = undefined
      // not at once: the caller that made the batch full is no place to run it in
      runFork(Effect.interruptible(travel(batch)), { scope: background, immediate: false })
    }

    const admit = (): void => {
      for (const entry of queued) {
        if (held >= ROOM) return
        queued.delete(entry)
        join(entry)
      }
    }

    const put = (entry: Entry): void => {
      sender.begin()
      if (held < ROOM && queued.size === 0) join(entry)
      else queued.add(entry)
    }

    /** The caller was interrupted, or has its error. */
    const withdraw = (entry: Entry): void => {
      entry.isAwaited = false
      const { batch } = entry
      if (batch !== undefined && opened.has(batch)) takeOut(entry, batch)
      else if (!queued.delete(entry)) return
      meters.outcomes.cancelled++
      sender.end()
    }

    const takeOut = (entry: Entry, batch: Batch): void => {
      batch.entries.splice(batch.entries.indexOf(entry), 1)
      batch.bytes -= entry.size
      held -= entry.size
      if (batch.entries.length === 0) {
        opened.delete(batch)
        batch.lane.open = undefined
      }
      admit()
    }

    const run = Effect.gen(function*() {
      while (true) {
        const [batch] = opened
        if (batch === undefined) {
          hasOpened.unsafeClose()
          yield* hasOpened.await
          continue
        }
        const left = batch.at + linger - now()
        // more than the linger: somebody has set the clock back
        if (left <= 0 || left > linger) leave(batch)
        else yield* Effect.sleep(left)
      }
    })

    // ---------------------------------------------------------------------------------------------------------------
    // travelling
    // ---------------------------------------------------------------------------------------------------------------

    /** Books messages that no broker is asked to take. */
    const refuse = (batch: Batch, error: SendError): Effect.Effect<never, SendError> => {
      const cause = Cause.fail(error)
      return Effect.zipRight(book(batch, [], cause), Effect.failCause(cause))
    }

    const overdue = ({ at, out }: Entry): RetryExhaustedError =>
      new RetryExhaustedError({
        topic: out.message.topic,
        group,
        reason: "Deadline",
        attempts: [],
        duration: now() - at,
        uniqueKey: out.uniqueKey,
        cause: "messages given to the producer before it had no answer in time"
      })

    const request = (restore: Restore, batch: Batch): Effect.Effect<ReceiptImpl, SendError> => {
      const { entries, lane: { queue, selector } } = batch
      const timeout = timeLeft(batch.at)
      if (timeout <= 0) return refuse(batch, overdue(entries[0]!))
      const combined = entries.length === 1
        ? Either.right(entries[0]!.out)
        : Batches.combine(entries.map(({ out }) => out))
      if (Either.isLeft(combined)) return refuse(batch, combined.left)
      const settle: SendAccounts["settle"] = (_, attempts, cause) => book(batch, attempts, cause)
      return sender.send(restore, combined.right, { queue, selector, timeout }, settle)
    }

    /** Books what was not acknowledged, unless the messages get another chance. */
    const book = (
      batch: Batch,
      attempts: ReadonlyArray<Attempt>,
      cause: Cause.Cause<SendError>
    ): Effect.Effect<void> => {
      if (dissolves(batch, attempts, cause)) {
        batch.dissolved = attempts
        sender.begin()
        return Effect.void
      }
      return Effect.forEach(
        batch.entries,
        (entry) => accounts.settle(entry.out, attempts, entry.isAwaited ? ownCause(cause, entry) : interrupted),
        { discard: true }
      )
    }

    /** Sends what was in a batch, each by itself. */
    const sendApart = (
      restore: Restore,
      { entries }: Batch,
      attempts: ReadonlyArray<Attempt>
    ): Effect.Effect<void> =>
      Effect.ensuring(
        Effect.forEach(entries, (entry) => sendAlone(restore, entry, attempts), { discard: true }),
        Effect.sync(sender.end)
      )

    const sendAlone = (
      restore: Restore,
      entry: Entry,
      attempts: ReadonlyArray<Attempt>
    ): Effect.Effect<void> =>
      Effect.suspend(() => {
        const { at, isAwaited, options, out } = entry
        if (!isAwaited) return accounts.settle(out, attempts, interrupted)
        const timeout = timeLeft(at)
        const sent = timeout > 0
          ? Effect.suspend(() => sender.send(restore, out, { ...options, timeout }))
          : Effect.tapErrorCause(Effect.fail(overdue(entry)), (cause) => accounts.settle(out, attempts, cause))
        return Effect.map(Effect.exit(sent), entry.resume)
      })

    const tell = ({ entries }: Batch, exit: Exit.Exit<ReceiptImpl, SendError>): void => {
      const isAlone = entries.length === 1
      entries.forEach((entry, index) => {
        if (Exit.isFailure(exit)) entry.resume(Effect.failCause(ownCause(exit.cause, entry)))
        else entry.resume(Effect.succeed(isAlone ? exit.value : exit.value.member(entry.out.uniqueKey, index)))
      })
    }

    /** Sends a batch that has left, and tells each caller how it ended; it does that whatever is closed meanwhile. */
    const travel = (batch: Batch): Effect.Effect<void> =>
      Effect.uninterruptibleMask((restore) => {
        const sent = Effect.suspend(() => {
          try {
            // a selector may throw
            return request(restore, batch)
          } finally {
            // now the sender counts it
            for (let i = 0; i < batch.entries.length; i++) sender.end()
          }
        })
        return Effect.flatMap(Effect.exit(sent), (exit) => {
          const told = batch.dissolved === undefined
            ? Effect.sync(() => tell(batch, exit))
            : sendApart(restore, batch, batch.dissolved)
          return Effect.map(told, () => {
            held -= batch.bytes
            admit()
          })
        })
      })

    const send: Accumulator["send"] = (restore, out, options) => {
      if (options?.autoBatch === false || options?.timeout !== undefined) return undefined
      const { message } = out
      const topic = topics.get(message.topic)
      if (topic === undefined || out.body.length >= threshold || goesAlone(message)) return undefined
      topics.adopt(topic)
      if (topic.missing !== undefined) return undefined
      const size = Batches.sizeOf(out)
      if (size > maxBytes) return undefined
      const selector = options?.selector ?? settings.selector
      let target: Target | undefined
      if (options?.queue !== undefined || selector.isSticky(message)) {
        target = sender.select(topic, message, options)
        if (target === undefined) return undefined
      }
      const entry = new Entry(out, options, size, laneOf(topic, message, target, selector), now())
      const told = Effect.async<SendReceipt, SendError>((resume) => {
        entry.resume = resume
        put(entry)
      })
      // less than the cleanup of Effect.async costs
      return Effect.catchAllCause(restore(told), (cause) => {
        withdraw(entry)
        return Effect.failCause(cause)
      })
    }

    const flush = (): void => {
      for (const entry of queued) join(entry)
      queued.clear()
      for (const batch of opened) leave(batch)
    }

    yield* Effect.forkIn(Effect.interruptible(supervised("The linger of batches", run)), background)
    return { send, flush }
  })
