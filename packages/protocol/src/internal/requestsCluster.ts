import * as Header from "../Header.js"
import * as RequestCode from "../RequestCode.js"
import { request } from "./request.js"

/**
 * Write a key of the name server's table. Admin → name server. Send it to every name server.
 * @since 0.1.0
 * @category requests */
export const PutKvConfig = request(RequestCode.PUT_KV_CONFIG, {
  namespace: Header.string,
  key: Header.string,
  value: Header.string
})

/**
 * Read a key of the name server's table. Admin → name server. Answer: `ResponseHeader.GetKvConfig`.
 * @since 0.1.0
 * @category requests */
export const GetKvConfig = request(RequestCode.GET_KV_CONFIG, {
  namespace: Header.string,
  key: Header.string
})

/**
 * Delete a key of the name server's table. Admin → name server. Send it to every name server.
 * @since 0.1.0
 * @category requests */
export const DeleteKvConfig = request(RequestCode.DELETE_KV_CONFIG, {
  namespace: Header.string,
  key: Header.string
})

/**
 * Read all keys of one namespace of the name server's table. Admin → name server. Answer: `KVTable`.
 * @since 0.1.0
 * @category requests */
export const GetKvlistByNamespace = request(RequestCode.GET_KVLIST_BY_NAMESPACE, {
  namespace: Header.string
})

/**
 * Register a broker and its topics. Broker → name server. Body: `RegisterBroker`. Answer:
 * `ResponseHeader.RegisterBroker`.
 * @since 0.1.0
 * @category requests */
export const RegisterBroker = request(RequestCode.REGISTER_BROKER, {
  brokerName: Header.string,
  brokerAddr: Header.string,
  clusterName: Header.string,
  haServerAddr: Header.string,
  brokerId: Header.millis,
  heartbeatTimeoutMillis: Header.optional(Header.millis),
  enableActingMaster: Header.optional(Header.boolean),
  compressed: Header.optional(Header.boolean),
  bodyCrc32: Header.optional(Header.int32)
})

/**
 * Take a broker out. Broker → name server.
 * @since 0.1.0
 * @category requests */
export const UnregisterBroker = request(RequestCode.UNREGISTER_BROKER, {
  brokerName: Header.string,
  brokerAddr: Header.string,
  clusterName: Header.string,
  brokerId: Header.millis
})

/**
 * Read clusters, brokers and their addresses. Admin → name server. Answer: `ClusterInfo`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerClusterInfo = request(RequestCode.GET_BROKER_CLUSTER_INFO, {})

/**
 * Take the write permission from a broker. Admin → name server. Answer: `ResponseHeader.WipeWritePermOfBroker`.
 * @since 0.1.0
 * @category requests */
export const WipeWritePermOfBroker = request(RequestCode.WIPE_WRITE_PERM_OF_BROKER, {
  brokerName: Header.string
})

/**
 * Give the write permission back to a broker. Admin → name server. Answer: `ResponseHeader.AddWritePermOfBroker`.
 * @since 0.1.0
 * @category requests */
export const AddWritePermOfBroker = request(RequestCode.ADD_WRITE_PERM_OF_BROKER, {
  brokerName: Header.string
})

/**
 * Read the names of all topics. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetAllTopicListFromNameserver = request(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {})

/**
 * Read the names of the topics of a cluster. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetTopicsByCluster = request(RequestCode.GET_TOPICS_BY_CLUSTER, {
  cluster: Header.string
})

/**
 * Read the system topics known to the name server. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetSystemTopicListFromNs = request(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, {})

/**
 * Read the topics of units. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetUnitTopicList = request(RequestCode.GET_UNIT_TOPIC_LIST, {})

/**
 * Read the topics with unit subscriptions. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetHasUnitSubTopicList = request(RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, {})

/**
 * Read the topics with unit subscriptions that are no unit topics. Admin → name server. Answer: `TopicList`.
 * @since 0.1.0
 * @category requests */
export const GetHasUnitSubUnunitTopicList = request(RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, {})

