/**
 * Sends messages that consumers see only when local work has succeeded: a half message first, then the work, then its
 * commit or rollback. When the end of a transaction gets lost, or the process dies between, the broker asks any producer
 * of the group what became of it; that is what `check` is for.
 *
 * @since 0.1.0
 */
import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Broker } from "./Broker.js"
import type { Client } from "./Client.js"
import type { Compression } from "./Compression.js"
import * as internal from "./internal/transactionProducer.js"
import * as internalSettings from "./internal/transactionSettings.js"
import type { NameServer } from "./NameServer.js"
import * as Producer from "./Producer.js"
import type { MessageValidationError, ProducerStartError } from "./ProducerError.js"
import type { SendReceipt } from "./SendReceipt.js"
import type {
  HalfMessageSendError,
  TransactionCheckError,
  TransactionCommitError,
  TransactionRollbackError,
  TransactionStateError,
  TransactionTimeoutError
} from "./TransactionError.js"

/**
 * What is known of a transaction: its message is to be delivered, is to be dropped, or nobody can say yet.
 *
 * @since 0.1.0
 * @category models
 */
export type TransactionState = "Commit" | "Rollback" | "Unknown"

/**
 * Whether the broker has confirmed the end of a transaction. `Unknown`: it did not answer in time, or wants to ask first.
 * It asks later and gets the same end then, from this producer's memory or from the `check` of another one.
 *
 * @since 0.1.0
 * @category models
 */
export type EndOutcome = "Acknowledged" | "Unknown"

/**
 * Says what became of the transaction of a half message. It has to look at what the local work left behind (a row with
 * the message's key or `uniqueKey`, say), since it may be asked in another process than the one that did the work.
 * `Unknown`, failing, dying and taking longer than `checkTimeout` all have the broker ask again.
 *
 * @since 0.1.0
 * @category models
 */
export type Check<E = never, R = never> = (message: MessageExt) => Effect.Effect<TransactionState, E, R>

/**
 * How a producer with transactions works beside what it has of a {@link Producer.Options | producer}. `autoBatch` and
 * `outbox` are for plain sends only: half messages travel alone, and one that may be stored is never delivered without a
 * commit. `sendTimeout`, `retries` and the rest hold for half messages, too. One that is stored with a status other than
 * `SEND_OK` is rolled back and its work not begun, unless `whenNotStoreOk` is given as `accept`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> extends Producer.Options {
  /** What brokers get to know when they ask. Its services are taken when the producer is made. */
  readonly check: Check<E, R>
  /** Checks that run at the same time. Default 16. */
  readonly checkConcurrency?: number | undefined
  /** How long one check may take. Default 6 seconds. */
  readonly checkTimeout?: Duration.DurationInput | undefined
  /** Gets every check that gave no answer. They are also logged and counted. */
  readonly onCheckError?: ((error: TransactionCheckError) => Effect.Effect<void>) | undefined
  /** How long the local work of a transaction may take. Default: as long as it likes. */
  readonly transactionTimeout?: Duration.DurationInput | undefined
  /**
   * How old a half message must be before its broker asks about it, in whole seconds; a commit or rollback later than this
   * is put off until the broker asks. Default: the broker's own `transactionTimeOut` (6 s), and ends are taken at any time.
   * Brokers count each of their looks at it meanwhile (every 30 s) as a question, and give up after 15.
   */
  readonly checkImmunity?: Duration.DurationInput | undefined
  /** How long the end of a transaction may take, with the repetitions of what the broker refused. Default 5 seconds. */
  readonly endTimeout?: Duration.DurationInput | undefined
}

/**
 * For one transaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface BeginOptions extends Omit<Producer.SendOptions, "autoBatch"> {
  /** Instead of the producer's `transactionTimeout`. */
  readonly transactionTimeout?: Duration.DurationInput | undefined
  /** Instead of the producer's `checkImmunity`. */
  readonly checkImmunity?: Duration.DurationInput | undefined
}

/**
 * For one transaction around an effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransactionOptions<E = never> extends BeginOptions {
  /**
   * What a failure of the local work means. `Rollback`, the default for all: it did nothing. `Unknown`: it may have done
   * its work all the same (the database did not answer its COMMIT), so that `check` shall find out when the broker asks.
   */
  readonly onFailure?: ((cause: Cause.Cause<E>) => "Rollback" | "Unknown") | undefined
}

