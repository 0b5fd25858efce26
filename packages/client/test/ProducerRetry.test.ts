import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import * as MessageQueue from "@effect-rocketmq/client/MessageQueue"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as ProducerError from "@effect-rocketmq/client/ProducerError"
import * as RetryPolicy from "@effect-rocketmq/client/RetryPolicy"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule, TestClock } from "effect"
import { type Behaviour, ProducerCluster, systemError } from "./support/ProducerCluster.js"
import { countAt, firstQueue, order, times, weakly, within } from "./support/producing.js"

/** A behaviour for each class of failure that is worth another attempt. */
const failures = (
  cluster: ProducerCluster
): Record<Exclude<RetryPolicy.FailureClass, "Rejected" | "Weak">, Behaviour> => ({
  Unreachable: cluster.refuseConnection,
  Busy: cluster.answer(BrokerError.BrokerBusyError, 2),
  Unavailable: ({ address }) =>
    Effect.fail(new BrokerError.BrokerNotAvailableError({ reason: "ServiceNotAvailable", address })),
  Unanswered: cluster.loseConnection,
  Failed: systemError(cluster)
})

const isExhausted = (error: unknown, reason: ProducerError.RetryExhaustedError["reason"]) => {
  assert.isTrue(error instanceof ProducerError.RetryExhaustedError && error.reason === reason, String(error))
  return error as ProducerError.RetryExhaustedError
}

