/**
 * `npm run broker`: the embedded broker on TCP, for clients of any language. For development and tests.
 *
 * @since 0.1.0
 */
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import * as Storage from "@effect-rocketmq/embedded/Storage"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const host = Options.text("host").pipe(
  Options.withDescription("interface to listen on; anything but loopback lets the network in, without a password"),
  Options.withDefault("127.0.0.1")
)
const port = Options.integer("port").pipe(
  Options.withDescription("the name server's port; brokers get this + 1035, + 1055, …; 0 takes free ports"),
  Options.withDefault(9876)
)
const brokers = Options.integer("brokers").pipe(
  Options.withDescription("number of brokers, 1 to 26"),
  Options.withDefault(1)
)
const queues = Options.integer("queues").pipe(
  Options.withDescription("the most queues that an automatically created topic gets"),
  Options.withDefault(8)
)
const retention = Options.integer("retention-mib").pipe(
  Options.withDescription("MiB of messages that each broker keeps; the oldest go first"),
  Options.withDefault(256)
)
const retentionHours = Options.integer("retention-hours").pipe(
  Options.withDescription("hours for which messages are kept; default: as long as there is room"),
  Options.optional
)
const store = Options.text("store").pipe(
  Options.withDescription("directory for messages, offsets and topics; without it they are gone with the process"),
  Options.optional
)
const flush = Options.choice("flush", ["async", "sync"]).pipe(
  Options.withDescription("with --store: sync answers when the disk has it, async when the operating system has it"),
  Options.withDefault("async")
)
const noAutoCreate = Options.boolean("no-auto-create").pipe(
  Options.withDescription("refuse messages to topics that nobody has created")
)

const giveUp = (error: { readonly message: string }) =>
  Effect.sync(() => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })

const out = (text: string) => Effect.sync(() => process.stdout.write(text))

const broker = Command.make(
  "broker",
  { host, port, brokers, queues, retention, retentionHours, store, flush, noAutoCreate },
  (options) =>
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
        recordedRequests: 0
      })
      for (const { address, name } of cluster.brokers) yield* out(`${name} listens on ${address}\n`)
      yield* out(
        Option.match(options.store, {
          onNone: () => "Embedded broker for development and tests: messages are in memory and gone when it stops.\n",
          onSome: (directory) => `Embedded broker for development and tests: messages are in ${directory}.\n`
        })
      )
      yield* out(`ROCKETMQ_NAMESRV_ADDR=${cluster.nameServerAddress}\n`)
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
).pipe(
  Command.withDescription("The embedded RocketMQ name server and broker on TCP, for development and tests.")
)

Command.run(broker, { name: "effect-rocketmq broker", version: "0.0.0" })(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