/**
 * What came of a transaction that was committed.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransactionResult<A> {
  /** What the local work gave. */
  readonly value: A
  /** That of the half message: its offsets are those of the topic where it waited. */
  readonly receipt: SendReceipt
  /** Whether the broker has confirmed the commit. */
  readonly end: EndOutcome
}

/**
 * A transaction that its holder ends. One that is still open when its Scope closes is rolled back.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transaction {
  readonly message: Message
  /** That of the half message. */
  readonly receipt: SendReceipt
  /** Has the message delivered. Cannot be interrupted; takes at most `endTimeout`. */
  readonly commit: Effect.Effect<EndOutcome, TransactionCommitError | TransactionStateError | TransactionTimeoutError>
  /** Has the message dropped. Cannot be interrupted; takes at most `endTimeout`. */
  readonly rollback: Effect.Effect<
    EndOutcome,
    TransactionRollbackError | TransactionStateError | TransactionTimeoutError
  >
  /** Tells the broker nothing, so that it asks, and `check` decides. */
  readonly leaveToCheck: Effect.Effect<void, TransactionStateError | TransactionTimeoutError>
}

/**
 * A producer's transactions since its start.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransactionStats {
  readonly group: string
  /** Half messages that were acknowledged. */
  readonly begun: number
  /** Half messages that were not; their local work did not run. */
  readonly notBegun: number
  /** Transactions whose local work runs. */
  readonly running: number
  /** Commits and rollbacks that a broker has confirmed. */
  readonly committed: number
  readonly rolledBack: number
  /** Ends that were not confirmed: settled when the broker asks. */
  readonly unknownEnds: number
  /** Ends that a broker refused. */
  readonly refusedEnds: number
  /** Transactions whose end was left to the check. */
  readonly leftToCheck: number
  /** Transactions that were rolled back because their time was over. */
  readonly timedOut: number
  /** What brokers were told when they asked. */
  readonly checks: Readonly<Record<TransactionState, number>>
  /** Of these commits, those of messages that were delivered already: only their half message was dropped. */
  readonly alreadyDelivered: number
  /** Checks that gave no answer: failed, died, took too long. */
  readonly checkFailures: number
  /** Questions that were left without an answer because too many waited. The broker asks again. */
  readonly checksDropped: number
}

/**
 * Transactions of one producer group.
 *
 * @since 0.1.0
 * @category services
 */
export class TransactionProducer
  extends Context.Tag("@effect-rocketmq/client/TransactionProducer")<TransactionProducer, {
    readonly group: string
    /**
     * Sends a half message, runs the local work, and commits when it succeeds. A work that fails, dies, is interrupted or
     * takes longer than `transactionTimeout` is rolled back, and the caller gets its own failure; a rollback that fails,
     * too, is logged and counted. The work may be a function of the half message's receipt: `uniqueKey` is what `check`
     * will see. It runs in a fiber of its own and is not begun when the half message fails.
     *
     * The end is waited for and cannot be interrupted, but takes no longer than `endTimeout`. One without an answer is not
     * repeated, since a second commit would deliver twice; `end` is `Unknown` then.
     *
     * A half message has neither delay nor time. Consumers get each committed message at least once.
     */
    readonly transaction: <A, E, R>(
      message: Message,
      local: Effect.Effect<A, E, R> | ((half: SendReceipt) => Effect.Effect<A, E, R>),
      options?: TransactionOptions<E>
    ) => Effect.Effect<
      TransactionResult<A>,
      E | MessageValidationError | HalfMessageSendError | TransactionCommitError | TransactionTimeoutError,
      R
    >
    /** Sends a half message and leaves its end to the caller, who has until the Scope closes. */
    readonly begin: (
      message: Message,
      options?: BeginOptions
    ) => Effect.Effect<Transaction, MessageValidationError | HalfMessageSendError, Scope.Scope>
    /** Sends without a transaction, as the same group. Its `stop` is the one below. */
    readonly producer: Producer.Producer["Type"]
    /** The numbers of this moment. Those of sends, half messages among them, are in `producer.stats`. */
    readonly stats: Effect.Effect<TransactionStats>
    /**
     * Begins nothing more, waits up to `shutdownTimeout` for running transactions, rolls back the rest, answers the checks
     * in hand, and stops the producer. The closing of the Scope does the same.
     */
    readonly stop: Effect.Effect<Producer.StopReceipt>
  }>()
{}

