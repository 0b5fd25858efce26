import { assert, describe, it } from "@effect/vitest"
import { PendingTable } from "../src/internal/pendingTable.js"

describe("PendingTable", () => {
  it("gives each entry back once, by its own opaque only", () => {
    const table = new PendingTable<string>()
    const first = table.next()
    table.set(first, "first")
    assert.strictEqual(table.take(first + 256), undefined)
    assert.strictEqual(table.take(first), "first")
    assert.strictEqual(table.take(first), undefined)
    assert.strictEqual(table.size, 0)
  })

  it("walks around entries that wait long, and grows", () => {
    const table = new PendingTable<number>()
    const held = new Map<number, number>()
    for (let i = 0; i < 5000; i++) {
      const opaque = table.next()
      assert.isFalse(held.has(opaque))
      table.set(opaque, i)
      if (i % 10 === 0) held.set(opaque, i)
      else assert.strictEqual(table.take(opaque), i)
    }
    assert.strictEqual(table.size, 500)
    for (const [opaque, i] of held) assert.strictEqual(table.take(opaque), i)
    assert.strictEqual(table.size, 0)
  })

  it("takes those that pass and leaves the others", () => {
    const table = new PendingTable<number>()
    for (let i = 0; i < 300; i++) table.set(table.next(), i)
    assert.strictEqual(table.takeIf((i) => i < 100).length, 100)
    assert.strictEqual(table.size, 200)
    assert.strictEqual(table.takeIf(() => true).length, 200)
    assert.strictEqual(table.size, 0)
  })
})
