/**
 * A RocketMQ name server and brokers in this process, for tests, demos and development. Not for production: what they
 * hold is in memory, bounded, and gone with the process.
 *
 * They speak the remoting protocol byte for byte, so that any client works with them: ours over memory
 * (`Embedded.layer`), anybody's over TCP (`EmbeddedServer.serve`). All their time is Effect's Clock and all their chance
 * Effect's Random: under `TestClock` and with a seed they do the same thing every time.
 *
 * @since 0.1.0
 */
import type * as MessageExt from "@effect-rocketmq/protocol/MessageExt"
import type * as MessageQueue from "@effect-rocketmq/protocol/MessageQueue"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as Auth from "./Auth.js"
import type { ClusterEvent } from "./ClusterEvent.js"
import type { Fault, Injected } from "./Fault.js"
import * as Clusters from "./internal/cluster.js"
import type { Network } from "./Network.js"
import type * as Storage from "./Storage.js"

/**
 * How a cluster is made. Every field has a default; durations in milliseconds when given as numbers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Number of brokers, named broker-a, broker-b, …. Default 1, at most 26. */
  readonly brokers?: number | undefined
  /** Default `DefaultCluster`. */
  readonly clusterName?: string | undefined
  /** Number of name servers, named `namesrv`, `namesrv-2`, …. Default 1, at most 9. */
  readonly nameServers?: number | undefined
  /** `host:port` of the first name server. Default `127.0.0.1:9876`. */
  readonly nameServerAddress?: string | undefined
  /** `host:port` of each name server. Default: `nameServerAddress`, and the ports behind 9876. */
  readonly nameServerAddresses?: ReadonlyArray<string> | undefined
  /** `host:port` of each broker. Default `127.0.0.1:10911`, and 20 more for each further broker. */
  readonly brokerAddresses?: ReadonlyArray<string> | undefined
  /**
   * Number of slaves of each broker, named `broker-a/1`, `broker-a/2`, …. They copy what their master stores and commits,
   * and hold it in memory, whatever `storage` is. Default 0, at most 9.
   */
  readonly slaves?: number | undefined
  /** `host:port` of the slaves of each broker. Default: the ports from 10 above their master's. */
  readonly slaveAddresses?: ReadonlyArray<ReadonlyArray<string>> | undefined
  /** Whether slaves serve pulls, as `slaveReadEnable`. Default true; RocketMQ's is false. */
  readonly slaveReads?: boolean | undefined
  /**
   * `"async"`, the default: a message is acknowledged when the master has it. `"sync"`: when a slave has it, too, as with
   * `brokerRole=SYNC_MASTER` and `inSyncReplicas=2`; after `slaveTimeout` the answer is `FLUSH_SLAVE_TIMEOUT`. Brokers
   * older than 5.0 answer `SLAVE_NOT_AVAILABLE` at once when no slave is up.
   */
  readonly replication?: "async" | "sync" | undefined
  /** How long a message waits for a slave. Default 3 s. */
  readonly slaveTimeout?: Duration.DurationInput | undefined
  /** Whether a send to an unknown topic makes it. Default true. */
  readonly autoCreateTopic?: boolean | undefined
  /** Whether naming an unknown consumer group makes it. Default true. */
  readonly autoCreateGroup?: boolean | undefined
  /** Queues of the default topic: the most that an automatically made topic gets. Default 8; clients ask for 4. */
  readonly defaultTopicQueues?: number | undefined
  /** Bytes of messages that each broker holds; the oldest go first. Default 256 MiB. */
  readonly retentionBytes?: number | undefined
  /** How old a message may become; older ones go, soon after their time. Default: any age. */
  readonly retentionAge?: Duration.DurationInput | undefined
  /**
   * Where messages, topics, groups, offsets and all else is kept that a restart must find again. Default
   * `Storage.memory()`: gone with the process.
   */
  readonly storage?: Storage.Storage | undefined
  /** Longest body that is taken, in bytes. Default 4 MiB. */
  readonly maxMessageSize?: number | undefined
  /** Delay of level 1, 2, …. Default: the 18 levels of RocketMQ, 1 s to 2 h. */
  readonly delayLevels?: ReadonlyArray<Duration.DurationInput> | undefined
  /** Longest delay of a timer message. Default 3 days. */
  readonly maxTimerDelay?: Duration.DurationInput | undefined
  /** Whether timer messages are taken. Default true; when false, they are refused. */
  readonly timerWheel?: boolean | undefined
  /** Whether timer messages can be recalled. Default false, as RocketMQ's. */
  readonly recallMessage?: boolean | undefined
  /** Whether pulls that find nothing are held as long as they ask for. When false, 1 s at most. Default true. */
  readonly longPolling?: boolean | undefined
  /** Whether consumers may filter by SQL92 expressions, as `enablePropertyFilter`. Default true; RocketMQ's is false. */
  readonly propertyFilter?: boolean | undefined
  /** How long a client may be silent before it counts as gone. Default 120 s. */
  readonly clientTimeout?: Duration.DurationInput | undefined
  /** Age at which the producer of a half message is asked about it. Default 6 s. */
  readonly transactionTimeout?: Duration.DurationInput | undefined
  /** How often half messages are looked at. Default 30 s. */
  readonly transactionCheckInterval?: Duration.DurationInput | undefined
  /** How often a producer is asked about one message. Default 15. */
  readonly transactionCheckMax?: number | undefined
  /**
   * The version of RocketMQ that all answers name, such as `4.9.8`, or its ordinal. Default 5.5.0. Brokers older than 5.0
   * deliver timer messages at once, and those older than 5.3.2 do not know recalls; else they do as 5.5.0 does. A name
   * that is none is a defect.
   */
  readonly version?: string | number | undefined
  /** Who may use the cluster, and for what. Default: everybody may do everything. */
  readonly auth?: Auth.Options | undefined
  /** How many of the latest requests are remembered. Default 1000; 0 for none. */
  readonly recordedRequests?: number | undefined
}

