/**
 * Properties of messages: names, and the string `name \x01 value \x02 …` that carries them.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { EmptyRecord } from "./internal/emptyRecord.js"
import * as Entry from "./internal/propertyEntry.js"
import { SerializationError } from "./ProtocolError.js"

/**
 * Names and values. Maps made by {@link decode} have no prototype, so that any name is safe to look up.
 *
 * @since 0.1.0
 * @category models
 */
export type Properties = Readonly<Record<string, string>>

/**
 * Most bytes that the encoded properties of one message may have: their length is a signed 16-bit number.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_BYTES = 32767

/**
 * Index keys of the message, joined by one space. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const KEYS = "KEYS"

/**
 * The one tag of the message, for filters. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const TAGS = "TAGS"

/**
 * `true` when the broker shall answer after its flush policy was met (`waitStoreMsgOk`). Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const WAIT = "WAIT"

/**
 * Delay level, 1 to 18. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const DELAY = "DELAY"

/**
 * Delay in seconds (5.x timer). Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DELAY_SEC = "TIMER_DELAY_SEC"

/**
 * Delay in milliseconds (5.x timer). Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DELAY_MS = "TIMER_DELAY_MS"

/**
 * Time of delivery in milliseconds since the epoch (5.x timer). Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DELIVER_MS = "TIMER_DELIVER_MS"

/**
 * Seconds before a half message is checked for the first time. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const CHECK_IMMUNITY_TIME = "CHECK_IMMUNITY_TIME_IN_SECONDS"

/**
 * The FIFO key (Go and Python clients write `SHARDING_KEY`). Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const SHARDING_KEY = "__SHARDINGKEY"

/**
 * Priority, for topics with priority queues. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const PRIORITY = "_SYS_MSG_PRIORITY_"

/**
 * Name of the lite topic. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const LITE_TOPIC = "__LITE_TOPIC"

/**
 * Light queues that get the message too, joined by commas. Set by applications.
 *
 * @since 0.1.0
 * @category models
 */
export const INNER_MULTI_DISPATCH = "INNER_MULTI_DISPATCH"

/**
 * Unique id given by the producer; the `msgId` that applications see.
 *
 * @since 0.1.0
 * @category models
 */
export const UNIQ_KEY = "UNIQ_KEY"

/**
 * Time at which the broker's timer fires.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_OUT_MS = "TIMER_OUT_MS"

/**
 * Time at which the broker's timer took the message.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_ENQUEUE_MS = "TIMER_ENQUEUE_MS"

/**
 * Time at which the broker's timer gave the message up.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DEQUEUE_MS = "TIMER_DEQUEUE_MS"

/**
 * How often the broker's timer put the message back.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_ROLL_TIMES = "TIMER_ROLL_TIMES"

/**
 * Id of the timer message that this one recalls.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DEL_UNIQKEY = "TIMER_DEL_UNIQKEY"

/**
 * Delay level that was turned into a timer.
 *
 * @since 0.1.0
 * @category models
 */
export const TIMER_DELAY_LEVEL = "TIMER_DELAY_LEVEL"

/**
 * Time of delivery in milliseconds, of older cloud clients.
 *
 * @since 0.1.0
 * @category models
 */
export const STARTDELIVERTIME = "__STARTDELIVERTIME"

/**
 * Original topic of a delayed or half message.
 *
 * @since 0.1.0
 * @category models
 */
export const REAL_TOPIC = "REAL_TOPIC"

/**
 * Original queue id of a delayed or half message.
 *
 * @since 0.1.0
 * @category models
 */
export const REAL_QID = "REAL_QID"

/**
 * `true` on a half message.
 *
 * @since 0.1.0
 * @category models
 */
export const TRAN_MSG = "TRAN_MSG"

/**
 * Producer group of a half message, asked for the state of the transaction.
 *
 * @since 0.1.0
 * @category models
 */
export const PGROUP = "PGROUP"

/**
 * Id of the transaction.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_ID = "__transactionId__"

/**
 * Queue offset of the first half message.
 *
 * @since 0.1.0
 * @category models
 */
export const TRAN_PREPARED_QUEUE_OFFSET = "TRAN_PREPARED_QUEUE_OFFSET"

/**
 * How often the broker asked for the state of the transaction.
 *
 * @since 0.1.0
 * @category models
 */
export const TRANSACTION_CHECK_TIMES = "TRANSACTION_CHECK_TIMES"

/**
 * Original topic of a retry or dead letter message.
 *
 * @since 0.1.0
 * @category models
 */
export const RETRY_TOPIC = "RETRY_TOPIC"

/**
 * Id of the first delivery of a retry message.
 *
 * @since 0.1.0
 * @category models
 */
