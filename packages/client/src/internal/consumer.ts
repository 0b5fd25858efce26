/**
 * A push consumer put together from its parts, in the order in which they start and, backwards, stop.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Broker } from "../Broker.js"
import type { ConsumerMember } from "../Client.js"
import { Client } from "../Client.js"
import { Compression } from "../Compression.js"
import type {
  BatchOptions,
  Consumer,
  Options,
  OrderlyBatchOptions,
  OrderlyOptions,
  OrderlyTuning,
  StartError
} from "../Consumer.js"
import type { RebalanceError } from "../ConsumerError.js"
import { ConsumerConfigError, ConsumerStartError } from "../ConsumerError.js"
import type { BatchResult, ConsumeResult } from "../ConsumeResult.js"
import type { Delivery, OrderlyDelivery } from "../Delivery.js"
import type { NameServer } from "../NameServer.js"
import * as OffsetStore from "../OffsetStore.js"
import type { OrderlyResult } from "../OrderlyResult.js"
import * as Ledger from "../ProcessQueue.js"
import * as Rebalance from "../Rebalance.js"
import { supervised } from "../Supervised.js"
import * as AdminView from "./consumer/adminView.js"
import * as Agreement from "./consumer/agreement.js"
import * as Control from "./consumer/control.js"
import * as Counters from "./consumer/counters.js"
import * as Dispatcher from "./consumer/dispatcher.js"
import * as Handler from "./consumer/handler.js"
import { healthOf } from "./consumer/health.js"
import * as Lag from "./consumer/lag.js"
import * as LocalRetry from "./consumer/localRetry.js"
import * as Locks from "./consumer/locks.js"
import * as Orderly from "./consumer/orderly.js"
import * as Pauses from "./consumer/pauses.js"
import * as Pulling from "./consumer/pulling.js"
import * as PullLoop from "./consumer/pullLoop.js"
import * as Queues from "./consumer/queues.js"
import * as Rates from "./consumer/rates.js"
import * as Report from "./consumer/report.js"
import * as Retry from "./consumer/retry.js"
import type { Settings } from "./consumer/settings.js"
import * as SettingsOf from "./consumer/settings.js"
import * as StartPositionOf from "./consumer/startPosition.js"
import { statsOf } from "./consumer/stats.js"
import * as Stop from "./consumer/stop.js"
import * as Subscribing from "./consumer/subscribing.js"
import { checkSelectors, resolveTopics } from "./consumer/topics.js"
import * as Watchdog from "./consumer/watchdog.js"
import * as ConsumerStream from "./consumerStream.js"
import { forkAll } from "./fibers.js"

export { checkSelectors, resolveTopics }

type Requirements = Client | NameServer | Broker | Compression | Scope.Scope

/** What a heartbeat says about the start position. */
export const consumeFromWhere = (settings: Settings): ConsumerMember["consumeFromWhere"] =>
  settings.consumeFrom === "last" || settings.consumeFrom === "max"
    ? "CONSUME_FROM_LAST_OFFSET"
    : settings.consumeFrom === "first" || settings.consumeFrom === "min"
    ? "CONSUME_FROM_FIRST_OFFSET"
    : "CONSUME_FROM_TIMESTAMP"

/** Before brokers hear of the consumer: one that does not fit must not disturb the others. */
const refuseDisagreement = ({ group, subscriptions }: Settings, agreement: Agreement.Agreement) =>
  Effect.flatMap(agreement.look(false), ([first]) => {
    if (first === undefined) return Effect.void
    const topic = first._tag === "SubscriptionsDiffer" ? first.differences[0]?.topic : undefined
    return new ConsumerStartError({
      group,
      topic: topic ?? subscriptions.keys().next().value ?? "",
      reason: first._tag,
      clientId: first.clientId,
      problem: Agreement.describe(group, first)
    })
  })

const inBackground = (group: string, loops: ReadonlyArray<Effect.Effect<unknown>>) =>
  Effect.annotateLogs(forkAll(loops), { module: "Consumer", group })

