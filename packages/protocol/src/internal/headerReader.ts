import * as Either from "effect/Either"
import * as LanguageCode from "../LanguageCode.js"
import { MalformedFrameError } from "../ProtocolError.js"
import type { RemotingCommand } from "../RemotingCommand.js"
import { parseTolerant } from "./headerJson.js"
import { BINARY, JSON_TEXT, PLAIN, Received } from "./received.js"

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
  return new Received(
    bytes[start]! << 24 >> 16 | bytes[start + 1]!,
    bytes[start + 2]!,
    bytes[start + 3]! << 24 >> 16 | bytes[start + 4]!,
    i32(bytes, start + 5),
    i32(bytes, start + 9),
    body,
    1,
    bytes,
    remarkStart,
    remarkLength === 0 ? 0 : remarkEnd,
    extStart,
    extEnd,
    BINARY,
    undefined
  )
}

// What the scan of one JSON string found; module state, so that the scan returns a plain number.
let seen = 0

/** Bit of `seen`: a backslash. Bytes above 0x7f set bit 7 of it by themselves. */
const ESCAPE = 0x100

/** From the byte behind the opening quote to the closing quote; -1 when the string is not valid JSON. */
const scanString = (bytes: Uint8Array, at: number, end: number): number => {
  let all = 0
  while (at < end) {
    const c = bytes[at]!
    if (c === 0x22) {
      seen |= all & 0x180
      return at
    }
    if (c < 0x20) return -1
    if (c === 0x5c) {
      all |= ESCAPE
      const escaped = bytes[at + 1]!
      if (escaped === 0x75) {
        for (let i = at + 2; i < at + 6; i++) {
          const digit = bytes[i]! | 0x20
          if (!(digit >= 0x30 && digit <= 0x39 || digit >= 0x61 && digit <= 0x66)) return -1
        }
        at += 6
        continue
      }
      // " / \ b f n r t
      if (
        escaped !== 0x22 && escaped !== 0x2f && escaped !== 0x5c && escaped !== 0x62 && escaped !== 0x66 &&
        escaped !== 0x6e && escaped !== 0x72 && escaped !== 0x74
      ) return -1
      at += 2
      continue
    }
    all |= c
    at++
  }
  return -1
}

const keyIs = (bytes: Uint8Array, at: number, end: number, key: string): boolean => {
  if (end - at !== key.length) return false
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key.charCodeAt(i)) return false
  return true
}

/**
 * One pass over a header as Java, Go and this toolkit write it: no spaces, numbers as plain integers, all fields
 * strings. It proves the header valid and notes where remark and fields lie. `undefined`: not of that form.
 */
const scanJson = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | undefined => {
  let code = NaN
  let opaque = NaN
  let flag = NaN
  let version = 0
  let language: number = LanguageCode.OTHER
  let remarkStart = 0
  let remarkEnd = 0
  let extStart = 0
  let extEnd = 0
  seen = 0
  if (bytes[start] !== 0x7b) return undefined
  let at = start + 1
  for (;;) {
    if (bytes[at] !== 0x22) return undefined
    const keyStart = at + 1
    const keyEnd = scanString(bytes, keyStart, end)
    if (keyEnd < 0 || bytes[keyEnd + 1] !== 0x3a) return undefined
    at = keyEnd + 2
    const first = bytes[at]!
    if (first === 0x22) {
      const before = seen
      seen = 0
      const valueEnd = scanString(bytes, at + 1, end)
      if (valueEnd < 0) return undefined
      if (keyIs(bytes, keyStart, keyEnd, "remark")) {
        remarkStart = at + 1
        remarkEnd = valueEnd
        seen |= before
      } else {
        if (keyIs(bytes, keyStart, keyEnd, "language")) language = readLanguage(bytes, at + 1, valueEnd)
        seen = before
      }
      at = valueEnd + 1
    } else if (first === 0x7b) {
      if (!keyIs(bytes, keyStart, keyEnd, "extFields")) return undefined
      extStart = at
      if (bytes[at + 1] === 0x7d) at += 2
      else {
        do {
          if (bytes[at + 1] !== 0x22) return undefined
          const nameEnd = scanString(bytes, at + 2, end)
          if (nameEnd < 0 || bytes[nameEnd + 1] !== 0x3a || bytes[nameEnd + 2] !== 0x22) return undefined
          const valueEnd = scanString(bytes, nameEnd + 3, end)
          if (valueEnd < 0) return undefined
          at = valueEnd + 1
        } while (bytes[at] === 0x2c)
        if (bytes[at] !== 0x7d) return undefined
        at++
      }
      extEnd = at
    } else {
      const negative = first === 0x2d
      if (negative) at++
      const digits = at
      let value = 0
      for (; at < end; at++) {
        const digit = bytes[at]! - 0x30
        if (!(digit >= 0 && digit <= 9)) break
        value = value * 10 + digit
      }
      const count = at - digits
      if (count === 0 || count > 10 || (count > 1 && bytes[digits] === 0x30)) return undefined
      if (negative) value = -value
      if ((value | 0) !== value) return undefined
      if (keyIs(bytes, keyStart, keyEnd, "code")) code = value
      else if (keyIs(bytes, keyStart, keyEnd, "flag")) flag = value
      else if (keyIs(bytes, keyStart, keyEnd, "opaque")) opaque = value
      else if (keyIs(bytes, keyStart, keyEnd, "version")) version = value
    }
    if (at >= end) return undefined
    const separator = bytes[at++]
    if (separator === 0x7d) break
    if (separator !== 0x2c) return undefined
  }
  if (at !== end || code !== code || opaque !== opaque || flag !== flag) return undefined
  return new Received(
    code,
    language,
    version,
    opaque,
    flag,
    body,
    0,
    bytes,
    remarkStart,
    remarkEnd,
    extStart,
    extEnd,
    seen === 0 ? PLAIN : JSON_TEXT,
    undefined
  )
}

const readLanguage = (bytes: Uint8Array, start: number, end: number): number => {
  if (keyIs(bytes, start, end, "JAVA")) return LanguageCode.JAVA
  let name = ""
  for (let i = start; i < end && i < start + 16; i++) name += String.fromCharCode(bytes[i]!)
  return LanguageCode.lenient(name)
}

/** Reads a header in JSON: quickly when it is as all known peers write it, else by a tolerant parser. */
export const readJson = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | MalformedFrameError => scanJson(bytes, start, end, body) ?? tolerant(bytes, start, end, body)

const tolerant = (
  bytes: Uint8Array,
  start: number,
  end: number,
  body: Uint8Array | undefined
): RemotingCommand | MalformedFrameError =>
  Either.getOrElse(
    Either.map(parseTolerant(bytes.subarray(start, end)), (header) => ({
      ...header,
      body,
      serializeType: 0 as const
    })),
    (error): RemotingCommand | MalformedFrameError => error
  )
