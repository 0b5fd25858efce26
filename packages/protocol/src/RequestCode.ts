/**
 * What a request asks for, under Java's names, and who sends it to whom.
 * @since 0.1.0
 */
import { byCode } from "./internal/names.js"

/** Send a message under the long field names. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEND_MESSAGE = 10

/** Pull messages of one queue, held by the broker when there are none. Client → broker.
 * @since 0.1.0
 * @category codes */
export const PULL_MESSAGE = 11

/** Find messages by key, unique key or tag. Client → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_MESSAGE = 12

/** Read the committed offset of a group in a queue. Client → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_CONSUMER_OFFSET = 14

/** Commit the offset of a group in a queue. Client → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_CONSUMER_OFFSET = 15

/** Create or change a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_CREATE_TOPIC = 17

/** Create or change many topics. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_CREATE_TOPIC_LIST = 18

/** Read all topic configs, page by page. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_TOPIC_CONFIG = 21

/** Change broker settings, as properties text. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_BROKER_CONFIG = 25

/** Read broker settings, as properties text. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_CONFIG = 26

/** Read the runtime figures of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_RUNTIME_INFO = 28

/** Find the offset of a store time. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEARCH_OFFSET_BY_TIMESTAMP = 29

/** Read the end of a queue. Client → broker.
 * @since 0.1.0
 * @category codes */
export const GET_MAX_OFFSET = 30

/** Read the start of a queue. Client → broker.
 * @since 0.1.0
 * @category codes */
export const GET_MIN_OFFSET = 31

/** Read the store time of the first message of a queue. Client → broker.
 * @since 0.1.0
 * @category codes */
export const GET_EARLIEST_MSG_STORETIME = 32

/** Read one message by its commit log offset. Client → broker.
 * @since 0.1.0
 * @category codes */
export const VIEW_MESSAGE_BY_ID = 33

/** Register groups and subscriptions of a client. Client → broker.
 * @since 0.1.0
 * @category codes */
export const HEART_BEAT = 34

/** Take a client out of its groups. Client → broker.
 * @since 0.1.0
 * @category codes */
export const UNREGISTER_CLIENT = 35

/** Hand a message back for a later delivery. Client → broker.
 * @since 0.1.0
 * @category codes */
export const CONSUMER_SEND_MSG_BACK = 36

/** Commit or roll back a half message. Client → broker.
 * @since 0.1.0
 * @category codes */
export const END_TRANSACTION = 37

/** Read the client ids of a consumer group. Client → broker.
 * @since 0.1.0
 * @category codes */
export const GET_CONSUMER_LIST_BY_GROUP = 38

/** Ask for the outcome of a transaction; oneway. Broker → client.
 * @since 0.1.0
 * @category codes */
export const CHECK_TRANSACTION_STATE = 39

/** Tell that the members of a group changed; oneway. Broker → client.
 * @since 0.1.0
 * @category codes */
export const NOTIFY_CONSUMER_IDS_CHANGED = 40

/** Lock queues for orderly consumption. Client → broker.
 * @since 0.1.0
 * @category codes */
export const LOCK_BATCH_MQ = 41

/** Give up orderly locks. Client → broker.
 * @since 0.1.0
 * @category codes */
export const UNLOCK_BATCH_MQ = 42

/** Read all committed offsets of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_CONSUMER_OFFSET = 43

/** Read the progress of the delay levels. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_DELAY_OFFSET = 45

/** Have the broker check an SQL92 expression. Client → broker.
 * @since 0.1.0
 * @category codes */
export const CHECK_CLIENT_CONFIG = 46

/** Read the check point of the timer store. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_TIMER_CHECK_POINT = 60

/** Read how many timer messages wait, by topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_TIMER_METRICS = 61

/** Write a key of the name server's table. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const PUT_KV_CONFIG = 100

/** Read a key of the name server's table. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_KV_CONFIG = 101

/** Delete a key of the name server's table. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const DELETE_KV_CONFIG = 102

/** Register a broker and its topics. Broker → name server.
 * @since 0.1.0
 * @category codes */
export const REGISTER_BROKER = 103

