import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import type * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Fault from "../src/Fault.js"
import { BROKER, bytes, json, NAME_SERVER, pull, send, sendFields, withBroker } from "./client.js"

const SLAVE = "127.0.0.1:10921"

const withSlave = (options?: EmbeddedCluster.Options) =>
  Effect.gen(function*() {
    const { client, cluster, open } = yield* withBroker({ slaves: 1, ...options })
    return { client, cluster, open, slave: yield* open(SLAVE) }
  })

/** A pull that brings its own subscription. */
const read = (client: Parameters<typeof pull>[0], offset = 0, suspend?: number) =>
  pull(client, "G", "T", {
    offset,
    fields: { sysFlag: suspend === undefined ? "4" : "6", subscription: "*", suspendTimeoutMillis: `${suspend ?? 0}` }
  })

const commit = (client: Parameters<typeof pull>[0], offset: number) =>
  client.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
    consumerGroup: "G",
    topic: "T",
    queueId: "0",
    commitOffset: String(offset)
  })

const committed = (client: Parameters<typeof pull>[0]) =>
  Effect.map(
    client.call(RequestCode.QUERY_CONSUMER_OFFSET, {
      consumerGroup: "G",
      topic: "T",
      queueId: "0",
      setZeroIfNotFound: "false"
    }),
    ({ extFields }) => extFields["offset"]
  )

const maxOffset = (client: Parameters<typeof pull>[0]) =>
  Effect.map(
    client.call(RequestCode.GET_MAX_OFFSET, { topic: "T", queueId: "0" }),
    ({ extFields }) => extFields["offset"]
  )

describe("a slave", () => {
  it.scoped("is in the routes, and has what its master has", () =>
    Effect.gen(function*() {
      const { client, open, slave } = yield* withSlave()
      yield* send(client, "T", { body: "one" })
      yield* read(client)
      yield* commit(client, 1)
      const names = yield* open(NAME_SERVER)
      const route = yield* names.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" })
      assert.deepInclude(json(route), {
        brokerDatas: [{
          brokerAddrs: { 0: BROKER, 1: SLAVE },
          brokerName: "broker-a",
          cluster: "DefaultCluster",
          enableActingMaster: false
        }]
      })
      const [here, there] = [yield* read(client), yield* read(slave)]
      assert.strictEqual(there.code, 0)
      assert.deepStrictEqual(there.body, here.body)
      assert.strictEqual(yield* committed(slave), "1")
    }))

  it.scoped("refuses what changes messages, as RocketMQ 5.5 does", () =>
    Effect.gen(function*() {
      const { slave } = yield* withSlave({ slaveReads: false })
      const busy = [2, "[REJECTREQUEST]system busy, start flow control for a while"]
      for (const code of [RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE]) {
        const { code: refused, remark } = yield* slave.call(code, sendFields("T"), bytes("x"))
        assert.deepStrictEqual([refused, remark], busy)
      }
      const back = yield* slave.call(RequestCode.CONSUMER_SEND_MSG_BACK, { group: "G", offset: "0", delayLevel: "0" })
      assert.deepStrictEqual([back.code, back.remark], busy)
      const pulled = yield* read(slave)
      assert.deepStrictEqual([pulled.code, pulled.remark], busy)
      const end = yield* slave.call(RequestCode.END_TRANSACTION, { commitOrRollback: "8" })
      assert.deepStrictEqual([end.code, end.remark], [11, "not set any response code"])
      const recall = yield* slave.call(RequestCode.RECALL_MESSAGE, { topic: "T", recallHandle: "x" })
      assert.deepStrictEqual([recall.code, recall.remark], [11, "recall failed, broker service not available"])
    }))

  it.scoped("sends those who find nothing to its master while that is up, and has them wait when it is not", () =>
    Effect.gen(function*() {
      const { client, cluster, slave } = yield* withSlave()
      yield* send(client, "T")
      const nothing = yield* read(slave, 1, 5000)
      assert.deepStrictEqual([nothing.code, nothing.extFields["suggestWhichBrokerId"]], [20, "0"])
      yield* cluster.kill("broker-a")
      assert.strictEqual((yield* read(slave)).code, 0)
      const waiting = yield* Effect.fork(read(slave, 1, 5000))
      yield* cluster.until(Effect.map(cluster.heldPulls, (held) => held === 1))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).code, 19)
      // what is committed meanwhile is the slave's own, and the master goes on with what it had
      yield* commit(slave, 1)
      yield* cluster.start("broker-a")
      assert.strictEqual(yield* committed(slave), "1")
    }))

  it.scoped("is what the master suggests when it is told to", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withSlave()
      yield* send(client, "T")
      yield* cluster.suggestBroker("broker-a", 1)
      assert.strictEqual((yield* read(client)).extFields["suggestWhichBrokerId"], "1")
      yield* cluster.suggestBroker("broker-a", 0)
      assert.strictEqual((yield* read(client)).extFields["suggestWhichBrokerId"], "0")
    }))

  it.scoped("has everything later by its lag, and nothing while it is paused", () =>
    Effect.gen(function*() {
      const { client, cluster, slave } = yield* withSlave()
      yield* cluster.copying("broker-a/1", { lag: "2 seconds" })
      yield* send(client, "T")
      yield* read(client)
      yield* commit(client, 1)
      assert.strictEqual(yield* maxOffset(slave), "0")
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(yield* maxOffset(slave), "0")
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([yield* maxOffset(slave), yield* committed(slave)], ["1", "1"])
      yield* cluster.copying("broker-a/1", { lag: 0, paused: true })
      yield* send(client, "T")
      yield* send(client, "T")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([yield* maxOffset(slave), yield* cluster.behind("broker-a/1")], ["1", 2])
      yield* cluster.copying("broker-a/1", { paused: false })
      assert.deepStrictEqual([yield* maxOffset(slave), yield* cluster.behind("broker-a/1")], ["3", 0])
    }))

  it.scoped("copies what it missed when it comes back", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withSlave()
      yield* send(client, "T")
      yield* cluster.stop("broker-a/1")
      yield* send(client, "T")
      yield* cluster.start("broker-a/1")
      assert.strictEqual(yield* maxOffset(yield* open(SLAVE)), "2")
      yield* cluster.crash("broker-a/1")
      yield* send(client, "T")
      yield* cluster.start("broker-a/1")
      assert.strictEqual(yield* maxOffset(yield* open(SLAVE)), "3")
    }))

  it.scoped("loses what a crash of its master has lost", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withSlave()
      yield* send(client, "T")
      yield* TestClock.adjust("1 second")
      yield* send(client, "T")
      yield* cluster.crash("broker-a")
      yield* cluster.start("broker-a")
      const ends = [yield* maxOffset(yield* open(BROKER)), yield* maxOffset(yield* open(SLAVE))]
      assert.deepStrictEqual(ends, ["1", "1"])
      assert.strictEqual((yield* send(yield* open(BROKER), "T")).code, 0)
      assert.strictEqual(yield* maxOffset(yield* open(SLAVE)), "2")
    }))

  it.scoped("is hit by faults under its own name", () =>
    Effect.gen(function*() {
      const { client, cluster, slave } = yield* withSlave()
      yield* send(client, "T")
      const { hits } = yield* cluster.inject(Fault.fail(1).pipe(Fault.onServer("broker-a/1")))
      assert.deepStrictEqual([(yield* read(client)).code, (yield* read(slave)).code, yield* hits], [0, 1, 1])
    }))
})

