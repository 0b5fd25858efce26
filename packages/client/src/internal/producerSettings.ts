import * as Names from "@effect-rocketmq/protocol/Names"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CompressionType } from "../Compression.js"
import type * as FaultTolerance from "../FaultTolerance.js"
import * as MessageQueueSelector from "../MessageQueueSelector.js"
import type { Options } from "../Producer.js"
import { ProducerStartError } from "../ProducerError.js"

/** @internal Options with their defaults; times in milliseconds. */
export interface Settings {
  readonly group: string
  readonly sendTimeout: number
  readonly attemptTimeout: number
  readonly retries: number
  readonly maxMessageSize: number
  readonly compression:
    | { readonly type: CompressionType; readonly threshold: number; readonly level: number }
    | undefined
  readonly selector: MessageQueueSelector.MessageQueueSelector
  readonly defaultTopicQueueNums: number
  readonly faultTolerance: FaultTolerance.Options | undefined
  readonly shutdownTimeout: number
}

/** @internal Checks the options that a producer cannot work with. */
export const settingsOf = (options: Options): Effect.Effect<Settings, ProducerStartError> =>
  Effect.suspend(() => {
    const compression = options.compression === false ? undefined : {
      type: options.compression?.type ?? "ZLIB",
      threshold: options.compression?.threshold ?? 4096,
      level: options.compression?.level ?? 5
    }
    const settings: Settings = {
      group: options.group,
      sendTimeout: Duration.toMillis(options.sendTimeout ?? "10 seconds"),
      attemptTimeout: Duration.toMillis(options.attemptTimeout ?? "3 seconds"),
      retries: options.retries ?? Infinity,
      maxMessageSize: options.maxMessageSize ?? 4 * 1024 * 1024,
      compression,
      selector: options.selector ?? MessageQueueSelector.roundRobin,
      defaultTopicQueueNums: options.defaultTopicQueueNums ?? 4,
      faultTolerance: options.faultTolerance,
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
      ["defaultTopicQueueNums", whole(settings.defaultTopicQueueNums, 1)]
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
