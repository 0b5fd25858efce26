import * as Header from "../Header.js"
import * as RequestCode from "../RequestCode.js"
import { request } from "./request.js"

/**
 * Create or change a topic. Admin → broker. `topicFilterType` is `SINGLE_TAG` or `MULTI_TAG`; `attributes` is
 * `+k=v,-k`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndCreateTopic = request(RequestCode.UPDATE_AND_CREATE_TOPIC, {
  topic: Header.string,
  defaultTopic: Header.string,
  readQueueNums: Header.int32,
  writeQueueNums: Header.int32,
  perm: Header.int32,
  topicFilterType: Header.string,
  topicSysFlag: Header.optional(Header.int32),
  order: Header.boolean,
  attributes: Header.optional(Header.string),
  force: Header.optional(Header.boolean)
})

/**
 * Create or change many topics. Admin → broker. Body: `TopicConfig.List`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndCreateTopicList = request(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, {})

/**
 * Read all topic configs, page by page. Admin → broker. Answer: `ResponseHeader.GetAllTopicConfig`, body:
 * `TopicConfig.Table`.
 * @since 0.1.0
 * @category requests */
export const GetAllTopicConfig = request(RequestCode.GET_ALL_TOPIC_CONFIG, {
  topicSeq: Header.optional(Header.int32),
  maxTopicNum: Header.optional(Header.int32),
  dataVersion: Header.optional(Header.string)
})

/**
 * Read the config of a topic. Admin → broker. Answer: `TopicConfig`.
 * @since 0.1.0
 * @category requests */
export const GetTopicConfig = request(RequestCode.GET_TOPIC_CONFIG, {
  topic: Header.string,
  lo: Header.optional(Header.boolean)
})

/**
 * Delete a topic from a broker. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const DeleteTopicInBroker = request(RequestCode.DELETE_TOPIC_IN_BROKER, {
  topic: Header.string
})

/**
 * Change broker settings, as properties text. Admin → broker. Body: properties text.
 * @since 0.1.0
 * @category requests */
export const UpdateBrokerConfig = request(RequestCode.UPDATE_BROKER_CONFIG, {})

/**
 * Read broker settings, as properties text. Admin → broker. Answer: `ResponseHeader.GetBrokerConfig`, body: properties
 * text.
 * @since 0.1.0
 * @category requests */
export const GetBrokerConfig = request(RequestCode.GET_BROKER_CONFIG, {})

/**
 * Read the runtime figures of a broker. Admin → broker. Answer: `KVTable`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerRuntimeInfo = request(RequestCode.GET_BROKER_RUNTIME_INFO, {})

/**
 * Read all committed offsets of a broker. Admin → broker. Answer: `ConsumerOffsets`.
 * @since 0.1.0
 * @category requests */
export const GetAllConsumerOffset = request(RequestCode.GET_ALL_CONSUMER_OFFSET, {})

/**
 * Read the progress of the delay levels. Admin → broker. Answer: `DelayOffsets`.
 * @since 0.1.0
 * @category requests */
export const GetAllDelayOffset = request(RequestCode.GET_ALL_DELAY_OFFSET, {})

/**
 * Read the check point of the timer store. Admin → broker. Answer: bytes of the store.
 * @since 0.1.0
 * @category requests */
export const GetTimerCheckPoint = request(RequestCode.GET_TIMER_CHECK_POINT, {})

/**
 * Read how many timer messages wait, by topic. Admin → broker. Answer: `TimerMetrics`.
 * @since 0.1.0
 * @category requests */
export const GetTimerMetrics = request(RequestCode.GET_TIMER_METRICS, {})

/**
 * Create or change a consumer group. Admin → broker. Body: `SubscriptionGroupConfig`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndCreateSubscriptiongroup = request(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {})

/**
 * Create or change many consumer groups. Admin → broker. Body: `SubscriptionGroupConfig.List`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndCreateSubscriptiongroupList = request(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, {})

/**
 * Read all group configs, page by page. Admin → broker. Answer: `ResponseHeader.GetAllSubscriptiongroupConfig`, body:
 * `SubscriptionGroupConfig.Table`.
 * @since 0.1.0
 * @category requests */
