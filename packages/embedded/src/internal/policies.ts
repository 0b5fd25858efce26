/**
 * What users may do: rules by resource, and which of them decides.
 *
 * @since 0.1.0
 */
import type * as AclInfo from "@effect-rocketmq/protocol/AclInfo"
import * as Names from "@effect-rocketmq/protocol/Names"

export const actions = ["All", "Pub", "Sub", "Create", "Update", "Delete", "Get", "List"] as const
export type Action = (typeof actions)[number]

export type ResourceType = "Topic" | "Group" | "Cluster"

/** Something that a request wants to do; any one of the actions is enough. */
export interface Wish {
  readonly type: ResourceType
  readonly name: string
  readonly actions: ReadonlyArray<Action>
}

/** What a rule is about. */
interface Resource {
  readonly type: ResourceType | "Any"
  readonly pattern: "Literal" | "Prefixed" | "Any"
  readonly name: string
}

export interface Entry {
  readonly resource: string
  readonly actions: ReadonlyArray<Action>
  readonly sourceIps: ReadonlyArray<string>
  readonly isDenied: boolean
}

export type PolicyType = "Custom" | "Default"

export type Policies = ReadonlyMap<PolicyType, ReadonlyArray<Entry>>

export interface AllPolicies {
  readonly get: (subject: string) => Policies | undefined
  readonly all: () => ReadonlyArray<readonly [subject: string, policies: Policies]>
  /** Adds rules; one about the same resource is replaced. */
  readonly update: (subject: string, policies: Policies) => void
  readonly remove: (subject: string) => void
  /** Takes out the rules about a resource, in policies of one type or of all. */
  readonly removeResource: (subject: string, type: PolicyType | undefined, resource: string) => void
  /** Why a user must not, in RocketMQ's words; undefined when it may. */
  readonly problem: (username: string, wish: Wish, sourceIp: string) => string | undefined
}

/** A thing of a topic or a group, where the topic of a group's retries stands for the group. */
export const wish = (type: ResourceType, name: string, ...actions: ReadonlyArray<Action>): Wish =>
  Names.isRetryTopic(name)
    ? { type: "Group", name: name.slice(Names.RETRY_PREFIX.length), actions }
    : { type, name, actions }

export const parseResource = (text: string): Resource | undefined => {
  if (text === "*") return { type: "Any", pattern: "Any", name: "" }
  const found = /^(Topic|Group|Cluster):(.+)$/i.exec(text)
  if (found === null) return undefined
  const type = (["Topic", "Group", "Cluster"] as const).find((one) => one.toLowerCase() === found[1]!.toLowerCase())!
  const name = found[2]!
  if (name === "*") return { type, pattern: "Any", name: "" }
  return name.endsWith("*")
    ? { type, pattern: "Prefixed", name: name.slice(0, -1) }
    : { type, pattern: "Literal", name }
}

const isAbout = (resource: Resource, { name, type }: Wish): boolean => {
  if (resource.type === "Any") return true
  if (resource.type !== type) return false
  if (resource.pattern === "Any") return true
  return resource.pattern === "Literal" ? resource.name === name : name.startsWith(resource.name)
}

const ipv4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

const addressOf = (text: string): number | undefined => {
  const parts = ipv4.exec(text)?.slice(1).map(Number)
  return parts === undefined || parts.some((part) => part > 255)
    ? undefined
    : parts.reduce((address, part) => address * 256 + part, 0)
}

/** An address, or one with the number of bits that count. */
export const isSourceIp = (text: string): boolean => {
  const [address = "", bits, more] = text.split("/")
  if (more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  if (addressOf(address) !== undefined) return bits === undefined || Number(bits) <= 32
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) && (bits === undefined || Number(bits) <= 128)
}

const isFrom = (sourceIp: string, range: string): boolean => {
  const [network = "", bits] = range.split("/")
  if (bits === undefined) return network === sourceIp
  const address = addressOf(sourceIp)
  const base = addressOf(network)
  if (address === undefined || base === undefined) return false
  const size = 2 ** (32 - Number(bits))
  return Math.floor(address / size) === Math.floor(base / size)
}

const rank = { Literal: 0, Prefixed: 1, Any: 2 } as const

