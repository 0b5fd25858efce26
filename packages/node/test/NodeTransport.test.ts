import type { Connection } from "@effect-rocketmq/client/Transport"
import { ConnectionClosedError } from "@effect-rocketmq/client/TransportError"
import * as NodeTransport from "@effect-rocketmq/node/NodeTransport"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import * as Net from "node:net"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A server on a port of its own; `accepted` are its ends of the connections. */
const serve = (onSocket: (socket: Net.Socket) => void = () => {}, host = "127.0.0.1") =>
  Effect.acquireRelease(
    Effect.async<{ readonly port: number; readonly accepted: Array<Net.Socket> }, Error>((resume) => {
      const accepted: Array<Net.Socket> = []
      const server = Net.createServer({ allowHalfOpen: true }, (socket) => {
        accepted.push(socket)
        socket.on("error", () => {})
        onSocket(socket)
      })
      server.on("error", (error) => resume(Effect.fail(error)))
      server.listen(0, host, () => {
        const address = server.address()
        if (address === null || typeof address === "string") throw new Error("no port")
        resume(Effect.succeed(Object.assign(server, { port: address.port, accepted })))
      })
    }),
    (server) =>
      Effect.sync(() => {
        for (const socket of server.accepted) socket.destroy()
        if (server instanceof Net.Server) server.close()
      })
  )

/** What a connection tells, collected. */
const listen = (connection: Connection) =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<ConnectionClosedError>()
    const drained = yield* Deferred.make<void>()
    const told = { text: "", ends: 0, drains: 0 }
    connection.listen({
      onData: (chunk) => {
        told.text += new TextDecoder().decode(chunk)
      },
      onDrain: () => {
        told.drains++
        Deferred.unsafeDone(drained, Exit.void)
      },
      onEnd: (error) => {
        told.ends++
        Deferred.unsafeDone(ended, Exit.succeed(error))
      }
    })
    return { told, ended: Deferred.await(ended), drained: Deferred.await(drained) }
  })

const reason = (connection: Connection, reason: ConnectionClosedError["reason"]) =>
  Effect.sync(() => new ConnectionClosedError({ address: connection.address, reason, pending: false }))

const transport = NodeTransport.make()

