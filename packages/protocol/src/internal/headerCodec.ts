import * as Either from "effect/Either"
import type * as Header from "../Header.js"
import { DeserializationError, SerializationError } from "../ProtocolError.js"
import type { ExtFields } from "../RemotingCommand.js"
import { Fields } from "./fields.js"

/** Typed by `Header.make`. */
export const codec = (name: string, fields: Header.AnyFields): Header.Header<any> => {
  const list = Object.keys(fields).map((key) => {
    const field = fields[key]!
    return { ...field, key, wireName: field.wireName ?? key }
  })
  const encode = (value: Readonly<Record<string, unknown>>): ExtFields => {
    const out = new Fields()
    for (let i = 0; i < list.length; i++) {
      const field = list[i]!
      const item = value[field.key]
      if (item === undefined) {
        if (!field.needed) continue
        throw new SerializationError({ subject: name, reason: `${field.key} is missing` })
      }
      const text = field.encode(item)
      if (text === undefined) {
        throw new SerializationError({ subject: name, reason: `${field.key} must be ${field.expected}: ${item}` })
      }
      out[field.wireName] = text
    }
    return out
  }
  const decode = (extFields: ExtFields): Either.Either<any, DeserializationError> => {
    const out: Record<string, unknown> = {}
    for (let i = 0; i < list.length; i++) {
      const field = list[i]!
      const text = extFields[field.wireName]
      if (typeof text !== "string") {
        if (!field.needed) continue
        return Either.left(new DeserializationError({ subject: name, field: field.wireName, reason: "it is missing" }))
      }
      const value = field.decode(text)
      if (value === undefined) {
        if (text === "" && !field.needed) continue
        const reason = `it must be ${field.expected}, not ${JSON.stringify(text.slice(0, 64))}`
        return Either.left(new DeserializationError({ subject: name, field: field.wireName, reason }))
      }
      out[field.key] = value
    }
    return Either.right(out)
  }
  return { name, encode, decode }
}
