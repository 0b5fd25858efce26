/**
 * What a user may do: body and answer of the AUTH_*_ACL requests.
 * @since 0.1.0
 */
export * as AclInfo from "./AclInfo.js"

/**
 * Acknowledgement of many popped messages: the body of BATCH_ACK_MESSAGE.
 * @since 0.1.0
 */
export * as BatchAck from "./BatchAck.js"

/**
 * What the body of a command holds, between its bytes and its type. Bodies are JSON in the dialect of `LooseJson`.
 * @since 0.1.0
 */
export * as Body from "./Body.js"

/**
 * The replicas of one broker: the answer to GET_BROKER_MEMBER_GROUP.
 * @since 0.1.0
 */
export * as BrokerMemberGroup from "./BrokerMemberGroup.js"

/**
 * Replicas by broker: the answer to CONTROLLER_GET_SYNC_STATE_DATA.
 * @since 0.1.0
 */
export * as BrokerReplicas from "./BrokerReplicas.js"

/**
 * One statistics item: the answer to VIEW_BROKER_STATS_DATA.
 * @since 0.1.0
 */
export * as BrokerStats from "./BrokerStats.js"

/**
 * The body of CHECK_CLIENT_CONFIG: a subscription whose SQL92 expression the broker is to check.
 * @since 0.1.0
 */
export * as CheckClientConfig from "./CheckClientConfig.js"

/**
 * Clusters, brokers and addresses: the answer to GET_BROKER_CLUSTER_INFO.
 * @since 0.1.0
 */
export * as ClusterInfo from "./ClusterInfo.js"

/**
 * How bodies are compressed, and how large they can become: known before anything is allocated.
 *
 * @since 0.1.0
 */
export * as CompressionType from "./CompressionType.js"

/**
 * What a consumer did with a message given to it: the answer to CONSUME_MESSAGE_DIRECTLY.
 * @since 0.1.0
 */
export * as ConsumeMessageDirectlyResult from "./ConsumeMessageDirectlyResult.js"

/**
 * Entries of a consume queue: the answer to QUERY_CONSUME_QUEUE.
 * @since 0.1.0
 */
export * as ConsumeQueue from "./ConsumeQueue.js"

/**
 * The progress of a group: the answer to GET_CONSUME_STATS. An unknown group has an empty table.
 * @since 0.1.0
 */
export * as ConsumeStats from "./ConsumeStats.js"

/**
 * The times that a group has consumed: the answer to QUERY_CONSUME_TIME_SPAN.
 * @since 0.1.0
 */
export * as ConsumeTimeSpan from "./ConsumeTimeSpan.js"

/**
 * Who consumes in a group: the answer to GET_CONSUMER_CONNECTION_LIST.
 * @since 0.1.0
 */
export * as ConsumerConnection from "./ConsumerConnection.js"

/**
 * The members of a group: the answer to GET_CONSUMER_LIST_BY_GROUP.
 * @since 0.1.0
 */
export * as ConsumerList from "./ConsumerList.js"

/**
 * All committed offsets of a broker: the answer to GET_ALL_CONSUMER_OFFSET.
 * @since 0.1.0
 */
export * as ConsumerOffsets from "./ConsumerOffsets.js"

/**
 * How a consumer is: the answer to GET_CONSUMER_RUNNING_INFO.
 * @since 0.1.0
 */
export * as ConsumerRunningInfo from "./ConsumerRunningInfo.js"

/**
 * The offsets that consumers hold: the answer to GET_CONSUMER_STATUS_FROM_CLIENT and
 * INVOKE_BROKER_TO_GET_CONSUMER_STATUS.
 * @since 0.1.0
 */
export * as ConsumerStatus from "./ConsumerStatus.js"

/**
 * Offsets by queue id: the answer to QUERY_CORRECTION_OFFSET.
 * @since 0.1.0
 */
export * as CorrectionOffsets from "./CorrectionOffsets.js"

/**
 * CRC-32 (IEEE) in plain code, for where the platform brings none: brokers store it with every body.
 *
 * @since 0.1.0
 */
export * as Crc32 from "./Crc32.js"

/**
 * The version of a table of a broker: it changes with the table.
 * @since 0.1.0
 */
export * as DataVersion from "./DataVersion.js"

/**
 * The progress of the delay levels: the answer to GET_ALL_DELAY_OFFSET.
 * @since 0.1.0
 */