/**
 * A request as a server received it, without its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedRequest {
  /** Name of the broker, or `namesrv`. */
  readonly server: string
  readonly code: number
  readonly extFields: Readonly<Record<string, string>>
  readonly oneway: boolean
  readonly bodySize: number
  /** Milliseconds of the cluster's clock. */
  readonly receivedAt: number
  /** Number of the connection, counted over the whole cluster. */
  readonly connectionId: number
}

/**
 * Committed offsets of a broker at one moment, by topic, group and queue id with a tab between them.
 *
 * @since 0.1.0
 * @category models
 */
export type CommittedOffsets = ReadonlyMap<string, bigint>

/**
 * A queue and what it holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface QueueState {
  readonly queue: MessageQueue.MessageQueue
  readonly minOffset: bigint
  readonly maxOffset: bigint
}

/**
 * The server's end of a connection, for whoever carries its bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerConnection {
  /** Bytes from the client; they must not be rewritten afterwards. */
  readonly receive: (chunk: Uint8Array) => void
  /** The client takes bytes again after `write` had said false. */
  readonly drained: () => void
  /** The client is gone. */
  readonly lost: () => void
  /** Bytes that were received and not yet read. */
  readonly backlog: () => number
}

/**
 * A running cluster. Methods that name a server take a broker's name or `namesrv`; an unknown name is a defect.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cluster {
  readonly clusterName: string
  /** Of the first name server. */
  readonly nameServerAddress: string
  readonly nameServerAddresses: ReadonlyArray<string>
  /** The masters, at this moment. */
  readonly brokers: ReadonlyArray<{ readonly name: string; readonly address: string }>
  /** Makes a topic, or changes its queues. Default: 4 queues, on every broker. */
  readonly createTopic: (topic: string, options?: {
    readonly queues?: number | undefined
    readonly brokers?: ReadonlyArray<string> | undefined
    /** Permission bits: 4 read, 2 write. Default 6. */
    readonly perm?: number | undefined
  }) => Effect.Effect<void>
  /** Names of all topics, the broker's own included, sorted. */
  readonly topics: Effect.Effect<ReadonlyArray<string>>
  /** The queues of a topic that hold or held a message. */
  readonly queues: (topic: string) => Effect.Effect<ReadonlyArray<QueueState>>
  /** How many messages of a topic are held. */
  readonly stored: (topic: string) => Effect.Effect<number>
  /** The messages of a topic that are held: by broker, queue and offset. */
  readonly messages: (topic: string) => Effect.Effect<ReadonlyArray<MessageExt.MessageExt>>
  readonly committedOffset: (group: string, queue: MessageQueue.MessageQueue) => Effect.Effect<Option.Option<bigint>>
  /** Client ids of the group's members, by broker order, each once. */
  readonly members: (group: string) => Effect.Effect<ReadonlyArray<string>>
  /** Pulls that are held at this moment. */
  readonly heldPulls: Effect.Effect<number>
  /** Delayed and timer messages whose time has not come. */
  readonly scheduled: Effect.Effect<number>
  /** What happens at the servers from now on. Who is too slow misses the oldest. */
  readonly events: Stream.Stream<ClusterEvent>
  /**
   * Keeps the latest events from now until the Scope closes, so many, and gives them each time it is asked: cheaper than
   * to follow `events`, for who looks only when something went wrong.
   */
  readonly latestEvents: (
    count: number
  ) => Effect.Effect<Effect.Effect<ReadonlyArray<ClusterEvent>>, never, Scope.Scope>
  /** The latest requests, oldest first; how many is bounded by `recordedRequests`. */
  readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
  readonly clearRequests: Effect.Effect<void>
  /** Waits until the check holds. It is looked at now and after every change of the cluster. */
  readonly until: (check: Effect.Effect<boolean>) => Effect.Effect<void>
  /** Has requests go wrong; what it gives tells how many were hit, and ends it. A fault ends by itself as it says. */
  readonly inject: (fault: Fault) => Effect.Effect<Injected>
  /** Closes all connections of a server, refuses new ones and takes a broker out of the routes. Messages stay. */
  readonly stop: (server: string) => Effect.Effect<void>
  /** As `stop`, but the routes still name the broker, as they do until a name server notices. */
  readonly kill: (server: string) => Effect.Effect<void>
  /**
   * The process of a server dies as in a power cut: as `kill`, and what was stored, committed or changed after the last
   * flush is gone. `start` brings it back. With `Storage.memory()`, flushes are every 500 ms since the cluster's start.
   */
  readonly crash: (server: string) => Effect.Effect<void>
  /** All offsets that groups have committed on a broker, as they are now: for `rollbackOffsets`. */
  readonly committedOffsets: (broker: string) => Effect.Effect<CommittedOffsets>
  /**
   * Makes the committed offsets of a broker what they were: so long ago, as far as the last 10,000 changes tell, or when
   * `committedOffsets` looked at them. As after a failover to a slave that was behind.
   */
  readonly rollbackOffsets: (broker: string, to: Duration.DurationInput | CommittedOffsets) => Effect.Effect<void>
  /** Ends `stop`, `kill` and `crash`. */
  readonly start: (server: string) => Effect.Effect<void>
  /** The server takes bytes and does nothing with them before `unfreeze`, as a stopped process does. */
  readonly freeze: (server: string) => Effect.Effect<void>
  readonly unfreeze: (server: string) => Effect.Effect<void>
  /** Closes all connections of a server; clients may connect anew at once. */
  readonly disconnect: (server: string) => Effect.Effect<void>
  /** What the network to a server is like from now on, on all connections to it. */
  readonly network: (server: string, network: Network) => Effect.Effect<void>
  /** The server's ends of all connections to it close, and their clients are not told. New connections are well. */
  readonly halfOpen: (server: string) => Effect.Effect<void>
  /** The name server answers what it knows now, whatever happens, until `freshRoutes`. */
  readonly staleRoutes: (nameServer: string) => Effect.Effect<void>
  readonly freshRoutes: (nameServer: string) => Effect.Effect<void>
  /** A name server, or each of them, loses the registration of a broker, until `register`, or its `start`. */
  readonly unregister: (broker: string, nameServer?: string) => Effect.Effect<void>
  readonly register: (broker: string, nameServer?: string) => Effect.Effect<void>
  /**
   * How a slave copies from its master: how much later it has what its master has (default 0), and whether it copies at
   * all. What it lacks is kept for it. A switch of the master makes both as at the start.
   */
  readonly copying: (slave: string, how: {
    readonly lag?: Duration.DurationInput | undefined
    readonly paused?: boolean | undefined
  }) => Effect.Effect<void>
  /** How many changes a slave lacks: messages, commits, topics and the rest. */
  readonly behind: (slave: string) => Effect.Effect<number>
  /** Has the answers to pulls tell consumers which broker of the name to pull from next: 0 is the master. */
  readonly suggestBroker: (broker: string, id: number) => Effect.Effect<void>
  /**
   * Makes the first slave the master, as a controller does: with what it has copied, and what it lacks is lost. The other
   * ones are slaves of it, the former master with the id 1. All of them start anew, with the names of their new ids.
   */
  readonly switchMaster: (broker: string) => Effect.Effect<void>
  /** Open connections of a server. */
  readonly connections: (server: string) => Effect.Effect<number>
  /**
   * A client connects to `address`; undefined when no server is there or it is down. Not an effect: whoever carries
   * bytes calls it from an event.
   */
  readonly accept: (address: string, remoteAddress: string, client: {
    /** Takes bytes that are never rewritten; false: stop until `drained`. */
    readonly write: (bytes: Uint8Array) => boolean
    /** The server closed the connection. */
    readonly end: () => void
    /** The server has read all that it had held back. */
    readonly ready: () => void
  }) => ServerConnection | undefined
  /** Runs a task soon and in order, on Effect's scheduler. */
  readonly defer: (task: () => void) => void
}

