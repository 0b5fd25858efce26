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
import * as Scope from "effect/Scope"
import * as Utils from "effect/Utils"
import type { Cluster, CommittedOffsets, Options, QueueState } from "../EmbeddedCluster.js"
import type { Broker } from "./broker.js"
import * as Brokers from "./broker.js"
import type { Sink } from "./connection.js"
import * as Events from "./events.js"
import * as Faults from "./faults.js"
import type { Group, Member } from "./groups.js"
import * as Groups from "./groups.js"
import type { Journal } from "./journal.js"
import { nameServerName } from "./names.js"
import type { NameServer } from "./nameServer.js"
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

/** How often slaves flush, in milliseconds: as brokers do. */
const FLUSH_INTERVAL = 500

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
    const recorder = Recorder.make(options.recordedRequests ?? 1000)
    const events = Events.make()
    const waiting = new Set<() => void>()
    let connectionIds = 0
    const shared: Shared = {
      tasks,
      timers,
      faults,
      version: settings.version,
      nextConnectionId: () => connectionIds++,
      onRequest: (server, request, { id, lastReadAt }) => recorder.add(server, request, id, lastReadAt()),
      events,
      changed: () => {
        if (waiting.size === 0) return
        for (const wake of Array.from(waiting)) wake()
      }
    }
    const journalOf = Storages.journalOf(options.storage ?? Storages.memory())
    const journals = new Map<string, Journal>()
    const nameServerCount = Math.max(1, Math.min(9, options.nameServers ?? 1))
    const nameServerNames = Array.from({ length: nameServerCount }, (_, index) => nameServerName(index))
    for (const name of [...nameServerNames, ...Array.from({ length: count }, (_, index) => brokerName(index))]) {
      journals.set(name, yield* journalOf(name))
    }
    const byAddress = new Map<string, Server>()
    const slaves = Math.max(0, Math.min(9, options.slaves ?? 0))
    const groups: ReadonlyArray<Group> = Array.from({ length: count }, (_, index) => {
      const name = brokerName(index)
      const port = 10911 + 20 * index
      return Groups.make({
        name,
        addresses: [
          options.brokerAddresses?.[index] ?? `127.0.0.1:${port}`,
          ...Array.from({ length: slaves }, (_, at) =>
            options.slaveAddresses?.[index]?.[at] ?? `127.0.0.1:${port + 10 + at}`)
        ],
        journal: journals.get(name)!,
        timers,
        flushInterval: FLUSH_INTERVAL,
        version: settings.version,
        slaveReads: options.slaveReads ?? true,
        syncTimeout: options.replication === "sync"
          ? Duration.toMillis(options.slaveTimeout ?? "3 seconds")
          : undefined,
        broker: ({ server, ...of }) =>
          Brokers.make({
            ...of,
            name,
            serverName: server,
            clusterName,
            settings,
            shared,
            random: (bound) =>
              generator.integer(bound)
          }),
        placed: (address, server) => {
          byAddress.set(address, server)
        },
        copied: shared.changed
      })
    })
    const masters = (): ReadonlyArray<Broker> => groups.map((group) => group.master().broker)
    const nameServerAddresses = nameServerNames.map((_, index) =>
      options.nameServerAddresses?.[index] ??
        (index === 0 ? options.nameServerAddress : undefined) ?? `127.0.0.1:${9876 + index}`
    )
    const nameServers: ReadonlyArray<NameServer> = nameServerNames.map((name, index) =>
      NameServers.make({
        name,
        clusterName,
        port: nameServerAddresses[index]!.slice(nameServerAddresses[index]!.lastIndexOf(":") + 1),
        groups,
        idleTimeout: settings.clientTimeout,
        auth: settings.auth,
        shared,
        journal: journals.get(name)!
      })
    )
    nameServers.forEach(({ server }, index) => byAddress.set(nameServerAddresses[index]!, server))
    yield* Scope.addFinalizer(
      yield* Effect.scope,
      Effect.sync(() => {
        for (const server of byAddress.values()) server.setUp(false)
      })
    )

    const members = (): ReadonlyArray<Member> => groups.flatMap((group) => group.members())
    const isNameServer = (name: string) => nameServerNames.includes(name)
    const memberOf = (name: string): Member => {
      const found = members().find(({ broker }) => broker.server.name === name)
      if (found === undefined) {
        const names = members().map(({ broker }) => broker.server.name)
        throw new Error(`no broker is called ${name}; there are ${names.join(", ")}`)
      }
      return found
    }
    const brokerOf = (name: string): Broker => memberOf(name).broker
    const groupOf = (name: string): Group => groups.find((group) => group.name === brokerOf(name).name)!
    const nameServerOf = (name: string): NameServer => {
      const found = nameServers[nameServerNames.indexOf(name)]
      if (found === undefined) {
        throw new Error(`no name server is called ${name}; there are ${nameServerNames.join(", ")}`)
      }
      return found
    }
    const serverOf = (name: string): Server => isNameServer(name) ? nameServerOf(name).server : brokerOf(name).server
    const onServer = (change: (server: Server) => void) => (name: string): Effect.Effect<void> =>
      Effect.sync(() => change(serverOf(name)))
    const setRegistered = (name: string, registered: boolean, at: ReadonlyArray<NameServer> = nameServers) => {
      for (const nameServer of at) nameServer.setRegistered(name, registered)
    }
    const setUp = (name: string, up: boolean, inRoutes: boolean) =>
      Effect.sync(() => {
        const server = serverOf(name)
        if (!isNameServer(name)) {
          setRegistered(name, inRoutes)
          if (!up) brokerOf(name).forgetClients()
        }
        server.setUp(up)
        if (!isNameServer(name)) groupOf(name).goOn()
      })
    const registering = (registered: boolean) => (broker: string, nameServer?: string) =>
      Effect.sync(() =>
        setRegistered(
          serverOf(broker).name,
          registered,
          nameServer === undefined ? nameServers : [nameServerOf(nameServer)]
        )
      )
    const crash = (name: string) => {
      if (isNameServer(name)) return journals.get(name)!.crash
      const { id, journal } = memberOf(name)
      // a slave that has lost something copies all of it again, and what a master has lost its slaves lose
      const copyAnew = Effect.sync(() => groupOf(name).copyAnew())
      return id > 0 ? copyAnew : slaves > 0 ? Effect.zipRight(journal.crash, copyAnew) : journal.crash
    }
    /** What changed without a request is kept when this ends, or cannot be. */
    const kept = (of: ReadonlyArray<Broker>) =>
      Effect.forEach(of, ({ journal: { whenKept } }) =>
        whenKept === undefined
          ? Effect.void
          : Effect.async<void>((resume) => whenKept(() => resume(Effect.void), () => resume(Effect.void))), {
        discard: true
      })
    const queuesOf = (topic: string): ReadonlyArray<QueueState> =>
      masters().flatMap((broker) =>
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
      nameServerAddress: nameServerAddresses[0]!,
      nameServerAddresses,
      get brokers() {
        return masters().map(({ address, name }) => ({ name, address }))
      },
      createTopic: (name, { brokers: names, perm, queues = 4 } = {}) =>
        Effect.suspend(() => {
          const target = names === undefined ? masters() : names.map(brokerOf)
          for (const broker of target) broker.topics.put(topicOf(name, queues, perm === undefined ? {} : { perm }))
          shared.changed()
          return kept(target)
        }),
      topics: Effect.sync(() => {
        const names = new Set(masters().flatMap((broker) => Array.from(broker.topics.all(), (topic) => topic.name)))
        return Array.from(names).sort()
      }),
      queues: (topic) => Effect.sync(() => queuesOf(topic)),
      stored: (topic) =>
        Effect.sync(() => queuesOf(topic).reduce((sum, queue) => sum + Number(queue.maxOffset - queue.minOffset), 0)),
      messages: (topic) =>
        Effect.sync(() => {
          const messages: Array<MessageExt.MessageExt> = []
          for (const broker of masters()) {
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
          const ids = members().map(({ broker }) => broker).flatMap((broker) =>
            Array.from(broker.consumers.group(group)?.channels.values() ?? [], (channel) => channel.clientId)
          )
          return Array.from(new Set(ids))
        }),
      heldPulls: Effect.sync(() => members().reduce((sum, { broker }) => sum + broker.longPolling.size(), 0)),
      scheduled: Effect.sync(() => masters().reduce((sum, broker) => sum + broker.schedule.waiting(), 0)),
      events: events.stream,
      latestEvents: events.latest,
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
      crash: (name) => Effect.zipRight(setUp(name, false, true), Effect.suspend(() => crash(name))),
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
      staleRoutes: (name) => Effect.sync(() => nameServerOf(name).setStale(true)),
      freshRoutes: (name) => Effect.sync(() => nameServerOf(name).setStale(false)),
      unregister: registering(false),
      register: registering(true),
      copying: (name, { lag, paused }) =>
        Effect.sync(() => {
          const { id } = memberOf(name)
          if (lag !== undefined) groupOf(name).setLag(id, Duration.toMillis(lag))
          if (paused !== undefined) groupOf(name).pause(id, paused)
        }),
      behind: (name) => Effect.sync(() => groupOf(name).behind(memberOf(name).id)),
      suggestBroker: (name, id) => Effect.sync(() => groupOf(name).suggest(id)),
      switchMaster: (name) =>
        Effect.sync(() => {
          groupOf(name).switchMaster()
          shared.changed()
        }),
      connections: (name) => Effect.sync(() => Array.from(serverOf(name).connections()).length),
      accept: (address, remoteAddress, client: Sink) => {
        const server = byAddress.get(address)
        return server === undefined ? undefined : networks.accept(server, remoteAddress, client)
      },
      defer: tasks.defer
    }
  })
