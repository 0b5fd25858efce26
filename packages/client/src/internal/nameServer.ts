/**
 * Asking name servers and remembering what they said.
 */
import * as ClusterInfo from "@effect-rocketmq/protocol/ClusterInfo"
import * as Names from "@effect-rocketmq/protocol/Names"
import * as Permission from "@effect-rocketmq/protocol/Permission"
import type { DeserializationError } from "@effect-rocketmq/protocol/ProtocolError"
import type { RemotingCommand, Request } from "@effect-rocketmq/protocol/RemotingCommand"
import * as RequestHeader from "@effect-rocketmq/protocol/RequestHeader"
import * as ResponseCode from "@effect-rocketmq/protocol/ResponseCode"
import * as TopicRouteData from "@effect-rocketmq/protocol/TopicRouteData"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { NameServer, Options, RouteChange } from "../NameServer.js"
import type { AutoCreation, NameServerError, NameServerFailure } from "../NameServerError.js"
import {
  NameServerResponseError,
  NameServerTimeoutError,
  NameServerUnavailableError,
  RouteDataParseError,
  TopicRouteNotFoundError
} from "../NameServerError.js"
import { Remoting } from "../Remoting.js"
import type { TopicRoute } from "../TopicRoute.js"
import { parseAddress } from "../Transport.js"
import { TransportConfigError } from "../TransportError.js"
import { registered } from "./acquireRelease.js"
import { runner } from "./fibers.js"
import * as topicRoute from "./topicRoute.js"

/** A name server that is silent for so long does not hold up the next one, in milliseconds. */
const HEDGE_DELAY = 500

/** A remembered route that nobody confirmed for so long is asked for again, in milliseconds. */
const MAX_AGE = 60_000

type Addresses = ReadonlyMap<string, ReadonlyMap<number, string>>

/** Judges the answer of one name server. */
type Read<A> = (address: string, response: RemotingCommand) => Either.Either<A, NameServerFailure["error"]>

