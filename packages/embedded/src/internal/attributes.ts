/**
 * Attributes of topics and groups: which there are, which values they take, and how they are changed. The refusals are in
 * RocketMQ's words.
 *
 * @since 0.1.0
 */
import { BadRequest } from "./fields.js"

export type Attributes = Readonly<Record<string, string>>

/** A change as it is sent: names with `+` or `-` before them. */
type Changes = ReadonlyArray<readonly [name: string, value: string]>

interface Attribute {
  /** Whether it can change after its topic was made. */
  readonly changeable: boolean
  /** Why the value is refused. */
  readonly problem: (value: string) => string | undefined
}

const LONG_MAX = 9_223_372_036_854_775_807n

const oneOf = (changeable: boolean, ...values: ReadonlyArray<string>): Attribute => ({
  changeable,
  problem: (value) => values.includes(value) ? undefined : `value is not in set: [${values.join(", ")}]`
})

const between = (min: bigint, max: bigint): Attribute => ({
  changeable: true,
  problem: (value) => {
    if (!/^[+-]?\d+$/.test(value)) return `For input string: "${value}"`
    const number = BigInt(value)
    return number >= min && number <= max ? undefined : `value is not in range(${min}, ${max})`
  }
})

const anything: Attribute = { changeable: true, problem: () => undefined }

const flag: Attribute = {
  changeable: true,
  problem: (value) => /^(true|false)$/i.test(value) ? undefined : "boolean attribute format is wrong."
}

const messageTypes = ["UNSPECIFIED", "MIXED", "TRANSACTION", "PRIORITY", "FIFO", "DELAY", "LITE", "NORMAL"]

export const topicAttributes: ReadonlyMap<string, Attribute> = new Map([
  ["queue.type", oneOf(false, "SimpleCQ", "BatchCQ")],
  ["cleanup.policy", oneOf(false, "DELETE", "COMPACTION")],
  ["message.type", oneOf(true, ...messageTypes)],
  ["reserve.time", between(-1n, LONG_MAX)],
  ["lite.topic.expiration", between(-1n, 43200n)]
])

export const groupAttributes: ReadonlyMap<string, Attribute> = new Map([
  ["priority.factor", between(0n, 100n)],
  ["lite.bind.topic", anything],
  ["lite.sub.model", oneOf(true, "Shared", "Exclusive")],
  ["lite.sub.reset.offset.exclusive", flag],
  ["lite.sub.reset.offset.unsubscribe", flag],
  ["lite.sub.client.quota", between(-1n, LONG_MAX)],
  ["lite.sub.client.max.event.cnt", between(10n, LONG_MAX)],
  ["lite.sub.wildcard", anything]
])

/** `+key=value,-key` of a request. Throws what a broker says about text that is not so. */
export const parseChanges = (text: string): Changes => {
  if (text === "") return []
  const seen = new Set<string>()
  return text.split(",").map((change) => {
    const [name = "", value] = change.split("=")
    if (change.includes("=")) {
      if (value === undefined || value === "") throw new BadRequest("Index 1 out of bounds for length 1")
      if (!name.includes("+")) throw new BadRequest(`add/alter attribute format is wrong: ${name}`)
    } else if (!name.includes("-")) {
      throw new BadRequest(`delete attribute format is wrong: ${name}`)
    }
    if (seen.has(name)) throw new BadRequest(`key duplication: ${name}`)
    seen.add(name)
    return [name, value ?? ""] as const
  })
}

/** The attributes after a change. Throws what a broker says about a change that it refuses. */
export const change = (
  all: ReadonlyMap<string, Attribute>,
  before: Attributes | undefined,
  changes: Changes
): Attributes => {
  const after: Record<string, string> = { ...before }
  const seen = new Set<string>()
  for (const [signed, value] of changes) {
    const name = signed.slice(1)
    if (name === "" || name.includes("+") || name.includes("-")) throw new BadRequest("kv string format wrong.")
    if (seen.has(name)) throw new BadRequest(`alter duplication key. key: ${name}`)
    seen.add(name)
    const adds = signed.startsWith("+")
    if (before === undefined && !adds) {
      throw new BadRequest(`only add attribute is supported while creating topic. key: ${name}`)
    }
    if (!adds && !signed.startsWith("-")) throw new BadRequest(`wrong format key: ${name}`)
    if (!adds && !(name in after)) throw new BadRequest(`attempt to delete a nonexistent key: ${name}`)
    const attribute = all.get(name)
    if (attribute === undefined) throw new BadRequest(`unsupported key: ${name}`)
    if (before !== undefined && !attribute.changeable) {
      throw new BadRequest(`attempt to update an unchangeable attribute. key: ${name}`)
    }
    if (!adds) {
      delete after[name]
      continue
    }
    const problem = attribute.problem(value)
    if (problem !== undefined) throw new BadRequest(problem)
    after[name] = value
  }
  return after
}