describe("a retry policy", () => {
  it.scoped("by default another broker is tried at once, whatever the failure", () =>
    Effect.gen(function*() {
      const names = Object.keys(failures(new ProducerCluster())) as ReadonlyArray<
        keyof ReturnType<typeof failures>
      >
      for (const name of names) {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", failures(cluster)[name])
        const producer = yield* cluster.producer({ selector: firstQueue })
        const receipt = yield* producer.send(order)
        assert.deepStrictEqual(receipt.attempts.map(({ brokerName, failure }) => [brokerName, failure]), [
          ["broker-a", name],
          ["broker-b", undefined]
        ])
        assert.deepStrictEqual(times(cluster), [0, 0])
      }
    }))

  it.scoped("a busy broker that is the only one is tried after 100, 200, 400 ms and so on", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", failures(cluster).Busy)
      const producer = yield* cluster.producer({ faultTolerance: false, sendTimeout: "4 seconds" })
      const error = isExhausted(yield* Effect.flip(within(4000, producer.send(order))), "Deadline")
      assert.strictEqual(error.outcome, "Refused")
      assert.deepStrictEqual(times(cluster), [0, 100, 300, 700, 1500, 2500, 3500])
    }))

  it.scoped("a broker that is avoided is tried as often as faultTolerance says, by one message at a time", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", failures(cluster).Busy)
      const producer = yield* cluster.producer({ faultTolerance: { probeInterval: "300 millis" } })
      const sending = yield* Effect.fork(Effect.forEach([1, 2, 3], () => producer.send(order), { concurrency: 3 }))
      yield* TestClock.adjust(1000)
      yield* Fiber.interrupt(sending)
      // all of them at first, when nothing was known
      assert.deepStrictEqual(times(cluster), [0, 0, 0, 300, 600, 900])
    }))

  for (const name of ["Unreachable", "Busy", "Unavailable", "Unanswered", "Failed"] as const) {
    it.scoped(`never: nothing is tried after ${name}`, () =>
      Effect.gen(function*() {
        const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
        cluster.behave("broker-a", failures(cluster)[name])
        const producer = yield* cluster.producer({
          selector: firstQueue,
          retryPolicy: { [name]: RetryPolicy.never }
        })
        const error = isExhausted(yield* Effect.flip(producer.send(order)), "Retries")
        assert.deepStrictEqual(error.attempts.map(({ failure }) => failure), [name])
        assert.strictEqual(cluster.arrivals.length, 1)
        assert.isTrue(error.retryable)
      }))
  }

  it.scoped("never: nor after a broker that does not have the topic", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.answer(BrokerError.TopicNotFoundError, 17))
      const producer = yield* cluster.producer({
        selector: firstQueue,
        retryPolicy: { Unavailable: RetryPolicy.never }
      })
      isExhausted(yield* Effect.flip(producer.send(order)), "Retries")
      assert.strictEqual(cluster.arrivals.length, 1)
    }))

  it.scoped("a schedule that recurs twice allows two more attempts, after its delay", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", systemError(cluster))
      const twice = Schedule.intersect(Schedule.spaced("250 millis"), Schedule.recurs(2))
      const producer = yield* cluster.producer({ retryPolicy: { Failed: twice } })
      const error = isExhausted(yield* Effect.flip(within(1000, producer.send(order))), "Retries")
      assert.strictEqual(error.outcome, "Unknown")
      assert.deepStrictEqual(times(cluster), [0, 250, 500])
      // each message has a schedule of its own
      isExhausted(yield* Effect.flip(within(1000, producer.send(order))), "Retries")
      assert.strictEqual(cluster.arrivals.length, 6)
    }))

  it.scoped("each class steps through a schedule of its own", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const { Busy, Failed } = failures(cluster)
      cluster.behave("broker-a", (arrival) => (cluster.arrivals.length % 2 === 0 ? Busy : Failed)(arrival))
      const once = Schedule.intersect(Schedule.spaced("10 millis"), Schedule.recurs(1))
      const producer = yield* cluster.producer({ retryPolicy: { Failed: once, Busy: once }, faultTolerance: false })
      const error = isExhausted(yield* Effect.flip(within(1000, producer.send(order))), "Retries")
      assert.deepStrictEqual(error.attempts.map(({ failure }) => failure), ["Failed", "Busy", "Failed"])
    }))

  it.scoped("the delay of an own schedule is kept while the broker is avoided for less", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.refuseConnection)
      const producer = yield* cluster.producer({
        sendTimeout: "6 seconds",
        retryPolicy: { Unreachable: Schedule.spaced("2500 millis") }
      })
      yield* Effect.flip(within(6000, producer.send(order)))
      assert.deepStrictEqual(times(cluster), [0, 2500, 5000])
    }))

  describe("atMostOnce", () => {
    it.scoped("repeats what was certainly not stored", () =>
      Effect.gen(function*() {
        for (const name of ["Unreachable", "Busy", "Unavailable"] as const) {
          const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
          cluster.behave("broker-a", failures(cluster)[name])
          const producer = yield* cluster.producer({ selector: firstQueue, retryPolicy: RetryPolicy.atMostOnce })
          assert.strictEqual((yield* producer.send(order)).attempts.length, 2)
        }
      }))

    it.scoped("and nothing else", () =>
      Effect.gen(function*() {
        for (
          const behave of [systemError, (it: ProducerCluster) => it.loseConnection, (it: ProducerCluster) => it.freeze]
        ) {
          const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
          cluster.behave("broker-a", behave(cluster))
          const producer = yield* cluster.producer({ selector: firstQueue, retryPolicy: RetryPolicy.atMostOnce })
          // the second goes the short way of a broker that is known to be well
          cluster.behave("broker-a", cluster.accept)
          yield* producer.send(order)
          cluster.behave("broker-a", behave(cluster))
          const error = isExhausted(yield* Effect.flip(within(3000, producer.send(order))), "Retries")
          assert.strictEqual(error.outcome, "Unknown")
          assert.strictEqual(error.attempts.length, 1)
          assert.strictEqual(countAt(cluster, "broker-b"), 0)
        }
      }))
  })
})

describe("time", () => {
  it.scoped("frozen brokers cost an attempt timeout each, and not the deadline", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1, "broker-c": 1 })
      cluster.behave("broker-a", cluster.freeze)
      cluster.behave("broker-b", cluster.freeze)
      const producer = yield* cluster.producer({
        selector: firstQueue,
        attemptTimeout: "1 second",
        faultTolerance: { probeInterval: "10 seconds" }
      })
      const receipt = yield* within(2000, producer.send(order))
      assert.strictEqual(receipt.messageQueue.brokerName, "broker-c")
      assert.deepStrictEqual(times(cluster), [0, 1000, 2000])
      assert.deepStrictEqual(cluster.arrivals.map(({ timeout }) => timeout), [1000, 1000, 1000])
      // both are avoided now: the next message loses no time
      yield* within(0, producer.send(order))
    }))

  it.scoped("a deadline shorter than the attempt timeout holds from the first attempt on", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      const producer = yield* cluster.producer()
      yield* producer.send(order)
      cluster.behave("broker-a", cluster.freeze)
      isExhausted(yield* Effect.flip(within(700, producer.send(order, { timeout: "700 millis" }))), "Deadline")
    }))

  it.scoped("a broker that never has the topic is not asked in a circle", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1 })
      cluster.behave("broker-a", cluster.answer(BrokerError.TopicNotFoundError, 17))
      const producer = yield* cluster.producer({ sendTimeout: "2 seconds" })
      isExhausted(yield* Effect.flip(within(2000, producer.send(order))), "Deadline")
      assert.deepStrictEqual(times(cluster), [0, 100, 300, 700, 1500])
    }))
})

