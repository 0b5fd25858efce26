import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { StoreResult } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import * as BrokerErrors from "../BrokerError.js"
import { TopicRouteNotFoundError } from "../NameServerError.js"
import type { SendError } from "../ProducerError.js"
import {
  MessageSendError,
  outcome,
  ProducerShutdownError,
  QueueNotAvailableError,
  RetryExhaustedError
} from "../ProducerError.js"
import type { Attempt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import type { Parking } from "./parking.js"
import type { Settings } from "./producerSettings.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import type { ProducerTopics } from "./producerTopics.js"
import { errorOf } from "./responseTable.js"
import type { Job } from "./sendJob.js"
import { blames, classOf, grace, reactionTo } from "./sendPolicy.js"
import { ReceiptImpl } from "./sendReceipt.js"

/** @internal The attempts of a message after the first, and those of messages that cannot have one at once. */
export interface Retries {
  /** Tries until a broker has the message, at `first` first of all. */
  readonly run: (job: Job, first?: Target) => Effect.Effect<ReceiptImpl, SendError>
  /** Goes on after an attempt that failed. */
  readonly afterFailure: (
    job: Job,
    target: Target,
    duration: number,
    error: BrokerError
  ) => Effect.Effect<ReceiptImpl, SendError>
  /** Goes on after an attempt that stored the message with a status other than SEND_OK, where that is not enough. */
  readonly afterWeak: (
    job: Job,
    target: Target,
    duration: number,
    stored: StoreResult
  ) => Effect.Effect<ReceiptImpl, SendError>
  readonly exhausted: (
    out: Outgoing,
    started: number,
    attempts: ReadonlyArray<Attempt>,
    reason: RetryExhaustedError["reason"],
    cause: unknown
  ) => RetryExhaustedError
  /** Ends with `undefined` when the producer is closed meanwhile. */
  readonly unlessClosed: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A | undefined, E>
}

/** @internal One request to the queue of a target, made at `at`; durations and times in milliseconds. */
export type SendAttempt = (
  target: Target,
  out: Outgoing,
  timeout: number,
  at: number
) => Effect.Effect<StoreResult, BrokerError>

/** @internal */
export const attemptOf = (
  { address, brokerName, queue }: Target,
  duration: number,
  outcome: Attempt["outcome"],
  error: BrokerError | undefined
): Attempt => ({
  brokerName,
  address,
  queueId: queue.queueId,
  duration,
  outcome,
  failure: error === undefined ? undefined : classOf(error),
  error
})

/** @internal */
export const noQueue = (topic: ProducerTopic, queue: MessageQueue | undefined): QueueNotAvailableError =>
  new QueueNotAvailableError({
    topic: topic.name,
    brokerName: queue?.brokerName,
    queueId: queue?.queueId,
    writeQueues: topic.queues.length
  })

/** The code that a status other than SEND_OK came with. */
const codeOf: Readonly<Record<Exclude<StoreResult["status"], "SEND_OK">, number>> = {
  FLUSH_DISK_TIMEOUT: ResponseCode.FLUSH_DISK_TIMEOUT,
  FLUSH_SLAVE_TIMEOUT: ResponseCode.FLUSH_SLAVE_TIMEOUT,
  SLAVE_NOT_AVAILABLE: ResponseCode.SLAVE_NOT_AVAILABLE
}

/** @internal */
export const make = (env: {
  readonly settings: Settings
  readonly topics: ProducerTopics
  readonly parking: Parking
  readonly attempt: SendAttempt
  readonly receive: (
    target: Target,
    out: Outgoing,
    stored: StoreResult,
    duration: number,
    earlier: ReadonlyArray<Attempt>
  ) => ReceiptImpl
  readonly now: () => number
  readonly precise: () => number
  readonly closed: Effect.Latch
  readonly isClosed: () => boolean
}): Retries => {
  const { attempt, closed, isClosed, now, parking, precise, receive, settings, topics } = env
  const { attemptTimeout, group, retries, retryPolicy, whenNotStoreOk } = settings

  const unlessClosed = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A | undefined, E> =>
    // also for a caller that cannot be interrupted, such as a finalizer: what loses the race is waited for
    Effect.raceFirst(effect, Effect.interruptible(Effect.as(closed.await, undefined)))

  const exhausted: Retries["exhausted"] = (out, started, attempts, reason, cause) =>
    new RetryExhaustedError({
      topic: out.message.topic,
      group,
      reason,
      attempts,
      duration: now() - started,
      uniqueKey: out.uniqueKey,
      cause
    })

  /** A weak copy of the message is better than none. */
  const settleFor = ({ out }: Job, weak: ReceiptImpl): ReceiptImpl => {
    weak.target.meter.accepted += out.count
    weak.target.meter.weak += out.count
    return weak
  }

  /** The end of a message that no other attempt is made for. */
  const giveUp = (job: Job, error: SendError): Effect.Effect<ReceiptImpl, SendError> => {
    if (job.weak !== undefined) return Effect.succeed(settleFor(job, job.weak))
    // an error that knows of no attempts says that nothing was stored
    const isHiding = outcome(error) === "Refused" && job.attempts.some((attempt) => attempt.outcome === "Unknown")
    return Effect.fail(isHiding ? exhausted(job.out, job.started, job.attempts, "Final", error) : error)
  }

  /** Waits until it makes sense to try again. */
  const wait = (job: Job, at: number): Effect.Effect<unknown> => {
    const { deadline, pinned, topic } = job
    const own = pinned === undefined ? undefined : topic.find(pinned)?.health
    const brokers = own === undefined ? topic.brokers : [own]
    const pauses = job.tried.size > 0 &&
      (job.isPauseStrict || brokers.some((health) => health.state !== "Avoided"))
    if (pauses) return unlessClosed(Effect.sleep(Math.min(job.pause, deadline - at)))
    return own === undefined ? queueUp(job) : parking.park(brokers, deadline)
  }

  /** Waits in line with the other messages of the topic. */
  const queueUp = ({ deadline, topic }: Job): Effect.Effect<void> =>
    Effect.suspend(() => {
      topic.waiting++
      return Effect.ensuring(
        parking.park(topic.brokers, deadline),
        Effect.sync(() => {
          topic.waiting--
        })
      )
    })

  const run = Effect.fnUntraced(function*(job: Job, first?: Target) {
    const { attempts, deadline, out, started, topic, tried } = job
    let preferred = first
    if (job.pinned === undefined && topic.waiting > 0) yield* queueUp(job)
    while (true) {
      const at = now()
      if (isClosed()) {
        return yield* giveUp(job, new ProducerShutdownError({ group, topic: topic.name, attempts }))
      }
      if (at >= deadline) {
        const cause = attempts.at(-1)?.error ?? topic.brokers.find((health) => health.lastError)?.lastError
        return yield* giveUp(job, exhausted(out, started, attempts, "Deadline", cause))
      }
      topics.adopt(topic)
      const isPreferred = preferred !== undefined &&
        (job.pinned !== undefined || !preferred.health.isSlow(at) || !topic.hasQuick(at)) &&
        preferred.health.tryAcquire(at, attemptTimeout)
      const target = isPreferred ? preferred : job.nextTarget(at, attemptTimeout)
      preferred = undefined
      if (target === undefined) {
        // no other broker can have it now, and those that have it weakly would have it twice
        if (job.weak !== undefined) return settleFor(job, job.weak)
        if (job.pinned !== undefined && topic.find(job.pinned) === undefined) {
          return yield* giveUp(job, noQueue(topic, job.pinned))
        }
        yield* wait(job, at)
        tried.clear()
        continue
      }
      const sentAt = precise()
      const result = yield* attempt(target, out, Math.min(attemptTimeout, deadline - at), at).pipe(
        Effect.either,
        // opening a connection has a timeout of its own, which may be longer than what is left
        Effect.timeoutTo({
          duration: deadline - at + grace,
          onTimeout: () => undefined,
          onSuccess: (either) => either
        }),
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            attempts.push(attemptOf(target, precise() - sentAt, "Unknown", undefined))
            target.health.abandoned(now())
          })
        )
      )
      const duration = precise() - sentAt
      if (result === undefined) {
        target.health.abandoned(now())
        attempts.push(attemptOf(target, duration, "Unknown", undefined))
        continue
      }
      if (Either.isRight(result) && (result.right.status === "SEND_OK" || whenNotStoreOk === "accept")) {
        if (topic.missing !== undefined) yield* topics.refreshSoon(topic)
        return receive(target, out, result.right, duration, attempts)
      }
      const booked = yield* Effect.either(
        Either.isLeft(result) ? failed(job, target, duration, result.left) : weak(job, target, duration, result.right)
      )
      if (Either.isLeft(booked)) return yield* giveUp(job, booked.left)
    }
  })

  /** Books a message that is stored with a status other than SEND_OK, where that is not enough. */
  const weak = (
    job: Job,
    target: Target,
    duration: number,
    stored: StoreResult
  ): Effect.Effect<void, SendError> => {
    const { address, brokerName, queue } = target
    const { attempts, out } = job
    if (whenNotStoreOk === "retry") {
      job.weak = new ReceiptImpl(stored, target, out.uniqueKey, duration, Array.from(attempts))
    }
    const error = errorOf({
      address,
      brokerName,
      topic: queue.topic,
      queueId: queue.queueId,
      group,
      requestCode: out.code,
      responseCode: stored.status === "SEND_OK" ? ResponseCode.SUCCESS : codeOf[stored.status]
    })
    return failed(job, target, duration, error)
  }

  /** Books a failed attempt. Fails with what the caller gets when no other attempt makes sense. */
  const failed = (job: Job, target: Target, duration: number, error: BrokerError): Effect.Effect<void, SendError> => {
    const { attempts, out, topic, tried } = job
    const fate = BrokerErrors.outcome(error)
    const failure = classOf(error)
    const reaction = failure === "Weak" ? (whenNotStoreOk === "retry" ? "Elsewhere" : "Fail") : reactionTo(error)
    target.meter.failures[failure]++
    attempts.push(attemptOf(target, duration, fate, error))
    tried.add(target.brokerName)
    if (blames(error)) {
      target.health.failed(error, now())
      parking.failed()
    } else if (BrokerErrors.isBrokerAnswerError(error)) target.health.succeeded(duration, now())
    else target.health.abandoned(now())
    const isGone = error._tag === "TopicNotFoundError"
    if (
      !isGone && (reaction === "Fail" || (reaction === "Elsewhere" && (job.pinned !== undefined || !job.hasUntried())))
    ) {
      const { address, brokerName, queue } = target
      const final = attempts.length === 1
        ? new MessageSendError({
          topic: topic.name,
          group,
          brokerName,
          address,
          queueId: queue.queueId,
          uniqueKey: out.uniqueKey,
          outcome: fate,
          cause: error
        })
        : exhausted(out, job.started, attempts, "Final", error)
      return Effect.zipRight(topics.refreshSoon(topic), Effect.fail(final))
    }
    if (attempts.length > retries) return Effect.fail(exhausted(out, job.started, attempts, "Retries", error))
    return Effect.flatMap(isGone ? topicGone(job) : topics.refreshSoon(topic), () =>
      Effect.flatMap(
        job.pauseAfter(retryPolicy, failure, error, now()),
        (isAllowed): Effect.Effect<void, SendError> =>
          isAllowed ? Effect.void : Effect.fail(exhausted(out, job.started, attempts, "Retries", error))
      ))
  }

  /** A broker does not have the topic: either the route is old, or the broker does not create topics. */
  const topicGone = (job: Job): Effect.Effect<void, SendError> => {
    const { deadline, topic } = job
    const missing = topic.missing
    if (missing === undefined) {
      return unlessClosed(topics.refresh(topic)).pipe(
        Effect.timeoutTo({
          duration: Math.max(0, Math.min(attemptTimeout, deadline - now())),
          onTimeout: () => undefined,
          onSuccess: () => undefined
        }),
        // without a name server the known brokers are all there is
        Effect.catchTag("RouteUpdateError", () => Effect.void)
      )
    }
    return job.hasUntried() ? Effect.void : Effect.fail(
      new TopicRouteNotFoundError({
        topic: missing.topic,
        addresses: missing.addresses,
        remark: missing.remark,
        failures: missing.failures,
        autoCreation: "Off"
      })
    )
  }

  const goOn = (job: Job, booked: Effect.Effect<void, SendError>): Effect.Effect<ReceiptImpl, SendError> =>
    Effect.matchEffect(booked, { onFailure: (error) => giveUp(job, error), onSuccess: () => run(job) })

  return {
    run,
    afterFailure: (job, target, duration, error) => goOn(job, failed(job, target, duration, error)),
    afterWeak: (job, target, duration, stored) => goOn(job, weak(job, target, duration, stored)),
    exhausted,
    unlessClosed
  }
}
