import * as LanguageCode from "../LanguageCode.js"
import { MalformedFrameError } from "../ProtocolError.js"
import type { RemotingCommand } from "../RemotingCommand.js"
import { Fields } from "./fields.js"
import { parseTolerant, textFields } from "./headerJson.js"
import { ReceivedBinary, ReceivedJson } from "./received.js"
import * as Text from "./text.js"

const i32 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!

const malformed = (reason: string): MalformedFrameError => new MalformedFrameError({ reason })

/** Reads a header in the binary layout; all lengths are checked here, texts are read later. */
export const readBinary = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | MalformedFrameError => {
  if (end - start < 21) return malformed(`a binary header has at least 21 bytes, this one ${end - start}`)
  const remarkLength = i32(bytes, start + 13)
  const remarkStart = start + 17
  if (remarkLength < 0 || remarkLength > end - remarkStart - 4) {
    return malformed(`the remark's length ${remarkLength} does not fit the header of ${end - start} bytes`)
  }
  const remarkEnd = remarkStart + remarkLength
  const extLength = i32(bytes, remarkEnd)
  const extStart = remarkEnd + 4
  if (extLength < 0 || extLength > end - extStart) {
    return malformed(`the fields' length ${extLength} does not fit the header of ${end - start} bytes`)
  }
  const extEnd = extStart + extLength
  let at = extStart
  while (at < extEnd) {
    if (extEnd - at < 6) return malformed("the last header field is cut off")
    const keyLength = bytes[at]! << 8 | bytes[at + 1]!
    if (keyLength > 0x7fff || keyLength > extEnd - at - 6) {
      return malformed(`a field name of ${keyLength} bytes does not fit the header`)
    }
    at += 2 + keyLength
    const valueLength = i32(bytes, at)
    if (valueLength < 0 || valueLength > extEnd - at - 4) {
      return malformed(`a field value of ${valueLength} bytes does not fit the header`)
    }
    at += 4 + valueLength
  }
  return new ReceivedBinary(
    bytes[start]! << 24 >> 16 | bytes[start + 1]!,
    bytes[start + 2]!,
    bytes[start + 3]! << 24 >> 16 | bytes[start + 4]!,
    i32(bytes, start + 5),
    i32(bytes, start + 9),
    body,
    bytes,
    remarkStart,
    remarkEnd,
    extStart,
    extEnd
  )
}

const literal = (text: string): Uint8Array => new TextEncoder().encode(text)

const codeKey = literal("{\"code\":")
const extKey = literal(",\"extFields\":{")
const flagKey = literal(",\"flag\":")
const java = literal(",\"language\":\"JAVA\"")
const languageKey = literal(",\"language\":\"")
const opaqueKey = literal(",\"opaque\":")
const remarkKey = literal(",\"remark\":\"")
const versionKey = literal(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":")

const isAt = (bytes: Uint8Array, at: number, text: Uint8Array): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

/** Where the number that `intBefore` read starts. */
let intStart = 0

/** The 32-bit integer whose text ends before `end`; NaN when there is none. */
const intBefore = (bytes: Uint8Array, end: number): number => {
  let value = 0
  let power = 1
  let at = end
  for (; end - at < 11; at--) {
    const digit = bytes[at - 1]! - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value += digit * power
    power *= 10
  }
  if (at === end) return NaN
  if (bytes[at - 1] === 0x2d) {
    at--
    value = -value
  }
  intStart = at
  return (value | 0) === value ? value : NaN
}

/** The opening quote of a text without escapes that ends before the closing quote at `end`; -1 when there is none. */
const quoteBefore = (bytes: Uint8Array, start: number, end: number): number => {
  for (let at = end - 1; at > start; at--) {
    const c = bytes[at]!
    if (c === 0x22) return at
    if (c < 0x20 || c === 0x5c) return -1
  }
  return -1
}

/**
 * Reads a header as Java and this toolkit write it, from both ends: the keys sorted, so that everything but the fields
 * stands in known places. Only that much is looked at; fields and remark are read when somebody asks. It takes a fifth of
 * the time of parsing all. `undefined`: not of that form.
 */
const readSorted = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | undefined => {
  if (end - start < 90 || bytes[end - 1] !== 0x7d || !isAt(bytes, start, codeKey)) return undefined
  const version = intBefore(bytes, end - 1)
  let at = intStart - versionKey.length
  if (version !== version || !isAt(bytes, at, versionKey)) return undefined
  let remarkStart = 0
  let remarkEnd = 0
  if (bytes[at - 1] === 0x22) {
    remarkEnd = at - 1
    remarkStart = quoteBefore(bytes, start, remarkEnd) + 1
    at = remarkStart - remarkKey.length
    if (remarkStart === 0 || !isAt(bytes, at, remarkKey)) return undefined
  }
  const opaque = intBefore(bytes, at)
  at = intStart - opaqueKey.length
  if (opaque !== opaque || !isAt(bytes, at, opaqueKey)) return undefined
  let language: number = LanguageCode.JAVA
  if (isAt(bytes, at - java.length, java)) at -= java.length
  else {
    if (bytes[at - 1] !== 0x22) return undefined
    const name = quoteBefore(bytes, start, at - 1) + 1
    if (name === 0 || !isAt(bytes, name - languageKey.length, languageKey)) return undefined
    language = LanguageCode.lenient(Text.slice(bytes, name, at - 1))
    at = name - languageKey.length
  }
  const flag = intBefore(bytes, at)
  at = intStart - flagKey.length
  if (flag !== flag || !isAt(bytes, at, flagKey)) return undefined
  // `at` is now behind the fields, or behind the code when there are none
  let codeEnd = start + codeKey.length
  while (codeEnd < at && bytes[codeEnd] !== 0x2c) codeEnd++
  const code = intBefore(bytes, codeEnd)
  if (code !== code || intStart !== start + codeKey.length) return undefined
  let extStart = 0
  if (codeEnd < at) {
    extStart = codeEnd + extKey.length - 1
    if (extStart >= at || !isAt(bytes, codeEnd, extKey) || bytes[at - 1] !== 0x7d) return undefined
  }
  return new ReceivedJson(code, language, version, opaque, flag, body, bytes, remarkStart, remarkEnd, extStart, at)
}

const isInt32 = (value: unknown): value is number => typeof value === "number" && (value | 0) === value

/** A header of strict JSON with text in all fields, by the engine's own parser. `undefined`: not of that form. */
const parseStrict = (text: string, body: Uint8Array | undefined): RemotingCommand | undefined => {
  let header: Record<string, unknown> | null
  try {
    header = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof header !== "object" || header === null) return undefined
  const { code, extFields, flag, language, opaque, remark, version } = header
  if (!isInt32(code) || !isInt32(opaque) || !isInt32(flag) || !isInt32(version)) return undefined
  if (typeof language !== "string" || (remark !== undefined && typeof remark !== "string")) return undefined
  const fields = extFields === undefined ? new Fields() : textFields(extFields)
  if (fields === undefined) return undefined
  return {
    code,
    language: LanguageCode.lenient(language),
    version,
    opaque,
    flag,
    remark,
    extFields: fields,
    body,
    serializeType: 0
  }
}

/** Reads a header in JSON: quickly when it is as all known peers write it, else by a tolerant parser. */
export const readJson = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | MalformedFrameError => {
  const command = readSorted(bytes, start, end, body)
  if (command !== undefined) return command
  const text = Text.slice(bytes, start, end)
  return parseStrict(text, body) ?? parseTolerant(text, body)
}
