import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as MessageQueueSelector from "../MessageQueueSelector.js"
import type { Options } from "../Producer.js"
import * as ProducerPreset from "../ProducerPreset.js"
import * as RetryPolicy from "../RetryPolicy.js"
import * as OptionRules from "./optionRules.js"
import { defaultMaxMessageSize } from "./producerSettings.js"

const rules = OptionRules.producer
const variable = OptionRules.variables("ROCKETMQ")

const presets = {
  development: ProducerPreset.development,
  production: ProducerPreset.production,
  "high-throughput": ProducerPreset.highThroughput,
  "low-latency": ProducerPreset.lowLatency
}

const policies = {
  backoff: {},
  "at-most-once": RetryPolicy.atMostOnce
}

const { byKey, random, roundRobin } = MessageQueueSelector

const selectors = {
  "round-robin": () => roundRobin,
  random: () => random,
  "by-key": () => byKey(),
  "by-key:java-consistent": () => byKey(undefined, { dialect: "java-consistent" }),
  "by-key:go": () => byKey(undefined, { dialect: "go" }),
  "by-key:ali-ons": () => byKey(undefined, { dialect: "ali-ons" })
}

/** One of several values, by its name. */
const named = <const Name extends string, A>(
  variableName: string,
  values: { readonly [K in Name]: A }
): Config.Config<A | undefined> =>
  Config.map(
    variable(variableName, OptionRules.oneOf(...Object.keys(values) as Array<Name>)),
    (name) => name === undefined ? undefined : values[name]
  )

/** What has a value. */
const given = <A extends object>(options: A): Partial<A> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<A>

const isEmpty = (options: object): boolean => Object.keys(options).length === 0

/** Several variables of one option, over what the preset says of it. */
const over = <A extends object>(preset: A | boolean | undefined, options: A): A | undefined => {
  const own = given(options)
  const base = typeof preset === "object" ? preset : undefined
  return base === undefined && isEmpty(own) ? undefined : { ...base, ...own } as A
}

const texts = Config.all({
  preset: named("PRODUCER_PRESET", presets),
  group: OptionRules.required("ROCKETMQ")("PRODUCER_GROUP", rules.group),
  sendTimeout: variable("SEND_TIMEOUT", rules.sendTimeout),
  attemptTimeout: variable("SEND_ATTEMPT_TIMEOUT", rules.attemptTimeout),
  retries: variable("SEND_RETRIES", rules.retries),
  retryPolicy: named("SEND_RETRY_POLICY", policies),
  whenNotStoreOk: variable("SEND_WHEN_NOT_STORE_OK", rules.whenNotStoreOk),
  selector: Config.map(named("SEND_SELECTOR", selectors), (make) => make?.()),
  maxMessageSize: variable("MAX_MESSAGE_SIZE", rules.maxMessageSize),
  compression: Config.all({
    type: variable("COMPRESSION", rules.compression),
    threshold: variable("COMPRESSION_THRESHOLD", rules.compressionThreshold),
    level: variable("COMPRESSION_LEVEL", rules.compressionLevel)
  }),
  defaultTopicQueueNums: variable("DEFAULT_TOPIC_QUEUE_NUMS", rules.defaultTopicQueueNums),
  faultTolerance: Config.all({
    isOn: variable("FAULT_TOLERANCE", rules.faultTolerance),
    probeInterval: variable("FAULT_PROBE_INTERVAL", rules.probeInterval),
    latencies: variable("FAULT_LATENCIES", rules.latencies)
  }),
  autoBatch: Config.all({
    isOn: variable("AUTO_BATCH", rules.autoBatch),
    linger: variable("AUTO_BATCH_LINGER", rules.linger),
    maxBytes: variable("AUTO_BATCH_MAX_BYTES", rules.maxBytes),
    maxCount: variable("AUTO_BATCH_MAX_COUNT", rules.maxCount)
  }),
  onewayWindow: variable("ONEWAY_WINDOW", rules.onewayWindow),
  shutdownTimeout: variable("PRODUCER_SHUTDOWN_TIMEOUT", rules.shutdownTimeout)
})

type Texts = Config.Config.Success<typeof texts>

const compressionOf = ({ compression: { level, threshold, type }, preset }: Texts): Options["compression"] => {
  if (type === "none") return false
  // a threshold alone does not switch on what the preset has off
  if (type === undefined && preset?.compression === false) return false
  return over(preset?.compression, { level, threshold, type })
}

const faultToleranceOf = ({ faultTolerance: { isOn, latencies, probeInterval }, preset }: Texts) => {
  const base = preset?.faultTolerance
  if (isOn === false || (isOn === undefined && base === false)) return false
  return over(base === false ? {} : base, { latencies, probeInterval })
}

const autoBatchOf = ({ autoBatch: { isOn, linger, maxBytes, maxCount }, preset }: Texts): Options["autoBatch"] => {
  if (isOn === false) return false
  return over(preset?.autoBatch, { linger, maxBytes, maxCount }) ?? isOn ?? preset?.autoBatch
}

const optionsOf = (texts: Texts): Options => {
  const { autoBatch: _a, compression: _c, faultTolerance: _f, preset, ...plain } = texts
  return {
    ...preset,
    ...given({
      ...plain,
      compression: compressionOf(texts),
      faultTolerance: faultToleranceOf(texts),
      autoBatch: autoBatchOf(texts)
    }),
    group: texts.group
  }
}

/** The one rule of two variables. */
const fits = (options: Options): Either.Either<Options, ConfigError.ConfigError> => {
  const { autoBatch, maxMessageSize = defaultMaxMessageSize } = options
  if (typeof autoBatch !== "object" || autoBatch.maxBytes === undefined) {
    return Either.right(options)
  }
  const problem = OptionRules.problem(OptionRules.maxBytesWithin(maxMessageSize), autoBatch.maxBytes)
  return problem === undefined ? Either.right(options) : Either.left(
    ConfigError.InvalidData(["ROCKETMQ", "AUTO_BATCH_MAX_BYTES"], `ROCKETMQ_AUTO_BATCH_MAX_BYTES ${problem}`)
  )
}

/** @internal See Producer.config. */
export const config: Config.Config<Options> = Config.mapOrFail(Config.map(texts, optionsOf), fits)