/**
 * Delete a topic from a name server. Admin → name server.
 * @since 0.1.0
 * @category requests */
export const DeleteTopicInNamesrv = request(RequestCode.DELETE_TOPIC_IN_NAMESRV, {
  topic: Header.string,
  clusterName: Header.optional(Header.string)
})

/**
 * Register a topic at the name server. Admin → name server. Body: `TopicRouteData`.
 * @since 0.1.0
 * @category requests */
export const RegisterTopicInNamesrv = request(RequestCode.REGISTER_TOPIC_IN_NAMESRV, {
  topic: Header.string
})

/**
 * Change name server settings, as properties text. Admin → name server. Body: properties text.
 * @since 0.1.0
 * @category requests */
export const UpdateNamesrvConfig = request(RequestCode.UPDATE_NAMESRV_CONFIG, {})

/**
 * Read name server settings, as properties text. Admin → name server. Answer: properties text.
 * @since 0.1.0
 * @category requests */
export const GetNamesrvConfig = request(RequestCode.GET_NAMESRV_CONFIG, {})

/**
 * Compare the data version of a broker's topics. Broker → name server. Body: `DataVersion`. Answer:
 * `ResponseHeader.QueryDataVersion`, body: `DataVersion`.
 * @since 0.1.0
 * @category requests */
export const QueryDataVersion = request(RequestCode.QUERY_DATA_VERSION, {
  brokerName: Header.string,
  brokerAddr: Header.string,
  clusterName: Header.string,
  brokerId: Header.millis
})

/**
 * Read the addresses of a broker's replicas. Admin → name server. Answer: `BrokerMemberGroup`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerMemberGroup = request(RequestCode.GET_BROKER_MEMBER_GROUP, {
  clusterName: Header.string,
  brokerName: Header.string
})

/**
 * Tell that a broker lives. Broker → name server.
 * @since 0.1.0
 * @category requests */
export const BrokerHeartbeat = request(RequestCode.BROKER_HEARTBEAT, {
  clusterName: Header.string,
  brokerAddr: Header.string,
  brokerName: Header.string,
  brokerId: Header.optional(Header.millis),
  epoch: Header.optional(Header.int32),
  maxOffset: Header.optional(Header.int64),
  confirmOffset: Header.optional(Header.int64),
  heartbeatTimeoutMills: Header.optional(Header.millis),
  electionPriority: Header.optional(Header.int32)
})

/**
 * Tell that the smallest broker id of a group changed. Name server → broker.
 * @since 0.1.0
 * @category requests */
export const NotifyMinBrokerIdChange = request(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, {
  minBrokerId: Header.optional(Header.millis),
  brokerName: Header.optional(Header.string),
  minBrokerAddr: Header.optional(Header.string),
  offlineBrokerAddr: Header.optional(Header.string),
  haBrokerAddr: Header.optional(Header.string)
})

/**
 * Exchange replication addresses. Broker → broker. Answer: `ResponseHeader.ExchangeBrokerHaInfo`.
 * @since 0.1.0
 * @category requests */
export const ExchangeBrokerHaInfo = request(RequestCode.EXCHANGE_BROKER_HA_INFO, {
  masterHaAddress: Header.optional(Header.string),
  masterFlushOffset: Header.optional(Header.int64),
  masterAddress: Header.optional(Header.string)
})

/**
 * Change the set of replicas in sync. Broker → controller. Body: `SyncStateSet`. Answer:
 * `ResponseHeader.ControllerAlterSyncStateSet`.
 * @since 0.1.0
 * @category requests */
export const ControllerAlterSyncStateSet = request(RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET, {
  brokerName: Header.optional(Header.string),
  masterBrokerId: Header.optional(Header.millis),
  masterEpoch: Header.optional(Header.int32),
  invokeTime: Header.optional(Header.millis)
})

/**
 * Elect a master. Admin → controller. Answer: `ResponseHeader.ControllerElectMaster`, body:
 * `BrokerMemberGroup.Elected`.
 * @since 0.1.0
 * @category requests */
