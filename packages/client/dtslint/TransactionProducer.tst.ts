import type { Broker } from "@effect-rocketmq/client/Broker"
import type { Client } from "@effect-rocketmq/client/Client"
import type { Compression } from "@effect-rocketmq/client/Compression"
import type * as Message from "@effect-rocketmq/client/Message"
import type { NameServer } from "@effect-rocketmq/client/NameServer"
import type * as ProducerError from "@effect-rocketmq/client/ProducerError"
import type { SendReceipt } from "@effect-rocketmq/client/SendReceipt"
import type * as TransactionError from "@effect-rocketmq/client/TransactionError"
import * as TransactionProducer from "@effect-rocketmq/client/TransactionProducer"
import type { ConfigError, Layer, Scope } from "effect"
import { Context, Effect } from "effect"
import { describe, expect, it } from "tstyche"

declare const transactions: TransactionProducer.TransactionProducer["Type"]
declare const message: Message.Message

class Database extends Context.Tag("Database")<Database, { readonly pay: Effect.Effect<number, "no stock"> }>() {}

const pay = Effect.flatMap(Database, (database) => database.pay)

describe("TransactionProducer", () => {
  it("a transaction gives the value of its work, fails with its failures, and needs what it needs", () => {
    expect(transactions.transaction(message, pay)).type.toBe<
      Effect.Effect<
        TransactionProducer.TransactionResult<number>,
        | "no stock"
        | ProducerError.MessageValidationError
        | TransactionError.HalfMessageSendError
        | TransactionError.TransactionCommitError
        | TransactionError.TransactionTimeoutError,
        Database
      >
    >()
  })

  it("its work may be a function of the half message's receipt", () => {
    const result = transactions.transaction(message, (half) => {
      expect(half).type.toBe<SendReceipt>()
      return Effect.succeed(half.uniqueKey)
    })
    expect(result).type.toBe<
      Effect.Effect<
        TransactionProducer.TransactionResult<string>,
        | ProducerError.MessageValidationError
        | TransactionError.HalfMessageSendError
        | TransactionError.TransactionCommitError
        | TransactionError.TransactionTimeoutError
      >
    >()
  })

  it("a transaction by hand lives in a Scope", () => {
    expect(transactions.begin(message)).type.toBe<
      Effect.Effect<
        TransactionProducer.Transaction,
        ProducerError.MessageValidationError | TransactionError.HalfMessageSendError,
        Scope.Scope
      >
    >()
  })

  it("the check is required, and its services are those of the layer", () => {
    expect(TransactionProducer.layer).type.not.toBeCallableWith({ group: "payments" })
    const check = () => Effect.as(pay, "Commit" as const)
    expect(TransactionProducer.layer({ group: "payments", check })).type.toBe<
      Layer.Layer<
        TransactionProducer.TransactionProducer,
        ProducerError.ProducerStartError,
        Database | Client | NameServer | Broker | Compression
      >
    >()
    expect(TransactionProducer.layerConfig({ check: TransactionProducer.alwaysCommit })).type.toBe<
      Layer.Layer<
        TransactionProducer.TransactionProducer,
        ConfigError.ConfigError | ProducerError.ProducerStartError,
        Client | NameServer | Broker | Compression
      >
    >()
  })

  it("a check says one of three", () => {
    const group = "payments"
    expect(TransactionProducer.layer).type.not.toBeCallableWith({ group, check: () => Effect.succeed("Maybe") })
    expect(TransactionProducer.layer).type.not.toBeCallableWith({ group, check: () => Effect.succeed(true) })
  })
})
