import { Message, TransactionProducer } from "@effect-rocketmq/client"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Embedded from "../src/Embedded.js"
import * as EmbeddedCluster from "../src/EmbeddedCluster.js"
import * as Fault from "../src/Fault.js"

const message = Message.make({ topic: "T", body: "paid" })

/** Lets virtual time pass in steps, so that what answers each other keeps pace. */
const pass = (seconds: number, step = 5) =>
  Effect.repeatN(Effect.zipRight(TestClock.adjust(step * 1000), Effect.yieldNow()), Math.ceil(seconds / step) - 1)

const inTime = <A, E, R>(seconds: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* pass(seconds, 0.25)
    return yield* Fiber.join(fiber)
  })

const never: TransactionProducer.Check = () => Effect.dieMessage("nobody should ask")

/** A producer whose transactions meet faults; what is left of them after the broker has asked about all of it. */
const scenario = <A, E>(
  use: (
    transactions: TransactionProducer.TransactionProducer["Type"],
    cluster: EmbeddedCluster.Cluster
  ) => Effect.Effect<A, E>,
  check: TransactionProducer.Check = never
) =>
  Effect.gen(function*() {
    const cluster = yield* EmbeddedCluster.EmbeddedCluster
    const transactions = yield* TransactionProducer.make({ group: "PG", check })
    // the broker knows the group
    yield* inTime(1, transactions.producer.send(Message.make({ topic: "warm", body: "up" })))
    const result = yield* inTime(12, use(transactions, cluster))
    yield* pass(100)
    const asked = (yield* cluster.requests).filter(({ extFields }) =>
      extFields["fromTransactionCheck"] === "true"
    ).length
    return { result, asked, stats: yield* transactions.stats, stored: yield* cluster.stored("T") }
  })

describe("a transaction is delivered once, and only when its work is done, though", () => {
  it.scoped("the answer to its commit gets lost", () =>
    Effect.gen(function*() {
      const { asked, result, stats, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          yield* cluster.inject(Fault.dropResponse.pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.once))
          return yield* transactions.transaction(message, Effect.void)
        })
      )
      assert.strictEqual(result.end, "Unknown")
      // the broker had noted the end
      assert.deepStrictEqual([stored, asked, stats.unknownEnds], [1, 0, 1])
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("the commit itself gets lost", () =>
    Effect.gen(function*() {
      const { result, stats, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          yield* cluster.inject(Fault.dropRequest.pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.once))
          return yield* transactions.transaction(message, Effect.void)
        })
      )
      assert.strictEqual(result.end, "Unknown")
      assert.deepStrictEqual([stored, stats.checks.Commit, stats.alreadyDelivered], [1, 1, 0])
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("the answer to the commit that a check gave gets lost, too", () =>
    Effect.gen(function*() {
      const { stats, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          yield* cluster.inject(Fault.dropRequest.pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.once))
          yield* cluster.inject(
            Fault.dropResponse.pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.after(1), Fault.once)
          )
          return yield* transactions.transaction(message, Effect.void)
        })
      )
      assert.deepStrictEqual([stored, stats.unknownEnds], [1, 1])
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("the answer to its half message gets lost, so that there are two", () =>
    Effect.gen(function*() {
      const { result, stats, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          yield* cluster.inject(Fault.dropResponse.pipe(Fault.onCode(RequestCode.SEND_MESSAGE_V2), Fault.once))
          return yield* transactions.transaction(message, Effect.void)
        })
      )
      assert.deepStrictEqual(result.receipt.attempts.map(({ outcome }) => outcome), ["Unknown", "Accepted"])
      assert.deepStrictEqual([result.end, stored], ["Acknowledged", 1])
      assert.strictEqual(stats.alreadyDelivered, 1)
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("its caller goes away while the half message is under way", () =>
    Effect.gen(function*() {
      const { stats, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          yield* cluster.inject(Fault.delay(2000).pipe(Fault.onCode(RequestCode.SEND_MESSAGE_V2), Fault.once))
          return yield* Effect.timeoutOption(transactions.transaction(message, Effect.void), "1 second")
        })
      )
      assert.deepStrictEqual([stored, stats.begun, stats.checks.Rollback], [0, 0, 1])
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("the broker is busy, and restarts meanwhile", () =>
    Effect.gen(function*() {
      const { result, stored } = yield* scenario((transactions, cluster) =>
        Effect.gen(function*() {
          const open = yield* transactions.begin(message)
          yield* cluster.stop("broker-a")
          const end = yield* Effect.fork(open.commit)
          yield* Effect.sleep("1 second")
          yield* cluster.inject(
            Fault.fail(ResponseCode.SYSTEM_BUSY, "busy").pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.once)
          )
          yield* cluster.start("broker-a")
          return yield* Fiber.join(end)
        }).pipe(Effect.scoped)
      )
      assert.deepStrictEqual([result, stored], ["Acknowledged", 1])
    }).pipe(Effect.provide(Embedded.layer())))

  it.scoped("its work takes longer than all questions of the broker but the last", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.EmbeddedCluster
      const transactions = yield* TransactionProducer.make({ group: "PG", check: never })
      const running = yield* Effect.fork(transactions.transaction(message, Effect.sleep("7 minutes")))
      yield* pass(7 * 60 + 1)
      assert.strictEqual((yield* Fiber.join(running)).end, "Acknowledged")
      yield* pass(60)
      assert.strictEqual(yield* cluster.stored("T"), 1)
      assert.strictEqual((yield* transactions.stats).checks.Unknown, 14)
    }).pipe(Effect.provide(Embedded.layer())))
})
