/**
 * A cluster of one broker without a wire: services that record what they are asked, and answer from memory.
 */
import * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import { Clock, Context, Effect, Either, Layer, Option } from "effect"
import * as Broker from "../../src/Broker.js"
import * as BrokerError from "../../src/BrokerError.js"
import * as Client from "../../src/Client.js"
import * as Compression from "../../src/Compression.js"
import * as NameServer from "../../src/NameServer.js"
import type { NameServerError } from "../../src/NameServerError.js"
import { TopicRouteNotFoundError } from "../../src/NameServerError.js"
import { RequestTimeoutError } from "../../src/RemotingError.js"
import type { TopicRoute } from "../../src/TopicRoute.js"

export const ADDRESS = "10.0.0.1:10911"
export const BROKER = "broker-a"
export const GROUP = "billing"
export const RETRY = "%RETRY%billing"

export interface Stored {
  readonly body?: Uint8Array
  readonly tags?: string
  readonly properties?: Record<string, string>
  readonly sysFlag?: number
  readonly reconsumeTimes?: number
}

export const message = (topic: string, queueId: number, offset: number, stored: Stored = {}): MessageExt.MessageExt => {
  const bytes = Either.getOrThrow(MessageExt.encode({
    topic,
    body: stored.body ?? new TextEncoder().encode(`${topic}-${queueId}-${offset}`),
    queueId,
    queueOffset: BigInt(offset),
    commitLogOffset: BigInt(queueId * 1_000_000 + offset * 100),
    bornTimestamp: 1,
    bornHost: "10.0.0.9:1",
    storeTimestamp: 2,
    storeHost: ADDRESS,
    sysFlag: stored.sysFlag ?? 0,
    reconsumeTimes: stored.reconsumeTimes ?? 0,
    properties: {
      UNIQ_KEY: `KEY-${topic}-${queueId}-${offset}`,
      ...(stored.tags === undefined ? {} : { TAGS: stored.tags }),
      ...stored.properties
    }
  }))
  return MessageExt.decodeAll(bytes, { brokerName: BROKER }).messages[0]!
}

export interface Pull extends Broker.PullRequest {
  readonly address: string
  readonly timeout: number
  readonly at: number
}

export interface FakeQueue {
  readonly queue: MessageQueue.MessageQueue
  /** By offset; `undefined` is a place without a message. */
  readonly log: Array<MessageExt.MessageExt | undefined>
  min: number
}

export const refused = (code: number, requestCode = 0, remark?: string): BrokerError.BrokerAnswerError =>
  Broker_errorOf(code, requestCode, remark)

const Broker_errorOf = (responseCode: number, requestCode: number, remark?: string): BrokerError.BrokerAnswerError => {
  const answer = { address: ADDRESS, requestCode, responseCode, remark }
  switch (responseCode) {
    case ResponseCode.SUBSCRIPTION_NOT_LATEST:
      return new BrokerError.SubscriptionNotLatestError(answer)
    case ResponseCode.SYSTEM_ERROR:
      return new BrokerError.BrokerSystemError(answer)
    case ResponseCode.NO_PERMISSION:
      return new BrokerError.PermissionDeniedError({ ...answer, reason: "Broker" })
    default:
      return new BrokerError.BrokerResponseError(answer)
  }
}

export const timedOut = (code: number) =>
  new RequestTimeoutError({ address: ADDRESS, code, timeout: 3000, written: true })

/** Everything the services share; tests change it as they like. */
export class Cluster {
  readonly clientId = "me@1"
  readonly queues = new Map<string, FakeQueue>()
  readonly topics = new Set<string>([RETRY])
  members: ReadonlyArray<string> | undefined = [this.clientId]
  readonly committed = new Map<string, bigint>()
  readonly addresses = new Map<number, string>([[0, ADDRESS]])
  readonly pulls: Array<Pull> = []
  readonly commits: Array<readonly [key: string, offset: bigint]> = []
  readonly sentBack: Array<Parameters<Broker.Broker["Type"]["sendMessageBack"]>[1]> = []
  readonly sends: Array<{ readonly topic: string; readonly request: Request }> = []
  readonly trace: Array<string> = []
  readonly heartbeats: Array<string> = []
  /** Topics that are no longer watched, and how long the trace was then. */
  readonly unwatched = new Map<string, number>()
  /** Who holds the lock of a queue, by key; a test may give it to somebody else. */
  readonly locks = new Map<string, string>()
  /** The queues of each request to lock, by key, with its time. */
  readonly lockRequests: Array<{ readonly keys: ReadonlyArray<string>; readonly at: number }> = []
  readonly fetches: Array<string> = []
  member: Client.ConsumerMember | undefined
  routeListeners: Array<(change: NameServer.RouteChange) => void> = []
  private arrivals: Array<() => void> = []

