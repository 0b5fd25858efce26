/**
 * Everything that a producer can make of a message on its way to a consumer, as data.
 */
import type { Message, Producer, RocketMQ } from "@effect-rocketmq/client"
import type { CompressionType } from "@effect-rocketmq/client/Compression"

/** A message of any topic. */
export interface Given extends Omit<Message.Options, "topic"> {
  /** Held by a timer until this many milliseconds after it is sent, by the sender's clock. */
  readonly deliverIn?: number | undefined
}

export interface Format {
  readonly name: string
  /** `transaction`: each in a transaction of its own, committed. */
  readonly how: "send" | "batch" | "transaction"
  /** How the broker has the bodies. Default `plain`. */
  readonly stored?: CompressionType | undefined
  readonly producer?: Partial<Producer.Options> | undefined
  readonly client?: Partial<RocketMQ.Options> | undefined
  readonly messages: ReadonlyArray<Given>
}

const KIB = 1024
/** Of properties a message can have 32767 bytes in all, of which brokers and clients need less than 300. */
const LONG = 32_450
const MIB = 1024 * KIB

const compressions = ["ZLIB", "LZ4", "ZSTD"] as const

/** The same bytes in each run, and none that a codec can make smaller. */
const noise = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  let x = 0x2545f491
  for (let i = 0; i < size; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    bytes[i] = x
  }
  return bytes
}

/** JSON of about this size, as services send it. */
const json = (size: number): string => {
  const entries: Array<string> = []
  for (let length = 0, i = 0; length < size; i++) {
    const entry = JSON.stringify({ id: i, name: `Grüße ${i * 7919 % 1000} 🚀`, price: i * 31 % 997, tags: ["a", "b"] })
    entries.push(entry)
    length += entry.length
  }
  return `[${entries.join(",")}]`
}

/** Half of it cannot be made smaller: codecs store such parts as they are. */
const mixed = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  bytes.set(noise(size / 2), size / 4)
  return bytes
}

const emoji = "👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u200b"

const plain: ReadonlyArray<Format> = [
  {
    name: "plain bodies: one byte, every byte, any script, just below the size that is compressed",
    how: "send",
    messages: [
      { body: Uint8Array.of(0) },
      { body: Uint8Array.from({ length: 1024 }, (_, i) => i) },
      { body: `żółć 日本語 עברית ${emoji}` },
      { body: "\ufeffwith a byte order mark" },
      { body: "x".repeat(4 * KIB - 1) }
    ]
  },
  {
    name: "a body of 4 MiB that does not get smaller",
    how: "send",
    messages: [{ body: noise(4 * MIB) }]
  },
  {
    name: "compression switched off",
    how: "send",
    producer: { compression: false },
    messages: [{ body: json(100 * KIB) }]
  }
]

const compressed: ReadonlyArray<Format> = compressions.flatMap((type) =>
  [1, 5, 9].map((level): Format => ({
    name: `${type}, level ${level}`,
    how: "send",
    stored: type,
    producer: { compression: { type, level } },
    messages: [
      { body: "x".repeat(4 * KIB) },
      { body: json(300 * KIB) },
      { body: mixed(512 * KIB) },
      // the largest that a broker takes, by the size that it has for applications
      ...level === 5 ? [{ body: "0123456789abcdef".repeat(4 * MIB / 16) }] : []
    ]
  }))
)

const batches: ReadonlyArray<Format> = [
  {
    name: "a batch of one",
    how: "batch",
    messages: [{ body: "alone", tags: "t", keys: ["k"], flag: 7, properties: { a: "b" } }]
  },
  {
    name: "a batch of members that differ in everything, large ones among them",
    how: "batch",
    messages: [
      { body: "no more than a body" },
      { body: "tagged", tags: "標籤" },
      { body: "keys", keys: ["ключ", "🔑"] },
      { body: "flags", flag: -1 },
      { body: "properties", properties: { "grüße": emoji, empty: "", long: "ä".repeat(2000) } },
      { body: "sharded", shardingKey: "order-1" },
      // with WAIT=true and UNIQ_KEY 32767 bytes: to members of a batch brokers add nothing
      { body: "all that there is room for", properties: { a: "x".repeat(32_712) } },
      { body: json(100 * KIB) },
      { body: noise(200 * KIB) },
      { body: Uint8Array.of(0) }
    ]
  }
]

