import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import * as Message from "@effect-rocketmq/client/Message"
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Either, Exit, Fiber, Option, Queue, Stream, TestClock } from "effect"
import { ProducerCluster } from "./support/ProducerCluster.js"
import { contentsOf } from "./support/QueueStore.js"

const order = (body: string) => Message.make({ topic: "orders", body })
const orders = (count: number) => Array.from({ length: count }, (_, i) => order(String(i)))
const nameOf = ({ body }: Message.Message) => new TextDecoder().decode(body)

const provide = (cluster: ProducerCluster, options?: Partial<Producer.Options>) => {
  const producer = Effect.tap(cluster.producer(options), (producer) => producer.queues("orders"))
  return Effect.provideServiceEffect(Producer.Producer, producer)
}

/** Lets every fiber come as far as it gets without time. */
const settle = Effect.repeatN(Effect.yieldNow(), 200)

/** Brokers answer when told to, by the body of the message. */
const answering = (cluster: ProducerCluster) => {
  const answers = new Map<string, Deferred.Deferred<void>>()
  cluster.behave("broker-a", (arrival) =>
    Effect.gen(function*() {
      const [content] = contentsOf(arrival)
      const answer = yield* Deferred.make<void>()
      answers.set(content?.body ?? "", answer)
      yield* Deferred.await(answer)
      return yield* cluster.accept(arrival)
    }))
  return (...names: ReadonlyArray<string | number>) =>
    Effect.zipRight(
      Effect.forEach(names, (name) => Deferred.succeed(answers.get(String(name))!, undefined)),
      settle
    )
}

const arrived = (cluster: ProducerCluster) => cluster.arrivals.flatMap(contentsOf).map(({ body }) => body)

const refusing = (cluster: ProducerCluster, bad: string) =>
  cluster.behave("broker-a", (arrival) =>
    contentsOf(arrival)[0]?.body === bad
      ? cluster.answer(BrokerError.MessageIllegalError, 13)(arrival)
      : cluster.accept(arrival))

