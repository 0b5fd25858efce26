/**
 * A stored message as brokers hand it out: a view over the received bytes, read on demand.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import type * as Inspectable from "effect/Inspectable"
import * as Predicate from "effect/Predicate"
import * as Crc32 from "./Crc32.js"
import { put16, put32, put64 } from "./internal/bytes.js"
import * as Host from "./internal/host.js"
import * as internal from "./internal/messageExt.js"
import * as Text from "./internal/text.js"
import { utf8Size, writeUtf8 } from "./internal/utf8.js"
import * as MessageProperties from "./MessageProperties.js"
import { SerializationError } from "./ProtocolError.js"
import * as SysFlag from "./SysFlag.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("@effect-rocketmq/protocol/MessageExt")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * A received message. Its fields are read from the bytes of the response when they are asked for, so a message that is
 * kept keeps the whole response alive: copy the body (`body.slice()`) of what is kept for long.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageExt extends Inspectable.Inspectable {
  readonly [TypeId]: TypeId
  readonly topic: string
  /** Name of the broker it came from; empty when it was not given to {@link decodeAll}. */
  readonly brokerName: string
  readonly queueId: number
  /** Logical offset in the queue. */
  readonly queueOffset: bigint
  /** Offset in the broker's commit log; what `offsetId` is made of. */
  readonly commitLogOffset: bigint
  /** The application's number. */
  readonly flag: number
  /** Bits of `SysFlag`. */
  readonly sysFlag: number
  /** CRC-32 of the stored body, lower 31 bits; 0 when the broker stored none. */
  readonly bodyCrc: number
  /** When the producer made it, by the producer's clock, in milliseconds. */
  readonly bornTimestamp: number
  /** Address of the producer, `ip:port`. */
  readonly bornHost: string
  /** When the broker stored it, by the broker's clock, in milliseconds. */
  readonly storeTimestamp: number
  /** Address of the broker that stored it, `ip:port`. */
  readonly storeHost: string
  /** How often it was delivered before and sent back. */
  readonly reconsumeTimes: number
  /** Commit log offset of the half message; 0 when there is none. */
  readonly preparedTransactionOffset: bigint
  /** Bytes of the record; of the entry for a message out of an inner batch. */
  readonly storeSize: number
  /** A view of the received bytes, not a copy. Compressed while `SysFlag.isCompressed(sysFlag)`. */
  readonly body: Uint8Array
  /** Parsed on first use. */
  readonly properties: MessageProperties.Properties
  /** The tag. Read without parsing the other properties, as are `keys` and `uniqueKey`. */
  readonly tags: string | undefined
  readonly keys: ReadonlyArray<string>
  /** The id that the producer gave; the same for all attempts to send the message. */
  readonly uniqueKey: string | undefined
  /** The id made of the broker's address and the commit log offset. */
  readonly offsetId: string
  /** What applications call the message's id: `uniqueKey`, or `offsetId` when there is none. */
  readonly msgId: string
}

/**
 * A record that could not be read. It is data, not a failure: the records around it are delivered.
 *
 * @since 0.1.0
 * @category models
 */
export interface UndecodableRecord {
  /** Known when the damage is behind it. */
  readonly queueId?: number | undefined
  /** Known when the damage is behind it. */
  readonly queueOffset?: bigint | undefined
  /** The record, a view of the received bytes; all that is left of them when the record's own size is not to be trusted. */
  readonly bytes: Uint8Array
  readonly reason: string
}

/**
 * What {@link decodeAll} found.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decoded {
  readonly messages: Array<MessageExt>
  readonly undecodable: Array<UndecodableRecord>
}

/**
 * How to read stored messages.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeOptions {
  /** Filled into every message. Default empty. */
  readonly brokerName?: string | undefined
  /** CRC-32 of the platform. When given, stored bodies are verified; a mismatch makes an {@link UndecodableRecord}. */
  readonly crc32?: ((bytes: Uint8Array) => number) | undefined
  /**
   * Whether inner batches (4.2) are taken apart. Default `true`. A compressed batch is left as it is: inflate its body,
   * {@link update} it and {@link unwrap} it.
   */
  readonly unwrap?: boolean | undefined
  /** Drops the entries of inner batches below this queue offset: a broker answers with whole batches. */
  readonly fromOffset?: bigint | undefined
}

/**
 * What {@link update} can change.
 *
 * @since 0.1.0
 * @category models
 */
export interface Changes {
  readonly topic?: string | undefined
  readonly body?: Uint8Array | undefined
  readonly sysFlag?: number | undefined
  readonly brokerName?: string | undefined
  readonly queueId?: number | undefined
  readonly queueOffset?: bigint | undefined
  readonly reconsumeTimes?: number | undefined
  readonly properties?: MessageProperties.Properties | undefined
}

/**
 * What {@link encode} takes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fields {
  readonly topic: string
  readonly body: Uint8Array
  readonly queueId: number
  /** A number is as good as a bigint up to 2^53. */
  readonly queueOffset: bigint | number
  /** As the queue's offset. */
  readonly commitLogOffset: bigint | number
  /** Milliseconds. */
  readonly bornTimestamp: number
  /** `ip:port`, `[ip]:port` for IPv6. */
  readonly bornHost: string
  /** Milliseconds. */
  readonly storeTimestamp: number
  /** `ip:port`, `[ip]:port` for IPv6. */
  readonly storeHost: string
  /** A record, or the string form as it came with the request. Default none. */
  readonly properties?: MessageProperties.Properties | string | undefined
  /** Default 0. */
  readonly flag?: number | undefined
  /** The bits of IPv6 hosts are set after the hosts. Default 0. */
  readonly sysFlag?: number | undefined
  /** Lower 31 bits of the body's CRC-32. Default: computed; 0 means none. */
  readonly bodyCrc?: number | undefined
  /** Default 0. */
  readonly reconsumeTimes?: number | undefined
  /** Default 0. */
  readonly preparedTransactionOffset?: bigint | number | undefined
  /** 2 for topics over 127 bytes, which version 1 cannot hold. Default: after the topic. */
  readonly version?: 1 | 2 | undefined
}

