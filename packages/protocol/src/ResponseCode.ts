/**
 * What a server answers, under Java's names. Decide by the code alone: a remark may stand on success too.
 * @since 0.1.0
 */
import { byCode } from "./internal/names.js"

/** Done.
 * @since 0.1.0
 * @category codes */
export const SUCCESS = 0

/** Any exception of the server; a send may be tried on another broker.
 * @since 0.1.0
 * @category codes */
export const SYSTEM_ERROR = 1

/** Overload; try another broker, or later.
 * @since 0.1.0
 * @category codes */
export const SYSTEM_BUSY = 2

/** The server does not know the request; never retry.
 * @since 0.1.0
 * @category codes */
export const REQUEST_CODE_NOT_SUPPORTED = 3

/** The transaction failed.
 * @since 0.1.0
 * @category codes */
export const TRANSACTION_FAILED = 4

/** Stored, but not on disk in time: a send that succeeded with a weaker status.
 * @since 0.1.0
 * @category codes */
export const FLUSH_DISK_TIMEOUT = 10

/** Stored, but no slave could take it: a send that succeeded with a weaker status.
 * @since 0.1.0
 * @category codes */
export const SLAVE_NOT_AVAILABLE = 11

/** Stored, but not on the slave in time: a send that succeeded with a weaker status.
 * @since 0.1.0
 * @category codes */
export const FLUSH_SLAVE_TIMEOUT = 12

/** Too large, bad timer, or a bad queue for an ack; never retry.
 * @since 0.1.0
 * @category codes */
export const MESSAGE_ILLEGAL = 13

/** Disk full or shutting down; try another broker.
 * @since 0.1.0
 * @category codes */
export const SERVICE_NOT_AVAILABLE = 14

/** The client's version is too old for the request.
 * @since 0.1.0
 * @category codes */
export const VERSION_NOT_SUPPORTED = 15

/** The topic, broker or group forbids it, or authorization failed.
 * @since 0.1.0
 * @category codes */
export const NO_PERMISSION = 16

/** No such topic.
 * @since 0.1.0
 * @category codes */
export const TOPIC_NOT_EXIST = 17

/** The topic exists.
 * @since 0.1.0
 * @category codes */
export const TOPIC_EXIST_ALREADY = 18

/** No new message; pull again.
 * @since 0.1.0
 * @category codes */
export const PULL_NOT_FOUND = 19

/** Nothing matched; pull again at once from the next offset.
 * @since 0.1.0
 * @category codes */
export const PULL_RETRY_IMMEDIATELY = 20

/** The offset is illegal or was reset; go on from the next offset.
 * @since 0.1.0
 * @category codes */
export const PULL_OFFSET_MOVED = 21

/** The offset, message or key was not found.
 * @since 0.1.0
 * @category codes */
export const QUERY_NOT_FOUND = 22

/** The SQL92 expression is wrong.
 * @since 0.1.0
 * @category codes */
export const SUBSCRIPTION_PARSE_FAILED = 23

/** The last heartbeat did not hold the group or topic; send one, then retry.
 * @since 0.1.0
 * @category codes */
export const SUBSCRIPTION_NOT_EXIST = 24

/** The broker has an older subscription; send a heartbeat, then retry.
 * @since 0.1.0
 * @category codes */
export const SUBSCRIPTION_NOT_LATEST = 25

/** The group does not exist and is not created automatically.
 * @since 0.1.0
 * @category codes */
export const SUBSCRIPTION_GROUP_NOT_EXIST = 26

/** The SQL92 filter is not registered; send a heartbeat, then retry.
 * @since 0.1.0
 * @category codes */
export const FILTER_DATA_NOT_EXIST = 27

/** The SQL92 filter is older; send a heartbeat, then retry.
 * @since 0.1.0
 * @category codes */
export const FILTER_DATA_NOT_LATEST = 28

/** A bad queue id, topic name or pop count.
 * @since 0.1.0
 * @category codes */
export const INVALID_PARAMETER = 29

/** Not used by 5.x.
 * @since 0.1.0
 * @category codes */
export const TRANSACTION_SHOULD_COMMIT = 200

/** Not used by 5.x.
 * @since 0.1.0
 * @category codes */
export const TRANSACTION_SHOULD_ROLLBACK = 201

/** Not used by 5.x.
 * @since 0.1.0
 * @category codes */
