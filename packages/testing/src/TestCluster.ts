/**
 * A cluster for a test, from one line: the embedded one, one that runs already, or Apache RocketMQ started for the test.
 *
 * The test is the same for all of them. On the embedded cluster it runs on virtual time (`VirtualTime` of the embedded
 * package): minutes of retries and timeouts pass in milliseconds. When a test fails, each of its errors also tells what
 * happened last at the cluster.
 *
 * @since 0.1.0
 */
import type { BrokerError } from "@effect-rocketmq/client/BrokerError"
import type { MessageSelector } from "@effect-rocketmq/client/MessageSelector"
import type { NameServerError } from "@effect-rocketmq/client/NameServerError"
import type * as RocketMQ from "@effect-rocketmq/client/RocketMQ"
import type * as Topic from "@effect-rocketmq/client/Topic"
import type { TransportConfigError } from "@effect-rocketmq/client/TransportError"
import type { ClusterEvent } from "@effect-rocketmq/embedded/ClusterEvent"
import type * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
import type { ListenError } from "@effect-rocketmq/embedded/EmbeddedServer"
import type { Fault, Injected } from "@effect-rocketmq/embedded/Fault"
import type { Network } from "@effect-rocketmq/embedded/Network"
import type { MessageExt } from "@effect-rocketmq/protocol/MessageExt"
import type { MessageQueue } from "@effect-rocketmq/protocol/MessageQueue"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ExpectationError } from "./ExpectationError.js"
import type { Inbox } from "./Inbox.js"
import * as internal from "./internal/testCluster.js"
import type { RocketMQStartError } from "./RocketMQStartError.js"

/**
 * A cluster in this process. The test runs on virtual time.
 *
 * @since 0.1.0
 * @category models
 */
export interface EmbeddedOptions extends EmbeddedCluster.Options {
  /** What chance begins with. Default 1. */
  readonly seed?: number | string | undefined
  /** Whether what could happen at the same moment in any order happens in an order by chance. Default false. */
  readonly shuffle?: boolean | undefined
  /** How much virtual time the test has. Default 1 hour. */
  readonly within?: Duration.DurationInput | undefined
}

/**
 * A cluster that runs already. What the test makes there has names of its own, and is removed in the end.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExternalOptions {
  /** `host:port`, one or more. */
  readonly nameServers: ReadonlyArray<string>
}

/**
 * Apache RocketMQ 5.5 on loopback, a process for each server, from Maven's jars: Java 17, and Maven once.
 *
 * @since 0.1.0
 * @category models
 */
