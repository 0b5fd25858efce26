/**
 * What each request wants to do with which topic, group or cluster: a list for each code, in RocketMQ's order. A request that
 * is not here wants nothing that is looked at.
 *
 * @since 0.1.0
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Bodies from "./bodies.js"
import type { Action, Wish } from "./policies.js"
import { wish } from "./policies.js"

type Asks = (request: RemotingCommand, clusterName: string) => ReadonlyArray<Wish>

interface Fields {
  /** Names of fields that name topics; `names;` is a list. */
  readonly topics?: ReadonlyArray<string>
  readonly groups?: ReadonlyArray<string>
}

const valueOf = ({ extFields }: RemotingCommand, name: string): ReadonlyArray<string> => {
  const separator = /[;,]$/.exec(name)?.[0]
  const value = extFields[separator === undefined ? name : name.slice(0, -1)]
  if (value === undefined) return []
  return separator === undefined ? [value] : value.split(separator).filter((part) => part !== "")
}

/** Topics and groups that a header names. */
const named = (actions: ReadonlyArray<Action>, { groups = [], topics = [] }: Fields): Asks => (request) => [
  ...groups.flatMap((name) => valueOf(request, name)).map((name) => wish("Group", name, ...actions)),
  ...topics.flatMap((name) => valueOf(request, name)).map((name) => wish("Topic", name, ...actions))
]

/** A retry topic needs nothing: its group is asked about. */
const topicThenGroup = (...actions: ReadonlyArray<Action>): Asks => (request) => {
  const topic = request.extFields["topic"] ?? ""
  return [
    ...(Names.isRetryTopic(topic) ? [] : [wish("Topic", topic, ...actions)]),
    wish("Group", request.extFields["consumerGroup"] ?? "", ...actions)
  ]
}

const cluster =
  (...actions: ReadonlyArray<Action>): Asks => (_, clusterName) => [wish("Cluster", clusterName, ...actions)]

const sending = (topicField: string, groupField: string): Asks => ({ extFields }) => {
  const topic = extFields[topicField] ?? ""
  if (!Names.isRetryTopic(topic)) return [wish("Topic", topic, "Pub")]
  return [wish("Group", extFields[groupField]?.trim() || topic, "Sub")]
}

const locking: Asks = ({ body }) => {
  const { group, queues } = Bodies.readLock(body)
  return [
    wish("Group", group, "Sub"),
    ...queues.filter(({ topic }) => !Names.isRetryTopic(topic)).map(({ topic }) => wish("Topic", topic, "Sub"))
  ]
}

const beating: Asks = ({ body }) =>
  Bodies.readHeartbeat(body).consumers.flatMap(({ groupName, subscriptions }) => [
    wish("Group", groupName, "Sub"),
    ...subscriptions.filter(({ topic }) => !Names.isRetryTopic(topic)).map(({ topic }) => wish("Topic", topic, "Sub"))
  ])

const groupAndTopic: Fields = { groups: ["consumerGroup"], topics: ["topic"] }

