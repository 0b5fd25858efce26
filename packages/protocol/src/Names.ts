/**
 * Names of topics and groups: what the broker accepts, and the names that it derives (retry, dead letter).
 *
 * @since 0.1.0
 */

/**
 * Longest name of a topic that an application may use, in characters.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_TOPIC_LENGTH = 127

/**
 * Longest name of a consumer or producer group, in characters.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_GROUP_LENGTH = 120

/**
 * Longest name of a `%RETRY%` or `%DLQ%` topic, in characters.
 *
 * @since 0.1.0
 * @category models
 */
export const MAX_DERIVED_TOPIC_LENGTH = 255

/**
 * The topic after whose settings brokers create unknown topics.
 *
 * @since 0.1.0
 * @category models
 */
export const DEFAULT_TOPIC = "TBW102"

/**
 * What the name of a retry topic starts with.
 *
 * @since 0.1.0
 * @category models
 */
export const RETRY_PREFIX = "%RETRY%"

/**
 * What the name of a dead letter topic starts with.
 *
 * @since 0.1.0
 * @category models
 */
export const DLQ_PREFIX = "%DLQ%"

/**
 * Where delayed messages wait; queue = delay level - 1.
 *
 * @since 0.1.0
 * @category models
 */
export const SCHEDULE_TOPIC = "SCHEDULE_TOPIC_XXXX"

/**
 * Where half messages wait for the end of their transaction.
 *
 * @since 0.1.0
 * @category models
 */
export const HALF_TOPIC = "RMQ_SYS_TRANS_HALF_TOPIC"

/**
 * Where the ends of transactions are kept.
 *
 * @since 0.1.0
 * @category models
 */
export const OP_HALF_TOPIC = "RMQ_SYS_TRANS_OP_HALF_TOPIC"

/**
 * Where message traces go by default.
 *
 * @since 0.1.0
 * @category models
 */
export const TRACE_TOPIC = "RMQ_SYS_TRACE_TOPIC"

/** Topics of the broker itself that refuse messages of clients (code 16). */
const notSendable: ReadonlySet<string> = new Set([
  SCHEDULE_TOPIC,
  HALF_TOPIC,
  OP_HALF_TOPIC,
  "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC",
  "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT"
])

const system: ReadonlySet<string> = new Set([...notSendable, DEFAULT_TOPIC, TRACE_TOPIC, "BenchmarkTest"])

const systemPrefix = /^rmq_sys_/i

const reservedGroups: ReadonlySet<string> = new Set(["DEFAULT_PRODUCER", "DEFAULT_CONSUMER"])

const charset = /^[%|a-zA-Z0-9_-]+$/

/**
 * The topic of messages that a group asked to be delivered again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const retryTopic = (group: string): string => RETRY_PREFIX + group

/**
 * The topic of messages that a group could not process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dlqTopic = (group: string): string => DLQ_PREFIX + group

/**
 * The topic of replies to requests, of a cluster.
 *
 * @since 0.1.0
 * @category constructors
 */
export const replyTopic = (cluster: string): string => `${cluster}_REPLY_TOPIC`

/**
 * Whether the name is that of a retry topic.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isRetryTopic = (topic: string): boolean => topic.startsWith(RETRY_PREFIX)

/**
 * Whether the name is that of a dead letter topic.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isDlqTopic = (topic: string): boolean => topic.startsWith(DLQ_PREFIX)

/**
 * Whether the topic belongs to the cluster: never created, deleted or put into a namespace by applications.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isSystemTopic = (topic: string): boolean => system.has(topic) || systemPrefix.test(topic)

/**
 * Whether a broker takes messages of clients for this topic. Some system topics do (`TBW102`, traces), the broker's
 * own stores do not.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isSendable = (topic: string): boolean => !notSendable.has(topic)

/**
 * Which rule a topic's name breaks, as a clause for an error message; `undefined` when producers may send to it.
 * `%RETRY%` and `%DLQ%` topics may be longer than others.
 *
 * @example
 * import { topicProblem } from "@effect-rocketmq/protocol/Names"
 * import { strictEqual } from "node:assert"
 *
 * strictEqual(topicProblem("orders"), undefined)
 * strictEqual(topicProblem(""), "is empty")
 *
 * @since 0.1.0
 * @category combinators
 */
export const topicProblem = (topic: string): string | undefined => {
  const max = isRetryTopic(topic) || isDlqTopic(topic) ? MAX_DERIVED_TOPIC_LENGTH : MAX_TOPIC_LENGTH
  const problem = nameProblem(topic, max)
  if (problem !== undefined) return problem
  return isSendable(topic) ? undefined : "is a topic of the broker itself, which takes no messages of clients"
}

/**
 * Which rule a group's name breaks, as a clause for an error message; `undefined` when it is fine.
 *
 * @since 0.1.0
 * @category combinators
 */
export const groupProblem = (group: string): string | undefined =>
  nameProblem(group, MAX_GROUP_LENGTH) ??
    (reservedGroups.has(group) ? "is reserved: groups that mean different things would share it" : undefined)

const nameProblem = (name: string, max: number): string | undefined => {
  if (name.length === 0) return "is empty"
  if (name.length > max) return `is ${name.length} characters long, at most ${max} are allowed`
  return charset.test(name) ? undefined : "holds characters other than letters, digits and % | _ -"
}
