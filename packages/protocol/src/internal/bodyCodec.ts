import * as Either from "effect/Either"
import type { Body } from "../Body.js"
import * as LooseJson from "../LooseJson.js"
import * as MessageQueue from "../MessageQueue.js"
import { DeserializationError } from "../ProtocolError.js"

type Json = LooseJson.Json

/** Reads and writes one part of a body; reading throws a `Problem`, which never leaves this module. */
export interface Codec<A> {
  write(value: A): Json | undefined
  read(json: Json | undefined, at: string): A
}

class Problem {
  readonly at: string
  readonly reason: string
  constructor(at: string, reason: string) {
    this.at = at
    this.reason = reason
  }
}

const fail = (json: Json | undefined, at: string, expected: string): never => {
  const found = json === undefined ? "it is missing" : `not ${LooseJson.stringify(json).slice(0, 64)}`
  throw new Problem(at, json === undefined ? found : `it must be ${expected}, ${found}`)
}

export const string: Codec<string> = {
  write: (value) => value,
  read: (json, at) => {
    if (typeof json === "string") return json
    if (typeof json === "number" || typeof json === "bigint" || typeof json === "boolean") return String(json)
    return fail(json, at, "a text")
  }
}

/** A text that says something else; `read` gives `undefined` when it does not. */
export const parsed = <A>(
  json: Json | undefined,
  at: string,
  expected: string,
  read: (text: string) => A | undefined
): A => (typeof json === "string" ? read(json) : undefined) ?? fail(json, at, expected)

export const boolean: Codec<boolean> = {
  write: (value) => value,
  read: (json, at) => {
    if (typeof json === "boolean") return json
    if (json === "true" || json === "false") return json === "true"
    return fail(json, at, "true or false")
  }
}

const whole = (json: Json | undefined): number | bigint | undefined => {
  if (typeof json === "bigint") return json
  if (typeof json === "number") return Number.isInteger(json) ? json : undefined
  if (typeof json !== "string" || !/^-?\d{1,20}$/.test(json)) return undefined
  const value = Number(json)
  return Number.isSafeInteger(value) ? value : BigInt(json)
}

export const int32: Codec<number> = {
  write: (value) => value,
  read: (json, at) => {
    const value = whole(json)
    return typeof value === "number" && (value | 0) === value ? value : fail(json, at, "a 32-bit integer")
  }
}

/** A 64-bit integer that a `number` holds: times, counts, versions. */
export const count: Codec<number> = {
  write: (value) => value,
  read: (json, at) => {
    const value = whole(json)
    return typeof value === "number" && Number.isSafeInteger(value) ? value : fail(json, at, "an integer up to 2^53")
  }
}

export const int64: Codec<bigint> = {
  write: (value) => value,
  read: (json, at) => {
    const value = whole(json)
    const exact = typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : value
    return typeof exact === "bigint" && BigInt.asIntN(64, exact) === exact ? exact : fail(json, at, "a 64-bit integer")
  }
}

export const double: Codec<number> = {
  write: (value) => value,
  read: (json, at) => {
    const value = typeof json === "string" && json.trim() !== "" ? Number(json) : Number(json ?? NaN)
    return typeof json !== "object" && !Number.isNaN(value) ? value : fail(json, at, "a number")
  }
}

export const optional = <A>(self: Codec<A>): Codec<A | undefined> => ({
  write: (value) => value === undefined ? undefined : self.write(value),
  read: (json, at) => json === undefined || json === null ? undefined : self.read(json, at)
})

/** What older peers leave out. */
export const orElse = <A>(self: Codec<A>, value: A): Codec<A> => ({
  write: (given) => self.write(given),
  read: (json, at) => json === undefined || json === null ? value : self.read(json, at)
})

const flag = orElse(boolean, false)
const zero = orElse(int32, 0)
const zeroCount = orElse(count, 0)
const zeroLong = orElse(int64, 0n)
const zeroDouble = orElse(double, 0)
export { flag, zero, zeroCount, zeroDouble, zeroLong }

/** Java's enums: a name, or its ordinal as Go writes it. */
export const names = <const N extends ReadonlyArray<string>>(...all: N): Codec<N[number]> => ({
  write: (value) => value,
  read: (json, at) => {
    const name = typeof json === "number" ? all[json] : all.find((one) => one === json)
    return name ?? fail(json, at, `one of ${all.join(", ")}`)
  }
})

/** `null` and nothing read as empty. */
export const array = <A>(self: Codec<A>): Codec<ReadonlyArray<A>> => ({
  write: (value) => value.map((item) => self.write(item) ?? null),
  read: (json, at) => {
    if (json === undefined || json === null) return []
    if (!LooseJson.isArray(json)) return fail(json, at, "a list")
    return json.map((item, i) => self.read(item, `${at}[${i}]`))
  }
})

