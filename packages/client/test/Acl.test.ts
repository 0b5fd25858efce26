import * as Acl from "@effect-rocketmq/client/Acl"
import * as Remoting from "@effect-rocketmq/client/Remoting"
import * as HmacSha1 from "@effect-rocketmq/protocol/HmacSha1"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Either, Fiber, Redacted } from "effect"
import * as PeerTransport from "./support/PeerTransport.js"

const address = "127.0.0.1:10911"
const secretKey = Redacted.make("12345678")
const settle = Effect.repeatN(Effect.yieldNow(), 20)

const signed = (extFields: Record<string, string>, body?: Uint8Array, credentials: Partial<Acl.Credentials> = {}) =>
  Acl.hook({ accessKey: "rocketmq2", secretKey, ...credentials }, HmacSha1.sign)
    .onRequest!({ code: 310, extFields, body }, address).extFields

describe("Acl", () => {
  it("signs as the Java client does", () => {
    // the example of the protocol: fields of a send, and its body
    const fields = {
      ...{ a: "PG", b: "TopicTest", c: "TBW102", d: "4", e: "2", f: "0", g: "1700000000000", h: "0" },
      i: "UNIQ_KEY\u00017F00000104D218B4AAC200000000000A\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002",
      ...{ j: "0", k: "false", m: "false", n: "broker-a" }
    }
    const result = signed(fields, new TextEncoder().encode("Hello"))
    assert.strictEqual(result["Signature"], "DX+P94dyA953vZtXmuQgDlJi0LA=")
    assert.strictEqual(result["AccessKey"], "rocketmq2")
    assert.strictEqual(result["b"], "TopicTest")
  })

  it("puts a token into what is signed", () => {
    const result = signed({ topic: "T" }, undefined, { securityToken: Redacted.make("token") })
    assert.strictEqual(result["SecurityToken"], "token")
    const expected = HmacSha1.sign(new TextEncoder().encode("12345678"), [new TextEncoder().encode("rocketmq2tokenT")])
    assert.strictEqual(result["Signature"], Buffer.from(expected).toString("base64"))
  })

  it("signs anew what was signed before", () => {
    const once = signed({ topic: "T" })
    assert.deepStrictEqual(signed(once), once)
  })

  it.scoped("is applied after all hooks, to calls and to oneways", () =>
    Effect.gen(function*() {
      const transport = PeerTransport.make({ onCommand: (peer, command) => peer.answer(command, { code: 0 }) })
      const remoting = yield* Remoting.make({
        credentials: { accessKey: "rocketmq2", secretKey },
        hooks: [{ onRequest: (request) => ({ ...request, extFields: { ...request.extFields, later: "x" } }) }]
      }).pipe(Effect.provide(transport.layer))
      const request = { code: 105, extFields: { topic: "T" }, body: undefined }
      yield* Effect.fork(remoting.request(address, request)).pipe(Effect.flatMap(Fiber.join))
      yield* remoting.oneway(address, request)
      yield* settle
      const received = transport.peers[0]!.received.map(({ extFields }) => extFields)
      const expected = signed({ topic: "T", later: "x" })
      assert.deepStrictEqual(received, [expected, expected])
    }))

  it.scoped("uses the HMAC of the platform", () =>
    Effect.gen(function*() {
      const transport = PeerTransport.make({ onCommand: (peer, command) => peer.answer(command, { code: 0 }) })
      const remoting = yield* Remoting.make({ credentials: { accessKey: "a", secretKey } }).pipe(
        Effect.provide(transport.layer),
        Effect.provideService(Acl.Hmac, () => new Uint8Array([1, 2, 3]))
      )
      yield* remoting.request(address, { code: 105, extFields: {}, body: undefined })
      assert.strictEqual(transport.peers[0]!.received[0]!.extFields["Signature"], "AQID")
    }))

  it.effect("is read from variables: both keys, or none", () =>
    Effect.gen(function*() {
      const read = (variables: ReadonlyArray<readonly [string, string]>) =>
        Effect.either(
          Effect.withConfigProvider(Acl.config, ConfigProvider.fromMap(new Map(variables), { pathDelim: "_" }))
        )
      assert.deepStrictEqual(yield* read([]), Either.right(undefined))
      const both = yield* read([["ROCKETMQ_ACCESS_KEY", "a"], ["ROCKETMQ_SECRET_KEY", "hidden"]])
      assert.isTrue(Either.isRight(both))
      if (Either.isRight(both)) assert.strictEqual(Redacted.value(both.right!.secretKey), "hidden")
      const half = yield* read([["ROCKETMQ_SECRET_KEY", "hidden"]])
      assert.isTrue(Either.isLeft(half))
      assert.include(String(half), "ROCKETMQ_SECRET_KEY is given without ROCKETMQ_ACCESS_KEY")
      assert.notInclude(String(half), "hidden")
    }))

  it("never prints a secret", () => {
    const credentials: Acl.Credentials = {
      accessKey: "a",
      secretKey: Redacted.make("hidden"),
      securityToken: secretKey
    }
    assert.notMatch(`${JSON.stringify(credentials)} ${String(credentials.secretKey)}`, /hidden|12345678/)
  })
})
