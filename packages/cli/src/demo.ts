/**
 * `npm run demo`: sends messages while consuming them, shows both live, and proves at the end that none was lost.
 *
 * @since 0.1.0
 */
import * as RocketMQError from "@effect-rocketmq/client/RocketMQError"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as NodeRocketMQ from "@effect-rocketmq/node/NodeRocketMQ"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Demo from "./internal/demo.js"
import * as Display from "./internal/display.js"
import type * as Ledger from "./internal/ledger.js"

const namesrv = Options.text("namesrv").pipe(
  Options.withDescription("host:port of a name server of a real cluster; without it, the embedded broker is started"),
  Options.optional
)
const count = Options.integer("count").pipe(
  Options.withDescription("messages to send"),
  Options.withDefault(10_000)
)
const rate = Options.integer("rate").pipe(
  Options.withDescription("messages a second"),
  Options.withDefault(2_000)
)
const json = Options.boolean("json").pipe(
  Options.withDescription("print nothing but one line of JSON at the end")
)

const out = (text: string) => Effect.sync(() => process.stdout.write(text))

/** Redraws in place on a terminal; a line a second elsewhere. */
const watch = (expected: number, tty: boolean) => (ledger: Ledger.Ledger) => {
  let drawn = 0
  let before = { at: 0, sent: 0, consumed: 0 }
  return Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const now = ledger.snapshot()
    const seconds = Math.max(0.001, (at - before.at) / 1000)
    const rates = before.at === 0
      ? { sent: 0, consumed: 0 }
      : { sent: (now.acknowledged - before.sent) / seconds, consumed: (now.consumed - before.consumed) / seconds }
    before = { at, sent: now.acknowledged, consumed: now.consumed }
    if (!tty) {
      yield* out(`${Display.line(now, rates)}\n`)
      return
    }
    const lines = Display.frame(now, rates, expected, true)
    const up = drawn > 0 ? `\x1b[${drawn}A` : ""
    drawn = lines.length
    yield* out(up + lines.map((line) => `\x1b[2K${line}\n`).join(""))
  }).pipe(Effect.repeat(Schedule.spaced(tty ? "150 millis" : "1 second")), Effect.asVoid)
}

const demo = Command.make("demo", { namesrv, count, rate, json }, (options) =>
  Effect.gen(function*() {
    const tty = process.stdout.isTTY === true
    const id = (yield* Random.nextIntBetween(0, 36 ** 6)).toString(36)
    const where = Option.match(options.namesrv, {
      onNone: () => "the embedded broker (in this process, for tests and demos)",
      onSome: (address) => `the RocketMQ cluster at ${address}`
    })
    if (!options.json) yield* out(`Sending ${options.count} messages to ${where} while consuming them.\n\n`)
    const cluster = Option.match(options.namesrv, {
      onNone: () => Embedded.layer(),
      onSome: (address) => NodeRocketMQ.layer({ nameServers: [address] })
    })
    const started = yield* Clock.currentTimeMillis
    const result = yield* Demo.run(
      { topic: `demo-${id}`, group: `demo-${id}`, count: options.count, rate: options.rate, patience: 15 },
      options.json ? () => Effect.never : watch(options.count, tty)
    ).pipe(Effect.provide(cluster))
    const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
    const passed = Display.isPassed(result)
    if (tty && !options.json) {
      const average = { sent: result.acknowledged / seconds, consumed: result.consumed / seconds }
      const last = Display.frame(result, average, options.count, true)
      yield* out(`\x1b[${last.length}A${last.map((line) => `\x1b[2K${line}\n`).join("")}`)
    }
    yield* out(
      options.json
        ? `${JSON.stringify({ passed, seconds, ...result })}\n`
        : `\n${Display.summary(result, seconds, tty).join("\n")}\n`
    )
    if (!passed) process.exitCode = 1
  }).pipe(
    Effect.catchIf(RocketMQError.isRocketMQError, (error) =>
      Effect.sync(() => {
        process.stderr.write(`${error.message}\n`)
        process.exitCode = 1
      }))
  )).pipe(Command.withDescription("Sends messages while consuming them, and proves that none is lost."))

Command.run(demo, { name: "effect-rocketmq demo", version: "0.0.0" })(process.argv).pipe(
  Logger.withMinimumLogLevel(LogLevel.Error),
  Effect.provide(
    Layer.merge(NodeContext.layer, Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger)))
  ),
  NodeRuntime.runMain
)
