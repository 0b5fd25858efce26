import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { Scope } from "effect"
import { Context, Effect } from "effect"
import type { Layer } from "effect"
import { describe, expect, it } from "tstyche"
import type { Broker } from "../src/Broker.js"
import type { Client } from "../src/Client.js"
import type { Compression } from "../src/Compression.js"
import * as Consumer from "../src/Consumer.js"
import type { ConsumerConfigError, ConsumerStateError } from "../src/ConsumerError.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import type { NameServer } from "../src/NameServer.js"
import type { TopicNotSubscribedError } from "../src/SubscriptionError.js"

class Till extends Context.Tag("Till")<Till, { readonly settle: (id: string) => Effect.Effect<void, Error> }>() {}

const options = { group: "billing", subscriptions: { orders: MessageSelector.tags("paid", "refunded") } }

describe("Consumer.layer", () => {
  it("needs what the handler needs, and may fail only at its start", () => {
    const layer = Consumer.layer(options, (message) => Effect.flatMap(Till, (till) => till.settle(message.msgId)))
    expect(layer).type.toBe<
      Layer.Layer<
        Consumer.Consumer,
        Consumer.StartError,
        Till | Client | NameServer | Broker | Compression
      >
    >()
  })

  it("gives a handler that needs a Scope the one of the layer", () => {
    const layer = Consumer.layer(options, () => Effect.addFinalizer(() => Effect.void))
    expect(layer).type.toBe<
      Layer.Layer<Consumer.Consumer, Consumer.StartError, Client | NameServer | Broker | Compression>
    >()
  })

  it("takes a message and gives nothing or a result", () => {
    expect(Consumer.layer).type.toBeCallableWith(options, (_: MessageExt) => Effect.void)
    expect(Consumer.layer).type.toBeCallableWith(options, (_: MessageExt) => Effect.succeed(ConsumeResult.retry(3)))
    expect(Consumer.layer).type.not.toBeCallableWith(options, (_: MessageExt) => Effect.succeed("done"))
    // results of a batch are no result of a message
    expect(Consumer.layer).type.not.toBeCallableWith(options, () => Effect.succeed([ConsumeResult.consumed]))
  })
})

describe("Consumer.layerBatch", () => {
  it("takes messages and gives nothing or a result for each", () => {
    const batch = { ...options, batchSize: 32 }
    expect(Consumer.layerBatch).type.toBeCallableWith(batch, (_: ReadonlyArray<MessageExt>) => Effect.void)
    expect(Consumer.layerBatch).type.toBeCallableWith(
      batch,
      (messages: ReadonlyArray<MessageExt>) => Effect.succeed(messages.map(() => ConsumeResult.consumed))
    )
    expect(Consumer.layerBatch).type.not.toBeCallableWith(batch, () => Effect.succeed(ConsumeResult.consumed))
    expect(Consumer.layerBatch).type.not.toBeCallableWith(options, () => Effect.void)
  })
})

describe("Consumer.make", () => {
  it("lives in a Scope", () => {
    expect(Consumer.make(options, () => Effect.void)).type.toBe<
      Effect.Effect<
        Consumer.Consumer["Type"],
        Consumer.StartError,
        Scope.Scope | Client | NameServer | Broker | Compression
      >
    >()
  })
})

describe("Consumer.pause", () => {
  it("takes a topic, a queue or nothing", () => {
    const consumer = {} as Consumer.Consumer["Type"]
    expect(consumer.pause).type.toBe<
      (what?: string | MessageQueue) => Effect.Effect<void, TopicNotSubscribedError | ConsumerStateError>
    >()
    expect(consumer.resume).type.toBe<(what?: string | MessageQueue) => Effect.Effect<void>>()
    expect(consumer.setRate).type.toBe<(rate: number) => Effect.Effect<void, ConsumerConfigError>>()
  })
})

describe("MessageSelector.tags", () => {
  it("needs one tag at least", () => {
    expect(MessageSelector.tags).type.not.toBeCallableWith()
    expect(MessageSelector.tags).type.toBeCallableWith("a")
  })
})
