/**
 * What a behaviour runs against: a cluster of one kind, clients of it, and topics and groups that are the behaviour's own.
 *
 * @since 0.1.0
 */
import * as Broker from "@effect-rocketmq/client/Broker"
import type { BrokerError } from "@effect-rocketmq/client/BrokerError"
import type { Compression } from "@effect-rocketmq/client/Compression"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import type { NameServerError } from "@effect-rocketmq/client/NameServerError"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type { TopicRoute } from "@effect-rocketmq/client/TopicRoute"
import type { Transport } from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import type { ListenError } from "@effect-rocketmq/embedded/EmbeddedServer"
import type { Proxy as FaultProxy } from "@effect-rocketmq/embedded/FaultProxy"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Await from "./Await.js"
import type { ClaimFailedError } from "./Expect.js"

/**
 * `embedded`: in memory. `embedded-tcp`: the embedded broker behind sockets. `rocketmq`: Apache RocketMQ.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = "embedded" | "embedded-tcp" | "rocketmq"

/**
 * A way to the cluster on which things go wrong when a behaviour asks for it, and for nobody else.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trouble extends Pick<FaultProxy, "inject" | "network" | "disconnect" | "halfOpen"> {
  /** What clients are given that go this way. */
  readonly nameServers: ReadonlyArray<string>
}

/**
 * A running cluster, shared by all behaviours of a run.
 *
 * @since 0.1.0
 * @category services
 */
export class Target extends Context.Tag("@effect-rocketmq/conformance/Cluster/Target")<Target, {
  readonly kind: Kind
  readonly nameServers: ReadonlyArray<string>
  /** How its addresses are reached. */
  readonly transport: Layer.Layer<Transport | Compression>
  /** A client for the work around the behaviours: making topics, looking at offsets. */
  readonly broker: Broker.Broker["Type"]
  readonly nameServer: NameServer.NameServer["Type"]
  /** Has messages for a topic stored with `FLUSH_SLAVE_TIMEOUT`. Absent where the cluster cannot. */
  readonly weaken?: ((topic: string) => Effect.Effect<void, never, Scope.Scope>) | undefined
  readonly trouble: Effect.Effect<Trouble, ListenError, Scope.Scope>
  /** A name that no other run has and no other call got. */
  readonly unique: (label: string) => string
}>() {}

/**
 * Options of one client; the name servers are those of the cluster unless given.
 *
 * @since 0.1.0
 * @category models
 */
export type ClientOptions = Partial<RocketMQ.Options>

/**
 * @since 0.1.0
 * @category models
 */
export interface TopicOptions {
  /** Queues on each master, to read and to write. Default 4. */
  readonly queues?: number | undefined
  readonly readQueues?: number | undefined
  readonly writeQueues?: number | undefined
  /** Default: read and write. */
  readonly permission?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Master {
  readonly brokerName: string
  readonly address: string
}

/**
 * The cluster as one behaviour sees it. What it names and makes is removed when the behaviour ends.
 *
 * @since 0.1.0
 * @category services
 */
export class Cluster extends Context.Tag("@effect-rocketmq/conformance/Cluster")<Cluster, {
  readonly kind: Kind
  readonly nameServers: ReadonlyArray<string>
  readonly transport: Layer.Layer<Transport | Compression>
  readonly broker: Broker.Broker["Type"]
  readonly nameServer: NameServer.NameServer["Type"]
  /** A client of its own each time it is built: a second member, a second program. */
  readonly client: (options?: ClientOptions) => Layer.Layer<RocketMQ.RocketMQ, TransportConfigError>
  /** Every master of the cluster, ordered by name. */
  readonly masters: Effect.Effect<ReadonlyArray<Master>, NameServerError>
  /** A topic on all masters; its route shows all of them when this returns. */
  readonly topic: (options?: TopicOptions) => Effect.Effect<string, BrokerError | NameServerError | ClaimFailedError>
  /** Makes a topic of that name, for one that was only named before. */
  readonly createTopic: (
    name: string,
    options?: TopicOptions
  ) => Effect.Effect<void, BrokerError | NameServerError | ClaimFailedError>
  /** A name of a topic that nobody has made. */
  readonly topicName: () => string
  /** A name of a group that nobody has used. */
  readonly group: () => string
  /** A group that all brokers know: they refuse offsets of others. */
  readonly knownGroup: Effect.Effect<string, BrokerError | NameServerError>
  /** Has messages for a topic stored with `FLUSH_SLAVE_TIMEOUT`, for behaviours that need that. */
  readonly weaken: (topic: string) => Effect.Effect<void, never, Scope.Scope>
  /** A way to the cluster that is this behaviour's own. */
  readonly trouble: Effect.Effect<Trouble, ListenError, Scope.Scope>
  /** The route, asked for now, as soon as the topic has one. */
  readonly route: (topic: string) => Effect.Effect<TopicRoute, ClaimFailedError>
}>() {}

/**
 * Of the work around the behaviours, and of the cluster's own name servers: when many behaviours begin at once, Apache
 * RocketMQ makes their topics one after the other. Where the time of an answer is claimed, it is given there.
 */
const PATIENCE = "30 seconds"

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeTarget = (options: {
  readonly kind: Kind
  readonly nameServers: ReadonlyArray<string>
  readonly transport: Layer.Layer<Transport | Compression>
  readonly weaken?: Target["Type"]["weaken"]
  readonly trouble: Target["Type"]["trouble"]
}): Effect.Effect<Target["Type"], TransportConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const admin = yield* Layer.build(
      RocketMQ.layer({ nameServers: options.nameServers, requestTimeout: PATIENCE, nameServerTimeout: PATIENCE }).pipe(
        Layer.provide(options.transport),
        Layer.fresh
      )
    )
    const now = yield* Clock.currentTimeMillis
    const run = `${now.toString(36)}${(yield* Random.nextIntBetween(0, 36 ** 3)).toString(36)}`
    let count = 0
    return Target.of({
      ...options,
      broker: Context.get(admin, Broker.Broker),
      nameServer: Context.get(admin, NameServer.NameServer),
      unique: (label) => `c-${label}-${run}-${++count}`
    })
  })

