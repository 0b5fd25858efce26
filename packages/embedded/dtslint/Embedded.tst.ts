import * as Consumer from "@effect-rocketmq/client/Consumer"
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import type { ProducerStartError } from "@effect-rocketmq/client/ProducerError"
import type { RocketMQ } from "@effect-rocketmq/client/RocketMQ"
import type { Transport } from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import * as Embedded from "@effect-rocketmq/embedded/Embedded"
import type { Cluster, EmbeddedCluster } from "@effect-rocketmq/embedded/EmbeddedCluster"
import * as EmbeddedServer from "@effect-rocketmq/embedded/EmbeddedServer"
import type { Scope } from "effect"
import { Effect, Layer } from "effect"
import { describe, expect, it } from "tstyche"

describe("Embedded", () => {
  it("is all that a producer and a consumer need", () => {
    expect(Embedded.layer()).type.toBe<Layer.Layer<RocketMQ | EmbeddedCluster, TransportConfigError>>()
    expect(
      Layer.provide(Producer.layer({ group: "checkout" }), Embedded.layer())
    ).type.toBe<Layer.Layer<Producer.Producer, ProducerStartError | TransportConfigError>>()
    expect(
      Consumer.layer({ group: "billing", subscriptions: { orders: MessageSelector.all } }, () => Effect.void).pipe(
        Layer.provide(Embedded.layer())
      )
    ).type.toBe<Layer.Layer<Consumer.Consumer, Consumer.StartError | TransportConfigError>>()
  })

  it("names its own name server", () => {
    expect(Embedded.layer).type.toBeCallableWith({ cluster: { brokers: 2 }, requestTimeout: "1 second" })
    expect(Embedded.layer).type.not.toBeCallableWith({ nameServers: ["127.0.0.1:9876"] })
  })

  it("further clients and transports need a cluster", () => {
    expect(Embedded.layerClient()).type.toBe<Layer.Layer<RocketMQ, TransportConfigError, EmbeddedCluster>>()
    expect(Embedded.layerTransport).type.toBe<Layer.Layer<Transport, never, EmbeddedCluster>>()
  })

  it("on TCP can fail to listen", () => {
    expect(EmbeddedServer.serve()).type.toBe<Effect.Effect<Cluster, EmbeddedServer.ListenError, Scope.Scope>>()
    expect(EmbeddedServer.serve).type.not.toBeCallableWith({ nameServerAddress: "127.0.0.1:9876" })
  })
})
