/**
 * The loop that pulls one queue, for as long as it is assigned: long polls one after the other, paused while the ledger is
 * full, repeated from the same offset after any failure.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import * as SysFlag from "@effect-rocketmq/protocol/SysFlag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { PullResult } from "../../Broker.js"
import { Broker } from "../../Broker.js"
import type { BrokerError } from "../../BrokerError.js"
import { BrokerNotAvailableError } from "../../BrokerError.js"
import { Client } from "../../Client.js"
import { MessagePullError } from "../../ConsumerError.js"
import { NameServer } from "../../NameServer.js"
import type { OffsetStore } from "../../OffsetStore.js"
import type { ProcessQueue } from "../../ProcessQueue.js"
import type { Subscription } from "../../Subscription.js"
import * as Backoff from "./backoff.js"
import type { Counters } from "./counters.js"
import type { Inflate } from "./handler.js"
import type { Lock } from "./locks.js"
import type { Report } from "./report.js"
import type { Settings } from "./settings.js"

const MASTER_ID = 0

/** Beyond the time that the broker holds a pull: its scan of 5 s, and the way. */
const PULL_SLACK = 15_000

/** The first pause after a failure, in milliseconds, by what failed; doubles up to the longest. */
const PAUSE = 100
const PAUSE_BUSY = 20
const PAUSE_UNKNOWN_GROUP = 50
const LONGEST_PAUSE = 3_000

/** A record that cannot be read is pulled again so often: the way here may have damaged it, and not the disk. */
const REREADS = 2

/** Answers without any progress that come faster than this are not held by the broker, in milliseconds. */
const QUICK = 20
const QUICK_PAUSE = 100

/** A queue that is pulled. */
export interface Pulled {
  readonly ledger: ProcessQueue
  /** Replaced when the selector of the topic is. */
  subscription: Subscription
  /** The broker id to pull from, as the broker said last. */
  suggestedBrokerId: number
  /** In milliseconds; 0 before the first answer. */
  lastPull: number
  /** Since when an answer is waited for: the last one, or the time when there was room again, in milliseconds. */
  since: number
  /** When the pull that is under way began, in milliseconds. */
  asked: number | undefined
  /** Who was asked last. */
  address: string | undefined
  /** Failures in a row. */
  failures: number
  /** What the last one was. */
  lastError: unknown
  /** Of a consumer in order. */
  readonly lock?: Lock | undefined
}

/** The broker forgot this client or has an older subscription: a heartbeat mends that. */
const isForgotten = (error: BrokerError): boolean =>
  error._tag === "SubscriptionNotLatestError" || error._tag === "FilterDataNotFoundError" ||
  error._tag === "GroupNotFoundError"

