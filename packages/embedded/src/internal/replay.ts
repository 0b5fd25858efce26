/**
 * An earlier run told again, from the entries that it left.
 *
 * @since 0.1.0
 */
import type { Store } from "./journal.js"
import type { Entry } from "./journalFormat.js"
import type { Table } from "./table.js"

/** Fills the store and the tables; gives the values of tables that there are none of. */
export const replay = (
  entries: ReadonlyArray<Entry>,
  store: Store,
  tables: ReadonlyMap<string, Table<any>>
): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const values = new Map<string, Map<string, string>>()
  const valuesOf = (table: string) => {
    let found = values.get(table)
    if (found === undefined) values.set(table, found = new Map())
    return found
  }
  for (const entry of entries) {
    switch (entry._tag) {
      case "Message":
        store.restore(entry.record)
        break
      case "Put":
        valuesOf(entry.table).set(entry.key, entry.value)
        break
      case "Remove":
        valuesOf(entry.table).delete(entry.key)
        break
      case "RemoveTopic":
        store.removeTopic(entry.topic)
        break
      case "Snapshot":
        values.clear()
        store.restorePositions(entry.positions.queues, entry.positions.end)
        break
      case "Dropped":
        // what was dropped is in no file, or is dropped again by the same rule
        break
    }
  }
  for (const [name, table] of tables) {
    const present = table.isFixed === true ? new Set(Array.from(table.entries(), ([key]) => key)) : undefined
    for (const [key, text] of values.get(name) ?? []) {
      const value = present?.has(key) === true ? undefined : table.read(text)
      if (value !== undefined) table.set(key, value)
    }
    values.delete(name)
  }
  return values
}
