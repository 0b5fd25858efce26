import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageBatch from "@effect-rocketmq/protocol/MessageBatch"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Either from "effect/Either"
import { BatchMixedTopicError, MessageValidationError } from "../ProducerError.js"
import type { Target } from "./producerTopic.js"

/**
 * A message, or a batch, ready to be sent to any queue, once or several times under the same unique key.
 *
 * @internal
 */
export interface Outgoing {
  /** What selectors see; the first message of a batch. */
  readonly message: Message
  readonly uniqueKey: string
  readonly body: Uint8Array
  readonly sysFlag: number
  readonly properties: string
  readonly isBatch: boolean
}

const encoder = new TextEncoder()

/** Bytes that the unique key of 32 digits adds to the properties. */
const uniqueKeyBytes = MessageProperties.UNIQ_KEY.length + 34

const delayLevel = /^(?:0|[1-9]|1[0-8])$/

const invalid = (
  message: Message,
  field: MessageValidationError["field"],
  problem: string,
  rule: string
): MessageValidationError => new MessageValidationError({ topic: message.topic, field, problem, rule })

/**
 * The message's own properties as the wire has them, or the rule that one breaks.
 *
 * @internal
 */
export const encodeProperties = (message: Message): string | MessageValidationError => {
  const properties = message.properties
  let text = ""
  for (const name in properties) {
    const value = properties[name]
    if (value === undefined || value === "") continue
    if (name === MessageProperties.DELAY && !delayLevel.test(value)) {
      return invalid(message, "delayLevel", `is ${value}`, "a whole number from 1 to 18")
    }
    if (MessageProperties.isReserved(name)) {
      return invalid(message, "properties", `sets ${name}`, "this name is used by clients and brokers among themselves")
    }
    const problem = MessageProperties.problem(name, value)
    if (problem !== undefined) {
      return invalid(
        message,
        "properties",
        `with ${JSON.stringify(name)} ${problem}`,
        "names are not empty, and neither names nor values hold \\x01 or \\x02"
      )
    }
    text += name + "\x01" + value + "\x02"
  }
  if (text.length * 3 + uniqueKeyBytes <= MessageProperties.MAX_BYTES) return text
  const bytes = encoder.encode(text).length + uniqueKeyBytes
  return bytes <= MessageProperties.MAX_BYTES ? text : invalid(
    message,
    "properties",
    `take ${bytes} bytes`,
    `at most ${MessageProperties.MAX_BYTES} bytes with the unique key and the separators`
  )
}

/** @internal What topics may be called. */
export const topicRule = `1 to ${Names.MAX_TOPIC_LENGTH} letters, digits and % | _ -, and no topic of the broker's own`

/**
 * Which rule topic or body break.
 *
 * @internal
 */
export const problemOf = (message: Message, maxMessageSize: number): MessageValidationError | undefined => {
  const topic = Names.topicProblem(message.topic)
  return topic === undefined ? bodyProblem(message, maxMessageSize) : invalid(message, "topic", topic, topicRule)
}

/**
 * Which rule the body breaks.
 *
 * @internal
 */
export const bodyProblem = (message: Message, maxMessageSize: number): MessageValidationError | undefined => {
  const size = message.body.length
  if (size === 0) {
    return invalid(message, "body", "is empty", "at least one byte; brokers refuse messages without a body")
  }
  return size > maxMessageSize
    ? invalid(message, "body", `has ${size} bytes`, `at most ${maxMessageSize} bytes (maxMessageSize)`)
    : undefined
}

/**
 * The properties with the key under which the message can be found again.
 *
 * @internal
 */
export const withUniqueKey = (properties: string, uniqueKey: string): string =>
  properties + MessageProperties.UNIQ_KEY + "\x01" + uniqueKey + "\x02"

/**
 * The request that stores it in one queue.
 *
 * @internal
 */
