/**
 * Messages that are sent one by one and travel together: each caller gets the receipt, or the error, of its own message.
 * Streams of them, with a result for each, or as a sink.
 *
 * @since 0.1.0
 */
import { Message, Producer } from "@effect-rocketmq/client"
import { Effect, Either, Stream } from "effect"

const reading = (body: string) => Message.make({ topic: "readings", body })

const readings = (count: number) => Stream.map(Stream.range(1, count), (i) => reading(`${i} degrees`))

/** Knows of no other caller. */
const measure = (sensor: number) =>
  Effect.gen(function*() {
    const producer = yield* Producer.Producer
    return yield* producer.send(reading(`sensor ${sensor}: 20 degrees`))
  })

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  // The first message creates the topic, and goes alone.
  yield* measure(0)

  // A hundred callers: with at most 50 messages in a batch, these are two requests.
  const receipts = yield* Effect.forEach(Array.from({ length: 100 }, (_, i) => i + 1), measure, {
    concurrency: "unbounded"
  })
  const places = new Set(receipts.map(({ messageQueue, queueOffset }) => `${messageQueue.queueId}:${queueOffset}`))

  // Results come in the order of the messages, no more than 200 messages ahead of who takes them. The empty body breaks
  // a rule; that fails one message and not the stream.
  const failures = yield* readings(1000).pipe(
    Stream.concat(Stream.make(reading(""))),
    Producer.sendAll({ concurrency: 200 }),
    Stream.filterMap(({ result }) => Either.getLeft(result)),
    Stream.map((error) => error._tag),
    Stream.runCollect
  )

  // Ends when all are stored; fails with the first error.
  const { accepted } = yield* Stream.run(readings(500), Producer.sink())

  return { places: places.size, failures: [...failures], accepted }
}).pipe(Effect.provide(Producer.layer({
  group: "sensors",
  autoBatch: { linger: "10 millis", maxCount: 50 } // whatever comes first; `true` takes the defaults
})))
