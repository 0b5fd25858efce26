/**
 * A consumer that pops put together from its parts, in the order in which they start and, backwards, stop.
 */
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Fiber from "effect/Fiber"
import * as FiberMap from "effect/FiberMap"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Broker } from "../Broker.js"
import { Client } from "../Client.js"
import { Compression } from "../Compression.js"
import { ConsumerStartError } from "../ConsumerError.js"
import type { BatchResult, ConsumeResult } from "../ConsumeResult.js"
import type { ConsumerEvent } from "../ConsumerEvent.js"
import { NameServer } from "../NameServer.js"
import type { BatchOptions, Event, Options, PopConsumer, StartError, StopReceipt } from "../PopConsumer.js"
import { supervised } from "../Supervised.js"
import { atOnce } from "./atOnce.js"
import * as Handler from "./consumer/handler.js"
import * as Report from "./consumer/report.js"
import * as Workers from "./consumer/workers.js"
import { once } from "./fibers.js"
import * as Acks from "./pop/acks.js"
import * as Counters from "./pop/counters.js"
import * as GiveBack from "./pop/giveBack.js"
import type { Lease } from "./pop/leases.js"
import * as Leases from "./pop/leases.js"
import * as PopLoop from "./pop/popLoop.js"
import type { PopQueue } from "./pop/queue.js"
import * as Renewal from "./pop/renewal.js"
import type { Settings } from "./pop/settings.js"
import * as SettingsOf from "./pop/settings.js"
import * as Settling from "./pop/settling.js"
import * as View from "./pop/view.js"

type Requirements = Client | NameServer | Broker | Compression | Scope.Scope

/** How often the routes are looked at, in milliseconds. They are refreshed by the client. */
const LOOK = 1_000

/** How long brokers may take to hear the last of it at a stop, in milliseconds. */
const FAREWELL = 3_000

/** Requests at the same time that give back what nobody handled. */
const RETURNS = 16

/** Name servers that cannot be reached end the start; a topic that does not exist yet is waited for. */
const resolveTopics = Effect.fnUntraced(function*({ group, subscriptions }: Settings) {
  const nameServer = yield* NameServer
  yield* atOnce(
    subscriptions.keys(),
    (topic) =>
      Effect.catchAll(nameServer.route(topic), (cause) =>
        cause._tag === "TopicRouteNotFoundError"
          ? Effect.logWarning(
            `Group "${group}" subscribes to topic ${topic}, which does not exist yet; it waits for it`
          )
          : Effect.fail(new ConsumerStartError({ group, topic, cause })))
  )
})

