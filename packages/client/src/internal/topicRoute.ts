/**
 * Which queues a route gives.
 */
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { TopicRouteData } from "@effect-rocketmq/protocol/TopicRouteData"
import type { TopicRoute } from "../TopicRoute.js"

const MASTER_ID = 0

const push = (queues: Array<MessageQueue.MessageQueue>, topic: string, brokerName: string, count: number): void => {
  for (let id = 0; id < count; id++) queues.push(MessageQueue.make(topic, brokerName, id))
}

/** `broker-a:4;broker-b:4`. What is not of that form names no queues. */
const orderedQueues = (topic: string, conf: string): Array<MessageQueue.MessageQueue> => {
  const queues: Array<MessageQueue.MessageQueue> = []
  for (const part of conf.split(";")) {
    const at = part.lastIndexOf(":")
    const count = Number(part.slice(at + 1))
    if (at > 0 && Number.isInteger(count)) push(queues, topic, part.slice(0, at).trim(), count)
  }
  return queues
}

/** See TopicRoute.make. */
export const make = (topic: string, data: TopicRouteData): TopicRoute => {
  const brokers = new Map(data.brokerDatas.map((broker) => [broker.brokerName, broker.brokerAddrs]))
  const readQueues: Array<MessageQueue.MessageQueue> = []
  const writeQueues: Array<MessageQueue.MessageQueue> = []
  for (const queues of data.queueDatas) {
    if (Permission.isReadable(queues.perm)) push(readQueues, topic, queues.brokerName, queues.readQueueNums)
    if (Permission.isWriteable(queues.perm) && brokers.get(queues.brokerName)?.has(MASTER_ID) === true) {
      push(writeQueues, topic, queues.brokerName, queues.writeQueueNums)
    }
  }
  const order = data.orderTopicConf ?? ""
  return {
    topic,
    // not sorted when it is configured: the queue of a key must be the one that other producers find at its index
    writeQueues: order === "" ? writeQueues.sort(MessageQueue.order) : orderedQueues(topic, order),
    readQueues: readQueues.sort(MessageQueue.order),
    brokers,
    data
  }
}

const sameQueues = (
  self: ReadonlyArray<MessageQueue.MessageQueue>,
  that: ReadonlyArray<MessageQueue.MessageQueue>
): boolean => self.length === that.length && self.every((queue, at) => MessageQueue.order(queue, that[at]!) === 0)

const sameBrokers = (self: TopicRoute["brokers"], that: TopicRoute["brokers"]): boolean => {
  if (self.size !== that.size) return false
  for (const [name, addresses] of self) {
    const others = that.get(name)
    if (others === undefined || others.size !== addresses.size) return false
    for (const [id, address] of addresses) if (others.get(id) !== address) return false
  }
  return true
}

/** See TopicRoute.equals. */
export const equals = (self: TopicRoute, that: TopicRoute): boolean =>
  self === that || (
    self.topic === that.topic &&
    sameQueues(self.writeQueues, that.writeQueues) &&
    sameQueues(self.readQueues, that.readQueues) &&
    sameBrokers(self.brokers, that.brokers)
  )
