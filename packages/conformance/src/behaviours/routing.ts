/**
 * Which queue a message goes to.
 *
 * @since 0.1.0
 */
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import * as JavaHash from "@effect-rocketmq/protocol/JavaHash"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as Effect from "effect/Effect"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("routing")

const queueKey = (receipt: SendReceipt): string => `${receipt.messageQueue.brokerName}:${receipt.messageQueue.queueId}`

/**
 * @since 0.1.0
 * @category behaviours
 */
export const routing: ReadonlyArray<Behaviour> = [
  behaviour("round robin gives every queue the same share", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const queues = yield* producer.queues(name)
    const receipts = yield* Effect.forEach(
      Array.from({ length: queues.length * 5 }, (_, i) => i),
      (i) => producer.send(Message.make({ topic: name, body: `${i}` }))
    )
    const shares = new Map<string, number>()
    for (const receipt of receipts) shares.set(queueKey(receipt), (shares.get(queueKey(receipt)) ?? 0) + 1)
    yield* Expect.equal("each queue has its share", [...shares.values()], queues.map(() => 5))
  }),

  behaviour("a message goes to the queue that is asked for", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const queues = yield* producer.queues(name)
    for (const queue of queues) {
      const receipt = yield* producer.send(Message.make({ topic: name, body: `${queue.queueId}` }), { queue })
      yield* Expect.equal("the receipt names it", MessageQueue.key(receipt.messageQueue), MessageQueue.key(queue))
    }
    const stored = yield* Stored.readAll(name)
    yield* Expect.equal(
      "it is stored there",
      stored.map((message) => new TextDecoder().decode(message.body)),
      stored.map((message) => `${message.queueId}`)
    )
    yield* Expect.equal("all of them", stored.length, queues.length)
  }),

  behaviour("a queue that the topic does not have is refused before any message is sent", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 2 })
    const producer = yield* Member.sender()
    const { queue } = yield* Stored.queueOf(name, 99)
    const error = yield* Expect.fails(
      "there is no queue 99",
      producer.send(Message.make({ topic: name, body: "x" }), { queue }),
      "QueueNotAvailableError"
    )
    yield* Expect.mentions("the message names topic and queue", error.message, [name, "99"])
    yield* Expect.equal("nothing is stored", (yield* Stored.readAll(name)).length, 0)
  }),

  behaviour("messages of one key share a queue, the one that Java's hash picks", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender({ selector: MessageQueueSelector.byKey() })
    const queues = yield* producer.queues(name)
    for (const key of ["order-1", "order-2", "polygenelubricants", "日本"]) {
      const receipts = yield* Effect.forEach(
        [1, 2, 3],
        (i) => producer.send(Message.make({ topic: name, body: `${i}`, keys: [key] }))
      )
      const expected = queues[Math.abs(JavaHash.hashCode(key) % queues.length)]
      yield* Expect.equal(
        `key ${key}`,
        receipts.map((receipt) => MessageQueue.key(receipt.messageQueue)),
        receipts.map(() => expected === undefined ? "" : MessageQueue.key(expected))
      )
    }
  }),

  behaviour("an own selector is given the writable queues in order, and its choice is kept", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ readQueues: 4, writeQueues: 3 })
    const brokers = (yield* masters).map(({ brokerName }) => brokerName)
    const seen: Array<ReadonlyArray<string>> = []
    const selector = MessageQueueSelector.make((_, queues) => {
      seen.push(queues.map((queue) => `${queue.brokerName}:${queue.queueId}`))
      return queues.length - 1
    })
    const producer = yield* Member.sender()
    const receipt = yield* producer.send(Message.make({ topic: name, body: "x" }), { selector })
    yield* Expect.equal(
      "queues by broker and id, those to write only",
      seen,
      [brokers.flatMap((brokerName) => [0, 1, 2].map((id) => `${brokerName}:${id}`))]
    )
    yield* Expect.equal("the last was taken", queueKey(receipt), `${brokers[brokers.length - 1]}:2`)
  }),

  behaviour("a topic that may not be written to takes no message", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ permission: Permission.READ })
    const producer = yield* Member.sender({ sendTimeout: "2 seconds" })
    const error = yield* Expect.fails(
      "no queue is available",
      producer.send(Message.make({ topic: name, body: "x" })),
      "QueueNotAvailableError"
    )
    yield* Expect.mentions("the message names the topic and the reason", error.message, [name, "permission"])
    yield* Expect.equal("it counts as not stored", error.outcome, "Refused")
  })
]
