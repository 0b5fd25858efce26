/**
 * What becomes of messages whose delivery depends on local work, and of the questions of brokers about them. Brokers ask
 * about half messages that are 3 seconds old, and look for such ones every 3 seconds.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as TransactionProducer from "@effect-rocketmq/client/TransactionProducer"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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

const behaviour = area("transactions")

/** Longer than a broker takes to ask about whatever it is going to ask about, its late notes of ends included. */
const ASKED_BY = "10 seconds"

const nobodyAsks: TransactionProducer.Check = (message) =>
  Effect.dieMessage(`nobody should ask about ${MessageExt.text(message)}`)

/** A producer with transactions on a client of its own. */
const producer = (options?: Partial<TransactionProducer.Options>) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster
    const running = yield* Member.start(
      TransactionProducer.layer({ group: cluster.group(), check: nobodyAsks, ...options }).pipe(
        Layer.provide(cluster.client())
      )
    )
    return { ...running, service: Context.get(running.service, TransactionProducer.TransactionProducer) }
  })

/** Bodies as they were delivered. */
const reader = (topic: string) =>
  Effect.gen(function*() {
    const inbox = Inbox.make<string>()
    yield* Member.consumer(
      { subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(MessageExt.text(message)))
    )
    return inbox
  })

/** Bodies in the topic. */
const stored = (topic: string) => Effect.map(Stored.readAll(topic), (all) => all.map(MessageExt.text).sort())

/** A half message of a process that is gone. */
const orphan = (topic: string, group: string, body: string) =>
  Stored.put({
    topic,
    body,
    properties: {
      [MessageProperties.TRAN_MSG]: "true",
      [MessageProperties.PGROUP]: group,
      [MessageProperties.UNIQ_KEY]: `0123456789ABCDEF-${body}`
    }
  })

/**
 * @since 0.1.0
 * @category behaviours
 */