describe("a master that waits for a slave", () => {
  it.scoped("answers when the slave has the message", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withSlave({ replication: "sync" })
      assert.strictEqual((yield* send(client, "T")).code, 0)
      yield* cluster.copying("broker-a/1", { lag: "1 second" })
      const sent = yield* Effect.fork(send(client, "T"))
      yield* TestClock.adjust("999 millis")
      assert.strictEqual((yield* Fiber.poll(sent))._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(sent)).code, 0)
    }))

  it.scoped("says after a while that no slave has it, though it is stored", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withSlave({ replication: "sync", slaveTimeout: "2 seconds" })
      yield* cluster.copying("broker-a/1", { paused: true })
      const sent = yield* Effect.fork(send(client, "T"))
      yield* TestClock.adjust("2 seconds")
      const answer = yield* Fiber.join(sent)
      assert.deepStrictEqual([answer.code, answer.extFields["queueOffset"]], [12, "0"])
      // producers may say that they need no copy
      const unsafe = yield* send(client, "T", { properties: { WAIT: "false" } })
      assert.strictEqual(unsafe.code, 0)
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("of 4.x says at once that no slave is there", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withSlave({ replication: "sync", version: "4.9.8" })
      yield* cluster.stop("broker-a/1")
      assert.strictEqual((yield* send(client, "T")).code, 11)
    }))
})

describe("a switch of the master", () => {
  it.scoped("loses what the slave lacked, and the former master follows the new one", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withSlave()
      yield* send(client, "T", { body: "kept" })
      yield* read(client)
      yield* commit(client, 1)
      yield* cluster.copying("broker-a/1", { paused: true })
      yield* send(client, "T", { body: "lost" })
      yield* cluster.switchMaster("broker-a")
      assert.deepStrictEqual(cluster.brokers, [{ name: "broker-a", address: SLAVE }])
      const master = yield* open(SLAVE)
      const slave = yield* open(BROKER)
      assert.deepStrictEqual([yield* maxOffset(master), yield* maxOffset(slave), yield* committed(slave)], [
        "1",
        "1",
        "1"
      ])
      assert.strictEqual((yield* send(slave, "T")).code, 2)
      assert.strictEqual((yield* send(master, "T", { body: "new" })).extFields["queueOffset"], "1")
      assert.deepStrictEqual((yield* read(slave, 1)).body, (yield* read(master, 1)).body)
      assert.strictEqual(yield* cluster.stored("T"), 2)
    }))

  it.scoped("delivers what waits for its time, once", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withSlave()
      yield* send(client, "T", { properties: { DELAY: "2" } })
      yield* TestClock.adjust("2 seconds")
      yield* cluster.switchMaster("broker-a")
      assert.strictEqual(yield* cluster.stored("T"), 0)
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* cluster.stored("T"), 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* cluster.stored("T"), 1)
      assert.strictEqual(yield* maxOffset(yield* open(BROKER)), "1")
    }))

  it.scoped("goes on when the former master was down, and it comes back as a slave", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withSlave()
      yield* send(client, "T")
      yield* cluster.kill("broker-a")
      yield* cluster.switchMaster("broker-a")
      assert.strictEqual((yield* send(yield* open(SLAVE), "T")).extFields["queueOffset"], "1")
      assert.strictEqual((yield* Effect.flip(open(BROKER)))._tag, "ConnectionFailedError")
      yield* cluster.start("broker-a/1")
      assert.strictEqual(yield* maxOffset(yield* open(BROKER)), "2")
    }))
})
