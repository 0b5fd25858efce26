import * as ConsumerConnection from "@effect-rocketmq/protocol/ConsumerConnection"
import * as ConsumerRunningInfo from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream, TestClock } from "effect"
import * as Consumer from "../../src/Consumer.js"
import type { ConsumerEvent } from "../../src/ConsumerEvent.js"
import * as MessageSelector from "../../src/MessageSelector.js"
import { NameServerUnavailableError } from "../../src/NameServerError.js"
import * as Subscription from "../../src/Subscription.js"
import { Cluster, GROUP, refused, RETRY } from "./fake.js"

const orders = { group: GROUP, subscriptions: { orders: MessageSelector.tags("a") }, consumeFrom: "last" } as const

/** A consumer of orders that is ready, and what it was given. */
const running = Effect.fnUntraced(function*(cluster: Cluster, options?: Partial<Consumer.Options>) {
  const seen: Array<string> = []
  const consumer = yield* Consumer.make({ ...orders, ...options }, (message) =>
    Effect.sync(() => {
      seen.push(MessageExt.text(message))
    })).pipe(Effect.provide(cluster.layer))
  yield* consumer.ready
  return { consumer, seen }
})

describe("a running consumer", () => {
  it.scoped("subscribes: brokers hear of it, and its queues are pulled from their end, before it returns", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1, bills: 2 })
      cluster.fill("bills", 0, 5)
      const { consumer, seen } = yield* running(cluster)
      yield* consumer.subscribe("bills", MessageSelector.all)
      assert.include(cluster.trace, `beat orders ${RETRY} bills`)
      assert.strictEqual((yield* consumer.assignment).filter(({ topic }) => topic === "bills").length, 2)
      cluster.store("bills", 0, {})
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["bills-0-5"])
      const again = cluster.trace.length
      yield* consumer.subscribe("bills", MessageSelector.all)
      assert.notInclude(cluster.trace.slice(again), `beat orders ${RETRY} bills`)
    }))

  it.scoped("has a held pull begin anew with the version of the new selector", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const { consumer, seen } = yield* running(cluster)
      yield* TestClock.adjust("2 seconds")
      const before = cluster.pulls.filter(({ topic }) => topic === "orders")
      yield* consumer.subscribe("orders", MessageSelector.tags("b"))
      yield* TestClock.adjust(1)
      const pulls = cluster.pulls.filter(({ topic }) => topic === "orders")
      assert.strictEqual(pulls.length, before.length + 1)
      assert.isAbove(pulls.at(-1)!.subVersion, before.at(-1)!.subVersion)
      assert.strictEqual(pulls.at(-1)!.subVersion, Number(cluster.member!.subscriptions()[0]!.subVersion))
      cluster.store("orders", 0, { tags: "a" }, { tags: "b" })
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(seen, ["orders-0-1"])
    }))

  it.scoped("keeps what it has when a subscription is refused", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1, bills: 1 })
      const { consumer } = yield* running(cluster)
      cluster.onCheck = () => refused(ResponseCode.SUBSCRIPTION_PARSE_FAILED)
      const sql = yield* Effect.flip(consumer.subscribe("bills", MessageSelector.sql("a =")))
      assert.strictEqual(sql._tag, "SubscribeError")
      assert.include(sql.message, "enablePropertyFilter")
      assert.isTrue(cluster.unwatched.has("bills"))
      cluster.onRoute = () => new NameServerUnavailableError({ addresses: ["ns:1"], failures: [] } as never)
      const route = yield* Effect.flip(consumer.subscribe("bills", MessageSelector.all))
      assert.deepStrictEqual([route._tag, "address" in route && route.address], ["SubscribeError", undefined])
      assert.deepStrictEqual((yield* consumer.subscriptions).map(({ topic }) => topic), ["orders"])
      assert.deepStrictEqual(cluster.member!.subscriptions().map(({ topic }) => topic), ["orders", RETRY])
    }))

  it.scoped("has a limit of topics, at the start and later", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1, bills: 1 })
      const { consumer } = yield* running(cluster, { maxSubscriptions: 1 })
      const later = yield* Effect.flip(consumer.subscribe("bills", MessageSelector.all))
      assert.strictEqual(later._tag, "SubscriptionLimitExceededError")
      const other = new Cluster({ orders: 1, bills: 1 })
      const start = yield* Effect.flip(
        Effect.scoped(running(other, {
          maxSubscriptions: 1,
          subscriptions: { orders: MessageSelector.all, bills: MessageSelector.all }
        }))
      )
      assert.strictEqual(start._tag, "SubscriptionLimitExceededError")
    }))

  it.scoped("gives a topic up when its handlers have finished, commits, and then tells brokers", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1, bills: 1 })
      cluster.fill("bills", 0, 1)
      const consumer = yield* Consumer.make({
        ...orders,
        consumeFrom: "first",
        subscriptions: { orders: MessageSelector.all, bills: MessageSelector.all }
      }, () => Effect.sleep("4 seconds")).pipe(Effect.provide(cluster.layer))
      yield* consumer.ready
      yield* TestClock.adjust(0)
      const leaving = yield* Effect.fork(consumer.unsubscribe("bills"))
      yield* TestClock.adjust("3 seconds")
      assert.notInclude(cluster.trace, `beat orders ${RETRY}`)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(leaving)
      assert.strictEqual(cluster.committed.get(cluster.key("bills")), 1n)
      const at = (what: string) => cluster.trace.lastIndexOf(what)
      assert.isAbove(at(`beat orders ${RETRY}`), at("commit bills@0"))
      assert.isTrue(cluster.unwatched.has("bills"))
      const pulls = cluster.pulls.length
      // no round brings it back
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(cluster.pulls.slice(pulls).filter(({ topic }) => topic === "bills"), [])
      const again = yield* Effect.flip(consumer.unsubscribe("bills"))
      assert.strictEqual(again._tag, "UnsubscribeError")
      assert.strictEqual((yield* Effect.flip(consumer.unsubscribe(RETRY)))._tag, "UnsubscribeError")
    }))

  it.scoped("changes nothing any more once it is stopped", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1, bills: 1 })
      const { consumer } = yield* Effect.scoped(running(cluster))
      const late = yield* Effect.flip(consumer.subscribe("bills", MessageSelector.all))
      assert.strictEqual(late._tag, "ConsumerShutdownError")
      assert.strictEqual((yield* Effect.flip(consumer.unsubscribe("orders")))._tag, "ConsumerShutdownError")
      // the route outlives the last commit
      assert.isAbove(cluster.unwatched.get("orders")!, cluster.trace.lastIndexOf("commit orders@0"))
    }))
})

