/**
 * The clusters of tests put together: what is the same for all of them, on what each of them can do.
 *
 * @since 0.1.0
 */
import type { Compression } from "@effect-rocketmq/client/Compression"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type { Transport } from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import type { ClusterEvent } from "@effect-rocketmq/embedded/ClusterEvent"
import type * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as Fault from "@effect-rocketmq/embedded/Fault"
import type { Network } from "@effect-rocketmq/embedded/Network"
import * as VirtualTime from "@effect-rocketmq/embedded/VirtualTime"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Source, StartError, TestCluster } from "../TestCluster.js"
import * as Collecting from "./collecting.js"
import * as Events from "./events.js"
import * as Looks from "./looks.js"
import { startEmbedded, startExternal, startRocketMQ } from "./sources.js"

/** What a cluster of any kind can do. */
export interface Servers {
  readonly nameServers: ReadonlyArray<string>
  /** What a client needs to connect to them. */
  readonly services: Context.Context<Transport | Compression>
  readonly inject: (fault: Fault.Fault) => Effect.Effect<Fault.Injected>
  readonly network: (server: string, network: Network) => Effect.Effect<void>
  readonly kill: (broker: string) => Effect.Effect<void>
  readonly start: (broker: string) => Effect.Effect<void>
  readonly freeze: (broker: string) => Effect.Effect<void>
  readonly unfreeze: (broker: string) => Effect.Effect<void>
  readonly requests: Effect.Effect<ReadonlyArray<EmbeddedCluster.RecordedRequest>>
  readonly events: Effect.Effect<ReadonlyArray<ClusterEvent>>
  /** Whether it outlives the test, which then has to clean up. */
  readonly outlives: boolean
}

/** So many events are shown with a failure. */
const SHOWN = 20

const makeClient = (servers: Servers, options?: Omit<RocketMQ.Options, "nameServers">) =>
  Effect.provide(RocketMQ.make({ ...options, nameServers: servers.nameServers }), servers.services)

/** Requests that bring messages out of a queue. */
const reading: ReadonlySet<number> = new Set([
  RequestCode.PULL_MESSAGE,
  RequestCode.LITE_PULL_MESSAGE,
  RequestCode.POP_MESSAGE
])

const make = (
  servers: Servers,
  context: Context.Context<RocketMQ.RocketMQ>
): Effect.Effect<TestCluster["Type"], never, Scope.Scope> =>
  Effect.gen(function*() {
    const run = `${(yield* Clock.currentTimeMillis).toString(36)}${
      (yield* Random.nextIntBetween(0, 36 ** 3)).toString(36)
    }`
    const topics: Array<string> = []
    const groups: Array<string> = []
    let count = 0

    const unique = (label: string) => `${label}-${run}-${++count}`
    const group = (label = "group") => {
      const name = unique(label)
      groups.push(name)
      return name
    }
    const createTopic: TestCluster["Type"]["createTopic"] = (topic, options) => {
      topics.push(topic)
      return Effect.provide(Looks.createTopic(topic, options), context)
    }
    if (servers.outlives) {
      yield* Effect.addFinalizer(() =>
        Looks.remove(topics, groups).pipe(Effect.provide(context), Effect.timeout("10 seconds"), Effect.ignoreLogged)
      )
    }

    return {
      nameServers: servers.nameServers,
      client: (options) => Layer.fresh(Layer.scopedContext(makeClient(servers, options))),
      createTopic,
      topic: (options) =>
        Effect.suspend(() => {
          const name = unique("topic")
          return Effect.as(createTopic(name, options), name)
        }),
      typed: (topic, options) =>
        Effect.suspend(() => {
          const name = unique(topic.name)
          return Effect.as(createTopic(name, options), { ...topic, name })
        }),
      group,
      stored: (topic) => Effect.provide(Looks.stored(topic), context),
      committed: (group, topic) => Effect.provide(Looks.committed(group, topic), context),
      lag: (group, topic) => Effect.provide(Looks.lag(group, topic), context),
      consumed: (group, topic, within) => Effect.asVoid(Effect.provide(Looks.consumed(group, topic, within), context)),
      deadLetters: (group) => Effect.provide(Looks.stored(Names.dlqTopic(group)), context),
      collect: (topic, options) => Effect.provide(Collecting.collect(group("collect"), topic, options), context),
      collectTyped: (topic, options) =>
        Effect.provide(Collecting.collectTyped(group("collect"), topic, options), context),
      brokers: Effect.map(Effect.provide(Looks.masters, context), (all) => all.map(({ name }) => name)),
      inject: servers.inject,
      freezeQueue: (queue) =>
        Effect.map(
          servers.inject(Fault.dropRequest.pipe(
            Fault.onServer(queue.brokerName),
            Fault.onTopic(queue.topic),
            Fault.onQueue(queue.queueId),
            Fault.when(({ code }) => reading.has(code))
          )),
          ({ remove }) => remove
        ),
      network: servers.network,
      kill: servers.kill,
      start: servers.start,
      freeze: servers.freeze,
      unfreeze: servers.unfreeze,
      requests: servers.requests,
      events: servers.events
    }
  })

type Test<A, E, R> = (cluster: TestCluster["Type"]) => Effect.Effect<A, E, R>

const onServers = <A, E, R>(
  test: Test<A, E, R>,
  servers: Servers
): Effect.Effect<A, E | TransportConfigError, Exclude<R, RocketMQ.RocketMQ> | Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* makeClient(servers)
    const cluster = yield* make(servers, context)
    return yield* test(cluster).pipe(
      Effect.provide(context),
      Effect.tapErrorCause((cause) =>
        Cause.isInterruptedOnly(cause) ? Effect.void : Effect.map(
          servers.events,
          (events) => Events.annotate(cause, events.slice(-SHOWN))
        )
      )
    )
  })

export const run = <A, E, R>(
  source: Source,
  test: Test<A, E, R>
): Effect.Effect<A, E | StartError, Exclude<R, RocketMQ.RocketMQ | Scope.Scope>> =>
  started(source, test) as Effect.Effect<A, E | StartError, Exclude<R, RocketMQ.RocketMQ | Scope.Scope>>

const started = <A, E, R>(source: Source, test: Test<A, E, R>) => {
  const on = <E2>(servers: Effect.Effect<Servers, E2, Scope.Scope>) =>
    Effect.flatMap(servers, (servers) => onServers(test, servers))
  switch (source._tag) {
    case "Embedded": {
      const { seed, shuffle, within, ...options } = source.options
      return VirtualTime.run(on(startEmbedded(options)), { seed, shuffle, within })
    }
    case "External":
      return Effect.scoped(on(startExternal(source.options)))
    case "RocketMQ":
      return Effect.scoped(on(startRocketMQ(source.options)))
  }
}

export const fromEnv = (otherwise: Source = { _tag: "Embedded", options: {} }): Effect.Effect<Source> =>
  Config.string("ROCKETMQ_TEST_CLUSTER").pipe(
    Config.option,
    Effect.orDie,
    Effect.map(Option.match({
      onNone: () => otherwise,
      onSome: (text): Source =>
        text === "embedded"
          ? { _tag: "Embedded", options: {} }
          : text === "rocketmq"
          ? { _tag: "RocketMQ", options: {} }
          : { _tag: "External", options: { nameServers: text.split(/[;,]/).map((address) => address.trim()) } }
    }))
  )
