/**
 * Messages that are stored together, and a handler that takes several at once and answers for each.
 *
 * @since 0.1.0
 */
import { Consumer, ConsumeResult, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Effect, Queue } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer

  // One topic, one queue, one request: all are stored, or none. There is a receipt for each.
  const receipts = yield* producer.sendBatch(
    ["a", "b", "c", "d"].map((body) => Message.make({ topic: "readings", body }))
  )

  const batches = yield* Queue.unbounded<ReadonlyArray<string>>()
  const Storing = Consumer.layerBatch({
    group: "storing",
    subscriptions: { readings: MessageSelector.all },
    consumeFrom: "first",
    batchSize: 16 // at most; the handler gets what is there, all of one queue and in order
  }, (messages) =>
    Effect.gen(function*() {
      yield* Queue.offer(batches, messages.map(MessageExt.text))
      // One result for each message, in their order: only "b" comes again, after level 1 (1 s).
      return messages.map((message) =>
        MessageExt.text(message) === "b" && message.reconsumeTimes === 0
          ? ConsumeResult.retry(1)
          : ConsumeResult.consumed
      )
    }))

  const handled = yield* Queue.takeN(batches, 2).pipe(Effect.provide(Storing))
  return { queues: new Set(receipts.map((receipt) => receipt.messageQueue)).size, handled: [...handled] }
}).pipe(Effect.provide(Producer.layer({ group: "sensors" })))
