import { Message, Producer } from "@effect-rocketmq/client"
import { NodeRocketMQ } from "@effect-rocketmq/node"
import { RemotingCommand, RequestCode } from "@effect-rocketmq/protocol"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import type { Scope } from "effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"

const bundler = new URL("../../../scripts/lib/bundle.mjs", import.meta.url).href

/** The program as `npm run broker` starts it. */
const program = Effect.promise(async () => {
  const { bundle } = await import(/* @vite-ignore */ bundler) as { readonly bundle: (name: string) => Promise<string> }
  return bundle("broker")
})

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Running {
  readonly pid: number
  readonly line: (fits: (line: string) => boolean) => Effect.Effect<string, Error>
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<Ended>
}

const spawn = (...args: ReadonlyArray<string>): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.flatMap(program, (file) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => ChildProcess.spawn("node", [file, ...args], { stdio: ["ignore", "pipe", "pipe"] })),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      ),
      (child) => {
        let out = ""
        let err = ""
        const looks = new Set<() => void>()
        const look = () => looks.forEach((again) => again())
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          out += text
          look()
        })
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          err += text
        })
        child.on("close", look)
        const ended = Effect.async<Ended>((resume) => {
          const tell = () => resume(Effect.succeed({ code: child.exitCode, out, err }))
          if (child.exitCode !== null || child.signalCode !== null) tell()
          else child.once("close", tell)
        })
        return {
          pid: child.pid!,
          line: (fits) =>
            Effect.async<string, Error>((resume) => {
              const again = () => {
                const found = out.split("\n").slice(0, -1).find(fits)
                if (found !== undefined) resume(Effect.succeed(found))
                else if (child.exitCode !== null) resume(Effect.fail(new Error(`it ended: ${out}${err}`)))
              }
              looks.add(again)
              again()
              return Effect.sync(() => looks.delete(again))
            }),
          end: (signal) => Effect.zipRight(Effect.sync(() => child.kill(signal)), ended)
        }
      }
    ))

const address = (broker: Running) =>
  Effect.map(
    broker.line((line) => line.startsWith("ROCKETMQ_NAMESRV_ADDR=")),
    (line) => line.slice(line.indexOf("=") + 1)
  )

const send = (nameServer: string, options: Partial<Producer.Options> = {}) =>
  Effect.gen(function*() {
    const producer = yield* Producer.Producer
    return yield* producer.send(Message.make({ topic: "orders", body: "order 1" }))
  }).pipe(
    Effect.provide(Producer.layer({ group: "shop", retries: 0, sendTimeout: "3 seconds", ...options })),
    Effect.provide(Layer.fresh(NodeRocketMQ.layer({ nameServers: [nameServer] })))
  )

