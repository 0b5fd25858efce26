import * as Names from "@effect-rocketmq/protocol/Names"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { Broker } from "../Broker.js"
import type { Client, TransactionCheck } from "../Client.js"
import { Compression } from "../Compression.js"
import { NameServer } from "../NameServer.js"
import type { ProducerStartError } from "../ProducerError.js"
import type { Options, TransactionProducer } from "../TransactionProducer.js"
import { forkAll, once } from "./fibers.js"
import * as Producers from "./producer.js"
import * as Engines from "./producerEngine.js"
import * as Transactions from "./transaction.js"
import * as Checks from "./transactionChecks.js"
import * as Ends from "./transactionEnd.js"
import { Ledger } from "./transactionLedger.js"
import * as Meters from "./transactionMeter.js"
import { settingsOf } from "./transactionSettings.js"

/** @internal */
export const make = <E, R>(
  options: Options<E, R>
): Effect.Effect<
  TransactionProducer["Type"],
  ProducerStartError,
  R | Client | NameServer | Broker | Compression | Scope.Scope
> =>
  Effect.gen(function*() {
    const settings = yield* settingsOf(options)
    const context = yield* Effect.context<R>()
    const nameServer = yield* NameServer
    const compression = yield* Compression

    // a broker may ask as soon as it knows the group
    const handler = yield* Deferred.make<(check: TransactionCheck) => Effect.Effect<void>>()
    const engine = yield* Engines.make(options, {
      checkTransaction: (check) => Effect.flatMap(Deferred.await(handler), (handle) => handle(check))
    })
    const { accounts, background, client, sender, settings: { group } } = engine
    const ledger = new Ledger()
    const meter = Meters.make(group)
    const transactions = Transactions.make({
      settings,
      engine,
      ledger,
      meter,
      end: Ends.make(engine, nameServer, settings.endTimeout),
      acceptsWeak: options.whenNotStoreOk === "accept"
    })
    const checks = Checks.make({
      engine,
      compression,
      ledger,
      meter,
      check: (message) => Effect.provide(options.check(message), context),
      concurrency: settings.checkConcurrency,
      timeout: settings.checkTimeout,
      onError: options.onCheckError
    })
    yield* Deferred.succeed(handler, checks.handle)
    // brokers ask those who have sent them a heartbeat; this topic is on all that have ever looked for half messages, so
    // that a producer which has not sent anything yet is asked about the transactions of those before it
    yield* Scope.extend(forkAll([client.watchTopic(Names.HALF_TOPIC)]), background)

    const plain = yield* Producers.serviceOf(engine)
    const run = Effect.gen(function*() {
      sender.shut()
      accounts.keep()
      yield* transactions.drain
      yield* checks.drain
      return yield* plain.stop
    })
    const stop = yield* Scope.extend(once(run), background)
    yield* Effect.addFinalizer(() => stop)

    return {
      group,
      transaction: transactions.transaction,
      begin: transactions.begin,
      producer: { ...plain, stop },
      stats: Effect.sync(() => meter.stats(ledger.running)),
      stop
    }
  })
