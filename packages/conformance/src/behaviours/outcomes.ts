/**
 * What a producer says of its messages, its brokers and its end: when brokers are dead or frozen, too.
 *
 * @since 0.1.0
 */
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Links from "../Links.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("producing")

/** A topic with one queue on each broker, and a producer that has sent to each of them, over links of its own. */
const linked = (options?: Partial<Producer.Options>) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const masters = yield* cluster.masters
    const links = yield* Links.make
    const running = yield* Member.start(
      // a busy machine makes brokers slow, and those that are slow get no messages
      Producer.layer({ group: cluster.group(), faultTolerance: { latencies: false }, ...options }).pipe(
        Layer.provide(links.client)
      )
    )
    const producer = Context.get(running.service, Producer.Producer)
    const queues = yield* producer.queues(name)
    yield* Effect.forEach(queues, (queue) => producer.send(Message.make({ topic: name, body: "warm" }), { queue }))
    const [{ address, brokerName }] = [masters[0]!]
    return { address, brokerName, isAlone: masters.length === 1, links, name, producer, queues }
  })

const numbered = (topic: string, count: number): ReadonlyArray<Message.Message> =>
  Array.from({ length: count }, (_, i) => Message.make({ topic, body: `body-${i}` }))

/** Unique keys of what a topic holds, without the first message of each queue. */
const keysOf = (topic: string) =>
  Effect.map(
    Stored.readAll(topic),
    (stored) => stored.filter((message) => MessageExt.text(message) !== "warm").map(({ msgId }) => msgId)
  )

/** Messages go to a broker again. */
const returns = (producer: Producer.Producer["Type"], topic: string, brokerName: string) =>
  Await.until(
    "messages go to the broker again",
    producer.send(Message.make({ topic, body: "warm" })),
    ({ messageQueue }) => messageQueue.brokerName === brokerName
  )

/**
 * @since 0.1.0
 * @category behaviours
 */
