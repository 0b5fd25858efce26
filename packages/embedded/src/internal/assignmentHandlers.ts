/**
 * Requests about who consumes what and how: modes of groups (401, 402), and the queues of a member (400).
 *
 * @since 0.1.0
 */
import type * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { Queue } from "./bodies.js"
import { readAssignmentQuery, readRequestMode, write, writeQueue } from "./bodies.js"
import type { Broker } from "./broker.js"
import type { Handler } from "./server.js"
import { answer, ok } from "./server.js"
import * as Table from "./table.js"

interface Mode {
  readonly mode: "PULL" | "POP"
  readonly popShareQueueNum: number
}

const pull: Mode = { mode: "PULL", popShareQueueNum: 0 }

/** Neighbouring queues for each member in turn, the first ones with one more when it does not come out even. */
const average = (queues: ReadonlyArray<Queue>, members: ReadonlyArray<string>, index: number): Array<Queue> => {
  const share = Math.floor(queues.length / members.length)
  const more = queues.length % members.length
  const from = index * share + Math.min(index, more)
  return queues.slice(from, from + share + (index < more ? 1 : 0))
}

const byCircle = (queues: ReadonlyArray<Queue>, members: ReadonlyArray<string>, index: number): Array<Queue> =>
  queues.filter((_, i) => i % members.length === index)

const strategies: Readonly<Record<string, typeof average>> = { AVG: average, AVG_BY_CIRCLE: byCircle }

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  /** By topic and group. */
  const modes = Table.map<Mode>(broker.journal, "modes")

  const setMode: Handler = ({ request }) => {
    const { group, mode, popShareQueueNum, topic } = readRequestMode(request.body)
    if (Names.isRetryTopic(topic)) {
      return answer(ResponseCode.NO_PERMISSION, "retry topic is not allowed to set mode")
    }
    if (broker.topics.get(topic) === undefined) {
      return answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`)
    }
    if (broker.groups.find(group) === undefined) {
      return answer(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, "subscription group does not exist")
    }
    modes.set(Table.keyOf(topic, group), { mode, popShareQueueNum })
    return ok
  }

  const allModes: Handler = () => {
    const table: Record<string, Record<string, LooseJson.Json>> = {}
    for (const [key, mode] of modes) {
      const [topic = "", consumerGroup = ""] = Table.partsOf(key)
      const entries = table[topic] ??= {}
      entries[consumerGroup] = { topic, consumerGroup, ...mode }
    }
    return { code: ResponseCode.SUCCESS, body: write({ messageRequestModeMap: table }) }
  }

  /** The queues of this broker only: it does not know what others have of the topic. */
  const queuesOf = (topic: string): ReadonlyArray<Queue> =>
    Array.from(
      { length: broker.topics.get(topic)?.readQueues ?? 0 },
      (_, queueId) => ({ topic, brokerName: broker.name, queueId })
    )

  const shareOf = (
    queues: ReadonlyArray<Queue>,
    members: ReadonlyArray<string>,
    self: string,
    { mode, popShareQueueNum: share }: Mode,
    strategy: typeof average
  ): ReadonlyArray<Queue> => {
    const index = members.indexOf(self)
    if (mode === "PULL") return index < 0 ? [] : strategy(queues, members, index)
    if (share <= 0 || share >= members.length - 1) return queues.slice(0, 1).map((queue) => ({ ...queue, queueId: -1 }))
    if (index < 0) return []
    if (members.length > queues.length) return [queues[index % queues.length]!]
    const own = new Map<number, Queue>()
    for (let i = 0; i <= share; i++) {
      for (const queue of strategy(queues, members, (index + i) % members.length)) own.set(queue.queueId, queue)
    }
    return [...own.values()]
  }

  const queryAssignment: Handler = ({ request }) => {
    const { clientId, group, messageModel, strategyName, topic } = readAssignmentQuery(request.body)
    const mode = modes.get(Table.keyOf(topic, group)) ?? pull
    const queues = queuesOf(topic)
    const members = [
      ...new Set(Array.from(broker.consumers.group(group)?.channels.values() ?? [], (one) => one.clientId))
    ]
      .sort()
    const strategy = strategies[strategyName]
    const all = messageModel === "BROADCASTING"
    // without a list the client keeps what it has
    const assigned = queues.length === 0 || (!all && (members.length === 0 || strategy === undefined))
      ? undefined
      : all || strategy === undefined
      ? queues
      : shareOf(queues, members, clientId, mode, strategy)
    return {
      code: ResponseCode.SUCCESS,
      body: write(
        assigned === undefined
          ? {}
          : {
            messageQueueAssignments: assigned.map((queue) => ({
              messageQueue: writeQueue(queue),
              mode: mode.mode
            }))
          }
      )
    }
  }

  return [
    [RequestCode.SET_MESSAGE_REQUEST_MODE, setMode],
    [RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, allModes],
    [RequestCode.QUERY_ASSIGNMENT, queryAssignment]
  ]
}