const connect = (address: string): Effect.Effect<Net.Socket, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Net.Socket, Error>((resume) => {
      const [host, port] = address.split(":")
      const socket = Net.connect({ host: host!, port: Number(port) })
      socket.once("connect", () => resume(Effect.succeed(socket)))
      socket.once("error", (error) => resume(Effect.fail(error)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

describe("npm run broker", () => {
  it.scopedLive(
    "says where it is as JSON, has the topics and faults it was told, and ends on SIGTERM",
    () =>
      Effect.gen(function*() {
        const broker = yield* spawn(
          ...["--port", "0", "--brokers", "2", "--topic", "orders:3", "--topic", "bills", "--json"],
          ...["--fault", "fail=SYSTEM_BUSY code=SEND_MESSAGE_V2 topic=orders times=1"]
        )
        const ready = JSON.parse(yield* broker.line((line) => line.includes("\"Ready\"")))
        assert.deepStrictEqual(ready.topics, ["orders", "bills"])
        assert.lengthOf(ready.brokers, 2)
        assert.deepStrictEqual(ready.faults, ["fail=SYSTEM_BUSY code=SEND_MESSAGE_V2 topic=orders times=1"])
        const refused = yield* Effect.flip(send(ready.nameServerAddress))
        assert.include(refused.message, "SYSTEM_BUSY")
        const { messageQueue } = yield* send(ready.nameServerAddress)
        assert.isBelow(messageQueue.queueId, 3)
        const ended = yield* broker.end("SIGTERM")
        assert.strictEqual(ended.err, "")
        assert.match(String(yield* Effect.flip(connect(ready.nameServerAddress))), /ECONNREFUSED/)
      }),
    60_000
  )

  it.scopedLive("prints a line for each event when asked to, and no secret in any", () =>
    Effect.gen(function*() {
      const broker = yield* spawn("--port", "0", "--topic", "orders", "--user", "admin:very-secret", "--verbose")
      const nameServer = yield* address(broker)
      const following = yield* Effect.fork(broker.line((line) => line.includes("< SEND_MESSAGE_V2: ")))
      yield* Effect.flip(send(nameServer))
      assert.notInclude(yield* Fiber.join(following), "SUCCESS")
      const { out } = yield* broker.end("SIGTERM")
      assert.match(out, /broker-a #\d+ connected from 127\.0\.0\.1:\d+/)
      assert.match(out, /broker-a #\d+ > SEND_MESSAGE_V2 orders\/\d group shop, \d+ bytes/)
      assert.notInclude(out, "very-secret")
    }), 60_000)

  it.scopedLive("refuses options that mean nothing, and tells no secret", () =>
    Effect.gen(function*() {
      const wrong = (...args: ReadonlyArray<string>) =>
        Effect.flatMap(spawn(...args), (broker) => broker.end("SIGCONT"))
      const topic = yield* wrong("--topic", "orders:many")
      assert.strictEqual(topic.code, 1)
      assert.include(topic.out + topic.err, "such as orders:8")
      const fault = yield* wrong("--fault", "drop=everything")
      assert.strictEqual(fault.code, 1)
      assert.include(fault.out + fault.err, "drop")
      const user = yield* wrong("--user", "very-secret")
      assert.strictEqual(user.code, 1)
      assert.notInclude(user.out + user.err, "very-secret")
    }), 60_000)

  it.scopedLive("survives 100,000 frames of garbage and 5,000 idle connections", () =>
    Effect.gen(function*() {
      const broker = yield* spawn("--port", "0", "--topic", "orders")
      const nameServer = yield* address(broker)
      const brokerLine = yield* broker.line((line) => line.startsWith("broker-a listens on "))
      const brokerAddress = brokerLine.slice("broker-a listens on ".length)
      const before = residentMiB(broker.pid)
      yield* Effect.forEach(Array.from({ length: 5_000 }), () => connect(brokerAddress), { concurrency: 100 })
      const idle = residentMiB(broker.pid)
      assert.isBelow(idle - before, 200)
      yield* Stream.range(0, 49).pipe(
        Stream.mapEffect((seed) => flood(brokerAddress, garbage(seed, 2_000)), { concurrency: 4 }),
        Stream.runDrain
      )
      const { status } = yield* send(nameServer)
      assert.strictEqual(status, "SEND_OK")
      assert.isBelow(residentMiB(broker.pid), 600)
    }), 180_000)
})

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(Fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024

/** Frames of requests that brokers know, most of them broken somewhere; the same for the same seed. */
const garbage = (seed: number, count: number): ReadonlyArray<Uint8Array> => {
  let state = seed * 2_654_435_761 + 1
  const next = (bound: number) => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state % bound
  }
  const codes = Object.values(RequestCode.all)
  const words = ["orders", "", "-1", "0", "99999999999999999999", "NaN", "%RETRY%shop", "\u0000", "a".repeat(300)]
  const names = ["topic", "queueId", "consumerGroup", "a", "b", "e", "queueOffset", "extraInfo", "i", "offset"]
  return Array.from({ length: count }, () => {
    const extFields = Object.fromEntries(
      Array.from({ length: next(6) }, () => [names[next(names.length)]!, words[next(words.length)]!])
    )
    const frame = RemotingCommand.encode(RemotingCommand.make({
      code: codes[next(codes.length)]!,
      opaque: next(1_000_000),
      extFields,
      body: next(3) === 0 ? Uint8Array.from({ length: next(200) }, () => next(256)) : undefined
    }))
    // half of them whole: they get beyond the decoder
    if (next(2) === 0) { for (let hits = next(4); hits >= 0; hits--) frame[next(frame.length)] = next(256) }
    return frame
  })
}

/** Sends all frames, on another connection whenever the broker has closed one. */
const flood = (address: string, frames: ReadonlyArray<Uint8Array>): Effect.Effect<void, Error> =>
  Effect.gen(function*() {
    let rest = frames
    while (rest.length > 0) {
      const left = yield* Effect.scoped(Effect.flatMap(connect(address), (socket) => pour(socket, rest)))
      rest = left
    }
  })

/** Frames that were not written when the connection ended; a frame whose length lies would swallow those behind it. */
const pour = (socket: Net.Socket, frames: ReadonlyArray<Uint8Array>): Effect.Effect<ReadonlyArray<Uint8Array>> =>
  Effect.async((resume) => {
    let at = 0
    const done = () => resume(Effect.succeed(frames.slice(at)))
    socket.on("error", () => {})
    socket.once("close", done)
    socket.resume()
    const next = () => {
      if (at >= frames.length) {
        socket.end(done)
        return
      }
      const chunk = frames.slice(at, at + 20)
      at += chunk.length
      socket.write(Buffer.concat(chunk), () => setImmediate(next))
    }
    next()
  })
