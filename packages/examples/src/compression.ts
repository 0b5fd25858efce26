/**
 * A large body travels and rests compressed; whoever consumes it sees nothing of that.
 *
 * @since 0.1.0
 */
import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
import { EmbeddedCluster } from "@effect-rocketmq/embedded"
import { Deferred, Effect } from "effect"

const report = "all is well, ".repeat(10_000)

/**
 * @since 0.1.0
 * @category programs
 */
export const program = Effect.gen(function*() {
  const producer = yield* Producer.Producer
  yield* producer.send(Message.make({ topic: "reports", body: report }))

  // What the broker holds. Bodies below the threshold, and those that would not get smaller, are stored as they are.
  const cluster = yield* EmbeddedCluster.EmbeddedCluster
  const [stored] = yield* cluster.messages("reports")

  const received = yield* Deferred.make<string>()
  const Reading = Consumer.layer({
    group: "reading",
    subscriptions: { reports: MessageSelector.all },
    consumeFrom: "first",
    maxDecompressedSize: 1024 * 1024 // a larger one is a dead letter: a small body can ask for a lot of memory
  }, (message) => Effect.asVoid(Deferred.succeed(received, MessageExt.text(message))))

  const text = yield* Deferred.await(received).pipe(Effect.provide(Reading))
  return { sent: report.length, stored: stored?.body.length ?? 0, intact: text === report }
}).pipe(Effect.provide(Producer.layer({
  group: "reporting",
  compression: { type: "ZSTD", threshold: 1024, level: 3 } // ZLIB is what consumers of every version read
})))
