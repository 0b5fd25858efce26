/**
 * One broker: its state, and the table from request code to handler.
 *
 * Requests are served by plain functions on mutable state, one after the other; only what must happen later goes through
 * timers and tasks.
 *
 * @since 0.1.0
 */
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Accesses from "./access.js"
import * as AccessHandlers from "./accessHandlers.js"
import * as AssignmentHandlers from "./assignmentHandlers.js"
import * as BrokerConfigs from "./brokerConfig.js"
import * as ClientHandlers from "./clientHandlers.js"
import * as Clients from "./clients.js"
import * as ConfigHandlers from "./configHandlers.js"
import type { Connection } from "./connection.js"
import * as FigureHandlers from "./figureHandlers.js"
import * as Filters from "./filters.js"
import * as GroupHandlers from "./groupHandlers.js"
import * as GroupTable from "./groupTable.js"
import type { Journal } from "./journal.js"
import * as Locks from "./locks.js"
import * as LongPolling from "./longPolling.js"
import * as MaintenanceHandlers from "./maintenanceHandlers.js"
import * as MemberHandlers from "./memberHandlers.js"
import { hostPrefix, makeUnique } from "./messageIds.js"
import * as OffsetHandlers from "./offsetHandlers.js"
import * as Offsets from "./offsets.js"
import * as PopHandlers from "./popHandlers.js"
import * as PopPolling from "./popPolling.js"
import * as PopTable from "./popTable.js"
import * as PullHandlers from "./pullHandlers.js"
import * as PullOffsets from "./pullOffsets.js"
import * as QueryHandlers from "./queryHandlers.js"
import * as RecallHandlers from "./recallHandlers.js"
import * as Schedule from "./schedule.js"
import * as SendHandlers from "./sendHandlers.js"
import type { Handler, Server, Shared } from "./server.js"
import * as Servers from "./server.js"
import type { Settings } from "./settings.js"
import * as StatsOf from "./stats.js"
import * as Store from "./store.js"
import type { Timers } from "./timers.js"
import * as TopicHandlers from "./topicHandlers.js"
import * as TopicTable from "./topicTable.js"
import * as Transactions from "./transactions.js"

export interface Broker {
  readonly name: string
  readonly clusterName: string
  /** `host:port` that clients connect to; the store host of its messages. */
  readonly address: string
  readonly hostPrefix: string
  /** As they are now: administrators can change some while the broker runs. */
  readonly settings: Settings
  readonly config: BrokerConfigs.BrokerConfig
  readonly stats: StatsOf.Stats
  /** Absent when everybody may do everything. */
  readonly access: Accesses.Access | undefined
  readonly bootTimestamp: number
  /** Id of the broker that consumers are told to pull from. */
  readonly suggested: () => number
  readonly server: Server
  readonly timers: Timers
  readonly topics: TopicTable.TopicTable
  readonly groups: GroupTable.GroupTable
  /** Through which all goes that a restart must find again. */
  readonly journal: Journal
  readonly store: Store.Store
  readonly schedule: Schedule.Schedule
  readonly offsets: Offsets.Offsets
  readonly pullOffsets: PullOffsets.PullOffsets
  readonly locks: Locks.Locks
  readonly consumers: Clients.Consumers
  readonly producers: Clients.Producers
  readonly longPolling: LongPolling.LongPolling
  readonly filters: Filters.Filters
  readonly popPolling: PopPolling.PopPolling
  /** What groups have popped and not settled. */
  readonly pops: PopTable.PopTable
  readonly transactions: Transactions.Transactions
  readonly now: () => number
  /** A whole number from 0 to below `bound`. */
  readonly random: (bound: number) => number
  readonly uniqueId: () => string
  /** A request to a client that wants no answer. */
  readonly push: (connection: Connection, request: Request) => void
  /** The first offset stored at or after a time; with `upper` the last one stored at or before it. */
  readonly offsetAt: (topic: string, queueId: number, timestamp: number, upper: boolean) => number
  /** What a dead process takes with it: who was connected, who held locks. What was stored stays. */
  readonly forgetClients: () => void
}

