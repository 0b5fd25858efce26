/**
 * What of a consumer is paused: all of it, topics, queues. Each of them is paused and resumed by itself.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import type { Paused } from "../../ConsumerStats.js"

/** `undefined`: all. */
export type What = string | MessageQueue | undefined

/** See the module. */
export interface Pauses {
  /** Whether anything that the queue belongs to is paused. */
  readonly isPaused: (queue: MessageQueue) => boolean
  readonly pause: (what: What) => void
  readonly resume: (what: What) => void
  readonly view: () => Paused
}

/** Nothing is paused. */
export const make = (): Pauses => {
  let consumer = false
  const topics = new Set<string>()
  const queues = new Map<string, MessageQueue>()
  return {
    isPaused: (queue) => consumer || topics.has(queue.topic) || queues.has(MQ.key(queue)),
    pause: (what) => {
      if (what === undefined) consumer = true
      else if (typeof what === "string") topics.add(what)
      else queues.set(MQ.key(what), what)
    },
    resume: (what) => {
      if (what === undefined) consumer = false
      else if (typeof what === "string") topics.delete(what)
      else queues.delete(MQ.key(what))
    },
    view: () => ({ consumer, topics: [...topics].sort(), queues: [...queues.values()].sort(MQ.order) })
  }
}
