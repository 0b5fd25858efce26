/**
 * Topics of one broker: what is known, how unknown ones come into being, and which names a broker refuses.
 *
 * @since 0.1.0
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"

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

export const make = (options: {
  readonly autoCreate: boolean
  readonly defaultQueues: number
  readonly delayLevels: number
  readonly clusterName: string
}): TopicTable => {
  const topics = new Map<string, Topic>()
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
  if (options.autoCreate) {
    put(topic(Names.DEFAULT_TOPIC, options.defaultQueues, { perm: READ_WRITE | Permission.INHERIT }))
  }
  ensure(Names.SCHEDULE_TOPIC, options.delayLevels)
  ensure(Names.HALF_TOPIC, 1)
  ensure(TIMER_TOPIC, 1)
  ensure(Names.replyTopic(options.clusterName), 1)

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
      const model = topics.get(defaultTopic)
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
