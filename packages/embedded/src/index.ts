/**
 * Who may use an embedded cluster, and for what: users whose requests are signed, and what each of them is allowed, as
 * authentication and authorization of RocketMQ 5.
 *
 * @since 0.1.0
 */
export * as Auth from "./Auth.js"

/**
 * What happens at the servers of a cluster: who connects, what they are asked, what they answer.
 *
 * `cluster.events` is a stream of them, and {@link format} makes a line of each for people: `npm run broker -- --verbose`
 * prints these, and a failing test shows the last of them.
 *
 * @since 0.1.0
 */
export * as ClusterEvent from "./ClusterEvent.js"

/**
 * The embedded cluster as a drop-in for a real one: swap the Layer, and the same program runs with no server.
 *
 * @since 0.1.0
 */
export * as Embedded from "./Embedded.js"

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
export * as EmbeddedCluster from "./EmbeddedCluster.js"

/**
 * The embedded cluster on TCP, for clients of any language. For tests, demos and development, not for production.
 *
 * @since 0.1.0
 */
export * as EmbeddedServer from "./EmbeddedServer.js"

/**
 * What may go wrong on purpose: requests and answers that fail, get lost, come late, twice or in pieces. For tests of
 * clients: on an embedded cluster by `cluster.inject`, before any RocketMQ by a `FaultProxy`.
 *
 * A fault is a plain value: an action, and the conditions under which it happens.
 *
 * @example
 * import * as Fault from "@effect-rocketmq/embedded/Fault"
 * import * as RequestCode from "@effect-rocketmq/protocol/RequestCode"
 *
 * const slow = Fault.delay("1 second").pipe(
 *   Fault.onTopic("orders"),
 *   Fault.onCode(RequestCode.SEND_MESSAGE_V2),
 *   Fault.times(3)
 * )
 * assert.strictEqual(Fault.format(slow), "delay=1s code=SEND_MESSAGE_V2 topic=orders times=3")
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

/**
 * A proxy before the servers of any RocketMQ, real or embedded, where things go wrong on purpose: with the faults of
 * `Fault`, frame by frame, and the troubles of `Network`, byte by byte. For tests, not for production.
 *
 * A client that is given the proxy's name server goes through it to every broker: the addresses in the answers of the
 * name servers are replaced by ports of the proxy, which are opened as brokers become known. Ids of messages still name
 * the broker's own address, and what is asked for by such an id goes there.
 *
 * @since 0.1.0
 */
export * as FaultProxy from "./FaultProxy.js"

/**
 * What a network does to bytes on their way to a server and back: latency, little bandwidth, small pieces, silence.
 *
 * On an embedded cluster it is set by `cluster.network`, before any RocketMQ by `FaultProxy`.
 *
 * @since 0.1.0
 */
export * as Network from "./Network.js"

/**
 * Where the embedded servers keep what a restart must find again: messages, topics, groups, committed offsets, messages
 * that wait for their time, half messages, popped messages, and the name server's key-value configuration.
 *
 * @since 0.1.0
 */
export * as Storage from "./Storage.js"

/**
 * Why files of the embedded servers cannot be used.
 *
 * @since 0.1.0
 */
export * as StorageError from "./StorageError.js"

/**
 * Programs on virtual time: whenever nothing is left to do at a moment, the clock moves to the next one at which there is.
 *
 * An hour of waiting costs as much as the work in it. Nothing has to move the clock by hand, as a `TestClock` wants it:
 * a test says `Effect.sleep("30 seconds")`, or awaits what it wants to see, and the cluster, its clients and the test live
 * through that time together. The scheduler, the clock and chance are the run's own, so that the same seed does the same
 * thing every time, as long as all of it is Effect's.
 *
 * @since 0.1.0
 */
export * as VirtualTime from "./VirtualTime.js"