const asks = new Map<number, Asks>([
  [RequestCode.GET_ROUTEINFO_BY_TOPIC, ({ extFields }) => {
    const topic = extFields["topic"] ?? ""
    return [Names.isRetryTopic(topic) ? wish("Group", topic, "Sub", "Get") : wish("Topic", topic, "Pub", "Sub", "Get")]
  }],
  [RequestCode.SEND_MESSAGE, sending("topic", "group")],
  [RequestCode.SEND_MESSAGE_V2, sending("b", "a")],
  [RequestCode.SEND_BATCH_MESSAGE, sending("b", "a")],
  [RequestCode.RECALL_MESSAGE, named(["Pub"], { topics: ["topic"] })],
  [RequestCode.END_TRANSACTION, ({ extFields }) => {
    const topic = extFields["topic"] ?? ""
    return topic.trim() === "" ? [] : [wish("Topic", topic, "Pub")]
  }],
  [RequestCode.CONSUMER_SEND_MSG_BACK, named(["Sub"], { groups: ["group"] })],
  [RequestCode.PULL_MESSAGE, topicThenGroup("Sub")],
  [RequestCode.QUERY_MESSAGE, named(["Sub", "Get"], { topics: ["topic"] })],
  [RequestCode.HEART_BEAT, beating],
  [RequestCode.UNREGISTER_CLIENT, named(["Sub"], { groups: ["consumerGroup"] })],
  [RequestCode.GET_CONSUMER_LIST_BY_GROUP, named(["Sub", "Get"], { groups: ["consumerGroup"] })],
  [RequestCode.QUERY_CONSUMER_OFFSET, topicThenGroup("Sub", "Get")],
  [RequestCode.UPDATE_CONSUMER_OFFSET, topicThenGroup("Sub", "Update")],
  [RequestCode.LOCK_BATCH_MQ, locking],
  [RequestCode.UNLOCK_BATCH_MQ, locking],
  [RequestCode.POP_MESSAGE, named(["Sub"], groupAndTopic)],
  [RequestCode.ACK_MESSAGE, named(["Sub"], groupAndTopic)],
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME, named(["Sub"], groupAndTopic)],
  [RequestCode.NOTIFICATION, named(["Sub"], groupAndTopic)],
  [RequestCode.POLLING_INFO, named(["Get"], groupAndTopic)],
  [RequestCode.UPDATE_AND_CREATE_TOPIC, named(["Create", "Update"], { topics: ["topic"] })],
  [RequestCode.DELETE_TOPIC_IN_BROKER, named(["Delete"], { topics: ["topic"] })],
  [RequestCode.GET_TOPIC_CONFIG, named(["Get"], { topics: ["topic"] })],
  [RequestCode.GET_TOPIC_STATS_INFO, named(["Get"], { topics: ["topic"] })],
  [RequestCode.GET_MAX_OFFSET, named(["Get"], { topics: ["topic"] })],
  [RequestCode.GET_MIN_OFFSET, named(["Get"], { topics: ["topic"] })],
  [RequestCode.GET_EARLIEST_MSG_STORETIME, named(["Get"], { topics: ["topic"] })],
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, named(["Get"], { topics: ["topic"] })],
  [RequestCode.VIEW_MESSAGE_BY_ID, named(["Get"], { topics: ["topic"] })],
  [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, named(["Get"], { topics: ["topic"] })],
  [RequestCode.RESUME_CHECK_HALF_MESSAGE, named(["Update"], { topics: ["topic"] })],
  [RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, named(["Get"], { topics: ["topic"] })],
  [RequestCode.DELETE_SUBSCRIPTIONGROUP, named(["Delete"], { groups: ["groupName"] })],
  [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, named(["Get"], { groups: ["group"] })],
  [RequestCode.QUERY_TOPICS_BY_CONSUMER, named(["Get"], { groups: ["group"] })],
  [RequestCode.GET_CONSUMER_CONNECTION_LIST, named(["Get"], { groups: ["consumerGroup"] })],
  [RequestCode.GET_CONSUMER_RUNNING_INFO, named(["Get"], { groups: ["consumerGroup"] })],
  [RequestCode.CONSUME_MESSAGE_DIRECTLY, named(["Sub"], groupAndTopic)],
  [RequestCode.GET_CONSUME_STATS, named(["Get"], { groups: ["consumerGroup"], topics: ["topic", "topicList;"] })],
  [RequestCode.QUERY_CONSUME_QUEUE, named(["Get"], groupAndTopic)],
  [RequestCode.QUERY_CONSUME_TIME_SPAN, named(["Get"], { groups: ["group"], topics: ["topic"] })],
  [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, named(["Get"], { groups: ["group"], topics: ["topic"] })],
  [
    RequestCode.QUERY_CORRECTION_OFFSET,
    named(["Get"], { groups: ["filterGroups,", "compareGroup"], topics: ["topic"] })
  ],
  [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, named(["Update"], { groups: ["group"], topics: ["topic"] })],
  [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, named(["Get"], { groups: ["group"], topics: ["topic"] })],
  [RequestCode.CLONE_GROUP_OFFSET, named(["Update"], { groups: ["destGroup"], topics: ["topic"] })],
  [RequestCode.GET_ALL_PRODUCER_INFO, cluster("Get")],
  [RequestCode.GET_PRODUCER_CONNECTION_LIST, cluster("Get")],
  [RequestCode.GET_BROKER_CONSUME_STATS, cluster("Get")],
  [RequestCode.VIEW_BROKER_STATS_DATA, cluster("Get")],
  [RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, cluster("Get")],
  [RequestCode.RESET_MASTER_FLUSH_OFFSET, cluster("Update")],
  [RequestCode.AUTH_CREATE_USER, cluster("Update")],
  [RequestCode.AUTH_UPDATE_USER, cluster("Update")],
  [RequestCode.AUTH_DELETE_USER, cluster("Update")],
  [RequestCode.AUTH_GET_USER, cluster("Get")],
  [RequestCode.AUTH_LIST_USER, cluster("Get")],
  [RequestCode.AUTH_CREATE_ACL, cluster("Update")],
  [RequestCode.AUTH_UPDATE_ACL, cluster("Update")],
  [RequestCode.AUTH_DELETE_ACL, cluster("Update")],
  [RequestCode.AUTH_GET_ACL, cluster("Get")],
  [RequestCode.AUTH_LIST_ACL, cluster("Get")],
  [RequestCode.PUT_KV_CONFIG, cluster("Update")],
  [RequestCode.GET_KV_CONFIG, cluster("Get")],
  [RequestCode.DELETE_KV_CONFIG, cluster("Update")],
  [RequestCode.GET_KVLIST_BY_NAMESPACE, cluster("Get")],
  [RequestCode.DELETE_TOPIC_IN_NAMESRV, cluster("Update")],
  [RequestCode.REGISTER_TOPIC_IN_NAMESRV, cluster("Update")],
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER, cluster("Update")],
  [RequestCode.ADD_WRITE_PERM_OF_BROKER, cluster("Update")],
  [RequestCode.GET_BROKER_MEMBER_GROUP, cluster("Get")],
  [RequestCode.BROKER_HEARTBEAT, cluster("Update")]
])

export const wishesOf = (request: RemotingCommand, clusterName: string): ReadonlyArray<Wish> =>
  asks.get(request.code)?.(request, clusterName) ?? []
