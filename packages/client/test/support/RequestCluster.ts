import * as Broker from "@effect-rocketmq/client/Broker"
import * as Client from "@effect-rocketmq/client/Client"
import { Compression, CompressionError } from "@effect-rocketmq/client/Compression"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import * as Producer from "@effect-rocketmq/client/Producer"
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as RemotingCommand from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as TopicRouteData from "@effect-rocketmq/protocol/TopicRouteData"
import { Clock, Effect, Either, Layer } from "effect"
import * as Fake from "./FakeRemoting.js"
import { master, routeData } from "./routes.js"

/** A message as it arrived at a broker. */
export interface Arrival {
  readonly address: string
  readonly code: number
  readonly topic: string
  readonly properties: MessageProperties.Properties
  readonly body: string
  readonly at: number
  readonly born: number
}

/** What a fake codec puts before a body that it has compressed. */
export const MARK = 0xcc

const NAME_SERVER = "ns:1"

const sends: ReadonlySet<number> = new Set([RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_REPLY_MESSAGE_V2])

/** A client and its producer on brokers that do what the test says. */
export class RequestCluster {
  readonly arrivals: Array<Arrival> = []
  readonly beats: Array<readonly [address: string, at: number]> = []
  /** What an address answers instead of taking what it gets. */
  readonly answers: Record<string, (request: RemotingCommand.Request) => Fake.Answer | undefined> = {}
  readonly routes: Record<string, TopicRouteData.TopicRouteData>
  clientId = ""
  private readonly fake = Fake.make((address, request) => this.answer(address, request))

  constructor(brokers: ReadonlyArray<string> = ["broker-a"]) {
    const route = routeData(brokers.map((name) => master(name, `${name}:0`, 1)))
    this.routes = { orders: route, DefaultCluster_REPLY_TOPIC: route }
  }

  private answer(address: string, request: RemotingCommand.Request): Fake.Answer {
    if (address === NAME_SERVER) {
      const route = this.routes[request.extFields["topic"] ?? ""]
      return route === undefined ? Fake.refuse(ResponseCode.TOPIC_NOT_EXIST) : Fake.ok(TopicRouteData.encode(route))
    }
    return Effect.flatMap(Clock.currentTimeMillis, (at) => {
      if (request.code === RequestCode.HEART_BEAT) this.beats.push([address, at])
      if (sends.has(request.code)) {
        this.arrivals.push({
          address,
          code: request.code,
          topic: request.extFields["b"] ?? "",
          properties: MessageProperties.decode(request.extFields["i"] ?? ""),
          body: new TextDecoder().decode(request.body),
          at,
          born: Number(request.extFields["g"])
        })
      }
      return this.answers[address]?.(request) ?? stored(request)
    })
  }

  producer(options?: Partial<Producer.Options>) {
    const layer = Client.layer().pipe(
      Layer.provideMerge(Layer.merge(NameServer.layer({ nameServers: [NAME_SERVER] }), Broker.layer)),
      Layer.provide(this.fake.layer),
      Layer.merge(codecs)
    )
    return Effect.flatMap(Layer.build(layer), (context) =>
      Effect.provide(
        Effect.flatMap(Client.Client, (client) => {
          this.clientId = client.clientId
          return Producer.make({ group: "checkout", ...options })
        }),
        context
      ))
  }

  /** The broker pushes a reply. Gives the answer of the client. */
  push(
    properties: Readonly<Record<string, string | undefined>>,
    body: string | Uint8Array = "reply",
    changes?: { readonly sysFlag?: number; readonly bornHost?: string }
  ) {
    const given = Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
    const request = RequestHeader.PushReplyMessageToClient.make({
      producerGroup: "replier",
      topic: "DefaultCluster_REPLY_TOPIC",
      queueId: 0,
      sysFlag: changes?.sysFlag ?? 0,
      bornTimestamp: 1,
      flag: 7,
      properties: Either.getOrThrow(MessageProperties.encode(given as Record<string, string>)),
      bornHost: changes?.bornHost ?? "10.0.0.1:4711",
      storeHost: "10.0.0.2:10911",
      storeTimestamp: 2
    }, typeof body === "string" ? new TextEncoder().encode(body) : body)
    return this.fake.serve("broker-a:0", RemotingCommand.make({ ...request, opaque: 1 }))
  }

  /** The replies that arrived at brokers. */
  get replies(): ReadonlyArray<Arrival> {
    return this.arrivals.filter(({ code }) => code === RequestCode.SEND_REPLY_MESSAGE_V2)
  }
}

/** The answer of a broker that has stored a message. */
export const stored = (request: RemotingCommand.Request): Fake.Answer =>
  Fake.ok(undefined, { msgId: "ID", queueId: request.extFields["e"] ?? "0", queueOffset: "17" })

/** The answer of a broker that does not know the requester. */
export const notFound = Fake.refuse(
  ResponseCode.SYSTEM_ERROR,
  "push reply message fail, channel of <requester> not found."
)

const codecs = Layer.mock(Compression, {
  crc32: () => 0,
  compress: (_, bytes) => Effect.succeed(Uint8Array.of(MARK, ...bytes)),
  decompress: (type, bytes) =>
    bytes[0] === MARK
      ? Effect.succeed(bytes.slice(1))
      : Effect.fail(new CompressionError({ type, operation: "Decompress", reason: "Corrupt" }))
})

/** A request as a consumer got it from `broker-a`. */
export const received = (properties: Readonly<Record<string, string>>, bornTimestamp = 0): MessageExt.MessageExt => {
  const bytes = Either.getOrThrow(MessageExt.encode({
    topic: "orders",
    body: new TextEncoder().encode("request"),
    queueId: 0,
    queueOffset: 5n,
    commitLogOffset: 500n,
    bornTimestamp,
    bornHost: "10.0.0.1:4711",
    storeTimestamp: 0,
    storeHost: "10.0.0.2:10911",
    properties
  }))
  return MessageExt.decodeAll(bytes, { brokerName: "broker-a" }).messages[0]!
}

/** What makes a message a request. */
export const wanted = {
  CLUSTER: "DefaultCluster",
  CORRELATION_ID: "42",
  REPLY_TO_CLIENT: "requester",
  TTL: "3000",
  UNIQ_KEY: "K"
}