export const GetAllSubscriptiongroupConfig = request(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, {
  groupSeq: Header.optional(Header.int32),
  maxGroupNum: Header.optional(Header.int32),
  dataVersion: Header.optional(Header.string)
})

/**
 * Read the config of a group. Admin → broker. A broker that creates groups by itself creates this one. Answer:
 * `SubscriptionGroupConfig`.
 * @since 0.1.0
 * @category requests */
export const GetSubscriptiongroupConfig = request(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, {
  group: Header.string
})

/**
 * Delete a consumer group. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const DeleteSubscriptiongroup = request(RequestCode.DELETE_SUBSCRIPTIONGROUP, {
  groupName: Header.string,
  cleanOffset: Header.optional(Header.boolean)
})

/**
 * Forbid or allow a group to read a topic. Admin → broker. Answer: `GroupForbidden`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndGetGroupForbidden = request(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, {
  group: Header.string,
  topic: Header.string,
  readable: Header.optional(Header.boolean)
})

/**
 * Read the offsets of all queues of a topic. Admin → broker. Answer: `TopicStats`.
 * @since 0.1.0
 * @category requests */
export const GetTopicStatsInfo = request(RequestCode.GET_TOPIC_STATS_INFO, {
  topic: Header.string
})

/**
 * Read the progress of a group. Admin → broker. `topicList` is joined by `;`. Answer: `ConsumeStats`.
 * @since 0.1.0
 * @category requests */
export const GetConsumeStats = request(RequestCode.GET_CONSUME_STATS, {
  consumerGroup: Header.string,
  topic: Header.optional(Header.string),
  topicList: Header.optional(Header.string)
})

/**
 * Read the progress of all groups of a broker. Admin → broker. Answer: `ConsumeStats.OfBroker`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerConsumeStats = request(RequestCode.GET_BROKER_CONSUME_STATS, {
  isOrder: Header.boolean
})

/**
 * Read who consumes in a group. Admin → broker. Answer: `ConsumerConnection`.
 * @since 0.1.0
 * @category requests */
export const GetConsumerConnectionList = request(RequestCode.GET_CONSUMER_CONNECTION_LIST, {
  consumerGroup: Header.string
})

/**
 * Read who produces in a group. Admin → broker. Answer: `ProducerConnection`.
 * @since 0.1.0
 * @category requests */
export const GetProducerConnectionList = request(RequestCode.GET_PRODUCER_CONNECTION_LIST, {
  producerGroup: Header.string
})

/**
 * Read all producers of a broker. Admin → broker. Answer: `ProducerConnection.Table`.
 * @since 0.1.0
 * @category requests */
export const GetAllProducerInfo = request(RequestCode.GET_ALL_PRODUCER_INFO, {})

/**
 * Reset the offsets of a group. Admin → broker. `timestamp` -1 is the end; `queueId` -1 or none is all queues. Answer:
 * `OffsetTable`.
 * @since 0.1.0
 * @category requests */
export const InvokeBrokerToResetOffset = request(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
  topic: Header.string,
  group: Header.string,
  timestamp: Header.millis,
  isForce: Header.boolean,
  offset: Header.optional(Header.int64),
  queueId: Header.optional(Header.int32)
})

/**
 * Ask all consumers of a group for their offset tables. Admin → broker. `clientAddr` is a client id. Answer:
 * `ConsumerStatus`.
 * @since 0.1.0
 * @category requests */
export const InvokeBrokerToGetConsumerStatus = request(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, {
  topic: Header.string,
  group: Header.string,
  clientAddr: Header.optional(Header.string)
})

/**
 * Read the groups that consume a topic. Admin → broker. Answer: `GroupList`.
 * @since 0.1.0
 * @category requests */
export const QueryTopicConsumeByWho = request(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, {
  topic: Header.string
})

/**
 * Read the topics that a group consumes. Admin → broker. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const QueryTopicsByConsumer = request(RequestCode.QUERY_TOPICS_BY_CONSUMER, {
  group: Header.string
})

/**
 * Read the subscription of a group to a topic. Admin → broker. Answer: `SubscriptionData.OfGroup`.
 * @since 0.1.0
 * @category requests */
