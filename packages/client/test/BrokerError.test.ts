import * as Broker from "@effect-rocketmq/client/Broker"
import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import { RequestTimeoutError, TooManyRequestsError } from "@effect-rocketmq/client/RemotingError"
import * as RocketMQError from "@effect-rocketmq/client/RocketMQError"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"

const answer = (responseCode: number, remark = "", requestCode: number = RequestCode.SEND_MESSAGE_V2) =>
  Broker.errorOf({
    address: "10.0.0.1:10911",
    brokerName: "broker-a",
    topic: "orders",
    group: "billing",
    queueId: 3,
    requestCode,
    responseCode,
    remark
  })

type Row = readonly [
  code: number,
  remark: string,
  requestCode: number,
  tag: BrokerError.BrokerAnswerError["_tag"],
  outcome: BrokerError.Outcome,
  retryable: boolean
]

const send = RequestCode.SEND_MESSAGE_V2
const pull = RequestCode.PULL_MESSAGE
const end = RequestCode.END_TRANSACTION
const recall = RequestCode.RECALL_MESSAGE
const create = RequestCode.UPDATE_AND_CREATE_TOPIC

const rows: ReadonlyArray<Row> = [
  [1, "java.lang.NullPointerException", send, "BrokerSystemError", "Unknown", true],
  [1, "[PC_SYNCHRONIZED]broker busy, start flow control for a while", send, "BrokerBusyError", "Refused", true],
  [
    1,
    "org.apache.rocketmq.acl.common.AclException: Check signature failed for accessKey=u",
    send,
    "AuthenticationError",
    "Refused",
    false
  ],
  [1, "AclException: No accessKey is configured", send, "AuthenticationError", "Refused", false],
  [1, "AclException: No default permission for T", send, "AuthorizationError", "Refused", false],
  [
    1,
    "timer message is under flow control, max num limit is 4 or the current value is greater than 2 and less than 4",
    send,
    "BrokerBusyError",
    "Refused",
    true
  ],
  [
    1,
    "accurate timer message is not enabled, timerWheelEnable is false",
    send,
    "PermissionDeniedError",
    "Refused",
    false
  ],
  [1, "The producer group wrong", end, "TransactionFailedError", "Refused", false],
  [1, "The transaction state table offset wrong", end, "TransactionFailedError", "Refused", false],
  [1, "Find prepared transaction message failed", end, "TransactionFailedError", "Refused", false],
  [1, "The producer group wrong", send, "BrokerSystemError", "Unknown", true],
  [
    1,
    "java.lang.RuntimeException: message body size exceeded, org.apache.rocketmq.store.MessageExtEncoder.encode",
    RequestCode.SEND_BATCH_MESSAGE,
    "MessageIllegalError",
    "Refused",
    false
  ],
  [
    1,
    "can not find message by the offset, 123",
    RequestCode.VIEW_MESSAGE_BY_ID,
    "OffsetNotFoundError",
    "Refused",
    false
  ],
  [
    1,
    "look message by offset failed, 123",
    RequestCode.CONSUMER_SEND_MSG_BACK,
    "OffsetNotFoundError",
    "Refused",
    false
  ],
  [2, "[TIMEOUT_CLEAN_QUEUE]broker busy", send, "BrokerBusyError", "Refused", true],
  [3, " request type 1 not supported", send, "RequestNotSupportedError", "Refused", false],
  [4, "", end, "TransactionFailedError", "Refused", false],
  [10, "", send, "FlushTimeoutError", "Unknown", true],
  [11, "", send, "SlaveNotAvailableError", "Unknown", true],
  [11, "", end, "SlaveNotAvailableError", "Refused", true],
  [12, "", send, "FlushTimeoutError", "Unknown", true],
  [13, "timer message illegal", send, "MessageIllegalError", "Refused", false],
  [14, "disk full", send, "BrokerNotAvailableError", "Refused", true],
  [15, "", pull, "RequestNotSupportedError", "Refused", false],
  [16, "username cannot be null.", send, "AuthenticationError", "Refused", false],
  [16, "User:x is not found.", send, "AuthenticationError", "Refused", false],
  [16, "User:x is disabled.", send, "AuthenticationError", "Refused", false],
  [16, "check signature failed.", send, "AuthenticationError", "Refused", false],
  [
    16,
    "User:bob has no permission to access Topic:PX from 127.0.0.1, no matched policies.",
    send,
    "AuthorizationError",
    "Refused",
    false
  ],
  [16, "the broker[10.0.0.1] sending message is forbidden", send, "PermissionDeniedError", "Refused", true],
  [16, "the topic[secret-broadcast] sending message is forbidden", send, "PermissionDeniedError", "Refused", true],
  [17, "topic[orders] not exist", send, "TopicNotFoundError", "Refused", true],
  [17, "topic[orders] not exist", pull, "TopicNotFoundError", "Refused", false],
  [18, "", create, "BrokerResponseError", "Refused", false],
  [19, "", RequestCode.GET_MAX_OFFSET, "BrokerResponseError", "Refused", false],
  [19, "", RequestCode.PEEK_MESSAGE, "PullError", "Refused", true],
  [21, "", RequestCode.GET_MAX_OFFSET, "OffsetIllegalError", "Refused", false],
  [22, "Not found", RequestCode.QUERY_CONSUMER_OFFSET, "OffsetNotFoundError", "Refused", false],
  [23, "", RequestCode.CHECK_CLIENT_CONFIG, "SubscriptionParseError", "Refused", false],
  [24, "", pull, "SubscriptionNotLatestError", "Refused", true],
  [25, "", pull, "SubscriptionNotLatestError", "Refused", true],
  [26, "", pull, "GroupNotFoundError", "Refused", false],
  [27, "", pull, "FilterDataNotFoundError", "Refused", true],
  [28, "", pull, "FilterDataNotFoundError", "Refused", true],
  [29, "", send, "InvalidParameterError", "Refused", false],
  [203, "", end, "TransactionFailedError", "Refused", false],
  [204, "", send, "BrokerResponseError", "Refused", true],
  [205, "", send, "BrokerResponseError", "Refused", true],
  [206, "", RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, "ConsumerNotOnlineError", "Refused", true],
  [
    1,
    "push reply message fail, channel of <broker busy> not found.",
    RequestCode.SEND_REPLY_MESSAGE_V2,
    "ClientNotOnlineError",
    "Refused",
    true
  ],
  [1, "push reply message to <me>fail.", RequestCode.SEND_REPLY_MESSAGE_V2, "BrokerSystemError", "Unknown", true],
  [207, "", RequestCode.CONSUME_MESSAGE_DIRECTLY, "BrokerTimeoutError", "Unknown", true],
  [208, "", RequestCode.ACK_MESSAGE, "OffsetIllegalError", "Refused", false],
  [209, "", RequestCode.POP_MESSAGE, "BrokerBusyError", "Refused", true],
  [215, "", pull, "BrokerBusyError", "Refused", true],
  [501, "", send, "BrokerNotAvailableError", "Refused", true],
  [604, "", end, "TransactionFailedError", "Refused", false],
  [3, " request type 370 not supported", recall, "RequestNotSupportedError", "Refused", false],
  [11, "recall failed, broker service not available", recall, "SlaveNotAvailableError", "Refused", true],
  [14, "recall failed, broker service not available", recall, "BrokerNotAvailableError", "Refused", true],
  [16, "recall failed, operation is forbidden", recall, "PermissionDeniedError", "Refused", false],
  [17, "recall failed, the topic[T] not exist", recall, "TopicNotFoundError", "Refused", false],
  [604, "recall failed, timestamp invalid", recall, "InvalidParameterError", "Refused", false],
  [1500, "", send, "BrokerNotAvailableError", "Refused", true],
  [2017, "", send, "QuotaExceededError", "Refused", false],
  [2018, "", send, "QuotaExceededError", "Refused", false],
  [4242, "of a version to come", send, "BrokerResponseError", "Unknown", false],
  [-1006, "", send, "BrokerResponseError", "Unknown", false]
]

