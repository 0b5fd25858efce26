import { Broker, Compression, NameServer, RocketMQ } from "@effect-rocketmq/client"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import * as PeerTransport from "./support/PeerTransport.js"

const codecs = Layer.mock(Compression.Compression, { crc32: () => 0 })

class East extends Context.Tag("East")<East, Context.Context<RocketMQ.RocketMQ>>() {}
class West extends Context.Tag("West")<West, Context.Context<RocketMQ.RocketMQ>>() {}

const client = (nameServer: string) => {
  const transport = PeerTransport.make({
    onCommand: (peer, command) => peer.answer(command, { code: 17, remark: `by ${peer.address}` })
  })
  const layer = RocketMQ.layer({ nameServers: [nameServer] }).pipe(Layer.provide([transport.layer, codecs]))
  return { layer, transport }
}

const requests = Effect.all([
  Effect.flatMap(Broker.Broker, (broker) => broker.request("broker:10911", RequestHeader.GetBrokerRuntimeInfo.make({}))),
  Effect.flatMap(NameServer.NameServer, (nameServer) => Effect.either(nameServer.route("orders")))
])

describe("RocketMQ.layer", () => {
  it.scoped("makes a client of its own each time, also of several that one program is composed of", () =>
    Effect.gen(function*() {
      const east = client("east:9876")
      const west = client("west:9876")
      const both = Layer.merge(
        Layer.effect(East, Effect.context<RocketMQ.RocketMQ>()).pipe(Layer.provide(east.layer)),
        Layer.effect(West, Effect.context<RocketMQ.RocketMQ>()).pipe(Layer.provide(west.layer))
      )
      const context = yield* Layer.build(both)
      yield* Effect.provide(requests, Context.get(context, East))
      assert.deepStrictEqual([...east.transport.connects].sort(), ["broker:10911", "east:9876"])
      assert.deepStrictEqual(west.transport.connects, [])
      yield* Effect.provide(requests, Context.get(context, West))
      assert.deepStrictEqual([...east.transport.connects].sort(), ["broker:10911", "east:9876"])
      assert.deepStrictEqual([...west.transport.connects].sort(), ["broker:10911", "west:9876"])
    }))
})