describe("what is certain", () => {
  it.scoped("a queue that goes away does not hide that the message may be in it", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.freeze)
      const producer = yield* cluster.producer()
      const queue = MessageQueue.make("orders", "broker-a", 0)
      const sending = yield* Effect.fork(Effect.flip(producer.send(order, { queue })))
      yield* TestClock.adjust(1000)
      cluster.route("orders", { "broker-b": 1 })
      yield* TestClock.adjust(2500)
      const error = isExhausted(yield* Fiber.join(sending), "Final")
      assert.strictEqual(error.outcome, "Unknown")
      assert.isTrue(error.cause instanceof ProducerError.QueueNotAvailableError)
    }))

  it.scoped("nor does a topic that turns out not to exist", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", cluster.loseConnection)
      cluster.behave("broker-b", (arrival) =>
        Effect.suspend(() => {
          cluster.changeRoute("orders", undefined)
          return cluster.answer(BrokerError.TopicNotFoundError, 17)(arrival)
        }))
      const producer = yield* cluster.producer({ selector: firstQueue })
      const error = isExhausted(yield* Effect.flip(producer.send(order)), "Final")
      assert.strictEqual(error.outcome, "Unknown")
      assert.strictEqual(error.attempts.length, 2)
    }))
})

it.scoped("the selector of a call chooses for its retries, too", () =>
  Effect.gen(function*() {
    const cluster = new ProducerCluster({ "broker-a": 2, "broker-b": 2 })
    cluster.behave("broker-a", cluster.refuseConnection)
    const producer = yield* cluster.producer({ faultTolerance: false })
    let turn = 0
    const second = MessageQueueSelector.make(() => ++turn % 2 === 0 ? 1 : 3, { sticky: false })
    for (let i = 0; i < 6; i++) yield* producer.send(order, { selector: second })
    assert.isAbove(countAt(cluster, "broker-a"), 0)
    assert.deepStrictEqual(cluster.sequence.filter((queue) => queue.endsWith("/0")), [])
  }))

