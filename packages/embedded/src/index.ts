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
