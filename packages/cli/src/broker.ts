/**
 * `npm run broker`: the embedded broker on TCP, for clients of any language. For development and tests.
 *
 * @since 0.1.0
 */
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"

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
  Options.withDescription("MiB of messages that each broker keeps in memory; the oldest go first"),
  Options.withDefault(256)
)
const noAutoCreate = Options.boolean("no-auto-create").pipe(
  Options.withDescription("refuse messages to topics that nobody has created")
)

const out = (text: string) => Effect.sync(() => process.stdout.write(text))

const broker = Command.make(
  "broker",
  { host, port, brokers, queues, retention, noAutoCreate },
  (options) =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedServer.serve({
        host: options.host,
        port: options.port,
        brokers: options.brokers,
        defaultTopicQueues: options.queues,
        retentionBytes: options.retention * 1024 * 1024,
        autoCreateTopic: !options.noAutoCreate,
        recordedRequests: 0
      })
      for (const { address, name } of cluster.brokers) yield* out(`${name} listens on ${address}\n`)
      yield* out("Embedded broker for development and tests: messages are in memory and gone when it stops.\n")
      yield* out(`ROCKETMQ_NAMESRV_ADDR=${cluster.nameServerAddress}\n`)
      yield* Effect.never
    }).pipe(
      Effect.scoped,
      Effect.catchTag("ListenError", (error) =>
        Effect.sync(() => {
          process.stderr.write(`${error.message}\n`)
          process.exitCode = 1
        }))
    )
).pipe(
  Command.withDescription("The embedded RocketMQ name server and broker on TCP, for development and tests.")
)

Command.run(broker, { name: "effect-rocketmq broker", version: "0.0.0" })(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain
)
