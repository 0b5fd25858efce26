/**
 * Where to begin on a queue that was just won. Asked until it is known: nothing is pulled and nothing
 * committed before, and no failure is ever taken for an offset.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Broker } from "../../Broker.js"
import { OffsetFetchError } from "../../ConsumerError.js"
import { NameServer } from "../../NameServer.js"
import type { OffsetStore } from "../../OffsetStore.js"
import * as Backoff from "./backoff.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"

const FIRST_DELAY = 100

/** What was tried to learn a position. */
export interface Seeking {
  /** When the question began that is under way, in milliseconds. */
  asked: number | undefined
  failures: number
  lastError: OffsetFetchError | undefined
}

/** Nothing was tried. */
export const seeking = (): Seeking => ({ asked: undefined, failures: 0, lastError: undefined })

/**
 * How long a member of a larger group waits before it asks, in milliseconds: the member that had the queue learns of the
 * change at the same time, and commits what it finished. Asking at once would have those messages come twice.
 */
const HANDOVER = 1_000

const LONGEST_DELAY = 3_000

/**
 * `knownAtStart` has the keys of the queues that the topics had when the consumer started. On a queue that came later,
 * "from the last" means all that was stored since the start, or what is sent to a topic right after its creation would
 * be missed.
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly store: OffsetStore
  readonly report: Report
  readonly startedAt: number
  readonly knownAtStart: ReadonlySet<string>
  /** Whether the group has other members. */
  readonly isShared: (topic: string) => boolean
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { knownAtStart, report, settings, startedAt, store } = options
  const { consumeFrom, group, onOffsetRegression } = settings

  const byRule = (queue: MessageQueue): Effect.Effect<bigint, OffsetFetchError> =>
    Effect.suspend(() => {
      const addresses = nameServer.brokerAddresses(queue.brokerName)
      const address = addresses.get(0) ?? addresses.values().next().value
      if (address === undefined) {
        return Effect.fail(new OffsetFetchError({ group, queue, address, cause: undefined }))
      }
      const rule = Names.isRetryTopic(queue.topic) ? "first" : consumeFrom
      const ask = rule === "first" || rule === "min"
        ? broker.minOffset(address, queue)
        : typeof rule === "object"
        ? broker.searchOffset(address, queue, rule.timestamp)
        : rule === "max" || knownAtStart.has(MQ.key(queue))
        ? broker.maxOffset(address, queue)
        : broker.searchOffset(address, queue, startedAt)
      return Effect.mapError(ask, (cause) => new OffsetFetchError({ group, queue, address, cause }))
    })

  /** The committed offset, unless it is lower than what this member wrote there itself and the policy is to hold that. */
  const agreed = (queue: MessageQueue, theirs: bigint): Effect.Effect<bigint> =>
    Effect.suspend(() => {
      const ours = Option.getOrElse(store.written(queue), () => theirs)
      if (theirs >= ours) return Effect.succeed(theirs)
      const held = onOffsetRegression === "hold"
      report.publish({ _tag: "OffsetRegressed", queue, ours, theirs, what: "Committed", policy: onOffsetRegression })
      if (held) store.reset(queue, ours)
      return Effect.as(
        Effect.logWarning(
          `Group "${group}": the committed offset of queue ${queue.queueId} of topic ${queue.topic} on ` +
            `${queue.brokerName} is ${theirs}, and this member committed ${ours} there; it begins at ${
              held ? ours : theirs
            }`
        ),
        held ? ours : theirs
      )
    })

  const once = (queue: MessageQueue): Effect.Effect<bigint, OffsetFetchError> =>
    Effect.flatMap(
      store.fetch(queue),
      Option.match({
        onNone: () => byRule(queue),
        onSome: (offset) => agreed(queue, offset)
      })
    )

  const resolve = Effect.fnUntraced(function*(queue: MessageQueue, state: Seeking = seeking()) {
    const warn = Backoff.limitedWarning(30_000)
    if (options.isShared(queue.topic)) yield* Effect.sleep(HANDOVER)
    while (true) {
      state.asked = yield* Clock.currentTimeMillis
      const position = yield* Effect.either(once(queue))
      state.asked = undefined
      if (position._tag === "Right") return position.right
      const error = position.left
      state.failures++
      state.lastError = error
      yield* warn(() => error.message)
      yield* Effect.sleep(Backoff.delay(state.failures, FIRST_DELAY, LONGEST_DELAY))
    }
  })

  return resolve
})
