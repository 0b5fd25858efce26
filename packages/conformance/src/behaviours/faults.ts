/**
 * What a client makes of servers and networks that fail it. However the fault, nothing that was acknowledged is lost, and
 * nobody waits for ever.
 *
 * Where it is the same that happens with other faults, the behaviours are rows of tables.
 *
 * @since 0.1.0
 */
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import * as TransactionProducer from "@effect-rocketmq/client/TransactionProducer"
import * as Fault from "@effect-rocketmq/embedded/Fault"
import * as Network from "@effect-rocketmq/embedded/Network"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("faults")

const decoder = new TextDecoder()

/** A topic with one queue on each broker, and a way to it that can go wrong. */
const scene = Effect.gen(function*() {
  const cluster = yield* Cluster
  const topic = yield* cluster.topic({ queues: 1 })
  const trouble = yield* cluster.trouble
  const masters = yield* cluster.masters
  return {
    cluster,
    topic,
    trouble,
    group: cluster.group(),
    isAlone: masters.length === 1,
    brokerName: masters[0]!.brokerName,
    /** Of clients that go the way of trouble. */
    client: { nameServers: trouble.nameServers, nameServerTimeout: "15 seconds" as const }
  }
})

const numbered = (topic: string, count: number): ReadonlyArray<Message.Message> =>
  Array.from({ length: count }, (_, i) => Message.make({ topic, body: `${i}` }))

const numbers = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => `${i}`).sort()

const different = (values: ReadonlyArray<string>): ReadonlyArray<string> => Array.from(new Set(values)).sort()

const texts = (topic: string) => Effect.map(Stored.readAll(topic), (all) => all.map(MessageExt.text))

const outcomesOf = ({ attempts }: SendReceipt) => attempts.map(({ outcome }) => outcome)

/** One message under a fault that hits its first attempt. */
interface Send {
  readonly name: string
  readonly fault: Fault.Fault
  /** Outcomes of its attempts. */
  readonly outcomes: ReadonlyArray<"Accepted" | "Refused" | "Unknown">
  /** How often it is stored, under one key. */
  readonly stored: number
}

const sendCode = RequestCode.SEND_MESSAGE_V2

const again = ["Unknown", "Accepted"] as const

const sends: ReadonlyArray<Send> = [
  { name: "a request that gets lost is sent again", fault: Fault.dropRequest, outcomes: again, stored: 1 },
  {
    name: "an answer that gets lost leaves the outcome unknown, and the message is stored twice under its key",
    fault: Fault.dropResponse,
    outcomes: again,
    stored: 2
  },
  { name: "an answer that comes too late is none", fault: Fault.delay("6 seconds"), outcomes: again, stored: 2 },
  { name: "an answer that comes late is one", fault: Fault.delay("200 millis"), outcomes: ["Accepted"], stored: 1 },
  { name: "a connection that ends before the answer is replaced", fault: Fault.disconnect, outcomes: again, stored: 2 },
  { name: "a connection that ends within the answer is replaced", fault: Fault.cut, outcomes: again, stored: 2 },
  {
    name: "a busy broker has refused the message, and gets it again",
    fault: Fault.fail(ResponseCode.SYSTEM_BUSY, "[PCBUSY_CLEAN_QUEUE]broker busy"),
    outcomes: ["Refused", "Accepted"],
    stored: 1
  },
  {
    name: "a request that the network doubles is stored twice, and its second answer is ignored",
    fault: Fault.duplicateRequest,
    outcomes: ["Accepted"],
    stored: 2
  },
  { name: "an answer that comes twice counts once", fault: Fault.duplicateResponse, outcomes: ["Accepted"], stored: 1 },
  {
    name: "a connection that freezes for a moment costs a moment",
    fault: Fault.freeze("300 millis"),
    outcomes: ["Accepted"],
    stored: 1
  }
]

