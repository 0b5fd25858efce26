import * as Either from "effect/Either"
import * as LanguageCode from "../LanguageCode.js"
import * as LooseJson from "../LooseJson.js"
import { MalformedFrameError } from "../ProtocolError.js"
import type { ExtFields, RemotingCommand } from "../RemotingCommand.js"
import { Fields } from "./fields.js"

const integer = (value: LooseJson.Json | undefined): number | undefined => {
  const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value
  return typeof number === "number" && (number | 0) === number ? number : undefined
}

const text = (value: LooseJson.Json): string => typeof value === "string" ? value : LooseJson.stringify(value)

const language = (value: LooseJson.Json | undefined): number =>
  typeof value === "string" ? LanguageCode.lenient(value) : integer(value) ?? LanguageCode.OTHER

const fieldsOf = (json: LooseJson.Json | undefined): ExtFields => {
  const fields = new Fields()
  for (const [key, value] of LooseJson.entries(json)) if (value !== null) fields[text(key)] = text(value)
  return fields
}

/** Fields of strict JSON, all of them texts, by the engine's own parser. `undefined`: not of that form. */
export const strictFields = (json: string): ExtFields | undefined => {
  try {
    return textFields(JSON.parse(json))
  } catch {
    return undefined
  }
}

/** Fields of an object whose values are all texts. */
export const textFields = (parsed: unknown): ExtFields | undefined => {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined
  const fields = new Fields()
  const values: Record<string, unknown> = parsed as Record<string, unknown>
  for (const key of Object.keys(values)) {
    const value = values[key]
    if (typeof value !== "string") return undefined
    fields[key] = value
  }
  return fields
}

/** Fields of any form; none when the text is no JSON. */
export const tolerantFields = (json: string): ExtFields => fieldsOf(Either.getOrUndefined(LooseJson.parse(json)))

/** Reads a JSON header of any form: numbers as strings and the other way round, spaces, null fields. */
export const parseTolerant = (header: string, body: Uint8Array | undefined): RemotingCommand | MalformedFrameError => {
  const parsed = LooseJson.parse(header, { subject: "a JSON header" })
  if (Either.isLeft(parsed)) return new MalformedFrameError({ reason: parsed.left.message, cause: parsed.left })
  const json = parsed.right
  if (!LooseJson.isObject(json)) return new MalformedFrameError({ reason: "a JSON header must be an object" })
  const code = integer(json["code"])
  const opaque = integer(json["opaque"])
  const flag = integer(json["flag"])
  if (code === undefined || opaque === undefined || flag === undefined) {
    return new MalformedFrameError({ reason: "code, opaque and flag of a JSON header must be 32-bit integers" })
  }
  return {
    code,
    language: language(json["language"]),
    version: integer(json["version"]) ?? 0,
    opaque,
    flag,
    remark: typeof json["remark"] === "string" ? json["remark"] : undefined,
    extFields: fieldsOf(json["extFields"]),
    body,
    serializeType: 0
  }
}
