/**
 * The way back to an earlier state: what changed since, and how to undo it. What is only remembered until it is kept
 * elsewhere costs a closure for each change and nothing for a message: messages go by position.
 *
 * @since 0.1.0
 */

/** The messages of a server, as a way back sees them. */
export interface Messages {
  /** Commit log offset of the next message. */
  readonly end: () => number
  /** Forgets the messages from a commit log offset on. */
  readonly truncate: (end: number) => void
}

/** A state: so many changes, and messages up to a commit log offset. */
export interface Mark {
  readonly changes: number
  readonly end: number
}

export interface Undo {
  readonly mark: () => Mark
  /** Whether anything changed since a mark. */
  readonly changedSince: (mark: Mark) => boolean
  /** Before a change of anything but messages. */
  readonly note: (back: () => void) => void
  /** There is no way back beyond this mark any more. */
  readonly forget: (mark: Mark) => void
  /** Goes back to a mark. */
  readonly back: (mark: Mark) => void
}

export const make = (messages: () => Messages): Undo => {
  /** Steps back, oldest first; the first of them undoes change number `first`. */
  let steps: Array<() => void> = []
  let first = 0
  const count = () => first + steps.length
  return {
    mark: () => ({ changes: count(), end: messages().end() }),
    changedSince: (mark) => count() !== mark.changes || messages().end() !== mark.end,
    note: (back) => {
      steps.push(back)
    },
    forget: (mark) => {
      if (mark.changes <= first) return
      steps = mark.changes >= count() ? [] : steps.slice(mark.changes - first)
      first = mark.changes
    },
    back: (mark) => {
      while (count() > mark.changes && steps.length > 0) steps.pop()!()
      messages().truncate(mark.end)
    }
  }
}
