import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { Layer } from "effect"
import { Context, Effect } from "effect"
import { describe, expect, it } from "tstyche"
import type { Broker } from "../src/Broker.js"
import type { Client } from "../src/Client.js"
import type { Compression } from "../src/Compression.js"
import * as Consumer from "../src/Consumer.js"
import type { ConsumeResult } from "../src/ConsumeResult.js"
import * as MessageSelector from "../src/MessageSelector.js"
import type { NameServer } from "../src/NameServer.js"
import type { Producer } from "../src/Producer.js"
import type { SendError } from "../src/ProducerError.js"
import * as RequestReply from "../src/RequestReply.js"
import type { NotARequestError } from "../src/RequestReplyError.js"

class Prices extends Context.Tag("Prices")<Prices, { readonly of: (name: string) => Effect.Effect<string, Error> }>() {}

const quote = (request: MessageExt) => Effect.flatMap(Prices, (prices) => prices.of(request.msgId))

describe("RequestReply.responder", () => {
  it("fails as its handler or the reply does, and needs what the handler needs and a producer", () => {
    expect(RequestReply.responder(quote)).type.toBe<
      (
        message: MessageExt
      ) => Effect.Effect<void | ConsumeResult, Error | SendError | NotARequestError, Prices | Producer>
    >()
  })

  it("takes what another handler fails with", () => {
    expect(RequestReply.responder(quote, { otherwise: () => Effect.fail("odd" as const) })).type.toBe<
      (
        message: MessageExt
      ) => Effect.Effect<void | ConsumeResult, Error | "odd" | SendError | NotARequestError, Prices | Producer>
    >()
  })

  it("is a handler of a consumer", () => {
    const layer = Consumer.layer(
      { group: "prices", subscriptions: { requests: MessageSelector.all } },
      RequestReply.responder(() => Effect.succeed("42"))
    )
    expect(layer).type.toBe<
      Layer.Layer<
        Consumer.Consumer,
        Consumer.StartError,
        Producer | Client | NameServer | Broker | Compression
      >
    >()
  })

  it("replies with a body or a reply, not with nothing", () => {
    expect(RequestReply.responder).type.toBeCallableWith(() => Effect.succeed({ body: "42", tags: "t" }))
    expect(RequestReply.responder).type.toBeCallableWith(() => Effect.succeed(Uint8Array.of(1)))
    expect(RequestReply.responder).type.not.toBeCallableWith(() => Effect.void)
  })
})
