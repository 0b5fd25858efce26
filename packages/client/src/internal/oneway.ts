import type { Message } from "@effect-rocketmq/protocol/Message"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as BrokerErrors from "../BrokerError.js"
import type { BrokerHealth } from "../FaultTolerance.js"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { MessageSendError, MessageValidationError, ProducerShutdownError } from "../ProducerError.js"
import type { Outgoing } from "./outgoing.js"
import * as Outgoings from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import type { ProducerTopic, Target } from "./producerTopic.js"
import { noQueue } from "./retries.js"
import { blames, classOf } from "./sendPolicy.js"

/** How far a broker is behind with oneway messages. */
interface Pace {
  /** Messages since the last that asked for an answer. */
  sinceAsked: number
  /** Messages that asked for an answer and have none yet. With two of them the window is full. */
  asked: number
  /** Open while it is not. */
  readonly room: Effect.Latch
}

/** Whether it is avoided since nothing could be written to it: then a message that can be written says that it is back. */
const isUnreachable = ({ lastError }: BrokerHealth): boolean =>
  BrokerErrors.isBrokerError(lastError) && classOf(lastError) === "Unreachable"

/** @internal See Producer.sendOneway. */
export const make = (engine: Engine): (message: Message, options?: SendOptions) => Effect.Effect<void, SendError> => {
  const { background, broker, clock, sender, settings, threshold, topics } = engine
  const { attemptTimeout, group, onewayWindow } = settings
  const queueNums = String(settings.defaultTopicQueueNums)
  const paces = new Map<string, Pace>()
  /** One in so many messages asks for an answer; two of them may be without one. */
  const stride = onewayWindow === undefined ? Infinity : Math.max(1, onewayWindow >> 1)

  const now = (): number => clock.unsafeCurrentTimeMillis()

  const failed = (target: Target, out: Outgoing, cause: BrokerErrors.BrokerError): MessageSendError => {
    const { address, brokerName, health, meter, queue } = target
    meter.failures[classOf(cause)]++
    if (blames(cause)) health.failed(cause, now())
    return new MessageSendError({
      topic: queue.topic,
      group,
      brokerName,
      address,
      queueId: queue.queueId,
      uniqueKey: out.uniqueKey,
      outcome: BrokerErrors.outcome(cause),
      cause
    })
  }

  /** Whether a message may go to the broker: to one that is avoided, only if it tells whether that is well again. */
  const isFree = (health: BrokerHealth): boolean =>
    health.state !== "Avoided" ||
    ((onewayWindow !== undefined || isUnreachable(health)) && health.tryAcquire(now(), attemptTimeout))

  const choose = (topic: ProducerTopic, out: Outgoing, options: SendOptions | undefined): Target | undefined => {
    topics.adopt(topic)
    let target = sender.select(topic, out.message, options)
    if (options?.queue !== undefined) return target
    for (let i = 1; i < topic.targets.length && target !== undefined && !isFree(target.health); i++) {
      target = sender.select(topic, out.message, options)
    }
    return target
  }

  const requestTo = (target: Target, out: Outgoing) => Outgoings.requestTo(out, target, group, queueNums, now())

  const send = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<void, SendError> => {
    const target = choose(topic, out, options)
    if (target === undefined) return Effect.fail(noQueue(topic, options?.queue))
    const sent = () => onewayWindow === undefined ? write(target, out) : paced(topic, target, out, options)
    return out.before === undefined ? sent() : Effect.zipRight(
      Effect.mapError(out.before(target.address), (cause) => failed(target, out, cause)),
      Effect.suspend(sent)
    )
  }

  const write = (target: Target, out: Outgoing): Effect.Effect<void, SendError> =>
    Effect.mapBoth(broker.sendOneway(target.address, requestTo(target, out)), {
      onFailure: (cause) => failed(target, out, cause),
      onSuccess: () => {
        const { health, meter } = target
        meter.oneway++
        if (health.state === "Avoided" && isUnreachable(health)) health.succeeded(0, now())
      }
    })

  const paceOf = (brokerName: string): Pace => {
    let pace = paces.get(brokerName)
    if (pace === undefined) {
      paces.set(brokerName, pace = { sinceAsked: 0, asked: 0, room: Effect.unsafeMakeLatch(true) })
    }
    return pace
  }

  /** A broker works off its queue in order: the answer to one message says that those before it have left the queue. */
  const paced = (
    topic: ProducerTopic,
    target: Target,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<void, SendError> => {
    const pace = paceOf(target.brokerName)
    if (pace.asked === 2) return whenThereIsRoom(pace, topic, out, options)
    if (pace.sinceAsked + 1 === stride || target.health.state === "Avoided") return ask(pace, target, out)
    pace.sinceAsked++
    return write(target, out)
  }

  /** The message counts as under way: a stop waits for it, and then gives it up. */
  const whenThereIsRoom = (
    pace: Pace,
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<void, SendError> =>
    Effect.suspend(() => {
      sender.begin()
      const isFull = () => pace.asked === 2 && !sender.isClosed()
      const room = Effect.whileLoop({
        while: isFull,
        body: () => Effect.raceFirst(pace.room.await, sender.closed),
        step: () => {}
      })
      const sent = Effect.suspend((): Effect.Effect<void, SendError> => {
        // perhaps elsewhere: the broker may have failed meanwhile
        if (!sender.isClosed()) return send(topic, out, options)
        const error = new ProducerShutdownError({ group, topic: topic.name, attempts: [] })
        return Effect.zipRight(engine.accounts.settle(out, [], Cause.fail(error)), Effect.fail(error))
      })
      return Effect.ensuring(Effect.zipRight(room, sent), Effect.sync(sender.end))
    })

  /** Sends the message as one that is answered. Nobody waits for the answer but the next window. */
  const ask = (pace: Pace, target: Target, out: Outgoing): Effect.Effect<void> => {
    pace.sinceAsked = 0
    if (++pace.asked === 2) pace.room.unsafeClose()
    target.meter.oneway++
    const askedAt = now()
    const answered = broker.send(target.address, out.message.topic, requestTo(target, out), attemptTimeout).pipe(
      Effect.matchCauseEffect({
        onSuccess: () => Effect.sync(() => target.health.succeeded(now() - askedAt, now())),
        onFailure: (cause) => {
          const error = Cause.failureOption(cause)
          if (error._tag === "None") return Effect.void
          const failure = failed(target, out, error.value)
          return Effect.logDebug(`An oneway message was not taken: ${failure.message}`)
        }
      }),
      Effect.ensuring(Effect.sync(() => {
        pace.asked--
        pace.room.unsafeOpen()
      }))
    )
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(answered), background))
  }

  const ready = (out: Outgoing, options: SendOptions | undefined): Effect.Effect<void, SendError> => {
    const topic = topics.get(out.message.topic)
    return topic === undefined
      ? Effect.flatMap(topics.open(out.message.topic), (opened) => send(opened, out, options))
      : send(topic, out, options)
  }

  return (message, options) =>
    Effect.suspend(() => {
      const refusal = sender.refusal(message.topic)
      if (refusal !== undefined) return Effect.fail(refusal)
      const out = engine.prepare(message)
      if (out instanceof MessageValidationError) return Effect.fail(out)
      return out.body.length < threshold
        ? ready(out, options)
        : Effect.flatMap(engine.compressed(out), (compressed) => ready(compressed, options))
    })
}