describe("NodeTransport", () => {
  it.scoped("carries bytes both ways, and what came before anybody listened first", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* serve((socket) => {
        socket.write("early ")
        socket.on("data", (chunk) => socket.end(`echo ${chunk}`))
      })
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      assert.strictEqual(connection.state(), "Connected")
      assert.strictEqual(connection.address, `127.0.0.1:${port}`)
      assert.match(connection.localAddress, /^127\.0\.0\.1:\d+$/)
      assert.isTrue(connection.write(bytesOf("hello")))
      const { ended, told } = yield* listen(connection)
      const error = yield* ended
      assert.strictEqual(told.text, "early echo hello")
      assert.strictEqual(error.reason, "PeerClosed", "a half-closed connection is over")
      assert.strictEqual(connection.state(), "Closed")
      assert.isTrue(connection.write(bytesOf("dropped")))
      assert.strictEqual(accepted.length, 1)
    }))

  it.scoped("says that bytes have left only when their memory may be written again", () =>
    Effect.gen(function*() {
      const received: Array<Buffer> = []
      const ended = yield* Deferred.make<void>()
      const { accepted, port } = yield* serve((socket) => {
        // reads nothing for a while: what is written has to wait
        socket.pause()
        socket.on("data", (chunk) => received.push(chunk))
        socket.on("end", () => Deferred.unsafeDone(ended, Exit.void))
      })
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      yield* listen(connection)
      const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const size = 256 * 1024
      const parts = 80
      let buffer = new Uint8Array(size)
      let rewritten = 0
      for (let i = 0; i < parts; i++) {
        buffer.fill(i)
        connection.write(buffer)
        if (connection.isDrained?.() === true) rewritten++
        else buffer = new Uint8Array(size)
        if (i === parts / 2) accepted[0]!.resume()
        yield* turn
      }
      yield* Effect.repeat(turn, { until: () => connection.isDrained?.() === true })
      connection.destroy(
        new ConnectionClosedError({ address: connection.address, reason: "ScopeClosed", pending: false })
      )
      yield* Deferred.await(ended)
      const all = Buffer.concat(received)
      assert.strictEqual(all.length, parts * size)
      assert.isAbove(rewritten, 0)
      assert.isBelow(rewritten, parts, "the system does not take all of it at once")
      for (let i = 0; i < parts; i++) {
        assert.isTrue(all.subarray(i * size, (i + 1) * size).every((byte) => byte === i), `part ${i}`)
      }
    }))

  it.scoped("speaks IPv6", () =>
    Effect.gen(function*() {
      const { port } = yield* serve((socket) => socket.end("six"), "::1")
      const connection = yield* transport.connect(`[::1]:${port}`)
      const { ended, told } = yield* listen(connection)
      yield* ended
      assert.strictEqual(told.text, "six")
      assert.match(connection.localAddress, /^\[::1\]:\d+$/)
    }))

  it.scoped("says where a connection was refused", () =>
    Effect.gen(function*() {
      const { port } = yield* Effect.scoped(serve())
      for (const host of ["127.0.0.1", "localhost"]) {
        const error = yield* Effect.flip(transport.connect(`${host}:${port}`))
        assert.strictEqual(error._tag, "ConnectionFailedError")
        assert.match(error.message, new RegExp(`${host}:${port}.*ECONNREFUSED`))
        assert.isTrue(error.retryable)
      }
    }))

  it.scoped("refuses what is no address", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(transport.connect("broker-a"))
      assert.strictEqual(error._tag, "TransportConfigError")
    }))

  it.scoped("gives up after the connect timeout", () =>
    Effect.gen(function*() {
      let asked = 0
      const silent = NodeTransport.make({ connectTimeout: "2 seconds", lookup: () => void asked++ })
      const fiber = yield* Effect.fork(Effect.flip(silent.connect("broker-a:10911")))
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(fiber.unsafePoll(), null)
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(asked, 1)
      assert.strictEqual(error._tag, "ConnectTimeoutError")
      assert.match(error.message, /broker-a:10911 within 2000 ms/)
    }))

  it.scoped("resolves the name at each connect", () =>
    Effect.gen(function*() {
      const { port } = yield* serve()
      const asked: Array<string> = []
      const counting = NodeTransport.make({
        lookup: (name, options, done) => {
          asked.push(name)
          if (options.all === true) done(null, [{ address: "127.0.0.1", family: 4 }])
          else done(null, "127.0.0.1", 4)
        }
      })
      yield* counting.connect(`broker-a:${port}`)
      yield* counting.connect(`broker-a:${port}`)
      assert.deepStrictEqual(asked, ["broker-a", "broker-a"])
    }))

  it.scoped("leaves no socket behind when the connect is interrupted", () =>
    Effect.gen(function*() {
      let answer: (() => void) | undefined
      const { accepted, port } = yield* serve()
      const slow = NodeTransport.make({
        lookup: (_name, options, done) => {
          answer = () =>
            options.all === true ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)
        }
      })
      const fiber = yield* Effect.fork(Effect.scoped(slow.connect(`broker-a:${port}`)))
      yield* Effect.yieldNow()
      yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      assert.notStrictEqual(answer, undefined)
      yield* Fiber.interrupt(fiber)
      answer!()
      const probe = yield* transport.connect(`127.0.0.1:${port}`)
      assert.strictEqual(probe.state(), "Connected")
      yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      assert.isAtMost(accepted.length, 1)
    }))

  it.scopedLive("closes a connection that carries nothing", () =>
    Effect.gen(function*() {
      const { port } = yield* serve()
      const impatient = NodeTransport.make({ idleTimeout: 30 })
      const connection = yield* impatient.connect(`127.0.0.1:${port}`)
      const { ended, told } = yield* listen(connection)
      assert.strictEqual((yield* ended).reason, "IdleTimeout")
      assert.strictEqual(connection.state(), "Closed")
      assert.strictEqual(told.ends, 1)
    }))

  it.scoped("tells of a reset once, with its cause", () =>
    Effect.gen(function*() {
      const { port } = yield* serve((socket) => socket.once("data", () => socket.resetAndDestroy()))
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      const { ended, told } = yield* listen(connection)
      connection.write(bytesOf("x"))
      const error = yield* ended
      assert.strictEqual(error.reason, "SocketError")
      assert.match(error.message, /ECONNRESET/)
      assert.strictEqual(told.ends, 1)
    }))

  it.scoped("tells a late listener of the end", () =>
    Effect.gen(function*() {
      const { port } = yield* serve()
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      const early = yield* listen(connection)
      connection.destroy(yield* reason(connection, "ProtocolError"))
      yield* early.ended
      const late = yield* listen(connection)
      assert.strictEqual((yield* late.ended).reason, "ProtocolError")
    }))

  it.scoped("pushes back when the peer does not read, and drains when it does", () =>
    Effect.gen(function*() {
      const { accepted, port } = yield* serve((socket) => socket.pause())
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      const { drained, told } = yield* listen(connection)
      const chunk = new Uint8Array(1024 * 1024)
      let written = 0
      while (connection.write(chunk) && written < 64) written++
      assert.isBelow(written, 64)
      assert.strictEqual(told.drains, 0)
      while (accepted.length === 0) yield* Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      accepted[0]!.resume()
      yield* drained
      assert.isTrue(connection.write(bytesOf("more")))
    }))

  it.scoped("is ended by its owner, once and for the owner's reason", () =>
    Effect.gen(function*() {
      const { port } = yield* serve()
      const connection = yield* transport.connect(`127.0.0.1:${port}`)
      const { ended, told } = yield* listen(connection)
      connection.destroy(yield* reason(connection, "ProtocolError"))
      connection.destroy(yield* reason(connection, "SocketError"))
      assert.strictEqual((yield* ended).reason, "ProtocolError")
      assert.strictEqual(told.ends, 1)
      assert.strictEqual(connection.state(), "Closed")
    }))

  it.scoped("closes with its scope, after what was written", () =>
    Effect.gen(function*() {
      const received = yield* Deferred.make<string>()
      const { port } = yield* serve((socket) => {
        let text = ""
        socket.on("data", (chunk) => void (text += String(chunk)))
        socket.on("end", () => Deferred.unsafeDone(received, Exit.succeed(text)))
      })
      const scope = yield* Scope.make()
      const connection = yield* Scope.extend(transport.connect(`127.0.0.1:${port}`), scope)
      const { ended } = yield* listen(connection)
      connection.write(bytesOf("last words"))
      yield* Scope.close(scope, Exit.void)
      const error = yield* ended
      assert.strictEqual(error.reason, "ScopeClosed")
      assert.isFalse(error.retryable)
      assert.strictEqual(yield* Deferred.await(received), "last words")
    }))

  it.effect("reads its options from variables", () =>
    Effect.gen(function*() {
      const options = yield* NodeTransport.config
      assert.strictEqual(String(options.connectTimeout), "Duration(1s)")
      assert.strictEqual(String(options.keepAlive), "Duration(0)")
      assert.strictEqual(options.idleTimeout, undefined)
    }).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(
      new Map([["ROCKETMQ_CONNECT_TIMEOUT", "1 second"], ["ROCKETMQ_KEEP_ALIVE", "0 seconds"]]),
      { pathDelim: "_" }
    ))))
})
