/**
 * From response codes to errors.
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as E from "../BrokerError.js"

type Make = (answer: E.Answer, bodySize: number) => E.BrokerAnswerError

type Constructor = new(answer: E.Answer) => E.BrokerAnswerError

const as = (Class: Constructor): Make => (answer) => new Class(answer)

const notAvailable = (reason: E.BrokerNotAvailableError["reason"]): Make => (answer) =>
  new E.BrokerNotAvailableError({ ...answer, reason })

/** The remark without the names of topics, groups and hosts in it, which may hold any word. */
const remarkOf = (answer: E.Answer): string =>
  (answer.remark ?? "").replace(/\[[^\]]*\]/g, (name) => flow.test(name) ? name : "[]")

const flow = /^\[(REJECTREQUEST|OVERLOAD|PC_SYNCHRONIZED|TIMEOUT_CLEAN_QUEUE|PCBUSY_CLEAN_QUEUE)\]$/

/** Flow control as brokers word it; up to 5.0 some of it travels with SYSTEM_ERROR. */
const busy =
  /\[(REJECTREQUEST|OVERLOAD|PC_SYNCHRONIZED|TIMEOUT_CLEAN_QUEUE|PCBUSY_CLEAN_QUEUE)\]|broker busy|(start|under) flow control/i

/** ACL of 4.x: an exception's text with SYSTEM_ERROR. */
const aclException = /AclException|\bacl\b.*(fail|deni|permission)|signature validate/i

const aboutIdentity = /signature|access ?key|secret|username|password|User:\S+ is (not found|disabled)/i

const noRight = /no permission to access|no matched policies|No default permission|No permission for/i

/** A commit log offset where nothing is, of VIEW_MESSAGE_BY_ID and CONSUMER_SEND_MSG_BACK. */
const noSuchMessage = /can ?not find message|look message by offset failed/i

/** A timer message to a broker with timerWheelEnable=false. */
const switchedOff = /timerWheelEnable is false/

/** END_TRANSACTION about a half message that is not there, or is another group's. */
const wrongTransaction = /producer group wrong|offset wrong|Find prepared transaction message failed/i

/** A reply for a client that this broker does not know. */
const noRequester = /^push reply message fail, channel of <.*> not found/

/** A batch over maxMessageSize: nobody catches the exception. Single messages get MESSAGE_ILLEGAL. */
const batchTooLarge = /message body size exceeded/

const systemError: Make = (answer) => {
  // it names a client, which may hold any word
  if (noRequester.test(answer.remark ?? "")) return new E.ClientNotOnlineError(answer)
  const remark = remarkOf(answer)
  if (busy.test(remark)) return new E.BrokerBusyError(answer)
  if (answer.requestCode === RequestCode.SEND_BATCH_MESSAGE && batchTooLarge.test(remark)) {
    return new E.MessageIllegalError(answer)
  }
  if (switchedOff.test(remark)) return new E.PermissionDeniedError({ ...answer, reason: "Feature" })
  if (answer.requestCode === RequestCode.END_TRANSACTION && wrongTransaction.test(remark)) {
    return new E.TransactionFailedError(answer)
  }
  if (aclException.test(remark)) {
    return noRight.test(remark) || !aboutIdentity.test(remark)
      ? new E.AuthorizationError(answer)
      : new E.AuthenticationError(answer)
  }
  return noSuchMessage.test(remark) ? new E.OffsetNotFoundError(answer) : new E.BrokerSystemError(answer)
}

