/**
 * What a cluster holds, asked by plain requests beside any producer or consumer.
 *
 * @since 0.1.0
 */
import * as Broker from "@effect-rocketmq/client/Broker"
import * as NameServer from "@effect-rocketmq/client/NameServer"
import * as PullConsumer from "@effect-rocketmq/client/PullConsumer"
import type { TopicRoute } from "@effect-rocketmq/client/TopicRoute"
import * as KVTable from "@effect-rocketmq/protocol/KVTable"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TopicOptions } from "../TestCluster.js"
import { until } from "./until.js"

interface Master {
  readonly name: string
  readonly address: string
}

/** Every master, ordered by name. */
export const masters = Effect.gen(function*() {
  const nameServer = yield* NameServer.NameServer
  const info = yield* nameServer.clusterInfo
  const found: Array<Master> = []
  for (const [name, data] of info.brokerAddrTable) {
    const address = data.brokerAddrs.get(0)
    if (address !== undefined) found.push({ name, address })
  }
  return found.sort((left, right) => left.name < right.name ? -1 : 1)
})

const masterOf = (route: TopicRoute, queue: MessageQueue): string | undefined =>
  route.brokers.get(queue.brokerName)?.get(0)

export const createTopic = (topic: string, options: TopicOptions | undefined) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    const nameServer = yield* NameServer.NameServer
    const all = yield* masters
    const queues = options?.queues ?? 4
    for (const { address } of all) {
      yield* broker.createTopic(address, {
        attributes: {},
        order: false,
        perm: Permission.READ | Permission.WRITE,
        readQueueNums: queues,
        topicFilterType: "SINGLE_TAG",
        topicName: topic,
        topicSysFlag: 0,
        writeQueueNums: queues
      })
    }
    yield* until(
      `a route of ${topic} over ${all.length} brokers`,
      nameServer.refresh(topic),
      (route) => route.brokers.size === all.length && route.readQueues.length === all.length * queues
    )
  })

/** Takes topics and groups away again; what cannot be removed stays. */
export const remove = (topics: ReadonlyArray<string>, groups: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    const nameServer = yield* NameServer.NameServer
    const all = [...topics, ...groups.flatMap((group) => [Names.retryTopic(group), Names.dlqTopic(group)])]
    for (const { address } of yield* masters) {
      for (const group of groups) yield* Effect.ignore(broker.deleteGroup(address, group, true))
      for (const topic of all) yield* Effect.ignore(broker.deleteTopic(address, topic))
    }
    for (const topic of all) {
      yield* Effect.ignore(nameServer.requestAll(RequestHeader.DeleteTopicInNamesrv.make({ topic })))
    }
  })

/** To where a broker has stored messages in its commit log, and to where it has made them visible in queues. */
const progress = (address: string) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    const answer = yield* broker.request(address, RequestHeader.GetBrokerRuntimeInfo.make({}))
    const { table } = yield* KVTable.decode(answer.body ?? new Uint8Array(0))
    const stored = Number(table["commitLogMaxOffset"] ?? 0)
    return { stored, visible: stored - Number(table["dispatchBehindBytes"] ?? 0) }
  })

/**
 * Waits until all that was acknowledged so far can be read: Apache RocketMQ puts messages into queues a moment after it
 * has acknowledged them. What others store after the first look is not waited for.
 */
const dispatched = Effect.gen(function*() {
  for (const { address, name } of yield* masters) {
    let stored: number | undefined
    yield* until(
      `${name} to have put what it stored into queues`,
      progress(address),
      (now) => now.visible >= (stored ??= now.stored)
    ).pipe(Effect.catchTag("ExpectationError", () => Effect.void))
  }
})

/** The route of a topic, asked for anew or as it is known; none when there is no such topic. */
const routeOf = (topic: string, how: "refresh" | "route") =>
  Effect.flatMap(NameServer.NameServer, (nameServer) =>
    nameServer[how](topic).pipe(
      Effect.map(Option.some),
      Effect.catchTag("TopicRouteNotFoundError", () => Effect.succeedNone)
    ))

/** What a look at each queue gives, of queues whose master is there. */
const eachQueue = <A, E, R>(
  topic: string,
  look: (queue: MessageQueue, address: string) => Effect.Effect<A, E, R>
) =>
  Effect.gen(function*() {
    const route = yield* routeOf(topic, "refresh")
    const found: Array<A> = []
    if (Option.isNone(route)) return found
    for (const queue of route.value.readQueues) {
      const address = masterOf(route.value, queue)
      if (address !== undefined) found.push(yield* look(queue, address))
    }
    return found
  })

export const stored = (topic: string) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    yield* dispatched
    const queues = yield* eachQueue(topic, (queue, address) =>
      Effect.gen(function*() {
        let found: ReadonlyArray<MessageExt> = []
        let offset = yield* broker.minOffset(address, queue)
        const end = yield* broker.maxOffset(address, queue)
        while (offset < end) {
          const { messages, nextOffset } = yield* PullConsumer.pull(queue, offset).pipe(
            // retention went over the offset between two requests
            Effect.catchTags({
              OffsetOutOfRangeError: () => Effect.succeed({ messages: [], nextOffset: end }),
              InvalidSelectorError: Effect.die
            })
          )
          found = found.concat(messages)
          offset = nextOffset
        }
        return found
      }))
    return queues.flat()
  })

export const committed = (group: string, topic: string) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    const found = yield* eachQueue(topic, (queue, address) =>
      Effect.map(
        broker.queryConsumerOffset(address, group, queue),
        (offset) => [`${queue.brokerName}:${queue.queueId}`, offset] as const
      ))
    const offsets = new Map<string, bigint>()
    for (const [queue, offset] of found) if (Option.isSome(offset)) offsets.set(queue, offset.value)
    return offsets
  })

/** Messages of a queue that can be read and that a group has not committed. */
const behind = (group: string, queue: MessageQueue, address: string) =>
  Effect.gen(function*() {
    const broker = yield* Broker.Broker
    const end = yield* broker.maxOffset(address, queue)
    const offset = yield* broker.queryConsumerOffset(address, group, queue)
    return end - (Option.isSome(offset) ? offset.value : yield* broker.minOffset(address, queue))
  })

export const lag = (group: string, topic: string) =>
  dispatched.pipe(
    Effect.zipRight(eachQueue(topic, (queue, address) => behind(group, queue, address))),
    Effect.map((found) => found.reduce((sum, rest) => sum + rest, 0n))
  )

/** The first queue of a topic, as its route is known, of which a group has not committed all. */
const firstBehind = (group: string, topic: string) =>
  Effect.gen(function*() {
    const route = yield* routeOf(topic, "route")
    if (Option.isNone(route)) return undefined
    for (const queue of route.value.readQueues) {
      const address = masterOf(route.value, queue)
      const lag = address === undefined ? 0n : yield* behind(group, queue, address)
      if (lag !== 0n) return { queue: `${queue.brokerName}:${queue.queueId}`, lag }
    }
    return undefined
  })

/** Waits until a group has committed all of a topic. */
export const consumed = (group: string, topic: string, within: Duration.DurationInput | undefined) =>
  until(
    `${group} to have committed all of ${topic}`,
    // most looks see that it is not so far yet, at the first queue: the dear one confirms that it is
    Effect.flatMap(firstBehind(group, topic), (found) =>
      found !== undefined ? Effect.succeed(found) : Effect.map(lag(group, topic), (lag) => ({ queue: "all", lag }))),
    ({ lag }) =>
      lag === 0n,
    within
  )