/** Take a broker out. Broker → name server.
 * @since 0.1.0
 * @category codes */
export const UNREGISTER_BROKER = 104

/** Read the route of a topic. Client → name server.
 * @since 0.1.0
 * @category codes */
export const GET_ROUTEINFO_BY_TOPIC = 105

/** Read clusters, brokers and their addresses. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_CLUSTER_INFO = 106

/** Create or change a consumer group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_CREATE_SUBSCRIPTIONGROUP = 200

/** Read all group configs, page by page. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_SUBSCRIPTIONGROUP_CONFIG = 201

/** Read the offsets of all queues of a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_TOPIC_STATS_INFO = 202

/** Read who consumes in a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_CONSUMER_CONNECTION_LIST = 203

/** Read who produces in a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_PRODUCER_CONNECTION_LIST = 204

/** Take the write permission from a broker. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const WIPE_WRITE_PERM_OF_BROKER = 205

/** Read the names of all topics. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_TOPIC_LIST_FROM_NAMESERVER = 206

/** Delete a consumer group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const DELETE_SUBSCRIPTIONGROUP = 207

/** Read the progress of a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_CONSUME_STATS = 208

/** Delete a topic from a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const DELETE_TOPIC_IN_BROKER = 215

/** Delete a topic from a name server. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const DELETE_TOPIC_IN_NAMESRV = 216

/** Register a topic at the name server. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const REGISTER_TOPIC_IN_NAMESRV = 217

/** Read all keys of one namespace of the name server's table. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_KVLIST_BY_NAMESPACE = 219

/** Tell a consumer to go on from other offsets; oneway. Broker → client.
 * @since 0.1.0
 * @category codes */
export const RESET_CONSUMER_CLIENT_OFFSET = 220

/** Ask a consumer for its offset table. Broker → client.
 * @since 0.1.0
 * @category codes */
export const GET_CONSUMER_STATUS_FROM_CLIENT = 221

/** Reset the offsets of a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const INVOKE_BROKER_TO_RESET_OFFSET = 222

/** Ask all consumers of a group for their offset tables. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const INVOKE_BROKER_TO_GET_CONSUMER_STATUS = 223

/** Read the names of the topics of a cluster. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_TOPICS_BY_CLUSTER = 224

/** Create or change many consumer groups. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST = 225

/** Read the groups that consume a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_TOPIC_CONSUME_BY_WHO = 300

/** Read, by queue, the time range a group has consumed. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_CONSUME_TIME_SPAN = 303

/** Read the system topics known to the name server. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_SYSTEM_TOPIC_LIST_FROM_NS = 304

/** Read the system topics of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_SYSTEM_TOPIC_LIST_FROM_BROKER = 305

/** Delete expired consume queues. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const CLEAN_EXPIRED_CONSUMEQUEUE = 306

/** Ask a consumer how it is; relayed by the broker. Admin → broker → client.
 * @since 0.1.0
 * @category codes */
export const GET_CONSUMER_RUNNING_INFO = 307

/** Read the offsets that a group should be corrected to. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_CORRECTION_OFFSET = 308

/** Have a consumer consume one given message; relayed by the broker. Admin → broker → client.
 * @since 0.1.0
 * @category codes */
export const CONSUME_MESSAGE_DIRECTLY = 309

/** Send a message under the one-letter field names. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEND_MESSAGE_V2 = 310

/** Read the topics of units. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_UNIT_TOPIC_LIST = 311

/** Read the topics with unit subscriptions. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_HAS_UNIT_SUB_TOPIC_LIST = 312

/** Read the topics with unit subscriptions that are no unit topics. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST = 313

/** Copy the offsets of one group to another. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const CLONE_GROUP_OFFSET = 314

/** Read one statistics item of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const VIEW_BROKER_STATS_DATA = 315

/** Delete topics that are no longer used. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const CLEAN_UNUSED_TOPIC = 316

/** Read the progress of all groups of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_CONSUME_STATS = 317

/** Change name server settings, as properties text. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const UPDATE_NAMESRV_CONFIG = 318

/** Read name server settings, as properties text. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_NAMESRV_CONFIG = 319

/** Send several messages of one topic at once. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEND_BATCH_MESSAGE = 320

/** Read entries of a consume queue. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_CONSUME_QUEUE = 321

/** Compare the data version of a broker's topics. Broker → name server.
 * @since 0.1.0
 * @category codes */
