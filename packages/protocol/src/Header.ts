/**
 * Typed headers: a header is a record of named fields, each with a codec between its type and the string on the wire.
 * @since 0.1.0
 */
import type * as Either from "effect/Either"
import type * as Types from "effect/Types"
import { codec } from "./internal/headerCodec.js"
import type { DeserializationError } from "./ProtocolError.js"
import type { ExtFields } from "./RemotingCommand.js"

/**
 * One field. `Needed` tells whether a header without it can be read.
 * @since 0.1.0
 * @category models
 */
export interface Field<A, Needed extends boolean = boolean> {
  /** What the text must be, for errors. */
  readonly expected: string
  readonly needed: Needed
  /** Its name on the wire, when that differs from its name here. */
  readonly wireName: string | undefined
  /** Text of a value; `undefined` when it is no value of this type. */
  encode(value: A): string | undefined
  /** Value of a text; `undefined` when the text is wrong. */
  decode(text: string): A | undefined
}

/**
 * Fields by their names, whatever their types.
 * @since 0.1.0
 * @category models
 */
export type AnyFields = Readonly<Record<string, Field<unknown>>>

/**
 * The value of a header with these fields.
 * @since 0.1.0
 * @category models
 */
export type Value<F extends AnyFields> = Types.Simplify<
  & {
    readonly [K in keyof F as F[K] extends Field<unknown, true> ? K : never]: F[K] extends Field<infer A> ? A : never
  }
  & {
    readonly [K in keyof F as F[K] extends Field<unknown, true> ? never : K]?:
      | (F[K] extends Field<infer A> ? A : never)
      | undefined
  }
>

/**
 * Reads a header.
 * @since 0.1.0
 * @category models
 */
export interface Decoder<out A> {
  readonly name: string
  /** Unknown fields are ignored. The error names header and field. */
  readonly decode: (extFields: ExtFields) => Either.Either<A, DeserializationError>
}

/**
 * Reads and writes a header.
 * @since 0.1.0
 * @category models
 */
export interface Header<in out A> extends Decoder<A> {
  /** Fields that are `undefined` are left out. Throws `SerializationError` when a value is not of its field's type. */
  readonly encode: (value: A) => ExtFields
}

const field = <A>(
  expected: string,
  encode: (value: A) => string | undefined,
  decode: (text: string) => A | undefined
): Field<A, true> => ({ expected, needed: true, wireName: undefined, encode, decode })

/** The integer that a text is, when a `number` holds it exactly. */
const safeInteger = (text: string): number | undefined => {
  const length = text.length
  const negative = text.charCodeAt(0) === 0x2d
  let at = negative || text.charCodeAt(0) === 0x2b ? 1 : 0
  if (at === length || length > 17) return undefined
  let value = 0
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return undefined
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined
  return negative ? 0 - value : value
}

/**
 * Text as it is.
 * @since 0.1.0
 * @category fields
 */
export const string: Field<string, true> = field(
  "text",
  (value) => typeof value === "string" ? value : undefined,
  (text) => text
)

/**
 * A signed 32-bit integer.
 * @since 0.1.0
 * @category fields
 */
export const int32: Field<number, true> = field(
  "a 32-bit integer",
  (value) => (value | 0) === value ? `${value}` : undefined,
  (text) => {
    const value = safeInteger(text)
    return value !== undefined && (value | 0) === value ? value : undefined
  }
)

/**
 * A signed 64-bit integer, exact: offsets.
 * @since 0.1.0
 * @category fields
 */
export const int64: Field<bigint, true> = field(
  "a 64-bit integer",
  (value) => typeof value === "bigint" && BigInt.asIntN(64, value) === value ? value.toString() : undefined,
  (text) => {
    const small = safeInteger(text)
    if (small !== undefined) return BigInt(small)
    if (!/^[+-]?\d{1,24}$/.test(text)) return undefined
    const value = BigInt(text.charCodeAt(0) === 0x2b ? text.slice(1) : text)
    return BigInt.asIntN(64, value) === value ? value : undefined
  }
)

/**
 * A time or duration in milliseconds, or another 64-bit count that a `number` holds exactly.
 * @since 0.1.0
 * @category fields
 */
export const millis: Field<number, true> = field(
  "an integer up to 2^53",
  (value) => Number.isSafeInteger(value) ? `${value}` : undefined,
  safeInteger
)

/**
 * `true` or `false`, in any case, as Java reads it.
 * @since 0.1.0
 * @category fields
 */
export const boolean: Field<boolean, true> = field(
  "true or false",
  (value) => typeof value === "boolean" ? `${value}` : undefined,
  (text) => {
    if (text === "true") return true
    if (text === "false") return false
    const lower = text.toLowerCase()
    return lower === "true" ? true : lower === "false" ? false : undefined
  }
)

/**
 * A field that may be missing. An empty text in a field that is no text counts as missing: Java writes `null` so.
 * @since 0.1.0
 * @category combinators
 */
export const optional = <A>(self: Field<A>): Field<A, false> => ({ ...self, needed: false })

/**
 * The field under another name on the wire.
 * @since 0.1.0
 * @category combinators
 */
export const as = <A, Needed extends boolean>(self: Field<A, Needed>, wireName: string): Field<A, Needed> => ({
  ...self,
  wireName
})

/**
 * A header of these fields. Its name stands in errors.
 * @since 0.1.0
 * @category constructors
 */
export const make = <const F extends AnyFields>(name: string, fields: F): Header<Value<F>> => codec(name, fields)
