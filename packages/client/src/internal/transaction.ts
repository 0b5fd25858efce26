import type { Message } from "@effect-rocketmq/protocol/Message"
import * as MessageId from "@effect-rocketmq/protocol/MessageId"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BrokerError } from "../BrokerError.js"
import type { SendError } from "../ProducerError.js"
import { MessageSendError, MessageValidationError, outcome, ProducerShutdownError } from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"
import {
  HalfMessageSendError,
  TransactionCommitError,
  TransactionRollbackError,
  TransactionStateError,
  TransactionTimeoutError
} from "../TransactionError.js"
import type {
  BeginOptions,
  EndOutcome,
  Transaction,
  TransactionOptions,
  TransactionResult
} from "../TransactionProducer.js"
import { atOnce } from "./atOnce.js"
import { interruptGently } from "./interruptGently.js"
import type { Outgoing } from "./outgoing.js"
import type { Engine } from "./producerEngine.js"
import { errorOf } from "./responseTable.js"
import type { Restore } from "./sender.js"
import type { ReceiptImpl } from "./sendReceipt.js"
import type { End } from "./transactionEnd.js"
import type { Copy, Ledger } from "./transactionLedger.js"
import { OpenTransaction } from "./transactionLedger.js"
import type { TransactionMeter } from "./transactionMeter.js"
import type { TransactionSettings } from "./transactionSettings.js"
import { secondsOf } from "./transactionSettings.js"

/** @internal Transactions, from half message to end. */
export interface Transactions {
  readonly transaction: <A, E, R>(
    message: Message,
    local: Effect.Effect<A, E, R> | ((half: SendReceipt) => Effect.Effect<A, E, R>),
    options?: TransactionOptions<E>
  ) => Effect.Effect<
    TransactionResult<A>,
    E | MessageValidationError | HalfMessageSendError | TransactionCommitError | TransactionTimeoutError,
    R
  >
  readonly begin: (
    message: Message,
    options?: BeginOptions
  ) => Effect.Effect<Transaction, MessageValidationError | HalfMessageSendError, Scope.Scope>
  /** Waits for running transactions up to `shutdownTimeout`, and rolls back the rest. */
  readonly drain: Effect.Effect<void>
}

/** Transactions and delays exclude each other: brokers would delay what was committed, or drop the delay. */
const delays: ReadonlyArray<readonly [name: string, setting: string]> = [
  [MessageProperties.DELAY, "delayLevel"],
  [MessageProperties.TIMER_DELAY_SEC, "delay"],
  [MessageProperties.TIMER_DELAY_MS, "delay"],
  [MessageProperties.TIMER_DELIVER_MS, "deliverAt"]
]

const delayProblem = ({ properties, topic }: Message): MessageValidationError | undefined => {
  for (const [name, setting] of delays) {
    const value = properties[name]
    if (value === undefined || value === "" || value === "0") continue
    return new MessageValidationError({
      topic,
      field: "transaction",
      problem: `has a ${setting} (${value})`,
      rule: "the message of a transaction is delivered when it is committed, neither after a delay nor at a time"
    })
  }
  return undefined
}

const property = (name: string, value: string): string => `${name}\x01${value}\x02`

/** What a status other than SEND_OK came with. */
const codeOf: Readonly<Record<Exclude<SendReceipt["status"], "SEND_OK">, number>> = {
  FLUSH_DISK_TIMEOUT: ResponseCode.FLUSH_DISK_TIMEOUT,
  FLUSH_SLAVE_TIMEOUT: ResponseCode.FLUSH_SLAVE_TIMEOUT,
  SLAVE_NOT_AVAILABLE: ResponseCode.SLAVE_NOT_AVAILABLE
}

