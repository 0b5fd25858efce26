/**
 * Producer, broker and consumer in this one process, over memory: what tests and demos on the embedded broker can do. Not
 * part of the bench contract.
 *
 * @since 0.1.0
 */
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Arguments } from "./Arguments.js"
import * as Body from "./Body.js"
import { Tracker } from "./Consuming.js"
import * as Meter from "./Meter.js"
import * as Peer from "./Peer.js"
import * as Sends from "./Sends.js"

/** Clusters that are started and stopped, to see how long that takes. */
const STARTS = 21

const median = (values: ReadonlyArray<number>): number =>
  values.slice().sort((left, right) => left - right)[values.length >> 1]!

/** How long a cluster of two brokers takes to start, and to stop, in milliseconds: the median. */
const lifetimes = Effect.map(
  Effect.replicateEffect(
    Effect.suspend(() => {
      const began = Meter.nowUs()
      let started = 0
      return Effect.map(
        Effect.scoped(Effect.map(EmbeddedCluster.make({ brokers: 2 }), () => {
          started = Meter.nowUs()
        })),
        () => [started - began, Meter.nowUs() - started] as const
      )
    }),
    STARTS
  ),
  (all) => ({
    start_ms: median(all.map(([start]) => start)) / 1e3,
    stop_ms: median(all.map(([, stop]) => stop)) / 1e3
  })
)

/**
 * Sends `--count` messages with `--concurrency` senders, and then consumes them: `rate` is of the sends, `consume_rate` of
 * the consumer with default options. `start_ms` and `stop_ms` are of a cluster of two brokers.
 *
 * @since 0.1.0
 * @category workloads
 */
export const run = (o: Arguments, failed: Sends.Failures) =>
  Effect.gen(function*() {
    const cluster = yield* EmbeddedCluster.make({ retentionBytes: 2 * (o.count + o.warmup) * (o.size + 512) })
    yield* cluster.createTopic(o.topic, { queues: 8 })
    const context = yield* Layer.build(
      Layer.provide(Embedded.layerClient(), Layer.succeed(EmbeddedCluster.EmbeddedCluster, cluster))
    )
    return yield* Effect.provide(
      Effect.gen(function*() {
        const sent = yield* Effect.scoped(Sends.run({ ...o, workload: "send-sync" }, failed))
        // the first fifth warms the consumer up
        const tracker = new Tracker(o.count, Math.floor(o.count / 5), o.timeout)
        yield* Peer.consumer(o, (body) => Body.isMeasured(body) && tracker.on(body))
        const { rate, timed_out: timedOut = false } = yield* tracker.report
        return { ...sent, consume_rate: rate!, consumed_all: timedOut === false, ...(yield* lifetimes) }
      }),
      context
    )
  })