/** What a consumer in order has besides: its dispatcher, and the locks that have to outlive the last handler. */
const inOrder = Effect.fnUntraced(function*<R>(
  options: Omit<Parameters<typeof Orderly.make<R>>[0], "locks"> & {
    readonly onLost: (queue: MQ.MessageQueue, reason: Locks.LossReason) => Effect.Effect<void>
  }
) {
  const locks = yield* Locks.make({ group: options.settings.group, onLost: options.onLost })
  const dispatcher = yield* Orderly.make({ ...options, locks })
  return {
    locks,
    dispatcher,
    whileRunning: [
      supervised("The renewal of locks", locks.run),
      supervised("The watch over locks", locks.watch)
    ],
    /** A queue whose handler does not end stays locked until its lock lapses. */
    unlock: Effect.suspend(() => {
      const stuck = new Set([...dispatcher.stuck()].map(({ queue }) => MQ.key(queue)))
      return locks.release(locks.all().map(({ queue }) => queue).filter((queue) => !stuck.has(MQ.key(queue))))
    })
  }
})

const start = <R>(
  options: Options & OrderlyTuning & { readonly batchSize?: number | undefined },
  callOf: (settings: Settings, inflate: Handler.Inflate) => Handler.Call<R>,
  kind: "push" | "orderly" = "push",
  drains = true
): Effect.Effect<Consumer["Type"], StartError, R | Requirements> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const checked = yield* SettingsOf.make(options, startedAt, kind)
    const { group } = checked
    // changed while the consumer runs
    const subscriptions = new Map(checked.subscriptions)
    const settings: Settings = { ...checked, subscriptions }
    const client = yield* Client
    const inflate = Handler.inflater(yield* Compression, settings.maxDecompressedSize)
    const call = callOf(settings, inflate)
    const counters = Counters.make()
    const publishCounters = Counters.publisher(group, counters)
    const { hub, report } = yield* Report.make(group)
    const totals = new Map([...settings.subscriptions.keys()].map((topic) => [topic, Ledger.totals()]))
    const broadcasting = settings.messageModel === "broadcasting"
    if (broadcasting && settings.orderly !== undefined) {
      const problem = "must be clustering for a consumer in order: members that all have a queue cannot lock it"
      return yield* new ConsumerConfigError({ group, option: "messageModel", value: "broadcasting", problem })
    }
    const pulling = Pulling.make({
      broker: yield* Broker,
      settings,
      report,
      commits: !broadcasting && options.offsetStore === undefined
    })
    const store = options.offsetStore ??
      (broadcasting
        ? yield* OffsetStore.memory
        : yield* Effect.provideService(OffsetStore.remote(group), Broker, pulling))
    const ready = yield* Deferred.make<void>()

    // topics and routes first, so that the first heartbeat reaches their brokers and comes before the first pull
    const subscribing: Subscribing.Subscribing = yield* Subscribing.make({
      settings,
      subscriptions,
      totals,
      assign: (assignment) => queues.assign(assignment),
      resubscribe: (topic) => queues.resubscribe(topic),
      isResolved: (topic) => queues.isResolved(topic),
      trigger: () => {
        rebalance.trigger()
        agreement.trigger()
      }
    })
    const agreement = yield* Agreement.make({ settings, manager: subscribing.manager, report })

    // the parts refer to each other in a ring: what is ready again goes to the dispatcher, which sends back
    const retrying = {
      group,
      maxReconsumeTimes: settings.maxReconsumeTimes,
      counters,
      report,
      onReady: (queue: Ledger.ProcessQueue) => dispatcher.offer(queue)
    }
    const retry = yield* (broadcasting ? LocalRetry.make(retrying) : Retry.make(retrying))
    const ordered = settings.orderly === undefined ? undefined : yield* inOrder({
      settings,
      orderly: settings.orderly,
      call,
      retry,
      counters,
      report,
      onLost: (queue, reason) => queues.lost(queue, reason)
    })
    const dispatcher: Dispatcher.Dispatcher = ordered?.dispatcher ?? (yield* Dispatcher.make({
      group,
      concurrency: settings.concurrency,
      rate: settings.rate,
      batchSize: settings.batchSize,
      consumeTimeout: settings.consumeTimeout,
      retryDelay: settings.retryDelay,
      call,
      retry,
      counters,
      report
    }))
    const pull = yield* Effect.provideService(
      PullLoop.make({ settings, store, counters, report, inflate, offer: dispatcher.offer }),
      Broker,
      pulling
    )
    const resolve = yield* StartPositionOf.make({
      settings,
      store,
      report,
      startedAt,
      knownAtStart: subscribing.known,
      // the lock is given over when all is committed
      isShared: (topic) => ordered === undefined && rebalance.isShared(topic)
    })
    let shared = false
    let lastUndecided: ReadonlyArray<RebalanceError> = []
    const checkReady = (): void => {
      subscribing.check()
      if (shared && queues.isResolved()) Deferred.unsafeDone(ready, Effect.void)
    }
    const pauses = Pauses.make()
    const queues: Queues.Queues = yield* Queues.make({
      settings,
      store,
      report,
      totals,
      resolve,
      pull,
      onResolved: checkReady,
      pauses,
      onResumed: dispatcher.offer,
      ordered: ordered && { locks: ordered.locks, interrupt: ordered.dispatcher.interrupt }
    })
    const rebalance: Rebalance.Rebalance = yield* Rebalance.make({
      group,
      topics: subscribing.topics,
      strategy: settings.allocationStrategy,
      everyone: broadcasting,
      interval: settings.rebalanceInterval,
      apply: subscribing.apply,
      onRound: (undecided) => {
        subscribing.onRound(undecided)
        lastUndecided = undecided
        if (shared || undecided.some((error) => error.reason !== "NoRoute")) return
        shared = true
        checkReady()
      }
    })
    const watchdog = yield* Watchdog.make({
      settings,
      queues,
      locks: ordered?.locks,
      busy: dispatcher.busy,
      isPaused: pauses.isPaused,
      counters,
      report
    })
    const lag = yield* Lag.make({
      settings,
      queues,
      committed: broadcasting || options.offsetStore !== undefined ? store : undefined
    })
    const rates = Rates.make(totals, startedAt)
    const view = yield* AdminView.make({
      settings,
      startedAt,
      queues,
      store,
      rates,
      call,
      locks: ordered?.locks,
      stalled: watchdog.stalled
    })
    const messageModel = broadcasting ? "BROADCASTING" : "CLUSTERING"
    if (settings.strictGroup) yield* refuseDisagreement(settings, agreement)
    yield* client.registerConsumer({
      group,
      consumeType: "CONSUME_PASSIVELY",
      messageModel,
      consumeFromWhere: consumeFromWhere(settings),
      subscriptions: () => [...settings.subscriptions.values()].map(({ data }) => data),
      onGroupChanged: Effect.sync(() => {
        rebalance.trigger()
        agreement.trigger()
      }),
      onResetOffset: (_topic, offsets) => queues.reset(offsets),
      offsets: view.offsets,
      runningInfo: Effect.map(view.runningInfo, (info) => ({
        ...info,
        properties: {
          ...info.properties,
          messageModel,
          PROP_THREADPOOL_CORE_SIZE: String(dispatcher.concurrency())
        }
      })),
      consumeDirectly: view.consumeDirectly
    })
    // not before: the first heartbeat of a group creates its retry topic
    if (!broadcasting) yield* forkAll([client.watchTopic(settings.retryTopic)])
    yield* checkSelectors(settings)

    const stop = yield* Stop.make({
      group,
      timeout: drains ? settings.shutdownTimeout : 0,
      queues,
      dispatcher,
      onStop: options.onStop,
      afterwards: Effect.zipRight(ordered === undefined ? Effect.void : ordered.unlock, publishCounters)
    })
    let isStopping = false
    const end = Effect.zipRight(
      Effect.sync(() => {
        isStopping = true
      }),
      Effect.zipRight(subscribing.close, stop)
    )
    // while the last handlers run, their locks are renewed
    if (ordered !== undefined) yield* inBackground(group, ordered.whileRunning)
    yield* Effect.addFinalizer(() => end)

    yield* dispatcher.start
    const committing = Effect.forever(
      Effect.sleep(settings.persistInterval).pipe(
        Effect.zipRight(queues.persist),
        Effect.zipRight(publishCounters),
        Effect.zipRight(Effect.map(Clock.currentTimeMillis, rates.sample)),
        Effect.catchAllCause((cause) => Effect.logError("Committing offsets died; the next period tries again", cause))
      )
    )
    yield* inBackground(group, [
      ...(ordered === undefined ? [] : [supervised("The queue of suspended messages", ordered.dispatcher.resume)]),
      supervised("The watch over handlers", dispatcher.watch),
      supervised("The pulse of handlers", dispatcher.pulse),
      supervised("The pace of handlers", dispatcher.pacing),
      supervised("The queue of messages to redo", retry.run),
      committing,
      supervised("The watch over queues", watchdog.run),
      ...(settings.lagMetrics ? [supervised("The gauges of lag", Lag.publish(group, lag))] : []),
      supervised("Rebalance", rebalance.run),
      supervised("The look at the group", agreement.run)
    ])

    return {
      group,
      ready: Deferred.await(ready),
      assignment: Effect.sync(queues.owned),
      stats: Effect.sync(() =>
        statsOf(counters, queues, store, dispatcher.running(), ordered?.locks.all(), watchdog.stalled(), pauses)
      ),
      lag,
      health: Effect.map(Deferred.isDone(ready), (isReady) =>
        healthOf({ settings, queues, watchdog, totals, undecided: lastUndecided, isReady, isStopping })),
      events: Stream.fromPubSub(hub),
      commit: queues.persist,
      groupProblems: Effect.sync(agreement.problems),
      subscribe: subscribing.subscribe,
      unsubscribe: (topic) =>
        Effect.tap(subscribing.unsubscribe(topic), () => Effect.sync(() => pauses.resume(topic))),
      ...Control.make({ settings, pauses, queues, dispatcher }),
      subscriptions: subscribing.list,
      stop: end
    }
  })

