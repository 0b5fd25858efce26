import type { Message } from "@effect-rocketmq/protocol/Message"
import * as Messages from "@effect-rocketmq/protocol/Message"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Producer, SendOptions } from "../Producer.js"
import type { BatchError, SendError } from "../ProducerError.js"
import {
  BatchMixedTopicError,
  BatchSendError,
  MessageSendError,
  MessageValidationError,
  RetryExhaustedError
} from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"
import type { Outgoing } from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import type { ReceiptImpl } from "./sendReceipt.js"

/** Bytes of a member besides its body and properties: lengths, magic, checksum, flag. */
const OVERHEAD = 22

/** What a member takes in its batch, without a look at its properties: no less than the truth. */
const sizeBound = ({ body, properties }: Outgoing): number => OVERHEAD + body.length + 3 * properties.length

/** @internal Most bytes that a member takes in its batch; properties are rarely more than ASCII. */
export const sizeOf = ({ body, properties }: Outgoing): number => {
  let extra = 0
  for (let i = 0; i < properties.length; i++) {
    const unit = properties.charCodeAt(i)
    if (unit > 0x7f) extra += unit > 0x7ff ? 2 : 1
  }
  return OVERHEAD + body.length + properties.length + extra
}

const timed = [
  MessageProperties.DELAY,
  MessageProperties.TIMER_DELAY_SEC,
  MessageProperties.TIMER_DELAY_MS,
  MessageProperties.TIMER_DELIVER_MS
]

/** @internal Why a message may not be in a batch. */
export const problemOf = (message: Message): readonly [problem: string, rule: string] | undefined => {
  if (Names.isRetryTopic(message.topic)) return ["goes to a retry topic", "retry topics take single messages only"]
  for (const name of timed) {
    const value = message.properties[name]
    if (value !== undefined && value !== "0") {
      return [`is delayed (${name})`, "brokers do not delay batches; send it alone"]
    }
  }
  return undefined
}

/**
 * Several messages of one topic as one request. All of them wait for the flush policy, or none. It keeps the bytes and
 * lets go of the messages: two of each would be held while the request is under way.
 *
 * @internal
 */
export const combine = (members: ReadonlyArray<Outgoing>): Either.Either<Outgoing, MessageValidationError> => {
  const { message, uniqueKey } = members[0]!
  return Either.mapBoth(MessageBatch.encode(members), {
    onLeft: (error) =>
      new MessageValidationError({
        topic: message.topic,
        field: "properties",
        problem: "cannot be encoded",
        rule: error.message
      }),
    onRight: (body): Outgoing => ({
      message,
      uniqueKey,
      flag: 0,
      body,
      sysFlag: 0,
      properties: MessageProperties.WAIT + "\x01" + String(message.waitStoreMsgOk) + "\x02",
      code: RequestCode.SEND_BATCH_MESSAGE,
      count: members.length,
      born: undefined,
      before: undefined
    })
  })
}

/** @internal What was put together, or the one message that it is. */
export const membersOf = (out: Outgoing): ReadonlyArray<Pick<Outgoing, "message" | "uniqueKey">> =>
  out.code !== RequestCode.SEND_BATCH_MESSAGE
    ? [out]
    : Either.getOrThrow(MessageBatch.decode(out.body)).map(({ body, flag, properties }) => {
      const { [MessageProperties.UNIQ_KEY]: uniqueKey = "", ...own } = properties
      return { uniqueKey, message: Messages.make({ topic: out.message.topic, body, flag, properties: own }) }
    })

/** @internal The failure of a batch as one of its members sees it. */
export const memberError = (error: SendError, uniqueKey: string): SendError => {
  switch (error._tag) {
    case "MessageSendError": {
      const { address, brokerName, cause, group, outcome, queueId, topic } = error
      return new MessageSendError({ address, brokerName, cause, group, outcome, queueId, topic, uniqueKey })
    }
    case "RetryExhaustedError": {
      const { attempts, cause, duration, group, reason, topic } = error
      return new RetryExhaustedError({ attempts, cause, duration, group, reason, topic, uniqueKey })
    }
    default:
      return error
  }
}

const invalid = (message: Message, index: number, problem: string, rule: string): MessageValidationError =>
  new MessageValidationError({ topic: message.topic, field: "batch", problem, rule, index })

