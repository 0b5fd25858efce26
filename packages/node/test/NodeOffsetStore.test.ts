import type * as OffsetStore from "@effect-rocketmq/client/OffsetStore"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Option } from "effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as NodeOffsetStore from "../src/NodeOffsetStore.js"

const queue = (id: number, topic = "prices") => MessageQueue.make(topic, "broker-a", id)

/** A store in a directory of its own, and its file. */
const temporary = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "offsets-"))),
    (directory) =>
      Effect.sync(() => {
        Fs.chmodSync(directory, 0o700)
        Fs.rmSync(directory, { recursive: true, force: true })
      })
  ),
  (directory) => ({
    directory,
    file: Path.join(directory, "till-7", "cache", "offsets.json"),
    open: NodeOffsetStore.local({ group: "cache", clientId: "till-7", directory })
  })
)

/** Keeps what is logged. */
const recorded = (lines: Array<string>) =>
  Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message))))

const wrote = (store: OffsetStore.OffsetStore, id: number, offset: bigint) =>
  Effect.gen(function*() {
    store.update(queue(id), offset)
    assert.deepStrictEqual(yield* store.persist([queue(id)]), [])
  })

/** As rocketmq-client 5.5.0 writes it (LocalFileOffsetStore.persistAll). */
const ofJava = `{
\t"offsetTable":{
\t\t{
\t\t\t"brokerName":"broker-a",
\t\t\t"queueId":1,
\t\t\t"topic":"prices"
\t\t}:9007199254740993,
\t\t{
\t\t\t"brokerName":"broker-a",
\t\t\t"queueId":0,
\t\t\t"topic":"prices"
\t\t}:42
\t}
}`