describe("BrokerError", () => {
  for (const [code, remark, requestCode, tag, outcome, retryable] of rows) {
    it(`${code} ${remark} to ${RequestCode.nameOf(requestCode)} is ${tag}`, () => {
      const error = answer(code, remark, requestCode)
      assert.deepStrictEqual(
        { tag: error._tag, outcome: error.outcome, retryable: error.retryable, code: error.responseCode },
        { tag, outcome, retryable, code }
      )
      assert.strictEqual(BrokerError.outcome(error), outcome)
      assert.isTrue(RocketMQError.isRocketMQError(error))
    })
  }

  it("has a message with everything a person looks for", () => {
    const message = answer(ResponseCode.SYSTEM_BUSY, "[OVERLOAD] too many requests.").message
    for (
      const part of [
        "broker-a",
        "10.0.0.1:10911",
        "SEND_MESSAGE_V2",
        "orders",
        "billing",
        "queue 3",
        "2 SYSTEM_BUSY",
        "[OVERLOAD] too many requests"
      ]
    ) {
      assert.include(message, part)
    }
  })

  it("every code that is known has a class and a message", () => {
    for (const code of Object.values(ResponseCode.all)) {
      if (code === ResponseCode.SUCCESS) continue
      const error = answer(code)
      assert.isTrue(BrokerError.isBrokerAnswerError(error), String(code))
      assert.isAbove(error.message.length, 20)
      assert.notInclude(error.message, "undefined")
    }
  })

  it("tells what of permissions forbids it", () => {
    const reason = (remark: string) => {
      const error = answer(ResponseCode.NO_PERMISSION, remark, pull)
      return error._tag === "PermissionDeniedError" ? error.reason : error._tag
    }
    assert.strictEqual(reason("the broker[10.0.0.1] pulling message is forbidden"), "Broker")
    assert.strictEqual(reason("the topic[broadcast-group] pulling message is forbidden"), "Topic")
    assert.strictEqual(reason("Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden."), "SystemTopic")
    assert.strictEqual(reason("subscription group no permission, g"), "Group")
    assert.strictEqual(reason("the consumer group[g] can not consume by broadcast way"), "Broadcast")
    assert.strictEqual(reason("the consumer group[g] is forbidden for topic[t]"), "Subscription")
    assert.strictEqual(reason("recall failed, operation is forbidden"), "Feature")
    assert.strictEqual(reason("go away"), "Unspecified")
  })

  it("tells a slave that is missing from a slave that was asked", () => {
    assert.include(answer(11, "", send).message, "no copy on a slave yet")
    assert.include(answer(11, "", recall).message, "ask the broker's master")
  })

  it("tells a message that is too large from one that is illegal", () => {
    const remark = "the message is illegal, maybe msg body or properties length not matched. " +
      "msg body length limit 4194304B, msg properties length limit 32KB."
    const of = (bodySize?: number) =>
      Broker.errorOf({ address: "a:1", requestCode: send, responseCode: 13, remark }, bodySize)
    const large = of(4194305)
    assert.strictEqual(large._tag, "MessageTooLargeError")
    assert.include(large.message, "4194305")
    assert.include(large.message, "4194304")
    assert.strictEqual(of(4194304)._tag, "MessageIllegalError")
    assert.strictEqual(of()._tag, "MessageIllegalError")
  })

  it("knows the outcome of requests without an answer", () => {
    assert.strictEqual(
      BrokerError.outcome(new RequestTimeoutError({ address: "a:1", code: send, timeout: 3000, written: true })),
      "Unknown"
    )
    assert.strictEqual(BrokerError.outcome(new TooManyRequestsError({ address: "a:1", limit: 1 })), "Refused")
  })
})
