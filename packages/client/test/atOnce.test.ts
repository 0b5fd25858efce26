import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { atOnce } from "../src/internal/atOnce.js"

it.effect("all go at once, and results are in the order of the items", () =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(
      atOnce([3, 1, 2], (seconds) => Effect.delay(Effect.succeed(seconds), seconds * 1_000))
    )
    yield* TestClock.adjust("2 seconds")
    assert.isNull(fiber.unsafePoll())
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* Fiber.join(fiber), [3, 1, 2])
  }))

it.effect("none and one are no different", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual(yield* atOnce([], () => Effect.die("no item")), [])
    assert.deepStrictEqual(yield* atOnce(new Set(["a"]), (item) => Effect.succeed(item + item)), ["aa"])
    assert.deepStrictEqual(yield* Effect.exit(atOnce(["a"], Effect.fail)), Exit.fail("a"))
  }))

it.effect("the failure that came first is the result, when all have ended", () =>
  Effect.gen(function*() {
    const ended: Array<number> = []
    const fiber = yield* Effect.fork(Effect.exit(atOnce([2, 1, 3], (seconds) =>
      Effect.sleep(seconds * 1_000).pipe(
        Effect.zipRight(Effect.sync(() => ended.push(seconds))),
        Effect.zipRight(seconds === 3 ? Effect.void : Effect.fail(seconds))
      ))))
    yield* TestClock.adjust("2 seconds")
    assert.isNull(fiber.unsafePoll())
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail(1))
    assert.deepStrictEqual(ended, [1, 2, 3])
  }))

it.effect("an interruption ends all of them before it is done", () =>
  Effect.gen(function*() {
    const ended: Array<number> = []
    const fiber = yield* Effect.fork(
      atOnce([1, 2, 3], (item) => Effect.onInterrupt(Effect.never, () => Effect.sync(() => ended.push(item))))
    )
    yield* TestClock.adjust(0)
    yield* Fiber.interrupt(fiber)
    assert.sameMembers(ended, [1, 2, 3])
  }))
