/**
 * A cluster, a producer and a consumer before the first test of a file: it would pay for the loading of all that they are
 * made of, some 200 milliseconds that say nothing of the test.
 */
import { Consumer, Message, MessageSelector, Producer } from "@effect-rocketmq/client"
import { Inbox, TestCluster } from "@effect-rocketmq/testing"
import { Effect } from "effect"

await Effect.runPromise(TestCluster.run(
  TestCluster.embedded(),
  Effect.gen(function*() {
    const cluster = yield* TestCluster.TestCluster
    const topic = yield* cluster.topic()
    const group = cluster.group()
    const handled = Inbox.make<string>()
    yield* Consumer.make(
      { group, subscriptions: { [topic]: MessageSelector.all }, consumeFrom: "first" },
      ({ msgId }) => handled.offer(msgId)
    )
    const producer = yield* Producer.make({ group: cluster.group() })
    yield* producer.send(Message.make({ topic, body: "warm" }))
    yield* handled.count(1)
    yield* cluster.consumed(group, topic)
  })
))