export const ORIGIN_MESSAGE_ID = "ORIGIN_MESSAGE_ID"

/**
 * How often a message sent back by its client was delivered.
 *
 * @since 0.1.0
 * @category models
 */
export const RECONSUME_TIME = "RECONSUME_TIME"

/**
 * How often a message sent back by its client may be delivered.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_RECONSUME_TIMES = "MAX_RECONSUME_TIMES"

/**
 * Topic that a dead letter was sent to.
 *
 * @since 0.1.0
 * @category models
 */
export const DLQ_ORIGIN_TOPIC = "DLQ_ORIGIN_TOPIC"

/**
 * Id that a dead letter had.
 *
 * @since 0.1.0
 * @category models
 */
export const DLQ_ORIGIN_MESSAGE_ID = "DLQ_ORIGIN_MESSAGE_ID"

/**
 * Offsets in the light queues, joined by commas.
 *
 * @since 0.1.0
 * @category models
 */
export const INNER_MULTI_QUEUE_OFFSET = "INNER_MULTI_QUEUE_OFFSET"

/**
 * Number of messages in an inner batch.
 *
 * @since 0.1.0
 * @category models
 */
export const INNER_NUM = "INNER_NUM"

/**
 * Queue offset of the first message of an inner batch.
 *
 * @since 0.1.0
 * @category models
 */
export const INNER_BASE = "INNER_BASE"

/**
 * Joins a reply to its request.
 *
 * @since 0.1.0
 * @category models
 */
export const CORRELATION_ID = "CORRELATION_ID"

/**
 * Client id that gets the reply.
 *
 * @since 0.1.0
 * @category models
 */
export const REPLY_TO_CLIENT = "REPLY_TO_CLIENT"

/**
 * Milliseconds that the requester waits for the reply.
 *
 * @since 0.1.0
 * @category models
 */
export const TTL = "TTL"

/**
 * `reply` on replies.
 *
 * @since 0.1.0
 * @category models
 */
export const MSG_TYPE = "MSG_TYPE"

/**
 * When a reply reached the requester.
 *
 * @since 0.1.0
 * @category models
 */
export const ARRIVE_TIME = "ARRIVE_TIME"

/**
 * When the broker pushed a reply.
 *
 * @since 0.1.0
 * @category models
 */
export const PUSH_REPLY_TIME = "PUSH_REPLY_TIME"

/**
 * Cluster of the broker that stored the message.
 *
 * @since 0.1.0
 * @category models
 */
export const CLUSTER = "CLUSTER"

/**
 * Region of the broker that stored the message.
 *
 * @since 0.1.0
 * @category models
 */
export const MSG_REGION = "MSG_REGION"

/**
 * Whether the broker's region traces messages.
 *
 * @since 0.1.0
 * @category models
 */
export const TRACE_ON = "TRACE_ON"

/**
 * Namespace of the sender (v1 namespaces).
 *
 * @since 0.1.0
 * @category models
 */
export const INSTANCE_ID = "INSTANCE_ID"

/**
 * Receipt handle of a popped message.
 *
 * @since 0.1.0
 * @category models
 */
export const POP_CK = "POP_CK"

/**
 * Offset of the check point of a popped message.
 *
 * @since 0.1.0
 * @category models
 */
export const POP_CK_OFFSET = "POP_CK_OFFSET"

/**
 * When a message was popped for the first time.
 *
 * @since 0.1.0
 * @category models
 */
export const FIRST_POP_TIME = "1ST_POP_TIME"

/**
 * Lowest offset of the queue when the message was pulled.
 *
 * @since 0.1.0
 * @category models
 */
export const MIN_OFFSET = "MIN_OFFSET"

/**
 * Highest offset of the queue when the message was pulled.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_OFFSET = "MAX_OFFSET"

/**
 * When the handler was given the message, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export const CONSUME_START_TIME = "CONSUME_START_TIME"

/**
 * Checksum that the broker appended to the record, 10 digits.
 *
 * @since 0.1.0
 * @category models
 */
export const CRC32 = "__CRC32#"

/**
 * Names that clients and brokers use among themselves: an application that sets one breaks delivery or tracing.
 *
 * @since 0.1.0
 * @category models
 */
