import * as CompressionType from "@effect-rocketmq/protocol/CompressionType"
import type { Message } from "@effect-rocketmq/protocol/Message"
import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { Broker } from "../Broker.js"
import type { ProducerMember } from "../Client.js"
import { Client } from "../Client.js"
import { Compression, type CompressionError } from "../Compression.js"
import * as FaultTolerance from "../FaultTolerance.js"
import { NameServer } from "../NameServer.js"
import type { Options, SendOptions } from "../Producer.js"
import type { MessageValidationError, SendError } from "../ProducerError.js"
import { ProducerStartError } from "../ProducerError.js"
import { supervised } from "../Supervised.js"
import { acquireRelease } from "./acquireRelease.js"
import { forkAll } from "./fibers.js"
import type { Outgoing } from "./outgoing.js"
import * as Outgoings from "./outgoing.js"
import type { Settings } from "./producerSettings.js"
import { settingsOf } from "./producerSettings.js"
import * as ProducerTopics from "./producerTopics.js"
import * as SendAccounts from "./sendAccounts.js"
import type { Restore, Sender } from "./sender.js"
import * as Senders from "./sender.js"
import * as SendMeters from "./sendMeter.js"
import type { ReceiptImpl } from "./sendReceipt.js"
import * as Timers from "./timers.js"

/** @internal What every way to send is made of. */
export interface Engine {
  readonly settings: Settings
  readonly client: Client["Type"]
  readonly broker: Broker["Type"]
  readonly codecs: Compression["Type"]
  readonly clock: Clock.Clock
  readonly faults: FaultTolerance.FaultTolerance
  readonly topics: ProducerTopics.ProducerTopics
  readonly meters: SendMeters.SendMeters
  readonly accounts: SendAccounts.SendAccounts
  readonly sender: Sender
  /** Loops and work that no caller waits for. It closes after all sends have ended. */
  readonly background: Scope.Scope
  /** Checks a message, and gives it a unique key. `own`: encoded properties that only clients may set. */
  readonly prepare: (message: Message, own?: string) => Outgoing | MessageValidationError
  /** Compresses the body if it is large enough, and sends. `settle`: see Sender.send. */
  readonly submit: (
    restore: Restore,
    out: Outgoing,
    options: SendOptions | undefined,
    settle?: SendAccounts.SendAccounts["settle"]
  ) => Effect.Effect<ReceiptImpl, SendError>
  /** The body as it is sent. */
  readonly compressed: (out: Outgoing) => Effect.Effect<Outgoing, CompressionError>
  /** Bodies of this size are compressed. */
  readonly threshold: number
}

/** How often counts are handed to the metrics. */
const PUBLISH_INTERVAL = "5 seconds"

/** @internal Everything below a producer, until the Scope closes. `member`: what brokers may ask of the group. */
export const make = (
  options: Options,
  member?: Omit<ProducerMember, "group">
): Effect.Effect<Engine, ProducerStartError, Client | NameServer | Broker | Compression | Scope.Scope> =>
  Effect.gen(function*() {
    const settings = yield* settingsOf(options)
    const { compression, group, maxMessageSize } = settings
    const client = yield* Client
    const nameServer = yield* NameServer
    const broker = yield* Broker
    const codecs = yield* Compression
    const clock = yield* Effect.clock
    const scope = yield* Effect.scope
    const seed = yield* Random.nextIntBetween(1, 0x7fffffff)

    yield* client.registerProducer({ group, ...member }).pipe(
      Effect.mapError((cause) => new ProducerStartError({ group, option: "group", problem: "is taken", cause }))
    )
    // closed after the sender: what waits for a broker is served until then
    const background = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const faults = FaultTolerance.make(settings.faultTolerance)
    const meters = SendMeters.make(group, clock.unsafeCurrentTimeMillis())
    const accounts = SendAccounts.make({ meters, outbox: settings.outbox })
    const topics = ProducerTopics.make({ settings, client, nameServer, faults, meters, clock, background, seed })
    const sender = Senders.make({ settings, broker, topics, accounts, slowFrom: faults.slowFrom, clock })
    const publish = Effect.suspend(() => meters.publish(clock.unsafeCurrentTimeMillis()))
    yield* nameServer.onChange(({ topic }) => {
      if (topics.get(topic) !== undefined) sender.reconsider()
    })
    const publishing = Effect.forever(Effect.zipRight(Effect.sleep(PUBLISH_INTERVAL), publish))
    yield* Scope.extend(
      forkAll([
        supervised("The line of waiting messages", sender.run),
        supervised("The publisher of metrics", publishing)
      ]),
      background
    )
    yield* acquireRelease(Effect.void, () => publish)

    const hasTimers = Timers.guard(broker)
    const prepare: Engine["prepare"] = (message, own = "") => {
      const problem = topics.get(message.topic) === undefined
        ? Outgoings.problemOf(message, maxMessageSize)
        : Outgoings.bodyProblem(message, maxMessageSize)
      if (problem !== undefined) return problem
      const isTimed = Timers.isTimed(message)
      const properties = Outgoings.encodeProperties(message, own.length + (isTimed ? Timers.ADDED_BYTES : 0))
      if (typeof properties !== "string") return properties
      const uniqueKey = client.nextUniqueKey()
      return {
        message,
        uniqueKey,
        flag: message.flag,
        body: message.body,
        sysFlag: 0,
        properties: Outgoings.withUniqueKey(properties + own, uniqueKey),
        code: RequestCode.SEND_MESSAGE_V2,
        count: 1,
        born: undefined,
        before: isTimed ? (address) => hasTimers(address, message.topic) : undefined
      }
    }

    const compressed = (out: Outgoing): Effect.Effect<Outgoing, CompressionError> =>
      compression === undefined ? Effect.succeed(out) : Effect.map(
        codecs.compress(compression.type, out.body, compression.level),
        (body) =>
          body.length < out.body.length
            ? { ...out, body, sysFlag: out.sysFlag | CompressionType.toSysFlag(compression.type) }
            : out
      )

    const threshold = compression?.threshold ?? Infinity

    return {
      settings,
      client,
      broker,
      codecs,
      clock,
      faults,
      topics,
      meters,
      accounts,
      sender,
      background,
      prepare,
      submit: (restore, out, options, settle) =>
        out.body.length < threshold
          ? sender.send(restore, out, options, settle)
          : Effect.flatMap(restore(compressed(out)), (ready) => sender.send(restore, ready, options, settle)),
      compressed,
      threshold
    }
  })
