import type { Message } from "@effect-rocketmq/protocol/Message"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Broker, StoreResult } from "../Broker.js"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { ProducerShutdownError } from "../ProducerError.js"
import type { Attempt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import * as Outgoings from "./outgoing.js"
import { Parking } from "./parking.js"
import type { Settings } from "./producerSettings.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import type { ProducerTopics } from "./producerTopics.js"
import * as Retries from "./retries.js"
import type { SendAccounts } from "./sendAccounts.js"
import { Job } from "./sendJob.js"
import { lookInterval } from "./sendPolicy.js"
import { ReceiptImpl } from "./sendReceipt.js"

/** @internal What `Effect.uninterruptibleMask` gives. */
export type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** @internal Sends what is ready to be sent, and keeps count of what is under way. */
export interface Sender {
  /** `settle`: who books what was not acknowledged, instead of the accounts; until it has, the send is under way. */
  readonly send: (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined,
    settle?: SendAccounts["settle"]
  ) => Effect.Effect<ReceiptImpl, SendError>
  /** Why nothing is taken any more. */
  readonly refusal: (topic: string) => ProducerShutdownError | undefined
  /** The queue of a message, if it has one. */
  readonly select: (topic: ProducerTopic, message: Message, options: SendOptions | undefined) => Target | undefined
  /** Counts something under way that is no send yet, such as a message that waits for its batch. */
  readonly begin: () => void
  readonly end: () => void
  readonly inFlight: () => number
  /** Messages that wait for a broker to come back. */
  readonly waiting: () => number
  /** Routes have changed: what waits for its brokers may have others now. */
  readonly reconsider: () => void
  /** Serves messages that wait for brokers to come back. */
  readonly run: Effect.Effect<never>
  readonly isStopping: () => boolean
  readonly isClosed: () => boolean
  /** Ends when what is under way is given up. */
  readonly closed: Effect.Effect<void>
  /** Takes nothing new from now on. */
  readonly shut: () => void
  /** Waits for what is under way and gives up what has not ended by then. */
  readonly drain: Effect.Effect<void>
}

/** @internal */
export const make = (env: {
  readonly settings: Settings
  readonly broker: Broker["Type"]
  readonly topics: ProducerTopics
  readonly accounts: SendAccounts
  readonly slowFrom: number
  readonly clock: Clock.Clock
}): Sender => {
  const { accounts, broker, clock, settings, slowFrom, topics } = env
  const { attemptTimeout, group, sendTimeout, whenNotStoreOk } = settings
  const queueNums = String(settings.defaultTopicQueueNums)
  const waiting = Effect.unsafeMakeLatch(false)
  const parking = new Parking(() => waiting.unsafeOpen())
  const drained = Effect.unsafeMakeLatch(false)
  const closed = Effect.unsafeMakeLatch(false)
  let phase: "Running" | "Closing" | "Closed" = "Running"
  let inFlight = 0

  const now = (): number => clock.unsafeCurrentTimeMillis()
  /** A clock that tells parts of a millisecond. */
  const precise = (): number => Number(clock.unsafeCurrentTimeNanos()) / 1e6
  const end = (): void => {
    if (--inFlight === 0 && phase !== "Running") drained.unsafeOpen()
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the first attempt: everything that a message costs when all is well
  // -----------------------------------------------------------------------------------------------------------------

  const select = (topic: ProducerTopic, message: Message, options: SendOptions | undefined): Target | undefined => {
    if (options === undefined) return topic.targets[topic.choose(message, topic.queues)]
    if (options.queue !== undefined) {
      return options.queue.topic === topic.name ? topic.find(options.queue) : undefined
    }
    const choose = options.selector === undefined ? topic.choose : topic.chooserOf(options.selector)
    return topic.targets[choose(message, topic.queues)]
  }

  const request = (target: Target, out: Outgoing, timeout: number, at: number) =>
    broker.send(
      target.address,
      out.message.topic,
      Outgoings.requestTo(out, target, group, queueNums, at),
      timeout
    )

  const attempt: Retries.SendAttempt = (target, out, timeout, at) =>
    out.before === undefined
      ? request(target, out, timeout, at)
      : Effect.zipRight(out.before(target.address), Effect.suspend(() => request(target, out, timeout, now())))

  /** When the last message was sent whose time is taken precisely, in whole milliseconds. */
  let timedAt = -1

  /** `isTimed`: the duration is precise, and goes into the percentiles. */
  const receive = (
    target: Target,
    out: Outgoing,
    stored: StoreResult,
    duration: number,
    isTimed: boolean,
    earlier: ReadonlyArray<Attempt> | undefined
  ): ReceiptImpl => {
    const { health, meter } = target
    if (health.state !== "Available" || duration >= slowFrom) health.succeeded(duration, now())
    if (parking.size > 0) parking.succeeded(health, inFlight - parking.size)
    meter.accepted += out.count
    if (stored.status !== "SEND_OK") meter.weak += out.count
    if (isTimed) meter.latencies.add(duration)
    else if (duration > meter.latencies.max) meter.latencies.max = duration
    return new ReceiptImpl(stored, target, out.uniqueKey, duration, earlier)
  }

  const send = (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined,
    settle: SendAccounts["settle"] = accounts.settle
  ): Effect.Effect<ReceiptImpl, SendError> => {
    const { message } = out
    if (phase === "Closed") return Effect.fail(new ProducerShutdownError({ group, topic: message.topic, attempts: [] }))
    const started = now()
    const timeout = options?.timeout === undefined ? sendTimeout : Duration.toMillis(options.timeout)
    const topic = topics.get(message.topic)
    if (topic === undefined) return openFirst(restore, out, options, started, started + timeout, settle)
    topics.adopt(topic)
    const target = select(topic, message, options)
    inFlight++
    const isPlain = target?.health.state === "Available" && topic.missing === undefined && topic.waiting === 0
    if (target === undefined || !isPlain) {
      const attempts: Array<Attempt> = []
      const admitted = admit(topic, out, options, target, started, started + timeout, attempts)
      return slow(restore, out, attempts, admitted, settle)
    }
    // a precise clock costs more than all else here: it is read for the first message of each millisecond
    const isTimed = started !== timedAt
    if (isTimed) timedAt = started
    const sentAt = isTimed ? precise() : started
    const sent = restore(attempt(target, out, timeout < attemptTimeout ? timeout : attemptTimeout, started))
    return Effect.matchCauseEffect(sent, {
      onSuccess: (stored) => {
        const duration = (isTimed ? precise() : now()) - sentAt
        if (stored.status !== "SEND_OK" && whenNotStoreOk !== "accept") {
          const job = jobOf(topic, out, options, target, started, started + timeout, [])
          return slow(restore, out, job.attempts, retries.afterWeak(job, target, duration, stored), settle)
        }
        end()
        return Effect.succeed(receive(target, out, stored, duration, isTimed, undefined))
      },
      onFailure: (cause) => {
        const error = Cause.failureOrCause(cause)
        const duration = (isTimed ? precise() : now()) - sentAt
        if (Either.isRight(error)) {
          const given = Retries.attemptOf(target, duration, "Unknown", undefined)
          return slow(restore, out, [given], Effect.failCause(error.right), settle)
        }
        const job = jobOf(topic, out, options, target, started, started + timeout, [])
        return slow(restore, out, job.attempts, retries.afterFailure(job, target, duration, error.left), settle)
      }
    })
  }

  // -----------------------------------------------------------------------------------------------------------------
  // everything else
  // -----------------------------------------------------------------------------------------------------------------

  const retries = Retries.make({
    settings,
    topics,
    parking,
    attempt,
    receive: (target, out, stored, duration, earlier) => receive(target, out, stored, duration, true, earlier),
    now,
    precise,
    closed,
    isClosed: () => phase === "Closed"
  })

  /** Books how it ends. */
  const slow = (
    restore: Restore,
    out: Outgoing,
    attempts: ReadonlyArray<Attempt>,
    effect: Effect.Effect<ReceiptImpl, SendError>,
    settle: SendAccounts["settle"]
  ): Effect.Effect<ReceiptImpl, SendError> =>
    Effect.onExit(restore(effect), (exit) => {
      if (Exit.isSuccess(exit)) return Effect.sync(end)
      return Effect.ensuring(settle(out, attempts, exit.cause), Effect.sync(end))
    })

  const openFirst = (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined,
    started: number,
    deadline: number,
    settle: SendAccounts["settle"]
  ): Effect.Effect<ReceiptImpl, SendError> => {
    const attempts: Array<Attempt> = []
    inFlight++
    const opened = Effect.timeoutFail(retries.unlessClosed(topics.open(out.message.topic)), {
      duration: Math.max(0, deadline - now()),
      onTimeout: () => retries.exhausted(out, started, [], "Deadline", "the name server did not answer in time")
    })
    return slow(
      restore,
      out,
      attempts,
      Effect.flatMap(opened, (topic) =>
        topic === undefined
          ? Effect.fail(new ProducerShutdownError({ group, topic: out.message.topic, attempts }))
          : admit(topic, out, options, select(topic, out.message, options), started, deadline, attempts)),
      settle
    )
  }

  const admit = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined,
    target: Target | undefined,
    started: number,
    deadline: number,
    attempts: Array<Attempt>
  ): Effect.Effect<ReceiptImpl, SendError> =>
    target === undefined
      ? Effect.fail(Retries.noQueue(topic, options?.queue))
      : retries.run(jobOf(topic, out, options, target, started, deadline, attempts), target)

  const jobOf = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined,
    first: Target,
    started: number,
    deadline: number,
    attempts: Array<Attempt>
  ): Job => {
    const pinned = options?.queue !== undefined || (options?.selector ?? settings.selector).isSticky(out.message)
    const choose = options?.selector === undefined ? topic.choose : topic.chooserOf(options.selector)
    return new Job(topic, choose, out, started, deadline, pinned ? first.queue : undefined, attempts)
  }

  const run = Effect.gen(function*() {
    while (true) {
      yield* waiting.await
      waiting.unsafeClose()
      while (parking.size > 0) {
        const at = now()
        yield* Effect.sleep(Math.max(1, parking.nextLook(at + lookInterval) - at))
        parking.look(now())
      }
    }
  })

  const drain = Effect.gen(function*() {
    if (inFlight > 0) yield* Effect.timeoutOption(Effect.interruptible(drained.await), settings.shutdownTimeout)
    phase = "Closed"
    if (inFlight === 0) return
    yield* Effect.logWarning(
      `Producer of group ${group} stops while ${inFlight} sends have no answer; ` +
        `${parking.size} of them wait for a broker`
    )
    closed.unsafeOpen()
    parking.releaseAll()
    yield* broker.abandon((request) => Outgoings.isSendOf(request, group))
    // those fail now; an outbox may want a moment
    yield* Effect.timeoutOption(Effect.interruptible(drained.await), settings.shutdownTimeout)
  })

  return {
    send,
    refusal: (topic) => phase === "Running" ? undefined : new ProducerShutdownError({ group, topic, attempts: [] }),
    select,
    begin: () => {
      inFlight++
    },
    end,
    inFlight: () => inFlight,
    waiting: () => parking.size,
    reconsider: () => parking.releaseAll(),
    run,
    isStopping: () => phase !== "Running",
    isClosed: () => phase === "Closed",
    closed: closed.await,
    shut: () => {
      phase = "Closing"
    },
    drain
  }
}
