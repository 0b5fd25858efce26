/**
 * Topics of one broker: what is known, how unknown ones come into being, and which names a broker refuses.
 *
 * @since 0.1.0
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { Journal } from "./journal.js"
import * as Table from "./table.js"

/** What a broker keeps of a topic; the JSON form is `TopicConfig` of the protocol. */
export interface Topic {
  readonly name: string
  readonly readQueues: number
  readonly writeQueues: number
  readonly perm: number
  readonly sysFlag: number
  readonly order: boolean
  readonly multiTag: boolean
  readonly attributes: Readonly<Record<string, string>>
}

export const TIMER_TOPIC = "rmq_sys_wheel_timer"
export const CHECK_MAX_TIME_TOPIC = "TRANS_CHECK_MAX_TIME_TOPIC"
export const READ_WRITE = Permission.READ | Permission.WRITE

export const topic = (name: string, queues: number, options: Partial<Topic> = {}): Topic => ({
  name,
  readQueues: queues,
  writeQueues: queues,
  perm: READ_WRITE,
  sysFlag: 0,
  order: false,
  multiTag: false,
  attributes: {},
  ...options
})

export interface TopicTable {
  readonly get: (name: string) => Topic | undefined
  readonly put: (topic: Topic) => void
  readonly remove: (name: string) => void
  readonly all: () => Iterable<Topic>
  readonly size: () => number
  /** Counts changes, for the `dataVersion` of listings. */
  readonly version: () => number
  /** The rule of automatic creation: queues of the request, at most those of the default topic, which must be inheritable. */
  readonly createFor: (name: string, defaultTopic: string, queues: number) => Topic | undefined
  /** Makes a topic of the broker's own choice (retry, dead letters) when it is not there. */
  readonly ensure: (name: string, queues: number, order?: boolean) => Topic
}

/** What 305 lists: the same on every broker of a cluster but for its own name. */
export const systemTopics = (brokerName: string, clusterName: string): ReadonlyArray<string> => [
  Names.HALF_TOPIC,
  "BenchmarkTest",
  CHECK_MAX_TIME_TOPIC,
  "OFFSET_MOVED_EVENT",
  Names.DEFAULT_TOPIC,
  "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC",
  `rmq_sys_REVIVE_LOG_${clusterName}`,
  "SELF_TEST_TOPIC",
  clusterName,
  Names.SCHEDULE_TOPIC,
  Names.TRACE_TOPIC,
  Names.replyTopic(clusterName),
  TIMER_TOPIC,
  "CHECKPOINT_TOPIC",
  `rmq_sys_SYNC_BROKER_MEMBER_${brokerName}`,
  Names.OP_HALF_TOPIC,
  "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC",
  brokerName
]

export const make = (options: {
  /** Whether the default topic gives new ones; asked each time, because it can change. */
  readonly autoCreate: () => boolean
  readonly defaultQueues: number
  readonly delayLevels: number
  readonly brokerName: string
  readonly clusterName: string
  readonly journal: Journal
}): TopicTable => {
  // the topics that come with a broker are as its settings say now
  const topics = Table.map<Topic>(options.journal, "topics", { isFixed: true })
  let version = 0
  const put = (topic: Topic) => {
    topics.set(topic.name, topic)
    version++
  }
  const ensure = (name: string, queues: number, order = false): Topic => {
    const known = topics.get(name)
    if (known !== undefined) return known
    const created = topic(name, queues, { order })
    put(created)
    return created
  }
  if (options.autoCreate()) {
    put(topic(Names.DEFAULT_TOPIC, options.defaultQueues, { perm: READ_WRITE | Permission.INHERIT }))
  }
  ensure(Names.SCHEDULE_TOPIC, options.delayLevels)
  ensure(Names.HALF_TOPIC, 1)
  ensure(TIMER_TOPIC, 1)
  ensure(Names.replyTopic(options.clusterName), 1)
  // nothing of this broker is in them; tools expect them to be there
  put(topic(options.clusterName, 16, { perm: READ_WRITE | Permission.INHERIT }))
  put(topic(options.brokerName, 1, { perm: READ_WRITE | Permission.INHERIT }))
  ensure("BenchmarkTest", 1024)
  ensure("SELF_TEST_TOPIC", 1)
  ensure("OFFSET_MOVED_EVENT", 1)
  ensure(Names.OP_HALF_TOPIC, 1)
  ensure("RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC", 1)
  ensure("RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC", 1)
  ensure(`rmq_sys_REVIVE_LOG_${options.clusterName}`, 8)
  ensure(`rmq_sys_SYNC_BROKER_MEMBER_${options.brokerName}`, 1)
  version = 0

  return {
    get: (name) => topics.get(name),
    put,
    remove: (name) => {
      if (topics.delete(name)) version++
    },
    all: () => topics.values(),
    size: () => topics.size,
    version: () => version,
    createFor: (name, defaultTopic, queues) => {
      let model = topics.get(defaultTopic)
      if (model !== undefined && defaultTopic === Names.DEFAULT_TOPIC && !options.autoCreate()) {
        // as in RocketMQ, for good: switching it on again does not bring this back
        put(model = { ...model, perm: READ_WRITE })
      }
      if (model === undefined || !Permission.isInherited(model.perm)) return undefined
      const count = Math.max(0, Math.min(queues, model.writeQueues))
      const created = topic(name, count, { perm: model.perm & ~Permission.INHERIT, multiTag: model.multiTag })
      put(created)
      return created
    },
    ensure
  }
}

const legal = /^[%|a-zA-Z0-9_-]+$/

const illegal = (kind: string, name: string) =>
  `The specified ${kind}: ${name}, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$`

/** The broker's own words about a topic name that it refuses. */
export const topicProblem = (name: string): string | undefined => {
  if (name.trim() === "") return "The specified topic is blank."
  if (!legal.test(name)) return illegal("topic", name)
  if (Names.isRetryTopic(name) || Names.isDlqTopic(name)) {
    return name.length > Names.MAX_DERIVED_TOPIC_LENGTH
      ? `The specified topic is DLQ or Retry topic: ${name}, and it's longer than topic max length: ${Names.MAX_DERIVED_TOPIC_LENGTH}`
      : undefined
  }
  return name.length > Names.MAX_TOPIC_LENGTH
    ? `The specified topic: ${name}, is longer than topic max length: ${Names.MAX_TOPIC_LENGTH}`
    : undefined
}

/** The broker's own words about a group name that it refuses. */
export const groupProblem = (name: string): string | undefined => {
  if (name.trim() === "") return "The specified group is blank."
  if (!legal.test(name)) return illegal("group", name)
  return name.length > Names.MAX_GROUP_LENGTH
    ? `The specified group: ${name}, is longer than group max length: ${Names.MAX_GROUP_LENGTH}`
    : undefined
}
