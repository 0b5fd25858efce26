import type { Message } from "@effect-rocketmq/protocol/Message"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as BrokerErrors from "../BrokerError.js"
import type { SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { MessageSendError, MessageValidationError } from "../ProducerError.js"
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
  /** Messages that asked for an answer and have none yet. */
  asked: number
  /** Open while there is room. */
  readonly room: Effect.Latch
}

/** @internal See Producer.sendOneway. */
export const make = (engine: Engine): (message: Message, options?: SendOptions) => Effect.Effect<void, SendError> => {
  const { background, broker, clock, sender, settings, threshold, topics } = engine
  const { attemptTimeout, group, onewayWindow } = settings
  const queueNums = String(settings.defaultTopicQueueNums)
  const paces = new Map<string, Pace>()
  /** One in so many messages asks for an answer; two of them may be without one. */
  const stride = onewayWindow === undefined ? Infinity : Math.max(1, onewayWindow >> 1)

  const failed = (target: Target, out: Outgoing, cause: BrokerErrors.BrokerError): MessageSendError => {
    const { address, brokerName, health, meter, queue } = target
    meter.failures[classOf(cause)]++
    if (blames(cause)) health.failed(cause, clock.unsafeCurrentTimeMillis())
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

  const choose = (topic: ProducerTopic, out: Outgoing, options: SendOptions | undefined): Target | undefined => {
    topics.adopt(topic)
    let target = sender.select(topic, out.message, options)
    if (options === undefined) {
      for (let i = 1; i < topic.targets.length && target?.health.state === "Avoided"; i++) {
        target = sender.select(topic, out.message, options)
      }
    }
    return target
  }

  const requestTo = (target: Target, out: Outgoing) =>
    Outgoings.requestTo(out, target, group, queueNums, clock.unsafeCurrentTimeMillis())

  const send = (
    topic: ProducerTopic,
    out: Outgoing,
    options: SendOptions | undefined
  ): Effect.Effect<void, SendError> => {
    const target = choose(topic, out, options)
    if (target === undefined) return Effect.fail(noQueue(topic, options?.queue))
    const sent = onewayWindow === undefined ? write(target, out) : paced(target, out)
    return out.before === undefined
      ? sent
      : Effect.zipRight(Effect.mapError(out.before(target.address), (cause) => failed(target, out, cause)), sent)
  }

  const write = (target: Target, out: Outgoing): Effect.Effect<void, SendError> => {
    target.meter.oneway++
    return Effect.mapError(
      broker.sendOneway(target.address, requestTo(target, out)),
      (cause) => failed(target, out, cause)
    )
  }

  const paceOf = (brokerName: string): Pace => {
    let pace = paces.get(brokerName)
    if (pace === undefined) {
      paces.set(brokerName, pace = { sinceAsked: 0, asked: 0, room: Effect.unsafeMakeLatch(true) })
    }
    return pace
  }

  /** A broker works off its queue in order: the answer to one message says that those before it have left the queue. */
  const paced = (target: Target, out: Outgoing): Effect.Effect<void, SendError> => {
    const pace = paceOf(target.brokerName)
    if (pace.sinceAsked + 1 < stride) {
      pace.sinceAsked++
      return write(target, out)
    }
    if (pace.asked < 2) return ask(pace, target, out)
    return Effect.zipRight(pace.room.await, Effect.suspend(() => paced(target, out)))
  }

  /** Sends the message as one that is answered. Nobody waits for the answer but the next window. */
  const ask = (pace: Pace, target: Target, out: Outgoing): Effect.Effect<void> => {
    pace.sinceAsked = 0
    if (++pace.asked === 2) pace.room.unsafeClose()
    target.meter.oneway++
    const answered = broker.send(target.address, out.message.topic, requestTo(target, out), attemptTimeout).pipe(
      Effect.matchCauseEffect({
        onSuccess: () => Effect.void,
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
