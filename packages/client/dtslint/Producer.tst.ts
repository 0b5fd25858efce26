import type { Broker } from "@effect-rocketmq/client/Broker"
import type { Client } from "@effect-rocketmq/client/Client"
import type { Compression, CompressionError } from "@effect-rocketmq/client/Compression"
import type * as Message from "@effect-rocketmq/client/Message"
import type { NameServer } from "@effect-rocketmq/client/NameServer"
import type { TopicRouteNotFoundError } from "@effect-rocketmq/client/NameServerError"
import * as Producer from "@effect-rocketmq/client/Producer"
import type * as ProducerError from "@effect-rocketmq/client/ProducerError"
import * as ProducerPreset from "@effect-rocketmq/client/ProducerPreset"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import type { ConfigError, Layer } from "effect"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

declare const producer: Producer.Producer["Type"]
declare const message: Message.Message

describe("Producer", () => {
  it("a send fails with exactly these", () => {
    expect(producer.send(message)).type.toBe<
      Effect.Effect<
        SendReceipt,
        | ProducerError.MessageValidationError
        | TopicRouteNotFoundError
        | ProducerError.RouteUpdateError
        | ProducerError.QueueNotAvailableError
        | CompressionError
        | ProducerError.MessageSendError
        | ProducerError.RetryExhaustedError
        | ProducerError.ProducerShutdownError
      >
    >()
  })

  it("batches can be mixed up, too", () => {
    expect(producer.sendBatch([message])).type.toBe<
      Effect.Effect<ReadonlyArray<SendReceipt>, ProducerError.BatchError>
    >()
  })

  it("one tag can be caught alone", () => {
    expect(
      Effect.catchTag(producer.send(message), "RetryExhaustedError", (error) => {
        expect(error.outcome).type.toBe<"Refused" | "Unknown">()
        return Effect.succeed("given up" as const)
      })
    ).type.toBe<
      Effect.Effect<SendReceipt | "given up", Exclude<ProducerError.SendError, ProducerError.RetryExhaustedError>>
    >()
  })

  it("the group is required, everything else is not", () => {
    expect(Producer.layer).type.toBeCallableWith({ group: "checkout" })
    expect(Producer.layer).type.not.toBeCallableWith({})
  })

  it("a preset has everything but the group", () => {
    for (const preset of [ProducerPreset.development, ProducerPreset.production]) {
      expect(preset).type.toBe<Omit<Producer.Options, "group">>()
    }
    expect(Producer.layer).type.toBeCallableWith({ ...ProducerPreset.lowLatency, group: "checkout", retries: 1 })
    expect(Producer.layer).type.not.toBeCallableWith(ProducerPreset.highThroughput)
  })

  it("layers say what they need", () => {
    expect(Producer.layer({ group: "checkout" })).type.toBe<
      Layer.Layer<
        Producer.Producer,
        ProducerError.ProducerStartError,
        Client | NameServer | Broker | Compression
      >
    >()
    expect(Producer.layerConfig()).type.toBe<
      Layer.Layer<
        Producer.Producer,
        ConfigError.ConfigError | ProducerError.ProducerStartError,
        Client | NameServer | Broker | Compression
      >
    >()
  })
})