const sending = ({ fault, name, outcomes, stored }: Send): Behaviour =>
  behaviour(`a message is acknowledged: ${name}`, function*() {
    const { brokerName, client, topic, trouble } = yield* scene
    const producer = yield* Member.sender({ client, attemptTimeout: "4 seconds", sendTimeout: "30 seconds" })
    const queue = (yield* producer.queues(topic)).find((queue) => queue.brokerName === brokerName)!
    yield* producer.send(Message.make({ topic, body: "before" }), { queue })
    const { hits } = yield* trouble.inject(fault.pipe(Fault.onTopic(topic), Fault.once))
    const receipt = yield* producer.send(Message.make({ topic, body: "under the fault" }), { queue })
    yield* Expect.equal("the fault has hit", yield* hits, 1)
    yield* Expect.equal("the attempts are told as they were", outcomesOf(receipt), [...outcomes])
    const after = yield* producer.send(Message.make({ topic, body: "after" }), { queue })
    yield* Expect.equal("the next message needs one attempt", outcomesOf(after), ["Accepted"])
    const all = yield* Stored.readAll(topic)
    yield* Expect.equal(
      "the message is stored so often, under its key",
      all.filter((message) => MessageExt.text(message) === "under the fault").map(({ msgId }) => msgId),
      Array.from({ length: stored }, () => receipt.uniqueKey)
    )
    yield* Expect.equal("and the others are there", all.length, stored + 2)
  }, "45 seconds")

/** An answer that cannot be read: nobody knows what it said, and trying again is left to the caller. */
const unreadable = (part: Fault.Part): Behaviour =>
  behaviour(
    `an answer with a corrupt ${part} ends the connection and fails as unknown, and the next message is sent`,
    function*() {
      const { brokerName, client, topic, trouble } = yield* scene
      const producer = yield* Member.sender({ client })
      const queue = (yield* producer.queues(topic)).find((queue) => queue.brokerName === brokerName)!
      yield* trouble.inject(Fault.corrupt(part).pipe(Fault.onTopic(topic), Fault.onCode(sendCode), Fault.once))
      const error = yield* Expect.fails(
        "the message fails",
        producer.send(Message.make({ topic, body: "0" }), { queue }),
        "MessageSendError"
      )
      yield* Expect.equal("its outcome is unknown", [error.outcome, error.cause._tag], [
        "Unknown",
        "MalformedFrameError"
      ])
      yield* producer.send(Message.make({ topic, body: "1" }), { queue })
      yield* Expect.equal("both are stored", yield* texts(topic), ["0", "1"])
    }
  )

/** What a consumer lives through while messages come. */
interface Consume {
  readonly name: string
  readonly faults: ReadonlyArray<Fault.Fault>
  /** Whether the faults are there before the consumer is. */
  readonly early?: boolean
  readonly within?: Duration.DurationInput
}

const onPull = Fault.onCode(RequestCode.PULL_MESSAGE)
const onCommit = Fault.onCode(RequestCode.UPDATE_CONSUMER_OFFSET)

const consumes: ReadonlyArray<Consume> = [
  { name: "pulls get lost", faults: [Fault.dropRequest.pipe(onPull, Fault.times(2))], within: "90 seconds" },
  {
    name: "answers to pulls get lost",
    faults: [Fault.dropResponse.pipe(onPull, Fault.times(2))],
    within: "90 seconds"
  },
  {
    name: "answers to pulls come when nobody waits any more",
    faults: [Fault.delay("20 seconds").pipe(onPull, Fault.times(2))],
    within: "90 seconds"
  },
  { name: "answers to pulls come late", faults: [Fault.delay("50 millis", "500 millis").pipe(onPull)] },
  { name: "answers to pulls are cut in two", faults: [Fault.cut.pipe(onPull, Fault.every(2), Fault.times(3))] },
  {
    name: "answers to pulls have corrupt headers",
    faults: [Fault.corrupt("header").pipe(onPull, Fault.every(2), Fault.times(3))]
  },
  {
    name: "answers to pulls have corrupt lengths",
    faults: [Fault.corrupt("length").pipe(onPull, Fault.every(2), Fault.times(3))]
  },
  { name: "answers to pulls come twice", faults: [Fault.duplicateResponse.pipe(onPull, Fault.times(20))] },
  { name: "pulls are doubled", faults: [Fault.duplicateRequest.pipe(onPull, Fault.times(20))] },
  {
    name: "the broker is busy",
    faults: [Fault.fail(ResponseCode.SYSTEM_BUSY, "busy").pipe(onPull, Fault.every(2), Fault.times(5))]
  },
  { name: "a connection freezes", faults: [Fault.freeze("1 second").pipe(onPull, Fault.after(2), Fault.once)] },
  {
    name: "commits of offsets get lost, or their answers",
    faults: [
      Fault.dropRequest.pipe(onCommit, Fault.times(2)),
      Fault.dropResponse.pipe(onCommit, Fault.times(1)),
      Fault.fail(ResponseCode.SYSTEM_ERROR, "no").pipe(onCommit, Fault.times(2))
    ]
  },
  {
    name: "nobody answers where it begins",
    faults: [
      Fault.dropResponse.pipe(Fault.onCode(RequestCode.QUERY_CONSUMER_OFFSET), Fault.once),
      Fault.fail(ResponseCode.SYSTEM_ERROR, "no").pipe(Fault.onCode(RequestCode.QUERY_CONSUMER_OFFSET), Fault.once)
    ],
    early: true
  },
  {
    name: "its first heartbeats get lost",
    faults: [Fault.dropRequest.pipe(Fault.onCode(RequestCode.HEART_BEAT), Fault.times(2))],
    early: true
  },
  {
    name: "nobody tells it who else is there",
    faults: [
      Fault.dropResponse.pipe(Fault.onCode(RequestCode.GET_CONSUMER_LIST_BY_GROUP), Fault.once),
      Fault.corrupt("body").pipe(Fault.onCode(RequestCode.GET_CONSUMER_LIST_BY_GROUP), Fault.once)
    ],
    early: true
  }
]

