import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { Effect, Layer, Stream } from "effect"
import { describe, expect, it } from "tstyche"
import type { Broker } from "../src/Broker.js"
import type { Client } from "../src/Client.js"
import type { Compression } from "../src/Compression.js"
import type {
  ConsumerConfigError,
  ConsumerShutdownError,
  ConsumerStateError,
  ConsumerValidationError
} from "../src/ConsumerError.js"
import type { NameServer } from "../src/NameServer.js"
import * as PullConsumer from "../src/PullConsumer.js"

declare const consumer: PullConsumer.PullConsumer["Type"]

describe("PullConsumer", () => {
  it("a layer may fail by its options only", () => {
    expect(PullConsumer.layer({ group: "billing" })).type.toBe<
      Layer.Layer<
        PullConsumer.PullConsumer,
        ConsumerConfigError | ConsumerValidationError,
        Client | NameServer | Broker | Compression
      >
    >()
    // what belongs to handlers is no option of it
    expect(PullConsumer.layer).type.not.toBeCallableWith({ group: "billing", maxReconsumeTimes: 3 })
  })

  it("a poll gives messages, or says why not", () => {
    expect(consumer.poll("1 second")).type.toBe<
      Effect.Effect<ReadonlyArray<MessageExt>, ConsumerStateError | ConsumerShutdownError>
    >()
    expect(consumer.stream).type.toBe<Stream.Stream<MessageExt, ConsumerStateError>>()
  })

  it("a place is a name, an offset or a time; a plain number is none of them", () => {
    expect<"begin" | "end" | bigint | { timestamp: number }>().type.toBeAssignableTo<PullConsumer.Place>()
    expect<number>().type.not.toBeAssignableTo<PullConsumer.Place>()
  })
})