describe("a status other than SEND_OK", () => {
  const statuses = ["FLUSH_DISK_TIMEOUT", "FLUSH_SLAVE_TIMEOUT", "SLAVE_NOT_AVAILABLE"] as const
  const ways = ["send", "sendBatch"] as const
  const pinned = { queue: MessageQueue.make("orders", "broker-a", 0) }

  for (const status of statuses) {
    for (const way of ways) {
      const two = (whenNotStoreOk: "accept" | "retry" | "fail") =>
        Effect.gen(function*() {
          const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
          cluster.behave("broker-a", weakly(cluster, status))
          const producer = yield* cluster.producer({ selector: firstQueue, whenNotStoreOk })
          const send = (options?: { readonly queue: MessageQueue.MessageQueue }) =>
            way === "send"
              ? Effect.map(producer.send(order, options), (receipt) => [receipt])
              : Effect.mapError(
                producer.sendBatch([order, order], options),
                (error) => error._tag === "BatchSendError" ? error.failures[0]![1] : error
              )
          return { cluster, producer, send, size: way === "send" ? 1 : 2 }
        })

      describe(`${status}, ${way}`, () => {
        it.scoped("accept: it succeeds with the status", () =>
          Effect.gen(function*() {
            const { cluster, producer, send, size } = yield* two("accept")
            assert.deepStrictEqual((yield* send()).map((receipt) => receipt.status), Array(size).fill(status))
            yield* send()
            assert.strictEqual(cluster.arrivals.length, 2)
            const { accepted, failedAttempts, traffic } = yield* producer.stats
            assert.deepStrictEqual([accepted, traffic[0]?.weak, failedAttempts.Weak], [2 * size, 2 * size, 0])
          }))

        it.scoped("retry: another broker does better", () =>
          Effect.gen(function*() {
            const { producer, send, size } = yield* two("retry")
            const [receipt] = yield* send()
            assert.strictEqual(receipt?.status, "SEND_OK")
            assert.deepStrictEqual(
              receipt?.attempts.map(({ brokerName, failure, outcome }) => [brokerName, failure, outcome]),
              [["broker-a", "Weak", "Unknown"], ["broker-b", undefined, "Accepted"]]
            )
            const { accepted, failedAttempts, traffic, unknown } = yield* producer.stats
            assert.deepStrictEqual([accepted, unknown, failedAttempts.Weak], [size, 0, 1])
            assert.deepStrictEqual(traffic.map((it) => it.weak), [0, 0])
          }))

        it.scoped("retry: none does better, so it succeeds with the weak status, stored once at each", () =>
          Effect.gen(function*() {
            const { cluster, producer, send, size } = yield* two("retry")
            cluster.behave("broker-b", weakly(cluster, status))
            for (let i = 1; i <= 2; i++) {
              assert.strictEqual((yield* send())[0]?.status, status)
              assert.strictEqual(cluster.arrivals.length, 2 * i)
            }
            const { accepted, traffic } = yield* producer.stats
            assert.strictEqual(accepted, 2 * size)
            assert.strictEqual(traffic.reduce((sum, it) => sum + it.weak, 0), 2 * size)
          }))

        it.scoped("retry: another broker that is down is not waited for, and nothing is stored twice", () =>
          Effect.gen(function*() {
            const { cluster, send } = yield* two("retry")
            cluster.behave("broker-b", cluster.refuseConnection)
            assert.strictEqual((yield* send())[0]?.status, status)
            assert.strictEqual((yield* send())[0]?.status, status)
            assert.deepStrictEqual(cluster.sequence, ["broker-a/0", "broker-b/0", "broker-a/0"])
          }))

        it.scoped("retry: alone, or in a queue that was asked for, there is no other broker", () =>
          Effect.gen(function*() {
            const { cluster, send } = yield* two("retry")
            assert.strictEqual((yield* send(pinned))[0]?.status, status)
            assert.deepStrictEqual(cluster.sequence, ["broker-a/0"])
            cluster.route("orders", { "broker-a": 1 })
            assert.strictEqual((yield* send())[0]?.status, status)
            assert.strictEqual(cluster.arrivals.length, 2)
          }))

        it.scoped("fail: it fails as unknown, and no other broker is asked", () =>
          Effect.gen(function*() {
            const { cluster, producer, send, size } = yield* two("fail")
            for (const options of [undefined, pinned]) {
              const error = yield* Effect.flip(send(options))
              assert.isTrue(error instanceof ProducerError.MessageSendError)
              assert.strictEqual(ProducerError.outcome(error), "Unknown")
              assert.include(error.message, status === "FLUSH_DISK_TIMEOUT" ? "FLUSH_DISK" : "SLAVE")
            }
            assert.strictEqual(cluster.arrivals.length, 2)
            const { accepted, failedAttempts, unknown } = yield* producer.stats
            assert.deepStrictEqual([accepted, unknown, failedAttempts.Weak], [0, 2 * size, 2])
          }))
      })
    }
  }

  it.scoped("RetryPolicy.never for Weak: no other broker is asked", () =>
    Effect.gen(function*() {
      const cluster = new ProducerCluster({ "broker-a": 1, "broker-b": 1 })
      cluster.behave("broker-a", weakly(cluster, "FLUSH_DISK_TIMEOUT"))
      const producer = yield* cluster.producer({
        selector: firstQueue,
        whenNotStoreOk: "retry",
        retryPolicy: RetryPolicy.atMostOnce
      })
      assert.strictEqual((yield* producer.send(order)).status, "FLUSH_DISK_TIMEOUT")
      assert.strictEqual(cluster.arrivals.length, 1)
    }))
})
