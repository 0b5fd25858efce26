import type { Json } from "../LooseJson.js"

/** What a container holds under a key. */
type Lookup = (value: Json, key: string) => Json | undefined

/** A container that was open; an object turns into `Entries` while it is read, so its value may change. */
export interface Place {
  value: Json
}

/** A `{"$ref":path}` and where it stands. */
export interface Reference {
  readonly path: string
  holder: Record<string, Json> | Array<Json>
  key: string | number
  /** The container it stands in, and the container around that. */
  readonly self: Place
  readonly parent: Place | undefined
}

const step = /\.([^.[\]]+)|\[(?:(\d+)|["']([^"']*)["'])\]/y

const walk = (root: Json, path: string, lookup: Lookup): Json | undefined => {
  let value: Json | undefined = root
  let at = 1
  while (at < path.length && value !== undefined) {
    step.lastIndex = at
    const match = step.exec(path)
    if (match === null) return undefined
    at = step.lastIndex
    value = lookup(value, match[1] ?? match[2] ?? match[3]!)
  }
  return value
}

const find = (root: Json, reference: Reference, lookup: Lookup): Json | undefined => {
  if (reference.path === "@") return reference.self.value
  if (reference.path === "..") return reference.parent?.value
  return reference.path.startsWith("$") ? walk(root, reference.path, lookup) : undefined
}

/** Puts what references lead to in their places, in order: a path may lead through a place resolved before. */
export const resolveReferences = (root: Json, references: ReadonlyArray<Reference>, lookup: Lookup): Json => {
  for (const reference of references) {
    const value = find(root, reference, lookup)
    if (value === undefined) continue
    if (Array.isArray(reference.holder)) reference.holder[Number(reference.key)] = value
    else reference.holder[reference.key] = value
  }
  return root
}