const COUNT = 60

const consuming = ({ early, faults, name, within = "60 seconds" }: Consume): Behaviour =>
  behaviour(
    `a consumer misses nothing though ${name}`,
    function*() {
      const { client, group, topic, trouble } = yield* scene
      const producer = yield* Member.sender()
      // requests whose header names no group are told apart by whose way they go
      const inject = Effect.forEach(faults, trouble.inject)
      const inbox = Inbox.make<string>()
      const start = Member.consumer(
        {
          client: { ...client, heartbeatInterval: "1 second", requestTimeout: "2 seconds" },
          group,
          subscriptions: { [topic]: MessageSelector.all },
          pullBatchSize: 8,
          rebalanceInterval: "1 second",
          suspendTimeout: "1 second"
        },
        (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
      )
      const injected = early === true ? yield* inject : undefined
      const { stop } = yield* start
      const active = injected ?? (yield* inject)
      yield* Effect.forEach(numbered(topic, COUNT), (message) => producer.send(message), { concurrency: 4 })
      yield* Await.until(
        "every message comes",
        Effect.sync(() => different(inbox.all()).length),
        (count) => count === COUNT,
        { within: "75 seconds" }
      )
      for (const { fault, hits } of active) {
        yield* Await.until(`hit: ${Fault.format(fault)}`, hits, (count) => count > 0)
      }
      for (const { remove } of active) yield* remove
      yield* Await.until("all are committed", Stored.committedSum(group, topic), (sum) => sum === BigInt(COUNT))
      yield* stop
    },
    within
  )

/** Networks that carry everything, in their own way. */
const networks: ReadonlyArray<readonly [name: string, network: Network.Network]> = [
  ["that is slow", { latency: "40 millis", jitter: "20 millis" }],
  ["of little bandwidth", { bandwidth: 200_000 }],
  ["that cuts everything into small pieces", { slice: 300 }]
]

const carrying = ([name, network]: typeof networks[number]): Behaviour =>
  behaviour(`a network ${name} carries large messages whole and in order`, function*() {
    const { client, topic, trouble } = yield* scene
    const { masters } = yield* Cluster
    for (const { brokerName } of yield* masters) yield* trouble.network(brokerName, network)
    const producer = yield* Member.sender({ client, sendTimeout: "20 seconds", compression: false })
    const inbox = Inbox.make<string>()
    yield* Member.orderlyConsumer(
      { client, subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    const bodies = Array.from({ length: 12 }, (_, i) => `${i} ${"abcdefghij".repeat(800)}`)
    for (const body of bodies) {
      yield* producer.send(Message.make({ topic, body, shardingKey: "one" }), {
        selector: MessageQueueSelector.byKey()
      })
    }
    yield* Await.received("all come", inbox, bodies.length)
    yield* Expect.equal("as they were sent", inbox.all(), bodies)
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const faults: ReadonlyArray<Behaviour> = [
  ...sends.map(sending),

  unreadable("header"),
  unreadable("length"),

  behaviour("a message without retries whose answer gets lost fails, and says that it may be stored", function*() {
    const { client, topic, trouble } = yield* scene
    const producer = yield* Member.sender({ client, attemptTimeout: "500 millis", retries: 0 })
    yield* producer.queues(topic)
    yield* trouble.inject(Fault.dropResponse.pipe(Fault.onTopic(topic), Fault.once))
    const error = yield* Effect.flip(producer.send(Message.make({ topic, body: "once" })))
    yield* Expect.equal("the outcome is unknown", "outcome" in error ? error.outcome : error, "Unknown")
    yield* Expect.equal("it is stored once", yield* texts(topic), ["once"])
  }),

  behaviour("many messages on a bad day: what is acknowledged is there", function*() {
    const { client, topic, trouble } = yield* scene
    const bad = (fault: Fault.Fault) => trouble.inject(fault.pipe(Fault.onTopic(topic), Fault.probability(0.04)))
    const producer = yield* Member.sender({
      client,
      attemptTimeout: "500 millis",
      sendTimeout: "20 seconds",
      faultTolerance: false
    })
    yield* producer.queues(topic)
    const active = yield* Effect.forEach([
      Fault.dropRequest,
      Fault.dropResponse,
      Fault.cut,
      Fault.disconnect,
      Fault.corrupt("header"),
      Fault.duplicateRequest,
      Fault.delay("100 millis", "700 millis"),
      Fault.freeze("200 millis")
    ], bad)
    const results = yield* Effect.forEach(
      numbered(topic, 200),
      (message) =>
        Effect.map(Effect.either(producer.send(message)), (result) => [decoder.decode(message.body), result] as const),
      { concurrency: 8 }
    )
    for (const { remove } of active) yield* remove
    const stored = new Set(yield* texts(topic))
    const failed = results.flatMap(([, result]) => result._tag === "Left" ? [result.left] : [])
    yield* Expect.that("most get through", failed.length < 100, failed.length)
    yield* Expect.that(
      "of those that fail nobody knows",
      failed.every((error) => "outcome" in error && error.outcome === "Unknown"),
      failed
    )
    const lost = results.filter(([text, result]) => result._tag === "Right" && !stored.has(text))
    yield* Expect.equal("all that are acknowledged are stored", lost, [])
  }),

  ...consumes.map(consuming),

  behaviour("locks that are refused or lost are asked for again, and the order is kept", function*() {
    const { client, topic, trouble } = yield* scene
    const onLock = Fault.onCode(RequestCode.LOCK_BATCH_MQ)
    const active = yield* Effect.forEach([
      Fault.fail(ResponseCode.SYSTEM_ERROR, "no").pipe(onLock, Fault.once),
      Fault.dropRequest.pipe(onLock, Fault.once),
      Fault.corrupt("body").pipe(onLock, Fault.once)
    ], trouble.inject)
    const producer = yield* Member.sender()
    const inbox = Inbox.make<string>()
    yield* Effect.forkScoped(Member.orderlyConsumer(
      {
        client: { ...client, requestTimeout: "1 second" },
        subscriptions: { [topic]: MessageSelector.all },
        rebalanceInterval: "1 second",
        ready: false
      },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    ))
    for (const body of numbers(30)) {
      yield* producer.send(Message.make({ topic, body, shardingKey: "one" }), {
        selector: MessageQueueSelector.byKey()
      })
    }
    yield* Await.received("all come", inbox, 30, { within: "40 seconds" })
    yield* Expect.equal("in order, each once", inbox.all(), numbers(30))
    yield* Expect.that("a lock was refused", (yield* active[0]!.hits) === 1, yield* active[0]!.hits)
  }, "60 seconds"),

  behaviour("a member that is not told of another still hands its queues over", function*() {
    const { client, group, topic, trouble } = yield* scene
    yield* trouble.inject(
      Fault.dropRequest.pipe(Fault.fromServer, Fault.onCode(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED))
    )
    const options = {
      client: { ...client, heartbeatInterval: "1 second" },
      group,
      subscriptions: { [topic]: MessageSelector.all },
      rebalanceInterval: "2 seconds"
    } as const
    const inbox = Inbox.make<string>()
    const handler = (message: MessageExt.MessageExt) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    const first = yield* Member.consumer(options, handler)
    const second = yield* Member.consumer({ ...options, ready: false }, handler)
    const producer = yield* Member.sender()
    yield* Effect.sleep("5 seconds")
    yield* Effect.forEach(numbered(topic, 20), (message) => producer.send(message))
    yield* Await.received("all come", inbox, 20)
    yield* first.stop
    yield* Effect.forEach(numbered(topic, 20), (message) => producer.send(message))
    yield* Await.until(
      "and all come when the first is gone",
      Effect.sync(() => inbox.all().length),
      (count) => count >= 40
    )
    yield* second.stop
  }),

  behaviour("a broker that swallows everything gets its messages when it takes some again", function*() {
    const { brokerName, client, isAlone, topic, trouble } = yield* scene
    const producer = yield* Member.sender({ client, attemptTimeout: "500 millis", sendTimeout: "20 seconds" })
    yield* Effect.forEach(numbered(topic, 4), (message) => producer.send(message))
    yield* trouble.network(brokerName, Network.blackHole)
    const sent = yield* Effect.fork(
      Effect.forEach(numbered(topic, 20), (message) => producer.send(message), { concurrency: 4 })
    )
    yield* Effect.sleep("2 seconds")
    yield* trouble.network(brokerName, Network.healthy)
    const receipts = yield* Fiber.join(sent)
    yield* Expect.equal("all are acknowledged", receipts.length, 20)
    yield* Expect.that(
      "by another broker where there is one",
      isAlone || receipts.some(({ messageQueue }) => messageQueue.brokerName !== brokerName),
      receipts.map(({ messageQueue }) => messageQueue.brokerName)
    )
    const stored = yield* Stored.readAll(topic)
    const keys = new Set(stored.map(({ msgId }) => msgId))
    yield* Expect.that("and all are stored", receipts.every(({ uniqueKey }) => keys.has(uniqueKey)), keys)
  }),

  behaviour("a connection whose other end is gone without a word costs some attempts, and is replaced", function*() {
    const { brokerName, client, topic, trouble } = yield* scene
    const producer = yield* Member.sender({ client, attemptTimeout: "500 millis", sendTimeout: "30 seconds" })
    yield* Effect.forEach(numbered(topic, 4), (message) => producer.send(message))
    yield* trouble.halfOpen(brokerName)
    const receipts = yield* Effect.forEach(numbered(topic, 10), (message) => producer.send(message))
    const repeated = receipts.filter(({ attempts }) => attempts.length > 1)
    yield* Expect.that(
      "what was tried there first is unknown",
      repeated.length > 0 && repeated.every(({ attempts }) => attempts[0]!.outcome === "Unknown"),
      receipts.map(outcomesOf)
    )
    const keys = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => keys.add(message.msgId))
    )
    yield* Await.until(
      "each is stored",
      Effect.sync(() => new Set(keys.all())),
      (stored) => receipts.every(({ uniqueKey }) => stored.has(uniqueKey))
    )
  }, "1 minute"),

  behaviour("consumers go on when all their connections are reset", function*() {
    const { client, topic, trouble } = yield* scene
    const { masters } = yield* Cluster
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { client, subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbered(topic, 10), (message) => producer.send(message))
    yield* Await.received("some come", inbox, 10)
    for (const { brokerName } of yield* masters) yield* trouble.disconnect(brokerName)
    yield* trouble.disconnect("namesrv")
    yield* Effect.forEach(numbered(topic, 10), (message) => producer.send(message))
    yield* Await.received("the others, too", inbox, 20)
  }),

  behaviour("a name server that hangs stops nobody who has a route", function*() {
    const { client, cluster, topic, trouble } = yield* scene
    const options = { ...client, routeRefreshInterval: "1 second", nameServerTimeout: "1500 millis" } as const
    const producer = yield* Member.sender({ client: options })
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { client: options, subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    yield* producer.send(Message.make({ topic, body: "0" }))
    yield* trouble.network("namesrv", Network.blackHole)
    yield* Effect.sleep("4 seconds")
    const [waited] = yield* Await.timed(
      Effect.forEach(numbered(topic, 10).slice(1), (message) => producer.send(message))
    )
    yield* Expect.took("messages go out as ever", waited, { atMost: 1500 })
    yield* Await.received("and come", inbox, 10)
    yield* trouble.network("namesrv", Network.healthy)
    const other = yield* cluster.topic({ queues: 1 })
    yield* Await.until("new topics are found again", producer.queues(other), (queues) => queues.length > 0)
  }),

  behaviour("routes that come corrupt, or not at all, change nothing for who has one", function*() {
    const { client, topic, trouble } = yield* scene
    const producer = yield* Member.sender({
      client: { ...client, routeRefreshInterval: "500 millis", nameServerTimeout: "1500 millis" }
    })
    yield* producer.send(Message.make({ topic, body: "0" }))
    const onRoute = Fault.onCode(RequestCode.GET_ROUTEINFO_BY_TOPIC)
    const active = yield* Effect.forEach([
      Fault.corrupt("body").pipe(onRoute, Fault.once),
      Fault.corrupt("header").pipe(onRoute, Fault.once),
      Fault.dropResponse.pipe(onRoute, Fault.once),
      Fault.fail(ResponseCode.TOPIC_NOT_EXIST, "no route").pipe(onRoute, Fault.once)
    ], trouble.inject)
    const sent = yield* Effect.fork(
      Effect.forEach(numbered(topic, 40).slice(1), (message) => Effect.delay(producer.send(message), "100 millis"))
    )
    for (const { fault, hits } of active) {
      yield* Await.until(`hit: ${Fault.format(fault)}`, hits, (count) => count > 0)
    }
    yield* Fiber.join(sent)
    yield* Expect.equal("all are sent", different(yield* texts(topic)), numbers(40))
  }),

  behaviour("a consumer that gets no route says so when it starts, and starts when there is one", function*() {
    const { client, group, topic, trouble } = yield* scene
    const { remove } = yield* trouble.inject(
      Fault.corrupt("body").pipe(Fault.onCode(RequestCode.GET_ROUTEINFO_BY_TOPIC), Fault.onTopic(topic))
    )
    const inbox = Inbox.make<string>()
    const start = Member.consumer(
      { client, group, subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    yield* Expect.fails("it does not start", start, "ConsumerStartError")
    yield* remove
    yield* start
    const producer = yield* Member.sender()
    yield* Effect.forEach(numbered(topic, 10), (message) => producer.send(message))
    yield* Await.received("all come", inbox, 10)
  }),

  behaviour("a route that names a dead broker costs a message little", function*() {
    const { brokerName, client, isAlone, topic, trouble } = yield* scene
    yield* trouble.network(brokerName, Network.refusing)
    if (isAlone) yield* Effect.fork(Effect.delay(trouble.network(brokerName, Network.healthy), "1 second"))
    const producer = yield* Member.sender({ client, sendTimeout: "20 seconds" })
    const [waited, receipts] = yield* Await.timed(
      Effect.forEach(numbered(topic, 20), (message) => producer.send(message))
    )
    yield* Expect.took("twenty messages get through", waited, { atMost: isAlone ? 8000 : 3000 })
    yield* Expect.that(
      "by way of the others",
      isAlone || receipts.every(({ messageQueue }) => messageQueue.brokerName !== brokerName),
      receipts.map(({ messageQueue }) => messageQueue.brokerName)
    )
    yield* Expect.equal("each is stored", different(yield* texts(topic)), numbers(20))
  }),

  behaviour(
    "a transaction whose end gets lost ends when the broker asks, though its first question gets lost, too",
    function*() {
      const { client, cluster, topic, trouble } = yield* scene
      const running = yield* Member.start(
        TransactionProducer.layer({ group: cluster.group(), check: () => Effect.succeed("Commit") }).pipe(
          Layer.provide(cluster.client(client))
        )
      )
      const producer = Context.get(running.service, TransactionProducer.TransactionProducer)
      yield* trouble.inject(Fault.dropRequest.pipe(Fault.onCode(RequestCode.END_TRANSACTION), Fault.once))
      const asked = yield* trouble.inject(
        Fault.dropRequest.pipe(Fault.fromServer, Fault.onCode(RequestCode.CHECK_TRANSACTION_STATE), Fault.once)
      )
      yield* producer.transaction(Message.make({ topic, body: "half" }), Effect.void)
      yield* Await.until("it is delivered", texts(topic), (all) => all.length > 0, { within: "25 seconds" })
      yield* Expect.equal("a question got lost", yield* asked.hits, 1)
      yield* Expect.equal("it is delivered once", yield* texts(topic), ["half"])
    },
    "40 seconds"
  ),

  ...networks.map(carrying)
]
