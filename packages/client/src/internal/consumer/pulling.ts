/**
 * The broker as pull loops and the store of offsets see it: what a pull carries besides its offset, what is made of a queue
 * that ends below the position, and that a pull under way does not undo a commit.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Broker, PullRequest, PullResult } from "../../Broker.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"

/** Between two looks at a queue that has to grow to the position first, in milliseconds. */
const HOLD_PAUSE = 3_000

/** How long a broker may take for the pull that goes after another one, in milliseconds. */
const PATIENCE = 3_000

/** See the module. `commits`: whether pulls tell the broker what may be committed. */
export const make = (options: {
  readonly broker: Broker["Type"]
  readonly settings: Settings
  readonly report: Report
  readonly commits: boolean
  /** What a pull says about its subscription, for brokers that no heartbeat told. */
  readonly subscription?: ((topic: string) => PullRequest["subscription"]) | undefined
}): Broker["Type"] => {
  const { broker, commits, report, settings, subscription } = options
  const { group, onOffsetRegression } = settings
  /** Queues that are known to end below the position. */
  const regressed = new Set<string>()

  const notice = (queue: MessageQueue, ours: bigint, theirs: bigint): Effect.Effect<void> => {
    const key = MQ.key(queue)
    if (regressed.has(key)) return Effect.void
    regressed.add(key)
    report.publish({ _tag: "OffsetRegressed", queue, ours, theirs, what: "Max", policy: onOffsetRegression })
    return Effect.logWarning(
      `Group "${group}": queue ${queue.queueId} of topic ${queue.topic} on ${queue.brokerName} ends at ${theirs}, below the ` +
        `position ${ours}: its broker has lost messages or is a copy that is behind; ${
          onOffsetRegression === "hold"
            ? "the position is held until the queue reaches it"
            : "the broker's offset is followed"
        }`
    )
  }

  const judged = (request: PullRequest, result: PullResult): Effect.Effect<PullResult> => {
    const queue = MQ.make(request.topic, request.brokerName, request.queueId)
    if (result.status !== "OffsetIllegal" || result.maxOffset >= request.offset) {
      if (regressed.size > 0) regressed.delete(MQ.key(queue))
      return Effect.succeed(result)
    }
    const told = notice(queue, request.offset, result.maxOffset)
    if (onOffsetRegression === "follow") return Effect.as(told, result)
    return Effect.as(Effect.zipRight(told, Effect.sleep(HOLD_PAUSE)), {
      ...result,
      status: "NoNewMessage",
      nextBeginOffset: request.offset
    })
  }

  /**
   * The pull of a queue that carries an offset, while the broker has not answered it. One that was given up may arrive all
   * the same.
   */
  const carried = new Map<string, PullRequest>()

  const carrying = (request: PullRequest): PullRequest => {
    const commitOffset = commits ? request.commitOffset : Option.none()
    if (Option.isSome(commitOffset)) {
      carried.set(MQ.key(MQ.make(request.topic, request.brokerName, request.queueId)), request)
    }
    return commits && subscription === undefined
      ? request
      : { ...request, commitOffset, subscription: subscription?.(request.topic) }
  }

  const answered = (request: PullRequest) => {
    if (carried.size > 0) carried.delete(MQ.key(MQ.make(request.topic, request.brokerName, request.queueId)))
  }

  /**
   * Brokers serve pulls and commits side by side: what a pull carries can come after what was committed later. One that is
   * answered at once goes after it, so that a busy broker has come to it before the offset is looked at.
   */
  const overtaken = (address: string, of: string, queue: MessageQueue, offset: bigint, under: PullRequest) =>
    Effect.zipRight(
      Effect.ignore(
        broker.pull(address, { ...under, commitOffset: Option.none(), maxMessages: 1, suspendTimeout: 0 }, PATIENCE)
      ),
      Effect.flatMap(
        broker.queryConsumerOffset(address, of, queue),
        (stored) =>
          Option.isSome(stored) && stored.value < offset
            ? broker.updateConsumerOffset(address, of, queue, offset)
            : Effect.void
      )
    )

  return {
    ...broker,
    pull: (address, request, timeout) =>
      Effect.flatMap(broker.pull(address, carrying(request), timeout), (result) => {
        answered(request)
        return judged(request, result)
      }),
    updateConsumerOffset: (address, of, queue, offset) =>
      Effect.zipRight(
        broker.updateConsumerOffset(address, of, queue, offset),
        Effect.suspend(() => {
          const under = carried.get(MQ.key(queue))
          return under !== undefined && Option.getOrThrow(under.commitOffset) < offset
            ? overtaken(address, of, queue, offset, under)
            : Effect.void
        })
      )
  }
}