/** Members as a broker tells of them, with what each says that it wants; those without it do not answer. */
const inGroup =
  (members: ReadonlyArray<readonly [clientId: string, wants: Consumer.Options["subscriptions"] | null]>) =>
  (request: { readonly code: number; readonly extFields?: unknown }) => {
    const data = (wants: Consumer.Options["subscriptions"]) =>
      Object.entries(wants).map(([topic, selector]) => Subscription.make(topic, selector, 1).data)
    if (request.code === RequestCode.GET_CONSUMER_CONNECTION_LIST) {
      return {
        code: ResponseCode.SUCCESS,
        body: ConsumerConnection.encode({
          connectionSet: members.map(([clientId], i) => ({
            clientId,
            clientAddr: `10.0.0.9:${i}`,
            language: "JAVA",
            version: 1
          })),
          consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
          consumeType: "CONSUME_PASSIVELY",
          messageModel: "CLUSTERING",
          subscriptionTable: new Map()
        })
      }
    }
    const clientId = (request.extFields as Record<string, string>)["clientId"]
    const wants = members.find(([id]) => id === clientId)?.[1]
    if (wants === undefined || wants === null) return { code: ResponseCode.SYSTEM_ERROR, body: undefined }
    return {
      code: ResponseCode.SUCCESS,
      body: ConsumerRunningInfo.encode({
        mqPopTable: [],
        mqTable: [],
        properties: {},
        statusTable: new Map(),
        subscriptionSet: data(wants),
        userConsumerInfo: {}
      })
    }
  }

describe("the agreement of a group", () => {
  it.scoped("is looked at after the start and when the group changes, and what differs is told once", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const members: Array<readonly [string, Consumer.Options["subscriptions"] | null]> = [[cluster.clientId, null]]
      let looks = 0
      cluster.onRequest = (request) => {
        if (request.code === RequestCode.GET_CONSUMER_CONNECTION_LIST) looks++
        return inGroup(members)(request)
      }
      const { consumer } = yield* running(cluster)
      const told: Array<ConsumerEvent> = []
      yield* Effect.forkScoped(Stream.runForEach(consumer.events, (event) =>
        Effect.sync(() => {
          if (event._tag === "SubscriptionsDiffer" || event._tag === "ClientIdTaken") told.push(event)
        })))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([looks, yield* consumer.groupProblems], [1, []])
      members.push(["silent@1", null], ["same@1", { orders: MessageSelector.tags("a") }])
      members.push(["odd@1", { orders: MessageSelector.tags("b"), bills: MessageSelector.all }])
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("5 seconds")
      const differs = {
        _tag: "SubscriptionsDiffer",
        clientId: "odd@1",
        differences: [{ topic: "bills", own: undefined, theirs: "*" }, { topic: "orders", own: "a", theirs: "b" }]
      }
      assert.deepStrictEqual<unknown>(yield* consumer.groupProblems, [differs])
      assert.deepStrictEqual<unknown>(told, [differs])
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("6 minutes")
      assert.isAtLeast(looks, 4)
      assert.strictEqual(told.length, 1)
      members.pop()
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* consumer.groupProblems, [])
    }))

  it.scoped("is not disturbed by a connection that is about to go, but by one that stays", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      let twice = true
      cluster.onRequest = (request) =>
        inGroup(twice ? [[cluster.clientId, null], [cluster.clientId, null]] : [[cluster.clientId, null]])(request)
      const { consumer } = yield* running(cluster)
      yield* TestClock.adjust("2 seconds")
      twice = false
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* consumer.groupProblems, [])
      twice = true
      yield* cluster.member!.onGroupChanged
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual<unknown>(yield* consumer.groupProblems, [
        { _tag: "ClientIdTaken", clientId: cluster.clientId, addresses: ["10.0.0.9:0", "10.0.0.9:1"] }
      ])
    }))

  it.effect("is a condition of a strict start, which is refused before brokers hear of it", () =>
    Effect.gen(function*() {
      const cluster = new Cluster({ orders: 1 })
      const start = Effect.flip(Effect.scoped(running(cluster, { strictGroup: true })))
      cluster.onRequest = inGroup([[cluster.clientId, null]])
      const taken = yield* start
      assert.deepStrictEqual([taken._tag, "reason" in taken && taken.reason], ["ConsumerStartError", "ClientIdTaken"])
      cluster.onRequest = inGroup([["odd@1", { orders: MessageSelector.all }]])
      const differs = yield* start
      assert.deepStrictEqual([differs._tag, "reason" in differs && differs.reason], [
        "ConsumerStartError",
        "SubscriptionsDiffer"
      ])
      assert.include(differs.message, "odd@1")
      assert.notInclude(cluster.trace, "register")
    }))
})
