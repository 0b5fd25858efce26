/**
 * A Java consumer and one of ours in one group: they share the queues out in the same way, so that each message has one
 * owner. Runs where the Java client is (see peers.ts); on Apache RocketMQ when `ROCKETMQ_NAMESRV_ADDR` is set, else on the
 * embedded broker over TCP.
 */
import type { MessageQueue } from "@effect-rocketmq/client"
import { AllocationStrategy, Message, MessageExt, MessageSelector } from "@effect-rocketmq/client"
import { Await, Cluster, Inbox, Member, Targets } from "@effect-rocketmq/conformance"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Layer } from "effect"
import { java } from "./peers.js"

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const target = address === "" ? Targets.embeddedTcp : Targets.rocketmq(address)
const cluster = Cluster.layer("shared-group").pipe(Layer.provide(target))

/** Members end before their cluster does. */
const inCluster = <A, E>(test: Effect.Effect<A, E, Cluster.Cluster | Scope.Scope>) =>
  Effect.provide(Effect.scoped(test), cluster)

const JAVA = "127.0.0.1@java-peer"
const MESSAGES = 160

const listed = (queues: ReadonlyArray<MessageQueue.MessageQueue>): string =>
  queues.map(({ brokerName, queueId }) => `${brokerName}:${queueId}`).sort(byQueue).join(",")

const byQueue = (a: string, b: string): number => {
  const [[nameA, idA], [nameB, idB]] = [a.split(":"), b.split(":")]
  return nameA === nameB ? Number(idA) - Number(idB) : nameA! < nameB! ? -1 : 1
}

describe.skipIf(!java.isReady)("a Java member and one of ours in a group", () => {
  for (
    const [strategy, ours] of [
      [AllocationStrategy.average, "127.0.0.1@a"],
      [AllocationStrategy.average, "127.0.0.1@z"],
      [AllocationStrategy.averageByCircle, "127.0.0.1@z"],
      [AllocationStrategy.consistentHash(), "127.0.0.1@z"]
    ] as const
  ) {
    it.scopedLive(
      `${strategy.name}, ours being ${ours}: they agree, and every message is handled once`,
      () =>
        inCluster(Effect.gen(function*() {
          const { group, nameServer, nameServers, topic } = yield* Cluster.Cluster
          const name = yield* topic({ queues: 8 })
          const queues = (yield* nameServer.route(name)).readQueues
          const members = [JAVA, ours].sort()
          const of = (clientId: string) => strategy.allocate({ group: own, clientId, members, queues })
          const own = group()
          const peer = yield* java.start(
            "share",
            nameServers.join(";"),
            name,
            own,
            String(MESSAGES * 2),
            "150",
            strategy.name
          )
          yield* peer.line(`queues ${listed(queues)}`)
          const inbox = Inbox.make<string>()
          const consumer = yield* Member.consumer({
            group: own,
            client: { clientId: ours },
            subscriptions: { [name]: MessageSelector.all },
            allocationStrategy: strategy
          }, (message) => Effect.sync(() => inbox.add(MessageExt.text(message))))
          yield* peer.line(`queues ${listed(of(JAVA))}`)
          yield* Await.until(
            "our queues are the others",
            consumer.service.assignment,
            (assignment) => listed(assignment.filter((queue) => queue.topic === name)) === listed(of(ours))
          )
          const got = () => peer.lines().filter((line) => line.startsWith("got ")).map((line) => line.slice(4))
          const producer = yield* Member.sender()
          const bodies = Array.from({ length: MESSAGES }, (_, i) => String(i))
          yield* Effect.forEach(bodies, (body) => producer.send(Message.make({ topic: name, body })), {
            concurrency: 16
          })
          yield* Await.until(
            "all are handled",
            Effect.sync(() => got().length + inbox.all().length),
            (n) => n >= MESSAGES
          )
          assert.deepStrictEqual([...got(), ...inbox.all()].sort(), [...bodies].sort())
          assert.isAbove(got().length, 0)
          assert.isAbove(inbox.all().length, 0)
          yield* consumer.stop
          yield* Await.until(
            "Java has all queues again",
            Effect.sync(() => peer.lines().filter((line) => line.startsWith("queues ")).at(-1)),
            (line) => line === `queues ${listed(queues)}`,
            { within: "40 seconds" }
          )
        })),
      240_000
    )
  }
})
