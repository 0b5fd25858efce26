import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import type { TransactionCheck } from "@effect-rocketmq/client/Client"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageExt from "@effect-rocketmq/client/MessageExt"
import { RequestTimeoutError } from "@effect-rocketmq/client/RemotingError"
import * as RocketMQError from "@effect-rocketmq/client/RocketMQError"
import * as TransactionError from "@effect-rocketmq/client/TransactionError"
import * as TransactionProducer from "@effect-rocketmq/client/TransactionProducer"
import { ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  ConfigProvider,
  Context,
  Deferred,
  Effect,
  Either,
  Exit,
  Fiber,
  FiberRef,
  Layer,
  Scope,
  TestClock
} from "effect"
import type { Behaviour } from "./support/ProducerCluster.js"
import { ProducerCluster, propertiesOf, storedMessage } from "./support/ProducerCluster.js"

const order = Message.make({ topic: "orders", tags: "paid", keys: ["42"], body: "hello" })

const KEY = "1".padStart(32, "0")

/** A cluster whose brokers answer half messages with ids that tell their place: 1000, 1001, … in the log. */
const makeCluster = (brokers?: Record<string, number>) => {
  const cluster = new ProducerCluster(brokers)
  const acceptHalf: Behaviour = (arrival) =>
    Effect.map(cluster.accept(arrival), (stored) => ({
      ...stored,
      offsetId: Either.getOrThrow(
        MessageId.encodeOffsetId({ host: "127.0.0.1:10911", offset: 1000n + stored.queueOffset })
      )
    }))
  const acceptAll = () => {
    for (const name of Object.keys(brokers ?? { "broker-a": 4 })) cluster.behave(name, acceptHalf)
  }
  acceptAll()
  return {
    cluster,
    acceptHalf,
    producer: <E = never, R = never>(options?: Partial<TransactionProducer.Options<E, R>>) =>
      Effect.provide(
        TransactionProducer.make<E, R>({
          group: "payments",
          check: () => Effect.dieMessage("nobody should ask"),
          ...options
        }),
        cluster.layer
      ),
    /** A broker asks about a transaction; ends when it is answered, or not going to be. */
    ask: (question: Partial<TransactionCheck> & { readonly key?: string } = {}) =>
      Effect.suspend(() => {
        const { key = KEY, ...rest } = question
        return cluster.members.get("payments")!.checkTransaction!({
          address: "broker-a:10911",
          brokerName: "broker-a",
          message: storedMessage({ uniqueKey: key, properties: { PGROUP: "payments" } }),
          tranStateTableOffset: 70n,
          commitLogOffset: 7000n,
          msgId: key,
          transactionId: key,
          ...rest
        })
      }),
    /** What brokers were told, in short. */
    told: () =>
      cluster.ends.map(({ request }) =>
        `${request.state} ${request.commitLogOffset}${request.fromCheck ? " asked" : ""}`
      )
  }
}

const refuse = (
  Error: new(answer: BrokerError.Answer) => BrokerError.BrokerError,
  responseCode: number
): ProducerCluster["endWith"] =>
({ address }) => Effect.fail(new Error({ address, requestCode: RequestCode.END_TRANSACTION, responseCode }))

const noAnswer: ProducerCluster["endWith"] = ({ address, timeout = 3000 }) =>
  Effect.zipRight(
    Effect.sleep(timeout),
    Effect.fail(new RequestTimeoutError({ address, code: RequestCode.END_TRANSACTION, timeout, written: true }))
  )

const failureOf = <A, E>(exit: Exit.Exit<A, E>): E => {
  if (Exit.isFailure(exit)) {
    const failure = Cause.failureOrCause(exit.cause)
    if (Either.isLeft(failure)) return failure.left
  }
  throw new Error(`not a failure: ${String(exit)}`)
}

const failed = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.map(Effect.exit(effect), failureOf)

/** Runs an effect on the test clock until it has ended or the time is over. */
const within = <A, E, R>(duration: number, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(effect))
    yield* TestClock.adjust(duration)
    const result = yield* Fiber.poll(fiber)
    if (result._tag === "None") return yield* Effect.die(new Error(`has not ended within ${duration} ms`))
    return yield* Effect.flatten(result.value)
  })

