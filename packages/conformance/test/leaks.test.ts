/**
 * What ends leaves nothing behind: many sends, a tenth of which a broker refuses and a hundredth of whose callers are
 * interrupted, and many consumers that start, consume and stop. On the cluster at `ROCKETMQ_NAMESRV_ADDR`, else on the
 * embedded broker in a process of its own. `LEAK_SENDS` and `LEAK_CYCLES` say how many; the defaults keep it short.
 */
import { Consumer, Message, MessageSelector, Producer } from "@effect-rocketmq/client"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Config, Deferred, Effect, Fiber, Layer, Metric } from "effect"
import * as ChildProcess from "node:child_process"
import { fileURLToPath } from "node:url"
import * as V8 from "node:v8"
import * as Vm from "node:vm"

const launcher = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url))

/** The embedded broker as a process: what it stores is not ours to count. */
const embedded = Effect.acquireRelease(
  Effect.async<{ readonly address: string; readonly child: ChildProcess.ChildProcess }, Error>((resume) => {
    const child = ChildProcess.spawn("node", [launcher, "broker", "--port", "0"], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
      const address = /ROCKETMQ_NAMESRV_ADDR=(\S+)/.exec(output)?.[1]
      if (address !== undefined) resume(Effect.succeed({ address, child }))
    })
    child.on("close", (code) => resume(Effect.fail(new Error(`the broker ended with ${code}: ${output}`))))
  }),
  ({ child }) =>
    Effect.sync(() => {
      child.kill("SIGTERM")
    })
)

V8.setFlagsFromString("--expose-gc")
const collect: unknown = Vm.runInNewContext("gc")

interface Left {
  readonly fibers: number
  readonly timers: number
  readonly sockets: number
  readonly heapMiB: number
  /** Entries of the FiberRefs of the fiber that asks: what other fibers leave there, it keeps. */
  readonly history: number
}

const fibers = (): number => {
  for (const { metricKey, metricState } of Metric.unsafeSnapshot()) {
    if (metricKey.name === "effect_fiber_active" && "count" in metricState) return Number(metricState.count)
  }
  return 0
}

const active = (what: string): number => process.getActiveResourcesInfo().filter((name) => name === what).length

/** What is there once everything under way has settled. */
const left = Effect.gen(function*() {
  // longer than an attempt may wait: what an interrupted caller left is dropped by then
  yield* Effect.sleep("4 seconds")
  const refs = yield* Effect.getFiberRefs
  return yield* Effect.sync((): Left => {
    if (typeof collect === "function") { for (let i = 0; i < 3; i++) collect() }
    return {
      fibers: fibers(),
      timers: active("Timeout"),
      sockets: active("TCPSocketWrap"),
      heapMiB: process.memoryUsage().heapUsed / 1024 / 1024,
      history: [...refs.locals.values()].reduce((sum, values) => sum + values.length, 0)
    }
  })
})

describe("sends that fail and callers that give up", () => {
  it.scopedLive(
    "leave no fiber, no timer and no memory behind",
    () =>
      Effect.gen(function*() {
        const total = yield* Config.integer("LEAK_SENDS").pipe(Config.withDefault(20_000))
        const given = yield* Config.string("ROCKETMQ_NAMESRV_ADDR").pipe(Config.withDefault(""))
        const address = given === "" ? (yield* embedded).address : given
        const services = yield* Layer.build(NodeRocketMQ.layer({ nameServers: [address] }))
        const producer = yield* Effect.provide(Producer.make({ group: "leaks" }), services)
        const body = new Uint8Array(256).fill(1)
        const good = Message.make({ topic: "leaks", body })
        // no broker keeps a message for four days
        const bad = Message.make({ topic: "leaks", body, properties: { TIMER_DELAY_SEC: String(4 * 86_400) } })

        let accepted = 0
        let refused = 0
        let interrupted = 0
        const send = (i: number) =>
          i % 100 === 1
            ? Effect.gen(function*() {
              const fiber = yield* Effect.fork(producer.send(good))
              yield* Effect.yieldNow()
              yield* Fiber.interrupt(fiber)
              interrupted++
            })
            : Effect.match(producer.send(i % 10 === 0 ? bad : good), {
              onFailure: () => {
                refused++
              },
              onSuccess: () => {
                accepted++
              }
            })
        const run = (count: number) =>
          Effect.forEach(Array.from({ length: count }, (_, i) => i), send, { concurrency: 256, discard: true })

        yield* run(Math.min(10_000, total / 4))
        const before = yield* left
        accepted = refused = interrupted = 0
        yield* run(total)
        const after = yield* left
        yield* Effect.logInfo(
          `${total} sends: accepted ${accepted}, refused ${refused}, interrupted ${interrupted}; ` +
            `fibers ${before.fibers} -> ${after.fibers}, timers ${before.timers} -> ${after.timers}, ` +
            `heap ${before.heapMiB.toFixed(1)} -> ${after.heapMiB.toFixed(1)} MiB`
        )
        assert.deepStrictEqual([refused, interrupted], [total / 10, total / 100])
        assert.strictEqual(accepted, total - refused - interrupted)
        assert.strictEqual(after.fibers, before.fibers)
        assert.isAtMost(after.timers, before.timers)
        assert.isBelow(after.heapMiB - before.heapMiB, 4)
        const { inFlight, waiting } = yield* producer.stats
        assert.deepStrictEqual([inFlight, waiting], [0, 0])
      }),
    300_000
  )
})

describe("consumers that start and stop", () => {
  it.scopedLive("leave no fiber, no timer, no socket and no memory behind", () =>
    Effect.gen(function*() {
      const total = yield* Config.integer("LEAK_CYCLES").pipe(Config.withDefault(25))
      const given = yield* Config.string("ROCKETMQ_NAMESRV_ADDR").pipe(Config.withDefault(""))
      const address = given === "" ? (yield* embedded).address : given
      const client = NodeRocketMQ.layer({ nameServers: [address] })
      const topic = "leaks-cycles"
      const producer = yield* Effect.provide(Producer.make({ group: "leaks-cycles" }), yield* Layer.build(client))
      const cycle = Effect.scoped(Effect.gen(function*() {
        const handled = yield* Deferred.make<void>()
        const services = yield* Layer.build(Layer.fresh(client))
        yield* producer.send(Message.make({ topic, body: "x" }))
        yield* Effect.provide(
          Consumer.make(
            { group: "leaks-cycles", subscriptions: { [topic]: MessageSelector.all }, consumeFrom: "first" },
            () => Effect.asVoid(Deferred.succeed(handled, undefined))
          ),
          services
        )
        yield* Deferred.await(handled)
      }))
      const run = (count: number) => Effect.repeatN(cycle, count - 1)
      yield* run(10)
      const before = yield* left
      yield* run(total)
      const after = yield* left
      yield* Effect.logInfo(
        `${total} consumers: fibers ${before.fibers} -> ${after.fibers}, timers ${before.timers} -> ${after.timers}, ` +
          `sockets ${before.sockets} -> ${after.sockets}, ` +
          `heap ${before.heapMiB.toFixed(1)} -> ${after.heapMiB.toFixed(1)} MiB`
      )
      assert.strictEqual(after.history, before.history)
      assert.strictEqual(after.fibers, before.fibers)
      assert.isAtMost(after.timers, before.timers)
      assert.isAtMost(after.sockets, before.sockets)
      assert.isBelow(after.heapMiB - before.heapMiB, 4)
    }), 300_000)
})
