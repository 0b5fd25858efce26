import * as Broker from "@effect-rocketmq/client/Broker"
import * as Message from "@effect-rocketmq/client/Message"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as AclInfo from "@effect-rocketmq/protocol/AclInfo"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as UserInfo from "@effect-rocketmq/protocol/UserInfo"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import type { Auth } from "../src/index.js"
import { Embedded, EmbeddedCluster } from "../src/index.js"
import { BROKER } from "./client.js"

const secrets = { admin: "admin-secret", bob: "bob-secret" }
const who = (accessKey: string, secret: string) => ({ accessKey, secretKey: Redacted.make(secret) })
const admin = who("admin", secrets.admin)
const bob = who("bob", secrets.bob)

const rule = (resource: string, actions: ReadonlyArray<string>, more: Partial<AclInfo.PolicyEntry> = {}) => ({
  resource,
  actions,
  decision: "Allow",
  sourceIps: [],
  ...more
})
const policies = (...entries: ReadonlyArray<AclInfo.PolicyEntry>): AclInfo.AclInfo => ({
  subject: "User:bob",
  policies: [{ policyType: "Custom", entries }]
})

const options = (auth: Partial<Auth.Options> = {}): EmbeddedCluster.Options => ({
  auth: {
    users: [
      { username: "admin", password: Redacted.make(secrets.admin), userType: "Super" },
      { username: "bob", password: Redacted.make(secrets.bob) }
    ],
    ...auth
  }
})

/** A client of a cluster that says who it is, or does not. */
const clientOf = (cluster: EmbeddedCluster.Cluster, credentials?: typeof admin) =>
  Effect.map(
    Layer.build(
      Layer.fresh(Embedded.layerClient(credentials === undefined ? {} : { credentials })).pipe(
        Layer.provide(Layer.succeed(EmbeddedCluster.EmbeddedCluster, cluster))
      )
    ),
    (context) => ({
      context,
      ask: (request: Request) =>
        Effect.map(
          Context.get(context, Broker.Broker).request(BROKER, request),
          ({ body, code, remark }) => ({ code, remark, body })
        ),
      nameServer: Context.get(context, NameServer.NameServer)
    })
  )

const create = (topic: string) =>
  RequestHeader.UpdateAndCreateTopic.make({
    ...{ topic, defaultTopic: "TBW102", readQueueNums: 1, writeQueueNums: 1, perm: 6 },
    ...{ topicFilterType: "SINGLE_TAG", topicSysFlag: 0, order: false }
  })
const refusal = (remark: string) => ({ code: ResponseCode.NO_PERMISSION, remark, body: undefined })
const none = "from 127.0.0.1, no matched policies."

