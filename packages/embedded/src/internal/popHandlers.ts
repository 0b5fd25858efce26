/**
 * Requests of consumers that pop: take (200050), acknowledge (200051, 200151), change the invisible time (200053), wait for
 * something to take (200054), and how many wait (200055).
 *
 * @since 0.1.0
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import { readBatchAck, tagSubscription } from "./bodies.js"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import * as Filters from "./filters.js"
import type { Taken } from "./popTable.js"
import { retryTopic } from "./popTable.js"
import type { Answer, Call, Handler } from "./server.js"
import { answer, ok, suggestion } from "./server.js"
import type { Filter, ReadResult } from "./store.js"
import { decode } from "./store.js"

/** Most messages of one pop. */
const MAX_POP = 32
/** A pop that is so many milliseconds late is not served. */
const TOO_LATE = 500
/** Of so many pops one looks at the messages that come again first. */
const RETRY_FIRST = 5
const REVIVE_QUEUES = 8

interface Pop {
  readonly call: Call
  readonly group: string
  readonly topic: string
  /** Negative: all queues. */
  readonly queueId: number
  readonly maxMessages: number
  readonly invisibleTime: number
  readonly fromMin: boolean
  readonly filter: Filter
  readonly until: number
}

/** What one pop took, over all queues that it looked at. */
interface Haul {
  readonly popTime: number
  readonly reviveQueueId: number
  readonly records: Array<Uint8Array>
  readonly starts: Array<string>
  readonly offsets: Array<string>
  rest: number
}

const concat = (records: ReadonlyArray<Uint8Array>): Uint8Array => {
  const body = new Uint8Array(records.reduce((size, record) => size + record.length, 0))
  let at = 0
  for (const record of records) {
    body.set(record, at)
    at += record.length
  }
  return body
}

