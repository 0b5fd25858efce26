/**
 * `npm run broker`: the embedded broker on TCP, for clients of any language. For development and tests.
 *
 * @since 0.1.0
 */
import * as ClusterEvent from "@effect-rocketmq/embedded/ClusterEvent"
import type { Cluster } from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import * as Fault from "@effect-rocketmq/embedded/Fault"
import * as Storage from "@effect-rocketmq/embedded/Storage"
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { brokerOptions } from "./internal/brokerOptions.js"

type Options = Command.Command.ParseConfig<typeof brokerOptions>

const out = (text: string) => Effect.sync(() => process.stdout.write(`${text}\n`))

const giveUp = (error: { readonly message: string }) =>
  Effect.sync(() => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })

/** What is there, and where to connect: for people, or as one line of JSON. */
const introduce = (options: Options, cluster: Cluster) =>
  Effect.gen(function*() {
    if (options.json) {
      yield* out(JSON.stringify({
        _tag: "Ready",
        nameServerAddress: cluster.nameServerAddress,
        brokers: cluster.brokers,
        topics: options.topics.map(({ name }) => name),
        store: Option.getOrNull(options.store),
        faults: options.faults.map(Fault.format)
      }))
      return
    }
    for (const { address, name } of cluster.brokers) yield* out(`${name} listens on ${address}`)
    for (const fault of options.faults) yield* out(`Fault: ${Fault.format(fault)}`)
    yield* out(
      Option.match(options.store, {
        onNone: () => "Embedded broker for development and tests: messages are in memory and gone when it stops.",
        onSome: (directory) => `Embedded broker for development and tests: messages are in ${directory}.`
      })
    )
    // the last line: who waits for it may connect
    yield* out(`ROCKETMQ_NAMESRV_ADDR=${cluster.nameServerAddress}`)
  })

const serve = (options: Options) =>
  Effect.gen(function*() {
    const storage = Option.isNone(options.store)
      ? Storage.memory()
      : yield* Storage.files({ directory: options.store.value, flush: options.flush })
    const cluster = yield* EmbeddedServer.serve({
      host: options.host,
      port: options.port,
      brokers: options.brokers,
      defaultTopicQueues: options.queues,
      retentionBytes: options.retention * 1024 * 1024,
      retentionAge: Option.getOrUndefined(Option.map(options.retentionHours, Duration.hours)),
      storage,
      autoCreateTopic: !options.noAutoCreate,
      auth: options.users.length === 0 ? undefined : { users: options.users },
      recordedRequests: 0
    })
    for (const { name, queues } of options.topics) yield* cluster.createTopic(name, { queues })
    for (const fault of options.faults) yield* cluster.inject(fault)
    yield* introduce(options, cluster)
    if (options.verbose) {
      const line = options.json ? (event: ClusterEvent.ClusterEvent) => JSON.stringify(event) : ClusterEvent.format
      yield* Stream.runForEach(cluster.events, (event) => out(line(event)))
    }
    yield* Effect.never
  }).pipe(
    Effect.scoped,
    Effect.catchTags({
      ListenError: giveUp,
      StorageDamagedError: giveUp,
      StorageLockedError: giveUp,
      StorageUnavailableError: giveUp
    })
  )

const broker = Command.make("broker", brokerOptions, serve).pipe(
  Command.withDescription("The embedded RocketMQ name server and broker on TCP, for development and tests.")
)

Command.run(broker, { name: "effect-rocketmq broker", version: "0.0.0" })(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
