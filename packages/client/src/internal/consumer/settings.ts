/**
 * Options of a consumer, checked and with their defaults.
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as AllocationStrategy from "../../AllocationStrategy.js"
import type { Options, StartPosition } from "../../Consumer.js"
import { ConsumerConfigError, ConsumerValidationError } from "../../ConsumerError.js"
import * as MessageSelector from "../../MessageSelector.js"
import * as Subscription from "../../Subscription.js"
import { InvalidSelectorError, InvalidTopicError } from "../../SubscriptionError.js"
import type { RetryDelay } from "./retry.js"

const MIB = 1024 * 1024

/** Everything that a consumer goes by; times in milliseconds. */
export interface Settings {
  readonly group: string
  readonly retryTopic: string
  /** By topic, the retry topic included. */
  readonly subscriptions: ReadonlyMap<string, Subscription.Subscription>
  readonly concurrency: number
  readonly batchSize: number
  readonly pullBatchSize: number
  readonly consumeFrom: StartPosition
  readonly limits: { readonly count: number; readonly bytes: number; readonly span: number }
  readonly maxCachedBytes: number
  readonly maxDecompressedSize: number
  readonly maxReconsumeTimes: number
  readonly retryDelay: RetryDelay
  readonly consumeTimeout: number
  readonly persistInterval: number
  readonly rebalanceInterval: number
  readonly shutdownTimeout: number
  readonly suspendTimeout: number
  readonly allocationStrategy: AllocationStrategy.AllocationStrategy
}

/** What is wrong with options; see `make`. */
export type SettingsError = ConsumerConfigError | ConsumerValidationError | InvalidTopicError | InvalidSelectorError

/** Brokers hold at most this many delay levels by default. */
const MAX_DELAY_LEVEL = 18

/** As Java's limit of a batch for one handler call. */
const MAX_BATCH = 1024

/** Checks options before anything is sent. `now` becomes the version of the subscriptions. */
export const make = (
  options: Options & { readonly batchSize?: number | undefined },
  now: number
): Either.Either<Settings, SettingsError> =>
  Either.gen(function*() {
    const group = options.group
    const groupProblem = Names.groupProblem(group)
    if (groupProblem !== undefined) {
      return yield* Either.left(
        new ConsumerValidationError({ group, reason: "InvalidGroup", problem: groupProblem })
      )
    }
    const integer = (option: keyof Options | "batchSize", value: number, min: number, max: number) =>
      Number.isInteger(value) && value >= min && value <= max ? Either.right(value) : Either.left(
        new ConsumerConfigError({
          group,
          option,
          value,
          problem: `must be a whole number from ${min} to ${max}`
        })
      )
    const millis = (
      option: keyof Options,
      value: Duration.DurationInput | undefined,
      fallback: number,
      min: number
    ) => {
      if (value === undefined) return Either.right(fallback)
      const duration = Duration.decodeUnknown(value)
      const found = duration._tag === "Some" ? Duration.toMillis(duration.value) : NaN
      return found >= min && Number.isFinite(found) ? Either.right(found) : Either.left(
        new ConsumerConfigError({ group, option, value, problem: `must be a finite duration of at least ${min} ms` })
      )
    }

    const topics = Object.entries(options.subscriptions)
    if (topics.length === 0) {
      return yield* Either.left(
        new ConsumerValidationError({ group, reason: "NoSubscription", problem: "subscribes to nothing" })
      )
    }
    const retryTopic = Names.retryTopic(group)
    const subscriptions = new Map<string, Subscription.Subscription>()
    for (const [topic, selector] of topics) {
      const topicProblem = Names.topicProblem(topic) ??
        (topic === retryTopic ? "is the group's own retry topic, which it receives anyway" : undefined)
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
    subscriptions.set(retryTopic, Subscription.make(retryTopic, MessageSelector.all, now))

    const level = options.retryDelayLevel ?? 0
    if (typeof level === "number") yield* integer("retryDelayLevel", level, 0, MAX_DELAY_LEVEL)
    const consumeFrom = options.consumeFrom ?? "last"
    if (typeof consumeFrom === "object") {
      yield* integer("consumeFrom", consumeFrom.timestamp, 0, Number.MAX_SAFE_INTEGER)
    }

    return {
      group,
      retryTopic,
      subscriptions,
      concurrency: yield* integer("concurrency", options.concurrency ?? 64, 1, 65536),
      batchSize: yield* integer("batchSize", options.batchSize ?? 1, 1, MAX_BATCH),
      pullBatchSize: yield* integer("pullBatchSize", options.pullBatchSize ?? 32, 1, 1024),
      consumeFrom,
      limits: {
        count: yield* integer("pullThresholdCount", options.pullThresholdCount ?? 1000, 1, 65535),
        bytes: yield* integer("pullThresholdBytes", options.pullThresholdBytes ?? 100 * MIB, 1, 1024 * MIB),
        span: yield* integer("offsetSpan", options.offsetSpan ?? 2000, 1, 65535)
      },
      maxCachedBytes: yield* integer(
        "maxCachedBytes",
        options.maxCachedBytes ?? 256 * MIB,
        1,
        Number.MAX_SAFE_INTEGER
      ),
      maxDecompressedSize: yield* integer(
        "maxDecompressedSize",
        options.maxDecompressedSize ?? 32 * MIB,
        1,
        1024 * MIB
      ),
      maxReconsumeTimes: yield* integer("maxReconsumeTimes", options.maxReconsumeTimes ?? 16, 0, 0x7fffffff),
      retryDelay: typeof level === "number" ? () => level : level,
      consumeTimeout: yield* millis("consumeTimeout", options.consumeTimeout, 15 * 60_000, 1),
      persistInterval: yield* millis("persistInterval", options.persistInterval, 5_000, 10),
      rebalanceInterval: yield* millis("rebalanceInterval", options.rebalanceInterval, 20_000, 100),
      shutdownTimeout: yield* millis("shutdownTimeout", options.shutdownTimeout, 10_000, 0),
      suspendTimeout: yield* millis("suspendTimeout", options.suspendTimeout, 15_000, 0),
      allocationStrategy: options.allocationStrategy ?? AllocationStrategy.average
    }
  })
