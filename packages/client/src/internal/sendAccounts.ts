import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { UnknownSend } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import { outcome } from "../ProducerError.js"
import type { Attempt } from "../SendReceipt.js"
import { memberError, membersOf } from "./batches.js"
import type { Outgoing } from "./outgoing.js"
import type { SendMeters } from "./sendMeter.js"

/** @internal Books what became of messages that were not acknowledged. */
export interface SendAccounts {
  /** The send ended without a receipt. `attempts`: those that were made, also when its caller was interrupted. */
  readonly settle: (
    out: Outgoing,
    attempts: ReadonlyArray<Attempt>,
    cause: Cause.Cause<SendError>
  ) => Effect.Effect<void>
  /** From now on what stays unknown is also kept for the receipt of the stop. */
  readonly keep: () => void
  readonly kept: () => ReadonlyArray<UnknownSend>
}

/** @internal */
export const make = (env: {
  readonly meters: SendMeters
  readonly outbox: ((send: UnknownSend) => Effect.Effect<void>) | undefined
}): SendAccounts => {
  const { meters: { outcomes }, outbox } = env
  const kept: Array<UnknownSend> = []
  let isKeeping = false

  const settle: SendAccounts["settle"] = (out, attempts, cause) => {
    const { count } = out
    const failure = Cause.failureOrCause(cause)
    const error = Either.isLeft(failure) ? failure.left : undefined
    const isUnknown = error === undefined
      ? attempts.some((attempt) => attempt.outcome === "Unknown")
      : outcome(error) === "Unknown"
    if (!isUnknown) {
      outcomes[error === undefined && attempts.length === 0 ? "cancelled" : "refused"] += count
      return Effect.void
    }
    outcomes.unknown += count
    // nobody sees a half message without a commit: it need not be looked for
    if (SysFlag.transactionType(out.sysFlag) === SysFlag.TRANSACTION_PREPARED_TYPE) return Effect.void
    if (outbox === undefined && !isKeeping) return Effect.void
    const sends = membersOf(out).map(({ message, uniqueKey }): UnknownSend => ({
      message,
      uniqueKey,
      attempts,
      error: error === undefined || uniqueKey === out.uniqueKey ? error : memberError(error, uniqueKey)
    }))
    if (isKeeping) { for (const send of sends) kept.push(send) }
    return outbox === undefined ? Effect.void : Effect.forEach(sends, (send) =>
      Effect.catchAllCause(
        Effect.suspend(() => outbox(send)),
        (why) =>
          Effect.logError(`The outbox did not take message ${send.uniqueKey} of topic ${send.message.topic}`, why)
      ), { discard: true })
  }

  return {
    settle,
    keep: () => {
      isKeeping = true
    },
    kept: () => kept
  }
}