const described: ReadonlyArray<Omit<Format, "how">> = [
  {
    name: "keys: none, one, many, long, in any script",
    messages: [
      { body: "none" },
      { body: "one", keys: ["order-1"] },
      { body: "many", keys: Array.from({ length: 300 }, (_, i) => `order-${i}`) },
      { body: "long", keys: ["k".repeat(LONG / 2), "ключ".repeat(LONG / 2 / 8)] },
      { body: "any script", keys: ["clé-é", "鍵", "🔑", emoji.replaceAll(" ", "_")] }
    ]
  },
  {
    name: "tags: none, short, long, in any script",
    messages: [
      { body: "none" },
      { body: "short", tags: "a" },
      { body: "long", tags: "t".repeat(LONG) },
      { body: "letters", tags: "標籤" },
      { body: "emoji", tags: emoji },
      { body: "punctuation", tags: "a.b:c/d*?%$" }
    ]
  },
  {
    name: "property values: empty and nearly so, any script, controls, quotes, long",
    messages: [
      {
        body: "nearly empty",
        properties: {
          empty: "",
          space: " ",
          zero: "0",
          null: "null",
          false: "false",
          undefined: "undefined",
          tab: "\t",
          newline: "\n",
          nothing: "\u200b",
          nul: "\0"
        }
      },
      { body: "scripts", properties: { polish: "żółć", japanese: "日本語", hebrew: "עברית", emoji } },
      {
        body: "controls",
        properties: { low: "\0\x03\x1f\x7f", separators: "\u2028\u2029\u0085", mark: "\ufeffx\ufeff" }
      },
      { body: "quotes", properties: { json: "{\"a\": [1, \"\\\\\"]}", equals: "a=b;c=d&e", lines: "one\r\n\ttwo" } },
      { body: "long", properties: { ascii: "x".repeat(LONG) } },
      { body: "long and wide", properties: { wide: "ä".repeat(LONG / 4), pairs: "🚀".repeat(LONG / 8) } }
    ]
  },
  {
    name: "property names: one, many, any script, those of objects, differing in case",
    messages: [
      { body: "one", properties: { a: "b" } },
      { body: "many", properties: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`name-${i}`, `${i}`])) },
      { body: "scripts", properties: { "grüße": "1", "名前": "2", "🚀": "3", [emoji]: "4", "\ufeffmark": "5" } },
      {
        body: "of objects",
        properties: { ["__proto__"]: "1", constructor: "2", toString: "3", hasOwnProperty: "4", length: "5" }
      },
      {
        body: "case",
        properties: { Name: "1", name: "2", NAME: "3", " name": "4", "name ": "5", "a=b": "6", "0": "7" }
      }
    ]
  },
  {
    name: "flags",
    messages: [0, 1, -1, 255, 65_536, 2 ** 31 - 1, -(2 ** 31)].map((flag) => ({ body: `flag ${flag}`, flag }))
  },
  {
    name: "sharding keys and priorities",
    messages: [
      { body: "sharded", shardingKey: "order-1" },
      { body: "emoji", shardingKey: emoji, keys: ["k"], tags: "t" },
      { body: "urgent", priority: 3 }
    ]
  }
]

const later: ReadonlyArray<Format> = [
  {
    name: "delayed by level",
    how: "send",
    messages: [{ body: "level 1", delayLevel: 1, keys: ["k"], tags: "標籤", flag: 7, properties: { emoji } }]
  },
  {
    name: "delayed by a timer",
    how: "send",
    messages: [
      { body: "for a time", delay: "1 second", keys: ["k"], tags: "標籤", flag: 7, properties: { emoji } },
      { body: "for seconds", properties: { TIMER_DELAY_SEC: "1" } },
      { body: "until a time", deliverIn: 1000 },
      { body: "until a time that has passed", deliverIn: -1000 }
    ]
  },
  ...compressions.map((type): Format => ({
    name: `${type}, delayed by level and by a timer`,
    how: "send",
    stored: type,
    producer: { compression: { type } },
    messages: [{ body: json(10 * KIB), delayLevel: 1 }, { body: json(10 * KIB), delay: 1000 }]
  }))
]

const transactions: ReadonlyArray<Format> = [
  {
    name: "committed transactions",
    how: "transaction",
    messages: [
      { body: "plain" },
      { body: "described", keys: ["k", "鍵"], tags: "標籤", flag: -7, shardingKey: "order-1", properties: { emoji } }
    ]
  },
  ...compressions.map((type): Format => ({
    name: `${type}, in a committed transaction`,
    how: "transaction",
    stored: type,
    producer: { compression: { type } },
    messages: [{ body: json(100 * KIB), keys: ["k"] }]
  }))
]

export const formats: ReadonlyArray<Format> = [
  ...plain,
  ...compressed,
  ...batches,
  // properties travel in the header, which has two forms
  ...described.flatMap((format) =>
    (["binary", "json"] as const).map((serialization): Format => ({
      ...format,
      name: `${format.name} (${serialization} header)`,
      how: "send",
      client: { serialization }
    }))
  ),
  ...later,
  ...transactions
]