export const QUERY_DATA_VERSION = 322

/** Check a half message again that was given up. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const RESUME_CHECK_HALF_MESSAGE = 323

/** Answer a request message, long field names. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEND_REPLY_MESSAGE = 324

/** Answer a request message, one-letter field names. Client → broker.
 * @since 0.1.0
 * @category codes */
export const SEND_REPLY_MESSAGE_V2 = 325

/** Hand the answer of a request message to its requester. Broker → client.
 * @since 0.1.0
 * @category codes */
export const PUSH_REPLY_MESSAGE_TO_CLIENT = 326

/** Give the write permission back to a broker. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const ADD_WRITE_PERM_OF_BROKER = 327

/** Read all producers of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_PRODUCER_INFO = 328

/** Delete expired commit log files. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const DELETE_EXPIRED_COMMITLOG = 329

/** Read the topics that a group consumes. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_TOPICS_BY_CONSUMER = 343

/** Read the subscription of a group to a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_SUBSCRIPTION_BY_CONSUMER = 345

/** Read the config of a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_TOPIC_CONFIG = 351

/** Read the config of a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_SUBSCRIPTIONGROUP_CONFIG = 352

/** Forbid or allow a group to read a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_GET_GROUP_FORBIDDEN = 353

/** Compare the RocksDB consume queues with the files. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const CHECK_ROCKSDB_CQ_WRITE_PROGRESS = 354

/** Write the RocksDB configs to JSON files. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const EXPORT_ROCKSDB_CONFIG_TO_JSON = 355

/** Pull messages for a lite pull consumer. Client → broker.
 * @since 0.1.0
 * @category codes */
export const LITE_PULL_MESSAGE = 361

/** Cancel a timer message. Client → broker.
 * @since 0.1.0
 * @category codes */
export const RECALL_MESSAGE = 370

/** Ask the broker which queues to consume. Client → broker.
 * @since 0.1.0
 * @category codes */
export const QUERY_ASSIGNMENT = 400

/** Choose pull or pop for a group in a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const SET_MESSAGE_REQUEST_MODE = 401

/** Read the request modes of all groups. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_ALL_MESSAGE_REQUEST_MODE = 402

/** Create or change a static topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_AND_CREATE_STATIC_TOPIC = 513

/** Read the addresses of a broker's replicas. Admin → name server.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_MEMBER_GROUP = 901

/** Start a broker in a container. Admin → container.
 * @since 0.1.0
 * @category codes */
export const ADD_BROKER = 902

/** Stop a broker in a container. Admin → container.
 * @since 0.1.0
 * @category codes */
export const REMOVE_BROKER = 903

/** Tell that a broker lives. Broker → name server.
 * @since 0.1.0
 * @category codes */
export const BROKER_HEARTBEAT = 904

/** Tell that the smallest broker id of a group changed. Name server → broker.
 * @since 0.1.0
 * @category codes */
export const NOTIFY_MIN_BROKER_ID_CHANGE = 905

/** Exchange replication addresses. Broker → broker.
 * @since 0.1.0
 * @category codes */
export const EXCHANGE_BROKER_HA_INFO = 906

/** Read the state of replication. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_HA_STATUS = 907

/** Set the flush offset of a slave's master. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const RESET_MASTER_FLUSH_OFFSET = 908

/** Change the set of replicas in sync. Broker → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_ALTER_SYNC_STATE_SET = 1001

/** Elect a master. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_ELECT_MASTER = 1002

/** Register a broker. Broker → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_REGISTER_BROKER = 1003

/** Read master and epoch of a broker group. Broker → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_GET_REPLICA_INFO = 1004

/** Read the leader and the peers of the controller. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_GET_METADATA_INFO = 1005

/** Read the replicas in sync of brokers. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_GET_SYNC_STATE_DATA = 1006

/** Read the epochs of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_EPOCH_CACHE = 1007

/** Tell a broker its new role. Controller → broker.
 * @since 0.1.0
 * @category codes */
