import { Broker, type EndTransactionRequest, type StoreResult } from "@effect-rocketmq/client/Broker"
import * as BrokerError from "@effect-rocketmq/client/BrokerError"
import { Client, type ProducerMember } from "@effect-rocketmq/client/Client"
import { Compression } from "@effect-rocketmq/client/Compression"
import { NameServer, type RouteChange } from "@effect-rocketmq/client/NameServer"
import { type AutoCreation, TopicRouteNotFoundError } from "@effect-rocketmq/client/NameServerError"
import * as Producer from "@effect-rocketmq/client/Producer"
import { RequestTimeoutError } from "@effect-rocketmq/client/RemotingError"
import * as TopicRoute from "@effect-rocketmq/client/TopicRoute"
import { ConnectionClosedError, ConnectionFailedError } from "@effect-rocketmq/client/TransportError"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import type { Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { Effect, Either, Layer, Option } from "effect"
import { master, routeData } from "./routes.js"

/** A send as it arrived at a broker. */
export interface Arrival {
  readonly address: string
  readonly request: Request
  readonly timeout: number
  readonly at: number
}

/** The end of a transaction as it arrived at a broker. */
export interface EndArrival {
  readonly address: string
  readonly request: EndTransactionRequest
  readonly timeout: number | undefined
  readonly at: number
}

/** What a broker does with a send. */
export type Behaviour = (arrival: Arrival) => Effect.Effect<StoreResult, BrokerError.BrokerError>

/** The services below a producer, in memory: brokers do what `behave` says, and everything is written down. */
export class ProducerCluster {
  readonly arrivals: Array<Arrival> = []
  readonly oneways: Array<Arrival> = []
  readonly behaviours = new Map<string, Behaviour>()
  readonly routes = new Map<string, TopicRoute.TopicRoute>()
  readonly groups = new Set<string>()
  readonly members = new Map<string, ProducerMember>()
  readonly ends: Array<EndArrival> = []
  /** What a broker does with the end of a transaction. */
  endWith: (end: EndArrival) => Effect.Effect<void, BrokerError.BrokerError> = () => Effect.void
  /** Unique keys of messages that brokers find when asked. */
  readonly delivered = new Set<string>()
  readonly watched: Array<string> = []
  readonly refreshes: Array<string> = []
  readonly compressed: Array<number> = []
  autoCreation: AutoCreation = "Off"
  /** Why nothing can be written oneway to its address. */
  onewayFailure: ConnectionFailedError | undefined = undefined
  private readonly listeners = new Set<(change: RouteChange) => void>()
  private readonly pending = new Map<Request, () => void>()
  private keys = 0
  private stored = 0n

  constructor(brokers: Record<string, number> = { "broker-a": 4 }) {
    this.route("orders", brokers)
  }

  addressOf(brokerName: string): string {
    return `${brokerName}:10911`
  }

  route(topic: string, brokers: Record<string, number>, perm = 6): void {
    const shapes = Object.entries(brokers).map(([name, queues]) => ({
      ...master(name, this.addressOf(name), queues),
      perm
    }))
    this.changeRoute(topic, TopicRoute.make(topic, routeData(shapes)))
  }

  changeRoute(topic: string, route: TopicRoute.TopicRoute | undefined): void {
    if (route === undefined) this.routes.delete(topic)
    else this.routes.set(topic, route)
    for (const listener of this.listeners) listener({ topic, route: Option.fromNullable(route) })
  }

  behave(brokerName: string, behaviour: Behaviour): void {
    this.behaviours.set(this.addressOf(brokerName), behaviour)
  }

  /** Brokers and queue ids in the order of arrival. */
  get sequence(): Array<string> {
    return this.arrivals.map((arrival) => `${arrival.address.split(":")[0]}/${arrival.request.extFields["e"]}`)
  }

  readonly accept: Behaviour = (arrival) =>
    Effect.sync(() => ({
      status: "SEND_OK",
      offsetId: `ID${this.stored}`,
      queueId: Number(arrival.request.extFields["e"]),
      queueOffset: this.stored++,
      transactionId: undefined,
      recallHandle: undefined,
      regionId: "DefaultRegion",
      traceOn: true
    }))

  readonly refuseConnection: Behaviour = ({ address }) =>
    Effect.fail(new ConnectionFailedError({ address, cause: new Error("connect ECONNREFUSED") }))

  readonly loseConnection: Behaviour = ({ address }) =>
    Effect.fail(new ConnectionClosedError({ address, reason: "PeerClosed", pending: true }))

  /** Never answers, as a frozen broker. */
  readonly freeze: Behaviour = ({ address, request, timeout }) =>
    Effect.raceFirst(
      Effect.zipRight(
        Effect.sleep(timeout),
        Effect.fail(new RequestTimeoutError({ address, code: request.code, timeout, written: true }))
      ),
      Effect.async<never, ConnectionClosedError>((resume) => {
        const fail = () =>
          resume(Effect.fail(new ConnectionClosedError({ address, reason: "ScopeClosed", pending: true })))
        this.pending.set(request, fail)
        return Effect.sync(() => this.pending.delete(request))
      })
    )

  answer(Error: new(answer: BrokerError.Answer) => BrokerError.BrokerError, responseCode: number): Behaviour {
    return ({ address, request }) =>
      Effect.fail(new Error({ address, requestCode: request.code, responseCode, remark: "as the test says" }))
  }

  private arrive(address: string, request: Request, timeout: number): Effect.Effect<Arrival> {
    return Effect.map(Effect.clockWith((clock) => clock.currentTimeMillis), (at) => ({ address, request, timeout, at }))
  }

  private readonly lookup = (topic: string): Effect.Effect<TopicRoute.TopicRoute, TopicRouteNotFoundError> => {
    const route = this.routes.get(topic)
    return route === undefined
      ? Effect.fail(
        new TopicRouteNotFoundError({
          topic,
          addresses: ["ns:9876"],
          autoCreation: this.autoCreation,
          failures: []
        })
      )
      : Effect.succeed(route)
  }

  readonly layer: Layer.Layer<NameServer | Broker | Client | Compression> = Layer.mergeAll(
    Layer.mock(NameServer, {
      route: this.lookup,
      brokerAddress: () => undefined,
      brokerAddresses: () => new Map(),
      brokers: () => new Map(),
      cached: (topic) => this.routes.get(topic),
      refresh: (topic) =>
        Effect.suspend(() => {
          this.refreshes.push(topic)
          return this.lookup(topic)
        }),
      forget: () => Effect.void,
      onChange: (listener) => Effect.sync(() => void this.listeners.add(listener))
    }),
    Layer.mock(Broker, {
      version: () => Effect.succeed(MqVersion.V5_3_2),
      abandon: (predicate) =>
        Effect.sync(() => {
          const given = Array.from(this.pending).filter(([request]) => predicate(request))
          for (const [request, fail] of given) {
            this.pending.delete(request)
            fail()
          }
          return given.length
        }),
      send: (address, _topic, request, timeout) =>
        Effect.flatMap(this.arrive(address, request, timeout), (arrival) => {
          this.arrivals.push(arrival)
          return (this.behaviours.get(address) ?? this.accept)(arrival)
        }),
      sendOneway: (address, request) =>
        this.onewayFailure?.address === address
          ? Effect.fail(this.onewayFailure)
          : Effect.map(this.arrive(address, request, 0), (arrival) => void this.oneways.push(arrival)),
      endTransaction: (address, request, timeout) =>
        Effect.flatMap(Effect.clockWith((clock) => clock.currentTimeMillis), (at) => {
          const arrival = { address, request, timeout, at }
          this.ends.push(arrival)
          return this.endWith(arrival)
        }),
      queryMessage: (_address, { key, topic }) =>
        Effect.sync(() => this.delivered.has(key) ? [storedMessage({ topic, uniqueKey: key })] : [])
    }),
    Layer.mock(Client, {
      clientId: "test",
      nextUniqueKey: () => String(++this.keys).padStart(32, "0"),
      registerProducer: (member) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => {
              this.groups.add(member.group)
              this.members.set(member.group, member)
            }),
            () => Effect.sync(() => this.groups.delete(member.group))
          )
        ),
      watchTopic: (topic) => Effect.sync(() => void this.watched.push(topic))
    }),
    Layer.mock(Compression, {
      crc32: () => 0,
      compress: (_type, bytes) =>
        Effect.sync(() => {
          this.compressed.push(bytes.length)
          return bytes[0] === 0 ? bytes.slice(0, 10) : new Uint8Array([...bytes, 0])
        }),
      decompress: (_type, bytes) => Effect.sync(() => bytes.slice().reverse())
    })
  )

  producer(options?: Partial<Producer.Options>) {
    return Effect.provide(Producer.make({ group: "checkout", ...options }), this.layer)
  }
}

