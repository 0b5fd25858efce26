/**
 * Long lists go to their readers in pages.
 *
 * @since 0.1.0
 */

/** From `seq` on, at most `max`; all of it when nothing is said. */
export const page = <A>(all: ReadonlyArray<A>, seq: number | undefined, max: number | undefined): ReadonlyArray<A> =>
  all.slice(seq ?? 0, max === undefined ? undefined : (seq ?? 0) + max)
