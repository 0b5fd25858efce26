import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { FileSystem } from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Fiber, Option, Random, TestClock } from "effect"
import type { Scope } from "effect"
import type * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Storage from "../src/Storage.js"
import type { Client } from "./client.js"
import { NAME_SERVER, pull, send, withBroker } from "./client.js"
import type { Disk } from "./support/memoryFiles.js"
import * as MemoryFiles from "./support/memoryFiles.js"

type Options = EmbeddedCluster.Options & Omit<Storage.FileOptions, "directory">

const DIRECTORY = "/data"
const JOURNAL = `${DIRECTORY}/broker-a/00000001.journal`

/** A cluster on a disk and a client on its first broker. */
const on = (disk: Disk, { flush, flushInterval, segmentBytes, ...options }: Options = {}) =>
  Effect.flatMap(
    Effect.provideService(
      Storage.files({ directory: DIRECTORY, flush, flushInterval, segmentBytes }),
      FileSystem,
      disk.fs
    ),
    (storage) => withBroker({ ...options, storage })
  )

/** One life of a cluster, from its start to a clean stop. */
const life = <A, E>(
  disk: Disk,
  options: Options,
  use: (context: Effect.Effect.Success<ReturnType<typeof on>>) => Effect.Effect<A, E, Scope.Scope>
) => Effect.scoped(Effect.flatMap(on(disk, options), use))

const texts = (cluster: EmbeddedCluster.Cluster, topic: string) =>
  Effect.map(cluster.messages(topic), (messages) => messages.map(MessageExt.text))

const commit = (client: Client, group: string, topic: string, queueId: number, offset: number) =>
  client.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: group,
    topic,
    queueId: String(queueId),
    commitOffset: String(offset)
  })

const createGroup = (client: Client, groupName: string) =>
  client.call(
    RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
    {},
    new TextEncoder().encode(JSON.stringify({ groupName, retryMaxTimes: 3 }))
  )

const queue = (queueId = 0) => MessageQueue.make("T", "broker-a", queueId)

const pop = (client: Client, group: string) =>
  client.call(RequestCode.POP_MESSAGE, {
    consumerGroup: group,
    topic: "T",
    queueId: "-1",
    maxMsgNums: "32",
    invisibleTime: "10000",
    pollTime: "0",
    bornTime: "0",
    initMode: "0"
  })

/** All that a restart must find again, as one text. */
const stateOf = (cluster: EmbeddedCluster.Cluster) =>
  Effect.gen(function*() {
    const topics = yield* cluster.topics
    const messages = yield* Effect.forEach(topics, (topic) =>
      Effect.map(cluster.messages(topic), (all) =>
        all.map((message) =>
          `${topic} ${message.queueId} ${message.queueOffset} ${MessageExt.text(message)}`
        )))
    const offsets = Array.from(yield* cluster.committedOffsets("broker-a"), ([key, value]) => `${key} ${value}`).sort()
    return JSON.stringify({ topics, messages: messages.flat(), offsets, scheduled: yield* cluster.scheduled })
  })

