/**
 * Configuration of the consumer groups of one broker. A group comes into being when it is first named.
 *
 * @since 0.1.0
 */
import type { GroupConfig } from "./bodies.js"
import { groupConfig } from "./bodies.js"
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
}

export const make = (autoCreate: boolean): GroupTable => {
  const groups = new Map<string, GroupConfig>()
  let version = 0
  const put = (config: GroupConfig) => {
    groups.set(config.groupName, config)
    version++
  }
  return {
    get: (name) => groups.get(name),
    find: (name) => {
      const known = groups.get(name)
      if (known !== undefined || !autoCreate || groupProblem(name) !== undefined) return known
      const created = groupConfig(name)
      put(created)
      return created
    },
    put,
    remove: (name) => {
      if (groups.delete(name)) version++
    },
    all: () => groups.values(),
    size: () => groups.size,
    version: () => version
  }
}