/** What a message needs to be a member, or the rule that it breaks. */
const memberOf = (
  engine: Engine,
  message: Message,
  first: Message,
  index: number
): Outgoing | MessageValidationError => {
  const out = engine.prepare(message)
  if (out instanceof MessageValidationError) {
    const { field, problem, rule, topic } = out
    return new MessageValidationError({ topic, field, problem, rule, index })
  }
  const broken = problemOf(message)
  if (broken !== undefined) return invalid(message, index, broken[0], broken[1])
  if (message.waitStoreMsgOk !== first.waitStoreMsgOk) {
    return invalid(
      message,
      index,
      "differs from the first in waitStoreMsgOk",
      "one broker answer stands for the whole batch"
    )
  }
  const { maxMessageSize } = engine.settings
  return sizeBound(out) > maxMessageSize && sizeOf(out) > maxMessageSize
    ? invalid(
      message,
      index,
      `takes ${sizeOf(out)} bytes with its properties`,
      `at most ${maxMessageSize} bytes (maxMessageSize)`
    )
    : out
}

/** Cuts messages into requests that are not too large. */
const split = (members: ReadonlyArray<Outgoing>, maxSize: number): ReadonlyArray<ReadonlyArray<Outgoing>> => {
  let bound = 0
  for (const member of members) bound += sizeBound(member)
  if (bound <= maxSize) return members.length > 0 ? [members] : []
  const parts: Array<Array<Outgoing>> = []
  let part: Array<Outgoing> = []
  let size = 0
  for (const member of members) {
    const bytes = sizeOf(member)
    if (part.length > 0 && size + bytes > maxSize) {
      parts.push(part)
      part = []
      size = 0
    }
    part.push(member)
    size += bytes
  }
  if (part.length > 0) parts.push(part)
  return parts
}

/** @internal See Producer.sendBatch. */
export const make = (engine: Engine): Producer["Type"]["sendBatch"] => {
  const { sender, settings } = engine

  const sendPart = (
    part: ReadonlyArray<Outgoing>,
    options: SendOptions | undefined
  ): Effect.Effect<ReceiptImpl, SendError> => {
    const combined = combine(part)
    return Either.isLeft(combined)
      ? Effect.fail(combined.left)
      : Effect.uninterruptibleMask((restore) => sender.send(restore, combined.right, options))
  }

  /** One request for all: the usual case. */
  const sendWhole = (keys: ReadonlyArray<string>, sent: Effect.Effect<ReceiptImpl, SendError>) =>
    Effect.mapBoth(sent, {
      onSuccess: (receipt) => keys.map((key, index) => receipt.member(key, index)),
      onFailure: (error) => failure(keys.map((key) => Either.left(memberError(error, key))))
    })

  const failure = (results: ReadonlyArray<Either.Either<SendReceipt, SendError>>): BatchSendError =>
    new BatchSendError({ results })

  /** Each part in its turn, so that the parts of one queue keep their order. */
  const sendParts = (
    prepared: ReadonlyArray<Outgoing | MessageValidationError>,
    parts: ReadonlyArray<ReadonlyArray<Outgoing>>,
    options: SendOptions | undefined
  ): Effect.Effect<ReadonlyArray<SendReceipt>, BatchSendError> =>
    Effect.flatMap(
      Effect.forEach(parts, (part) =>
        Effect.map(
          Effect.either(Effect.suspend(() => sendPart(part, options))),
          (sent) => [part, sent] as const
        )),
      (sent) => {
        const byKey = new Map<string, Either.Either<SendReceipt, SendError>>()
        for (const [part, result] of sent) {
          part.forEach(({ uniqueKey }, index) => {
            byKey.set(
              uniqueKey,
              Either.mapBoth(result, {
                onLeft: (error) => memberError(error, uniqueKey),
                onRight: (receipt) => receipt.member(uniqueKey, index)
              })
            )
          })
        }
        const results = prepared.map((it) =>
          it instanceof MessageValidationError ? Either.left(it) : byKey.get(it.uniqueKey)!
        )
        const all = Either.all(results)
        return Either.isRight(all) ? Effect.succeed(all.right) : Effect.fail(failure(results))
      }
    )

  return (messages, options) =>
    Effect.suspend((): Effect.Effect<ReadonlyArray<SendReceipt>, BatchError> => {
      const first = messages[0]
      if (first === undefined) {
        return Effect.fail(
          new MessageValidationError({ topic: "", field: "batch", problem: "is empty", rule: "at least one message" })
        )
      }
      if (messages.some((message) => message.topic !== first.topic)) {
        const topics = Array.from(new Set(messages.map((message) => message.topic)))
        return Effect.fail(new BatchMixedTopicError({ topics }))
      }
      const refusal = sender.refusal(first.topic)
      if (refusal !== undefined) return Effect.fail(failure(messages.map(() => Either.left(refusal))))
      const prepared = messages.map((message, index) => memberOf(engine, message, first, index))
      const members = prepared.filter((it): it is Outgoing => !(it instanceof MessageValidationError))
      const parts = split(members, settings.maxMessageSize)
      return members.length === messages.length && parts.length === 1
        ? sendWhole(members.map(({ uniqueKey }) => uniqueKey), sendPart(members, options))
        : sendParts(prepared, parts, options)
    })
}