export const QuerySubscriptionByConsumer = request(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, {
  group: Header.string,
  topic: Header.optional(Header.string)
})

/**
 * Read, by queue, the time range a group has consumed. Admin → broker. Answer: `ConsumeTimeSpan`.
 * @since 0.1.0
 * @category requests */
export const QueryConsumeTimeSpan = request(RequestCode.QUERY_CONSUME_TIME_SPAN, {
  topic: Header.string,
  group: Header.string
})

/**
 * Read the system topics of a broker. Admin → broker. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetSystemTopicListFromBroker = request(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, {})

/**
 * Delete expired consume queues. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const CleanExpiredConsumequeue = request(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, {})

/**
 * Delete topics that are no longer used. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const CleanUnusedTopic = request(RequestCode.CLEAN_UNUSED_TOPIC, {})

/**
 * Delete expired commit log files. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const DeleteExpiredCommitlog = request(RequestCode.DELETE_EXPIRED_COMMITLOG, {})

/**
 * Read the offsets that a group should be corrected to. Admin → broker. `filterGroups` is joined by `,`. Answer:
 * `CorrectionOffsets`.
 * @since 0.1.0
 * @category requests */
export const QueryCorrectionOffset = request(RequestCode.QUERY_CORRECTION_OFFSET, {
  compareGroup: Header.string,
  topic: Header.string,
  filterGroups: Header.optional(Header.string)
})

/**
 * Copy the offsets of one group to another. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const CloneGroupOffset = request(RequestCode.CLONE_GROUP_OFFSET, {
  srcGroup: Header.string,
  destGroup: Header.string,
  topic: Header.optional(Header.string),
  offline: Header.optional(Header.boolean)
})

/**
 * Read one statistics item of a broker. Admin → broker. Answer: `BrokerStats`.
 * @since 0.1.0
 * @category requests */
export const ViewBrokerStatsData = request(RequestCode.VIEW_BROKER_STATS_DATA, {
  statsName: Header.string,
  statsKey: Header.string
})

/**
 * Read entries of a consume queue. Admin → broker. Answer: `ConsumeQueue`.
 * @since 0.1.0
 * @category requests */
export const QueryConsumeQueue = request(RequestCode.QUERY_CONSUME_QUEUE, {
  topic: Header.string,
  queueId: Header.int32,
  index: Header.int64,
  count: Header.int32,
  consumerGroup: Header.optional(Header.string)
})

/**
 * Check a half message again that was given up. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const ResumeCheckHalfMessage = request(RequestCode.RESUME_CHECK_HALF_MESSAGE, {
  topic: Header.optional(Header.string),
  msgId: Header.optional(Header.string)
})

/**
 * Compare the RocksDB consume queues with the files. Admin → broker. Answer: text.
 * @since 0.1.0
 * @category requests */
export const CheckRocksdbCqWriteProgress = request(RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, {
  topic: Header.string,
  checkStoreTime: Header.optional(Header.millis)
})

/**
 * Write the RocksDB configs to JSON files. Admin → broker. `configType` is joined by `;`: `topics`,
 * `subscriptionGroups`, `consumerOffsets`.
 * @since 0.1.0
 * @category requests */
export const ExportRocksdbConfigToJson = request(RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, {
  configType: Header.string
})

/**
 * Create or change a static topic. Admin → broker. Fields of `UpdateAndCreateTopic`. Body: `StaticTopic`.
 * @since 0.1.0
 * @category requests */
export const UpdateAndCreateStaticTopic = request(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, {
  topic: Header.string,
  defaultTopic: Header.string,
  readQueueNums: Header.int32,
  writeQueueNums: Header.int32,
  perm: Header.int32,
  topicFilterType: Header.string,
  topicSysFlag: Header.optional(Header.int32),
  order: Header.boolean,
  attributes: Header.optional(Header.string),
  force: Header.optional(Header.boolean)
})

/**
 * Start a broker in a container. Admin → container.
 * @since 0.1.0
 * @category requests */
export const AddBroker = request(RequestCode.ADD_BROKER, {
  configPath: Header.optional(Header.string)
})