  /** Hooks that tests set to make an answer go wrong; `undefined`: the normal answer. */
  onPull: (pull: Pull) => Effect.Effect<Broker.PullResult, BrokerError.BrokerError> | undefined = () => undefined
  onFetch: () => BrokerError.BrokerError | undefined = () => undefined
  onRoute: () => NameServerError | undefined = () => undefined
  onCommit: () => BrokerError.BrokerError | undefined = () => undefined
  /** How long a commit takes, in milliseconds, and how many are under way. */
  commitTakes = 0
  committing = 0
  onSendBack: () => BrokerError.BrokerError | undefined = () => undefined
  onCheck: () => BrokerError.BrokerError | undefined = () => undefined
  onLock: () => Effect.Effect<void, BrokerError.BrokerError> = () => Effect.void
  onSend: () => BrokerError.BrokerError | undefined = () => undefined
  /** By default nobody is in the group. */
  onRequest: (request: Request) => Pick<RemotingCommand, "code" | "body"> = () => ({
    code: ResponseCode.CONSUMER_NOT_ONLINE,
    body: undefined
  })
  maxPull = 32
  /**
   * What a pull carries is stored after the next commit, or not before the next pull, as by a broker that serves them side by
   * side.
   */
  carriesLate: false | "commit" | "pull" = false
  private readonly late = new Map<string, bigint>()

  constructor(topics: Readonly<Record<string, number>>) {
    for (const [topic, count] of Object.entries(topics)) this.addTopic(topic, count)
    this.addTopic(RETRY, 1)
  }

  addTopic(topic: string, count: number): void {
    this.topics.add(topic)
    for (let id = 0; id < count; id++) {
      const queue = MessageQueue.make(topic, BROKER, id)
      const key = MessageQueue.key(queue)
      if (!this.queues.has(key)) this.queues.set(key, { queue, log: [], min: 0 })
    }
  }

  queue(topic: string, id = 0): FakeQueue {
    return this.queues.get(MessageQueue.key(MessageQueue.make(topic, BROKER, id)))!
  }

  key(topic: string, id = 0): string {
    return MessageQueue.key(MessageQueue.make(topic, BROKER, id))
  }

  /** Stores messages at the end of a queue and wakes held pulls. */
  store(topic: string, id: number, ...all: ReadonlyArray<Stored | undefined>): void {
    const { log } = this.queue(topic, id)
    for (const stored of all) {
      log.push(stored === undefined ? undefined : message(topic, id, log.length, stored))
    }
    const waiting = this.arrivals
    this.arrivals = []
    for (const wake of waiting) wake()
  }

  fill(topic: string, id: number, count: number): void {
    this.store(topic, id, ...Array.from({ length: count }, () => ({})))
  }

  route(topic: string): TopicRoute | undefined {
    if (!this.topics.has(topic)) return undefined
    const queues = [...this.queues.values()].map(({ queue }) => queue).filter((queue) => queue.topic === topic)
    return {
      topic,
      writeQueues: queues,
      readQueues: queues,
      brokers: new Map([[BROKER, this.addresses]]),
      data: { brokerDatas: [], queueDatas: [], filterServerTable: new Map() } as unknown as TopicRoute["data"]
    }
  }

  answer(request: Broker.PullRequest, status?: Broker.PullResult["status"]): Broker.PullResult {
    const { log, min } = this.queue(request.topic, request.queueId)
    const from = Number(request.offset)
    const to = Math.min(log.length, from + Math.min(request.maxMessages, this.maxPull))
    const messages = log.slice(from, to).filter((stored) => stored !== undefined)
    return {
      status: status ?? (from < min || from > log.length
        ? "OffsetIllegal"
        : from === to
        ? "NoNewMessage"
        : messages.length > 0
        ? "Found"
        : "NoMatchedMessage"),
      nextBeginOffset: BigInt(from < min ? min : from > log.length ? log.length : to),
      minOffset: BigInt(min),
      maxOffset: BigInt(log.length),
      suggestedBrokerId: 0,
      messages: from < min ? [] : messages,
      undecodable: [],
      bytes: messages.reduce((sum, stored) => sum + stored.storeSize, 0)
    }
  }

  private readonly arrival = Effect.async<void>((resume) => {
    this.arrivals.push(() => resume(Effect.void))
  })

