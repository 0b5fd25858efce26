import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { BrokerError } from "../BrokerError.js"
import * as BrokerErrors from "../BrokerError.js"
import type { NameServer } from "../NameServer.js"
import type { EndOutcome } from "../TransactionProducer.js"
import type { Engine } from "./producerEngine.js"
import { grace } from "./sendPolicy.js"
import type { OpenTransaction } from "./transactionLedger.js"

/** @internal Tells a broker how a transaction ended. Fails when the broker refuses it. */
export type End = (
  transaction: OpenTransaction,
  state: "Commit" | "Rollback"
) => Effect.Effect<EndOutcome, BrokerError>

/** The first pause before a refused end is repeated, and the longest, in milliseconds. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 1000

/** With a time of its own before the first check, a broker takes no end after it, but asks. */
const isPutOff = (error: BrokerError): boolean =>
  error._tag === "TransactionFailedError" && error.responseCode === ResponseCode.ILLEGAL_OPERATION

/**
 * What was surely not done may be repeated. What may have been done may not: a broker that is told twice to commit
 * delivers twice.
 *
 * @internal
 */
export const make = (engine: Engine, nameServer: NameServer["Type"], endTimeout: number): End => {
  const { broker, clock, settings: { attemptTimeout, group }, topics } = engine
  const now = (): number => clock.unsafeCurrentTimeMillis()

  return Effect.fnUntraced(function*(transaction: OpenTransaction, state: "Commit" | "Rollback") {
    const { copy, receipt, topic, uniqueKey } = transaction
    const { brokerName, commitLogOffset, fromCheck, tranStateTableOffset } = copy
    const transactionId = receipt.transactionId ?? uniqueKey
    const deadline = now() + endTimeout
    let address = copy.address
    let pause = FIRST_PAUSE
    while (true) {
      const left = deadline - now()
      const request = broker.endTransaction(address, {
        group,
        topic,
        brokerName,
        transactionId,
        msgId: uniqueKey,
        tranStateTableOffset,
        commitLogOffset,
        state,
        fromCheck
      }, Math.min(attemptTimeout, left))
      // opening a connection has a timeout of its own, which may be longer than what is left
      const answered = yield* Effect.timeoutOption(Effect.interruptible(Effect.either(request)), left + grace)
      if (Option.isNone(answered)) return "Unknown"
      if (Either.isRight(answered.value)) return "Acknowledged"
      const error = answered.value.left
      if (isPutOff(error) || BrokerErrors.outcome(error) === "Unknown") return "Unknown"
      if (!error.retryable || now() + pause >= deadline) {
        // a broker that could not be reached has refused nothing
        return BrokerErrors.isBrokerAnswerError(error) ? yield* error : "Unknown"
      }
      const known = topics.get(topic)
      if (known !== undefined) yield* topics.refreshSoon(known)
      yield* Effect.sleep(pause)
      pause = Math.min(pause * 2, LONGEST_PAUSE)
      // another one may have become the master meanwhile
      address = nameServer.brokerAddress(brokerName) ?? address
    }
  })
}
