import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { Layer, Stream } from "effect"
import { Context, Effect } from "effect"
import { describe, expect, it } from "tstyche"
import type { Broker } from "../src/Broker.js"
import type { Client } from "../src/Client.js"
import type { Compression } from "../src/Compression.js"
import * as ConsumeResult from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import type { NameServer } from "../src/NameServer.js"
import * as PopConsumer from "../src/PopConsumer.js"

declare const consumer: PopConsumer.PopConsumer["Type"]

class Database extends Context.Tag("Database")<Database, number>() {}

const options = { group: "billing", subscriptions: { orders: MessageSelector.all } }

describe("PopConsumer", () => {
  it("a layer needs what its handler needs", () => {
    expect(PopConsumer.layer(options, (_: MessageExt) => Effect.asVoid(Database))).type.toBe<
      Layer.Layer<
        PopConsumer.PopConsumer,
        PopConsumer.StartError,
        Database | Client | NameServer | Broker | Compression
      >
    >()
  })

  it("a handler gives nothing or a result", () => {
    expect(PopConsumer.layer).type.toBeCallableWith(options, () => Effect.succeed(ConsumeResult.retry(1)))
    expect(PopConsumer.layer).type.not.toBeCallableWith(options, () => Effect.succeed("done"))
    // queues belong to nobody
    expect(PopConsumer.layer).type.not.toBeCallableWith({ ...options, rebalanceInterval: 1 }, () => Effect.void)
  })

  it("events tell what lapsed", () => {
    expect(consumer.events).type.toBe<Stream.Stream<PopConsumer.Event>>()
    expect<PopConsumer.Lapsed>().type.toBeAssignableTo<PopConsumer.Event>()
  })
})