/** Spaces, empty parts, trailing slashes and repetitions are no part of an address. */
const addressesOf = (list: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, TransportConfigError> => {
  const addresses = new Set(
    list.flatMap((text) => text.split(/[;,]/)).map((part) => part.trim().replace(/\/+$/, "")).filter((part) =>
      part !== ""
    )
  )
  if (addresses.size === 0) {
    return Effect.fail(
      new TransportConfigError({ option: "nameServers", value: list.join(";"), rule: "at least one host:port" })
    )
  }
  return Effect.as(Effect.forEach(addresses, parseAddress, { discard: true }), Array.from(addresses))
}

/** Reads the body of a success; anything else is a failure of that name server. */
const reader = <A>(
  request: Request,
  topic: string | undefined,
  decode: (bytes: Uint8Array) => Either.Either<A, DeserializationError>
): Read<A> =>
(address, response) => {
  const requestCode = request.code
  return response.code === ResponseCode.SUCCESS
    ? Either.mapLeft(
      decode(response.body ?? new Uint8Array(0)),
      (cause) => new RouteDataParseError({ address, requestCode, topic, cause })
    )
    : Either.left(
      new NameServerResponseError({
        address,
        requestCode,
        topic,
        responseCode: response.code,
        remark: response.remark
      })
    )
}

const saysNoRoute = ({ error }: NameServerFailure): boolean =>
  error._tag === "NameServerResponseError" && error.responseCode === ResponseCode.TOPIC_NOT_EXIST

const inherits = (data: TopicRouteData.TopicRouteData): boolean =>
  data.queueDatas.some((queues) => Permission.isInherited(queues.perm))

/** See NameServer.make. */
export const make: (
  options: Options
) => Effect.Effect<NameServer["Type"], TransportConfigError, Remoting | Scope.Scope> = Effect.fnUntraced(
  function*(options: Options) {
    const remoting = yield* Remoting
    const fork = yield* runner()
    const addresses = yield* addressesOf(options.nameServers)
    const timeout = Duration.toMillis(options.nameServerTimeout ?? 3000)

    let preferred = 0
    const remembered = new Map<string, { readonly route: TopicRoute; readonly confirmedAt: number }>()
    const lookups = new Map<string, Lookup>()
    const listeners = new Set<(change: RouteChange) => void>()
    let brokers: Addresses | undefined

    const askOne = <A>(
      address: string,
      request: Request,
      topic: string | undefined,
      read: Read<A>
    ): Effect.Effect<A, NameServerFailure["error"]> =>
      remoting.request(address, request, timeout).pipe(
        Effect.mapError((error) =>
          error._tag === "RequestTimeoutError"
            ? new NameServerTimeoutError({ address, requestCode: request.code, topic, timeout, cause: error })
            : error
        ),
        Effect.flatMap((response) => read(address, response))
      )

    /**
     * Asks the preferred name server, then the others in turn: the next one when one has failed, or is silent. The first
     * that answers is preferred from then on.
     */
    const ask = <A>(
      request: Request,
      topic: string | undefined,
      read: Read<A>
    ): Effect.Effect<A, NameServerUnavailableError> =>
      Effect.suspend(() => {
        const start = preferred
        const order = addresses.map((_, at) => (start + at) % addresses.length)
        const failures: Array<NameServerFailure> = []
        const failed = order.map(() => Effect.unsafeMakeLatch(false))
        const attempts = order.map((index, at) => {
          const address = addresses[index]!
          const attempt = askOne(address, request, topic, read).pipe(
            Effect.tapBoth({
              onFailure: (error) => {
                failures.push({ address, error })
                return failed[at]!.open
              },
              onSuccess: () => Effect.sync(() => preferred = index)
            })
          )
          return at === 0
            ? attempt
            : Effect.zipRight(turn(failed.slice(0, at)), attempt)
        })
        return Effect.mapError(
          attempts.length === 1 ? attempts[0]! : quietly(Effect.raceAll(attempts)),
          () => new NameServerUnavailableError({ requestCode: request.code, topic, asked: addresses.length, failures })
        )
      })

    const askRoute = (topic: string): Effect.Effect<TopicRouteData.TopicRouteData, NameServerUnavailableError> => {
      const request = RequestHeader.GetRouteinfoByTopic.make({ topic, acceptStandardJsonOnly: true })
      return ask(request, topic, reader(request, topic, TopicRouteData.decode))
    }

    const askClusterInfo: NameServer["Type"]["clusterInfo"] = Effect.suspend(() => {
      const request = RequestHeader.GetBrokerClusterInfo.make({})
      return ask(request, undefined, reader(request, undefined, ClusterInfo.decode))
    })

    const changed = (change: RouteChange): void => {
      brokers = undefined
      for (const listener of listeners) listener(change)
    }

    const remember = (topic: string, data: TopicRouteData.TopicRouteData): Effect.Effect<TopicRoute> =>
      Effect.map(Clock.currentTimeMillis, (confirmedAt) => {
        const route = topicRoute.make(topic, data)
        const last = remembered.get(topic)?.route
        const same = last !== undefined && topicRoute.equals(last, route)
        // the freshest route comes last: its addresses win over those of older ones
        remembered.delete(topic)
        remembered.set(topic, { route: same ? last : route, confirmedAt })
        if (!same) changed({ topic, route: Option.some(route) })
        return same ? last : route
      })

    const autoCreation = (topic: string): Effect.Effect<AutoCreation> =>
      topic === Names.DEFAULT_TOPIC || Names.isRetryTopic(topic) || Names.isDlqTopic(topic)
        ? Effect.succeed<AutoCreation>("Unknown")
        : askRoute(Names.DEFAULT_TOPIC).pipe(
          Effect.match({
            onSuccess: (data): AutoCreation => inherits(data) ? "On" : "Off",
            onFailure: (error): AutoCreation => error.failures.some(saysNoRoute) ? "Off" : "Unknown"
          })
        )

    /**
     * A name server that has just been started knows no topic because no broker has registered yet: as long as it knows
     * none of a topic's brokers either, it cannot say that the topic is gone.
     */
    const isGone = (route: TopicRoute): Effect.Effect<boolean> =>
      askClusterInfo.pipe(
        Effect.map((info) => Array.from(route.brokers.keys()).some((name) => info.brokerAddrTable.has(name))),
        Effect.orElseSucceed(() => true)
      )

    const noRoute = Effect.fnUntraced(function*(topic: string, error: NameServerUnavailableError) {
      const last = remembered.get(topic)
      if (last !== undefined && (yield* isGone(last.route)) && remembered.delete(topic)) {
        changed({ topic, route: Option.none() })
      }
      const said = error.failures.filter(saysNoRoute)
      const lastError = said[said.length - 1]?.error
      return yield* new TopicRouteNotFoundError({
        topic,
        addresses: said.map(({ address }) => address),
        autoCreation: yield* autoCreation(topic),
        remark: lastError?._tag === "NameServerResponseError" ? lastError.remark : undefined,
        failures: error.failures.filter((failure) => !saysNoRoute(failure))
      })
    })

    const lookup = (topic: string): Effect.Effect<TopicRoute, NameServerError> =>
      askRoute(topic).pipe(
        Effect.catchAll((error): Effect.Effect<never, NameServerError> =>
          error.failures.some(saysNoRoute) ? noRoute(topic, error) : Effect.fail(error)
        ),
        Effect.flatMap((data) => remember(topic, data))
      )

    /** One lookup of a topic at a time, which belongs to the name server: a caller that goes away does not end it. */
    const refresh = (topic: string): Effect.Effect<TopicRoute, NameServerError> =>
      Effect.suspend(() => {
        const running = lookups.get(topic)
        if (running !== undefined) return found(running)
        // a failure is passed on by value: it is not worth a log line of its own
        const fiber = fork(Effect.exit(lookup(topic)))
        lookups.set(topic, fiber)
        fiber.addObserver(() => lookups.delete(topic))
        return found(fiber)
      })

    const route = (topic: string): Effect.Effect<TopicRoute, NameServerError> =>
      Effect.clockWith((clock) => {
        const last = remembered.get(topic)
        if (last === undefined) return refresh(topic)
        if (clock.unsafeCurrentTimeMillis() - last.confirmedAt < MAX_AGE) return Effect.succeed(last.route)
        return Effect.catchAll(
          refresh(topic),
          (error) => remembered.has(topic) ? Effect.succeed(last.route) : Effect.fail(error)
        )
      })

    const allBrokers = (): Addresses => {
      if (brokers === undefined) {
        const all = new Map<string, ReadonlyMap<number, string>>()
        for (const { route } of remembered.values()) {
          for (const [name, addresses] of route.brokers) all.set(name, addresses)
        }
        brokers = all
      }
      return brokers
    }

    const requestAll = (
      request: Request
    ): Effect.Effect<ReadonlyArray<RemotingCommand>, NameServerUnavailableError> =>
      Effect.flatMap(
        Effect.forEach(
          addresses,
          (address) =>
            askOne(address, request, undefined, (_, response) => Either.right(response)).pipe(
              Effect.mapError((error): NameServerFailure => ({ address, error })),
              Effect.either
            ),
          { concurrency: "unbounded" }
        ),
        (answers) => {
          const failures = answers.filter(Either.isLeft).map(({ left }) => left)
          return failures.length === 0
            ? Effect.succeed(answers.filter(Either.isRight).map(({ right }) => right))
            : new NameServerUnavailableError({ requestCode: request.code, asked: addresses.length, failures })
        }
      )

    return {
      route,
      refresh,
      cached: (topic) => remembered.get(topic)?.route,
      forget: (topic) =>
        Effect.sync(() => {
          if (remembered.delete(topic)) brokers = undefined
        }),
      topics: Effect.sync(() => Array.from(remembered.keys())),
      onChange: (listener) => registered(() => listeners.add(listener), () => listeners.delete(listener)),
      brokerAddress: (brokerName, brokerId = 0) => allBrokers().get(brokerName)?.get(brokerId),
      brokerAddresses: (brokerName) => allBrokers().get(brokerName) ?? noAddresses,
      brokers: allBrokers,
      clusterInfo: askClusterInfo,
      request: (request) => ask(request, undefined, (_, response) => Either.right(response)),
      requestAll
    }
  }
)

/** Failures of the fibers inside are passed on by value: they are not worth a log line of their own. */
const quietly = Effect.withUnhandledErrorLogLevel(Option.none())

type Lookup = Fiber.RuntimeFiber<Exit.Exit<TopicRoute, NameServerError>>

const found = (lookup: Lookup): Effect.Effect<TopicRoute, NameServerError> =>
  Effect.flatten(Effect.flatten(Fiber.await(lookup)))

const noAddresses: ReadonlyMap<number, string> = new Map()

/** Waits until those before have failed, or the last of them has been silent for too long. */
const turn = (before: ReadonlyArray<Effect.Latch>): Effect.Effect<void> =>
  Effect.race(
    Effect.forEach(before, (latch) => latch.await, { discard: true }),
    Effect.sleep(HEDGE_DELAY * before.length)
  )