export const make = (options: {
  readonly name: string
  /** What the server is called where brokers of one name are told apart. */
  readonly serverName: string
  readonly clusterName: string
  readonly address: string
  readonly settings: Settings
  readonly shared: Shared
  readonly suggested: () => number
  /** Changes handlers: what a slave does otherwise. */
  readonly adapt: ((broker: Broker, table: Map<number, Handler>) => void) | undefined
  readonly journal: Journal
  readonly random: (bound: number) => number
}): Broker => {
  const { address, clusterName, journal, name, random, shared } = options
  const settings: BrokerConfigs.LiveSettings = { ...options.settings }
  const { tasks, timers } = shared
  const now = timers.now
  const stats = StatsOf.make(now)
  const access = settings.auth === undefined ? undefined : Accesses.make(settings.auth, clusterName)
  const config = BrokerConfigs.make({ name, clusterName, address, settings, journal, now })
  const longPolling = LongPolling.make(tasks, timers)
  const popPolling = PopPolling.make(tasks, timers)
  const store = Store.make({
    retentionBytes: settings.retentionBytes,
    retentionAge: settings.retentionAge,
    journal,
    timers,
    storeHost: address,
    now,
    stored: (stored, tagsCode, properties) => {
      longPolling.arrived(stored, tagsCode, properties)
      popPolling.arrived(stored, tagsCode)
      const at = stored.storeTimestamp
      stats.add("TOPIC_PUT_NUMS", stored.topic, 1, at)
      stats.add("TOPIC_PUT_SIZE", stored.topic, stored.size, at)
      stats.add("BROKER_PUT_NUMS", clusterName, 1, at)
      shared.changed()
    }
  })
  const push = (connection: Connection, request: Request) =>
    connection.push(
      Remoting.make({
        ...request,
        flag: Remoting.FLAG_ONEWAY,
        opaque: random(0x7fffffff),
        language: 0,
        version: settings.version
      })
    )
  const consumers = Clients.makeConsumers((group) => {
    for (const channel of group.channels.values()) {
      push(channel.connection, {
        code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED,
        extFields: { consumerGroup: group.name },
        body: undefined
      })
    }
  })
  const producers = Clients.makeProducers()
  const locks = Locks.make()
  const prefix = hostPrefix(address)
  const unique = makeUnique(prefix, random(0x7fffffff))

  let table: Map<number, Handler> | undefined
  const handlers = () => table ??= makeHandlers()
  const makeHandlers = () => {
    const table = new Map<number, Handler>()
    const parts = [
      SendHandlers,
      RecallHandlers,
      PullHandlers,
      PopHandlers,
      AssignmentHandlers,
      ClientHandlers,
      QueryHandlers,
      TopicHandlers,
      GroupHandlers,
      OffsetHandlers,
      MemberHandlers,
      FigureHandlers,
      MaintenanceHandlers,
      ConfigHandlers,
      AccessHandlers
    ]
    for (const part of parts) for (const [code, handler] of part.make(broker)) table.set(code, handler)
    table.set(RequestCode.END_TRANSACTION, broker.transactions.end)
    options.adapt?.(broker, table)
    return table
  }
  const server = Servers.make({
    name: options.serverName,
    shared,
    whenKept: journal.whenKept,
    handlers,
    refusal: access?.refusal,
    onClose: (connection) => {
      longPolling.drop(connection)
      popPolling.drop(connection)
      consumers.drop(connection)
      producers.drop(connection)
    },
    clientTimeout: settings.clientTimeout,
    expire: (limit) => {
      const left = consumers.expire(limit)
      const right = producers.expire(limit)
      const times = [left.oldest, right.oldest].filter((time) => time !== undefined)
      return {
        connections: [...left.connections, ...right.connections],
        oldest: times.length === 0 ? undefined : Math.min(...times)
      }
    }
  })

  const topics = TopicTable.make({
    autoCreate: () => settings.autoCreateTopic,
    defaultQueues: settings.defaultTopicQueues,
    delayLevels: settings.delayLevels.length,
    brokerName: name,
    clusterName,
    journal
  })
  const base = {
    name,
    clusterName,
    address,
    hostPrefix: prefix,
    settings,
    config,
    stats,
    access,
    bootTimestamp: now(),
    suggested: options.suggested,
    server,
    timers,
    topics,
    groups: GroupTable.make(() => settings.autoCreateGroup, journal),
    journal,
    store,
    schedule: Schedule.make({
      store,
      timers,
      journal,
      now,
      levels: settings.delayLevels,
      maxTimerDelay: () => settings.maxTimerDelay,
      wheel: settings.version < MqVersion.V5_0_0 ? "Missing" : settings.timerWheel ? "On" : "Off"
    }),
    pullOffsets: PullOffsets.make(),
    offsets: Offsets.make(journal, now),
    locks,
    consumers,
    producers,
    longPolling,
    filters: Filters.make(),
    popPolling,
    pops: PopTable.make({ store, topics, timers, journal, storeHost: address }),
    now,
    random,
    uniqueId: () => unique(now()),
    push,
    offsetAt: (topic: string, queueId: number, timestamp: number, upper: boolean): number => {
      const queue = store.queue(topic, queueId)
      if (queue === undefined) return 0
      if (!upper) return queue.search(timestamp)
      return Math.max(queue.minOffset(), queue.search(timestamp + 1) - 1)
    },
    forgetClients: () => {
      consumers.clear()
      producers.clear()
      locks.clear()
    }
  }
  const broker: Broker = Object.assign(base, { transactions: Transactions.make(base as Broker) })

  // handlers have tables too
  handlers()
  journal.recover()
  return broker
}
