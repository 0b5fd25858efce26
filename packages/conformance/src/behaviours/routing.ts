/**
 * Which queue a message goes to.
 *
 * @since 0.1.0
 */
import * as MessageQueueSelector from "@effect-rocketmq/client/MessageQueueSelector"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
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

/** Keys, and what the hash functions of the clients themselves made of them. */
const hashes = [
  { key: "order-1", java: -1207111310, go: 729795949, md5: 1853851049, moves: [0, 3] },
  { key: "order-2", java: -1207111309, go: 679463092, md5: 411671933, moves: [0, 2, 11, 22, 28, 46] },
  // the one number whose absolute value is negative in Java
  { key: "polygenelubricants", java: -2147483648, go: 3569074087, md5: 451356301, moves: [0, 1, 2, 52, 58] },
  { key: "日本", java: 835047, go: 2670128721, md5: 1304351462, moves: [0, 4, 5, 8, 32, 93] },
  { key: "😀", java: 1772899, go: 866293256, md5: 704834243, moves: [0, 1, 4, 17, 31] }
]

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

  behaviour("the same key always has the same queue, and it is the one that the Java client chooses", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const selector = MessageQueueSelector.byKey()
    const producers = [yield* Member.sender({ selector }), yield* Member.sender({ selector })]
    const queues = yield* producers[0]!.queues(name)
    for (const { java, key } of hashes) {
      const messages = [
        Message.make({ topic: name, body: "1", keys: [key] }),
        Message.make({ topic: name, body: "2", keys: [key, "another"] }),
        Message.make({ topic: name, body: "3", keys: ["another"], shardingKey: key })
      ]
      const receipts = yield* Effect.forEach(
        producers.flatMap((producer) => messages.map((message) => producer.send(message))),
        (send) => send
      )
      const expected = queues[Math.abs(java % queues.length)]!
      yield* Expect.equal(
        `key ${key}`,
        receipts.map((receipt) => MessageQueue.key(receipt.messageQueue)),
        receipts.map(() => MessageQueue.key(expected))
      )
    }
  }),

  behaviour("a dialect chooses the queue that producers of that client choose", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 4 })
    const producer = yield* Member.sender()
    const queues = yield* producer.queues(name)
    const count = queues.length
    for (const { go, java, key, md5, moves } of hashes) {
      const expected: { readonly [D in MessageQueueSelector.Dialect]: number } = {
        java: Math.abs(java % count),
        // with each further queue of `moves` the key moves there
        "java-consistent": Math.max(...moves.filter((queue) => queue < count)),
        go: go % count,
        "ali-ons": md5 % count
      }
      for (const dialect of ["java", "java-consistent", "go", "ali-ons"] as const) {
        const message = Message.make({ topic: name, body: key, keys: [key] })
        const receipts = [
          yield* producer.send(message, { selector: MessageQueueSelector.byKey(undefined, { dialect }) }),
          yield* producer.send(message, { selector: MessageQueueSelector.forKey(key, { dialect }) })
        ]
        yield* Expect.equal(
          `key ${key} as ${dialect}`,
          receipts.map((receipt) => MessageQueue.key(receipt.messageQueue)),
          receipts.map(() => MessageQueue.key(queues[expected[dialect]]!))
        )
      }
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