/** See Consumer.make. */
export const make = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Effect.Effect<Consumer["Type"], StartError, R | Requirements> =>
  start(options, (_, inflate) => Handler.single(inflate, handler))

/** See Consumer.makeBatch. */
export const makeBatch = <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
): Effect.Effect<Consumer["Type"], StartError, R | Requirements> =>
  start(options, ({ group }, inflate) => Handler.batch(group, inflate, handler))

/** See Consumer.makeOrderly. */
export const makeOrderly = <E, R>(
  options: OrderlyOptions,
  handler: (message: MessageExt) => Effect.Effect<void | OrderlyResult, E, R>
): Effect.Effect<Consumer["Type"], StartError, R | Requirements> =>
  start(options, (_, inflate) => Handler.single(inflate, handler), "orderly")

/** See Consumer.makeOrderlyBatch. */
export const makeOrderlyBatch = <E, R>(
  options: OrderlyBatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | OrderlyResult, E, R>
): Effect.Effect<Consumer["Type"], StartError, R | Requirements> =>
  start(options, (_, inflate) => Handler.orderlyBatch(inflate, handler), "orderly")

/** See Consumer.stream. When it ends, nobody is left to settle what is in hand: that is not waited for. */
export const stream = (options: Options): Stream.Stream<Delivery, StartError, Exclude<Requirements, Scope.Scope>> =>
  ConsumerStream.stream((handler) => start(options, (_, inflate) => Handler.single(inflate, handler), "push", false))

/** See Consumer.streamOrderly. */
export const streamOrderly = (
  options: OrderlyOptions
): Stream.Stream<OrderlyDelivery, StartError, Exclude<Requirements, Scope.Scope>> =>
  ConsumerStream.streamOrderly((handler) =>
    start(options, (_, inflate) => Handler.single(inflate, handler), "orderly", false)
  )