/**
 * A producer with transactions that lives until the Scope closes. Fails on options out of range and on a group that this
 * client already has. No broker needs to be up. Brokers ask it about the group's open transactions from the start, also
 * about those of a process that is gone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: <E, R>(
  options: Options<E, R>
) => Effect.Effect<
  TransactionProducer["Type"],
  ProducerStartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> = internal.make

/**
 * A producer with transactions for as long as the Layer lives. See {@link make}.
 *
 * @example
 * import { Message, TransactionProducer } from "@effect-rocketmq/client"
 * import { Effect } from "effect"
 *
 * const paid = new Set<string>() // the database
 *
 * const Payments = TransactionProducer.layer({
 *   group: "payments",
 *   check: (message) => Effect.sync(() => paid.has(message.msgId) ? "Commit" : "Rollback")
 * })
 *
 * const pay = Effect.gen(function*() {
 *   const transactions = yield* TransactionProducer.TransactionProducer
 *   const message = Message.make({ topic: "payments", keys: ["42"], body: "{}" })
 *   const { end } = yield* transactions.transaction(message, (half) => Effect.sync(() => paid.add(half.uniqueKey)))
 *   return end
 * })
 *
 * // needs the services of `RocketMQ` yet: NodeRocketMQ.layer or Embedded.layer
 * export const program = pay.pipe(Effect.provide(Payments))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  options: Options<E, R>
): Layer.Layer<
  TransactionProducer,
  ProducerStartError,
  Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression
> => Layer.scoped(TransactionProducer, make(options))

/**
 * Those of {@link Producer.config}, and `ROCKETMQ_TRANSACTION_CHECK_CONCURRENCY`, `ROCKETMQ_TRANSACTION_CHECK_TIMEOUT`,
 * `ROCKETMQ_TRANSACTION_TIMEOUT`, `ROCKETMQ_TRANSACTION_CHECK_IMMUNITY` and `ROCKETMQ_TRANSACTION_END_TIMEOUT`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Omit<Options, "check">> = Config.map(
  Config.all([Producer.config, internalSettings.config]),
  ([sending, own]) => ({ ...sending, ...own })
)

/**
 * A producer with transactions whose options come from the variables of {@link config}; what is given wins over them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = <E, R>(
  options: Partial<Omit<Options<E, R>, "group" | "check">> & { readonly check: Check<E, R> }
): Layer.Layer<
  TransactionProducer,
  ConfigError | ProducerStartError,
  Exclude<R, Scope.Scope> | Client | NameServer | Broker | Compression
> => Layer.scoped(TransactionProducer, Effect.flatMap(config, (read) => make<E, R>({ ...read, ...options })))

/**
 * A check for tests and demos: whatever is asked about is committed.
 *
 * @since 0.1.0
 * @category checks
 */
export const alwaysCommit: Check = () => Effect.succeed("Commit")

/**
 * A check for tests and demos: whatever is asked about is rolled back.
 *
 * @since 0.1.0
 * @category checks
 */
export const alwaysRollback: Check = () => Effect.succeed("Rollback")

/**
 * A check for tests: `Unknown` the first `times` that it is asked about a message, then `state`.
 *
 * @since 0.1.0
 * @category checks
 */
export const unknownThen = (times: number, state: TransactionState): Check => {
  const asked = new Map<string, number>()
  return (message) =>
    Effect.sync(() => {
      const count = (asked.get(message.msgId) ?? 0) + 1
      asked.set(message.msgId, count)
      return count > times ? state : "Unknown"
    })
}

/**
 * What a {@link recorder} has seen.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedCheck {
  readonly message: MessageExt
  /** Absent when the check failed, died or was interrupted. */
  readonly state: TransactionState | undefined
}

/**
 * A check for tests that writes down what it was asked and what it said, in the order in which the answers came.
 *
 * @example
 * import { TransactionProducer } from "@effect-rocketmq/client"
 *
 * const { asked, check } = TransactionProducer.recorder(TransactionProducer.unknownThen(1, "Commit"))
 *
 * export const Payments = TransactionProducer.layer({ group: "payments", check })
 * export const states = () => asked().map(({ state }) => state)
 *
 * @since 0.1.0
 * @category checks
 */
export const recorder = <E, R>(check: Check<E, R>): {
  readonly check: Check<E, R>
  /** A copy of what was seen so far. */
  readonly asked: () => ReadonlyArray<RecordedCheck>
} => {
  const seen: Array<RecordedCheck> = []
  return {
    asked: () => seen.slice(),
    check: (message) =>
      Effect.onExit(Effect.suspend(() => check(message)), (exit) =>
        Effect.sync(() => {
          seen.push({ message, state: exit._tag === "Success" ? exit.value : undefined })
        }))
  }
}
