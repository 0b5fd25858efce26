/**
 * One workload of the bench contract: prints one JSON object on stdout.
 *
 * @since 0.1.0
 */
import manifest from "@effect-rocketmq/client/package.json" with { type: "json" }
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import * as Arguments from "./Arguments.js"
import * as Backlog from "./Backlog.js"
import * as Compressing from "./Compressing.js"
import * as Consuming from "./Consuming.js"
import * as InProcess from "./InProcess.js"
import * as Meter from "./Meter.js"
import * as Ordering from "./Ordering.js"
import * as Peer from "./Peer.js"
import * as Sends from "./Sends.js"
import * as Together from "./Together.js"

const o = Arguments.parse(process.argv.slice(2))
const failed = Sends.failures()

const workload = (): Effect.Effect<Meter.Result, unknown, Scope.Scope> => {
  switch (o.workload) {
    case "send-sync":
    case "send-latency":
    case "send-async":
    case "send-oneway":
    case "send-batch":
    case "send-auto-batch":
      return Peer.withClient(o)(Sends.run(o, failed))
    case "consume":
    case "consume-tuned":
    case "consume-orderly":
      return Consuming.run(o)
    case "backlog":
      return Backlog.run(o)
    case "compress":
      return Peer.withClient(o)(Compressing.run(o, failed))
    case "end-to-end":
      return Peer.withClient(o)(Together.endToEnd(o, failed))
    case "in-process":
      return InProcess.run(o, failed)
    case "idle":
      return Peer.withClient(o)(Together.idle(o, failed))
    case "orderly":
      return Peer.withClient(o)(Ordering.run(o, failed))
    default:
      return Effect.succeed({ supported: false, note: "unknown workload" })
  }
}

const main = Effect.gen(function*() {
  const measured = yield* workload()
  const result = {
    peer: "effect-rocketmq",
    version: manifest.version,
    workload: o.workload,
    count: 0,
    size: o.size,
    concurrency: o.concurrency,
    ...measured,
    errors: failed.count(),
    rss_max_kb: Meter.peakMemory(),
    cpu_total_seconds: Meter.cpuSeconds()
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
})

// stdout is for the result alone
const logging = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

NodeRuntime.runMain(
  Effect.scoped(main).pipe(Logger.withMinimumLogLevel(LogLevel.Warning), Effect.provide(logging)),
  { disablePrettyLogger: true }
)
