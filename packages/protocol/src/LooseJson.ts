/**
 * JSON as RocketMQ's Java peers write it: integer keys without quotes, maps keyed by objects (`{{"queueId":0}:7}`),
 * `$ref` paths, 64-bit integers. Reading is total: it gives a value or an error, never throws, and is bounded in depth.
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { resolveReferences } from "./internal/jsonReference.js"
import type { Place, Reference } from "./internal/jsonReference.js"
import { DeserializationError } from "./ProtocolError.js"

/**
 * A value. Objects have no prototype; integers that a `number` cannot hold exactly are `bigint`.
 * @since 0.1.0
 * @category models
 */
export type Json = null | boolean | number | bigint | string | JsonArray | JsonObject | Entries

/**
 * A list of values.
 * @since 0.1.0
 * @category models
 */
export type JsonArray = ReadonlyArray<Json>

/**
 * An object with string keys. `undefined` is for writing only: such a field is left out.
 * @since 0.1.0
 * @category models
 */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/**
 * A map of which some key is not a string or an integer. Written as `{key:value,…}` with the keys as they are.
 * @since 0.1.0
 * @category models
 */
export class Entries {
  /**
   * In their order.
   *
   * @since 0.1.0
   */
  readonly entries: ReadonlyArray<readonly [key: Json, value: Json]>

  constructor(entries: ReadonlyArray<readonly [key: Json, value: Json]>) {
    this.entries = entries
  }
}

/**
 * Nesting that is read or written at most.
 * @since 0.1.0
 * @category constants
 */
export const maxDepth = 64

/**
 * Length of a text that is read at most by default, in UTF-16 units or bytes: 32 Mi, as the largest frame.
 * @since 0.1.0
 * @category constants
 */
export const defaultMaxSize = 33_554_432

class SyntaxProblem {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const plain = /[^"\\]*/y

class Parser {
  readonly references: Array<Reference> = []
  private readonly text: string
  private readonly hasEscapes: boolean
  private at = 0
  private readonly open: Array<Place> = []

  constructor(text: string) {
    this.text = text
    this.hasEscapes = text.includes("\\")
  }

  whole(): Json {
    const value = this.value()
    this.space()
    if (this.at < this.text.length) this.fail("something follows the value")
    return value
  }

  private fail(reason: string): never {
    throw new SyntaxProblem(
      `${reason} at position ${this.at}: ${JSON.stringify(this.text.slice(this.at, this.at + 24))}`
    )
  }

  private space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
      this.at++
    }
  }

  /** The next character that is no space; not taken. */
  private peek(): number {
    this.space()
    return this.text.charCodeAt(this.at)
  }

  private value(): Json {
    const c = this.peek()
    if (c === 0x22) return this.string()
    if (c === 0x7b) return this.object()
    if (c === 0x5b) return this.array()
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.number()
    if (this.text.startsWith("true", this.at)) return this.word(4, true)
    if (this.text.startsWith("false", this.at)) return this.word(5, false)
    if (this.text.startsWith("null", this.at)) return this.word(4, null)
    return this.fail("no value")
  }

  private word<A>(length: number, value: A): A {
    this.at += length
    return value
  }

  private number(): number | bigint {
    number.lastIndex = this.at
    const match = number.exec(this.text)
    if (match === null) return this.fail("no number")
    this.at += match[0].length
    const value = Number(match[0])
    const integer = match[1] === undefined && match[2] === undefined
    return integer && !Number.isSafeInteger(value) && match[0].length <= 40 ? BigInt(match[0]) : value
  }

  private string(): string {
    this.at++
    if (!this.hasEscapes) {
      const end = this.text.indexOf("\"", this.at)
      if (end < 0) return this.fail("a string does not end")
      const out = this.text.slice(this.at, end)
      this.at = end + 1
      return out
    }
    let out = ""
    for (;;) {
      plain.lastIndex = this.at
      const run = plain.exec(this.text)![0]
      this.at += run.length
      out = out === "" ? run : out + run
      const c = this.text.charCodeAt(this.at)
      if (c === 0x22) {
        this.at++
        return out
      }
      if (c !== 0x5c) return this.fail("a string does not end")
      out += this.escape()
    }
  }