/** Gives the loop of a queue. It ends only by interruption. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly store: OffsetStore
  readonly counters: Counters
  readonly report: Report
  readonly inflate: Inflate
  readonly offer: (queue: ProcessQueue) => void
}) {
  const broker = yield* Broker
  const nameServer = yield* NameServer
  const client = yield* Client
  const { counters, inflate, offer, report, settings, store } = options
  const { group, pullBatchSize, retryTopic, suspendTimeout } = settings

  /** The suggested broker, then the master, then any; another one after each failure. */
  const target = (self: Pulled): { readonly address: string; readonly id: number } | undefined => {
    const addresses = nameServer.brokerAddresses(self.ledger.queue.brokerName)
    const suggested = self.failures === 0 ? addresses.get(self.suggestedBrokerId) : undefined
    if (suggested !== undefined) return { address: suggested, id: self.suggestedBrokerId }
    const ids = [...new Set([self.suggestedBrokerId, MASTER_ID, ...addresses.keys()])].filter((id) => addresses.has(id))
    const id = ids[self.failures % ids.length]
    const address = id === undefined ? undefined : addresses.get(id)
    return id === undefined || address === undefined ? undefined : { address, id }
  }

  const room = (ledger: ProcessQueue): Effect.Effect<void> =>
    Effect.async((resume) => {
      if (ledger.hasRoom()) return resume(Effect.void)
      return Effect.sync(ledger.whenRoom(() => resume(Effect.void)))
    })

  /** Inner batches that travel compressed come apart only here. What cannot be read stays whole, for the dead letters. */
  const unwrapped = Effect.fnUntraced(function*(self: Pulled, messages: ReadonlyArray<MessageExt>) {
    const all: Array<MessageExt> = []
    for (const message of messages) {
      if (!SysFlag.isInnerBatch(message.sysFlag) || !SysFlag.isCompressed(message.sysFlag)) {
        all.push(message)
        continue
      }
      const plain = yield* Effect.either(inflate(message))
      if (Either.isLeft(plain)) {
        all.push(message)
        continue
      }
      const parts = Message.unwrap(plain.right, self.ledger.position)
      for (const part of parts.messages) all.push(part)
      counters.undecodable += parts.undecodable.length
      for (const record of parts.undecodable) yield* report.undecodable(self.ledger.queue, record)
    }
    return all
  })

  const isWrapped = (message: MessageExt): boolean =>
    SysFlag.isInnerBatch(message.sysFlag) && SysFlag.isCompressed(message.sysFlag)

  /** The messages that are wanted, under the topics that they were sent to. */
  const wanted = (self: Pulled, messages: ReadonlyArray<MessageExt>): Array<MessageExt> => {
    const { wants } = self.subscription
    if (wants === undefined && self.subscription.topic !== retryTopic) return messages.slice()
    const kept: Array<MessageExt> = []
    for (const message of messages) {
      if (wants !== undefined && !wants(message)) {
        counters.filtered++
        continue
      }
      const origin = self.subscription.topic === retryTopic ? message.properties[Properties.RETRY_TOPIC] : undefined
      kept.push(origin === undefined ? message : Message.update(message, { topic: origin }))
    }
    return kept
  }

  const accept = (self: Pulled, messages: ReadonlyArray<MessageExt>, result: PullResult): void => {
    const kept = wanted(self, messages)
    counters.pulled += kept.length
    self.ledger.totals.pulled += kept.length
    self.ledger.append(kept, result.nextBeginOffset, result.bytes)
    if (kept.length > 0) offer(self.ledger)
  }

  /** The queue does not have the offset, or an operator moved it. */
  const correct = Effect.fnUntraced(function*(self: Pulled, result: PullResult) {
    const { ledger } = self
    const from = ledger.position
    const to = result.nextBeginOffset
    // what expired in the log may still be here: it is worked off, and only the pulling skips the gap
    const expired = from < result.minOffset && to >= result.minOffset && ledger.count > 0
    report.publish({ _tag: "OffsetCorrected", queue: ledger.queue, from, to })
    yield* Effect.logWarning(
      `Group "${group}": queue ${ledger.queue.queueId} of topic ${ledger.queue.topic} on ${ledger.queue.brokerName} has ` +
        `offsets ${result.minOffset} to ${result.maxOffset}; the broker moves the position from ${from} to ${to}`
    )
    if (expired) return ledger.moveTo(to)
    ledger.reset(to)
    store.reset(ledger.queue, to)
    for (const error of yield* store.persist([ledger.queue])) yield* Effect.logWarning(error.message)
  })

  const run = Effect.fnUntraced(function*(self: Pulled) {
    const { ledger } = self
    const { queue } = ledger
    const warn = Backoff.limitedWarning(30_000)
    let warned = false
    let quick = 0
    let rereads = 0
    while (true) {
      const waited = !ledger.hasRoom()
      while (!ledger.hasRoom()) yield* room(ledger)
      const epoch = ledger.epoch
      const offset = ledger.position
      const asked = yield* Clock.currentTimeMillis
      if (waited) self.since = asked
      // a process that stood still: the loss of the lock, which ends this loop, is noticed presently
      if (self.lock !== undefined && asked >= self.lock.validUntil) yield* Effect.never
      const to = target(self)
      const committable = ledger.committable()
      self.asked = asked
      self.address = to?.address
      const answer: Either.Either<PullResult, BrokerError> = to === undefined
        ? Either.left(new BrokerNotAvailableError({ reason: "NotInRoute", brokerName: queue.brokerName, group }))
        : yield* Effect.either(broker.pull(to.address, {
          group,
          topic: queue.topic,
          brokerName: queue.brokerName,
          queueId: queue.queueId,
          offset,
          maxMessages: pullBatchSize,
          // a slave cannot commit
          commitOffset: to.id === MASTER_ID && committable > 0n ? Option.some(committable) : Option.none(),
          suspendTimeout,
          subVersion: self.subscription.version
        }, suspendTimeout + PULL_SLACK))
      self.asked = undefined
      // moved meanwhile: this answer is about another place
      if (ledger.epoch !== epoch) continue
      const now = yield* Clock.currentTimeMillis
      if (Either.isLeft(answer)) {
        const cause = answer.left
        self.failures++
        self.lastError = cause
        counters.pullFailures++
        const forgotten = isForgotten(cause)
        const delay = Backoff.delay(
          self.failures,
          forgotten ? PAUSE_UNKNOWN_GROUP : cause._tag === "BrokerBusyError" ? PAUSE_BUSY : PAUSE,
          LONGEST_PAUSE
        )
        const error = new MessagePullError({ group, queue, offset, attempt: self.failures, delay, cause })
        if (self.failures > 1) {
          warned = true
          yield* warn(() => error.message)
        } else yield* Effect.logDebug(error.message)
        if (forgotten && to !== undefined) yield* client.heartbeatTo(to.address)
        yield* Effect.sleep(delay)
        continue
      }
      const result = answer.right
      if (warned) {
        warned = false
        yield* Effect.logInfo(`Group "${group}": queue ${queue.queueId} of topic ${queue.topic} is pulled again`)
      }
      self.failures = 0
      self.lastError = undefined
      self.lastPull = self.since = now
      ledger.totals.pulls++
      ledger.totals.pulling += now - asked
      self.suggestedBrokerId = result.suggestedBrokerId
      if (result.status === "OffsetIllegal") yield* correct(self, result)
      else if (result.status === "Found") {
        if (result.undecodable.length > 0 && rereads < REREADS) {
          rereads++
          yield* Effect.sleep(PAUSE)
          continue
        }
        rereads = 0
        if (result.undecodable.length > 0) {
          counters.undecodable += result.undecodable.length
          for (const record of result.undecodable) yield* report.undecodable(queue, record)
        }
        const messages = result.messages.some(isWrapped) ? yield* unwrapped(self, result.messages) : result.messages
        if (ledger.epoch !== epoch) continue
        accept(self, messages, result)
      } else ledger.moveTo(result.nextBeginOffset)
      // a broker that neither holds the pull nor moves on must not be asked in a tight loop
      quick = ledger.position === offset && now - asked < QUICK ? quick + 1 : 0
      if (quick > 2) yield* Effect.sleep(QUICK_PAUSE)
    }
  })

  /** Whatever goes wrong in the loop itself is said, and the loop goes on. */
  return (self: Pulled): Effect.Effect<never> =>
    run(self).pipe(
      Effect.catchAllDefect((defect) => {
        self.asked = undefined
        self.failures++
        self.lastError = defect
        return Effect.zipRight(
          Effect.logError(
            `Group "${group}": the pull loop of a queue of topic ${self.ledger.queue.topic} died`,
            defect
          ),
          Effect.sleep(LONGEST_PAUSE)
        )
      }),
      Effect.forever
    )
})
