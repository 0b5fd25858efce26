import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as FaultTolerance from "../FaultTolerance.js"
import type { MessageQueueSelector } from "../MessageQueueSelector.js"
import { TypeId as SelectorTypeId } from "../MessageQueueSelector.js"
import type { Producer } from "../Producer.js"
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

const isGone = (error: SendError): error is RequesterGoneError["cause"] =>
  (error._tag === "MessageSendError" || error._tag === "RetryExhaustedError") &&
  Predicate.isTagged(error.cause, "ClientNotOnlineError")

/** @internal See Producer.reply. */
export const make = (engine: Engine): Producer["Type"]["reply"] => {
  const { sender, settings: { group }, topics } = engine
  const selectors = new Map<string, MessageQueueSelector>()

  const selectorOf = (brokerName: string): MessageQueueSelector => {
    let selector = selectors.get(brokerName)
    if (selector === undefined) selectors.set(brokerName, selector = preferring(brokerName))
    return selector
  }

  /** The broker waits for the requester: one that does not answer it is no fault of the broker. */
  const open = (topic: string): Effect.Effect<unknown, SendError> =>
    topics.get(topic) === undefined ? topics.open(topic, FaultTolerance.make(false)) : Effect.void

  const send = (out: Outgoing, brokerName: string, timeout: Duration.DurationInput | undefined) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(
        restore(open(out.message.topic)),
        engine.submit(restore, out, { selector: selectorOf(brokerName), timeout })
      )
    )

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
      return Effect.mapError(
        send({ ...out, code: RequestCode.SEND_REPLY_MESSAGE_V2 }, brokerName, options?.timeout),
        (cause) => isGone(cause) ? new RequesterGoneError({ topic, group, correlationId, clientId, cause }) : cause
      )
    })
}