describe("a broker with files", () => {
  it.scoped("has everything again after a restart", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      const before = yield* life(disk, {}, ({ client, cluster, open }) =>
        Effect.gen(function*() {
          yield* createGroup(client, "G")
          yield* cluster.createTopic("T", { queues: 2 })
          for (let i = 0; i < 5; i++) yield* send(client, "T", { queueId: i % 2, body: `m${i}`, tags: "a" })
          yield* commit(client, "G", "T", 0, 2)
          yield* send(client, "T", { body: "late", properties: { DELAY: "2" } })
          yield* send(client, "T", {
            body: "timed",
            properties: { UNIQ_KEY: "K", TIMER_DELIVER_MS: String(8000) }
          })
          yield* send(client, "T", {
            body: "half",
            properties: { TRAN_MSG: "true", PGROUP: "PG", UNIQ_KEY: "H" },
            fields: { f: "4" }
          })
          yield* pop(client, "P")
          yield* client.call(RequestCode.UPDATE_BROKER_CONFIG, {}, new TextEncoder().encode("maxMessageSize=1000"))
          const nameServer = yield* open(NAME_SERVER)
          yield* nameServer.call(RequestCode.PUT_KV_CONFIG, { namespace: "N", key: "k", value: "v" })
          return yield* stateOf(cluster)
        }))
      yield* life(disk, {}, ({ client, cluster, open }) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* stateOf(cluster), before)
          const nameServer = yield* open(NAME_SERVER)
          const config = yield* nameServer.call(RequestCode.GET_KV_CONFIG, { namespace: "N", key: "k" })
          assert.strictEqual(config.extFields["value"], "v")
          const settings = yield* client.call(RequestCode.GET_BROKER_CONFIG)
          assert.include(new TextDecoder().decode(settings.body), "maxMessageSize=1000\n")
          assert.strictEqual((yield* send(client, "T", { body: "x".repeat(1001) })).code, ResponseCode.MESSAGE_ILLEGAL)
          const groups = yield* client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: "G" })
          assert.include(new TextDecoder().decode(groups.body), "\"retryMaxTimes\":3")
          // what waited for its time comes at its time, and once
          yield* TestClock.adjust("9 seconds")
          assert.deepStrictEqual((yield* texts(cluster, "T")).filter((text) => !text.startsWith("m")).sort(), [
            "late",
            "timed"
          ])
          // what was popped and not settled comes again
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual(yield* cluster.stored("%RETRY%P_T"), 5)
          // the half message can be committed
          const [half] = yield* cluster.messages("RMQ_SYS_TRANS_HALF_TOPIC")
          const end = yield* client.call(RequestCode.END_TRANSACTION, {
            producerGroup: "PG",
            tranStateTableOffset: String(half!.queueOffset),
            commitLogOffset: String(half!.commitLogOffset),
            commitOrRollback: "8",
            fromTransactionCheck: "false",
            msgId: "H"
          })
          assert.strictEqual(end.code, ResponseCode.SUCCESS)
          assert.include(yield* texts(cluster, "T"), "half")
          yield* send(client, "T", { body: "new" })
        }))
      yield* life(disk, {}, ({ cluster }) =>
        Effect.gen(function*() {
          const all = yield* texts(cluster, "T")
          assert.strictEqual(all.length, 5 + 2 + 1 + 1)
          assert.strictEqual(new Set(all).size, all.length)
          // nothing that was settled before the restart happens again
          yield* TestClock.adjust("2 minutes")
          assert.strictEqual((yield* texts(cluster, "T")).length, all.length)
        }))
    }))

  it.scoped("loses nothing that was acknowledged when its process is killed, nor by a power cut when it flushes first", () =>
    Effect.gen(function*() {
      for (const flush of ["async", "sync"] as const) {
        const disk = MemoryFiles.make()
        const left = yield* life(disk, { flush }, ({ client, cluster }) =>
          Effect.gen(function*() {
            yield* createGroup(client, "G")
            for (let i = 0; i < 10; i++) {
              yield* send(client, "T", { body: `m${i}` })
              yield* commit(client, "G", "T", 0, i)
            }
            const killed = disk.copy()
            disk.powerCut()
            return { killed, cut: disk.copy(), state: yield* stateOf(cluster) }
          }))
        const after = (of: Disk) => life(of, { flush }, ({ cluster }) => stateOf(cluster))
        assert.strictEqual(yield* after(left.killed), left.state)
        if (flush === "sync") assert.strictEqual(yield* after(left.cut), left.state)
        else assert.notStrictEqual(yield* after(left.cut), left.state)
      }
    }))

  it.scoped("flushes at the interval without anybody waiting for it, and once for many that wait", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      yield* life(disk, { flushInterval: "100 millis" }, ({ client }) =>
        Effect.gen(function*() {
          yield* send(client, "T")
          const before = disk.flushes
          yield* send(client, "T")
          assert.strictEqual(disk.flushes, before)
          yield* TestClock.adjust("100 millis")
          assert.strictEqual(disk.flushes, before + 1)
          yield* TestClock.adjust("1 minute")
          assert.strictEqual(disk.flushes, before + 1)
        }))
      yield* life(disk, { flush: "sync" }, ({ client }) =>
        Effect.gen(function*() {
          yield* send(client, "T")
          const before = disk.flushes
          const all = yield* Effect.fork(Effect.all(Array.from({ length: 50 }, () => send(client, "T")), {
            concurrency: "unbounded"
          }))
          yield* Fiber.join(all)
          assert.isAtMost(disk.flushes - before, 5)
        }))
    }))

  const operation = fc.oneof(
    fc.record({ _tag: fc.constant("Send" as const), queueId: fc.nat(1), size: fc.nat(300) }),
    fc.record({ _tag: fc.constant("Commit" as const), queueId: fc.nat(1) }),
    fc.record({ _tag: fc.constant("Delay" as const), level: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ _tag: fc.constant("Create" as const), topic: fc.constantFrom("U", "V") }),
    fc.record({ _tag: fc.constant("Delete" as const), topic: fc.constantFrom("U", "V") }),
    fc.record({ _tag: fc.constant("Wait" as const), millis: fc.constantFrom(400, 1000, 5000) }),
    fc.record({ _tag: fc.constant("Pop" as const) })
  )
  type Operation = typeof operation extends fc.Arbitrary<infer A> ? A : never

  const perform = (client: Client, cluster: EmbeddedCluster.Cluster, each: Operation, index: number) =>
    Effect.gen(function*() {
      switch (each._tag) {
        case "Send":
          return yield* send(client, "T", { queueId: each.queueId, body: `${index} ${"x".repeat(each.size)}` })
        case "Commit": {
          const found = (yield* cluster.queues("T")).find(({ queue }) => queue.queueId === each.queueId)
          return yield* commit(client, "G", "T", each.queueId, Number(found?.maxOffset ?? 0n))
        }
        case "Delay":
          return yield* send(client, "T", { body: `late ${index}`, properties: { DELAY: String(each.level) } })
        case "Create":
          return yield* cluster.createTopic(each.topic)
        case "Delete":
          return yield* client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: each.topic })
        case "Wait":
          return yield* TestClock.adjust(each.millis)
        case "Pop":
          return yield* pop(client, "P")
      }
    })

  it.effect.prop(
    "is, whereever its file ends, in the state of the last answer that is whole in it",
    {
      operations: fc.array(operation, { minLength: 5, maxLength: 20 }),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 8 })
    },
    ({ cuts, operations }) =>
      Effect.gen(function*() {
        const disk = MemoryFiles.make()
        const states: Array<{ readonly size: number; readonly state: string; readonly now: number }> = []
        yield* life(disk, {}, ({ client, cluster }) =>
          Effect.gen(function*() {
            const note = Effect.gen(function*() {
              states.push({
                size: disk.paths().includes(JOURNAL) ? disk.read(JOURNAL).length : 0,
                state: yield* stateOf(cluster),
                now: yield* TestClock.currentTimeMillis
              })
            })
            yield* note
            yield* createGroup(client, "G")
            yield* cluster.createTopic("T", { queues: 2 })
            yield* note
            for (const [index, each] of operations.entries()) {
              yield* perform(client, cluster, each, index)
              yield* note
            }
          }))
        const whole = disk.read(JOURNAL)
        for (const cut of cuts) {
          const size = Math.floor(cut * whole.length)
          const copy = disk.copy()
          copy.replace(JOURNAL, whole.slice(0, size))
          const state = yield* life(copy, {}, ({ cluster }) => stateOf(cluster))
          // every state that was written by then, and the next: its frame may be whole before its answer was sent
          const least = states.reduce((found, each, index) => each.size <= size ? index : found, 0)
          const possible = states.slice(least).filter((each, index) => index === 0 || each.size <= size || index < 2)
          assert.include(possible.map((each) => each.state), state, `cut at ${size} of ${whole.length}`)
        }
      }),
    { fastCheck: { numRuns: 8 }, timeout: 180_000 }
  )

  it.scoped("with a byte changed anywhere cuts off no more than its last write, and else says where it is damaged", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      yield* life(disk, { flush: "sync" }, ({ client }) =>
        Effect.gen(function*() {
          for (let i = 0; i < 20; i++) yield* send(client, "T", { body: `m${i}` })
        }))
      const whole = disk.read(JOURNAL)
      let damaged = 0
      for (let i = 0; i < 60; i++) {
        const copy = disk.copy()
        const at = yield* Random.nextIntBetween(0, whole.length)
        const bytes = whole.slice()
        bytes[at]! ^= 1 << (yield* Random.nextIntBetween(0, 8))
        copy.replace(JOURNAL, bytes)
        const result = yield* Effect.either(life(copy, {}, ({ cluster }) => texts(cluster, "T")))
        if (result._tag === "Right") {
          assert.isAtLeast(result.right.length, 19, `byte ${at} of ${whole.length}`)
          continue
        }
        damaged++
        const error = result.left
        assert.strictEqual(error._tag, "StorageDamagedError")
        if (error._tag !== "StorageDamagedError") continue
        assert.strictEqual(error.file, JOURNAL)
        assert.isAtMost(error.position, at)
        assert.include(error.message, JOURNAL)
        // nothing was touched
        assert.deepStrictEqual(copy.read(JOURNAL), bytes)
      }
      assert.isAbove(damaged, 40)
    }))

  it.scoped("refuses what changes something while its disk is full, tells no lies, goes on reading, and recovers", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      const state = yield* life(disk, {}, ({ client, cluster }) =>
        Effect.gen(function*() {
          yield* createGroup(client, "G")
          for (let i = 0; i < 3; i++) yield* send(client, "T", { body: `m${i}` })
          yield* commit(client, "G", "T", 0, 1)
          yield* send(client, "T", { body: "late", properties: { DELAY: "1" } })
          const before = yield* stateOf(cluster)
          disk.space = 100
          // the first one finds out, in the middle of its bytes; the second is refused at once
          for (const body of ["lost 1", "lost 2"]) {
            const refused = yield* send(client, "T", { body })
            assert.strictEqual(refused.code, ResponseCode.SERVICE_NOT_AVAILABLE)
            assert.include(refused.remark, "the broker's disk is full")
          }
          assert.strictEqual((yield* commit(client, "G", "T", 0, 2)).code, ResponseCode.SERVICE_NOT_AVAILABLE)
          assert.strictEqual(yield* stateOf(cluster), before)
          const found = yield* pull(client, "G", "T", {
            fields: { sysFlag: "5", subscription: "*", commitOffset: "3" }
          })
          assert.strictEqual(found.code, ResponseCode.SUCCESS)
          assert.strictEqual(MessageExt.decodeAll(found.body!).messages.length, 3)
          assert.deepStrictEqual(yield* cluster.committedOffset("G", queue()), Option.some(1n))
          // what is due waits until it can be kept
          yield* TestClock.adjust("3 seconds")
          assert.strictEqual(yield* cluster.scheduled, 1)
          disk.space = Number.POSITIVE_INFINITY
          yield* TestClock.adjust("3 seconds")
          assert.strictEqual(yield* cluster.scheduled, 0)
          assert.strictEqual((yield* send(client, "T", { body: "m4" })).code, ResponseCode.SUCCESS)
          assert.deepStrictEqual(yield* texts(cluster, "T"), ["m0", "m1", "m2", "late", "m4"])
          return yield* stateOf(cluster)
        }))
      assert.strictEqual(yield* life(disk, {}, ({ cluster }) => stateOf(cluster)), state)
    }))

  it.scoped("sends no acknowledgement for what could not be flushed", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      yield* life(disk, { flush: "sync" }, ({ client, cluster }) =>
        Effect.gen(function*() {
          yield* send(client, "T", { body: "kept" })
          disk.flushFails = true
          assert.strictEqual((yield* send(client, "T", { body: "lost" })).code, ResponseCode.SERVICE_NOT_AVAILABLE)
          assert.deepStrictEqual(yield* texts(cluster, "T"), ["kept"])
          disk.flushFails = false
          yield* TestClock.adjust("2 seconds")
          assert.strictEqual((yield* send(client, "T", { body: "again" })).code, ResponseCode.SUCCESS)
        }))
      const all = yield* life(disk, {}, ({ cluster }) => texts(cluster, "T"))
      assert.deepStrictEqual(all, ["kept", "again"])
    }))

  it.scoped("begins new files, and deletes those whose messages retention has dropped", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      const options: Options = { retentionBytes: 64 * 1024, segmentBytes: 16 * 1024, flush: "sync" }
      const state = yield* life(disk, options, ({ client, cluster }) =>
        Effect.gen(function*() {
          yield* createGroup(client, "G")
          yield* commit(client, "G", "T", 0, 7)
          for (let i = 0; i < 400; i++) yield* send(client, "T", { body: `${i} ${"x".repeat(500)}` })
          const numbers = disk.paths().filter((path) => path.includes("broker-a"))
          assert.isAbove(numbers.length, 2)
          assert.isBelow(numbers.length, 10)
          assert.notInclude(numbers, JOURNAL)
          return yield* stateOf(cluster)
        }))
      const again = yield* life(disk, options, ({ client, cluster }) =>
        Effect.gen(function*() {
          const state = yield* stateOf(cluster)
          const [first] = yield* cluster.queues("T")
          assert.isAbove(Number(first!.minOffset), 0)
          assert.strictEqual(Number(first!.maxOffset), 400)
          yield* send(client, "T", { body: "next" })
          assert.strictEqual((yield* cluster.queues("T"))[0]!.maxOffset, 401n)
          return state
        }))
      const messages = (text: string): ReadonlyArray<string> => JSON.parse(text).messages
      const [found, known] = [messages(again), messages(state)]
      // at most a file's worth was dropped before and is there again, or the other way round
      assert.strictEqual(found[found.length - 1], known[known.length - 1])
      assert.deepStrictEqual(JSON.parse(again).offsets, JSON.parse(state).offsets)

      // a file that is gone is missed
      const numbers = disk.paths().filter((path) => path.includes("broker-a"))
      for (const path of [numbers[0]!, numbers[1]!]) {
        const copy = disk.copy()
        copy.remove(path)
        const error = yield* Effect.flip(life(copy, options, () => Effect.void))
        assert.strictEqual(error._tag, "StorageDamagedError")
        assert.include(error.message, "missing")
      }
    }))

  it.scoped("drops messages by age, in files and in memory", () =>
    Effect.gen(function*() {
      for (const disk of [MemoryFiles.make(), undefined]) {
        const use = ({ client, cluster }: { client: Client; cluster: EmbeddedCluster.Cluster }) =>
          Effect.gen(function*() {
            yield* send(client, "T", { body: "old" })
            yield* TestClock.adjust("30 minutes")
            yield* send(client, "T", { body: "young" })
            yield* TestClock.adjust("31 minutes")
            assert.deepStrictEqual(yield* texts(cluster, "T"), ["young"])
            yield* TestClock.adjust("1 hours")
            assert.deepStrictEqual(yield* texts(cluster, "T"), [])
            const [state] = yield* cluster.queues("T")
            assert.deepStrictEqual([state!.minOffset, state!.maxOffset], [2n, 2n])
          })
        const options: Options = { retentionAge: "1 hour", clientTimeout: "1 day" }
        yield* disk === undefined ? Effect.flatMap(withBroker(options), use) : life(disk, options, use)
        if (disk === undefined) continue
        const queues = yield* life(disk, options, ({ cluster }) => cluster.queues("T"))
        assert.deepStrictEqual(queues.map(({ maxOffset, minOffset }) => [minOffset, maxOffset]), [[2n, 2n]])
      }
    }))

  it.scoped("has its directory to itself, and takes over that of a process that died", () =>
    Effect.gen(function*() {
      const disk = MemoryFiles.make()
      yield* life(disk, {}, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(life(disk, {}, () => Effect.void))
          assert.strictEqual(error._tag, "StorageLockedError")
          assert.include(error.message, String(process.pid))
        }))
      assert.notInclude(disk.paths(), `${DIRECTORY}/lock`)
      // of a process that lives
      disk.replace(`${DIRECTORY}/lock`, new TextEncoder().encode(`${process.ppid} \n`))
      assert.strictEqual((yield* Effect.flip(life(disk, {}, () => Effect.void)))._tag, "StorageLockedError")
      for (const text of ["999999999 \n", `${process.pid} 1\n`, ""]) {
        disk.replace(`${DIRECTORY}/lock`, new TextEncoder().encode(text))
        yield* life(disk, {}, () => Effect.void)
      }
    }))
})

