/**
 * The client instance: one identity towards the brokers, shared by all producers and consumers of a program. It keeps
 * the routes of the topics in use fresh, sends the heartbeats, and hands what brokers ask for to the group concerned.
 *
 * @since 0.1.0
 */
import type { ConsumeMessageDirectlyResult } from "@effect-rocketmq/protocol/ConsumeMessageDirectlyResult"
import type { ConsumerRunningInfo } from "@effect-rocketmq/protocol/ConsumerRunningInfo"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import type { SubscriptionData } from "@effect-rocketmq/protocol/SubscriptionData"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Broker } from "./Broker.js"
import type { GroupAlreadyRegisteredError } from "./ClientError.js"
import * as internal from "./internal/client.js"
import * as OptionRules from "./internal/optionRules.js"
import type { NameServer } from "./NameServer.js"
import type { Remoting } from "./Remoting.js"

/**
 * Who this client is, and how often it speaks up. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * How brokers know this client; must be unique among the members of a group. Default: `effect-<random>@<start time>`,
   * which two containers never share, also when address, process id and start are the same.
   */
  readonly clientId?: string | undefined
  /** Period of heartbeats. Default 30 seconds; brokers forget a client after 120. */
  readonly heartbeatInterval?: Duration.DurationInput | undefined
  /** Period in which the routes of topics in use are asked for again. Default 30 seconds. */
  readonly routeRefreshInterval?: Duration.DurationInput | undefined
}

/**
 * A check that a broker asks for: the half message of an unfinished transaction.
 *
 * @since 0.1.0
 * @category models
 */
export interface TransactionCheck {
  readonly address: string
  readonly brokerName: string | undefined
  readonly message: MessageExt
  readonly tranStateTableOffset: bigint
  readonly commitLogOffset: bigint
  readonly msgId: string | undefined
  readonly transactionId: string | undefined
}

/**
 * A producer group of this client, as brokers see it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ProducerMember {
  readonly group: string
  /** Called in a fiber of its own for each check of this group. Absent: the group has no transactions. */
  readonly checkTransaction?: ((check: TransactionCheck) => Effect.Effect<void>) | undefined
}

/**
 * A consumer group of this client, as brokers see it. The effects are called when a broker asks, in fibers of their own.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConsumerMember {
  readonly group: string
  readonly consumeType: "CONSUME_ACTIVELY" | "CONSUME_PASSIVELY" | "CONSUME_POP"
  readonly messageModel: "CLUSTERING" | "BROADCASTING"
  readonly consumeFromWhere:
    | "CONSUME_FROM_LAST_OFFSET"
    | "CONSUME_FROM_FIRST_OFFSET"
    | "CONSUME_FROM_TIMESTAMP"
  /** What the next heartbeat says; read at each heartbeat. */
  readonly subscriptions: () => ReadonlyArray<SubscriptionData>
  /** The members of the group changed: rebalance now. */
  readonly onGroupChanged: Effect.Effect<void>
  /** An operator moved the group's offsets. */
  readonly onResetOffset: (
    topic: string,
    offsets: ReadonlyArray<readonly [MessageQueue, bigint]>
  ) => Effect.Effect<void>
  /** The offsets that this member has, for the operator's view. */
  readonly offsets: (topic: string) => Effect.Effect<ReadonlyArray<readonly [MessageQueue, bigint]>>
  readonly runningInfo: Effect.Effect<ConsumerRunningInfo>
  /** Runs the handler on one message at once, as an operator asked. */
  readonly consumeDirectly: (message: MessageExt) => Effect.Effect<ConsumeMessageDirectlyResult>
}

/**
 * The client instance, as producers and consumers use it.
 *
 * @since 0.1.0
 * @category services
 */
export class Client extends Context.Tag("@effect-rocketmq/client/Client")<Client, {
  readonly clientId: string
  /** A new unique message key of 32 hex digits, at once. */
  readonly nextUniqueKey: () => string
  /**
   * Makes the group known to brokers until the Scope closes; then unregisters it at the brokers that were told and are
   * connected, within 3 seconds. The first heartbeat to the brokers known by then has been tried when this returns.
   */
  readonly registerProducer: (
    member: ProducerMember
  ) => Effect.Effect<void, GroupAlreadyRegisteredError, Scope.Scope>
  /**
   * Likewise for a consumer group. Its topics should be watched before, so that the brokers to tell are known.
   */
  readonly registerConsumer: (
    member: ConsumerMember
  ) => Effect.Effect<void, GroupAlreadyRegisteredError, Scope.Scope>
  /**
   * Keeps the route of a topic fresh until the Scope closes, and heartbeats to its brokers. The route has been asked for
   * when this returns. A topic without one yet is no error here: it is asked for again at each period. The route is
   * forgotten when nobody watches the topic any more.
   */
  readonly watchTopic: (topic: string) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Heartbeats to all known brokers now; nothing while no group is registered. Failures are logged and counted, never
   * raised. A broker also gets one as soon as a route brings it, and on each new connection to it.
   */
  readonly heartbeat: Effect.Effect<void>
  /** Heartbeats to one broker now; for a pull that was told that the subscription is not the latest. */
  readonly heartbeatTo: (address: string) => Effect.Effect<void>
  /** The same, unless the broker has taken a heartbeat on its present connection: then it knows this client. */
  readonly introduce: (address: string) => Effect.Effect<void>
  /**
   * Has the reply with this correlation id handed to `onReply`, which must be quick, once; the inner effect ends the
   * waiting. The reply is as it came: its body may be compressed. A reply that nobody waits for is counted
   * (`rocketmq_client_late_replies`) and acknowledged to the broker all the same.
   */
  readonly expectReply: (
    correlationId: string,
    onReply: (reply: MessageExt) => void
  ) => Effect.Effect<Effect.Effect<void>>
}>() {}

/**
 * A client instance; its loops and its registrations end with the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (
  options?: Options
) => Effect.Effect<Client["Type"], never, Remoting | NameServer | Broker | Scope.Scope> = internal.make

/**
 * A client instance for as long as the Layer lives. Building it twice makes two clients.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Client, never, Remoting | NameServer | Broker> =>
  Layer.scoped(Client, make(options))

const rules = OptionRules.client
const variable = OptionRules.variables("ROCKETMQ")

/**
 * `ROCKETMQ_CLIENT_ID`, `ROCKETMQ_HEARTBEAT_INTERVAL` and `ROCKETMQ_ROUTE_REFRESH_INTERVAL`.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Options> = Config.all({
  clientId: variable("CLIENT_ID", rules.clientId),
  heartbeatInterval: variable("HEARTBEAT_INTERVAL", rules.heartbeatInterval),
  routeRefreshInterval: variable("ROUTE_REFRESH_INTERVAL", rules.routeRefreshInterval)
})

/**
 * The same with the options of {@link config}, or of the Config that is given.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<Client, ConfigError, Remoting | NameServer | Broker> =>
  Layer.scoped(Client, Effect.flatMap(Config.unwrap(options), make))