/** The rule that decides comes first: the narrower one, and of two as narrow one that allows. */
const compare = (left: Entry, right: Entry): number => {
  const a = parseResource(left.resource)!
  const b = parseResource(right.resource)!
  if ((a.type === "Any") !== (b.type === "Any")) return a.type === "Any" ? 1 : -1
  const byPattern = rank[a.pattern] - rank[b.pattern]
  if (byPattern !== 0) return byPattern
  if (a.pattern === "Prefixed" && a.name.length !== b.name.length) return b.name.length - a.name.length
  return left.isDenied ? 1 : right.isDenied ? -1 : 0
}

const match = (entries: ReadonlyArray<Entry>, wish: Wish, sourceIp: string): ReadonlyArray<Entry> =>
  entries.filter((entry) =>
    isAbout(parseResource(entry.resource)!, wish) &&
    (entry.actions.includes("All") || wish.actions.some((action) => entry.actions.includes(action))) &&
    (entry.sourceIps.length === 0 || entry.sourceIps.some((range) => isFrom(sourceIp, range)))
  )

const actionOf = (text: string): Action | undefined =>
  actions.find((action) => action.toLowerCase() === text.toLowerCase())

/** Rules as they are sent, or why they are refused. */
export const read = (info: AclInfo.AclInfo): Policies | string => {
  const read = new Map<PolicyType, ReadonlyArray<Entry>>()
  for (const policy of info.policies) {
    const entries: Array<Entry> = []
    for (const entry of policy.entries) {
      if (parseResource(entry.resource) === undefined) return "The resource is null."
      const known = entry.actions.map(actionOf).filter((action) => action !== undefined)
      if (known.length === 0) return "The actions is empty."
      for (const ip of entry.sourceIps) if (!isSourceIp(ip)) return "The source ip is invalid."
      const decision = entry.decision.toLowerCase()
      if (decision !== "allow" && decision !== "deny") return "The decision is null or illegal."
      entries.push({
        resource: entry.resource,
        actions: known,
        sourceIps: entry.sourceIps,
        isDenied: decision === "deny"
      })
    }
    if (entries.length === 0) return "The policies is empty."
    read.set(policy.policyType?.toLowerCase() === "default" ? "Default" : "Custom", entries)
  }
  return read.size === 0 ? "The policies is empty." : read
}

export const make = (initial: ReadonlyArray<AclInfo.AclInfo>): AllPolicies => {
  const subjects = new Map<string, Policies>()

  const update = (subject: string, policies: Policies): void => {
    const merged = new Map(subjects.get(subject))
    for (const [type, entries] of policies) {
      const before = merged.get(type) ?? []
      const kept = before.map((entry) => entries.find(({ resource }) => resource === entry.resource) ?? entry)
      const added = entries.filter(({ resource }) => !before.some((entry) => entry.resource === resource))
      merged.set(type, [...kept, ...added])
    }
    subjects.set(subject, merged)
  }
  for (const info of initial) {
    const policies = read(info)
    if (typeof policies === "string" || info.subject === undefined) {
      throw new Error(`the policies of ${info.subject ?? "nobody"} cannot be used: ${policies}`)
    }
    update(info.subject, policies)
  }

  return {
    get: (subject) => subjects.get(subject),
    all: () => Array.from(subjects).sort(([left], [right]) => left < right ? -1 : 1),
    update,
    remove: (subject) => {
      subjects.delete(subject)
    },
    removeResource: (subject, type, resource) => {
      const policies = subjects.get(subject)
      if (policies === undefined) return
      const kept = Array.from(
        policies,
        ([of, entries]) =>
          [
            of,
            type === undefined || of === type
              ? entries.filter((entry) => entry.resource !== resource)
              : entries
          ] as const
      )
      subjects.set(subject, new Map(kept.filter(([, entries]) => entries.length > 0)))
    },
    problem: (username, wish, sourceIp) => {
      const policies = subjects.get(`User:${username}`)
      const custom = match(policies?.get("Custom") ?? [], wish, sourceIp)
      const found = custom.length > 0 ? custom : match(policies?.get("Default") ?? [], wish, sourceIp)
      const first = Array.from(found).sort(compare)[0]
      if (first !== undefined && !first.isDenied) return undefined
      return `User:${username} has no permission to access ${wish.type}:${wish.name} from ${sourceIp}, ` +
        (first === undefined ? "no matched policies." : "the decision is deny.")
    }
  }
}
