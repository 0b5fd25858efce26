/**
 * The command line of the bench contract: `--name value` pairs, unknown ones ignored.
 *
 * @since 0.1.0
 */
export * as Arguments from "./Arguments.js"

/**
 * A backlog that the handler cannot keep up with: what the consumer keeps in memory meanwhile. Not part of the bench
 * contract.
 *
 * @since 0.1.0
 */
export * as Backlog from "./Backlog.js"

/**
 * Bodies of the bench contract: u32 kind, u32 number, 8 bytes for the sender's clock, filler; big-endian.
 *
 * @since 0.1.0
 */
export * as Body from "./Body.js"

/**
 * Compressed bodies at a steady rate: how long they hold up the event loop. Not part of the bench contract.
 *
 * @since 0.1.0
 */
export * as Compressing from "./Compressing.js"

/**
 * The workloads that consume a backlog.
 *
 * @since 0.1.0
 */
export * as Consuming from "./Consuming.js"

/**
 * Producer, broker and consumer in this one process, over memory: what tests and demos on the embedded broker can do. Not
 * part of the bench contract.
 *
 * @since 0.1.0
 */
export * as InProcess from "./InProcess.js"

/**
 * Time, CPU and memory as the bench contract counts them.
 *
 * @since 0.1.0
 */
export * as Meter from "./Meter.js"

/**
 * The workload of messages in order.
 *
 * @since 0.1.0
 */
export * as Ordering from "./Ordering.js"

/**
 * This client, as the workloads use it.
 *
 * @since 0.1.0
 */
export * as Peer from "./Peer.js"

/**
 * The workloads that send.
 *
 * @since 0.1.0
 */
export * as Sends from "./Sends.js"

/**
 * The workloads of a producer and a consumer on one topic.
 *
 * @since 0.1.0
 */
export * as Together from "./Together.js"
