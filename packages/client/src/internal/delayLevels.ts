/**
 * Brokers' table of delay levels, as it is by default, for where no broker does the waiting. In milliseconds.
 */
const SECOND = 1_000
const MINUTE = 60 * SECOND

const levels: ReadonlyArray<number> = [
  ...[1, 5, 10, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120].map((minutes) => minutes * MINUTE)
]

/** @internal How long a level of 1 or more stands for; beyond the last one, what that stands for. */
export const millisOf = (level: number): number => levels[Math.min(Math.floor(level), levels.length) - 1]!
