/**
 * Requests and replies between us and the Java and the Go client, in few bytes and in many. Runs where the clients are
 * (see peers.ts); on Apache RocketMQ when `ROCKETMQ_NAMESRV_ADDR` is set, else on the embedded broker over TCP.
 */
import { Message, MessageExt, MessageSelector, Producer, RequestReply } from "@effect-rocketmq/client"
import { Cluster, Member, Targets } from "@effect-rocketmq/conformance"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Scope } from "effect"
import { digests, go, java, outcomes, replies, sha256 } from "./peers.js"

const address = process.env["ROCKETMQ_NAMESRV_ADDR"] ?? ""
const target = address === "" ? Targets.embeddedTcp : Targets.rocketmq(address)
const cluster = Cluster.layer("requests-interop").pipe(Layer.provide(target))

const COUNT = 6
const numbers = Array.from({ length: COUNT }, (_, i) => i)
const encode = (text: string) => new TextEncoder().encode(text)

/** Members end before their cluster does. */
const inCluster = <A, E>(test: Effect.Effect<A, E, Cluster.Cluster | Scope.Scope>) =>
  Effect.provide(Effect.scoped(test), cluster)

for (const peer of [java, go]) {
  describe.skipIf(!peer.isReady)(`${peer.language} and we`, () => {
    it.scopedLive(`${peer.language} asks and we reply`, () =>
      inCluster(Effect.gen(function*() {
        const { group, nameServers, topic } = yield* Cluster.Cluster
        const name = yield* topic()
        const producer = yield* Member.sender()
        const requests = new Map<string, MessageExt.MessageExt>()
        const respond = RequestReply.responder((request) =>
          Effect.sync(() => {
            const number = request.properties["number"] ?? ""
            requests.set(number, request)
            return { body: `re: ${MessageExt.text(request)}`, tags: "t", properties: { number, "grüße": "日本語 🚀" } }
          })
        )
        yield* Member.consumer({ subscriptions: { [name]: MessageSelector.all } }, (message) =>
          Effect.provideService(respond(message), Producer.Producer, producer))
        const answers = replies(yield* peer.run("request", nameServers.join(";"), name, group(), String(COUNT)))
        assert.deepStrictEqual(outcomes(answers), numbers)
        for (const { bodyLength, number, properties, sha256: hash, tags } of answers) {
          const request = requests.get(String(number))!
          assert.deepStrictEqual(
            [tags, properties["number"], properties["grüße"], properties["CORRELATION_ID"]],
            ["t", String(number), "日本語 🚀", request.properties["CORRELATION_ID"]]
          )
          const body = encode(`re: ${MessageExt.text(request)}`)
          assert.deepStrictEqual([bodyLength, hash], [body.length, sha256(body)])
        }
        // a compressed one
        assert.isAbove(answers[5]!.bodyLength, 9_999)
      })), 240_000)

    it.scopedLive(`we ask and ${peer.language} replies`, () =>
      inCluster(Effect.gen(function*() {
        const { group, nameServers, topic } = yield* Cluster.Cluster
        const name = yield* topic()
        const replier = yield* peer.start("reply", nameServers.join(";"), name, group(), String(COUNT))
        yield* replier.line("ready")
        const producer = yield* Member.sender()
        const bodies = numbers.map((i) => i % 5 === 0 ? `request ${i} `.repeat(2000) : `request ${i}`)
        const answers = yield* Effect.forEach(
          bodies,
          (body, i) =>
            producer.request(Message.make({ topic: name, tags: "t", properties: { number: String(i) }, body }), {
              timeout: "1 minute"
            }),
          { concurrency: 3 }
        )
        assert.deepStrictEqual(answers.map(MessageExt.text), bodies.map((body) => `re: ${body}`))
        const seen = new Map(digests(yield* replier.end).map((request) => [request.properties["number"], request]))
        answers.forEach((reply, i) => {
          const { bodyLength, properties, sha256: hash } = seen.get(String(i))!
          assert.deepStrictEqual([bodyLength, hash], [bodies[i]!.length, sha256(encode(bodies[i]!))])
          assert.strictEqual(reply.properties["CORRELATION_ID"], properties["CORRELATION_ID"])
          assert.strictEqual(reply.properties["MSG_TYPE"], "reply")
        })
      })), 240_000)
  })
}
