import * as Await from "@effect-rocketmq/conformance/Await"
import * as Behaviour from "@effect-rocketmq/conformance/Behaviour"
import { Cluster } from "@effect-rocketmq/conformance/Cluster"
import * as Expect from "@effect-rocketmq/conformance/Expect"
import { suite } from "@effect-rocketmq/conformance/suite"
import * as Targets from "@effect-rocketmq/conformance/Targets"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const behaviour = Behaviour.area("wire")

const problemOf = (run: Behaviour.Behaviour) =>
  Effect.map(Effect.flip(Effect.provide(Behaviour.run(run), Targets.embedded)), (error) => error.message)

describe("Behaviour", () => {
  it.live("fails when it claims nothing", () =>
    Effect.gen(function*() {
      const message = yield* problemOf(behaviour("says nothing", function*() {
        yield* Cluster
      }))
      assert.include(message, "wire: says nothing")
      assert.include(message, "claimed nothing")
    }))

  it.live("fails with what was claimed and what was seen", () =>
    Effect.gen(function*() {
      const message = yield* problemOf(behaviour("is wrong", function*() {
        yield* Expect.equal("one is one", 1, 1)
        yield* Expect.equal("two is three", 2, 3)
      }))
      assert.include(message, "two is three")
      assert.include(message, "seen: 2")
      assert.include(message, "expected: 3")
      assert.include(message, "1 claims held before, the last: one is one")
    }))

  it.live("fails when its time is over, also when it cannot be interrupted", () =>
    Effect.gen(function*() {
      const message = yield* problemOf(behaviour("hangs", function*() {
        yield* Expect.equal("one is one", 1, 1)
        yield* Effect.uninterruptible(Effect.never)
      }, "300 millis"))
      assert.include(message, "did not end within")
      assert.include(message, "the last: one is one")
    }))

  it.live("fails when what is awaited does not come, with the last look", () =>
    Effect.gen(function*() {
      let looks = 0
      const message = yield* problemOf(behaviour("waits", function*() {
        yield* Await.until("ten thousand looks", Effect.sync(() => ++looks), (seen) => seen > 10_000, {
          within: "200 millis"
        })
      }))
      assert.include(message, "within 200 ms: ten thousand looks")
      assert.include(message, `seen: ${looks} at the last look`)
    }))

  it.live("fails with the defect of a bug", () =>
    Effect.gen(function*() {
      const message = yield* problemOf(behaviour("dies", function*() {
        yield* Effect.dieMessage("a bug")
      }))
      assert.include(message, "a bug")
    }))

  it("is named once", () => {
    const names = suite.map(({ area, name }) => `${area}: ${name}`)
    assert.strictEqual(new Set(names).size, names.length)
    assert.isAtLeast(names.length, 100)
  })
})
