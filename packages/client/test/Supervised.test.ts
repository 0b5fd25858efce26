import { supervised } from "@effect-rocketmq/client/Supervised"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, TestClock } from "effect"

describe("supervised", () => {
  it.effect("a loop that dies is told of and begins again; interruption ends it", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      let begun = 0
      const loop = Effect.suspend(() => ++begun < 3 ? Effect.die(new Error("a bug")) : Effect.never)
      const fiber = yield* Effect.fork(supervised("The loop", loop)).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => told.push(String(message)))))
      )
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(begun, 3)
      assert.strictEqual(told.length, 2)
      assert.match(told[0]!, /The loop died/)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
      assert.strictEqual(told.length, 2)
    }))
})
