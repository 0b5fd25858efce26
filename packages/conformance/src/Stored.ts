/**
 * Messages put into queues and read out of them by plain broker requests, beside any producer or consumer.
 *
 * @since 0.1.0
 */
import type { PullResult, StoreResult } from "@effect-rocketmq/client/Broker"
import type { BrokerError } from "@effect-rocketmq/client/BrokerError"
import type { NameServerError } from "@effect-rocketmq/client/NameServerError"
import * as KVTable from "@effect-rocketmq/protocol/KVTable"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MessageProperties from "@effect-rocketmq/protocol/MessageProperties"
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Await from "./Await.js"
import * as Cluster from "./Cluster.js"
import type { ClaimFailedError } from "./Expect.js"
import * as Expect from "./Expect.js"

const encoder = new TextEncoder()

/**
 * @since 0.1.0
 * @category models
 */
export interface Put {
  readonly topic: string
  readonly body: string
  /** Default 0. */
  readonly queueId?: number | undefined
  readonly properties?: MessageProperties.Properties | undefined
  /** The broker. Default: the first master. */
  readonly address?: string | undefined
}

/**
 * The first master of the cluster.
 *
 * @since 0.1.0
 * @category constructors
 */
export const firstMaster = Effect.gen(function*() {
  const cluster = yield* Cluster.Cluster
  const [master] = yield* cluster.masters
  return yield* Expect.present("the cluster has a master", master)
})

/**
 * A queue of a topic on the first master, with that master's address.
 *
 * @since 0.1.0
 * @category constructors
 */
export const queueOf = (topic: string, queueId = 0) =>
  Effect.map(firstMaster, ({ address, brokerName }) => ({
    address,
    queue: MessageQueue.make(topic, brokerName, queueId)
  }))

/** To where a broker has stored messages in its commit log, and to where it has made them visible in queues. */
const progress = (address: string) =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const answer = yield* cluster.broker.request(address, RequestHeader.GetBrokerRuntimeInfo.make({}))
    const { table } = yield* KVTable.decode(answer.body ?? new Uint8Array(0))
    const stored = Number(table["commitLogMaxOffset"])
    return { stored, visible: stored - Number(table["dispatchBehindBytes"]) }
  })

/**
 * Waits until all that was acknowledged so far can be read: Apache RocketMQ puts messages into queues a moment after it
 * has acknowledged them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const dispatched: Effect.Effect<void, BrokerError | NameServerError | ClaimFailedError, Cluster.Cluster> = Effect
  .gen(function*() {
    const cluster = yield* Cluster.Cluster
    for (const { address, brokerName } of yield* cluster.masters) {
      // what others store after the first look is not waited for
      let stored: number | undefined
      yield* Await.until(
        `${brokerName} has put what it stored into queues`,
        progress(address),
        (now) => now.visible >= (stored ??= now.stored),
        { every: "20 millis" }
      )
    }
  })

/**
 * Has a broker store one message, and waits until it can be read.
 *
 * @since 0.1.0
 * @category combinators
 */
export const put = (
  message: Put
): Effect.Effect<StoreResult, BrokerError | NameServerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const address = message.address ?? (yield* firstMaster).address
    const properties = MessageProperties.encode(message.properties ?? {})
    const stored = yield* cluster.broker.send(
      address,
      message.topic,
      RequestHeader.SendMessageV2.make({
        producerGroup: "c-store",
        topic: message.topic,
        defaultTopic: Names.DEFAULT_TOPIC,
        defaultTopicQueueNums: 4,
        queueId: message.queueId ?? 0,
        sysFlag: 0,
        bornTimestamp: yield* Clock.currentTimeMillis,
        flag: 0,
        properties: Either.getOrThrow(properties)
      }, encoder.encode(message.body)),
      5000
    ).pipe(
      // a broker that is busy has stored nothing
      Effect.retry({ while: (error) => error._tag === "BrokerBusyError", times: 20, schedule: Schedule.spaced(250) })
    )
    yield* dispatched
    return stored
  })

/**
 * One pull without any membership: the subscription travels with the request.
 *
 * @since 0.1.0
 * @category combinators
 */