  private readonly commitTime = Effect.suspend(() => {
    if (this.commitTakes === 0) return Effect.void
    this.committing++
    return Effect.ensuring(Effect.sleep(this.commitTakes), Effect.sync(() => this.committing--))
  })

  /** Stores what the pull of a queue carried that came last, unless it is stored. */
  comeToPull(key: string): void {
    const offset = this.late.get(key)
    this.late.delete(key)
    if (offset !== undefined) this.committed.set(key, offset)
  }

  private readonly pull = (
    address: string,
    request: Broker.PullRequest,
    timeout: number
  ): Effect.Effect<Broker.PullResult, BrokerError.BrokerError> =>
    Effect.gen(this, function*() {
      const pull: Pull = { ...request, address, timeout, at: yield* Clock.currentTimeMillis }
      if (this.carriesLate === "pull") this.comeToPull(this.key(request.topic, request.queueId))
      this.pulls.push(pull)
      this.trace.push(`pull ${request.topic}@${request.queueId}`)
      if (Option.isSome(request.commitOffset)) {
        const stored = this.carriesLate === false ? this.committed : this.late
        stored.set(this.key(request.topic, request.queueId), request.commitOffset.value)
      }
      const other = this.onPull(pull)
      if (other !== undefined) return yield* other
      const first = this.answer(request)
      if (first.status !== "NoNewMessage" || request.suspendTimeout === 0) return first
      const woken = yield* Effect.timeoutOption(this.arrival, request.suspendTimeout)
      const second = this.answer(request)
      return Option.isNone(woken) || second.status !== "NoNewMessage"
        ? second
        : yield* this.pull(address, request, timeout)
    })

  private readonly unused = (name: string) => () => Effect.dieMessage(`${name} is not expected`)

