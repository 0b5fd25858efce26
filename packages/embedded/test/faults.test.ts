import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Fault from "../src/Fault.js"
import { BROKER, heartbeat, send, subscription, withBroker } from "./client.js"

describe("a fault", () => {
  it.scoped("doubles a request, or only its answer", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.inject(Fault.duplicateRequest.pipe(Fault.onCode(310), Fault.once))
      assert.strictEqual((yield* send(client, "T")).extFields["queueOffset"], "0")
      assert.strictEqual(yield* cluster.stored("T"), 2)
      yield* cluster.inject(Fault.duplicateResponse.pipe(Fault.onCode(310), Fault.once))
      assert.strictEqual((yield* send(client, "T")).extFields["queueOffset"], "2")
      assert.strictEqual((yield* send(client, "T")).extFields["queueOffset"], "3")
      assert.strictEqual(yield* cluster.stored("T"), 4)
    }))

  it.scoped("cuts an answer in two, and the connection with it", () =>
    Effect.gen(function*() {
      const { client, cluster } = yield* withBroker()
      yield* cluster.inject(Fault.cut.pipe(Fault.onTopic("T"), Fault.once))
      const sent = yield* Effect.fork(send(client, "T"))
      yield* cluster.until(Effect.sync(client.ended))
      assert.strictEqual((yield* Fiber.poll(sent))._tag, "None")
      assert.isAbove(client.received(), 8)
      assert.strictEqual(yield* cluster.stored("T"), 1)
    }))

  it.scoped("inverts a part of an answer", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      yield* send(client, "T")
      const problems: Array<string> = []
      for (const part of ["length", "header"] as const) {
        const other = yield* open(BROKER)
        yield* cluster.inject(Fault.corrupt(part).pipe(Fault.onTopic("T"), Fault.once))
        yield* Effect.fork(send(other, "T"))
        yield* cluster.until(Effect.sync(() => other.problem() !== undefined))
        problems.push(other.problem()!)
      }
      assert.deepStrictEqual(problems, ["MalformedFrameError", "MalformedFrameError"])
    }))

  it.scoped("freezes one connection, which goes on in its order", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const other = yield* open(BROKER)
      yield* send(client, "T")
      const { hits } = yield* cluster.inject(Fault.freeze("10 seconds").pipe(Fault.onCode(310), Fault.once))
      const sent = yield* Effect.forkAll([send(client, "T"), send(client, "T"), send(client, "T")])
      yield* cluster.until(Effect.map(hits, (count) => count === 1))
      assert.strictEqual((yield* send(other, "T")).extFields["queueOffset"], "1")
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* cluster.stored("T"), 2)
      yield* TestClock.adjust("1 second")
      const answers = yield* Fiber.join(sent)
      assert.deepStrictEqual(answers.map(({ extFields }) => extFields["queueOffset"]), ["2", "3", "4"])
    }))

  it.scoped("hits one client by its id", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const other = yield* open(BROKER)
      yield* heartbeat(client, "one", "G", [subscription("T")])
      yield* heartbeat(other, "two", "G", [subscription("T")])
      yield* cluster.inject(Fault.fail(2).pipe(Fault.onClient("two"), Fault.onCode(310)))
      assert.deepStrictEqual([(yield* send(client, "T")).code, (yield* send(other, "T")).code], [0, 2])
    }))

  it.scoped("hits what the broker asks of a client", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const other = yield* open(BROKER)
      const told = () => client.pushes.filter(({ code }) => code === RequestCode.NOTIFY_CONSUMER_IDS_CHANGED).length
      yield* heartbeat(client, "one", "G", [subscription("T")])
      const before = told()
      const lost = yield* cluster.inject(
        Fault.dropRequest.pipe(Fault.fromServer, Fault.onCode(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED))
      )
      yield* heartbeat(other, "two", "G", [subscription("T")])
      yield* send(client, "T")
      assert.strictEqual(told(), before)
      assert.isAbove(yield* lost.hits, 0)
      yield* lost.remove
      yield* cluster.inject(
        Fault.delay("1 second").pipe(Fault.fromServer, Fault.onCode(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED))
      )
      yield* heartbeat(yield* open(BROKER), "three", "G", [subscription("T")])
      yield* send(client, "T")
      assert.strictEqual(told(), before)
      yield* TestClock.adjust("1 second")
      yield* send(client, "T")
      assert.strictEqual(told(), before + 1)
    }))

  it.scoped("loses the client's answer, so that the asker hears of a timeout", () =>
    Effect.gen(function*() {
      const { client, cluster, open } = yield* withBroker()
      const admin = yield* open(BROKER)
      client.onPush.answer = (push) =>
        push.code === RequestCode.GET_CONSUMER_RUNNING_INFO
          ? Remoting.make({ code: 0, body: new Uint8Array(2) })
          : undefined
      yield* heartbeat(client, "one", "G", [subscription("T")])
      const ask = admin.call(RequestCode.GET_CONSUMER_RUNNING_INFO, { consumerGroup: "G", clientId: "one" })
      assert.strictEqual((yield* ask).code, 0)
      yield* cluster.inject(Fault.dropResponse.pipe(Fault.fromServer, Fault.once))
      yield* cluster.clearRequests
      const asked = yield* Effect.fork(ask)
      yield* cluster.until(Effect.map(cluster.requests, (all) => all.length === 1))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(asked)).code, 207)
      assert.strictEqual((yield* ask).code, 0)
    }))
})