export interface RocketMQOptions {
  /** Default 1, at most 8. */
  readonly brokers?: number | undefined
  /** Whether each broker has a slave. Default false. */
  readonly slaves?: boolean | undefined
  /** Port of the name server; the brokers' are 1035 above it, and 20 more for each. Default: one that is free. */
  readonly port?: number | undefined
  /** Java heap of a broker. Default `512m`. */
  readonly heap?: string | undefined
  /** Lines of every broker's configuration, such as `maxMessageSize`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
}

/**
 * Which cluster.
 *
 * @since 0.1.0
 * @category models
 */
export type Source =
  | { readonly _tag: "Embedded"; readonly options: EmbeddedOptions }
  | { readonly _tag: "External"; readonly options: ExternalOptions }
  | { readonly _tag: "RocketMQ"; readonly options: RocketMQOptions }

/**
 * @since 0.1.0
 * @category constructors
 */
export const embedded = (options: EmbeddedOptions = {}): Source => ({ _tag: "Embedded", options })

/**
 * @since 0.1.0
 * @category constructors
 */
export const external = (...nameServers: ReadonlyArray<string>): Source => ({
  _tag: "External",
  options: { nameServers }
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const rocketmq = (options: RocketMQOptions = {}): Source => ({ _tag: "RocketMQ", options })

/**
 * What `ROCKETMQ_TEST_CLUSTER` says: `embedded`, `rocketmq`, or addresses of name servers (`host:port;host:port`). Without
 * it, the source that is given. So that one suite runs here on each save, and on a real cluster each night.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEnv: (otherwise?: Source) => Effect.Effect<Source> = internal.fromEnv

/**
 * @since 0.1.0
 * @category models
 */
export interface TopicOptions {
  /** Queues on each broker. Default 4. */
  readonly queues?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface CollectOptions {
  /** What is wanted. Default: all messages. */
  readonly selector?: MessageSelector | undefined
  /** Where it begins. Default `first`: what is there already comes too. */
  readonly from?: "first" | "last" | undefined
}

/**
 * What a look at the cluster may fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type LookError = BrokerError | NameServerError | TransportConfigError

/**
 * The cluster of a test: names that are the test's own, looks at what is stored and committed, and ways to break it.
 *
 * @since 0.1.0
 * @category services
 */
export class TestCluster extends Context.Tag("@effect-rocketmq/testing/TestCluster")<TestCluster, {
  readonly nameServers: ReadonlyArray<string>
  /** A client of its own each time it is built, as on another machine. The options' name servers are the cluster's. */
  readonly client: (
    options?: Omit<RocketMQ.Options, "nameServers">
  ) => Layer.Layer<RocketMQ.RocketMQ, TransportConfigError>
  /** A new topic on all brokers, which clients see when this returns. */
  readonly topic: (options?: TopicOptions) => Effect.Effect<string, LookError | ExpectationError>
  /** The typed topic under a new name, which is made too. */
  readonly typed: <A, I, R>(
    topic: Topic.Topic<A, I, R>,
    options?: TopicOptions
  ) => Effect.Effect<Topic.Topic<A, I, R>, LookError | ExpectationError>
  /** Makes a topic of this name; in the end it is removed. */
  readonly createTopic: (topic: string, options?: TopicOptions) => Effect.Effect<void, LookError | ExpectationError>
  /** A name of a group that nobody has used. */
  readonly group: (label?: string) => string

  /** All that a topic holds, by queue and offset, as it is stored. */
  readonly stored: (topic: string) => Effect.Effect<ReadonlyArray<MessageExt>, LookError>
  /** What a group has committed, by `broker:queue`; queues without a commit are not there. */
  readonly committed: (group: string, topic: string) => Effect.Effect<ReadonlyMap<string, bigint>, LookError>
  /** Messages of a topic that a group has not committed: of queues without a commit, all. */
  readonly lag: (group: string, topic: string) => Effect.Effect<bigint, LookError>
  /** Waits until a group has committed all that a topic holds, at most so long. Default 30 seconds. */
  readonly consumed: (
    group: string,
    topic: string,
    within?: Duration.DurationInput
  ) => Effect.Effect<void, LookError | ExpectationError>
  /** What a group could not handle, as it is stored in its dead-letter topic; none while that has not been made. */
  readonly deadLetters: (group: string) => Effect.Effect<ReadonlyArray<MessageExt>, LookError>
  /** An inbox of all that is sent to a topic, whoever else consumes it. */
  readonly collect: (
    topic: string,
    options?: CollectOptions
  ) => Effect.Effect<Inbox<MessageExt>, LookError | ExpectationError, Scope.Scope>
  /** The same of a typed topic. What does not decode is left out, and logged. */
  readonly collectTyped: <A, I, R>(
    topic: Topic.Topic<A, I, R>,
    options?: CollectOptions
  ) => Effect.Effect<Inbox<A>, LookError | ExpectationError, Scope.Scope | R>

  /** Brokers by name, ordered. */
  readonly brokers: Effect.Effect<ReadonlyArray<string>, LookError>
  /** Has requests fail; see `Fault`. */
  readonly inject: (fault: Fault) => Effect.Effect<Injected>
  /** What the network does to bytes between clients and a server from now on; see `Network`. */
  readonly network: (server: string, network: Network) => Effect.Effect<void>
  /** Nothing comes out of a queue any more, and pulls of it are not answered, until the effect runs that this gives. */
  readonly freezeQueue: (queue: MessageQueue) => Effect.Effect<Effect.Effect<void>>
  /** Kills a broker: its connections close, routes name it still. A cluster that was not started for the test cannot. */
  readonly kill: (broker: string) => Effect.Effect<void>
  /** Starts it again, with all that it had stored. */
  readonly start: (broker: string) => Effect.Effect<void>
  /** The broker takes bytes and does nothing, as a process that was stopped. */
  readonly freeze: (broker: string) => Effect.Effect<void>
  readonly unfreeze: (broker: string) => Effect.Effect<void>
  /** What happened last, oldest first. Of a real cluster, what the test's clients asked. */
  readonly events: Effect.Effect<ReadonlyArray<ClusterEvent>>
  /** What the servers were asked, oldest first, as far as it is remembered. */
  readonly requests: Effect.Effect<ReadonlyArray<EmbeddedCluster.RecordedRequest>>
}>() {}

/**
 * What starting a cluster may fail with.
 *
 * @since 0.1.0
 * @category models
 */
export type StartError = TransportConfigError | ListenError | RocketMQStartError

/**
 * Runs a test on a cluster, with a client on it, in a Scope of its own.
 *
 * @example
 * import { Consumer, Message, MessageExt, MessageSelector, Producer } from "@effect-rocketmq/client"
 * import { Inbox, TestCluster } from "@effect-rocketmq/testing"
 * import { Effect } from "effect"
 *
 * const test = Effect.gen(function*() {
 *   const cluster = yield* TestCluster.TestCluster
 *   const orders = yield* cluster.topic()
 *   const group = cluster.group("billing")
 *   const billed = Inbox.make<string>()
 *   // fails the first time: the broker delivers again after 10 seconds
 *   yield* Consumer.make(
 *     { group, subscriptions: { [orders]: MessageSelector.all }, consumeFrom: "first" },
 *     (message) => message.reconsumeTimes === 0 ? Effect.fail("no bank") : billed.offer(MessageExt.text(message))
 *   )
 *   const producer = yield* Producer.make({ group: cluster.group() })
 *   yield* producer.send(Message.make({ topic: orders, body: "order 1" }))
 *   yield* billed.count(1)
 *   yield* cluster.consumed(group, orders)
 *   return yield* billed.all
 * })
 *
 * // the one line that says where: embedded(), external("10.0.0.1:9876"), rocketmq(), or fromEnv
 * Effect.runPromise(TestCluster.run(TestCluster.embedded(), test)).then((all) =>
 *   assert.deepStrictEqual(all, ["order 1"])
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const run = <A, E, R>(
  source: Source,
  test: Effect.Effect<A, E, R>
): Effect.Effect<A, E | StartError, Exclude<R, TestCluster | RocketMQ.RocketMQ | Scope.Scope>> =>
  internal.run(source, (cluster) => Effect.provideService(test, TestCluster, cluster)) as Effect.Effect<
    A,
    E | StartError,
    Exclude<R, TestCluster | RocketMQ.RocketMQ | Scope.Scope>
  >
