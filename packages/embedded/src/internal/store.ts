/**
 * Messages of one broker: the commit log, the queues over it, and the rules for reading from a queue.
 *
 * @since 0.1.0
 */
import * as NodeCompression from "@effect-rocketmq/node/NodeCompression"
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Either from "effect/Either"
import * as CommitLog from "./commitLog.js"
import type { ConsumeQueue } from "./consumeQueue.js"
import * as ConsumeQueues from "./consumeQueue.js"
import type * as Journals from "./journal.js"
import type { Timers } from "./timers.js"

/** A message about to be stored. */
export interface Draft {
  readonly topic: string
  readonly queueId: number
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  readonly bornHost: string
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly body: Uint8Array
  readonly properties: MessageProperties.Properties
}

/** Where a message was stored. */
export interface Stored {
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly commitLogOffset: number
  readonly storeTimestamp: number
  /** Bytes of the record. */
  readonly size: number
}

/**
 * Whether a message is wanted. Its tag hash is all that is known of it without its bytes; called without its properties, a
 * filter that needs them says yes.
 */
export type Filter = (tagsCode: number, properties?: () => MessageProperties.Properties) => boolean

/** The outcome of a read, under the names that RocketMQ writes into the remark of its answer. */
export type ReadStatus =
  | "FOUND"
  | "NO_MATCHED_MESSAGE"
  | "NO_MESSAGE_IN_QUEUE"
  | "OFFSET_OVERFLOW_ONE"
  | "OFFSET_OVERFLOW_BADLY"
  | "OFFSET_TOO_SMALL"
  | "OFFSET_RESET"

export interface ReadResult {
  readonly status: ReadStatus
  readonly nextBeginOffset: number
  readonly minOffset: number
  readonly maxOffset: number
  readonly records: ReadonlyArray<Uint8Array>
  /** Bytes of all records. */
  readonly size: number
}

/** A pull brings at most this many messages and, after the first, at most this many bytes. */
export const MAX_PULL_MESSAGES = 32
export const MAX_PULL_BYTES = 256 * 1024
/** A filtered pull looks at no more than this many messages before it answers. */
const MAX_SCAN = 800

export interface Store {
  /**
   * Undefined when no broker could store it: its topic, host or properties do not fit the format.
   *
   * @param propertiesText the string form of the draft's properties, where it is known
   */
  readonly append: (draft: Draft, propertiesText?: string) => Stored | undefined
  readonly queue: (topic: string, queueId: number) => ConsumeQueue | undefined
  readonly queuesOf: (topic: string) => ReadonlyArray<ConsumeQueue>
  readonly minOffset: (topic: string, queueId: number) => number
  readonly maxOffset: (topic: string, queueId: number) => number
  readonly read: (topic: string, queueId: number, offset: number, maxMessages: number, filter: Filter) => ReadResult
  /** The record at a queue offset. */
  readonly record: (queue: ConsumeQueue, offset: number) => Uint8Array | undefined
  /** The record at a commit log offset. */
  readonly look: (commitLogOffset: number) => Uint8Array | undefined
  readonly removeTopic: (topic: string) => void
  /** Every queue, and the first offset that it has. */
  readonly starts: () => ReadonlyArray<readonly [topic: string, queueId: number, offset: number]>
  readonly log: CommitLog.CommitLog
}

/** The one message of a record. */
export const decode = (record: Uint8Array): MessageExt.MessageExt => MessageExt.decodeAll(record).messages[0]!

/** A copy of a stored message to be stored again. */
export const draftOf = (message: MessageExt.MessageExt): Draft => ({
  topic: message.topic,
  queueId: message.queueId,
  flag: message.flag,
  sysFlag: message.sysFlag,
  bornTimestamp: message.bornTimestamp,
  bornHost: message.bornHost,
  reconsumeTimes: message.reconsumeTimes,
  preparedTransactionOffset: Number(message.preparedTransactionOffset),
  body: message.body,
  properties: message.properties
})

const none: ReadonlyArray<Uint8Array> = []

