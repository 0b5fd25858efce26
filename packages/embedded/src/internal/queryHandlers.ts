/**
 * Requests for single messages: by commit log offset (33), by key or unique key (12).
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import type { Broker } from "./broker.js"
import * as Fields from "./fields.js"
import type { Handler } from "./server.js"
import { answer } from "./server.js"
import { decode } from "./store.js"

/** What a query for a unique key may bring, whatever it asks for. */
const UNIQUE_KEY_MAX = 32

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const view: Handler = ({ request: { extFields } }) => {
    const offset = Fields.long(extFields, "offset")
    const record = broker.store.look(offset)
    return record === undefined
      ? answer(ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`)
      : { code: ResponseCode.SUCCESS, body: record }
  }

  const matches = (message: MessageExt, key: string, indexType: string | undefined, unique: boolean): boolean => {
    switch (unique ? "U" : indexType) {
      case "U":
        return message.uniqueKey === key
      case "T":
        return message.tags === key
      case "K":
        return message.keys.includes(key)
      default:
        return message.keys.includes(key) || message.uniqueKey === key
    }
  }

  /** No index, but a look at every message of the topic in the time asked for, the latest first. */
  const query: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const key = Fields.string(extFields, "key")
    const begin = Fields.long(extFields, "beginTimestamp")
    const end = Fields.long(extFields, "endTimestamp")
    const unique = extFields["_UNIQUE_KEY_QUERY"] === "true"
    const wanted = unique ? UNIQUE_KEY_MAX : Math.max(0, Fields.int(extFields, "maxNum"))
    const found: Array<Uint8Array> = []
    let size = 0
    for (const queue of broker.store.queuesOf(topic)) {
      const first = queue.search(begin)
      for (let offset = queue.search(end + 1) - 1; offset >= first && found.length < wanted; offset--) {
        const record = broker.store.record(queue, offset)
        if (record === undefined || !matches(decode(record), key, extFields["indexType"], unique)) continue
        found.push(record)
        size += record.length
      }
    }
    const indexed = {
      indexLastUpdateTimestamp: String(broker.now()),
      indexLastUpdatePhyoffset: String(broker.store.log.maxOffset())
    }
    if (found.length === 0) {
      return {
        code: ResponseCode.QUERY_NOT_FOUND,
        remark: "can not find message, maybe time range not correct",
        extFields: indexed
      }
    }
    const body = new Uint8Array(size)
    let at = 0
    for (const record of found) {
      body.set(record, at)
      at += record.length
    }
    return { code: ResponseCode.SUCCESS, extFields: indexed, body }
  }

  return [
    [RequestCode.VIEW_MESSAGE_BY_ID, view],
    [RequestCode.QUERY_MESSAGE, query]
  ]
}
