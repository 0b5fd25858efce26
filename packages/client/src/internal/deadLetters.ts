import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Broker } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import * as BrokerErrors from "../BrokerError.js"
import { DeadLetterError } from "../DeadLetterError.js"
import type { DeadLetter, ReadOptions, Redriven, RedriveOptions, Summary } from "../DeadLetters.js"
import { NameServer } from "../NameServer.js"
import type { TopicRoute } from "../TopicRoute.js"
import * as MessageCopy from "./messageCopy.js"

/** The group that Apache RocketMQ's own tools read under. */
const READER = "TOOLS_CONSUMER"

const PULL_SIZE = 32

/** How often who follows the dead letters looks for brokers that have their first. */
const LOOK_INTERVAL = "3 seconds"

const TIMEOUT = 5_000

/** Attempts that a redriven message has. */
const FRESH_ATTEMPTS = 16

const letterOf = (group: string, queue: MessageQueue) => (message: DeadLetter["message"]): DeadLetter => ({
  group,
  topic: message.properties[Properties.DLQ_ORIGIN_TOPIC] ?? message.properties[Properties.RETRY_TOPIC] ?? "",
  msgId: message.msgId,
  queue,
  offset: message.queueOffset,
  message
})

const errorOf =
  (group: string) => (reason: DeadLetterError["reason"], cause: DeadLetterError["cause"], name?: string) =>
    new DeadLetterError({ group, topic: Names.dlqTopic(group), reason, brokerName: name, cause })

/** The queues of the topic, readable; none when there is no such topic. */
const queuesOf = Effect.fnUntraced(function*(group: string, makeReadable: boolean) {
  const nameServer = yield* NameServer
  const broker = yield* Broker
  const topic = Names.dlqTopic(group)
  const failure = errorOf(group)
  const route: TopicRoute | undefined = yield* Effect.matchEffect(nameServer.refresh(topic), {
    onSuccess: Effect.succeed,
    onFailure: (cause) =>
      cause._tag === "TopicRouteNotFoundError" ? Effect.succeed(undefined) : Effect.fail(failure("Route", cause))
  })
  if (route === undefined) return []
  const queues: Array<{ readonly queue: MessageQueue; readonly address: string }> = []
  for (const { brokerName, perm, readQueueNums } of route.data.queueDatas) {
    const address = route.brokers.get(brokerName)?.get(0)
    if (address === undefined) continue
    if (makeReadable) {
      // the broker knows before the routes tell
      yield* broker.topicConfig(address, topic).pipe(
        Effect.flatMap((config) =>
          Permission.isReadable(config.perm)
            ? Effect.void
            : broker.createTopic(address, { ...config, perm: config.perm | Permission.READ })
        ),
        Effect.mapError((cause) => failure("Broker", cause, brokerName))
      )
    } else if (!Permission.isReadable(perm)) return yield* failure("NotReadable", undefined, brokerName)
    for (let id = 0; id < readQueueNums; id++) queues.push({ queue: MQ.make(topic, brokerName, id), address })
  }
  return queues
})

/** One queue from an offset to its present end, or for ever. */
const read = (
  group: string,
  { address, queue }: { readonly queue: MessageQueue; readonly address: string },
  options: ReadOptions
): Stream.Stream<DeadLetter, DeadLetterError, Broker> => {
  // the broker knows before the routes tell
  const failure = (cause: BrokerError) =>
    errorOf(group)(
      cause._tag === "PermissionDeniedError" && cause.reason === "Topic" ? "NotReadable" : "Broker",
      cause,
      queue.brokerName
    )
  const asked = options.from?.find(([of]) => MQ.key(of) === MQ.key(queue))?.[1]
  return Stream.unwrap(Effect.gen(function*() {
    const broker = yield* Broker
    const bounds = Effect.all([broker.minOffset(address, queue), broker.maxOffset(address, queue)])
    const [min, end] = yield* Effect.mapError(bounds, failure)
    const begin = asked === undefined || asked < min ? min : asked
    return Stream.paginateChunkEffect(begin, (offset) =>
      Effect.gen(function*() {
        if (options.follow === undefined && offset >= end) return [Chunk.empty<DeadLetter>(), Option.none<bigint>()]
        const { messages, nextBeginOffset } = yield* Effect.mapError(
          broker.pull(address, {
            group: READER,
            topic: queue.topic,
            brokerName: queue.brokerName,
            queueId: queue.queueId,
            offset,
            maxMessages: PULL_SIZE,
            commitOffset: Option.none(),
            suspendTimeout: 0,
            subVersion: 0,
            subscription: { expressionType: "TAG", expression: "*" }
          }, TIMEOUT),
          failure
        )
        const next = nextBeginOffset > offset ? nextBeginOffset : offset
        if (next === offset) {
          if (options.follow === undefined) return [Chunk.empty<DeadLetter>(), Option.none<bigint>()]
          yield* Effect.sleep(options.follow)
        }
        const wanted = options.follow === undefined ? messages.filter(({ queueOffset }) => queueOffset < end) : messages
        return [Chunk.unsafeFromArray(wanted.map(letterOf(group, queue))), Option.some(next)]
      }))
  }))
}

