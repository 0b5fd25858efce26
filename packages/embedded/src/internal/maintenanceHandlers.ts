/**
 * Requests of administrators about the store and what else a broker is made of: queues and their entries, clean-ups, timers,
 * flow control of cold data, replication. What this broker does not have answers as in a broker without it.
 *
 * @since 0.1.0
 */
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { bodyAnswer, notSet } from "./answers.js"
import * as Bodies from "./bodies.js"
import type { Broker } from "./broker.js"
import { readProperties } from "./brokerConfig.js"
import * as Fields from "./fields.js"
import { offsetOf } from "./messageIds.js"
import type { Handler } from "./server.js"
import { answer, ok } from "./server.js"
import { decode, draftOf } from "./store.js"
import { TIMER_TOPIC } from "./topicTable.js"

/** Bytes of a message that a group which is far behind may read in a second, and those of all such groups. */
const COLD_OF_GROUP = 3_145_728
const COLD_OF_ALL = 104_857_600
const READ_AHEAD = ["0", "1"]

export const make = (broker: Broker): ReadonlyArray<readonly [number, Handler]> => {
  const coldGroups = new Map<string, string>()

  const consumeQueue: Handler = ({ request: { extFields } }) => {
    const topic = Fields.string(extFields, "topic")
    const queueId = Fields.int(extFields, "queueId")
    const index = Fields.int(extFields, "index")
    const count = Fields.int(extFields, "count")
    const group = extFields["consumerGroup"]
    const known = broker.topics.get(topic)
    const queue = broker.store.queue(topic, queueId)
    if (queue === undefined && (known === undefined || queueId >= Math.max(known.readQueues, known.writeQueues))) {
      return answer(ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`)
    }
    const min = queue?.minOffset() ?? 0
    const max = queue?.maxOffset() ?? 0
    if (queue === undefined || index < min || index >= max) {
      return answer(ResponseCode.SUCCESS, `Index ${index} of ${queueId}@${topic} is not exist!`)
    }
    const subscription = group === undefined ? undefined : broker.consumers.group(group)?.subscriptions.get(topic)
    const entries = Array.from({ length: Math.max(0, Math.min(count, max - index)) }, (_, i) => ({
      eval: false,
      physicOffset: queue.commitLogOffset(index + i),
      physicSize: queue.size(index + i),
      tagsCode: queue.tagsCode(index + i)
    }))
    const filter = group === undefined
      ? {}
      : subscription === undefined
      ? { filterData: `${group}@${topic} is not online!` }
      : { filterData: "null", subscriptionData: Bodies.writeSubscription(subscription) }
    return {
      ...bodyAnswer({ ...filter, maxQueueIndex: max, minQueueIndex: min, queueData: entries }),
      remark: notSet.remark
    }
  }

  /** Messages of topics that are gone have gone with them: there is nothing left to clean. */
  const clean: Handler = () => ok

  const resumeCheck: Handler = ({ request: { extFields } }) => {
    const offset = offsetOf(extFields["msgId"] ?? "")
    const record = offset === undefined ? undefined : broker.store.look(offset)
    if (record === undefined) {
      return answer(
        ResponseCode.SYSTEM_ERROR,
        `Exception was thrown when putting message back to ${Names.HALF_TOPIC}.`
      )
    }
    const message = decode(record)
    const { properties } = message
    const stored = broker.transactions.prepare({
      ...draftOf(message),
      topic: properties[MessageProperties.REAL_TOPIC] ?? message.topic,
      queueId: Number(properties[MessageProperties.REAL_QID] ?? message.queueId),
      properties: { ...properties, [MessageProperties.TRANSACTION_CHECK_TIMES]: "0" }
    })
    return typeof stored === "object"
      ? ok
      : answer(ResponseCode.SYSTEM_ERROR, `Put message back to ${Names.HALF_TOPIC} failed.`)
  }

  const checkRocksDb: Handler = () => ({ ...bodyAnswer({ checkStatus: 2 }), remark: notSet.remark })

  const exportRocksDb: Handler = () => answer(ResponseCode.SUCCESS, "export done.")

  /** How many timer messages wait, by topic. */
  const timing = (): Map<string, number> => {
    const counts = new Map<string, number>()
    const queue = broker.store.queue(TIMER_TOPIC, 0)
    for (let offset = queue?.minOffset() ?? 0; queue !== undefined && offset < queue.maxOffset(); offset++) {
      const record = broker.store.record(queue, offset)
      const properties = record === undefined ? {} : decode(record).properties
      const topic = properties[MessageProperties.REAL_TOPIC]
      const waits = Number(properties[MessageProperties.TIMER_OUT_MS]) >= broker.now() - 1000
      if (topic === undefined || !waits || properties[MessageProperties.TIMER_DEL_UNIQKEY] !== undefined) continue
      counts.set(topic, (counts.get(topic) ?? 0) + 1)
    }
    return counts
  }

  const timerMetrics: Handler = () =>
    broker.settings.timerWheel
      ? bodyAnswer({
        dataVersion: Bodies.writeVersion(0, broker.bootTimestamp),
        timingCount: Object.fromEntries(
          Array.from(timing(), ([topic, count]) => [topic, { count, timeStamp: broker.now() }])
        )
      })
      : answer(ResponseCode.SYSTEM_ERROR, "The timer message store is null")

  /** Times and offsets of a wheel that is up to date, as eight-byte numbers. */
  const timerCheckPoint: Handler = () => {
    const body = new Uint8Array(56)
    const view = new DataView(body.buffer)
    view.setBigInt64(0, BigInt(broker.now()))
    view.setBigInt64(8, BigInt(broker.now()))
    view.setBigInt64(40, BigInt(broker.bootTimestamp))
    return { code: ResponseCode.SUCCESS, body }
  }

  const setCold: Handler = ({ request }) => {
    for (const [group, threshold] of readProperties(request.body ?? new Uint8Array())) {
      if (/^[+-]?\d+$/.test(threshold)) coldGroups.set(group, threshold)
    }
    return ok
  }
  const removeCold: Handler = ({ request }) => {
    if (request.body !== undefined) coldGroups.delete(new TextDecoder().decode(request.body))
    return ok
  }
  const coldInfo: Handler = () =>
    bodyAnswer({
      runtimeTable: {},
      configTable: Object.fromEntries(Array.from(coldGroups, ([group, threshold]) => [group, Number(threshold)])),
      cgColdReadThreshold: COLD_OF_GROUP,
      globalColdReadThreshold: COLD_OF_ALL,
      globalAcc: 0
    })
  const setReadMode: Handler = ({ request: { extFields } }) => {
    const mode = extFields["READ_AHEAD_MODE"] ?? ""
    if (!/^[+-]?\d+$/.test(mode)) return answer(ResponseCode.SYSTEM_ERROR, "set commitlog readahead mode failed")
    return READ_AHEAD.includes(mode)
      ? answer(ResponseCode.SUCCESS, `set commitlog readahead mode success, mode: ${mode}`)
      : answer(ResponseCode.INVALID_PARAMETER, "set commitlog readahead mode param value error")
  }

  const haStatus: Handler = () =>
    bodyAnswer({
      haClientRuntimeInfo: {
        lastReadTimestamp: 0,
        lastWriteTimestamp: 0,
        masterFlushOffset: 0,
        maxOffset: 0,
        transferredByteInSecond: 0
      },
      haConnectionInfo: [],
      inSyncSlaveNums: 0,
      master: true,
      masterCommitLogMaxOffset: broker.store.log.maxOffset()
    })

  const epochs: Handler = () => answer(ResponseCode.SYSTEM_ERROR, "this request only for controllerMode ")

  const timerEngine: Handler = () => answer(ResponseCode.INVALID_PARAMETER, "param error")

  return [
    [RequestCode.QUERY_CONSUME_QUEUE, consumeQueue],
    [RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, clean],
    [RequestCode.CLEAN_UNUSED_TOPIC, clean],
    [RequestCode.DELETE_EXPIRED_COMMITLOG, clean],
    [RequestCode.RESUME_CHECK_HALF_MESSAGE, resumeCheck],
    [RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, checkRocksDb],
    [RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, exportRocksDb],
    [RequestCode.GET_TIMER_METRICS, timerMetrics],
    [RequestCode.GET_TIMER_CHECK_POINT, timerCheckPoint],
    [RequestCode.SWITCH_TIMER_ENGINE, timerEngine],
    [RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, setCold],
    [RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, removeCold],
    [RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, coldInfo],
    [RequestCode.SET_COMMITLOG_READ_MODE, setReadMode],
    [RequestCode.GET_BROKER_HA_STATUS, haStatus],
    [RequestCode.RESET_MASTER_FLUSH_OFFSET, () => ok],
    [RequestCode.GET_BROKER_EPOCH_CACHE, epochs],
    [RequestCode.POP_ROLLBACK, () => notSet]
  ]
}
