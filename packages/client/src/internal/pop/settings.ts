/**
 * Options of a consumer that pops, checked and with their defaults.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { ConsumerConfigError, ConsumerValidationError } from "../../ConsumerError.js"
import * as MessageSelector from "../../MessageSelector.js"
import type { Options } from "../../PopConsumer.js"
import * as Subscription from "../../Subscription.js"
import { InvalidSelectorError, InvalidTopicError } from "../../SubscriptionError.js"
import * as OptionRules from "../optionRules.js"
import { byAttempt } from "./delays.js"

const MIB = 1024 * 1024

/** Everything that it goes by; times in milliseconds. */
export interface Settings {
  readonly group: string
  readonly subscriptions: ReadonlyMap<string, Subscription.Subscription>
  readonly concurrency: number
  readonly batchSize: number
  readonly popBatchSize: number
  readonly consumeFrom: "first" | "last"
  readonly invisibleTime: number
  readonly pollTime: number
  readonly maxCached: number
  readonly renew: boolean
  readonly maxDecompressedSize: number
  readonly maxReconsumeTimes: number
  readonly retryDelay: (message: MessageExt) => number
  readonly consumeTimeout: number
  readonly shutdownTimeout: number
}

/** What is wrong with options; see `make`. */
export type SettingsError = ConsumerConfigError | ConsumerValidationError | InvalidTopicError | InvalidSelectorError

const rules = { ...OptionRules.consumer, ...OptionRules.popConsumer }

/** A delay that is none is as good as none given: the message must come again. */
const delayOf = (given: Options["retryDelay"]) => (message: MessageExt): number => {
  if (given === undefined) return byAttempt(message)
  try {
    const delay = typeof given === "function" ? given(message) : given
    return rules.retryDelay.allows(delay) ? Duration.toMillis(delay) : byAttempt(message)
  } catch {
    return byAttempt(message)
  }
}

/** Checks options before anything is sent. `now` becomes the version of the subscriptions. */
export const make = (
  options: Options & { readonly batchSize?: number | undefined },
  now: number
): Either.Either<Settings, SettingsError> =>
  Either.gen(function*() {
    const { group } = options
    const groupProblem = Names.groupProblem(group)
    if (groupProblem !== undefined) {
      return yield* Either.left(new ConsumerValidationError({ group, reason: "InvalidGroup", problem: groupProblem }))
    }
    const checked = <A>(option: keyof Options | "batchSize", rule: OptionRules.Rule<A>, value: A) =>
      rule.allows(value) ? Either.right(value) : Either.left(
        new ConsumerConfigError({ group, option, value, problem: `must be ${rule.range}` })
      )
    const millis = (
      option: "invisibleTime" | "pollTime" | "consumeTimeout" | "shutdownTimeout",
      fallback: number
    ) => Either.map(checked(option, rules[option], options[option] ?? fallback), Duration.toMillis)

    const topics = Object.entries(options.subscriptions)
    if (topics.length === 0) {
      return yield* Either.left(
        new ConsumerValidationError({ group, reason: "NoSubscription", problem: "subscribes to nothing" })
      )
    }
    const subscriptions = new Map<string, Subscription.Subscription>()
    for (const [topic, selector] of topics) {
      const topicProblem = Names.topicProblem(topic) ??
        (Names.isRetryTopic(topic) ? "is a retry topic, which is received with its own topic" : undefined)
      if (topicProblem !== undefined) {
        return yield* Either.left(new InvalidTopicError({ group, topic, problem: topicProblem }))
      }
      const problem = MessageSelector.problem(selector)
      if (problem !== undefined) {
        return yield* Either.left(
          new InvalidSelectorError({ group, topic, selector: `"${MessageSelector.expression(selector)}"`, problem })
        )
      }
      subscriptions.set(topic, Subscription.make(topic, selector, now))
    }
    if (options.retryDelay !== undefined && typeof options.retryDelay !== "function") {
      yield* checked("retryDelay", rules.retryDelay, options.retryDelay)
    }
    return {
      group,
      subscriptions,
      concurrency: yield* checked("concurrency", rules.concurrency, options.concurrency ?? 64),
      batchSize: yield* checked("batchSize", rules.popBatchSize, options.batchSize ?? 1),
      popBatchSize: yield* checked("popBatchSize", rules.popBatchSize, options.popBatchSize ?? 32),
      consumeFrom: yield* checked("consumeFrom", rules.consumeFromPop, options.consumeFrom ?? "last"),
      invisibleTime: yield* millis("invisibleTime", 60_000),
      pollTime: yield* millis("pollTime", 15_000),
      maxCached: yield* checked("maxCached", rules.maxCached, options.maxCached ?? 256),
      renew: options.renew ?? true,
      maxDecompressedSize: yield* checked(
        "maxDecompressedSize",
        rules.maxDecompressedSize,
        options.maxDecompressedSize ?? 32 * MIB
      ),
      maxReconsumeTimes: yield* checked("maxReconsumeTimes", rules.maxReconsumeTimes, options.maxReconsumeTimes ?? 16),
      retryDelay: delayOf(options.retryDelay),
      consumeTimeout: yield* millis("consumeTimeout", 15 * 60_000),
      shutdownTimeout: yield* millis("shutdownTimeout", 10_000)
    }
  })
