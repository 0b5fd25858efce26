/**
 * The recall of timer messages (370).
 *
 * @since 0.1.0
 */
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import type { Answer, Handler } from "./server.js"
import { answer } from "./server.js"

const RECALL_TAG = "_RECALL_TAG_"

/** The body of a message without one of its own: the text `0`. */
const body = Uint8Array.of(0x30)

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const { settings } = broker
  const region = { MSG_REGION: settings.region }

  /** Why a handle is none that recalls anything, in the broker's words. */
  const problemOf = (topic: string, handle: MessageId.RecallHandle): string | undefined => {
    if (handle.topic !== topic) return "recall failed, topic not match"
    if (handle.brokerName !== broker.name) return "recall failed, broker service not available"
    const left = handle.timestamp - broker.now()
    return left <= 0 || left >= settings.maxTimerDelay ? "recall failed, timestamp invalid" : undefined
  }

  /** As in RocketMQ, a timer message of its own, whose arrival in the wheel takes the other one out. */
  const put = (handle: MessageId.RecallHandle, group: string, bornHost: string) =>
    broker.schedule.put({
      topic: handle.topic,
      queueId: 0,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: broker.now(),
      bornHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body,
      properties: {
        [MessageProperties.TAGS]: RECALL_TAG,
        [MessageProperties.TIMER_DEL_UNIQKEY]: handle.messageId,
        [MessageProperties.UNIQ_KEY]: handle.messageId,
        [MessageProperties.TIMER_DELIVER_MS]: String(handle.timestamp),
        [MessageProperties.PGROUP]: group
      }
    })

  const recall = (topic: string, text: string, group: string, bornHost: string): Answer => {
    if (!settings.recallMessage) {
      return answer(ResponseCode.NO_PERMISSION, "recall failed, operation is forbidden")
    }
    if (broker.topics.get(topic) === undefined) {
      return answer(ResponseCode.TOPIC_NOT_EXIST, `recall failed, the topic[${topic}] not exist`)
    }
    const handle = MessageId.decodeRecallHandle(text)
    if (Either.isLeft(handle)) return answer(ResponseCode.ILLEGAL_OPERATION, "recall handle is invalid")
    const problem = problemOf(topic, handle.right)
    if (problem !== undefined) return answer(ResponseCode.ILLEGAL_OPERATION, problem)
    // whether the wheel holds such a message is not looked at
    return typeof put(handle.right, group, bornHost) === "object"
      ? { code: ResponseCode.SUCCESS, extFields: { msgId: handle.right.messageId } }
      : answer(ResponseCode.SYSTEM_ERROR, "recall failed, execute error")
  }

  const handler: Handler = ({ connection, request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const handle = Fields.string(extFields, "recallHandle")
    const result = recall(topic, handle, extFields["producerGroup"] ?? "", connection.remoteAddress)
    return { ...result, extFields: { ...region, ...result.extFields } }
  }

  return settings.version < MqVersion.V5_3_2 ? [] : [[RequestCode.RECALL_MESSAGE, handler]]
}
