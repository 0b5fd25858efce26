import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck as fc, TestClock } from "effect"
import * as CommitLog from "../src/internal/commitLog.js"
import * as ConsumeQueue from "../src/internal/consumeQueue.js"
import * as Timers from "../src/internal/timers.js"

describe("timers", () => {
  it.scoped("run in the order of their times, never early, and not when cancelled", () =>
    Effect.gen(function*() {
      const timers = yield* Timers.make
      const ran: Array<string> = []
      const at = (time: number, name: string) => timers.at(time, () => ran.push(`${name}@${timers.now()}`))
      at(30, "c")
      at(10, "a")
      const cancelled = at(20, "x")
      at(10, "b")
      yield* TestClock.adjust(9)
      assert.deepStrictEqual(ran, [])
      timers.cancel(cancelled)
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(ran, ["a@10", "b@10", "c@30"])
    }))

  it.scoped("that are nearer than the one slept for are not missed, whenever they come", () =>
    Effect.gen(function*() {
      const timers = yield* Timers.make
      let ran = 0
      for (let round = 0; round < 5; round++) {
        const start = timers.now()
        timers.at(start + 50, () => ran++)
        for (let turn = 0; turn < round; turn++) yield* Effect.yieldNow()
        timers.at(start + 10, () => ran++)
        yield* TestClock.adjust(10)
        assert.strictEqual(ran, round * 2 + 1)
        yield* TestClock.adjust(40)
        assert.strictEqual(ran, round * 2 + 2)
      }
    }))

  it.scoped("that throw cost no other timer anything", () =>
    Effect.gen(function*() {
      const timers = yield* Timers.make
      let ran = 0
      timers.at(1, () => {
        throw new Error("on purpose")
      })
      timers.at(1, () => ran++)
      yield* TestClock.adjust(1)
      assert.strictEqual(ran, 1)
    }))

  it.prop(
    "keep the heap in order under any adds and cancels",
    { times: fc.array(fc.nat(1000)), cancels: fc.array(fc.nat(1000)) },
    ({ cancels, times }) =>
      Effect.runSync(
        Effect.scoped(Effect.gen(function*() {
          const timers = yield* Timers.make
          const made = times.map((time) => timers.at(time + 1_000_000_000_000_000, () => {}))
          for (const index of cancels) {
            const timer = made[index]
            if (timer !== undefined) timers.cancel(timer)
          }
          assert.strictEqual(timers.size(), made.filter((timer) => timer.index >= 0).length)
        }))
      )
  )
})

describe("commit log", () => {
  it.prop(
    "holds the newest records within its budget, and finds each by its offset",
    { sizes: fc.array(fc.integer({ min: 91, max: 20_000 }), { minLength: 1, maxLength: 200 }) },
    ({ sizes }) => {
      const budget = 100_000
      const queue = ConsumeQueue.make("T", 0)
      const log = CommitLog.make(budget, (min) => queue.trim(min))
      sizes.forEach((size, index) => {
        const offset = log.maxOffset()
        const record = new Uint8Array(size).fill(index & 0xff)
        const view = new DataView(record.buffer)
        view.setInt32(0, size)
        view.setBigInt64(28, BigInt(offset))
        queue.append(offset, size, index, index)
        log.append(record)
      })
      assert.isAtMost(log.size(), budget)
      assert.strictEqual(queue.maxOffset(), sizes.length)
      assert.isBelow(queue.minOffset(), queue.maxOffset())
      for (let offset = queue.minOffset(); offset < queue.maxOffset(); offset++) {
        const at = queue.commitLogOffset(offset)
        assert.strictEqual(log.readOne(at)!.length, sizes[offset])
        assert.strictEqual(log.read(at, queue.size(offset))![50], offset & 0xff)
        assert.strictEqual(queue.tagsCode(offset), offset)
        assert.isUndefined(log.readOne(at + 1))
      }
      assert.strictEqual(queue.search(queue.minOffset()), queue.minOffset())
      if (queue.minOffset() > 0) assert.isUndefined(log.readOne(0))
    }
  )
})
