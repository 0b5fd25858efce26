/**
 * What a broker can be told, and the defaults of it.
 *
 * @since 0.1.0
 */
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Duration from "effect/Duration"
import type * as Auth from "../Auth.js"
import type { Options } from "../EmbeddedCluster.js"

/** Times in milliseconds. */
export interface Settings {
  readonly autoCreateTopic: boolean
  readonly autoCreateGroup: boolean
  readonly defaultTopicQueues: number
  readonly retentionBytes: number
  /** Undefined: messages of any age are kept. */
  readonly retentionAge: number | undefined
  readonly maxMessageSize: number
  readonly delayLevels: ReadonlyArray<number>
  readonly maxTimerDelay: number
  readonly timerWheel: boolean
  readonly recallMessage: boolean
  readonly longPolling: boolean
  readonly propertyFilter: boolean
  readonly clientTimeout: number
  readonly transactionTimeout: number
  readonly transactionCheckInterval: number
  readonly transactionCheckMax: number
  readonly region: string
  readonly auth: Auth.Options | undefined
  /** What it says that it is, and as which it behaves where timer messages are concerned. */
  readonly version: number
}

const seconds = [1, 5, 10, 30]
const minutes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120]
const defaultDelayLevels: ReadonlyArray<Duration.DurationInput> = [
  ...seconds.map(Duration.seconds),
  ...minutes.map(Duration.minutes)
]

const versionOf = (version: string | number): number => {
  const ordinal = typeof version === "number" ? version : MqVersion.fromName(version)
  if (ordinal === undefined) throw new Error(`${version} is no version of RocketMQ; one is 4.9.8`)
  return ordinal
}

export const settingsOf = (options: Options): Settings => ({
  autoCreateTopic: options.autoCreateTopic ?? true,
  autoCreateGroup: options.autoCreateGroup ?? true,
  defaultTopicQueues: options.defaultTopicQueues ?? 8,
  retentionBytes: options.retentionBytes ?? 256 * 1024 * 1024,
  retentionAge: options.retentionAge === undefined ? undefined : Duration.toMillis(options.retentionAge),
  maxMessageSize: options.maxMessageSize ?? 4 * 1024 * 1024,
  delayLevels: (options.delayLevels ?? defaultDelayLevels).map((level) => Duration.toMillis(level)),
  maxTimerDelay: Duration.toMillis(options.maxTimerDelay ?? Duration.days(3)),
  timerWheel: options.timerWheel ?? true,
  recallMessage: options.recallMessage ?? false,
  longPolling: options.longPolling ?? true,
  propertyFilter: options.propertyFilter ?? true,
  clientTimeout: Duration.toMillis(options.clientTimeout ?? Duration.seconds(120)),
  transactionTimeout: Duration.toMillis(options.transactionTimeout ?? Duration.seconds(6)),
  transactionCheckInterval: Duration.toMillis(options.transactionCheckInterval ?? Duration.seconds(30)),
  transactionCheckMax: options.transactionCheckMax ?? 15,
  region: "DefaultRegion",
  auth: options.auth,
  version: versionOf(options.version ?? MqVersion.CURRENT)
})