export const reserved: ReadonlySet<string> = new Set([
  UNIQ_KEY,
  TIMER_OUT_MS,
  TIMER_ENQUEUE_MS,
  TIMER_DEQUEUE_MS,
  TIMER_ROLL_TIMES,
  TIMER_DEL_UNIQKEY,
  TIMER_DELAY_LEVEL,
  STARTDELIVERTIME,
  REAL_TOPIC,
  REAL_QID,
  TRAN_MSG,
  PGROUP,
  TRANSACTION_ID,
  TRAN_PREPARED_QUEUE_OFFSET,
  TRANSACTION_CHECK_TIMES,
  RETRY_TOPIC,
  ORIGIN_MESSAGE_ID,
  RECONSUME_TIME,
  MAX_RECONSUME_TIMES,
  DLQ_ORIGIN_TOPIC,
  DLQ_ORIGIN_MESSAGE_ID,
  INNER_MULTI_QUEUE_OFFSET,
  INNER_NUM,
  INNER_BASE,
  CORRELATION_ID,
  REPLY_TO_CLIENT,
  TTL,
  MSG_TYPE,
  ARRIVE_TIME,
  PUSH_REPLY_TIME,
  CLUSTER,
  MSG_REGION,
  TRACE_ON,
  INSTANCE_ID,
  POP_CK,
  POP_CK_OFFSET,
  FIRST_POP_TIME,
  MIN_OFFSET,
  MAX_OFFSET,
  CONSUME_START_TIME,
  CRC32,
  "BUYER_ID",
  "TRANSFER_FLAG",
  "CORRECTION_FLAG",
  "MQ2_FLAG",
  "ORIGIN_GROUP",
  "DUP_INFO",
  "EXTEND_UNIQ_INFO",
  "TRACE_CONTEXT",
  "PROPERTY_FORWARD_QUEUE_ID",
  "REDIRECT",
  "__BORNHOST",
  "BORN_TIMESTAMP"
])

const transientPrefix = "__RMQ.TRANSIENT."

/**
 * Whether applications must not set a property of this name.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isReserved = (name: string): boolean => reserved.has(name) || name.startsWith(transientPrefix)

/**
 * No properties: a fresh record that the caller may fill.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty = (): Record<string, string> => new EmptyRecord()

const noKeys: ReadonlyArray<string> = Object.freeze([])

/**
 * The index keys in a `KEYS` value.
 *
 * @since 0.1.0
 * @category combinators
 */
export const keysOf = (value: string | undefined): ReadonlyArray<string> =>
  value === undefined || value === "" ? noKeys : value.split(" ").filter((key) => key !== "")

/**
 * Reads the string form as Java does: what has no name or no value is dropped, the value is everything after the first
 * `\x01`, the last entry of a name wins, a missing last `\x02` is fine. Never fails.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decode = (text: string): Properties => {
  const properties = empty()
  const length = text.length
  let at = 0
  while (at < length) {
    let end = text.indexOf("\x02", at)
    if (end < 0) end = length
    const separator = text.indexOf("\x01", at)
    if (separator < 0) break
    if (separator > at && separator < end - 1) {
      properties[text.slice(at, separator)] = text.slice(separator + 1, end)
    }
    at = end + 1
  }
  return properties
}

/**
 * The value of one property in the string form, as {@link decode} would give it. For one or two names this is cheaper.
 *
 * @since 0.1.0
 * @category combinators
 */
export const find = (text: string, name: string): string | undefined => Entry.find(text, `\x02${name}\x01`)

/**
 * Which rule a property breaks, as a clause for an error message; `undefined` when it can be encoded.
 *
 * @since 0.1.0
 * @category combinators
 */
export const problem = (name: string, value: string): string | undefined => {
  if (name.length === 0) return "has no name"
  if (holdsSeparator(name)) return "has a name that holds \\x01 or \\x02, which separate properties"
  if (holdsSeparator(value)) return "has a value that holds \\x01 or \\x02, which separate properties"
  return undefined
}

const holdsSeparator = (text: string): boolean => text.includes("\x01") || text.includes("\x02")

/**
 * Writes the string form. Entries with an empty value are left out, since every reader drops them. Fails on a name or
 * value that holds a separator, and when the result is longer than {@link MAX_BYTES}.
 *
 * @since 0.1.0
 * @category combinators
 */
export const encode = (properties: Properties): Either.Either<string, SerializationError> => {
  let text = ""
  for (const name in properties) {
    const value = properties[name]
    if (value === undefined || value === "") continue
    const broken = problem(name, value)
    if (broken !== undefined) {
      return Either.left(
        new SerializationError({ subject: "message properties", reason: `property ${JSON.stringify(name)} ${broken}` })
      )
    }
    text += name + "\x01" + value + "\x02"
  }
  return text.length * 3 > MAX_BYTES ? measured(text) : Either.right(text)
}

const encoder = new TextEncoder()

const measured = (text: string): Either.Either<string, SerializationError> => {
  const bytes = encoder.encode(text).length
  return bytes <= MAX_BYTES ? Either.right(text) : Either.left(
    new SerializationError({
      subject: "message properties",
      reason: `they take ${bytes} bytes, at most ${MAX_BYTES} are allowed`
    })
  )
}
