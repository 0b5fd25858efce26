import type { TopicRouteData } from "@effect-rocketmq/protocol/TopicRouteData"

export interface BrokerShape {
  readonly name: string
  readonly addresses: Readonly<Record<number, string>>
  readonly read?: number
  readonly write?: number
  readonly perm?: number
}

export const master = (name: string, address: string, queues = 2): BrokerShape => ({
  name,
  addresses: { 0: address },
  read: queues,
  write: queues
})

/** A route as a name server sends it. */
export const routeData = (brokers: ReadonlyArray<BrokerShape>, orderTopicConf?: string): TopicRouteData => ({
  queueDatas: brokers.map(({ name, perm = 6, read = 2, write = 2 }) => ({
    brokerName: name,
    readQueueNums: read,
    writeQueueNums: write,
    perm,
    topicSysFlag: 0
  })),
  brokerDatas: brokers.map(({ addresses, name }) => ({
    cluster: "DefaultCluster",
    brokerName: name,
    brokerAddrs: new Map(Object.entries(addresses).map(([id, address]) => [Number(id), address])),
    enableActingMaster: false
  })),
  filterServerTable: new Map(),
  ...(orderTopicConf === undefined ? {} : { orderTopicConf })
})
