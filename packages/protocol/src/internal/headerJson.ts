import * as Either from "effect/Either"
import * as LanguageCode from "../LanguageCode.js"
import * as LooseJson from "../LooseJson.js"
import { MalformedFrameError } from "../ProtocolError.js"
import type { ExtFields } from "../RemotingCommand.js"
import { Fields } from "./received.js"

export interface JsonHeader {
  readonly code: number
  readonly language: number
  readonly version: number
  readonly opaque: number
  readonly flag: number
  readonly remark: string | undefined
  readonly extFields: ExtFields
}

const integer = (value: LooseJson.Json | undefined): number | undefined => {
  const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value
  return typeof number === "number" && (number | 0) === number ? number : undefined
}

const text = (value: LooseJson.Json): string => typeof value === "string" ? value : LooseJson.stringify(value)

const language = (value: LooseJson.Json | undefined): number =>
  typeof value === "string" ? LanguageCode.lenient(value) : integer(value) ?? LanguageCode.OTHER

/** Reads a JSON header of any form: numbers as strings and the other way round, spaces, null fields. */
export const parseTolerant = (bytes: Uint8Array): Either.Either<JsonHeader, MalformedFrameError> => {
  const parsed = LooseJson.parse(bytes, { subject: "a JSON header" })
  if (Either.isLeft(parsed)) {
    return Either.left(new MalformedFrameError({ reason: parsed.left.message, cause: parsed.left }))
  }
  const header = parsed.right
  if (!LooseJson.isObject(header)) {
    return Either.left(new MalformedFrameError({ reason: "a JSON header must be an object" }))
  }
  const code = integer(header["code"])
  const opaque = integer(header["opaque"])
  const flag = integer(header["flag"])
  if (code === undefined || opaque === undefined || flag === undefined) {
    return Either.left(new MalformedFrameError({ reason: "code, opaque and flag of a JSON header must be integers" }))
  }
  const extFields = new Fields()
  for (const [key, value] of LooseJson.entries(header["extFields"])) {
    if (value !== null) extFields[text(key)] = text(value)
  }
  return Either.right({
    code,
    language: language(header["language"]),
    version: integer(header["version"]) ?? 0,
    opaque,
    flag,
    remark: typeof header["remark"] === "string" ? header["remark"] : undefined,
    extFields
  })
}
