import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import * as ProcessQueue from "../src/ProcessQueue.js"
import { message } from "./consumer/fake.js"

const queue = MessageQueue.make("orders", "broker-a", 0)
const wide = { count: 1e6, bytes: 1e9, span: 1e6 }

type Step =
  | { readonly _tag: "append"; readonly gaps: ReadonlyArray<number>; readonly tail: number }
  | { readonly _tag: "take"; readonly max: number }
  | { readonly _tag: "finish" | "putBack" | "redo"; readonly pick: number }
  | { readonly _tag: "reset"; readonly offset: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("append" as const),
      gaps: fc.array(fc.nat(3), { maxLength: 6 }),
      tail: fc.nat(3)
    })
  },
  { weight: 5, arbitrary: fc.record({ _tag: fc.constant("take" as const), max: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("finish" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("putBack" as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("redo" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("reset" as const), offset: fc.nat(200) }) }
)

const emptyHanded = (): ProcessQueue.Handed => ({
  batch: {
    epoch: -1,
    messages: [],
    size: 0,
    bytes: 0,
    finished: new Uint8Array(0),
    next: 0,
    head: 0,
    remaining: 0
  },
  from: 0,
  to: 0
})

describe("ProcessQueue", () => {
  it.prop(
    "commits what is finished and never more, whatever the order",
    [fc.array(step, { maxLength: 120 })],
    ([steps]) => {
      const budget = ProcessQueue.budget({ bytes: 1e9 })
      const counted = ProcessQueue.budget({ count: 1e6 })
      const ledger = ProcessQueue.make(queue, 0n, wide, [budget, counted])
      /** Offsets of this epoch that are not finished. */
      let unfinished = new Set<bigint>()
      let position = 0n
      let seen = new Set<bigint>()
      const hand: Array<{ batch: ProcessQueue.Batch; index: number; offset: bigint; epoch: number }> = []
      const back: typeof hand = []
      for (const it of steps) {
        switch (it._tag) {
          case "append": {
            let offset = position
            const messages = it.gaps.map((gap) => {
              offset += BigInt(gap)
              const made = message("orders", 0, Number(offset))
              unfinished.add(offset)
              offset += 1n
              return made
            })
            position = offset + BigInt(it.tail)
            ledger.append(messages, position, messages.length * 10)
            break
          }
          case "take": {
            const handed = emptyHanded()
            if (ledger.take(it.max, handed)) {
              for (let index = handed.from; index < handed.to; index++) {
                const { queueOffset } = handed.batch.messages[index]!
                assert.isFalse(seen.has(queueOffset), "handed out twice")
                seen.add(queueOffset)
                hand.push({ batch: handed.batch, index, offset: queueOffset, epoch: ledger.epoch })
              }
            }
            break
          }
          case "finish": {
            const [chosen] = hand.splice(it.pick % Math.max(1, hand.length), 1)
            if (chosen === undefined) break
            ledger.finish(chosen.batch, chosen.index)
            if (chosen.epoch === ledger.epoch) unfinished.delete(chosen.offset)
            break
          }
          case "putBack": {
            const [chosen] = hand.splice(it.pick % Math.max(1, hand.length), 1)
            if (chosen === undefined) break
            ledger.putBack(chosen.batch, chosen.index, message("orders", 0, Number(chosen.offset)))
            back.push(chosen)
            break
          }
          case "redo": {
            const [chosen] = back.splice(it.pick % Math.max(1, back.length), 1)
            if (chosen === undefined) break
            const again = ledger.redo(chosen.batch, chosen.index)
            assert.strictEqual(again, chosen.epoch === ledger.epoch)
            if (again) seen.delete(chosen.offset)
            break
          }
          case "reset": {
            ledger.reset(BigInt(it.offset))
            position = BigInt(it.offset)
            unfinished = new Set()
            seen = new Set()
            break
          }
        }
        const lowest = [...unfinished].reduce<bigint | undefined>((a, b) => a === undefined || b < a ? b : a, undefined)
        assert.strictEqual(ledger.committable(), lowest ?? position)
        assert.strictEqual(ledger.position, position)
        assert.strictEqual(ledger.count, unfinished.size)
        assert.strictEqual(ledger.running, hand.length)
        assert.strictEqual(budget.bytes, ledger.bytes)
        assert.deepStrictEqual([counted.count, counted.bytes], [ledger.count, ledger.bytes])
        if (unfinished.size === 0) assert.strictEqual(ledger.bytes, 0)
      }
    }
  )

  it("drops what it has had already", () => {
    const ledger = ProcessQueue.make(queue, 5n, wide, [])
    ledger.append([3, 4, 5, 6].map((offset) => message("orders", 0, offset)), 7n, 40)
    assert.strictEqual(ledger.count, 2)
    assert.strictEqual(ledger.committable(), 5n)
    // a broker whose next offset is too low would have the same messages come again
    ledger.append([message("orders", 0, 7)], 7n, 10)
    assert.strictEqual(ledger.position, 8n)
  })

  it("lets a full queue go on as soon as there is room", () => {
    const ledger = ProcessQueue.make(queue, 0n, { count: 2, bytes: 1e9, span: 100 }, [])
    ledger.append([0, 1, 2, 3].map((offset) => message("orders", 0, offset)), 4n, 40)
    assert.isFalse(ledger.hasRoom())
    let woken = 0
    ledger.whenRoom(() => woken++)
    const handed = emptyHanded()
    assert.isTrue(ledger.take(4, handed))
    ledger.finish(handed.batch, 3)
    assert.strictEqual(woken, 0)
    ledger.finish(handed.batch, 1)
    assert.strictEqual(woken, 1)
    ledger.finish(handed.batch, 0)
    assert.strictEqual(woken, 1)
  })

  it("counts the span from the first unfinished offset", () => {
    const ledger = ProcessQueue.make(queue, 0n, { count: 100, bytes: 1e9, span: 10 }, [])
    ledger.append([message("orders", 0, 0)], 11n, 10)
    assert.isFalse(ledger.hasRoom())
    const handed = emptyHanded()
    ledger.take(1, handed)
    ledger.finish(handed.batch, 0)
    assert.isTrue(ledger.hasRoom())
  })

  it("shares one budget among queues, first come first served", () => {
    const budget = ProcessQueue.budget({ bytes: 15 })
    const order: Array<string> = []
    const [a, b, c] = ["a", "b", "c"].map((name) =>
      ProcessQueue.make(MessageQueue.make("orders", name, 0), 0n, wide, [budget])
    )
    a!.append([message("orders", 0, 0)], 1n, 20)
    assert.isFalse(b!.hasRoom())
    c!.whenRoom(() => order.push("c"))
    b!.whenRoom(() => order.push("b"))
    const handed = emptyHanded()
    a!.take(1, handed)
    a!.finish(handed.batch, 0)
    assert.deepStrictEqual(order, ["c", "b"])
    assert.strictEqual(budget.bytes, 0)
  })

  it("counts the messages of a budget one by one, and wakes the others of it as soon as there is room", () => {
    const budget = ProcessQueue.budget({ count: 2 })
    const [a, b] = [0, 1].map((id) =>
      ProcessQueue.make(MessageQueue.make("orders", "broker-a", id), 0n, wide, [budget])
    )
    a!.append([0, 1, 2, 3].map((offset) => message("orders", 0, offset)), 4n, 40)
    assert.isFalse(b!.hasRoom())
    let woken = 0
    b!.whenRoom(() => woken++)
    const handed = emptyHanded()
    a!.take(4, handed)
    a!.finish(handed.batch, 3)
    assert.deepStrictEqual([woken, budget.count], [0, 3])
    // the first of them may take long: none but the last of the batch would wake anybody otherwise
    a!.finish(handed.batch, 2)
    assert.deepStrictEqual([woken, budget.count], [1, 2])
    a!.reset(0n)
    assert.deepStrictEqual([budget.count, budget.bytes], [0, 0])
  })

  it("hands out nothing and has no room while it is paused, and keeps what it has", () => {
    const ledger = ProcessQueue.make(queue, 0n, wide, [])
    ledger.append([0, 1].map((offset) => message("orders", 0, offset)), 2n, 20)
    const handed = emptyHanded()
    ledger.take(1, handed)
    ledger.pause()
    assert.isFalse(ledger.hasReady() || ledger.hasRoom() || ledger.take(1, emptyHanded()))
    let woken = 0
    ledger.whenRoom(() => woken++)
    ledger.finish(handed.batch, 0)
    assert.deepStrictEqual([woken, ledger.count, ledger.committable()], [0, 1, 1n])
    ledger.resume()
    assert.strictEqual(woken, 1)
    assert.isTrue(ledger.hasRoom() && ledger.take(1, handed))
    ledger.close()
    ledger.resume()
    assert.isFalse(ledger.hasReady())
  })

  it("hands out nothing when it closes, and says when the last handler ends", () => {
    const ledger = ProcessQueue.make(queue, 0n, wide, [])
    ledger.append([0, 1].map((offset) => message("orders", 0, offset)), 2n, 20)
    const handed = emptyHanded()
    ledger.take(1, handed)
    ledger.close()
    assert.isFalse(ledger.take(1, emptyHanded()))
    let idle = false
    ledger.whenIdle(() => {
      idle = true
    })
    ledger.finish(handed.batch, 0)
    assert.isTrue(idle)
    assert.strictEqual(ledger.committable(), 1n)
  })
})
