/**
 * Another copy of a message that a broker has already: its body as it is stored, under its own ids.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"

/** The group of a client's own sends. */
const INNER_PRODUCER = "CLIENT_INNER_PRODUCER"

const COMPRESSION_BITS = 0x701

/** Properties that are of one delivery, or that would delay the copy in another way than its level. */
const dropped: ReadonlyArray<string> = [
  Properties.TRAN_MSG,
  Properties.MIN_OFFSET,
  Properties.MAX_OFFSET,
  Properties.CONSUME_START_TIME,
  Properties.TIMER_DELAY_SEC,
  Properties.TIMER_DELAY_MS,
  Properties.TIMER_DELIVER_MS
]

/** @internal The message's properties without those that a copy must not have, to be changed. */
export const propertiesOf = (message: MessageExt): Record<string, string> => {
  const properties: Record<string, string> = { ...message.properties }
  for (const name of dropped) delete properties[name]
  return properties
}

/** @internal The request that stores the copy. Times in milliseconds. */
export const request = (message: MessageExt, copy: {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly properties: string
  readonly reconsumeTimes: number
  readonly maxReconsumeTimes: number
  readonly now: number
}): Request =>
  RequestHeader.SendMessageV2.make({
    producerGroup: INNER_PRODUCER,
    topic: copy.topic,
    defaultTopic: Names.DEFAULT_TOPIC,
    defaultTopicQueueNums: 4,
    queueId: copy.queueId,
    sysFlag: message.sysFlag & COMPRESSION_BITS,
    bornTimestamp: copy.now,
    flag: message.flag,
    properties: copy.properties,
    reconsumeTimes: copy.reconsumeTimes,
    maxReconsumeTimes: copy.maxReconsumeTimes,
    unitMode: false,
    batch: false,
    bname: copy.brokerName
  }, message.body)
