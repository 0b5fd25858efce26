/**
 * Reading of a request's ext fields, the broker's way: a field that is missing or no number is answered with code 1.
 *
 * The broker reads the wire by itself and not through the typed headers that clients write it with, so that one mistaken
 * field name cannot hide on both sides; and a send reads its dozen fields without an object for them.
 *
 * @since 0.1.0
 */
import type { ExtFields } from "@effect-rocketmq/protocol/RemotingCommand"

/** A request that cannot be understood. Thrown by handlers, answered by the dispatcher with code 1. */
export class BadRequest extends Error {}

export const string = (fields: ExtFields, name: string): string => {
  const value = fields[name]
  if (value === undefined) throw new BadRequest(`the custom field <${name}> is null`)
  return value
}

const numeric = /^[+-]?\d{1,19}$/

const number = (name: string, value: string): number => {
  // most are a queue or a flag
  const digit = value.length === 1 ? value.charCodeAt(0) - 0x30 : -1
  if (digit >= 0 && digit <= 9) return digit
  if (!numeric.test(value)) {
    throw new BadRequest(`the custom field <${name}> is no number: For input string: "${value}"`)
  }
  return Number(value)
}

export const int = (fields: ExtFields, name: string): number => number(name, string(fields, name))

/** 64-bit values that stay below 2^53 in this broker: offsets and times of its own. */
export const long = int

export const optionalInt = (fields: ExtFields, name: string): number | undefined => {
  const value = fields[name]
  return value === undefined || value === "" ? undefined : number(name, value)
}

export const big = (fields: ExtFields, name: string): bigint => {
  const value = string(fields, name)
  number(name, value)
  return BigInt(value)
}

export const boolean = (fields: ExtFields, name: string): boolean => fields[name] === "true"
