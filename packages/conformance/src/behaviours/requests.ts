/**
 * Requests that are messages, and their replies.
 *
 * @since 0.1.0
 */
import * as MessageSelector from "@effect-rocketmq/client/MessageSelector"
import * as Producer from "@effect-rocketmq/client/Producer"
import type { Reply, ResponderOptions } from "@effect-rocketmq/client/RequestReply"
import * as RequestReply from "@effect-rocketmq/client/RequestReply"
import type { NotARequestError } from "@effect-rocketmq/client/RequestReplyError"
import * as Message from "@effect-rocketmq/protocol/Message"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Inbox from "../Inbox.js"
import * as Member from "../Member.js"
import * as Stored from "../Stored.js"

const behaviour = area("requests")

const text = MessageExt.text

/** Longer than any reply takes, also on a busy machine. */
const patient = { timeout: "20 seconds" } as const

/** A consumer of the topic that replies, with a producer of its own. */
const replier = <E = never, E2 = NotARequestError>(
  topic: string,
  handler: (request: MessageExt.MessageExt) => Effect.Effect<string | Uint8Array | Reply, E>,
  options?: ResponderOptions<E2, never>
) =>
  Effect.gen(function*() {
    const producer = yield* Member.sender()
    const respond = RequestReply.responder(handler, options)
    yield* Member.consumer(
      { subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.provideService(respond(message), Producer.Producer, producer)
    )
    return producer
  })

/** A message as the consumer of the topic got it, who does not reply. */
const consumed = (topic: string) =>
  Effect.gen(function*() {
    const inbox = Inbox.make<MessageExt.MessageExt>()
    yield* Member.consumer(
      { subscriptions: { [topic]: MessageSelector.all } },
      (message) => Effect.sync(() => inbox.add(message))
    )
    return Effect.map(Await.received("the message is consumed", inbox, 1), ([message]) => message!)
  })

/** A request that waits in a fiber of its own, as its consumer got it. */
const asked = (requester: Producer.Producer["Type"], topic: string) =>
  Effect.gen(function*() {
    const message = yield* consumed(topic)
    const waiting = yield* Effect.forkScoped(
      Effect.either(requester.request(Message.make({ topic, body: "x" }), { timeout: "1 minute" }))
    )
    return { request: yield* message, waiting }
  })

/** What the reply topic has of a request. */
const keptReply = (cluster: string, correlationId: string | undefined) =>
  Effect.map(
    Stored.readAll(Names.replyTopic(cluster)),
    (all) => all.find(({ properties }) => properties[MessageProperties.CORRELATION_ID] === correlationId)
  )

/**
 * @since 0.1.0
 * @category behaviours
 */
export const requests: ReadonlyArray<Behaviour> = [
  behaviour("a request gets the reply of who consumes it, with all that it was given", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    yield* replier(name, (request) =>
      Effect.succeed({
        body: `re: ${text(request)}`,
        tags: request.tags,
        keys: ["a", "b"],
        flag: 7,
        properties: { "größe": "日本語 🚀", own: request.properties["own"] ?? "" }
      }))
    const requester = yield* Member.sender()
    const before = yield* Clock.currentTimeMillis
    const reply = yield* requester.request(
      Message.make({ topic: name, body: "price of 42?", tags: "price", properties: { own: "x" } }),
      patient
    )
    yield* Expect.equal(
      "body, tag, keys and flag",
      [text(reply), reply.tags, reply.keys, reply.flag],
      ["re: price of 42?", "price", ["a", "b"], 7]
    )
    const { properties } = reply
    yield* Expect.equal(
      "properties",
      [
        properties["größe"],
        properties["own"],
        properties[MessageProperties.MSG_TYPE],
        properties[MessageProperties.TTL]
      ],
      ["日本語 🚀", "x", "reply", "20000"]
    )
    yield* Expect.that("it has an id of its own", reply.uniqueKey?.length === 32, reply)
    yield* Expect.that("it comes by the reply topic of a cluster", reply.topic.endsWith("_REPLY_TOPIC"), reply)
    yield* Expect.that(
      "it says who replied, and by which broker",
      !/^0\.0\.0\.0/.test(reply.bornHost + reply.storeHost),
      reply
    )
    const times = [reply.bornTimestamp, reply.storeTimestamp, Number(properties[MessageProperties.PUSH_REPLY_TIME])]
    yield* Expect.that("its times are of now", times.every((time) => Math.abs(time - before) < 20_000), [before, times])
  }),

  behaviour("the first request of a client gets its reply, at any broker", function*() {
    const { masters, topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    yield* replier(name, (request) => Effect.succeed(`re: ${text(request)} by ${request.brokerName}`))
    for (const { brokerName } of yield* masters) {
      const requester = yield* Member.sender()
      const queue = (yield* requester.queues(name)).find((queue) => queue.brokerName === brokerName)
      const reply = yield* requester.request(Message.make({ topic: name, body: "first" }), { ...patient, queue })
      yield* Expect.equal("the reply came", text(reply), `re: first by ${brokerName}`)
    }
  }),

  behaviour("of many requests at once each gets its own reply", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    yield* replier(name, (request) => Effect.as(Effect.sleep(text(request).length % 3 * 10), `re: ${text(request)}`))
    const requesters = [yield* Member.sender(), yield* Member.sender()]
    const bodies = Array.from({ length: 300 }, (_, i) => `${i} ${"x".repeat(i % 7)}`)
    const replies = yield* Effect.forEach(
      bodies,
      (body, i) => Effect.map(requesters[i % 2]!.request(Message.make({ topic: name, body }), patient), text),
      { concurrency: 100 }
    )
    yield* Expect.equal("all replies", replies, bodies.map((body) => `re: ${body}`))
    yield* Expect.equal("nothing is under way any more", (yield* requesters[0]!.stats).inFlight, 0)
  }, "60 seconds"),

  behaviour("large requests and replies are compressed on the way, and plain at both ends", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const seen = yield* Deferred.make<MessageExt.MessageExt>()
    yield* replier(name, (request) => Effect.as(Deferred.succeed(seen, request), "large ".repeat(5000)))
    const requester = yield* Member.sender()
    const reply = yield* requester.request(Message.make({ topic: name, body: "question ".repeat(5000) }), patient)
    yield* Expect.equal("the request", text(yield* Deferred.await(seen)), "question ".repeat(5000))
    yield* Expect.equal("the reply", [text(reply), SysFlag.isCompressed(reply.sysFlag)], ["large ".repeat(5000), false])
    const { properties } = yield* Deferred.await(seen)
    yield* Stored.dispatched
    const kept = yield* keptReply(
      properties[MessageProperties.CLUSTER] ?? "",
      properties[MessageProperties.CORRELATION_ID]
    )
    const stored = yield* Expect.present("brokers keep replies", kept)
    yield* Expect.equal(
      "though without the flag that says how to read them, and as if never pushed",
      [
        stored.body.length < 5000,
        stored.sysFlag,
        stored.properties[MessageProperties.MSG_TYPE],
        stored.properties[MessageProperties.PUSH_REPLY_TIME],
        stored.properties[MessageProperties.CLUSTER]
      ],
      [true, 0, "reply", undefined, undefined]
    )
  }),

  behaviour("a request that nobody replies to ends at its deadline, stored", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const requester = yield* Member.sender()
    const [millis, error] = yield* Await.timed(
      Expect.fails(
        "it fails",
        requester.request(Message.make({ topic: name, body: "x" }), { timeout: "5 seconds" }),
        "ReplyTimeoutError"
      )
    )
    yield* Expect.took("after its time", millis, { atLeast: 4990, atMost: 7000 })
    const receipt = yield* Expect.present("it has a receipt", error.receipt)
    yield* Expect.equal("an acknowledged one", [receipt.status, error.outcome], ["SEND_OK", "Accepted"])
    const [stored] = yield* Stored.readAll(name)
    const { properties, uniqueKey } = yield* Expect.present("the topic has it", stored)
    yield* Expect.equal(
      "as a request of this client to this cluster",
      [
        uniqueKey,
        properties[MessageProperties.CORRELATION_ID],
        properties[MessageProperties.TTL],
        (properties[MessageProperties.CLUSTER] ?? "").length > 0,
        (properties[MessageProperties.REPLY_TO_CLIENT] ?? "").length > 0
      ],
      [error.uniqueKey, error.correlationId, "5000", true, true]
    )
  }),

  behaviour("a late reply is a success for its replier, and no harm to its requester", function*() {
    const { topic } = yield* Cluster
    const requester = yield* Member.sender()
    const replier = yield* Member.sender()
    const { request: late, waiting } = yield* asked(requester, yield* topic())
    yield* Fiber.interrupt(waiting)
    for (const body of ["late", "later"]) {
      const receipt = yield* replier.reply(late, body)
      yield* Expect.equal("the reply is taken", receipt.status, "SEND_OK")
    }
    const { request, waiting: next } = yield* asked(requester, yield* topic())
    yield* replier.reply(late, "too late")
    yield* replier.reply(request, "in time")
    const reply = yield* Effect.flatten(Fiber.join(next))
    yield* Expect.equal("another request gets its own", text(reply), "in time")
  }),

  behaviour("a reply to a requester that has gone fails, and says so soon", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const requester = yield* Member.producer()
    const replier = yield* Member.sender()
    const { request, waiting } = yield* asked(requester.service, name)
    yield* Fiber.interrupt(waiting)
    yield* requester.stop
    const [millis, error] = yield* Await.timed(
      Expect.fails("the reply fails", replier.reply(request, "nobody is there"), "RequesterGoneError")
    )
    yield* Expect.took("soon", millis, { atMost: 6000 })
    yield* Expect.equal(
      "it names the requester",
      [error.topic, error.clientId, error.correlationId, error.outcome],
      [
        name,
        request.properties[MessageProperties.REPLY_TO_CLIENT] ?? "",
        request.properties[MessageProperties.CORRELATION_ID] ?? "",
        "Refused"
      ]
    )
  }),

  behaviour("an ordinary message cannot be replied to", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic()
    const producer = yield* Member.sender()
    const message = yield* consumed(name)
    yield* producer.send(Message.make({ topic: name, body: "x" }))
    const error = yield* Expect.fails("it fails", producer.reply(yield* message, "?"), "NotARequestError")
    yield* Expect.equal("with what it lacks", error.missing, [
      MessageProperties.CORRELATION_ID,
      MessageProperties.REPLY_TO_CLIENT
    ])
  }),

  behaviour("a requester is found also when another producer of its client has left, or joined", function*() {
    const { client, group, topic } = yield* Cluster
    const name = yield* topic()
    yield* replier(name, (request) => Effect.succeed(`re: ${text(request)}`))
    const shared = yield* Layer.build(client())
    const scope = yield* Effect.scope
    const member = Effect.gen(function*() {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const producer = yield* Producer.make({ group: group() }).pipe(Scope.extend(own), Effect.provide(shared))
      return { producer, leave: Scope.close(own, Exit.void) }
    })
    const ask = (producer: Producer.Producer["Type"], body: string) =>
      Effect.flatMap(
        producer.request(Message.make({ topic: name, body }), { timeout: "8 seconds" }),
        (reply) => Expect.equal("the reply came", text(reply), `re: ${body}`)
      )
    const first = yield* member
    const second = yield* member
    yield* ask(first.producer, "both are there")
    yield* ask(second.producer, "both are there")
    yield* second.leave
    yield* ask(first.producer, "one has left")
    const third = yield* member
    yield* first.leave
    yield* ask(third.producer, "one joined and one left")
  }),

  behaviour("a broker refuses a reply to nobody, and keeps it", function*() {
    const { broker, topic } = yield* Cluster
    const name = yield* topic()
    const requester = yield* Member.sender()
    const { request: { properties: asking } } = yield* asked(requester, name)
    const cluster = asking[MessageProperties.CLUSTER] ?? ""
    const { address } = yield* Stored.firstMaster
    const reply = (correlationId: string, requester?: string) =>
      Effect.gen(function*() {
        const properties = yield* MessageProperties.encode({
          [MessageProperties.CORRELATION_ID]: correlationId,
          ...(requester === undefined ? {} : { [MessageProperties.REPLY_TO_CLIENT]: requester })
        })
        const answer = yield* broker.request(
          address,
          RequestHeader.SendReplyMessageV2.make({
            producerGroup: "c-replies",
            topic: Names.replyTopic(cluster),
            defaultTopic: Names.DEFAULT_TOPIC,
            defaultTopicQueueNums: 4,
            queueId: 0,
            sysFlag: 0,
            bornTimestamp: yield* Clock.currentTimeMillis,
            flag: 0,
            properties
          }, new TextEncoder().encode("to nobody"))
        )
        return [answer.code, answer.remark] as const
      })
    const id = asking[MessageProperties.CORRELATION_ID]!
    yield* Expect.equal("one without an address", yield* reply(`${id}-1`), [
      1,
      "reply message properties[REPLY_TO_CLIENT] is null"
    ])
    yield* Expect.equal("one to a client that is not there", yield* reply(`${id}-2`, "nobody"), [
      1,
      "push reply message fail, channel of <nobody> not found."
    ])
    yield* Stored.dispatched
    for (const correlationId of [`${id}-1`, `${id}-2`]) {
      const kept = yield* Expect.present("it is kept", yield* keptReply(cluster, correlationId))
      yield* Expect.equal("as it is", text(kept), "to nobody")
    }
  }),

  behaviour("a responder leaves what has expired, and what is no request, as it is told", function*() {
    const { topic } = yield* Cluster
    const name = yield* topic({ queues: 1 })
    const requester = yield* Member.sender()
    yield* Effect.exit(requester.request(Message.make({ topic: name, body: "expired" }), { timeout: "100 millis" }))
    yield* requester.send(Message.make({ topic: name, body: "plain" }))
    const handled = Inbox.make<string>()
    const note = (kind: string) => (message: MessageExt.MessageExt) =>
      Effect.sync(() => {
        handled.add(`${kind} ${text(message)}`)
        return "reply"
      })
    yield* replier(name, note("request"), {
      expired: "skip",
      otherwise: (message) => Effect.asVoid(note("other")(message))
    })
    yield* requester.request(Message.make({ topic: name, body: "fresh" }), patient)
    // a message may come twice
    yield* Expect.equal("what was handled", new Set(handled.all()), new Set(["other plain", "request fresh"]))
  })
]
