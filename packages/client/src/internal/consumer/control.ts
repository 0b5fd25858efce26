/**
 * What a program may change of a consumer while it runs: how many handlers, how fast, and whether at all.
 */
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Consumer } from "../../Consumer.js"
import { ConsumerConfigError, ConsumerStateError } from "../../ConsumerError.js"
import { TopicNotSubscribedError } from "../../SubscriptionError.js"
import * as OptionRules from "../optionRules.js"
import type { Pauses } from "./pauses.js"
import type { Queues } from "./queues.js"
import type { Settings } from "./settings.js"
import type { Dispatcher } from "./workers.js"

const rules = OptionRules.consumer

/** See the module. */
export type Control = Pick<
  Consumer["Type"],
  "concurrency" | "setConcurrency" | "rate" | "setRate" | "pause" | "resume"
>

/** See the module. */
export const make = (options: {
  readonly settings: Settings
  readonly pauses: Pauses
  readonly queues: Queues
  readonly dispatcher: Dispatcher
}): Control => {
  const { dispatcher, pauses, queues, settings: { group, subscriptions } } = options

  const checked = (option: "concurrency" | "rate", value: number): Effect.Effect<void, ConsumerConfigError> =>
    rules[option].allows(value)
      ? Effect.void
      : new ConsumerConfigError({ group, option, value, problem: `must be ${rules[option].range}` })

  return {
    concurrency: Effect.sync(dispatcher.concurrency),
    setConcurrency: (value) =>
      Effect.zipRight(checked("concurrency", value), Effect.sync(() => dispatcher.setConcurrency(value))),
    rate: Effect.sync(dispatcher.rate),
    setRate: (value) =>
      Effect.zipRight(
        checked("rate", value),
        Effect.map(Clock.currentTimeMillis, (now) => dispatcher.setRate(value, now))
      ),
    pause: (what) =>
      Effect.suspend((): Effect.Effect<void, TopicNotSubscribedError | ConsumerStateError> => {
        if (typeof what === "string" && !subscriptions.has(what)) {
          return new TopicNotSubscribedError({ group, topic: what })
        }
        if (typeof what === "object" && !queues.owned().some((queue) => MQ.key(queue) === MQ.key(what))) {
          return new ConsumerStateError({ group, reason: "NotAssigned", attempted: "pause a queue", queue: what })
        }
        pauses.pause(what)
        return queues.heedPauses
      }),
    resume: (what) =>
      Effect.suspend(() => {
        pauses.resume(what)
        return queues.heedPauses
      })
  }
}
