import * as Frame from "@effect-rocketmq/protocol/Frame"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Net from "node:net"
import * as EmbeddedServer from "../src/EmbeddedServer.js"
import { bytes, sendFields } from "./client.js"

/** Writes requests to a port and waits for as many answers. */
const exchange = (address: string, requests: ReadonlyArray<RemotingCommand>) =>
  Effect.async<ReadonlyArray<RemotingCommand>, Error>((resume) => {
    const socket = Net.connect(Number(address.split(":")[1]), "127.0.0.1")
    const decoder = Frame.makeDecoder()
    const answers: Array<RemotingCommand> = []
    socket.on("data", (chunk) => {
      decoder.push(new Uint8Array(chunk), (answer) => answers.push(answer))
      if (answers.length < requests.length) return
      socket.destroy()
      resume(Effect.succeed(answers))
    })
    socket.on("error", (error) => resume(Effect.fail(error)))
    socket.on("close", () => resume(Effect.fail(new Error("closed"))))
    for (const request of requests) socket.write(Remoting.encode(request))
    return Effect.sync(() => socket.destroy())
  })

describe("on TCP", () => {
  it.scoped("routes name the ports that were bound, and brokers answer there", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedServer.serve({ port: 0, brokers: 2 })
      yield* cluster.createTopic("T")
      const [route] = yield* exchange(cluster.nameServerAddress, [
        Remoting.make({ code: RequestCode.GET_ROUTEINFO_BY_TOPIC, extFields: { topic: "T" } })
      ])
      const addresses: Array<string> = JSON.parse(new TextDecoder().decode(route!.body)).brokerDatas
        .map((data: { readonly brokerAddrs: Record<string, string> }) => data.brokerAddrs["0"])
      assert.deepStrictEqual(addresses, cluster.brokers.map((broker) => broker.address))
      const request = (opaque: number) =>
        Remoting.make({ code: RequestCode.SEND_MESSAGE_V2, extFields: sendFields("T"), body: bytes("x"), opaque })
      const answers = yield* exchange(addresses[1]!, Array.from({ length: 100 }, (_, index) => request(index)))
      assert.deepStrictEqual(answers.map((answer) => answer.opaque), Array.from({ length: 100 }, (_, index) => index))
      assert.isTrue(answers.every((answer) => answer.code === 0))
      const [message] = yield* cluster.messages("T")
      assert.strictEqual(message!.storeHost, addresses[1])
      assert.match(message!.bornHost, /^127\.0\.0\.1:\d+$/)
    }))

  it.scoped("a stopped server closes its connections, and what it listened on is free when the scope ends", () =>
    Effect.gen(function*() {
      const address = yield* Effect.scoped(Effect.gen(function*() {
        const cluster = yield* EmbeddedServer.serve({ port: 0 })
        yield* cluster.stop("namesrv")
        const error = yield* Effect.flip(exchange(cluster.nameServerAddress, [Remoting.make({ code: 106 })]))
        assert.instanceOf(error, Error)
        return cluster.nameServerAddress
      }))
      const error = yield* Effect.flip(exchange(address, [Remoting.make({ code: 106 })]))
      assert.include(error.message, "ECONNREFUSED")
    }))

  it.scoped("a port that is taken is a typed error that names it", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedServer.serve({ port: 0 })
      const port = Number(cluster.nameServerAddress.split(":")[1])
      const error = yield* Effect.flip(EmbeddedServer.serve({ port }))
      assert.strictEqual(error._tag, "ListenError")
      assert.strictEqual(error.address, `127.0.0.1:${port}`)
      assert.include(error.message, "EADDRINUSE")
    }))
})