export const TRANSACTION_STATE_UNKNOW = 202

/** Not used by 5.x.
 * @since 0.1.0
 * @category codes */
export const TRANSACTION_STATE_GROUP_WRONG = 203

/** No buyer id; a send may be tried on another broker.
 * @since 0.1.0
 * @category codes */
export const NO_BUYER_ID = 204

/** Not of this unit; a send may be tried on another broker.
 * @since 0.1.0
 * @category codes */
export const NOT_IN_CURRENT_UNIT = 205

/** No consumer of the group is connected.
 * @since 0.1.0
 * @category codes */
export const CONSUMER_NOT_ONLINE = 206

/** The consumer did not answer a relayed call in 10 seconds.
 * @since 0.1.0
 * @category codes */
export const CONSUME_MSG_TIMEOUT = 207

/** The acknowledged offset is outside the queue, or the batch is empty.
 * @since 0.1.0
 * @category codes */
export const NO_MESSAGE = 208

/** Too many pops wait; back off.
 * @since 0.1.0
 * @category codes */
export const POLLING_FULL = 209

/** The pop ended with nothing.
 * @since 0.1.0
 * @category codes */
export const POLLING_TIMEOUT = 210

/** No such broker.
 * @since 0.1.0
 * @category codes */
export const BROKER_NOT_EXIST = 211

/** The broker has not dispatched all messages yet.
 * @since 0.1.0
 * @category codes */
export const BROKER_DISPATCH_NOT_COMPLETE = 212

/** The group consumes by broadcast.
 * @since 0.1.0
 * @category codes */
export const BROADCAST_CONSUMPTION = 213

/** Pull or pop again after 20 ms.
 * @since 0.1.0
 * @category codes */
export const FLOW_CONTROL = 215

/** The queue of a static topic moved; refresh the route.
 * @since 0.1.0
 * @category codes */
export const NOT_LEADER_FOR_QUEUE = 501

/** A late END_TRANSACTION, a bad recall handle, or a bad lite request.
 * @since 0.1.0
 * @category codes */
export const ILLEGAL_OPERATION = 604

/** The proxy shuts down: reconnect and send once more.
 * @since 0.1.0
 * @category codes */
export const GO_AWAY = 1500

/** The master epoch is not the controller's.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_FENCED_MASTER_EPOCH = 2000

/** The epoch of the replicas in sync is not the controller's.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH = 2001

/** The asking broker is not the master.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_INVALID_MASTER = 2002

/** A replica is unknown.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_INVALID_REPLICAS = 2003

/** There is no master.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_MASTER_NOT_AVAILABLE = 2004

/** The request makes no sense.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_INVALID_REQUEST = 2005

/** The broker is not alive.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_BROKER_NOT_ALIVE = 2006

/** Another controller leads; ask that one.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_NOT_LEADER = 2007

/** The broker is unknown.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_BROKER_METADATA_NOT_EXIST = 2008

/** The broker's metadata may not be removed.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_INVALID_CLEAN_BROKER_METADATA = 2009

/** The broker must register first.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_BROKER_NEED_TO_BE_REGISTERED = 2010

/** The present master lives.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_MASTER_STILL_EXIST = 2011

/** No master could be elected.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_ELECT_MASTER_FAILED = 2012

/** The replicas in sync could not be changed.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_ALTER_SYNC_STATE_SET_FAILED = 2013

/** The broker id is taken.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_BROKER_ID_INVALID = 2014

/** JRaft failed.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_JRAFT_INTERNAL_ERROR = 2015

/** No heartbeat of the broker is known.
 * @since 0.1.0
 * @category codes */
export const CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS = 2016

/** Too many light queues.
 * @since 0.1.0
 * @category codes */
export const LMQ_QUOTA_EXCEEDED = 2017

/** Too many lite subscriptions.
 * @since 0.1.0
 * @category codes */
export const LITE_SUBSCRIPTION_QUOTA_EXCEEDED = 2018

/** No such user.
 * @since 0.1.0
 * @category codes */
export const USER_NOT_EXIST = 3001

/** No such policy.
 * @since 0.1.0
 * @category codes */
export const POLICY_NOT_EXIST = 3002

/** Forwarding inside the cluster failed.
 * @since 0.1.0
 * @category codes */
export const RPC_UNKNOWN = -1000

/** Forwarding inside the cluster: no address.
 * @since 0.1.0
 * @category codes */
