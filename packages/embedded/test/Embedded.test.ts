import { Broker, RocketMQ } from "@effect-rocketmq/client"
import { Embedded, EmbeddedCluster } from "@effect-rocketmq/embedded"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"

type Services = Broker.Broker | EmbeddedCluster.EmbeddedCluster

class East extends Context.Tag("East")<East, Context.Context<Services>>() {}
class West extends Context.Tag("West")<West, Context.Context<Services>>() {}

/** A client on a cluster of its own, put together by hand. */
const stack = () =>
  RocketMQ.layer({ nameServers: ["127.0.0.1:9876"] }).pipe(
    Layer.provide([Embedded.layerTransport, Embedded.compression]),
    Layer.provideMerge(EmbeddedCluster.layer())
  )

describe("Embedded.layerTransport", () => {
  it.scoped("leads to the cluster that it is provided with, in a program of several", () =>
    Effect.gen(function*() {
      const services = Effect.context<Services>()
      const context = yield* Layer.build(Layer.merge(
        Layer.effect(East, services).pipe(Layer.provide(stack())),
        Layer.effect(West, services).pipe(Layer.provide(stack()))
      ))
      const [east, west] = [Context.get(context, East), Context.get(context, West)]
      yield* Context.get(east, EmbeddedCluster.EmbeddedCluster).createTopic("orders")
      const asked = (of: Context.Context<Services>) => {
        const { address } = Context.get(of, EmbeddedCluster.EmbeddedCluster).brokers[0]!
        return Effect.match(Context.get(of, Broker.Broker).topicConfig(address, "orders"), {
          onFailure: ({ _tag }) => _tag,
          onSuccess: ({ topicName }) => topicName
        })
      }
      assert.deepStrictEqual([yield* asked(east), yield* asked(west)], ["orders", "TopicNotFoundError"])
    }))
})
