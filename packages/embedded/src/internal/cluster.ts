/**
 * A cluster put together: its servers, who finds them by address, and what a test may see of them and do to them.
 *
 * @since 0.1.0
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Utils from "effect/Utils"
import type { Cluster, CommittedOffsets, Options, QueueState } from "../EmbeddedCluster.js"
import { NAME_SERVER } from "../Fault.js"
import type { Broker } from "./broker.js"
import * as Brokers from "./broker.js"
import type { Sink } from "./connection.js"
import * as Events from "./events.js"
import * as Faults from "./faults.js"
import type { Journal } from "./journal.js"
import * as NameServers from "./nameServer.js"
import * as Recorder from "./recorder.js"
import type { Server, Shared } from "./server.js"
import { settingsOf } from "./settings.js"
import * as Shaped from "./shaped.js"
import * as Storages from "./storage.js"
import * as Tasks from "./tasks.js"
import * as Timers from "./timers.js"
import { topic as topicOf } from "./topicTable.js"

export const brokerName = (index: number): string => `broker-${String.fromCharCode(97 + index)}`

const isSnapshot = (to: Duration.DurationInput | CommittedOffsets): to is CommittedOffsets => to instanceof Map

export const make = (options: Options = {}): Effect.Effect<Cluster, never, Scope.Scope> =>
  Effect.gen(function*() {
    const count = Math.max(1, Math.min(26, options.brokers ?? 1))
    const clusterName = options.clusterName ?? "DefaultCluster"
    const settings = settingsOf(options)
    const tasks = yield* Tasks.make
    const timers = yield* Timers.make
    const generator = new Utils.PCGRandom(yield* Random.nextInt)
    // apart from the brokers' own chance, which a fault must not change
    const faultGenerator = new Utils.PCGRandom(yield* Random.nextInt)
    const faults = Faults.make({ now: timers.now, random: () => faultGenerator.number() })
    const networks = Shaped.make(timers, faults.random)
    const recorder = Recorder.make(options.recordedRequests ?? 1000, timers.now)
    const events = Events.make()
    const waiting = new Set<() => void>()
    let connectionIds = 0
    const shared: Shared = {
      tasks,
      timers,
      faults,
      version: settings.version,
      nextConnectionId: () => connectionIds++,
      onRequest: recorder.add,
      events,
      changed: () => {
        if (waiting.size === 0) return
        for (const wake of Array.from(waiting)) wake()
      }
    }
    const journalOf = Storages.journalOf(options.storage ?? Storages.memory())
    const journals = new Map<string, Journal>()
    for (const name of [NAME_SERVER, ...Array.from({ length: count }, (_, index) => brokerName(index))]) {
      journals.set(name, yield* journalOf(name))
    }
    const brokers: ReadonlyArray<Broker> = Array.from({ length: count }, (_, index) =>
      Brokers.make({
        journal: journals.get(brokerName(index))!,
        name: brokerName(index),
        clusterName,
        address: options.brokerAddresses?.[index] ?? `127.0.0.1:${10911 + 20 * index}`,
        settings,
        shared,
        random: (bound) => generator.integer(bound)
      }))
    const nameServerAddress = options.nameServerAddress ?? "127.0.0.1:9876"
    const nameServer = NameServers.make({
      clusterName,
      port: nameServerAddress.slice(nameServerAddress.lastIndexOf(":") + 1),
      brokers,
      idleTimeout: settings.clientTimeout,
      auth: settings.auth,
      shared,
      journal: journals.get(NAME_SERVER)!
    })
    const byAddress = new Map<string, Server>([
      [nameServerAddress, nameServer.server],
      ...brokers.map((broker) => [broker.address, broker.server] as const)
    ])
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const server of byAddress.values()) server.setUp(false)
      })
    )

    const brokerOf = (name: string): Broker => {
      const broker = brokers.find((broker) => broker.name === name)
      if (broker === undefined) {
        throw new Error(`no broker is called ${name}; there are ${brokers.map((broker) => broker.name).join(", ")}`)
      }
      return broker
    }
    const serverOf = (name: string): Server => name === NAME_SERVER ? nameServer.server : brokerOf(name).server
    const onServer = (change: (server: Server) => void) => (name: string): Effect.Effect<void> =>
      Effect.sync(() => change(serverOf(name)))
    const setUp = (name: string, up: boolean, inRoutes: boolean) =>
      Effect.sync(() => {
        const server = serverOf(name)
        if (name !== NAME_SERVER) {
          nameServer.setRegistered(name, inRoutes)
          if (!up) brokerOf(name).forgetClients()
        }
        server.setUp(up)
      })
    /** What changed without a request is kept when this ends, or cannot be. */
    const kept = (of: ReadonlyArray<Broker>) =>
      Effect.forEach(of, ({ journal: { whenKept } }) =>
        whenKept === undefined
          ? Effect.void
          : Effect.async<void>((resume) => whenKept(() => resume(Effect.void), () => resume(Effect.void))), {
        discard: true
      })
    const queuesOf = (topic: string): ReadonlyArray<QueueState> =>
      brokers.flatMap((broker) =>
        Array.from(broker.store.queuesOf(topic))
          .sort((left, right) => left.queueId - right.queueId)
          .map((queue) => ({
            queue: MessageQueue.make(topic, broker.name, queue.queueId),
            minOffset: BigInt(queue.minOffset()),
            maxOffset: BigInt(queue.maxOffset())
          }))
      )
    const changed = Effect.async<void>((resume) => {
      const wake = () => {
        waiting.delete(wake)
        resume(Effect.void)
      }
      waiting.add(wake)
      return Effect.sync(() => waiting.delete(wake))
    })
    const until = (check: Effect.Effect<boolean>): Effect.Effect<void> =>
      Effect.flatMap(check, (holds) => holds ? Effect.void : Effect.zipRight(changed, until(check)))

    return {
      clusterName,
      nameServerAddress,
      brokers: brokers.map(({ address, name }) => ({ name, address })),
      createTopic: (name, { brokers: names, perm, queues = 4 } = {}) =>
        Effect.suspend(() => {
          const target = names === undefined ? brokers : names.map(brokerOf)
          for (const broker of target) broker.topics.put(topicOf(name, queues, perm === undefined ? {} : { perm }))
          shared.changed()
          return kept(target)
        }),
      topics: Effect.sync(() => {
        const names = new Set(brokers.flatMap((broker) => Array.from(broker.topics.all(), (topic) => topic.name)))
        return Array.from(names).sort()
      }),
      queues: (topic) => Effect.sync(() => queuesOf(topic)),
      stored: (topic) =>
        Effect.sync(() => queuesOf(topic).reduce((sum, queue) => sum + Number(queue.maxOffset - queue.minOffset), 0)),
      messages: (topic) =>
        Effect.sync(() => {
          const messages: Array<MessageExt.MessageExt> = []
          for (const broker of brokers) {
            for (const queue of Array.from(broker.store.queuesOf(topic)).sort((a, b) => a.queueId - b.queueId)) {
              for (let offset = queue.minOffset(); offset < queue.maxOffset(); offset++) {
                const record = broker.store.record(queue, offset)
                if (record === undefined) continue
                for (const message of MessageExt.decodeAll(record, { brokerName: broker.name }).messages) {
                  messages.push(message)
                }
              }
            }
          }
          return messages
        }),
      committedOffset: (group, queue) =>
        Effect.sync(() => {
          const offset = brokerOf(queue.brokerName).offsets.query(group, queue.topic, queue.queueId)
          return offset === undefined ? Option.none() : Option.some(offset)
        }),
      members: (group) =>
        Effect.sync(() => {
          const ids = brokers.flatMap((broker) =>
            Array.from(broker.consumers.group(group)?.channels.values() ?? [], (channel) => channel.clientId)
          )
          return Array.from(new Set(ids))
        }),
      heldPulls: Effect.sync(() => brokers.reduce((sum, broker) => sum + broker.longPolling.size(), 0)),
      scheduled: Effect.sync(() => brokers.reduce((sum, broker) => sum + broker.schedule.waiting(), 0)),
      events: events.stream,
      requests: Effect.sync(() => recorder.all()),
      clearRequests: Effect.sync(() => recorder.clear()),
      until,
      inject: (fault) =>
        Effect.sync(() => {
          if (fault.server !== undefined) serverOf(fault.server)
          const active = faults.add(fault)
          return { fault, remove: Effect.sync(active.remove), hits: Effect.sync(active.hits) }
        }),
      stop: (name) => setUp(name, false, false),
      kill: (name) => setUp(name, false, true),
      crash: (name) => Effect.zipRight(setUp(name, false, true), Effect.suspend(() => journals.get(name)!.crash)),
      committedOffsets: (name) => Effect.sync(() => brokerOf(name).offsets.snapshot()),
      rollbackOffsets: (name, to) =>
        Effect.suspend(() => {
          const broker = brokerOf(name)
          if (isSnapshot(to)) broker.offsets.restore(to)
          else broker.offsets.rollBack(broker.now() - Duration.toMillis(to))
          shared.changed()
          return kept([broker])
        }),
      start: (name) => setUp(name, true, true),
      freeze: onServer((server) => server.freeze(true)),
      unfreeze: onServer((server) => server.freeze(false)),
      disconnect: onServer((server) => server.disconnect()),
      network: (name, network) => Effect.sync(() => networks.set(serverOf(name), network)),
      halfOpen: onServer(networks.halfOpen),
      connections: (name) => Effect.sync(() => Array.from(serverOf(name).connections()).length),
      accept: (address, remoteAddress, client: Sink) => {
        const server = byAddress.get(address)
        return server === undefined ? undefined : networks.accept(server, remoteAddress, client)
      },
      defer: tasks.defer
    }
  })