  readonly layer: Layer.Layer<Broker.Broker | NameServer.NameServer | Client.Client | Compression.Compression> =
    (() => {
      const broker = {
        ...Object.fromEntries(
          [
            "sendOneway",
            "earliestStoreTime",
            "viewMessage",
            "queryMessage",
            "heartbeat",
            "unregister",
            "createTopic",
            "deleteTopic",
            "topicConfig",
            "topicStats",
            "createGroup",
            "deleteGroup",
            "consumeStats",
            "resetOffset"
          ].map((name) => [name, this.unused(name)])
        ),
        request: (_address: string, request: Request) => Effect.sync(() => this.onRequest(request)),
        send: (_address: string, topic: string, request: Request) =>
          Effect.suspend(() => {
            this.sends.push({ topic, request })
            const error = this.onSend()
            return error === undefined
              ? Effect.succeed({
                status: "SEND_OK",
                offsetId: "",
                queueId: 0,
                queueOffset: 0n,
                transactionId: undefined,
                recallHandle: undefined,
                regionId: undefined,
                traceOn: true
              })
              : Effect.fail(error)
          }),
        lockQueues: (
          _address: string,
          clientId: string,
          _group: string,
          queues: ReadonlyArray<MessageQueue.MessageQueue>
        ) =>
          Effect.gen(this, function*() {
            const keys = queues.map(MessageQueue.key)
            this.lockRequests.push({ keys, at: yield* Clock.currentTimeMillis })
            for (const { queueId, topic } of queues) this.trace.push(`lock ${topic}@${queueId}`)
            yield* this.onLock()
            for (const key of keys) if (!this.locks.has(key)) this.locks.set(key, clientId)
            return queues.filter((queue) => this.locks.get(MessageQueue.key(queue)) === clientId)
          }),
        unlockQueues: (
          _address: string,
          clientId: string,
          _group: string,
          queues: ReadonlyArray<MessageQueue.MessageQueue>
        ) =>
          Effect.sync(() => {
            for (const queue of queues) {
              this.trace.push(`unlock ${queue.topic}@${queue.queueId}`)
              if (this.locks.get(MessageQueue.key(queue)) === clientId) this.locks.delete(MessageQueue.key(queue))
            }
          }),
        pull: this.pull,
        queryConsumerOffset: (_address: string, _group: string, queue: MessageQueue.MessageQueue) =>
          Effect.suspend(() => {
            const key = MessageQueue.key(queue)
            this.fetches.push(key)
            this.trace.push(`fetch ${queue.topic}@${queue.queueId}`)
            const error = this.onFetch()
            return error === undefined
              ? Effect.succeed(Option.fromNullable(this.committed.get(key)))
              : Effect.fail(error)
          }),
        updateConsumerOffset: (_address: string, _group: string, queue: MessageQueue.MessageQueue, offset: bigint) =>
          Effect.zipRight(
            this.commitTime,
            Effect.suspend(() => {
              const error = this.onCommit()
              if (error !== undefined) return Effect.fail(error)
              this.commits.push([MessageQueue.key(queue), offset])
              this.trace.push(`commit ${queue.topic}@${queue.queueId}`)
              const late = this.carriesLate === "commit" ? this.late.get(MessageQueue.key(queue)) : undefined
              if (late !== undefined) this.late.delete(MessageQueue.key(queue))
              this.committed.set(MessageQueue.key(queue), late ?? offset)
              return Effect.void
            })
          ),
        maxOffset: (_address: string, queue: MessageQueue.MessageQueue) =>
          Effect.sync(() => BigInt(this.queue(queue.topic, queue.queueId).log.length)),
        minOffset: (_address: string, queue: MessageQueue.MessageQueue) =>
          Effect.sync(() => BigInt(this.queue(queue.topic, queue.queueId).min)),
        searchOffset: (_address: string, queue: MessageQueue.MessageQueue, timestamp: number) =>
          Effect.sync(() => {
            this.trace.push(`search ${queue.topic}@${queue.queueId} ${timestamp}`)
            return 0n
          }),
        consumerList: () =>
          Effect.sync(() => {
            this.trace.push("members")
            return Option.fromNullable(this.members)
          }),
        checkSubscription: () =>
          Effect.suspend(() => {
            const error = this.onCheck()
            return error === undefined ? Effect.void : Effect.fail(error)
          }),
        sendMessageBack: (_address: string, request: Parameters<Broker.Broker["Type"]["sendMessageBack"]>[1]) =>
          Effect.suspend(() => {
            this.sentBack.push(request)
            const error = this.onSendBack()
            return error === undefined ? Effect.void : Effect.fail(error)
          })
      } as unknown as Broker.Broker["Type"]

      const nameServer = {
        route: (topic: string) =>
          Effect.suspend(() => {
            this.trace.push(`route ${topic}`)
            const error = this.onRoute()
            if (error !== undefined) return Effect.fail(error)
            const route = this.route(topic)
            return route === undefined
              ? Effect.fail(
                new TopicRouteNotFoundError({ topic, addresses: [], autoCreation: "Unknown", failures: [] })
              )
              : Effect.succeed(route)
          }),
        cached: (topic: string) => this.route(topic),
        onChange: (listener: (change: NameServer.RouteChange) => void) =>
          Effect.sync(() => {
            this.routeListeners.push(listener)
          }),
        brokerAddress: (name: string, id = 0) => name === BROKER ? this.addresses.get(id) : undefined,
        brokerAddresses: (name: string) => name === BROKER ? this.addresses : new Map()
      } as unknown as NameServer.NameServer["Type"]

      const client = {
        clientId: this.clientId,
        nextUniqueKey: () => "",
        registerProducer: () => Effect.void,
        registerConsumer: (member: Client.ConsumerMember) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              this.trace.push("register")
              this.member = member
            }),
            () =>
              Effect.sync(() => {
                this.trace.push("unregister")
              })
          ),
        watchTopic: (topic: string) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              this.trace.push(`watch ${topic}`)
            }),
            () =>
              Effect.sync(() => {
                this.unwatched.set(topic, this.trace.length)
              })
          ),
        heartbeat: Effect.sync(() => {
          this.trace.push(`beat ${this.member?.subscriptions().map(({ topic }) => topic).join(" ")}`)
        }),
        heartbeatTo: (address: string) =>
          Effect.sync(() => {
            this.trace.push("heartbeat")
            this.heartbeats.push(address)
          }),
        introduce: () => Effect.void,
        expectReply: () => Effect.succeed(Effect.void)
      } as Client.Client["Type"]

      const compression: Compression.Compression["Type"] = {
        decompress: (type, bytes) =>
          bytes[0] === 0xff
            ? Effect.fail(new Compression.CompressionError({ type, operation: "Decompress", reason: "Corrupt" }))
            : Effect.succeed(bytes.slice(1)),
        compress: (_, bytes) => Effect.succeed(bytes),
        crc32: () => 0
      }
      return Layer.succeedContext(
        Context.make(Broker.Broker, broker).pipe(
          Context.add(NameServer.NameServer, nameServer),
          Context.add(Client.Client, client),
          Context.add(Compression.Compression, compression)
        )
      )
    })()
}
