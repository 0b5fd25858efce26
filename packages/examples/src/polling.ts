/**
 * A consumer that is polled: the program decides when it takes messages, and from where.
 *
 * @since 0.1.0
 */
import { Message, MessageExt, Producer, PullConsumer } from "@effect-rocketmq/client"
import { Effect } from "effect"

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  const consumer = yield* PullConsumer.PullConsumer
  const { messageQueue } = yield* producer.send(Message.make({ topic: "readings", body: "12 °C" }))
  yield* producer.send(Message.make({ topic: "readings", body: "14 °C" }), { queue: messageQueue })

  // one queue, whoever else reads it; `subscribe` would share the queues of the topic with the group
  yield* consumer.assign([messageQueue])
  yield* consumer.ready

  const first = yield* consumer.poll("3 seconds")
  // what was polled is done: the next program with this group goes on after it
  yield* consumer.commit

  // and once more, from the beginning
  yield* consumer.seek(messageQueue, "begin")
  const again = yield* consumer.poll("3 seconds")
  return { first: first.map(MessageExt.text), again: again.map(MessageExt.text) }
}).pipe(
  Effect.provide(Producer.layer({ group: "sensors" })),
  Effect.provide(PullConsumer.layer({ group: "charts", consumeFrom: "first", autoCommit: false }))
)