export const ControllerElectMaster = request(RequestCode.CONTROLLER_ELECT_MASTER, {
  clusterName: Header.string,
  brokerName: Header.string,
  brokerId: Header.millis,
  designateElect: Header.boolean,
  invokeTime: Header.optional(Header.millis)
})

/**
 * Register a broker. Broker → controller. Answer: `ResponseHeader.ControllerRegisterBroker`.
 * @since 0.1.0
 * @category requests */
export const ControllerRegisterBroker = request(RequestCode.CONTROLLER_REGISTER_BROKER, {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string),
  brokerId: Header.optional(Header.millis),
  brokerAddress: Header.optional(Header.string),
  invokeTime: Header.optional(Header.millis)
})

/**
 * Read master and epoch of a broker group. Broker → controller. Answer: `ResponseHeader.ControllerGetReplicaInfo`,
 * body: `SyncStateSet`.
 * @since 0.1.0
 * @category requests */
export const ControllerGetReplicaInfo = request(RequestCode.CONTROLLER_GET_REPLICA_INFO, {
  brokerName: Header.optional(Header.string)
})

/**
 * Read the leader and the peers of the controller. Admin → controller. Answer:
 * `ResponseHeader.ControllerGetMetadataInfo`.
 * @since 0.1.0
 * @category requests */
export const ControllerGetMetadataInfo = request(RequestCode.CONTROLLER_GET_METADATA_INFO, {})

/**
 * Read the replicas in sync of brokers. Admin → controller. Body: broker names as a JSON array. Answer:
 * `BrokerReplicas`.
 * @since 0.1.0
 * @category requests */
export const ControllerGetSyncStateData = request(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {})

/**
 * Read the epochs of a broker. Admin → broker. Answer: `EpochCache`.
 * @since 0.1.0
 * @category requests */
export const GetBrokerEpochCache = request(RequestCode.GET_BROKER_EPOCH_CACHE, {})

/**
 * Tell a broker its new role. Controller → broker. Body: `SyncStateSet`.
 * @since 0.1.0
 * @category requests */
export const NotifyBrokerRoleChanged = request(RequestCode.NOTIFY_BROKER_ROLE_CHANGED, {
  masterAddress: Header.optional(Header.string),
  masterEpoch: Header.optional(Header.int32),
  syncStateSetEpoch: Header.optional(Header.int32),
  masterBrokerId: Header.optional(Header.millis)
})

/**
 * Change controller settings, as properties text. Admin → controller. Body: properties text.
 * @since 0.1.0
 * @category requests */
export const UpdateControllerConfig = request(RequestCode.UPDATE_CONTROLLER_CONFIG, {})

/**
 * Read controller settings, as properties text. Admin → controller. Answer: properties text.
 * @since 0.1.0
 * @category requests */
export const GetControllerConfig = request(RequestCode.GET_CONTROLLER_CONFIG, {})

/**
 * Remove the metadata of a broker. Admin → controller. `brokerControllerIdsToClean` is joined by `;`.
 * @since 0.1.0
 * @category requests */
export const CleanBrokerData = request(RequestCode.CLEAN_BROKER_DATA, {
  clusterName: Header.optional(Header.string),
  brokerName: Header.string,
  brokerControllerIdsToClean: Header.optional(Header.string),
  isCleanLivingBroker: Header.optional(Header.boolean),
  invokeTime: Header.optional(Header.millis)
})

/**
 * Read the next free broker id. Broker → controller. Answer: `ResponseHeader.ControllerGetNextBrokerId`.
 * @since 0.1.0
 * @category requests */
export const ControllerGetNextBrokerId = request(RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string)
})

/**
 * Take a broker id. Broker → controller. Answer: `ResponseHeader.ControllerApplyBrokerId`.
 * @since 0.1.0
 * @category requests */
export const ControllerApplyBrokerId = request(RequestCode.CONTROLLER_APPLY_BROKER_ID, {
  clusterName: Header.optional(Header.string),
  brokerName: Header.optional(Header.string),
  appliedBrokerId: Header.optional(Header.millis),
  registerCheckCode: Header.optional(Header.string)
})
