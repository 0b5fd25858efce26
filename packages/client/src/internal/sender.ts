import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Metric from "effect/Metric"
import type { Broker, StoreResult } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import * as BrokerErrors from "../BrokerError.js"
import { TopicRouteNotFoundError } from "../NameServerError.js"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import {
  MessageSendError,
  ProducerShutdownError,
  QueueNotAvailableError,
  RetryExhaustedError
} from "../ProducerError.js"
import type { Attempt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import * as Outgoings from "./outgoing.js"
import { Parking } from "./parking.js"
import type { Settings } from "./producerSettings.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import type { ProducerTopics } from "./producerTopics.js"
import { backoff, blames, grace, lookInterval, reactionTo } from "./sendPolicy.js"
import { ReceiptImpl } from "./sendReceipt.js"

const accepted = Metric.counter("rocketmq_producer_accepted", { description: "messages acknowledged by a broker" })
const refused = Metric.counter("rocketmq_producer_refused", { description: "sends that failed and stored nothing" })
const unknown = Metric.counter("rocketmq_producer_unknown", { description: "sends that failed and may have stored" })
const retried = Metric.counter("rocketmq_producer_failed_attempts", { description: "attempts to send that failed" })

/** @internal What `Effect.uninterruptibleMask` gives. */
export type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** A message that was not accepted at its first attempt, or could not have one at once. */
interface Job {
  readonly topic: ProducerTopic
  readonly out: Outgoing
  readonly started: number
  readonly deadline: number
  readonly attempts: Array<Attempt>
  /** Brokers that refused this message since the last pause. */
  readonly tried: Set<string>
  /** The one queue that it may go to. */
  readonly pinned: MessageQueue | undefined
}

/** @internal Sends what is ready to be sent, and keeps count of what is under way. */
export interface Sender {
  readonly send: (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined
  ) => Effect.Effect<ReceiptImpl, SendError>
  readonly oneway: (out: Outgoing, options: SendOptions | undefined) => Effect.Effect<void, SendError>
  /** Routes have changed: what waits for its brokers may have others now. */
  readonly reconsider: () => void
  /** Serves messages that wait for brokers to come back. */
  readonly run: Effect.Effect<never>
  /** Takes nothing new, waits for what is under way and gives up what has not ended by then. */
  readonly close: Effect.Effect<void>
}

/** @internal */
export const make = (env: {
  readonly settings: Settings
  readonly broker: Broker["Type"]
  readonly topics: ProducerTopics
  readonly clock: Clock.Clock
}): Sender => {
  const { broker, clock, settings, topics } = env
  const { attemptTimeout, group, retries, sendTimeout } = settings
  const queueNums = String(settings.defaultTopicQueueNums)
  const waiting = Effect.unsafeMakeLatch(false)
  const parking = new Parking(() => waiting.unsafeOpen())
  const drained = Effect.unsafeMakeLatch(false)
  let phase: "Running" | "Closing" | "Closed" = "Running"
  let inFlight = 0

  const now = (): number => clock.unsafeCurrentTimeMillis()
  const end = (): void => {
    if (--inFlight === 0 && phase !== "Running") drained.unsafeOpen()
  }
  const endEffect = Effect.sync(end)

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

  const attempt = (target: Target, out: Outgoing, timeout: number, at: number) =>
    broker.send(
      target.address,
      out.message.topic,
      Outgoings.requestTo(out, target, group, queueNums, at),
      timeout
    )

  const receive = (
    target: Target,
    out: Outgoing,
    stored: StoreResult,
    sentAt: number,
    earlier: ReadonlyArray<Attempt> | undefined
  ): ReceiptImpl => {
    if (target.health.state !== "Available") target.health.succeeded()
    if (parking.size > 0) parking.succeeded(target.health, inFlight - parking.size)
    accepted.unsafeUpdate(1, [])
    return new ReceiptImpl(stored, target, out.uniqueKey, now() - sentAt, earlier)
  }

  const send = (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<ReceiptImpl, SendError> => {
    const { message } = out
    if (phase !== "Running") {
      return Effect.fail(new ProducerShutdownError({ group, topic: message.topic, attempts: [] }))
    }
    const started = now()
    const timeout = options?.timeout === undefined ? sendTimeout : Duration.toMillis(options.timeout)
    const topic = topics.get(message.topic)
    inFlight++
    if (topic === undefined) return later(restore, openFirst(out, options, started, started + timeout))
    topics.adopt(topic)
    const target = select(topic, message, options)
    const isPlain = target?.health.state === "Available" && topic.missing === undefined && topic.waiting === 0
    if (target === undefined || !isPlain) {
      return later(restore, admit(topic, out, options, target, started, started + timeout))
    }
    const sent = restore(attempt(target, out, timeout < attemptTimeout ? timeout : attemptTimeout, started))
    return Effect.matchCauseEffect(sent, {
      onSuccess: (stored) => {
        end()
        return Effect.succeed(receive(target, out, stored, started, undefined))
      },
      onFailure: (cause) => {
        const error = Cause.failureOrCause(cause)
        if (Either.isRight(error)) {
          end()
          return Effect.failCause(error.right)
        }
        const job = jobOf(topic, out, options, target, started, started + timeout)
        return later(restore, Effect.flatMap(failed(job, target, started, error.left), () => retry(job)))
      }
    })
  }

  // -----------------------------------------------------------------------------------------------------------------
  // everything else
  // -----------------------------------------------------------------------------------------------------------------

  const later = (
    restore: Restore,
    effect: Effect.Effect<ReceiptImpl, SendError>
  ): Effect.Effect<ReceiptImpl, SendError> => Effect.ensuring(Effect.tapError(restore(effect), countFailure), endEffect)

  const countFailure = (error: SendError): Effect.Effect<void> =>
    Effect.sync(() => {
      const outcome = "outcome" in error ? error.outcome : "Refused"
      ;(outcome === "Unknown" ? unknown : refused).unsafeUpdate(1, [])
    })

  const openFirst = (
    out: Outgoing,
    options: SendOptions | undefined,
    started: number,
    deadline: number
  ): Effect.Effect<ReceiptImpl, SendError> =>
    Effect.flatMap(
      Effect.timeoutFail(topics.open(out.message.topic), {
        duration: Math.max(0, deadline - now()),
        onTimeout: () => exhausted(out, started, [], "Deadline", "the name server did not answer in time")
      }),
      (topic) => admit(topic, out, options, select(topic, out.message, options), started, deadline)
    )

  const admit = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined,
    target: Target | undefined,
    started: number,
    deadline: number
  ): Effect.Effect<ReceiptImpl, SendError> =>
    target === undefined
      ? Effect.fail(noQueue(topic, options?.queue))
      : retry(jobOf(topic, out, options, target, started, deadline), target)

  const noQueue = (topic: ProducerTopic, queue: MessageQueue | undefined): QueueNotAvailableError =>
    new QueueNotAvailableError({
      topic: topic.name,
      brokerName: queue?.brokerName,
      queueId: queue?.queueId,
      writeQueues: topic.queues.length
    })

  const jobOf = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined,
    first: Target,
    started: number,
    deadline: number
  ): Job => {
    const pinned = options?.queue !== undefined || (options?.selector ?? settings.selector).isSticky(out.message)
    return { topic, out, started, deadline, attempts: [], tried: new Set(), pinned: pinned ? first.queue : undefined }
  }

  const exhausted = (
    out: Outgoing,
    started: number,
    attempts: ReadonlyArray<Attempt>,
    reason: RetryExhaustedError["reason"],
    cause: unknown
  ): RetryExhaustedError =>
    new RetryExhaustedError({
      topic: out.message.topic,
      group,
      reason,
      attempts,
      duration: now() - started,
      uniqueKey: out.uniqueKey,
      cause
    })

  /** A queue that may be tried now: not of a broker that this message has just failed at, nor of one to be avoided. */
  const nextTarget = (job: Job, at: number): Target | undefined => {
    const { pinned, topic, tried } = job
    const free = (target: Target | undefined): boolean =>
      target !== undefined && !tried.has(target.brokerName) && target.health.tryAcquire(at, attemptTimeout)
    if (pinned !== undefined) {
      const target = topic.find(pinned)
      return free(target) ? target : undefined
    }
    // by the selector first, so that the brokers that are left share evenly
    for (let i = 0; i < topic.targets.length; i++) {
      const target = topic.targets[topic.choose(job.out.message, topic.queues)]
      if (free(target)) return target
    }
    return topic.targets.find(free)
  }

  const wait = (job: Job, round: number, at: number): Effect.Effect<void> => {
    const { deadline, pinned, topic } = job
    const own = pinned === undefined ? undefined : topic.find(pinned)?.health
    const brokers = own === undefined ? topic.brokers : [own]
    if (job.tried.size > 0 && brokers.some((health) => health.state !== "Avoided")) {
      return Effect.sleep(Math.min(backoff(round), deadline - at))
    }
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

  const retry = Effect.fnUntraced(function*(job: Job, first?: Target) {
    const { attempts, deadline, out, started, tried, topic } = job
    let round = 0
    let preferred = first
    if (job.pinned === undefined && topic.waiting > 0) yield* queueUp(job)
    while (true) {
      const at = now()
      if (phase === "Closed") {
        return yield* new ProducerShutdownError({ group, topic: topic.name, attempts })
      }
      if (at >= deadline) {
        const cause = attempts.at(-1)?.error ?? topic.brokers.find((health) => health.lastError)?.lastError
        return yield* exhausted(out, started, attempts, "Deadline", cause)
      }
      topics.adopt(topic)
      const target = preferred?.health.tryAcquire(at, attemptTimeout) === true ? preferred : nextTarget(job, at)
      preferred = undefined
      if (target === undefined) {
        if (job.pinned !== undefined && topic.find(job.pinned) === undefined) {
          return yield* noQueue(topic, job.pinned)
        }
        yield* wait(job, round, at)
        if (tried.size > 0) round++
        tried.clear()
        continue
      }
      const timeout = Math.min(attemptTimeout, deadline - at)
      const result = yield* attempt(target, out, timeout, at).pipe(
        Effect.either,
        // opening a connection has a timeout of its own, which may be longer than what is left
        Effect.timeoutTo({
          duration: deadline - at + grace,
          onTimeout: () => undefined,
          onSuccess: (either) => either
        }),
        Effect.onInterrupt(() => Effect.sync(() => target.health.abandoned(now())))
      )
      if (result === undefined) {
        target.health.abandoned(now())
        attempts.push(attemptOf(target, at, "Unknown", undefined))
        continue
      }
      if (Either.isRight(result)) {
        if (topic.missing !== undefined) yield* topics.refreshSoon(topic)
        return receive(target, out, result.right, at, attempts)
      }
      yield* failed(job, target, at, result.left)
    }
  })

  const attemptOf = (
    target: Target,
    at: number,
    outcome: Attempt["outcome"],
    error: BrokerError | undefined
  ): Attempt => ({
    brokerName: target.brokerName,
    address: target.address,
    queueId: target.queue.queueId,
    duration: now() - at,
    outcome,
    error
  })

  /** Books a failed attempt. Fails with what the caller gets when no other attempt makes sense. */
  const failed = (job: Job, target: Target, at: number, error: BrokerError): Effect.Effect<void, SendError> => {
    const { attempts, out, topic, tried } = job
    const outcome = BrokerErrors.outcome(error)
    const reaction = reactionTo(error)
    retried.unsafeUpdate(1, [])
    attempts.push(attemptOf(target, at, outcome, error))
    tried.add(target.brokerName)
    if (blames(error)) {
      target.health.failed(error, now())
      parking.failed()
    } else if (BrokerErrors.isBrokerAnswerError(error)) target.health.succeeded()
    else target.health.abandoned(now())
    if (error._tag === "TopicNotFoundError") return topicGone(job)
    const othersLeft = topic.targets.some((other) => !tried.has(other.brokerName))
    if (reaction === "Fail" || (reaction === "Elsewhere" && (job.pinned !== undefined || !othersLeft))) {
      const { address, brokerName, queue } = target
      const final = attempts.length === 1
        ? new MessageSendError({
          topic: topic.name,
          group,
          brokerName,
          address,
          queueId: queue.queueId,
          uniqueKey: out.uniqueKey,
          outcome,
          cause: error
        })
        : exhausted(out, job.started, attempts, "Final", error)
      return Effect.zipRight(topics.refreshSoon(topic), Effect.fail(final))
    }
    if (attempts.length > retries) return Effect.fail(exhausted(out, job.started, attempts, "Retries", error))
    return topics.refreshSoon(topic)
  }

  /** A broker does not have the topic: either the route is old, or the broker does not create topics. */
  const topicGone = (job: Job): Effect.Effect<void, SendError> => {
    const { attempts, deadline, out, topic, tried } = job
    const missing = topic.missing
    if (attempts.length > retries) {
      return Effect.fail(exhausted(out, job.started, attempts, "Retries", attempts.at(-1)?.error))
    }
    if (missing === undefined) {
      return topics.refresh(topic).pipe(
        Effect.timeoutTo({
          duration: Math.max(0, Math.min(attemptTimeout, deadline - now())),
          onTimeout: () => undefined,
          onSuccess: () => undefined
        }),
        // without a name server the known brokers are all there is
        Effect.catchTag("RouteUpdateError", () => Effect.void)
      )
    }
    return topic.targets.some((other) => !tried.has(other.brokerName)) ? Effect.void : Effect.fail(
      new TopicRouteNotFoundError({
        topic: missing.topic,
        addresses: missing.addresses,
        remark: missing.remark,
        failures: missing.failures,
        autoCreation: "Off"
      })
    )
  }

  const onewayTo = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<void, SendError> => {
    const at = now()
    topics.adopt(topic)
    let target = select(topic, out.message, options)
    if (options === undefined) {
      for (let i = 1; i < topic.targets.length && target?.health.state === "Avoided"; i++) {
        target = select(topic, out.message, options)
      }
    }
    if (target === undefined) return Effect.fail(noQueue(topic, options?.queue))
    const { address, brokerName, health, queue } = target
    return Effect.mapError(
      broker.sendOneway(address, Outgoings.requestTo(out, target, group, queueNums, at)),
      (cause) => {
        if (blames(cause)) health.failed(cause, now())
        return new MessageSendError({
          topic: topic.name,
          group,
          brokerName,
          address,
          queueId: queue.queueId,
          uniqueKey: out.uniqueKey,
          outcome: BrokerErrors.outcome(cause),
          cause
        })
      }
    )
  }

  const oneway = (out: Outgoing, options: SendOptions | undefined): Effect.Effect<void, SendError> => {
    if (phase !== "Running") {
      return Effect.fail(new ProducerShutdownError({ group, topic: out.message.topic, attempts: [] }))
    }
    const topic = topics.get(out.message.topic)
    return topic === undefined
      ? Effect.flatMap(topics.open(out.message.topic), (opened) => onewayTo(opened, out, options))
      : onewayTo(topic, out, options)
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

  const close = Effect.gen(function*() {
    phase = "Closing"
    if (inFlight > 0) yield* Effect.timeoutOption(Effect.interruptible(drained.await), settings.shutdownTimeout)
    phase = "Closed"
    if (inFlight > 0) {
      yield* Effect.logWarning(
        `Producer of group ${group} stops while ${inFlight} sends have no answer; ` +
          `${parking.size} of them wait for a broker`
      )
      parking.releaseAll()
    }
  })

  return { send, oneway, reconsider: () => parking.releaseAll(), run, close }
}
