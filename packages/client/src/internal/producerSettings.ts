import * as Names from "@effect-rocketmq/protocol/Names"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CompressionType } from "../Compression.js"
import type * as FaultTolerance from "../FaultTolerance.js"
import * as MessageQueueSelector from "../MessageQueueSelector.js"
import type { Options } from "../Producer.js"
import { ProducerStartError } from "../ProducerError.js"
import type { RetryPolicy } from "../RetryPolicy.js"

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

/** @internal Checks the options that a producer cannot work with. */
export const settingsOf = (options: Options): Effect.Effect<Settings, ProducerStartError> =>
  Effect.suspend(() => {
    const compression = options.compression === false ? undefined : {
      type: options.compression?.type ?? "ZLIB",
      threshold: options.compression?.threshold ?? 4096,
      level: options.compression?.level ?? 5
    }
    const given = options.autoBatch === true ? {} : options.autoBatch
    const autoBatch = given === undefined || given === false ? undefined : {
      linger: Duration.toMillis(given.linger ?? "5 millis"),
      maxBytes: given.maxBytes ?? 128 * 1024,
      maxCount: given.maxCount ?? 64
    }
    const settings: Settings = {
      group: options.group,
      sendTimeout: Duration.toMillis(options.sendTimeout ?? "10 seconds"),
      attemptTimeout: Duration.toMillis(options.attemptTimeout ?? "3 seconds"),
      retries: options.retries ?? Infinity,
      retryPolicy: options.retryPolicy ?? {},
      whenNotStoreOk: options.whenNotStoreOk ?? "accept",
      maxMessageSize: options.maxMessageSize ?? 4 * 1024 * 1024,
      compression,
      selector: options.selector ?? MessageQueueSelector.roundRobin,
      defaultTopicQueueNums: options.defaultTopicQueueNums ?? 4,
      faultTolerance: options.faultTolerance,
      autoBatch,
      onewayWindow: options.onewayWindow,
      outbox: options.outbox,
      onStop: options.onStop,
      shutdownTimeout: Duration.toMillis(options.shutdownTimeout ?? "3 seconds")
    }
    const rules: ReadonlyArray<readonly [option: string, problem: string | undefined]> = [
      ["group", Names.groupProblem(settings.group)],
      ["sendTimeout", positive(settings.sendTimeout)],
      ["attemptTimeout", positive(settings.attemptTimeout)],
      ["retries", settings.retries === Infinity ? undefined : whole(settings.retries, 0)],
      ["maxMessageSize", whole(settings.maxMessageSize, 1)],
      ["compression.threshold", compression && whole(compression.threshold, 0)],
      ["compression.level", compression && whole(compression.level, 1, 9)],
      ["defaultTopicQueueNums", whole(settings.defaultTopicQueueNums, 1)],
      ["autoBatch.linger", autoBatch && positive(autoBatch.linger)],
      ["autoBatch.maxBytes", autoBatch && whole(autoBatch.maxBytes, 1, settings.maxMessageSize)],
      ["autoBatch.maxCount", autoBatch && whole(autoBatch.maxCount, 1)],
      ["onewayWindow", settings.onewayWindow === undefined ? undefined : whole(settings.onewayWindow, 2)]
    ]
    const broken = rules.find(([, problem]) => problem !== undefined)
    return broken === undefined
      ? Effect.succeed(settings)
      : Effect.fail(new ProducerStartError({ group: options.group, option: broken[0], problem: broken[1] ?? "" }))
  })

const positive = (millis: number): string | undefined =>
  millis > 0 && millis < Infinity ? undefined : `is ${millis} ms, but must be longer than zero and finite`

const whole = (value: number, min: number, max = Number.MAX_SAFE_INTEGER): string | undefined =>
  Number.isInteger(value) && value >= min && value <= max
    ? undefined
    : `is ${value}, but must be a whole number of ${min} or more${
      max < Number.MAX_SAFE_INTEGER ? `, at most ${max}` : ""
    }`