export const outcomes: ReadonlyArray<Behaviour> = [
  behaviour("a frozen broker costs a message one attempt timeout, and not its deadline", function*() {
    const attemptTimeout = 1000
    const { address, brokerName, isAlone, links, name, producer } = yield* linked({
      attemptTimeout,
      sendTimeout: "20 seconds"
    })
    yield* links.freeze(address)
    // where there is no other broker, it comes back before the second attempt is over
    if (isAlone) yield* Effect.fork(Effect.zipRight(Effect.sleep(1.5 * attemptTimeout), links.mend(address)))
    const [waited, receipts] = yield* Await.timed(
      Effect.forEach(numbered(name, 8), (message) => producer.send(message), { concurrency: "unbounded" })
    )
    yield* Expect.took("all are accepted soon after", waited, {
      atLeast: attemptTimeout - 50,
      atMost: 2.5 * attemptTimeout
    })
    const repeated = receipts.filter(({ attempts }) => attempts.length > 1)
    yield* Expect.that("some were tried there first", repeated.length > 0, receipts)
    yield* Expect.that(
      "and nobody knew of them",
      repeated.every(({ attempts }) => attempts[0]?.outcome === "Unknown" && attempts[0].brokerName === brokerName),
      repeated.map(({ attempts }) => attempts)
    )
    yield* links.mend(address)
    yield* returns(producer, name, brokerName)
    const keys = yield* keysOf(name)
    yield* Expect.equal(
      "each is stored under its own key, also by the broker that nobody waited for",
      Array.from(new Set(keys)).sort(),
      receipts.map(({ uniqueKey }) => uniqueKey).sort()
    )
    const { failedAttempts, refused, unknown } = yield* producer.stats
    yield* Expect.equal("no message is refused or unknown", [refused, unknown], [0, 0])
    yield* Expect.that("the attempts are counted", failedAttempts.Unanswered >= repeated.length, failedAttempts)
  }),

  behaviour("a dead broker costs nothing while another is there, and is used again when it is back", function*() {
    const { address, brokerName, isAlone, links, name, producer } = yield* linked({
      // a broker that is only busy has the time to answer: a second attempt would be a second copy
      attemptTimeout: "15 seconds",
      sendTimeout: "20 seconds"
    })
    const status = Effect.map(producer.health, (health) => health.status)
    yield* Expect.equal("all is well", yield* status, "Up")
    yield* links.cut(address)
    if (isAlone) yield* Effect.fork(Effect.zipRight(Effect.sleep(500), links.mend(address)))
    const [waited, receipts] = yield* Await.timed(
      Effect.forEach(numbered(name, 20), (message) => producer.send(message))
    )
    yield* Expect.took("twenty messages get through", waited, { atMost: isAlone ? 3000 : 2000 })
    if (!isAlone) {
      yield* Expect.equal("health knows", yield* status, "Degraded")
      yield* Expect.that(
        "by way of the others",
        receipts.every(({ messageQueue }) => messageQueue.brokerName !== brokerName),
        receipts.map(({ messageQueue }) => messageQueue.brokerName)
      )
      const broker = (yield* producer.health).brokers.find((it) => it.brokerName === brokerName)
      yield* Expect.equal("and which one it is", [broker?.address, broker?.state], [address, "Avoided"])
    }
    yield* links.mend(address)
    yield* returns(producer, name, brokerName)
    yield* Await.until("all is well again", status, (it) => it === "Up")
    yield* Expect.equal("each is stored once", (yield* keysOf(name)).sort(), receipts.map((it) => it.uniqueKey).sort())
  }),

  behaviour("stats count what was sent, by broker and topic", function*() {
    const { group, kind, topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const own = group()
    const producer = yield* Member.sender({ group: own })
    yield* Effect.forEach(numbered(name, 30), (message) => producer.send(message), { concurrency: 8 })
    yield* producer.sendBatch(numbered(name, 10))
    yield* Effect.forEach(numbered(name, 3), (message) => producer.sendOneway(message))
    yield* Expect.fails(
      "a queue that is not there",
      producer.send(Message.make({ topic: name, body: "x" }), {
        queue: { ...(yield* producer.queues(name))[0]!, queueId: 99 }
      }),
      "QueueNotAvailableError"
    )
    const stored = yield* Await.until("all are stored", Stored.readAll(name), (all) => all.length === 43)
    yield* Effect.sleep("1 second")
    const { traffic, ...stats } = yield* producer.stats
    yield* Expect.equal(
      "what became of the messages",
      [stats.group, stats.accepted, stats.oneway, stats.refused, stats.unknown, stats.cancelled, stats.inFlight],
      [own, 40, 3, 1, 0, 0, 0]
    )
    const perBroker = new Map<string, number>()
    for (const { brokerName } of stored) perBroker.set(brokerName, (perBroker.get(brokerName) ?? 0) + 1)
    yield* Expect.equal(
      "and where they are",
      traffic.map(({ accepted, brokerName, oneway, topic }) => [topic, brokerName, accepted + oneway]).sort(),
      Array.from(perBroker, ([brokerName, count]) => [name, brokerName, count]).sort()
    )
    // over memory and on virtual time
    const inNoTime = kind === "embedded"
    const late = traffic.filter(({ accepted, latency: { max, p50, p90, p99 } }) =>
      accepted > 0 && !((inNoTime ? 0 <= p50 : 0 < p50) && p50 <= p90 && p90 <= p99 && p99 <= max && max < 10_000)
    )
    yield* Expect.equal("latencies are in order", late, [])
    yield* Expect.that("they have a rate", traffic.some(({ rate }) => rate > 0), traffic)
  }),

  behaviour("a stop tells what was accepted meanwhile and what nobody knows, and takes nothing more", function*() {
    const outbox: Array<string> = []
    const stops: Array<Producer.StopReceipt> = []
    const { address, links, name, producer, queues } = yield* linked({
      shutdownTimeout: "1 second",
      attemptTimeout: "20 seconds",
      sendTimeout: "20 seconds",
      outbox: ({ uniqueKey }) => Effect.sync(() => void outbox.push(uniqueKey)),
      onStop: (receipt) => Effect.sync(() => void stops.push(receipt))
    })
    const frozen = queues[0]!
    const open = queues.slice(1)
    yield* links.freeze(address)
    const results = yield* Effect.fork(
      Effect.forEach(numbered(name, 3), (message) => Effect.either(producer.send(message, { queue: frozen })), {
        concurrency: "unbounded"
      })
    )
    const accepted = yield* Effect.fork(
      Effect.forEach(open, (queue) => producer.send(Message.make({ topic: name, body: "x" }), { queue }))
    )
    yield* Effect.sleep(50)
    const already = yield* producer.stats
    const [waited, receipt] = yield* Await.timed(producer.stop)
    yield* Expect.took("it waits as long as it may", waited, { atLeast: 950, atMost: 2500 })
    const failures = (yield* results).map((result) => Either.isLeft(result) ? result.left : undefined)
    yield* Expect.equal(
      "what had no answer is unknown to its caller",
      failures.map((error) => error?._tag === "ProducerShutdownError" && error.outcome),
      ["Unknown", "Unknown", "Unknown"]
    )
    yield* Expect.equal("and in the receipt", receipt.unknown.length, 3)
    yield* Expect.equal("and in the outbox", outbox.sort(), receipt.unknown.map(({ uniqueKey }) => uniqueKey).sort())
    yield* Expect.equal(
      "what was acknowledged meanwhile is counted",
      already.accepted + receipt.accepted,
      queues.length + (yield* accepted).length
    )
    yield* Expect.equal("nothing was refused", receipt.refused, 0)
    yield* Expect.equal("onStop got it", stops, [receipt])
    yield* Expect.that("a second stop gives the same", (yield* producer.stop) === receipt, receipt)
    yield* Expect.fails(
      "nothing more is taken",
      producer.send(Message.make({ topic: name, body: "late" })),
      "ProducerShutdownError"
    )
    yield* Expect.equal("health says so", (yield* producer.health).status, "Stopped")
  }),

  {
    ...behaviour(
      "a message that is stored without its copy is accepted with that status, or fails as unknown",
      function*() {
        const { topic, weaken } = yield* Cluster
        const name = yield* topic({ queues: 1 })
        yield* weaken(name)
        const message = Message.make({ topic: name, body: "x" })
        const senders = yield* Effect.forEach(
          ["accept", "retry", "fail"] as const,
          (whenNotStoreOk) => Member.sender({ whenNotStoreOk })
        )
        const [accept, retry, fail] = senders as [typeof senders[0], typeof senders[0], typeof senders[0]]
        const receipt = yield* accept.send(message)
        yield* Expect.equal("the receipt has the status", receipt.status, "FLUSH_SLAVE_TIMEOUT")
        const batch = yield* accept.sendBatch([message, message])
        yield* Expect.equal(
          "and so have those of a batch",
          batch.map(({ status }) => status),
          [
            "FLUSH_SLAVE_TIMEOUT",
            "FLUSH_SLAVE_TIMEOUT"
          ]
        )
        const again = yield* retry.send(message)
        yield* Expect.equal("no other broker does better", again.status, "FLUSH_SLAVE_TIMEOUT")
        const error = yield* Expect.fails("it fails where that is asked for", fail.send(message), "MessageSendError")
        yield* Expect.equal("as unknown", [error.outcome, error.cause._tag], ["Unknown", "FlushTimeoutError"])
        const stored = (yield* Stored.readAll(name)).map(({ msgId }) => msgId)
        const missing = [receipt, ...batch, again, error].map(({ uniqueKey }) => uniqueKey).filter((key) =>
          !stored.includes(key)
        )
        yield* Expect.equal("all of them are stored", missing, [])
        const stats = yield* Effect.forEach(senders, (sender) => sender.stats)
        yield* Expect.equal(
          "and counted",
          stats.map(({ accepted, traffic, unknown }) => [
            accepted,
            traffic.reduce((sum, { weak }) => sum + weak, 0),
            unknown
          ]),
          [[3, 3, 0], [1, 1, 0], [0, 0, 1]]
        )
      }
    ),
    needs: "weak"
  }
]
