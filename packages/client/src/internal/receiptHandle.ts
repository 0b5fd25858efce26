/**
 * Receipt handles as brokers write them.
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import type { Origin, ReceiptHandle } from "../ReceiptHandle.js"

const letters: Readonly<Record<Origin, string>> = { Topic: "0", RetryV1: "1", RetryV2: "2" }

/** By the letter on the wire. */
export const origins: Readonly<Record<string, Origin>> = { "0": "Topic", "1": "RetryV1", "2": "RetryV2" }

/** The letter on the wire. */
export const letterOf = (origin: Origin): string => letters[origin]

/** See ReceiptHandle.encode. */
export const encode = (self: ReceiptHandle): string =>
  [
    self.checkpointOffset,
    self.popTime,
    self.invisibleTime,
    self.reviveQueueId,
    letters[self.origin],
    self.brokerName,
    self.queueId,
    self.queueOffset
  ].join(" ")

const number = /^\d{1,19}$/

/** See ReceiptHandle.decode. */
export const decode = (text: string, expiresAt: number): ReceiptHandle | undefined => {
  const words = text.split(" ")
  if (words.length !== 8) return undefined
  const [checkpoint, popTime, invisibleTime, reviveQueueId, letter, brokerName, queueId, offset] = words as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string
  ]
  const origin = origins[letter]
  if (origin === undefined || brokerName === "") return undefined
  for (const word of [checkpoint, popTime, invisibleTime, reviveQueueId, queueId, offset]) {
    if (!number.test(word)) return undefined
  }
  return {
    checkpointOffset: BigInt(checkpoint),
    popTime: Number(popTime),
    invisibleTime: Number(invisibleTime),
    reviveQueueId: Number(reviveQueueId),
    origin,
    brokerName,
    queueId: Number(queueId),
    queueOffset: BigInt(offset),
    expiresAt
  }
}

/** See ReceiptHandle.topicOf. */
export const topicOf = (self: ReceiptHandle, group: string, topic: string): string =>
  self.origin === "Topic"
    ? topic
    : `${Names.RETRY_PREFIX}${group}${self.origin === "RetryV1" ? "_" : "+"}${topic}`

/** What a topic is to a group that pops: the one asked for, or the group's retry topic of it. */
export const originOf = (asked: string, stored: string): Origin =>
  !Names.isRetryTopic(stored) || stored === asked ? "Topic" : stored.includes("+") ? "RetryV2" : "RetryV1"
