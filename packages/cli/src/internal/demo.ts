import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as Message from "@effect-rocketmq/client/Message"
import type * as MessageExt from "@effect-rocketmq/client/MessageExt"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Ledger from "./ledger.js"

export interface Options {
  readonly topic: string
  readonly group: string
  readonly count: number
  /** Messages a second, so that there is something to watch. */
  readonly rate: number
  /** Seconds to wait for the last redelivery after the last send. */
  readonly patience: number
}

/** The handler's failure, on purpose. */
class PaymentRefused extends Data.TaggedError("PaymentRefused")<{ readonly number: number }> {}

const nowMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)

/** One message in a hundred fails at its first delivery: some fail typed, some throw, some die. */
const failOnPurpose = (number: number): Effect.Effect<void, PaymentRefused> => {
  switch (Math.floor(number / 100) % 3) {
    case 0:
      return Effect.fail(new PaymentRefused({ number }))
    case 1:
      return Effect.sync(() => {
        throw new Error(`handler threw on message ${number}`)
      })
    default:
      return Effect.die(new Error(`handler died on message ${number}`))
  }
}

/**
 * Sends `count` messages while consuming them, and keeps a ledger of both. `watch` sees the ledger while it runs.
 */
export const run = <E, R>(
  options: Options,
  watch: (ledger: Ledger.Ledger) => Effect.Effect<void, E, R>
) =>
  Effect.gen(function*() {
    const ledger = Ledger.make(options.count)

    const handle = (message: MessageExt.MessageExt) =>
      Effect.gen(function*() {
        const number = Number(message.keys[0])
        const first = ledger.delivered(number, yield* nowMillis)
        if (first && number % 100 === 7) {
          ledger.handlerFailed()
          return yield* failOnPurpose(number)
        }
        ledger.consumed(number)
      })

    const consumer = Consumer.layer({
      group: options.group,
      subscriptions: { [options.topic]: MessageSelector.tags("paid", "refunded") },
      consumeFrom: "first",
      concurrency: 64,
      retryDelayLevel: 1
    }, handle)

    const send = (producer: Producer.Producer["Type"], number: number) =>
      Effect.gen(function*() {
        ledger.sent(number, yield* nowMillis)
        yield* producer.send(Message.make({
          topic: options.topic,
          tags: number % 4 === 0 ? "refunded" : "paid",
          keys: [String(number)],
          body: JSON.stringify({ order: number, cents: 100 + number })
        }))
        ledger.acknowledged(number, yield* nowMillis)
      }).pipe(
        Effect.catchAll((error) => Effect.sync(() => ledger.sendFailed(error.message)))
      )

    yield* Effect.gen(function*() {
      const producer = yield* Producer.Producer
      const watching = yield* Effect.fork(watch(ledger))
      // by the clock, not by the answers: a slow broker makes latencies longer, not the demo slower
      const sending = yield* FiberSet.make<void>()
      const began = yield* nowMillis
      let next = 0
      yield* Effect.gen(function*() {
        const elapsed = (yield* nowMillis) - began
        const due = Math.min(options.count, Math.floor(elapsed * options.rate / 1000) + 1)
        while (next < due) yield* FiberSet.run(sending, send(producer, next++))
      }).pipe(Effect.repeat({ while: () => next < options.count, schedule: Schedule.spaced("5 millis") }))
      yield* FiberSet.awaitEmpty(sending)
      yield* Effect.sync(() => ledger.complete()).pipe(
        Effect.repeat({
          until: (complete) => complete,
          schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo(`${options.patience} seconds`))
        })
      )
      yield* Fiber.interrupt(watching)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(Producer.layer({ group: `${options.group}-producer` }), consumer))
    )

    return ledger.snapshot()
  })
