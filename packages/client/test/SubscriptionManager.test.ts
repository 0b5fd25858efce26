import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as SubscriptionManager from "@effect-rocketmq/client/SubscriptionManager"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric, Option, TestClock } from "effect"

const make = (options?: Partial<SubscriptionManager.Options>) =>
  SubscriptionManager.make({ group: "billing", ...options })

const paid = MessageSelector.tags("paid")
const refunded = MessageSelector.tags("refunded")

describe("SubscriptionManager", () => {
  it.effect("adds, replaces and takes out, with a version that grows with each change of a selector", () =>
    Effect.gen(function*() {
      const manager = yield* make()
      yield* TestClock.setTime(1000)
      const first = yield* manager.subscribe("orders", paid)
      assert.deepStrictEqual(first, { topic: "orders", selector: paid, subscribedAt: 1000, version: 1000 })
      yield* TestClock.setTime(2000)
      assert.strictEqual((yield* manager.subscribe("orders", paid)).version, 1000)
      assert.strictEqual((yield* manager.update("orders", refunded)).version, 2000)
      // within one millisecond, and when the clock goes back, it grows all the same
      assert.strictEqual((yield* manager.update("orders", MessageSelector.all)).version, 2001)
      assert.strictEqual((yield* manager.update("orders", MessageSelector.all)).version, 2001)
      assert.deepStrictEqual((yield* manager.list).map(({ topic }) => topic), ["orders"])
      assert.isTrue(yield* manager.isSubscribed("orders"))
      assert.strictEqual((yield* manager.unsubscribe("orders")).version, 2001)
      assert.isTrue(Option.isNone(yield* manager.get("orders")))
      const gone = yield* Effect.flip(manager.unsubscribe("orders"))
      assert.strictEqual(gone._tag, "TopicNotSubscribedError")
      assert.strictEqual((yield* Effect.flip(manager.update("orders", paid)))._tag, "TopicNotSubscribedError")
      assert.deepStrictEqual(yield* manager.counts, {
        active: 0,
        subscribed: 1,
        updated: 2,
        unsubscribed: 1,
        invalid: 0,
        conflicts: 0
      })
    }))

  it.effect("refuses what cannot be, and more than the limit", () =>
    Effect.gen(function*() {
      const manager = yield* make({ limit: 2 })
      const tag = (topic: string, selector: MessageSelector.MessageSelector) =>
        Effect.map(Effect.flip(manager.subscribe(topic, selector)), (error) => error._tag)
      assert.strictEqual(yield* tag("a b", paid), "InvalidTopicError")
      assert.strictEqual(yield* tag("%RETRY%billing", paid), "InvalidTopicError")
      assert.strictEqual(yield* tag("orders", MessageSelector.tags("")), "InvalidSelectorError")
      yield* manager.subscribe("a", paid)
      yield* manager.subscribe("b", paid)
      const full = yield* Effect.flip(manager.subscribe("c", paid))
      assert.strictEqual(full._tag, "SubscriptionLimitExceededError")
      assert.include(full.message, "2 subscriptions")
      // the same once more is no further one
      yield* manager.subscribe("b", paid)
      assert.deepInclude(yield* manager.counts, { active: 2, invalid: 4 })
    }))

  it.effect("allows 1000 topics by default", () =>
    Effect.gen(function*() {
      const manager = yield* make()
      yield* Effect.forEach(Array.from({ length: 1000 }, (_, i) => `t${i}`), (topic) => manager.subscribe(topic, paid))
      const error = yield* Effect.flip(manager.subscribe("t1000", paid))
      assert.strictEqual(error._tag, "SubscriptionLimitExceededError")
    }))

  it.effect("remembers the latest conflicts", () =>
    Effect.gen(function*() {
      const manager = yield* make({ history: 2 })
      yield* manager.subscribe("orders", paid)
      const conflict = yield* Effect.flip(manager.subscribe("orders", refunded))
      assert.strictEqual(conflict._tag, "SubscriptionConflictError")
      assert.include(conflict.message, "refunded")
      assert.strictEqual(Option.getOrThrow(yield* manager.get("orders")).selector, paid)
      yield* Effect.flip(manager.subscribe("orders", MessageSelector.sql("a > 1")))
      yield* manager.noteMember("other@1", { topic: "orders", own: "paid", theirs: undefined })
      assert.deepStrictEqual((yield* manager.conflicts).map((conflict) => conflict._tag), ["Selector", "Member"])
      assert.strictEqual((yield* manager.counts).conflicts, 3)
      // the order of tags does not matter
      yield* manager.update("orders", MessageSelector.tags("a", "b"))
      yield* manager.subscribe("orders", MessageSelector.tags("b", "a"))
    }))

  it.effect("reads back what it has written", () =>
    Effect.gen(function*() {
      const manager = yield* make()
      yield* manager.subscribe("orders", paid)
      yield* manager.subscribe("bills", MessageSelector.sql("amount > 3 AND region = 'eu'"))
      yield* manager.subscribe("audit", MessageSelector.all)
      const json = yield* manager.exported
      const other = yield* make()
      yield* other.imported(json)
      assert.strictEqual(yield* other.exported, json)
    }))

  it.effect("imports all or nothing", () =>
    Effect.gen(function*() {
      const source = yield* make()
      yield* source.subscribe("bills", paid)
      yield* source.subscribe("orders", refunded)
      const json = yield* source.exported
      const manager = yield* make()
      yield* manager.subscribe("orders", paid)
      const error = yield* Effect.flip(manager.imported(json))
      assert.strictEqual(error._tag, "SubscriptionConflictError")
      assert.deepStrictEqual((yield* manager.list).map(({ topic }) => topic), ["orders"])
      assert.deepInclude(yield* manager.counts, { active: 1, subscribed: 1, conflicts: 1 })
      yield* TestClock.adjust(5)
      yield* manager.imported(json, { onConflict: "replace" })
      assert.deepStrictEqual((yield* manager.list).map(({ selector, topic }) => [topic, selector]), [
        ["orders", refunded],
        ["bills", paid]
      ])
      for (const text of ["", "{}", "[]", json.replace("billing", "other"), json.replace("\"Tags\"", "\"Regex\"")]) {
        const wrong = yield* Effect.flip(manager.imported(text))
        assert.strictEqual(wrong._tag, "SubscriptionDataError", text)
      }
    }))

  it.effect("tells the metrics how many there are", () =>
    Effect.gen(function*() {
      const manager = yield* make({ group: "measured" })
      yield* manager.subscribe("a", paid)
      yield* manager.subscribe("b", paid)
      yield* manager.unsubscribe("a")
      const gauge = Metric.tagged(
        Metric.gauge("rocketmq_client_subscriptions", {
          description: "topics that a group is subscribed to"
        }),
        "group",
        "measured"
      )
      assert.strictEqual((yield* Metric.value(gauge)).value, 1)
      assert.strictEqual(yield* manager.clear, 1)
      assert.strictEqual((yield* Metric.value(gauge)).value, 0)
    }))
})
