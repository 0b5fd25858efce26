/**
 * Faults as text, for command lines and logs.
 *
 * @since 0.1.0
 */
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as Either from "effect/Either"
import type { Conditions, Fault, FaultAction } from "../Fault.js"

const units: ReadonlyArray<readonly [string, number]> = [["h", 3_600_000], ["m", 60_000], ["s", 1000]]

const duration = (millis: number): string => {
  const [unit, size] = units.find(([, size]) => millis > 0 && millis % size === 0) ?? ["ms", 1]
  return `${millis / size}${unit}`
}

const plain = /^[^\s"=]+$/

const quoted = (text: string): string => plain.test(text) ? text : JSON.stringify(text)

const actionText = (action: FaultAction): string => {
  const remark = "remark" in action && action.remark !== undefined ? ` remark=${quoted(action.remark)}` : ""
  switch (action._tag) {
    case "Fail":
      return `fail=${ResponseCode.nameOf(action.code)}${remark}`
    case "Answer":
      return `answer=${ResponseCode.nameOf(action.code)}${remark}`
    case "DropRequest":
      return "drop=request"
    case "DropResponse":
      return "drop=response"
    case "Delay":
      return `delay=${duration(action.min)}${action.max === action.min ? "" : `..${duration(action.max)}`}`
    case "DuplicateRequest":
      return "duplicate=request"
    case "DuplicateResponse":
      return "duplicate=response"
    case "Disconnect":
      return "disconnect"
    case "Cut":
      return "cut"
    case "Corrupt":
      return `corrupt=${action.part}${action.bytes === undefined ? "" : `:${action.bytes}`}`
    case "Freeze":
      return `freeze=${duration(action.millis)}`
  }
}

const conditionTexts: { readonly [K in keyof Conditions]-?: (value: NonNullable<Conditions[K]>) => string } = {
  server: quoted,
  connection: String,
  client: quoted,
  code: RequestCode.nameOf,
  topic: quoted,
  queue: String,
  group: quoted,
  from: String,
  when: () => "?",
  after: String,
  every: String,
  probability: String,
  times: String,
  during: duration
}

export const format = (fault: Fault): string => {
  const words = [actionText(fault.action)]
  for (const name of Object.keys(conditionTexts) as Array<keyof Conditions>) {
    const value = fault[name]
    // each value goes to the writer of its own name, which the compiler does not see
    if (value !== undefined) words.push(`${name}=${conditionTexts[name](value as never)}`)
  }
  return words.join(" ")
}

/** Why a word is no part of a fault. Thrown and caught in this module. */
class Problem {
  readonly word: string
  readonly reason: string
  constructor(word: string, reason: string) {
    this.word = word
    this.reason = reason
  }
}

const wordPattern = /\s*([^\s"=]+)(?:=("(?:[^"\\]|\\.)*"|[^\s"]*))?(?=\s|$)/y

interface Word {
  readonly text: string
  readonly key: string
  readonly value: string | undefined
}

const unquote = (text: string, value: string): string => {
  if (!value.startsWith("\"")) return value
  try {
    return JSON.parse(value)
  } catch {
    throw new Problem(text, "its quotes are no JSON string")
  }
}

const wordsOf = (text: string): ReadonlyArray<Word> => {
  const words: Array<Word> = []
  const end = text.trimEnd().length
  let at = 0
  while (at < end) {
    wordPattern.lastIndex = at
    const found = wordPattern.exec(text)
    if (found === null) throw new Problem(text.slice(at).trim(), "it is neither a word nor key=value")
    at = wordPattern.lastIndex
    const word = found[0].trim()
    words.push({
      text: word,
      key: found[1]!,
      value: found[2] === undefined ? undefined : unquote(word, found[2])
    })
  }
  return words
}

const valueOf = (word: Word): string => {
  if (word.value === undefined || word.value === "") throw new Problem(word.text, "it needs a value behind =")
  return word.value
}

const whole = (least: number) => (word: Word, text = valueOf(word)): number => {
  if (!/^\d{1,10}$/.test(text) || Number(text) < least) {
    throw new Problem(word.text, `${text} is no whole number from ${least} on`)
  }
  return Number(text)
}

const millis = (word: Word, text = valueOf(word)): number => {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  if (found === null) throw new Problem(word.text, `${text} is no duration such as 200ms, 5s, 2m or 1h`)
  const [, size] = units.find(([unit]) => unit === found[2]) ?? ["ms", 1]
  return Number(found[1]) * size
}

const range = (word: Word): FaultAction => {
  const [first, second, ...rest] = valueOf(word).split("..")
  if (rest.length > 0) throw new Problem(word.text, "a range has two ends")
  const min = millis(word, first)
  const max = second === undefined ? min : millis(word, second)
  if (max < min) throw new Problem(word.text, "the range ends before it begins")
  return { _tag: "Delay", min, max }
}

const oneOf = <const A extends string>(word: Word, values: ReadonlyArray<A>, text = valueOf(word)): A => {
  const found = values.find((value) => value === text)
  if (found === undefined) throw new Problem(word.text, `${text} is none of ${values.join(", ")}`)
  return found
}

/** A number, or the name of one in the table of the protocol. */
const code = (table: object, kind: string) => (word: Word): number => {
  const text = valueOf(word)
  if (/^-?\d{1,6}$/.test(text)) return Number(text)
  const named: unknown = Object.entries(table).find(([name]) => name === text)?.[1]
  if (typeof named !== "number") throw new Problem(word.text, `${text} is no ${kind} code and no name of one`)
  return named
}

const corrupt = (word: Word): FaultAction => {
  const [part, bytes, ...rest] = valueOf(word).split(":")
  if (rest.length > 0) throw new Problem(word.text, "it is a part, and the number of bytes behind a colon")
  return {
    _tag: "Corrupt",
    part: oneOf(word, ["length", "header", "body"], part),
    bytes: bytes === undefined ? undefined : whole(1)(word, bytes)
  }
}

const bare = (word: Word, action: FaultAction): FaultAction => {
  if (word.value !== undefined) throw new Problem(word.text, `${word.key} takes no value`)
  return action
}

const responseCode = code(ResponseCode, "response")

const actions: Readonly<Record<string, (word: Word, remark: string | undefined) => FaultAction>> = {
  fail: (word, remark) => ({ _tag: "Fail", code: responseCode(word), remark }),
  answer: (word, remark) => ({ _tag: "Answer", code: responseCode(word), remark }),
  drop: (word) =>
    oneOf(word, ["request", "response"]) === "request" ? { _tag: "DropRequest" } : { _tag: "DropResponse" },
  duplicate: (word) =>
    oneOf(word, ["request", "response"]) === "request" ? { _tag: "DuplicateRequest" } : { _tag: "DuplicateResponse" },
  delay: range,
  disconnect: (word) => bare(word, { _tag: "Disconnect" }),
  cut: (word) => bare(word, { _tag: "Cut" }),
  corrupt,
  freeze: (word) => ({ _tag: "Freeze", millis: millis(word) })
}

const probability = (word: Word): number => {
  const text = valueOf(word)
  const value = /^\d*\.?\d+(?:e-\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 0 && value <= 1)) throw new Problem(word.text, `${text} is no number from 0 to 1`)
  return value
}

const conditions: { readonly [K in Exclude<keyof Conditions, "when">]-?: (word: Word) => Conditions[K] } = {
  server: valueOf,
  connection: whole(0),
  client: valueOf,
  code: code(RequestCode, "request"),
  topic: valueOf,
  queue: whole(0),
  group: valueOf,
  from: (word) => oneOf(word, ["client", "server"]),
  after: whole(0),
  every: whole(1),
  probability,
  times: whole(1),
  during: millis
}

const isCondition = (key: string): key is keyof typeof conditions => Object.hasOwn(conditions, key)

const read = (text: string): { readonly action: FaultAction; readonly conditions: Conditions } => {
  const words = wordsOf(text)
  const seen = new Set<string>()
  for (const { key, text } of words) {
    if (seen.has(key)) throw new Problem(text, `${key} is there twice`)
    seen.add(key)
  }
  const remark = words.find(({ key }) => key === "remark")
  const found: Record<string, unknown> = {}
  let action: FaultAction | undefined
  for (const word of words) {
    if (word === remark) continue
    if (Object.hasOwn(actions, word.key)) {
      if (action !== undefined) throw new Problem(word.text, "there is an action before it already")
      action = actions[word.key]!(word, remark?.value)
    } else if (isCondition(word.key)) {
      found[word.key] = conditions[word.key](word)
    } else {
      const known = [...Object.keys(actions), "remark", ...Object.keys(conditions)]
      throw new Problem(word.text, `${word.key} is unknown; there are ${known.join(", ")}`)
    }
  }
  if (action === undefined) {
    throw new Problem(text.trim(), `it says not what happens: one of ${Object.keys(actions).join(", ")}`)
  }
  if (remark !== undefined && action._tag !== "Fail" && action._tag !== "Answer") {
    throw new Problem(remark.text, "only fail and answer have a remark")
  }
  return { action, conditions: found }
}

export const parse = <E>(
  text: string,
  make: (action: FaultAction, conditions: Conditions) => Fault,
  error: (word: string, problem: string) => E
): Either.Either<Fault, E> => {
  try {
    const { action, conditions } = read(text)
    return Either.right(make(action, conditions))
  } catch (problem) {
    if (problem instanceof Problem) return Either.left(error(problem.word, problem.reason))
    throw problem
  }
}
