import type { Message } from "@effect-rocketmq/protocol/Message"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as AsyncInput from "effect/SingleProducerAsyncInput"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Producer, SendAllOptions, SendOptions, SendResult, SendSummary } from "../Producer.js"
import type { SendError } from "../ProducerError.js"
import type { SendReceipt } from "../SendReceipt.js"

/** A message and, once it has ended, how. */
interface Slot {
  readonly message: Message
  exit: Exit.Exit<SendReceipt, SendError> | undefined
}

/**
 * Fibers that send one message after the other, as many as are under way at most: an idle one is woken for a third of
 * what a new one costs. They end with the Scope. `ended` gets each slot once its `exit` is there.
 */
const makeWorkers = (
  producer: Producer["Type"],
  sendOptions: SendOptions | undefined,
  ended: (slot: Slot) => void
): Effect.Effect<(slot: Slot) => void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const workers: Array<Fiber.RuntimeFiber<never>> = []
    const idle: Array<(slot: Effect.Effect<Slot>) => void> = []
    const next = Effect.async<Slot>((resume) => {
      idle.push(resume)
    })
    const work = (slot: Slot): Effect.Effect<never> =>
      Effect.flatMap(Effect.exit(producer.send(slot.message, sendOptions)), (exit) => {
        slot.exit = exit
        ended(slot)
        return Effect.flatMap(next, work)
      })
    yield* Effect.addFinalizer(() => Fiber.interruptAll(workers))
    return (slot) => {
      const wake = idle.pop()
      if (wake !== undefined) wake(Effect.succeed(slot))
      else workers.push(runFork(Effect.interruptible(work(slot))))
    }
  })

/** The results that come next, as far as they are there. */
const takeEnded = (slots: Array<Slot>): Exit.Exit<Chunk.Chunk<SendResult>> => {
  const results: Array<SendResult> = []
  for (const { exit, message } of slots) {
    if (exit === undefined) break
    if (Exit.isSuccess(exit)) results.push({ message, result: Either.right(exit.value) })
    else {
      const failure = Cause.failureOrCause(exit.cause)
      if (Either.isLeft(failure)) results.push({ message, result: Either.left(failure.left) })
      else if (results.length === 0) return Exit.failCause(failure.right)
      else break
    }
  }
  slots.splice(0, results.length)
  return Exit.succeed(Chunk.unsafeFromArray(results))
}

/** @internal See Producer.sendAll. */
export const sendAll = <E, R>(
  producer: Producer["Type"],
  messages: Stream.Stream<Message, E, R>,
  options: SendAllOptions | undefined
): Stream.Stream<SendResult, E, R> =>
  Stream.fromPull(Effect.gen(function*() {
    const concurrency = Math.max(1, options?.concurrency ?? 256)
    /** In the order of the messages. */
    const slots: Array<Slot> = []
    const room = yield* Effect.makeLatch(true)
    const hasNext = yield* Effect.makeLatch(false)
    let read: Exit.Exit<void, E> | undefined
    const start = yield* makeWorkers(producer, options?.sendOptions, (slot) => {
      if (slots[0] === slot) hasNext.unsafeOpen()
    })

    const sendChunk = (chunk: Chunk.Chunk<Message>, from: number): Effect.Effect<void> => {
      for (let i = from; i < chunk.length; i++) {
        if (slots.length >= concurrency) {
          room.unsafeClose()
          return Effect.zipRight(room.await, Effect.suspend(() => sendChunk(chunk, i)))
        }
        const slot: Slot = { message: Chunk.unsafeGet(chunk, i), exit: undefined }
        slots.push(slot)
        start(slot)
      }
      return Effect.void
    }

    yield* Stream.runForEachChunk(messages, (chunk) => sendChunk(chunk, 0)).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          read = exit
          hasNext.unsafeOpen()
        })
      ),
      Effect.interruptible,
      Effect.forkScoped
    )

    const pull: Effect.Effect<Chunk.Chunk<SendResult>, Option.Option<E>> = Effect.suspend(() => {
      const next = takeEnded(slots)
      if (Exit.isFailure(next)) return next
      if (next.value.length > 0) {
        room.unsafeOpen()
        return next
      }
      if (slots.length === 0 && read !== undefined) {
        return Exit.isSuccess(read) ? Effect.fail(Option.none()) : Effect.failCause(Cause.map(read.cause, Option.some))
      }
      hasNext.unsafeClose()
      return Effect.zipRight(hasNext.await, pull)
    })
    return pull
  }))

/** @internal See Producer.sink. */
export const sink = (
  producer: Producer["Type"],
  options: SendAllOptions | undefined
): Sink.Sink<SendSummary, Message, never, SendError> =>
  Sink.fromChannel(Channel.unwrap(Effect.gen(function*() {
    // read beside the sends, so that a failure ends the sink while no message comes
    const input = yield* AsyncInput.make<never, Chunk.Chunk<Message>, unknown>()
    const results = sendAll(producer, Stream.fromChannel(Channel.fromInput(input)), options)
    let accepted = 0
    let weak = 0
    const counted = Stream.runForEachChunk(results, (chunk) => {
      for (const { result } of chunk) {
        if (Either.isLeft(result)) return Effect.fail(result.left)
        accepted++
        if (result.right.status !== "SEND_OK") weak++
      }
      return Effect.void
    })
    const summary = Effect.map(counted, (): SendSummary => ({ accepted, weak }))
    return Channel.embedInput(Channel.fromEffect(summary), input)
  })))