describe("TransactionProducer", () => {
  describe("a transaction", () => {
    it.scoped("sends a half message, does its work, and commits", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        const seen: Array<string> = []
        const result = yield* transactions.transaction(order, (half) =>
          Effect.sync(() => {
            seen.push(`work for ${half.uniqueKey} after ${cluster.arrivals.length} sends, ${cluster.ends.length} ends`)
            return 42
          }))
        assert.deepStrictEqual(seen, [`work for ${KEY} after 1 sends, 0 ends`])
        assert.strictEqual(result.value, 42)
        assert.strictEqual(result.end, "Acknowledged")
        assert.strictEqual(result.receipt.uniqueKey, KEY)
        const [half] = cluster.arrivals
        assert.strictEqual(half?.request.extFields["f"], "4")
        assert.deepStrictEqual(propertiesOf(half), {
          TAGS: "paid",
          KEYS: "42",
          WAIT: "true",
          TRAN_MSG: "true",
          PGROUP: "payments",
          UNIQ_KEY: KEY
        })
        assert.deepStrictEqual(told(), ["Commit 1000"])
        assert.strictEqual(cluster.ends[0]?.address, "broker-a:10911")
        assert.deepStrictEqual(cluster.ends[0]?.request, {
          group: "payments",
          topic: "orders",
          brokerName: "broker-a",
          transactionId: KEY,
          msgId: KEY,
          tranStateTableOffset: 0n,
          commitLogOffset: 1000n,
          state: "Commit",
          fromCheck: false
        })
        const stats = yield* transactions.stats
        assert.deepStrictEqual([stats.begun, stats.committed, stats.rolledBack, stats.running], [1, 1, 0, 0])
      }))

    it.scoped("is rolled back when its work fails, and gives that failure", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        assert.strictEqual(yield* failed(transactions.transaction(order, Effect.fail("no stock"))), "no stock")
        assert.deepStrictEqual(told(), ["Rollback 1000"])
        assert.strictEqual((yield* transactions.stats).rolledBack, 1)
      }))

    it.scoped("is rolled back when its work dies, or throws where it is made", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        const boom = new Error("boom")
        const died = yield* Effect.exit(transactions.transaction(order, Effect.die(boom)))
        assert.deepStrictEqual(Exit.isFailure(died) && Cause.squash(died.cause), boom)
        const thrown = yield* Effect.exit(transactions.transaction(order, (): Effect.Effect<void> => {
          throw boom
        }))
        assert.deepStrictEqual(Exit.isFailure(thrown) && Cause.squash(thrown.cause), boom)
        assert.deepStrictEqual(told(), ["Rollback 1000", "Rollback 1001"])
      }))

    it.scoped("is rolled back when its caller is interrupted, after its work has ended", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        const events: Array<string> = []
        cluster.endWith = () => Effect.delay(Effect.sync(() => void events.push("end")), 500)
        const work = Effect.onInterrupt(
          Effect.never,
          () => Effect.delay(Effect.sync(() => events.push("cleaned up")), 300)
        )
        const fiber = yield* Effect.fork(transactions.transaction(order, work))
        yield* TestClock.adjust(100)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* TestClock.adjust(299)
        assert.deepStrictEqual(told(), [])
        yield* TestClock.adjust(501)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupting)))
        assert.deepStrictEqual(events, ["cleaned up", "end"])
        assert.deepStrictEqual(told(), ["Rollback 1000"])
      }))

    it.scoped("is committed when its work has succeeded in spite of an interruption", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        const fiber = yield* Effect.fork(transactions.transaction(order, Effect.uninterruptible(Effect.sleep(1000))))
        yield* TestClock.adjust(100)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* TestClock.adjust(1000)
        yield* Fiber.join(interrupting)
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.scoped("is rolled back when its work had more to do after what could not be interrupted", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        const work = Effect.zipRight(Effect.uninterruptible(Effect.sleep(1000)), Effect.never)
        const fiber = yield* Effect.fork(transactions.transaction(order, work))
        yield* TestClock.adjust(100)
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* TestClock.adjust(1000)
        assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupting)))
        assert.deepStrictEqual(told(), ["Rollback 1000"])
      }))

    it.scoped("does not begin its work when the half message fails", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        cluster.behave("broker-a", cluster.refuseConnection)
        const transactions = yield* producer({ retries: 0 })
        let worked = false
        const error = yield* failed(transactions.transaction(order, Effect.sync(() => worked = true)))
        assert.strictEqual(error._tag, "HalfMessageSendError")
        if (error._tag !== "HalfMessageSendError") return
        assert.strictEqual(error.cause._tag, "RetryExhaustedError")
        assert.strictEqual(error.outcome, "Refused")
        assert.isTrue(error.retryable)
        assert.include(error.message, "local work did not run")
        assert.isTrue(TransactionError.isTransactionError(error))
        assert.isTrue(RocketMQError.isRocketMQError(error))
        assert.isFalse(worked)
        assert.deepStrictEqual(told(), [])
        assert.strictEqual((yield* transactions.stats).notBegun, 1)
      }))

    it.scoped("is neither delayed nor timed: refused before anything is sent", () =>
      Effect.gen(function*() {
        const { cluster, producer } = makeCluster()
        const transactions = yield* producer()
        for (const option of [{ delayLevel: 3 }, { delay: "1 second" }, { deliverAt: 5000 }] as const) {
          const message = Message.make({ topic: "orders", body: "later", ...option })
          const error = yield* failed(transactions.transaction(message, Effect.void))
          assert.strictEqual(error._tag, "MessageValidationError")
          if (error._tag === "MessageValidationError") assert.strictEqual(error.field, "transaction")
        }
        const empty = yield* failed(transactions.transaction(Message.make({ topic: "orders", body: "" }), Effect.void))
        assert.strictEqual(empty._tag, "MessageValidationError")
        assert.strictEqual(cluster.arrivals.length, 0)
      }))

    it.scoped("with a half message that is not safe is rolled back, unless that was said to be enough", () =>
      Effect.gen(function*() {
        const weak = (status: "FLUSH_DISK_TIMEOUT" | "SLAVE_NOT_AVAILABLE") => {
          const made = makeCluster()
          made.cluster.behave(
            "broker-a",
            (arrival) => Effect.map(made.acceptHalf(arrival), (stored) => ({ ...stored, status }))
          )
          return made
        }
        for (const status of ["FLUSH_DISK_TIMEOUT", "SLAVE_NOT_AVAILABLE"] as const) {
          const strict = weak(status)
          let worked = false
          const error = yield* failed(
            (yield* strict.producer()).transaction(order, Effect.sync(() => worked = true))
          )
          assert.strictEqual(error._tag, "HalfMessageSendError")
          assert.isFalse(worked)
          assert.deepStrictEqual(strict.told(), ["Rollback 1000"])
        }
        const lenient = weak("FLUSH_DISK_TIMEOUT")
        const result = yield* (yield* lenient.producer({ whenNotStoreOk: "accept" })).transaction(order, Effect.void)
        assert.strictEqual(result.receipt.status, "FLUSH_DISK_TIMEOUT")
        assert.deepStrictEqual(lenient.told(), ["Commit 1000"])
      }))

    it.scoped("does not wait for others to travel with", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer({ autoBatch: { linger: "1 hour" } })
        yield* transactions.transaction(order, Effect.void)
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.scoped("runs its work as part of its caller: services, references, and none of its own left behind", () =>
      Effect.gen(function*() {
        const { producer } = makeCluster()
        const transactions = yield* producer()
        const Name = Context.GenericTag<string>("test/Name")
        const ref = FiberRef.unsafeMake("before")
        const { value } = yield* transactions.transaction(
          order,
          Effect.zipLeft(Name, FiberRef.set(ref, "set by the work"))
        ).pipe(Effect.provideService(Name, "caller"))
        assert.strictEqual(value, "caller")
        assert.strictEqual(yield* FiberRef.get(ref), "set by the work")
      }))

    it.scoped("tells the broker how long not to ask", () =>
      Effect.gen(function*() {
        const { cluster, producer } = makeCluster()
        const transactions = yield* producer({ checkImmunity: "1500 millis" })
        yield* transactions.transaction(order, Effect.void)
        yield* transactions.transaction(order, Effect.void, { checkImmunity: "1 minute" })
        assert.deepStrictEqual(
          cluster.arrivals.map((arrival) => propertiesOf(arrival)["CHECK_IMMUNITY_TIME_IN_SECONDS"]),
          ["2", "60"]
        )
      }))

    it.scoped("that takes too long is interrupted and rolled back", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer({ transactionTimeout: "2 seconds" })
        const fiber = yield* Effect.fork(failed(transactions.transaction(order, Effect.never)))
        yield* TestClock.adjust(1999)
        assert.deepStrictEqual(told(), [])
        yield* TestClock.adjust(1)
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error._tag, "TransactionTimeoutError")
        if (error._tag !== "TransactionTimeoutError") return
        assert.deepStrictEqual([error.reason, error.timeout, error.uniqueKey], ["TransactionTimeout", 2000, KEY])
        assert.deepStrictEqual(told(), ["Rollback 1000"])
        assert.strictEqual((yield* transactions.stats).timedOut, 1)
        // one that has done its work all the same is committed
        const { end } = yield* within(
          5000,
          transactions.transaction(order, Effect.uninterruptible(Effect.sleep("3 seconds")))
        )
        assert.strictEqual(end, "Acknowledged")
        assert.deepStrictEqual(told(), ["Rollback 1000", "Commit 1001"])
      }))
  })

  describe("the end", () => {
    it.scoped("is waited for when its caller is interrupted meanwhile, more than once", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = () => Effect.sleep(1000)
        const committing = yield* Effect.fork(transactions.transaction(order, Effect.void))
        const rollingBack = yield* Effect.fork(transactions.transaction(order, Effect.never))
        const byHand = yield* Effect.fork(Effect.flatMap(transactions.begin(order), (open) => open.commit))
        const fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>> = [committing, rollingBack, byHand]
        yield* TestClock.adjust(100)
        for (const fiber of fibers) yield* Fiber.interruptFork(fiber)
        yield* TestClock.adjust(500)
        for (const fiber of fibers) yield* Fiber.interruptFork(fiber)
        yield* TestClock.adjust(399)
        assert.strictEqual((yield* transactions.stats).committed, 0)
        yield* TestClock.adjust(101)
        yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
        assert.deepStrictEqual(told().sort(), ["Commit 1000", "Commit 1002", "Rollback 1001"])
        const { committed, rolledBack, unknownEnds } = yield* transactions.stats
        assert.deepStrictEqual([committed, rolledBack, unknownEnds], [2, 1, 0])
      }))

    it.scoped("without an answer is not repeated; the broker gets it when it asks", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = noAnswer
        const result = yield* within(20_000, transactions.transaction(order, Effect.succeed("done")))
        assert.deepStrictEqual([result.value, result.end], ["done", "Unknown"])
        assert.deepStrictEqual(told(), ["Commit 1000"])
        assert.strictEqual((yield* transactions.stats).unknownEnds, 1)
        cluster.endWith = () => Effect.void
        yield* ask()
        assert.deepStrictEqual(told(), ["Commit 1000", "Commit 7000 asked"])
        assert.deepStrictEqual((yield* transactions.stats).checks, { Commit: 1, Rollback: 0, Unknown: 0 })
      }))

    it.scoped("that got lost on its way back does not make a second message", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = noAnswer
        yield* within(20_000, transactions.transaction(order, Effect.void))
        cluster.delivered.add(KEY)
        cluster.endWith = () => Effect.void
        yield* ask()
        assert.deepStrictEqual(told(), ["Commit 1000", "Rollback 7000 asked"])
        const { alreadyDelivered, checks } = yield* transactions.stats
        assert.deepStrictEqual([alreadyDelivered, checks.Commit], [1, 1])
      }))

    it.scoped("that a broker refuses for now is repeated until it is taken", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = (arrival) =>
          cluster.ends.length < 4 ? refuse(BrokerError.BrokerBusyError, 2)(arrival) : Effect.void
        const { end } = yield* within(1000, transactions.transaction(order, Effect.void))
        assert.strictEqual(end, "Acknowledged")
        assert.deepStrictEqual(told(), ["Commit 1000", "Commit 1000", "Commit 1000", "Commit 1000"])
        assert.deepStrictEqual(cluster.ends.map(({ at }) => at), [0, 100, 300, 700])
      }))

    it.scoped("of a commit that stays refused is an error, and the broker still gets it when it asks", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer({ endTimeout: "1 second" })
        cluster.endWith = refuse(BrokerError.BrokerBusyError, 2)
        const error = yield* within(1000, failed(transactions.transaction(order, Effect.void)))
        assert.strictEqual(error._tag, "TransactionCommitError")
        if (error._tag !== "TransactionCommitError") return
        assert.isTrue(error.isAskedAgain)
        assert.isFalse(error.retryable)
        assert.strictEqual(error.address, "broker-a:10911")
        assert.strictEqual((yield* transactions.stats).refusedEnds, 1)
        cluster.endWith = () => Effect.void
        yield* ask()
        assert.strictEqual(told().at(-1), "Commit 7000 asked")
      }))

    it.scoped("of a commit about which the broker knows nothing is an error at once", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = refuse(BrokerError.TransactionFailedError, 1)
        const error = yield* failed(transactions.transaction(order, Effect.void))
        assert.strictEqual(error._tag, "TransactionCommitError")
        if (error._tag !== "TransactionCommitError") return
        assert.isFalse(error.isAskedAgain)
        assert.include(error.message, "send the message by other means")
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.scoped("that the broker puts off until it asks is unknown, no error", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer({ checkImmunity: "1 second" })
        cluster.endWith = refuse(BrokerError.TransactionFailedError, 604)
        assert.strictEqual((yield* transactions.transaction(order, Effect.void)).end, "Unknown")
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.scoped("to a broker that cannot be reached is tried until its time is over", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = ({ address }) => Effect.fail(new ConnectionFailedError({ address, cause: "refused" }))
        const { end } = yield* within(5000, transactions.transaction(order, Effect.void))
        assert.strictEqual(end, "Unknown")
        assert.isAbove(told().length, 4)
      }))

    it.scoped("takes no longer than its time, also when a connection takes longer to open", () =>
      Effect.gen(function*() {
        const { cluster, producer } = makeCluster()
        const transactions = yield* producer({ endTimeout: "2 seconds" })
        cluster.endWith = () => Effect.never
        const { end } = yield* within(2100, transactions.transaction(order, Effect.void))
        assert.strictEqual(end, "Unknown")
      }))

    it.scoped("of a rollback that fails hides nothing", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = refuse(BrokerError.TransactionFailedError, 1)
        assert.strictEqual(yield* failed(transactions.transaction(order, Effect.fail("no stock"))), "no stock")
        assert.strictEqual((yield* transactions.stats).refusedEnds, 1)
        cluster.endWith = () => Effect.void
        yield* ask()
        assert.deepStrictEqual(told(), ["Rollback 1000", "Rollback 7000 asked"])
      }))

    it.scoped("can be left to the check where a failure says little", () =>
      Effect.gen(function*() {
        const { ask, producer, told } = makeCluster()
        const recorder = TransactionProducer.recorder(TransactionProducer.alwaysCommit)
        const transactions = yield* producer({ check: recorder.check })
        const work = Effect.fail("the database did not answer its COMMIT")
        yield* failed(transactions.transaction(order, work, { onFailure: () => "Unknown" }))
        assert.deepStrictEqual(told(), [])
        yield* ask()
        assert.deepStrictEqual(told(), ["Commit 7000 asked"])
        assert.deepStrictEqual(recorder.asked().map(({ message, state }) => [message.msgId, state]), [[KEY, "Commit"]])
        assert.strictEqual((yield* transactions.stats).leftToCheck, 1)
        // so can work that was cut off
        const cut = yield* within(
          1000,
          failed(transactions.transaction(order, Effect.never, {
            onFailure: (cause) => Cause.isInterrupted(cause) ? "Unknown" : "Rollback",
            transactionTimeout: "1 second"
          }))
        )
        assert.strictEqual(typeof cut !== "string" && cut._tag === "TransactionTimeoutError" && cut.end, "LeftToCheck")
        assert.deepStrictEqual(told(), ["Commit 7000 asked"])
      }))

    it.scoped("comes in time in an uninterruptible caller, too", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer({ transactionTimeout: "1 second" })
        const error = yield* within(1000, failed(Effect.uninterruptible(transactions.transaction(order, Effect.never))))
        assert.strictEqual(error._tag, "TransactionTimeoutError")
        assert.deepStrictEqual(told(), ["Rollback 1000"])
      }))
  })

  describe("by hand", () => {
    it.scoped("ends once, as its holder says", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        const first = yield* transactions.begin(order)
        const second = yield* transactions.begin(order)
        assert.strictEqual((yield* transactions.stats).running, 2)
        assert.strictEqual(yield* first.commit, "Acknowledged")
        assert.strictEqual(yield* second.rollback, "Acknowledged")
        const late = yield* failed(second.commit)
        assert.strictEqual(late._tag, "TransactionStateError")
        if (late._tag !== "TransactionStateError") return
        assert.deepStrictEqual([late.state, late.wanted, late.uniqueKey], [
          "RolledBack",
          "commit",
          second.receipt.uniqueKey
        ])
        assert.strictEqual((yield* failed(first.commit))._tag, "TransactionStateError")
        assert.strictEqual((yield* failed(first.rollback))._tag, "TransactionStateError")
        assert.deepStrictEqual(told(), ["Commit 1000", "Rollback 1001"])
      }))

    it.scoped("ends once, also when two want it at the same time", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = () => Effect.sleep(100)
        const open = yield* transactions.begin(order)
        const both = yield* Effect.fork(Effect.all([Effect.exit(open.commit), Effect.exit(open.rollback)], {
          concurrency: "unbounded"
        }))
        yield* TestClock.adjust(100)
        const [commit, rollback] = yield* Fiber.join(both)
        assert.deepStrictEqual(commit, Exit.succeed("Acknowledged" as const))
        const error = failureOf(rollback)
        assert.strictEqual(error._tag === "TransactionStateError" && error.state, "Committing")
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.scoped("is rolled back when its Scope closes without an end", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        yield* Effect.scoped(transactions.begin(order))
        assert.deepStrictEqual(told(), ["Rollback 1000"])
        yield* Effect.scoped(Effect.flatMap(transactions.begin(order), (open) => open.commit))
        assert.deepStrictEqual(told(), ["Rollback 1000", "Commit 1001"])
        yield* Effect.scoped(Effect.flatMap(transactions.begin(order), (open) => open.leaveToCheck))
        assert.deepStrictEqual(told(), ["Rollback 1000", "Commit 1001"])
      }))

    it.scoped("gives a refused commit to its holder, and a refused rollback", () =>
      Effect.gen(function*() {
        const { cluster, producer } = makeCluster()
        const transactions = yield* producer()
        cluster.endWith = refuse(BrokerError.TransactionFailedError, 1)
        const error = yield* failed(Effect.flatMap(transactions.begin(order), (open) => open.commit))
        assert.strictEqual(error._tag, "TransactionCommitError")
        const other = yield* failed(Effect.flatMap(transactions.begin(order), (open) => open.rollback))
        assert.strictEqual(other._tag, "TransactionRollbackError")
        assert.include(other.message, "Nobody sees the message")
      }))

    it.scoped("is rolled back when its time is over, and cannot be committed any more", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const transactions = yield* producer()
        const open = yield* transactions.begin(order, { transactionTimeout: "10 seconds" })
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(told(), ["Rollback 1000"])
        assert.strictEqual((yield* failed(open.commit))._tag, "TransactionTimeoutError")
        assert.deepStrictEqual(told(), ["Rollback 1000"])
      }))
  })

  describe("a broker that asks", () => {
    it.scoped("about running work is told that nobody knows yet; the end is then about the copy it asked about", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        const open = yield* transactions.begin(order)
        yield* ask()
        yield* ask({ commitLogOffset: 8000n, tranStateTableOffset: 80n })
        assert.deepStrictEqual(told(), ["Unknown 7000 asked", "Unknown 8000 asked"])
        yield* open.commit
        assert.strictEqual(told().at(-1), "Commit 8000 asked")
        assert.strictEqual(cluster.ends.at(-1)?.request.tranStateTableOffset, 80n)
      }))

    it.scoped("after a confirmed end gets the same end, without a second delivery", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        yield* transactions.transaction(order, Effect.void)
        cluster.delivered.add(KEY)
        yield* ask()
        // the broker lost what it had confirmed
        cluster.delivered.delete(KEY)
        yield* ask({ commitLogOffset: 8000n })
        assert.deepStrictEqual(told(), ["Commit 1000", "Rollback 7000 asked", "Commit 8000 asked"])
      }))

    it.scoped("about a half message whose sending was interrupted is told to drop it", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        let outbox = 0
        const transactions = yield* producer({ outbox: () => Effect.sync(() => void outbox++) })
        cluster.behave("broker-a", cluster.freeze)
        const fiber = yield* Effect.fork(transactions.transaction(order, Effect.void))
        yield* TestClock.adjust(100)
        yield* ask()
        assert.deepStrictEqual(told(), ["Unknown 7000 asked"])
        yield* Fiber.interrupt(fiber)
        yield* ask()
        assert.deepStrictEqual(told(), ["Unknown 7000 asked", "Rollback 7000 asked"])
        assert.strictEqual(outbox, 0)
      }))

    it.scoped("about a second copy of a half message is not told twice to deliver", () =>
      Effect.gen(function*() {
        const { acceptHalf, ask, cluster, producer, told } = makeCluster()
        const transactions = yield* producer()
        let sends = 0
        cluster.behave(
          "broker-a",
          (arrival) => ++sends === 1 ? cluster.loseConnection(arrival) : acceptHalf(arrival)
        )
        const open = yield* within(1000, transactions.begin(order))
        assert.strictEqual(open.receipt.attempts.length, 2)
        // of which copy does it speak?
        yield* ask()
        yield* open.commit
        assert.deepStrictEqual(told(), ["Unknown 7000 asked", "Commit 1000"])
        cluster.delivered.add(KEY)
        yield* ask({ commitLogOffset: 8000n })
        assert.strictEqual(told().at(-1), "Rollback 8000 asked")
      }))

    it.scoped("about a transaction of another process gets what the check says, inflated", () =>
      Effect.gen(function*() {
        const { ask, cluster, producer, told } = makeCluster()
        const bodies: Array<Uint8Array> = []
        class Database extends Context.Tag("test/Database")<Database, { readonly state: "Commit" | "Rollback" }>() {}
        yield* Effect.provideService(
          producer({
            check: (message) =>
              Effect.map(Database, ({ state }) => {
                bodies.push(message.body)
                return state
              })
          }),
          Database,
          { state: "Rollback" }
        )
        yield* ask({ key: "elsewhere", message: storedMessage({ uniqueKey: "elsewhere", sysFlag: 0x301 }) })
        assert.deepStrictEqual(told(), ["Rollback 7000 asked"])
        assert.strictEqual(cluster.ends[0]?.request.msgId, "elsewhere")
        assert.deepStrictEqual(bodies.map((body) => Array.from(body)), [[3, 2, 1]])
        // a check says once what is so; a broker that asks again got the answer and has not noted it yet
        yield* ask({ key: "elsewhere", commitLogOffset: 8000n })
        assert.deepStrictEqual(told(), ["Rollback 7000 asked", "Rollback 8000 asked"])
        assert.strictEqual(bodies.length, 1)
      }))

    it.scoped("is told that nobody knows when the check fails, dies or takes too long; each is reported", () =>
      Effect.gen(function*() {
        const { ask, producer, told } = makeCluster()
        const errors: Array<TransactionError.TransactionCheckError> = []
        const checks = [Effect.fail("no database"), Effect.dieMessage("boom"), Effect.never]
        const transactions = yield* producer({
          checkTimeout: "2 seconds",
          check: () => checks.shift() ?? Effect.die("asked too often"),
          onCheckError: (error) => Effect.sync(() => void errors.push(error))
        })
        yield* ask({ key: "a" })
        yield* ask({ key: "b" })
        const slow = yield* Effect.fork(ask({ key: "c" }))
        yield* TestClock.adjust(1999)
        assert.strictEqual(told().length, 2)
        yield* TestClock.adjust(1)
        yield* Fiber.join(slow)
        assert.deepStrictEqual(told(), ["Unknown 7000 asked", "Unknown 7000 asked", "Unknown 7000 asked"])
        assert.deepStrictEqual(
          errors.map(({ reason, uniqueKey }) => [uniqueKey, reason]),
          [["a", "Failed"], ["b", "Died"], ["c", "TimedOut"]]
        )
        assert.strictEqual(errors[0]?.cause, "no database")
        const { checkFailures, checks: answers } = yield* transactions.stats
        assert.deepStrictEqual([checkFailures, answers.Unknown], [3, 3])
      }))

    it.scoped("waits for its turn", () =>
      Effect.gen(function*() {
        const { ask, producer, told } = makeCluster()
        let running = 0
        let most = 0
        yield* producer({
          checkConcurrency: 2,
          // counts from the beginning of the check
          checkTimeout: 150,
          check: () =>
            Effect.sync(() => most = Math.max(most, ++running)).pipe(
              Effect.zipRight(Effect.sleep(100)),
              Effect.map(() => {
                running--
                return "Rollback"
              })
            )
        })
        yield* Effect.fork(Effect.forEach(["a", "b", "c", "d", "e"], (key) => ask({ key }), {
          concurrency: "unbounded"
        }))
        yield* TestClock.adjust(300)
        assert.strictEqual(most, 2)
        assert.deepStrictEqual(told(), Array.from({ length: 5 }, () => "Rollback 7000 asked"))
      }))

    it.scoped("again while the check runs gets one answer, about the latest copy", () =>
      Effect.gen(function*() {
        const { ask, producer, told } = makeCluster()
        const recorder = TransactionProducer.recorder(() => Effect.delay(Effect.succeed("Commit" as const), 1000))
        yield* producer({ check: recorder.check })
        const first = yield* Effect.fork(ask({ key: "a" }))
        yield* TestClock.adjust(500)
        yield* ask({ key: "a", commitLogOffset: 8000n })
        yield* TestClock.adjust(500)
        yield* Fiber.join(first)
        assert.strictEqual(recorder.asked().length, 1)
        assert.deepStrictEqual(told(), ["Commit 8000 asked"])
      }))

    it.scoped("is waited for: a question that comes before the producer is ready gets its answer", () =>
      Effect.gen(function*() {
        const { cluster, producer, told } = makeCluster()
        const register = Effect.sync(() => cluster.members.get("payments"))
        const asking = yield* Effect.fork(Effect.gen(function*() {
          while ((yield* register) === undefined) yield* Effect.yieldNow()
          yield* cluster.members.get("payments")!.checkTransaction!({
            address: "broker-a:10911",
            brokerName: "broker-a",
            message: storedMessage({ uniqueKey: "early" }),
            tranStateTableOffset: 1n,
            commitLogOffset: 1n,
            msgId: undefined,
            transactionId: undefined
          })
        }))
        yield* producer({ check: TransactionProducer.alwaysRollback })
        yield* Fiber.join(asking)
        assert.deepStrictEqual(told(), ["Rollback 1 asked"])
      }))

    it.scoped("gets as many unknowns as a test wants", () =>
      Effect.gen(function*() {
        const check = TransactionProducer.unknownThen(2, "Commit")
        const a = storedMessage({ uniqueKey: "a" })
        const states = yield* Effect.all([check(a), check(a), check(storedMessage({ uniqueKey: "b" })), check(a)])
        assert.deepStrictEqual(states, ["Unknown", "Unknown", "Unknown", "Commit"])
        assert.strictEqual(yield* TransactionProducer.alwaysCommit(a), "Commit")
        assert.strictEqual(yield* TransactionProducer.alwaysRollback(a), "Rollback")
        assert.isTrue(MessageExt.isMessageExt(a))
      }))
  })

  describe("the stop", () => {
    it.effect("waits for running transactions, and takes no new ones", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const scope = yield* Scope.make()
        const transactions = yield* Scope.extend(producer({ shutdownTimeout: "10 seconds" }), scope)
        const running = yield* Effect.fork(transactions.transaction(order, Effect.sleep("4 seconds")))
        yield* TestClock.adjust(100)
        const stopping = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* TestClock.adjust(100)
        const late = yield* failed(transactions.transaction(order, Effect.void))
        assert.strictEqual(late._tag === "HalfMessageSendError" && late.cause._tag, "ProducerShutdownError")
        assert.isTrue((yield* Fiber.poll(stopping))._tag === "None")
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(stopping)
        assert.strictEqual((yield* Fiber.join(running)).end, "Acknowledged")
        assert.deepStrictEqual(told(), ["Commit 1000"])
      }))

    it.effect("waits for half messages under way, too; late ones are rolled back and their work does not begin", () =>
      Effect.gen(function*() {
        const { acceptHalf, cluster, producer, told } = makeCluster()
        cluster.behave("broker-a", (arrival) => Effect.delay(acceptHalf(arrival), 1000))
        const scope = yield* Scope.make()
        const transactions = yield* Scope.extend(producer({ shutdownTimeout: "1500 millis" }), scope)
        const worked: Array<string> = []
        const early = yield* Effect.fork(transactions.transaction(order, Effect.sync(() => worked.push("early"))))
        yield* TestClock.adjust(100)
        cluster.behave("broker-a", (arrival) => Effect.delay(acceptHalf(arrival), 2000))
        const late = yield* Effect.fork(failed(transactions.transaction(order, Effect.sync(() => worked.push("late")))))
        yield* TestClock.adjust(100)
        const stopping = yield* Effect.fork(transactions.stop)
        yield* TestClock.adjust(2000)
        yield* Fiber.join(stopping)
        assert.strictEqual((yield* Fiber.join(early)).end, "Acknowledged")
        const error = yield* Fiber.join(late)
        assert.strictEqual(error._tag === "HalfMessageSendError" && error.cause._tag, "ProducerShutdownError")
        assert.deepStrictEqual(worked, ["early"])
        assert.deepStrictEqual(told(), ["Commit 1000", "Rollback 1001"])
        yield* Scope.close(scope, Exit.void)
      }))

    it.effect("rolls back what does not end in time", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const scope = yield* Scope.make()
        const transactions = yield* Scope.extend(producer({ shutdownTimeout: "2 seconds" }), scope)
        const running = yield* Effect.fork(failed(transactions.transaction(order, Effect.never)))
        const open = yield* Scope.extend(transactions.begin(order), yield* Scope.make())
        yield* TestClock.adjust(100)
        const stopping = yield* Effect.fork(transactions.stop)
        yield* TestClock.adjust("1999 millis")
        assert.deepStrictEqual(told(), [])
        yield* TestClock.adjust("1 millis")
        const error = yield* Fiber.join(running)
        assert.strictEqual(error._tag === "TransactionTimeoutError" && error.reason, "Shutdown")
        assert.strictEqual((yield* failed(open.commit))._tag, "TransactionTimeoutError")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(told().sort(), ["Rollback 1000", "Rollback 1001"])
        yield* Scope.close(scope, Exit.void)
      }))

    it.effect("goes on when the one who asked for it is interrupted", () =>
      Effect.gen(function*() {
        const { producer, told } = makeCluster()
        const scope = yield* Scope.make()
        const transactions = yield* Scope.extend(producer({ shutdownTimeout: "2 seconds" }), scope)
        const running = yield* Effect.fork(failed(transactions.transaction(order, Effect.never)))
        yield* TestClock.adjust(100)
        const stopping = yield* Effect.fork(transactions.stop)
        yield* TestClock.adjust(1000)
        yield* Fiber.interruptFork(stopping)
        yield* TestClock.adjust(1000)
        assert.strictEqual((yield* Fiber.join(running))._tag, "TransactionTimeoutError")
        assert.deepStrictEqual(told(), ["Rollback 1000"])
        assert.strictEqual((yield* transactions.producer.stop).group, "payments")
        yield* Scope.close(scope, Exit.void)
      }))

    it.effect("answers the checks in hand, and has those that hang end", () =>
      Effect.gen(function*() {
        const { ask, producer, told } = makeCluster()
        const scope = yield* Scope.make()
        const gate = yield* Deferred.make<TransactionProducer.TransactionState>()
        const transactions = yield* Scope.extend(
          producer({
            shutdownTimeout: "2 seconds",
            checkTimeout: "1 hour",
            check: (message) => message.msgId === "a" ? Deferred.await(gate) : Effect.never
          }),
          scope
        )
        const checks = yield* Effect.fork(Effect.all([ask({ key: "a" }), ask({ key: "b" })], {
          concurrency: "unbounded"
        }))
        yield* TestClock.adjust(1)
        const stopping = yield* Effect.fork(transactions.stop)
        yield* TestClock.adjust(1000)
        yield* Deferred.succeed(gate, "Commit")
        yield* TestClock.adjust(1000)
        yield* Fiber.join(stopping)
        yield* Fiber.join(checks)
        assert.deepStrictEqual(told(), ["Commit 7000 asked", "Unknown 7000 asked"])
        yield* Scope.close(scope, Exit.void)
      }))
  })

  it.scoped("sends without a transaction, too, as one producer", () =>
    Effect.gen(function*() {
      const { cluster, producer } = makeCluster()
      const transactions = yield* producer()
      yield* transactions.producer.send(order)
      assert.strictEqual(propertiesOf(cluster.arrivals[0])["TRAN_MSG"], undefined)
      assert.strictEqual(cluster.arrivals[0]?.request.extFields["f"], "0")
      assert.strictEqual((yield* transactions.producer.stats).accepted, 1)
      assert.deepStrictEqual(Array.from(cluster.groups), ["payments"])
    }))

  it.scoped("makes itself known to brokers that it has sent nothing to", () =>
    Effect.gen(function*() {
      const { cluster, producer } = makeCluster()
      yield* producer()
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(cluster.watched, ["RMQ_SYS_TRANS_HALF_TOPIC"])
    }))

  it.scoped("options that make no sense are told", () =>
    Effect.gen(function*() {
      const { producer } = makeCluster()
      for (
        const [option, options] of [
          ["checkConcurrency", { checkConcurrency: 0 }],
          ["checkTimeout", { checkTimeout: 0 }],
          ["transactionTimeout", { transactionTimeout: "-1 seconds" }],
          ["checkImmunity", { checkImmunity: 0 }],
          ["endTimeout", { endTimeout: Infinity }],
          ["group", { group: "no spaces" }]
        ] as const
      ) {
        const error = yield* failed(producer(options))
        assert.deepStrictEqual([error._tag, error.option], ["ProducerStartError", option])
      }
    }))

  it.effect("reads its options from variables", () =>
    Effect.gen(function*() {
      const { cluster, told } = makeCluster()
      const variables = new Map([
        ["ROCKETMQ_PRODUCER_GROUP", "payments"],
        ["ROCKETMQ_TRANSACTION_TIMEOUT", "2 seconds"],
        ["ROCKETMQ_TRANSACTION_CHECK_IMMUNITY", "1 minute"]
      ])
      const layer = TransactionProducer.layerConfig({ check: TransactionProducer.alwaysRollback }).pipe(
        Layer.provide(cluster.layer),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(variables, { pathDelim: "_" })))
      )
      const error = yield* within(
        3000,
        TransactionProducer.TransactionProducer.pipe(
          Effect.flatMap(({ transaction }) => failed(transaction(order, Effect.never))),
          Effect.provide(layer)
        )
      )
      assert.strictEqual(error._tag, "TransactionTimeoutError")
      assert.strictEqual(propertiesOf(cluster.arrivals[0])["CHECK_IMMUNITY_TIME_IN_SECONDS"], "60")
      assert.deepStrictEqual(told(), ["Rollback 1000"])
    }))
})