export const RPC_ADDR_IS_NULL = -1002

/** Forwarding inside the cluster: could not send.
 * @since 0.1.0
 * @category codes */
export const RPC_SEND_TO_CHANNEL_FAILED = -1004

/** Forwarding inside the cluster: no answer in time.
 * @since 0.1.0
 * @category codes */
export const RPC_TIME_OUT = -1006

/**
 * All codes by name.
 * @since 0.1.0
 * @category codes
 */
export const all = {
  SUCCESS,
  SYSTEM_ERROR,
  SYSTEM_BUSY,
  REQUEST_CODE_NOT_SUPPORTED,
  TRANSACTION_FAILED,
  FLUSH_DISK_TIMEOUT,
  SLAVE_NOT_AVAILABLE,
  FLUSH_SLAVE_TIMEOUT,
  MESSAGE_ILLEGAL,
  SERVICE_NOT_AVAILABLE,
  VERSION_NOT_SUPPORTED,
  NO_PERMISSION,
  TOPIC_NOT_EXIST,
  TOPIC_EXIST_ALREADY,
  PULL_NOT_FOUND,
  PULL_RETRY_IMMEDIATELY,
  PULL_OFFSET_MOVED,
  QUERY_NOT_FOUND,
  SUBSCRIPTION_PARSE_FAILED,
  SUBSCRIPTION_NOT_EXIST,
  SUBSCRIPTION_NOT_LATEST,
  SUBSCRIPTION_GROUP_NOT_EXIST,
  FILTER_DATA_NOT_EXIST,
  FILTER_DATA_NOT_LATEST,
  INVALID_PARAMETER,
  TRANSACTION_SHOULD_COMMIT,
  TRANSACTION_SHOULD_ROLLBACK,
  TRANSACTION_STATE_UNKNOW,
  TRANSACTION_STATE_GROUP_WRONG,
  NO_BUYER_ID,
  NOT_IN_CURRENT_UNIT,
  CONSUMER_NOT_ONLINE,
  CONSUME_MSG_TIMEOUT,
  NO_MESSAGE,
  POLLING_FULL,
  POLLING_TIMEOUT,
  BROKER_NOT_EXIST,
  BROKER_DISPATCH_NOT_COMPLETE,
  BROADCAST_CONSUMPTION,
  FLOW_CONTROL,
  NOT_LEADER_FOR_QUEUE,
  ILLEGAL_OPERATION,
  GO_AWAY,
  CONTROLLER_FENCED_MASTER_EPOCH,
  CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH,
  CONTROLLER_INVALID_MASTER,
  CONTROLLER_INVALID_REPLICAS,
  CONTROLLER_MASTER_NOT_AVAILABLE,
  CONTROLLER_INVALID_REQUEST,
  CONTROLLER_BROKER_NOT_ALIVE,
  CONTROLLER_NOT_LEADER,
  CONTROLLER_BROKER_METADATA_NOT_EXIST,
  CONTROLLER_INVALID_CLEAN_BROKER_METADATA,
  CONTROLLER_BROKER_NEED_TO_BE_REGISTERED,
  CONTROLLER_MASTER_STILL_EXIST,
  CONTROLLER_ELECT_MASTER_FAILED,
  CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
  CONTROLLER_BROKER_ID_INVALID,
  CONTROLLER_JRAFT_INTERNAL_ERROR,
  CONTROLLER_BROKER_LIVE_INFO_NOT_EXISTS,
  LMQ_QUOTA_EXCEEDED,
  LITE_SUBSCRIPTION_QUOTA_EXCEEDED,
  USER_NOT_EXIST,
  POLICY_NOT_EXIST,
  RPC_UNKNOWN,
  RPC_ADDR_IS_NULL,
  RPC_SEND_TO_CHANNEL_FAILED,
  RPC_TIME_OUT
} as const

/**
 * A response code this toolkit knows.
 * @since 0.1.0
 * @category models
 */
export type ResponseCode = typeof all[keyof typeof all]

const names = byCode(all)

/**
 * Java's name of a response code; the number itself when it is unknown.
 * @since 0.1.0
 * @category combinators
 */
export const nameOf = (code: number): string => names.get(code) ?? `${code}`

/**
 * Is it a code that this toolkit knows?
 * @since 0.1.0
 * @category refinements
 */
export const isResponseCode = (code: number): code is ResponseCode => names.has(code)
