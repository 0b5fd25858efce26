import { Broker, Client, Compression, NameServer, Remoting, RocketMQ } from "@effect-rocketmq/client"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as PeerTransport from "./support/PeerTransport.js"

type Services = Broker.Broker | NameServer.NameServer | Client.Client

class East extends Context.Tag("East")<East, Context.Context<Services>>() {}
class West extends Context.Tag("West")<West, Context.Context<Services>>() {}

const codecs = Layer.mock(Compression.Compression, { crc32: () => 0 })

const requests = Effect.all([
  Effect.flatMap(
    Broker.Broker,
    (broker) => broker.request("broker:10911", RequestHeader.GetBrokerRuntimeInfo.make({}))
  ),
  Effect.flatMap(NameServer.NameServer, (nameServer) => Effect.either(nameServer.route("orders")))
])

/** Two clients in one program, each over a transport of its own. */
const onTwo = <R>(
  layerOf: (nameServer: string) => Layer.Layer<Services, TransportConfigError, R>,
  below: (transport: ReturnType<typeof PeerTransport.make>["layer"]) => Layer.Layer<R>
) =>
  Effect.gen(function*() {
    const transports = [0, 1].map(() =>
      PeerTransport.make({ onCommand: (peer, command) => peer.answer(command, { code: 17, remark: "not here" }) })
    )
    const [east, west] = [transports[0]!, transports[1]!]
    const services = Effect.context<Services>()
    const context = yield* Layer.build(Layer.merge(
      Layer.effect(East, services).pipe(Layer.provide(layerOf("east:9876")), Layer.provide(below(east.layer))),
      Layer.effect(West, services).pipe(Layer.provide(layerOf("west:9876")), Layer.provide(below(west.layer)))
    ))
    yield* Effect.provide(requests, Context.get(context, East))
    assert.deepStrictEqual([...east.connects].sort(), ["broker:10911", "east:9876"])
    assert.deepStrictEqual(west.connects, [])
    yield* Effect.provide(requests, Context.get(context, West))
    assert.deepStrictEqual([...east.connects].sort(), ["broker:10911", "east:9876"])
    assert.deepStrictEqual([...west.connects].sort(), ["broker:10911", "west:9876"])
  })

describe("several clients in one program have nothing in common", () => {
  it.scoped("as RocketMQ.layer makes them", () =>
    onTwo(
      (nameServer) => RocketMQ.layer({ nameServers: [nameServer] }),
      (transport) => Layer.merge(transport, codecs)
    ))

  it.scoped("put together of the layers of each service", () =>
    onTwo((nameServer) =>
      Client.layer().pipe(
        Layer.provideMerge(Layer.merge(NameServer.layer({ nameServers: [nameServer] }), Broker.layer)),
        Layer.provide(Remoting.layer())
      ), (transport) => transport))
})
