/**
 * Pops one topic of one broker, all queues at once, for as long as there is room: the broker shares them out by itself, so
 * that each member asks every broker.
 */
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Popped, PopRequest, PopResult } from "../../Broker.js"
import { Broker } from "../../Broker.js"
import * as MessageSelector from "../../MessageSelector.js"
import { NameServer } from "../../NameServer.js"
import type { Subscription } from "../../Subscription.js"
import * as Backoff from "../consumer/backoff.js"
import type { Report } from "../consumer/report.js"
import type { Acks } from "./acks.js"
import type { Counters } from "./counters.js"
import type { GiveBack } from "./giveBack.js"
import type { Lease, Leases } from "./leases.js"
import type { PopQueue } from "./queue.js"
import * as Queue from "./queue.js"
import type { Settings } from "./settings.js"

/** How much later than it should a broker may answer, in milliseconds; as in the Java client. */
const PATIENCE = 10_000

/** Pauses after failures, in milliseconds. */
const PAUSE = 500
const LONGEST_PAUSE = 5_000

/** A pop that brings nothing in less time than this does not wait as it should, in milliseconds. */
const TOO_SOON = 200

/** Messages given back at the same time. */
const DECLINED = 8

const expressionOf = ({ selector }: Subscription): PopRequest["subscription"] =>
  selector._tag === "All" ? undefined : {
    expressionType: selector._tag === "Sql" ? "SQL92" : "TAG",
    expression: MessageSelector.expression(selector)
  }

/** The loop of a topic and broker; `onAnswer` is told of the first answer. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly leases: Leases
  readonly acks: Acks
  readonly giveBack: GiveBack
  readonly counters: Counters
  readonly report: Report
  readonly offer: (queue: PopQueue) => void
  readonly isStopping: () => boolean
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { acks, counters, giveBack, leases, report, settings } = options
  const { group, invisibleTime, maxReconsumeTimes, pollTime } = settings
  const queues = new Map<string, PopQueue>()
  const warn = Backoff.limitedWarning(10_000)

  const queueOf = (queue: MQ.MessageQueue): PopQueue => {
    const key = MQ.key(queue)
    const known = queues.get(key)
    if (known !== undefined) return known
    const made = Queue.make(queue, leases)
    queues.set(key, made)
    return made
  }

  /** What comes to a consumer that stops is for others. */
  const decline = (subscription: Subscription, brokerName: string, messages: ReadonlyArray<Popped>) =>
    Effect.forEach(messages, ({ handle, message }) => {
      const queue = queueOf(MQ.make(subscription.topic, brokerName, message.queueId))
      const lease: Lease = { queue, message, handle, state: "Waiting", renewing: undefined }
      leases.add(lease)
      return giveBack.unhandled(lease)
    }, { concurrency: DECLINED, discard: true })

  /** Takes in what came. Gives the messages that were tried too often, by members that died over them. */
  const admit = (subscription: Subscription, brokerName: string, messages: ReadonlyArray<Popped>): Array<Lease> => {
    const exhausted: Array<Lease> = []
    const fresh = new Map<PopQueue, Array<Lease>>()
    for (const { handle, message } of messages) {
      const queue = queueOf(MQ.make(subscription.topic, brokerName, message.queueId))
      const lease: Lease = { queue, message, handle, state: "Waiting", renewing: undefined }
      leases.add(lease)
      // what came again was wanted the first time
      if (handle.origin === "Topic" && subscription.wants?.(message) === false) {
        counters.filtered++
        acks.ack(lease)
        continue
      }
      counters.popped++
      if (message.reconsumeTimes > maxReconsumeTimes) exhausted.push(lease)
      else {
        const others = fresh.get(queue)
        if (others === undefined) fresh.set(queue, [lease])
        else others.push(lease)
      }
    }
    for (const [queue, some] of fresh) {
      queue.add(some)
      options.offer(queue)
    }
    return exhausted
  }

  const takeIn = (subscription: Subscription, brokerName: string, result: PopResult): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (options.isStopping()) return decline(subscription, brokerName, result.messages)
      const exhausted = admit(subscription, brokerName, result.messages)
      counters.undecodable += result.undecodable.length
      return Effect.zipRight(
        Effect.forEach(
          result.undecodable,
          (record) => report.undecodable(MQ.make(subscription.topic, brokerName, -1), record),
          { discard: true }
        ),
        Effect.forEach(exhausted, (lease) => giveBack.dead(lease, settings.retryDelay(lease.message)), {
          discard: true
        })
      )
    })

  return (subscription: Subscription, brokerName: string, onAnswer: () => void): Effect.Effect<void> =>
    Effect.gen(function*() {
      const { topic } = subscription
      let failures = 0
      let first = true
      while (!options.isStopping()) {
        const room = yield* leases.room
        const address = nameServer.brokerAddress(brokerName)
        if (address === undefined) {
          yield* Effect.sleep(PAUSE)
          continue
        }
        // the first one waits for nothing: with its answer the broker has noted where the group starts
        const wait = first ? 0 : pollTime
        const began = yield* Clock.currentTimeMillis
        const pop = broker.pop(address, {
          group,
          topic,
          brokerName,
          maxMessages: Math.min(settings.popBatchSize, room),
          invisibleTime,
          pollTime: wait,
          from: settings.consumeFrom,
          subscription: expressionOf(subscription)
        }, wait + PATIENCE)
        const result = yield* Effect.uninterruptibleMask((restore) =>
          Effect.tap(
            Effect.either(restore(pop)),
            (either) => Either.isRight(either) ? takeIn(subscription, brokerName, either.right) : Effect.void
          )
        )
        if (Either.isRight(result)) {
          failures = 0
          if (first) onAnswer()
          const took = (yield* Clock.currentTimeMillis) - began
          if (!first && result.right.status === "NoNewMessage" && took < Math.min(TOO_SOON, pollTime)) {
            yield* Effect.sleep(TOO_SOON)
          }
          if (pollTime === 0 && result.right.status === "NoNewMessage") yield* Effect.sleep(PAUSE)
          first = false
          continue
        }
        counters.popFailures++
        failures++
        const error = result.left
        yield* warn(() => `Group "${group}" cannot pop topic ${topic} at ${brokerName}. ${error.message}`)
        yield* Effect.sleep(Backoff.delay(failures, PAUSE, LONGEST_PAUSE))
      }
    })
})