/** See DeadLetters.stream. */
export const stream = (
  group: string,
  options: ReadOptions = {}
): Stream.Stream<DeadLetter, DeadLetterError, NameServer | Broker> =>
  Stream.suspend(() => {
    const queues = queuesOf(group, options.makeReadable === true)
    if (options.follow === undefined) {
      return Stream.flatMap(Stream.fromIterableEffect(queues), (source) => read(group, source, options))
    }
    // a broker makes the topic with its first dead letter
    const known = new Set<string>()
    return Stream.repeatEffectWithSchedule(queues, Schedule.spaced(LOOK_INTERVAL)).pipe(
      Stream.mapConcat((all) => all.filter(({ queue }) => !known.has(MQ.key(queue)))),
      Stream.tap(({ queue }) => Effect.sync(() => known.add(MQ.key(queue)))),
      Stream.flatMap((source) => read(group, source, options), { concurrency: "unbounded" })
    )
  })

/** Sends a copy to the next of the queues of its target. */
const sender = (options: RedriveOptions) => {
  let turn = 0
  return Effect.fnUntraced(function*(letter: DeadLetter) {
    const nameServer = yield* NameServer
    const broker = yield* Broker
    const { group, message, topic } = letter
    const target = options.to === "topic" ? topic : Names.retryTopic(group)
    const failed = (
      cause: Extract<Redriven, { _tag: "Failed" }>["cause"],
      outcome: "Refused" | "Unknown"
    ): Redriven => ({
      _tag: "Failed",
      letter,
      outcome,
      cause
    })
    const properties = MessageCopy.propertiesOf(message)
    delete properties[Properties.DELAY]
    delete properties[Properties.RECONSUME_TIME]
    delete properties[Properties.MAX_RECONSUME_TIMES]
    delete properties[Properties.DLQ_ORIGIN_TOPIC]
    delete properties[Properties.DLQ_ORIGIN_MESSAGE_ID]
    if (options.to === "topic") delete properties[Properties.RETRY_TOPIC]
    else if (topic !== "") properties[Properties.RETRY_TOPIC] = topic
    const route = yield* Effect.either(nameServer.route(target))
    if (route._tag === "Left") return failed(route.left, "Refused")
    const { brokers, writeQueues } = route.right
    const to = writeQueues[turn++ % Math.max(1, writeQueues.length)]
    const address = to === undefined ? undefined : brokers.get(to.brokerName)?.get(0)
    if (to === undefined || address === undefined) {
      return failed(
        new BrokerErrors.BrokerNotAvailableError({
          reason: "NotInRoute",
          brokerName: to?.brokerName ?? "",
          topic: target
        }),
        "Refused"
      )
    }
    const request = MessageCopy.request(message, {
      topic: target,
      brokerName: to.brokerName,
      queueId: to.queueId,
      // they came encoded, with more beside them
      properties: Object.entries(properties).map(([name, value]) => `${name}\x01${value}\x02`).join(""),
      reconsumeTimes: 0,
      maxReconsumeTimes: FRESH_ATTEMPTS,
      now: yield* Clock.currentTimeMillis
    })
    return yield* Effect.match(broker.send(address, target, request, TIMEOUT), {
      onFailure: (cause): Redriven => failed(cause, BrokerErrors.outcome(cause)),
      onSuccess: (stored): Redriven => ({ _tag: "Sent", letter, to, stored })
    })
  })
}

/** See DeadLetters.redrive. */
export const redrive = (
  group: string,
  options: RedriveOptions = {}
): Stream.Stream<Redriven, DeadLetterError, NameServer | Broker> => {
  const { dryRun, filter, rate } = options
  const send = sender(options)
  const letters = stream(group, options)
  const paced = rate === undefined ? letters : Stream.throttle(Stream.rechunk(letters, 1), {
    // what is not sent costs nothing
    cost: (chunk) => Chunk.reduce(chunk, 0, (sum, letter) => filter?.(letter) === false ? sum : sum + 1),
    units: Math.max(1, Math.ceil(rate)),
    duration: rate < 1 ? 1000 / rate : 1000,
    strategy: "shape"
  })
  return Stream.mapEffect(paced, (letter) => {
    if (filter?.(letter) === false) return Effect.succeed<Redriven>({ _tag: "Filtered", letter })
    return dryRun === true ? Effect.succeed<Redriven>({ _tag: "WouldSend", letter }) : send(letter)
  })
}

interface Tally {
  readonly counts: Readonly<Record<Redriven["_tag"], number>>
  readonly next: ReadonlyMap<
    string,
    { readonly queue: MessageQueue; readonly offset: bigint; readonly isFixed: boolean }
  >
}

export const noTally: Tally = { counts: { Sent: 0, WouldSend: 0, Filtered: 0, Failed: 0 }, next: new Map() }

/** Adds one. */
export const count = ({ counts, next }: Tally, { _tag, letter: { offset, queue } }: Redriven): Tally => {
  const key = MQ.key(queue)
  const before = next.get(key)
  const isFailed = _tag === "Failed"
  return {
    counts: { ...counts, [_tag]: counts[_tag] + 1 },
    next: before?.isFixed === true
      ? next
      : new Map(next).set(key, { queue, offset: isFailed ? offset : offset + 1n, isFixed: isFailed })
  }
}

export const summaryOf = ({ counts, next }: Tally): Summary => ({
  sent: counts.Sent,
  wouldSend: counts.WouldSend,
  filtered: counts.Filtered,
  failed: counts.Failed,
  next: Array.from(next.values(), ({ offset, queue }) => [queue, offset])
})
