/**
 * Options of a consumer, checked and with their defaults.
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as AllocationStrategy from "../../AllocationStrategy.js"
import type { MessageModel, Options, OrderlyTuning, StartPosition, TopicBudget } from "../../Consumer.js"
import { ConsumerConfigError, ConsumerValidationError } from "../../ConsumerError.js"
import type { OffsetRegression } from "../../ConsumerEvent.js"
import * as MessageSelector from "../../MessageSelector.js"
import * as Subscription from "../../Subscription.js"
import type { InvalidSelectorError, InvalidTopicError } from "../../SubscriptionError.js"
import * as SubscriptionManager from "../../SubscriptionManager.js"
import * as OptionRules from "../optionRules.js"
import type { RetryDelay } from "./retry.js"

const MIB = 1024 * 1024

/** Of attempts: in order, one after the other waits for the first. */
const UNLIMITED = 0x7fffffff

/** What a consumer in order goes by besides. */
export interface Orderly {
  /** In milliseconds. */
  readonly suspendTime: number
  readonly autoCommit: boolean
  readonly orderBy: OrderlyTuning["orderBy"]
}

/** Everything that a consumer goes by; times in milliseconds. */
export interface Settings {
  readonly group: string
  readonly retryTopic: string
  /** By topic, the retry topic included. */
  readonly subscriptions: ReadonlyMap<string, Subscription.Subscription>
  readonly concurrency: number
  readonly batchSize: number
  readonly pullBatchSize: number
  readonly maxSubscriptions: number
  readonly strictGroup: boolean
  readonly consumeFrom: StartPosition
  readonly limits: { readonly count: number; readonly bytes: number; readonly span: number }
  readonly maxCachedBytes: number
  /** What all queues of a topic may keep together; `undefined`: no limit of its own. */
  readonly topicLimits: (topic: string) => TopicBudget | undefined
  /** Messages handed out per second; Infinity: any. */
  readonly rate: number
  readonly maxDecompressedSize: number
  readonly maxReconsumeTimes: number
  readonly retryDelay: RetryDelay
  /** `undefined`: messages are handled in no order. */
  readonly orderly: Orderly | undefined
  readonly consumeTimeout: number
  readonly stallAfter: number
  readonly watchInterval: number
  readonly lagMetrics: boolean
  readonly persistInterval: number
  readonly rebalanceInterval: number
  readonly shutdownTimeout: number
  readonly suspendTimeout: number
  readonly messageModel: MessageModel
  readonly onOffsetRegression: OffsetRegression
  readonly allocationStrategy: AllocationStrategy.AllocationStrategy
}

/** What is wrong with options; see `make`. */
export type SettingsError = ConsumerConfigError | ConsumerValidationError | InvalidTopicError | InvalidSelectorError

const rules = OptionRules.consumer

/** A topic and a selector, checked. `now` becomes its version. */
export const subscriptionOf = (
  group: string,
  topic: string,
  selector: MessageSelector.MessageSelector,
  now: number
): Either.Either<Subscription.Subscription, InvalidTopicError | InvalidSelectorError> =>
  Either.map(
    SubscriptionManager.validate(group, topic, selector),
    () => Subscription.make(topic, selector, now)
  )

/**
 * Checks options before anything is sent. `now` becomes the version of the subscriptions. A consumer that is polled
 * subscribes later, and has no retry topic.
 */
