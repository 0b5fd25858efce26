/**
 * The client instance: who is registered, who has been told, what brokers ask.
 */
import type * as HeartbeatData from "@effect-rocketmq/protocol/HeartbeatData"
import * as Array from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { Broker } from "../Broker.js"
import type { BrokerError } from "../BrokerError.js"
import type { Client, ConsumerMember, Options, ProducerMember } from "../Client.js"
import { GroupAlreadyRegisteredError } from "../ClientError.js"
import { NameServer } from "../NameServer.js"
import type { NameServerError } from "../NameServerError.js"
import { Remoting } from "../Remoting.js"
import { acquireRelease } from "./acquireRelease.js"
import { atOnce } from "./atOnce.js"
import * as clientId from "./clientId.js"
import { forkAll, runner } from "./fibers.js"
import * as replies from "./replies.js"
import * as serverRequests from "./serverRequests.js"

/** The group under which a client sends messages of its own, such as retries. */
const INNER_PRODUCER = "CLIENT_INNER_PRODUCER"

const MASTER_ID = 0

/** How long the farewell to brokers may take, in milliseconds. */
const UNREGISTER_TIMEOUT = 3000

const heartbeatFailures = Metric.counter("rocketmq_client_heartbeat_failures", {
  description: "heartbeats that a broker did not take",
  incremental: true
})

const heartbeats = Metric.counter("rocketmq_client_heartbeats", {
  description: "heartbeats that a broker took",
  incremental: true
})

/** Topics whose routes are asked for at the same time. */
const REFRESH_CONCURRENCY = 16

type Kind = "Producer" | "Consumer"

/** What is known of one broker address. */
interface Peer {
  /** One heartbeat or farewell at a time: they must arrive in the order in which they were made. */
  readonly lane: Effect.Semaphore
  readonly taken: Metric.Metric.Counter<number>
  readonly failed: Metric.Metric.Counter<number>
  /** Connections opened to it so far, and the one of them on which the last heartbeat was taken. */
  connections: number
  greeted: number
  /** A heartbeat is on its way: it may be what opens the connection. */
  beating: boolean
  misses: number
}