const tagsCodeOf = (tags: string | undefined): number => tags === undefined ? 0 : JavaHash.hashCode(tags)

/**
 * @param options.stored called after each message, in order
 */
export const make = (options: {
  readonly retentionBytes: number
  /** Milliseconds; undefined: any. */
  readonly retentionAge?: number | undefined
  readonly journal: Journals.Journal
  readonly timers: Timers
  readonly storeHost: string
  readonly now: () => number
  readonly stored: (stored: Stored, tagsCode: number, properties: () => MessageProperties.Properties) => void
}): Store => {
  const { journal, retentionAge, timers } = options
  const topics = new Map<string, Map<number, ConsumeQueue>>()
  const log = CommitLog.make(options.retentionBytes, (minOffset) => {
    for (const queues of topics.values()) for (const queue of queues.values()) queue.trim(minOffset)
    journal.dropped(minOffset)
  }, {
    // so that a message is dropped soon after its time, also where few come
    span: retentionAge === undefined ? undefined : retentionAge / 16,
    droppable: journal.droppable
  })
  /** Where the next offset of a deleted queue would have been is forgotten with it, as in RocketMQ. */
  const removeTopic = (topic: string) => {
    const queues = topics.get(topic)
    if (queues === undefined) return
    journal.removeTopic(topic, () => topics.set(topic, queues))
    topics.delete(topic)
  }
  let ageing = false
  /** Looks at the age of the oldest messages when it may be too high. */
  const age = () => {
    const oldestAt = log.oldestAt()
    if (retentionAge === undefined || ageing || oldestAt === undefined) return
    ageing = true
    const due = oldestAt + retentionAge + 1
    // what is too old and still there is not flushed yet
    timers.at(due > options.now() ? due : options.now() + 1000, () => {
      ageing = false
      expire()
    })
  }
  const expire = () => {
    if (retentionAge !== undefined) log.expire(options.now() - retentionAge)
    age()
  }
  const queue = (topic: string, queueId: number) => topics.get(topic)?.get(queueId)
  const ensure = (topic: string, queueId: number): ConsumeQueue => {
    let queues = topics.get(topic)
    if (queues === undefined) topics.set(topic, queues = new Map())
    let found = queues.get(queueId)
    if (found === undefined) queues.set(queueId, found = ConsumeQueues.make(topic, queueId))
    return found
  }
  /** The entry comes first: appending may drop old segments, and trimming must already see this queue as it is. */
  const put = (target: ConsumeQueue, record: Uint8Array, tagsCode: number, storeTimestamp: number): number => {
    const queueOffset = target.append(log.maxOffset(), record.length, tagsCode, storeTimestamp)
    log.append(record, storeTimestamp)
    age()
    return queueOffset
  }
  const append: Store["append"] = (draft, propertiesText) => {
    const target = ensure(draft.topic, draft.queueId)
    const commitLogOffset = log.maxOffset()
    const storeTimestamp = options.now()
    const encoded = MessageExt.encode({
      topic: draft.topic,
      body: draft.body,
      queueId: draft.queueId,
      queueOffset: target.maxOffset(),
      commitLogOffset,
      bornTimestamp: draft.bornTimestamp,
      bornHost: draft.bornHost,
      storeTimestamp,
      storeHost: options.storeHost,
      properties: propertiesText ?? draft.properties,
      flag: draft.flag,
      sysFlag: draft.sysFlag,
      bodyCrc: NodeCompression.crc32(draft.body) & 0x7fffffff,
      reconsumeTimes: draft.reconsumeTimes,
      preparedTransactionOffset: draft.preparedTransactionOffset
    }, (size) => log.reserve(size, storeTimestamp))
    if (Either.isLeft(encoded)) return undefined
    const record = encoded.right
    const tagsCode = tagsCodeOf(draft.properties[MessageProperties.TAGS])
    journal.append(record, storeTimestamp)
    const queueOffset = put(target, record, tagsCode, storeTimestamp)
    const stored = {
      topic: draft.topic,
      queueId: draft.queueId,
      queueOffset,
      commitLogOffset,
      storeTimestamp,
      size: record.length
    }
    options.stored(stored, tagsCode, () => draft.properties)
    return stored
  }
  const record = (of: ConsumeQueue, offset: number): Uint8Array | undefined =>
    offset < of.minOffset() || offset >= of.maxOffset()
      ? undefined
      : log.read(of.commitLogOffset(offset), of.size(offset))

  const read: Store["read"] = (topic, queueId, offset, maxMessages, filter) => {
    const source = queue(topic, queueId)
    const minOffset = source?.minOffset() ?? 0
    const maxOffset = source?.maxOffset() ?? 0
    const result = (status: ReadStatus, nextBeginOffset: number): ReadResult => ({
      status,
      nextBeginOffset,
      minOffset,
      maxOffset,
      records: none,
      size: 0
    })
    if (source === undefined || maxOffset === 0) return result("NO_MESSAGE_IN_QUEUE", 0)
    if (offset < minOffset) return result("OFFSET_TOO_SMALL", minOffset)
    if (offset === maxOffset) return result("OFFSET_OVERFLOW_ONE", offset)
    if (offset > maxOffset) return result("OFFSET_OVERFLOW_BADLY", maxOffset)
    const wanted = Math.max(1, Math.min(maxMessages, MAX_PULL_MESSAGES))
    const stop = Math.min(maxOffset, offset + MAX_SCAN)
    const records: Array<Uint8Array> = []
    let size = 0
    let next = offset
    for (; next < stop && records.length < wanted; next++) {
      const tagsCode = source.tagsCode(next)
      if (!filter(tagsCode)) continue
      const length = source.size(next)
      if (records.length > 0 && size + length > MAX_PULL_BYTES) break
      const bytes = log.read(source.commitLogOffset(next), length)
      if (bytes === undefined || !filter(tagsCode, () => decode(bytes).properties)) continue
      records.push(bytes)
      size += length
    }
    return {
      status: records.length > 0 ? "FOUND" : "NO_MATCHED_MESSAGE",
      nextBeginOffset: next,
      minOffset,
      maxOffset,
      records,
      size
    }
  }

  journal.bind({
    start: log.minOffset,
    end: log.maxOffset,
    truncate: (end) => {
      log.truncate(end)
      for (const [topic, queues] of Array.from(topics)) {
        for (const queue of Array.from(queues.values())) {
          queue.truncate(end)
          if (queue.maxOffset() === 0) queues.delete(queue.queueId)
        }
        if (queues.size === 0) topics.delete(topic)
      }
    },
    *positions() {
      for (const queues of topics.values()) {
        for (const queue of queues.values()) yield [queue.topic, queue.queueId, queue.maxOffset()] as const
      }
    },
    restorePositions: (positions, end) => {
      log.startAt(end)
      const before = new Map(topics)
      topics.clear()
      for (const [topic, queueId, next] of positions) {
        const queues = topics.get(topic) ?? new Map<number, ConsumeQueue>()
        topics.set(topic, queues)
        queues.set(queueId, before.get(topic)?.get(queueId) ?? ConsumeQueues.make(topic, queueId, next))
      }
    },
    restore: (record) => {
      const { properties, queueId, storeTimestamp, topic } = decode(record)
      put(ensure(topic, queueId), record, tagsCodeOf(properties[MessageProperties.TAGS]), storeTimestamp)
    },
    removeTopic: (topic) => {
      topics.delete(topic)
    },
    restored: expire
  })

  return {
    append,
    queue,
    queuesOf: (topic) => Array.from(topics.get(topic)?.values() ?? []),
    minOffset: (topic, queueId) => queue(topic, queueId)?.minOffset() ?? 0,
    maxOffset: (topic, queueId) => queue(topic, queueId)?.maxOffset() ?? 0,
    read,
    record,
    look: (commitLogOffset) => log.readOne(commitLogOffset),
    removeTopic,
    starts: () =>
      Array.from(topics.values()).flatMap((queues) =>
        Array.from(queues.values(), (queue) => [queue.topic, queue.queueId, queue.minOffset()] as const)
      ),
    log
  }
}
