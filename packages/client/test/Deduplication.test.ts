import { ConsumeResult, Deduplication } from "@effect-rocketmq/client"
import type { MessageExt } from "@effect-rocketmq/client"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, TestClock } from "effect"

const message = (msgId: string) => ({ msgId }) as MessageExt.MessageExt

/** A handler that counts its runs, and does what the test says. */
const counting = (act: (run: number) => Effect.Effect<void | ConsumeResult.ConsumeResult, string>) => {
  const state = { runs: 0 }
  return { state, handle: () => Effect.suspend(() => act(++state.runs)) }
}

describe("Deduplication", () => {
  it.effect("runs the handler once for deliveries of one message, and for each of others", () =>
    Effect.gen(function*() {
      const { handle, state } = counting(() => Effect.void)
      const handler = Deduplication.handler(yield* Deduplication.memory(), handle)
      yield* handler(message("a"))
      assert.strictEqual(yield* handler(message("a")), ConsumeResult.consumed)
      yield* handler(message("b"))
      assert.strictEqual(state.runs, 2)
    }))

  it.effect("lets the next delivery try what failed, died, was interrupted or asked for another delivery", () =>
    Effect.gen(function*() {
      const store = yield* Deduplication.memory()
      const { handle, state } = counting((run) =>
        run === 1
          ? Effect.fail("no")
          : run === 2
          ? Effect.die("bug")
          : run === 3
          ? Effect.never
          : run === 4
          ? Effect.succeed(ConsumeResult.retry(1))
          : Effect.void
      )
      const handler = Deduplication.handler(store, handle)
      assert.strictEqual(yield* Effect.flip(handler(message("a"))), "no")
      yield* Effect.exit(handler(message("a")))
      const hung = yield* Effect.fork(handler(message("a")))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(hung)
      yield* handler(message("a"))
      yield* handler(message("a"))
      assert.strictEqual(state.runs, 5)
      assert.strictEqual(yield* handler(message("a")), ConsumeResult.consumed)
      assert.strictEqual(state.runs, 5)
    }))

  it.effect("has a message come again while another delivery of it is handled", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { handle, state } = counting(() => Deferred.await(gate))
      const handler = Deduplication.handler(yield* Deduplication.memory(), handle, { runningDelayLevel: 2 })
      const first = yield* Effect.fork(handler(message("a")))
      yield* Effect.yieldNow()
      const second = yield* handler(message("a"))
      assert.deepStrictEqual(second, ConsumeResult.retry(2))
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(first)
      assert.strictEqual(yield* handler(message("a")), ConsumeResult.consumed)
      assert.strictEqual(state.runs, 1)
    }))

  it.effect("forgets after the time to live, and the oldest beyond the capacity", () =>
    Effect.gen(function*() {
      const { handle, state } = counting(() => Effect.void)
      const store = yield* Deduplication.memory({ capacity: 2, timeToLive: "1 minute" })
      const handler = Deduplication.handler(store, handle)
      for (const id of ["a", "b", "c"]) yield* handler(message(id))
      yield* handler(message("c"))
      yield* handler(message("b"))
      assert.strictEqual(state.runs, 3)
      yield* handler(message("a"))
      assert.strictEqual(state.runs, 4)
      yield* TestClock.adjust("1 minute")
      yield* handler(message("a"))
      assert.strictEqual(state.runs, 5)
    }))

  it.effect("goes by another key where one is given", () =>
    Effect.gen(function*() {
      const { handle, state } = counting(() => Effect.void)
      const handler = Deduplication.handler(yield* Deduplication.memory(), handle, { key: ({ msgId }) => msgId[0]! })
      yield* handler(message("a1"))
      yield* handler(message("a2"))
      assert.strictEqual(state.runs, 1)
    }))

  it.effect("fails when the store fails, so that the message comes again, and handles nothing unclaimed", () =>
    Effect.gen(function*() {
      const { handle, state } = counting(() => Effect.void)
      const down: Deduplication.Store<string> = {
        claim: () => Effect.fail("down"),
        complete: () => Effect.fail("down"),
        release: () => Effect.void
      }
      const operation = (error: unknown) => error instanceof Deduplication.DeduplicationError && error.operation
      const claimed = yield* Effect.flip(Deduplication.handler(down, handle)(message("a")))
      assert.strictEqual(operation(claimed), "claim")
      assert.strictEqual(state.runs, 0)
      const half: Deduplication.Store<string> = { ...down, claim: () => Effect.succeed("New") }
      const completed = yield* Effect.flip(Deduplication.handler(half, handle)(message("a")))
      assert.strictEqual(operation(completed), "complete")
      assert.include(String(completed), "delivered again")
    }))
})
