/**
 * Which queues this member of a group owns: asked again periodically and whenever something says that it may have
 * changed, one round at a time. A question that gets no answer changes nothing.
 *
 * @since 0.1.0
 */
import * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Arr from "effect/Array"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { Scope } from "effect/Scope"
import type { AllocationStrategy } from "./AllocationStrategy.js"
import { Broker } from "./Broker.js"
import { Client } from "./Client.js"
import { RebalanceError } from "./ConsumerError.js"
import { atOnce } from "./internal/atOnce.js"
import * as Backoff from "./internal/consumer/backoff.js"
import * as Signal from "./internal/consumer/signal.js"
import { NameServer } from "./NameServer.js"

/**
 * What is shared out, how, and what is done with the outcome.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly group: string
  /** Gone through anew in each round. */
  readonly topics: Iterable<string>
  readonly strategy: AllocationStrategy
  /** Each member has all queues, and none is asked for the others: broadcasting. Default false. */
  readonly everyone?: boolean | undefined
  /** Milliseconds between rounds when nothing happens. */
  readonly interval: number
  /**
   * Called at the end of each round with the queues of the topics that could be decided on. Queues of a topic that is
   * not in the map stay as they are. The next round waits for it.
   */
  readonly apply: (assignment: ReadonlyMap<string, ReadonlyArray<MessageQueue.MessageQueue>>) => Effect.Effect<void>
  /** Called after each round with what could not be decided. */
  readonly onRound: (undecided: ReadonlyArray<RebalanceError>) => void
}

/**
 * The rounds of one group.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rebalance {
  /** Asks for a round soon. Several wishes before it starts are one. */
  readonly trigger: () => void
  /** Whether the group had other members when the queues of the topic were shared out last. */
  readonly isShared: (topic: string) => boolean
  /** Does rounds for ever. */
  readonly run: Effect.Effect<never>
}

/** How soon an undecided topic is looked at again, in milliseconds; doubles up to the interval. */
const FIRST_RETRY = 200

/**
 * No round is done before `run` runs. Does not fail.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<Rebalance, never, Broker | Client | NameServer | Scope> =>
  Effect.gen(function*() {
    const broker = yield* Broker
    const client = yield* Client
    const nameServer = yield* NameServer
    const { group, strategy } = options
    const signal = Signal.make()
    const { topics } = options
    const shared = new Set<string>()
    yield* nameServer.onChange((change) => {
      for (const topic of topics) if (topic === change.topic) signal.notify()
    })

    /** The members as one broker of the route knows them: the first one that counts this client among them. */
    const members = Effect.fnUntraced(function*(
      topic: string,
      addresses: ReadonlyArray<string>,
      listOf: (address: string) => Effect.Effect<Option.Option<ReadonlyArray<string>>>
    ) {
      let stranger: string | undefined
      for (const address of addresses) {
        const list = yield* listOf(address)
        if (Option.isNone(list)) continue
        if (list.value.includes(client.clientId)) return list.value
        stranger = address
      }
      if (stranger === undefined) return yield* new RebalanceError({ group, topic, reason: "NoMembers" })
      yield* client.heartbeatTo(stranger)
      return yield* new RebalanceError({ group, topic, reason: "NotAMember" })
    })

    const allocate = Effect.fnUntraced(function*(
      topic: string,
      listOf: (address: string) => Effect.Effect<Option.Option<ReadonlyArray<string>>>
    ) {
      const route = yield* Effect.mapError(
        nameServer.route(topic),
        (cause) => new RebalanceError({ group, topic, reason: "NoRoute", cause })
      )
      const queues = Arr.sort(route.readQueues, MessageQueue.order)
      if (options.everyone === true) return queues
      const masters: Array<string> = []
      const others: Array<string> = []
      for (const addresses of route.brokers.values()) {
        for (const [id, address] of addresses) {
          if (id === 0) masters.push(address)
          else others.push(address)
        }
      }
      const known = yield* members(topic, masters.concat(others), listOf)
      if (known.length > 1) shared.add(topic)
      else shared.delete(topic)
      return yield* Effect.try({
        try: () => {
          const mine = strategy.allocate({
            group,
            clientId: client.clientId,
            queues,
            members: Arr.sort(known, Order.string)
          })
          const own = new Set(mine.map(MessageQueue.key))
          return queues.filter((queue) => own.has(MessageQueue.key(queue)))
        },
        catch: (cause) => new RebalanceError({ group, topic, reason: "StrategyFailed", cause })
      })
    })

    const round = Effect.gen(function*() {
      // topics share brokers: each is asked once a round
      const lists = new Map<string, Deferred.Deferred<Option.Option<ReadonlyArray<string>>>>()
      const listOf = (address: string) => {
        const asked = lists.get(address)
        if (asked !== undefined) return Deferred.await(asked)
        const list = Deferred.unsafeMake<Option.Option<ReadonlyArray<string>>>(FiberId.none)
        lists.set(address, list)
        const question = Effect.orElseSucceed(broker.consumerList(address, group), () => Option.none())
        return Effect.zipRight(Effect.intoDeferred(question, list), Deferred.await(list))
      }
      const assignment = new Map<string, ReadonlyArray<MessageQueue.MessageQueue>>()
      const undecided: Array<RebalanceError> = []
      yield* atOnce(topics, (topic) =>
        Effect.map(Effect.either(allocate(topic, listOf)), (result) => {
          if (Either.isRight(result)) assignment.set(topic, result.right)
          else undecided.push(result.left)
        }))
      yield* options.apply(assignment)
      options.onRound(undecided)
      return undecided
    })

    const warn = Backoff.limitedWarning(30_000)
    const run = Effect.gen(function*() {
      let failures = 0
      while (true) {
        const undecided = yield* Effect.catchAllCause(
          round,
          (cause) => Effect.as(Effect.logError("Rebalance failed; the assignment stays as it is", cause), undefined)
        )
        if (undecided !== undefined && undecided.length === 0) failures = 0
        else failures++
        for (const error of undecided ?? []) {
          // a topic without a route may come to be, and the retry topic does once there is something to retry
          yield* error.reason === "NoRoute" ? Effect.logDebug(error.message) : warn(() => error.message)
        }
        const pause = failures === 0
          ? options.interval
          : Math.min(options.interval, Backoff.delay(failures, FIRST_RETRY, options.interval))
        yield* signal.waitAtMost(pause)
      }
    })

    return { trigger: signal.notify, isShared: (topic) => shared.has(topic), run }
  })
