/**
 * State of a server that is no messages and that a restart must find again: each kind of it is a table from keys to
 * values, however the module that owns it holds it.
 *
 * @since 0.1.0
 */
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as Either from "effect/Either"
import type { Journal } from "./journal.js"

export interface Table<V> {
  /** Its name in files: never changed. */
  readonly name: string
  readonly get: (key: string) => V | undefined
  /** Changes it, and all that follows from it; undefined takes the key out. Only a journal calls this. */
  readonly set: (key: string, value: V | undefined) => void
  readonly entries: () => Iterable<readonly [key: string, value: V]>
  readonly write: (value: V) => string
  /** Undefined when the text is of no use any more: the key is left out. */
  readonly read: (text: string) => V | undefined
  /** What is in it before `recover` stays, whatever an earlier run had under the same key. Default false. */
  readonly isFixed?: boolean
}

/** Parts of a key: names have no tabs. */
export const keyOf = (...parts: ReadonlyArray<string | number>): string => parts.join("\t")

export const partsOf = (key: string): ReadonlyArray<string> => key.split("\t")

/** Values as JSON, 64-bit numbers included. */
export const json = <V>() => ({
  write: (value: V): string => LooseJson.stringify(value as LooseJson.Json),
  read: (text: string): V | undefined => Either.getOrUndefined(LooseJson.parse(text)) as V | undefined
})

/** Values that JavaScript has as numbers. */
export const numbers = { write: String, read: Number }

/** Values that JavaScript has as `bigint`. */
export const bigints = { write: String, read: BigInt }

class TableMap<V> extends Map<string, V> {
  private readonly change: (key: string, value: V | undefined) => void

  constructor(change: (key: string, value: V | undefined) => void) {
    super()
    this.change = change
  }
  override set(key: string, value: V): this {
    this.change(key, value)
    return this
  }
  override delete(key: string): boolean {
    const was = this.has(key)
    this.change(key, undefined)
    return was
  }
  override clear(): void {
    for (const key of Array.from(this.keys())) this.delete(key)
  }
  put(key: string, value: V | undefined): void {
    if (value === undefined) super.delete(key)
    else super.set(key, value)
  }
}

/**
 * A table to be used as any `Map`: what is set and deleted goes through the journal. Values are replaced, never changed.
 *
 * @param options.isFixed what is in it before `recover` stays, whatever an earlier run had under the same key
 */
export const map = <V>(
  journal: Pick<Journal, "change" | "table">,
  name: string,
  options: { readonly isFixed?: boolean } = {}
): Map<string, V> => {
  const inner = new TableMap<V>((key, value) => journal.change(table, key, value))
  const table: Table<V> = journal.table<V>({
    name,
    ...json<V>(),
    ...options,
    get: (key) => inner.get(key),
    set: (key, value) => inner.put(key, value),
    entries: () => inner
  })
  return inner
}
