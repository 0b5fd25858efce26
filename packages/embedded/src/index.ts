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
 * What may go wrong on purpose: answers of an embedded server that fail, get lost or come late. For tests of clients.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"

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
