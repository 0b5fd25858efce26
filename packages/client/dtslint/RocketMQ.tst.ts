import type { Broker } from "@effect-rocketmq/client/Broker"
import type { Client } from "@effect-rocketmq/client/Client"
import type { Compression } from "@effect-rocketmq/client/Compression"
import type { NameServer } from "@effect-rocketmq/client/NameServer"
import type { Remoting } from "@effect-rocketmq/client/Remoting"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type { Transport } from "@effect-rocketmq/client/Transport"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import type { ConfigError, Layer } from "effect"
import { describe, expect, it } from "tstyche"

describe("RocketMQ", () => {
  it("needs a transport and codecs, and fails on nothing but its addresses", () => {
    expect(RocketMQ.layer({ nameServers: ["127.0.0.1:9876"] })).type.toBe<
      Layer.Layer<
        Client | NameServer | Broker | Remoting | Compression,
        TransportConfigError,
        Transport | Compression
      >
    >()
  })

  it("from Config may also lack a variable", () => {
    expect(RocketMQ.layerConfig()).type.toBe<
      Layer.Layer<RocketMQ.RocketMQ, ConfigError.ConfigError | TransportConfigError, Transport | Compression>
    >()
  })

  it("the name servers are required", () => {
    expect(RocketMQ.layer).type.not.toBeCallableWith({})
    expect(RocketMQ.layer).type.not.toBeCallableWith({ nameServers: "127.0.0.1:9876" })
    expect(RocketMQ.layer).type.toBeCallableWith({
      nameServers: ["127.0.0.1:9876"],
      requestTimeout: "1 second",
      clientId: undefined
    })
  })
})
