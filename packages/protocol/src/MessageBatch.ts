/**
 * The body of SEND_BATCH_MESSAGE (320), and of inner batches: several messages of one topic.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Batch from "./internal/batch.js"
import * as Text from "./internal/text.js"
import { writeUtf8 } from "./internal/utf8.js"
import * as MessageProperties from "./MessageProperties.js"
import { DeserializationError, SerializationError } from "./ProtocolError.js"

/**
 * One message of a batch. A `Message` is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly flag: number
  readonly body: Uint8Array
  /** With its own `UNIQ_KEY`, if the entry shall be traceable. */
  readonly properties: MessageProperties.Properties
}

/**
 * Writes a batch. Properties that are a string already are taken as they are; others fail when `MessageProperties.encode`
 * refuses them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const encode = (
  entries: ReadonlyArray<
    { readonly flag: number; readonly body: Uint8Array; readonly properties: MessageProperties.Properties | string }
  >
): Either.Either<Uint8Array, SerializationError> => {
  const texts: Array<string> = []
  let bound = 0
  for (const { body, properties } of entries) {
    const text = typeof properties === "string" ? Either.right(properties) : MessageProperties.encode(properties)
    if (Either.isLeft(text)) return Either.left(text.left)
    texts.push(text.right)
    bound += Batch.OVERHEAD + body.length + 3 * text.right.length
  }
  if (bound > 0x7fffffff) {
    return Either.left(new SerializationError({ subject: "message batch", reason: `it would take ${bound} bytes` }))
  }
  const bytes = new Uint8Array(bound)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (let i = 0; i < entries.length; i++) {
    const { body, flag } = entries[i]!
    const properties = at + Batch.OVERHEAD + body.length
    const end = writeUtf8(bytes, properties, texts[i]!)
    // magic and body CRC stay 0
    view.setInt32(at, end - at)
    view.setInt32(at + 12, flag)
    view.setInt32(at + 16, body.length)
    bytes.set(body, at + 20)
    view.setInt16(properties - 2, end - properties)
    at = end
  }
  return Either.right(bytes.subarray(0, at))
}

/**
 * Reads a batch. Bodies are views of `bytes`. A batch is stored as a whole or not at all, so one broken entry fails all;
 * consumers, who must not lose the others, use `MessageExt.unwrap`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const decode = (bytes: Uint8Array): Either.Either<ReadonlyArray<Entry>, DeserializationError> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: Array<Entry> = []
  let at = 0
  while (at < bytes.length) {
    const size = Batch.sizeAt(view, at, bytes.length)
    const entry = typeof size === "string" ? size : Batch.entryAt(view, at, size)
    if (typeof entry === "string") {
      return Either.left(
        new DeserializationError({ subject: "message batch", field: `entry ${entries.length}`, reason: entry })
      )
    }
    entries.push({
      flag: entry.flag,
      body: bytes.subarray(entry.bodyAt, entry.bodyAt + entry.bodySize),
      properties: MessageProperties.decode(
        Text.slice(bytes, entry.propertiesAt, entry.propertiesAt + entry.propertiesSize)
      )
    })
    at += entry.size
  }
  return Either.right(entries)
}
