/**
 * The configuration of one broker, as its administrators read and change it. What changes the behaviour of this broker takes
 * effect at once; everything else is remembered. As in RocketMQ a name that it does not know is dropped without a word, and
 * a value that is no number where one belongs changes nothing.
 *
 * @since 0.1.0
 */
import { brokerDefaults } from "./brokerDefaults.js"
import type { Journal } from "./journal.js"
import type { Settings } from "./settings.js"
import { json } from "./table.js"

export interface BrokerConfig {
  readonly get: (name: string) => string | undefined
  readonly is: (name: string) => boolean
  /** All names with their values, ordered by name. */
  readonly entries: () => ReadonlyArray<readonly [string, string]>
  readonly update: (changes: ReadonlyMap<string, string>) => void
  /** How often it was changed. */
  readonly version: () => number
  /** When it was changed last. */
  readonly changedAt: () => number
  /** What may be done with any topic of this broker: bits of `Permission`. */
  readonly permission: () => number
}

/** Settings that can change while the broker runs. */
export type LiveSettings = { -readonly [K in keyof Settings]: Settings[K] }

type Setter = (settings: LiveSettings, value: string) => void

const bool = (put: (settings: LiveSettings, value: boolean) => void): Setter => (settings, value) =>
  put(settings, value.toLowerCase() === "true")

const int = (put: (settings: LiveSettings, value: number) => void): Setter => (settings, value) =>
  put(settings, Number(value))

/** What takes effect, by its name in RocketMQ. */
const live: Readonly<Record<string, Setter>> = {
  autoCreateTopicEnable: bool((settings, value) => settings.autoCreateTopic = value),
  autoCreateSubscriptionGroup: bool((settings, value) => settings.autoCreateGroup = value),
  maxMessageSize: int((settings, value) => settings.maxMessageSize = value),
  longPollingEnable: bool((settings, value) => settings.longPolling = value),
  enablePropertyFilter: bool((settings, value) => settings.propertyFilter = value),
  recallMessageEnable: bool((settings, value) => settings.recallMessage = value),
  timerMaxDelaySec: int((settings, value) => settings.maxTimerDelay = value * 1000),
  transactionTimeOut: int((settings, value) => settings.transactionTimeout = value),
  transactionCheckMax: int((settings, value) => settings.transactionCheckMax = value)
}

const numeric = /^[+-]?\d+(\.\d+)?$/

export const levelText = (millis: number): string => {
  const units = [["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const
  for (const [unit, size] of units) if (millis >= size && millis % size === 0) return `${millis / size}${unit}`
  return `${millis / 1000}s`
}

export const make = (options: {
  readonly name: string
  readonly clusterName: string
  readonly address: string
  readonly settings: LiveSettings
  readonly journal: Journal
  readonly now: () => number
}): BrokerConfig => {
  const { address, journal, settings } = options
  const colon = address.lastIndexOf(":")
  const host = address.slice(0, colon)
  const values = new Map<string, string>([
    ...brokerDefaults,
    ["brokerName", options.name],
    ["brokerClusterName", options.clusterName],
    ["brokerIP1", host],
    ["brokerIP2", host],
    ["listenPort", address.slice(colon + 1)],
    ["autoCreateTopicEnable", String(settings.autoCreateTopic)],
    ["autoCreateSubscriptionGroup", String(settings.autoCreateGroup)],
    ["defaultTopicQueueNums", String(settings.defaultTopicQueues)],
    ["maxMessageSize", String(settings.maxMessageSize)],
    ["messageDelayLevel", settings.delayLevels.map(levelText).join(" ")],
    ["longPollingEnable", String(settings.longPolling)],
    ["enablePropertyFilter", String(settings.propertyFilter)],
    ["timerWheelEnable", String(settings.timerWheel)],
    ["timerMaxDelaySec", String(Math.floor(settings.maxTimerDelay / 1000))],
    ["recallMessageEnable", String(settings.recallMessage)],
    ["transactionTimeOut", String(settings.transactionTimeout)],
    ["transactionCheckMax", String(settings.transactionCheckMax)],
    ["transactionCheckInterval", String(settings.transactionCheckInterval)]
  ])
  const initial = new Map(values)
  /** Names that an administrator has given a value. */
  const given = new Set<string>()
  const table = journal.table<string>({
    name: "brokerConfig",
    ...json<string>(),
    get: (name) => given.has(name) ? values.get(name) : undefined,
    set: (name, value) => {
      if (value === undefined) given.delete(name)
      else given.add(name)
      const used = value ?? initial.get(name) ?? ""
      values.set(name, used)
      live[name]?.(settings, used)
      if (name === "brokerPermission") permission = Number(used)
    },
    entries: () => Array.from(given, (name) => [name, values.get(name)!] as const)
  })
  let version = 0
  let changedAt = options.now()
  let permission = Number(values.get("brokerPermission"))

  return {
    get: (name) => values.get(name),
    is: (name) => values.get(name) === "true",
    entries: () => Array.from(values).sort(([left], [right]) => left < right ? -1 : 1),
    update: (changes) => {
      version++
      changedAt = options.now()
      for (const [name, value] of changes) {
        const known = values.get(name)
        if (known === undefined || (numeric.test(known) && !numeric.test(value))) continue
        journal.change(table, name, value)
      }
    },
    version: () => version,
    changedAt: () => changedAt,
    permission: () => permission
  }
}

/** `name=value` on each line, as `java.util.Properties` reads it: comments and lines without a name are left out. */
export const readProperties = (body: Uint8Array): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const line of new TextDecoder().decode(body).split(/\r\n|\n|\r/)) {
    const text = line.trim()
    if (text === "" || text.startsWith("#") || text.startsWith("!")) continue
    const at = text.search(/[=:\s]/)
    if (at < 0) found.set(text, "")
    else found.set(text.slice(0, at), text.slice(at + 1).replace(/^\s*[=:]?\s*/, ""))
  }
  return found
}

export const writeProperties = (entries: ReadonlyArray<readonly [string, string]>): Uint8Array =>
  new TextEncoder().encode(entries.map(([name, value]) => `${name}=${value}\n`).join(""))
