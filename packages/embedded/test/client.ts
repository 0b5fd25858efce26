import type { Connection } from "@effect-rocketmq/client/Transport"
import { Transport } from "@effect-rocketmq/client/Transport"
import * as Frame from "@effect-rocketmq/protocol/Frame"
import * as LooseJson from "@effect-rocketmq/protocol/LooseJson"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as Remoting from "@effect-rocketmq/protocol/RemotingCommand"
import type { RemotingCommand } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import { Effect, Either } from "effect"
import * as Embedded from "../src/Embedded.js"
import * as EmbeddedCluster from "../src/EmbeddedCluster.js"

export const BROKER = "127.0.0.1:10911"
export const NAME_SERVER = "127.0.0.1:9876"

/** A client of the remoting protocol in a few lines: frames over the memory transport, answers by opaque. */
export interface Client {
  readonly connection: Connection
  /** Requests of the server, in the order of their arrival. */
  readonly pushes: Array<RemotingCommand>
  readonly onPush: { answer: ((push: RemotingCommand) => Remoting.Request | undefined) | undefined }
  readonly ended: () => boolean
  /** Bytes that came. */
  readonly received: () => number
  /** Why what came cannot be read, by the tag of the error. */
  readonly problem: () => string | undefined
  readonly call: (
    code: number,
    extFields?: Record<string, string>,
    body?: Uint8Array,
    options?: { readonly version?: number; readonly serializeType?: Remoting.SerializeType }
  ) => Effect.Effect<RemotingCommand>
  readonly oneway: (code: number, extFields?: Record<string, string>, body?: Uint8Array) => void
  readonly write: (bytes: Uint8Array) => void
}

export const connect = (address: string) =>
  Effect.gen(function*() {
    const transport = yield* Transport
    const connection = yield* transport.connect(address)
    const decoder = Frame.makeDecoder()
    const pending = new Map<number, (answer: RemotingCommand) => void>()
    const pushes: Array<RemotingCommand> = []
    const onPush: Client["onPush"] = { answer: undefined }
    let opaque = 100
    let ended = false
    let received = 0
    let problem: string | undefined
    connection.listen({
      onData: (chunk) => {
        received += chunk.length
        problem = decoder.push(chunk, (command) => {
          if (Remoting.isResponse(command)) {
            pending.get(command.opaque)?.(command)
            pending.delete(command.opaque)
            return
          }
          pushes.push(command)
          const answer = onPush.answer?.(command)
          if (answer !== undefined) connection.write(Remoting.encode(Remoting.response(command, answer)))
        })?._tag
      },
      onEnd: () => {
        ended = true
      },
      onDrain: () => {}
    })
    const client: Client = {
      connection,
      pushes,
      onPush,
      ended: () => ended,
      received: () => received,
      problem: () => problem,
      call: (code, extFields, body, options) =>
        Effect.async((resume) => {
          const id = opaque++
          pending.set(id, (answer) => resume(Effect.succeed(answer)))
          connection.write(Remoting.encode(Remoting.make({ code, extFields, body, opaque: id, ...options })))
        }),
      oneway: (code, extFields, body) => {
        connection.write(
          Remoting.encode(Remoting.make({ code, extFields, body, opaque: opaque++, flag: Remoting.FLAG_ONEWAY }))
        )
      },
      write: (bytes) => {
        connection.write(bytes)
      }
    }
    return client
  })

/** A cluster and a client on its first broker. */
export const withBroker = (options?: EmbeddedCluster.Options) =>
  Effect.gen(function*() {
    const cluster = yield* EmbeddedCluster.make(options)
    const open = (address: string) => Effect.provide(connect(address), Embedded.transport(cluster))
    const client = yield* open(BROKER)
    return { cluster, client, open }
  })

const encoder = new TextEncoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)

export const json = (command: RemotingCommand): LooseJson.Json =>
  Either.getOrThrow(LooseJson.parse(command.body ?? bytes("null")))

export interface SendOptions {
  readonly queueId?: number
  readonly tags?: string
  readonly properties?: Record<string, string>
  readonly body?: string
  readonly fields?: Record<string, string>
}

export const sendFields = (topic: string, options: SendOptions = {}): Record<string, string> => ({
  a: "PG",
  b: topic,
  c: "TBW102",
  d: "4",
  e: String(options.queueId ?? 0),
  f: "0",
  g: "1700000000000",
  h: "0",
  i: Either.getOrThrow(MessageProperties.encode({
    ...options.properties,
    ...(options.tags === undefined ? {} : { TAGS: options.tags })
  })),
  j: "0",
  k: "false",
  m: "false",
  ...options.fields
})

export const send = (client: Client, topic: string, options: SendOptions = {}) =>
  client.call(RequestCode.SEND_MESSAGE_V2, sendFields(topic, options), bytes(options.body ?? "Hello"))

export const subscription = (
  topic: string,
  options: { readonly codes?: Array<number>; readonly sub?: string } = {}
) => ({
  topic,
  subString: options.sub ?? "*",
  codeSet: options.codes ?? [],
  tagsSet: [],
  expressionType: "TAG",
  classFilterMode: false,
  subVersion: 1
})

export const heartbeat = (
  client: Client,
  clientId: string,
  group: string,
  subscriptions: Array<LooseJson.JsonObject>,
  producers: Array<string> = []
) =>
  client.call(
    RequestCode.HEART_BEAT,
    {},
    bytes(LooseJson.stringify({
      clientID: clientId,
      producerDataSet: producers.map((groupName) => ({ groupName })),
      consumerDataSet: subscriptions.length === 0 ? [] : [{
        groupName: group,
        consumeType: "CONSUME_PASSIVELY",
        messageModel: "CLUSTERING",
        consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
        subscriptionDataSet: subscriptions
      }],
      heartbeatFingerprint: 0,
      withoutSub: false
    }))
  )

export interface PullOptions {
  readonly queueId?: number
  readonly offset?: number
  readonly max?: number
  readonly suspend?: number
  readonly subVersion?: string
  readonly fields?: Record<string, string>
}

export const pull = (client: Client, group: string, topic: string, options: PullOptions = {}) =>
  client.call(RequestCode.PULL_MESSAGE, {
    consumerGroup: group,
    topic,
    queueId: String(options.queueId ?? 0),
    queueOffset: String(options.offset ?? 0),
    maxMsgNums: String(options.max ?? 32),
    sysFlag: options.suspend === undefined ? "0" : "2",
    commitOffset: "0",
    suspendTimeoutMillis: String(options.suspend ?? 0),
    subVersion: options.subVersion ?? "1",
    expressionType: "TAG",
    ...options.fields
  })