/**
 * Stop a broker in a container. Admin → container.
 * @since 0.1.0
 * @category requests */
export const RemoveBroker = request(RequestCode.REMOVE_BROKER, {
  brokerName: Header.string,
  brokerClusterName: Header.string,
  brokerId: Header.millis
})

/**
 * Read the state of replication. Admin → broker. Answer: `HAStatus`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerHaStatus = request(RequestCode.GET_BROKER_HA_STATUS, {})

/**
 * Set the flush offset of a slave's master. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const ResetMasterFlushOffset = request(RequestCode.RESET_MASTER_FLUSH_OFFSET, {
  masterFlushOffset: Header.int64
})

/**
 * Set cold data limits of groups. Admin → broker. Body: properties text, group=limit.
 * @since 0.1.0
 * @category requests */
export const UpdateColdDataFlowCtrConfig = request(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, {})

/**
 * Remove the cold data limit of a group. Admin → broker. Body: a group name.
 * @since 0.1.0
 * @category requests */
export const RemoveColdDataFlowCtrConfig = request(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, {})

/**
 * Read the cold data limits and rates. Admin → broker. Answer: JSON text.
 * @since 0.1.0
 * @category requests */
export const GetColdDataFlowCtrInfo = request(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, {})

/**
 * Choose how the commit log is read ahead. Admin → broker. 0 normal, 1 random, 2 sequential, as `madvise` counts.
 * @since 0.1.0
 * @category requests */
export const SetCommitlogReadMode = request(RequestCode.SET_COMMITLOG_READ_MODE, {
  readaheadMode: Header.as(Header.int32, "READ_AHEAD_MODE")
})

/**
 * Choose the engine of the timer store. Admin → broker. `F` for files or `R` for RocksDB.
 * @since 0.1.0
 * @category requests */
export const SwitchTimerEngine = request(RequestCode.SWITCH_TIMER_ENGINE, {
  timerEngine: Header.as(Header.string, "E_T")
})

/**
 * Create a user. Admin → broker. Body: `UserInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthCreateUser = request(RequestCode.AUTH_CREATE_USER, {
  username: Header.string
})

/**
 * Change a user. Admin → broker. Body: `UserInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthUpdateUser = request(RequestCode.AUTH_UPDATE_USER, {
  username: Header.string
})

/**
 * Delete a user. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const AuthDeleteUser = request(RequestCode.AUTH_DELETE_USER, {
  username: Header.string
})

/**
 * Read a user. Admin → broker. Answer: `UserInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthGetUser = request(RequestCode.AUTH_GET_USER, {
  username: Header.string
})

/**
 * Read users by a part of the name. Admin → broker. Answer: `UserInfo.List`.
 * @since 0.1.0
 * @category requests */
export const AuthListUser = request(RequestCode.AUTH_LIST_USER, {
  filter: Header.optional(Header.string)
})

/**
 * Create the policies of a subject. Admin → broker. Body: `AclInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthCreateAcl = request(RequestCode.AUTH_CREATE_ACL, {
  subject: Header.string
})

/**
 * Change the policies of a subject. Admin → broker. Body: `AclInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthUpdateAcl = request(RequestCode.AUTH_UPDATE_ACL, {
  subject: Header.string
})

/**
 * Delete policies of a subject. Admin → broker.
 * @since 0.1.0
 * @category requests */
export const AuthDeleteAcl = request(RequestCode.AUTH_DELETE_ACL, {
  subject: Header.string,
  resource: Header.optional(Header.string),
  policyType: Header.optional(Header.string)
})

/**
 * Read the policies of a subject. Admin → broker. Answer: `AclInfo`.
 * @since 0.1.0
 * @category requests */
export const AuthGetAcl = request(RequestCode.AUTH_GET_ACL, {
  subject: Header.string
})

/**
 * Read policies by subject and resource. Admin → broker. Answer: `AclInfo.List`.
 * @since 0.1.0
 * @category requests */
export const AuthListAcl = request(RequestCode.AUTH_LIST_ACL, {
  subjectFilter: Header.optional(Header.string),
  resourceFilter: Header.optional(Header.string)
})
