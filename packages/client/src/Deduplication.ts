/**
 * Handlers that do a thing once for each message, although delivery is at least once: what was handled is remembered under
 * the message's unique key, in a store of your choice.
 *
 * A message is remembered when its handler has succeeded. Between that moment and the handler's own effect a crash still
 * makes two: where that must not be, write the key in the same transaction as the effect.
 *
 * @since 0.1.0
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as ConsumeResult from "./ConsumeResult.js"

/**
 * What a store knows of a key. `Running`: another delivery of the message is in the hands of a handler.
 *
 * @since 0.1.0
 * @category models
 */
export type Claim = "New" | "Running" | "Done"

/**
 * Where the messages that one group has handled are remembered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Store<E = never, R = never> {
  /** Takes the key for this delivery if nobody has it, in one step. */
  readonly claim: (key: string) => Effect.Effect<Claim, E, R>
  /** The message is handled. */
  readonly complete: (key: string) => Effect.Effect<void, E, R>
  /** The handler did not succeed: the next delivery is new again. */
  readonly release: (key: string) => Effect.Effect<void, E, R>
}

/**
 * The store could not say whether a message was handled, or could not remember that it was. The message is delivered again.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeduplicationError extends Data.TaggedError("DeduplicationError")<{
  readonly key: string
  readonly operation: "claim" | "complete"
  readonly cause: unknown
}> {
  /**
   * The next delivery asks again.
   *
   * @since 0.1.0
   */
  readonly retryable = true

  override get message(): string {
    const what = this.operation === "claim" ? "whether it was handled" : "that it is handled"
    return `Message ${this.key}: the store of handled messages cannot say ${what}; it is delivered again`
  }
}

const duplicates = Metric.counter("rocketmq_consumer_duplicates", {
  description: "deliveries of messages that were handled before",
  incremental: true
})

interface Entry {
  state: "Running" | "Done"
  until: number
}

/**
 * Remembers in memory, for one process: enough against redeliveries while it lives. The oldest are forgotten when there are
 * more than `capacity`, and each after `timeToLive`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const memory = (options?: {
  /** Most keys. Default 100,000. */
  readonly capacity?: number | undefined
  /** Default 1 hour. */
  readonly timeToLive?: Duration.DurationInput | undefined
}): Effect.Effect<Store> =>
  Effect.map(Effect.clock, (clock) => {
    const capacity = Math.max(1, options?.capacity ?? 100_000)
    const timeToLive = Duration.toMillis(options?.timeToLive ?? "1 hour")
    // in the order in which they were put, so that the first is the oldest
    const entries = new Map<string, Entry>()

    const put = (key: string, state: Entry["state"]): void => {
      entries.delete(key)
      entries.set(key, { state, until: clock.unsafeCurrentTimeMillis() + timeToLive })
      if (entries.size <= capacity) return
      for (const [oldest, entry] of entries) {
        if (entry.state === "Running") continue
        entries.delete(oldest)
        return
      }
    }

    return {
      claim: (key) =>
        Effect.sync((): Claim => {
          const known = entries.get(key)
          if (known !== undefined && (known.state === "Running" || known.until > clock.unsafeCurrentTimeMillis())) {
            return known.state
          }
          put(key, "Running")
          return "New"
        }),
      complete: (key) => Effect.sync(() => put(key, "Done")),
      release: (key) => Effect.sync(() => void entries.delete(key))
    }
  })

/**
 * Runs the handler for messages that were not handled before. Others are consumed without it; one that is being handled at
 * this moment is delivered again later, in case that handler fails.
 *
 * @example
 * import { Consumer, Deduplication, MessageSelector } from "@effect-rocketmq/client"
 * import { Effect, Layer } from "effect"
 *
 * export const Mails = Layer.unwrapEffect(Effect.map(Deduplication.memory(), (store) =>
 *   Consumer.layer(
 *     { group: "mails", subscriptions: { mails: MessageSelector.all } },
 *     Deduplication.handler(store, (message) => Effect.log("sending", message.msgId))
 *   )))
 *
 * @since 0.1.0
 * @category consuming
 */
export const handler = <E, R, ES, RS>(
  store: Store<ES, RS>,
  handle: (message: MessageExt) => Effect.Effect<void | ConsumeResult.ConsumeResult, E, R>,
  options?: {
    /** What makes two messages the same. Default: the id that the producer gave, `msgId`. */
    readonly key?: ((message: MessageExt) => string) | undefined
    /** Delay level of the next delivery of a message that is being handled. Default 3: 10 seconds. */
    readonly runningDelayLevel?: number | undefined
  }
): (
  message: MessageExt
) => Effect.Effect<void | ConsumeResult.ConsumeResult, E | DeduplicationError, R | RS> => {
  const keyOf = options?.key ?? ((message) => message.msgId)
  const running = ConsumeResult.retry(options?.runningDelayLevel ?? 3)
  const failed = (key: string, operation: DeduplicationError["operation"]) => (cause: ES) =>
    new DeduplicationError({ key, operation, cause })

  /** Whether the message is done with, and will not come again. */
  const isDone = (result: void | ConsumeResult.ConsumeResult): boolean =>
    !ConsumeResult.isConsumeResult(result) || result._tag !== "Retry"

  const release = (key: string) =>
    Effect.catchAllCause(
      store.release(key),
      (cause) =>
        Effect.logWarning(`Message ${key} stays claimed: the store of handled messages did not release it`, cause)
    )

  return (message) =>
    Effect.suspend(() => {
      const key = keyOf(message)
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.mapError(store.claim(key), failed(key, "claim")), (claim) => {
          switch (claim) {
            case "Done":
              return Effect.as(Metric.increment(duplicates), ConsumeResult.consumed)
            case "Running":
              return Effect.succeed(running)
            case "New":
              return Effect.matchCauseEffect(restore(handle(message)), {
                onFailure: (cause) => Effect.zipRight(release(key), Effect.failCause(cause)),
                onSuccess: (result) =>
                  Effect.as(
                    isDone(result) ? Effect.mapError(store.complete(key), failed(key, "complete")) : release(key),
                    result
                  )
              })
          }
        })
      )
    })
}