export const NOTIFY_BROKER_ROLE_CHANGED = 1008

/** Change controller settings, as properties text. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const UPDATE_CONTROLLER_CONFIG = 1009

/** Read controller settings, as properties text. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const GET_CONTROLLER_CONFIG = 1010

/** Remove the metadata of a broker. Admin → controller.
 * @since 0.1.0
 * @category codes */
export const CLEAN_BROKER_DATA = 1011

/** Read the next free broker id. Broker → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_GET_NEXT_BROKER_ID = 1012

/** Take a broker id. Broker → controller.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_APPLY_BROKER_ID = 1013

/** Set cold data limits of groups. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const UPDATE_COLD_DATA_FLOW_CTR_CONFIG = 2001

/** Remove the cold data limit of a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const REMOVE_COLD_DATA_FLOW_CTR_CONFIG = 2002

/** Read the cold data limits and rates. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_COLD_DATA_FLOW_CTR_INFO = 2003

/** Choose how the commit log is read ahead. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const SET_COMMITLOG_READ_MODE = 2004

/** Create a user. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_CREATE_USER = 3001

/** Change a user. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_UPDATE_USER = 3002

/** Delete a user. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_DELETE_USER = 3003

/** Read a user. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_GET_USER = 3004

/** Read users by a part of the name. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_LIST_USER = 3005

/** Create the policies of a subject. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_CREATE_ACL = 3006

/** Change the policies of a subject. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_UPDATE_ACL = 3007

/** Delete policies of a subject. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_DELETE_ACL = 3008

/** Read the policies of a subject. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_GET_ACL = 3009

/** Read policies by subject and resource. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const AUTH_LIST_ACL = 3010

/** Choose the engine of the timer store. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const SWITCH_TIMER_ENGINE = 5001

/** Take messages for a while. Client → broker.
 * @since 0.1.0
 * @category codes */
export const POP_MESSAGE = 200050

/** Acknowledge one popped message. Client → broker.
 * @since 0.1.0
 * @category codes */
export const ACK_MESSAGE = 200051

/** Look at messages without taking them. Client → broker.
 * @since 0.1.0
 * @category codes */
export const PEEK_MESSAGE = 200052

/** Change how long a popped message stays taken. Client → broker.
 * @since 0.1.0
 * @category codes */
export const CHANGE_MESSAGE_INVISIBLETIME = 200053

/** Wait until there is something to pop. Proxy → broker.
 * @since 0.1.0
 * @category codes */
export const NOTIFICATION = 200054

/** Read how many pops wait. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const POLLING_INFO = 200055

/** Give popped messages back. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const POP_ROLLBACK = 200056

/** Take messages of lite topics. Client → broker.
 * @since 0.1.0
 * @category codes */
export const POP_LITE_MESSAGE = 200070

/** Change the lite subscriptions of a client. Client → broker.
 * @since 0.1.0
 * @category codes */
export const LITE_SUBSCRIPTION_CTL = 200071

/** Acknowledge a message of a lite topic; not served by 5.5.0, use ACK_MESSAGE. Client → broker.
 * @since 0.1.0
 * @category codes */
export const ACK_LITE_MESSAGE = 200072

/** Tell a client that a lite subscription ended; oneway. Broker → client.
 * @since 0.1.0
 * @category codes */
export const NOTIFY_UNSUBSCRIBE_LITE = 200073

/** Read the lite topic figures of a broker. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_BROKER_LITE_INFO = 200074

/** Read the lite topics below a topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_PARENT_TOPIC_INFO = 200075

/** Read one lite topic. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_LITE_TOPIC_INFO = 200076

/** Read the lite subscriptions of a client. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_LITE_CLIENT_INFO = 200077

/** Read the lite progress of a group. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const GET_LITE_GROUP_INFO = 200078

/** Have the broker dispatch lite messages again. Admin → broker.
 * @since 0.1.0
 * @category codes */
export const TRIGGER_LITE_DISPATCH = 200079

/** Acknowledge many popped messages. Client → broker.
 * @since 0.1.0
 * @category codes */
