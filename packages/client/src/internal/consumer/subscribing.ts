/**
 * The subscriptions of a running consumer: which topics are shared out, and how one is added, changed and given up. What
 * heartbeats and pulls go by is the map of the settings, which is changed here and nowhere else.
 */
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Broker } from "../../Broker.js"
import { Client } from "../../Client.js"
import type { SubscribeFailure } from "../../Consumer.js"
import type { RebalanceError } from "../../ConsumerError.js"
import { ConsumerShutdownError, SubscribeError, UnsubscribeError } from "../../ConsumerError.js"
import * as MessageSelector from "../../MessageSelector.js"
import type { NameServer } from "../../NameServer.js"
import * as Ledger from "../../ProcessQueue.js"
import * as Subscription from "../../Subscription.js"
import * as SubscriptionManager from "../../SubscriptionManager.js"
import { atOnce } from "../atOnce.js"
import type { Settings } from "./settings.js"
import * as SettingsOf from "./settings.js"
import { checkSelectors, resolveTopics } from "./topics.js"

/** How long a new topic is waited for until its queues can be pulled, in milliseconds. */
const WAIT = 10_000

type Assignment = ReadonlyMap<string, ReadonlyArray<MessageQueue>>

/** See the module. */
export interface Subscribing {
  /** What is shared out, at any time. */
  readonly topics: Iterable<string>
  /** The keys of queues that there were when their topic was subscribed to. */
  readonly known: ReadonlySet<string>
  readonly manager: SubscriptionManager.SubscriptionManager
  readonly subscribe: (
    topic: string,
    selector: MessageSelector.MessageSelector
  ) => Effect.Effect<void, SubscribeFailure>
  readonly unsubscribe: (topic: string) => Effect.Effect<void, UnsubscribeError | ConsumerShutdownError>
  readonly list: Effect.Effect<ReadonlyArray<SubscriptionManager.Entry>>
  /** Takes an assignment over, without the topics that were given up while it was made. */
  readonly apply: (assignment: Assignment) => Effect.Effect<void>
  readonly onRound: (undecided: ReadonlyArray<RebalanceError>) => void
  /** Looks whether what is waited for has come. */
  readonly check: () => void
  /** Nothing is changed from now on. */
  readonly close: Effect.Effect<void>
}

