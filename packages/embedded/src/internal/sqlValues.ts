/**
 * Values of SQL92 expressions and how two of them compare: as Java's Integer, Long, Double, Boolean and String do, each
 * turned into the kind of the other where RocketMQ turns it.
 *
 * @since 0.1.0
 */

/** An Integer, or with `long` a Long. */
export interface Whole {
  readonly whole: bigint
  readonly long: boolean
}

/** `null` is unknown, a number is a Double. */
export type Value = null | boolean | string | number | Whole

/** Two values that Java cannot compare: the message counts as not wanted, whatever stands around them. */
export class Incomparable extends Error {}

export const isWhole = (value: Value): value is Whole => typeof value === "object" && value !== null

export const isNumeric = (value: Value): value is number | Whole => typeof value === "number" || isWhole(value)

const INT_MIN = -(2n ** 31n)
const INT_MAX = 2n ** 31n - 1n
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n

/** As Java's decimal literals: an Integer where it fits, else a Long; undefined beyond that. */
export const wholeOf = (digits: string): Whole | undefined => {
  const whole = BigInt(digits)
  return whole > LONG_MAX ? undefined : { whole, long: whole > INT_MAX }
}

const parseWhole = (text: string, least: bigint, most: bigint): bigint => {
  if (!/^[+-]?[0-9]+$/.test(text)) throw new Incomparable(text)
  const whole = BigInt(text.replace("+", ""))
  if (whole < least || whole > most) throw new Incomparable(text)
  return whole
}

const decimal = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?$/
const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)[fFdD]?$/

/** Double.valueOf. */
export const parseDouble = (given: string): number => {
  const text = trim(given)
  if (decimal.test(text)) return Number(text.replace(/[fFdD]$/, ""))
  const special = /^([+-]?)(NaN|Infinity)$/.exec(text)
  if (special !== null) return special[2] === "NaN" ? NaN : special[1] === "-" ? -Infinity : Infinity
  const hex = hexadecimal.exec(text)
  const digits = hex === null ? "" : `${hex[2]}${hex[3]}`
  if (hex === null || digits === "") throw new Incomparable(given)
  const size = Number(BigInt(`0x${digits}`)) * 2 ** (Number(hex[4]) - 4 * hex[3]!.length)
  return hex[1] === "-" ? -size : size
}

/** String.trim: whatever is not above a space. */
const trim = (text: string): string => {
  let from = 0
  let to = text.length
  while (from < to && text.charCodeAt(from) <= 32) from++
  while (from < to && text.charCodeAt(to - 1) <= 32) to--
  return text.slice(from, to)
}

const order = <A extends bigint | string | boolean>(left: A, right: A): number =>
  left < right ? -1 : left > right ? 1 : 0

/** NaN is above all and equal to itself, and -0 is below 0. */
const orderDouble = (left: number, right: number): number => {
  if (left < right) return -1
  if (left > right) return 1
  if (Object.is(left, right)) return 0
  if (Number.isNaN(left)) return 1
  return Number.isNaN(right) || Object.is(left, -0) ? -1 : 1
}

const asDouble = (value: number | Whole): number => typeof value === "number" ? value : Number(value.whole)

/** A string read as what a number is. */
const orderText = (text: string, value: number | Whole): number =>
  typeof value === "number"
    ? orderDouble(parseDouble(text), value)
    : order(value.long ? parseWhole(text, LONG_MIN, LONG_MAX) : parseWhole(text, INT_MIN, INT_MAX), value.whole)

/**
 * Below, at or above 0. What has nothing to do with the other is below it, whichever way around it is asked; throws
 * `Incomparable` when a string is not what it is compared to.
 */
export const compare = (left: Exclude<Value, null>, right: Exclude<Value, null>): number => {
  if (typeof left === "boolean") {
    if (typeof right === "boolean") return order(left, right)
    if (typeof right === "string") throw new Incomparable(right)
    return -1
  }
  if (typeof left === "string") {
    if (typeof right === "string") return order(left, right)
    if (typeof right === "boolean") return order(left.toLowerCase() === "true", right)
    return orderText(left, right)
  }
  if (typeof right === "boolean") return -1
  if (typeof right === "string") return -orderText(right, left)
  return isWhole(left) && isWhole(right) ? order(left.whole, right.whole) : orderDouble(asDouble(left), asDouble(right))
}
