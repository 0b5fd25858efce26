import * as LanguageCode from "../LanguageCode.js"
import { FrameTooLargeError, HeaderTooLargeError, SerializationError } from "../ProtocolError.js"
import type { RemotingCommand } from "../RemotingCommand.js"
import { put16, put32 } from "./bytes.js"
import { writeCodePoint, writeUtf8 } from "./utf8.js"

/** What the three bytes of the header word can tell of. */
const maxHeader = 0xffffff

/** Writes ASCII text that is known to be so. */
const writeAscii = (slab: Uint8Array, at: number, text: string): number => {
  const length = text.length
  for (let i = 0; i < length; i++) slab[at + i] = text.charCodeAt(i)
  return at + length
}

const hex = (digit: number): number => digit < 10 ? 0x30 + digit : 0x57 + digit

/** Writes a JSON string with its quotes. */
const writeJsonString = (slab: Uint8Array, at: number, text: string): number => {
  const length = text.length
  slab[at++] = 0x22
  let i = 0
  while (i < length) {
    const c = text.charCodeAt(i)
    if (c >= 0x80) {
      const next = writeCodePoint(slab, at, text, i)
      i += next - at === 4 ? 2 : 1
      at = next
      continue
    }
    if (c < 0x20) {
      at = writeAscii(slab, at, "\\u00")
      slab[at++] = hex(c >> 4)
      slab[at++] = hex(c & 15)
    } else {
      if (c === 0x22 || c === 0x5c) slab[at++] = 0x5c
      slab[at++] = c
    }
    i++
  }
  slab[at++] = 0x22
  return at
}

const writeInt = (slab: Uint8Array, at: number, value: number): number => {
  if (value < 0) {
    slab[at++] = 0x2d
    value = -value
  }
  if (value < 10) {
    slab[at] = 0x30 + value
    return at + 1
  }
  let digits = 1
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
  for (let i = at + digits - 1; i >= at; i--) {
    const rest = Math.floor(value / 10)
    slab[i] = 0x30 + (value - rest * 10)
    value = rest
  }
  return at + digits
}

const writeBinary = (slab: Uint8Array, at: number, command: RemotingCommand): number => {
  const { code, remark, version } = command
  put16(slab, at, code)
  slab[at + 2] = command.language
  put16(slab, at + 3, version)
  put32(slab, at + 5, command.opaque)
  put32(slab, at + 9, command.flag)
  let end = at + 17
  if (remark !== undefined) end = writeUtf8(slab, end, remark)
  put32(slab, at + 13, end - at - 17)
  const ext = end
  end += 4
  const fields = command.extFields
  for (const key in fields) {
    const value = fields[key]
    if (typeof value !== "string") continue
    let next = writeUtf8(slab, end + 2, key)
    const keyLength = next - end - 2
    put16(slab, end, keyLength)
    end = next
    next = writeUtf8(slab, end + 4, value)
    put32(slab, end, next - end - 4)
    end = next
  }
  put32(slab, ext, end - ext - 4)
  return end
}

const writeJson = (slab: Uint8Array, at: number, command: RemotingCommand): number => {
  at = writeInt(slab, writeAscii(slab, at, "{\"code\":"), command.code)
  const fields = command.extFields
  let separator = ",\"extFields\":{"
  for (const key in fields) {
    const value = fields[key]
    if (typeof value !== "string") continue
    at = writeJsonString(slab, writeAscii(slab, at, separator), key)
    slab[at++] = 0x3a
    at = writeJsonString(slab, at, value)
    separator = ","
  }
  if (separator === ",") slab[at++] = 0x7d
  at = writeInt(slab, writeAscii(slab, at, ",\"flag\":"), command.flag)
  at = writeAscii(slab, writeAscii(slab, at, ",\"language\":\""), LanguageCode.nameOf(command.language))
  at = writeInt(slab, writeAscii(slab, at, "\",\"opaque\":"), command.opaque)
  if (command.remark !== undefined) {
    at = writeJsonString(slab, writeAscii(slab, at, ",\"remark\":"), command.remark)
  }
  at = writeAscii(slab, at, ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":")
  at = writeInt(slab, at, command.version)
  slab[at] = 0x7d
  return at + 1
}