/**
 * Whether a value is a {@link MessageExt}.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isMessageExt = (u: unknown): u is MessageExt => Predicate.hasProperty(u, TypeId)

/**
 * Reads the body of a pull, pop, view or query response: stored messages, one after the other. The messages are views of
 * `bytes`, which must not change afterwards. Never throws: what cannot be read is reported, and what is around it is kept.
 * An end-of-file mark ends the reading.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeAll: (bytes: Uint8Array, options?: DecodeOptions) => Decoded = internal.decodeAll

/**
 * Takes an inner batch (4.2) apart. Its messages have the offsets from the batch's on, and all else of the batch but their
 * own body, flag and properties. Entries below `fromOffset` are dropped.
 *
 * @since 0.1.0
 * @category combinators
 */
export const unwrap: (self: MessageExt, fromOffset?: bigint) => Decoded = internal.unwrap

/**
 * The same message with some fields changed. Cheap: nothing is copied or parsed.
 *
 * @since 0.1.0
 * @category combinators
 */
export const update: (self: MessageExt, changes: Changes) => MessageExt = internal.update

/**
 * The body as text. What is no UTF-8 becomes U+FFFD.
 *
 * @since 0.1.0
 * @category combinators
 */
export const text = (self: MessageExt): string => Text.decode(self.body)

const refuse = (reason: string) => Either.left(new SerializationError({ subject: "stored message", reason }))

const newBytes = (size: number) => new Uint8Array(size)

/**
 * Writes a message as a broker stores it. Fails on properties that `MessageProperties.encode` refuses, hosts that are no
 * addresses, and a topic that is too long.
 *
 * The record is written to what `allocate` gives for its size, which is not asked before all is known to fit. Default: new
 * memory.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encode = (
  fields: Fields,
  allocate: (size: number) => Uint8Array = newBytes
): Either.Either<Uint8Array, SerializationError> => {
  const properties = typeof fields.properties === "object"
    ? MessageProperties.encode(fields.properties)
    : Either.right(fields.properties ?? "")
  if (Either.isLeft(properties)) return Either.left(properties.left)
  const propertiesSize = utf8Size(properties.right)
  if (propertiesSize > MessageProperties.MAX_BYTES) {
    return refuse(`its properties take ${propertiesSize} bytes, at most ${MessageProperties.MAX_BYTES} are allowed`)
  }
  const topicSize = utf8Size(fields.topic)
  const version = fields.version ?? (topicSize > 127 ? 2 : 1)
  const longest = version === 1 ? 127 : 32767
  if (topicSize > longest) return refuse(`its topic takes ${topicSize} bytes, at most ${longest} are allowed`)
  const born = Host.parse(fields.bornHost)
  const store = Host.parse(fields.storeHost)
  if (born === undefined) return refuse(`its bornHost ${JSON.stringify(fields.bornHost)} is no ip:port`)
  if (store === undefined) return refuse(`its storeHost ${JSON.stringify(fields.storeHost)} is no ip:port`)

  const size = 82 + born.ip.length + store.ip.length + version + fields.body.length + topicSize + propertiesSize
  const bytes = allocate(size)
  put32(bytes, 0, size)
  put32(bytes, 4, version === 1 ? internal.MAGIC_V1 : internal.MAGIC_V2)
  put32(bytes, 8, fields.bodyCrc ?? Crc32.body(fields.body))
  put32(bytes, 12, fields.queueId)
  put32(bytes, 16, fields.flag ?? 0)
  put64(bytes, 20, fields.queueOffset)
  put64(bytes, 28, fields.commitLogOffset)
  put32(
    bytes,
    36,
    ((fields.sysFlag ?? 0) & ~(SysFlag.BORNHOST_V6_FLAG | SysFlag.STOREHOSTADDRESS_V6_FLAG)) |
      (born.ip.length === 16 ? SysFlag.BORNHOST_V6_FLAG : 0) |
      (store.ip.length === 16 ? SysFlag.STOREHOSTADDRESS_V6_FLAG : 0)
  )
  put64(bytes, 40, fields.bornTimestamp)
  let at = 48
  bytes.set(born.ip, at)
  at += born.ip.length
  put32(bytes, at, born.port)
  put64(bytes, at + 4, fields.storeTimestamp)
  at += 12
  bytes.set(store.ip, at)
  at += store.ip.length
  put32(bytes, at, store.port)
  put32(bytes, at + 4, fields.reconsumeTimes ?? 0)
  put64(bytes, at + 8, fields.preparedTransactionOffset ?? 0)
  put32(bytes, at + 16, fields.body.length)
  at += 20
  bytes.set(fields.body, at)
  at += fields.body.length
  if (version === 1) bytes[at] = topicSize
  else put16(bytes, at, topicSize)
  at += version
  at = writeUtf8(bytes, at, fields.topic)
  put16(bytes, at, propertiesSize)
  writeUtf8(bytes, at + 2, properties.right)
  return Either.right(bytes)
}
