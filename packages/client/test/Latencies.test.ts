import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { Latencies } from "../src/internal/latencies.js"

/** What so many of the values do not exceed. */
const exact = (values: ReadonlyArray<number>, quantile: number): number => {
  const sorted = Array.from(values).sort((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(sorted.length * quantile)) - 1]!
}

const filled = (values: ReadonlyArray<number>): Latencies => {
  const latencies = new Latencies()
  for (const value of values) latencies.add(value)
  return latencies
}

/** Milliseconds of any order of magnitude, from parts of a microsecond to half an hour. */
const durations = fc.array(
  fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1000, noNaN: true }),
    fc.double({ min: 0, max: 2_000_000, noNaN: true })
  ),
  { minLength: 1, maxLength: 200 }
)

describe("Latencies", () => {
  it.prop(
    "percentiles are at most a sixteenth too large, and never too small",
    { values: durations, quantile: fc.double({ min: 0, max: 1, noNaN: true }) },
    ({ quantile, values }) => {
      const wanted = exact(values, quantile)
      const found = filled(values).quantile(quantile)
      // parts of a microsecond are not told apart
      assert.isAtLeast(found, wanted - 0.001)
      assert.isAtMost(found, wanted * (1 + 1 / 16) + 0.001)
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop("count and maximum are exact", { values: durations }, ({ values }) => {
    const latencies = filled(values)
    assert.strictEqual(latencies.count, values.length)
    assert.strictEqual(latencies.max, Math.max(...values))
    assert.isAtMost(latencies.quantile(1), latencies.max)
  })

  it("nothing was measured: 0", () => {
    const latencies = new Latencies()
    assert.deepStrictEqual([latencies.quantile(0.5), latencies.quantile(1), latencies.max], [0, 0, 0])
  })

  it("what is out of bounds is counted at them", () => {
    const latencies = filled([-1, 0, 1e12, Infinity])
    assert.strictEqual(latencies.count, 4)
    assert.strictEqual(latencies.quantile(0.5), 0)
    assert.isAtLeast(latencies.quantile(0.75), 2_000_000)
  })
})