describe("NodeOffsetStore.local", () => {
  it.scoped("keeps offsets over a restart, those of queues that are away too", () =>
    Effect.gen(function*() {
      const { file, open } = yield* temporary
      const first = yield* open
      assert.deepStrictEqual(yield* first.fetch(queue(0)), Option.none())
      yield* wrote(first, 0, 5n)
      yield* wrote(first, 1, 2n ** 53n + 1n)
      const second = yield* open
      yield* second.fetch(queue(1))
      yield* wrote(second, 0, 8n)
      const third = yield* open
      assert.deepStrictEqual(
        yield* Effect.forEach([0, 1, 2], (id) => third.fetch(queue(id))),
        [Option.some(8n), Option.some(2n ** 53n + 1n), Option.none()]
      )
      assert.deepStrictEqual(Fs.readdirSync(Path.dirname(file)).sort(), ["offsets.json", "offsets.json.bak"])
    }))

  it.scoped("reads the file of the Java client, and goes on in it", () =>
    Effect.gen(function*() {
      const { file, open } = yield* temporary
      Fs.mkdirSync(Path.dirname(file), { recursive: true })
      Fs.writeFileSync(file, ofJava)
      const store = yield* open
      assert.deepStrictEqual(yield* store.fetch(queue(0)), Option.some(42n))
      assert.deepStrictEqual(yield* store.fetch(queue(1)), Option.some(9007199254740993n))
      yield* wrote(store, 0, 43n)
      const text = Fs.readFileSync(file, "utf8")
      assert.include(text, "9007199254740993")
      assert.match(text, /^\{"offsetTable":\{\{/)
      assert.strictEqual(Fs.readFileSync(`${file}.bak`, "utf8"), ofJava)
    }))

  for (const damage of ["half of it", "nothing", "no JSON", "missing"] as const) {
    it.scoped(`a damaged file (${damage}) is told of and read from its backup, which it does not replace`, () =>
      Effect.gen(function*() {
        const { file, open } = yield* temporary
        const first = yield* open
        yield* wrote(first, 0, 5n)
        yield* wrote(first, 0, 6n)
        const whole = Fs.readFileSync(file)
        if (damage === "missing") Fs.rmSync(file)
        else {
          Fs.writeFileSync(
            file,
            damage === "no JSON" ? "\0".repeat(80) : damage === "nothing" ? "" : whole.subarray(0, whole.length / 2)
          )
        }
        const lines: Array<string> = []
        const second = yield* open
        assert.deepStrictEqual(yield* second.fetch(queue(0)).pipe(Effect.provide(recorded(lines))), Option.some(5n))
        assert.include(lines.join(), file)
        yield* wrote(second, 0, 7n)
        assert.include(Fs.readFileSync(`${file}.bak`, "utf8"), ":5")
        assert.deepStrictEqual(yield* (yield* open).fetch(queue(0)), Option.some(7n))
      }))
  }

  it.scoped("when file and backup are damaged, no offset is made up: reading fails until somebody has seen to it", () =>
    Effect.gen(function*() {
      const { file, open } = yield* temporary
      Fs.mkdirSync(Path.dirname(file), { recursive: true })
      Fs.writeFileSync(file, "{\"offsetTable\":{{")
      Fs.writeFileSync(`${file}.bak`, "")
      const store = yield* open
      const error = yield* Effect.flip(store.fetch(queue(0)))
      assert.strictEqual(error._tag, "OffsetFetchError")
      assert.include(error.message, file)
      assert.include(error.message, "delete both")
      store.update(queue(0), 3n)
      const [failed] = yield* store.persist([queue(0)])
      assert.strictEqual(failed?.offset, 3n)
      assert.strictEqual(Fs.readFileSync(file, "utf8"), "{\"offsetTable\":{{")
      Fs.rmSync(file)
      Fs.rmSync(`${file}.bak`)
      assert.deepStrictEqual(yield* store.persist([queue(0)]), [])
    }))

  it.scoped("what cannot be written is an error with the path, kept in memory, and written when it can be", () =>
    Effect.gen(function*() {
      const { directory, file, open } = yield* temporary
      // a file in the place of the directory: fails for root, too
      Fs.writeFileSync(Path.join(directory, "till-7"), "")
      const store = yield* open
      store.update(queue(0), 3n)
      const [error] = yield* store.persist([queue(0)])
      assert.strictEqual(error?._tag, "OffsetError")
      assert.strictEqual(error?.path, file)
      assert.include(error!.message, "in memory alone")
      assert.deepStrictEqual(yield* store.read(queue(0), "memory"), Option.some(3n))
      Fs.rmSync(Path.join(directory, "till-7"))
      assert.deepStrictEqual(yield* store.persist([queue(0)]), [])
      assert.deepStrictEqual(yield* (yield* open).fetch(queue(0)), Option.some(3n))
    }))

  it.scoped("a full disk leaves the last good file", () =>
    Effect.gen(function*() {
      const { file, open } = yield* temporary
      const store = yield* open
      yield* wrote(store, 0, 5n)
      // what a full disk does to the new file, without one
      Fs.symlinkSync("/dev/full", `${file}.tmp`)
      store.update(queue(0), 6n)
      const [error] = yield* store.persist([queue(0)])
      assert.include(error!.message, "ENOSPC")
      assert.deepStrictEqual(yield* (yield* open).fetch(queue(0)), Option.some(5n))
      Fs.rmSync(`${file}.tmp`)
      assert.deepStrictEqual(yield* store.persist([queue(0)]), [])
    }))

  it.scoped("reads from memory, from the file, or from the file when memory has none", () =>
    Effect.gen(function*() {
      const { open } = yield* temporary
      yield* wrote(yield* open, 0, 5n)
      const store = yield* open
      assert.deepStrictEqual(yield* store.read(queue(0), "memory"), Option.none())
      assert.deepStrictEqual(yield* store.read(queue(0), "memory-first"), Option.some(5n))
      store.update(queue(0), 9n)
      assert.deepStrictEqual(yield* store.read(queue(0), "memory-first"), Option.some(9n))
      assert.deepStrictEqual(yield* store.read(queue(0), "store"), Option.some(5n))
      assert.deepStrictEqual(yield* store.read(queue(0), "memory"), Option.some(9n))
    }))

  it.effect("names that are paths are refused", () =>
    Effect.gen(function*() {
      for (const clientId of ["", "..", "../other", "a/b", "a\\b", "a\0b"]) {
        const error = yield* Effect.flip(NodeOffsetStore.local({ group: "cache", clientId, directory: Os.tmpdir() }))
        assert.strictEqual(error._tag, "OffsetPathError")
      }
    }))

  it.scoped(
    "a process that is killed while it writes leaves a file or a backup that can be read",
    () =>
      Effect.gen(function*() {
        const { directory, open } = yield* temporary
        const script = Path.join(import.meta.dirname, "support", "writeOffsets.ts")
        for (let n = 0; n < 3; n++) {
          const written = yield* Effect.async<number>((resume) => {
            const child = ChildProcess.spawn(process.execPath, ["--import", "tsx", script, directory], {
              stdio: ["ignore", "pipe", "inherit"]
            })
            let last = 0
            child.stdout.on("data", (chunk: Buffer) => {
              last = Number(chunk.toString().trim().split("\n").at(-1))
              if (last > 20 + n * 7) child.kill("SIGKILL")
            })
            child.on("close", () => resume(Effect.succeed(last)))
          })
          const store = yield* open
          const offset = Option.getOrThrow(yield* store.fetch(queue(0)))
          // nothing that was written is missing
          assert.isAtLeast(Number(offset), written)
        }
      }),
    60_000
  )
})
