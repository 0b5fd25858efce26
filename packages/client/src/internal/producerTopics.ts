import * as Names from "@effect-rocketmq/protocol/Names"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { Client } from "../Client.js"
import type { FaultTolerance } from "../FaultTolerance.js"
import type { NameServer } from "../NameServer.js"
import type { NameServerError, TopicRouteNotFoundError } from "../NameServerError.js"
import { QueueNotAvailableError, RouteUpdateError } from "../ProducerError.js"
import { forkAll } from "./fibers.js"
import type { Settings } from "./producerSettings.js"
import { ProducerTopic } from "./producerTopic.js"
import type { SendMeters } from "./sendMeter.js"
import { refreshInterval } from "./sendPolicy.js"

/** @internal Why a topic cannot be sent to. */
export type OpenError = TopicRouteNotFoundError | RouteUpdateError | QueueNotAvailableError

/** @internal The topics that a producer sends to. */
export interface ProducerTopics {
  /** All topics that have been opened. */
  readonly all: () => ReadonlyArray<ProducerTopic>
  /** A topic that has been opened. */
  readonly get: (name: string) => ProducerTopic | undefined
  /**
   * Finds the queues of a topic and keeps its route fresh from then on. `faults`: what becomes of messages for this topic
   * says nothing about its brokers.
   */
  readonly open: (name: string, faults?: FaultTolerance) => Effect.Effect<ProducerTopic, OpenError>
  /** Takes over what is known of the route by now. */
  readonly adopt: (topic: ProducerTopic) => void
  /** Asks for the route again, and waits. */
  readonly refresh: (topic: ProducerTopic) => Effect.Effect<void, TopicRouteNotFoundError | RouteUpdateError>
  /** Has the route asked for again in the background, now and then. */
  readonly refreshSoon: (topic: ProducerTopic) => Effect.Effect<void>
}

/** @internal */
export const make = (env: {
  readonly settings: Settings
  readonly client: Client["Type"]
  readonly nameServer: NameServer["Type"]
  readonly faults: FaultTolerance
  readonly meters: SendMeters
  readonly clock: Clock.Clock
  /** Where routes are watched and refreshed. */
  readonly background: Scope.Scope
  readonly seed: number
}): ProducerTopics => {
  const { background, client, clock, nameServer, settings } = env
  const topics = new Map<string, ProducerTopic>()
  let seed = env.seed

  /** Takes over what the name server service has found out meanwhile. */
  const adopt = (topic: ProducerTopic): void => {
    const route = nameServer.cached(topic.name)
    if (route !== topic.route && route !== undefined) topic.use(route)
  }

  /** The topic as brokers will create it, or the reason why they will not. */
  const openDefault = (
    topic: ProducerTopic,
    missing: TopicRouteNotFoundError
  ): Effect.Effect<void, TopicRouteNotFoundError | RouteUpdateError> =>
    missing.autoCreation === "Off" ?
      Effect.fail(missing) :
      Effect.matchEffect(nameServer.route(Names.DEFAULT_TOPIC), {
        onFailure: (error) =>
          Effect.fail(
            error._tag === "TopicRouteNotFoundError"
              ? missing
              : new RouteUpdateError({ topic: topic.name, cause: error })
          ),
        onSuccess: (route) => {
          topic.useDefault(route, settings.defaultTopicQueueNums, missing)
          return topic.targets.length > 0 ? Effect.void : Effect.fail(missing)
        }
      })

  const routed = (
    topic: ProducerTopic,
    asked: Effect.Effect<void, NameServerError>
  ): Effect.Effect<void, TopicRouteNotFoundError | RouteUpdateError> =>
    Effect.catchAll(asked, (error) =>
      error._tag === "TopicRouteNotFoundError"
        ? openDefault(topic, error)
        : Effect.fail(new RouteUpdateError({ topic: topic.name, cause: error })))

  /** The topic with queues to send to. */
  const open = (name: string, faults = env.faults): Effect.Effect<ProducerTopic, OpenError> =>
    Effect.suspend(() => {
      seed = Math.imul(seed, 48271) & 0x7fffffff || 1
      const topic = new ProducerTopic(name, settings.selector, seed, faults, env.meters)
      const asked = Effect.map(nameServer.route(name), (route) => topic.use(route))
      return Effect.flatMap(routed(topic, asked), () => {
        const known = topics.get(name)
        if (known !== undefined) return Effect.succeed(known)
        if (topic.targets.length === 0) {
          const failure = new QueueNotAvailableError({ topic: name, writeQueues: 0 })
          return Effect.zipRight(nameServer.forget(name), Effect.fail(failure))
        }
        topics.set(name, topic)
        return Effect.as(
          Scope.extend(forkAll([client.watchTopic(name)]), background),
          topic
        )
      })
    })

  /** Has the route asked for again in the background, now and then. */
  const refreshSoon = (topic: ProducerTopic): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (clock.unsafeCurrentTimeMillis() < topic.nextRefresh) return Effect.void
      topic.nextRefresh = clock.unsafeCurrentTimeMillis() + refreshInterval
      return Effect.asVoid(
        Effect.forkIn(Effect.interruptible(Effect.ignore(nameServer.refresh(topic.name))), background)
      )
    })

  return {
    all: () => Array.from(topics.values()),
    get: (name) => topics.get(name),
    open,
    adopt,
    refresh: (topic) => routed(topic, Effect.map(nameServer.refresh(topic.name), (route) => topic.use(route))),
    refreshSoon
  }
}
