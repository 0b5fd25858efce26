/**
 * A consumer that is polled, put together from the parts of the one that pushes: its queues, ledgers, pull loops and
 * rebalance, with a buffer in the place of the handlers.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as MQ from "@effect-rocketmq/protocol/MessageQueue"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Broker } from "../Broker.js"
import { Client } from "../Client.js"
import { Compression } from "../Compression.js"
import {
  ConsumerConfigError,
  ConsumerShutdownError,
  ConsumerStateError,
  OffsetFetchError,
  OffsetOutOfRangeError
} from "../ConsumerError.js"
import type { ConsumerEvent } from "../ConsumerEvent.js"
import * as MessageSelector from "../MessageSelector.js"
import { NameServer } from "../NameServer.js"
import * as OffsetStore from "../OffsetStore.js"
import * as Ledger from "../ProcessQueue.js"
import type { AssignError, Event, Options, Place, PullConsumer } from "../PullConsumer.js"
import * as Rebalance from "../Rebalance.js"
import type { Subscription } from "../Subscription.js"
import { supervised } from "../Supervised.js"
import { checkSelectors, consumeFromWhere, resolveTopics } from "./consumer.js"
import * as AdminView from "./consumer/adminView.js"
import * as Counters from "./consumer/counters.js"
import * as Handler from "./consumer/handler.js"
import * as Pulling from "./consumer/pulling.js"
import * as PullLoop from "./consumer/pullLoop.js"
import * as Queues from "./consumer/queues.js"
import * as Rates from "./consumer/rates.js"
import * as ReportOf from "./consumer/report.js"
import * as SettingsOf from "./consumer/settings.js"
import * as StartPositionOf from "./consumer/startPosition.js"
import { statsOf } from "./consumer/stats.js"
import * as OptionRules from "./optionRules.js"
import * as Buffer from "./pullConsumer/buffer.js"
import * as Gates from "./pullConsumer/gates.js"

const POLL_TIMEOUT = 5_000

/** A topic that is subscribed to, or has queues assigned. */
interface Topic {
  readonly subscription: Subscription
  /** Of its rebalance and its watch over the route. */
  readonly scope: Scope.CloseableScope
  readonly resolve: (queue: MessageQueue) => Effect.Effect<bigint>
  /** Whether its queues were shared out. */
  shared: boolean
  isShared: () => boolean
  trigger: () => void
}

const isEvent = (event: ConsumerEvent): event is Event =>
  event._tag === "Assigned" || event._tag === "Revoked" || event._tag === "OffsetCorrected" ||
  event._tag === "OffsetRegressed" || event._tag === "Undecodable"

