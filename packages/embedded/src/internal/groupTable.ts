/**
 * Configuration of the consumer groups of one broker. A group comes into being when it is first named.
 *
 * @since 0.1.0
 */
import type { GroupConfig } from "./bodies.js"
import { groupConfig } from "./bodies.js"
import type { Journal } from "./journal.js"
import * as Table from "./table.js"
import { groupProblem } from "./topicTable.js"

export interface GroupTable {
  readonly get: (name: string) => GroupConfig | undefined
  /** The group, made with the defaults when it is new; undefined when it cannot be: bad name, or not to be made. */
  readonly find: (name: string) => GroupConfig | undefined
  readonly put: (config: GroupConfig) => void
  readonly remove: (name: string) => void
  readonly all: () => Iterable<GroupConfig>
  readonly size: () => number
  readonly version: () => number
  /** Bits of what a group may not do with a topic: 4 to read it. */
  readonly forbidden: (group: string, topic: string) => number
  readonly forbid: (group: string, topic: string, forbidden: boolean) => void
  readonly allForbidden: () => Iterable<readonly [group: string, topics: ReadonlyMap<string, number>]>
}

export const FORBIDS_READ = 4

/** Groups that a broker has from its first start. */
const systemGroups = [
  "TOOLS_CONSUMER",
  "FILTERSRV_CONSUMER",
  "SELF_TEST_C_GROUP",
  "CID_ONS-HTTP-PROXY",
  "CID_ONSAPI_PULL",
  "CID_ONSAPI_PERMISSION",
  "CID_ONSAPI_OWNER",
  "CID_RMQ_SYS_TRANS"
]

/** @param autoCreate whether naming a group makes it; asked each time, because it can change */
export const make = (autoCreate: () => boolean, journal: Journal): GroupTable => {
  const groups = Table.map<GroupConfig>(journal, "groups")
  for (const name of systemGroups) groups.set(name, groupConfig(name))
  const forbidden = new Map<string, Map<string, number>>()
  const forbids = journal.table<number>({
    name: "forbidden",
    ...Table.numbers,
    get: (key) => {
      const [group = "", topic = ""] = Table.partsOf(key)
      return forbidden.get(group)?.get(topic)
    },
    set: (key, value) => {
      const [group = "", topic = ""] = Table.partsOf(key)
      let topics = forbidden.get(group)
      if (topics === undefined) forbidden.set(group, topics = new Map())
      if (value === undefined) topics.delete(topic)
      else topics.set(topic, value)
      if (topics.size === 0) forbidden.delete(group)
    },
    *entries() {
      for (const [group, topics] of forbidden) {
        for (const [topic, value] of topics) yield [Table.keyOf(group, topic), value] as const
      }
    }
  })
  let version = 0
  const put = (config: GroupConfig) => {
    groups.set(config.groupName, config)
    version++
  }
  return {
    get: (name) => groups.get(name),
    find: (name) => {
      const known = groups.get(name)
      if (known !== undefined || !autoCreate() || groupProblem(name) !== undefined) return known
      const created = groupConfig(name)
      put(created)
      return created
    },
    put,
    remove: (name) => {
      if (groups.delete(name)) version++
      for (const topic of Array.from(forbidden.get(name)?.keys() ?? [])) {
        journal.change(forbids, Table.keyOf(name, topic), undefined)
      }
    },
    all: () => groups.values(),
    size: () => groups.size,
    version: () => version,
    forbidden: (group, topic) => forbidden.size === 0 ? 0 : forbidden.get(group)?.get(topic) ?? 0,
    forbid: (group, topic, isForbidden) => {
      journal.change(forbids, Table.keyOf(group, topic), isForbidden ? FORBIDS_READ : undefined)
      version++
    },
    allForbidden: () => forbidden
  }
}
