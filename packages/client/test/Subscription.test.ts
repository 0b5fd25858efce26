import { assert, describe, it } from "@effect/vitest"
import * as MessageSelector from "../src/MessageSelector.js"
import * as Subscription from "../src/Subscription.js"
import { message } from "./consumer/fake.js"

describe("Subscription", () => {
  it("tells brokers the hashes of the tags", () => {
    const { data } = Subscription.make("orders", MessageSelector.tags("TagA", " TagB ", "TagA"), 17)
    assert.deepStrictEqual(data, {
      topic: "orders",
      subString: "TagA || TagB",
      tagsSet: ["TagA", "TagB"],
      codeSet: [2598919, 2598920],
      subVersion: 17n,
      expressionType: "TAG",
      classFilterMode: false
    })
  })

  it("has no tags for everything and for SQL", () => {
    const all = Subscription.make("orders", MessageSelector.all, 1)
    assert.deepStrictEqual([all.data.subString, all.data.codeSet, all.data.expressionType], ["*", [], "TAG"])
    assert.isUndefined(all.wants)
    const sql = Subscription.make("orders", MessageSelector.sql("a > 3"), 1)
    assert.deepStrictEqual([sql.data.subString, sql.data.tagsSet, sql.data.expressionType], ["a > 3", [], "SQL92"])
    assert.isUndefined(sql.wants)
  })

  it("wants tags exactly: neither hash twins nor messages without one", () => {
    const { wants } = Subscription.make("orders", MessageSelector.tags("Aa"), 1)
    assert.isTrue(wants?.(message("orders", 0, 0, { tags: "Aa" })))
    // the same hash in Java
    assert.isFalse(wants?.(message("orders", 0, 0, { tags: "BB" })))
    assert.isFalse(wants?.(message("orders", 0, 0)))
  })

  it("knows what is wrong with a selector", () => {
    assert.isUndefined(MessageSelector.problem(MessageSelector.tags("a", "b")))
    assert.include(MessageSelector.problem(MessageSelector.tags("a", " ")), "empty")
    assert.include(MessageSelector.problem(MessageSelector.tags("a||b")), "|")
    assert.include(MessageSelector.problem(MessageSelector.tags("*")), "MessageSelector.all")
    assert.include(MessageSelector.problem(MessageSelector.sql("  ")), "empty")
  })
})