describe("Producer.sendAll", () => {
  it.scoped("gives each message its result, in the order of the messages", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const answer = answering(cluster)
      const taken: Array<string> = []
      const running = yield* Stream.fromIterable(orders(4)).pipe(
        Producer.sendAll(),
        Stream.runForEach(({ message, result }) =>
          Effect.sync(() => {
            assert.isTrue(Either.isRight(result))
            taken.push(nameOf(message))
          })
        ),
        Effect.fork
      )
      yield* settle
      yield* answer(2, 1)
      assert.deepStrictEqual(taken, [])
      yield* answer(0)
      assert.deepStrictEqual(taken, ["0", "1", "2"])
      yield* answer(3)
      yield* Fiber.join(running)
      assert.deepStrictEqual(taken, ["0", "1", "2", "3"])
    }).pipe(provide(cluster))
  })

  it.scoped("goes on after a message that failed", () => {
    const cluster = new ProducerCluster()
    refusing(cluster, "1")
    return Effect.gen(function*() {
      const results = yield* Stream.runCollect(Producer.sendAll(Stream.fromIterable(orders(3))))
      assert.deepStrictEqual(
        Chunk.toReadonlyArray(results).map(({ message, result }) => [nameOf(message), Either.isRight(result)]),
        [["0", true], ["1", false], ["2", true]]
      )
    }).pipe(provide(cluster))
  })

  it.scoped("has no more than so many messages under way, and reads no further", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const answer = answering(cluster)
      let read = 0
      const running = yield* Stream.fromIterable(orders(10)).pipe(
        Stream.rechunk(1),
        Stream.tap(() => Effect.sync(() => read++)),
        Producer.sendAll({ concurrency: 3 }),
        Stream.runDrain,
        Effect.fork
      )
      yield* settle
      assert.deepStrictEqual(arrived(cluster), ["0", "1", "2"])
      // one more is in the hand of the reader
      assert.isAtMost(read, 4)
      yield* answer(1, 2)
      assert.strictEqual(cluster.arrivals.length, 3)
      yield* answer(0)
      assert.deepStrictEqual(arrived(cluster), ["0", "1", "2", "3", "4", "5"])
      yield* answer(3, 4, 5)
      yield* answer(6, 7, 8)
      yield* answer(9)
      yield* Fiber.join(running)
    }).pipe(provide(cluster))
  })

  it.scoped("sends no further than so many messages ahead of who takes the results", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const gate = yield* Effect.makeLatch(false)
      const running = yield* Producer.sendAll(Stream.fromIterable(orders(100)), { concurrency: 5 }).pipe(
        Stream.mapChunksEffect((chunk) => Effect.as(gate.await, chunk)),
        Stream.runCount,
        Effect.fork
      )
      yield* TestClock.adjust("1 minute")
      assert.isAtMost(cluster.arrivals.length, 10)
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(running), 100)
      assert.deepStrictEqual(arrived(cluster).length, 100)
    }).pipe(provide(cluster))
  })

  it.scoped("fails as the messages do, after the results before", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const taken: Array<string> = []
      const messages = Stream.concat(Stream.fromIterable(orders(2)), Stream.fail("no more" as const))
      const error = yield* Producer.sendAll(messages).pipe(
        Stream.runForEach(({ message }) => Effect.sync(() => taken.push(nameOf(message)))),
        Effect.flip
      )
      assert.strictEqual(error, "no more")
      assert.deepStrictEqual(taken, ["0", "1"])
    }).pipe(provide(cluster))
  })

  it.scoped("interrupts its sends", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      cluster.behave("broker-a", () => Effect.never)
      const producer = yield* Producer.Producer
      const running = yield* Effect.fork(Stream.runDrain(Producer.sendAll(Stream.fromIterable(orders(5)))))
      yield* settle
      assert.strictEqual((yield* producer.stats).inFlight, 5)
      yield* Fiber.interrupt(running)
      const { inFlight, unknown } = yield* producer.stats
      assert.deepStrictEqual([inFlight, unknown], [0, 5])
    }).pipe(provide(cluster))
  })

  it.scoped("takes back what waits in batches when nobody wants more results", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const producer = yield* Producer.Producer
      // 0 and 1 are a batch, 2 waits
      const running = yield* Producer.sendAll(Stream.fromIterable(orders(3))).pipe(
        Stream.take(1),
        Stream.runDrain,
        Effect.fork
      )
      yield* settle
      yield* Fiber.join(running)
      const { accepted, cancelled, inFlight } = yield* producer.stats
      assert.deepStrictEqual([accepted, cancelled, inFlight], [2, 1, 0])
    }).pipe(provide(cluster, { autoBatch: { maxCount: 2 } }))
  })

  it.scoped("lets messages travel together", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const results = yield* Stream.runCollect(Producer.sendAll(Stream.fromIterable(orders(100)), { concurrency: 50 }))
      assert.isTrue(Chunk.every(results, ({ result }) => Either.isRight(result)))
      assert.strictEqual(cluster.arrivals.length, 4)
    }).pipe(provide(cluster, { autoBatch: { maxCount: 25 } }))
  })

  it.scoped("sends with the options it is given", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const selector = MessageQueueSelector.make(() => 2)
      yield* Stream.runDrain(Producer.sendAll(Stream.fromIterable(orders(3)), { sendOptions: { selector } }))
      assert.deepStrictEqual(cluster.sequence, ["broker-a/2", "broker-a/2", "broker-a/2"])
    }).pipe(provide(cluster))
  })

  it.scoped("dies of what a send dies of, after the results before", () => {
    const cluster = new ProducerCluster()
    cluster.behave(
      "broker-a",
      (arrival) => contentsOf(arrival)[0]?.body === "1" ? Effect.die("a bug") : cluster.accept(arrival)
    )
    return Effect.gen(function*() {
      const taken: Array<string> = []
      const exit = yield* Producer.sendAll(Stream.fromIterable(orders(3))).pipe(
        Stream.runForEach(({ message }) => Effect.sync(() => taken.push(nameOf(message)))),
        Effect.exit
      )
      assert.isTrue(Exit.isFailure(exit) && Option.getOrNull(Cause.dieOption(exit.cause)) === "a bug")
      assert.deepStrictEqual(taken, ["0"])
    }).pipe(provide(cluster))
  })

  it.scoped("of nothing is nothing", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Stream.runCount(Producer.sendAll(Stream.empty)), 0)
    }).pipe(provide(new ProducerCluster())))
})

