import * as Client from "@effect-rocketmq/client/Client"
import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import type * as Producer from "@effect-rocketmq/client/Producer"
import * as Producers from "@effect-rocketmq/client/Producer"
import * as ProducerPreset from "@effect-rocketmq/client/ProducerPreset"
import * as Remoting from "@effect-rocketmq/client/Remoting"
import * as RetryPolicy from "@effect-rocketmq/client/RetryPolicy"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Either } from "effect"
import type { Config } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"

const read = <A>(config: Config.Config<A>, variables: Record<string, string>) =>
  Effect.withConfigProvider(
    config,
    ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" })
  )

const optionsOf = (variables: Record<string, string>) =>
  read(Producers.config, { ROCKETMQ_PRODUCER_GROUP: "checkout", ...variables })

const without = (options: Producer.Options) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

describe("variables of a producer", () => {
  it.effect("the group is enough", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(without(yield* optionsOf({})), { group: "checkout" })
      const error = yield* Effect.flip(read(Producers.config, {}))
      assert.include(String(error), "ROCKETMQ_PRODUCER_GROUP")
    }))

  it.effect("each says its option", () =>
    Effect.gen(function*() {
      const options = yield* optionsOf({
        ROCKETMQ_SEND_TIMEOUT: "20 seconds",
        ROCKETMQ_SEND_ATTEMPT_TIMEOUT: " 4 seconds ",
        ROCKETMQ_SEND_RETRIES: "0",
        ROCKETMQ_SEND_RETRY_POLICY: "at-most-once",
        ROCKETMQ_SEND_WHEN_NOT_STORE_OK: "retry",
        ROCKETMQ_MAX_MESSAGE_SIZE: "1000000",
        ROCKETMQ_COMPRESSION: "ZSTD",
        ROCKETMQ_COMPRESSION_THRESHOLD: "100",
        ROCKETMQ_COMPRESSION_LEVEL: "9",
        ROCKETMQ_DEFAULT_TOPIC_QUEUE_NUMS: "8",
        ROCKETMQ_FAULT_PROBE_INTERVAL: "1 second",
        ROCKETMQ_FAULT_LATENCIES: "100 millis = 1 second, 1 second=5 seconds",
        ROCKETMQ_AUTO_BATCH_LINGER: "10 millis",
        ROCKETMQ_AUTO_BATCH_MAX_BYTES: "65536",
        ROCKETMQ_AUTO_BATCH_MAX_COUNT: "32",
        ROCKETMQ_ONEWAY_WINDOW: "100",
        ROCKETMQ_PRODUCER_SHUTDOWN_TIMEOUT: "0 seconds"
      })
      assert.deepStrictEqual(without(options), {
        group: "checkout",
        sendTimeout: Duration.seconds(20),
        attemptTimeout: Duration.seconds(4),
        retries: 0,
        retryPolicy: RetryPolicy.atMostOnce,
        whenNotStoreOk: "retry",
        maxMessageSize: 1_000_000,
        compression: { type: "ZSTD", threshold: 100, level: 9 },
        defaultTopicQueueNums: 8,
        faultTolerance: {
          probeInterval: Duration.seconds(1),
          latencies: [
            { atLeast: Duration.millis(100), avoidFor: Duration.seconds(1) },
            { atLeast: Duration.seconds(1), avoidFor: Duration.seconds(5) }
          ]
        },
        autoBatch: { linger: Duration.millis(10), maxBytes: 65_536, maxCount: 32 },
        onewayWindow: 100,
        shutdownTimeout: Duration.zero
      })
    }))

  it.effect("what is switched off stays off", () =>
    Effect.gen(function*() {
      const options = yield* optionsOf({
        ROCKETMQ_COMPRESSION: "none",
        ROCKETMQ_COMPRESSION_LEVEL: "9",
        ROCKETMQ_FAULT_TOLERANCE: "off",
        ROCKETMQ_FAULT_PROBE_INTERVAL: "1 second",
        ROCKETMQ_AUTO_BATCH: "false",
        ROCKETMQ_AUTO_BATCH_LINGER: "10 millis"
      })
      assert.deepStrictEqual(without(options), {
        group: "checkout",
        compression: false,
        faultTolerance: false,
        autoBatch: false
      })
    }))

  it.effect("the selector by its name", () =>
    Effect.gen(function*() {
      const queues = yield* Effect.gen(function*() {
        const producer = yield* new ProducerCluster({ "broker-a": 8 }).producer()
        return yield* producer.queues("orders")
      }).pipe(Effect.scoped)
      const { Message } = yield* Effect.promise(() => import("@effect-rocketmq/client"))
      const keyed = Message.make({ topic: "orders", body: "x", keys: ["order-1"] })
      const chosen = (name: string) =>
        Effect.map(optionsOf({ ROCKETMQ_SEND_SELECTOR: name }), ({ selector }) => {
          const choose = selector!.chooser(1)
          return [selector!.isSticky(keyed), choose(keyed, queues), choose(keyed, queues)]
        })
      // as in the documentation of MessageQueueSelector.hash
      assert.deepStrictEqual(yield* chosen("by-key:go"), [true, 5, 5])
      assert.deepStrictEqual(yield* chosen("round-robin"), [false, 1, 2])
      const byKey = yield* chosen("by-key")
      assert.isTrue(byKey[0] === true && byKey[1] === byKey[2])
      assert.isFalse((yield* chosen("random"))[0])
      assert.include(String(yield* Effect.flip(chosen("by-tag"))), "by-key:ali-ons")
    }))

  describe("presets", () => {
    it.effect("give what no variable says", () =>
      Effect.gen(function*() {
        for (
          const [name, preset] of [
            ["development", ProducerPreset.development],
            ["production", ProducerPreset.production],
            ["high-throughput", ProducerPreset.highThroughput],
            ["low-latency", ProducerPreset.lowLatency]
          ] as const
        ) {
          assert.deepStrictEqual(without(yield* optionsOf({ ROCKETMQ_PRODUCER_PRESET: name })), {
            ...preset,
            group: "checkout"
          })
        }
      }))

    it.effect("come after the variables, field by field", () =>
      Effect.gen(function*() {
        const busy = yield* optionsOf({
          ROCKETMQ_PRODUCER_PRESET: "high-throughput",
          ROCKETMQ_SEND_TIMEOUT: "1 second",
          ROCKETMQ_COMPRESSION: "LZ4",
          ROCKETMQ_FAULT_PROBE_INTERVAL: "1 second",
          ROCKETMQ_AUTO_BATCH_LINGER: "1 millis"
        })
        assert.deepStrictEqual(busy.sendTimeout, Duration.seconds(1))
        assert.deepStrictEqual(busy.attemptTimeout, "10 seconds")
        assert.deepStrictEqual(busy.compression, { level: 1, type: "LZ4" })
        assert.deepStrictEqual(busy.faultTolerance, { latencies: false, probeInterval: Duration.seconds(1) })
        assert.deepStrictEqual(busy.autoBatch, { linger: Duration.millis(1), maxBytes: 256 * 1024, maxCount: 256 })
        const plain = yield* optionsOf({ ROCKETMQ_PRODUCER_PRESET: "high-throughput", ROCKETMQ_AUTO_BATCH: "off" })
        assert.strictEqual(plain.autoBatch, false)
        const own = yield* optionsOf({
          ROCKETMQ_PRODUCER_PRESET: "development",
          ROCKETMQ_FAULT_TOLERANCE: "on",
          ROCKETMQ_COMPRESSION: "ZLIB",
          ROCKETMQ_AUTO_BATCH: "yes"
        })
        assert.deepStrictEqual([own.faultTolerance, own.compression, own.autoBatch], [{}, { type: "ZLIB" }, true])
        const quiet = yield* optionsOf({ ROCKETMQ_PRODUCER_PRESET: "development", ROCKETMQ_COMPRESSION_LEVEL: "3" })
        assert.strictEqual(quiet.compression, false)
      }))
  })

  describe("a wrong value is told with the variable and what is allowed", () => {
    const millis = "a finite duration longer than zero, such as \"10 seconds\" or \"500 millis\""
    const cases: ReadonlyArray<readonly [name: string, value: string, range: string]> = [
      ["PRODUCER_GROUP", "my group", "1 to 120 letters"],
      ["PRODUCER_PRESET", "fast", "development, production, high-throughput or low-latency"],
      ["SEND_TIMEOUT", "3000", millis],
      ["SEND_TIMEOUT", "0 seconds", millis],
      ["SEND_TIMEOUT", "", millis],
      ["SEND_ATTEMPT_TIMEOUT", "soon", millis],
      ["SEND_RETRIES", "-1", "a whole number of 0 or more"],
      ["SEND_RETRIES", "", "a whole number of 0 or more"],
      ["SEND_RETRIES", "0x10", "a whole number of 0 or more"],
      ["SEND_RETRY_POLICY", "never", "backoff or at-most-once"],
      ["SEND_WHEN_NOT_STORE_OK", "ok", "accept, retry or fail"],
      ["SEND_SELECTOR", "hash", "round-robin, random, by-key"],
      ["MAX_MESSAGE_SIZE", "4 MiB", "a whole number of 1 or more"],
      ["COMPRESSION", "gzip", "ZLIB, LZ4, ZSTD or none"],
      ["COMPRESSION_THRESHOLD", "-1", "a whole number of 0 or more"],
      ["COMPRESSION_LEVEL", "10", "a whole number from 1 to 9"],
      ["DEFAULT_TOPIC_QUEUE_NUMS", "0", "a whole number of 1 or more"],
      ["FAULT_TOLERANCE", "maybe", "true or false"],
      ["FAULT_PROBE_INTERVAL", "Infinity", millis],
      ["FAULT_LATENCIES", "1 second = 2 seconds, 500 millis = 1 second", "rising order"],
      ["FAULT_LATENCIES", "1 second", "rising order"],
      ["AUTO_BATCH", "2", "true or false"],
      ["AUTO_BATCH_LINGER", "0 millis", millis],
      ["AUTO_BATCH_MAX_BYTES", "5000000", "a whole number from 1 to 4194304 (maxMessageSize)"],
      ["AUTO_BATCH_MAX_COUNT", "0", "a whole number of 1 or more"],
      ["ONEWAY_WINDOW", "1", "a whole number of 2 or more"],
      ["PRODUCER_SHUTDOWN_TIMEOUT", "3", "a finite duration of at least 0 ms"]
    ]
    for (const [name, value, range] of cases) {
      it.effect(`${name}=${value}`, () =>
        Effect.gen(function*() {
          const variable = `ROCKETMQ_${name}`
          const text = String(yield* Effect.flip(optionsOf({ [variable]: value })))
          assert.include(text, variable)
          assert.include(text, range)
        }))
    }

    it.effect("and in the same words in code", () =>
      Effect.gen(function*() {
        const pairs: ReadonlyArray<readonly [Partial<Producer.Options>, Record<string, string>]> = [
          [{ group: "my group" }, { PRODUCER_GROUP: "my group" }],
          [{ sendTimeout: 0 }, { SEND_TIMEOUT: "0 millis" }],
          [{ attemptTimeout: Duration.infinity }, { SEND_ATTEMPT_TIMEOUT: "Infinity" }],
          [{ retries: -1 }, { SEND_RETRIES: "-1" }],
          [{ whenNotStoreOk: "never" as "fail" }, { SEND_WHEN_NOT_STORE_OK: "never" }],
          [{ maxMessageSize: 0 }, { MAX_MESSAGE_SIZE: "0" }],
          [{ compression: { level: 0 } }, { COMPRESSION_LEVEL: "0" }],
          [{ compression: { threshold: 0.5 } }, { COMPRESSION_THRESHOLD: "0.5" }],
          [{ defaultTopicQueueNums: 0 }, { DEFAULT_TOPIC_QUEUE_NUMS: "0" }],
          [{ faultTolerance: { probeInterval: 0 } }, { FAULT_PROBE_INTERVAL: "0 millis" }],
          [
            { faultTolerance: { latencies: [{ atLeast: 2, avoidFor: 1 }, { atLeast: 1, avoidFor: 1 }] } },
            { FAULT_LATENCIES: "2 millis = 1 millis, 1 millis = 1 millis" }
          ],
          [{ autoBatch: { linger: 0 } }, { AUTO_BATCH_LINGER: "0 millis" }],
          [
            { autoBatch: { maxBytes: 2000 }, maxMessageSize: 1000 },
            { AUTO_BATCH_MAX_BYTES: "2000", MAX_MESSAGE_SIZE: "1000" }
          ],
          [{ autoBatch: { maxCount: 0 } }, { AUTO_BATCH_MAX_COUNT: "0" }],
          [{ onewayWindow: 1 }, { ONEWAY_WINDOW: "1" }],
          [{ shutdownTimeout: -1 }, { PRODUCER_SHUTDOWN_TIMEOUT: "never" }]
        ]
        for (const [options, variables] of pairs) {
          const cluster = new ProducerCluster()
          const started = yield* Effect.either(Effect.scoped(cluster.producer(options)))
          const error = Either.isLeft(started) ? started.left : undefined
          assert.strictEqual(error?._tag, "ProducerStartError", JSON.stringify(options))
          assert.strictEqual(cluster.groups.size, 0)
          const range = error!.problem.split("must be ")[1]!
          const named = Object.entries(variables).map(([name, value]) => [`ROCKETMQ_${name}`, value])
          assert.include(String(yield* Effect.flip(optionsOf(Object.fromEntries(named)))), `must be ${range}`)
        }
      }))
  })
})

