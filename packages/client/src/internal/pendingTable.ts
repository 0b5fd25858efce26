const firstCapacity = 256

/**
 * What waits for an answer, by opaque, in a ring of slots that is never more than half full.
 *
 * Not a Map: the engine copies a Map's table again and again as entries come and go, and a copy in the old generation
 * keeps what it held alive until the next full collection. Every request would be promoted, at three times the cost of
 * garbage collection.
 *
 * @internal
 */
export class PendingTable<A> {
  /** Entries that wait. */
  size = 0
  private opaques = new Int32Array(firstCapacity)
  private entries: Array<A | undefined> = new Array<A | undefined>(firstCapacity).fill(undefined)
  private last = 0

  /** An opaque that no entry has; `set` is called for it before `next` is called again. */
  next(): number {
    if (this.size * 2 >= this.entries.length) this.grow()
    const mask = this.entries.length - 1
    do this.last = (this.last + 1) & 0x7fffffff
    while (this.entries[this.last & mask] !== undefined)
    return this.last
  }

  set(opaque: number, entry: A): void {
    const slot = opaque & (this.entries.length - 1)
    this.opaques[slot] = opaque
    this.entries[slot] = entry
    this.size++
  }

  /** Removes the entry of an opaque; `undefined` when nobody waits for it. */
  take(opaque: number): A | undefined {
    const slot = opaque & (this.entries.length - 1)
    const entry = this.entries[slot]
    if (entry === undefined || this.opaques[slot] !== opaque) return undefined
    this.entries[slot] = undefined
    this.size--
    return entry
  }

  /** Removes and gives the entries that pass. */
  takeIf(predicate: (entry: A) => boolean): ReadonlyArray<A> {
    const taken: Array<A> = []
    for (let slot = 0; slot < this.entries.length; slot++) {
      const entry = this.entries[slot]
      if (entry === undefined || !predicate(entry)) continue
      this.entries[slot] = undefined
      this.size--
      taken.push(entry)
    }
    return taken
  }

  private grow(): void {
    const { entries, opaques } = this
    const capacity = entries.length * 2
    this.opaques = new Int32Array(capacity)
    this.entries = new Array<A | undefined>(capacity).fill(undefined)
    for (let slot = 0; slot < entries.length; slot++) {
      const entry = entries[slot]
      if (entry === undefined) continue
      // distinct in half the slots, so distinct in all of them
      const opaque = opaques[slot] ?? 0
      this.opaques[opaque & (capacity - 1)] = opaque
      this.entries[opaque & (capacity - 1)] = entry
    }
  }
}
