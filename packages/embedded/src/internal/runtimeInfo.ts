/**
 * What a broker says about how it is, as names and texts. What has no meaning without files and thread pools is as in a
 * broker that has nothing to do.
 *
 * @since 0.1.0
 */
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import type { Broker } from "./broker.js"
import type { StatsName } from "./stats.js"
import { decode } from "./store.js"

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const sizeText = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.floor(Math.log2(bytes) / 10)
  return `${(bytes / 1024 ** power).toFixed(1)} ${"KMGT"[power - 1]}iB`
}

const runtimeText = (millis: number): string =>
  `[ ${Math.floor(millis / DAY)} days, ${Math.floor(millis % DAY / HOUR)} hours, ` +
  `${Math.floor(millis % HOUR / MINUTE)} minutes, ${Math.floor(millis % MINUTE / SECOND)} seconds ]`

const text = (value: number): string => Number.isInteger(value) ? `${value}.0` : String(value)

const idle = {
  EndTransactionQueueSize: "0",
  EndTransactionThreadPoolQueueCapacity: "100000",
  ackThreadPoolQueueCapacity: "100000",
  ackThreadPoolQueueHeadWaitTimeMills: "0",
  ackThreadPoolQueueSize: "0",
  brokerActive: "true",
  dispatchBehindBytes: "0",
  dispatchMaxBuffer: "0",
  getMessageEntireTimeMax: "0",
  litePullThreadPoolQueueCapacity: "100000",
  litePullThreadPoolQueueHeadWaitTimeMills: "0",
  litePullThreadPoolQueueSize: "0",
  msgGetTotalTodayMorning: "0",
  msgGetTotalYesterdayMorning: "0",
  msgPutTotalTodayMorning: "0",
  msgPutTotalYesterdayMorning: "0",
  pageCacheLockTimeMills: "0",
  pullThreadPoolQueueCapacity: "100000",
  pullThreadPoolQueueHeadWaitTimeMills: "0",
  pullThreadPoolQueueSize: "0",
  putLatency99: "0.00",
  putLatency999: "0.00",
  putMessageDistributeTime: ["<=0ms", "0~10ms", "10~50ms", "50~100ms", "100~200ms", "200~500ms", "500ms~1s"]
    .concat(["1~2s", "2~3s", "3~4s", "4~5s", "5~10s", "10s~"])
    .map((range) => `[${range}]:0 `)
    .join(""),
  putMessageEntireTimeMax: "0",
  putMessageFailedTimes: "0",
  queryThreadPoolQueueCapacity: "20000",
  queryThreadPoolQueueHeadWaitTimeMills: "0",
  queryThreadPoolQueueSize: "0",
  remainHowManyDataToFlush: "0 B",
  remainTransientStoreBufferNumbs: "2147483647",
  sendThreadPoolQueueCapacity: "10000",
  sendThreadPoolQueueHeadWaitTimeMills: "0",
  sendThreadPoolQueueSize: "0",
  startAcceptSendRequestTimeStamp: "0",
  timerCongestNum: "0",
  timerDequeueTps: "0.0",
  timerEnqueueTps: "0.0",
  timerOffsetBehind: "0",
  timerReadBehind: "0"
}

export const make = (broker: Broker): Readonly<Record<string, string>> => {
  const { log } = broker.store
  const figure = (name: StatsName) => broker.stats.get(name, broker.clusterName)
  const rates = (name: StatsName): string => {
    const found = figure(name)
    return `${text(found?.minute.tps ?? 0)} ${text(found?.minute.tps ?? 0)} ${text(found?.hour.tps ?? 0)}`
  }
  const puts = figure("BROKER_PUT_NUMS")?.total ?? 0
  const gets = figure("BROKER_GET_NUMS")?.total ?? 0
  const earliest = broker.store.look(log.minOffset())
  const bytes = log.maxOffset() - log.minOffset()
  const ratio = String(bytes / broker.settings.retentionBytes)
  return {
    ...idle,
    bootTimestamp: String(broker.bootTimestamp),
    brokerVersionDesc: `V${MqVersion.nameOf(broker.settings.version).replace(/[.-]/g, "_")}`,
    commitLogDirCapacity: `Total : ${sizeText(broker.settings.retentionBytes)}, ` +
      `Free : ${sizeText(Math.max(0, broker.settings.retentionBytes - bytes))}.`,
    commitLogDiskRatio: ratio,
    commitLogMaxOffset: String(log.maxOffset()),
    commitLogMinOffset: String(log.minOffset()),
    consumeQueueDiskRatio: ratio,
    earliestMessageTimeStamp: String(earliest === undefined ? -1 : decode(earliest).storeTimestamp),
    getFoundTps: rates("BROKER_GET_NUMS"),
    getMissTps: "0.0 0.0 0.0",
    getTotalTps: rates("BROKER_GET_NUMS"),
    getTransferredTps: rates("BROKER_GET_NUMS"),
    msgGetTotalTodayNow: String(gets),
    msgPutTotalTodayNow: String(puts),
    putMessageAverageSize: text(puts === 0 ? 0 : log.maxOffset() / puts),
    putMessageSizeTotal: String(log.maxOffset()),
    putMessageTimesTotal: String(puts),
    putTps: rates("BROKER_PUT_NUMS"),
    runtime: runtimeText(broker.now() - broker.bootTimestamp)
  }
}
