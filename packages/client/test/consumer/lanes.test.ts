import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import type { Lane } from "../../src/internal/consumer/lanes.js"
import { Lanes } from "../../src/internal/consumer/lanes.js"
import type { Lock } from "../../src/internal/consumer/locks.js"
import * as ProcessQueue from "../../src/ProcessQueue.js"
import { BROKER, message } from "./fake.js"

const queue = MessageQueue.make("orders", BROKER, 0)

const setup = (count: number, keyOf?: (offset: number) => string) => {
  const limits = { count: 1000, bytes: 1_000_000, span: 2000 }
  const ledger = ProcessQueue.make(queue, 0n, limits, [])
  ledger.append(Array.from({ length: count }, (_, offset) => message("orders", 0, offset)), BigInt(count), count)
  const lock: Lock = {
    queue,
    validUntil: 28_000,
    since: 0,
    grantedAt: 0,
    waiting: new Set(),
    failures: 0,
    lastError: undefined
  }
  const lanes = new Lanes(ledger, lock, keyOf && ((it) => keyOf(Number(it.queueOffset))))
  const handed: ProcessQueue.Handed = { batch: undefined!, from: 0, to: 0 }
  const take = (now = 0) => lanes.take(1, handed, now) ? { ...handed, lane: handed.lane as Lane } : undefined
  return { ledger, lock, lanes, take }
}

describe("lanes", () => {
  it("hand out nothing once the lock has lapsed, even if nobody has noticed", () => {
    const { lanes, lock, take } = setup(3)
    const first = take(27_999)!
    assert.isTrue(lanes.owns(first, 27_999))
    // the process stood still: the handler's success is of no account
    assert.isFalse(lanes.owns(first, 90_000))
    lanes.done(first.lane)
    assert.isUndefined(take(90_000))
    lock.validUntil = 118_000
    assert.strictEqual(take(90_000)?.from, 1)
  })

  it("keep no key whose messages are finished", () => {
    const { lanes, ledger, take } = setup(300, String)
    for (let i = 0; i < 300; i++) {
      const { batch, from, lane } = take()!
      ledger.finish(batch, from)
      lanes.done(lane)
    }
    assert.strictEqual((lanes as unknown as { keyed: Map<string, Lane> }).keyed.size, 0)
    assert.strictEqual(ledger.count, 0)
    assert.strictEqual(ledger.running, 0)
  })

  it("count as running what handlers have, and not what waits for its turn", () => {
    const { lanes, ledger, take } = setup(4, () => "one")
    const first = take()!
    assert.isUndefined(take())
    assert.deepStrictEqual([ledger.running, ledger.count], [1, 4])
    ledger.finish(first.batch, first.from)
    lanes.done(first.lane)
    assert.isTrue(lanes.hasReady())
    assert.strictEqual(take()?.from, 1)
    assert.strictEqual(ledger.running, 1)
  })

  it("forget after a reset what waited, and let the one in hand come to its end", () => {
    const { lanes, ledger, take } = setup(4, (offset) => `${offset % 2}`)
    const busy = take()!
    const other = take()!
    lanes.suspend(other.lane, other)
    ledger.lay(1)
    take()
    ledger.reset(1n)
    ledger.append([1, 2, 3].map((offset) => message("orders", 0, offset)), 4n, 3)
    // the key of the suspended one is free, that of the busy one is not
    assert.strictEqual(take()?.batch.messages[0]?.queueOffset, 1n)
    assert.isUndefined(take())
    assert.isFalse(lanes.resume(other.lane, other))
    lanes.done(busy.lane)
    assert.strictEqual(take()?.from, 1)
  })

  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant("take" as const) },
    { weight: 4, arbitrary: fc.constant("finish" as const) },
    { weight: 2, arbitrary: fc.constant("suspend" as const) },
    { weight: 2, arbitrary: fc.constant("resume" as const) },
    { weight: 1, arbitrary: fc.constant("reset" as const) }
  )

  it.prop(
    "hand out the first unfinished message of a key and no other, whatever fails; the commit passes none",
    [fc.integer({ min: 0, max: 5 }), fc.array(fc.tuple(step, fc.nat()), { maxLength: 150 })],
    ([keys, steps]) => {
      const total = 30
      const keyOf = (offset: number) => `${offset % keys}`
      const { lanes, ledger, take } = setup(total, keys === 0 ? undefined : keyOf)
      let unfinished = Array.from({ length: total }, (_, offset) => offset)
      const inHand: Array<ReturnType<typeof take> & { readonly offset: number }> = []
      let suspended: typeof inHand = []
      const sameKey = (a: number, b: number) => keys === 0 || keyOf(a) === keyOf(b)
      for (const [what, pick] of steps) {
        if (what === "take") {
          const handed = take()
          const offset = handed && Number(handed.batch.messages[handed.from]!.queueOffset)
          if (handed === undefined || offset === undefined) {
            const open = unfinished.filter((it) =>
              ![...inHand, ...suspended].some((other) => sameKey(it, other.offset))
            )
            assert.deepStrictEqual(open, [], "something could have been handed out")
          } else {
            assert.isFalse(
              [...inHand, ...suspended].some((other) => sameKey(offset, other.offset)),
              "one of a key at a time"
            )
            assert.strictEqual(offset, unfinished.find((it) => sameKey(it, offset)), "the first of its key")
            inHand.push({ ...handed, offset })
          }
        } else if (what === "resume") {
          const [chosen] = suspended.splice(pick % Math.max(1, suspended.length), 1)
          if (chosen !== undefined) assert.isTrue(lanes.resume(chosen.lane, chosen))
        } else if (what === "reset") {
          if (pick % 3 > 0) continue
          const from = pick % total
          ledger.reset(BigInt(from))
          unfinished = Array.from({ length: total - from }, (_, i) => from + i)
          ledger.append(unfinished.map((offset) => message("orders", 0, offset)), BigInt(total), unfinished.length)
          // those in hand are of no account, but hold up their key
          suspended = []
        } else {
          const [chosen] = inHand.splice(pick % Math.max(1, inHand.length), 1)
          if (chosen === undefined) continue
          const { batch, from, lane, offset, to } = chosen
          if (!ledger.owns(batch)) {
            ledger.lay(1)
            lanes.done(lane)
          } else if (what === "finish") {
            ledger.finish(batch, from)
            unfinished = unfinished.filter((it) => it !== offset)
            lanes.done(lane)
          } else {
            ledger.putBack(batch, from, batch.messages[from]!)
            lane.pending.unshift({ batch, from, to })
            lanes.suspend(lane, chosen)
            suspended.push(chosen)
          }
        }
        assert.strictEqual(ledger.committable(), BigInt(unfinished[0] ?? total))
        assert.strictEqual(ledger.running, inHand.length)
      }
    }
  )
})