export const requestTo = (
  out: Outgoing,
  target: Target,
  group: string,
  defaultTopicQueueNums: string,
  now: number
): Request => {
  const { message, sysFlag } = out
  const extFields = {
    a: group,
    b: message.topic,
    c: Names.DEFAULT_TOPIC,
    d: defaultTopicQueueNums,
    e: target.queueId,
    f: sysFlag === 0 ? "0" : String(sysFlag),
    g: String(now),
    h: message.flag === 0 || out.isBatch ? "0" : String(message.flag),
    i: out.properties,
    m: out.isBatch ? "true" : "false",
    n: target.brokerName
  }
  return { code: out.isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2, extFields, body: out.body }
}

const timed = [
  MessageProperties.DELAY,
  MessageProperties.TIMER_DELAY_SEC,
  MessageProperties.TIMER_DELAY_MS,
  MessageProperties.TIMER_DELIVER_MS
]

const batchProblem = (message: Message, first: Message): readonly [problem: string, rule: string] | undefined => {
  if (Names.isRetryTopic(message.topic)) return ["goes to a retry topic", "retry topics take single messages only"]
  if (message.waitStoreMsgOk !== first.waitStoreMsgOk) {
    return ["differs from the first in waitStoreMsgOk", "one broker answer stands for the whole batch"]
  }
  for (const name of timed) {
    const value = message.properties[name]
    if (value !== undefined && value !== "0") {
      return [`is delayed (${name})`, "brokers do not delay batches; send it alone"]
    }
  }
  return undefined
}

const memberProperties = (
  message: Message,
  first: Message,
  maxMessageSize: number
): string | MessageValidationError => {
  // the topic of the first is that of all
  const problem = message === first ? problemOf(message, maxMessageSize) : bodyProblem(message, maxMessageSize)
  if (problem !== undefined) return problem
  const properties = encodeProperties(message)
  if (typeof properties !== "string") return properties
  const broken = batchProblem(message, first)
  return broken === undefined ? properties : invalid(message, "batch", broken[0], broken[1])
}

/**
 * A batch as one body, each member with a unique key of its own.
 *
 * @internal
 */
export const batch = (
  messages: ReadonlyArray<Message>,
  maxMessageSize: number,
  nextUniqueKey: () => string
): Either.Either<
  { readonly out: Outgoing; readonly keys: ReadonlyArray<string> },
  MessageValidationError | BatchMixedTopicError
> => {
  const first = messages[0]
  if (first === undefined) {
    return Either.left(
      new MessageValidationError({ topic: "", field: "batch", problem: "is empty", rule: "at least one message" })
    )
  }
  if (messages.some((message) => message.topic !== first.topic)) {
    const topics = Array.from(new Set(messages.map((message) => message.topic)))
    return Either.left(new BatchMixedTopicError({ topics }))
  }
  const keys: Array<string> = []
  const entries: Array<{ readonly flag: number; readonly body: Uint8Array; readonly properties: string }> = []
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]!
    const properties = memberProperties(message, first, maxMessageSize)
    if (typeof properties !== "string") {
      const { field, problem, rule, topic } = properties
      return Either.left(new MessageValidationError({ topic, field, problem, rule, index }))
    }
    const uniqueKey = nextUniqueKey()
    keys.push(uniqueKey)
    entries.push({ flag: message.flag, body: message.body, properties: withUniqueKey(properties, uniqueKey) })
  }
  return Either.mapBoth(MessageBatch.encode(entries), {
    onLeft: (error) => invalid(first, "properties", "cannot be encoded", error.message),
    onRight: (body) => ({
      keys,
      out: {
        message: first,
        uniqueKey: keys.join(","),
        body,
        sysFlag: 0,
        properties: MessageProperties.WAIT + "\x01" + String(first.waitStoreMsgOk) + "\x02",
        isBatch: true
      }
    })
  }).pipe(Either.flatMap((made) =>
    made.out.body.length <= maxMessageSize ? Either.right(made) : Either.left(
      invalid(first, "batch", `has ${made.out.body.length} bytes`, `at most ${maxMessageSize} bytes (maxMessageSize)`)
    )
  ))
}