/** What a remark of code 16 without a matter of users names, most telling first. */
const permissions: ReadonlyArray<readonly [RegExp, E.PermissionDeniedError["reason"]]> = [
  [/sending message to topic/i, "SystemTopic"],
  [/broadcast/i, "Broadcast"],
  [/forbidden for topic/i, "Subscription"],
  [/subscription group|consumer group|group\[/i, "Group"],
  [/subscription/i, "Subscription"],
  [/topic/i, "Topic"],
  [/recall|not enabled?|is disabled/i, "Feature"],
  [/broker/i, "Broker"]
]

const noPermission: Make = (answer) => {
  const remark = remarkOf(answer)
  if (noRight.test(remark)) return new E.AuthorizationError(answer)
  if (aboutIdentity.test(remark)) return new E.AuthenticationError(answer)
  const reason = permissions.find(([pattern]) => pattern.test(remark))?.[1] ?? "Unspecified"
  return new E.PermissionDeniedError({ ...answer, reason })
}

/** Brokers word their limit so: `msg body length limit 4194304B, msg properties length limit 32KB`. */
const bodyLimit = /body length limit (\d+) ?B/i

const messageIllegal: Make = (answer, bodySize) => {
  const limit = Number(bodyLimit.exec(remarkOf(answer))?.[1])
  return bodySize > limit
    ? new E.MessageTooLargeError({ ...answer, size: bodySize, limit })
    : new E.MessageIllegalError(answer)
}

const pulls: ReadonlySet<number> = new Set([
  RequestCode.PULL_MESSAGE,
  RequestCode.LITE_PULL_MESSAGE,
  RequestCode.POP_MESSAGE,
  RequestCode.PEEK_MESSAGE
])

const illegalOperation: Make = (answer) =>
  answer.requestCode === RequestCode.END_TRANSACTION
    ? new E.TransactionFailedError(answer)
    : new E.InvalidParameterError(answer)

const table: ReadonlyMap<number, Make> = new Map([
  [ResponseCode.SYSTEM_ERROR, systemError],
  [ResponseCode.SYSTEM_BUSY, as(E.BrokerBusyError)],
  [ResponseCode.REQUEST_CODE_NOT_SUPPORTED, as(E.RequestNotSupportedError)],
  [ResponseCode.TRANSACTION_FAILED, as(E.TransactionFailedError)],
  [ResponseCode.FLUSH_DISK_TIMEOUT, as(E.FlushTimeoutError)],
  [ResponseCode.SLAVE_NOT_AVAILABLE, as(E.SlaveNotAvailableError)],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, as(E.FlushTimeoutError)],
  [ResponseCode.MESSAGE_ILLEGAL, messageIllegal],
  [ResponseCode.SERVICE_NOT_AVAILABLE, notAvailable("ServiceNotAvailable")],
  [ResponseCode.VERSION_NOT_SUPPORTED, as(E.RequestNotSupportedError)],
  [ResponseCode.NO_PERMISSION, noPermission],
  [ResponseCode.TOPIC_NOT_EXIST, as(E.TopicNotFoundError)],
  [ResponseCode.PULL_OFFSET_MOVED, as(E.OffsetIllegalError)],
  [ResponseCode.QUERY_NOT_FOUND, as(E.OffsetNotFoundError)],
  [ResponseCode.SUBSCRIPTION_PARSE_FAILED, as(E.SubscriptionParseError)],
  [ResponseCode.SUBSCRIPTION_NOT_EXIST, as(E.SubscriptionNotLatestError)],
  [ResponseCode.SUBSCRIPTION_NOT_LATEST, as(E.SubscriptionNotLatestError)],
  [ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, as(E.GroupNotFoundError)],
  [ResponseCode.FILTER_DATA_NOT_EXIST, as(E.FilterDataNotFoundError)],
  [ResponseCode.FILTER_DATA_NOT_LATEST, as(E.FilterDataNotFoundError)],
  [ResponseCode.INVALID_PARAMETER, as(E.InvalidParameterError)],
  [ResponseCode.TRANSACTION_SHOULD_COMMIT, as(E.TransactionFailedError)],
  [ResponseCode.TRANSACTION_SHOULD_ROLLBACK, as(E.TransactionFailedError)],
  [ResponseCode.TRANSACTION_STATE_UNKNOW, as(E.TransactionFailedError)],
  [ResponseCode.TRANSACTION_STATE_GROUP_WRONG, as(E.TransactionFailedError)],
  [ResponseCode.CONSUMER_NOT_ONLINE, as(E.ConsumerNotOnlineError)],
  [ResponseCode.CONSUME_MSG_TIMEOUT, as(E.BrokerTimeoutError)],
  [ResponseCode.NO_MESSAGE, as(E.OffsetIllegalError)],
  [ResponseCode.POLLING_FULL, as(E.BrokerBusyError)],
  [ResponseCode.FLOW_CONTROL, as(E.BrokerBusyError)],
  [ResponseCode.NOT_LEADER_FOR_QUEUE, notAvailable("NotLeader")],
  [ResponseCode.ILLEGAL_OPERATION, illegalOperation],
  [ResponseCode.GO_AWAY, notAvailable("GoAway")],
  [ResponseCode.LMQ_QUOTA_EXCEEDED, as(E.QuotaExceededError)],
  [ResponseCode.LITE_SUBSCRIPTION_QUOTA_EXCEEDED, as(E.QuotaExceededError)]
])

/** See Broker.errorOf. */
export const errorOf = (answer: E.Answer, bodySize = 0): E.BrokerAnswerError => {
  const make = table.get(answer.responseCode)
  if (make !== undefined) return make(answer, bodySize)
  return pulls.has(answer.requestCode) ? new E.PullError(answer) : new E.BrokerResponseError(answer)
}