const start = <R>(
  options: Options & { readonly batchSize?: number | undefined },
  callOf: (settings: Settings, inflate: Handler.Inflate) => Handler.Call<R>
): Effect.Effect<PopConsumer["Type"], StartError, R | Requirements> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const settings = yield* SettingsOf.make(options, startedAt)
    const { group } = settings
    const client = yield* Client
    const nameServer = yield* NameServer
    const call = callOf(settings, Handler.inflater(yield* Compression, settings.maxDecompressedSize))
    const counters = Counters.make()
    const { hub: reported, report } = yield* Report.make(group)
    const hub = yield* PubSub.sliding<Event>(1024)
    const told = (event: Event): void => {
      if (event._tag === "Lapsed") counters.lapsed++
      hub.unsafeOffer(event)
    }
    const ready = yield* Deferred.make<void>()

    yield* atOnce(settings.subscriptions.keys(), client.watchTopic)
    yield* resolveTopics(settings)
    const view = yield* View.make(settings, startedAt, call)
    yield* client.registerConsumer({
      group,
      consumeType: "CONSUME_PASSIVELY",
      messageModel: "CLUSTERING",
      consumeFromWhere: settings.consumeFrom === "last" ? "CONSUME_FROM_LAST_OFFSET" : "CONSUME_FROM_FIRST_OFFSET",
      subscriptions: () => [...settings.subscriptions.values()].map(({ data }) => data),
      // the brokers share out and keep the progress
      onGroupChanged: Effect.void,
      onResetOffset: () => Effect.void,
      offsets: () => Effect.succeed([]),
      ...view
    })

    // what tells brokers outlives what handles messages
    const lasting = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const background = <A>(loop: Effect.Effect<A>, scope: Scope.Scope = lasting) =>
      Effect.forkIn(Effect.interruptible(Effect.annotateLogs(loop, { module: "PopConsumer", group })), scope)

    const leases = Leases.make(settings.maxCached, told)
    const acks = yield* Acks.make({ group, leases, counters, told })
    const { maxReconsumeTimes } = settings
    const giveBack = yield* GiveBack.make({ group, maxReconsumeTimes, leases, acks, counters })
    const renewal = yield* Renewal.make({ ...settings, leases, counters })
    const workers = yield* Effect.provideService(
      Workers.make<PopQueue, R>({
        ...settings,
        call,
        settling: Settling.make({ settings, acks, giveBack, counters, report })
      }),
      Scope.Scope,
      lasting
    )

    let stopping = false
    const popLoop = yield* PopLoop.make({
      settings,
      leases,
      acks,
      giveBack,
      counters,
      report,
      offer: workers.offer,
      isStopping: () => stopping
    })
    const loops = yield* Effect.provideService(FiberMap.make<string, void>(), Scope.Scope, lasting)
    const unanswered = new Set(settings.subscriptions.keys())

    /** Sees to it that each broker of each topic is popped, and no other. */
    const follow = Effect.gen(function*() {
      const wanted = new Set<string>()
      for (const subscription of settings.subscriptions.values()) {
        const { topic } = subscription
        const route = nameServer.cached(topic)
        const brokers = new Set(route?.readQueues.map(({ brokerName }) => brokerName))
        for (const brokerName of brokers) {
          const key = `${topic}@${brokerName}`
          wanted.add(key)
          if (stopping || (yield* FiberMap.has(loops, key))) continue
          yield* acks.open(brokerName, lasting)
          unanswered.add(key)
          const loop = popLoop(subscription, brokerName, () => answered(key))
          yield* FiberMap.run(
            loops,
            key,
            Effect.asVoid(
              supervised(`Popping ${key}`, Effect.zipRight(loop, Effect.when(Effect.never, () => stopping)))
            )
          )
        }
        answered(topic)
      }
      for (const [key] of loops) if (!wanted.has(key)) yield* FiberMap.remove(loops, key)
    })
    const answered = (key: string): void => {
      if (unanswered.delete(key) && unanswered.size === 0) Deferred.unsafeDone(ready, Effect.void)
    }

    const unhandled = (): ReadonlyArray<Lease> =>
      Array.from(leases.all()).filter(({ state }) => state === "Waiting" || state === "Handling")

    const stop = Effect.gen(function*() {
      const before = { acked: counters.acked, returned: counters.returned }
      stopping = true
      yield* Fiber.interrupt(following)
      // pops under way may still bring something until the Scope closes, which is given back
      const cutOff = yield* workers.stop(settings.shutdownTimeout)
      const limited = <A>(effect: Effect.Effect<A>) => Effect.timeoutOption(Effect.interruptible(effect), FAREWELL)
      yield* limited(acks.idle)
      yield* limited(Effect.forEach(unhandled(), giveBack.unhandled, { concurrency: RETURNS, discard: true }))
      const receipt: StopReceipt = {
        group,
        acked: counters.acked - before.acked,
        cutOff,
        returned: counters.returned - before.returned,
        left: leases.count()
      }
      yield* cutOff > 0 || receipt.left > 0
        ? Effect.logWarning(
          `Consumer group "${group}" stopped with ${cutOff} messages cut off in their handlers after ` +
            `${settings.shutdownTimeout} ms; ${receipt.returned} messages were given back, and ${receipt.left} come ` +
            `again when their invisible time is over`
        )
        : Effect.logDebug(`Consumer group "${group}" stopped; ${receipt.returned} messages were given back`)
      return receipt
    })
    const stopOnce = yield* Scope.extend(once(stop), lasting)

    yield* workers.start
    yield* background(supervised("The watch over handlers", workers.watch))
    yield* background(supervised("The pulse of handlers", workers.pulse))
    yield* background(supervised("The renewal of messages", renewal))
    const following = yield* background(
      supervised("Following the routes", Effect.forever(Effect.zipRight(follow, Effect.sleep(LOOK))))
    )
    yield* Effect.addFinalizer(() => Effect.asVoid(stopOnce))

    return {
      group,
      ready: Deferred.await(ready),
      stats: Effect.sync(() => ({ ...counters, cachedCount: leases.count(), running: workers.running() })),
      events: Stream.merge(
        Stream.filterMap(Stream.fromPubSub(reported), ofHandlers),
        Stream.fromPubSub(hub)
      ),
      stop: stopOnce
    }
  })

const ofHandlers = (event: ConsumerEvent): Option.Option<Event> =>
  event._tag === "HandlerFailed" || event._tag === "HandlerTimedOut" || event._tag === "Undecodable"
    ? Option.some(event)
    : Option.none()

/** See PopConsumer.make. */
export const make = <E, R>(
  options: Options,
  handler: (message: MessageExt) => Effect.Effect<void | ConsumeResult, E, R>
): Effect.Effect<PopConsumer["Type"], StartError, R | Requirements> =>
  start(options, (_, inflate) => Handler.single(inflate, handler))

/** See PopConsumer.makeBatch. */
export const makeBatch = <E, R>(
  options: BatchOptions,
  handler: (messages: ReadonlyArray<MessageExt>) => Effect.Effect<void | BatchResult, E, R>
): Effect.Effect<PopConsumer["Type"], StartError, R | Requirements> =>
  start(options, ({ group }, inflate) => Handler.batch(group, inflate, handler))
