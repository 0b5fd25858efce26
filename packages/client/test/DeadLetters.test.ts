import { Broker, BrokerError, DeadLetters, NameServer, TopicRoute } from "@effect-rocketmq/client"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { master, routeData } from "./support/routes.js"

/** A broker whose dead letters nobody may read yet, and a name server that was not told. */
const cluster = () => {
  let perm: number = Permission.WRITE
  const address = "broker:10911"
  const bounds = Effect.suspend(() =>
    Permission.isReadable(perm)
      ? Effect.succeed(0n)
      : Effect.fail(new BrokerError.PermissionDeniedError({ ...answer, address, reason: "Topic" }))
  )
  const answer = { requestCode: 31, responseCode: 16, remark: "no permission" }
  const layer = Layer.merge(
    Layer.mock(
      NameServer.NameServer,
      {
        brokers: () => new Map(),
        brokerAddress: () => address,
        brokerAddresses: () => new Map([[0, address]]),
        refresh: (topic) => Effect.succeed(TopicRoute.make(topic, routeData([master("broker-a", address, 1)])))
      } as Partial<NameServer.NameServer["Type"]> as NameServer.NameServer["Type"]
    ),
    Layer.mock(
      Broker.Broker,
      {
        topicConfig: (_, topicName) =>
          Effect.sync(() => ({
            attributes: {},
            order: false,
            perm,
            readQueueNums: 1,
            topicFilterType: "SINGLE_TAG" as const,
            topicName,
            topicSysFlag: 0,
            writeQueueNums: 1
          })),
        createTopic: (_, config) => Effect.sync(() => void (perm = config.perm)),
        minOffset: () => bounds,
        maxOffset: () => bounds
      } as Partial<Broker.Broker["Type"]> as Broker.Broker["Type"]
    )
  )
  return { layer, perm: () => perm }
}

const count = (options?: DeadLetters.ReadOptions) => Stream.runCount(DeadLetters.stream("billing", options))

describe("dead letters that were made unreadable a moment ago", () => {
  it.effect("are not read, whatever the route says, and the error says why", () =>
    Effect.gen(function*() {
      const { layer } = cluster()
      const error = yield* Effect.flip(Effect.provide(count(), layer))
      assert.deepStrictEqual([error._tag, error.reason], ["DeadLetterError", "NotReadable"])
    }))

  it.effect("are made readable when that is wanted, whatever the route says", () =>
    Effect.gen(function*() {
      const { layer, perm } = cluster()
      assert.strictEqual(yield* Effect.provide(count({ makeReadable: true }), layer), 0)
      assert.strictEqual(perm(), Permission.WRITE | Permission.READ)
    }))
})