/** Watches the topics that there are. Those of later times are watched until they are given up. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly subscriptions: Map<string, Subscription.Subscription>
  readonly totals: Map<string, Ledger.Totals>
  readonly assign: (assignment: Assignment) => Effect.Effect<void>
  readonly resubscribe: (topic: string) => Effect.Effect<void>
  readonly isResolved: (topic: string) => boolean
  readonly trigger: () => void
}) {
  const { assign, isResolved, resubscribe, settings, subscriptions, totals, trigger } = options
  const { group, retryTopic } = settings
  const client = yield* Client
  const context = yield* Effect.context<Broker | Client | NameServer>()
  // of its own, so that the routes outlive the last commit
  const parent = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
  const manager = yield* SubscriptionManager.make({ group, limit: settings.maxSubscriptions })
  const scopes = new Map<string, Scope.CloseableScope>()
  const topics = new Set(subscriptions.keys())
  const waiting = new Map<string, { isDecided: boolean; readonly done: Deferred.Deferred<void> }>()
  /** One change at a time, and one assignment at a time. */
  const changes = Effect.unsafeMakeSemaphore(1)
  const assignments = Effect.unsafeMakeSemaphore(1)
  let closed = false

  const watch = (topic: string): Effect.Effect<void> =>
    Effect.flatMap(Scope.fork(parent, ExecutionStrategy.sequential), (scope) => {
      scopes.set(topic, scope)
      return Scope.extend(client.watchTopic(topic), scope)
    })

  const unwatch = (topic: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const scope = scopes.get(topic)
      scopes.delete(topic)
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })

  for (const { selector, topic } of [...subscriptions.values()]) {
    if (topic === retryTopic) continue
    const entry = yield* Effect.catchTag(
      manager.subscribe(topic, selector),
      "SubscriptionConflictError",
      // a topic is a key of the options and comes once
      Effect.die
    )
    subscriptions.set(topic, Subscription.make(topic, selector, entry.version))
  }
  yield* atOnce([...topics].filter((topic) => topic !== retryTopic), watch)
  const known = yield* resolveTopics(settings)

  const check = (): void => {
    for (const [topic, { done, isDecided }] of waiting) {
      if (!isDecided || !isResolved(topic)) continue
      waiting.delete(topic)
      Deferred.unsafeDone(done, Effect.void)
    }
  }

  const apply: Subscribing["apply"] = (assignment) =>
    Effect.suspend(() =>
      Effect.tap(assign(new Map([...assignment].filter(([topic]) => topics.has(topic)))), () =>
        Effect.sync(() => {
          for (const topic of assignment.keys()) {
            const waiter = waiting.get(topic)
            if (waiter !== undefined) waiter.isDecided = true
          }
          check()
        }))
    ).pipe(assignments.withPermits(1))

  const onRound: Subscribing["onRound"] = (undecided) => {
    for (const { reason, topic } of undecided) {
      const waiter = waiting.get(topic)
      // a topic that does not exist has nothing to wait for
      if (waiter !== undefined && reason === "NoRoute") waiter.isDecided = true
    }
    check()
  }

  const judge = (subscription: Subscription.Subscription): Effect.Effect<ReadonlySet<string>, SubscribeError> => {
    const { selector, topic } = subscription
    const single = { ...settings, subscriptions: new Map([[topic, subscription]]) }
    return resolveTopics(single).pipe(
      Effect.mapError(({ cause }) =>
        new SubscribeError({
          group,
          topic,
          expression: MessageSelector.expression(selector),
          address: undefined,
          cause
        })
      ),
      Effect.tap(() => checkSelectors(single)),
      Effect.provide(context)
    )
  }

  const open = (attempted: string): Effect.Effect<void, ConsumerShutdownError> =>
    Effect.suspend(() => closed ? new ConsumerShutdownError({ group, attempted }) : Effect.void)

  /** Makes a subscription what heartbeats, rounds and pulls go by, and tells the brokers. */
  const announce = (topic: string, entry: SubscriptionManager.Entry): Effect.Effect<void> =>
    Effect.suspend(() => {
      subscriptions.set(topic, Subscription.make(topic, entry.selector, entry.version))
      topics.add(topic)
      return client.heartbeat
    })

  const change = (topic: string, selector: MessageSelector.MessageSelector) =>
    manager.update(topic, selector).pipe(
      Effect.flatMap((entry) => announce(topic, entry)),
      Effect.zipRight(resubscribe(topic)),
      Effect.zipRight(Effect.sync(trigger))
    )

  const add = (subscription: Subscription.Subscription) => {
    const { selector, topic } = subscription
    return Effect.gen(function*() {
      yield* watch(topic)
      const queues = yield* judge(subscription)
      const entry = yield* manager.subscribe(topic, selector)
      for (const queue of queues) known.add(queue)
      totals.set(topic, totals.get(topic) ?? Ledger.totals())
      const done = yield* Deferred.make<void>()
      waiting.set(topic, { isDecided: false, done })
      yield* announce(topic, entry)
      trigger()
      return done
    }).pipe(
      Effect.catchTag("SubscriptionConflictError", Effect.die),
      Effect.onError(() => Effect.suspend(() => topics.has(topic) ? Effect.void : unwatch(topic)))
    )
  }

  const subscribe: Subscribing["subscribe"] = (topic, selector) =>
    Effect.gen(function*() {
      yield* open(`subscribe to topic ${topic}`)
      const now = yield* Clock.currentTimeMillis
      const wanted = yield* SettingsOf.subscriptionOf(group, topic, selector, now)
      const present = subscriptions.get(topic)
      if (present === undefined) return yield* add(wanted)
      if (SubscriptionManager.sameSelector(present.selector, selector)) return undefined
      yield* judge(wanted)
      yield* Effect.uninterruptible(Effect.catchTag(change(topic, selector), "TopicNotSubscribedError", Effect.die))
      return undefined
    }).pipe(
      changes.withPermits(1),
      Effect.flatMap((done) =>
        done === undefined ? Effect.void : Effect.asVoid(Effect.timeoutOption(Deferred.await(done), WAIT))
      )
    )

  const unsubscribe: Subscribing["unsubscribe"] = (topic) =>
    Effect.gen(function*() {
      yield* open(`unsubscribe from topic ${topic}`)
      if (topic === retryTopic || !topics.has(topic)) {
        const subscribed = [...topics].filter((topic) => topic !== retryTopic)
        return yield* new UnsubscribeError({ group, topic, subscribed })
      }
      // no round brings it back from here on; its queues are let go before brokers hear of it
      topics.delete(topic)
      waiting.delete(topic)
      yield* assignments.withPermits(1)(assign(new Map([[topic, []]])))
      yield* Effect.ignore(manager.unsubscribe(topic))
      subscriptions.delete(topic)
      yield* client.heartbeat
      yield* unwatch(topic)
    }).pipe(Effect.uninterruptible, changes.withPermits(1))

  const subscribing: Subscribing = {
    topics,
    known,
    manager,
    subscribe,
    unsubscribe,
    list: manager.list,
    apply,
    onRound,
    check,
    close: Effect.sync(() => {
      closed = true
    })
  }
  return subscribing
})