const noSuchTopic = (name: string): Answer =>
  answer(ResponseCode.TOPIC_NOT_EXIST, `topic[${name}] not exist, apply first please! ${suggestion}`)

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const host = broker.address.slice(0, broker.address.lastIndexOf(":"))
  const illegalQueue = (code: number, call: Call, name: string, queueId: number, readQueues: number): Answer =>
    answer(
      code,
      `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${readQueues}] ` +
        `consumer:[/${call.connection.remoteAddress}]`
    )

  // ---- taking

  /** Where the group goes on in a queue. */
  const positionOf = (pop: Pop, topic: string, queueId: number): number => {
    const reset = broker.offsets.takeReset(pop.group, topic, queueId)
    if (reset !== undefined) return reset
    const committed = broker.offsets.query(pop.group, topic, queueId)
    if (committed !== undefined) return Number(committed)
    const min = broker.store.minOffset(topic, queueId)
    // as in RocketMQ: who wants the latest of a queue that still has its first message starts there all the same
    const start = pop.fromMin || topic !== pop.topic || min === 0
      ? min
      : Math.max(0, broker.store.maxOffset(topic, queueId) - 1)
    broker.offsets.commit(pop.group, topic, queueId, BigInt(start))
    return start
  }

  /** A message that comes again shows its own topic, and brings its handle along. */
  const disguised = (pop: Pop, record: Uint8Array, handle: string): Uint8Array => {
    const message = decode(record)
    const encoded = MessageExt.encode({
      topic: pop.topic,
      body: message.body,
      queueId: message.queueId,
      queueOffset: message.queueOffset,
      commitLogOffset: message.commitLogOffset,
      bornTimestamp: message.bornTimestamp,
      bornHost: message.bornHost,
      storeTimestamp: message.storeTimestamp,
      storeHost: message.storeHost,
      flag: message.flag,
      sysFlag: message.sysFlag,
      reconsumeTimes: message.reconsumeTimes,
      preparedTransactionOffset: message.preparedTransactionOffset,
      properties: { ...message.properties, [MessageProperties.POP_CK]: handle }
    })
    return Either.isRight(encoded) ? encoded.right : record
  }

  const readFrom = (pop: Pop, topic: string, queueId: number, offset: number, room: number): ReadResult => {
    const filter = topic === pop.topic ? pop.filter : Filters.everything
    const result = broker.store.read(topic, queueId, offset, room, filter)
    const elsewhere = result.status === "OFFSET_TOO_SMALL" || result.status === "OFFSET_OVERFLOW_BADLY"
    return elsewhere ? broker.store.read(topic, queueId, result.nextBeginOffset, room, filter) : result
  }

  const takeFromQueue = (pop: Pop, haul: Haul, topic: string, queueId: number): void => {
    const position = positionOf(pop, topic, queueId)
    const room = pop.maxMessages - haul.records.length
    if (room <= 0) {
      haul.rest += Math.max(0, broker.store.maxOffset(topic, queueId) - position)
      return
    }
    const result = readFrom(pop, topic, queueId, position, room)
    haul.rest += Math.max(0, result.maxOffset - result.nextBeginOffset)
    if (result.nextBeginOffset !== position) {
      broker.offsets.commit(pop.group, topic, queueId, BigInt(result.nextBeginOffset))
    }
    if (result.records.length === 0) return
    const letter = topic === pop.topic ? "0" : "1"
    const { popTime, reviveQueueId } = haul
    const offsets: Array<number> = []
    for (const record of result.records) {
      const offset = Number(decode(record).queueOffset)
      offsets.push(offset)
      broker.pops.take({ group: pop.group, topic, queueId, offset, popTime }, pop.invisibleTime)
      const handle = [
        position,
        popTime,
        pop.invisibleTime,
        reviveQueueId,
        letter,
        broker.name,
        queueId,
        offset
      ].join(" ")
      haul.records.push(letter === "0" ? record : disguised(pop, record, handle))
    }
    haul.starts.push(`${letter} ${queueId} ${position}`)
    haul.offsets.push(`${letter} ${queueId} ${offsets.join(",")}`)
  }

  const takeFromTopic = (pop: Pop, haul: Haul, topic: string): void => {
    const queues = broker.topics.get(topic)?.readQueues ?? 0
    const first = queues === 0 ? 0 : broker.random(queues)
    for (let i = 0; i < queues; i++) takeFromQueue(pop, haul, topic, (first + i) % queues)
  }

  const take = (pop: Pop): Haul => {
    const haul: Haul = {
      popTime: broker.now(),
      reviveQueueId: broker.random(REVIVE_QUEUES),
      records: [],
      starts: [],
      offsets: [],
      rest: 0
    }
    const again = retryTopic(pop.topic, pop.group)
    const retryFirst = broker.random(RETRY_FIRST) === 0
    if (retryFirst) takeFromTopic(pop, haul, again)
    if (pop.queueId < 0) takeFromTopic(pop, haul, pop.topic)
    else takeFromQueue(pop, haul, pop.topic, pop.queueId)
    if (!retryFirst) takeFromTopic(pop, haul, again)
    return haul
  }

  const respond = (pop: Pop, haul: Haul): Answer => {
    const found = haul.records.length > 0
    return {
      code: found ? ResponseCode.SUCCESS : ResponseCode.POLLING_TIMEOUT,
      remark: found ? "FOUND" : "NO_MESSAGE_IN_QUEUE",
      extFields: {
        popTime: String(haul.popTime),
        invisibleTime: String(pop.invisibleTime),
        reviveQid: String(haul.reviveQueueId),
        restNum: String(haul.rest),
        startOffsetInfo: haul.starts.join(";"),
        msgOffsetInfo: haul.offsets.join(";")
      },
      body: found ? concat(haul.records) : undefined
    }
  }

  /** Answers with what is there, or waits for something to be there until the pop's time is over. */
  const serve = (pop: Pop): Answer | undefined => {
    let haul = take(pop)
    // a filter lets only so many messages be looked at in one read
    for (let rest = Infinity; haul.records.length === 0 && haul.rest > 0 && haul.rest < rest;) {
      rest = haul.rest
      haul = take(pop)
    }
    if (haul.rest > 0) broker.popPolling.wake(pop.group, pop.topic)
    if (haul.records.length > 0 || broker.now() >= pop.until) return respond(pop, haul)
    broker.popPolling.hold({
      group: pop.group,
      topic: pop.topic,
      queueId: pop.queueId,
      filter: pop.filter,
      connection: pop.call.connection,
      until: pop.until,
      again: () => {
        const response = serve(pop)
        if (response !== undefined) broker.server.reply(pop.call, response)
      }
    })
    return undefined
  }

  const filterOf = (fields: ExtFields, topic: string): Filter | Answer => {
    const expression = fields["exp"]
    if (expression === undefined || expression === "") return Filters.everything
    const unparsed = answer(ResponseCode.SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed")
    const type = fields["expType"] ?? ""
    if (!Filters.isTag(type)) return Either.getOrElse(Filters.bySql(type, expression), () => unparsed)
    const subscription = tagSubscription(topic, expression)
    return subscription === undefined ? unparsed : Filters.byTag(subscription)
  }

  /** Why the group may not take from the queue. */
  const problem = (call: Call, group: string, name: string, queueId: number): Answer | undefined => {
    const topic = broker.topics.get(name)
    if (topic === undefined) return noSuchTopic(name)
    if (!Permission.isReadable(topic.perm)) {
      return answer(ResponseCode.NO_PERMISSION, `the topic[${name}] peeking message is forbidden`)
    }
    if (queueId >= topic.readQueues) {
      return illegalQueue(ResponseCode.INVALID_PARAMETER, call, name, queueId, topic.readQueues)
    }
    const config = broker.groups.find(group)
    if (config === undefined) {
      return answer(
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group [${group}] does not exist, ${suggestion}`
      )
    }
    return config.consumeEnable
      ? undefined
      : answer(ResponseCode.NO_PERMISSION, `subscription group no permission, ${group}`)
  }

  const popMessage: Handler = (call) => {
    const fields = call.request.extFields
    const group = Fields.string(fields, "consumerGroup")
    const topic = Fields.string(fields, "topic")
    const queueId = Fields.int(fields, "queueId")
    const maxMessages = Fields.int(fields, "maxMsgNums")
    const invisibleTime = Fields.long(fields, "invisibleTime")
    const pollTime = Fields.long(fields, "pollTime")
    const born = Fields.long(fields, "bornTime") || broker.now()
    if (broker.now() - born - pollTime > TOO_LATE) {
      return answer(ResponseCode.POLLING_TIMEOUT, `the broker[${host}] pop message is timeout too much`)
    }
    if (maxMessages > MAX_POP) {
      return answer(ResponseCode.INVALID_PARAMETER, `the broker[${host}] pop message's num is greater than 32`)
    }
    if (!broker.settings.timerWheel) {
      return answer(
        ResponseCode.SYSTEM_ERROR,
        `the broker[${host}] pop message is forbidden because timerWheelEnable is false`
      )
    }
    if (!Permission.isReadable(broker.config.permission())) {
      return answer(ResponseCode.NO_PERMISSION, `the broker[${host}] pop message is forbidden`)
    }
    const refusal = problem(call, group, topic, queueId)
    if (refusal !== undefined) return refusal
    if (Fields.boolean(fields, "order")) {
      return answer(ResponseCode.SYSTEM_ERROR, "the embedded broker does not pop in order")
    }
    const filter = filterOf(fields, topic)
    if (typeof filter === "object") return filter
    return serve({
      call,
      group,
      topic,
      queueId,
      maxMessages,
      invisibleTime,
      fromMin: Fields.int(fields, "initMode") === 0,
      filter,
      until: born + pollTime
    })
  }

  // ---- settling

  const takenOf = (fields: ExtFields, popTime: number): Taken => ({
    group: Fields.string(fields, "consumerGroup"),
    topic: Fields.string(fields, "topic"),
    queueId: Fields.int(fields, "queueId"),
    offset: Fields.long(fields, "offset"),
    popTime
  })

  /** The words of a receipt handle that a broker looks at: when the message was taken, and the revive queue. */
  const readHandle = (fields: ExtFields): { readonly popTime: number; readonly reviveQueueId: string } => {
    const words = Fields.string(fields, "extraInfo").split(" ")
    const popTime = Number(words[1])
    if (words.length < 4 || !Number.isSafeInteger(popTime)) throw new Fields.BadRequest("the extraInfo is no handle")
    return { popTime, reviveQueueId: words[3]! }
  }

  /** What is wrong with the queue that a handle names. */
  const wrongQueue = (call: Call, taken: Taken): Answer | undefined => {
    const topic = broker.topics.get(taken.topic)
    if (topic === undefined) return noSuchTopic(taken.topic)
    return taken.queueId >= topic.readQueues || taken.queueId < 0
      ? illegalQueue(ResponseCode.MESSAGE_ILLEGAL, call, taken.topic, taken.queueId, topic.readQueues)
      : undefined
  }

  const ackMessage: Handler = (call) => {
    const fields = call.request.extFields
    const taken = takenOf(fields, readHandle(fields).popTime)
    const refusal = wrongQueue(call, taken)
    if (refusal !== undefined) return refusal
    const { offset, queueId, topic } = taken
    const min = broker.store.minOffset(topic, queueId)
    const max = broker.store.maxOffset(topic, queueId)
    if (offset < min || offset > max) {
      return answer(
        ResponseCode.NO_MESSAGE,
        `offset is illegal, key:${topic}@${queueId}, commit:${offset}, store:${min}~${max}`
      )
    }
    broker.pops.settle(taken)
    return ok
  }

  const batchAck: Handler = ({ request }) => {
    const acks = request.body === undefined ? [] : readBatchAck(request.body)
    if (acks.length === 0) return answer(ResponseCode.NO_MESSAGE)
    for (const { distances, group, popTime, queueId, retry, start, topic } of acks) {
      const name = retry === "1" ? retryTopic(topic, group) : topic
      for (const distance of distances) {
        broker.pops.settle({ group, topic: name, queueId, offset: start + distance, popTime })
      }
    }
    return ok
  }

  const changeInvisibleTime: Handler = (call) => {
    const fields = call.request.extFields
    const { popTime, reviveQueueId } = readHandle(fields)
    const taken = takenOf(fields, popTime)
    const invisibleTime = Fields.long(fields, "invisibleTime")
    const refusal = wrongQueue(call, taken)
    if (refusal !== undefined) return refusal
    const { offset, queueId, topic } = taken
    if (offset < broker.store.minOffset(topic, queueId) || offset >= broker.store.maxOffset(topic, queueId)) {
      return answer(ResponseCode.NO_MESSAGE)
    }
    const now = broker.now()
    broker.pops.settle(taken)
    // also when it is no longer taken: RocketMQ does not look, and then delivers it twice
    broker.pops.take({ ...taken, popTime: now }, invisibleTime)
    return {
      code: ResponseCode.SUCCESS,
      extFields: { popTime: String(now), invisibleTime: String(invisibleTime), reviveQid: reviveQueueId }
    }
  }

  // ---- waiting

  const hasMessage = (group: string, topic: string, queueId: number): boolean =>
    broker.store.queuesOf(topic).some((queue) =>
      (queueId < 0 || queue.queueId === queueId) &&
      queue.maxOffset() > Number(broker.offsets.query(group, topic, queue.queueId) ?? queue.minOffset())
    )

  const notification: Handler = (call) => {
    const fields = call.request.extFields
    const group = Fields.string(fields, "consumerGroup")
    const topic = Fields.string(fields, "topic")
    const queueId = Fields.int(fields, "queueId")
    const until = (Fields.long(fields, "bornTime") || broker.now()) + Fields.long(fields, "pollTime")
    const refusal = problem(call, group, topic, queueId)
    if (refusal !== undefined) return refusal
    const look = (): Answer | undefined => {
      const hasMsg = hasMessage(group, topic, queueId) || hasMessage(group, retryTopic(topic, group), -1)
      if (hasMsg || broker.now() >= until) {
        return { code: ResponseCode.SUCCESS, extFields: { hasMsg: String(hasMsg), pollingFull: "false" } }
      }
      broker.popPolling.hold({
        group,
        topic,
        queueId,
        filter: Filters.everything,
        connection: call.connection,
        until,
        again: () => {
          const response = look()
          if (response === undefined) return
          // it takes nothing itself: whoever waits to take must not sleep on
          if (hasMessage(group, topic, queueId)) broker.popPolling.wake(group, topic)
          broker.server.reply(call, response)
        }
      })
      return undefined
    }
    return look()
  }

  const pollingInfo: Handler = (call) => {
    const fields = call.request.extFields
    const group = Fields.string(fields, "consumerGroup")
    const topic = Fields.string(fields, "topic")
    const refusal = problem(call, group, topic, Fields.int(fields, "queueId"))
    if (refusal !== undefined) return refusal
    return { code: ResponseCode.SUCCESS, extFields: { pollingNum: String(broker.popPolling.size(group, topic)) } }
  }

  return [
    [RequestCode.POP_MESSAGE, popMessage],
    [RequestCode.ACK_MESSAGE, ackMessage],
    [RequestCode.BATCH_ACK_MESSAGE, batchAck],
    [RequestCode.CHANGE_MESSAGE_INVISIBLETIME, changeInvisibleTime],
    [RequestCode.NOTIFICATION, notification],
    [RequestCode.POLLING_INFO, pollingInfo]
  ]
}
