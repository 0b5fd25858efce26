/**
 * What name servers say, and what is said when they say nothing.
 *
 * @since 0.1.0
 */
import { NameServer } from "@effect-rocketmq/client/NameServer"
import * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import { isProtocolError } from "@effect-rocketmq/protocol/ProtocolError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Await from "../Await.js"
import type { Behaviour } from "../Behaviour.js"
import { area } from "../Behaviour.js"
import { Cluster } from "../Cluster.js"
import * as Expect from "../Expect.js"
import * as Peer from "../Peer.js"

const behaviour = area("name server")

/** Nobody may listen on the first ports without being root, and nobody does. */
const deadAddresses: ReadonlyArray<string> = ["127.0.0.1:1", "127.0.0.1:2"]

/**
 * @since 0.1.0
 * @category behaviours
 */
export const nameServer: ReadonlyArray<Behaviour> = [
  behaviour("a route tells permissions, queue counts and the master of each broker", function*() {
    const { masters, nameServer, topic } = yield* Cluster
    const name = yield* topic({ readQueues: 5, writeQueues: 3 })
    const all = yield* masters
    const route = yield* nameServer.refresh(name)
    yield* Expect.equal(
      "each broker has the queues and the permission",
      route.data.queueDatas.map((data) => [data.readQueueNums, data.writeQueueNums, data.perm]),
      all.map(() => [5, 3, 6])
    )
    yield* Expect.equal("queues to read", route.readQueues.length, 5 * all.length)
    yield* Expect.equal("queues to write", route.writeQueues.length, 3 * all.length)
    yield* Expect.equal(
      "the master of each broker",
      all.map(({ brokerName }) => route.brokers.get(brokerName)?.get(0)),
      all.map(({ address }) => address)
    )
    yield* Expect.equal(
      "queues are ordered by broker and id",
      route.readQueues.map((queue) => queue.queueId),
      all.flatMap(() => [0, 1, 2, 3, 4])
    )
  }),

  behaviour("a topic that may only be read has no queues to write, and the other way round", function*() {
    const { nameServer, topic } = yield* Cluster
    const readOnly = yield* nameServer.refresh(yield* topic({ permission: Permission.READ }))
    yield* Expect.equal("nothing to write", readOnly.writeQueues.length, 0)
    yield* Expect.that("something to read", readOnly.readQueues.length > 0, readOnly.data)
    const writeOnly = yield* nameServer.refresh(yield* topic({ permission: Permission.WRITE }))
    yield* Expect.equal("nothing to read", writeOnly.readQueues.length, 0)
    yield* Expect.that("something to write", writeOnly.writeQueues.length > 0, writeOnly.data)
  }),

  behaviour("cluster information names clusters, brokers and addresses", function*() {
    const { nameServer } = yield* Cluster
    const info = yield* nameServer.clusterInfo
    const clusters = [...info.clusterAddrTable.values()].flat()
    const brokers = [...info.brokerAddrTable.keys()]
    yield* Expect.that("there is a broker", brokers.length > 0, info)
    yield* Expect.equal("each broker is of one cluster", clusters.sort(), brokers.sort())
    yield* Expect.that(
      "each broker has a master with host and port",
      [...info.brokerAddrTable.values()].every((data) => /^.+:\d+$/.test(data.brokerAddrs.get(0) ?? "")),
      info
    )
  }),

  behaviour("the topic after which others are made has a route that allows it", function*() {
    const { nameServer } = yield* Cluster
    const route = yield* nameServer.refresh(Names.DEFAULT_TOPIC)
    yield* Expect.that(
      "its permission is inherited",
      route.data.queueDatas.some((data) => Permission.isInherited(data.perm)),
      route.data
    )
  }),

  behaviour("a topic that nobody made has no route, and the error says how it could get one", function*() {
    const { nameServer, nameServers, topicName } = yield* Cluster
    const name = topicName()
    const error = yield* Expect.fails("there is no route", nameServer.route(name), "TopicRouteNotFoundError")
    yield* Expect.equal("the topic is named", error.topic, name)
    yield* Expect.equal("automatic creation is on in this cluster", error.autoCreation, "On")
    yield* Expect.mentions("the message names topic and name server", error.message, [name, ...nameServers.slice(0, 1)])
  }),

  behaviour("a route is remembered until it is asked for again", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic({ queues: 1 })
    yield* Effect.gen(function*() {
      const own = yield* NameServer
      yield* Expect.equal("nothing is remembered at first", own.cached(name), undefined)
      yield* own.route(name)
      yield* cluster.createTopic(name, { queues: 3 })
      yield* Expect.equal("the remembered route is old", (yield* own.route(name)).data.queueDatas[0]?.readQueueNums, 1)
      const fresh = yield* Await.until(
        "a refresh shows 3 queues",
        own.refresh(name),
        (route) => route.data.queueDatas.every((data) => data.readQueueNums === 3)
      )
      yield* Expect.equal("and is remembered", own.cached(name), fresh)
    }).pipe(Effect.provide(cluster.client()))
  }),

  behaviour("the next name server is asked when the first does not answer", function*() {
    const cluster = yield* Cluster
    const name = yield* cluster.topic()
    const route = yield* NameServer.pipe(
      Effect.flatMap((own) => own.route(name)),
      Effect.provide(cluster.client({ nameServers: [...deadAddresses, ...cluster.nameServers] }))
    )
    yield* Expect.equal("the route comes from the living one", route.topic, name)
  }),

  behaviour("when nothing listens, the error lists each address with its own reason", function*() {
    const { client, topicName } = yield* Cluster
    const [took, error] = yield* Await.timed(Expect.fails(
      "no name server can be asked",
      NameServer.pipe(
        Effect.flatMap((own) => own.route(topicName())),
        Effect.provide(client({ nameServers: deadAddresses }))
      ),
      "NameServerUnavailableError"
    ))
    yield* Expect.took("within the connect timeout of 3 s for each", took, { atMost: 6500 })
    yield* Expect.equal(
      "each address has its reason",
      error.failures.map(({ address, error }) => [address, error._tag]).sort(),
      deadAddresses.map((address) => [address, "ConnectionFailedError"])
    )
    yield* Expect.mentions("the message lists them", error.message, deadAddresses)
  }),

  behaviour("an HTTP server in place of a name server is recognised", function*() {
    const { topicName } = yield* Cluster
    const http = yield* Peer.httpServer
    const lookup = Effect.provide(
      Effect.flatMap(NameServer, (own) => own.route(topicName())),
      RocketMQ.layer({ nameServers: [http.address], nameServerTimeout: "15 seconds" }).pipe(
        Layer.provide(Peer.transport),
        Layer.fresh
      )
    )
    const error = yield* Expect.fails("it is no name server", lookup, "NameServerUnavailableError")
    yield* Expect.equal(
      "the address has its reason, which is no timeout",
      error.failures.map(({ address, error }) => [address, isProtocolError(error)]),
      [[http.address, true]]
    )
    yield* Expect.mentions("the message says what the peer looks like", error.message, [http.address, "HTTP"])
    const again = yield* Effect.either(lookup)
    yield* Expect.that("the next try is answered too", again._tag === "Left", again)
  }),

  behaviour("a name server that never answers is given up in time", function*() {
    const { topicName } = yield* Cluster
    const silent = yield* Peer.silentServer
    const [took, error] = yield* Await.timed(Expect.fails(
      "it does not answer",
      Effect.provide(
        Effect.flatMap(NameServer, (own) => own.route(topicName())),
        RocketMQ.layer({ nameServers: [silent.address], nameServerTimeout: "1500 millis" }).pipe(
          Layer.provide(Peer.transport),
          Layer.fresh
        )
      ),
      "NameServerUnavailableError"
    ))
    yield* Expect.took("after the time it was given", took, { atLeast: 1450, atMost: 3000 })
    yield* Expect.equal(
      "the reason is the time",
      error.failures.map(({ error }) => error._tag),
      ["NameServerTimeoutError"]
    )
  }),

  behaviour("an empty or misspelt list of name servers is refused before any connection", function*() {
    const { client } = yield* Cluster
    for (const nameServers of [[], ["localhost"], ["localhost:port"], ["http://localhost/"], ["host name:9876"]]) {
      const error = yield* Expect.fails(
        `${Expect.show(nameServers)} is refused`,
        Effect.provide(NameServer, client({ nameServers })),
        "TransportConfigError"
      )
      yield* Expect.mentions("the message tells the rule", error.message, ["must be"])
    }
  })
]