describe("Producer.sink", () => {
  it.scoped("ends when all are acknowledged, and counts them", () => {
    const cluster = new ProducerCluster()
    return Effect.gen(function*() {
      const answer = answering(cluster)
      const running = yield* Effect.fork(Stream.run(Stream.fromIterable(orders(3)), Producer.sink()))
      yield* settle
      yield* answer(0, 2)
      assert.isTrue(Option.isNone(yield* Fiber.poll(running)))
      yield* answer(1)
      assert.deepStrictEqual(yield* Fiber.join(running), { accepted: 3, weak: 0 })
    }).pipe(provide(cluster))
  })

  it.scoped("counts what is stored with less certainty", () => {
    const cluster = new ProducerCluster()
    cluster.behave(
      "broker-a",
      (arrival) =>
        Effect.map(cluster.accept(arrival), (stored) => ({ ...stored, status: "FLUSH_DISK_TIMEOUT" as const }))
    )
    return Effect.gen(function*() {
      const summary = yield* Stream.run(Stream.fromIterable(orders(3)), Producer.sink())
      assert.deepStrictEqual(summary, { accepted: 3, weak: 3 })
    }).pipe(provide(cluster))
  })

  it.scoped("fails with the first error, also while no message comes, and interrupts the others", () => {
    const cluster = new ProducerCluster()
    cluster.behave(
      "broker-a",
      (arrival) =>
        contentsOf(arrival)[0]?.body === "1"
          ? cluster.answer(BrokerError.MessageIllegalError, 13)(arrival)
          : Effect.never
    )
    return Effect.gen(function*() {
      const producer = yield* Producer.Producer
      const queue = yield* Queue.unbounded<Message.Message>()
      const running = yield* Effect.fork(Effect.flip(Stream.run(Stream.fromQueue(queue), Producer.sink())))
      cluster.behave("broker-a", (arrival) => {
        const name = contentsOf(arrival)[0]?.body
        return name === "1"
          ? cluster.answer(BrokerError.MessageIllegalError, 13)(arrival)
          : name === "0"
          ? cluster.accept(arrival)
          : Effect.never
      })
      yield* Queue.offerAll(queue, orders(3))
      yield* settle
      const error = yield* Fiber.join(running)
      assert.isTrue(error._tag === "MessageSendError" && error.cause._tag === "MessageIllegalError")
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }).pipe(provide(cluster))
  })

  it.scoped("reads no further than it sends", () => {
    const cluster = new ProducerCluster()
    cluster.behave("broker-a", () => Effect.never)
    return Effect.gen(function*() {
      let read = 0
      const messages = Stream.repeatEffect(Effect.sync(() => order(String(read++)))).pipe(Stream.rechunk(1))
      const running = yield* Effect.fork(Stream.run(messages, Producer.sink({ concurrency: 4 })))
      yield* settle
      assert.strictEqual(cluster.arrivals.length, 4)
      assert.isAtMost(read, 8)
      yield* Fiber.interrupt(running)
      const producer = yield* Producer.Producer
      assert.strictEqual((yield* producer.stats).inFlight, 0)
    }).pipe(provide(cluster))
  })

  it.scoped("of a stream that fails fails as it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Stream.run(Stream.fail("no more" as const), Producer.sink()))
      assert.strictEqual(error, "no more")
    }).pipe(provide(new ProducerCluster())))
})
