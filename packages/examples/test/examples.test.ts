import { Embedded } from "@effect-rocketmq/embedded"
import { assert, describe, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import * as autoBatching from "../src/auto-batching.js"
import * as batches from "../src/batches.js"
import * as broadcast from "../src/broadcast.js"
import * as compression from "../src/compression.js"
import * as configuration from "../src/configuration.js"
import * as delayLevel from "../src/delay-level.js"
import * as polling from "../src/polling.js"
import * as requestReply from "../src/request-reply.js"
import * as retryAndDeadLetters from "../src/retry-and-dead-letters.js"
import * as sendAndConsume from "../src/send-and-consume.js"
import * as timed from "../src/timed.js"
import * as transaction from "../src/transaction.js"
import * as typedErrors from "../src/typed-errors.js"
import * as virtualTime from "../src/virtual-time.js"

/** Lets virtual seconds pass until the program ends. */
const inVirtualTime = <A, E, R>(program: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(program, Effect.forever(TestClock.adjust("1 second")))

describe("examples", () => {
  it.effect("send and consume", () =>
    Effect.gen(function*() {
      const settled = yield* sendAndConsume.program
      assert.deepStrictEqual([...settled].sort(), ["order 1 is paid", "order 2 is paid back"])
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("typed errors", () =>
    Effect.gen(function*() {
      const result = yield* inVirtualTime(typedErrors.program)
      assert.strictEqual(result.stored, "stored after 1 attempt(s)")
      assert.match(result.invalid, /^invalid topic: /)
      assert.strictEqual(result.unknown, "no topic nowhere, creation is Off")
      assert.strictEqual(result.exhausted, "Refused after BrokerBusyError, BrokerBusyError, BrokerBusyError")
    }).pipe(Effect.provide(Embedded.layer({ cluster: { autoCreateTopic: false } }))))

  it.effect("retry and dead letters", () =>
    Effect.gen(function*() {
      const { dead, seen, topic } = yield* inVirtualTime(retryAndDeadLetters.program)
      assert.deepStrictEqual(seen.filter((delivery) => delivery.startsWith("bad")), [
        "bad, delivered 0 times before",
        "bad, delivered 1 times before",
        "bad, delivered 2 times before"
      ])
      assert.include(seen, "good, delivered 0 times before")
      assert.strictEqual(dead, "bad")
      assert.strictEqual(topic, "%DLQ%billing")
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("request and reply", () =>
    Effect.gen(function*() {
      const { answered, unanswered } = yield* inVirtualTime(requestReply.program)
      assert.deepStrictEqual(answered, ["tea costs 42 EUR", "coffee costs 42 EUR"])
      assert.strictEqual(unanswered, "no reply; the request is Accepted")
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("polling", () =>
    Effect.gen(function*() {
      const { again, first } = yield* inVirtualTime(polling.program)
      assert.deepStrictEqual([first, again], [["12 °C", "14 °C"], ["12 °C", "14 °C"]])
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("broadcast", () =>
    Effect.gen(function*() {
      const cache = yield* inVirtualTime(broadcast.program)
      assert.deepStrictEqual([...cache].sort(), ["coffee: 4", "tea: 3"])
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("batches", () =>
    Effect.gen(function*() {
      const { handled, queues } = yield* inVirtualTime(batches.program)
      assert.strictEqual(queues, 1)
      assert.deepStrictEqual(handled, [["a", "b", "c", "d"], ["b"]])
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("auto-batching", () =>
    Effect.gen(function*() {
      const { accepted, failures, places } = yield* inVirtualTime(autoBatching.program)
      assert.strictEqual(places, 100)
      assert.deepStrictEqual(failures, ["MessageValidationError"])
      assert.strictEqual(accepted, 500)
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("configuration from the environment", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* configuration.program, { group: "checkout", received: "order 1" })
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("a consumer in virtual time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* virtualTime.program, { early: 0, delay: 10_000 })
    }))

  it.effect("compression", () =>
    Effect.gen(function*() {
      const { intact, sent, stored } = yield* compression.program
      assert.isTrue(intact)
      assert.isBelow(stored, sent / 100)
      assert.isAbove(stored, 0)
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("delay levels", () =>
    Effect.gen(function*() {
      const { afterSeconds, text } = yield* inVirtualTime(delayLevel.program)
      assert.strictEqual(text, "pay order 1")
      assert.isAtLeast(afterSeconds, 10)
      assert.isBelow(afterSeconds, 15)
    }).pipe(Effect.provide(Embedded.layer())))

  it.effect("timed messages", () =>
    Effect.gen(function*() {
      const { mailed, takenBack } = yield* inVirtualTime(timed.program)
      assert.isTrue(takenBack)
      assert.deepStrictEqual(mailed, ["come back"])
    }).pipe(Effect.provide(Embedded.layer({ cluster: { recallMessage: true } }))))

  it.effect("transactions", () =>
    Effect.gen(function*() {
      const { checks, end, shipped, soldOut, value } = yield* inVirtualTime(transaction.program)
      assert.deepStrictEqual([value, end], ["order 1 is paid", "Acknowledged"])
      assert.strictEqual(soldOut, "order 2 is sold out")
      assert.deepStrictEqual(shipped, ["order 1", "order 3"])
      assert.deepStrictEqual(checks, { Commit: 1, Rollback: 0, Unknown: 0 })
    }).pipe(Effect.provide(Embedded.layer())))
})