describe("variables of the other services", () => {
  const cases: ReadonlyArray<readonly [Config.Config<unknown>, name: string, value: string, range: string]> = [
    [NameServer.config, "NAMESRV_ADDR", "localhost", "host:port"],
    [NameServer.config, "NAMESRV_ADDR", " ; ", "host:port"],
    [NameServer.config, "NAMESRV_TIMEOUT", "0 millis", "longer than zero"],
    [Client.config, "CLIENT_ID", "", "not empty"],
    [Client.config, "HEARTBEAT_INTERVAL", "often", "longer than zero"],
    [Remoting.config, "MAX_IN_FLIGHT", "0", "1 or more"],
    [Remoting.config, "SERIALIZATION", "xml", "binary or json"],
    [Consumer.config, "CONSUMER_CONCURRENCY", "70000", "a whole number from 1 to 65536"],
    [Consumer.config, "CONSUMER_PERSIST_INTERVAL", "1 millis", "at least 10 ms"],
    [Consumer.config, "CONSUMER_CONSUME_FROM", "middle", "last, first, max or min"]
  ]
  for (const [config, name, value, range] of cases) {
    it.effect(`${name}=${value}`, () =>
      Effect.gen(function*() {
        const variable = `ROCKETMQ_${name}`
        const text = String(yield* Effect.flip(read(config, { ROCKETMQ_NAMESRV_ADDR: "a:1", [variable]: value })))
        assert.include(text, variable)
        assert.include(text, range)
      }))
  }
})