export const make = (
  options: Options & OrderlyTuning & { readonly batchSize?: number | undefined },
  now: number,
  kind: "push" | "orderly" | "pull" = "push"
): Either.Either<Settings, SettingsError> =>
  Either.gen(function*() {
    const group = options.group
    const groupProblem = Names.groupProblem(group)
    if (groupProblem !== undefined) {
      return yield* Either.left(
        new ConsumerValidationError({ group, reason: "InvalidGroup", problem: groupProblem })
      )
    }
    const checked = <A>(
      option: keyof Options | keyof OrderlyTuning | "batchSize",
      rule: OptionRules.Rule<A>,
      value: A
    ) =>
      rule.allows(value) ? Either.right(value) : Either.left(
        new ConsumerConfigError({ group, option, value, problem: `must be ${rule.range}` })
      )
    const millis = (
      option:
        | "suspendTime"
        | "consumeTimeout"
        | "stallAfter"
        | "watchInterval"
        | "persistInterval"
        | "rebalanceInterval"
        | "shutdownTimeout"
        | "suspendTimeout",
      value: Duration.DurationInput | undefined,
      fallback: number
    ) => Either.map(checked(option, rules[option], value ?? fallback), Duration.toMillis)

    const topics = Object.entries(options.subscriptions)
    if (topics.length === 0 && kind !== "pull") {
      return yield* Either.left(
        new ConsumerValidationError({ group, reason: "NoSubscription", problem: "subscribes to nothing" })
      )
    }
    const retryTopic = Names.retryTopic(group)
    const subscriptions = new Map<string, Subscription.Subscription>()
    for (const [topic, selector] of topics) {
      subscriptions.set(topic, yield* subscriptionOf(group, topic, selector, now))
    }
    const messageModel = yield* checked("messageModel", rules.messageModel, options.messageModel ?? "clustering")
    // brokers have no second delivery for one member alone
    if (kind !== "pull" && messageModel === "clustering") {
      subscriptions.set(retryTopic, Subscription.make(retryTopic, MessageSelector.all, now))
    }

    const budgets = new Map<string, TopicBudget>()
    const budgetOf = (option: "topicBudgets" | undefined, budget: TopicBudget) =>
      Either.gen(function*() {
        for (const [part, value] of [["Count", budget.count], ["Bytes", budget.bytes]] as const) {
          const rule = rules[`topicThreshold${part}`]
          if (value !== undefined) yield* checked(option ?? `topicThreshold${part}`, rule, value)
        }
        return budget
      })
    const anyTopic = yield* budgetOf(undefined, {
      count: options.topicThresholdCount,
      bytes: options.topicThresholdBytes
    })
    for (const [topic, budget] of Object.entries(options.topicBudgets ?? {})) {
      const { bytes, count } = yield* budgetOf("topicBudgets", budget)
      budgets.set(topic, { count: count ?? anyTopic.count, bytes: bytes ?? anyTopic.bytes })
    }

    const level = options.retryDelayLevel ?? 0
    if (typeof level === "number") yield* checked("retryDelayLevel", rules.retryDelayLevel, level)
    const consumeFrom = options.consumeFrom ?? "last"
    if (typeof consumeFrom === "object") {
      yield* checked("consumeFrom", rules.consumeFromTimestamp, consumeFrom.timestamp)
    } else yield* checked("consumeFrom", rules.consumeFrom, consumeFrom)

    return {
      group,
      retryTopic,
      subscriptions,
      concurrency: yield* checked("concurrency", rules.concurrency, options.concurrency ?? 64),
      batchSize: yield* checked("batchSize", rules.batchSize, options.batchSize ?? 1),
      strictGroup: options.strictGroup ?? false,
      maxSubscriptions: yield* checked("maxSubscriptions", rules.maxSubscriptions, options.maxSubscriptions ?? 1000),
      pullBatchSize: yield* checked("pullBatchSize", rules.pullBatchSize, options.pullBatchSize ?? 32),
      consumeFrom,
      limits: {
        count: yield* checked("pullThresholdCount", rules.pullThresholdCount, options.pullThresholdCount ?? 1000),
        bytes: yield* checked("pullThresholdBytes", rules.pullThresholdBytes, options.pullThresholdBytes ?? 100 * MIB),
        span: yield* checked("offsetSpan", rules.offsetSpan, options.offsetSpan ?? 2000)
      },
      maxCachedBytes: yield* checked("maxCachedBytes", rules.maxCachedBytes, options.maxCachedBytes ?? 256 * MIB),
      topicLimits: (topic) => budgets.get(topic) ?? anyTopic,
      rate: yield* checked("rate", rules.rate, options.rate ?? Infinity),
      maxDecompressedSize: yield* checked(
        "maxDecompressedSize",
        rules.maxDecompressedSize,
        options.maxDecompressedSize ?? 32 * MIB
      ),
      maxReconsumeTimes: yield* checked(
        "maxReconsumeTimes",
        rules.maxReconsumeTimes,
        options.maxReconsumeTimes ?? (kind === "orderly" ? UNLIMITED : 16)
      ),
      retryDelay: typeof level === "number" ? () => level : level,
      orderly: kind !== "orderly" ? undefined : {
        suspendTime: yield* millis("suspendTime", options.suspendTime, 1_000),
        autoCommit: options.autoCommit ?? true,
        orderBy: options.orderBy
      },
      consumeTimeout: yield* millis("consumeTimeout", options.consumeTimeout, 15 * 60_000),
      stallAfter: yield* millis("stallAfter", options.stallAfter, 30_000),
      watchInterval: yield* millis("watchInterval", options.watchInterval, 5_000),
      lagMetrics: options.lagMetrics ?? false,
      persistInterval: yield* millis("persistInterval", options.persistInterval, 5_000),
      rebalanceInterval: yield* millis("rebalanceInterval", options.rebalanceInterval, 20_000),
      shutdownTimeout: yield* millis("shutdownTimeout", options.shutdownTimeout, 10_000),
      suspendTimeout: yield* millis("suspendTimeout", options.suspendTimeout, 15_000),
      messageModel,
      onOffsetRegression: yield* checked(
        "onOffsetRegression",
        rules.onOffsetRegression,
        options.onOffsetRegression ?? "follow"
      ),
      allocationStrategy: options.allocationStrategy ?? AllocationStrategy.average
    }
  })
