import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import type * as Effect from "effect/Effect"
import type { BrokerError } from "../BrokerError.js"
import { MessageValidationError } from "../ProducerError.js"
import type { Target } from "./producerTopic.js"

/**
 * A message, or a batch, ready to be sent to any queue, once or several times under the same unique key.
 *
 * @internal
 */
export interface Outgoing {
  /** What selectors see; the first message of a batch. */
  readonly message: Message
  /** That of the first message of a batch. */
  readonly uniqueKey: string
  readonly flag: number
  readonly body: Uint8Array
  readonly sysFlag: number
  readonly properties: string
  /** SEND_MESSAGE_V2, SEND_BATCH_MESSAGE or SEND_REPLY_MESSAGE_V2. */
  readonly code: number
  /** How many messages it is. */
  readonly count: number
  /** When it was born, in milliseconds, unless that is when an attempt begins. */
  readonly born: number | undefined
  /** What comes before each attempt, at the broker of that attempt. */
  readonly before: ((address: string) => Effect.Effect<void, BrokerError>) | undefined
}

const encoder = new TextEncoder()

/** Bytes that the unique key of 32 digits adds to the properties. */
const uniqueKeyBytes = MessageProperties.UNIQ_KEY.length + 34

const invalid = (
  message: Message,
  field: MessageValidationError["field"],
  problem: string,
  rule: string
): MessageValidationError => new MessageValidationError({ topic: message.topic, field, problem, rule })

/** What is looked at in a property besides its name and value. */
type Kind = "Reserved" | "Keys" | "Level" | "Timer"

const timers = [MessageProperties.TIMER_DELAY_SEC, MessageProperties.TIMER_DELAY_MS, MessageProperties.TIMER_DELIVER_MS]

/** One look tells that a property is none of these. */
const kinds: ReadonlyMap<string, Kind> = new Map([
  ...Array.from(MessageProperties.reserved, (name): [string, Kind] => [name, "Reserved"]),
  ...timers.map((name): [string, Kind] => [name, "Timer"]),
  [MessageProperties.DELAY, "Level"],
  [MessageProperties.KEYS, "Keys"]
])

const reserved = (message: Message, name: string): MessageValidationError =>
  invalid(message, "properties", `sets ${name}`, "this name is used by clients and brokers among themselves")

/** The property joins keys by spaces, and drops empty ones. */
const keysProblem = (message: Message, joined: string): MessageValidationError | undefined => {
  // one key: the usual case
  if (joined !== "" && !joined.includes(" ")) return undefined
  const keys = message.keys
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (key !== "" && !key.includes(" ")) continue
    const problem = key === "" ? "hold an empty one" : `hold ${JSON.stringify(key)}`
    return invalid(message, "keys", problem, "a key is not empty and holds no space, which separates keys")
  }
  return undefined
}

const delayLevel = /^(?:0|[1-9]|1[0-8])$/

const isGiven = (value: string | undefined): boolean => value !== undefined && value !== ""

/** Of several delays brokers would choose one; the others would be lost. */
const timerProblem = (message: Message): MessageValidationError | undefined => {
  const { properties } = message
  const level = properties[MessageProperties.DELAY]
  const given = timers.filter((name) => isGiven(properties[name]))
  if (isGiven(level) && level !== "0") given.push(MessageProperties.DELAY)
  if (given.length > 1) {
    return invalid(message, "timer", `is said by ${given.join(" and ")}`, "one delay: a level, a duration or a time")
  }
  for (const name of given) {
    const value = properties[name]!
    if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) continue
    const unit = name === MessageProperties.TIMER_DELAY_SEC ? "seconds" : "milliseconds"
    return invalid(message, "timer", `is ${JSON.stringify(value)} (${name})`, `a whole number of ${unit}, not negative`)
  }
  return undefined
}

const kindProblem = (message: Message, kind: Kind, name: string, value: string): MessageValidationError | undefined => {
  switch (kind) {
    case "Reserved":
      return value === "" ? undefined : reserved(message, name)
    case "Keys":
      return keysProblem(message, value)
    case "Level":
      return value === "" || delayLevel.test(value)
        ? undefined
        : invalid(message, "delayLevel", `is ${value}`, "a whole number from 1 to 18")
    case "Timer":
      return value === "" ? undefined : timerProblem(message)
  }
}

/**
 * The message's own properties as the wire has them, or the rule that one breaks. `reserve`: how many bytes the client
 * adds to them, besides the unique key.
 *
 * @internal
 */
export const encodeProperties = (message: Message, reserve = 0): string | MessageValidationError => {
  const properties = message.properties
  let text = ""
  for (const name in properties) {
    const value = properties[name]
    if (value === undefined) continue
    const kind = kinds.get(name)
    if (kind !== undefined) {
      const broken = kindProblem(message, kind, name, value)
      if (broken !== undefined) return broken
    }
    if (value === "") continue
    // an underscore: the prefix of the reserved names that are no list
    if (name.charCodeAt(0) === 0x5f && MessageProperties.isReserved(name)) return reserved(message, name)
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
  const added = uniqueKeyBytes + reserve
  if (text.length * 3 + added <= MessageProperties.MAX_BYTES) return text
  const bytes = encoder.encode(text).length + added
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
 * The header fields of SEND_MESSAGE_V2. A class, as is the request: of literals that outlive the first collections, as these
 * do while brokers are slow, V8 makes all later ones in the old generation, with all that they hold.
 */
class SendFields {
  readonly [name: string]: string
  readonly a: string
  readonly b: string
  readonly c: string
  readonly d: string
  readonly e: string
  readonly f: string
  readonly g: string
  readonly h: string
  readonly i: string
  readonly m: string
  readonly n: string

  constructor(
    { born, code, flag, message, properties, sysFlag }: Outgoing,
    target: Target,
    group: string,
    d: string,
    now: number
  ) {
    this.a = group
    this.b = message.topic
    this.c = Names.DEFAULT_TOPIC
    this.d = d
    this.e = target.queueId
    this.f = sysFlag === 0 ? "0" : String(sysFlag)
    this.g = String(born === undefined ? now : born)
    this.h = flag === 0 ? "0" : String(flag)
    this.i = properties
    this.m = code === RequestCode.SEND_BATCH_MESSAGE ? "true" : "false"
    this.n = target.brokerName
  }
}

class SendRequest implements Request {
  readonly code: number
  readonly extFields: Request["extFields"]
  readonly body: Uint8Array

  constructor(code: number, fields: SendFields, body: Uint8Array) {
    this.code = code
    this.extFields = fields
    this.body = body
  }
}

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
): Request => new SendRequest(out.code, new SendFields(out, target, group, defaultTopicQueueNums, now), out.body)

const sends: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE_V2,
  RequestCode.SEND_BATCH_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE_V2
])

/** @internal Whether a request stores a message of the group. */
export const isSendOf = (request: Request, group: string): boolean =>
  sends.has(request.code) && request.extFields["a"] === group