describe("a crash", () => {
  for (const kind of ["memory", "files"] as const) {
    const start = (options: Options = {}) => {
      const { flush } = options
      return kind === "files"
        ? on(MemoryFiles.make(), options)
        : withBroker({ ...options, storage: Storage.memory({ flush }) })
    }
    const resend = (client: Client, body: string) => send(client, "T", { body })

    it.scoped(`${kind}: loses what came after the last flush, offsets and topics too, and nothing else`, () =>
      Effect.gen(function*() {
        const { client, cluster, open } = yield* start()
        yield* createGroup(client, "G")
        yield* resend(client, "a")
        yield* commit(client, "G", "T", 0, 1)
        yield* TestClock.adjust("600 millis")
        const before = yield* stateOf(cluster)
        yield* resend(client, "b")
        yield* commit(client, "G", "T", 0, 2)
        yield* send(client, "T", { body: "late", properties: { DELAY: "1" } })
        yield* cluster.createTopic("U")
        yield* cluster.crash("broker-a")
        assert.strictEqual(yield* cluster.connections("broker-a"), 0)
        yield* cluster.start("broker-a")
        assert.strictEqual(yield* stateOf(cluster), before)
        const again = yield* open("127.0.0.1:10911")
        yield* send(again, "T", { body: "c" })
        assert.deepStrictEqual(yield* texts(cluster, "T"), ["a", "c"])
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* texts(cluster, "T"), ["a", "c"])
      }))

    it.scoped(`${kind}: loses nothing when every answer waits for the flush`, () =>
      Effect.gen(function*() {
        const { client, cluster } = yield* start({ flush: "sync" })
        yield* createGroup(client, "G")
        yield* resend(client, "a")
        yield* commit(client, "G", "T", 0, 1)
        const before = yield* stateOf(cluster)
        yield* cluster.crash("broker-a")
        yield* cluster.start("broker-a")
        assert.strictEqual(yield* stateOf(cluster), before)
      }))
  }

  it.scoped("keeps views of messages that are gone what they were", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      yield* send(client, "T", { body: "before" })
      const [held] = yield* cluster.messages("T")
      yield* cluster.crash("broker-a")
      yield* cluster.start("broker-a")
      yield* send(yield* open("127.0.0.1:10911"), "T", { body: "BEHIND" })
      assert.strictEqual(MessageExt.text(held!), "before")
    }))
})

describe("committed offsets", () => {
  it.scoped("go back by a time, or to what they were", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* createGroup(client, "G")
      for (let i = 0; i < 3; i++) yield* send(client, "T")
      yield* commit(client, "G", "T", 0, 1)
      const first = yield* cluster.committedOffsets("broker-a")
      yield* TestClock.adjust("10 seconds")
      yield* commit(client, "G", "T", 0, 2)
      yield* commit(client, "G", "T", 1, 0)
      yield* TestClock.adjust("5 seconds")
      yield* commit(client, "G", "T", 0, 3)
      yield* cluster.rollbackOffsets("broker-a", "4 seconds")
      assert.deepStrictEqual(yield* cluster.committedOffset("G", queue()), Option.some(2n))
      yield* cluster.rollbackOffsets("broker-a", "10 seconds")
      assert.deepStrictEqual(yield* cluster.committedOffset("G", queue()), Option.some(1n))
      assert.deepStrictEqual(yield* cluster.committedOffset("G", queue(1)), Option.none())
      yield* commit(client, "G", "T", 0, 3)
      yield* cluster.rollbackOffsets("broker-a", first)
      assert.deepStrictEqual(yield* cluster.committedOffset("G", queue()), Option.some(1n))
    }))
})