/** A message as brokers keep it. */
export const storedMessage = (fields: {
  readonly topic?: string
  readonly uniqueKey?: string
  readonly body?: Uint8Array
  readonly sysFlag?: number
  readonly properties?: Readonly<Record<string, string>>
}): MessageExt.MessageExt => {
  const bytes = Either.getOrThrow(MessageExt.encode({
    topic: fields.topic ?? "orders",
    queueId: 0,
    queueOffset: 0n,
    commitLogOffset: 0n,
    flag: 0,
    sysFlag: fields.sysFlag ?? 0,
    bornTimestamp: 0,
    bornHost: "127.0.0.1:1",
    storeTimestamp: 0,
    storeHost: "127.0.0.1:10911",
    reconsumeTimes: 0,
    preparedTransactionOffset: 0n,
    body: fields.body ?? new Uint8Array([1, 2, 3]),
    properties: {
      ...fields.properties,
      ...(fields.uniqueKey === undefined ? {} : { UNIQ_KEY: fields.uniqueKey })
    }
  }))
  return MessageExt.decodeAll(bytes).messages[0]!
}

/** Has a `SYSTEM_ERROR` of the broker as its answer. */
export const systemError = (cluster: ProducerCluster): Behaviour => cluster.answer(BrokerError.BrokerSystemError, 1)

/** The properties that a send carried. */
export const propertiesOf = (arrival: Arrival | undefined): Record<string, string> =>
  Object.fromEntries(
    (arrival?.request.extFields["i"] ?? "").split("\x02").filter((entry) => entry !== "").map((entry) => {
      const at = entry.indexOf("\x01")
      return [entry.slice(0, at), entry.slice(at + 1)]
    })
  )

/** The code of single sends. */
export const SEND = RequestCode.SEND_MESSAGE_V2
