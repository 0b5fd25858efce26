/**
 * How long until a message comes again, in milliseconds.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as DelayLevels from "../delayLevels.js"

const SECOND = 1_000
const MINUTE = 60 * SECOND

/** Java's table of consumers that pop, by how often a message came again. */
const table: ReadonlyArray<number> = [
  10 * SECOND,
  30 * SECOND,
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 60, 120].map((minutes) => minutes * MINUTE)
]

/** After the handler took too long. */
export const TIMED_OUT = 10 * SECOND

/** Longer with each attempt. */
export const byAttempt = (message: MessageExt): number => table[Math.min(message.reconsumeTimes, table.length - 1)]!

/** What a delay level stands for, which a pop does not know; 0: longer with each attempt. */
export const ofLevel = (level: number, message: MessageExt): number =>
  level >= 1 ? DelayLevels.millisOf(level) : byAttempt(message)
