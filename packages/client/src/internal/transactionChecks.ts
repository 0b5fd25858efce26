import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { TransactionCheck } from "../Client.js"
import type { Compression } from "../Compression.js"
import { TransactionCheckError } from "../TransactionError.js"
import type { TransactionState } from "../TransactionProducer.js"
import type { Engine } from "./producerEngine.js"
import type { Ledger } from "./transactionLedger.js"
import type { TransactionMeter } from "./transactionMeter.js"

/** @internal Answers brokers that ask about transactions. */
export interface Checks {
  readonly handle: (check: TransactionCheck) => Effect.Effect<void>
  /** Asks nobody any more, and waits until what is in hand is answered. */
  readonly drain: Effect.Effect<void>
}

/** More than these do not wait for their turn: the broker asks again. */
const MOST_IN_HAND = 2000

/** Largest body that is inflated for a check, in bytes: what a consumer takes by default. */
const MAX_INFLATED = 32 * 1024 * 1024

/** Clocks of producers and brokers differ by less than this, in milliseconds. */
const CLOCK_SKEW = 10 * 60_000

/** @internal `check` needs nothing more, and may fail in any way. */
export const make = (env: {
  readonly engine: Engine
  readonly compression: Compression["Type"]
  readonly ledger: Ledger
  readonly meter: TransactionMeter
  readonly check: (message: MessageExt.MessageExt) => Effect.Effect<TransactionState, unknown>
  readonly concurrency: number
  readonly timeout: number
  readonly onError: ((error: TransactionCheckError) => Effect.Effect<void>) | undefined
}): Checks => {
  const { compression, engine: { broker, settings }, ledger, meter } = env
  const { attemptTimeout, group, shutdownTimeout } = settings
  const turns = Effect.unsafeMakeSemaphore(env.concurrency)
  /** The latest question about each transaction whose check runs or waits. */
  const inHand = new Map<string, TransactionCheck>()
  const idle = Effect.unsafeMakeLatch(false)
  const closed = Effect.unsafeMakeLatch(false)
  let isClosing = false
  let isClosed = false

  const keyOf = ({ message, msgId }: TransactionCheck): string => message.uniqueKey ?? msgId ?? message.offsetId

  // -----------------------------------------------------------------------------------------------------------------
  // the question
  // -----------------------------------------------------------------------------------------------------------------

  const inflated = (message: MessageExt.MessageExt): Effect.Effect<MessageExt.MessageExt, unknown> => {
    if (!SysFlag.isCompressed(message.sysFlag)) return Effect.succeed(message)
    const type = CompressionType.fromSysFlag(message.sysFlag)
    if (type === undefined) return Effect.fail(new Error("it is compressed in an unknown format"))
    return Effect.map(
      compression.decompress(type, message.body, MAX_INFLATED),
      (body) => MessageExt.update(message, { body, sysFlag: SysFlag.withoutCompressed(message.sysFlag) })
    )
  }

  const failed = (
    { address, message }: TransactionCheck,
    key: string,
    reason: TransactionCheckError["reason"],
    cause: unknown
  ) => new TransactionCheckError({ group, topic: message.topic, uniqueKey: key, address, reason, cause })

  const report = (error: TransactionCheckError): Effect.Effect<void> => {
    meter.count("checkFailures")
    const told = error.reason === "Died"
      ? Effect.logWarning(error.message, Cause.die(error.cause))
      : Effect.logWarning(error.message)
    return env.onError === undefined ? told : Effect.zipRight(
      told,
      Effect.catchAllCause(env.onError(error), (cause) => Effect.logError("onCheckError failed", cause))
    )
  }

  const judge = (question: TransactionCheck, key: string): Effect.Effect<TransactionState, TransactionCheckError> =>
    Effect.matchEffect(inflated(question.message), {
      onFailure: (cause) => Effect.fail(failed(question, key, "Unreadable", cause)),
      onSuccess: (message) =>
        Effect.suspend(() => env.check(message)).pipe(
          Effect.catchAllCause((cause) => {
            const failure = Cause.failureOrCause(cause)
            return Effect.fail(
              Either.isLeft(failure)
                ? failed(question, key, "Failed", failure.left)
                : failed(question, key, "Died", Cause.squash(failure.right))
            )
          }),
          Effect.timeoutFail({
            duration: env.timeout,
            onTimeout: () => failed(question, key, "TimedOut", env.timeout)
          })
        )
    })

  const asked = (question: TransactionCheck, key: string): Effect.Effect<TransactionState> =>
    judge(question, key).pipe(
      Effect.catchAll((error) => Effect.as(report(error), "Unknown" as const)),
      Effect.raceFirst(Effect.as(closed.await, "Unknown" as const))
    )

  // -----------------------------------------------------------------------------------------------------------------
  // the answer
  // -----------------------------------------------------------------------------------------------------------------

  /**
   * Whether an earlier commit was done: its acknowledgement got lost, or the broker asked before it took note of it. A
   * broker that is told once more delivers once more. When it cannot be known, better twice than never.
   */
  const isDelivered = ({ address, message }: TransactionCheck, key: string): Effect.Effect<boolean> =>
    broker.queryMessage(address, {
      topic: message.topic,
      key,
      unique: true,
      maxCount: 1,
      begin: Math.max(0, message.bornTimestamp - CLOCK_SKEW),
      end: Number.MAX_SAFE_INTEGER
    }).pipe(
      Effect.map((found) => found.length > 0),
      Effect.catchAll((error) =>
        Effect.as(Effect.logDebug(`Whether message ${key} is delivered could not be asked: ${error.message}`), false)
      )
    )

  /** Gives whether the broker has taken it. */
  const end = (question: TransactionCheck, key: string, state: TransactionState): Effect.Effect<boolean> =>
    broker.endTransaction(question.address, {
      group,
      topic: question.message.topic,
      brokerName: question.brokerName ?? question.message.brokerName,
      transactionId: question.transactionId ?? key,
      msgId: key,
      tranStateTableOffset: question.tranStateTableOffset,
      commitLogOffset: question.commitLogOffset,
      state,
      fromCheck: true
    }, attemptTimeout).pipe(
      Effect.as(true),
      // not repeated: if the answer did not arrive, the broker asks again
      Effect.catchAll((error) =>
        Effect.as(
          Effect.logWarning(
            `The answer ${state} about transaction ${key} (topic ${question.message.topic}, group ${group}) was not taken: ` +
              error.message
          ),
          false
        )
      )
    )

  const answer = (question: TransactionCheck, key: string, state: TransactionState): Effect.Effect<boolean> => {
    meter.answered(state)
    if (state !== "Commit") return end(question, key, state)
    return Effect.flatMap(isDelivered(question, key), (delivered) => {
      if (!delivered) return end(question, key, state)
      meter.count("alreadyDelivered")
      return end(question, key, "Rollback")
    })
  }

  // -----------------------------------------------------------------------------------------------------------------

  const release = (key: string): Effect.Effect<void> =>
    Effect.sync(() => {
      inHand.delete(key)
      if (isClosing && inHand.size === 0) idle.unsafeOpen()
    })

  const handle = (question: TransactionCheck): Effect.Effect<void> =>
    Effect.suspend(() => {
      const key = keyOf(question)
      const known = ledger.answerTo(key, question)
      if (known !== undefined) return Effect.asVoid(answer(question, key, known))
      if (isClosed) return Effect.logDebug(`Producer of group ${group} has stopped: ${key} is asked about again`)
      // a broker that asks again has stored the half message anew: only the latest copy can still be ended
      const repeated = inHand.has(key)
      if (!repeated && inHand.size >= MOST_IN_HAND) {
        meter.count("checksDropped")
        return Effect.logWarning(
          `${inHand.size} checks of group ${group} wait for their turn: the one of ${key} is left to the broker's next`
        )
      }
      inHand.set(key, question)
      if (repeated) return Effect.void
      return asked(question, key).pipe(
        turns.withPermits(1),
        Effect.flatMap((state) =>
          Effect.map(Effect.suspend(() => answer(inHand.get(key) ?? question, key, state)), (taken) => {
            // brokers note ends late, and ask once more meanwhile
            if (taken && state !== "Unknown") ledger.ended(key, state, true)
          })
        ),
        Effect.ensuring(release(key))
      )
    })

  const drain = Effect.gen(function*() {
    isClosing = true
    if (inHand.size > 0) yield* Effect.timeoutOption(Effect.interruptible(idle.await), shutdownTimeout)
    isClosed = true
    if (inHand.size === 0) return
    yield* Effect.logWarning(`Producer of group ${group} stops while ${inHand.size} checks have no result`)
    closed.unsafeOpen()
    yield* Effect.timeoutOption(Effect.interruptible(idle.await), attemptTimeout)
  })

  return { handle, drain }
}