/**
 * The running cluster, for tests that look into it or break it.
 *
 * @since 0.1.0
 * @category services
 */
export class EmbeddedCluster extends Context.Tag("@effect-rocketmq/embedded/EmbeddedCluster")<
  EmbeddedCluster,
  Cluster
>() {}

/**
 * Name of the broker with this index: broker-a, broker-b, ….
 *
 * @since 0.1.0
 * @category combinators
 */
export const brokerName: (index: number) => string = Clusters.brokerName

/**
 * Starts a cluster that lives as long as the Scope.
 *
 * @example
 * import * as EmbeddedCluster from "@effect-rocketmq/embedded/EmbeddedCluster"
 * import { Effect } from "effect"
 *
 * const program = Effect.scoped(Effect.gen(function*() {
 *   const cluster = yield* EmbeddedCluster.make({ brokers: 2 })
 *   yield* cluster.createTopic("orders", { queues: 8 })
 *   return yield* cluster.topics
 * }))
 *
 * Effect.runPromise(program).then((topics) => assert.strictEqual(topics.includes("orders"), true))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (options?: Options) => Effect.Effect<Cluster, never, Scope.Scope> = Clusters.make

/**
 * The cluster as a service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<EmbeddedCluster> =>
  Layer.scoped(EmbeddedCluster, make(options))
