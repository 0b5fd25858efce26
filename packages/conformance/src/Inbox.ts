/**
 * What handlers of a behaviour were given, in the order in which it came.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category models
 */
export interface Inbox<A> {
  readonly add: (value: A) => void
  /** A copy of what came so far. */
  readonly all: () => ReadonlyArray<A>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = <A>(): Inbox<A> => {
  const values: Array<A> = []
  return {
    add: (value) => {
      values.push(value)
    },
    all: () => values.slice()
  }
}
