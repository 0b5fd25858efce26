/**
 * The Java client as the other side: what it sends we consume, what we send it consumes, and it works alone on the
 * embedded broker. Runs where Java and RocketMQ's jars are (`npm run rocketmq -- lib` fetches them); on Apache RocketMQ
 * when `ROCKETMQ_NAMESRV_ADDR` is set, else on the embedded broker over TCP.
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { EmbeddedServer } from "@effect-rocketmq/embedded"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Schedule } from "effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const jars = process.env["ROCKETMQ_LIB"] ??
  Path.join(process.env["XDG_CACHE_HOME"] ?? Path.join(Os.homedir(), ".cache"), "rocketmq-runtime-5.5.0", "lib")
const hasJava = ChildProcess.spawnSync("java", ["-version"]).status === 0
const isReady = hasJava && Fs.existsSync(Path.join(jars, ".complete"))
const program = fileURLToPath(new URL("../interop/JavaPeer.java", import.meta.url))

/** Runs the Java program to its end, and gives its output by lines. */
const java = (...args: ReadonlyArray<string>) =>
  Effect.async<ReadonlyArray<string>, Error>((resume) => {
    const child = ChildProcess.spawn("java", ["-Xmx256m", "-cp", `${jars}/*`, program, ...args], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code) =>
      resume(code === 0 ? Effect.succeed(output.trim().split("\n")) : Effect.fail(new Error(output))))
    return Effect.sync(() =>
      child.kill("SIGKILL")
    )
  })

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))
const bodyOf = (number: number) => number % 5 === 0 ? "compressible ".repeat(800) : `ours ${number}`

/** The lines `number reconsumeTimes bodyLength tag` of a consumer, by number. */
const consumedBy = (lines: ReadonlyArray<string>) =>
  new Map(
    lines.filter((line) => /^\d+ \d+ \d+ \w+$/.test(line)).map((line) => {
      const [number, times, length, tag] = line.split(" ")
      return [number!, { times: Number(times), length: Number(length), tag }] as const
    })
  )

const nameServer = Effect.suspend(() => {
  const given = process.env["ROCKETMQ_NAMESRV_ADDR"]
  return given === undefined || given === ""
    ? Effect.map(EmbeddedServer.serve({ port: 0 }), (cluster) => cluster.nameServerAddress)
    : Effect.succeed(given)
})

const unique = Effect.map(Clock.currentTimeNanos, (nanos) => `interop-${nanos.toString(36)}`)

describe.skipIf(!isReady)("with the Java client", () => {
  it.scopedLive("what Java sends, Java consumes, with a redelivery", () =>
    Effect.gen(function*() {
      const [address, name] = [yield* nameServer, yield* unique]
      const sent = yield* java("produce", address, name, `${name}-p`, "40")
      assert.strictEqual(sent.filter((line) => line.includes("SEND_OK")).length, 31, sent.join("\n"))
      const lines = yield* java("consume", address, name, `${name}-c`, "40")
      assert.strictEqual(lines.at(-1), "done 40", lines.join("\n"))
      const consumed = consumedBy(lines)
      assert.deepStrictEqual([...consumed.keys()].sort(), numbers(40).sort())
      assert.strictEqual(consumed.get("3")?.times, 1)
      assert.isAbove(consumed.get("5")!.length, 9_999)
    }), 240_000)

  it.scopedLive(
    "what Java sends, we consume: compressed bodies, batches, keys, tags, properties",
    () =>
      Effect.gen(function*() {
        const [address, name] = [yield* nameServer, yield* unique]
        yield* java("produce", address, name, `${name}-p`, "40")
        const received = new Map<string, MessageExt.MessageExt>()
        yield* Layer.build(
          Consumer.layer(
            {
              group: `${name}-c`,
              subscriptions: { [name]: MessageSelector.tags("even", "odd") },
              consumeFrom: "first"
            },
            (message) => Effect.sync(() => void received.set(message.properties["number"]!, message))
          ).pipe(Layer.provide(NodeRocketMQ.layer({ nameServers: [address] })))
        )
        yield* Effect.repeat(Effect.sync(() => received.size), {
          until: (size) => size === 40,
          schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo("20 seconds"))
        })
        assert.deepStrictEqual([...received.keys()].sort(), numbers(40).sort())
        for (const [number, message] of received) {
          assert.match(MessageExt.text(message), new RegExp(`^java ${number} `))
          assert.deepStrictEqual(message.keys, [`k${number}`])
          assert.strictEqual(message.tags, Number(number) % 2 === 0 ? "even" : "odd")
        }
        assert.isAbove(received.get("5")!.body.length, 9_999)
      }),
    90_000
  )

  it.scopedLive("what we send, Java consumes: plain, compressed and in a batch", () =>
    Effect.gen(function*() {
      const [address, name] = [yield* nameServer, yield* unique]
      const message = (number: number) =>
        Message.make({
          topic: name,
          tags: number % 2 === 0 ? "even" : "odd",
          keys: [`k${number}`],
          properties: { number: String(number) },
          body: bodyOf(number)
        })
      yield* Effect.gen(function*() {
        const producer = yield* Producer.Producer
        yield* Effect.forEach(Array.from({ length: 30 }, (_, i) => i), (i) => producer.send(message(i)), {
          concurrency: 8
        })
        yield* producer.sendBatch(Array.from({ length: 10 }, (_, i) => message(30 + i)))
      }).pipe(
        Effect.provide(Producer.layer({ group: `${name}-p` })),
        Effect.provide(NodeRocketMQ.layer({ nameServers: [address] }))
      )
      const lines = yield* java("consume", address, name, `${name}-c`, "40")
      assert.strictEqual(lines.at(-1), "done 40", lines.join("\n"))
      for (const [number, { length, tag }] of consumedBy(lines)) {
        assert.strictEqual(length, bodyOf(Number(number)).length, `body of ${number}`)
        assert.strictEqual(tag, Number(number) % 2 === 0 ? "even" : "odd")
      }
    }), 240_000)
})
