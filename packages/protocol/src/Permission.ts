/**
 * Permission bits of a topic's queues (`perm`): what the broker lets clients do.
 *
 * @since 0.1.0
 */

/**
 * Other topics may be created after this one (only `TBW102` has it).
 *
 * @since 0.1.0
 * @category models
 */
export const INHERIT = 0x1

/**
 * Producers may send.
 *
 * @since 0.1.0
 * @category models
 */
export const WRITE = 0x2

/**
 * Consumers may pull.
 *
 * @since 0.1.0
 * @category models
 */
export const READ = 0x4

/**
 * The topic has priority queues.
 *
 * @since 0.1.0
 * @category models
 */
export const PRIORITY = 0x8

/**
 * Whether consumers may pull.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isReadable = (perm: number): boolean => (perm & READ) !== 0

/**
 * Whether producers may send.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isWriteable = (perm: number): boolean => (perm & WRITE) !== 0

/**
 * Whether topics may be created after this one.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isInherited = (perm: number): boolean => (perm & INHERIT) !== 0

/**
 * `R`, `W`, `X` or `-` in three places, as the Java tools print it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const format = (perm: number): string =>
  `${isReadable(perm) ? "R" : "-"}${isWriteable(perm) ? "W" : "-"}${isInherited(perm) ? "X" : "-"}`
