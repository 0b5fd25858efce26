/**
 * The two forms of handlers under one shape, bodies inflated before they are seen.
 */
import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Compression } from "../../Compression.js"
import { InvalidConsumeResultError } from "../../ConsumerError.js"
import type { BatchResult, ConsumeResult } from "../../ConsumeResult.js"
import { isConsumeResult } from "../../ConsumeResult.js"
import type { OrderlyResult } from "../../OrderlyResult.js"

/** A message whose body cannot be read: no delivery will ever succeed. */
export class Unreadable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** Messages of a batch whose bodies cannot be read, by index: no handler has seen any of the batch. */
export class UnreadableParts {
  readonly reasons: ReadonlyMap<number, Unreadable>
  constructor(reasons: ReadonlyMap<number, Unreadable>) {
    this.reasons = reasons
  }
}

/** What becomes of one message. `undefined`: consumed. */
export type Verdict = ConsumeResult | Unreadable | undefined

/**
 * Runs a handler on messages. Success gives one verdict for all, or one for each message; `undefined` is: all consumed.
 * The effect is what the handler returned where possible, so that an exit that is known already can be seen as such.
 */
export type Call<R> = (
  messages: ReadonlyArray<MessageExt>,
  from: number,
  to: number
) => Effect.Effect<unknown, unknown, R>

/** The message with its plain body. */
export type Inflate = (message: MessageExt) => Effect.Effect<MessageExt, Unreadable>

/** See Inflate. */
export const inflater = (compression: Compression["Type"], maxSize: number): Inflate => (message) => {
  const type = CompressionType.fromSysFlag(message.sysFlag)
  if (type === undefined) return Effect.fail(new Unreadable("its body is compressed in an unknown format"))
  return Effect.mapBoth(compression.decompress(type, message.body, maxSize), {
    onFailure: (error) => new Unreadable(error.message),
    onSuccess: (body) => Message.update(message, { body, sysFlag: SysFlag.withoutCompressed(message.sysFlag) })
  })
}

/** A handler of single messages. */
export const single = <A extends ConsumeResult | OrderlyResult, E, R>(
  inflate: Inflate,
  handler: (message: MessageExt) => Effect.Effect<void | A, E, R>
): Call<R> =>
(messages, from) => {
  const message = messages[from]!
  return SysFlag.isCompressed(message.sysFlag) ? Effect.flatMap(inflate(message), handler) : handler(message)
}

/** A handler of several messages. What cannot be inflated gets its own verdict and is not shown to the handler. */
export const batch = <E, R>(
  group: string,
  inflate: Inflate,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
): Call<R> => {
  const check = (value: void | BatchResult, expected: number) =>
    Array.isArray(value) && value.length !== expected
      ? Effect.fail(new InvalidConsumeResultError({ group, expected, actual: value.length }))
      : Effect.succeed(value)

  const inflated = Effect.fnUntraced(function*(slice: ReadonlyArray<MessageExt>) {
    const readable: Array<MessageExt> = []
    const unreadable = new Map<number, Unreadable>()
    for (let i = 0; i < slice.length; i++) {
      const message = slice[i]!
      if (!SysFlag.isCompressed(message.sysFlag)) {
        readable.push(message)
        continue
      }
      const plain = yield* Effect.either(inflate(message))
      if (Either.isRight(plain)) readable.push(plain.right)
      else unreadable.set(i, plain.left)
    }
    const value = readable.length === 0 ? undefined : yield* handler(readable)
    const results = yield* check(value, readable.length)
    if (unreadable.size === 0) return results
    let at = 0
    return slice.map((_, i): Verdict => unreadable.get(i) ?? (Array.isArray(results) ? results[at++] : undefined))
  })

  return (messages, from, to) => {
    const slice = from === 0 && to === messages.length ? messages : messages.slice(from, to)
    for (let i = 0; i < slice.length; i++) {
      if (SysFlag.isCompressed(slice[i]!.sysFlag)) return inflated(slice)
    }
    return Effect.flatMap(handler(slice), (value) => check(value, slice.length))
  }
}

/** A handler of several messages in order, with one result for all of them. */
export const orderlyBatch = <E, R>(
  inflate: Inflate,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | OrderlyResult, E, R>
): Call<R> => {
  const inflated = Effect.fnUntraced(function*(slice: ReadonlyArray<MessageExt>) {
    const readable: Array<MessageExt> = []
    const reasons = new Map<number, Unreadable>()
    for (let i = 0; i < slice.length; i++) {
      const message = slice[i]!
      const plain = SysFlag.isCompressed(message.sysFlag)
        ? yield* Effect.either(inflate(message))
        : Either.right(message)
      if (Either.isRight(plain)) readable.push(plain.right)
      else reasons.set(i, plain.left)
    }
    return reasons.size > 0 ? yield* Effect.fail(new UnreadableParts(reasons)) : yield* handler(readable)
  })

  return (messages, from, to) => {
    const slice = from === 0 && to === messages.length ? messages : messages.slice(from, to)
    return slice.some(({ sysFlag }) => SysFlag.isCompressed(sysFlag)) ? inflated(slice) : handler(slice)
  }
}

/** The verdict on the message at `index` of those handed out. */
export const verdictOf = (value: unknown, index: number): Verdict => {
  const found: unknown = Array.isArray(value) ? value[index] : value
  return isConsumeResult(found) || found instanceof Unreadable ? found : undefined
}