/** See Client.make. */
export const make: (
  options?: Options
) => Effect.Effect<Client["Type"], never, Remoting | NameServer | Broker | Scope.Scope> = Effect.fnUntraced(
  function*(options?: Options) {
    const remoting = yield* Remoting
    const nameServer = yield* NameServer
    const broker = yield* Broker
    const identity = yield* clientId.make(options?.clientId)
    const heartbeatInterval = Duration.decode(options?.heartbeatInterval ?? "30 seconds")
    const routeRefreshInterval = Duration.decode(options?.routeRefreshInterval ?? "30 seconds")

    const producers = new Map<string, ProducerMember>()
    const consumers = new Map<string, ConsumerMember>()
    const watched = new Map<string, number>()
    const peers = new Map<string, Peer>()
    /** Addresses that were told of a group. */
    const announced = new Map<string, Set<string>>()
    const waitingReplies = replies.make()

    const peerOf = (address: string): Peer => {
      let peer = peers.get(address)
      if (peer === undefined) {
        peer = {
          lane: Effect.unsafeMakeSemaphore(1),
          taken: Metric.tagged(heartbeats, "broker", address),
          failed: Metric.tagged(heartbeatFailures, "broker", address),
          connections: 0,
          greeted: -1,
          beating: false,
          misses: 0
        }
        peers.set(address, peer)
      }
      return peer
    }

    /** Brokers that have to know this client: slaves only matter to consumers. */
    const targets = (): ReadonlySet<string> => {
      const addresses = new Set<string>()
      if (producers.size + consumers.size === 0) return addresses
      for (const byId of nameServer.brokers().values()) {
        for (const [id, address] of byId) {
          if (id === MASTER_ID || consumers.size > 0) addresses.add(address)
        }
      }
      return addresses
    }

    const heartbeatData = (): HeartbeatData.HeartbeatData => ({
      clientID: identity.clientId,
      producerDataSet: [...producers.keys(), INNER_PRODUCER].map((groupName) => ({ groupName })),
      consumerDataSet: [...consumers.values()].map((member) => ({
        groupName: member.group,
        consumeType: member.consumeType,
        messageModel: member.messageModel,
        consumeFromWhere: member.consumeFromWhere,
        subscriptionDataSet: member.subscriptions(),
        unitMode: false
      })),
      heartbeatFingerprint: 0,
      withoutSub: false
    })

    const remember = (address: string, data: HeartbeatData.HeartbeatData): void => {
      for (const { groupName } of data.producerDataSet) announced.get(keyOf("Producer", groupName))?.add(address)
      for (const { groupName } of data.consumerDataSet) announced.get(keyOf("Consumer", groupName))?.add(address)
    }

    const taken = (address: string, peer: Peer): Effect.Effect<void> => {
      const recovered = peer.misses > 0
      peer.misses = 0
      peer.greeted = peer.connections
      return Effect.zipRight(
        Metric.increment(peer.taken),
        recovered ? Effect.logInfo(`Broker ${address} takes heartbeats again`) : Effect.void
      )
    }

    const failed = (address: string, peer: Peer, cause: Cause.Cause<BrokerError>): Effect.Effect<void> => {
      peer.misses++
      const text = `Heartbeat ${peer.misses} in a row to ${address} failed`
      return Effect.zipRight(
        Metric.increment(peer.failed),
        // a broker that stays away is told once, not each period
        peer.misses === 1 ? Effect.logWarning(text, cause) : Effect.logDebug(text, cause)
      )
    }

    /** One heartbeat, by whoever holds the lane. */
    const beat = (address: string, peer: Peer): Effect.Effect<void> => {
      if (producers.size + consumers.size === 0) return Effect.void
      const data = heartbeatData()
      // also when it fails: the broker may have taken it nevertheless
      remember(address, data)
      peer.beating = true
      return broker.heartbeat(address, data).pipe(
        Effect.ensuring(Effect.sync(() => {
          peer.beating = false
        })),
        Effect.matchCauseEffect({
          onSuccess: () => taken(address, peer),
          onFailure: (cause) => failed(address, peer, cause)
        })
      )
    }

    const heartbeatTo = (address: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        const peer = peerOf(address)
        return peer.lane.withPermits(1)(Effect.suspend(() => beat(address, peer)))
      })

    const heartbeat: Effect.Effect<void> = Effect.suspend(() => {
      const addresses = targets()
      for (const address of peers.keys()) {
        // a broker that has left all routes is forgotten
        if (!addresses.has(address)) peers.delete(address)
      }
      return atOnce(addresses, heartbeatTo)
    })

    const isGreeted = (peer: Peer): boolean => peer.greeted === peer.connections

    /** A heartbeat to a broker that has taken none with this member: of many that begin at once, one tells of all. */
    const announce = (key: string, address: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        const peer = peerOf(address)
        return peer.lane.withPermits(1)(Effect.suspend(() =>
          isGreeted(peer) && peer.misses === 0 && announced.get(key)?.has(address) === true
            ? Effect.void
            : beat(address, peer)
        ))
      })

    /** A heartbeat to a broker that has taken none on its present connection. */
    const greet = (address: string): Effect.Effect<void> => {
      const peer = peerOf(address)
      return peer.lane.withPermits(1)(Effect.suspend(() => isGreeted(peer) ? Effect.void : beat(address, peer)))
    }

    const inBackground = yield* runner()

    // brokers forget a client when its connection ends. A connection that is opened for a heartbeat gets that one: another
    // one for it would go on for ever with a broker that accepts connections and closes them
    yield* remoting.onConnect((address) => {
      const peer = peers.get(address)
      if (peer !== undefined) peer.connections++
      if (peer?.beating !== true && targets().has(address)) inBackground(greet(address))
    })

    yield* nameServer.onChange(() => {
      for (const address of targets()) {
        if (!peers.has(address)) inBackground(greet(address))
      }
    })

    const leave = (address: string, group: { producerGroup: string } | { consumerGroup: string }) =>
      broker.unregister(address, { clientId: identity.clientId, ...group })

    /**
     * A broker that is left by one producer group forgets where to push replies to, until this client has another group
     * that is new to it.
     */
    const leaveProducer = (address: string, producerGroup: string): Effect.Effect<void, BrokerError> =>
      producers.size === 0 ? leave(address, { producerGroup }) : Effect.zipRight(
        Effect.zip(leave(address, { producerGroup }), leave(address, { producerGroup: INNER_PRODUCER }), {
          concurrent: true
        }),
        beat(address, peerOf(address))
      )

    const farewell = (kind: Kind, group: string, addresses: ReadonlySet<string>): Effect.Effect<void> =>
      remoting.connected.pipe(
        // one that is not connected has forgotten this client, or will: no reason to connect again
        Effect.flatMap((connected) =>
          atOnce(
            connected.filter((address) => addresses.has(address)),
            (address) =>
              peerOf(address).lane.withPermits(1)(
                kind === "Producer" ? leaveProducer(address, group) : leave(address, { consumerGroup: group })
              ).pipe(
                Effect.catchAllCause((cause) => Effect.logDebug(`Unregistering ${group} at ${address} failed`, cause))
              )
          )
        ),
        Effect.interruptible,
        Effect.timeoutOption(UNREGISTER_TIMEOUT),
        Effect.flatMap((done) =>
          Option.isSome(done)
            ? Effect.void
            : Effect.logDebug(`Unregistering ${group} was not finished within ${UNREGISTER_TIMEOUT} ms`)
        )
      )

    const register = <Member extends { readonly group: string }>(
      kind: Kind,
      members: Map<string, Member>,
      member: Member
    ): Effect.Effect<void, GroupAlreadyRegisteredError, Scope.Scope> => {
      const group = member.group
      const key = keyOf(kind, group)
      return Effect.zipRight(
        acquireRelease(
          Effect.suspend(() => {
            if (members.has(group)) {
              return new GroupAlreadyRegisteredError({ kind, group, clientId: identity.clientId })
            }
            members.set(group, member)
            announced.set(key, new Set())
            return Effect.void
          }),
          () =>
            Effect.suspend(() => {
              const addresses = announced.get(key)!
              // first, so that no later heartbeat brings the group back
              members.delete(group)
              announced.delete(key)
              return farewell(kind, group, addresses)
            })
        ),
        Effect.suspend(() => atOnce(targets(), (address) => announce(key, address)))
      )
    }

    const watchTopic = (topic: string): Effect.Effect<void, never, Scope.Scope> =>
      Effect.zipRight(
        acquireRelease(
          Effect.sync(() => watched.set(topic, (watched.get(topic) ?? 0) + 1)),
          () =>
            Effect.suspend(() => {
              const left = watched.get(topic)! - 1
              if (left > 0) {
                watched.set(topic, left)
                return Effect.void
              }
              watched.delete(topic)
              return nameServer.forget(topic)
            })
        ),
        Effect.matchEffect(nameServer.route(topic), {
          onSuccess: () => Effect.void,
          onFailure: (error) => logRouteFailures([error])
        })
      )

    const refreshRoutes = Effect.suspend(() =>
      Effect.forEach(watched.keys(), (topic) => Effect.either(nameServer.refresh(topic)), {
        concurrency: REFRESH_CONCURRENCY
      })
    ).pipe(Effect.flatMap((results) => logRouteFailures(Array.getLefts(results))))

    yield* serverRequests.handle(remoting, {
      clientId: identity.clientId,
      producers,
      consumers,
      replies: waitingReplies
    })
    yield* forkAll([
      periodically("The refresh of routes", routeRefreshInterval, refreshRoutes),
      periodically("The heartbeat", heartbeatInterval, heartbeat)
    ])

    return {
      clientId: identity.clientId,
      nextUniqueKey: identity.nextUniqueKey,
      registerProducer: (member) => register("Producer", producers, member),
      registerConsumer: (member) => register("Consumer", consumers, member),
      watchTopic,
      heartbeat,
      heartbeatTo,
      introduce: (address) => Effect.suspend(() => isGreeted(peerOf(address)) ? Effect.void : greet(address)),
      expectReply: waitingReplies.expect
    }
  }
)

const keyOf = (kind: Kind, group: string): string => `${kind}:${group}`

/** A loop that nothing ends but an interruption. The first run is one period from now. */
const periodically = (
  what: string,
  period: Duration.Duration,
  work: Effect.Effect<unknown>
): Effect.Effect<unknown> =>
  work.pipe(
    Effect.catchAllCause((cause) =>
      Effect.logError(`${what} failed; the next is in ${Duration.format(period)}`, cause)
    ),
    // fixed: a run that was late does not put off those after it
    Effect.schedule(Schedule.fixed(period))
  )

/** One warning a round. A topic without a route is not worth one: it may be created later. */
const logRouteFailures = (errors: ReadonlyArray<NameServerError>): Effect.Effect<void> => {
  const failures = errors.filter((error) => error._tag !== "TopicRouteNotFoundError")
  const first = failures[0]
  return Effect.zipRight(
    Effect.forEach(
      errors.filter((error) => error._tag === "TopicRouteNotFoundError"),
      (error) => Effect.logDebug(error.message),
      { discard: true }
    ),
    first === undefined
      ? Effect.void
      : Effect.logWarning(
        `Routes of ${failures.length} topics could not be refreshed; the last known ones stay in use`,
        first.message
      )
  )
}