export const BATCH_ACK_MESSAGE = 200151

/**
 * All codes by name.
 * @since 0.1.0
 * @category codes
 */
export const all = {
  SEND_MESSAGE,
  PULL_MESSAGE,
  QUERY_MESSAGE,
  QUERY_CONSUMER_OFFSET,
  UPDATE_CONSUMER_OFFSET,
  UPDATE_AND_CREATE_TOPIC,
  UPDATE_AND_CREATE_TOPIC_LIST,
  GET_ALL_TOPIC_CONFIG,
  UPDATE_BROKER_CONFIG,
  GET_BROKER_CONFIG,
  GET_BROKER_RUNTIME_INFO,
  SEARCH_OFFSET_BY_TIMESTAMP,
  GET_MAX_OFFSET,
  GET_MIN_OFFSET,
  GET_EARLIEST_MSG_STORETIME,
  VIEW_MESSAGE_BY_ID,
  HEART_BEAT,
  UNREGISTER_CLIENT,
  CONSUMER_SEND_MSG_BACK,
  END_TRANSACTION,
  GET_CONSUMER_LIST_BY_GROUP,
  CHECK_TRANSACTION_STATE,
  NOTIFY_CONSUMER_IDS_CHANGED,
  LOCK_BATCH_MQ,
  UNLOCK_BATCH_MQ,
  GET_ALL_CONSUMER_OFFSET,
  GET_ALL_DELAY_OFFSET,
  CHECK_CLIENT_CONFIG,
  GET_TIMER_CHECK_POINT,
  GET_TIMER_METRICS,
  PUT_KV_CONFIG,
  GET_KV_CONFIG,
  DELETE_KV_CONFIG,
  REGISTER_BROKER,
  UNREGISTER_BROKER,
  GET_ROUTEINFO_BY_TOPIC,
  GET_BROKER_CLUSTER_INFO,
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
  GET_TOPIC_STATS_INFO,
  GET_CONSUMER_CONNECTION_LIST,
  GET_PRODUCER_CONNECTION_LIST,
  WIPE_WRITE_PERM_OF_BROKER,
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
  DELETE_SUBSCRIPTIONGROUP,
  GET_CONSUME_STATS,
  DELETE_TOPIC_IN_BROKER,
  DELETE_TOPIC_IN_NAMESRV,
  REGISTER_TOPIC_IN_NAMESRV,
  GET_KVLIST_BY_NAMESPACE,
  RESET_CONSUMER_CLIENT_OFFSET,
  GET_CONSUMER_STATUS_FROM_CLIENT,
  INVOKE_BROKER_TO_RESET_OFFSET,
  INVOKE_BROKER_TO_GET_CONSUMER_STATUS,
  GET_TOPICS_BY_CLUSTER,
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST,
  QUERY_TOPIC_CONSUME_BY_WHO,
  QUERY_CONSUME_TIME_SPAN,
  GET_SYSTEM_TOPIC_LIST_FROM_NS,
  GET_SYSTEM_TOPIC_LIST_FROM_BROKER,
  CLEAN_EXPIRED_CONSUMEQUEUE,
  GET_CONSUMER_RUNNING_INFO,
  QUERY_CORRECTION_OFFSET,
  CONSUME_MESSAGE_DIRECTLY,
  SEND_MESSAGE_V2,
  GET_UNIT_TOPIC_LIST,
  GET_HAS_UNIT_SUB_TOPIC_LIST,
  GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
  CLONE_GROUP_OFFSET,
  VIEW_BROKER_STATS_DATA,
  CLEAN_UNUSED_TOPIC,
  GET_BROKER_CONSUME_STATS,
  UPDATE_NAMESRV_CONFIG,
  GET_NAMESRV_CONFIG,
  SEND_BATCH_MESSAGE,
  QUERY_CONSUME_QUEUE,
  QUERY_DATA_VERSION,
  RESUME_CHECK_HALF_MESSAGE,
  SEND_REPLY_MESSAGE,
  SEND_REPLY_MESSAGE_V2,
  PUSH_REPLY_MESSAGE_TO_CLIENT,
  ADD_WRITE_PERM_OF_BROKER,
  GET_ALL_PRODUCER_INFO,
  DELETE_EXPIRED_COMMITLOG,
  QUERY_TOPICS_BY_CONSUMER,
  QUERY_SUBSCRIPTION_BY_CONSUMER,
  GET_TOPIC_CONFIG,
  GET_SUBSCRIPTIONGROUP_CONFIG,
  UPDATE_AND_GET_GROUP_FORBIDDEN,
  CHECK_ROCKSDB_CQ_WRITE_PROGRESS,
  EXPORT_ROCKSDB_CONFIG_TO_JSON,
  LITE_PULL_MESSAGE,
  RECALL_MESSAGE,
  QUERY_ASSIGNMENT,
  SET_MESSAGE_REQUEST_MODE,
  GET_ALL_MESSAGE_REQUEST_MODE,
  UPDATE_AND_CREATE_STATIC_TOPIC,
  GET_BROKER_MEMBER_GROUP,
  ADD_BROKER,
  REMOVE_BROKER,
  BROKER_HEARTBEAT,
  NOTIFY_MIN_BROKER_ID_CHANGE,
  EXCHANGE_BROKER_HA_INFO,
  GET_BROKER_HA_STATUS,
  RESET_MASTER_FLUSH_OFFSET,
  CONTROLLER_ALTER_SYNC_STATE_SET,
  CONTROLLER_ELECT_MASTER,
  CONTROLLER_REGISTER_BROKER,
  CONTROLLER_GET_REPLICA_INFO,
  CONTROLLER_GET_METADATA_INFO,
  CONTROLLER_GET_SYNC_STATE_DATA,
  GET_BROKER_EPOCH_CACHE,
  NOTIFY_BROKER_ROLE_CHANGED,
  UPDATE_CONTROLLER_CONFIG,
  GET_CONTROLLER_CONFIG,
  CLEAN_BROKER_DATA,
  CONTROLLER_GET_NEXT_BROKER_ID,
  CONTROLLER_APPLY_BROKER_ID,
  UPDATE_COLD_DATA_FLOW_CTR_CONFIG,
  REMOVE_COLD_DATA_FLOW_CTR_CONFIG,
  GET_COLD_DATA_FLOW_CTR_INFO,
  SET_COMMITLOG_READ_MODE,
  AUTH_CREATE_USER,
  AUTH_UPDATE_USER,
  AUTH_DELETE_USER,
  AUTH_GET_USER,
  AUTH_LIST_USER,
  AUTH_CREATE_ACL,
  AUTH_UPDATE_ACL,
  AUTH_DELETE_ACL,
  AUTH_GET_ACL,
  AUTH_LIST_ACL,
  SWITCH_TIMER_ENGINE,
  POP_MESSAGE,
  ACK_MESSAGE,
  PEEK_MESSAGE,
  CHANGE_MESSAGE_INVISIBLETIME,
  NOTIFICATION,
  POLLING_INFO,
  POP_ROLLBACK,
  POP_LITE_MESSAGE,
  LITE_SUBSCRIPTION_CTL,
  ACK_LITE_MESSAGE,
  NOTIFY_UNSUBSCRIBE_LITE,
  GET_BROKER_LITE_INFO,
  GET_PARENT_TOPIC_INFO,
  GET_LITE_TOPIC_INFO,
  GET_LITE_CLIENT_INFO,
  GET_LITE_GROUP_INFO,
  TRIGGER_LITE_DISPATCH,
  BATCH_ACK_MESSAGE
} as const

/**
 * A request code this toolkit knows.
 * @since 0.1.0
 * @category models
 */
export type RequestCode = typeof all[keyof typeof all]

const names = byCode(all)

/**
 * Java's name of a request code; the number itself when it is unknown.
 * @since 0.1.0
 * @category combinators
 */
export const nameOf = (code: number): string => names.get(code) ?? `${code}`

/**
 * Is it a code that this toolkit knows?
 * @since 0.1.0
 * @category refinements
 */
export const isRequestCode = (code: number): code is RequestCode => names.has(code)
