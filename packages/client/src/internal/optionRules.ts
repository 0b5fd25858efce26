/**
 * What values options may have. Each rule is said once: the same words tell it of a value in code and of a variable.
 */
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Slowness } from "../FaultTolerance.js"
import { javaLatencies } from "../FaultTolerance.js"
import { parseAddress } from "../Transport.js"

/** @internal */
export interface Rule<A> {
  /** What a value must be, as it stands after "must be". */
  readonly range: string
  readonly allows: (value: A) => boolean
  /** What a text means; `undefined` when it means nothing. */
  readonly read: (text: string) => A | undefined
  readonly show: (value: A) => string
}

/** @internal What is wrong with a value, as a clause: `is 0, but must be a whole number of 1 or more`. */
export const problem = <A>(rule: Rule<A>, value: A): string | undefined =>
  rule.allows(value) ? undefined : `is ${rule.show(value)}, but must be ${rule.range}`

/** @internal How a family of variables is read: `ROCKETMQ_NAME`, or with more words before the name. */
export const variables =
  (...prefix: ReadonlyArray<string>) => <A>(name: string, rule: Rule<A>): Config.Config<A | undefined> =>
    Config.withDefault(required(...prefix)(name, rule), undefined)

/** @internal The same for a variable that has to be there. */
export const required = (...prefix: ReadonlyArray<string>) => <A>(name: string, rule: Rule<A>): Config.Config<A> => {
  const variable = [...prefix, name].join("_")
  const value = Config.primitive(rule.range, (text) => {
    const read = rule.read(text.trim())
    return read !== undefined && rule.allows(read)
      ? Either.right(read)
      : Either.left(
        ConfigError.InvalidData([], `${variable} is ${JSON.stringify(text)}, but must be ${rule.range}`)
      )
  })
  return [...prefix, name].reduceRight((inner: Config.Config<A>, part) => Config.nested(inner, part), value)
}

// -------------------------------------------------------------------------------------------------------------------
// kinds of rules
// -------------------------------------------------------------------------------------------------------------------

/** @internal */
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER): Rule<number> => ({
  range: max === Number.MAX_SAFE_INTEGER ? `a whole number of ${min} or more` : `a whole number from ${min} to ${max}`,
  allows: (value) => Number.isInteger(value) && value >= min && value <= max,
  // not Number(text): it reads nothing as 0
  read: (text) => /^[+-]?\d+$/.test(text) ? Number(text) : undefined,
  show: String
})

/** @internal Messages per second. */
const rate: Rule<number> = {
  range: "a number above 0, or Infinity for no limit",
  allows: (value) => value > 0,
  read: (text) => /^(\d+(\.\d+)?|Infinity)$/.test(text) ? Number(text) : undefined,
  show: String
}

const millisOf = (value: unknown): number =>
  Option.match(Duration.decodeUnknown(value), { onNone: () => NaN, onSome: Duration.toMillis })

/** A number is shown as it was given: durations are never negative. */
const showDuration = (value: Duration.DurationInput): string => {
  const millis = millisOf(value)
  if (typeof value === "number") return `${value} ms`
  return Number.isNaN(millis) ? JSON.stringify(String(value)) : `${millis} ms`
}

const duration = (range: string, allows: (millis: number) => boolean): Rule<Duration.DurationInput> => ({
  range: `${range}, such as "10 seconds" or "500 millis"`,
  allows: (value) => {
    const millis = typeof value === "number" ? value : millisOf(value)
    return Number.isFinite(millis) && allows(millis)
  },
  read: (text) => Option.getOrUndefined(Duration.decodeUnknown(text)),
  show: showDuration
})

/** @internal */
export const longerThanZero = duration("a finite duration longer than zero", (millis) => millis > 0)

/** @internal A duration from so many milliseconds to so many. */
const between = (least: number, most: number): Rule<Duration.DurationInput> =>
  duration(`a duration from ${least} ms to ${most} ms`, (millis) => millis >= least && millis <= most)

/** @internal A duration of so many milliseconds or more. */
export const lasting = (least: number): Rule<Duration.DurationInput> =>
  duration(`a finite duration of at least ${least} ms`, (millis) => millis >= least)

/** @internal */
export const oneOf = <const A extends string>(...values: ReadonlyArray<A>): Rule<A> => ({
  range: `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`,
  allows: (value) => values.includes(value),
  read: (text) => values.find((value) => value === text),
  show: (value) => JSON.stringify(value)
})

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  on: true,
  yes: true,
  1: true,
  false: false,
  off: false,
  no: false,
  0: false
}

/** @internal */
export const flag: Rule<boolean> = {
  range: "true or false (also on and off, yes and no, 1 and 0)",
  allows: (value) => typeof value === "boolean",
  read: (text) => booleans[text.toLowerCase()],
  show: String
}

/** @internal */
export const text: Rule<string> = {
  range: "a text that is not empty",
  allows: (value) => value !== "",
  read: (text) => text,
  show: (value) => JSON.stringify(value)
}

/** @internal Names of groups. */
export const group: Rule<string> = {
  range: `1 to ${Names.MAX_GROUP_LENGTH} letters, digits and % | _ -, and none of the reserved names`,
  allows: (value) => Names.groupProblem(value) === undefined,
  read: (text) => text,
  show: (value) => JSON.stringify(value)
}

