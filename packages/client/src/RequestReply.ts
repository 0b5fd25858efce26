/**
 * Requests that are messages: one program sends and waits, another one consumes and replies. Works with clients of other
 * languages on either side.
 *
 * The requester is `Producer.request`. The replier is a consumer whose handler is made by {@link responder}, or one that
 * calls `Producer.reply` itself.
 *
 * @since 0.1.0
 */
import type { Message } from "@effect-rocketmq/protocol/Message"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConsumeResult } from "./ConsumeResult.js"
import { missingOf } from "./internal/requestProperties.js"
import type { SendOptions } from "./Producer.js"
import { Producer } from "./Producer.js"
import type { SendError } from "./ProducerError.js"
import { NotARequestError } from "./RequestReplyError.js"

/**
 * For one request.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestOptions extends Pick<SendOptions, "queue" | "selector"> {
  /** How long the request may take in all, from the call to its reply. Default 3 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * What a reply is made of. Of a `Message`, the topic does not matter.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  /** At least one byte. Text becomes UTF-8. */
  readonly body: string | Uint8Array
  readonly tags?: string | undefined
  readonly keys?: ReadonlyArray<string> | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
  readonly flag?: number | undefined
}

/**
 * For one reply.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplyOptions {
  /** Instead of the producer's `sendTimeout`. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * How a responder treats messages that do not want a reply, or no longer.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponderOptions<E, R> {
  /**
   * Handles messages that are no requests. Default: they fail with a NotARequestError, are delivered again, and become
   * dead letters in the end.
   */
  readonly otherwise?: ((message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>) | undefined
  /**
   * What becomes of a request whose time is over before it is handled. `"answer"`, the default: it is handled like any
   * other, and its late reply is dropped by the requester. `"skip"`: it is consumed and not handled. Skip only where
   * clocks agree and no requester is a Go client: these give the time in seconds, which reads as milliseconds.
   */
  readonly expired?: "answer" | "skip" | undefined
}

/**
 * Whether a message is a request that can be replied to.
 *
 * @since 0.1.0
 * @category refinements
 */
export const isRequest = (message: MessageExt): boolean => missingOf(message).length === 0

/**
 * When the requester stops waiting, in milliseconds by its own clock; undefined when the message does not say. Go clients
 * give the time to wait in seconds: of their requests this is too early. Java clients count from the attempt that was stored:
 * of theirs it is too late by what came before.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expiresAt = (request: MessageExt): number | undefined => {
  const ttl = Number(request.properties[MessageProperties.TTL] ?? Number.NaN)
  return Number.isFinite(ttl) ? request.bornTimestamp + ttl : undefined
}

/**
 * A handler for a consumer that replies to each request with what `handler` gives.
 *
 * A request whose handler fails is delivered again as any other message, and so is one whose reply could not be sent;
 * the requester may have given up by then. A request whose requester is gone is done: its handler has run.
 *
 * @example
 * import { Consumer, MessageExt, MessageSelector, Producer, RequestReply } from "@effect-rocketmq/client"
 * import { Effect, Layer } from "effect"
 *
 * export const Prices = Consumer.layer(
 *   { group: "prices", subscriptions: { "price-requests": MessageSelector.all } },
 *   RequestReply.responder((request) => Effect.succeed(`${MessageExt.text(request)}: 42`))
 * ).pipe(Layer.provide(Producer.layer({ group: "prices-replies" })))
 *
 * @since 0.1.0
 * @category constructors
 */
export const responder = <E, R, E2 = NotARequestError, R2 = never>(
  handler: (request: MessageExt) => Effect.Effect<string | Uint8Array | Reply | Message, E, R>,
  options?: ResponderOptions<E2, R2>
): (
  message: MessageExt
) => Effect.Effect<void | ConsumeResult, E | E2 | SendError | NotARequestError, R | R2 | Producer> => {
  const skips = options?.expired === "skip"
  const otherwise = options?.otherwise

  const isExpired = (message: MessageExt) =>
    Effect.clockWith((clock) => {
      const end = expiresAt(message)
      return Effect.succeed(end !== undefined && end <= clock.unsafeCurrentTimeMillis())
    })

  const respond = (request: MessageExt) =>
    Effect.gen(function*() {
      if (skips && (yield* isExpired(request))) {
        yield* Effect.logDebug(`Request ${request.msgId} is not handled: nobody waits for its reply any more`)
        return
      }
      const producer = yield* Producer
      const reply = yield* handler(request)
      yield* producer.reply(request, reply).pipe(
        Effect.catchTag("RequesterGoneError", (error) => Effect.logDebug(error.message))
      )
    })

  return (message) => {
    const missing = missingOf(message)
    if (missing.length === 0) return respond(message)
    if (otherwise !== undefined) return otherwise(message)
    return Effect.fail(new NotARequestError({ topic: message.topic, msgId: message.msgId, missing }))
  }
}
