import * as Remoting from "@effect-rocketmq/client/Remoting"
import * as RemotingError from "@effect-rocketmq/client/RemotingError"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import * as PeerTransport from "./support/PeerTransport.js"

const address = "127.0.0.1:10911"
const ask = (n: number): RemotingCommand.Request => ({ code: 105, extFields: { topic: `T${n}` }, body: undefined })
const settle = Effect.repeatN(Effect.yieldNow(), 20)

const connected = (
  options?: Remoting.Options,
  peerOptions?: Parameters<typeof PeerTransport.make>[0]
) => {
  const transport = PeerTransport.make(peerOptions)
  return Effect.map(
    Effect.provide(Remoting.make(options), transport.layer),
    (remoting) => ({ remoting, ...transport })
  )
}

describe("Remoting", () => {
  it.scoped("matches answers by opaque, in any order", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected()
      const calls = yield* Effect.forEach([0, 1, 2], (n) => Effect.fork(remoting.request(address, ask(n))))
      yield* settle
      const peer = peers[0]!
      for (const request of [...peer.received].reverse()) {
        peer.answer(request, { code: 0, extFields: { echo: request.extFields["topic"]! } })
      }
      const answers = yield* Fiber.join(Fiber.all(calls))
      assert.deepStrictEqual(answers.map((answer) => answer.extFields["echo"]), ["T0", "T1", "T2"])
    }))

  it.scoped("joins callers that need the same connection", () =>
    Effect.gen(function*() {
      const { connects, remoting } = yield* connected({}, {
        onConnect: () => Effect.sleep("50 millis"),
        onCommand: (peer, command) => peer.answer(command, { code: 0 })
      })
      const calls = yield* Effect.forEach([0, 1, 2], (n) => Effect.fork(remoting.request(address, ask(n))))
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(Fiber.all(calls))
      assert.deepStrictEqual(connects, [address])
    }))

  it.scoped("one caller that gives up does not break the connect for the others", () =>
    Effect.gen(function*() {
      const { remoting } = yield* connected({}, {
        onConnect: () => Effect.sleep("50 millis"),
        onCommand: (peer, command) => peer.answer(command, { code: 0 })
      })
      const first = yield* Effect.fork(remoting.request(address, ask(0)))
      const second = yield* Effect.fork(remoting.request(address, ask(1)))
      yield* settle
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("50 millis")
      assert.strictEqual((yield* Fiber.join(second)).code, 0)
    }))

  it.scoped("fails a request at its own deadline, whatever the others wait for", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected()
      const long = yield* Effect.fork(remoting.request(address, ask(0), 30_000))
      yield* settle
      yield* TestClock.adjust("1 second")
      const short = yield* Effect.fork(Effect.flip(remoting.request(address, ask(1), 200)))
      yield* TestClock.adjust("199 millis")
      assert.isNull(short.unsafePoll())
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(short)
      assert.strictEqual(error._tag, "RequestTimeoutError")
      assert.isTrue(RemotingError.isOutcomeUnknown(error))
      assert.isNull(long.unsafePoll())
      // the late answer is dropped, the other one is delivered
      peers[0]!.answer(peers[0]!.received[1]!, { code: 0 })
      peers[0]!.answer(peers[0]!.received[0]!, { code: 0 })
      assert.strictEqual((yield* Fiber.join(long)).code, 0)
    }))

  it.scoped("a lost connection fails what waits on it at once, and the next request connects again", () =>
    Effect.gen(function*() {
      const { connects, peers, remoting } = yield* connected()
      const call = yield* Effect.fork(Effect.flip(remoting.request(address, ask(0))))
      yield* settle
      peers[0]!.close()
      const error = yield* Fiber.join(call)
      assert.strictEqual(error._tag, "ConnectionClosedError")
      assert.isTrue(RemotingError.isOutcomeUnknown(error))
      const again = yield* Effect.fork(remoting.request(address, ask(1)))
      yield* settle
      peers[1]!.answer(peers[1]!.received[0]!, { code: 0 })
      yield* Fiber.join(again)
      assert.strictEqual(connects.length, 2)
    }))

  it.scoped("a connection whose other end is gone without a word is given up after 10 silent seconds", () =>
    Effect.gen(function*() {
      const { connects, peers, remoting } = yield* connected()
      const attempt = Effect.fork(Effect.flip(remoting.request(address, ask(0), 3000)))
      const poll = yield* Effect.fork(Effect.flip(remoting.request(address, ask(1), 60_000)))
      for (const second of [3, 6, 9]) {
        const call = yield* attempt
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual((yield* Fiber.join(call))._tag, "RequestTimeoutError", `after ${second} s`)
        assert.isFalse(peers[0]!.closed(), `after ${second} s`)
      }
      const last = yield* attempt
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(last))._tag, "RequestTimeoutError")
      const error = yield* Fiber.join(poll)
      assert.strictEqual(error._tag === "ConnectionClosedError" ? error.reason : error._tag, "Silent")
      const again = yield* Effect.fork(remoting.request(address, ask(2)))
      yield* settle
      peers[1]!.answer(peers[1]!.received[0]!, { code: 0 })
      yield* Fiber.join(again)
      assert.strictEqual(connects.length, 2)
    }))

  it.scoped("a connection on which anything comes is kept, however many requests time out", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected()
      for (let i = 0; i < 8; i++) {
        const lost = yield* Effect.fork(Effect.flip(remoting.request(address, ask(0), 3000)))
        const held = yield* Effect.fork(remoting.request(address, ask(1), 30_000))
        yield* TestClock.adjust("2 seconds")
        peers[0]!.answer(peers[0]!.received.at(-1)!, { code: 0 })
        yield* Fiber.join(held)
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual((yield* Fiber.join(lost))._tag, "RequestTimeoutError")
      }
      assert.isFalse(peers[0]!.closed())
    }))

  it.scoped("dials a dead address less and less often", () =>
    Effect.gen(function*() {
      const { connects, remoting } = yield* connected(
        { reconnectDelay: "100 millis", maxReconnectDelay: "400 millis" },
        { onConnect: PeerTransport.refused }
      )
      const attempt = Effect.flip(remoting.request(address, ask(0)))
      const error = yield* attempt
      assert.strictEqual(error._tag, "ConnectionFailedError")
      assert.isFalse(RemotingError.isOutcomeUnknown(error))
      yield* attempt
      assert.strictEqual(connects.length, 1)
      for (const [wait, dials] of [[100, 2], [100, 2], [100, 3], [400, 4], [399, 4], [1, 5]] as const) {
        yield* TestClock.adjust(Duration.millis(wait))
        yield* attempt
        assert.strictEqual(connects.length, dials, `after ${wait} ms more`)
      }
    }))

  it.scoped("refuses more requests in flight than the limit, and sends again when there is room", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected({ maxInFlight: 2 })
      const calls = yield* Effect.forEach([0, 1], (n) => Effect.fork(remoting.request(address, ask(n))))
      yield* settle
      const error = yield* Effect.flip(remoting.request(address, ask(2)))
      assert.strictEqual(error._tag, "TooManyRequestsError")
      for (const request of peers[0]!.received) peers[0]!.answer(request, { code: 0 })
      yield* Fiber.join(Fiber.all(calls))
      const next = yield* Effect.fork(remoting.request(address, ask(3)))
      yield* settle
      assert.strictEqual(peers[0]!.received.length, 3)
      yield* Fiber.interrupt(next)
    }))

  it.scoped("waits while the connection cannot take more", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected({}, {
        onCommand: (peer, command) => peer.answer(command, { code: 0 })
      })
      yield* remoting.request(address, ask(0))
      peers[0]!.setWritable(false)
      yield* remoting.request(address, ask(1))
      const held = yield* Effect.fork(remoting.request(address, ask(2)))
      yield* settle
      assert.strictEqual(peers[0]!.received.length, 2)
      peers[0]!.setWritable(true)
      yield* Fiber.join(held)
      assert.strictEqual(peers[0]!.received.length, 3)
    }))

  it.scoped("a connection that takes no more bytes costs a request no more than its time", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected({}, {
        onCommand: (peer, command) => peer.answer(command, { code: 0 })
      })
      yield* remoting.request(address, ask(0))
      peers[0]!.setWritable(false)
      yield* remoting.request(address, ask(1))
      const held = yield* Effect.fork(Effect.flip(remoting.request(address, ask(2), 200)))
      yield* TestClock.adjust("200 millis")
      const error = yield* Fiber.join(held)
      assert.strictEqual(error._tag, "RequestTimeoutError")
      assert.isFalse(RemotingError.isOutcomeUnknown(error))
      peers[0]!.setWritable(true)
      yield* remoting.request(address, ask(3))
      assert.deepStrictEqual(peers[0]!.received.map((command) => command.extFields["topic"]), ["T0", "T1", "T3"])
    }))

  it.scoped("hands requests of the server to their handler, and answers", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected()
      yield* remoting.handle(307, ({ command }) =>
        Effect.succeed({ code: 0, remark: `ran ${command.extFields["consumerGroup"]}` }))
      yield* remoting.handle(309, () =>
        Effect.die(new Error("boom")))
      yield* remoting.oneway(address, ask(0))
      const peer = peers[0]!
      const push = (opaque: number, code: number, flag = 0) =>
        peer.send(RemotingCommand.encode(
          RemotingCommand.make({ code, opaque, flag, extFields: { consumerGroup: "G" } })
        ))
      push(70, 307)
      push(71, 309)
      push(72, 999)
      push(73, 999, RemotingCommand.FLAG_ONEWAY)
      yield* settle
      const answers = peer.received.slice(1).map((answer) => [answer.opaque, answer.code, answer.flag])
      assert.deepStrictEqual(answers.sort(), [[70, 0, 1], [71, 1, 1], [72, 3, 1]])
      assert.strictEqual(peer.received.find((answer) => answer.opaque === 70)!.remark, "ran G")
    }))

  it.scoped("bytes that are not RocketMQ end the connection with a reason, and the next connect works", () =>
    Effect.gen(function*() {
      const { peers, remoting } = yield* connected()
      const call = yield* Effect.fork(Effect.flip(remoting.request(address, ask(0))))
      yield* settle
      peers[0]!.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
      const error = yield* Fiber.join(call)
      assert.match(error.message, /HTTP/)
      assert.match(error.message, /10911/)
      assert.isTrue(peers[0]!.closed())
      const again = yield* Effect.fork(remoting.request(address, ask(1)))
      yield* settle
      peers[1]!.answer(peers[1]!.received[0]!, { code: 0 })
      assert.strictEqual((yield* Fiber.join(again)).code, 0)
    }))

  it.effect("closing the scope fails what waits, and refuses what comes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { peers, remoting } = yield* Scope.extend(connected(), scope)
      const call = yield* Effect.fork(Effect.flip(remoting.request(address, ask(0))))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      const error = yield* Fiber.join(call)
      assert.strictEqual(error._tag === "ConnectionClosedError" && error.reason, "ScopeClosed")
      assert.isTrue(peers[0]!.closed())
      assert.strictEqual((yield* Effect.flip(remoting.request(address, ask(1))))._tag, "RemotingClosedError")
    }))

  it.scoped("the time of a request holds for its connection, too, which goes on for the others", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const { connects, peers, remoting } = yield* connected({}, { onConnect: () => Deferred.await(open) })
      const short = yield* Effect.fork(Effect.flip(remoting.request(address, ask(1), 500)))
      const long = yield* Effect.fork(Effect.flip(remoting.request(address, ask(2), 2000)))
      yield* TestClock.adjust(500)
      assert.strictEqual((yield* Fiber.join(short))._tag, "ConnectTimeoutError")
      yield* Deferred.succeed(open, undefined)
      // it is not answered: of its time, half a second is gone
      yield* TestClock.adjust(1499)
      assert.deepStrictEqual(peers[0]?.received.map(({ extFields }) => extFields["topic"]), ["T2"])
      assert.strictEqual((yield* Fiber.poll(long))._tag, "None")
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(long))._tag, "RequestTimeoutError")
      assert.strictEqual(connects.length, 1)
    }))

  it.effect("closing the scope ends a connect that hangs", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { remoting } = yield* Scope.extend(connected({}, { onConnect: () => PeerTransport.silent }), scope)
      const call = yield* Effect.fork(Effect.flip(remoting.request(address, ask(0))))
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(call))._tag, "RemotingClosedError")
    }))

  it.scoped("hooks see each call and may add to it", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const { peers, remoting } = yield* connected({
        hooks: [{
          onRequest: (request) => ({ ...request, extFields: { ...request.extFields, Signature: "s" } }),
          onResponse: (request, response, at, duration) => {
            seen.push(`${request.extFields["Signature"]} ${response.code} ${at} ${duration}`)
          }
        }]
      })
      const call = yield* Effect.fork(remoting.request(address, ask(0)))
      yield* settle
      yield* TestClock.adjust("7 millis")
      assert.strictEqual(peers[0]!.received[0]!.extFields["Signature"], "s")
      peers[0]!.answer(peers[0]!.received[0]!, { code: 17 })
      assert.strictEqual((yield* Fiber.join(call)).code, 17)
      assert.deepStrictEqual(seen, [`s 17 ${address} 7`])
    }))
})
