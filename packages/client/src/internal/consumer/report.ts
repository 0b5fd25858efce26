/**
 * What a consumer tells those who watch it: events for programs, lines for people.
 */
import type { MessageExt, UndecodableRecord } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import { ConsumeTimeoutError, MessageConsumeError } from "../../ConsumerError.js"
import type { ConsumerEvent } from "../../ConsumerEvent.js"
import * as Backoff from "./backoff.js"

/** See the module. */
export interface Report {
  readonly publish: (event: ConsumerEvent) => void
  /** The handler of a message failed with this. */
  readonly failed: (queue: MessageQueue, message: MessageExt, cause: unknown) => Effect.Effect<void>
  readonly timedOut: (queue: MessageQueue, message: MessageExt, timeout: number) => Effect.Effect<void>
  /** A record of an answer that is no message. */
  readonly undecodable: (queue: MessageQueue, record: UndecodableRecord) => Effect.Effect<void>
  /** A message whose body cannot be inflated. */
  readonly unreadable: (queue: MessageQueue, message: MessageExt, reason: string) => Effect.Effect<void>
}

/** Events that slow watchers may be behind; older ones are dropped. */
const BACKLOG = 1024

/** The hub of a consumer's events, and the way in. */
export const make = (
  group: string
): Effect.Effect<{ readonly report: Report; readonly hub: PubSub.PubSub<ConsumerEvent> }> =>
  Effect.map(PubSub.sliding<ConsumerEvent>(BACKLOG), (hub) => {
    const warn = Backoff.limitedWarning(1_000)
    const warnFailed = Backoff.limitedWarning(1_000)
    const publish = (event: ConsumerEvent): void => {
      hub.unsafeOffer(event)
    }
    const told = (queue: MessageQueue, offset: bigint | undefined, reason: string, bytes: Uint8Array) => {
      publish({ _tag: "Undecodable", queue, offset, reason, bytes })
      return warn(() =>
        `Group "${group}": the record at offset ${
          offset ?? "?"
        } of queue ${queue.queueId} of topic ${queue.topic} on ` +
        `${queue.brokerName} cannot be read and is not delivered: ${reason}`
      )
    }
    return {
      hub,
      report: {
        publish,
        failed: (queue, message, cause) => {
          const error = new MessageConsumeError({
            group,
            topic: message.topic,
            queue,
            offset: message.queueOffset,
            msgId: message.msgId,
            reconsumeTimes: message.reconsumeTimes,
            cause
          })
          publish({ _tag: "HandlerFailed", error })
          return warnFailed(() => error.message)
        },
        timedOut: (queue, message, timeout) => {
          const error = new ConsumeTimeoutError({
            group,
            topic: message.topic,
            queue,
            offset: message.queueOffset,
            msgId: message.msgId,
            timeout
          })
          publish({ _tag: "HandlerTimedOut", error })
          return warn(() => error.message)
        },
        undecodable: (queue, record) => told(queue, record.queueOffset, record.reason, record.bytes),
        unreadable: (queue, message, reason) => told(queue, message.queueOffset, reason, message.body)
      }
    }
  })