export const transactions: ReadonlyArray<Behaviour> = [
  behaviour("a message is not visible before its commit, is delivered then, and never after a rollback", function*() {
    const { kind, topic } = yield* Cluster
    const name = yield* topic()
    const inbox = Inbox.make<MessageExt.MessageExt>()
    yield* Member.consumer(
      { subscriptions: { [name]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(message))
    )
    // brokers note ends 3 s after they confirmed them, or later when they are busy, and would ask about these until then
    const { service } = yield* producer({ checkImmunity: "10 seconds" })
    const message = Message.make({ topic: name, body: "paid", tags: "t", keys: ["42"], flag: 7, shardingKey: "s" })
    const first = yield* service.begin(message)
    const second = yield* service.begin(Message.withBody(message, "unpaid"))
    yield* Effect.sleep("500 millis")
    yield* Expect.equal("neither is in the topic", yield* stored(name), [])
    yield* Expect.equal("the commit is confirmed", yield* first.commit, "Acknowledged")
    yield* Expect.equal("so is the rollback", yield* second.rollback, "Acknowledged")
    const [received] = yield* Await.received("what was committed is delivered", inbox, 1)
    yield* Expect.equal(
      "as it was given",
      [received?.msgId, received?.tags, received?.keys, received?.flag, received?.properties["__SHARDINGKEY"]],
      [first.receipt.uniqueKey, "t", ["42"], 7, "s"]
    )
    yield* Expect.equal(
      "marked as committed",
      SysFlag.transactionType(received?.sysFlag ?? 0),
      SysFlag.TRANSACTION_COMMIT_TYPE
    )
    yield* Await.nothingMore("once, and alone", inbox, "17 seconds")
    const { alreadyDelivered, begun, checkFailures, checks, committed, rolledBack } = yield* service.stats
    yield* Expect.equal("all of it is counted", { begun, committed, rolledBack }, {
      begun: 2,
      committed: 1,
      rolledBack: 1
    })
    yield* Expect.equal("no handler is asked", [checks.Unknown, checkFailures], [0, 0])
    yield* Expect.equal("nothing is committed twice", alreadyDelivered, checks.Commit)
    // a check between a begin and its end has brokers store the half message again, and ask about the copy: they know of the
    // end of the first one only. In virtual time there is none
    if (kind === "embedded") yield* Expect.equal("nobody asks", checks, { Commit: 0, Rollback: 0, Unknown: 0 })
  }, "60 seconds"),

  behaviour("local work decides: done, its message is delivered; failed, dead or interrupted, it is not", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { service } = yield* producer()
    const message = (body: string) => Message.make({ topic: name, body })
    const { end, value } = yield* service.transaction(
      message("done"),
      (half) => Effect.succeed(half.uniqueKey.length)
    )
    yield* Expect.equal("the work gives its value", [end, value], ["Acknowledged", 32])
    const failed = yield* Effect.either(service.transaction(message("failed"), Effect.fail("no stock" as const)))
    yield* Expect.equal("or its failure", failed._tag === "Left" ? failed.left : undefined, "no stock")
    const died = yield* Effect.exit(service.transaction(message("dead"), Effect.dieMessage("boom")))
    yield* Expect.that("or its defect", Exit.isFailure(died), died)
    const fiber = yield* Effect.fork(service.transaction(message("interrupted"), Effect.never))
    yield* Await.until("it runs", service.stats, ({ running }) => running === 1)
    yield* Fiber.interrupt(fiber)
    const late = yield* Effect.either(
      service.transaction(message("late"), Effect.never, { transactionTimeout: "200 millis" })
    )
    yield* Expect.equal(
      "it has no longer than it is given",
      late._tag === "Left" && late.left._tag,
      "TransactionTimeoutError"
    )
    yield* Expect.equal("all ends are confirmed", (yield* service.stats).rolledBack, 4)
    yield* Effect.sleep(ASKED_BY)
    yield* Expect.equal("only one message is there", yield* stored(name), ["done"])
  }),

  behaviour("a transaction that nobody can tell of is asked about again, and ends when somebody can", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const { asked, check } = TransactionProducer.recorder(TransactionProducer.unknownThen(1, "Commit"))
    const { service } = yield* producer({ check })
    const open = yield* service.begin(Message.make({ topic: name, body: "in the end", keys: ["k"] }))
    yield* open.leaveToCheck
    yield* Await.until("it is delivered", stored(name), (bodies) => bodies.length > 0, { within: "25 seconds" })
    yield* Expect.equal("it was asked about twice", asked().map(({ state }) => state), ["Unknown", "Commit"])
    const [{ message }] = asked() as [TransactionProducer.RecordedCheck]
    yield* Expect.equal(
      "the question has the message",
      [MessageExt.text(message), message.topic, message.msgId, message.keys],
      ["in the end", name, open.receipt.uniqueKey, ["k"]]
    )
    yield* Expect.equal("once", yield* stored(name), ["in the end"])
  }, "40 seconds"),

  behaviour("a check that fails tells nothing, and is run again", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const errors = Inbox.make<string>()
    let runs = 0
    const { service } = yield* producer({
      check: () => ++runs === 1 ? Effect.dieMessage("no database") : Effect.succeed("Rollback"),
      onCheckError: (error) => Effect.sync(() => errors.add(`${error.reason} ${error.uniqueKey}`))
    })
    const open = yield* service.begin(Message.make({ topic: name, body: "never" }))
    yield* open.leaveToCheck
    yield* Await.until("it is run again", Effect.sync(() => runs), (count) => count === 2, { within: "25 seconds" })
    yield* Expect.equal("the failure was told", errors.all(), [`Died ${open.receipt.uniqueKey}`])
    yield* Effect.sleep(ASKED_BY)
    yield* Expect.equal("nobody asks about what was rolled back", runs, 2)
    yield* Expect.equal("and nobody sees it", yield* stored(name), [])
  }, "50 seconds"),

  behaviour("each of two groups of one client is asked about its own transactions", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    const client = yield* Layer.build(cluster.client())
    const start = (state: TransactionProducer.TransactionState) =>
      Effect.gen(function*() {
        const { asked, check } = TransactionProducer.recorder(() => Effect.succeed(state))
        const group = cluster.group()
        const context = yield* Layer.build(
          Layer.fresh(TransactionProducer.layer({ group, check })).pipe(Layer.provide(Layer.succeedContext(client)))
        )
        return { asked, group, service: Context.get(context, TransactionProducer.TransactionProducer) }
      })
    const first = yield* start("Commit")
    const second = yield* start("Rollback")
    const leave = ({ group, service }: typeof first) =>
      Effect.flatMap(
        service.begin(Message.make({ topic: name, body: group })),
        (open) => open.leaveToCheck
      )
    yield* Effect.all([leave(first), leave(second)])
    const bodies = ({ asked }: typeof first) => asked().map(({ message }) => MessageExt.text(message))
    yield* Await.until(
      "both are asked",
      Effect.sync(() => [bodies(first), bodies(second)]),
      (seen) => seen.every((of) => of.length > 0)
    )
    yield* Effect.sleep(ASKED_BY)
    yield* Expect.equal("the first about its own, once", bodies(first), [first.group])
    yield* Expect.equal("the second about its own, once", bodies(second), [second.group])
    yield* Expect.equal("each answer was for its own message", yield* stored(name), [first.group])
  }),

  behaviour("a transaction ends once: a producer refuses a second end, which a broker would take", function*() {
    const { broker, group, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const groupName = group()
    const { service } = yield* producer({ group: groupName })
    const open = yield* service.begin(Message.make({ topic: name, body: "once" }))
    yield* open.rollback
    const error = yield* Expect.fails("a commit after it", open.commit, "TransactionStateError")
    yield* Expect.equal("is told why", [error.state, error.wanted], ["RolledBack", "commit"])
    yield* Expect.equal("and does nothing", yield* stored(name), [])
    const { offset } = yield* MessageId.decodeOffsetId(open.receipt.offsetId)
    const [attempt] = open.receipt.attempts
    yield* broker.endTransaction(attempt?.address ?? "", {
      group: groupName,
      topic: name,
      brokerName: open.receipt.messageQueue.brokerName,
      transactionId: open.receipt.uniqueKey,
      msgId: open.receipt.uniqueKey,
      tranStateTableOffset: open.receipt.queueOffset,
      commitLogOffset: offset,
      state: "Commit",
      fromCheck: false
    })
    yield* Expect.equal("the broker has forgotten nothing, and noted nothing", yield* stored(name), ["once"])
  }),

  behaviour("transactions of a process that is gone are settled by another one of its group", function*() {
    const { group, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const groupName = group()
    const { asked, check } = TransactionProducer.recorder((message) =>
      Effect.succeed(MessageExt.text(message) === "paid" ? "Commit" as const : "Rollback" as const)
    )
    yield* orphan(name, groupName, "paid")
    yield* orphan(name, groupName, "unpaid")
    // it has sent nothing, and yet brokers know it
    yield* producer({ group: groupName, check })
    yield* Await.until("both are asked about", Effect.sync(asked), (seen) => seen.length >= 2)
    yield* Await.until("what was paid is delivered", stored(name), (bodies) => bodies.length > 0)
    yield* Effect.sleep(ASKED_BY)
    yield* Expect.equal("once, and alone", yield* stored(name), ["paid"])
    yield* Expect.equal(
      "each was asked about once",
      asked().map(({ message }) => MessageExt.text(message)).sort(),
      ["paid", "unpaid"]
    )
  }),

  behaviour(
    "work that is slower than the broker's patience is delivered once, without its check being asked",
    function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const { service } = yield* producer()
      // some end just before, some between, some just after a broker asks; it notes ends up to 3 seconds late
      const durations = Array.from({ length: 20 }, (_, i) => 1000 + i * 350)
      const ends = yield* Effect.forEach(
        durations,
        (duration) =>
          Effect.map(
            service.transaction(Message.make({ topic: name, body: String(duration) }), Effect.sleep(duration)),
            ({ end }) => end
          ),
        { concurrency: "unbounded" }
      )
      yield* Expect.that("all commits are confirmed", ends.every((end) => end === "Acknowledged"), ends)
      yield* Effect.sleep(ASKED_BY)
      yield* Expect.equal("each is there once", yield* stored(name), durations.map(String).sort())
      const { checkFailures, checks } = yield* service.stats
      yield* Expect.that("brokers were told that nobody knows yet", checks.Unknown > 0, checks)
      yield* Expect.equal("nobody else was asked", checkFailures, 0)
    },
    "45 seconds"
  ),

  behaviour("a large message is compressed, its check sees it plain, and so do consumers", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const body = "x".repeat(20_000)
    const inbox = yield* reader(name)
    const { asked, check } = TransactionProducer.recorder(TransactionProducer.alwaysCommit)
    const { service } = yield* producer({ check })
    const open = yield* service.begin(Message.make({ topic: name, body }))
    yield* open.leaveToCheck
    const received = yield* Await.received("it is delivered", inbox, 1, { within: "20 seconds" })
    yield* Expect.equal("as it was sent", received, [body])
    yield* Expect.equal("the check saw the same", asked().map(({ message }) => MessageExt.text(message)), [body])
    const [message] = yield* Stored.readAll(name)
    yield* Expect.that("it took less room", (message?.body.length ?? body.length) < 1000, message?.body.length)
  }),

  behaviour(
    "a producer that stops rolls back what is open, and its group sends without transactions, too",
    function*() {
      const { topic } = yield* Cluster
      const name = yield* topic({ queues: 1 })
      const { service, stop } = yield* producer({ shutdownTimeout: "500 millis" })
      yield* service.producer.send(Message.make({ topic: name, body: "plain" }))
      const open = yield* service.begin(Message.make({ topic: name, body: "open" }))
      yield* stop
      const error = yield* Expect.fails("its commit", open.commit, "TransactionTimeoutError")
      yield* Expect.equal("is told why", error.reason, "Shutdown")
      const { committed, rolledBack } = yield* service.stats
      yield* Expect.equal("the rollback was confirmed", [committed, rolledBack], [0, 1])
      yield* Expect.fails(
        "another transaction",
        service.transaction(Message.make({ topic: name, body: "late" }), Effect.void),
        "HalfMessageSendError"
      )
      yield* Expect.equal("only the plain message is there", yield* stored(name), ["plain"])
    }
  )
]