const isInt32 = (value: number): boolean => (value | 0) === value

const fitsBinary = (command: RemotingCommand): boolean =>
  command.serializeType === 1 && command.code <= 0x7fff && command.code >= -0x8000 && command.version <= 0x7fff &&
  command.version >= -0x8000

/** A connection that says little holds little: each further slab is twice as large, up to the size asked for. */
const firstSlab = 4096

/** Encodes commands one behind the other into slabs of memory whose taken parts are not written again before `recycle`. */
export class FrameWriter {
  private readonly slabSize: number
  private slab: Uint8Array
  /** Start of what was written and not taken yet. */
  private untaken = 0
  private at = 0

  constructor(slabSize: number) {
    this.slabSize = slabSize
    this.slab = new Uint8Array(Math.min(slabSize, firstSlab))
  }

  /** Bytes written and not taken yet. */
  get size(): number {
    return this.at - this.untaken
  }

  write(command: RemotingCommand): SerializationError | HeaderTooLargeError | FrameTooLargeError | undefined {
    const { body, extFields, remark } = command
    if (!isInt32(command.code) || !isInt32(command.opaque) || !isInt32(command.flag) || !isInt32(command.version)) {
      return new SerializationError({
        subject: "a command",
        reason: `code ${command.code}, opaque ${command.opaque}, flag ${command.flag} and version ${command.version} ` +
          "must be 32-bit integers"
      })
    }
    let binary = fitsBinary(command)
    // upper bounds, so that nothing below has to look at the room: 3 bytes a character in UTF-8, 6 when escaped
    let fields = 0
    let characters = remark === undefined ? 0 : remark.length
    for (const key in extFields) {
      const value = extFields[key]
      if (typeof value !== "string") continue
      if (key.length > 10922) binary = false // its length in bytes may not fit 16 bits
      fields++
      characters += key.length + value.length
    }
    const bodyLength = body === undefined ? 0 : body.length
    const bound = (binary ? 29 + 6 * fields + 3 * characters : 256 + 6 * fields + 6 * characters) + bodyLength
    if (this.at + bound > this.slab.length) this.grow(bound)
    const { at, slab } = this
    const end = binary ? writeBinary(slab, at + 8, command) : writeJson(slab, at + 8, command)
    const headerLength = end - at - 8
    if (headerLength > maxHeader) return new HeaderTooLargeError({ size: headerLength, limit: maxHeader })
    const length = 4 + headerLength + bodyLength
    if (length > 0x7fffffff) return new FrameTooLargeError({ size: length + 4, limit: 0x7fffffff })
    put32(slab, at, length)
    put32(slab, at + 4, headerLength | (binary ? 0x1000000 : 0))
    if (body !== undefined) slab.set(body, end)
    this.at = end + bodyLength
    return undefined
  }

  take(): Uint8Array | undefined {
    if (this.at === this.untaken) return undefined
    const bytes = this.slab.subarray(this.untaken, this.at)
    this.untaken = this.at
    return bytes
  }

  /** Whoever took bytes has no more use for them: their place is written again. */
  recycle(): void {
    if (this.at === this.untaken) this.at = this.untaken = 0
  }

  /** A new slab, with what was not taken at its start; doubling keeps a writer that is never emptied linear. */
  private grow(bound: number): void {
    const size = this.at - this.untaken
    const ordinary = Math.min(this.slabSize, 2 * this.slab.length)
    const next = new Uint8Array(Math.max(ordinary, size === 0 ? bound : 2 * (size + bound)))
    if (size > 0) next.set(this.slab.subarray(this.untaken, this.at))
    this.slab = next
    this.untaken = 0
    this.at = size
  }
}

/** The whole frame of one command; throws what `FrameWriter.write` gives back. */
export const encodeFrame = (command: RemotingCommand): Uint8Array => {
  const writer = new FrameWriter(0)
  const error = writer.write(command)
  if (error !== undefined) throw error
  return writer.take()!
}