/** See PullConsumer.make. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const startedAt = yield* Clock.currentTimeMillis
  const checked = yield* SettingsOf.make({ ...options, subscriptions: {} }, startedAt, "pull").pipe(
    // it subscribes to nothing yet
    Effect.catchTags({ InvalidTopicError: Effect.die, InvalidSelectorError: Effect.die })
  )
  const { group } = checked
  const pollSize = options.pollSize ?? 256
  if (!OptionRules.consumer.pollSize.allows(pollSize)) {
    const problem = `must be ${OptionRules.consumer.pollSize.range}`
    return yield* new ConsumerConfigError({ group, option: "pollSize", value: pollSize, problem })
  }
  const autoCommit = options.autoCommit ?? true

  const broker = yield* Broker
  const client = yield* Client
  const nameServer = yield* NameServer
  const context = yield* Effect.context<Client | NameServer | Broker | Compression>()
  // its own, so that what is registered later still ends after the last commit
  const life = yield* Scope.make(ExecutionStrategy.sequential)
  const inLife = <A, E, R>(effect: Effect.Effect<A, E, R>) => Scope.extend(effect, life)

  const topics = new Map<string, Topic>()
  const subscriptions = new Map<string, Subscription>()
  const totals = new Map<string, Ledger.Totals>()
  const settings: SettingsOf.Settings = { ...checked, subscriptions }
  /** Where to begin on queues whose position was chosen before it was known. */
  const sought = new Map<string, bigint>()
  const oneAtATime = Effect.unsafeMakeSemaphore(1)
  const readiness = Effect.unsafeMakeLatch(false)
  let mode: "Subscribe" | "Assign" | undefined
  let registered = false
  let polling = false
  let closed = false

  const inflate = Handler.inflater(yield* Compression, settings.maxDecompressedSize)
  const counters = Counters.make()
  const publishCounters = Counters.publisher(group, counters)
  const { hub, report: told } = yield* ReportOf.make(group)
  const gates = Gates.make()
  const report: ReportOf.Report = {
    ...told,
    publish: (event) => {
      if (event._tag === "Revoked") {
        gates.resume(event.queue)
        sought.delete(MQ.key(event.queue))
      }
      told.publish(event)
    }
  }
  const buffer = Buffer.make({ inflate, counters, report, isPaused: ({ queue }) => gates.isPaused(queue) })

  const pulling = Pulling.make({
    broker,
    settings,
    report,
    commits: autoCommit,
    subscription: (topic) => {
      const data = mode === "Assign" ? subscriptions.get(topic)?.data : undefined
      // brokers hear of a membership by heartbeats
      return data === undefined
        ? undefined
        : { expressionType: data.expressionType === "SQL92" ? "SQL92" : "TAG", expression: data.subString }
    }
  })
  const store = yield* Effect.provideService(OffsetStore.remote(group), Broker, pulling)
  // by hand: what the loops have to say about offsets is written by nobody
  const loopStore: OffsetStore.OffsetStore = autoCommit ? store : { ...store, update: () => {}, reset: () => {} }
  const pull = yield* Effect.provideService(
    PullLoop.make({ settings, store: loopStore, counters, report, inflate, offer: buffer.offer }),
    Broker,
    pulling
  )

  const resolve = (queue: MessageQueue): Effect.Effect<bigint> =>
    Effect.suspend(() => {
      const key = MQ.key(queue)
      const place = sought.get(key)
      sought.delete(key)
      if (place !== undefined) return Effect.succeed(place)
      return topics.get(queue.topic)?.resolve(queue) ?? Effect.never
    })

  const checkReady = (): void => {
    const ready = topics.size > 0 && queues.isResolved() && [...topics.values()].every(({ shared }) => shared)
    if (ready) readiness.unsafeOpen()
    else readiness.unsafeClose()
  }

  const queues: Queues.Queues = yield* inLife(Queues.make({
    settings,
    store: loopStore,
    report,
    totals,
    resolve,
    pull: (self) => gates.guard(self.ledger.queue, pull(self)),
    onResolved: () => checkReady()
  }))

  const paused = {
    isPaused: gates.isPaused,
    view: () => ({ consumer: false, topics: [], queues: queues.owned().filter(gates.isPaused) })
  }
  const rates = Rates.make(totals, startedAt)
  const view = yield* AdminView.make({
    settings,
    startedAt,
    queues,
    store,
    rates,
    call: () => Effect.fail(new Error("this consumer is polled: it has no handler"))
  })

  const open = (attempted: string): Effect.Effect<void, ConsumerShutdownError> =>
    Effect.suspend(() => closed ? new ConsumerShutdownError({ group, attempted }) : Effect.void)

  const enter = (wanted: "Subscribe" | "Assign", attempted: string) =>
    Effect.zipRight(
      open(attempted),
      Effect.suspend((): Effect.Effect<void, ConsumerStateError> => {
        if (mode !== undefined && mode !== wanted) {
          return new ConsumerStateError({ group, reason: "MixedModes", attempted })
        }
        return Effect.void
      })
    )

  const pulledOf = (queue: MessageQueue) => {
    const key = MQ.key(queue)
    return queues.pulled().find(({ ledger }) => MQ.key(ledger.queue) === key)
  }

  const owned = (queue: MessageQueue, attempted: string): Effect.Effect<void, ConsumerStateError> =>
    Effect.suspend(() => {
      const key = MQ.key(queue)
      return queues.owned().some((own) => MQ.key(own) === key)
        ? Effect.void
        : new ConsumerStateError({ group, reason: "NotAssigned", attempted, queue })
    })

  /** Makes a topic known, its route asked for. */
  const addTopic = Effect.fnUntraced(function*(subscription: Subscription, ownedAlready: Iterable<MessageQueue>) {
    const { topic } = subscription
    const single = { ...settings, subscriptions: new Map([[topic, subscription]]) }
    const scope = yield* Scope.fork(life, ExecutionStrategy.sequential)
    const known = yield* client.watchTopic(topic).pipe(
      Scope.extend(scope),
      Effect.zipRight(resolveTopics(single)),
      Effect.zipLeft(checkSelectors(single)),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    for (const queue of ownedAlready) known.add(MQ.key(queue))
    const now = yield* Clock.currentTimeMillis
    const entry: Topic = {
      subscription,
      scope,
      resolve: yield* StartPositionOf.make({
        settings,
        store,
        report,
        startedAt: now,
        knownAtStart: known,
        isShared: () => entry.isShared()
      }),
      shared: false,
      isShared: () => false,
      trigger: () => {}
    }
    topics.set(topic, entry)
    subscriptions.set(topic, subscription)
    if (!totals.has(topic)) totals.set(topic, Ledger.totals())
    return entry
  })

  const removeTopic = Effect.fnUntraced(function*(topic: string) {
    const entry = topics.get(topic)
    if (entry === undefined) return
    // its rebalance first, or it would take the queues again
    yield* Scope.close(entry.scope, Exit.void)
    yield* queues.assign(new Map([[topic, []]]))
    topics.delete(topic)
    subscriptions.delete(topic)
  })

  const sameSelector = (entry: Topic | undefined, selector: MessageSelector.MessageSelector): boolean =>
    entry !== undefined && entry.subscription.selector._tag === selector._tag &&
    MessageSelector.expression(entry.subscription.selector) === MessageSelector.expression(selector)

  // ---- subscribing

  const register = Effect.suspend(() => {
    if (registered) return client.heartbeat
    return Effect.map(
      inLife(client.registerConsumer({
        group,
        consumeType: "CONSUME_ACTIVELY",
        messageModel: "CLUSTERING",
        consumeFromWhere: consumeFromWhere(settings),
        subscriptions: () => [...subscriptions.values()].map(({ data }) => data),
        onGroupChanged: Effect.sync(() => {
          for (const { trigger } of topics.values()) trigger()
        }),
        onResetOffset: (_topic, offsets) => queues.reset(offsets),
        offsets: view.offsets,
        runningInfo: Effect.map(view.runningInfo, (info) => ({
          ...info,
          properties: { ...info.properties, PROP_CONSUME_TYPE: "CONSUME_ACTIVELY" }
        })),
        consumeDirectly: view.consumeDirectly
      })),
      () => {
        registered = true
      }
    )
  })

  const share = Effect.fnUntraced(function*(entry: Topic) {
    const { topic } = entry.subscription
    const rebalance = yield* Rebalance.make({
      group,
      topics: [topic],
      strategy: settings.allocationStrategy,
      interval: settings.rebalanceInterval,
      apply: (assignment) => queues.assign(assignment),
      onRound: (undecided) => {
        if (entry.shared || undecided.some((error) => error.reason !== "NoRoute")) return
        entry.shared = true
        checkReady()
      }
    })
    entry.isShared = () => rebalance.isShared(topic)
    entry.trigger = rebalance.trigger
    yield* Effect.forkScoped(Effect.interruptible(logged(supervised("Rebalance", rebalance.run))))
  })

  const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.annotateLogs(effect, { module: "PullConsumer", group })

  /** One change of what is consumed at a time. */
  const changing = <A, E>(change: Effect.Effect<A, E, Client | NameServer | Broker | Compression>) =>
    oneAtATime.withPermits(1)(Effect.provide(Effect.ensuring(change, Effect.sync(checkReady)), context))

  const subscribe: PullConsumer["Type"]["subscribe"] = (topic, selector = MessageSelector.all) =>
    changing(Effect.gen(function*() {
      yield* enter("Subscribe", `subscribe to topic ${topic}`)
      const now = yield* Clock.currentTimeMillis
      const subscription = yield* SettingsOf.subscriptionOf(group, topic, selector, now)
      if (sameSelector(topics.get(topic), selector)) return
      yield* removeTopic(topic)
      const entry = yield* addTopic(subscription, [])
      mode = "Subscribe"
      // brokers hear of it before the first pull
      yield* Effect.onError(
        Effect.zipRight(register, Scope.extend(share(entry), entry.scope)),
        () =>
          Effect.map(removeTopic(topic), () => {
            if (!registered) mode = undefined
          })
      )
    }))

  const unsubscribe: PullConsumer["Type"]["unsubscribe"] = (topic) =>
    changing(Effect.gen(function*() {
      yield* open(`unsubscribe from topic ${topic}`)
      if (!topics.has(topic)) return
      yield* removeTopic(topic)
      if (registered) yield* client.heartbeat
    }))

  const assign: PullConsumer["Type"]["assign"] = (wanted, selector = MessageSelector.all) =>
    changing(Effect.gen(function*(): Effect.fn.Return<
      void,
      AssignError,
      Client | NameServer | Broker | Compression
    > {
      yield* enter("Assign", "assign queues")
      const byTopic = new Map<string, Array<MessageQueue>>()
      for (const queue of wanted) {
        const known = byTopic.get(queue.topic)
        if (known === undefined) byTopic.set(queue.topic, [queue])
        else known.push(queue)
      }
      const now = yield* Clock.currentTimeMillis
      const next = new Map<string, Subscription>()
      for (const topic of byTopic.keys()) {
        next.set(topic, yield* SettingsOf.subscriptionOf(group, topic, selector, now))
      }
      for (const [topic, entry] of [...topics]) {
        if (!next.has(topic) || !sameSelector(entry, selector)) yield* removeTopic(topic)
      }
      for (const [topic, subscription] of next) {
        const entry = topics.get(topic) ?? (yield* addTopic(subscription, byTopic.get(topic)!))
        entry.shared = true
      }
      mode = "Assign"
      yield* queues.assign(byTopic)
    }))

  // ---- messages

  const take = (
    max: number,
    timeout: number,
    attempted: string
  ): Effect.Effect<ReadonlyArray<MessageExt>, ConsumerStateError | ConsumerShutdownError> =>
    Effect.suspend((): Effect.Effect<ReadonlyArray<MessageExt>, ConsumerStateError | ConsumerShutdownError> => {
      if (closed) return Effect.fail(new ConsumerShutdownError({ group, attempted }))
      if (polling) return Effect.fail(new ConsumerStateError({ group, reason: "PollInProgress", attempted }))
      polling = true
      return Effect.ensuring(
        Effect.zipLeft(buffer.poll(max, timeout), open(attempted)),
        Effect.sync(() => {
          polling = false
        })
      )
    })

  const commit = Effect.zipRight(
    open("commit"),
    Effect.suspend(() => {
      buffer.settle()
      const all = queues.pulled()
      for (const { ledger } of all) {
        const offset = ledger.committable()
        if (Option.getOrUndefined(store.noted(ledger.queue)) !== offset) store.reset(ledger.queue, offset)
      }
      return Effect.flatMap(
        store.persist(all.map(({ ledger }) => ledger.queue)),
        ([first]) => first === undefined ? Effect.void : Effect.fail(first)
      )
    })
  )

  // ---- places

  const placeOf = Effect.fnUntraced(function*(queue: MessageQueue, place: Place) {
    const addresses = nameServer.brokerAddresses(queue.brokerName)
    const address = addresses.get(0) ?? addresses.values().next().value
    if (address === undefined) return yield* new OffsetFetchError({ group, queue, address, cause: undefined })
    const asked = <A, E>(question: Effect.Effect<A, E>) =>
      Effect.mapError(question, (cause) => new OffsetFetchError({ group, queue, address, cause }))
    if (place === "begin") return yield* asked(broker.minOffset(address, queue))
    if (place === "end") return yield* asked(broker.maxOffset(address, queue))
    if (typeof place === "object") return yield* asked(broker.searchOffset(address, queue, place.timestamp))
    const [min, max] = yield* asked(
      Effect.zip(broker.minOffset(address, queue), broker.maxOffset(address, queue), { concurrent: true })
    )
    if (place < min || place > max) {
      return yield* new OffsetOutOfRangeError({ group, queue, offset: place, min, max })
    }
    return place
  })

  const seek: PullConsumer["Type"]["seek"] = (queue, place) =>
    Effect.gen(function*() {
      yield* open("seek in")
      yield* owned(queue, "seek in")
      const offset = yield* placeOf(queue, place)
      yield* owned(queue, "seek in")
      if (pulledOf(queue) === undefined) sought.set(MQ.key(queue), offset)
      yield* queues.reset([[queue, offset]])
    })

  const setPaused = (all: Iterable<MessageQueue>, attempted: string, change: (queue: MessageQueue) => void) =>
    Effect.suspend(() => {
      const list = [...all]
      return Effect.zipRight(
        Effect.forEach(list, (queue) => owned(queue, attempted), { discard: true }),
        Effect.sync(() => {
          for (const queue of list) {
            change(queue)
            const self = pulledOf(queue)
            if (self !== undefined) buffer.offer(self.ledger)
          }
        })
      )
    })

  // ---- its end and its loops

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      closed = true
      buffer.close()
      yield* queues.halt
      const outstanding = buffer.outstanding()
      yield* queues.close
      yield* publishCounters
      if (outstanding > 0) {
        yield* Effect.logInfo(
          `Consumer group "${group}" stopped with ${outstanding} messages that were polled last and not known to be ` +
            `processed; they come again. Call commit before the end to keep them from coming`
        )
      }
      yield* Scope.close(life, Exit.void)
    })
  )
  yield* inLife(Effect.forkScoped(Effect.interruptible(logged(Effect.forever(
    Effect.sleep(settings.persistInterval).pipe(
      Effect.zipRight(autoCommit ? queues.persist : Effect.void),
      Effect.zipRight(publishCounters),
      Effect.zipRight(Effect.map(Clock.currentTimeMillis, rates.sample)),
      Effect.catchAllCause((cause) => Effect.logError("Committing offsets died; the next period tries again", cause))
    )
  )))))

  const service: PullConsumer["Type"] = {
    group,
    subscribe,
    unsubscribe,
    assign,
    queuesOf: (topic) => Effect.map(nameServer.route(topic), (route) => [...route.readQueues].sort(MQ.order)),
    ready: readiness.await,
    assignment: Effect.sync(queues.owned),
    poll: (timeout) => take(pollSize, Duration.toMillis(timeout ?? POLL_TIMEOUT), "poll"),
    stream: Stream.repeatEffectChunkOption(
      Effect.mapBoth(take(1, Infinity, "stream"), {
        onSuccess: Chunk.unsafeFromArray,
        onFailure: (error) => error._tag === "ConsumerShutdownError" ? Option.none() : Option.some(error)
      })
    ),
    seek,
    position: (queue) =>
      Effect.zipRight(
        owned(queue, "tell the position of"),
        Effect.sync(() => Option.map(Option.fromNullable(pulledOf(queue)), ({ ledger }) => ledger.committable()))
      ),
    committed: store.fetch,
    commit,
    commitOffset: (queue, offset) =>
      Effect.gen(function*() {
        yield* open("commit")
        yield* owned(queue, "commit an offset of")
        store.reset(queue, offset)
        const [error] = yield* store.persist([queue])
        if (error !== undefined) return yield* error
      }),
    pause: (all) => setPaused(all, "pause", gates.pause),
    resume: (all) => setPaused(all, "resume", gates.resume),
    events: Stream.filter(Stream.fromPubSub(hub), isEvent),
    stats: Effect.sync(() => statsOf(counters, queues, store, buffer.outstanding(), [], [], paused))
  }
  return service
})