export * as DelayOffsets from "./DelayOffsets.js"

/**
 * The epochs of a broker: the answer to GET_BROKER_EPOCH_CACHE.
 * @since 0.1.0
 */
export * as EpochCache from "./EpochCache.js"

/**
 * Frames on a byte stream: `length`, header word, header, body. Reading is incremental, writing goes into slabs.
 * @since 0.1.0
 */
export * as Frame from "./Frame.js"

/**
 * May a group read a topic: the answer to UPDATE_AND_GET_GROUP_FORBIDDEN.
 * @since 0.1.0
 */
export * as GroupForbidden from "./GroupForbidden.js"

/**
 * Names of groups: the answer to QUERY_TOPIC_CONSUME_BY_WHO.
 * @since 0.1.0
 */
export * as GroupList from "./GroupList.js"

/**
 * The state of replication: the answer to GET_BROKER_HA_STATUS.
 * @since 0.1.0
 */
export * as HAStatus from "./HAStatus.js"

/**
 * Typed headers: a header is a record of named fields, each with a codec between its type and the string on the wire.
 * @since 0.1.0
 */
export * as Header from "./Header.js"

/**
 * What a client tells brokers of itself: the body of HEART_BEAT.
 * @since 0.1.0
 */
export * as HeartbeatData from "./HeartbeatData.js"

/**
 * HMAC-SHA1 in plain code, for where the platform brings none that answers at once: requests are signed with it.
 *
 * @since 0.1.0
 */
export * as HmacSha1 from "./HmacSha1.js"

/**
 * `String.hashCode` of Java, by which brokers and clients compare tags and choose queues.
 *
 * @since 0.1.0
 */
export * as JavaHash from "./JavaHash.js"

/**
 * Names and values: the answer to GET_BROKER_RUNTIME_INFO and GET_KVLIST_BY_NAMESPACE.
 * @since 0.1.0
 */
export * as KVTable from "./KVTable.js"

/**
 * The language of a peer: one byte in a binary header, a name in a JSON header.
 * @since 0.1.0
 */
export * as LanguageCode from "./LanguageCode.js"

/**
 * What brokers tell of lite topics: the answers to GET_BROKER_LITE_INFO and its siblings.
 * @since 0.1.0
 */
export * as LiteInfo from "./LiteInfo.js"

/**
 * Changes of lite subscriptions: the body of LITE_SUBSCRIPTION_CTL.
 * @since 0.1.0
 */
export * as LiteSubscription from "./LiteSubscription.js"

/**
 * Locks of queues: the body of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ, and the answer.
 * @since 0.1.0
 */
export * as LockBatch from "./LockBatch.js"

/**
 * JSON as RocketMQ's Java peers write it: integer keys without quotes, maps keyed by objects (`{{"queueId":0}:7}`),
 * `$ref` paths, 64-bit integers. Reading is total: it gives a value or an error, never throws, and is bounded in depth.
 * @since 0.1.0
 */
export * as LooseJson from "./LooseJson.js"

/**
 * What an application sends: a topic, a body and properties. Messages are immutable values.
 *
 * @since 0.1.0
 */
export * as Message from "./Message.js"

/**
 * The body of SEND_BATCH_MESSAGE (320), and of inner batches: several messages of one topic.
 *
 * @since 0.1.0
 */
export * as MessageBatch from "./MessageBatch.js"

/**
 * A stored message as brokers hand it out: a view over the received bytes, read on demand.
 *
 * @since 0.1.0
 */
export * as MessageExt from "./MessageExt.js"

/**
 * Ids of messages: unique keys of producers, offset ids of brokers, and handles to recall messages.
 *
 * @since 0.1.0
 */
export * as MessageId from "./MessageId.js"

/**
 * Properties of messages: names, and the string `name \x01 value \x02 …` that carries them.
 *
 * @since 0.1.0
 */
export * as MessageProperties from "./MessageProperties.js"

/**
 * A queue: one of the logs that a topic is made of, on one broker.
 * @since 0.1.0
 */
export * as MessageQueue from "./MessageQueue.js"

/**
 * Pull or pop: the body of SET_MESSAGE_REQUEST_MODE.
 * @since 0.1.0
 */
export * as MessageRequestMode from "./MessageRequestMode.js"

/**
 * Versions of RocketMQ as they travel: the ordinal in Java's list of versions.
 * @since 0.1.0
 */
export * as MqVersion from "./MqVersion.js"