export const pull = (
  topic: string,
  offset: bigint,
  options?: {
    /** Default: the first master. */
    readonly master?: Cluster.Master
    readonly queueId?: number
    readonly suspendTimeout?: number
    readonly tags?: string
    readonly group?: string
    readonly maxMessages?: number
  }
): Effect.Effect<PullResult, BrokerError | NameServerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const master = options?.master ?? (yield* firstMaster)
    return yield* cluster.broker.pull(master.address, {
      group: options?.group ?? "c-reader",
      topic,
      brokerName: master.brokerName,
      queueId: options?.queueId ?? 0,
      offset,
      maxMessages: options?.maxMessages ?? 32,
      commitOffset: Option.none(),
      suspendTimeout: options?.suspendTimeout ?? 0,
      subVersion: 0,
      subscription: { expressionType: "TAG", expression: options?.tags ?? "*" }
    }, 20_000)
  })

/**
 * Everything that a topic holds on all masters, queue by queue in the order of offsets, as it is stored.
 *
 * @since 0.1.0
 * @category combinators
 */
export const readAll = (
  topic: string
): Effect.Effect<ReadonlyArray<MessageExt>, BrokerError | NameServerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    yield* dispatched
    const route = yield* cluster.route(topic)
    const found: Array<MessageExt> = []
    for (const queue of route.readQueues) {
      const address = yield* Expect.present(
        `broker ${queue.brokerName} has a master`,
        route.brokers.get(queue.brokerName)?.get(0)
      )
      let offset = yield* cluster.broker.minOffset(address, queue)
      const end = yield* cluster.broker.maxOffset(address, queue)
      while (offset < end) {
        const result = yield* pull(topic, offset, {
          master: { address, brokerName: queue.brokerName },
          queueId: queue.queueId
        })
        for (const message of result.messages) found.push(message)
        if (result.nextBeginOffset <= offset) break
        offset = result.nextBeginOffset
      }
    }
    return found
  })

/**
 * What a group has committed, by queue (`broker:id`), of all queues of a topic; queues without a commit are left out.
 *
 * @since 0.1.0
 * @category combinators
 */
export const committed = (
  group: string,
  topic: string
): Effect.Effect<ReadonlyMap<string, bigint>, BrokerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.gen(function*() {
    const cluster = yield* Cluster.Cluster
    const route = yield* cluster.route(topic)
    const found = new Map<string, bigint>()
    for (const queue of route.readQueues) {
      const address = yield* Expect.present(
        `broker ${queue.brokerName} has a master`,
        route.brokers.get(queue.brokerName)?.get(0)
      )
      const offset = yield* cluster.broker.queryConsumerOffset(address, group, queue)
      if (Option.isSome(offset)) found.set(`${queue.brokerName}:${queue.queueId}`, offset.value)
    }
    return found
  })

/**
 * The sum of what a group has committed: the number of messages that it is done with, when it began at the first.
 *
 * @since 0.1.0
 * @category combinators
 */
export const committedSum = (
  group: string,
  topic: string
): Effect.Effect<bigint, BrokerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.map(committed(group, topic), (offsets) => [...offsets.values()].reduce((a, b) => a + b, 0n))

/**
 * The dead letters of a group on one broker. Brokers make dead-letter topics write-only, and consumers could not read
 * them; a message is viewed by its place in the log, which the index of unique keys knows.
 *
 * @since 0.1.0
 * @category combinators
 */
export const deadLetters = (
  group: string,
  address: string,
  uniqueKey: string
): Effect.Effect<ReadonlyArray<MessageExt>, BrokerError | ClaimFailedError, Cluster.Cluster> =>
  Effect.flatMap(Cluster.Cluster, ({ broker }) =>
    Await.until(
      `a dead letter of ${group} is found`,
      broker.queryMessage(address, {
        topic: Names.dlqTopic(group),
        key: uniqueKey,
        unique: true,
        maxCount: 32,
        begin: 0,
        end: Number.MAX_SAFE_INTEGER
      }),
      (found) => found.length > 0
    ))
