/**
 * What an operator sees of a consumer that pops, and the one message that an operator may have it handle.
 */
import type { ConsumeMessageDirectlyResult } from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import type { ConsumerRunningInfo } from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MqVersion from "@effect-rocketmq/protocol/MqVersion"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Call } from "../consumer/handler.js"
import { Unreadable, verdictOf } from "../consumer/handler.js"
import type { Settings } from "./settings.js"

/** The broker's own patience with a relayed call is 10 s; an answer after that reaches nobody. In milliseconds. */
const DIRECT_TIMEOUT = 9_000

/** See the module. */
export const make = <R>(settings: Settings, startedAt: number, call: Call<R>) =>
  Effect.map(Effect.context<R>(), (context) => ({
    runningInfo: Effect.sync((): ConsumerRunningInfo => ({
      properties: {
        PROP_CONSUME_TYPE: "CONSUME_PASSIVELY",
        PROP_CONSUMEORDERLY: "false",
        PROP_THREADPOOL_CORE_SIZE: String(settings.concurrency),
        PROP_CONSUMER_START_TIMESTAMP: String(startedAt),
        PROP_CLIENT_VERSION: MqVersion.nameOf(MqVersion.CURRENT),
        consumerGroup: settings.group,
        messageModel: "CLUSTERING",
        popBatchNums: String(settings.popBatchSize),
        popInvisibleTime: String(settings.invisibleTime)
      },
      subscriptionSet: [...settings.subscriptions.values()].map(({ data }) => data),
      mqTable: [],
      mqPopTable: [],
      statusTable: new Map(),
      userConsumerInfo: {}
    })),
    consumeDirectly: (message: MessageExt): Effect.Effect<ConsumeMessageDirectlyResult> =>
      Effect.suspend(() => call([message], 0, 1)).pipe(
        Effect.timeoutOption(DIRECT_TIMEOUT),
        Effect.matchCause({
          onFailure: (cause) => {
            const error = Cause.squash(cause)
            const remark = error instanceof Unreadable ? error.reason : Cause.pretty(cause)
            return { consumeResult: "CR_THROW_EXCEPTION", remark } as const
          },
          onSuccess: (value) => {
            if (Option.isNone(value)) {
              const remark = `the handler was interrupted after ${DIRECT_TIMEOUT} ms`
              return { consumeResult: "CR_LATER", remark } as const
            }
            const verdict = verdictOf(value.value, 0)
            const done = verdict === undefined || (!(verdict instanceof Unreadable) && verdict._tag === "Consumed")
            return { consumeResult: done ? "CR_SUCCESS" : "CR_LATER", remark: undefined } as const
          }
        }),
        Effect.provide(context),
        Effect.timed,
        Effect.map(([took, result]) => ({
          ...result,
          autoCommit: true,
          order: false,
          spentTimeMills: Number(took.value._tag === "Millis" ? took.value.millis : 0)
        }))
      )
  }))