/** @internal */
export const make = (env: {
  readonly engine: Engine
  readonly ledger: Ledger
  readonly meter: TransactionMeter
  readonly end: End
  /** Whether local work may begin on a half message with a status other than SEND_OK. */
  readonly acceptsWeak: boolean
  readonly settings: TransactionSettings
}): Transactions => {
  const { end, engine, ledger, meter, settings } = env
  const { background, sender, settings: { group, shutdownTimeout } } = engine
  const idle = Effect.unsafeMakeLatch(false)
  /** `Over`: what is open is rolled back. */
  let phase: "Running" | "Stopping" | "Over" = "Running"

  const released = (): void => {
    if (phase !== "Running" && ledger.isIdle) idle.unsafeOpen()
  }

  // -----------------------------------------------------------------------------------------------------------------
  // the half message
  // -----------------------------------------------------------------------------------------------------------------

  const ownProperties = (message: Message, options: BeginOptions | undefined): string => {
    const text = property(MessageProperties.TRAN_MSG, "true") + property(MessageProperties.PGROUP, group)
    const immunity = options?.checkImmunity === undefined
      ? settings.checkImmunity
      : secondsOf(options.checkImmunity)
    return immunity === undefined || message.properties[MessageProperties.CHECK_IMMUNITY_TIME] !== undefined
      ? text
      : text + property(MessageProperties.CHECK_IMMUNITY_TIME, String(immunity))
  }

  const notBegun = (
    topic: string,
    cause: Exclude<SendError, MessageValidationError>
  ): Effect.Effect<never, HalfMessageSendError> =>
    Effect.suspend(() => {
      meter.count("notBegun")
      return Effect.fail(new HalfMessageSendError({ group, topic, cause }))
    })

  /** Stored, but not so that local work may rely on it. */
  const unreliable = (out: Outgoing, { target }: ReceiptImpl, cause: BrokerError) =>
    notBegun(
      out.message.topic,
      new MessageSendError({
        topic: out.message.topic,
        group,
        brokerName: target.brokerName,
        address: target.address,
        queueId: target.queue.queueId,
        uniqueKey: out.uniqueKey,
        outcome: "Unknown",
        cause
      })
    )

  const weakness = (out: Outgoing, { status, target }: ReceiptImpl): BrokerError | undefined =>
    status === "SEND_OK" || env.acceptsWeak ? undefined : errorOf({
      address: target.address,
      brokerName: target.brokerName,
      topic: out.message.topic,
      queueId: target.queue.queueId,
      group,
      requestCode: out.code,
      responseCode: codeOf[status]
    })

  const opened = (
    out: Outgoing,
    receipt: ReceiptImpl,
    options: BeginOptions | undefined
  ): Effect.Effect<OpenTransaction, HalfMessageSendError> => {
    const place = MessageId.decodeOffsetId(receipt.offsetId)
    if (Either.isLeft(place)) {
      ledger.ended(out.uniqueKey, "Rollback", false)
      released()
      return unreliable(out, receipt, place.left)
    }
    const copy: Copy = {
      address: receipt.target.address,
      brokerName: receipt.target.brokerName,
      tranStateTableOffset: receipt.queueOffset,
      commitLogOffset: place.right.offset,
      fromCheck: false
    }
    const timeout = options?.transactionTimeout === undefined
      ? settings.transactionTimeout
      : Duration.toMillis(options.transactionTimeout)
    const transaction = new OpenTransaction(out, receipt, copy, timeout)
    ledger.opened(transaction)
    const weak = weakness(out, receipt)
    if (weak !== undefined) return Effect.zipRight(rolledBack(transaction), unreliable(out, receipt, weak))
    if (phase === "Over") {
      const cause = new ProducerShutdownError({ group, topic: transaction.topic, attempts: receipt.attempts })
      return Effect.zipRight(rolledBack(transaction), notBegun(transaction.topic, cause))
    }
    meter.count("begun")
    return Effect.succeed(transaction)
  }

  /** Sends the half message. A copy that may be stored without our knowing of it is rolled back when it is asked about. */
  const start = (
    restore: Restore,
    message: Message,
    options: BeginOptions | undefined
  ): Effect.Effect<OpenTransaction, MessageValidationError | HalfMessageSendError> =>
    Effect.suspend(() => {
      const delayed = delayProblem(message)
      if (delayed !== undefined) return Effect.fail(delayed)
      const refusal = sender.refusal(message.topic)
      if (refusal !== undefined) return notBegun(message.topic, refusal)
      const plain = engine.prepare(message, ownProperties(message, options))
      if (plain instanceof MessageValidationError) return Effect.fail(plain)
      const out: Outgoing = {
        ...plain,
        sysFlag: SysFlag.withTransactionType(plain.sysFlag, SysFlag.TRANSACTION_PREPARED_TYPE)
      }
      ledger.begin(out.uniqueKey)
      return Effect.matchCauseEffect(engine.submit(restore, out, options), {
        onSuccess: (receipt) => opened(out, receipt, options),
        onFailure: (cause): Effect.Effect<never, MessageValidationError | HalfMessageSendError> => {
          const failure = Cause.failureOrCause(cause)
          const isUnknown = Either.isRight(failure) || outcome(failure.left) === "Unknown"
          if (isUnknown) ledger.ended(out.uniqueKey, "Rollback", false)
          else ledger.forget(out.uniqueKey)
          released()
          if (Either.isRight(failure)) {
            meter.count("notBegun")
            return Effect.failCause(failure.right)
          }
          const error = failure.left
          return error._tag === "MessageValidationError" ? Effect.fail(error) : notBegun(message.topic, error)
        }
      })
    })

  // -----------------------------------------------------------------------------------------------------------------
  // the end
  // -----------------------------------------------------------------------------------------------------------------

  /**
   * Ends an open transaction, to its end, whoever waits for it. A refused end is remembered as well: the broker gets it
   * when it asks.
   */
  const finish = (
    transaction: OpenTransaction,
    state: "Commit" | "Rollback"
  ): Effect.Effect<EndOutcome, BrokerError> =>
    Effect.suspend(() => {
      transaction.phase = state === "Commit" ? "Committing" : "RollingBack"
      const ending = Effect.onExit(end(transaction, state), (exit) => {
        const result = Exit.isSuccess(exit) ? exit.value : undefined
        transaction.phase = state === "Commit" ? "Committed" : "RolledBack"
        ledger.ended(transaction.uniqueKey, state, result === "Acknowledged")
        released()
        if (result === "Acknowledged") {
          meter.count(state === "Commit" ? "committed" : "rolledBack")
          return Effect.void
        }
        meter.count(result === "Unknown" ? "unknownEnds" : "refusedEnds")
        return result === undefined ? Effect.void : Effect.logWarning(
          `${state} of transaction ${transaction.uniqueKey} (topic ${transaction.topic}, group ${group}) was not confirmed ` +
            `by ${transaction.copy.brokerName} (${transaction.copy.address}); it is settled when the broker asks`
        )
      })
      // waiting with a timeout forks, and what a caller forks ends with its interruption
      return Effect.flatMap(Effect.forkDaemon(Effect.uninterruptible(ending)), Fiber.join)
    })

  const aboutEnd = ({ copy, topic, uniqueKey }: OpenTransaction, cause: BrokerError) => ({
    group,
    topic,
    uniqueKey,
    brokerName: copy.brokerName,
    address: copy.address,
    cause
  })

  const committed = (transaction: OpenTransaction): Effect.Effect<EndOutcome, TransactionCommitError> =>
    Effect.mapError(
      finish(transaction, "Commit"),
      (cause) => new TransactionCommitError(aboutEnd(transaction, cause))
    )

  /** A failure of its own would hide why it is rolled back. */
  const rolledBack = (transaction: OpenTransaction): Effect.Effect<void> =>
    Effect.catchAll(
      finish(transaction, "Rollback"),
      (cause) => Effect.logWarning(new TransactionRollbackError(aboutEnd(transaction, cause)).message)
    )

  const left = (transaction: OpenTransaction): void => {
    transaction.phase = "LeftToCheck"
    ledger.forget(transaction.uniqueKey)
    meter.count("leftToCheck")
    released()
  }

  const expiryOf = (
    { timeout, topic, uniqueKey }: OpenTransaction,
    reason: TransactionTimeoutError["reason"],
    end: TransactionTimeoutError["end"] = "RolledBack"
  ): TransactionTimeoutError =>
    new TransactionTimeoutError({
      group,
      topic,
      uniqueKey,
      reason,
      end,
      timeout: reason === "Shutdown" ? shutdownTimeout : timeout ?? 0
    })

  const expire = (
    transaction: OpenTransaction,
    reason: TransactionTimeoutError["reason"]
  ): Effect.Effect<unknown> =>
    Effect.suspend((): Effect.Effect<unknown> => {
      if (transaction.phase !== "Open" || transaction.expired !== undefined) return Effect.void
      transaction.expired = reason
      if (transaction.fiber !== undefined) return Effect.forkIn(interruptGently(transaction.fiber), background)
      meter.count("timedOut")
      return Effect.zipRight(
        Effect.logWarning(expiryOf(transaction, reason).message),
        Effect.uninterruptible(rolledBack(transaction))
      )
    })

  // -----------------------------------------------------------------------------------------------------------------
  // around an effect
  // -----------------------------------------------------------------------------------------------------------------

  /** How the local work ended. Work that succeeds though its time was over has been done: it decides. */
  const ended = <A, E>(
    transaction: OpenTransaction,
    fiber: Fiber.RuntimeFiber<A, E>
  ): Effect.Effect<Exit.Exit<A, E>> => {
    const exit = Fiber.await(fiber)
    if (transaction.timeout === undefined) return exit
    return Effect.flatMap(Effect.timeoutOption(Effect.interruptible(exit), transaction.timeout), (found) => {
      if (Option.isSome(found)) return Effect.succeed(found.value)
      transaction.expired ??= "TransactionTimeout"
      return interruptGently(fiber)
    })
  }

  const failed = <E>(
    transaction: OpenTransaction,
    cause: Cause.Cause<E>,
    options: TransactionOptions<E> | undefined
  ): Effect.Effect<never, E | TransactionTimeoutError> =>
    Effect.suspend(() => {
      const reason = Cause.isInterruptedOnly(cause) ? transaction.expired : undefined
      if (reason !== undefined) meter.count("timedOut")
      const isUnclear = options?.onFailure?.(cause) === "Unknown"
      const failure: Effect.Effect<never, E | TransactionTimeoutError> = reason === undefined
        ? Effect.failCause(cause)
        : Effect.fail(expiryOf(transaction, reason, isUnclear ? "LeftToCheck" : "RolledBack"))
      if (!isUnclear) return Effect.zipRight(rolledBack(transaction), failure)
      left(transaction)
      return failure
    })

  const settled = Effect.fnUntraced(function*<A, E>(
    open: OpenTransaction,
    fiber: Fiber.RuntimeFiber<A, E>,
    options: TransactionOptions<E> | undefined
  ) {
    const exit = yield* ended(open, fiber)
    if (Exit.isFailure(exit)) return yield* failed(open, exit.cause, options)
    const result: TransactionResult<A> = { value: exit.value, receipt: open.receipt, end: yield* committed(open) }
    return result
  })

  const transaction: Transactions["transaction"] = <A, E, R>(
    message: Message,
    local: Effect.Effect<A, E, R> | ((half: SendReceipt) => Effect.Effect<A, E, R>),
    options?: TransactionOptions<E>
  ) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const open = yield* start(restore, message, options)
        const work = Effect.suspend(() => Effect.isEffect(local) ? local : local(open.receipt))
        // no children: those are interrupted with their parent, wherever they are. They are waited for below in any case
        const fiber = yield* Effect.forkDaemon(Effect.interruptible(work))
        open.fiber = fiber
        const settling = yield* Effect.forkDaemon(settled(open, fiber, options))
        const result = yield* Effect.matchCauseEffect(restore(Fiber.await(settling)), {
          onFailure: () => Effect.zipRight(Effect.forkDaemon(interruptGently(fiber)), Fiber.join(settling)),
          onSuccess: (exit) => exit
        })
        yield* Fiber.inheritAll(fiber)
        return result
      })
    )

  // -----------------------------------------------------------------------------------------------------------------
  // by hand
  // -----------------------------------------------------------------------------------------------------------------

  /** Does what is asked for, unless the transaction has ended. */
  const once = <A, E>(
    open: OpenTransaction,
    wanted: TransactionStateError["wanted"],
    effect: Effect.Effect<A, E>
  ): Effect.Effect<A, E | TransactionStateError | TransactionTimeoutError> =>
    Effect.uninterruptible(Effect.suspend((): Effect.Effect<A, E | TransactionStateError | TransactionTimeoutError> => {
      const { expired, phase, topic, uniqueKey } = open
      if (expired !== undefined) return Effect.fail(expiryOf(open, expired))
      return phase === "Open"
        ? effect
        : Effect.fail(new TransactionStateError({ group, topic, uniqueKey, state: phase, wanted }))
    }))

  const begin: Transactions["begin"] = (message, options) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const open = yield* start(restore, message, options)
        yield* Effect.addFinalizer(() => open.phase === "Open" ? rolledBack(open) : Effect.void)
        if (open.timeout !== undefined) {
          yield* Effect.forkScoped(
            Effect.interruptible(Effect.zipRight(Effect.sleep(open.timeout), expire(open, "TransactionTimeout")))
          )
        }
        return {
          message,
          receipt: open.receipt,
          commit: once(open, "commit", committed(open)),
          rollback: once(
            open,
            "rollback",
            Effect.mapError(
              finish(open, "Rollback"),
              (cause) => new TransactionRollbackError(aboutEnd(open, cause))
            )
          ),
          leaveToCheck: once(open, "leaveToCheck", Effect.sync(() => left(open)))
        }
      })
    )

  // -----------------------------------------------------------------------------------------------------------------

  const untilIdle = (timeout: number): Effect.Effect<unknown> =>
    Effect.suspend(() => ledger.isIdle ? Effect.void : Effect.timeoutOption(Effect.interruptible(idle.await), timeout))

  const drain = Effect.gen(function*() {
    phase = "Stopping"
    yield* untilIdle(shutdownTimeout)
    phase = "Over"
    if (ledger.running === 0) return
    yield* Effect.logWarning(`Producer of group ${group} stops and rolls back ${ledger.running} transactions`)
    yield* atOnce(ledger.all(), (open) => expire(open, "Shutdown"))
    yield* untilIdle(settings.endTimeout + shutdownTimeout)
    if (ledger.running > 0) {
      yield* Effect.logWarning(`${ledger.running} transactions of group ${group} cannot be interrupted`)
    }
  })

  return { transaction, begin, drain }
}