/**
 * Names of topics and groups: what the broker accepts, and the names that it derives (retry, dead letter).
 *
 * @since 0.1.0
 */
export * as Names from "./Names.js"

/**
 * Offsets by queue: the body of RESET_CONSUMER_CLIENT_OFFSET, the answer to INVOKE_BROKER_TO_RESET_OFFSET.
 * @since 0.1.0
 */
export * as OffsetTable from "./OffsetTable.js"

/**
 * Permission bits of a topic's queues (`perm`): what the broker lets clients do.
 *
 * @since 0.1.0
 */
export * as Permission from "./Permission.js"

/**
 * Who produces in a group: the answer to GET_PRODUCER_CONNECTION_LIST.
 * @since 0.1.0
 */
export * as ProducerConnection from "./ProducerConnection.js"

/**
 * Settings as Java's properties text, `name=value` by line: bodies of the requests that read or change settings.
 * @since 0.1.0
 */
export * as PropertiesText from "./PropertiesText.js"

/**
 * What can be wrong with bytes: errors of the codec. None is retryable: the same bytes fail again.
 * @since 0.1.0
 */
export * as ProtocolError from "./ProtocolError.js"

/**
 * Assignment of queues by the broker: the body of QUERY_ASSIGNMENT, and the answer.
 * @since 0.1.0
 */
export * as QueryAssignment from "./QueryAssignment.js"

/**
 * What a broker registers at a name server: the body of REGISTER_BROKER, when it is not compressed.
 * @since 0.1.0
 */
export * as RegisterBroker from "./RegisterBroker.js"

/**
 * What travels in a frame: a request or a response.
 * @since 0.1.0
 */
export * as RemotingCommand from "./RemotingCommand.js"

/**
 * What a request asks for, under Java's names, and who sends it to whom.
 * @since 0.1.0
 */
export * as RequestCode from "./RequestCode.js"

/**
 * Every request: its header fields, and `make`, which gives a `Request` to send. Named after Java's request codes.
 * @since 0.1.0
 */
export * as RequestHeader from "./RequestHeader.js"

/**
 * What a server answers, under Java's names. Decide by the code alone: a remark may stand on success too.
 * @since 0.1.0
 */
export * as ResponseCode from "./ResponseCode.js"

/**
 * What answers say in their header, under the name of the request. An answer with an error code may lack every field.
 * @since 0.1.0
 */
export * as ResponseHeader from "./ResponseHeader.js"

/**
 * The queues of a static topic on one broker: the body of UPDATE_AND_CREATE_STATIC_TOPIC.
 * @since 0.1.0
 */
export * as StaticTopic from "./StaticTopic.js"

/**
 * What a group wants of a topic, as it stands in heartbeats.
 * @since 0.1.0
 */
export * as SubscriptionData from "./SubscriptionData.js"

/**
 * The config of a consumer group: the answer to GET_SUBSCRIPTIONGROUP_CONFIG.
 * @since 0.1.0
 */
export * as SubscriptionGroupConfig from "./SubscriptionGroupConfig.js"

/**
 * Replicas in sync: body of controller requests.
 * @since 0.1.0
 */
export * as SyncStateSet from "./SyncStateSet.js"

/**
 * Bits of a message's `sysFlag` and of a pull request's `sysFlag`.
 *
 * @since 0.1.0
 */
export * as SysFlag from "./SysFlag.js"

/**
 * How many timer messages wait: the answer to GET_TIMER_METRICS.
 * @since 0.1.0
 */
export * as TimerMetrics from "./TimerMetrics.js"

/**
 * The config of a topic: the answer to GET_TOPIC_CONFIG.
 * @since 0.1.0
 */
export * as TopicConfig from "./TopicConfig.js"

/**
 * Names of topics: the answer to the requests that list topics.
 * @since 0.1.0
 */
export * as TopicList from "./TopicList.js"

/**
 * Where the queues of a topic are: the answer to GET_ROUTEINFO_BY_TOPIC.
 * @since 0.1.0
 */
export * as TopicRouteData from "./TopicRouteData.js"

/**
 * The offsets of a topic: the answer to GET_TOPIC_STATS_INFO.
 * @since 0.1.0
 */
export * as TopicStats from "./TopicStats.js"

/**
 * A user of the broker: body and answer of the AUTH_*_USER requests.
 * @since 0.1.0
 */
export * as UserInfo from "./UserInfo.js"
