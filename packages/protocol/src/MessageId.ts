/**
 * Ids of messages: unique keys of producers, offset ids of brokers, and handles to recall messages.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Host from "./internal/host.js"
import * as Text from "./internal/text.js"
import { DeserializationError, SerializationError } from "./ProtocolError.js"

/**
 * What an offset id says: which broker stored the message, and where.
 *
 * @since 0.1.0
 * @category models
 */
export interface OffsetId {
  /** `ip:port`, `[ip]:port` for IPv6. */
  readonly host: string
  /** Offset in the commit log. */
  readonly offset: bigint
}

/**
 * Writes an offset id: 32 upper case hex digits, 56 for IPv6. Fails when the host is no address.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encodeOffsetId = (id: OffsetId): Either.Either<string, SerializationError> => {
  const host = Host.parse(id.host)
  if (host === undefined) {
    return Either.left(
      new SerializationError({ subject: "offset message id", reason: `${JSON.stringify(id.host)} is no ip:port` })
    )
  }
  const size = host.ip.length
  const bytes = new Uint8Array(size + 12)
  const view = new DataView(bytes.buffer)
  bytes.set(host.ip)
  view.setInt32(size, host.port)
  view.setBigInt64(size + 4, id.offset)
  return Either.right(Host.hex(bytes, 0, bytes.length))
}

/**
 * Reads an offset id.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeOffsetId = (text: string): Either.Either<OffsetId, DeserializationError> => {
  const bytes = bytesOf(text)
  if (bytes === undefined || (bytes.length !== 16 && bytes.length !== 28)) {
    return Either.left(notHex("offset message id", text))
  }
  const view = new DataView(bytes.buffer)
  const size = bytes.length - 12
  return Either.right({
    host: Host.format(bytes, 0, size, view.getInt32(size)),
    offset: view.getBigInt64(size + 4)
  })
}

/**
 * What a recall handle says: which delayed message, and until when it can be recalled.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecallHandle {
  readonly topic: string
  readonly brokerName: string
  /** The time of delivery plus one, in milliseconds since the epoch. */
  readonly timestamp: number
  /** The unique key of the message. */
  readonly messageId: string
}

/**
 * Writes a recall handle: URL-safe base64 with padding. Fails on a field that is empty or holds a space.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encodeRecallHandle = (handle: RecallHandle): Either.Either<string, SerializationError> => {
  const parts = ["v1", handle.topic, handle.brokerName, String(handle.timestamp), handle.messageId]
  const bad = parts.find((part) => part === "" || part.includes(" "))
  return bad === undefined
    ? Either.right(Encoding.encodeBase64(parts.join(" ")).replaceAll("+", "-").replaceAll("/", "_"))
    : Either.left(
      new SerializationError({
        subject: "recall handle",
        reason: `${JSON.stringify(bad)} is empty or holds a space, which separates its fields`
      })
    )
}

/**
 * Reads a recall handle.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeRecallHandle = (text: string): Either.Either<RecallHandle, DeserializationError> => {
  const bytes = Encoding.decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"))
  const parts = Either.isRight(bytes) ? Text.decode(bytes.right).split(" ") : []
  const [version, topic, brokerName, timestamp, messageId] = parts
  if (
    parts.length !== 5 || version !== "v1" || topic === undefined || brokerName === undefined ||
    timestamp === undefined || messageId === undefined || !/^\d+$/.test(timestamp)
  ) {
    return Either.left(
      new DeserializationError({
        subject: "recall handle",
        reason: `${JSON.stringify(text)} is no handle of version 1`
      })
    )
  }
  return Either.right({ topic, brokerName, timestamp: Number(timestamp), messageId })
}

/**
 * What makes the unique keys of one process differ from those of all others.
 *
 * @since 0.1.0
 * @category models
 */
export interface UniqueKeySource {
  /** 4 bytes, or 16 of IPv6: keys are then 56 digits long instead of 32. */
  readonly ip: Uint8Array
  /** Process id; its low 16 bits count. */
  readonly pid: number
  /** 32 bits that differ between clients of one process (Java: hash of the class loader). */
  readonly hash: number
}

/**
 * What is in a unique key. Go clients write seconds times 1000 for the time.
 *
 * @since 0.1.0
 * @category models
 */
export interface UniqueKey {
  readonly ip: string
  readonly pid: number
  readonly hash: number
  /** Milliseconds since the start of the month, local time of the producer. */
  readonly millis: number
  readonly counter: number
}

/**
 * The part of unique keys that does not change, to be kept for {@link uniqueKey}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const uniqueKeyPrefix = (source: UniqueKeySource): string =>
  Host.hex(source.ip, 0, source.ip.length) + hex16(source.pid) + hex32(source.hash)

/**
 * A unique key: the prefix, the milliseconds since the start of the month (32 bits) and a counter (16 bits, wraps), in
 * upper case hex. Pure: the caller owns clock and counter.
 *
 * @example
 * import { uniqueKey, uniqueKeyPrefix } from "@effect-rocketmq/protocol/MessageId"
 * import { strictEqual } from "node:assert"
 *
 * const prefix = uniqueKeyPrefix({ ip: Uint8Array.of(127, 0, 0, 1), pid: 1234, hash: 0x18b4aac2 })
 * strictEqual(uniqueKey(prefix, 0, 10), "7F00000104D218B4AAC200000000000A")
 *
 * @since 0.1.0
 * @category constructors
 */
export const uniqueKey = (prefix: string, millis: number, counter: number): string =>
  prefix + hex16(millis >>> 16) + hex16(millis) + hex16(counter)

/**
 * Reads a unique key, for tools: when and where was it made?
 *
 * @since 0.1.0
 * @category combinators
 */
export const decodeUniqueKey = (text: string): Either.Either<UniqueKey, DeserializationError> => {
  const bytes = bytesOf(text)
  if (bytes === undefined || (bytes.length !== 16 && bytes.length !== 28)) {
    return Either.left(notHex("unique key", text))
  }
  const view = new DataView(bytes.buffer)
  const at = bytes.length - 12
  return Either.right({
    ip: Host.formatIp(bytes, 0, at),
    pid: view.getUint16(at),
    hash: view.getInt32(at + 2),
    millis: view.getUint32(at + 6),
    counter: view.getUint16(at + 10)
  })
}

const hex8: ReadonlyArray<string> = Array.from(
  { length: 256 },
  (_, i) => i.toString(16).padStart(2, "0").toUpperCase()
)

const hex16 = (value: number): string => hex8[(value >>> 8) & 0xff]! + hex8[value & 0xff]!

const hex32 = (value: number): string => hex16(value >>> 16) + hex16(value)

const bytesOf = (text: string): Uint8Array | undefined => {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

const notHex = (subject: string, text: string): DeserializationError =>
  new DeserializationError({ subject, reason: `${JSON.stringify(text)} is not 32 or 56 hex digits` })
