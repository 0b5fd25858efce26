import { assert, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import * as Signal from "../../src/internal/consumer/signal.js"

const waiting = (signal: Signal.Signal, heard: Array<string>, name: string) =>
  Effect.fork(Effect.tap(signal.wait, () => Effect.sync(() => heard.push(name))))

it.effect("a notice that nobody waits for is heard by the next who waits, once", () =>
  Effect.gen(function*() {
    const signal = Signal.make()
    signal.notify()
    signal.notify()
    yield* signal.wait
    const heard: Array<string> = []
    yield* waiting(signal, heard, "second")
    yield* TestClock.adjust("1 hour")
    assert.deepStrictEqual(heard, [])
    signal.notify()
    yield* TestClock.adjust(0)
    assert.deepStrictEqual(heard, ["second"])
  }))

it.effect("a notice after the one who waited was interrupted is kept for the next", () =>
  Effect.gen(function*() {
    const signal = Signal.make()
    for (const wait of [signal.wait, signal.waitAtMost(1_000)]) {
      const interrupted = yield* Effect.fork(wait)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(interrupted)
      signal.notify()
      yield* signal.wait
    }
  }))

it.effect("who waits for some time goes on when it is over, and a later notice is the next one's", () =>
  Effect.gen(function*() {
    const signal = Signal.make()
    const fiber = yield* Effect.fork(signal.waitAtMost(1_000))
    yield* TestClock.adjust(999)
    assert.isNull(fiber.unsafePoll())
    yield* TestClock.adjust(1)
    yield* Fiber.join(fiber)
    signal.notify()
    yield* signal.wait
  }))

it.effect("who waits for some time goes on at a notice, and its timer is of no account any more", () =>
  Effect.gen(function*() {
    const signal = Signal.make()
    const fiber = yield* Effect.fork(signal.waitAtMost(1_000))
    yield* TestClock.adjust(500)
    signal.notify()
    yield* Fiber.join(fiber)
    // the end of the first time does not end the second wait
    const second = yield* Effect.fork(signal.waitAtMost(1_000))
    yield* TestClock.adjust(600)
    assert.isNull(second.unsafePoll())
    yield* Fiber.interrupt(second)
  }))
