import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import * as Fault from "../src/Fault.js"
import * as Faults from "../src/internal/faults.js"

const texts = [
  "fail=SYSTEM_BUSY remark=\"[PCBUSY] \\\"now\\\"\" code=SEND_MESSAGE_V2",
  "fail=987 remark=busy",
  "answer=FLUSH_SLAVE_TIMEOUT topic=orders",
  "drop=request server=broker-a connection=7",
  "drop=response client=10.0.0.1@7 queue=0",
  "delay=200ms times=3",
  "delay=100ms..1s probability=0.25 during=2m",
  "duplicate=request from=server",
  "duplicate=response group=billing after=2 every=10",
  "disconnect",
  "cut server=broker-a/1",
  "corrupt=header",
  "corrupt=body:3 topic=\"with space\"",
  "corrupt=length",
  "freeze=5s"
]

describe("Fault", () => {
  it("is written and read as the same line", () => {
    for (const text of texts) {
      const fault = Either.getOrThrow(Fault.parse(text))
      assert.strictEqual(Fault.format(fault), text)
      assert.deepStrictEqual(Either.getOrThrow(Fault.parse(Fault.format(fault))), fault)
    }
  })

  it("is read whatever the order, with numbers or names", () => {
    const fault = Either.getOrThrow(Fault.parse("  times=3 topic=orders\tcode=310 delay=1.5s "))
    assert.deepStrictEqual(
      fault,
      Fault.delay("1500 millis").pipe(
        Fault.onCode(RequestCode.SEND_MESSAGE_V2),
        Fault.onTopic("orders"),
        Fault.times(3)
      )
    )
  })

  it("says what is wrong with a text", () => {
    const problems: ReadonlyArray<readonly [text: string, word: string, part: string]> = [
      ["", "", "says not what happens"],
      ["topic=orders", "topic=orders", "says not what happens"],
      ["delay", "delay", "needs a value"],
      ["delay=fast", "delay=fast", "no duration"],
      ["delay=2s..1s", "delay=2s..1s", "ends before it begins"],
      ["delay=1s cut", "cut", "an action before it"],
      ["cut times=0", "times=0", "whole number from 1"],
      ["cut times=1 times=2", "times=2", "twice"],
      ["cut probability=2", "probability=2", "from 0 to 1"],
      ["cut code=SEND", "code=SEND", "no request code"],
      ["cut=now", "cut=now", "takes no value"],
      ["cut toString=1", "toString=1", "unknown"],
      ["cut when=?", "when=?", "unknown"],
      ["cut remark=x", "remark=x", "only fail and answer"],
      ["drop=everything", "drop=everything", "none of request, response"],
      ["cut topic=\"a", "topic=\"a", "neither a word nor"],
      ["cut topic=\"\\q\"", "topic=\"\\q\"", "no JSON string"]
    ]
    for (const [text, word, part] of problems) {
      const error = Either.getOrThrow(Either.flip(Fault.parse(text)))
      assert.strictEqual(error._tag, "FaultParseError")
      assert.strictEqual(error.word, word)
      assert.include(error.problem, part)
      assert.include(error.message, part)
    }
  })

  it("is a value that combinators leave as it is", () => {
    const drop = Fault.dropRequest
    assert.deepStrictEqual(drop.pipe(Fault.onTopic("a")), Fault.onTopic(drop, "a"))
    assert.strictEqual(Fault.format(drop), "drop=request")
    assert.strictEqual(Fault.format(Fault.when(drop, () => true)), "drop=request when=?")
  })
})

const request = (code: number, extFields: Record<string, string>) => Remoting.make({ code, extFields })
const peer: Faults.Peer = { id: 3, clientId: () => "me" }

const engine = (numbers: ReadonlyArray<number> = []) => {
  let now = 0
  let at = 0
  const faults = Faults.make({ now: () => now, random: () => numbers[at++ % numbers.length]! })
  return {
    faults,
    pass: (millis: number) => {
      now += millis
    },
    hits: (count: number, command = request(310, { b: "T" })) =>
      Array.from({ length: count }, () => faults.take("broker-a", command, peer) === undefined ? "." : "x").join("")
  }
}

describe("a fault hits", () => {
  it("after some, one in so many, so many times, by chance, for a while", () => {
    const first = engine()
    first.faults.add(Fault.cut.pipe(Fault.after(1), Fault.every(3), Fault.times(2)))
    assert.strictEqual(first.hits(12), "...x..x.....")

    const second = engine([0.4, 0.6])
    second.faults.add(Fault.cut.pipe(Fault.probability(0.5)))
    assert.strictEqual(second.hits(4), "x.x.")

    const third = engine()
    const active = third.faults.add(Fault.cut.pipe(Fault.during("1 second")))
    third.pass(999)
    assert.strictEqual(third.hits(1), "x")
    third.pass(1)
    assert.strictEqual(third.hits(1), ".")
    assert.strictEqual(active.hits(), 1)

    const fourth = engine()
    fourth.faults.add(Fault.cut).remove()
    assert.strictEqual(fourth.hits(1), ".")
  })

  it("by topic, queue and group, in either form of the header", () => {
    const cases: ReadonlyArray<readonly [Fault.Fault, Remoting.RemotingCommand, string]> = [
      [Fault.onTopic(Fault.cut, "T"), request(310, { b: "T" }), "x"],
      [Fault.onTopic(Fault.cut, "T"), request(320, { b: "U" }), "."],
      [Fault.onTopic(Fault.cut, "T"), request(11, { topic: "T", b: "U" }), "x"],
      [Fault.onTopic(Fault.cut, "T"), request(34, {}), "."],
      [Fault.onQueue(Fault.cut, 2), request(310, { e: "2" }), "x"],
      [Fault.onQueue(Fault.cut, 2), request(11, { queueId: "1" }), "."],
      [Fault.onGroup(Fault.cut, "G"), request(310, { a: "G" }), "x"],
      [Fault.onGroup(Fault.cut, "G"), request(10, { producerGroup: "G" }), "x"],
      [Fault.onGroup(Fault.cut, "G"), request(36, { group: "G" }), "x"],
      [Fault.onGroup(Fault.cut, "G"), request(11, { consumerGroup: "H" }), "."],
      [Fault.onConnection(Fault.cut, 3), request(11, {}), "x"],
      [Fault.onConnection(Fault.cut, 4), request(11, {}), "."],
      [Fault.onClient(Fault.cut, "me"), request(11, {}), "x"],
      [Fault.onClient(Fault.cut, "you"), request(11, {}), "."],
      [Fault.onServer(Fault.cut, "broker-b"), request(11, {}), "."],
      [Fault.fromServer(Fault.cut), request(40, {}), "."]
    ]
    for (const [fault, command, expected] of cases) {
      const { faults, hits } = engine()
      faults.add(fault)
      assert.strictEqual(hits(1, command), expected, `${Fault.format(fault)} on ${command.code}`)
    }
  })

  it("late by a time from its range", () => {
    const { faults } = engine([0, 0.999])
    faults.add(Fault.delay(100, 200))
    const late = () => faults.take("broker-a", request(11, {}), peer)
    assert.deepStrictEqual([late(), late()], [{ _tag: "Delay", millis: 100 }, { _tag: "Delay", millis: 200 }])
  })
})
