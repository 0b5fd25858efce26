import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"
import * as Consumer from "../src/Consumer.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import * as OrderlyResult from "../src/OrderlyResult.js"

const options = { group: "billing", subscriptions: { orders: MessageSelector.all } }

describe("Consumer.layerOrderly", () => {
  it("takes a message and gives nothing or a result of its own", () => {
    expect(Consumer.layerOrderly).type.toBeCallableWith(options, (_: MessageExt) => Effect.void)
    expect(Consumer.layerOrderly).type.toBeCallableWith(
      options,
      () => Effect.succeed(OrderlyResult.suspend("2 seconds"))
    )
    expect(Consumer.layerOrderly).type.not.toBeCallableWith(options, () => Effect.succeed(ConsumeResult.retry(3)))
    expect(Consumer.layerOrderly).type.not.toBeCallableWith(options, () => Effect.succeed(ConsumeResult.consumed))
    expect(Consumer.layerOrderly).type.not.toBeCallableWith(options, () => Effect.succeed("done"))
  })

  it("its results are none of a consumer without order", () => {
    expect(Consumer.layer).type.not.toBeCallableWith(options, () => Effect.succeed(OrderlyResult.handled))
    expect(Consumer.layer).type.not.toBeCallableWith(options, () => Effect.succeed(OrderlyResult.suspend()))
    expect(Consumer.layerBatch).type.not.toBeCallableWith(
      { ...options, batchSize: 2 },
      () => Effect.succeed(OrderlyResult.handled)
    )
  })

  it("has options of its own, and none that need a second delivery by the broker", () => {
    expect<Consumer.OrderlyOptions>().type.toBeAssignableFrom({
      ...options,
      suspendTime: "1 second" as const,
      autoCommit: false
    })
    expect<Consumer.OrderlyOptions>().type.not.toHaveProperty("retryDelayLevel")
    expect<Consumer.OrderlyOptions>().type.not.toHaveProperty("messageModel")
    expect<Consumer.OrderlyBatchOptions>().type.not.toHaveProperty("orderBy")
    expect<Consumer.Options>().type.not.toHaveProperty("suspendTime")
  })
})

describe("Consumer.layerOrderlyBatch", () => {
  it("gives one result for all messages", () => {
    const batch = { ...options, batchSize: 32 }
    expect(Consumer.layerOrderlyBatch).type.toBeCallableWith(batch, () => Effect.succeed(OrderlyResult.commit))
    expect(Consumer.layerOrderlyBatch).type.not.toBeCallableWith(batch, () => Effect.succeed([OrderlyResult.commit]))
    expect(Consumer.layerOrderlyBatch).type.not.toBeCallableWith(options, () => Effect.void)
  })
})
