import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CompressionType } from "../Compression.js"
import type * as FaultTolerance from "../FaultTolerance.js"
import * as MessageQueueSelector from "../MessageQueueSelector.js"
import type { Options } from "../Producer.js"
import { ProducerStartError } from "../ProducerError.js"
import type { RetryPolicy } from "../RetryPolicy.js"
import type { Rule } from "./optionRules.js"
import * as OptionRules from "./optionRules.js"

/** @internal Options with their defaults; times in milliseconds. */
export interface Settings {
  readonly group: string
  readonly sendTimeout: number
  readonly attemptTimeout: number
  readonly retries: number
  readonly retryPolicy: RetryPolicy
  readonly whenNotStoreOk: "accept" | "retry" | "fail"
  readonly maxMessageSize: number
  readonly compression:
    | { readonly type: CompressionType; readonly threshold: number; readonly level: number }
    | undefined
  readonly selector: MessageQueueSelector.MessageQueueSelector
  readonly defaultTopicQueueNums: number
  readonly faultTolerance: FaultTolerance.Options | false | undefined
  readonly autoBatch: { readonly linger: number; readonly maxBytes: number; readonly maxCount: number } | undefined
  readonly onewayWindow: number | undefined
  readonly outbox: Options["outbox"]
  readonly shutdownTimeout: number
  readonly onStop: Options["onStop"]
}

/** @internal */
export const defaultMaxMessageSize = 4 * 1024 * 1024

/** Half of the 200 ms that a broker lets messages wait, for one that takes 20,000 a second. */
const ONEWAY_WINDOW = 2048

/** What is wrong with an option, if it was given. */
const check = <A>(option: string, rule: Rule<A>, value: A | undefined): readonly [string, string | undefined] => [
  option,
  value === undefined ? undefined : OptionRules.problem(rule, value)
]

/** The rules that options break, the first of them first. */
const problems = (options: Options): ReadonlyArray<readonly [option: string, problem: string | undefined]> => {
  const rules = OptionRules.producer
  const { autoBatch, compression, faultTolerance } = options
  const packed = compression === false ? undefined : compression
  const batch = typeof autoBatch === "boolean" ? undefined : autoBatch
  const faults = faultTolerance === false ? undefined : faultTolerance
  const largest = options.maxMessageSize ?? defaultMaxMessageSize
  return [
    check("group", rules.group, options.group),
    check("sendTimeout", rules.sendTimeout, options.sendTimeout),
    check("attemptTimeout", rules.attemptTimeout, options.attemptTimeout),
    check("retries", rules.retries, options.retries === Infinity ? undefined : options.retries),
    check("whenNotStoreOk", rules.whenNotStoreOk, options.whenNotStoreOk),
    check("maxMessageSize", rules.maxMessageSize, options.maxMessageSize),
    check("compression.type", rules.compression, packed?.type),
    check("compression.threshold", rules.compressionThreshold, packed?.threshold),
    check("compression.level", rules.compressionLevel, packed?.level),
    check("defaultTopicQueueNums", rules.defaultTopicQueueNums, options.defaultTopicQueueNums),
    check("faultTolerance.probeInterval", rules.probeInterval, faults?.probeInterval),
    check("faultTolerance.latencies", rules.latencies, faults?.latencies),
    check("autoBatch.linger", rules.linger, batch?.linger),
    check("autoBatch.maxBytes", OptionRules.maxBytesWithin(largest), batch?.maxBytes),
    check("autoBatch.maxCount", rules.maxCount, batch?.maxCount),
    check("onewayWindow", rules.onewayWindow, options.onewayWindow === false ? undefined : options.onewayWindow),
    check("shutdownTimeout", rules.shutdownTimeout, options.shutdownTimeout)
  ]
}

/** @internal Checks the options that a producer cannot work with. */
export const settingsOf = (options: Options): Effect.Effect<Settings, ProducerStartError> =>
  Effect.suspend(() => {
    const broken = problems(options).find(([, problem]) => problem !== undefined)
    return broken === undefined
      ? Effect.succeed(withDefaults(options))
      : Effect.fail(new ProducerStartError({ group: options.group, option: broken[0], problem: broken[1] ?? "" }))
  })

const withDefaults = (options: Options): Settings => {
  const { autoBatch, compression } = options
  const batch = autoBatch === true ? {} : autoBatch === false ? undefined : autoBatch
  const maxMessageSize = options.maxMessageSize ?? defaultMaxMessageSize
  return {
    group: options.group,
    sendTimeout: Duration.toMillis(options.sendTimeout ?? "10 seconds"),
    attemptTimeout: Duration.toMillis(options.attemptTimeout ?? "3 seconds"),
    retries: options.retries ?? Infinity,
    retryPolicy: options.retryPolicy ?? {},
    whenNotStoreOk: options.whenNotStoreOk ?? "accept",
    maxMessageSize,
    compression: compression === false ? undefined : {
      type: compression?.type ?? "ZLIB",
      threshold: compression?.threshold ?? 4096,
      level: compression?.level ?? 5
    },
    selector: options.selector ?? MessageQueueSelector.roundRobin,
    defaultTopicQueueNums: options.defaultTopicQueueNums ?? 4,
    faultTolerance: options.faultTolerance,
    autoBatch: batch && {
      linger: Duration.toMillis(batch.linger ?? "5 millis"),
      maxBytes: batch.maxBytes ?? Math.min(128 * 1024, maxMessageSize),
      maxCount: batch.maxCount ?? 64
    },
    onewayWindow: options.onewayWindow === false ? undefined : options.onewayWindow ?? ONEWAY_WINDOW,
    outbox: options.outbox,
    shutdownTimeout: Duration.toMillis(options.shutdownTimeout ?? "3 seconds"),
    onStop: options.onStop
  }
}
