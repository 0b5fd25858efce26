import * as VirtualTime from "@effect-rocketmq/embedded/VirtualTime"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber, Random, Ref, Schedule } from "effect"

describe("VirtualTime", () => {
  it.live("time passes when nothing is left to do", () =>
    Effect.gen(function*() {
      const [real, virtual] = yield* Effect.timed(VirtualTime.run(Effect.gen(function*() {
        const before = yield* Clock.currentTimeMillis
        yield* Effect.sleep("50 minutes")
        return (yield* Clock.currentTimeMillis) - before
      })))
      assert.strictEqual(virtual, 3_000_000)
      assert.isBelow(
        real.pipe((duration) => Number(duration.value._tag === "Millis" ? duration.value.millis : 0)),
        3_000
      )
    }))

  it.live("fibers, races, timeouts and schedules live in the same time", () =>
    Effect.gen(function*() {
      const trace = yield* VirtualTime.run(Effect.gen(function*() {
        const lines = yield* Ref.make<ReadonlyArray<string>>([])
        const start = yield* Clock.currentTimeMillis
        const note = (text: string) =>
          Effect.flatMap(
            Clock.currentTimeMillis,
            (now) => Ref.update(lines, (all) => [...all, `${now - start} ${text}`])
          )
        yield* Effect.forkScoped(Effect.repeat(note("tick"), Schedule.spaced("10 seconds")))
        const slow = yield* Effect.fork(Effect.delay(note("slow"), "25 seconds"))
        const result = yield* Effect.timeoutOption(Effect.never, "15 seconds")
        yield* note(result._tag)
        yield* Fiber.join(slow)
        return yield* Ref.get(lines)
      }))
      assert.deepStrictEqual(trace, ["0 tick", "10000 tick", "15000 None", "20000 tick", "25000 slow"])
    }))

  it.live("the same seed gives the same chance, another seed another one", () =>
    Effect.gen(function*() {
      const roll = (seed?: number) => VirtualTime.run(Effect.replicateEffect(Random.nextInt, 3), { seed })
      assert.deepStrictEqual(yield* roll(), yield* roll())
      assert.notDeepEqual(yield* roll(1), yield* roll(2))
    }))

  it.live("what could happen in any order does so first come, first served, or as the seed has it when it is to shuffle", () =>
    Effect.gen(function*() {
      const order = (options: VirtualTime.Options) => {
        const seen: Array<number> = []
        return Effect.as(
          VirtualTime.run(
            Effect.forEach(
              [1, 2, 3, 4, 5, 6],
              (n) => Effect.zipRight(Effect.sleep("1 second"), Effect.sync(() => void seen.push(n))),
              { concurrency: "unbounded", discard: true }
            ),
            options
          ),
          seen
        )
      }
      assert.deepStrictEqual(yield* order({}), [1, 2, 3, 4, 5, 6])
      const orders = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (seed) => order({ seed, shuffle: true }))
      assert.isAbove(new Set(orders.map(String)).size, 4)
      for (const seen of orders) assert.sameMembers(seen, [1, 2, 3, 4, 5, 6])
      assert.deepStrictEqual(yield* order({ seed: 3, shuffle: true }), orders[2])
    }))

  it.live("fibers begin in the order of their forks in any order, and what is interrupted as it begins ends", () =>
    Effect.gen(function*() {
      const begun: Array<number> = []
      const program = Effect.gen(function*() {
        const fiber = yield* Effect.fork(Effect.zipRight(
          Effect.sleep("1 second"),
          Effect.forEach([1, 2, 3], (n) => Effect.zipRight(Effect.sync(() => begun.push(n)), Effect.never), {
            concurrency: "unbounded"
          })
        ))
        yield* Effect.fork(Effect.zipRight(Effect.sleep("1 second"), Fiber.interrupt(fiber)))
        yield* Fiber.await(fiber)
      })
      for (let seed = 0; seed < 50; seed++) {
        begun.length = 0
        yield* VirtualTime.run(program, { seed, shuffle: true, within: "1 minute" })
        assert.isTrue(begun.length === 0 || String(begun) === "1,2,3", String(begun))
      }
    }))

  it.live("what comes from outside is waited for while it is held", () =>
    Effect.gen(function*() {
      const outside = VirtualTime.outside(Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 30))))
      const held = yield* VirtualTime.run(Effect.timeoutOption(outside, "1 hour"))
      assert.strictEqual(held._tag, "Some")
    }))

  it.live("a program that nothing wakes any more dies with a text that says so", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(VirtualTime.run(
        Effect.zipRight(Effect.forkScoped(Effect.forever(Effect.sleep("1 minute"))), Effect.never),
        { within: "10 minutes" }
      ))
      assert.include(String(Exit.isFailure(exit) ? exit.cause : ""), "within 600000 ms of virtual time")
    }))

  it.live("failures, and interruptions from outside, end the program and its Scope", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(VirtualTime.run(Effect.fail("no")))
      assert.strictEqual(failed, "no")
      const closed = yield* Deferred.make<string>()
      const fiber = yield* Effect.fork(VirtualTime.run(
        Effect.zipRight(Effect.addFinalizer(() => Deferred.succeed(closed, "closed")), Effect.never)
      ))
      yield* Effect.sleep("10 millis")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Deferred.await(closed), "closed")
    }))
})
