/**
 * What an operator sees of a consumer through the broker, and the one message that an operator may have it handle.
 */
import type { ConsumeMessageDirectlyResult } from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import type { ConsumerRunningInfo, ProcessQueueInfo } from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Message from "@effect-rocketmq/protocol/MessageExt"
import * as Properties from "@effect-rocketmq/protocol/MessageProperties"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { StalledQueue } from "../../ConsumerHealth.js"
import type { OffsetStore } from "../../OffsetStore.js"
import { isOrderlyResult } from "../../OrderlyResult.js"
import type { Call } from "./handler.js"
import { Unreadable, UnreadableParts, verdictOf } from "./handler.js"
import type { Locks } from "./locks.js"
import { isHeld } from "./locks.js"
import type { Pulled } from "./pullLoop.js"
import type { Owned, Queues } from "./queues.js"
import type { Rates } from "./rates.js"
import type { Settings } from "./settings.js"
import { describe } from "./watchdog.js"

const MIB = 1024 * 1024

/** The broker's own patience with a relayed call is 10 s; an answer after that reaches nobody. In milliseconds. */
const DIRECT_TIMEOUT = 9_000

/** What a handler of messages in order said, as operators know it. */
const codes = { Handled: "CR_SUCCESS", Suspend: "CR_LATER", Commit: "CR_COMMIT", Rollback: "CR_ROLLBACK" } as const

/** See the module. */
export interface AdminView {
  readonly offsets: (topic: string) => Effect.Effect<ReadonlyArray<readonly [MessageQueue, bigint]>>
  readonly runningInfo: Effect.Effect<ConsumerRunningInfo>
  readonly consumeDirectly: (message: MessageExt) => Effect.Effect<ConsumeMessageDirectlyResult>
}

