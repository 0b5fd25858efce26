import { assert, describe, it } from "@effect/vitest"
import * as Arguments from "../src/Arguments.js"
import * as Body from "../src/Body.js"
import * as Meter from "../src/Meter.js"

describe("the bench contract", () => {
  it("takes pairs, ignores what it does not know, and has the contract's defaults", () => {
    const o = Arguments.parse([
      "--namesrv",
      "h:1",
      "--workload",
      "send-sync",
      "--count",
      "7",
      "--new",
      "x",
      "--size",
      "4"
    ])
    assert.strictEqual(o.namesrv, "h:1")
    assert.strictEqual(o.count, 7)
    // kind, number and clock must fit
    assert.strictEqual(o.size, 16)
    assert.strictEqual(o.batch, 32)
    assert.strictEqual(o.timeout, 60)
    assert.strictEqual(o.onewayWindow, 0)
    assert.strictEqual(Arguments.parse(["--workload", "send-latency", "--concurrency", "64"]).concurrency, 1)
  })

  it("bodies carry kind, number and clock", () => {
    const make = Body.maker(64)
    const body = make(Body.MEASURED, 0xfedcba98, 123.5)
    assert.strictEqual(body.length, 64)
    assert.isTrue(Body.isMeasured(body))
    assert.isFalse(Body.isMeasured(make(Body.OTHER, 0)))
    assert.strictEqual(Body.numberOf(body), 0xfedcba98)
    assert.strictEqual(Body.clockOf(body), 123.5)
    assert.strictEqual(Body.numberOf(make(Body.OTHER, 5)), 5)
    assert.strictEqual(Body.numberOf(body), 0xfedcba98)
  })

  it("percentiles are nearest ranks of what was sampled", () => {
    const samples = Float64Array.from({ length: 200 }, (_, i) => i < 100 ? 100 - i : 0)
    assert.deepStrictEqual(Meter.percentiles(samples, 100), { p50_us: 50, p99_us: 99, p999_us: 100 })
    assert.deepStrictEqual(Meter.percentiles(samples, 0), {})
  })

  it("a window counts what was done in its time", () => {
    const window = Meter.window(60)
    assert.isTrue(window.open())
    const result = window.close(10)
    assert.strictEqual(result["count"], 10)
    assert.strictEqual(result["rate"], 10 / Number(result["seconds"]))
    assert.isFalse(Meter.window(0).open())
  })
})
