/**
 * Messages that consumers get only when the database has what they tell of.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, TransactionProducer } from "@effect-rocketmq/client"
import { Context, Effect, Layer, Queue } from "effect"

/** The database: which orders are paid, by the id of the message that tells of it. */
class Ledger extends Context.Tag("examples/transaction/Ledger")<Ledger, Map<string, string>>() {}

/** The local work. It leaves a trace, the message's id, that the check can find. */
const pay = <const Order extends string>(order: Order, stock: number, id: string) =>
  Effect.gen(function*() {
    const ledger = yield* Ledger
    if (stock === 0) return yield* Effect.fail(`${order} is sold out` as const)
    ledger.set(id, order)
    return `${order} is paid`
  })

// Brokers ask when they were not told the end, perhaps after another process has taken over this one's work.
const Payments = TransactionProducer.layer({
  group: "payments",
  check: (message) => Effect.map(Ledger, (ledger) => ledger.has(message.msgId) ? "Commit" : "Rollback")
})

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const transactions = yield* TransactionProducer.TransactionProducer
  const tellOf = (order: string) => Message.make({ topic: "payments", body: order })

  // Half message, work, commit. `end` says whether the broker has confirmed the commit.
  const { end, value } = yield* transactions.transaction(tellOf("order 1"), (half) => pay("order 1", 3, half.uniqueKey))

  // The work fails: its error comes out, typed, and nobody gets the message.
  const soldOut = yield* transactions.transaction(tellOf("order 2"), (half) => pay("order 2", 0, half.uniqueKey)).pipe(
    Effect.map(({ value }) => value),
    Effect.catchIf((error) => error === "order 2 is sold out", Effect.succeed)
  )

  // The work is done and the broker never hears of it, as when a process dies in between: it asks, and the check tells.
  yield* Effect.scoped(Effect.gen(function*() {
    const { leaveToCheck, receipt } = yield* transactions.begin(tellOf("order 3"))
    yield* pay("order 3", 3, receipt.uniqueKey)
    yield* leaveToCheck
  }))

  const inbox = yield* Queue.unbounded<string>()
  const Shipping = Consumer.layer({
    group: "shipping",
    subscriptions: { payments: MessageSelector.all },
    consumeFrom: "first"
  }, (message) => Effect.asVoid(Queue.offer(inbox, MessageExt.text(message))))
  const shipped = yield* Queue.takeN(inbox, 2).pipe(Effect.provide(Shipping))

  const { checks } = yield* transactions.stats
  return { value, end, soldOut, shipped: Array.from(shipped).sort(), checks }
}).pipe(
  Effect.provide(Payments),
  Effect.provide(Layer.sync(Ledger, () => new Map<string, string>()))
)