/**
 * @since 0.1.0
 * @category layers
 */
export const layer = (label: string): Layer.Layer<Cluster, never, Target> => Layer.scoped(Cluster, make(label))

const make = (label: string): Effect.Effect<Cluster["Type"], never, Target | Scope.Scope> =>
  Effect.gen(function*() {
    const target = yield* Target
    const { broker, nameServer } = target
    const topics: Array<string> = []
    const groups: Array<string> = []

    const masters = Effect.map(nameServer.clusterInfo, (info) => {
      const found: Array<Master> = []
      for (const [brokerName, data] of info.brokerAddrTable) {
        const address = data.brokerAddrs.get(0)
        if (address !== undefined) found.push({ brokerName, address })
      }
      return found.sort((a, b) => a.brokerName < b.brokerName ? -1 : 1)
    })

    const topicName = (): string => {
      const name = target.unique(label)
      topics.push(name)
      return name
    }

    const createTopic = Effect.fnUntraced(function*(name: string, options?: TopicOptions) {
      const all = yield* masters
      yield* Effect.forEach(all, ({ address }) =>
        broker.createTopic(
          address,
          {
            attributes: {},
            order: false,
            perm: options?.permission ?? Permission.READ | Permission.WRITE,
            readQueueNums: options?.readQueues ?? options?.queues ?? 4,
            topicFilterType: "SINGLE_TAG",
            topicName: name,
            topicSysFlag: 0,
            writeQueueNums: options?.writeQueues ?? options?.queues ?? 4
          }
        ))
      yield* Await.until(
        `the route of ${name} shows ${all.length} brokers`,
        nameServer.refresh(name),
        (route) => route.data.queueDatas.length === all.length && route.brokers.size === all.length
      )
    })

    const group = (): string => {
      const name = target.unique(`${label}-g`)
      groups.push(name)
      return name
    }

    const knownGroup = Effect.gen(function*() {
      const groupName = group()
      for (const { address } of yield* masters) {
        yield* broker.createGroup(address, {
          attributes: {},
          brokerId: 0,
          consumeBroadcastEnable: true,
          consumeEnable: true,
          consumeFromMinEnable: true,
          consumeMessageOrderly: false,
          consumeTimeoutMinute: 15,
          groupName,
          groupSysFlag: 0,
          notifyConsumerIdsChangedEnable: true,
          retryMaxTimes: 16,
          retryQueueNums: 1,
          whichBrokerWhenConsumeSlowly: 1
        })
      }
      return groupName
    })

    const remove = Effect.gen(function*() {
      const derived = groups.flatMap((group) => [Names.retryTopic(group), Names.dlqTopic(group)])
      for (const { address } of yield* masters) {
        yield* Effect.forEach(groups, (group) => Effect.ignore(broker.deleteGroup(address, group, true)))
        yield* Effect.forEach([...topics, ...derived], (topic) => Effect.ignore(broker.deleteTopic(address, topic)))
      }
      yield* Effect.forEach(
        [...topics, ...derived],
        (topic) => Effect.ignore(nameServer.requestAll(RequestHeader.DeleteTopicInNamesrv.make({ topic })))
      )
      yield* Effect.forEach(topics, nameServer.forget)
    })
    // an embedded cluster ends with its run
    if (target.kind === "rocketmq") {
      yield* Effect.addFinalizer(() => remove.pipe(Effect.timeout("10 seconds"), Effect.ignoreLogged))
    }

    return Cluster.of({
      kind: target.kind,
      nameServers: target.nameServers,
      transport: target.transport,
      broker,
      nameServer,
      masters,
      client: (options) =>
        RocketMQ.layer({
          nameServers: target.nameServers,
          ...(options?.nameServers === undefined ? { nameServerTimeout: PATIENCE } : {}),
          ...options
        }).pipe(
          Layer.provide(target.transport),
          Layer.fresh
        ),
      topicName,
      topic: (options) =>
        Effect.suspend(() => {
          const name = topicName()
          return Effect.as(createTopic(name, options), name)
        }),
      createTopic,
      group,
      knownGroup,
      trouble: target.trouble,
      weaken: target.weaken ?? (() => Effect.dieMessage("this cluster cannot store weakly")),
      route: (topic) => Await.until(`the name server has a route of ${topic}`, nameServer.refresh(topic), () => true)
    })
  })