  private escape(): string {
    const c = this.text[this.at + 1]
    if (c === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) return this.fail("a bad escape")
      this.at += 6
      return String.fromCharCode(parseInt(digits, 16))
    }
    const plainText = c === undefined ? undefined : escapes.get(c)
    if (plainText === undefined) return this.fail("a bad escape")
    this.at += 2
    return plainText
  }

  private enter(value: Json): Place {
    if (this.open.length >= maxDepth) this.fail(`nested deeper than ${maxDepth}`)
    const place = { value }
    this.open.push(place)
    return place
  }

  private array(): Json {
    const out: Array<Json> = []
    this.enter(out)
    this.at++
    if (this.peek() === 0x5d) this.at++
    else {
      for (;;) {
        const value = this.value()
        this.note(value, out, out.length)
        out.push(value)
        const c = this.peek()
        this.at++
        if (c === 0x5d) break
        if (c !== 0x2c) this.fail("an array goes wrong before")
      }
    }
    this.open.pop()
    return out
  }

  private object(): Json {
    const fields: Record<string, Json> = Object.create(null)
    let entries: Array<[Json, Json]> | undefined
    const place = this.enter(fields)
    this.at++
    if (this.peek() === 0x7d) this.at++
    else {
      for (;;) {
        const key = this.value()
        if (this.peek() !== 0x3a) this.fail("a colon is missing")
        this.at++
        if (entries === undefined && (typeof key === "object" || typeof key === "boolean")) {
          entries = this.toEntries(fields)
          place.value = new Entries(entries)
        }
        const value = this.value()
        if (entries === undefined) {
          const name = String(key)
          this.note(value, fields, name)
          fields[name] = value
        } else {
          const entry: [Json, Json] = [key, value]
          this.note(key, entry, 0)
          this.note(value, entry, 1)
          entries.push(entry)
        }
        const c = this.peek()
        this.at++
        if (c === 0x7d) break
        if (c !== 0x2c) this.fail("an object goes wrong before")
      }
    }
    this.open.pop()
    return place.value
  }

  /** The fields read before the first key that is no string, and what refers to places in them. */
  private toEntries(fields: Record<string, Json>): Array<[Json, Json]> {
    const entries = new Map<string, [Json, Json]>()
    for (const key of Object.keys(fields)) entries.set(key, [key, fields[key]!])
    for (const reference of this.references) {
      if (reference.holder !== fields) continue
      reference.holder = entries.get(String(reference.key))!
      reference.key = 1
    }
    return Array.from(entries.values())
  }

  /** Remembers a value that is a reference, with the places that a relative path starts from. */
  private note(value: Json, holder: Record<string, Json> | Array<Json>, key: string | number): void {
    if (typeof value !== "object" || value === null || !("$ref" in value)) return
    const path = value["$ref"]
    if (typeof path !== "string") return
    const depth = this.open.length
    this.references.push({ path, holder, key, self: this.open[depth - 1]!, parent: this.open[depth - 2] })
  }
}

const escapes = new Map([
  ["\"", "\""],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["'", "'"],
  ["0", "\0"]
])

const decoder = new TextDecoder()

/**
 * Reads a text, or bytes as UTF-8. Of duplicate keys the last wins. A `$ref` that leads nowhere stays as it is; references
 * that would blow the value up far beyond the size of its text are an error.
 * @since 0.1.0
 * @category decoding
 */
export const parse = (
  input: string | Uint8Array,
  options?: {
    /** What is read, for the error. Default `JSON`. */
    readonly subject?: string | undefined
    /** Longest text in UTF-16 units or bytes. Default 32 Mi. */
    readonly maxSize?: number | undefined
  }
): Either.Either<Json, DeserializationError> => {
  const subject = options?.subject ?? "JSON"
  const limit = options?.maxSize ?? defaultMaxSize
  if (input.length > limit) {
    return Either.left(new DeserializationError({ subject, reason: `it is longer than the limit of ${limit}` }))
  }
  const parser = new Parser(typeof input === "string" ? input : decoder.decode(input))
  try {
    const value = resolveReferences(parser.whole(), parser.references, lookup)
    if (parser.references.length > 0 && weigh(value, 0, 4 * input.length + 4096) < 0) {
      return Either.left(new DeserializationError({ subject, reason: "its references multiply it too often" }))
    }
    return Either.right(value)
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem
    return Either.left(new DeserializationError({ subject, reason: problem.reason }))
  }
}

/**
 * The entries of a map, whichever way its keys were written; of an object, its fields. Nothing for other values.
 * @since 0.1.0
 * @category combinators
 */
export const entries = (self: Json | undefined): ReadonlyArray<readonly [key: Json, value: Json]> => {
  if (self instanceof Entries) return self.entries
  if (!isObject(self)) return []
  const out: Array<readonly [Json, Json]> = []
  for (const key of Object.keys(self)) {
    const value = self[key]
    if (value !== undefined) out.push([key, value])
  }
  return out
}

/**
 * Is it an object with string keys?
 * @since 0.1.0
 * @category refinements
 */
export const isObject = (self: Json | undefined): self is JsonObject =>
  typeof self === "object" && self !== null && !Array.isArray(self) && !(self instanceof Entries)

/**
 * Is it an array?
 * @since 0.1.0
 * @category refinements
 */
export const isArray = (self: Json | undefined): self is JsonArray => Array.isArray(self)

/**
 * Writes a value: `bigint` as digits, `Entries` with its keys as they are, no spaces, fields in their order. Fields that
 * are `undefined` are left out; numbers that are not finite, and what is nested deeper than 64, become `null`.
 * @since 0.1.0
 * @category encoding
 */
export const stringify = (self: Json): string => write(self, 0)

const lookup = (value: Json, key: string): Json | undefined => {
  if (isArray(value)) return value[Number(key)]
  return isObject(value) ? value[key] : undefined
}

/**
 * What is left of a budget after counting all values, those behind references each time they are met; below 0 when it
 * does not suffice. References may make a short text endless, or as large as 2 to the power of its length.
 */
const weigh = (value: Json | undefined, depth: number, budget: number): number => {
  budget--
  if (typeof value !== "object" || value === null || depth >= maxDepth) return budget
  if (isArray(value)) {
    for (let i = 0; i < value.length && budget >= 0; i++) budget = weigh(value[i], depth + 1, budget)
    return budget
  }
  for (const [key, item] of entries(value)) {
    if (budget < 0) break
    budget = weigh(item, depth + 1, weigh(key, depth + 1, budget))
  }
  return budget
}

const write = (value: Json, depth: number): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null"
  if (typeof value !== "object" || value === null) return String(value)
  if (depth >= maxDepth) return "null"
  if (isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`
  const out: Array<string> = []
  for (const [key, item] of entries(value)) out.push(`${write(key, depth + 1)}:${write(item, depth + 1)}`)
  return `{${out.join(",")}}`
}
