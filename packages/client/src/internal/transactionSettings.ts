import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ProducerStartError } from "../ProducerError.js"
import type { Options } from "../TransactionProducer.js"
import type { Rule } from "./optionRules.js"
import * as OptionRules from "./optionRules.js"

/** @internal Options with their defaults; times in milliseconds. */
export interface TransactionSettings {
  readonly checkConcurrency: number
  readonly checkTimeout: number
  readonly transactionTimeout: number | undefined
  /** Seconds, as brokers are told. */
  readonly checkImmunity: number | undefined
  readonly endTimeout: number
}

type Own = "checkConcurrency" | "checkTimeout" | "transactionTimeout" | "checkImmunity" | "endTimeout"

const rules = OptionRules.transaction

/** @internal Brokers count this time in seconds. */
export const secondsOf = (immunity: Duration.DurationInput): number => Math.ceil(Duration.toSeconds(immunity))

/** @internal Checks the options that transactions cannot work with. */
export const settingsOf = (
  options: Pick<Options, "group" | Own>
): Effect.Effect<TransactionSettings, ProducerStartError> =>
  Effect.suspend(() => {
    const { checkConcurrency, checkImmunity, checkTimeout, endTimeout, group, transactionTimeout } = options
    const check = <A>(rule: Rule<A>, value: A | undefined): string | undefined =>
      value === undefined ? undefined : OptionRules.problem(rule, value)
    const problems: ReadonlyArray<readonly [option: Own, problem: string | undefined]> = [
      ["checkConcurrency", check(rules.checkConcurrency, checkConcurrency)],
      ["checkTimeout", check(rules.checkTimeout, checkTimeout)],
      ["transactionTimeout", check(rules.transactionTimeout, transactionTimeout)],
      ["checkImmunity", check(rules.checkImmunity, checkImmunity)],
      ["endTimeout", check(rules.endTimeout, endTimeout)]
    ]
    for (const [option, problem] of problems) {
      if (problem !== undefined) return Effect.fail(new ProducerStartError({ group, option, problem }))
    }
    return Effect.succeed({
      checkConcurrency: checkConcurrency ?? 16,
      checkTimeout: Duration.toMillis(checkTimeout ?? "6 seconds"),
      transactionTimeout: transactionTimeout === undefined ? undefined : Duration.toMillis(transactionTimeout),
      checkImmunity: checkImmunity === undefined ? undefined : secondsOf(checkImmunity),
      endTimeout: Duration.toMillis(endTimeout ?? "5 seconds")
    })
  })

const variable = OptionRules.variables("ROCKETMQ", "TRANSACTION")

/** @internal What transactions add to the variables of a producer. */
export const config: Config.Config<Pick<Options, Own>> = Config.all({
  checkConcurrency: variable("CHECK_CONCURRENCY", rules.checkConcurrency),
  checkTimeout: variable("CHECK_TIMEOUT", rules.checkTimeout),
  transactionTimeout: variable("TIMEOUT", rules.transactionTimeout),
  checkImmunity: variable("CHECK_IMMUNITY", rules.checkImmunity),
  endTimeout: variable("END_TIMEOUT", rules.endTimeout)
})