const isMap = (json: Json): boolean => LooseJson.isObject(json) || json instanceof LooseJson.Entries

const read = <K, A>(key: (json: Json, at: string) => K, self: Codec<A>) => (json: Json | undefined, at: string) => {
  const out: Array<readonly [K, A]> = []
  if (json === undefined || json === null) return out
  if (!isMap(json)) return fail(json, at, "a map")
  for (const [name, value] of LooseJson.entries(json)) {
    out.push([key(name, `${at}, key`), self.read(value, `${at}.${LooseJson.stringify(name)}`)])
  }
  return out
}

/** A map keyed by text. */
export const table = <A>(self: Codec<A>): Codec<ReadonlyMap<string, A>> => {
  const entries = read(string.read, self)
  return {
    write: (value) => new LooseJson.Entries(Array.from(value, ([key, item]) => [key, self.write(item) ?? null])),
    read: (json, at) => new Map(entries(json, at))
  }
}

/** A map keyed by integers: written with quotes, which every peer reads. */
export const intTable = <A>(self: Codec<A>): Codec<ReadonlyMap<number, A>> => {
  const entries = read(count.read, self)
  return {
    write: (value) => new LooseJson.Entries(Array.from(value, ([key, item]) => [`${key}`, self.write(item) ?? null])),
    read: (json, at) => new Map(entries(json, at))
  }
}

export const texts: Codec<Readonly<Record<string, string>>> = {
  write: (value) => value,
  read: (json, at) => Object.fromEntries(read(string.read, string)(json, at))
}

/**
 * The fields of a value, in the order in which they are written. `wire`: those with another name on the wire; of several
 * names the first is written and all are read.
 */
export const struct = <A extends object>(
  fields: { readonly [K in keyof A]-?: Codec<A[K]> },
  wire?: { readonly [K in keyof A]?: string | ReadonlyArray<string> }
): Codec<A> => {
  const list = (Object.keys(fields) as Array<keyof A & string>).map((key) => {
    const names: ReadonlyArray<string> = ([] as Array<string>).concat(wire?.[key] ?? key)
    return { key, name: names[0]!, other: names[1], codec: fields[key] }
  })
  return {
    write: (value) => {
      const out: Record<string, Json> = {}
      for (const { codec, key, name } of list) {
        const json = codec.write(value[key])
        if (json !== undefined) out[name] = json
      }
      return out
    },
    read: (json, at) => {
      if (json === undefined || !LooseJson.isObject(json)) return fail(json, at, "an object")
      const out: Partial<A> = {}
      for (const { codec, key, name, other } of list) {
        const item = json[name] ?? (other === undefined ? undefined : json[other])
        const value = codec.read(item, at === "" ? name : `${at}.${name}`)
        if (value !== undefined) out[key] = value
      }
      return out as A
    }
  }
}

export const queue: Codec<MessageQueue.MessageQueue> = {
  write: ({ brokerName, queueId, topic }) => ({ brokerName, queueId, topic }),
  read: (json, at) => {
    // old peers wrote the key of a map as text
    const value = typeof json === "string" ? Either.getOrUndefined(LooseJson.parse(json)) : json
    if (value === undefined || !LooseJson.isObject(value)) return fail(json, at, "a message queue")
    return MessageQueue.make(
      string.read(value["topic"], `${at}.topic`),
      string.read(value["brokerName"], `${at}.brokerName`),
      int32.read(value["queueId"], `${at}.queueId`)
    )
  }
}

/** A map keyed by queues, `{{"brokerName":…,"queueId":…,"topic":…}:…}`. */
export const byQueue = <A>(
  self: Codec<A>
): Codec<ReadonlyArray<readonly [queue: MessageQueue.MessageQueue, value: A]>> => ({
  write: (value) => new LooseJson.Entries(value.map(([key, item]) => [queue.write(key)!, self.write(item) ?? null])),
  read: read(queue.read, self)
})

const encoder = new TextEncoder()

/** A whole body. */
export const body = <A>(name: string, codec: Codec<A>): Body<A> => ({
  name,
  encode: (value) => encoder.encode(LooseJson.stringify(codec.write(value) ?? null)),
  decode: (bytes) => {
    const json = LooseJson.parse(bytes, { subject: name })
    if (Either.isLeft(json)) return Either.left(json.left)
    try {
      return Either.right(codec.read(json.right, ""))
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      const field = problem.at === "" ? undefined : problem.at
      return Either.left(new DeserializationError({ subject: name, field, reason: problem.reason }))
    }
  }
})
