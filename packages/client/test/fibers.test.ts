import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { forkAll, once, runner } from "../src/internal/fibers.js"

const untilInterrupted = (name: string, ended: Array<string>) =>
  Effect.onInterrupt(Effect.never, () => Effect.zipRight(Effect.sleep("1 second"), Effect.sync(() => ended.push(name))))

describe("runner", () => {
  it.effect("ends its fibers with the Scope, waits for them, and begins none later", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const run = yield* Scope.extend(runner(), scope)
      const ended: Array<string> = []
      const done = run(Effect.succeed(42))
      const fiber = run(untilInterrupted("loop", ended))
      assert.deepStrictEqual(yield* Fiber.await(done), Exit.succeed(42))
      yield* Effect.yieldNow()
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("999 millis")
      assert.isNull(closing.unsafePoll())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(ended, ["loop"])
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
      let begun = false
      yield* Fiber.await(run(Effect.sync(() => {
        begun = true
      })))
      assert.isFalse(begun)
    }))
})

describe("forkAll", () => {
  it.effect("interrupts all together when the Scope closes, and waits for them", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const ended: Array<string> = []
      yield* Scope.extend(forkAll([untilInterrupted("a", ended), untilInterrupted("b", ended)]), scope)
      yield* TestClock.adjust(0)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      assert.sameMembers(ended, ["a", "b"])
    }))
})

describe("once", () => {
  it.effect("runs once whoever asks, goes on when they give up, and gives all the same", () =>
    Effect.scoped(Effect.gen(function*() {
      let runs = 0
      const gate = yield* Deferred.make<void>()
      const stop = yield* once(Effect.zipRight(Effect.sync(() => ++runs), Effect.as(Deferred.await(gate), "receipt")))
      assert.strictEqual(runs, 0)
      const first = yield* Effect.fork(stop)
      const second = yield* Effect.fork(stop)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(second), "receipt")
      assert.strictEqual(yield* stop, "receipt")
      assert.strictEqual(runs, 1)
    })))
})