describe("a cluster with users", () => {
  it.scoped("believes no request that is not signed by one of them", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options())
      const asked = (credentials?: typeof admin) =>
        Effect.flatMap(clientOf(cluster, credentials), ({ ask }) => ask(RequestHeader.GetBrokerRuntimeInfo.make({})))
      assert.deepStrictEqual(yield* asked(), refusal("username cannot be null."))
      assert.deepStrictEqual(yield* asked(who("carl", "x")), refusal("User:carl is not found."))
      assert.deepStrictEqual(yield* asked(who("bob", secrets.admin)), refusal("check signature failed."))
      assert.strictEqual((yield* asked(bob)).code, ResponseCode.SUCCESS)
      assert.strictEqual((yield* asked(admin)).code, ResponseCode.SUCCESS)
    }))

  it.scoped("knows a body that was changed on its way", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options())
      const { ask } = yield* clientOf(cluster, admin)
      const request = RequestHeader.AuthCreateUser.make({ username: "eve" }, UserInfo.encode({ password: "x" }))
      // a signature of another body is no signature of this one
      const { ask: forged } = yield* clientOf(cluster)
      assert.strictEqual((yield* ask(request)).code, ResponseCode.SUCCESS)
      const answer = yield* forged({
        ...request,
        extFields: { ...request.extFields, AccessKey: "admin", Signature: "x" }
      })
      assert.deepStrictEqual(answer, refusal("check signature failed."))
    }))

  it.scoped("lets normal users do what policies say, and no more", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options({
        policies: [policies(rule("Topic:pre*", ["Pub"]), rule("Topic:preX", ["All"], { decision: "Deny" }))]
      }))
      const { ask } = yield* clientOf(cluster, bob)
      const { ask: asAdmin } = yield* clientOf(cluster, admin)
      const recall = (topic: string) => ask(RequestHeader.RecallMessage.make({ topic, recallHandle: "x" }))
      assert.deepStrictEqual(
        yield* recall("other"),
        refusal(`User:bob has no permission to access Topic:other ${none}`)
      )
      assert.notStrictEqual((yield* recall("pre1")).remark, refusal("").remark)
      assert.include((yield* recall("pre1")).remark ?? "", "recall failed")
      assert.deepStrictEqual(
        yield* recall("preX"),
        refusal("User:bob has no permission to access Topic:preX from 127.0.0.1, the decision is deny.")
      )
      assert.deepStrictEqual(
        yield* ask(create("pre1")),
        refusal(`User:bob has no permission to access Topic:pre1 ${none}`)
      )
      assert.strictEqual((yield* asAdmin(create("pre1"))).code, ResponseCode.SUCCESS)
    }))

  it.scoped("takes the narrower rule, the own one before the default, and only from where it holds", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options({
        policies: [{
          subject: "User:bob",
          policies: [
            {
              policyType: "Custom",
              entries: [
                rule("*", ["All"], { decision: "Deny" }),
                rule("Topic:a*", ["Pub"]),
                rule("Topic:abc", ["Pub"], { decision: "Deny" }),
                rule("Topic:far", ["Pub"], { sourceIps: ["10.0.0.0/8"] }),
                rule("Topic:near", ["Pub"], { sourceIps: ["127.0.0.0/8", "10.0.0.1"] })
              ]
            },
            { policyType: "Default", entries: [rule("Topic:zzz", ["Pub"])] }
          ]
        }]
      }))
      const { ask } = yield* clientOf(cluster, bob)
      const may = (topic: string) =>
        Effect.map(
          ask(RequestHeader.RecallMessage.make({ topic, recallHandle: "x" })),
          ({ remark }) => remark?.startsWith("recall failed") === true
        )
      const allowed = yield* Effect.forEach(["ab", "abc", "far", "near", "zzz", "x"], may)
      assert.deepStrictEqual(allowed, [true, false, false, true, false, false])
    }))

  it.scoped("is sent to and consumed from by a client with credentials", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options({ policies: [policies(rule("Topic:orders", ["Pub"]))] }))
      const { context } = yield* clientOf(cluster, bob)
      const send = (topic: string) =>
        Effect.gen(function*() {
          const producer = yield* Producer.Producer
          return yield* producer.send(Message.make({ topic, body: "x" }))
        }).pipe(Effect.provide(Producer.layer({ group: "P" })), Effect.provide(context))
      yield* cluster.createTopic("orders", { queues: 1 })
      yield* cluster.createTopic("others", { queues: 1 })
      yield* send("orders")
      assert.strictEqual(yield* cluster.stored("orders"), 1)
      const error = yield* Effect.flip(send("others"))
      assert.include(error.message, "User:bob has no permission to access Topic:others")
      assert.strictEqual(yield* cluster.stored("others"), 0)
    }))

  it.scoped("is administered by super users", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options())
      const { ask } = yield* clientOf(cluster, admin)
      const { ask: asBob } = yield* clientOf(cluster, bob)
      const fine = (request: Request) =>
        Effect.map(ask(request), (answer) => assert.strictEqual(answer.code, ResponseCode.SUCCESS, answer.remark))
      const refused = (request: Request, remark: string) =>
        Effect.map(ask(request), (answer) => assert.deepStrictEqual(answer, refusal(remark)))
      const user = (value: UserInfo.UserInfo) => UserInfo.encode(value)
      const header = { username: "carl" }

      yield* fine(RequestHeader.AuthCreateUser.make(header, user({ password: "one" })))
      yield* refused(RequestHeader.AuthCreateUser.make(header, user({ password: "one" })), "The user is existed")
      yield* refused(RequestHeader.AuthCreateUser.make({ username: "d" }, user({})), "password can not be blank")
      const { ask: asCarl } = yield* clientOf(cluster, who("carl", "one"))
      const look = RequestHeader.GetBrokerRuntimeInfo.make({})
      assert.strictEqual((yield* asCarl(look)).code, ResponseCode.SUCCESS)
      yield* fine(RequestHeader.AuthUpdateUser.make(header, user({ userStatus: "disable" })))
      assert.deepStrictEqual(yield* asCarl(look), refusal("User:carl is disabled."))
      yield* fine(RequestHeader.AuthUpdateUser.make(header, user({ userStatus: "enable", password: "two" })))
      assert.deepStrictEqual(yield* asCarl(look), refusal("check signature failed."))

      const acl = (entries: ReadonlyArray<AclInfo.PolicyEntry>) => AclInfo.encode(policies(...entries))
      const subject = { subject: "User:bob" }
      yield* fine(RequestHeader.AuthCreateAcl.make(subject, acl([rule("Topic:a", ["Create"])])))
      yield* fine(RequestHeader.AuthUpdateAcl.make(subject, acl([rule("Topic:b", ["Create"])])))
      assert.strictEqual((yield* asBob(create("a"))).code, ResponseCode.SUCCESS)
      assert.strictEqual((yield* asBob(create("b"))).code, ResponseCode.SUCCESS)
      yield* fine(RequestHeader.AuthDeleteAcl.make({ ...subject, resource: "Topic:a" }))
      assert.deepStrictEqual(yield* asBob(create("a")), refusal(`User:bob has no permission to access Topic:a ${none}`))
      assert.strictEqual((yield* asBob(create("b"))).code, ResponseCode.SUCCESS)
      yield* refused(
        RequestHeader.AuthCreateAcl.make(subject, acl([rule("Topic:a", ["Fly"])])),
        "The actions is empty."
      )
      yield* refused(RequestHeader.AuthCreateAcl.make(subject, acl([rule("Nope:a", ["Pub"])])), "The resource is null.")
      yield* refused(
        RequestHeader.AuthGetAcl.make({ subject: "User:nobody" }),
        "The subject is not exist."
      )
      assert.deepStrictEqual(
        yield* asBob(RequestHeader.AuthListUser.make({})),
        refusal(`User:bob has no permission to access Cluster:DefaultCluster ${none}`)
      )
      yield* fine(RequestHeader.AuthDeleteUser.make(header))
      assert.deepStrictEqual(yield* asCarl(look), refusal("User:carl is not found."))
    }))

  it.scoped("protects its name server when told so", () =>
    Effect.gen(function*() {
      const code = (nameServer: boolean) =>
        Effect.gen(function*() {
          const cluster = yield* EmbeddedCluster.make(options({ nameServer }))
          const client = yield* clientOf(cluster)
          return (yield* client.nameServer.request(RequestHeader.GetBrokerClusterInfo.make({}))).code
        })
      assert.deepStrictEqual([yield* code(false), yield* code(true)], [
        ResponseCode.SUCCESS,
        ResponseCode.NO_PERMISSION
      ])
    }))

  it.scoped("remembers requests without what proves who sent them", () =>
    Effect.gen(function*() {
      const cluster = yield* EmbeddedCluster.make(options())
      const { ask } = yield* clientOf(cluster, { ...bob, securityToken: Redacted.make("a-token") } as typeof bob)
      yield* ask(RequestHeader.GetBrokerRuntimeInfo.make({}))
      const [request] = yield* cluster.requests
      assert.deepStrictEqual(request!.extFields, {
        AccessKey: "bob",
        SecurityToken: "<redacted>",
        Signature: "<redacted>"
      })
    }))

  it("is not made with policies that mean nothing", () => {
    const make = EmbeddedCluster.make(options({ policies: [policies(rule("Nope:x", ["Pub"]))] }))
    assert.throws(
      () => Effect.runSync(Effect.scoped(make)),
      "the policies of User:bob cannot be used: The resource is null."
    )
  })
})
