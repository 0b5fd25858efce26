import { Message, Producer } from "@effect-rocketmq/client"
import { ClusterEvent, Embedded, EmbeddedCluster, Fault, VirtualTime } from "@effect-rocketmq/embedded"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"

describe("the events of a cluster", () => {
  it.live("are kept as far as somebody wants the latest of them, and no longer than that", () =>
    VirtualTime.run(
      Effect.gen(function*() {
        const cluster = yield* EmbeddedCluster.EmbeddedCluster
        yield* cluster.createTopic("orders", { queues: 1 })
        const scope = yield* Scope.make()
        const latest = yield* Scope.extend(cluster.latestEvents(3), scope)
        const none = yield* Scope.extend(cluster.latestEvents(0), scope)
        const producer = yield* Producer.make({ group: "shop" })
        const send = producer.send(Message.make({ topic: "orders", body: "order" }))
        for (let i = 0; i < 10; i++) yield* send
        const answered = ClusterEvent.format((yield* latest)[2]!)
        assert.lengthOf(yield* latest, 3)
        assert.deepStrictEqual(yield* none, [])
        assert.include(answered, "broker-a #1 < SEND_MESSAGE_V2: SUCCESS")
        yield* Scope.close(scope, Exit.void)
        const before = yield* latest
        yield* send
        assert.deepStrictEqual(yield* latest, before)
      }).pipe(Effect.provide(Embedded.layer()))
    ))

  it.live("tell who connects, what is asked and answered, and which fault was at work", () =>
    VirtualTime.run(
      Effect.gen(function*() {
        const cluster = yield* EmbeddedCluster.EmbeddedCluster
        yield* cluster.createTopic("orders", { queues: 1 })
        const following = yield* cluster.events.pipe(
          Stream.takeUntil(({ _tag, server }) => _tag === "Disconnected" && server === "broker-a"),
          Stream.runCollect,
          Effect.fork
        )
        yield* Effect.yieldNow()
        yield* Effect.scoped(Effect.gen(function*() {
          const producer = yield* Producer.make({ group: "shop", sendTimeout: "2 seconds", retries: 0 })
          yield* cluster.inject(
            Fault.delay("300 millis").pipe(Fault.onServer("broker-a"), Fault.onTopic("orders"), Fault.once)
          )
          yield* producer.send(Message.make({ topic: "orders", body: "order 1" }))
        }))
        yield* cluster.disconnect("broker-a")
        const lines = Array.from(yield* Fiber.join(following), ClusterEvent.format)
        const start = (text: string) => lines.findIndex((line) => line.includes(text))
        const order = [
          "namesrv #0 connected from ",
          "namesrv #0 > GET_ROUTEINFO_BY_TOPIC orders",
          "namesrv #0 < GET_ROUTEINFO_BY_TOPIC: SUCCESS, ",
          "broker-a #1 > SEND_MESSAGE_V2 orders/0 group shop, 7 bytes, fault: Delay",
          "broker-a #1 disconnected"
        ].map(start)
        assert.deepStrictEqual(order, order.filter((at) => at >= 0).sort((a, b) => a - b), lines.join("\n"))
      }).pipe(Effect.provide(Embedded.layer()))
    ))
})
