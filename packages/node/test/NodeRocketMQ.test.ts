import { Compression } from "@effect-rocketmq/client/Compression"
import { NameServer } from "@effect-rocketmq/client/NameServer"
import * as NodeRocketMQ from "@effect-rocketmq/node/NodeRocketMQ"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"

const environment = (variables: Record<string, string>) =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" }))

describe("NodeRocketMQ", () => {
  it.scoped("gives the services of the client without a server to talk to", () =>
    Effect.gen(function*() {
      const services = yield* Effect.all([NameServer, Compression])
      assert.strictEqual(services.length, 2)
    }).pipe(Effect.provide(NodeRocketMQ.layer({ nameServers: ["127.0.0.1:1"] }))))

  it.effect("is configured by variables", () =>
    Effect.gen(function*() {
      const options = yield* NodeRocketMQ.config
      assert.deepStrictEqual([...options.nameServers], ["127.0.0.1:1", "127.0.0.1:2"])
      assert.isFalse(options.noDelay)
      yield* Effect.scoped(Layer.build(NodeRocketMQ.layerConfig()))
    }).pipe(Effect.provide(environment({
      ROCKETMQ_NAMESRV_ADDR: "127.0.0.1:1;127.0.0.1:2",
      ROCKETMQ_NO_DELAY: "false"
    }))))

  it.effect("says which variable is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(NodeRocketMQ.layerConfig())))
      assert.match(String(error), /NAMESRV_ADDR/)
    }).pipe(Effect.provide(environment({}))))
})
