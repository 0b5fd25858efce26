import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as FaultTolerance from "../FaultTolerance.js"
import type { MessageQueueSelector } from "../MessageQueueSelector.js"
import { TypeId as SelectorTypeId } from "../MessageQueueSelector.js"
import type { Producer, SendOptions } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { MessageValidationError } from "../ProducerError.js"
import type { Reply } from "../RequestReply.js"
import { NotARequestError, RequesterGoneError } from "../RequestReplyError.js"
import type { SendReceipt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import { encoded, missingOf } from "./requestProperties.js"

const { CLUSTER, CORRELATION_ID, MSG_TYPE, REPLY_TO_CLIENT, TTL } = MessageProperties

/** Queues of one broker, or any while the topic has none there. */
const preferring = (brokerName: string): MessageQueueSelector => ({
  [SelectorTypeId]: SelectorTypeId,
  isSticky: () => false,
  chooser: () => (_, queues) => Math.max(0, queues.findIndex((queue) => queue.brokerName === brokerName))
})

const messageOf = (topic: string, reply: string | Uint8Array | Reply | Message.Message): Message.Message => {
  if (typeof reply === "string" || reply instanceof Uint8Array) return Message.make({ topic, body: reply })
  if (Message.isMessage(reply)) return Message.withTopic(reply, topic)
  const { body, flag, keys, properties, tags } = reply
  return Message.make({ topic, body, flag, keys, properties, tags })
}

const isGone = (error: unknown): error is RequesterGoneError["cause"] =>
  (Predicate.isTagged(error, "MessageSendError") || Predicate.isTagged(error, "RetryExhaustedError")) &&
  "cause" in error && Predicate.isTagged(error.cause, "ClientNotOnlineError")

/**
 * How long a requester may be unknown, in milliseconds: it tells brokers of itself a moment after it has connected, or
 * connected again, and a Go client after it has sent its first request.
 */
const PATIENCE = 2000

/** Between two looks for it. */
const PAUSE = 250

/** How long one that stayed unknown is not waited for again: it may have left many requests behind. */
const MEMORY = 10_000

/** So many of these are remembered. */
const CAPACITY = 1000

/** @internal See Producer.reply. */
export const make = (engine: Engine): Producer["Type"]["reply"] => {
  const { accounts, clock, sender, settings, topics } = engine
  const { group } = settings
  const selectors = new Map<string, MessageQueueSelector>()
  /** Requesters that stayed unknown, and until when that is remembered. */
  const gone = new Map<string, number>()

  const now = (): number => clock.unsafeCurrentTimeMillis()

  const selectorOf = (brokerName: string): MessageQueueSelector => {
    let selector = selectors.get(brokerName)
    if (selector === undefined) selectors.set(brokerName, selector = preferring(brokerName))
    return selector
  }

  /** The broker waits for the requester: one that does not answer it is no fault of the broker. */
  const open = (topic: string): Effect.Effect<unknown, SendError> =>
    topics.get(topic) === undefined ? topics.open(topic, FaultTolerance.make(false)) : Effect.void

  /** Whoever is not found is booked once, after the last look. */
  const settle: typeof accounts.settle = (out, attempts, cause) =>
    isGone(Option.getOrUndefined(Cause.failureOption(cause))) ? Effect.void : accounts.settle(out, attempts, cause)

  const look = (out: Outgoing, options: SendOptions) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(restore(open(out.message.topic)), engine.submit(restore, out, options, settle))
    )

  /** Asks the brokers for the requester until one knows it, or `until`. */
  const send = (out: Outgoing, options: SendOptions, until: number): Effect.Effect<SendReceipt, SendError> =>
    Effect.catchAll(look(out, options), (error) =>
      isGone(error) && now() + PAUSE <= until
        ? Effect.zipRight(Effect.sleep(PAUSE), send(out, options, until))
        : Effect.fail(error))

  const remember = (clientId: string): void => {
    if (gone.size >= CAPACITY) gone.clear()
    gone.set(clientId, now() + MEMORY)
  }

  return (request, reply, options) =>
    Effect.suspend((): Effect.Effect<SendReceipt, SendError | NotARequestError | RequesterGoneError> => {
      const { brokerName, properties, topic } = request
      const {
        [CLUSTER]: cluster,
        [CORRELATION_ID]: correlationId,
        [REPLY_TO_CLIENT]: clientId,
        [TTL]: ttl
      } = properties
      if (cluster === undefined || correlationId === undefined || clientId === undefined) {
        return Effect.fail(new NotARequestError({ topic, msgId: request.msgId, missing: missingOf(request) }))
      }
      const message = messageOf(Names.replyTopic(cluster), reply)
      const refusal = sender.refusal(message.topic)
      if (refusal !== undefined) return Effect.fail(refusal)
      const own = { [CORRELATION_ID]: correlationId, [REPLY_TO_CLIENT]: clientId, [TTL]: ttl, [MSG_TYPE]: "reply" }
      const out = engine.prepare(message, encoded(own))
      if (out instanceof MessageValidationError) return Effect.fail(out)
      const timeout = options?.timeout
      const patience = (gone.get(clientId) ?? 0) > now()
        ? 0
        : Math.min(PATIENCE, timeout === undefined ? settings.sendTimeout : Duration.toMillis(timeout))
      return Effect.matchEffect(
        send(
          { ...out, code: RequestCode.SEND_REPLY_MESSAGE_V2 },
          { selector: selectorOf(brokerName), timeout },
          now() + patience
        ),
        {
          onSuccess: (receipt) => {
            gone.delete(clientId)
            return Effect.succeed(receipt)
          },
          onFailure: (cause): Effect.Effect<never, SendError | RequesterGoneError> => {
            if (!isGone(cause)) return Effect.fail(cause)
            remember(clientId)
            return Effect.zipRight(
              accounts.settle(out, [], Cause.fail(cause)),
              Effect.fail(new RequesterGoneError({ topic, group, correlationId, clientId, cause }))
            )
          }
        }
      )
    })
}
