/**
 * What becomes of a message that its handler did not finish: back to the broker, or, when the broker refuses, into the
 * group's retry topic; if neither is certain, it stays here and is handled again later. It is never forgotten.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import * as Names from "@effect-rocketmq/protocol/Names"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { Broker } from "../../Broker.js"
import type { BrokerError } from "../../BrokerError.js"
import * as BrokerErrors from "../../BrokerError.js"
import { NameServer } from "../../NameServer.js"
import type { Batch, ProcessQueue } from "../../ProcessQueue.js"
import * as MessageCopy from "../messageCopy.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import * as DueQueue from "./dueQueue.js"

/** The delay level for the next delivery of a message, by what its handler failed with; 0: as the broker's table has it. */
export type RetryDelay = (message: MessageExt, cause: Cause.Cause<unknown>) => number

/** Straight to the dead letters. */
export const DEAD_LETTER = -1

/** How long a message waits that no broker took, in milliseconds. */
const REDO_DELAY = 5_000

/** Of sends to the retry topic, in milliseconds. */
const SEND_TIMEOUT = 3_000

/** A broker that no longer has the message will not have it later either, whatever the code stands for elsewhere. */
const isGone = (error: BrokerError): boolean =>
  error._tag === "BrokerSystemError" && /look message by offset failed/i.test(error.remark ?? "")

const isRefused = (error: BrokerError): boolean => isGone(error) || BrokerErrors.outcome(error) === "Refused"

/** See the module. */
export interface Retry {
  /**
   * Sees to it that a handed out message comes again, and settles it in its ledger. Level 0: as the broker has it,
   * negative: dead letter. Never fails.
   */
  readonly sendBack: (queue: ProcessQueue, batch: Batch, index: number, level: number) => Effect.Effect<void>
  /** Makes a message a dead letter. False when it is not certain that it is one. */
  readonly deadLetter: (queue: ProcessQueue, message: MessageExt) => Effect.Effect<boolean>
  /** Makes messages ready again whose time has come; for ever. */
  readonly run: Effect.Effect<never>
}

interface Waiting {
  readonly queue: ProcessQueue
  readonly batch: Batch
  readonly index: number
  readonly due: number
}

/** The properties of a copy in the retry topic. */
const retryProperties = (message: MessageExt, level: number, maxReconsumeTimes: number): Properties.Properties => {
  const properties = MessageCopy.propertiesOf(message)
  properties[Properties.RETRY_TOPIC] = message.properties[Properties.RETRY_TOPIC] ?? message.topic
  properties[Properties.RECONSUME_TIME] = String(message.reconsumeTimes + 1)
  properties[Properties.MAX_RECONSUME_TIMES] = String(maxReconsumeTimes)
  properties[Properties.ORIGIN_MESSAGE_ID] = message.properties[Properties.ORIGIN_MESSAGE_ID] ?? message.offsetId
  properties[Properties.DELAY] = String(level > 0 ? level : Math.min(18, 3 + message.reconsumeTimes))
  return properties
}

/** `onReady` is told of queues that have a message to hand out again. */
export const make = Effect.fnUntraced(function*(options: {
  readonly group: string
  readonly maxReconsumeTimes: number
  readonly counters: Counters
  readonly onReady: (queue: ProcessQueue) => void
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const { counters, group, maxReconsumeTimes } = options
  const retryTopic = Names.retryTopic(group)
  const clock = yield* Effect.clock
  const waiting = DueQueue.make<Waiting>(clock, ({ batch, index, queue }) => {
    if (queue.redo(batch, index)) options.onReady(queue)
  })
  const warn = Backoff.limitedWarning(10_000)
  let turn = 0

  const addressOf = (brokerName: string): string | undefined => {
    const addresses = nameServer.brokerAddresses(brokerName)
    return addresses.get(0) ?? addresses.values().next().value
  }

  /** An ordinary send of a copy. True when a broker has it. */
  const sendCopy = Effect.fnUntraced(function*(message: MessageExt, level: number) {
    const route = yield* Effect.either(nameServer.route(retryTopic))
    const queues = Either.isRight(route) ? route.right.writeQueues : []
    const properties = Properties.encode(retryProperties(message, level, maxReconsumeTimes))
    const now = yield* Clock.currentTimeMillis
    if (Either.isLeft(properties)) return false
    for (let attempt = 0; attempt < Math.min(2, queues.length); attempt++) {
      const queue = queues[turn++ % queues.length]!
      const address = nameServer.brokerAddress(queue.brokerName)
      if (address === undefined) continue
      const request = MessageCopy.request(message, {
        topic: retryTopic,
        brokerName: queue.brokerName,
        queueId: queue.queueId,
        properties: properties.right,
        reconsumeTimes: message.reconsumeTimes + 1,
        maxReconsumeTimes: level === DEAD_LETTER ? 0 : maxReconsumeTimes,
        now
      })
      const sent = yield* Effect.either(broker.send(address, retryTopic, request, SEND_TIMEOUT))
      if (Either.isRight(sent)) return true
      yield* warn(() => `Group "${group}": the retry topic did not take message ${message.msgId}: ${sent.left.message}`)
      // it may be stored: another copy elsewhere would make two for certain
      if (!isRefused(sent.left)) return false
    }
    return false
  })

  const giveBack = Effect.fnUntraced(function*(queue: ProcessQueue, message: MessageExt, level: number) {
    const brokerName = queue.queue.brokerName
    const address = addressOf(brokerName)
    if (address !== undefined) {
      const result = yield* Effect.either(broker.sendMessageBack(address, {
        group,
        brokerName,
        commitLogOffset: message.commitLogOffset,
        originTopic: message.topic,
        originMsgId: message.msgId,
        delayLevel: level,
        maxReconsumeTimes
      }))
      if (Either.isRight(result)) return true
      const error = result.left
      yield* warn(() => `Group "${group}": ${brokerName} did not take message ${message.msgId} back: ${error.message}`)
      if (!isRefused(error)) return false
    }
    return yield* sendCopy(message, level)
  })

  const sendBack: Retry["sendBack"] = Effect.fnUntraced(function*(queue, batch, index, level) {
    const message = batch.messages[index]
    // a reset or another member has the last word on what was handed out before
    if (!queue.owns(batch) || message === undefined) return queue.finish(batch, index)
    const taken = yield* giveBack(queue, message, level)
    if (taken) {
      counters.sentBack++
      return queue.finish(batch, index)
    }
    counters.redelivered++
    queue.putBack(batch, index, Message.update(message, { reconsumeTimes: message.reconsumeTimes + 1 }))
    waiting.add({ queue, batch, index, due: clock.unsafeCurrentTimeMillis() + REDO_DELAY })
  })

  const deadLetter: Retry["deadLetter"] = (queue, message) =>
    Effect.tap(giveBack(queue, message, DEAD_LETTER), (taken) => {
      if (taken) counters.sentBack++
    })

  const retry: Retry = { sendBack, deadLetter, run: waiting.run }
  return retry
})