/** See the module. */
export const make = <R>(options: {
  readonly settings: Settings
  readonly startedAt: number
  readonly queues: Queues
  readonly store: OffsetStore
  readonly rates: Rates
  readonly call: Call<R>
  /** Of a consumer in order. */
  readonly locks?: Locks | undefined
  readonly stalled?: (() => ReadonlyArray<StalledQueue>) | undefined
}): Effect.Effect<AdminView, never, R> =>
  Effect.map(Effect.context<R>(), (context) => {
    const { call, locks, queues, rates, settings, stalled = () => [], startedAt, store } = options

    const infoOf = ({ lastPull, ledger, lock }: Pulled): ProcessQueueInfo => ({
      cachedMsgCount: ledger.count,
      cachedMsgMinOffset: ledger.count === 0 ? 0n : ledger.committable(),
      cachedMsgMaxOffset: ledger.count === 0 ? 0n : ledger.position - 1n,
      cachedMsgSizeInMiB: Math.floor(ledger.bytes / MIB),
      commitOffset: Option.getOrElse(store.noted(ledger.queue), () => ledger.committable()),
      dropped: ledger.closing,
      lastConsumeTimestamp: ledger.lastHandled,
      lastLockTimestamp: lock?.grantedAt ?? 0,
      lastPullTimestamp: lastPull,
      locked: lock !== undefined && isHeld(lock),
      transactionMsgCount: 0,
      transactionMsgMaxOffset: 0n,
      transactionMsgMinOffset: 0n,
      tryUnlockTimes: 0
    })

    /** A queue whose lock or position is waited for. */
    const waiting = ({ queue }: Owned): ProcessQueueInfo => {
      const lock = locks?.of(queue)
      return {
        cachedMsgCount: 0,
        cachedMsgMinOffset: 0n,
        cachedMsgMaxOffset: 0n,
        cachedMsgSizeInMiB: 0,
        commitOffset: Option.getOrElse(store.noted(queue), () => 0n),
        dropped: false,
        lastConsumeTimestamp: 0,
        lastLockTimestamp: lock?.grantedAt ?? 0,
        lastPullTimestamp: 0,
        locked: lock !== undefined && isHeld(lock),
        transactionMsgCount: 0,
        transactionMsgMaxOffset: 0n,
        transactionMsgMinOffset: 0n,
        tryUnlockTimes: 0
      }
    }

    const runningInfo = Effect.map(Clock.currentTimeMillis, (now): ConsumerRunningInfo => ({
      properties: {
        PROP_CONSUME_TYPE: "CONSUME_PASSIVELY",
        PROP_CONSUMEORDERLY: String(settings.orderly !== undefined),
        PROP_THREADPOOL_CORE_SIZE: String(settings.concurrency),
        PROP_CONSUMER_START_TIMESTAMP: String(startedAt),
        PROP_CLIENT_VERSION: MqVersion.nameOf(MqVersion.CURRENT),
        consumeMessageBatchMaxSize: String(settings.batchSize),
        consumeTimeout: String(settings.consumeTimeout),
        consumerGroup: settings.group,
        maxReconsumeTimes: String(settings.maxReconsumeTimes),
        messageModel: "CLUSTERING",
        pullBatchSize: String(settings.pullBatchSize),
        pullThresholdForQueue: String(settings.limits.count),
        strategy: settings.allocationStrategy.name
      },
      subscriptionSet: [...settings.subscriptions.values()].map(({ data }) => data),
      mqTable: queues.all().map((
        owned
      ) => [owned.queue, owned.pulled === undefined ? waiting(owned) : infoOf(owned.pulled)]),
      mqPopTable: [],
      statusTable: rates.status(now),
      userConsumerInfo: Object.fromEntries(
        stalled().map(({ cause, queue, since }) => [
          `stalled ${queue.topic} ${queue.brokerName} ${queue.queueId}`,
          `not pulled for ${Math.round((now - since) / 1000)} s: ${describe(cause, now)}`
        ])
      )
    }))

    const consumeDirectly: AdminView["consumeDirectly"] = Effect.fnUntraced(function*(stored) {
      const origin = stored.topic === settings.retryTopic ? stored.properties[Properties.RETRY_TOPIC] : undefined
      const message = origin === undefined ? stored : Message.update(stored, { topic: origin })
      const began = yield* Clock.currentTimeMillis
      const exit = yield* Effect.suspend(() => call([message], 0, 1)).pipe(
        Effect.timeoutOption(DIRECT_TIMEOUT),
        Effect.exit,
        Effect.provide(context)
      )
      const spentTimeMills = (yield* Clock.currentTimeMillis) - began
      const result = (
        consumeResult: ConsumeMessageDirectlyResult["consumeResult"],
        remark?: string
      ): ConsumeMessageDirectlyResult => ({
        autoCommit: settings.orderly?.autoCommit ?? true,
        order: settings.orderly !== undefined,
        consumeResult,
        remark,
        spentTimeMills
      })
      if (Exit.isFailure(exit)) {
        const error = Cause.squash(exit.cause)
        if (error instanceof UnreadableParts) return result("CR_THROW_EXCEPTION", error.reasons.get(0)?.reason)
        return result("CR_THROW_EXCEPTION", error instanceof Unreadable ? error.reason : Cause.pretty(exit.cause))
      }
      if (Option.isNone(exit.value)) return result("CR_LATER", `the handler was interrupted after ${DIRECT_TIMEOUT} ms`)
      if (isOrderlyResult(exit.value.value)) return result(codes[exit.value.value._tag])
      const verdict = verdictOf(exit.value.value, 0)
      if (verdict instanceof Unreadable) return result("CR_THROW_EXCEPTION", verdict.reason)
      return verdict === undefined || verdict._tag === "Consumed" ? result("CR_SUCCESS") : result("CR_LATER")
    })

    return {
      offsets: (topic) =>
        Effect.sync(() =>
          queues.pulled()
            .filter(({ ledger }) => ledger.queue.topic === topic)
            .map(({ ledger }): readonly [MessageQueue, bigint] => [ledger.queue, ledger.committable()])
        ),
      runningInfo,
      consumeDirectly
    }
  })