/** @internal */
export const addresses: Rule<ReadonlyArray<string>> = {
  range: "host:port with a port from 1 to 65535, or several of them separated by ; or ,",
  allows: (value) => value.length > 0 && value.every((address) => Either.isRight(parseAddress(address))),
  read: (text) => text.split(/[;,]/).map((part) => part.trim()).filter((part) => part !== ""),
  show: (value) => JSON.stringify(value.join(";"))
}

// 550 millis = 2 seconds, 1800 millis = 5 seconds
const readLatencies = (text: string): ReadonlyArray<Slowness> | false | undefined => {
  if (text === "off") return false
  if (text === "java") return javaLatencies
  const rows: Array<Slowness> = []
  for (const row of text.split(",")) {
    const [atLeast, avoidFor, ...more] = row.split("=").map((part) => longerThanZero.read(part.trim()))
    if (atLeast === undefined || avoidFor === undefined || more.length > 0) return undefined
    rows.push({ atLeast, avoidFor })
  }
  return rows
}

/** @internal Tables of slowness. */
export const latencies: Rule<ReadonlyArray<Slowness> | false> = {
  range: "off, java, or a table of finite durations longer than zero in rising order, such as " +
    "\"550 millis = 2 seconds, 3 seconds = 6 seconds\"",
  allows: (value) =>
    value === false ||
    value.every(({ atLeast, avoidFor }, i) =>
      longerThanZero.allows(atLeast) && longerThanZero.allows(avoidFor) &&
      (i === 0 || millisOf(atLeast) > millisOf(value[i - 1]!.atLeast))
    ),
  read: readLatencies,
  show: (value) =>
    value === false
      ? "off"
      : value.map(({ atLeast, avoidFor }) => `${showDuration(atLeast)} = ${showDuration(avoidFor)}`).join(", ")
}

// -------------------------------------------------------------------------------------------------------------------
// the table
// -------------------------------------------------------------------------------------------------------------------

const MIB = 1024 * 1024

/** @internal */
export const producer = {
  group,
  sendTimeout: longerThanZero,
  attemptTimeout: longerThanZero,
  retries: whole(0),
  whenNotStoreOk: oneOf("accept", "retry", "fail"),
  maxMessageSize: whole(1),
  compression: oneOf("ZLIB", "LZ4", "ZSTD", "none"),
  compressionThreshold: whole(0),
  compressionLevel: whole(1, 9),
  defaultTopicQueueNums: whole(1),
  faultTolerance: flag,
  probeInterval: longerThanZero,
  latencies,
  autoBatch: flag,
  linger: longerThanZero,
  maxBytes: whole(1),
  maxCount: whole(1),
  onewayWindow: whole(2),
  shutdownTimeout: lasting(0)
}

/** @internal */
export const transaction = {
  checkConcurrency: whole(1, 65_536),
  checkTimeout: longerThanZero,
  transactionTimeout: longerThanZero,
  checkImmunity: longerThanZero,
  endTimeout: longerThanZero
}

/** @internal A batch of messages that travel together is no larger than a message may be. */
export const maxBytesWithin = (maxMessageSize: number): Rule<number> => {
  const rule = whole(1, maxMessageSize)
  return { ...rule, range: `${rule.range} (maxMessageSize)` }
}

/** @internal */
export const consumer = {
  concurrency: whole(1, 65_536),
  batchSize: whole(1, 1024),
  pullBatchSize: whole(1, 1024),
  maxSubscriptions: whole(1, 1_000_000),
  strictGroup: flag,
  consumeFrom: oneOf("last", "first", "max", "min"),
  consumeFromTimestamp: whole(0),
  pullThresholdCount: whole(1, 65_535),
  pullThresholdBytes: whole(1, 1024 * MIB),
  maxCachedBytes: whole(1),
  topicThresholdCount: whole(1),
  topicThresholdBytes: whole(1),
  rate,
  offsetSpan: whole(1, 65_535),
  maxDecompressedSize: whole(1, 1024 * MIB),
  maxReconsumeTimes: whole(0, 0x7fffffff),
  retryDelayLevel: whole(0, 18),
  suspendTime: between(10, 30_000),
  consumeTimeout: lasting(1),
  persistInterval: lasting(10),
  rebalanceInterval: lasting(100),
  stallAfter: lasting(100),
  watchInterval: lasting(10),
  lagMetrics: flag,
  messageModel: oneOf("clustering", "broadcasting"),
  onOffsetRegression: oneOf("follow", "hold"),
  pollSize: whole(1, 65_536),
  autoCommit: flag,
  shutdownTimeout: lasting(0),
  suspendTimeout: lasting(0)
}

/** @internal What a consumer that pops has besides. */
export const popConsumer = {
  popBatchSize: whole(1, 32),
  consumeFromPop: oneOf("last", "first"),
  invisibleTime: lasting(1_000),
  pollTime: lasting(0),
  maxCached: whole(1, 65_535),
  renew: flag,
  retryDelay: lasting(0)
}

/** @internal */
export const client = {
  nameServers: addresses,
  nameServerTimeout: longerThanZero,
  clientId: text,
  heartbeatInterval: longerThanZero,
  routeRefreshInterval: longerThanZero,
  requestTimeout: longerThanZero,
  maxInFlight: whole(1),
  maxFrameSize: whole(1024),
  maxHeaderSize: whole(1024),
  reconnectDelay: lasting(0),
  maxReconnectDelay: lasting(0),
  serialization: oneOf("binary", "json")
}
